"""Which township holds a place."""

from __future__ import annotations

from datetime import date

import pytest
from shapely import LineString, Point, box
from sqlalchemy import select

from geo.errors import OutOfCounty
from inspections import areas
from inspections.models import Area
from tests.factories import BOUNDS, EAST, IN_WEST, VILLAGE, WEST, a_county


@pytest.fixture
def session(store):
    with store.write() as opened:
        a_county(opened)
        yield opened


def test_a_point_belongs_to_the_township_and_village_that_hold_it(session):
    placed = areas.place(session, Point(IN_WEST))
    assert (placed.township_code, placed.village_code) == (WEST, VILLAGE)
    assert not placed.border
    assert placed.out_of_county_m == 0


def test_a_point_within_30_m_of_a_township_line_is_on_the_border(session):
    placed = areas.place(session, Point(100.5 - 20 / 86_600, 38.93))
    assert placed.border
    assert placed.border_distance_m == pytest.approx(20, abs=1)
    assert placed.candidates == (WEST, EAST)


def test_a_point_40_m_from_a_township_line_is_not_on_the_border(session):
    assert not areas.place(session, Point(100.5 - 40 / 86_600, 38.93)).border


def test_a_rough_position_widens_the_border(session):
    assert areas.place(session, Point(100.5 - 40 / 86_600, 38.93), accuracy_m=60).border


def test_a_polygon_belongs_to_the_township_with_the_largest_share(session):
    placed = areas.place(session, box(100.499, 38.93, 100.5002, 38.931))
    assert placed.township_code == WEST
    assert not placed.border


def test_a_polygon_with_less_than_80_percent_in_one_township_is_on_the_border(session):
    placed = areas.place(session, box(100.499, 38.93, 100.5005, 38.931))
    assert placed.border
    assert placed.candidates == (WEST, EAST)


def test_a_belt_is_shared_by_its_length(session):
    placed = areas.place(session, LineString([(100.49, 38.93), (100.52, 38.93)]))
    assert placed.township_code == EAST
    assert placed.border


def test_a_point_300_m_outside_the_county_is_placed_and_says_how_far(session):
    placed = areas.place(session, Point(BOUNDS[0] - 300 / 86_600, 38.93))
    assert placed.out_of_county_m == pytest.approx(300, abs=5)
    assert placed.border
    assert placed.township_code == WEST


def test_a_point_600_m_outside_the_county_is_refused_with_its_position(session):
    with pytest.raises(OutOfCounty) as refused:
        areas.place(session, Point(BOUNDS[0] - 600 / 86_600, 38.93))
    assert "100.09" in str(refused.value)


def test_a_polygon_that_reaches_far_outside_is_refused_though_its_middle_lies_inside(session):
    with pytest.raises(OutOfCounty):
        areas.place(session, box(BOUNDS[0] - 0.01, 38.93, BOUNDS[0] + 0.05, 38.94))


def test_areas_that_change_are_seen_by_the_next_question(session):
    before = areas.township_index(session)
    assert areas.township_index(session) is before
    west = session.scalar(select(Area).where(Area.code == WEST))
    west.valid_to = date(2026, 1, 1)
    session.flush()
    assert areas.place(session, Point(100.502, 38.93)).township_code == EAST
    assert areas.township_index(session).codes == [EAST]


def test_without_township_polygons_an_officer_names_the_township(session):
    for area in session.scalars(select(Area).where(Area.code.in_((WEST, EAST)))):
        area.geometry = None
    session.flush()
    placed = areas.place(session, Point(IN_WEST))
    assert placed.township_code is None
    assert placed.candidates == (WEST, EAST)


def test_without_areas_nothing_can_be_placed(store):
    with store.read() as reading, pytest.raises(areas.NoCounty):
        areas.place(reading, Point(IN_WEST))
