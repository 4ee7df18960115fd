"""Files of areas are undone to what was there before, unless somebody uses what they brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import shapely
from sqlalchemy import select

from inspections.models import Area
from inspections.store import Store
from inspections.terms import Role
from tests.factories import EAST, WEST, a_body, a_site, an_officer
from tests.imports import Desk, a_desk, areas_file


@pytest.fixture
def office(county: Store, tmp_path) -> Desk:
    """An administrator's work with files of areas, over each database."""
    return a_desk(county, tmp_path, Role.ADMIN)


@pytest.fixture
def later(office: Desk) -> Desk:
    """The same an hour later."""
    return replace(office, now=office.now + timedelta(hours=1))


def half(west: float, east: float):
    return shapely.box(west, 38.55, east, 39.40)


@pytest.fixture
def redrawn(office: Desk, tmp_path):
    """A newer line between the two townships and a new village, applied; gives the file's id."""
    path = areas_file(
        tmp_path,
        ({"code": WEST, "name": "西大镇"}, half(100.10, 100.45)),
        ({"code": EAST, "name": "东乡"}, half(100.45, 100.87)),
        ({"code": "990101200205", "name": "东沟村"}, shapely.box(100.60, 38.90, 100.65, 38.95)),
    )
    batch_id = office.send(path, subject="areas")
    office.apply(batch_id)
    return batch_id


def areas_now(office: Desk) -> dict[str, tuple[str, float]]:
    """Name and eastern end of each area that holds today."""
    with office.store.read() as session:
        found = session.scalars(select(Area).where(Area.valid_to.is_(None)))
        return {area.code: (area.name, area.geometry.bounds[2]) for area in found}


def test_areas_that_were_undone_are_as_they_were(office, later, redrawn):
    assert areas_now(office)[WEST] == ("西大镇", 100.45)
    assert later.undo(redrawn).state == "undone"
    found = areas_now(office)
    assert (found[WEST], found[EAST]) == (("西镇", 100.5), ("东乡", 100.87))
    assert "990101200205" not in found


@pytest.mark.parametrize("user", ["site", "officer", "body"])
def test_an_area_in_use_keeps_its_file_from_being_undone(office, later, redrawn, user):
    village = "990101200205"
    with office.store.write() as session:
        if user == "site":
            a_site(session, at=(100.62, 38.92), village_code=village)
        elif user == "officer":
            an_officer(session, areas=(village,))
        else:
            a_body(session, area_code=village)
    batch = later.undo(redrawn)
    assert (batch.state, batch.failure["facts"]) == ("applied", {"count": 1, "names": village})


def test_a_later_boundary_keeps_the_file_before_it_from_being_undone(office, later, redrawn, tmp_path):
    path = areas_file(tmp_path, ({"code": WEST, "name": "西镇"}, half(100.10, 100.47)), name="newer.geojson")
    later.apply(later.send(path, subject="areas"))
    batch = later.undo(redrawn)
    assert (batch.state, batch.failure["facts"]) == ("applied", {"count": 1, "names": WEST})


def test_an_end_in_a_later_file_keeps_the_file_before_it_from_being_undone(office, later, redrawn):
    text = f"代码,名称,撤销日期,变更后代码\n{EAST},东乡,2026-11-12,{WEST}\n"
    later.apply(later.send(text, "ended.csv", subject="areas"))
    assert EAST not in areas_now(office)
    assert later.undo(redrawn).failure["facts"] == {"count": 1, "names": EAST}


def test_undoing_the_last_file_first_undoes_both(office, later, redrawn, tmp_path):
    path = areas_file(tmp_path, ({"code": WEST, "name": "西镇"}, half(100.10, 100.47)), name="newer.geojson")
    newer = later.send(path, subject="areas")
    later.apply(newer)
    assert later.undo(newer).state == "undone"
    assert areas_now(office)[WEST] == ("西大镇", 100.45)
    assert later.undo(redrawn).state == "undone"
    assert areas_now(office)[WEST] == ("西镇", 100.5)
