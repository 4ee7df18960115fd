"""Registers from files: what is taken, what is refused and why; nothing comes in by half."""

from __future__ import annotations

import hashlib
import json

import pytest
import shapely
from sqlalchemy import func, select

from geo.coordinates import wgs84_to_gcj02
from geo.errors import GeoError
from geo.shapes import distance_m, to_geojson
from inspections import areas, ledger
from inspections.imports.batches import AlreadyImported
from inspections.imports.opening import ColumnsMissing
from inspections.models import ImportBatch, ImportRow, LedgerEntry, Operator, Site
from inspections.permissions import Actor
from inspections.terms import ImportState, SiteStatus
from tests.factories import COUNTY, EAST, VILLAGE, WEST, a_site
from tests.imports import HEADING, a_file, areas_file, check, codes, counts, take

COUNTY_BOX = shapely.box(100.1, 38.55, 100.87, 39.4)
EDGE = 100.5  # between 西镇 and 东乡


def test_a_register_becomes_active_sites_with_numbers_township_and_village(county, tmp_path, now):
    path = a_file(
        tmp_path,
        HEADING
        + "7,柳荫塘,西镇,柳荫村,100.40,38.93,6.5,张三,13800000000,雨后积水\n8,东塘,,,100.60,38.93,,,,\n",
    )
    report = take(county, path, now)
    assert counts(report) == (2, 2, 0, 0)
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
    path = a_file(tmp_path, HEADING + "1,柳荫塘,,,100.40,38.93,,张三,13800000000,\n")
    outcome = take(county, path, now)
    with county.read() as session:
        ledger.verify(session)
        batch = session.scalars(select(ImportBatch)).one()
        first, second = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number))
        assert (first.action, first.subject_id) == ("sites.imported", str(batch.id))
        assert ledger.facts_of(first)["report_sha256"] == hashlib.sha256(outcome.report(str)).hexdigest()
        assert second.action == "site.imported"
        operator = session.scalar(select(Operator))
        assert ledger.facts_of(second)["operator"][0] == ledger.seal(operator.salt, "张三")
        assert "张三" not in second.facts
        site = session.scalars(select(Site)).one()
        assert (site.import_id, batch.state, batch.kind) == (batch.id, ImportState.APPLIED, "pond")
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


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
    report = check(sqlite_county, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,38.93,100.40\n"))
    assert (None, "import.put_right") in codes(report, "note")


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
        ("柳荫塘,621397,4311672", "import.which_reading", "经度"),
        ("柳荫塘,104.40,38.93", "geo.out_of_county", "经度"),
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_alone(sqlite_county, tmp_path, now, row, code, column):
    path = a_file(tmp_path, f"名称,经度,纬度\n{row}\n好的塘,100.41,38.93\n")
    report = take(sqlite_county, path, now)
    [refused] = [message for message in report.messages if message.level == "error"]
    assert (refused.number, refused.column, refused.error.code) == (2, column, code)
    assert counts(report) == (2, 1, 0, 1)
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
    report = check(sqlite_county, a_file(tmp_path, "名称,乡镇,经度,纬度\n柳荫塘,东乡,100.40,38.93\n"))
    assert codes(report, "warning") == [(2, "import.township_differs")]
    [said] = [message for message in report.messages if message.error.code == "import.township_differs"]
    assert (said.column, said.cell) == ("乡镇", "东乡")


def test_a_row_just_outside_needs_a_named_township(sqlite_county, tmp_path):
    text = "名称,乡镇,经度,纬度\n河边塘,,100.0988,38.93\n河边大塘,西镇,100.0988,38.95\n"
    report = check(sqlite_county, a_file(tmp_path, text))
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
    assert counts(report)[1:3] == (5, 3)


def test_a_thousand_rows_on_one_spot_are_each_said_once(sqlite_county, tmp_path):
    text = "名称,经度,纬度\n" + "".join(f"塘{row:04d},100.40,38.93\n" for row in range(1000))
    report = check(sqlite_county, a_file(tmp_path, text))
    assert counts(report)[1:3] == (1000, 999)


def test_another_kind_at_the_same_place_is_no_double(sqlite_county, tmp_path):
    with sqlite_county.write() as session:
        a_site(session, at=(100.40, 38.93))
    report = check(sqlite_county, a_file(tmp_path, "名称,经度,纬度\n地块一,100.40,38.93\n"), "straw")
    assert report.tally.warned == 0


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
    report = check(sqlite_county, a_file(tmp_path, json.dumps(feature), "bow.geojson"))
    assert codes(report, "error") == [(1, "import.repair_proposed")]
    assert "100.405" in str(report.messages[-1].error)


def test_a_shape_over_a_township_line_needs_a_named_township(sqlite_county, tmp_path, now):
    across = to_geojson(shapely.box(EDGE - 0.001, 38.93, EDGE + 0.001, 38.931))
    features = [
        {"type": "Feature", "properties": {"name": name, "乡镇": township}, "geometry": across}
        for name, township in (("跨界塘", ""), ("东乡大塘", "东乡"))
    ]
    path = a_file(tmp_path, json.dumps({"type": "FeatureCollection", "features": features}), "ponds.geojson")
    assert codes(take(sqlite_county, path, now), "error") == [(1, "import.township_needed")]
    with sqlite_county.read() as session:
        assert list(session.scalars(select(Site.township_code))) == [EAST]


def test_unknown_columns_are_noted_and_labels_of_subtypes_known(sqlite_county, tmp_path, now):
    text = "名称,子类,经度,纬度,acq_date\n引水渠,沟渠,100.40,38.93,5/26/17\n怪塘,什么,100.41,38.93,\n"
    outcome = take(sqlite_county, a_file(tmp_path, text), now)
    assert codes(outcome, "note") == [(None, "import.column_ignored")]
    assert codes(outcome, "error") == [(3, "import.unknown_word")]
    with sqlite_county.read() as session:
        assert list(session.scalars(select(Site.subtype))) == ["ditch"]


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
    take(store, areas_file(tmp_path, county), now, subject="areas")
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


def test_a_file_of_refused_rows_only_is_not_applied(sqlite_county, tmp_path, now):
    outcome = take(sqlite_county, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,,\n"), now)
    assert not outcome.applied
    with sqlite_county.read() as session:
        assert session.scalars(select(ImportBatch.state)).one() is ImportState.GIVEN_UP
        assert ledger.count(session) == 0
    assert list((tmp_path / "data" / "imports").iterdir()) == []


def test_an_error_while_applying_leaves_nothing_behind(county, tmp_path, now):
    with county.write() as session:
        a_site(session, number="P-990101100-0001")  # the number the import is about to give
    with pytest.raises(Exception, match="exists already"):
        take(county, a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.42,38.93\n"), now)
    with county.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 1
        assert ledger.count(session) == 0
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0
    assert list((tmp_path / "data" / "imports").iterdir()) == []


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
    report = check(sqlite_county, a_file(tmp_path, text), by=clerk)
    assert codes(report, "error") == [(3, "import.outside_scope")]


def test_the_report_has_the_agreed_shape(sqlite_county, tmp_path):
    path = a_file(tmp_path, "名称,经度,纬度\n柳荫塘,,\n")
    report = json.loads(check(sqlite_county, path).report(str))
    assert list(report) == ["file", "sha256", "encoding", "crs", "rows", "messages"]
    assert report["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report["rows"] == {"read": 1, "accepted": 0, "warned": 0, "refused": 1}
    [message] = report["messages"]
    assert list(message) == ["sheet", "row", "column", "level", "code", "message"]
    assert (message["row"], message["level"], message["code"]) == (2, "error", "import.position_missing")
