"""Rows inserted by the thousand read like rows inserted one by one."""

from __future__ import annotations

import shapely
from sqlalchemy import func, select, text

from inspections.models import Site
from inspections.models.base import many_geometry_columns
from inspections.models.bulk import ids_in_order, insert_rows, rtree_at_once
from inspections.store import in_box, is_sqlite
from inspections.terms import Kind, SiteStatus
from tests.factories import NOW, WEST, a_county, a_site

TRIGGERS = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'sites' ORDER BY name")


def rows(count):
    points = shapely.points([(100.40 + number / 1000, 38.93) for number in range(count)])
    return [
        {
            "id": key,
            "number": f"P-990101100-{number:04d}",
            "kind": Kind.POND,
            "status": SiteStatus.ACTIVE,
            "name": f"坑塘{number}",
            "township_code": WEST,
            "village_code": None,
            "lon": place["min_lon"],
            "lat": place["min_lat"],
            "attrs": {"water": "是", "深": number},
            "created_at": NOW,
            "updated_at": NOW,
            **place,
        }
        for number, (key, place) in enumerate(
            zip(ids_in_order(count), many_geometry_columns(points), strict=True), start=1
        )
    ]


def test_rows_inserted_at_once_are_read_as_any_other(store):
    inserted = rows(3)
    with store.write() as session:
        a_county(session)
        insert_rows(session, Site.__table__, inserted)
    with store.read() as session:
        site = session.scalars(select(Site).order_by(Site.number)).all()[1]
        for name, value in inserted[1].items():
            assert getattr(site, name) == value
        assert (site.remark, site.open_cases, site.is_listed, site.row_version) == ("", 0, False, 1)


def test_places_inserted_at_once_are_found_by_their_box_and_later_ones_too(store):
    with store.write() as session:
        a_county(session)
        with rtree_at_once(session, Site.__table__):
            insert_rows(session, Site.__table__, rows(50))
        a_site(session, number="P-990101100-0099", at=(100.4455, 38.93))
    with store.read() as session:
        near = in_box(session, Site, (100.4400, 38.92, 100.4504, 38.94))
        assert session.scalar(select(func.count()).select_from(Site).where(near)) == 11
        if is_sqlite(session):
            assert len(session.scalars(TRIGGERS).all()) == 4


def test_a_transaction_that_fails_leaves_the_places_as_they_were_kept(store):
    with store.write() as session:
        a_county(session)
    try:
        with store.write() as session, rtree_at_once(session, Site.__table__):
            insert_rows(session, Site.__table__, rows(2))
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with store.write() as session:
        a_site(session, at=(100.41, 38.93))
    with store.read() as session:
        near = in_box(session, Site, (100.3, 38.9, 100.5, 39.0))
        assert session.scalar(select(func.count()).select_from(Site).where(near)) == 1


def test_ids_made_together_rise_and_are_of_version_seven():
    made = ids_in_order(10_000)
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {"specified in RFC 4122"}
