"""Administrative areas of the county: what there is today, by code, by level, and which holds a place.

A place within 30 m of a township line, or shared by two townships, is on the border: an officer chooses. A
place up to 500 m outside the county is taken with a warning, farther out it is refused.

Areas through time are `inspections.areas.versions`; sites that newer boundaries left behind are
`inspections.areas.differences`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from geo.areas import NOWHERE, AreaIndex
from geo.errors import OutOfCounty
from geo.shapes import distance_m, representative_point
from inspections.errors import Conflict
from inspections.models import Area
from inspections.terms import AreaLevel

BORDER_M = 30.0
OUTSIDE_MOST_M = 500.0
LARGEST_SHARE = 0.8


class NoCounty(Conflict):
    """Nothing can be placed before the county's areas are there."""

    code = "area.no_county"
    message = "There is no county yet. Import its areas first: xuntu import areas FILE --apply"


@dataclass(frozen=True)
class Placement:
    """Which areas hold a place, and how surely."""

    township_code: str | None  # None only where no township has a polygon
    village_code: str | None = None
    border: bool = False
    border_distance_m: float | None = None
    out_of_county_m: float = 0.0
    candidates: tuple[str, ...] = ()  # townships that may be chosen without a reason, the likeliest first


def list_areas(
    session: Session, level: AreaLevel, *, parent: str | None = None, on: date | None = None
) -> list[Area]:
    """Areas of a level that hold on a day (today's if none is given), by code."""
    query = select(Area).where(Area.level == level, holds(on)).order_by(Area.code)
    return list(session.scalars(query.where(Area.parent_code == parent) if parent else query))


def holds(on: date | None = None, area: Any = Area) -> ColumnElement[bool]:
    """The condition that an area is there on a day; today's have no end. `area` may be an alias."""
    if on is None:
        return area.valid_to.is_(None)
    return and_(area.valid_from <= on, or_(area.valid_to.is_(None), area.valid_to > on))


def find_county(session: Session) -> Area | None:
    """Find the county, or None before its areas are imported."""
    return session.scalar(
        select(Area).where(Area.level == AreaLevel.COUNTY, Area.valid_to.is_(None)).limit(1)
    )


def county_name(session: Session) -> str:
    """Say what the county is called, or an empty text."""
    return (
        session.scalar(
            select(Area.name).where(Area.level == AreaLevel.COUNTY, Area.valid_to.is_(None)).limit(1)
        )
        or ""
    )


def area_names(session: Session, *, on: date | None = None) -> dict[str, str]:
    """Names of townships and villages by code: as they are called today, or as they were called on a day."""
    return names_on(list_names(session), on)


def every_name(session: Session) -> dict[str, str]:
    """Names by code as they are called today, the county's among them."""
    county = find_county(session)
    return area_names(session) | ({county.code: county.name} if county else {})


def list_names(session: Session) -> Sequence[tuple[str, str, date]]:
    """Code, name and first day of every version of townships and villages, by code and day."""
    query = select(Area.code, Area.name, Area.valid_from).where(Area.level != AreaLevel.COUNTY)
    return [tuple(row) for row in session.execute(query.order_by(Area.code, Area.valid_from))]


def names_on(versions: Sequence[tuple[str, str, date]], on: date | None = None) -> dict[str, str]:
    """What each code was called on a day, or is today.

    An area that has ended keeps its last name, one that began later has its first: old records and sites that
    nobody moved yet must print a name.
    """
    names: dict[str, str] = {}
    for code, name, valid_from in versions:
        if on is None or valid_from <= on or code not in names:
            names[code] = name
    return names


def list_choices(session: Session) -> list[tuple[str, str, AreaLevel, str | None]]:
    """Code, name, level and parent of today's townships and villages, by code: what a form offers."""
    query = (
        select(Area.code, Area.name, Area.level, Area.parent_code)
        .where(Area.valid_to.is_(None), Area.level != AreaLevel.COUNTY)
        .order_by(Area.code)
    )
    return [tuple(row) for row in session.execute(query)]


def township_index(session: Session) -> AreaIndex:
    """Give the townships of today with polygons; built anew only when an area changed."""
    return _index(session, AreaLevel.TOWNSHIP)


def village_index(session: Session) -> AreaIndex:
    """Give the villages of today with polygons; built anew only when an area changed."""
    return _index(session, AreaLevel.VILLAGE)


def place(session: Session, geometry: Any, *, accuracy_m: float | None = None) -> Placement:
    """Find the township and village of a geometry, lon/lat CGCS2000.

    Parameters
    ----------
    session : Session
        Where the areas are.
    geometry : shapely geometry
        A point, line or polygon, checked.
    accuracy_m : float, optional
        Of a point: where it is worse than 30 m, the border is that wide.

    Raises
    ------
    OutOfCounty
        The place lies more than 500 m outside the county.
    NoCounty
        There are no areas at all.
    """
    townships = township_index(session)
    point = representative_point(geometry)
    outside_m = _outside_m(session, townships, geometry)
    if outside_m > OUTSIDE_MOST_M:
        raise OutOfCounty(lon=round(point.x, 6), lat=round(point.y, 6))
    if not len(townships):
        return _placed_by_hand(session, outside_m)
    village = village_index(session)
    found = village.locate_one(point) if len(village) else NOWHERE
    village_code = village.codes[found] if found != NOWHERE else None
    if geometry.geom_type == "Point":
        return _place_point(townships, point, max(BORDER_M, accuracy_m or 0.0), village_code, outside_m)
    return _place_shape(townships, geometry, village_code, outside_m)


def are_inside(session: Session, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
    """Whether places lie in the county; in any of its townships where it has no polygon of its own."""
    county = _index(session, AreaLevel.COUNTY)
    return (county if len(county) else township_index(session)).locate(lons, lats) != NOWHERE


def _place_point(
    townships: AreaIndex, point: shapely.Point, border_m: float, village_code: str | None, outside_m: float
) -> Placement:
    holder = townships.locate_one(point)
    nearest = holder if holder != NOWHERE else townships.nearest(point)[0]
    away_m = townships.border_distance_m(point, nearest)
    border = holder == NOWHERE or away_m <= border_m
    return Placement(
        township_code=townships.codes[nearest],
        village_code=village_code,
        border=border,
        border_distance_m=None if away_m == float("inf") else round(away_m, 1),
        out_of_county_m=outside_m,
        candidates=_within(townships, point, max(border_m, outside_m), nearest),
    )


def _place_shape(
    townships: AreaIndex, geometry: Any, village_code: str | None, outside_m: float
) -> Placement:
    shares = townships.share(geometry) or [(townships.nearest(representative_point(geometry))[0], 0.0)]
    return Placement(
        township_code=townships.codes[shares[0][0]],
        village_code=village_code,
        border=shares[0][1] < LARGEST_SHARE,
        out_of_county_m=outside_m,
        candidates=tuple(townships.codes[index] for index, _ in shares),
    )


def _within(townships: AreaIndex, point: shapely.Point, within_m: float, first: int) -> tuple[str, ...]:
    near = townships.near_border(np.array([point.x]), np.array([point.y]), np.array([first]), within_m)
    if not near[0]:
        return (townships.codes[first],)
    others = [
        code
        for index, code in enumerate(townships.codes)
        if index != first and distance_m(point, townships.geometries[index]) <= within_m
    ]
    return (townships.codes[first], *others)


def _outside_m(session: Session, townships: AreaIndex, geometry: Any) -> float:
    """How far the farthest corner lies outside the county; 0 inside."""
    county = _index(session, AreaLevel.COUNTY)
    whole = county if len(county) else townships
    if not len(whole):
        return 0.0
    corners = shapely.get_coordinates(geometry)
    outside = corners[whole.locate(corners[:, 0], corners[:, 1]) == NOWHERE]
    if len(outside) > 3:
        outside = shapely.get_coordinates(shapely.MultiPoint(outside).convex_hull)
    return max((round(whole.nearest((lon, lat))[1], 1) for lon, lat in outside), default=0.0)


def _placed_by_hand(session: Session, outside_m: float) -> Placement:
    """Where no township has a polygon, an officer names the township."""
    codes = tuple(area.code for area in list_areas(session, AreaLevel.TOWNSHIP))
    if not codes:
        raise NoCounty
    return Placement(township_code=None, border=True, out_of_county_m=outside_m, candidates=codes)


def areas_state(*levels: AreaLevel) -> Select[Any]:
    """Ask what changes when an area of these levels, or of any, is added, ended or redrawn: one row."""
    edges = (Area.min_lon, Area.min_lat, Area.max_lon, Area.max_lat)
    sums = (func.sum(column).label(column.key) for column in edges)
    query = select(
        func.count().label("areas"),
        func.max(Area.pk).label("last_area"),
        func.count(Area.valid_to).label("ended"),
        *sums,
    )
    return query.where(Area.level.in_(levels or tuple(AreaLevel)))


_indexes: dict[tuple[str, AreaLevel], tuple[Sequence[Any], AreaIndex]] = {}
_INDEXES_MOST = 12
_lock = Lock()


def _index(session: Session, level: AreaLevel) -> AreaIndex:
    key = (str(session.get_bind().engine.url), level)
    state = tuple(session.execute(areas_state(level)).one())
    kept = _indexes.get(key)
    if kept is None or kept[0] != state:
        rows = [area for area in list_areas(session, level) if area.geometry is not None]
        kept = (state, AreaIndex([area.code for area in rows], [area.geometry for area in rows]))
        with _lock:
            while len(_indexes) >= _INDEXES_MOST:
                _indexes.pop(next(iter(_indexes)))
            _indexes[key] = kept
    return kept[1]
