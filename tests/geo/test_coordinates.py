import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo import coordinates
from geo.errors import BadPosition, NotFinite, PositionOutOfRange

GEOD = Geod(ellps="GRS80")
PLACE = (100.45, 38.93)
IN_CHINA = {"lon": st.floats(73.6, 135.0), "lat": st.floats(3.9, 53.5)}
quick = settings(max_examples=60, deadline=None, database=None)


def apart_m(one, other):
    return GEOD.inv(*one, *other)[2]


@quick
@given(**IN_CHINA)
def test_gcj02_and_back_is_the_same_place_to_a_centimetre(lon, lat):
    there = coordinates.wgs84_to_gcj02(lon, lat)
    assert apart_m((lon, lat), coordinates.gcj02_to_wgs84(*there)) < 0.01


@quick
@given(**IN_CHINA)
def test_bd09_and_back_is_the_same_place_to_a_centimetre(lon, lat):
    there = coordinates.wgs84_to_bd09(lon, lat)
    assert apart_m((lon, lat), coordinates.bd09_to_wgs84(*there)) < 0.01


def test_the_control_point_is_shifted_as_published():
    assert apart_m(coordinates.wgs84_to_gcj02(*PLACE), (100.451702, 38.93064)) < 0.1
    assert apart_m(coordinates.wgs84_to_bd09(*PLACE), (100.458115, 38.93689)) < 0.1
    assert apart_m(PLACE, coordinates.wgs84_to_gcj02(*PLACE)) == pytest.approx(163.8, abs=0.1)
    assert apart_m(PLACE, coordinates.wgs84_to_bd09(*PLACE)) == pytest.approx(1039.3, abs=0.1)


def test_arrays_are_shifted_like_single_positions():
    lons, lats = coordinates.wgs84_to_gcj02(np.array([100.45, 116.4]), np.array([38.93, 39.9]))
    assert (lons[0], lats[0]) == pytest.approx(coordinates.wgs84_to_gcj02(*PLACE), abs=1e-12)
    assert isinstance(coordinates.wgs84_to_gcj02(*PLACE)[0], float)


def test_nothing_is_shifted_outside_china():
    assert coordinates.wgs84_to_gcj02(2.35, 48.85) == (2.35, 48.85)
    assert coordinates.gcj02_to_wgs84(2.35, 48.85) == (2.35, 48.85)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_never_shifted(bad):
    with pytest.raises(NotFinite):
        coordinates.wgs84_to_gcj02(bad, 38.93)
    with pytest.raises(NotFinite):
        coordinates.bd09_to_wgs84(np.array([100.45, 100.5]), np.array([38.93, bad]))


@pytest.mark.parametrize(
    "text",
    [
        "100.45, 38.93",
        "38.93, 100.45",
        "38.93 100.45",
        "１００．４５，３８．９３",
        "(100.45; 38.93)",
        "100.45°, 38.93°",
        "E100.4500 N38.9300",
        "38.93N 100.45E",
        "lat=38.93&lng=100.45",
        "经度：100.45，纬度：38.93",
        "100°27'00.000\"E, 38°55'48.000\"N",
        "东经100°27′00″ 北纬38°55′48″",
        "100度27分0秒，38度55分48秒",
        "N38°55.8′ E100°27′",
    ],
)
def test_a_position_is_read_as_people_paste_it(text):
    assert coordinates.read_position(text) == pytest.approx(PLACE, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "here",
        "100.45",
        "100.45, 38.93, 1480",
        "1e5, 3",
        "100°70′0″, 38",
        "E100 E38",
        "${7*7}",
        "-100W, 38N",
        "1" * 999,
    ],
)
def test_text_that_is_no_position_is_refused(text):
    with pytest.raises(BadPosition):
        coordinates.read_position(text)


def test_a_position_off_the_world_is_refused():
    with pytest.raises(PositionOutOfRange, match="200"):
        coordinates.read_position("200, 95")


@pytest.mark.parametrize("text", ["NaN, 38.93", "100.45, Infinity", "-inf inf"])
def test_words_for_no_number_are_refused(text):
    with pytest.raises(NotFinite):
        coordinates.read_position(text)


@quick
@given(**IN_CHINA)
def test_a_written_position_is_read_again(lon, lat):
    read = coordinates.read_position(coordinates.format_position(lon, lat))
    assert read == pytest.approx((lon, lat), abs=5.1e-7)


@quick
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        lon, lat = coordinates.read_position(text)
    except BadPosition:
        return
    assert abs(lon) <= 180
    assert abs(lat) <= 90


def test_a_position_that_is_not_finite_is_never_written():
    with pytest.raises(NotFinite):
        coordinates.format_position(float("nan"), 1)


@pytest.mark.parametrize(
    ("direction", "distance_m", "hint"),
    [
        (64, 164, "gcj02"),
        (56, 110, "gcj02"),
        (79, 245, "gcj02"),
        (64, 60, None),
        (64, 400, None),
        (240, 164, None),
        (0, 164, None),
        (42.6, 1039, "bd09"),
        (49, 910, "bd09"),
        (222, 1039, None),
        (42.6, 700, None),
    ],
)
def test_a_shift_is_told_by_its_length_and_direction(direction, distance_m, hint):
    new = GEOD.fwd(*PLACE, direction, distance_m)[:2]
    assert coordinates.shift_hint(PLACE, new) == hint


def test_a_shift_elsewhere_is_computed_there():
    beijing = (116.4, 39.9)
    assert coordinates.shift_hint(beijing, coordinates.wgs84_to_gcj02(*beijing)) == "gcj02"
    assert coordinates.shift_hint(beijing, GEOD.fwd(*beijing, 64, 164)[:2]) is None
    assert coordinates.shift_hint(beijing, beijing) is None
