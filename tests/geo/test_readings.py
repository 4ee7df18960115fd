import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.candidates import place_by
from geo.crs import parse_crs
from geo.datums import DatumParameters, LocalDatums
from geo.readings import GROWN_DEG, Candidate, Status, list_readings, read_pairs, shift_hints
from geo.shifts import wgs84_to_bd09, wgs84_to_gcj02

GEOD = Geod(ellps="GRS80")
COUNTY = (100.10, 38.55, 100.87, 39.40)
PLACE = (100.45, 38.93)
CHINA = (73.5, 18.0, 135.0, 53.6)
# The published control point as each system writes it: easting, northing
CONTROL = {
    "EPSG:4490": PLACE,
    "EPSG:4521": (33625734.81, 4311732.81),
    "EPSG:4522": (34365593.39, 4311875.5),
    "EPSG:4542": (625734.81, 4311732.81),
    "EPSG:4543": (365593.39, 4311875.5),
    "EPSG:4495": (17625734.81, 4311732.81),
    "EPSG:32647": (625684.52, 4310008.11),
    "EPSG:3857": (11182042.85, 4711649.63),
}
ASKED = {"EPSG:4542": "EPSG:32647", "EPSG:32647": "EPSG:4542"}  # the two that both lie in the county


def read(*pairs, bounds=COUNTY, declared=None, chosen=()):
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    known = parse_crs(declared) if isinstance(declared, str) else declared
    return read_pairs(x, y, bounds, declared=known, chosen=[parse_crs(name) for name in chosen])


def names(pairs, row=0):
    return [candidate.reading.name for candidate in pairs.choices[pairs.possible[row]]]


def used(pairs, row=0):
    return pairs.candidates[pairs.used[row]].reading.name if pairs.used[row] >= 0 else None


def apart_m(lon, lat, place=PLACE):
    return GEOD.inv(lon, lat, *place)[2]


@pytest.mark.parametrize("name", CONTROL)
@pytest.mark.parametrize("swapped", [False, True])
def test_the_control_point_is_found_from_its_numbers_alone(name, swapped):
    pairs = read(CONTROL[name][::-1] if swapped else CONTROL[name])
    found = {candidate.reading.name: (lon, lat) for candidate, lon, lat in pairs.places(0)}
    assert apart_m(*found[name]) < 0.05
    assert set(found) == {name, *ASKED.get(name, name).split()}
    assert all(candidate.swapped == swapped for candidate, _, _ in pairs.places(0))
    if name in ASKED:
        assert pairs.status[0] == Status.AMBIGUOUS
        assert np.isnan([pairs.lons[0], pairs.lats[0]]).all()
        assert used(pairs) is None
        assert not pairs.swapped[0]
    else:
        assert (pairs.status[0], used(pairs), pairs.swapped[0]) == (Status.SURE, name, swapped)
        assert apart_m(pairs.lons[0], pairs.lats[0]) < 0.05


@pytest.mark.parametrize("name", [*CONTROL, "EPSG:4506"])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_declared_reading_wins_in_the_county(name, swapped):
    numbers = CONTROL[name if name in CONTROL else "EPSG:4542"]
    pairs = read(numbers[::-1] if swapped else numbers, declared=name)
    assert (pairs.status[0], used(pairs), pairs.swapped[0]) == (Status.SURE, name, swapped)
    assert apart_m(pairs.lons[0], pairs.lats[0]) < 0.05


@pytest.mark.parametrize(
    ("name", "numbers"), [("GCJ02", (100.451702, 38.93064)), ("BD09", (100.458115, 38.93689))]
)
def test_shifted_degrees_are_put_right_where_they_are_declared(name, numbers):
    assert (
        apart_m(*(part[0] for part in (read(numbers, declared=name).lons, read(numbers, declared=name).lats)))
        < 0.08
    )
    swapped = read(numbers[::-1], declared=name)
    assert swapped.swapped[0]
    assert apart_m(swapped.lons[0], swapped.lats[0]) < 0.08
    assert read(numbers).status[0] == Status.SURE  # undeclared, nothing tells


def test_utm_read_as_gauss_krueger_is_inside_the_county_and_so_is_asked():
    places = {one.reading.name: (lon, lat) for one, lon, lat in read((625684.52, 4310008.11)).places(0)}
    assert places["EPSG:4542"] == pytest.approx((100.449104, 38.914476), abs=6e-7)
    assert apart_m(*places["EPSG:4542"]) == pytest.approx(1725, abs=1)
    places = {one.reading.name: (lon, lat) for one, lon, lat in read((625734.81, 4311732.81)).places(0)}
    assert places["EPSG:32647"] == pytest.approx((100.450897, 38.94553), abs=6e-7)
    assert apart_m(*places["EPSG:32647"]) == pytest.approx(1726, abs=1)


@pytest.mark.parametrize(
    ("numbers", "declared", "lands_at", "others"),
    [
        ((625734.81, 4311732.81), "EPSG:4543", (103.45, 38.93), ["EPSG:4542", "EPSG:32647"]),
        ((365593.39, 4311875.5), "EPSG:4542", (97.45, 38.93), ["EPSG:4543"]),
        (PLACE, "EPSG:3857", (0.000902, 0.00035), ["EPSG:4490"]),
    ],
)
def test_a_wrong_declaration_is_shown_beside_what_fits(numbers, declared, lands_at, others):
    pairs = read(numbers, declared=declared)
    assert pairs.status[0] == Status.ELSEWHERE
    assert names(pairs) == [declared, *others]
    assert pairs.places(0)[0][1:] == pytest.approx(lands_at, abs=6e-7)
    assert np.isnan(pairs.lons[0])


def test_a_declaration_that_leads_nowhere_is_not_among_what_is_shown():
    pairs = read(CONTROL["EPSG:4521"], declared="EPSG:4490")
    assert pairs.status[0] == Status.ELSEWHERE
    assert names(pairs) == ["EPSG:4521"]


@pytest.mark.parametrize(
    ("name", "eastings"), [("EPSG:4542", (595424, 661997)), ("EPSG:4543", (335172, 402111))]
)
def test_eastings_of_the_county_are_as_they_are_known_and_tell_the_meridian(name, eastings):
    x, y = parse_crs(name).numbers_of(np.array([100.10, 100.87]), np.array([38.9, 39.0]))
    assert x == pytest.approx(eastings, abs=0.5)
    grids = {one.reading.name for one in read_pairs(x, y, COUNTY).choices[-1]}
    assert len(grids & {"EPSG:4542", "EPSG:4543"}) == 1


def test_a_persons_answer_settles_what_is_asked():
    pairs = read(CONTROL["EPSG:4542"], CONTROL["EPSG:4521"], PLACE, chosen=["EPSG:32647"])
    assert pairs.status.tolist() == [Status.SURE] * 3
    assert [used(pairs, row) for row in range(3)] == ["EPSG:32647", "EPSG:4521", "EPSG:4490"]
    assert pairs.lats[0] == pytest.approx(38.94553, abs=6e-7)


def test_answers_are_tried_in_order_and_only_where_they_lead_into_the_county():
    pairs = read(CONTROL["EPSG:4542"], chosen=["EPSG:4543", "EPSG:4542", "EPSG:32647"])
    assert used(pairs) == "EPSG:4542"
    assert read(CONTROL["EPSG:4542"], chosen=["EPSG:4543"]).status[0] == Status.AMBIGUOUS


def test_an_answer_settles_what_the_declaration_puts_elsewhere():
    numbers = CONTROL["EPSG:4542"]
    pairs = read(numbers, declared="EPSG:4543", chosen=["EPSG:4542"])
    assert (pairs.status[0], used(pairs)) == (Status.SURE, "EPSG:4542")
    pairs = read(numbers, declared="EPSG:4543", chosen=["EPSG:4543"])
    assert (pairs.status[0], used(pairs)) == (Status.OUTSIDE, "EPSG:4543")
    assert pairs.lons[0] == pytest.approx(103.45, abs=6e-7)


def test_the_six_degree_name_answers_like_the_three_degree_one():
    pairs = read(CONTROL["EPSG:4542"], chosen=["EPSG:4506"])
    assert (pairs.status[0], used(pairs)) == (Status.SURE, "EPSG:4506")
    assert apart_m(pairs.lons[0], pairs.lats[0]) < 0.05


@pytest.mark.parametrize(
    ("numbers", "lon", "lat", "swapped"),
    [
        ((116.4, 39.9), 116.4, 39.9, False),
        ((39.9, 116.4), 116.4, 39.9, True),
        ((2.35, 48.85), 2.35, 48.85, False),
        ((0, 0), 0, 0, False),
        ((-33.9, 151.2), 151.2, -33.9, True),
    ],
)
@pytest.mark.parametrize("declared", [None, "EPSG:4490"])
def test_degrees_outside_the_county_are_placed(numbers, lon, lat, swapped, declared):
    pairs = read(numbers, declared=declared)
    assert (pairs.status[0], used(pairs), pairs.swapped[0]) == (Status.OUTSIDE, "EPSG:4490", swapped)
    assert (pairs.lons[0], pairs.lats[0]) == (lon, lat)


def test_metres_that_fit_no_reading_are_outside_without_a_place():
    pairs = read((512345.6, 3023456.7))
    assert pairs.status[0] == Status.OUTSIDE
    assert np.isnan(pairs.lons[0])
    assert names(pairs) == []
    placed = read((512345.6, 3023456.7), declared="EPSG:4542")
    assert (placed.status[0], used(placed)) == (Status.OUTSIDE, "EPSG:4542")
    assert (placed.lons[0], placed.lats[0]) == pytest.approx((99.1248, 27.3233), abs=1e-3)


@pytest.mark.parametrize(
    "numbers",
    [(np.nan, 38.93), (100.45, np.inf), (-np.inf, np.nan), (1e12, 1e12), (4311732.81, 1e300), (-5e7, -5e7)],
)
@pytest.mark.parametrize("declared", [None, "EPSG:4490", "EPSG:4542", "GCJ02", "BD09", "EPSG:3857"])
def test_what_is_no_number_or_no_place_is_nowhere(numbers, declared):
    pairs = read(numbers, PLACE, declared=declared)
    assert pairs.status[0] == Status.NOWHERE
    assert np.isnan([pairs.lons[0], pairs.lats[0]]).all()
    assert pairs.status[1] != Status.NOWHERE


def test_a_grid_does_not_lead_round_the_world_into_the_county():
    x, y = CONTROL["EPSG:4542"]
    once_round = 4 * 10_001_965.729
    assert read((x, y + once_round), declared="EPSG:4542").status[0] == Status.NOWHERE


def test_the_box_is_grown_by_a_twentieth_of_a_degree():
    west, south, _, _ = COUNTY
    near, far = GROWN_DEG - 1e-6, GROWN_DEG + 1e-6
    pairs = read((west - near, south - near), (west - far, 39.0), (100.5, south - far))
    assert pairs.status.tolist() == [Status.SURE, Status.OUTSIDE, Status.OUTSIDE]


def test_web_mercator_is_taken_and_marked():
    pairs = read(CONTROL["EPSG:3857"], PLACE, (1e12, 0))
    assert pairs.web_mercator.tolist() == [True, False, False]
    assert pairs.status[0] == Status.SURE


def test_rows_of_one_file_are_judged_one_by_one_and_counted_together():
    rows = [
        *CONTROL.values(),
        PLACE[::-1],
        CONTROL["EPSG:4542"][::-1],
        (np.nan, np.nan),
        (116.4, 39.9),
        (5e5, 3e6),
    ]
    pairs = read(*rows, *rows)
    groups = pairs.groups()
    assert sorted(np.concatenate([group.rows for group in groups]).tolist()) == list(range(2 * len(rows)))
    said = {
        (
            group.status,
            *(("~" if one.swapped else "") + one.reading.name for one in group.candidates),
        ): group.rows.size
        for group in groups
    }
    assert said == {
        (Status.SURE, "EPSG:4490"): 2,
        (Status.SURE, "~EPSG:4490"): 2,
        (Status.SURE, "EPSG:4521"): 2,
        (Status.SURE, "EPSG:4522"): 2,
        (Status.SURE, "EPSG:4543"): 2,
        (Status.SURE, "EPSG:4495"): 2,
        (Status.SURE, "EPSG:3857"): 2,
        (Status.AMBIGUOUS, "EPSG:4542", "EPSG:32647"): 4,
        (Status.AMBIGUOUS, "~EPSG:4542", "~EPSG:32647"): 2,
        (Status.OUTSIDE, "EPSG:4490"): 2,
        (Status.OUTSIDE,): 2,
        (Status.NOWHERE,): 2,
    }
    assert [group.status for group in groups] == sorted(group.status for group in groups)


def test_a_value_of_the_reading_is_spread_over_its_rows():
    pairs = read(PLACE, CONTROL["EPSG:3857"], CONTROL["EPSG:4542"])
    datums = pairs.spread((one.reading.datum for one in pairs.candidates), unknown="")
    assert datums.tolist() == ["cgcs2000", "wgs84", ""]


def test_no_rows_are_no_trouble():
    pairs = read()
    assert pairs.lons.shape == (0,)
    assert pairs.groups() == []


@pytest.mark.parametrize("text", ["西安80", "EPSG:2357", "北京54", "新北京54"])
def test_what_is_declared_in_a_local_datum_is_never_read_as_cgcs2000(text):
    rough = parse_crs(text, rough=True)
    readings = list_readings(COUNTY, rough)
    assert {reading.datum for reading in readings} == {rough.datum}
    assert {reading.accuracy_m for reading in readings} == {200.0}
    pairs = read(CONTROL["EPSG:4543"], declared=rough)
    assert pairs.status[0] == Status.ELSEWHERE
    assert all(one.reading.datum == rough.datum for one, _, _ in pairs.places(0))


def test_what_is_declared_by_parameters_is_read_by_them_on_every_grid():
    local = LocalDatums(xian80=DatumParameters("xian80", 14.0, -112.5, -61.0))
    exact = parse_crs("西安80", local=local)
    readings = list_readings(COUNTY, exact)
    assert [reading.name for reading in readings] == [
        "EPSG:4610",
        "EPSG:2378",
        "EPSG:2379",
        "EPSG:2357",
        "EPSG:2358",
        "EPSG:2331",
    ]
    assert {(reading.accuracy_m, reading.parameters) for reading in readings} == {(None, local.xian80)}
    zone = parse_crs("EPSG:2357", local=local)
    numbers = [part[0] for part in zone.numbers_of(np.array([PLACE[0]]), np.array([PLACE[1]]))]
    pairs = read_pairs(*np.array([numbers]).T, COUNTY, declared=exact, chosen=[zone])
    assert pairs.status[0] == Status.SURE
    assert apart_m(pairs.lons[0], pairs.lats[0]) < 0.01


def test_a_declared_system_of_ones_own_is_read_beside_the_usual_ones():
    wkt = (
        'PROJCS["Own",GEOGCS["GCS",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
        'PARAMETER["False_Easting",50000.0],PARAMETER["False_Northing",-4000000.0],PARAMETER["Central_Meridian",100.5],'
        'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    own = parse_crs(wkt)
    numbers = [part[0] for part in own.numbers_of(np.array([PLACE[0]]), np.array([PLACE[1]]))]
    pairs = read(numbers, numbers[::-1], PLACE, declared=own)
    assert pairs.status.tolist() == [Status.SURE, Status.SURE, Status.ELSEWHERE]
    assert apart_m(pairs.lons[1], pairs.lats[1]) < 0.01


def test_the_whole_of_china_has_more_candidates_than_a_word_has_bits():
    points = [(75.5, 39.5), (120.2, 30.3), PLACE, CONTROL["EPSG:4542"], CONTROL["EPSG:4521"]]
    pairs = read(*points, bounds=CHINA)
    assert len(pairs.candidates) > 128
    assert pairs.status.tolist() == [Status.SURE] * 3 + [Status.AMBIGUOUS] * 2
    assert {"EPSG:4542", "EPSG:4543", "EPSG:32647", "EPSG:32648"} <= set(names(pairs, 3))


def test_many_kinds_of_rows_are_told_apart():
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 46e6, 4000), rng.uniform(1.8e6, 6.2e6, 4000)
    pairs = read_pairs(np.append(x, np.nan), np.append(y, np.nan), CHINA)
    groups = pairs.groups()
    assert len(groups) > 100
    assert len({(group.status, group.candidates) for group in groups}) == len(groups)
    for group in groups:
        assert (pairs.status[group.rows] == group.status).all()
        assert all(pairs.choices[choice] == group.candidates for choice in pairs.possible[group.rows])
    assert groups[-1].rows.tolist() == [4000]


@st.composite
def counties(draw):
    """A box somewhere in China, as often as not across the border of two zones."""
    width, height = draw(st.floats(0.1, 5.0)), draw(st.floats(0.1, 4.0))
    border = 76.5 + 1.5 * draw(st.integers(0, 37))
    west = draw(st.floats(75.0, 134.0 - width) | st.just(border - width * draw(st.floats(0.0, 1.0))))
    west = min(max(west, 75.0), 134.0 - width)
    south = draw(st.floats(20.0, 52.0 - height))
    return west, south, west + width, south + height


parts = st.floats(0.0, 1.0)


def in_county(box, along, up):
    west, south, east, north = box
    return west + along * (east - west), south + up * (north - south)


def fitting(box, x, y):
    """Every place in the grown box that any reading leads to, the long way."""
    west, south, east, north = box
    for reading in list_readings((west - GROWN_DEG, south, east + GROWN_DEG, north)):
        for a, b in ((x, y), (y, x)):
            lons, lats = reading.lonlat_of(np.array([a]), np.array([b]))
            again = np.ravel(reading.numbers_of(lons, lats))
            if np.isfinite(again).all() and np.abs(again - (a, b)).max() < 1:
                lon, lat = lons[0], lats[0]
                if (
                    west - GROWN_DEG <= lon <= east + GROWN_DEG
                    and south - GROWN_DEG <= lat <= north + GROWN_DEG
                ):
                    yield float(lon), float(lat)


@settings(max_examples=200, deadline=None, database=None)
@given(counties(), parts, parts, st.data())
def test_no_reading_is_ever_sure_and_wrong(box, along, up, data):
    place = in_county(box, along, up)
    listed = list_readings(tuple(np.array(box) + (-GROWN_DEG, 0, GROWN_DEG, 0)))
    truth = Candidate(data.draw(st.sampled_from(listed)), data.draw(st.booleans()))
    numbers = np.ravel(truth.reading.numbers_of(*(np.array([part]) for part in place)))
    x, y = numbers[::-1] if truth.swapped else numbers
    pairs = read_pairs(np.array([x]), np.array([y]), box)
    found = {one: (lon, lat) for one, lon, lat in pairs.places(0)}
    assert apart_m(*found[truth], place) < 0.01
    all_places = list(fitting(box, x, y))
    several = max(apart_m(*one, other) for one in all_places for other in all_places) > 10
    assert pairs.status[0] == (Status.AMBIGUOUS if several else Status.SURE)
    if not several:
        assert apart_m(pairs.lons[0], pairs.lats[0], place) < 0.01
    declared = read_pairs(np.array([x]), np.array([y]), box, declared=truth.reading)
    assert declared.status[0] == Status.SURE
    assert apart_m(declared.lons[0], declared.lats[0], place) < 0.01


@settings(max_examples=100, deadline=None, database=None)
@given(counties(), parts, parts, st.sampled_from(["GCJ02", "BD09"]), st.booleans())
def test_shifted_positions_are_there_and_back_in_any_county(box, along, up, name, swapped):
    place = in_county(box, along, up)
    shifted = {"GCJ02": wgs84_to_gcj02, "BD09": wgs84_to_bd09}[name](*place)
    pairs = read(shifted[::-1] if swapped else shifted, bounds=box, declared=name)
    assert (pairs.status[0], pairs.swapped[0]) == (Status.SURE, swapped)
    assert apart_m(pairs.lons[0], pairs.lats[0], place) < 0.01


@settings(max_examples=100, deadline=None, database=None)
@given(
    counties(),
    st.lists(st.tuples(*[st.floats(width=64) | st.floats(-200, 200) | st.floats(-5e7, 5e7)] * 2), max_size=8),
    st.sampled_from([None, "EPSG:4490", "EPSG:4542", "EPSG:32647", "GCJ02", "BD09", "EPSG:3857"]),
)
def test_whatever_the_numbers_every_row_has_an_answer(box, rows, declared):
    pairs = read(*rows, bounds=box, declared=declared)
    placed = np.isin(pairs.status, [Status.SURE, Status.OUTSIDE]) & (pairs.used >= 0)
    assert (np.isfinite(pairs.lons) == placed).all()
    assert (np.isfinite(pairs.lats) == placed).all()
    assert (np.abs(pairs.lons[placed]) <= 180).all()
    assert (np.abs(pairs.lats[placed]) <= 90).all()
    one_by_one = [read(row, bounds=box, declared=declared) for row in rows]
    assert pairs.status.tolist() == [int(one.status[0]) for one in one_by_one]


def test_a_place_by_one_reading_is_in_the_order_that_leads_nearer_to_the_county():
    places, swapped = place_by(
        parse_crs("EPSG:4542"), np.array([4311732.81, 7.0]), np.array([625734.81, np.nan]), COUNTY
    )
    assert places[:, 0] == pytest.approx(PLACE, abs=1e-6)
    assert swapped.tolist()[0] is True
    assert np.isnan(places[:, 1]).all()


def test_hints_of_shifts_come_with_the_readings():
    stored, new = np.array([PLACE]), np.array([wgs84_to_gcj02(*PLACE)])
    assert shift_hints(*stored.T, *new.T).tolist() == ["gcj02"]
