"""Shapes made simple for pictures: neighbours joined, lines put end to end, what is too small left out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from geo.simplifying import clip, dissolve, join_lines, pixel_deg, rounded, shared_lines, thin

GAP = 0.01


def test_a_pixel_halves_with_each_zoom():
    assert pixel_deg(0) == 360 / 256
    assert pixel_deg(9) == pytest.approx(2 * pixel_deg(10))


def test_polygons_a_gap_apart_become_one_and_others_stay():
    near, beside, far = box(0, 0, 1, 1), box(1 + GAP / 2, 0, 2, 1), box(2 + 3 * GAP, 0, 3, 1)
    joined = sorted(dissolve([near, beside, far], GAP), key=lambda one: one.area)
    assert [round(one.bounds[0] + GAP / 2, 9) for one in joined] == [2 + 3 * GAP, 0]


def test_specks_are_left_out_alone_and_seen_together():
    speck = GAP / 2
    alone = [box(at, 0, at + speck, speck) for at in (0, 1, 2)]
    assert dissolve(alone, GAP) == []
    together = [box(at * speck, 0, (at + 1) * speck, speck) for at in range(20)]
    assert len(dissolve(together, GAP)) == 1


def test_nothing_gives_nothing():
    assert dissolve([], GAP) == []
    assert join_lines([]) == []
    assert thin([], GAP) == []
    assert len(rounded([], 4)) == 0


def test_lines_are_joined_where_two_meet_and_not_at_a_crossing():
    arms = [LineString([(0, 0), end]) for end in ((1, 0), (0, 1), (-1, 0))]
    assert len(join_lines(arms)) == 3
    assert len(join_lines(arms[:2])) == 1


def test_a_line_that_two_areas_share_is_given_once_and_stays_shared_when_simplified():
    wavy = np.column_stack([np.sin(np.linspace(0, 20, 200)) * 0.002, np.linspace(0, 1, 200)])
    west = Polygon([(-1, 0), *wavy, (-1, 1)])
    east = Polygon([(1, 1), *wavy[::-1], (1, 0)])
    lines = shapely.MultiLineString(shared_lines([west, east], 0.01))
    assert shapely.get_num_coordinates(lines) < 40
    assert lines.length == pytest.approx(7, abs=0.05)  # four sides and a half each, and the middle once


def test_what_is_smaller_than_the_tolerance_is_left_out():
    kept = thin([box(0, 0, 1, 1), box(0, 0, 0.001, 0.001), LineString([(0, 0), (0.001, 0)])], 0.01)
    assert [one.geom_type for one in kept] == ["Polygon"]


def test_corners_are_rounded_and_those_that_fall_together_left_out():
    [line] = rounded([LineString([(0.12341, 0), (0.12342, 0), (1.00004, 1)])], 3)
    assert line.wkt == "LINESTRING (0.123 0, 1 1)"


def test_a_box_cuts_away_what_lies_outside():
    assert clip(box(0, 0, 4, 4), (1, 1, 2, 2)).area == 1
    assert clip(LineString([(5, 5), (6, 6)]), (1, 1, 2, 2)).is_empty
    assert not clip(Point(1.5, 1.5), (1, 1, 2, 2)).is_empty
