"""Areas through time: names and boundaries of a day, what changed from one version to the next."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import shapely
from sqlalchemy import select

from inspections import areas
from inspections.areas.versions import Change, compare_versions, find_areas, list_day, read_history
from inspections.errors import NotFound
from inspections.models import Area, Site
from inspections.permissions import SYSTEM, Actor
from inspections.search import site_matches
from inspections.sites.records import read_place, read_record
from inspections.terms import Role
from tests.factories import COUNTY, EAST, IN_EAST, IN_WEST, NOW, VILLAGE, WEST, a_site
from tests.imports import bring_areas

WEST_BOX = shapely.box(100.1, 38.55, 100.5, 39.4)
WEST_CLERK = Actor(None, "西镇经办", Role.TOWNSHIP, areas=frozenset({WEST}))
BEFORE, TODAY = date(2025, 1, 1), date(2026, 11, 12)


def rename(store, name: str = "西关镇", **named):
    bring_areas(store, {"code": WEST, "name": name} | named, now=NOW)


def version(**named) -> Area:
    facts = {"name": "西镇", "category": "镇", "parent_code": COUNTY, "geometry": WEST_BOX}
    return Area(**(facts | {"valid_from": date(2020, 1, 1), "successors": []} | named))


# What changed


@pytest.mark.parametrize(
    ("older", "newer", "change"),
    [
        ({}, {"name": "西关镇"}, Change("renamed", "西镇", "西关镇")),
        ({}, {"category": "街道"}, Change("recategorised", "镇", "街道")),
        ({}, {"parent_code": "990102000000"}, Change("put_under", COUNTY, "990102000000")),
        (
            {"valid_to": date(2021, 1, 1)},
            {"valid_from": date(2022, 1, 1)},
            Change("resumed", date(2021, 1, 1), date(2022, 1, 1)),
        ),
    ],
)
def test_each_change_is_told_with_both_sides(older, newer, change):
    assert compare_versions(version(**older), version(**newer)) == [change]


def test_a_redrawn_boundary_is_told_in_square_metres():
    half = shapely.box(100.1, 38.55, 100.3, 39.4)
    (change,) = compare_versions(version(), version(geometry=half))
    assert (change.what, change.before / change.after) == ("redrawn", pytest.approx(2.0))
    (drawn,) = compare_versions(version(geometry=None), version())
    assert (drawn.what, drawn.before) == ("drawn", None)
    (undrawn,) = compare_versions(version(), version(geometry=None))
    assert (undrawn.what, undrawn.after) == ("undrawn", None)


def test_a_first_version_begins_and_one_that_is_the_same_tells_nothing():
    assert compare_versions(None, version()) == [Change("begun", None, date(2020, 1, 1))]
    assert compare_versions(version(), version(source="民政局")) == []


def test_a_history_tells_who_brought_each_version_and_what_it_replaced(county):
    by = Actor(None, "韩志", Role.ADMIN)
    bring_areas(county, {"code": WEST, "name": "西关镇", "shape": WEST_BOX}, now=NOW, by=by)
    with county.read() as session:
        history = read_history(session, WEST, SYSTEM)
    newest, first = history.versions
    assert (newest.area.name, newest.brought.actor_name, first.brought) == ("西关镇", "韩志", None)
    assert [change.what for change in newest.changes] == ["renamed"]
    assert first.area_m2 == pytest.approx(newest.area_m2)
    assert history.redrawn is None


def test_an_ended_area_leads_to_its_successor_and_back(county):
    bring_areas(county, {"code": WEST, "name": "西镇", "valid_to": "2026-11-12", "successors": [EAST]})
    with county.read() as session:
        ended, heir = read_history(session, WEST, SYSTEM), read_history(session, EAST, SYSTEM)
    assert (ended.newest.successors, ended.names[EAST]) == ([EAST], "东乡")
    assert ended.versions[0].ended is not None
    assert [area.code for area in heir.predecessors] == [WEST]


def test_a_code_that_no_area_ever_had_is_not_found(sqlite_county):
    with pytest.raises(NotFound), sqlite_county.read() as session:
        read_history(session, "990101999000", SYSTEM)


# Lists


def test_the_list_of_a_day_has_the_names_and_dates_of_that_day(county):
    rename(county)
    with county.read() as session:
        for on, name in ((None, "西关镇"), (TODAY, "西关镇"), (BEFORE, "西镇")):
            whole, west, east = list_day(session, SYSTEM, on=on)
            assert [one.area.code for one in (whole, west, east)] == [COUNTY, WEST, EAST]
            assert (west.area.name, west.villages, east.villages) == (name, 1, 0)
        assert list_day(session, SYSTEM, on=date(2019, 12, 31)) == []
        assert [one.area.code for one in list_day(session, SYSTEM, parent=WEST)] == [VILLAGE]


def test_sites_are_counted_within_the_officers_scope(county):
    with county.write() as session:
        a_site(session, at=IN_WEST, village_code=VILLAGE)
        a_site(session, at=IN_EAST)
    with county.read() as session:
        assert [one.sites for one in list_day(session, SYSTEM)] == [None, 1, 1]
        assert [one.sites for one in list_day(session, WEST_CLERK)] == [None, 1, 0]
        assert [one.sites for one in list_day(session, SYSTEM, parent=WEST)] == [1]


def test_an_area_is_found_by_its_earlier_name_and_by_its_code(county):
    rename(county)
    with county.read() as session:
        for words in ("西镇", "9901011000"):
            found = find_areas(session, SYSTEM, words)
            assert "西镇" in {one.area.name for one in found}
        assert [one.area.name for one in find_areas(session, SYSTEM, "西")] == ["西关镇", "西镇"]
        assert find_areas(session, SYSTEM, "西", on=BEFORE)[0].area.name == "西镇"
        assert find_areas(session, SYSTEM, "50%") == []


# Old records


def test_names_are_those_of_the_day_and_what_ended_keeps_its_last(county):
    rename(county)
    bring_areas(county, {"code": EAST, "name": "东乡", "valid_to": "2026-11-12"})
    with county.read() as session:
        assert areas.area_names(session)[WEST] == "西关镇"
        assert areas.area_names(session)[EAST] == "东乡"
        assert areas.area_names(session, on=BEFORE)[WEST] == "西镇"
        assert areas.area_names(session, on=date(2019, 1, 1))[WEST] == "西镇"


def test_a_record_says_where_a_site_belonged_then_and_now(county):
    with county.write() as session:
        site = a_site(session, at=IN_WEST, village_code=VILLAGE)
    rename(county)
    with county.read() as session:
        site = session.get(Site, site.pk)
        then = read_place(session, site, datetime(2025, 3, 1, tzinfo=UTC))
        assert (then.township, then.village, then.now) == ("西镇", "柳荫村", "西关镇 柳荫村")
        assert read_place(session, site, NOW).now == ""


def test_the_page_of_a_site_names_a_township_that_has_ended(county):
    with county.write() as session:
        site = a_site(session, at=IN_WEST, village_code=VILLAGE)
    bring_areas(county, {"code": WEST, "name": "西镇", "valid_to": "2026-11-12"})
    with county.read() as session:
        record = read_record(session, site.id, SYSTEM)
    assert (record.township_name, record.village_name) == ("西镇", "柳荫村")


def test_a_former_name_finds_the_sites_of_an_area(county):
    with county.write() as session:
        site = a_site(session, at=IN_WEST)
        a_site(session, at=IN_EAST)
    rename(county)
    with county.read() as session:
        for words in ("西镇", "西关镇"):
            assert session.scalars(select(Site.pk).where(site_matches(session, words))).all() == [site.pk]
