"""What of a site lies in layers: square metres of shapes, metres of lines, points inside or not."""

from __future__ import annotations

import pytest
from shapely import LineString, Point, box

from geo.shapes import geodesic_area_m2, geodesic_length_m
from inspections import sites
from inspections.checklists import evaluate, load_checklist
from inspections.layers import put_back, take_away
from inspections.layers.overlaps import LayerIndex, basic_farmland_m2, list_overlaps, list_site_overlaps
from inspections.permissions import SYSTEM
from inspections.sites.rules import SiteFacts
from inspections.sites.warnings import NeedsConfirming
from inspections.terms import Kind, LayerKind, subtypes
from inspections.visits.context import visit_context
from tests.factories import NOW, a_county, a_site
from tests.imports import a_file, check, codes, counts
from tests.layers import FARMLAND, a_layer

BASIC = (LayerKind.BASIC_FARMLAND,)
HALF_IN = box(100.445, 38.92, 100.455, 38.93)  # the western half lies in FARMLAND


def measured(session, shape, **named):
    [found] = list_overlaps(session, shape, BASIC, **named)
    return found


def test_without_a_layer_nothing_is_known_and_never_zero(store):
    with store.read() as session:
        found = measured(session, HALF_IN)
        assert (found.layer, found.inside, found.area_m2) == (None, None, None)


def test_a_shape_half_within_takes_half_of_its_ground(store):
    with store.write() as session:
        layer = a_layer(session)
        found = measured(session, HALF_IN)
        assert (found.layer, found.inside) == (layer, True)
        assert found.area_m2 == pytest.approx(geodesic_area_m2(HALF_IN) / 2, rel=1e-4)


def test_a_shape_elsewhere_takes_nothing_of_what_is_there(store):
    with store.write() as session:
        a_layer(session)
        found = measured(session, box(100.6, 38.9, 100.61, 38.91))
        assert (found.inside, found.area_m2) == (False, 0.0)


def test_a_strip_where_two_lines_were_drawn_apart_is_measured_but_not_inside(store):
    with store.write() as session:
        a_layer(session)
        found = measured(session, box(100.4499999, 38.92, 100.46, 38.93))
        assert not found.inside
        assert 5 < found.area_m2 < 10


def test_a_small_shape_wholly_within_is_inside(store):
    with store.write() as session:
        a_layer(session)
        shed = box(100.42, 38.92, 100.42003, 38.92002)
        assert geodesic_area_m2(shed) < 10
        assert measured(session, shed).inside


@pytest.mark.parametrize(("at", "inside"), [((100.42, 38.92), True), ((100.46, 38.92), False)])
def test_a_point_is_inside_or_not_and_has_no_square_metres(store, at, inside):
    with store.write() as session:
        a_layer(session)
        found = measured(session, Point(at))
        assert (found.inside, found.area_m2, found.length_m) == (inside, None, None)


def test_a_line_has_metres_and_with_its_width_square_metres(store):
    line = LineString([(100.44, 38.92), (100.46, 38.92)])
    within_m = geodesic_length_m(LineString([(100.44, 38.92), (100.45, 38.92)]))
    with store.write() as session:
        a_layer(session)
        found = measured(session, line)
        assert (found.inside, found.area_m2) == (True, None)
        assert found.length_m == pytest.approx(within_m, abs=0.01)
        assert measured(session, line, width_m=8).area_m2 == pytest.approx(8 * within_m, abs=0.1)


def test_only_the_layer_in_use_counts(store):
    with store.write() as session:
        old = a_layer(session)
        a_layer(session, LayerKind.BASIC_FARMLAND, box(100.6, 38.9, 100.7, 39.0))
        assert not measured(session, HALF_IN).inside
        put_back(session, old, by=SYSTEM, now=NOW)
        assert measured(session, HALF_IN).inside
        take_away(session, old, by=SYSTEM, now=NOW)
        assert measured(session, HALF_IN).layer is None


def test_each_kind_of_site_is_compared_with_what_says_something_of_it(store):
    with store.write() as session:
        a_county(session)
        a_layer(session, LayerKind.BAN_ZONES)
        plot = a_site(session, Kind.STRAW, geometry=HALF_IN)
        found = {one.kind: one.inside for one in list_site_overlaps(session, plot)}
        assert found == {"ban_zones": True, "cropland": None, "basic_farmland": None}
        shed = a_site(session, Kind.GREENHOUSE, geometry=HALF_IN)
        assert [one.kind for one in list_site_overlaps(session, shed)] == ["basic_farmland", "cropland"]


def test_a_belt_takes_its_length_times_its_width(store):
    with store.write() as session:
        a_county(session)
        a_layer(session)
        line = LineString([(100.41, 38.92), (100.43, 38.92)])
        belt = a_site(session, Kind.AFFORESTATION, geometry=line, attrs={"width_m": 10})
        assert basic_farmland_m2(session, belt) == pytest.approx(10 * geodesic_length_m(line), rel=1e-4)


def test_an_index_in_memory_measures_as_the_database_does(store):
    shapes = [HALF_IN, Point(100.42, 38.92), LineString([(100.44, 38.92), (100.46, 38.92)]), FARMLAND]
    with store.write() as session:
        assert LayerIndex(session, LayerKind.BASIC_FARMLAND).measure(HALF_IN) is None
        a_layer(session, LayerKind.BASIC_FARMLAND, FARMLAND, box(100.44, 38.91, 100.46, 38.925))
        index = LayerIndex(session, LayerKind.BASIC_FARMLAND)
        for shape in shapes:
            assert index.measure(shape) == measured(session, shape)


@pytest.mark.parametrize(
    ("shape", "code"),
    [(HALF_IN, "site.on_basic_farmland"), (Point(100.42, 38.92), "site.in_basic_farmland")],
)
@pytest.mark.parametrize("kind", [Kind.GREENHOUSE, Kind.AFFORESTATION])
def test_sheds_and_trees_in_basic_farmland_are_warned_of_before_they_are_saved(store, kind, shape, code):
    facts = SiteFacts(kind=kind, subtype=subtypes(kind)[0], name="东滩", geometry=shape)
    with store.write() as session:
        a_county(session)
        a_layer(session)
        with pytest.raises(NeedsConfirming) as asked:
            sites.add_site(session, facts, by=SYSTEM, now=NOW)
        assert [warning.code for warning in asked.value.warnings] == [code]
        seen = {warning.key for warning in asked.value.warnings}
        assert sites.add_site(session, facts, by=SYSTEM, now=NOW, confirmed=seen).name == "东滩"


@pytest.mark.parametrize(
    ("kind", "shape", "with_layer"),
    [
        (Kind.POND, HALF_IN, True),
        (Kind.GREENHOUSE, box(100.6, 38.9, 100.61, 38.91), True),
        (Kind.GREENHOUSE, HALF_IN, False),
    ],
    ids=["a pond", "elsewhere", "nothing known"],
)
def test_nothing_is_asked_where_there_is_nothing_to_ask(sqlite_store, kind, shape, with_layer):
    facts = SiteFacts(kind=kind, subtype=subtypes(kind)[0], name="东滩", geometry=shape)
    with sqlite_store.write() as session:
        a_county(session)
        if with_layer:
            a_layer(session)
        assert sites.add_site(session, facts, by=SYSTEM, now=NOW)


def test_a_correction_that_does_not_move_the_site_asks_nothing(sqlite_store):
    with sqlite_store.write() as session:
        a_county(session)
        site = a_site(session, Kind.GREENHOUSE, geometry=HALF_IN, village_code=None)
        a_layer(session)
        facts = SiteFacts(kind="greenhouse", subtype=site.subtype, name="改名", geometry=HALF_IN)
        corrected = sites.correct_site(session, site, facts, row_version=1, by=SYSTEM, now=NOW)
        assert corrected.name == "改名"


def test_a_register_of_greenhouses_warns_row_by_row(store, tmp_path):
    with store.write() as session:
        a_county(session)
        a_layer(session)
    rows = f'名称,图形\n占田棚,"{HALF_IN.wkt}"\n别处棚,"{box(100.6, 38.9, 100.61, 38.91).wkt}"\n'
    outcome = check(store, a_file(tmp_path, rows), "greenhouse")
    assert codes(outcome, "warning") == [(2, "site.on_basic_farmland")]
    assert counts(outcome) == (2, 2, 1, 0)


def test_what_a_visit_is_judged_by_holds_the_basic_farmland_that_is_computed(store):
    with store.write() as session:
        a_county(session)
        shed = a_site(session, Kind.GREENHOUSE, geometry=HALF_IN)
        assert visit_context(session, shed, {}, NOW)["site"]["basic_farmland_m2"] is None
        a_layer(session)
        computed_m2 = visit_context(session, shed, {}, NOW)["site"]["basic_farmland_m2"]
    assert computed_m2 == pytest.approx(geodesic_area_m2(HALF_IN) / 2, rel=1e-4)


def test_a_finding_on_basic_farmland_is_critical_by_the_layer(sqlite_store):
    answers = {"access": "reached", "actual_use": ["market"], "nonfarm_area_m2": 100}
    answers |= {"nonfarm_place": "inside"}
    with sqlite_store.write() as session:
        a_county(session)
        shed = a_site(session, Kind.GREENHOUSE, geometry=HALF_IN)
        for layers in (0, 1):
            if layers:
                a_layer(session)
            context = visit_context(session, shed, {}, NOW)
            judged = evaluate(load_checklist(), "greenhouse", answers, visit_type="patrol", context=context)
            assert judged.findings[0].severity == ("critical" if layers else "major")
