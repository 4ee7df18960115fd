"""Overlaps: square metres and metres within, ground that several cover once, pieces as the whole."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from geo.overlaps import in_pieces, lies_in, overlap_m, overlap_m2
from geo.shapes import geodesic_area_m2, geodesic_length_m

FIELD = box(100.45, 38.93, 100.46, 38.94)  # 962,556 m²


def star(corners: int, *, spread: float = 0.1, middle: tuple[float, float] = (100.5, 38.95)) -> Polygon:
    """A polygon of many corners that bends in and out."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    away = spread * (0.8 + 0.2 * np.sin(angles * 40))
    return Polygon(np.column_stack([middle[0] + away * np.cos(angles), middle[1] + away * np.sin(angles)]))


def test_a_polygon_within_another_lies_in_it_with_all_its_ground():
    assert overlap_m2(FIELD, [box(100.4, 38.9, 100.5, 39.0)]) == pytest.approx(geodesic_area_m2(FIELD))


def test_what_only_touches_shares_nothing():
    assert overlap_m2(FIELD, [box(100.46, 38.93, 100.47, 38.94), box(100.44, 38.92, 100.45, 38.93)]) == 0.0


def test_nothing_to_compare_with_shares_nothing():
    assert overlap_m2(FIELD, []) == 0.0
    assert overlap_m(LineString([(100.45, 38.93), (100.46, 38.94)]), []) == 0.0
    assert not lies_in(Point(100.45, 38.93), [])


def test_ground_that_two_cover_counts_once():
    west, wide = box(100.45, 38.93, 100.455, 38.94), box(100.45, 38.93, 100.4575, 38.94)
    assert overlap_m2(FIELD, [west, wide]) == pytest.approx(0.75 * geodesic_area_m2(FIELD), rel=1e-6)


def test_a_hole_is_taken_out():
    ring = box(100.4, 38.9, 100.5, 39.0) - box(100.45, 38.93, 100.455, 38.94)
    assert overlap_m2(FIELD, [ring]) == pytest.approx(0.5 * geodesic_area_m2(FIELD), rel=1e-6)


def test_a_site_of_several_parts_counts_each():
    site = MultiPolygon([box(100.45, 38.93, 100.452, 38.932), box(100.47, 38.93, 100.472, 38.932)])
    assert overlap_m2(site, [FIELD]) == pytest.approx(geodesic_area_m2(site.geoms[0]))


def test_a_line_is_measured_within_polygons_only():
    line = LineString([(100.44, 38.935), (100.47, 38.935)])
    within = LineString([(100.45, 38.935), (100.46, 38.935)])
    assert overlap_m(line, [FIELD, FIELD]) == pytest.approx(geodesic_length_m(within), rel=1e-9)


def test_a_line_along_an_edge_lies_in_the_polygon():
    edge = LineString([(100.45, 38.93), (100.46, 38.93)])
    assert overlap_m(edge, [FIELD]) == pytest.approx(geodesic_length_m(edge))


def test_a_point_on_the_line_lies_in():
    assert lies_in(Point(100.45, 38.935), [FIELD])
    assert not lies_in(Point(100.4499, 38.935), [FIELD])


@pytest.mark.parametrize("corners", [999, 5_000, 20_000])
def test_pieces_together_are_the_polygon(corners):
    whole = star(corners) - star(40, spread=0.01)
    pieces = in_pieces(whole)
    assert max(shapely.get_num_coordinates(pieces)) <= 1_000
    assert all(piece.geom_type == "Polygon" and piece.is_valid for piece in pieces)
    assert sum(map(geodesic_area_m2, pieces)) == pytest.approx(geodesic_area_m2(whole), rel=1e-9)
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(pieces), whole)) < 1e-12


@given(
    west=st.floats(100.3, 100.6),
    south=st.floats(38.8, 39.1),
    wide=st.floats(0.0005, 0.05),
    cut=st.floats(0, 1),
)
def test_the_parts_of_a_shape_within_and_without_make_the_whole(west, south, wide, cut):
    site, edge = box(west, south, west + wide, south + wide), west + cut * wide
    within = overlap_m2(site, [box(100.0, 38.0, edge, 40.0)])
    without = overlap_m2(site, [box(edge, 38.0, 101.0, 40.0)])
    assert within + without == pytest.approx(geodesic_area_m2(site), rel=1e-6)
