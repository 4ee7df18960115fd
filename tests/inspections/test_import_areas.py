"""Areas from files: county, townships and villages with their dates; a newer boundary moves no site."""

from __future__ import annotations

from datetime import timedelta

import pytest
import shapely
from sqlalchemy import func, select

from geo.coordinates import wgs84_to_gcj02
from geo.shapes import distance_m
from inspections import areas, ledger
from inspections.imports.areas import CountyDiffers, NoCountyNamed
from inspections.models import Area, Site
from inspections.terms import AreaLevel
from tests.factories import COUNTY, EAST, VILLAGE, WEST, a_site
from tests.imports import a_file, areas_file, codes, counts
from tests.imports import check as check_file
from tests.imports import take as take_file

BOW_TIE = shapely.Polygon([(100.4, 38.9), (100.41, 38.91), (100.41, 38.9), (100.4, 38.91)])
LINE = shapely.LineString([(100, 38), (101, 39)])
COUNTY_BOX = shapely.box(100.1, 38.55, 100.87, 39.4)


def take_areas(store, path, now, *, county_code="", **answers):
    profile = {"county": {"code": county_code}} if county_code else {}
    return take_file(store, path, now, subject="areas", profile=profile, **answers)


def check_areas(store, path, *, county_code="", **answers):
    profile = {"county": {"code": county_code}} if county_code else {}
    return check_file(store, path, subject="areas", profile=profile, **answers)


COUNTY_FEATURE = (
    {"code": 990101, "名称": "示范县", "level": "district"},
    COUNTY_BOX,
)
WEST_FEATURE = (
    {"code": "990101100", "名称": "西镇", "category": "镇"},
    shapely.box(100.1, 38.55, 100.5, 39.4),
)
EAST_FEATURE = ({"code": "990101200", "名称": "东乡"}, shapely.box(100.5, 38.55, 100.87, 39.4))


def test_a_county_with_its_townships_comes_from_one_file(store, tmp_path, now):
    features = (EAST_FEATURE, COUNTY_FEATURE, WEST_FEATURE)
    report = take_areas(store, areas_file(tmp_path, *features), now)
    assert counts(report) == (3, 3, 0, 0)
    with store.read() as session:
        county = areas.find_county(session)
        assert (county.code, county.geometry.geom_type) == (COUNTY, "MultiPolygon")
        west, east = areas.list_areas(session, AreaLevel.TOWNSHIP)
        assert (west.code, west.name, west.category, west.parent_code) == (WEST, "西镇", "镇", COUNTY)
        assert (east.code, east.category) == (EAST, "乡")
        assert areas.place(session, shapely.Point(100.4, 38.9)).township_code == WEST
        ledger.verify(session)
        assert ledger.count(session) == 4


def test_shifted_boundaries_are_put_right(sqlite_store, tmp_path, now):
    corners = [(100.1, 38.55), (100.87, 38.55), (100.87, 39.4), (100.1, 39.4)]
    shifted = shapely.Polygon([wgs84_to_gcj02(*corner) for corner in corners])
    take_areas(sqlite_store, areas_file(tmp_path, (COUNTY_FEATURE[0], shifted)), now, crs="GCJ02")
    with sqlite_store.read() as session:
        kept = shapely.get_coordinates(areas.find_county(session).geometry)
    assert max(distance_m(corner, shapely.MultiPoint(kept)) for corner in corners) < 0.1


def test_only_the_county_of_the_profile_is_taken(sqlite_store, tmp_path, now):
    other = ({"code": "990102", "名称": "邻县"}, shapely.box(100.87, 38.55, 101, 39.4))
    path = areas_file(tmp_path, other, COUNTY_FEATURE)
    with pytest.raises(NoCountyNamed):
        check_areas(sqlite_store, path)
    report = take_areas(sqlite_store, path, now, county_code="990101")
    assert counts(report) == (2, 1, 0, 0)
    assert codes(report, "note") == [(1, "area.another_county")]


def test_another_county_does_not_come_into_the_same_database(sqlite_county, tmp_path):
    with pytest.raises(CountyDiffers):
        check_areas(sqlite_county, areas_file(tmp_path, COUNTY_FEATURE), county_code="990102")


@pytest.mark.parametrize(
    ("properties", "shape", "code"),
    [
        ({"code": "99010130", "name": "南镇"}, EAST_FEATURE[1], "area.wrong_code"),
        ({"code": None, "name": "南镇"}, EAST_FEATURE[1], "area.wrong_code"),
        ({"code": "990101300", "name": "南"}, EAST_FEATURE[1], "area.name_length"),
        (
            {"code": "990101300", "name": "南镇", "category": "街道"},
            EAST_FEATURE[1],
            "area.category_mismatch",
        ),
        ({"code": "990101300", "name": "南乡", "parent": "990102"}, EAST_FEATURE[1], "area.parent_mismatch"),
        ({"code": "990101555201", "name": "南村"}, EAST_FEATURE[1], "area.parent_missing"),
        ({"code": "990101300", "name": "南乡"}, None, "geo.empty_geometry"),
        ({"code": "990101300", "name": "南乡"}, LINE, "geo.wrong_geometry_type"),
        ({"code": "990101300", "name": "南乡"}, BOW_TIE, "geo.self_crossing"),
    ],
)
def test_an_area_that_cannot_be_taken_is_refused_alone(sqlite_county, tmp_path, properties, shape, code):
    good = ({"code": "990101100202", "name": "苇塘村"}, shapely.Point(100.45, 38.93))
    report = check_areas(sqlite_county, areas_file(tmp_path, (properties, shape), good))
    assert codes(report, "error") == [(1, code)]
    assert report.tally.accepted == 1


def test_a_small_knot_in_a_boundary_is_repaired_with_a_warning(sqlite_store, tmp_path, now):
    around = [(100.1, 38.55), (100.87, 38.55), (100.87, 39.4)]
    knot = [(100.5, 39.4), (100.501, 39.401), (100.5, 39.401), (100.501, 39.4)]
    shape = shapely.Polygon([*around, *knot, (100.1, 39.4)])
    report = take_areas(sqlite_store, areas_file(tmp_path, (COUNTY_FEATURE[0], shape)), now)
    assert codes(report, "warning") == [(1, "area.repaired")]
    with sqlite_store.read() as session:
        assert shapely.is_valid(areas.find_county(session).geometry)


def test_townships_that_overlap_or_reach_out_are_warned_of(sqlite_county, tmp_path):
    greedy = ({"code": "990101200", "name": "东乡"}, shapely.box(100.45, 38.55, 100.9, 39.4))
    report = check_areas(sqlite_county, areas_file(tmp_path, greedy))
    assert {code for _, code in codes(report, "warning")} == {"area.siblings_overlap", "area.reaches_out"}


def test_a_newer_boundary_ends_the_older_and_moves_no_site(county, tmp_path, now):
    with county.write() as session:
        a_site(session, at=(100.49, 38.93), name="界边塘")
    moved = ({"code": "990101200", "name": "东乡"}, shapely.box(100.48, 38.55, 100.87, 39.4))
    less = ({"code": "990101100", "name": "西镇"}, shapely.box(100.1, 38.55, 100.48, 39.4))
    report = take_areas(county, areas_file(tmp_path, moved, less), now)
    assert codes(report, "warning") == [(None, "area.sites_differ")]
    with county.read() as session:
        rows = list(session.scalars(select(Area).where(Area.code == WEST).order_by(Area.valid_from)))
        assert [row.valid_to for row in rows] == [rows[1].valid_from, None]
        assert session.scalar(select(Site.township_code)) == WEST
        assert areas.place(session, shapely.Point(100.49, 38.93)).township_code == EAST


def test_a_boundary_redrawn_twice_in_a_day_keeps_the_last(county, tmp_path, now):
    for edge in (100.47, 100.48):
        west = ({"code": "990101100", "name": "西镇"}, shapely.box(100.1, 38.55, edge, 39.4))
        east = ({"code": "990101200", "name": "东乡"}, shapely.box(edge, 38.55, 100.87, 39.4))
        take_areas(county, areas_file(tmp_path, west, east), now)
    with county.read() as session:
        assert areas.place(session, shapely.Point(100.475, 38.93)).township_code == WEST
        assert session.scalar(select(func.count()).select_from(Area).where(Area.code == WEST)) == 2


def test_what_did_not_change_is_left_as_it_is(county, tmp_path, now):
    shape = shapely.MultiPolygon([shapely.box(100.1, 38.55, 100.5, 39.4)])
    west = ({"code": "990101100", "name": "西镇", "category": "镇"}, shape)
    take_areas(county, areas_file(tmp_path, west), now)
    later = areas_file(tmp_path, west, COUNTY_FEATURE, name="later.geojson")
    report = take_areas(county, later, now + timedelta(days=3))
    assert (1, "area.unchanged") in codes(report, "note")
    with county.read() as session:
        assert session.scalar(select(func.count()).select_from(Area).where(Area.code == WEST)) == 2


def test_a_village_is_ended_after_the_township_it_belonged_to(county, tmp_path, now):
    first = f"代码,名称,撤销日期,继任代码\n{WEST},西镇,2026-11-01,{EAST}\n"
    assert counts(take_areas(county, a_file(tmp_path, first, "townships.csv"), now)) == (1, 1, 0, 0)
    later = f"代码,名称,撤销日期\n{VILLAGE},柳荫村,2026-11-01\n"
    assert counts(take_areas(county, a_file(tmp_path, later, "villages.csv"), now)) == (1, 1, 0, 0)
    with county.read() as session:
        assert areas.list_areas(session, AreaLevel.VILLAGE) == []


def test_a_village_of_a_township_that_has_ended_cannot_be_added(sqlite_county, tmp_path, now):
    first = f"代码,名称,撤销日期,继任代码\n{WEST},西镇,2026-11-01,{EAST}\n"
    take_areas(sqlite_county, a_file(tmp_path, first, "townships.csv"), now)
    later = f"代码,名称\n{WEST[:9]}299,新柳村\n"
    report = take_areas(sqlite_county, a_file(tmp_path, later, "villages.csv"), now)
    assert codes(report, "error") == [(2, "area.parent_missing")]
