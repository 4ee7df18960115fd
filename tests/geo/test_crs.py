import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod

from geo.crs import parse_crs
from geo.crs_names import GRIDS, find_name
from geo.datums import DatumParameters, LocalDatums
from geo.errors import CRSMismatch, NoTransformation, UnknownCRS, UnknownDatum
from geo.shapes import distance_m

GEOD = Geod(ellps="GRS80")
PLACE = (100.45, 38.93)
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
}
SHIFTED = {"GCJ02": (100.451702, 38.93064, 163.8), "BD09": (100.458115, 38.93689, 1039.3)}

SPHEROIDS = {
    "D_China_2000": 'SPHEROID["CGCS2000",6378137.0,298.257222101]',
    "D_CGCS_2000": 'SPHEROID["CGCS2000",6378137.0,298.257222101]',
    "D_WGS_1984": 'SPHEROID["WGS_1984",6378137.0,298.257223563]',
    "D_Xian_1980": 'SPHEROID["Xian_1980",6378140.0,298.257]',
    "D_Beijing_1954": 'SPHEROID["Krasovsky_1940",6378245.0,298.3]',
    "D_GCJ02": 'SPHEROID["CGCS2000",6378137.0,298.257222101]',
    "D_Tokyo": 'SPHEROID["Bessel_1841",6377397.155,299.1528128]',
    "D_unknown": 'SPHEROID["CGCS2000",6378137.0,298.257222101]',
}


def degrees_wkt(datum, *, name="GCS", spheroid=None, more=""):
    return (
        f'GEOGCS["{name}",DATUM["{datum}",{spheroid or SPHEROIDS[datum]}{more}],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
    )


def grid_wkt(datum="D_China_2000", *, name="Grid", meridian=99.0, easting=500000.0, **more):
    """As ArcGIS writes a .prj."""
    return (
        f'PROJCS["{name}",{degrees_wkt(datum, **more)},PROJECTION["Gauss_Kruger"],'
        f'PARAMETER["False_Easting",{easting}],PARAMETER["False_Northing",0.0],'
        f'PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],'
        'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )


@pytest.mark.parametrize("name", CONTROL)
def test_the_control_point_is_found_in_every_system(name):
    point = parse_crs(name).to_lonlat(shapely.Point(CONTROL[name]))
    assert distance_m(PLACE, point) < 0.05


@pytest.mark.parametrize("name", CONTROL)
def test_a_place_has_its_numbers_in_every_system(name):
    lons, lats = (np.array([part]) for part in PLACE)
    x, y = parse_crs(name).numbers_of(lons, lats)
    assert (x[0], y[0]) == pytest.approx(CONTROL[name], abs=0.01)


@pytest.mark.parametrize("name", SHIFTED)
def test_the_shifted_control_point_is_found(name):
    lon, lat, shift_m = SHIFTED[name]
    point = parse_crs(name).to_lonlat(shapely.Point(lon, lat))
    assert distance_m(PLACE, point) < 0.08  # the sixth decimal, in which it is published, is 0.1 m
    shifted = parse_crs(name).numbers_of(*(np.array([part]) for part in PLACE))
    assert distance_m(PLACE, shapely.Point(shifted)) == pytest.approx(shift_m, abs=0.05)


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
    assert (point.x, point.y) == pytest.approx(lands_at, abs=6e-7)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("epsg:4490", "EPSG:4490"),
        (" EPSG：４５４２ ", "EPSG:4542"),
        ("GCJ-02", "GCJ02"),
        ("gcj02", "GCJ02"),
        ("国测局坐标", "GCJ02"),
        ("火星坐标系", "GCJ02"),
        ("高德", "GCJ02"),
        ("腾讯地图", "GCJ02"),
        ("bd-09", "BD09"),
        ("百度", "BD09"),
        ("百度坐标系", "BD09"),
        ("CGCS2000", "EPSG:4490"),
        ("2000国家大地坐标系", "EPSG:4490"),
        ("大地2000", "EPSG:4490"),
        ("2000坐标系", "EPSG:4490"),
        ("wgs 84", "EPSG:4326"),
        ("WGS_1984", "EPSG:4326"),
        ("84坐标", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::4542", "EPSG:4542"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("OGC:CRS84", "EPSG:4326"),
        ("ESRI:102100", "EPSG:3857"),
        ("CGCS2000_3_Degree_GK_CM_99E", "EPSG:4542"),
        ("CGCS2000_3_Degree_GK_Zone_33", "EPSG:4521"),
        ("CGCS2000_GK_Zone_17", "EPSG:4495"),
        ("CGCS2000 / 3-degree Gauss-Kruger CM 102E", "EPSG:4543"),
        ("CGCS2000 / Gauss-Krüger zone 17", "EPSG:4495"),
        ("CGCS2000 3度带 中央子午线99°", "EPSG:4542"),
        ("2000国家大地坐标系 高斯-克吕格 三度分带 第34带", "EPSG:4522"),
        ("CGCS2000 六度带 中央子午线 99", "EPSG:4542"),
        ("UTM 47N", "EPSG:32647"),
        ("WGS 84 / UTM zone 47N", "EPSG:32647"),
        ("Web Mercator", "EPSG:3857"),
    ],
)
def test_a_system_is_known_by_each_of_its_names(text, name):
    assert parse_crs(text).name == name


@pytest.mark.parametrize("degrees", GRIDS)
def test_the_table_of_grids_says_what_epsg_says(degrees):
    for grid in GRIDS[degrees]:
        for meridian in range(75, 136, grid.step):
            crs = CRS.from_epsg(grid.code_at(meridian))
            values = {one.name: one.value for one in crs.coordinate_operation.params}
            assert values["Longitude of natural origin"] == meridian
            zone = grid.first_zone + (meridian - 75) // grid.step if grid.first_zone else 0
            carried = zone if "Gauss" in crs.name else 0
            assert values["False easting"] == carried * 1_000_000 + 500_000
            assert crs.geodetic_crs.to_epsg() == int(degrees.removeprefix("EPSG:"))
            assert find_name(crs.name) == f"EPSG:{grid.code_at(meridian)}"


@pytest.mark.parametrize(
    "text",
    ["", "4490", "2000", "EPSG:0", "EPSG:999999", "EPSG:1004490", "EPSG:5773", "EPSG:4978", "mars", "a" * 999]
    + [
        "CGCS2000 46带",
        "CGCS2000 6度带 中央子午线 102",
        "CGCS2000 中央子午线 100.5",
        "WGS84 高斯 中央子午线 99",
        "WGS84 高斯 45带",
        "不详",
        "GCJ02 / BD09",
    ],
)
def test_an_unknown_system_is_refused(text):
    with pytest.raises(UnknownCRS):
        parse_crs(text)


def test_wgs84_is_taken_as_equal_to_cgcs2000():
    point = parse_crs("WGS84").to_lonlat(shapely.Point(100.45, 38.93, 1480))
    assert point.wkt == "POINT (100.45 38.93)"


def test_many_geometries_are_turned_at_once_and_gaps_stay_gaps():
    many = np.array([shapely.Point(625734.81, 4311732.81), None, shapely.Point(625734.81, 4311732.81)])
    first, gap, last = parse_crs("EPSG:4542").to_lonlat(many)
    assert gap is None
    assert first == last
    assert distance_m(PLACE, first) < 0.05


@pytest.mark.parametrize("name", ["GCJ02", "EPSG:4542"])
def test_one_coordinate_that_is_no_number_does_not_lose_the_others(name):
    x, y = (CONTROL | SHIFTED)[name][:2]
    lon, lat = parse_crs(name).lonlat_of(np.array([np.nan, x]), np.array([y, y]))
    assert not np.isfinite(lon[0])
    assert abs(lon[1] - 100.45) < 1e-6
    assert abs(lat[1] - 38.93) < 1e-6


@pytest.mark.parametrize("version", ["WKT1_ESRI", "WKT1_GDAL", "WKT2_2019"])
@pytest.mark.parametrize("name", CONTROL)
def test_the_wkt_of_a_known_system_is_read_as_that_system(name, version):
    reading = parse_crs(CRS.from_user_input(name).to_wkt(version, pretty=True))
    assert reading.name == ("EPSG:4542" if name == "EPSG:4506" and version == "WKT1_ESRI" else name)
    assert reading.wkt is None


@pytest.mark.parametrize("datum", ["D_China_2000", "D_CGCS_2000"])
def test_a_prj_without_codes_gets_its_code(datum):
    assert parse_crs(grid_wkt(datum, name="县", easting=33500000.0)).datum == "cgcs2000"
    assert (
        parse_crs(grid_wkt(datum, name="CGCS2000_3_Degree_GK_Zone_33", easting=33500000.0)).name
        == "EPSG:4521"
    )
    assert parse_crs(degrees_wkt(datum)).name == "EPSG:4490"


def test_a_system_of_somebodys_own_is_kept_as_it_is():
    wkt = grid_wkt(name="甘州独立\n坐标系", meridian=100.5, easting=50000.0)
    reading = parse_crs(wkt)
    assert reading.name.startswith("甘州独立 坐标系 #")
    assert len(reading.name) < 30
    assert reading.label == "甘州独立 坐标系 (100.5°, 50000 m)"
    assert (reading.wkt, reading.datum, reading.accuracy_m) == (wkt, "cgcs2000", None)
    assert parse_crs(reading.definition) == reading
    lons, lats = reading.lonlat_of(np.array([50000.0]), np.array([4311732.81]))
    assert lons[0] == pytest.approx(100.5, abs=1e-9)
    assert lats[0] == pytest.approx(38.94, abs=0.02)


def test_a_name_does_not_hide_another_meridian():
    reading = parse_crs(grid_wkt(name="CGCS2000_3_Degree_GK_Zone_33", meridian=100.5, easting=33500000.0))
    assert not reading.name.startswith("EPSG")
    assert reading.lonlat_of(np.array([33500000.0]), np.array([4e6]))[0][0] == pytest.approx(100.5)


def test_a_code_in_wkt_does_not_hide_another_datum():
    wkt = degrees_wkt("D_China_2000").removesuffix("]") + ',AUTHORITY["EPSG","4610"]]'
    assert parse_crs(wkt).name == "EPSG:4490"


def test_two_systems_of_ones_own_have_two_names_and_spaces_do_not_matter():
    one, other = grid_wkt(meridian=100.5), grid_wkt(meridian=100.6)
    assert parse_crs(one).name != parse_crs(other).name
    assert parse_crs(one).name == parse_crs(one.replace(",", ",\r\n  ")).name


def test_heights_do_not_matter():
    height = 'VERT_CS["1985",VERT_DATUM["1985",2005],UNIT["metre",1]]'
    assert parse_crs(f'COMPD_CS["both",{grid_wkt()},{height}]').name == "EPSG:4542"
    assert parse_crs("EPSG:4480").datum == "cgcs2000"


def test_a_shift_hung_on_to_a_known_datum_does_nothing():
    plain, hung = grid_wkt(), grid_wkt(more=",TOWGS84[100,100,100,0,0,0,0]")
    assert parse_crs(hung).name == parse_crs(plain).name == "EPSG:4542"


def test_a_shifted_datum_written_as_wkt_is_shifted_back():
    assert parse_crs(degrees_wkt("D_GCJ02")).name == "GCJ02"
    with pytest.raises(UnknownDatum):
        parse_crs(grid_wkt("D_GCJ02"))


@pytest.mark.parametrize(
    "wkt",
    [
        'LOCAL_CS["Undefined Cartesian SRS"]',
        'GEOGCS["Undefined geographic SRS"',
        degrees_wkt("D_unknown"),
        "PROJCS[" * 5000,
        grid_wkt().replace("Gauss_Kruger", "Nobody_Knows"),
        grid_wkt() + " " * 30_000 + "x",
        # PROJ would open the file
        grid_wkt("D_WGS_1984").split("PROJECTION")[0]
        + 'PROJECTION["custom_proj4"],UNIT["m",1],EXTENSION["PROJ4","+proj=defmodel +model=x +type=crs"]]',
    ],
)
def test_wkt_that_says_no_system_is_refused(wkt):
    with pytest.raises(UnknownCRS):
        parse_crs(wkt)


@pytest.mark.parametrize("text", ["EPSG:4301", degrees_wkt("D_Tokyo"), grid_wkt("D_Tokyo"), "EPSG:4284"])
def test_a_datum_from_elsewhere_is_refused_and_never_rough(text):
    with pytest.raises(UnknownDatum, match="Convert the data"):
        parse_crs(text, rough=True)


def test_a_datum_on_an_ellipsoid_that_is_not_its_own_is_refused():
    with pytest.raises(UnknownDatum):
        parse_crs(degrees_wkt("D_China_2000", spheroid=SPHEROIDS["D_Beijing_1954"]))


LOCAL = {
    "EPSG:4610": "xian80",
    "EPSG:2327": "xian80",
    "EPSG:2343": "xian80",
    "EPSG:2390": "xian80",
    "EPSG:4214": "bj54",
    "EPSG:2401": "bj54",
    "EPSG:21417": "bj54",
    "EPSG:4555": "bj54",
    "EPSG:4569": "bj54",
    "EPSG:4786": "bj54",
    "西安80": "xian80",
    "1980西安坐标系": "xian80",
    "北京54": "bj54",
    "1954年北京坐标系": "bj54",
    "新北京54": "bj54",
    "Xian_1980_3_Degree_GK_Zone_33": "xian80",
    "西安80 3度带 中央子午线99度": "xian80",
    "Beijing_1954_GK_Zone_17N": "bj54",
    grid_wkt("D_Xian_1980", name="Xian_1980_3_Degree_GK_Zone_33", easting=33500000.0): "xian80",
    grid_wkt("D_Beijing_1954", meridian=100.5): "bj54",
    degrees_wkt("D_Xian_1980", more=",TOWGS84[0,0,0,0,0,0,0]"): "xian80",
}


@pytest.mark.parametrize("text", LOCAL)
def test_xian_1980_and_beijing_1954_are_refused_not_passed_through(text):
    with pytest.raises(NoTransformation, match="Convert the data to CGCS2000") as refusal:
        parse_crs(text)
    assert isinstance(refusal.value, CRSMismatch)


@pytest.mark.parametrize("text", LOCAL)
def test_xian_1980_and_beijing_1954_are_rough_where_somebody_agrees(text):
    reading = parse_crs(text, rough=True)
    assert (reading.datum, reading.accuracy_m) == (LOCAL[text], 200.0)
    assert parse_crs(reading.definition, rough=True) == reading


def test_consent_does_not_make_an_exact_system_rough():
    assert parse_crs("EPSG:4542", rough=True).accuracy_m is None


@pytest.mark.parametrize("text", LOCAL)
def test_xian_1980_and_beijing_1954_are_exact_by_the_countys_parameters(text):
    local = LocalDatums(**{LOCAL[text]: DatumParameters(LOCAL[text], 12.0, -110.0, -60.0)})
    if text in ("EPSG:4555", "EPSG:4569", "EPSG:4786", "新北京54"):  # the parameters are for the older one
        with pytest.raises(NoTransformation):
            parse_crs(text, local=local)
        return
    exact, rough = parse_crs(text, local=local, rough=True), parse_crs(text, rough=True)
    assert exact.accuracy_m is None
    assert exact != rough
    x, y = exact.numbers_of(*(np.array([part]) for part in PLACE))
    assert np.ravel(exact.lonlat_of(x, y)) == pytest.approx(PLACE, abs=1e-8)
    assert 5 < distance_m(PLACE, shapely.Point(rough.lonlat_of(x, y))) < 200


def test_parameters_of_one_datum_do_not_serve_another():
    local = LocalDatums(xian80=DatumParameters("xian80", 12.0, -110.0, -60.0))
    with pytest.raises(NoTransformation):
        parse_crs("北京54", local=local)
