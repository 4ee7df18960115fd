"""Areas and registers from files: what is taken, what is refused and why; nothing comes in by half."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import func, select

from geo.coordinates import wgs84_to_gcj02
from geo.errors import GeoError
from geo.shapes import distance_m, to_geojson
from inspections import areas, ledger
from inspections.imports import AlreadyImported, ColumnsMissing, NothingAccepted, Report
from inspections.imports.areas import CountyDiffers, NoCountyNamed, apply_areas, check_areas
from inspections.imports.layers import read_layer
from inspections.imports.sites import apply_sites, check_sites
from inspections.models import Area, ImportBatch, LedgerEntry, Operator, Site
from inspections.permissions import SYSTEM, Actor
from inspections.store import Store
from inspections.terms import AreaLevel, SiteStatus
from tests.factories import COUNTY, EAST, VILLAGE, WEST, a_county, a_site

BOW_TIE = shapely.Polygon([(100.4, 38.9), (100.41, 38.91), (100.41, 38.9), (100.4, 38.91)])
LINE = shapely.LineString([(100, 38), (101, 39)])
COUNTY_BOX = shapely.box(100.1, 38.55, 100.87, 39.4)
EDGE = 100.5  # between 西镇 and 东乡
HEADING = "编号,点位名称,乡镇,村,经度,纬度,面积（亩）,责任人,联系电话,备注\n"


def a_file(folder: Path, text: str | bytes, name: str = "register.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def check(store: Store, path: Path, kind: str = "pond", *, crs: str | None = None, by: Actor = SYSTEM):
    layer = read_layer(path, crs=crs)
    with store.read() as session:
        return check_sites(session, layer, kind, file_name=path.name, by=by)


def take(store: Store, path: Path, now, kind: str = "pond", *, crs: str | None = None) -> Report:
    checked = check(store, path, kind, crs=crs)
    with store.write() as session:
        apply_sites(session, checked, written=checked.report.written(str), by=SYSTEM, now=now)
    return checked.report


def codes(report: Report, level: str) -> list[tuple[int | None, str]]:
    return [(message.row, message.error.code) for message in report.in_order() if message.level == level]


def areas_file(folder: Path, *features: tuple[dict, object], name: str = "areas.geojson") -> Path:
    collection = [
        {"type": "Feature", "properties": properties, "geometry": shape and to_geojson(shape)}
        for properties, shape in features
    ]
    return a_file(folder, json.dumps({"type": "FeatureCollection", "features": collection}), name)


def check_file_of_areas(store: Store, path: Path, *, crs: str | None = None, county_code: str = ""):
    layer = read_layer(path, crs=crs)
    with store.read() as session:
        return check_areas(session, layer, file_name=path.name, by=SYSTEM, county_code=county_code)


def take_areas(store: Store, path: Path, now, **how) -> Report:
    checked = check_file_of_areas(store, path, **how)
    with store.write() as session:
        apply_areas(session, checked, written=checked.report.written(str), by=SYSTEM, now=now)
    return checked.report


@pytest.fixture
def county(store: Store) -> Store:
    with store.write() as session:
        a_county(session)
    return store


@pytest.fixture
def sqlite_county(sqlite_store: Store) -> Store:
    """For what no database decides: how a file is read and judged."""
    with sqlite_store.write() as session:
        a_county(session)
    return sqlite_store


# Registers


def test_a_register_becomes_active_sites_with_numbers_township_and_village(county, tmp_path, now):
    path = a_file(
        tmp_path,
        HEADING
        + "7,柳荫塘,西镇,柳荫村,100.40,38.93,6.5,张三,13800000000,雨后积水\n8,东塘,,,100.60,38.93,,,,\n",
    )
    report = take(county, path, now)
    assert (report.read, report.accepted, report.warned, report.refused) == (2, 2, 0, 0)
    with county.read() as session:
        west, east = session.scalars(select(Site).order_by(Site.number))
        assert (west.number, west.township_code, west.village_code) == ("P-990101100-0001", WEST, VILLAGE)
        assert (east.number, east.township_code) == ("P-990101200-0001", EAST)
        assert (west.status, west.loc_method, west.loc_datum) == (SiteStatus.ACTIVE, "import", "cgcs2000")
        assert (west.lon, west.lat, west.loc_raw) == (100.40, 38.93, "100.40, 38.93")
        assert (west.area_reported_mu, west.source_ref, west.remark) == (6.5, "7", "雨后积水")
        assert (west.operator.name, west.operator.phone) == ("张三", "13800000000")
        assert west.activated_at == now


def test_the_ledger_has_one_entry_for_the_file_and_one_a_site(county, tmp_path, now):
    checked = check(county, a_file(tmp_path, HEADING + "1,柳荫塘,,,100.40,38.93,,张三,13800000000,\n"))
    written = checked.report.written(str)
    with county.write() as session:
        batch = apply_sites(session, checked, written=written, by=SYSTEM, now=now)
    with county.read() as session:
        ledger.verify(session)
        first, second = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number))
        assert (first.action, first.subject_id) == ("sites.imported", str(batch.id))
        assert ledger.facts_of(first)["report_sha256"] == hashlib.sha256(written).hexdigest()
        assert second.action == "site.imported"
        operator = session.scalar(select(Operator))
        assert ledger.facts_of(second)["operator"][0] == ledger.seal(operator.salt, "张三")
        assert "张三" not in second.facts


def test_checking_writes_nothing(sqlite_county, tmp_path):
    check(sqlite_county, a_file(tmp_path, HEADING + "1,柳荫塘,,,100.40,38.93,,,,\n"))
    with sqlite_county.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 0
        assert ledger.count(session) == 0


def test_numbers_go_on_from_the_last_one_given(county, tmp_path, now):
    take(county, a_file(tmp_path, HEADING + "1,柳荫塘,,,100.40,38.93,,,,\n"), now)
    take(county, a_file(tmp_path, HEADING + "1,另一处塘,,,100.41,38.92,,,,\n", "b.csv"), now)
    with county.read() as session:
        numbers = list(session.scalars(select(Site.number).order_by(Site.number)))
    assert numbers == ["P-990101100-0001", "P-990101100-0002"]


@pytest.mark.parametrize(
    ("datum", "crs"), [("gcj02", "GCJ02"), ("gcj02", "gcj-02")], ids=["GCJ02", "other spelling"]
)
def test_shifted_positions_come_back_to_a_metre(sqlite_county, tmp_path, now, datum, crs):
    lon, lat = wgs84_to_gcj02(100.40, 38.93)
    take(sqlite_county, a_file(tmp_path, f"name,lon,lat\n柳荫塘,{lon:.7f},{lat:.7f}\n"), now, crs=crs)
    with sqlite_county.read() as session:
        site = session.scalar(select(Site))
    assert distance_m((100.40, 38.93), shapely.Point(site.lon, site.lat)) < 0.1
    assert (site.loc_datum, site.loc_raw) == (datum, f"{lon:.7f}, {lat:.7f}")


@pytest.mark.parametrize(
    ("heading", "cells", "crs"),
    [
        ("经度,纬度", "38.93,100.45", None),
        ("X,Y", "38.93,100.45", None),
        ("lng,lat", "１００．４５,３８．９３", None),
        ("东经,北纬", "100°27′00″,38°55′48″", None),
        ("坐标", '"100.45, 38.93"', None),
        ("坐标", "38.93，100.45", None),
        ("坐标", "东经100度27分0秒 北纬38度55分48秒", None),
        ("X,Y", "625734.81,4311732.81", "EPSG:4542"),
        ("X,Y", "4311732.81,625734.81", "EPSG:4542"),
        ("坐标", '"625734.81, 4311732.81"', "EPSG:4542"),
    ],
)
def test_positions_are_read_as_people_write_them(sqlite_county, tmp_path, now, heading, cells, crs):
    take(sqlite_county, a_file(tmp_path, f"名称,{heading}\n柳荫塘,{cells}\n"), now, crs=crs)
    with sqlite_county.read() as session:
        site = session.scalar(select(Site))
    assert distance_m((100.45, 38.93), shapely.Point(site.lon, site.lat)) < 1


def test_swapped_columns_are_put_right_and_said(sqlite_county, tmp_path):
    report = check(sqlite_county, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,38.93,100.40\n")).report
    assert (None, "import.swapped") in codes(report, "note")


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("塘,100.40,38.93", "site.name_length", "名称"),
        (",100.40,38.93", "site.name_length", "名称"),
        ("柳荫塘,NaN,38.93", "geo.not_finite", "经度"),
        ("柳荫塘,100.40,Infinity", "geo.not_finite", "经度"),
        ("柳荫塘,,", "import.position_missing", "经度"),
        ("柳荫塘,100.40,", "import.position_missing", "经度"),
        ("柳荫塘,向东,向北", "geo.bad_position", "经度"),
        ("柳荫塘,621397,4311672", "import.needs_crs", "经度"),
        ("柳荫塘,104.40,38.93", "geo.out_of_county", "经度"),
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_alone(sqlite_county, tmp_path, now, row, code, column):
    path = a_file(tmp_path, f"名称,经度,纬度\n{row}\n好的塘,100.41,38.93\n")
    report = take(sqlite_county, path, now)
    [refused] = [message for message in report.messages if message.level == "error"]
    assert (refused.row, refused.column, refused.error.code) == (2, column, code)
    assert (report.read, report.accepted, report.refused) == (2, 1, 1)
    with sqlite_county.read() as session:
        assert list(session.scalars(select(Site.name))) == ["好的塘"]


def test_text_of_any_kind_is_kept_as_text(sqlite_county, tmp_path, now):
    hostile = "<script>alert(1)</script>${7*7}'; DROP TABLE sites; --"
    take(sqlite_county, a_file(tmp_path, f'名称,经度,纬度,备注\n"{hostile}",100.40,38.93,"{hostile}"\n'), now)
    with sqlite_county.read() as session:
        assert session.scalar(select(Site.remark)) == hostile


def test_a_row_by_a_township_line_goes_to_the_township_that_holds_it(sqlite_county, tmp_path, now):
    report = take(sqlite_county, a_file(tmp_path, f"名称,经度,纬度\n界边塘,{EDGE - 0.0002},38.93\n"), now)
    assert codes(report, "warning") == [(2, "import.near_township_line")]
    with sqlite_county.read() as session:
        assert session.scalar(select(Site.township_code)) == WEST


def test_a_row_that_names_another_township_is_warned_of(sqlite_county, tmp_path):
    report = check(sqlite_county, a_file(tmp_path, "名称,乡镇,经度,纬度\n柳荫塘,东乡,100.40,38.93\n")).report
    assert codes(report, "warning") == [(2, "import.township_differs")]


def test_a_row_just_outside_needs_a_named_township(sqlite_county, tmp_path):
    text = "名称,乡镇,经度,纬度\n河边塘,,100.0988,38.93\n河边大塘,西镇,100.0988,38.95\n"
    report = check(sqlite_county, a_file(tmp_path, text)).report
    assert codes(report, "error") == [(2, "import.township_needed")]
    assert codes(report, "warning") == [(3, "import.just_outside")]


def test_possible_doubles_are_taken_with_a_warning(county, tmp_path, now):
    with county.write() as session:
        a_site(session, at=(100.40, 38.93), name="苇塘东塘", village_code=VILLAGE)
    text = (
        "名称,经度,纬度\n近旁塘,100.4001,38.93\n同名塘,100.42,38.95\n同名塘,100.4205,38.9503\n"
        "苇塘东塘,100.41,38.92\n远处塘,100.20,38.70\n"
    )
    report = take(county, a_file(tmp_path, text), now)
    warned = [(row, code) for row, code in codes(report, "warning")]
    assert warned == [(2, "site.near_another"), (4, "import.name_of_earlier_row"), (5, "site.same_name")]
    assert (report.accepted, report.warned) == (5, 3)


def test_a_thousand_rows_on_one_spot_are_each_said_once(sqlite_county, tmp_path):
    text = "名称,经度,纬度\n" + "".join(f"塘{row:04d},100.40,38.93\n" for row in range(1000))
    report = check(sqlite_county, a_file(tmp_path, text)).report
    assert (report.accepted, report.warned) == (1000, 999)


def test_another_kind_at_the_same_place_is_no_double(sqlite_county, tmp_path):
    with sqlite_county.write() as session:
        a_site(session, at=(100.40, 38.93))
    report = check(sqlite_county, a_file(tmp_path, "名称,经度,纬度\n地块一,100.40,38.93\n"), "straw").report
    assert report.warned == 0


def test_polygons_come_with_their_area_and_overlaps_are_warned_of(county, tmp_path, now):
    with county.write() as session:
        shape = shapely.box(100.40, 38.93, 100.401, 38.931)
        a_site(session, at=(100.4005, 38.9305), geometry=shape, area_m2=9_600.0, name="旧大棚")
    features = [
        {
            "type": "Feature",
            "properties": {"name": "苇塘大塘", "面积（亩）": 14.4, "status": "active"},
            "geometry": to_geojson(shapely.box(100.40, 38.93, 100.401, 38.931)),
        }
    ]
    path = a_file(tmp_path, json.dumps({"type": "FeatureCollection", "features": features}), "ponds.geojson")
    report = take(county, path, now)
    assert codes(report, "warning") == [(1, "site.overlaps_another")]
    with county.read() as session:
        site = session.scalar(select(Site).where(Site.name == "苇塘大塘"))
        assert site.area_m2 == pytest.approx(9625, rel=0.01)
        assert site.geometry.geom_type == "Polygon"


def test_a_shape_that_crosses_itself_is_refused_with_the_place(sqlite_county, tmp_path):
    bow_tie = {
        "type": "Polygon",
        "coordinates": [[[100.4, 38.9], [100.41, 38.91], [100.41, 38.9], [100.4, 38.91], [100.4, 38.9]]],
    }
    feature = {"type": "Feature", "properties": {"name": "蝴蝶塘"}, "geometry": bow_tie}
    report = check(sqlite_county, a_file(tmp_path, json.dumps(feature), "bow.geojson")).report
    assert codes(report, "error") == [(1, "geo.self_crossing")]
    assert "100.405" in str(report.messages[-1].error)


def test_a_shape_over_a_township_line_needs_a_named_township(sqlite_county, tmp_path):
    across = to_geojson(shapely.box(EDGE - 0.001, 38.93, EDGE + 0.001, 38.931))
    features = [
        {"type": "Feature", "properties": {"name": name, "乡镇": township}, "geometry": across}
        for name, township in (("跨界塘", ""), ("东乡大塘", "东乡"))
    ]
    path = a_file(tmp_path, json.dumps({"type": "FeatureCollection", "features": features}), "ponds.geojson")
    checked = check(sqlite_county, path)
    assert codes(checked.report, "error") == [(1, "import.township_needed")]
    assert [site.facts.township_code for site in checked.sites] == [EAST]


def test_unknown_columns_are_noted_and_labels_of_subtypes_known(sqlite_county, tmp_path):
    text = "名称,子类,经度,纬度,acq_date\n引水渠,沟渠,100.40,38.93,5/26/17\n怪塘,什么,100.41,38.93,\n"
    checked = check(sqlite_county, a_file(tmp_path, text))
    assert codes(checked.report, "note") == [(None, "import.column_ignored")]
    assert checked.sites[0].facts.subtype == "ditch"
    assert codes(checked.report, "error") == [(3, "import.unknown_subtype")]


def test_rows_of_fires_with_a_name_become_straw_sites(sqlite_county, tmp_path, now):
    text = (
        "latitude,longitude,brightness,acq_date,acq_time,confidence,frp,name\n"
        "38.75501,100.53542,305.88,2022-02-26,0416,54,3.58,二月热点\n"
    )
    take(sqlite_county, a_file(tmp_path, text), now, "straw")
    with sqlite_county.read() as session:
        site = session.scalar(select(Site))
    assert (site.number, site.lon, site.lat) == ("S-990101200-0001", 100.53542, 38.75501)


def test_without_townships_sites_belong_to_the_county_and_it_is_said_once(store, tmp_path, now):
    county = ({"adcode": "990101", "name": "示范县"}, COUNTY_BOX)
    take_areas(store, areas_file(tmp_path, county), now)
    report = take(store, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.40,38.93\n东塘,100.6,38.93\n"), now)
    assert codes(report, "warning") == [(None, "import.no_townships")]
    with store.read() as session:
        assert set(session.scalars(select(Site.township_code))) == {COUNTY}
        assert session.scalar(select(func.min(Site.number))) == "P-990101000-0001"


def test_without_a_county_nothing_can_be_imported(sqlite_store, tmp_path):
    with pytest.raises(areas.NoCounty):
        check(sqlite_store, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.40,38.93\n"))


def test_the_same_file_twice_is_refused_naming_the_first(county, tmp_path, now):
    path = a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.40,38.93\n")
    take(county, path, now)
    with pytest.raises(AlreadyImported, match="2026-11-12 as register.csv: 1 rows"):
        check(county, path)


def test_two_who_checked_the_same_file_do_not_both_apply_it(county, tmp_path, now):
    path = a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.40,38.93\n")
    first, second = check(county, path), check(county, path)
    with county.write() as session:
        apply_sites(session, first, written=b"{}", by=SYSTEM, now=now)
    with pytest.raises(AlreadyImported), county.write() as session:
        apply_sites(session, second, written=b"{}", by=SYSTEM, now=now)
    with county.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 1


def test_a_file_of_refused_rows_only_is_not_applied(sqlite_county, tmp_path, now):
    checked = check(sqlite_county, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,,\n"))
    with pytest.raises(NothingAccepted), sqlite_county.write() as session:
        apply_sites(session, checked, written=b"{}", by=SYSTEM, now=now)
    with sqlite_county.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0


def test_an_error_while_applying_leaves_nothing_behind(county, tmp_path, now):
    checked = check(county, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.40,38.93\n"))
    with county.write() as session:
        a_site(session, number="P-990101100-0001")  # the number the import is about to give
    with pytest.raises(Exception, match="exists already"), county.write() as session:
        apply_sites(session, checked, written=b"{}", by=SYSTEM, now=now)
    with county.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 1
        assert ledger.count(session) == 0
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0


@pytest.mark.parametrize("text", ["名称,备注\n柳荫塘,无\n", "经度,纬度\n100.40,38.93\n"])
def test_a_file_without_the_needed_columns_is_refused_whole(sqlite_county, tmp_path, text):
    with pytest.raises(ColumnsMissing):
        check(sqlite_county, a_file(tmp_path, text))


@pytest.mark.parametrize("crs", ["EPSG:2380", "EPSG:99999", "北京坐标"])
def test_a_coordinate_system_that_cannot_be_read_stops_the_import(sqlite_county, tmp_path, crs):
    with pytest.raises(GeoError):
        check(sqlite_county, a_file(tmp_path, "名称,X,Y\n柳荫塘,621397,4311672\n"), crs=crs)


def test_an_officer_imports_only_into_the_own_township(sqlite_county, tmp_path):
    clerk = Actor(id=None, name="林某", role="township", areas=frozenset({WEST}))
    text = "名称,经度,纬度\n柳荫塘,100.40,38.93\n东塘,100.60,38.93\n"
    report = check(sqlite_county, a_file(tmp_path, text), by=clerk).report
    assert codes(report, "error") == [(3, "import.outside_scope")]


def test_the_report_has_the_agreed_shape(sqlite_county, tmp_path):
    path = a_file(tmp_path, "名称,经度,纬度\n柳荫塘,,\n")
    report = json.loads(check(sqlite_county, path).report.written(str))
    assert list(report) == ["file", "sha256", "encoding", "crs", "rows", "messages"]
    assert report["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report["rows"] == {"read": 1, "accepted": 0, "warned": 0, "refused": 1}
    [message] = report["messages"]
    assert list(message) == ["sheet", "row", "column", "level", "code", "message"]
    assert (message["row"], message["level"], message["code"]) == (2, "error", "import.position_missing")


# Areas

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
    assert (report.read, report.accepted, report.warned, report.refused) == (3, 3, 0, 0)
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
        check_file_of_areas(sqlite_store, path)
    report = take_areas(sqlite_store, path, now, county_code="990101")
    assert (report.read, report.accepted, report.refused) == (2, 1, 0)
    assert codes(report, "note") == [(1, "area.another_county")]


def test_another_county_does_not_come_into_the_same_database(sqlite_county, tmp_path):
    with pytest.raises(CountyDiffers):
        check_file_of_areas(sqlite_county, areas_file(tmp_path, COUNTY_FEATURE), county_code="990102")


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
    report = check_file_of_areas(sqlite_county, areas_file(tmp_path, (properties, shape), good)).report
    assert codes(report, "error") == [(1, code)]
    assert report.accepted == 1


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
    report = check_file_of_areas(sqlite_county, areas_file(tmp_path, greedy)).report
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
