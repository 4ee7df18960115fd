import numpy as np
import pytest
import shapely
from pyproj import Geod

from geo.areas import NOWHERE, AreaIndex
from geo.errors import EmptyGeometry, NotFinite

GEOD = Geod(ellps="GRS80")
WEST, EAST = shapely.box(100, 38, 101, 39), shapely.box(101, 38, 102, 39)


@pytest.fixture
def index():
    return AreaIndex(["west", "east"], [WEST, EAST])


def east_of_line(metres, lat=38.5):
    return GEOD.fwd(101, lat, 90, metres)[:2]


def test_each_point_is_found_in_its_area(index):
    found = index.locate(np.array([100.5, 101.5, 99.0, np.nan]), np.array([38.5, 38.5, 38.5, 38.5]))
    assert found.tolist() == [0, 1, NOWHERE, NOWHERE]


def test_a_point_on_a_shared_line_belongs_to_exactly_one(index):
    lats = np.linspace(38, 39, 50)
    found = index.locate(np.full(50, 101.0), lats)
    assert found.tolist() == [0] * 50


def test_one_point_is_found_like_many(index):
    assert index.locate_one((101.5, 38.5)) == 1
    assert index.locate_one(shapely.Point(10, 10)) == NOWHERE
    with pytest.raises(NotFinite):
        index.locate_one((float("nan"), 38.5))


def test_random_points_are_found_where_shapely_finds_them():
    rng = np.random.default_rng(7)
    seeds = shapely.MultiPoint(rng.uniform((100, 38), (101, 39), (12, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=shapely.box(100, 38, 101, 39)))
    index = AreaIndex([str(n) for n in range(len(cells))], cells)
    points = rng.uniform((100, 38), (101, 39), (2_000, 2))
    found = index.locate(points[:, 0], points[:, 1])
    assert all(cells[area].covers(shapely.Point(xy)) for area, xy in zip(found, points, strict=True))


def test_the_way_to_the_border_is_measured_in_metres(index):
    assert index.border_distance_m(east_of_line(25), 1) == pytest.approx(25, abs=0.01)
    assert index.border_distance_m((99.9, 38.5), NOWHERE) == pytest.approx(
        GEOD.inv(99.9, 38.5, 100, 38.5)[2], rel=1e-4
    )


def test_the_outer_line_of_the_county_is_no_border(index):
    assert index.border_distance_m((100.00001, 38.5), 0) > 80_000
    assert AreaIndex(["one"], [WEST]).border_distance_m((100.5, 38.5), 0) == float("inf")


def test_many_points_are_told_whether_they_lie_near_a_border(index):
    points = [
        east_of_line(metres, lat) for metres in (-31, -29, -5, 5, 29, 31) for lat in (38.05, 38.5, 38.95)
    ]
    lons, lats = np.array(points).T
    near = index.near_border(lons, lats, index.locate(lons, lats), within_m=30)
    assert near.tolist() == [False] * 3 + [True] * 12 + [False] * 3


def test_the_nearest_area_of_a_point_outside_is_named(index):
    area, away_m = index.nearest(GEOD.fwd(102, 38.5, 90, 400)[:2])
    assert index.codes[area] == "east"
    assert away_m == pytest.approx(400, abs=0.1)
    assert index.nearest((100.5, 38.5)) == (0, 0.0)


def test_a_polygon_across_a_line_is_shared(index):
    (first, most), (second, least) = index.share(shapely.box(100.9, 38.4, 101.3, 38.6))
    assert (first, second) == (1, 0)
    assert (most, least) == pytest.approx((0.75, 0.25))
    assert index.share(shapely.box(99.9, 38.4, 100.1, 38.6)) == [(0, pytest.approx(0.5))]
    assert index.share(shapely.box(10, 10, 11, 11)) == []


def test_a_line_is_shared_by_its_length_and_points_by_their_number(index):
    assert index.share(shapely.LineString([(100.9, 38.5), (101.3, 38.5)])) == [
        (1, pytest.approx(0.75)),
        (0, pytest.approx(0.25)),
    ]
    assert index.share(shapely.MultiPoint([(100.5, 38.5), (101.5, 38.5), (10, 10), (11, 10)])) == [
        (0, 0.25),
        (1, 0.25),
    ]
    assert index.share(shapely.Point(101.5, 38.5)) == [(1, 1.0)]


def test_an_index_of_nothing_answers_nowhere():
    index = AreaIndex([], [])
    assert index.locate_one((100, 38)) == NOWHERE
    assert index.nearest((100, 38)) == (NOWHERE, float("inf"))
    assert len(index) == 0


def test_an_empty_area_and_a_missing_code_are_refused():
    with pytest.raises(EmptyGeometry):
        AreaIndex(["a"], [shapely.Polygon()])
    with pytest.raises(ValueError, match="codes"):
        AreaIndex(["a"], [WEST, EAST])


def test_points_reach_an_area_they_lie_in_or_beside(index):
    lons, lats = zip((100.5, 38.5), east_of_line(20), east_of_line(40), east_of_line(40), strict=True)
    within_m = np.array([30.0, 30.0, 30.0, 50.0])
    assert index.reach(np.array(lons), np.array(lats), np.zeros(4, dtype=int), within_m).tolist() == [
        True,
        True,
        False,
        True,
    ]


def test_boxes_are_covered_by_the_area_that_holds_them_whole(index):
    boxes = np.array([[100.1, 38.1, 100.2, 38.2], [100.9, 38.1, 101.1, 38.2], [101.1, 38.1, 101.2, 38.2]])
    assert index.cover_boxes(boxes, np.array([0, 0, 1])).tolist() == [True, False, True]
    assert index.cover_boxes(boxes, np.array([NOWHERE] * 3)).tolist() == [False] * 3


def test_parts_of_shapes_are_measured_each_in_its_own_measure(index):
    belt = shapely.LineString([(100.9, 38.5), (101.3, 38.5)])
    field = shapely.box(100.9, 38.4, 101.1, 38.6)
    stops = shapely.MultiPoint([(100.5, 38.5), (100.6, 38.5), (101.5, 38.5), (101.6, 38.5)])
    shapes = np.array([belt, field, stops, field], dtype=object)
    assert index.parts(shapes, np.array([0, 0, 1, 1])) == pytest.approx([0.25, 0.5, 0.5, 0.5])
