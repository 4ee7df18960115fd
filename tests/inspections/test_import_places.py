"""Where rows lie: every notation and grid, each row by itself, by the county and by what is declared."""

from __future__ import annotations

import io
import zipfile

import pytest
import shapely
from pyproj import Transformer

from geo.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from geo.errors import NoTransformation
from geo.shapes import distance_m
from inspections.imports.places import WhichReading
from tests.factories import EAST, WEST, a_site
from tests.geo.shapefiles import write_shapefile
from tests.imports import a_file, check, codes, counts, facts_of, take

AT = (100.45, 38.93)
NEAR = [(100.20 + 0.01 * step, 38.93) for step in range(60)]


def metres(code: int, at: tuple[float, float] = AT) -> tuple[float, float]:
    """Easting and northing of a place in a grid."""
    return Transformer.from_crs(4490, code, always_xy=True).transform(*at)


def text_of(*rows: tuple[object, object], heading: str = "名称,经度,纬度") -> str:
    """A register of sites far apart by their names, each with two cells."""
    return f"{heading}\n" + "".join(f'{at:02}号塘,"{x}","{y}"\n' for at, (x, y) in enumerate(rows, start=1))


def away_m(store) -> dict[str, float]:
    """How far each site lies from where all of them belong."""
    return {name: distance_m(AT, shapely.Point(at)) for name, at in facts_of(store, "lon", "lat").items()}


def test_every_row_is_read_in_its_own_notation(sqlite_county, tmp_path):
    pairs = [
        (100.45, 38.93),
        ("100°27′00.0″E", "38°55′48″N"),
        ("100度27分0秒", "38度55分48秒"),
        ("100 27 00", "38 55 48"),
        ("E100.4500", "N38.9300"),
        ("东经100°27.0′", "北纬38°55.8′"),
        ("１００．４５", "３８．９３"),
        ("38.93", "100.45"),
        metres(4521),
        metres(4522),
        metres(4495),
        metres(4543),
        metres(3857),
        metres(4521)[::-1],
        metres(4543)[::-1],
    ]
    outcome = take(sqlite_county, a_file(tmp_path, text_of(*pairs)))
    assert (counts(outcome)[1], counts(outcome)[3]) == (len(pairs), 0)
    assert {name: away for name, away in away_m(sqlite_county).items() if away > 0.5} == {}


@pytest.mark.parametrize("heading", ["坐标", "经纬度"])
def test_two_numbers_in_one_column_are_read_however_they_are_parted(sqlite_county, tmp_path, heading):
    texts = [
        "100.45,38.93",
        "100.45，38.93",
        "38.93 100.45",
        "100.45;38.93",
        "(100.45, 38.93)",
        "100.45/38.93",
        "经度：100.45，纬度：38.93",
        "东经100°27′00″，北纬38°55′48″",
        "北纬38度55分48秒东经100度27分0秒",
        "X=4311732.81 Y=33625734.81",
        "POINT(100.45 38.93)",
        "lng:100.45,lat:38.93",
    ]
    rows = "".join(f'{at:02}号塘,"{text}"\n' for at, text in enumerate(texts))
    outcome = take(sqlite_county, a_file(tmp_path, f"名称,{heading}\n{rows}"))
    assert counts(outcome)[1] == len(texts)
    assert {name: away for name, away in away_m(sqlite_county).items() if away > 0.5} == {}


@pytest.mark.parametrize(
    "cells",
    [("100°60′00″", "38°55′48″"), ("100°27′61″", "38°55′48″"), ("100.45.1", 38.93), ("百点四", 38.93)],
)
def test_what_is_no_coordinate_is_refused_for_its_row_alone(sqlite_county, tmp_path, cells):
    outcome = check(sqlite_county, a_file(tmp_path, text_of(AT, cells)))
    assert codes(outcome, "error") == [(3, "geo.bad_position")]


@pytest.mark.parametrize("heading", ["名称,X,Y", "名称,Y,X", "名称,纵坐标,横坐标", "名称,北坐标,东坐标"])
def test_which_number_runs_east_is_told_by_size_and_not_by_name(sqlite_county, tmp_path, heading):
    east, north = metres(4521)
    take(sqlite_county, a_file(tmp_path, text_of((north, east), (east, north), heading=heading)))
    assert max(away_m(sqlite_county).values()) < 0.5


def test_numbers_that_fit_two_grids_are_refused_alone_with_both_named(sqlite_county, tmp_path):
    rows = (AT, metres(4542), metres(4543))
    outcome = check(sqlite_county, a_file(tmp_path, text_of(*rows)))
    [refused] = [one for one in outcome.messages if one.level == "error"]
    assert (refused.number, type(refused.error), counts(outcome)[1]) == (3, WhichReading, 2)
    first, second = refused.error.facts["readings"].split("、")
    assert (first, second) == ("CGCS2000 / 3-degree Gauss-Kruger CM 99E", "WGS 84 / UTM zone 47N")


@pytest.mark.parametrize(("crs", "north_m"), [("EPSG:4542", 0), ("EPSG:32647", 1725)])
def test_a_declared_grid_answers_what_fits_two(sqlite_county, tmp_path, crs, north_m):
    take(sqlite_county, a_file(tmp_path, text_of(metres(4542))), crs=crs)
    assert away_m(sqlite_county)["01号塘"] == pytest.approx(north_m, abs=30)


def test_metres_of_a_web_map_are_taken_with_a_warning(sqlite_county, tmp_path):
    outcome = check(sqlite_county, a_file(tmp_path, text_of(metres(3857))))
    assert codes(outcome, "warning") == [(None, "import.web_mercator")]


def test_the_report_says_as_what_the_rows_were_read(sqlite_county, tmp_path):
    outcome = check(sqlite_county, a_file(tmp_path, text_of(metres(4521), metres(4543, NEAR[0]), AT)))
    assert outcome.head.crs == "EPSG:4490, EPSG:4521, EPSG:4543"
    assert codes(outcome, "note") == [(None, "import.read_as")] * 2


@pytest.mark.parametrize(
    ("shift", "datum", "named"),
    [
        (wgs84_to_gcj02, "gcj02", "经度(GCJ-02),纬度(GCJ-02)"),
        (wgs84_to_gcj02, "gcj02", "高德经度,高德纬度"),
        (wgs84_to_gcj02, "gcj02", "火星坐标X,火星坐标Y"),
        (wgs84_to_bd09, "bd09", "百度经度,百度纬度"),
        (wgs84_to_bd09, "bd09", "bd09_lng,bd09_lat"),
    ],
)
def test_a_shifted_datum_that_a_heading_names_is_shifted_back(sqlite_county, tmp_path, shift, datum, named):
    lon, lat = shift(*AT)
    outcome = take(sqlite_county, a_file(tmp_path, text_of((lon, lat), heading=f"名称,{named}")))
    assert away_m(sqlite_county)["01号塘"] < 1
    assert facts_of(sqlite_county, "loc_datum", "loc_raw")["01号塘"] == (datum, f"{lon}, {lat}")
    assert (None, "import.read_as") in codes(outcome, "note")


@pytest.mark.parametrize("crs", ["BD09", "百度", "bd-09"])
def test_a_declared_shift_is_undone_and_the_numbers_are_kept_as_received(sqlite_county, tmp_path, crs):
    lon, lat = wgs84_to_bd09(*AT)
    take(sqlite_county, a_file(tmp_path, text_of((lon, lat))), crs=crs)
    assert away_m(sqlite_county)["01号塘"] < 1
    assert facts_of(sqlite_county, "loc_datum", "loc_raw")["01号塘"] == ("bd09", f"{lon}, {lat}")


@pytest.mark.parametrize("how", ["declared", "heading"])
def test_xian_80_and_beijing_54_are_not_read_in_silence(sqlite_county, tmp_path, how):
    heading = "名称,X（西安80）,Y（西安80）" if how == "heading" else "名称,X,Y"
    path = a_file(tmp_path, text_of(metres(4521), heading=heading))
    with pytest.raises(NoTransformation):
        check(sqlite_county, path, crs="北京54" if how == "declared" else None)


def test_xian_80_is_rough_where_somebody_agrees(sqlite_county, tmp_path):
    outcome = take(
        sqlite_county, a_file(tmp_path, text_of(metres(4521))), crs="西安80 3度带 33带", rough=True
    )
    assert codes(outcome, "warning") == [(None, "import.taken_rough")]
    assert facts_of(sqlite_county, "loc_datum", "loc_accuracy_m") == {"01号塘": ("xian80", 200.0)}


def test_the_countys_parameters_read_xian_80_exactly(sqlite_county, tmp_path):
    shift = {"dx": -60.0, "dy": 20.0, "dz": 30.0}
    way = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=GRS80 "
        "+step +proj=helmert +x=60 +y=-20 +z=-30 +step +inv +proj=cart +a=6378140 +rf=298.257 "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    lon, lat, _ = way.transform(*AT, 0.0)
    path = a_file(tmp_path, text_of((f"{lon:.9f}", f"{lat:.9f}")))
    outcome = take(sqlite_county, path, crs="西安80", profile={"datums": {"xian80": shift}})
    assert away_m(sqlite_county)["01号塘"] < 0.05
    assert distance_m((lon, lat), shapely.Point(AT)) > 20
    assert facts_of(sqlite_county, "loc_datum", "loc_accuracy_m") == {"01号塘": ("xian80", None)}
    assert codes(outcome, "warning") == []


def test_a_declared_system_that_leads_out_of_the_county_is_refused_with_what_leads_in(
    sqlite_county, tmp_path
):
    outcome = check(sqlite_county, a_file(tmp_path, text_of(metres(4543))), crs="EPSG:4542")
    [refused] = [one for one in outcome.messages if one.level == "error"]
    assert (refused.error.code, refused.number) == ("import.declared_elsewhere", 2)
    assert "102" in refused.error.facts["readings"]


def test_rows_without_a_place_are_refused_one_by_one(sqlite_county, tmp_path):
    rows = [("", ""), (100.45, ""), (0, 0), (-100.45, 38.93), (1e12, 5), (100.45, 38.93)]
    outcome = check(sqlite_county, a_file(tmp_path, text_of(*rows)))
    assert [number for number, _ in codes(outcome, "error")] == [2, 3, 4, 5, 6]


def test_rows_outside_the_county_are_refused_and_those_just_outside_need_a_township(sqlite_county, tmp_path):
    text = text_of((104.40, 38.93), (100.0988, 38.93), (100.0988, 38.93), heading="名称,经度,纬度")
    lines = text.splitlines()
    path = a_file(
        tmp_path, "\n".join([f"{lines[0]},乡镇", f"{lines[1]},", f"{lines[2]},", f"{lines[3]},西镇"])
    )
    outcome = take(sqlite_county, path)
    assert codes(outcome, "error") == [(2, "geo.out_of_county"), (3, "import.township_needed")]
    assert facts_of(sqlite_county, "township_code") == {"03号塘": WEST}


def test_a_place_on_a_township_line_goes_where_the_row_says(sqlite_county, tmp_path):
    path = a_file(tmp_path, "名称,经度,纬度,乡镇\n界边塘,100.4999,38.70,东乡\n界边大塘,100.4999,38.90,西镇\n")
    outcome = take(sqlite_county, path)
    assert facts_of(sqlite_county, "township_code") == {"界边塘": EAST, "界边大塘": WEST}
    assert outcome.messages == []


def test_shapes_in_words_go_before_the_point_beside_them(sqlite_county, tmp_path):
    shape = shapely.box(100.40, 38.93, 100.401, 38.931).wkt
    text = (
        f'名称,经度,纬度,边界\n柳荫塘,100.60,38.93,"{shape}"\n苇塘东塘,100.45,38.95,\n坏塘,100.46,38.93,面(\n'
    )
    outcome = take(sqlite_county, a_file(tmp_path, text))
    assert codes(outcome, "error") == [(4, "import.wkt_unreadable")]
    shapes = facts_of(sqlite_county, "geometry")
    assert {name: one.geom_type for name, one in shapes.items()} == {"柳荫塘": "Polygon", "苇塘东塘": "Point"}


def test_sites_that_lie_as_a_web_map_shows_them_are_warned_of(sqlite_county, tmp_path):
    names = [f"{at:02}号塘" for at in range(1, 5)]
    with sqlite_county.write() as session:
        for name, at in zip(names, NEAR, strict=False):
            a_site(session, at=at, name=name)
    shifted = [wgs84_to_gcj02(*at) for at in NEAR[:4]]
    path = a_file(tmp_path, text_of(*shifted))
    assert (None, "import.looks_shifted") in codes(check(sqlite_county, path), "warning")
    found = codes(check(sqlite_county, path, crs="GCJ02"), "warning")
    assert found == [(row, "site.near_another") for row in range(2, 6)]


def test_a_shapefile_without_a_projection_is_read_by_its_numbers(sqlite_county, tmp_path):
    east, north = metres(4521)
    pond = shapely.box(east, north, east + 100, north + 50)
    shp = write_shapefile(
        tmp_path / "塘", "塘", {"名称": ["柳荫塘"]}, encoding="gbk", geometries=[pond], crs=None
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in shp.parent.iterdir():
            archive.write(part, part.name)
    outcome = take(sqlite_county, a_file(tmp_path, packed.getvalue(), "塘.zip"))
    assert outcome.head.crs == "EPSG:4521"
    [site] = facts_of(sqlite_county, "geometry", "area_m2").values()
    assert site[1] == pytest.approx(5000, rel=0.01)
    assert distance_m(AT, site[0]) < 0.1
