"""The list of differences: which sites newer boundaries left behind, and what an officer's choice means."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest
import shapely
from sqlalchemy import select

from inspections import ledger, sites
from inspections.areas.candidates import list_candidates
from inspections.areas.comparing import Why, compare_sites
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
from tests.imports import bring_areas

SUPERVISOR = Actor(None, "督查", Role.SUPERVISOR)
WEST_CLERK = Actor(None, "西镇经办", Role.TOWNSHIP, areas=frozenset({WEST}))
POND_OFFICE = Actor(None, "环保", Role.DEPARTMENT, kinds=frozenset({"pond"}))
BESIDE = (100.49, 38.93)  # in WEST, 870 m from the line
NEW = "990101300000"
NUMBERS = count(1)
M = 1 / 86_600  # a metre of longitude here


def draw(store, edge: float, now=NOW, *, west: str = "西镇", east: str = "东乡"):
    """Both townships, divided at another longitude, perhaps under another name."""
    bring_areas(
        store,
        {"code": WEST, "name": west, "shape": shapely.box(100.1, 38.55, edge, 39.4)},
        {"code": EAST, "name": east, "shape": shapely.box(edge, 38.55, 100.87, 39.4)},
        now=now,
    )


def end(store, code: str = WEST, *successors: str):
    """End an area, with the codes that took its place."""
    ended = {"code": code, "name": "旧地", "valid_to": "2026-11-12"}
    bring_areas(store, ended | {"successors": list(successors)})


def merge_west(store):
    """End WEST; by the new lines EAST holds the whole county."""
    end(store, WEST, EAST)
    bring_areas(store, {"code": EAST, "name": "东乡", "shape": shapely.box(100.1, 38.55, 100.87, 39.4)})


def put(store, at=BESIDE, **named) -> Site:
    with store.write() as session:
        return a_site(session, at=at, number=f"P-990101100-{next(NUMBERS):04d}", **named)


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
            (one.why, one.township_code, one.target) for one in compare_sites(session).found if not one.stands
        ]


def kept(store) -> int:
    with store.read() as session:
        return sum(one.stands for one in compare_sites(session).found)


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


def test_a_county_in_order_has_no_differences(sqlite_county):
    put(sqlite_county)
    put(sqlite_county, IN_EAST)
    assert differing(sqlite_county) == []


def test_a_site_that_a_newer_line_passed_over_differs_and_is_not_moved(county):
    site = put(county)
    put(county, IN_WEST)
    draw(county, 100.48)
    assert differing(county) == [(Why.LINE, WEST, EAST)]
    with county.read() as session:
        assert session.get(Site, site.pk).township_code == WEST


def test_a_new_name_or_a_line_drawn_elsewhere_makes_no_difference(sqlite_county):
    put(sqlite_county)
    draw(sqlite_county, 100.5, west="西关镇")
    draw(sqlite_county, 100.495)
    assert differing(sqlite_county) == []


@pytest.mark.parametrize("status", [SiteStatus.RETIRED, SiteStatus.REFUSED])
def test_what_is_no_longer_in_the_register_is_not_compared(sqlite_county, status):
    put(sqlite_county, status=status)
    draw(sqlite_county, 100.48)
    assert differing(sqlite_county) == []


def test_an_ended_township_names_its_successor_where_no_boundary_tells_it(county):
    put(county, IN_WEST)
    end(county, WEST, EAST)
    assert differing(county) == [(Why.ENDED, WEST, EAST)]


def test_of_an_ended_township_the_boundaries_decide_before_the_successors(sqlite_county):
    put(sqlite_county, IN_WEST)
    bring_areas(sqlite_county, {"code": NEW, "name": "南乡", "shape": shapely.box(100.1, 38.55, 100.5, 39.4)})
    end(sqlite_county, WEST, EAST)
    assert differing(sqlite_county) == [(Why.ENDED, WEST, NEW)]


def test_successors_that_ended_themselves_lead_on_to_those_of_today(sqlite_county):
    put(sqlite_county, IN_WEST)
    with sqlite_county.write() as session:
        west = session.scalars(select(Area).where(Area.code == WEST)).one()
        west.valid_to, west.successors = date(2025, 1, 1), [NEW]
        between = {"level": AreaLevel.TOWNSHIP, "name": "南乡", "valid_from": date(2025, 1, 1)}
        session.add(Area(code=NEW, valid_to=date(2026, 1, 1), successors=[EAST, WEST], **between))
    assert differing(sqlite_county) == [(Why.ENDED, WEST, EAST)]


def test_a_site_of_the_county_as_a_whole_differs_once_there_are_townships(sqlite_county):
    put(sqlite_county, township_code="990101000000")
    assert differing(sqlite_county) == [(Why.COUNTY, "990101000000", WEST)]


def test_a_site_outside_every_township_differs_unless_it_lies_beside_its_own(sqlite_county):
    put(sqlite_county, (100.1 - 300 * M, 38.93))
    far = put(sqlite_county, (100.1 - 3000 * M, 38.93))
    with sqlite_county.read() as session:
        found = [one for one in compare_sites(session).found if not one.stands]
    assert [(one.site_id, one.why, one.target) for one in found] == [(far.id, Why.OUTSIDE, "")]


def test_without_boundaries_nothing_is_said_of_where_sites_lie(sqlite_county):
    put(sqlite_county)
    with sqlite_county.write() as session:
        for area in session.scalars(select(Area)):
            area.geometry = None
    assert differing(sqlite_county) == []


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
def test_a_shape_belongs_to_the_township_with_its_largest_part(sqlite_county, shape, why):
    at = shape.representative_point()
    put(sqlite_county, (at.x, at.y), geometry=shape, township_code=WEST)
    draw(sqlite_county, 100.48)
    assert differing(sqlite_county) == ([(why, WEST, EAST)] if why else [])


# What an officer chose


def test_a_township_chosen_with_a_reason_stands_until_a_newer_boundary(county):
    added(county, township_code=EAST, township_reason="归东乡管")
    assert (differing(county), kept(county)) == ([], 1)
    draw(county, 100.495)
    assert (differing(county), kept(county)) == ([(Why.LINE, EAST, WEST)], 0)


def test_a_township_chosen_on_the_line_stands_until_a_newer_boundary(sqlite_county):
    added(sqlite_county, (100.5 - 10 * M, 38.93), township_code=EAST)
    assert (differing(sqlite_county), kept(sqlite_county)) == ([], 1)
    draw(sqlite_county, 100.5 + 5 * M)
    assert (differing(sqlite_county), kept(sqlite_county)) == ([(Why.BORDER, EAST, WEST)], 0)


def test_renaming_a_township_is_no_newer_boundary(sqlite_county):
    draw(sqlite_county, 100.497)
    added(sqlite_county, township_code=EAST, township_reason="归东乡管")
    draw(sqlite_county, 100.497, NOW + timedelta(days=1), west="西关镇", east="东关乡")
    assert (differing(sqlite_county), kept(sqlite_county)) == ([], 1)


def test_a_rough_point_has_a_line_as_wide_as_it_is_accurate(sqlite_county):
    put(sqlite_county, (100.48 + 80 * M, 38.93), loc_accuracy_m=100.0)
    draw(sqlite_county, 100.48)
    assert differing(sqlite_county) == [(Why.BORDER, WEST, EAST)]


def test_a_correction_of_other_facts_is_no_new_choice(sqlite_county):
    site = added(sqlite_county, township_code=EAST, township_reason="归东乡管")
    draw(sqlite_county, 100.495)
    facts = SiteFacts(kind="pond", name="改名塘", subtype="pond", geometry=shapely.Point(BESIDE))
    with sqlite_county.write() as session:
        found = session.get(Site, site.pk)
        sites.correct_site(session, found, facts, row_version=1, by=SUPERVISOR, now=NOW, confirmed=EVERYTHING)
        assert (found.name, found.township_code) == ("改名塘", EAST)
    assert differing(sqlite_county) == [(Why.LINE, EAST, WEST)]


def test_a_village_chosen_by_an_officer_stands_until_its_boundary_is_newer(sqlite_county):
    other = {"code": "990101100202", "name": "苇塘村", "shape": shapely.box(100.43, 38.90, 100.48, 38.96)}
    bring_areas(sqlite_county, other)
    added(sqlite_county, IN_WEST, village_code="990101100202")
    assert (differing(sqlite_county), kept(sqlite_county)) == ([], 1)
    again = {"code": "990101100202", "name": "苇塘村", "shape": shapely.box(100.43, 38.90, 100.47, 38.96)}
    bring_areas(sqlite_county, again)
    with sqlite_county.read() as session:
        (found,) = compare_sites(session).found
    assert (found.why, found.target_village, found.stands) == (Why.VILLAGE, VILLAGE, False)


# Moving and keeping


def test_a_move_takes_township_and_village_and_has_its_entry(county):
    site = put(county, village_code=None, township_reason="从前的理由")
    village = {"code": "990101200201", "name": "界桩村", "shape": shapely.box(100.485, 38.9, 100.52, 38.96)}
    draw(county, 100.48)
    bring_areas(county, village)
    moved = settle(county, moving.move_site, site, EAST)
    assert (moved.township_code, moved.village_code, moved.township_reason) == (EAST, "990101200201", "")
    assert (moved.number, moved.row_version) == (site.number, 2)
    (entry,) = entries(county, "site.township_changed")
    told = ledger.facts_of(entry)
    assert (entry.site_id, told["from"], told["to"], told["version"]) == (site.id, "西镇", "东乡", 2)
    assert (differing(county), kept(county)) == ([], 0)


def test_open_cases_stay_with_the_body_that_answers_for_them(county):
    site = put(county)
    with county.write() as session:
        case = a_case(session, session.get(Site, site.pk))
        before = (case.id, case.body_id, case.township_code, case.state, case.row_version)
    draw(county, 100.48)
    moved = settle(county, moving.move_site, site, EAST)
    assert moved.open_cases == 1
    with county.read() as session:
        case = session.get(Case, before[0])
        assert (case.id, case.body_id, case.township_code, case.state, case.row_version) == before


def test_a_site_that_is_kept_says_why_and_stands_until_a_still_newer_boundary(county):
    site = put(county)
    draw(county, 100.48)
    held = settle(county, moving.keep_site, site, "两镇议定仍归西镇")
    assert (held.township_code, held.township_reason, held.row_version) == (WEST, "两镇议定仍归西镇", 2)
    assert (differing(county), kept(county)) == ([], 1)
    told = ledger.facts_of(entries(county, "site.township_kept")[0])
    assert (told["place"], told["boundaries_say"], told["reason"]) == ("西镇", "东乡", "两镇议定仍归西镇")
    draw(county, 100.47)
    assert (differing(county), kept(county)) == ([(Why.LINE, WEST, EAST)], 0)


def test_a_village_that_is_kept_leaves_the_reason_for_the_township_as_it_was(county):
    other = {"code": "990101100202", "name": "苇塘村", "shape": shapely.box(100.38, 38.90, 100.45, 38.96)}
    smaller = {"code": "990101100201", "name": "柳荫村", "shape": shapely.box(100.37, 38.90, 100.38, 38.96)}
    site = put(county, IN_WEST, village_code=VILLAGE)
    bring_areas(county, other, smaller)
    held = settle(county, moving.keep_site, site, "村里自己定的")
    assert (held.village_code, held.township_reason, held.row_version) == (VILLAGE, "", 2)
    assert (differing(county), kept(county)) == ([], 1)
    assert ledger.facts_of(entries(county, "site.village_kept")[0])["place"] == "柳荫村"


def test_a_move_can_be_taken_back_by_correcting_the_site(county):
    site = put(county, name="界边塘")
    draw(county, 100.48)
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


def test_undoing_the_import_puts_the_sites_moved_since_on_the_list(county):
    site = put(county)
    draw(county, 100.48)
    settle(county, moving.move_site, site, EAST)
    with county.write() as session:
        batch = session.scalars(select(ImportBatch)).one()
        applying.undo_batch(session, batch, reason="界线画错了", by=SYSTEM, now=NOW)
    assert differing(county) == [(Why.LINE, EAST, WEST)]


def test_a_village_of_an_ended_township_is_found_again_by_its_name(county):
    site = put(county, IN_WEST, village_code=VILLAGE)
    end(county, VILLAGE)
    merge_west(county)
    bring_areas(county, {"code": "990101200201", "name": "柳荫村"})
    assert settle(county, moving.move_site, site, EAST).village_code == "990101200201"


def test_where_several_took_its_place_an_officer_chooses(county):
    site = put(county, IN_WEST)
    bring_areas(county, {"code": NEW, "name": "南乡"})
    end(county, WEST, EAST, NEW)
    assert differing(county) == [(Why.ENDED, WEST, "")]
    with county.read() as session:
        compared = compare_sites(session)
        (one,) = compared.found
        assert list_candidates(session, [(one, session.get(Site, one.pk))], compared.boundaries) == {
            one.pk: (EAST, NEW)
        }
    with pytest.raises(TargetUnclear), county.write() as session:
        moving.move_group(session, DifferenceFilters(township=WEST), 1, by=SUPERVISOR, now=NOW)
    assert settle(county, moving.move_site, site, NEW).township_code == NEW


def test_only_what_the_boundaries_offer_can_be_chosen(county):
    site = put(county)
    draw(county, 100.48)
    for to in (WEST, "990101999000", "990101000000", ""):
        with pytest.raises(NotInList):
            settle(county, moving.move_site, site, to)


def test_a_site_on_the_line_may_go_to_either_side_of_it(county):
    put(county, (100.48 + 10 * M, 38.93))
    draw(county, 100.48)
    with county.read() as session:
        compared = compare_sites(session)
        (one,) = compared.found
        assert list_candidates(session, [(one, session.get(Site, one.pk))], compared.boundaries)[one.pk] == (
            EAST,
        )


@pytest.mark.parametrize(
    ("reason", "error"), [("", ReasonMissing), (" 啊 ", ReasonMissing), ("长" * 201, TextTooLong)]
)
def test_keeping_needs_a_reason_that_fits(county, reason, error):
    site = put(county)
    draw(county, 100.48)
    with pytest.raises(error):
        settle(county, moving.keep_site, site, reason)


def test_nothing_stays_in_a_township_that_has_ended(county):
    site = put(county, IN_WEST)
    merge_west(county)
    with pytest.raises(CannotStay, match="西镇"):
        settle(county, moving.keep_site, site, "还归西镇")


def test_a_site_that_somebody_corrected_meanwhile_is_looked_at_again(county):
    site = put(county)
    draw(county, 100.48)
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


def test_a_group_is_moved_whole_with_an_entry_for_each_site(county):
    for step in range(5):
        put(county, (100.485 + step / 1000, 38.93))
    put(county, (100.4855, 38.95), kind=Kind.STRAW)
    draw(county, 100.48)
    with county.write() as session:
        filters = DifferenceFilters(township=WEST, target=EAST, kind="pond")
        assert moving.move_group(session, filters, 5, by=SUPERVISOR, now=NOW) == 5
    assert differing(county) == [(Why.LINE, WEST, EAST)]
    told = [ledger.facts_of(entry) for entry in entries(county, "site.township_changed")]
    assert [one["version"] for one in told] == [2] * 5
    with county.read() as session:
        assert set(session.scalars(select(Site.township_code).where(Site.kind == Kind.POND))) == {EAST}


def test_a_group_is_kept_whole_with_one_reason(county):
    for step in range(3):
        put(county, (100.485 + step / 1000, 38.93))
    draw(county, 100.48)
    with county.write() as session:
        assert moving.keep_group(session, DifferenceFilters(), "两镇议定", 3, by=SUPERVISOR, now=NOW) == 3
    assert (differing(county), kept(county)) == ([], 3)
    assert len(entries(county, "site.township_kept")) == 3


def test_a_group_that_is_not_what_the_officer_saw_is_left_alone(county):
    put(county)
    draw(county, 100.48)
    for seen in (0, 2):
        with pytest.raises(DifferencesChanged), county.write() as session:
            moving.move_group(session, DifferenceFilters(), seen, by=SUPERVISOR, now=NOW)
    assert len(differing(county)) == 1


# Who


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.LEADER])
def test_who_corrects_no_sites_moves_none(county, role):
    site = put(county)
    draw(county, 100.48)
    with pytest.raises(NotAllowed):
        settle(county, moving.move_site, site, EAST, by=Actor(None, "某", role))


def test_a_township_sees_and_keeps_its_own_but_gives_nothing_away(county):
    site = put(county)
    other = put(county, (100.475, 38.93), township_code=EAST)
    draw(county, 100.48)
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


def test_a_department_decides_on_its_kinds_only(county):
    put(county)
    straw = put(county, (100.485, 38.93), kind=Kind.STRAW)
    draw(county, 100.48)
    with county.write() as session:
        assert moving.move_group(session, DifferenceFilters(), 1, by=POND_OFFICE, now=NOW) == 1
    with county.read() as session:
        assert [one.site_id for one in compare_sites(session).found] == [straw.id]


# The list


def test_the_list_is_grouped_narrowed_and_in_pages(county):
    with county.write() as session:
        for step in range(60):
            a_site(session, at=(100.481 + step / 10_000, 38.93), number=f"P-990101100-{step:04d}")
        a_site(session, Kind.STRAW, at=(100.47, 38.93), township_code=EAST)
    draw(county, 100.48)
    with county.read() as session:
        page = list_differences(session, SUPERVISOR, DifferenceFilters(page=9))
        assert (page.total, page.open, page.kept, page.page, len(page.items)) == (61, 61, 0, 2, 11)
        groups = [(one.township_code, one.target, one.why, one.count) for one in page.groups]
        assert groups == [(WEST, EAST, Why.LINE, 60), (EAST, WEST, Why.LINE, 1)]
        for filters in (DifferenceFilters(kind="straw"), DifferenceFilters(township=EAST, target=WEST)):
            assert list_differences(session, SUPERVISOR, filters).total == 1
        assert list_differences(session, SUPERVISOR, DifferenceFilters(why="border")).total == 0


def test_what_is_kept_in_memory_follows_every_change(county):
    def counted() -> int:
        with county.read() as session:
            return count_differences(session, SUPERVISOR)

    assert counted() == 0
    first = put(county)
    assert counted() == 0
    draw(county, 100.48)
    assert counted() == 1
    put(county, (100.485, 38.93))
    assert counted() == 2
    settle(county, moving.move_site, first, EAST)
    assert counted() == 1
    with county.write() as session:
        ledger.append(session, SYSTEM, "visit.logged", "visit", first.id, at=NOW)
    assert counted() == 1
    draw(county, 100.49, now=NOW + timedelta(days=1))
    assert counted() == 1


def test_only_what_the_ledger_tells_of_is_compared_again(county, monkeypatch):
    again = []

    def noted(session, site_ids=None):
        again.append(site_ids)
        return compare_sites(session, site_ids)

    monkeypatch.setattr("inspections.areas.known.compare_sites", noted)
    first, second = put(county), put(county, (100.485, 38.93))
    draw(county, 100.48)
    for _ in range(2):
        with county.read() as session:
            assert count_differences(session, SUPERVISOR) == 2
    settle(county, moving.keep_site, second, "归西镇")
    added(county, (100.482, 38.93), township_code=WEST, township_reason="归西镇")
    with county.read() as session:
        assert count_differences(session, SUPERVISOR) == 1
        page = list_differences(session, SUPERVISOR, DifferenceFilters())
        assert ([one.site_id for one in page.items], page.kept) == ([first.id], 2)
    assert [None if ids is None else len(ids) for ids in again] == [None, 2]
