"""Rows with sound defaults: a test names only what matters to it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from argon2 import PasswordHasher
from shapely import Point, Polygon, box
from sqlalchemy.orm import Session

from inspections.models import Area, Body, Officer, ScopeArea, ScopeKind, Site
from inspections.terms import AreaLevel, Kind, Role, SiteStatus

NOW = datetime(2026, 11, 12, 2, 42, tzinfo=UTC)  # 10:42 in Beijing
PASSWORD = "a sound password"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

COUNTY = "990101000000"
WEST, EAST = "990101100000", "990101200000"  # 西镇 and 东乡: two halves of the county
VILLAGE = "990101100201"  # in 西镇
BOUNDS = (100.10, 38.55, 100.87, 39.40)
IN_WEST = (100.40, 38.93)
IN_EAST = (100.60, 38.93)


def a_county(session: Session) -> None:
    """示范县 with two townships, divided at 100.5°E, and one village."""
    whole = box(*BOUNDS)
    rows = [
        (COUNTY, AreaLevel.COUNTY, "示范县", None, whole),
        (WEST, AreaLevel.TOWNSHIP, "西镇", COUNTY, box(BOUNDS[0], BOUNDS[1], 100.5, BOUNDS[3])),
        (EAST, AreaLevel.TOWNSHIP, "东乡", COUNTY, box(100.5, BOUNDS[1], BOUNDS[2], BOUNDS[3])),
        (VILLAGE, AreaLevel.VILLAGE, "柳荫村", WEST, box(100.38, 38.90, 100.43, 38.96)),
    ]
    for code, level, name, parent, shape in rows:
        at = shape.representative_point()
        session.add(
            Area(
                code=code,
                level=level,
                name=name,
                parent_code=parent,
                geometry=shape,
                lon=at.x,
                lat=at.y,
                valid_from=date(2020, 1, 1),
            )
        )
    session.flush()


def a_body(session: Session, **named: Any) -> Body:
    facts = {"name": f"单位{uuid.uuid4().hex[:6]}", "type": "township", "created_at": NOW} | named
    body = Body(**facts)
    session.add(body)
    session.flush()
    return body


def an_officer(
    session: Session,
    role: Role = Role.INSPECTOR,
    *,
    areas: tuple[str, ...] = (),
    kinds: tuple[Kind, ...] = (),
    **named: Any,
) -> Officer:
    facts = {
        "name": f"{role.value}-{uuid.uuid4().hex[:6]}",
        "full_name": "林某",
        "role": role,
        "created_at": NOW,
    }
    officer = Officer(
        id=uuid.uuid4(),
        password_hash=_HASH,
        areas=[ScopeArea(area_code=code) for code in areas],
        kinds=[ScopeKind(kind=kind) for kind in kinds],
        **(facts | named),
    )
    session.add(officer)
    session.flush()
    return officer


def a_site(
    session: Session, kind: Kind = Kind.POND, *, at: tuple[float, float] = IN_WEST, **named: Any
) -> Site:
    lon, lat = at
    facts = {
        "number": f"{kind.letter}-{(WEST if lon < 100.5 else EAST)[:9]}-{uuid.uuid4().int % 9000 + 1000:04d}",
        "kind": kind,
        "subtype": {"straw": "plot", "pond": "pond", "greenhouse": "solar", "afforestation": "area"}[kind],
        "name": "苇塘东塘",
        "status": SiteStatus.ACTIVE,
        "township_code": WEST if lon < 100.5 else EAST,
        "geometry": Point(lon, lat),
        "lon": lon,
        "lat": lat,
        "created_at": NOW,
        "updated_at": NOW,
    }
    site = Site(id=uuid.uuid4(), **(facts | named))
    session.add(site)
    session.flush()
    return site


def a_pond_shape(lon: float = 100.40, lat: float = 38.93, metres: float = 50) -> Polygon:
    """A square pond around a point, `metres` to each side."""
    dx, dy = metres / 86_600, metres / 111_000
    return box(lon - dx, lat - dy, lon + dx, lat + dy)
