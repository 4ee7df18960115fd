from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo import coordinates
from geo.coordinates import read_coordinate, read_number_pairs, read_numbers, read_pair
from geo.errors import BadPosition, NotFinite, PositionOutOfRange
from geo.shifts import shift_hints

GEOD = Geod(ellps="GRS80")
PLACE = (100.45, 38.93)
METRES = (33625734.81, 4311732.81)
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
        "100.45",
        "+100.45",
        " 100.4500 ",
        "１００．４５",
        "100.45°",
        "E100.4500",
        "100.45E",
        "东经100.45度",
        "经度：100.45",
        "100°27'00.0\"E",
        "100°27′",
        "100°27′E",
        "100°27'0''",
        "100° 27' 00\"",
        "100º27´00″",
        "100°27",
        "100°27′00",
        "100°27.0′",
        "东经100°27′",
        "100度27分0秒",
        "东经100度27分",
        "１００°２７′００″",
        "100 27 00",
        "100-27-00",
        "100:27:00.00",
        "100–27–00E",
        "100\u200b.45\ufeff",
        "100,4500",
        "100，450000",
    ],
)
def test_one_coordinate_is_read_in_every_notation(text):
    assert read_coordinate(text) == pytest.approx(100.45, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("33625734.81", 33625734.81),
        ("33625734.81m", 33625734.81),
        ("33625734.81 米", 33625734.81),
        ("33,625,734.81", 33625734.81),
        ("4,311,732", 4311732.0),
        ("625734,81", 625734.81),
        ("X=4311732.81", 4311732.81),
        ("1002700", 1002700.0),
        ("100.", 100.0),
        ("0", 0.0),
        ("-100.45", -100.45),
        ("100.45W", -100.45),
        ("西经100°27′", -100.45),
        ("S38 55 48", -38.93),
        ("-100-27-00", -100.45),
    ],
)
def test_a_number_is_read_as_the_number_it_is(text, value):
    assert read_coordinate(text) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "here",
        "100,450",  # thousands or a decimal comma
        "100,45",  # a decimal comma or a pair
        "100 27",  # minutes or a pair
        "100 27.5",
        "100-27",
        "100.45 38.93",
        "100.4.5",
        "100°60′",
        "100°27′60″",
        "100 27 60",
        "100-60-00",
        "100:27-00",
        "100.5°27′",
        "100°27.5′30″",
        "181°",
        "200 27 00",
        "1e5",
        "4.31E+06",
        "1_000",
        "0x10",
        "-100W",
        "E100E",
        "E100N",
        "100°27′°",
        "1234567890.5",
        "9" * 300,
        "１" * 201,
        "100°27'00\"" * 9,
        "${7*7}",
    ],
)
def test_what_is_no_coordinate_or_could_be_two_things_is_refused(text):
    with pytest.raises(BadPosition):
        read_coordinate(text)


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
        "(100.45, 38.93)",
        "lng:100.45,lat:38.93",
        '{"lat": 38.93, "lng": 100.45}',
        "POINT(100.45 38.93)",
        "[100.45,38.93]",
        "坐标：100.45，38.93",
        "100.45、38.93",
        "100.45/38.93",
        "100.45|38.93",
        "100.45\n38.93",
        "100.45\t38.93",
        "B=38.93 L=100.45",
        "100 27 00 38 55 48",
        "38-55-48, 100-27-00",
        "100:27:00 38:55:48",
        "100,4500; 38,9300",
        "100,4500 38,9300",
        "北纬38度55分48秒，东经100度27分",
        "38°55'48N 100°27E",
    ],
)
def test_a_position_is_read_as_people_paste_it(text):
    assert coordinates.read_position(text) == pytest.approx(PLACE, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "33625734.81，4311732.81",
        "33625734.81 4311732.81",
        "X=33625734.81 Y=4311732.81",
        "X33625734.81,Y4311732.81",
        "x：33625734.81m；y：4311732.81m",
        "横坐标：33625734.81，纵坐标：4311732.81",
        "N=4311732.81 E=33625734.81",
        "北坐标 4311732.81 东坐标 33625734.81",
        "33,625,734.81; 4,311,732.81",
        "33,625,734.81 4,311,732.81",
    ],
)
def test_a_pair_of_metres_is_given_as_numbers(text):
    assert read_pair(text) == METRES
    with pytest.raises(PositionOutOfRange):
        coordinates.read_position(text)


def test_metres_without_letters_keep_the_order_they_are_written_in():
    assert read_pair("X=4311732.81 Y=33625734.81") == METRES[::-1]
    assert read_pair("4311732.81，33625734.81") == METRES[::-1]


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
        "100 38 14",
        "100.45, 38.93, 1480, 5",
        "100 27 38 55",
        "100,45; 38,93",
        "100,45 38,93",
        "625,734.81,4,311,732.81",
        "4.31E+06,6.25E+05",
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


DIGITS = str.maketrans("0123456789.:-,'", "０１２３４５６７８９．：－，＇")


def sixty(degrees, decimals, parts):
    """Degrees in two or three parts, the last with decimals, and the step of its last digit in degrees."""
    step = 60 ** -(parts - 1) / 10**decimals
    count = round(abs(degrees) / step)
    left = count % (60 ** (parts - 1) * 10**decimals)
    whole = (count - left) // (60 ** (parts - 1) * 10**decimals)
    if parts == 2:
        return whole, None, f"{left / 10**decimals:.{decimals}f}", step
    return (
        whole,
        left // (60 * 10**decimals),
        f"{left % (60 * 10**decimals) / 10**decimals:.{decimals}f}",
        step,
    )


def in_degrees(value, decimals):
    return f"{value:.{decimals}f}", 10.0**-decimals


def in_minutes(value, decimals):
    d, _, m, step = sixty(value, decimals, 2)
    return f"{d}°{m}′", step


def in_seconds(pattern):
    def write(value, decimals):
        d, m, s, step = sixty(value, decimals, 3)
        return pattern.format(d=d, m=m, s=s), step

    return write


WRITERS = [
    in_degrees,
    in_minutes,
    *(
        in_seconds(pattern)
        for pattern in (
            "{d}°{m}'{s}\"",
            "{d}°{m:02}′{s}″",
            "{d}度{m}分{s}秒",
            "{d} {m} {s}",
            "{d}-{m:02}-{s}",
            "{d}:{m}:{s}",
            "{d}° {m}' {s}''",
            "{d}°{m}'{s}",
        )
    ),
]
AROUND = {
    "E": ("{}E", "E{}", "东经{}", "lng:{}", "经度：{}"),
    "N": ("{}N", "N {}", "北纬{}", "lat={}", "B={}"),
}
GAPS = [", ", "，", " , ", ";", "；", "/", "\n", "、"]


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.floats(73.0, 135.9),
    st.floats(3.0, 53.9),
    st.sampled_from(WRITERS),
    st.integers(0, 7),
    st.tuples(*[st.none() | st.integers(0, 4)] * 2),
    st.sampled_from(GAPS),
    st.booleans(),
    st.booleans(),
)
def test_every_notation_is_read_again(lon, lat, write, decimals, letters, gap, full_width, latitude_first):
    (lon_text, step), (lat_text, _) = write(lon, decimals), write(lat, decimals)
    if letters[0] is not None:
        lon_text = AROUND["E"][letters[0]].format(lon_text)
    if letters[1] is not None:
        lat_text = AROUND["N"][letters[1]].format(lat_text)
    texts = [lat_text, lon_text] if latitude_first else [lon_text, lat_text]
    if full_width:
        texts = [text.translate(DIGITS) for text in texts]
    within = step * 0.5 + 1e-9
    assert [read_coordinate(text) for text in texts] == pytest.approx(
        [lat, lon] if latitude_first else [lon, lat], abs=within
    )
    assert coordinates.read_position(gap.join(texts)) == pytest.approx((lon, lat), abs=within)


@quick
@given(st.floats(100_000, 46_000_000), st.floats(0, 6_000_000), st.integers(0, 4), st.sampled_from(GAPS))
def test_metres_are_read_again(x, y, decimals, gap):
    texts = [f"{value:.{decimals}f}" for value in (x, y)]
    assert read_pair(gap.join(texts)) == tuple(float(text) for text in texts)
    grouped = [f"{value:,.2f}" for value in (x, y)]
    assert read_pair("; ".join(grouped)) == tuple(float(text.replace(",", "")) for text in grouped)


def test_a_column_is_read_at_once_and_its_odd_cells_one_by_one():
    cells = [
        "100.45",
        " 38.93 ",
        100,
        38.5,
        "东经100°27′",
        None,
        "",
        "  ",
        "100,450",
        float("nan"),
        True,
        10**400,
    ]
    numbers, errors = read_numbers(cells)
    assert numbers[:5].tolist() == pytest.approx([100.45, 38.93, 100.0, 38.5, 100.45])
    assert all(isnan(number) for number in numbers[5:])
    assert list(errors) == [8, 9, 10, 11]
    assert isinstance(errors[9], NotFinite)
    assert read_numbers([])[0].shape == (0,)


def test_a_column_of_pairs_is_read_at_once():
    x, y, errors = read_number_pairs(
        ["100.45,38.93", "N38°55′48″ E100°27′", None, "100.45", 7, "4311732.81 625734.81"]
    )
    assert x[[0, 1, 5]].tolist() == pytest.approx([100.45, 100.45, 4311732.81])
    assert y[[0, 1, 5]].tolist() == pytest.approx([38.93, 38.93, 625734.81])
    assert isnan(x[2])
    assert list(errors) == [3, 4]
    assert read_number_pairs([])[0].shape == (0,)


@quick
@given(st.lists(st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=20)), max_size=6))
def test_any_cells_are_read_or_refused(cells):
    numbers, errors = read_numbers(cells)
    assert np.isfinite(numbers).sum() + len(errors) <= len(cells)
    x, y, errors = read_number_pairs(cells)
    assert (np.isfinite(x) == np.isfinite(y)).all()


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


def test_many_shifts_are_told_as_one_is():
    stored = np.array([PLACE, (116.4, 39.9), PLACE, PLACE, (2.35, 48.85), (np.nan, 38.0)])
    new = np.array(
        [
            coordinates.wgs84_to_gcj02(*PLACE),
            coordinates.wgs84_to_bd09(116.4, 39.9),
            PLACE,
            GEOD.fwd(*PLACE, 240, 164)[:2],
            (2.352, 48.851),
            PLACE,
        ]
    )
    assert shift_hints(*stored.T, *new.T).tolist() == ["gcj02", "bd09", "", "", "", ""]
    assert shift_hints(*np.empty((4, 0))).shape == (0,)


@quick
@given(st.floats(0, 360), st.floats(0, 1500))
def test_the_rule_of_shifts_is_one(direction, distance_m):
    new = GEOD.fwd(*PLACE, direction, distance_m)[:2]
    many = shift_hints(*(np.array([part]) for part in (*PLACE, *new)))
    assert (many[0] or None) == coordinates.shift_hint(PLACE, new)


def test_a_position_that_is_not_finite_has_no_hint():
    with pytest.raises(NotFinite):
        coordinates.shift_hint(PLACE, (float("nan"), 38.0))
