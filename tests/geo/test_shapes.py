import pytest
import shapely
from pyproj import CRS, Geod

from geo import errors, shapes
from geo.crs import parse_crs

SQUARE = shapely.Polygon([(100.45, 38.93), (100.46, 38.93), (100.46, 38.94), (100.45, 38.94)])
BOW_TIE = [[100.45, 38.93], [100.46, 38.94], [100.46, 38.93], [100.45, 38.94], [100.45, 38.93]]
GEOD = Geod(ellps="GRS80")


def check(kind, coordinates):
    return shapes.check_geometry(shapes.geometry_from_geojson({"type": kind, "coordinates": coordinates}))


def test_an_area_is_geodesic_whatever_grid_it_came_in():
    assert shapes.geodesic_area_m2(SQUARE) == pytest.approx(962555.71, abs=0.05)
    assert shapes.mu(shapes.geodesic_area_m2(SQUARE)) == pytest.approx(1443.83, abs=0.01)
    mercator = shapely.Polygon(
        [
            (11182042.85, 4711649.63),
            (11183156.04, 4711649.63),
            (11183156.04, 4713080.74),
            (11182042.85, 4713080.74),
        ]
    )
    assert mercator.area == pytest.approx(1593093.69, rel=1e-4)
    assert shapes.geodesic_area_m2(mercator, CRS.from_epsg(3857)) == pytest.approx(962555.71, rel=1e-4)


def test_holes_and_parts_count_and_direction_does_not():
    hole = shapely.Polygon([(100.452, 38.932), (100.454, 38.932), (100.454, 38.934), (100.452, 38.934)])
    whole, inside = shapes.geodesic_area_m2(SQUARE), shapes.geodesic_area_m2(hole)
    for ring in (hole.exterior.coords, hole.reverse().exterior.coords):
        assert shapes.geodesic_area_m2(shapely.Polygon(SQUARE.exterior, [ring])) == pytest.approx(
            whole - inside
        )
    away = shapely.transform(SQUARE, lambda xy: xy + (1, 0))
    assert shapes.geodesic_area_m2(shapely.MultiPolygon([SQUARE, away])) == pytest.approx(2 * whole)
    assert shapes.geodesic_area_m2(shapely.Point(1, 1)) == 0


def test_the_area_of_a_bow_tie_is_refused_not_nought():
    with pytest.raises(errors.SelfCrossing):
        shapes.geodesic_area_m2(shapely.Polygon(BOW_TIE))


def test_a_bow_tie_is_refused_with_the_place_named():
    with pytest.raises(errors.InvalidGeometry, match=r"near 100\.455, 38\.935") as refusal:
        check("Polygon", [BOW_TIE])
    assert (refusal.value.facts["lon"], refusal.value.facts["lat"]) == (100.455, 38.935)


@pytest.mark.parametrize(
    ("kind", "coordinates", "reason"),
    [
        ("Point", [], errors.EmptyGeometry),
        ("Polygon", [[]], errors.EmptyGeometry),
        ("MultiPolygon", [[], [BOW_TIE]], errors.EmptyGeometry),
        ("Point", [100.45], errors.NotAGeometry),
        ("Point", ["100.45", 38.93], errors.NotAGeometry),
        ("Point", [True, 38.93], errors.NotAGeometry),
        ("Point", {"0": 1}, errors.NotAGeometry),
        ("Point", None, errors.NotAGeometry),
        ("Point", [[100.45, 38.93]], errors.NotAGeometry),
        ("LineString", [100.45, 38.93], errors.NotAGeometry),
        ("Point", [float("nan"), 38.93], errors.GeometryNotFinite),
        ("Point", [100.45, float("inf")], errors.GeometryNotFinite),
        ("Point", [10**400, 38.93], errors.GeometryNotFinite),
        ("Point", [625734.81, 4311732.81], errors.GeometryOutOfRange),
        ("Point", [38.93, 100.45], errors.GeometryOutOfRange),
        ("LineString", [[100.45, 38.93]], errors.TooFewPoints),
        ("LineString", [[100.45, 38.93], [100.45, 38.93]], errors.TooFewPoints),
        ("LineString", [[100.45, 38.93], [100.45001, 38.93]], errors.LengthOutOfRange),
        ("LineString", [[100.45, 38.93], [102.45, 38.93]], errors.LengthOutOfRange),
        ("Polygon", [BOW_TIE[:2]], errors.TooFewPoints),
        ("Polygon", [[[1, 1], [1, 1.01], [1, 1], [1, 1]]], errors.TooFewPoints),
        ("Polygon", [[[1, 1], [1, 1.000001], [1.000001, 1]]], errors.AreaOutOfRange),
        ("Polygon", [[[1, 1], [1, 2], [2, 1]]], errors.AreaOutOfRange),
        ("GeometryCollection", [[1, 1]], errors.WrongGeometryType),
        ("Polygon" * 99, [[1, 1]], errors.WrongGeometryType),
    ],
)
def test_a_hostile_shape_is_refused_for_its_own_reason(kind, coordinates, reason):
    with pytest.raises(errors.InvalidGeometry) as refusal:
        check(kind, coordinates)
    assert type(refusal.value) is reason


@pytest.mark.parametrize("value", [None, [], "POINT (1 1)", {"type": ["Point"]}, {"type": None}, {}])
def test_what_is_no_geojson_is_refused(value):
    with pytest.raises(errors.NotAGeometry):
        shapes.geometry_from_geojson(value)


def test_a_deep_nest_is_refused_at_once():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(errors.NotAGeometry):
        shapes.geometry_from_geojson({"type": "MultiPolygon", "coordinates": deep})


def test_a_hole_outside_its_shell_is_refused_with_the_place_named():
    outside = [[5, 5], [5, 5.01], [5.01, 5], [5, 5]]
    with pytest.raises(errors.InvalidGeometry, match=r"near 5\.0, 5\.0"):
        check("Polygon", [[[1, 1], [1, 1.01], [1.01, 1], [1, 1]], outside])


def test_a_shape_is_kept_flat_closed_and_in_seven_decimals():
    kept = check("Polygon", [[[100.45, 38.93, 9], [100.46, 38.93, 9], [100.460000049, 38.94, 9]]])
    assert not kept.has_z
    assert list(kept.exterior.coords) == [(100.45, 38.93), (100.46, 38.93), (100.46, 38.94), (100.45, 38.93)]


def test_too_many_corners_are_refused():
    with pytest.raises(errors.TooManyVertices, match="5001"):
        check("LineString", [[100 + n * 1e-5, 38.0] for n in range(5001)])


@pytest.mark.parametrize(
    "wkt", ["POINT EMPTY", "POLYGON EMPTY", "MULTIPOLYGON (EMPTY, ((1 1, 1 2, 2 1, 1 1)))"]
)
def test_an_empty_shape_is_refused(wkt):
    with pytest.raises(errors.EmptyGeometry):
        shapes.check_geometry(shapely.from_wkt(wkt))


def test_a_ring_crossing_only_after_rounding_is_refused_too():
    thin = [[1, 1], [1.01, 1.00000001], [1.02, 1], [1.02, 1.01], [1.01, 1.00000003], [1, 1.01]]
    with pytest.raises(errors.SelfCrossing):
        check("Polygon", [thin])


@pytest.mark.parametrize("distance", [1, 500, 8_000, 49_000])
def test_a_distance_is_the_geodesic_one(distance):
    for direction in range(0, 360, 30):
        lon, lat, _ = GEOD.fwd(100.45, 38.93, direction, distance)
        assert shapes.distance_m((100.45, 38.93), shapely.Point(lon, lat)) == pytest.approx(
            distance, rel=1e-6
        )


def test_a_point_inside_is_no_distance_away():
    assert shapes.distance_m((100.455, 38.935), SQUARE) == 0
    assert shapes.distance_m(shapely.Point(100.44, 38.935), SQUARE) == pytest.approx(867.06, abs=0.5)


def test_a_long_edge_is_straight_as_drawn():
    # 80 km along a parallel: the chord on a plane would pass 100 m north of it
    edge = shapely.LineString([(100.0, 38.93), (100.925, 38.93)])
    assert shapes.distance_m((100.4625, 38.92), edge) == pytest.approx(1110.2, abs=1.2)


def test_the_box_around_a_point_holds_the_circle():
    minx, miny, maxx, maxy = shapes.bounds_around((100.45, 38.93), 30_000)
    for direction in range(0, 360, 5):
        lon, lat, _ = GEOD.fwd(100.45, 38.93, direction, 30_000)
        assert minx <= lon <= maxx
        assert miny <= lat <= maxy
    assert GEOD.inv(100.45, 38.93, maxx, 38.93)[2] < 30_600


def test_a_representative_point_lies_on_the_shape():
    ring = shapely.Polygon(SQUARE.exterior, [shapely.box(100.451, 38.931, 100.459, 38.939).exterior])
    assert ring.contains(shapes.representative_point(ring))
    assert shapes.representative_point(shapely.LineString([(0, 0), (0, 2)])) == shapely.Point(0, 1)


def test_geojson_out_is_read_in_again():
    assert shapes.geometry_from_geojson(shapes.to_geojson(SQUARE)) == SQUARE


def test_a_shape_that_no_grid_can_hold_is_refused_after_turning():
    lost = parse_crs("EPSG:4542").to_lonlat(shapely.Point(1e30, 1e30))
    with pytest.raises(errors.GeometryNotFinite):
        shapes.check_geometry(lost)
