"""The list of differences: which sites newer boundaries left behind, and what an officer's choice means."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import shapely
from sqlalchemy import select

from inspections import ledger, sites
from inspections.areas.candidates import list_candidates
from inspections.areas.comparing import Why, find_differences
from inspections.areas.differences import DifferenceFilters, count_differences, list_differences
from inspections.errors import NotAllowed, NotFound
from inspections.imports import applying
from inspections.models import Area, Case, ImportBatch, LedgerEntry, Site
from inspections.permissions import SYSTEM, Actor
from inspections.sites import SiteChanged, moving
from inspections.sites.moving import CannotStay, DifferencesChanged, NoDifference, TargetUnclear
from inspections.sites.placing import OutsideScope
from inspections.sites.rules import SiteFacts
from inspections.sites.warnings import EVERYTHING
from inspections.terms import AreaLevel, Kind, Role, SiteStatus
from inspections.typed import NotInList, ReasonMissing, TextTooLong
from tests.case_factories import a_case
from tests.factories import EAST, IN_EAST, IN_WEST, NOW, VILLAGE, WEST, a_pond_shape, a_site
from tests.imports import a_file, areas_file, take

SUPERVISOR = Actor(None, "督查", Role.SUPERVISOR)
WEST_CLERK = Actor(None, "西镇经办", Role.TOWNSHIP, areas=frozenset({WEST}))
POND_OFFICE = Actor(None, "环保", Role.DEPARTMENT, kinds=frozenset({"pond"}))
BESIDE = (100.49, 38.93)  # in WEST, 870 m from the line
NEW = "990101300000"
M = 1 / 86_600  # a metre of longitude here


def draw(store, folder, edge: float, now=NOW, **named: str):
    """Take in both townships, divided at another longitude; `named` renames one of them."""
    west = ({"code": WEST, "name": named.get("west", "西镇")}, shapely.box(100.1, 38.55, edge, 39.4))
    east = ({"code": EAST, "name": named.get("east", "东乡")}, shapely.box(edge, 38.55, 100.87, 39.4))
    taken = take(store, areas_file(folder, west, east, name=f"{edge}{named}.geojson"), now, subject="areas")
    assert taken.tally.refused == 0


def end(store, folder, code: str = WEST, successors: str = EAST):
    """End an area, with the codes that took its place."""
    text = f"代码,名称,撤销日期,并入代码\n{code},旧地,2026-11-12,{successors}\n"
    taken = take(store, a_file(folder, text, f"{code}.csv"), NOW, subject="areas")
    assert taken.tally.refused == 0


def add_area(store, folder, code: str, name: str, shape):
    path = areas_file(folder, ({"code": code, "name": name}, shape), name=f"{code}-{shape.area:.6f}.geojson")
    assert take(store, path, NOW, subject="areas").tally.refused == 0


def merge_west(store, folder):
    """End WEST; by the new lines EAST holds the whole county."""
    end(store, folder)
    add_area(store, folder, EAST, "东乡", shapely.box(100.1, 38.55, 100.87, 39.4))


def put(store, at=BESIDE, **named) -> Site:
    with store.write() as session:
        return a_site(session, at=at, **named)


def added(store, at=BESIDE, *, by=SYSTEM, **named) -> Site:
    """A site added by an officer, with its entry in the ledger."""
    facts = {"kind": "pond", "name": "界边塘", "subtype": "pond", "geometry": shapely.Point(at)} | named
    with store.write() as session:
        return sites.add_site(
            session, SiteFacts(**facts), by=by, now=NOW, confirmed=EVERYTHING, status=SiteStatus.ACTIVE
        )


def differing(store) -> list[tuple[Why, str, str]]:
    """What differs and nobody keeps: why, the township recorded, the one it would be moved to."""
    with store.read() as session:
        return [
            (one.why, one.township_code, one.target) for one in find_differences(session) if not one.stands
        ]


def kept(store) -> int:
    with store.read() as session:
        return sum(one.stands for one in find_differences(session))


def settle(store, use, site: Site, *given, by=SUPERVISOR, now=NOW, version: int | None = None):
    with store.write() as session:
        found = session.scalars(select(Site).where(Site.id == site.id)).one()
        use(session, found, *given, row_version=version or found.row_version, by=by, now=now)
        return found


def entries(store, action: str) -> list[LedgerEntry]:
    with store.read() as session:
        ledger.verify(session)
        return list(session.scalars(select(LedgerEntry).where(LedgerEntry.action == action)))


# Which sites differ


def test_a_county_in_order_has_no_differences(county):
    put(county)
    put(county, IN_EAST)
    assert differing(county) == []


def test_a_site_that_a_newer_line_passed_over_differs_and_is_not_moved(county, tmp_path):
    site = put(county)
    put(county, IN_WEST)
    draw(county, tmp_path, 100.48)
    assert differing(county) == [(Why.LINE, WEST, EAST)]
    with county.read() as session:
        assert session.get(Site, site.pk).township_code == WEST


def test_a_new_name_or_a_line_drawn_elsewhere_makes_no_difference(county, tmp_path):
    put(county)
    draw(county, tmp_path, 100.5, west="西关镇")
    draw(county, tmp_path, 100.495)
    assert differing(county) == []


@pytest.mark.parametrize("status", [SiteStatus.RETIRED, SiteStatus.REFUSED])
def test_what_is_no_longer_in_the_register_is_not_compared(county, tmp_path, status):
    put(county, status=status)
    draw(county, tmp_path, 100.48)
    assert differing(county) == []


def test_an_ended_township_names_its_successor_where_no_boundary_tells_it(county, tmp_path):
    put(county, IN_WEST)
    end(county, tmp_path)
    assert differing(county) == [(Why.ENDED, WEST, EAST)]


def test_of_an_ended_township_the_boundaries_decide_before_the_successors(county, tmp_path):
    put(county, IN_WEST)
    add_area(county, tmp_path, NEW, "南乡", shapely.box(100.1, 38.55, 100.5, 39.4))
    end(county, tmp_path)
    assert differing(county) == [(Why.ENDED, WEST, NEW)]


def test_successors_that_ended_themselves_lead_on_to_those_of_today(county, tmp_path):
    put(county, IN_WEST)
    with county.write() as session:
        west = session.scalars(select(Area).where(Area.code == WEST)).one()
        west.valid_to, west.successors = date(2025, 1, 1), [NEW]
        between = {"level": AreaLevel.TOWNSHIP, "name": "南乡", "valid_from": date(2025, 1, 1)}
        session.add(Area(code=NEW, valid_to=date(2026, 1, 1), successors=[EAST, WEST], **between))
    assert differing(county) == [(Why.ENDED, WEST, EAST)]


def test_a_site_of_the_county_as_a_whole_differs_once_there_are_townships(county):
    put(county, township_code="990101000000")
    assert differing(county) == [(Why.COUNTY, "990101000000", WEST)]


def test_a_site_outside_every_township_differs_unless_it_lies_beside_its_own(county):
    put(county, (100.1 - 300 * M, 38.93))
    far = put(county, (100.1 - 3000 * M, 38.93))
    with county.read() as session:
        found = [one for one in find_differences(session) if not one.stands]
    assert [(one.site_id, one.why, one.target) for one in found] == [(far.id, Why.OUTSIDE, "")]


def test_without_boundaries_nothing_is_said_of_where_sites_lie(county):
    put(county)
    with county.write() as session:
        for area in session.scalars(select(Area)):
            area.geometry = None
    assert differing(county) == []


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (a_pond_shape(100.48 - 60 * M, metres=50), None),
        (a_pond_shape(100.48 + 60 * M, metres=50), Why.LINE),
        (a_pond_shape(100.48 + 40 * M, metres=50), Why.LINE),
        (a_pond_shape(100.48 + 10 * M, metres=50), Why.BORDER),
        (a_pond_shape(100.48 - 10 * M, metres=50), None),
        (shapely.LineString([(100.48 - 100 * M, 38.93), (100.48 + 300 * M, 38.93)]), Why.BORDER),
        (shapely.LineString([(100.48 - 10 * M, 38.93), (100.48 + 300 * M, 38.93)]), Why.LINE),
    ],
)
def test_a_shape_belongs_to_the_township_with_its_largest_part(county, tmp_path, shape, why):
    at = shape.representative_point()
    put(county, (at.x, at.y), geometry=shape, township_code=WEST)
    draw(county, tmp_path, 100.48)
    assert differing(county) == ([(why, WEST, EAST)] if why else [])


# What an officer chose


def test_a_township_chosen_with_a_reason_stands_until_a_newer_boundary(county, tmp_path):
    added(county, township_code=EAST, township_reason="归东乡管")
    assert (differing(county), kept(county)) == ([], 1)
    draw(county, tmp_path, 100.495)
    assert (differing(county), kept(county)) == ([(Why.LINE, EAST, WEST)], 0)


def test_a_township_chosen_on_the_line_stands_until_a_newer_boundary(county, tmp_path):
    added(county, (100.5 - 10 * M, 38.93), township_code=EAST)
    assert (differing(county), kept(county)) == ([], 1)
    draw(county, tmp_path, 100.5 + 5 * M)
    assert (differing(county), kept(county)) == ([(Why.BORDER, EAST, WEST)], 0)


def test_renaming_a_township_is_no_newer_boundary(county, tmp_path):
    draw(county, tmp_path, 100.497)
    added(county, township_code=EAST, township_reason="归东乡管")
    draw(county, tmp_path, 100.497, NOW + timedelta(days=1), west="西关镇", east="东关乡")
    assert (differing(county), kept(county)) == ([], 1)


def test_a_rough_point_has_a_line_as_wide_as_it_is_accurate(county, tmp_path):
    put(county, (100.48 + 80 * M, 38.93), loc_accuracy_m=100.0)
    draw(county, tmp_path, 100.48)
    assert differing(county) == [(Why.BORDER, WEST, EAST)]


def test_a_correction_of_other_facts_is_no_new_choice(county, tmp_path):
    site = added(county, township_code=EAST, township_reason="归东乡管")
    draw(county, tmp_path, 100.495)
    facts = SiteFacts(kind="pond", name="改名塘", subtype="pond", geometry=shapely.Point(BESIDE))
    with county.write() as session:
        found = session.get(Site, site.pk)
        sites.correct_site(session, found, facts, row_version=1, by=SUPERVISOR, now=NOW, confirmed=EVERYTHING)
        assert (found.name, found.township_code) == ("改名塘", EAST)
    assert differing(county) == [(Why.LINE, EAST, WEST)]


def test_a_village_chosen_by_an_officer_stands_until_its_boundary_is_newer(county, tmp_path):
    other = ({"code": "990101100202", "name": "苇塘村"}, shapely.box(100.43, 38.90, 100.48, 38.96))
    take(county, areas_file(tmp_path, other), NOW, subject="areas")
    added(county, IN_WEST, village_code="990101100202")
    assert (differing(county), kept(county)) == ([], 1)
    again = ({"code": "990101100202", "name": "苇塘村"}, shapely.box(100.43, 38.90, 100.47, 38.96))
    take(county, areas_file(tmp_path, again, name="again.geojson"), NOW, subject="areas")
    with county.read() as session:
        (found,) = find_differences(session)
    assert (found.why, found.target_village, found.stands) == (Why.VILLAGE, VILLAGE, False)


# Moving and keeping


def test_a_move_takes_township_and_village_and_has_its_entry(county, tmp_path):
    site = put(county, village_code=None, township_reason="从前的理由")
    village = ({"code": "990101200201", "name": "界桩村"}, shapely.box(100.485, 38.9, 100.52, 38.96))
    draw(county, tmp_path, 100.48)
    take(county, areas_file(tmp_path, village, name="village.geojson"), NOW, subject="areas")
    moved = settle(county, moving.move_site, site, EAST)
    assert (moved.township_code, moved.village_code, moved.township_reason) == (EAST, "990101200201", "")
    assert (moved.number, moved.row_version) == (site.number, 2)
    (entry,) = entries(county, "site.township_changed")
    told = ledger.facts_of(entry)
    assert (entry.site_id, told["from"], told["to"], told["version"]) == (site.id, "西镇", "东乡", 2)
    assert (differing(county), kept(county)) == ([], 0)


def test_open_cases_stay_with_the_body_that_answers_for_them(county, tmp_path):
    site = put(county)
    with county.write() as session:
        case = a_case(session, session.get(Site, site.pk))
        before = (case.id, case.body_id, case.township_code, case.state, case.row_version)
    draw(county, tmp_path, 100.48)
    moved = settle(county, moving.move_site, site, EAST)
    assert moved.open_cases == 1
    with county.read() as session:
        case = session.get(Case, before[0])
        assert (case.id, case.body_id, case.township_code, case.state, case.row_version) == before


def test_a_site_that_is_kept_says_why_and_stands_until_a_still_newer_boundary(county, tmp_path):
    site = put(county)
    draw(county, tmp_path, 100.48)
    held = settle(county, moving.keep_site, site, "两镇议定仍归西镇")
    assert (held.township_code, held.township_reason, held.row_version) == (WEST, "两镇议定仍归西镇", 2)
    assert (differing(county), kept(county)) == ([], 1)
    told = ledger.facts_of(entries(county, "site.township_kept")[0])
    assert (told["place"], told["boundaries_say"], told["reason"]) == ("西镇", "东乡", "两镇议定仍归西镇")
    draw(county, tmp_path, 100.47)
    assert (differing(county), kept(county)) == ([(Why.LINE, WEST, EAST)], 0)


def test_a_village_that_is_kept_leaves_the_reason_for_the_township_as_it_was(county, tmp_path):
    other = ({"code": "990101100202", "name": "苇塘村"}, shapely.box(100.38, 38.90, 100.45, 38.96))
    smaller = ({"code": "990101100201", "name": "柳荫村"}, shapely.box(100.37, 38.90, 100.38, 38.96))
    site = put(county, IN_WEST, village_code=VILLAGE)
    take(county, areas_file(tmp_path, other, smaller), NOW, subject="areas")
    held = settle(county, moving.keep_site, site, "村里自己定的")
    assert (held.village_code, held.township_reason, held.row_version) == (VILLAGE, "", 2)
    assert (differing(county), kept(county)) == ([], 1)
    assert ledger.facts_of(entries(county, "site.village_kept")[0])["place"] == "柳荫村"


def test_a_move_can_be_taken_back_by_correcting_the_site(county, tmp_path):
    site = put(county, name="界边塘")
    draw(county, tmp_path, 100.48)
    settle(county, moving.move_site, site, EAST)
    facts = SiteFacts(
        kind="pond",
        name="界边塘",
        subtype="pond",
        geometry=shapely.Point(BESIDE),
        township_code=WEST,
        township_reason="移错了",
    )
    with county.write() as session:
        found = session.get(Site, site.pk)
        sites.correct_site(session, found, facts, row_version=2, by=SUPERVISOR, now=NOW, confirmed=EVERYTHING)
    assert (differing(county), kept(county)) == ([], 1)


def test_undoing_the_import_puts_the_sites_moved_since_on_the_list(county, tmp_path):
    site = put(county)
    draw(county, tmp_path, 100.48)
    settle(county, moving.move_site, site, EAST)
    with county.write() as session:
        batch = session.scalars(select(ImportBatch)).one()
        applying.undo_batch(session, batch, reason="界线画错了", by=SYSTEM, now=NOW)
    assert differing(county) == [(Why.LINE, EAST, WEST)]


def test_a_village_of_an_ended_township_is_found_again_by_its_name(county, tmp_path):
    site = put(county, IN_WEST, village_code=VILLAGE)
    end(county, tmp_path, VILLAGE, "")
    merge_west(county, tmp_path)
    add_area(county, tmp_path, "990101200201", "柳荫村", shapely.Point(IN_WEST))
    assert settle(county, moving.move_site, site, EAST).village_code == "990101200201"


def test_where_several_took_its_place_an_officer_chooses(county, tmp_path):
    site = put(county, IN_WEST)
    add_area(county, tmp_path, NEW, "南乡", shapely.Point(IN_WEST))
    end(county, tmp_path, WEST, f"{EAST}、{NEW}")
    assert differing(county) == [(Why.ENDED, WEST, "")]
    with county.read() as session:
        (one,) = find_differences(session)
        assert list_candidates(session, [(one, session.get(Site, one.pk))]) == {one.pk: (EAST, NEW)}
    with pytest.raises(TargetUnclear), county.write() as session:
        moving.move_group(session, DifferenceFilters(township=WEST), 1, by=SUPERVISOR, now=NOW)
    assert settle(county, moving.move_site, site, NEW).township_code == NEW


def test_only_what_the_boundaries_offer_can_be_chosen(county, tmp_path):
    site = put(county)
    draw(county, tmp_path, 100.48)
    for to in (WEST, "990101999000", "990101000000", ""):
        with pytest.raises(NotInList):
            settle(county, moving.move_site, site, to)


def test_a_site_on_the_line_may_go_to_either_side_of_it(county, tmp_path):
    put(county, (100.48 + 10 * M, 38.93))
    draw(county, tmp_path, 100.48)
    with county.read() as session:
        (one,) = find_differences(session)
        assert list_candidates(session, [(one, session.get(Site, one.pk))])[one.pk] == (EAST,)


@pytest.mark.parametrize(
    ("reason", "error"), [("", ReasonMissing), (" 啊 ", ReasonMissing), ("长" * 201, TextTooLong)]
)
def test_keeping_needs_a_reason_that_fits(county, tmp_path, reason, error):
    site = put(county)
    draw(county, tmp_path, 100.48)
    with pytest.raises(error):
        settle(county, moving.keep_site, site, reason)


def test_nothing_stays_in_a_township_that_has_ended(county, tmp_path):
    site = put(county, IN_WEST)
    merge_west(county, tmp_path)
    with pytest.raises(CannotStay, match="西镇"):
        settle(county, moving.keep_site, site, "还归西镇")


def test_a_site_that_somebody_corrected_meanwhile_is_looked_at_again(county, tmp_path):
    site = put(county)
    draw(county, tmp_path, 100.48)
    facts = SiteFacts(kind="pond", name="改名塘", subtype="pond", geometry=shapely.Point(BESIDE))
    with county.write() as session:
        found = session.get(Site, site.pk)
        sites.correct_site(session, found, facts, row_version=1, by=SUPERVISOR, now=NOW, confirmed=EVERYTHING)
    with pytest.raises(SiteChanged):
        settle(county, moving.move_site, site, EAST, version=1)


def test_a_site_that_lies_where_it_belongs_is_neither_moved_nor_kept(county):
    site = put(county)
    with pytest.raises(NoDifference, match=site.number):
        settle(county, moving.move_site, site, EAST)
    with pytest.raises(NoDifference):
        settle(county, moving.keep_site, site, "归西镇")


# Groups


def test_a_group_is_moved_whole_with_an_entry_for_each_site(county, tmp_path):
    for step in range(5):
        put(county, (100.485 + step / 1000, 38.93))
    put(county, (100.4855, 38.95), kind=Kind.STRAW)
    draw(county, tmp_path, 100.48)
    with county.write() as session:
        filters = DifferenceFilters(township=WEST, target=EAST, kind="pond")
        assert moving.move_group(session, filters, 5, by=SUPERVISOR, now=NOW) == 5
    assert differing(county) == [(Why.LINE, WEST, EAST)]
    told = [ledger.facts_of(entry) for entry in entries(county, "site.township_changed")]
    assert [one["version"] for one in told] == [2] * 5
    with county.read() as session:
        assert set(session.scalars(select(Site.township_code).where(Site.kind == Kind.POND))) == {EAST}


def test_a_group_is_kept_whole_with_one_reason(county, tmp_path):
    for step in range(3):
        put(county, (100.485 + step / 1000, 38.93))
    draw(county, tmp_path, 100.48)
    with county.write() as session:
        assert moving.keep_group(session, DifferenceFilters(), "两镇议定", 3, by=SUPERVISOR, now=NOW) == 3
    assert (differing(county), kept(county)) == ([], 3)
    assert len(entries(county, "site.township_kept")) == 3


def test_a_group_that_is_not_what_the_officer_saw_is_left_alone(county, tmp_path):
    put(county)
    draw(county, tmp_path, 100.48)
    for seen in (0, 2):
        with pytest.raises(DifferencesChanged), county.write() as session:
            moving.move_group(session, DifferenceFilters(), seen, by=SUPERVISOR, now=NOW)
    assert len(differing(county)) == 1


# Who


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.LEADER])
def test_who_corrects_no_sites_moves_none(county, tmp_path, role):
    site = put(county)
    draw(county, tmp_path, 100.48)
    with pytest.raises(NotAllowed):
        settle(county, moving.move_site, site, EAST, by=Actor(None, "某", role))


def test_a_township_sees_and_keeps_its_own_but_gives_nothing_away(county, tmp_path):
    site = put(county)
    other = put(county, (100.475, 38.93), township_code=EAST)
    draw(county, tmp_path, 100.48)
    with county.read() as session:
        assert [one.site_id for one in list_differences(session, WEST_CLERK, DifferenceFilters()).items] == [
            site.id
        ]
        assert count_differences(session, SUPERVISOR) == 2
    with pytest.raises(OutsideScope):
        settle(county, moving.move_site, site, EAST, by=WEST_CLERK)
    with pytest.raises(NotFound):
        settle(county, moving.keep_site, other, "归西镇", by=WEST_CLERK)
    settle(county, moving.keep_site, site, "仍归西镇", by=WEST_CLERK)
    assert len(differing(county)) == 1


def test_a_department_decides_on_its_kinds_only(county, tmp_path):
    put(county)
    straw = put(county, (100.485, 38.93), kind=Kind.STRAW)
    draw(county, tmp_path, 100.48)
    with county.write() as session:
        assert moving.move_group(session, DifferenceFilters(), 1, by=POND_OFFICE, now=NOW) == 1
    with county.read() as session:
        assert [one.site_id for one in find_differences(session)] == [straw.id]


# The list


def test_the_list_is_grouped_narrowed_and_in_pages(county, tmp_path):
    with county.write() as session:
        for step in range(60):
            a_site(session, at=(100.481 + step / 10_000, 38.93))
        a_site(session, Kind.STRAW, at=(100.47, 38.93), township_code=EAST)
    draw(county, tmp_path, 100.48)
    with county.read() as session:
        page = list_differences(session, SUPERVISOR, DifferenceFilters(page=9))
        assert (page.total, page.open, page.kept, page.page, len(page.items)) == (61, 61, 0, 2, 11)
        groups = [(one.township_code, one.target, one.why, one.count) for one in page.groups]
        assert groups == [(WEST, EAST, Why.LINE, 60), (EAST, WEST, Why.LINE, 1)]
        for filters in (DifferenceFilters(kind="straw"), DifferenceFilters(township=EAST, target=WEST)):
            assert list_differences(session, SUPERVISOR, filters).total == 1
        assert list_differences(session, SUPERVISOR, DifferenceFilters(why="border")).total == 0


def test_what_is_kept_in_memory_follows_every_change(county, tmp_path):
    def count() -> int:
        with county.read() as session:
            return count_differences(session, SUPERVISOR)

    assert count() == 0
    first = put(county)
    assert count() == 0
    draw(county, tmp_path, 100.48)
    assert count() == 1
    put(county, (100.485, 38.93))
    assert count() == 2
    settle(county, moving.move_site, first, EAST)
    assert count() == 1
    with county.write() as session:
        ledger.append(session, SYSTEM, "visit.logged", "visit", first.id, at=NOW)
    assert count() == 1
    draw(county, tmp_path, 100.49, now=NOW + timedelta(days=1))
    assert count() == 1
