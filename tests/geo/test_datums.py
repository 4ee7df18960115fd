import tomllib
from math import atan2, cos, hypot, radians, sin, sqrt

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import parse_crs
from geo.datums import DatumParameters, LocalDatums, read_local_datums
from geo.errors import BadDatumParameters, GeoError, UnknownDatumParameter, UnlikelyDatumParameters
from geo.shapes import distance_m

PLACE = (100.45, 38.93)
THREE = {"dx": 14.0, "dy": -112.5, "dz": -61.0}
SEVEN = THREE | {"rx": 0.6, "ry": -1.1, "rz": 0.9, "scale_ppm": 2.5}
ELLIPSOIDS = {
    "xian80": (6378140.0, 298.257),
    "bj54": (6378245.0, 298.3),
    "cgcs2000": (6378137.0, 298.257222101),
}
quick = settings(max_examples=60, deadline=None, database=None)


def helmert(lon, lat, datum, convention, *, dx, dy, dz, rx=0.0, ry=0.0, rz=0.0, scale_ppm=0.0):
    """The seven parameters by the book: to geocentric, turned, scaled and moved, and back by iteration."""
    a, rf = ELLIPSOIDS[datum]
    e2 = (2 - 1 / rf) / rf
    across = a / sqrt(1 - e2 * sin(radians(lat)) ** 2)
    x, y = (across * cos(radians(lat)) * part for part in (cos(radians(lon)), sin(radians(lon))))
    z = across * (1 - e2) * sin(radians(lat))
    rx, ry, rz = (
        radians(part / 3600) * (1 if convention == "position_vector" else -1) for part in (rx, ry, rz)
    )
    scale = 1 + scale_ppm * 1e-6
    x, y, z = (
        dx + scale * (x - rz * y + ry * z),
        dy + scale * (rz * x + y - rx * z),
        dz + scale * (-ry * x + rx * y + z),
    )
    a, rf = ELLIPSOIDS["cgcs2000"]
    e2 = (2 - 1 / rf) / rf
    phi = atan2(z, hypot(x, y) * (1 - e2))
    for _ in range(20):
        phi = atan2(z + e2 * a / sqrt(1 - e2 * sin(phi) ** 2) * sin(phi), hypot(x, y))
    return float(np.degrees(atan2(y, x))), float(np.degrees(phi))


@quick
@given(
    st.floats(100.0, 101.0),
    st.floats(38.5, 39.5),
    st.sampled_from(["xian80", "bj54"]),
    st.sampled_from(["position_vector", "coordinate_frame"]),
    st.tuples(*[st.floats(-150, 150)] * 2, st.floats(30, 150)),
    st.tuples(*[st.floats(-1.5, 1.5)] * 3, st.floats(-8, 8)),
)
def test_seven_parameters_do_what_the_formula_says(lon, lat, datum, convention, shift, turn):
    values = dict(zip(("dx", "dy", "dz", "rx", "ry", "rz", "scale_ppm"), (*shift, *turn), strict=True))
    parameters = DatumParameters(datum, **values, convention=convention)
    code = {"xian80": "EPSG:4610", "bj54": "EPSG:4214"}[datum]
    reading = parse_crs(code, local=LocalDatums(**{datum: parameters}))
    lons, lats = reading.lonlat_of(np.array([lon]), np.array([lat]))
    assert distance_m(helmert(lon, lat, datum, convention, **values), shapely.Point(lons, lats)) < 0.001
    back = reading.numbers_of(lons, lats)
    assert distance_m((lon, lat), shapely.Point(back)) < 0.01


def written(values, datum="xian80"):
    return {"datums": {datum: values}}


def test_three_parameters_are_read_from_the_profile():
    read = read_local_datums(tomllib.loads("[datums.bj54]\ndx = 14\ndy = -112.5\ndz = -61.0\n"))
    assert read == LocalDatums(bj54=DatumParameters("bj54", **THREE))


def test_seven_parameters_are_read_with_their_convention():
    read = read_local_datums(written(SEVEN | {"convention": "coordinate_frame"}))
    assert read.xian80 == DatumParameters("xian80", **SEVEN, convention="coordinate_frame")
    other = read_local_datums(written(SEVEN | {"convention": "position_vector"}))
    assert read != other


def test_a_county_without_parameters_has_none():
    assert read_local_datums({"county": {"code": "620702000000"}}) == LocalDatums()


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ({}, "dx"),
        (THREE | {"dy": "112.5"}, "dy"),
        (THREE | {"dz": True}, "dz"),
        (THREE | {"dx": float("nan")}, "dx"),
        (THREE | {"rx": 0.5}, "ry"),
        (SEVEN, "convention"),
        (SEVEN | {"convention": "bursa"}, "convention"),
    ],
)
def test_a_parameter_that_is_missing_or_wrong_is_named(table, name):
    with pytest.raises(BadDatumParameters, match=f": {name} is missing or wrong") as refusal:
        read_local_datums(written(table))
    assert refusal.value.facts == {"datum": "xian80", "name": name}


@pytest.mark.parametrize(
    "found",
    [written(THREE | {"dX": 1.0}), written(THREE, "xian1980"), {"datums": {"xian80": 5}}, {"datums": 5}],
)
def test_a_name_that_nothing_reads_is_refused(found):
    with pytest.raises(UnknownDatumParameter):
        read_local_datums(found)


@pytest.mark.parametrize(
    "values",
    [
        dict.fromkeys(SEVEN, 0.0),
        {"dx": 14000.0, "dy": -112500.0, "dz": -61000.0},
        SEVEN | {"rx": 600.0},
        SEVEN | {"scale_ppm": 1e9},
        {"dx": 1e308, "dy": 1e308, "dz": 1e308},
    ],
)
def test_parameters_that_move_nothing_or_much_too_far_are_refused(values):
    with pytest.raises(UnlikelyDatumParameters, match="Check units, signs and convention"):
        DatumParameters("xian80", **values)


numbers = st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.booleans(), st.none())


@quick
@given(st.dictionaries(st.sampled_from([*SEVEN, "convention", "other"]), numbers))
def test_whatever_the_profile_holds_is_read_or_refused(table):
    try:
        read_local_datums(written(table))
    except GeoError:
        return
    assert set(THREE) <= set(table)
