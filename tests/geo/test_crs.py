import numpy as np
import pytest
import shapely

from geo.crs import parse_crs
from geo.errors import CRSMismatch, NoTransformation, UnknownCRS
from geo.shapes import distance_m

# One published control point, 100.45°E 38.93°N, as each system writes it
CONTROL = {
    "EPSG:4521": (33625734.81, 4311732.81),
    "EPSG:4522": (34365593.39, 4311875.5),
    "EPSG:4542": (625734.81, 4311732.81),
    "EPSG:4543": (365593.39, 4311875.5),
    "EPSG:4495": (17625734.81, 4311732.81),
    "EPSG:4506": (625734.81, 4311732.81),
    "EPSG:32647": (625684.52, 4310008.11),
    "EPSG:3857": (11182042.85, 4711649.63),
    "EPSG:4490": (100.45, 38.93),
    "EPSG:4326": (100.45, 38.93),
    "GCJ02": (100.451702, 38.93064),
    "BD09": (100.458115, 38.93689),
}


@pytest.mark.parametrize("name", CONTROL)
def test_the_control_point_is_found_in_every_system(name):
    point = parse_crs(name).to_lonlat(shapely.Point(CONTROL[name]))
    assert distance_m((100.45, 38.93), point) < 0.1


@pytest.mark.parametrize(
    ("written", "read_as", "lands_at"),
    [
        ((625734.81, 4311732.81), "EPSG:4543", (103.45, 38.93)),
        ((365593.39, 4311875.5), "EPSG:4542", (97.45, 38.93)),
        ((625684.52, 4310008.11), "EPSG:4542", (100.449104, 38.914476)),
        ((625734.81, 4311732.81), "EPSG:32647", (100.450897, 38.94553)),
    ],
)
def test_a_wrong_reading_lands_where_it_is_known_to_land(written, read_as, lands_at):
    point = parse_crs(read_as).to_lonlat(shapely.Point(written))
    assert distance_m(lands_at, point) < 0.2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("epsg:4490", "EPSG:4490"),
        (" EPSG：４５４２ ", "EPSG:4542"),
        ("GCJ-02", "GCJ02"),
        ("gcj02", "GCJ02"),
        ("bd-09", "BD09"),
        ("CGCS2000", "EPSG:4490"),
        ("wgs 84", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::4542", "EPSG:4542"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
    ],
)
def test_a_system_is_known_by_each_of_its_names(text, name):
    assert parse_crs(text).name == name


@pytest.mark.parametrize(
    "text", ["", "4490", "EPSG:0", "EPSG:999999", "EPSG:1004490", "EPSG:5773", "EPSG:4978", "mars", "a" * 999]
)
def test_an_unknown_system_is_refused(text):
    with pytest.raises(UnknownCRS):
        parse_crs(text)


@pytest.mark.parametrize("code", [4610, 2327, 2343, 2390, 4214, 2401, 21417, 4555, 4569, 4786])
def test_xian_1980_and_beijing_1954_are_refused_not_passed_through(code):
    with pytest.raises(NoTransformation, match="Convert the data to CGCS2000") as refusal:
        parse_crs(f"EPSG:{code}")
    assert isinstance(refusal.value, CRSMismatch)


def test_wgs84_is_taken_as_equal_to_cgcs2000():
    point = parse_crs("WGS84").to_lonlat(shapely.Point(100.45, 38.93, 1480))
    assert point.wkt == "POINT (100.45 38.93)"


def test_many_geometries_are_turned_at_once_and_gaps_stay_gaps():
    many = np.array([shapely.Point(625734.81, 4311732.81), None, shapely.Point(625734.81, 4311732.81)])
    first, gap, last = parse_crs("EPSG:4542").to_lonlat(many)
    assert gap is None
    assert first == last
    assert distance_m((100.45, 38.93), first) < 0.1


@pytest.mark.parametrize("name", ["GCJ02", "EPSG:4542"])
def test_one_coordinate_that_is_no_number_does_not_lose_the_others(name):
    x, y = CONTROL[name]
    lon, lat = parse_crs(name).lonlat_of(np.array([np.nan, x]), np.array([y, y]))
    assert not np.isfinite(lon[0])
    assert abs(lon[1] - 100.45) < 1e-6
    assert abs(lat[1] - 38.93) < 1e-6
