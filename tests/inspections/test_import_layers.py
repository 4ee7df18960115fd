"""Layers from files: what each kind takes, one system for all, cut at the county's line, nothing secret."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely import LineString, MultiPolygon, Point, Polygon, box
from sqlalchemy import func, select

from geo.coordinates import wgs84_to_gcj02
from geo.errors import BadLayer
from geo.shapes import geodesic_area_m2, geodesic_length_m
from inspections import ledger
from inspections.areas import NoCounty
from inspections.errors import NotAllowed
from inspections.imports import batches
from inspections.imports.answers import Answers
from inspections.imports.batches import AlreadyImported, WrongStep, ask_to_undo
from inspections.imports.jobs import run_job
from inspections.imports.layers import SecretLayer, WrongLayerDay
from inspections.layers import list_kinds
from inspections.models import ImportBatch, ImportRow, Layer, LayerFeature
from inspections.permissions import actor_of
from inspections.terms import ImportState, LayerKind, Role
from tests.factories import a_county, an_officer
from tests.geo.shapefiles import write_shapefile
from tests.imports import a_desk, a_file, areas_file, codes, counts
from tests.imports import check as check_file
from tests.imports import take as take_file
from tests.layers import FARMLAND, RIVER, layer_file

ABOUT = {"source": "县自然资源局", "dated": "2025-12-31"}
BOW_TIE = Polygon([(100.4, 38.9), (100.41, 38.91), (100.41, 38.9), (100.4, 38.91)])
TWISTED = Polygon(  # a field whose outline crosses itself near a corner
    [
        *((100.30, 38.70), (100.31, 38.70), (100.31, 38.71), (100.300005, 38.71), (100.29999, 38.710005)),
        *((100.30, 38.710005), (100.29999, 38.70999)),
    ]
)


@pytest.fixture
def county(store):
    with store.write() as session:
        a_county(session)
    return store


@pytest.fixture
def sqlite_county(sqlite_store):
    with sqlite_store.write() as session:
        a_county(session)
    return sqlite_store


def take(store, path, kind="basic_farmland", **answers):
    return take_file(store, path, kind=kind, subject="layers", **(ABOUT | answers))


def check(store, path, kind="basic_farmland", **answers):
    return check_file(store, path, kind, subject="layers", **(ABOUT | answers))


def features(store) -> list[tuple[int, str, object]]:
    with store.read() as session:
        query = select(LayerFeature).order_by(LayerFeature.pk)
        return [(one.number, one.name, one.geometry) for one in session.scalars(query)]


def the_layer(store) -> Layer:
    with store.read() as session:
        return session.scalars(select(Layer).where(Layer.standing == "current")).one()


def test_a_layer_comes_in_with_its_source_its_day_and_its_measures(county, tmp_path):
    path = layer_file(tmp_path, FARMLAND, box(100.5, 39.0, 100.51, 39.01), names=("甲", "乙"))
    outcome = take(county, path, crs="EPSG:4490")
    assert (counts(outcome), outcome.messages) == ((2, 2, 0, 0), [])
    layer = the_layer(county)
    assert (layer.source, layer.dated.isoformat(), layer.crs) == ("县自然资源局", "2025-12-31", "EPSG:4490")
    assert (layer.features, layer.length_m, layer.secrecy) == (2, None, "internal")
    area_m2 = sum(geodesic_area_m2(one) for _, _, one in features(county))
    assert layer.area_m2 == pytest.approx(area_m2, abs=0.02)
    assert [(number, name) for number, name, _ in features(county)] == [(1, "甲"), (2, "乙")]
    with county.read() as session:
        assert layer.sha256 == outcome.head.sha256
        assert ledger.count(session) == 2
        ledger.verify(session)


def test_only_checked_nothing_is_written(sqlite_county, tmp_path):
    assert counts(check(sqlite_county, layer_file(tmp_path, FARMLAND))) == (1, 1, 0, 0)
    with sqlite_county.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0
        assert all(one.current is None for one in list_kinds(session))


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("rivers", ["LineString", "Polygon"]),
        ("roads", ["LineString"]),
        ("cropland", ["Polygon"]),
        ("basic_farmland", ["Polygon"]),
        ("ban_zones", ["Polygon"]),
    ],
)
def test_each_kind_takes_its_shapes_and_refuses_others_with_a_sentence(sqlite_county, tmp_path, kind, taken):
    path = layer_file(tmp_path, RIVER, FARMLAND, Point(100.4, 38.9))
    outcome = take(sqlite_county, path, kind)
    assert [shape.geom_type for _, _, shape in features(sqlite_county)] == taken
    refused = [number for number, code in codes(outcome, "error") if code == "layer.wrong_shape"]
    assert len(refused) == 3 - len(taken)
    assert outcome.tally.refused == len(refused)


def test_a_feature_of_several_parts_lies_in_a_row_for_each(county, tmp_path):
    parts = MultiPolygon([box(100.4, 38.9, 100.41, 38.91), box(100.42, 38.9, 100.43, 38.91)])
    take(county, layer_file(tmp_path, parts, names=("两块",)))
    assert [(number, name, shape.geom_type) for number, name, shape in features(county)] == [
        (1, "两块", "Polygon"),
        (1, "两块", "Polygon"),
    ]
    assert the_layer(county).features == 1


def test_a_polygon_of_very_many_corners_is_kept_in_pieces_of_the_same_ground(county, tmp_path):
    angles = np.linspace(0, 2 * np.pi, 6_000, endpoint=False)
    away = 0.05 * (0.8 + 0.2 * np.sin(angles * 40))
    large = Polygon(np.column_stack([100.5 + away * np.cos(angles), 38.95 + away * np.sin(angles)]))
    assert counts(take(county, layer_file(tmp_path, large))) == (1, 1, 0, 0)
    pieces = [shape for _, _, shape in features(county)]
    assert len(pieces) > 6
    assert max(map(shapely.get_num_coordinates, pieces)) <= 1_000
    assert sum(map(geodesic_area_m2, pieces)) == pytest.approx(the_layer(county).area_m2, rel=1e-6)


def test_what_reaches_beyond_the_county_is_cut_there_with_a_note(sqlite_county, tmp_path):
    road = LineString([(99.9, 38.9), (100.3, 38.9)])
    outcome = take(sqlite_county, layer_file(tmp_path, road), "roads")
    assert codes(outcome, "note") == [(1, "layer.cut")]
    [(_, _, kept)] = features(sqlite_county)
    assert kept.bounds[0] == pytest.approx(100.10, abs=0.006)  # with the room of 500 m
    assert the_layer(sqlite_county).length_m == pytest.approx(geodesic_length_m(kept), abs=0.01)


def test_what_lies_outside_is_refused_and_the_rest_taken(sqlite_county, tmp_path):
    outcome = take(sqlite_county, layer_file(tmp_path, FARMLAND, box(102.0, 38.9, 102.1, 39.0)))
    assert (counts(outcome), codes(outcome, "error")) == ((2, 1, 0, 1), [(2, "layer.outside")])
    assert the_layer(sqlite_county).features == 1


def in_metres(shape):
    """A shape in CGCS2000, 3 degrees, meridian 99°E."""
    turn = Transformer.from_crs(4490, 4542, always_xy=True).transform
    return shapely.transform(shape, lambda xy: np.column_stack(turn(xy[:, 0], xy[:, 1])))


def test_a_river_whose_middle_lies_outside_is_read_as_the_others(sqlite_county, tmp_path):
    rivers = [in_metres(RIVER), in_metres(LineString([(100.5, 39.0), (103.5, 39.2)]))]
    outcome = take(sqlite_county, layer_file(tmp_path, *rivers), "rivers", crs="EPSG:4542")
    assert counts(outcome) == (2, 2, 0, 0)
    assert codes(outcome, "note") == [(None, "import.read_as"), (2, "layer.cut")]
    (_, _, whole), (_, _, cut) = features(sqlite_county)
    assert shapely.hausdorff_distance(whole, RIVER) < 1e-6
    assert cut.bounds[0] == pytest.approx(100.5, abs=1e-6)


def test_numbers_that_fit_two_systems_are_asked_about_and_the_option_answers(sqlite_county, tmp_path):
    metres = in_metres(FARMLAND)
    parts = write_shapefile(tmp_path / "parts", "田", {"名称": ["甲"]}, geometries=[metres], crs=None).parent
    bundled = tmp_path / "田.zip"
    with zipfile.ZipFile(bundled, "w") as archive:
        for part in parts.iterdir():
            archive.write(part, part.name)
    assert codes(check(sqlite_county, bundled), "error") == [(1, "import.which_reading")]
    assert counts(take(sqlite_county, bundled, crs="EPSG:4542")) == (1, 1, 0, 0)
    [(_, _, kept)] = features(sqlite_county)
    assert shapely.hausdorff_distance(kept, FARMLAND) < 1e-6


def test_a_layer_of_a_web_map_is_shifted_back_where_that_is_said(sqlite_county, tmp_path):
    shifted = shapely.transform(FARMLAND, lambda xy: np.array([wgs84_to_gcj02(*one) for one in xy]))
    take(sqlite_county, layer_file(tmp_path, shifted), crs="GCJ02")
    [(_, _, kept)] = features(sqlite_county)
    assert shapely.hausdorff_distance(kept, FARMLAND) < 1e-5
    assert the_layer(sqlite_county).crs == "GCJ02"


def test_a_small_repair_is_taken_where_that_is_said_and_a_large_one_never(sqlite_county, tmp_path):
    path = layer_file(tmp_path, TWISTED, BOW_TIE)
    assert codes(check(sqlite_county, path), "error") == [
        (1, "import.repair_proposed"),
        (2, "import.repair_proposed"),
    ]
    outcome = take(sqlite_county, path, repair=True)
    assert counts(outcome) == (2, 1, 1, 1)
    assert all(shape.is_valid for _, _, shape in features(sqlite_county))
    assert {number for number, _, _ in features(sqlite_county)} == {1}


def test_a_layer_without_source_and_day_comes_in_with_warnings(sqlite_county, tmp_path):
    outcome = take(sqlite_county, layer_file(tmp_path, FARMLAND), source="", dated="")
    assert codes(outcome, "warning") == [(None, "layer.source_missing"), (None, "layer.day_missing")]
    assert counts(outcome) == (1, 1, 0, 0)
    assert the_layer(sqlite_county).dated is None


@pytest.mark.parametrize("dated", ["2026-11-13", "12.3.2025", "2025-02-30"])
def test_a_day_to_come_or_none_is_refused(sqlite_county, tmp_path, dated):
    with pytest.raises(WrongLayerDay, match=dated):
        take(sqlite_county, layer_file(tmp_path, FARMLAND), dated=dated)


def test_what_is_secret_is_refused_whole(sqlite_county, tmp_path):
    rows = [({"名称": "甲", "密级": "内部"}, FARMLAND), ({"名称": "乙", "密级": "机密★"}, FARMLAND)]
    with pytest.raises(SecretLayer, match="机密"):
        take(sqlite_county, areas_file(tmp_path, *rows))
    with pytest.raises(SecretLayer, match="秘密"):
        take(sqlite_county, layer_file(tmp_path, FARMLAND), source="自然资源局（秘密）")
    with sqlite_county.read() as session:
        assert session.scalar(select(func.count()).select_from(Layer)) == 0


def test_the_same_file_again_is_refused_until_its_layer_is_gone(county, tmp_path):
    first = layer_file(tmp_path, FARMLAND, name="一.geojson")
    take(county, first)
    with pytest.raises(AlreadyImported, match=r"一\.geojson"):
        take(county, first)
    take(county, layer_file(tmp_path, box(100.4, 38.9, 100.5, 39.0), name="二.geojson"))
    with pytest.raises(AlreadyImported):
        take(county, first)
    take(county, layer_file(tmp_path, box(100.3, 38.9, 100.5, 39.0), name="三.geojson"))
    assert counts(take(county, first)) == (1, 1, 0, 0)


def test_one_file_may_be_layers_of_two_kinds(county, tmp_path):
    path = layer_file(tmp_path, FARMLAND)
    for kind in ("cropland", "basic_farmland"):
        take(county, path, kind)
    with county.read() as session:
        found = {one.kind for one in list_kinds(session) if one.current}
    assert found == {LayerKind.CROPLAND, LayerKind.BASIC_FARMLAND}


def test_a_file_of_which_nothing_is_taken_leaves_the_layer_in_use(county, tmp_path):
    take(county, layer_file(tmp_path, FARMLAND))
    outcome = take(county, layer_file(tmp_path, Point(100.4, 38.9), name="points.geojson"))
    assert (counts(outcome), outcome.applied) == ((1, 0, 0, 1), False)
    assert the_layer(county).file_name == "layer.geojson"


def test_a_table_with_shapes_as_text_is_read_too(sqlite_county, tmp_path):
    path = a_file(tmp_path, f'路名,图形\nG227,"{RIVER.wkt}"\n', "roads.csv")
    assert counts(take(sqlite_county, path, "roads")) == (1, 1, 0, 0)
    assert [(name, shape.geom_type) for _, name, shape in features(sqlite_county)] == [("G227", "LineString")]


def test_without_a_county_nothing_can_be_told(store, tmp_path):
    with pytest.raises(NoCounty):
        take(store, layer_file(tmp_path, FARMLAND))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("layer.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='x'></OGRVRTLayer></OGRVRTDataSource>"),
        ("layer.gpkg", b"not a database"),
        ("layer.kml", b"<!DOCTYPE kml [<!ENTITY a 'b'>]><kml>&a;</kml>"),
        ("layer.zip", b"PK\x03\x04 and no more"),
    ],
)
def test_a_file_made_to_harm_is_refused_and_leaves_nothing(sqlite_county, tmp_path, name, data):
    with pytest.raises(BadLayer):
        take(sqlite_county, a_file(tmp_path, data, name))
    with sqlite_county.read() as session:
        assert session.scalar(select(func.count()).select_from(Layer)) == 0
        states = {batch.state for batch in session.scalars(select(ImportBatch))}
        assert states <= {ImportState.GIVEN_UP}
    assert [path for path in (tmp_path / "data" / "imports").glob("*") if path.name != "worker.lock"] == []


@pytest.fixture
def desk(county, tmp_path):
    return a_desk(county, tmp_path)


def send(desk, path, *, at_once=True, **what):
    with desk.store.write() as session, path.open("rb") as file:
        answers = Answers(**ABOUT, at_once=at_once)
        batch = batches.receive(
            session,
            desk.settings.imports,
            file,
            path.name,
            subject="layers",
            kind=what.get("kind", "basic_farmland"),
            by=desk.by,
            now=desk.now,
            answers=answers,
        )
    for _ in range(2):
        run_job(desk.work, batch.id)
    return batch.id


def test_a_file_sent_to_be_applied_at_once_is_where_nothing_is_refused(desk, tmp_path):
    assert desk.batch(send(desk, layer_file(tmp_path, FARMLAND))).state == "applied"
    assert the_layer(desk.store).imported_by_id == desk.by.id


@pytest.mark.parametrize("bad", [Point(100.4, 38.9), TWISTED], ids=["refused", "asked"])
def test_else_it_waits_for_a_person_who_has_read_the_report(desk, tmp_path, bad):
    batch_id = send(desk, layer_file(tmp_path, FARMLAND, bad))
    assert desk.batch(batch_id).state == "checked"
    if bad is TWISTED:
        desk.answer(batch_id, "import.repair_proposed", "repair")
    assert desk.apply(batch_id).state == "applied"


def test_a_layer_is_not_undone_as_a_register_is(desk, tmp_path):
    batch_id = send(desk, layer_file(tmp_path, FARMLAND))
    with pytest.raises(WrongStep), desk.store.write() as session:
        ask_to_undo(session, session.get_one(ImportBatch, batch_id), "传错了", by=desk.by)


def test_what_is_applied_leaves_no_rows_behind_to_be_kept_twice(desk, tmp_path):
    send(desk, layer_file(tmp_path, FARMLAND))
    with desk.store.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


@pytest.mark.parametrize("role", [Role.TOWNSHIP, Role.DEPARTMENT, Role.LEADER, Role.INSPECTOR])
def test_other_roles_bring_no_layer(sqlite_county, tmp_path, role):
    with sqlite_county.write() as session:
        by = actor_of(an_officer(session, role))
    with pytest.raises(NotAllowed):
        take(sqlite_county, layer_file(tmp_path, FARMLAND), by=by)
