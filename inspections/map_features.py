"""What the map shows: sites of a scope under a filter with their states, their counts, and areas' outlines.

Reads columns, not objects: the opening view asks for thousands of sites. `geo.layers` writes them as GeoJSON.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Row, Select, String, and_, case, func, select, true, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from inspections.areas import area_names, holds
from inspections.errors import Invalid, NotFound
from inspections.map_states import state_column, state_condition
from inspections.models import Area, ImportBatch, Site
from inspections.permissions import Actor, is_county, is_township, require, site_filter
from inspections.store import in_box
from inspections.terms import AreaLevel, Kind, MapState, SiteStatus

SHOWN = (SiteStatus.DRAFT, SiteStatus.ACTIVE)
LIMIT = 20_000  # sites in one answer; the most urgent come first
SAME_AREA = 0.005  # a county and the sum of its townships that differ by less have one outline
Box = tuple[float, float, float, float]
Outline = tuple[BaseGeometry, dict[str, Any]]


class FilterUnknown(Invalid):
    """A filter names a code there is none of."""

    code = "map.filter_unknown"
    message = "There is no {value} to filter by. Choose one of: {choices}"


class BoxUnreadable(Invalid):
    """A bounding box that is none."""

    code = "map.box_unreadable"
    message = "Write bbox as four numbers in degrees: west,south,east,north"
    field = "bbox"


@dataclass(frozen=True)
class MapFilter:
    """Which sites: empty texts and no box ask for all of the scope."""

    kind: str = ""
    area: str = ""  # code of a county, township or village
    state: str = ""  # a map state
    box: Box | None = None  # minx, miny, maxx, maxy in degrees


@dataclass(frozen=True)
class SiteFeatures:
    """Sites as features: `geometries[i]` (lon/lat CGCS2000) goes with `properties[i]`."""

    geometries: np.ndarray
    properties: list[dict[str, Any]]
    matched: int  # how many there are; more than were given where the limit cut


@dataclass(frozen=True)
class SiteCounts:
    """How many sites a filter finds."""

    by_state: dict[str, int] = field(default_factory=dict)
    by_township: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_state.values())


def read_filter(kind: str = "", area: str = "", state: str = "", bbox: str = "") -> MapFilter:
    """Read a filter from an address; raises `FilterUnknown` or `BoxUnreadable`."""
    _require_code("kind", kind, Kind)
    _require_code("state", state, MapState)
    return MapFilter(kind, area, state, read_box(bbox) if bbox else None)


def read_box(text: str) -> Box:
    """Read `west,south,east,north` in degrees; raises `BoxUnreadable`."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BoxUnreadable from None
    sound = (
        all(math.isfinite(edge) for edge in (west, south, east, north)) and west <= east and south <= north
    )
    if not sound:
        raise BoxUnreadable
    return west, south, east, north


def list_features(
    session: Session,
    *,
    by: Actor,
    wanted: MapFilter,
    now: datetime,
    points: bool = False,
    limit: int | None = None,
) -> SiteFeatures:
    """Sites in scope under a filter, the most urgent first; as representative points if `points`."""
    state = state_column(now).label("state")
    place = (Site.lon, Site.lat) if points else (type_coerce(Site.geometry, NullType()),)
    query = _narrowed(select(*_facts(), state, *place), session, by, wanted, now)
    limit = LIMIT if limit is None else limit
    rows = session.execute(query.order_by(_urgency(state), Site.number).limit(limit + 1)).all()
    matched = len(rows)
    if matched > limit:
        rows, matched = rows[:limit], count_sites(session, by=by, wanted=wanted, now=now).total
    return SiteFeatures(_geometries(rows, points), _properties(rows, area_names(session)), matched)


def count_sites(session: Session, *, by: Actor, wanted: MapFilter, now: datetime) -> SiteCounts:
    """How many sites a filter finds, by map state and by township."""
    state = state_column(now).label("state")
    query = _narrowed(select(state, Site.township_code, func.count()), session, by, wanted, now)
    by_state, by_township = Counter[str](), Counter[str]()
    for shown, township, count in session.execute(query.group_by(state, Site.township_code)):
        by_state[shown] += count
        by_township[township] += count
    return SiteCounts(dict(by_state), dict(by_township))


def get_site(session: Session, site_id: uuid.UUID, *, by: Actor) -> Site:
    """One site in scope, whatever its status; raises `NotFound`."""
    return _found(session.scalar(select(Site).where(Site.id == site_id)), by)


def get_site_by_key(session: Session, key: int, *, by: Actor) -> Site:
    """The same by the key that the map's files know it by."""
    return _found(session.get(Site, key), by)


def areas_stamp(session: Session) -> tuple[Any, ...]:
    """Return what changes whenever an area's outline or name does, to keep drawn outlines by."""
    columns = (Area.pk, Area.code, Area.name, Area.min_lon, Area.min_lat, Area.max_lon, Area.max_lat)
    last_import = select(func.max(ImportBatch.applied_at)).where(ImportBatch.subject == "areas")
    query = select(*columns, last_import.scalar_subquery()).where(_drawn()).order_by(Area.pk)
    return tuple(map(tuple, session.execute(query)))


def list_outlines(session: Session, *, tolerance_deg: float = 0.0, on: date | None = None) -> list[Outline]:
    """List the county and its townships as pairs of outline and `{code, name, level, lon, lat}`.

    As they are today, or as they were on a day. Neighbours keep sharing their lines. `tolerance_deg`
    simplifies; 0 gives the outlines as stored. The name is written at (lon, lat).
    """
    areas = session.scalars(select(Area).where(_drawn(on)).order_by(Area.code)).all()
    county = [area for area in areas if area.level == AreaLevel.COUNTY]
    townships = [area for area in areas if area.level == AreaLevel.TOWNSHIP]
    shapes = np.array([area.geometry for area in townships], dtype=object)
    if tolerance_deg and len(shapes):
        shapes = shapely.coverage_simplify(shapes, tolerance_deg)
    whole = [_whole(area.geometry, shapes, tolerance_deg) for area in county]
    return [
        _outline(area, shape) for area, shape in zip([*county, *townships], [*whole, *shapes], strict=True)
    ]


def _found(site: Site | None, by: Actor) -> Site:
    if site is None:
        raise NotFound
    require(by, "site.see", site)
    return site


def _require_code(name: str, value: str, codes: Iterable[str]) -> None:
    if value and value not in list(codes):
        raise FilterUnknown(value=value, field=name, choices=", ".join(codes))


def _narrowed(query: Select, session: Session, by: Actor, wanted: MapFilter, now: datetime) -> Select:
    query = query.where(Site.status.in_(SHOWN), site_filter(by), _in_area(wanted.area))
    if wanted.kind:
        query = query.where(Site.kind == Kind(wanted.kind))
    if wanted.state:
        query = query.where(state_condition(MapState(wanted.state), now))
    return query.where(in_box(session, Site, wanted.box)) if wanted.box else query


def _in_area(code: str) -> ColumnElement[bool]:
    if not code or is_county(code):
        return true()
    return (Site.township_code if is_township(code) else Site.village_code) == code


def _urgency(state: ColumnElement[str]) -> ColumnElement[int]:
    return case({shown.value: rank for rank, shown in enumerate(MapState)}, value=state)


def _facts() -> tuple[ColumnElement[Any], ...]:
    """Columns in the order of `_properties`: plain texts, because enums cost half the time of an answer."""
    return (
        Site.id,
        Site.number,
        Site.name,
        type_coerce(Site.kind, String),
        Site.subtype,
        type_coerce(Site.status, String),
        Site.township_code,
        Site.village_code,
        Site.area_m2,
    )


def _geometries(rows: Sequence[Row], points: bool) -> np.ndarray:
    if points:
        return shapely.points([row[-2:] for row in rows]) if rows else np.array([], dtype=object)
    return shapely.from_wkb(np.array([row[-1] for row in rows], dtype=object))


def _properties(rows: Sequence[Row], names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": site_id,
            "number": number,
            "name": name,
            "kind": kind,
            "subtype": subtype,
            "status": status,
            "state": state,
            "township": names.get(township, township),
            "village": names.get(village, ""),
            "area_m2": area_m2,
        }
        for site_id, number, name, kind, subtype, status, township, village, area_m2, state, *_ in rows
    ]


def _drawn(on: date | None = None) -> ColumnElement[bool]:
    return and_(
        holds(on),
        Area.level.in_((AreaLevel.COUNTY, AreaLevel.TOWNSHIP)),
        Area.geometry.is_not(None),
    )


def _whole(county: BaseGeometry, townships: np.ndarray, tolerance_deg: float) -> BaseGeometry:
    """Outline the county by its townships where they fill it, so that the two never part."""
    if not tolerance_deg:
        return county
    joined = _without_slivers(shapely.union_all(townships), SAME_AREA * county.area)
    fills = abs(joined.area - county.area) <= SAME_AREA * county.area
    return joined if fills else shapely.simplify(county, tolerance_deg)


def _without_slivers(shape: BaseGeometry, smallest: float) -> BaseGeometry:
    """Close holes smaller than `smallest`: gaps between neighbours that were drawn apart."""
    parts = [
        Polygon(part.exterior, [ring for ring in part.interiors if Polygon(ring).area >= smallest])
        for part in shapely.get_parts(shape)
        if isinstance(part, Polygon)
    ]
    return shapely.union_all(parts)


def _outline(area: Area, shape: BaseGeometry) -> Outline:
    at = shape.representative_point() if area.lon is None or area.lat is None else Point(area.lon, area.lat)
    facts = {"code": area.code, "name": area.name, "level": area.level.value}
    return shape, facts | {"lon": round(at.x, 6), "lat": round(at.y, 6)}
