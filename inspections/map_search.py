"""What the map's search box finds: sites in scope, places by name, and positions as people paste them.

The words that find sites are those of the list of sites (`inspections.search`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, String, select, type_coerce
from sqlalchemy.orm import Session

from geo.coordinates import CHINA, read_pair
from geo.crs import parse_crs
from geo.errors import GeoError
from geo.readings import Candidate, read_pairs
from geo.shapes import bounds_around, distances_m
from inspections.areas import are_inside, area_names, holds
from inspections.errors import Invalid
from inspections.map_features import SHOWN, Box
from inspections.map_states import CLOSED_WITHIN_DAYS, state_column
from inspections.models import Area, Site
from inspections.models.names import name_key
from inspections.permissions import Actor, site_filter
from inspections.search import find_keys, list_areas_named
from inspections.store import in_box
from inspections.terms import AreaLevel
from inspections.typed import clean_text

LONGEST = 200  # characters
MOST_SITES = 20
MOST_COUNTED = 1000  # beyond those given; that many stand for that many or more
MOST_PLACES = 8
NEAR_M = 200.0
# Degrees say nothing of their datum; web maps shift theirs by some hundreds of metres
_DATUMS = ("EPSG:4490", "GCJ02", "BD09")
_EDGES = (Area.min_lon, Area.min_lat, Area.max_lon, Area.max_lat)


class SearchTooLong(Invalid):
    """More than anybody searches for."""

    code = "search.too_long"
    message = "Search for at most {most} characters."
    field = "q"


@dataclass(frozen=True)
class FoundSite:
    """A site that was found; `distance_m` where it lies near a position."""

    key: int
    id: uuid.UUID
    number: str
    name: str
    kind: str
    state: str
    township: str  # its name
    lon: float
    lat: float
    distance_m: float | None = None


@dataclass(frozen=True)
class FoundPlace:
    """A township or village of today; `bounds` (minx, miny, maxx, maxy in degrees) where it has a polygon."""

    code: str
    name: str
    level: str
    bounds: Box | None
    lon: float | None
    lat: float | None
    township: str = ""  # name of the one a village lies in


@dataclass(frozen=True)
class FoundPosition:
    """A position in CGCS2000, by which reading of the numbers, and whether it lies in the county."""

    lon: float
    lat: float
    reading: str  # as `geo.crs.Reading.name`
    inside: bool


@dataclass(frozen=True)
class Found:
    """All that was found, each list the likeliest first; `more` sites beside those given."""

    sites: list[FoundSite] = field(default_factory=list)
    places: list[FoundPlace] = field(default_factory=list)
    positions: list[FoundPosition] = field(default_factory=list)
    more: int = 0


def search(
    session: Session, words: str, *, by: Actor, now: datetime, period: int = CLOSED_WITHIN_DAYS
) -> Found:
    """Find sites, places and positions by the words somebody typed or pasted.

    Parameters
    ----------
    period : int
        How many days a site shows that its last case was closed.

    Raises
    ------
    SearchTooLong
        The words are more than 200 characters.
    """
    words = clean_text(words)
    if len(words) > LONGEST:
        raise SearchTooLong(most=LONGEST)
    positions = list_positions(session, words)
    state = state_column(now, period).label("state")
    keys = find_keys(session, words, by=by, statuses=SHOWN, most=MOST_SITES + MOST_COUNTED)
    named = _sites_by_key(session, keys[:MOST_SITES], state)
    known = set(keys)
    near = [one for one in _sites_near(session, positions, by, state) if one.key not in known]
    sites = [*near, *named][:MOST_SITES]
    more = min(len(keys) + len(near) - len(sites), MOST_COUNTED)
    return Found(sites, list_places(session, words), positions, more)


def list_places(session: Session, words: str) -> list[FoundPlace]:
    """List the townships and villages of today that are or were called so; townships before villages."""
    key, codes = name_key(words), list_areas_named(session, words) if words else []
    if not codes:
        return []
    columns = (Area.code, Area.name, Area.level, Area.parent_code, Area.lon, Area.lat, *_EDGES)
    rows = session.execute(select(*columns).where(Area.code.in_(codes), holds()))
    names = area_names(session)
    found = [
        FoundPlace(code, name, level.value, _box(edges), lon, lat, names.get(parent, ""))
        for code, name, level, parent, lon, lat, *edges in rows
    ]
    return sorted(found, key=lambda place: _likeness(place, key))[:MOST_PLACES]


def list_positions(session: Session, words: str) -> list[FoundPosition]:
    """List where a pair of numbers lies by each reading it can have, what lies in the county first.

    Degrees are read in CGCS2000 and in both datums of web maps, which nobody can tell apart; metres in each
    grid that leads into the county. What is no pair, or lies outside China, gives none.
    """
    try:
        x, y = read_pair(words)
    except GeoError:
        return []
    edges = session.execute(select(*_EDGES).where(Area.level == AreaLevel.COUNTY, holds())).first()
    box = _box(edges or (None,))
    if box is None:
        return []
    found: dict[tuple[float, float], str] = {}
    west, south, east, north = CHINA
    for candidate, lon, lat in _readings(x, y, box):
        if west <= lon <= east and south <= lat <= north:
            found.setdefault((round(lon, 6), round(lat, 6)), candidate.reading.name)
    inside = are_inside(session, *np.array([*found]).reshape(-1, 2).T)
    positions = [
        FoundPosition(lon, lat, name, bool(one))
        for ((lon, lat), name), one in zip(found.items(), inside, strict=True)
    ]
    return sorted(positions, key=lambda position: not position.inside)


def _box(edges: Sequence[float | None]) -> Box | None:
    return None if None in edges else tuple(edges)


def _readings(x: float, y: float, box: Box) -> Iterator[tuple[Candidate, float, float]]:
    """Every reading of a pair with the longitude and latitude it leads to."""
    for candidate, lon, lat in read_pairs(np.array([x]), np.array([y]), box).places(0):
        if not candidate.reading.is_lonlat:
            yield candidate, lon, lat
            continue
        for name in _DATUMS:
            other = Candidate(parse_crs(name), candidate.swapped)
            lons, lats = other.lonlat_of(np.array([x]), np.array([y]))
            yield other, float(lons[0]), float(lats[0])


def _sites_by_key(session: Session, keys: Sequence[int], state: Any) -> list[FoundSite]:
    if not keys:
        return []
    names = area_names(session)
    rows = {row.pk: _site(row, names) for row in session.execute(_facts(state).where(Site.pk.in_(keys)))}
    return [rows[key] for key in keys]


def _sites_near(
    session: Session, positions: Sequence[FoundPosition], by: Actor, state: Any
) -> list[FoundSite]:
    """Sites in scope within 200 m of any of the positions, the nearest first."""
    nearest: dict[int, tuple[float, Row]] = {}
    for at in positions:
        place = (at.lon, at.lat)
        query = _facts(state).add_columns(Site.geometry).where(Site.status.in_(SHOWN), site_filter(by))
        rows = session.execute(query.where(in_box(session, Site, bounds_around(place, NEAR_M)))).all()
        shapes = np.array([row.geometry for row in rows], dtype=object)
        away_m = distances_m(place, shapes).tolist() if rows else []
        for row, metres in zip(rows, away_m, strict=True):
            if metres <= min(NEAR_M, nearest.get(row.pk, (NEAR_M,))[0]):
                nearest[row.pk] = metres, row
    names = area_names(session) if nearest else {}
    found = sorted(nearest.values(), key=lambda one: (one[0], one[1].number))
    return [_site(row, names, round(metres, 1)) for metres, row in found]


def _facts(state: Any) -> Select:
    columns = (Site.pk, Site.id, Site.number, Site.name, type_coerce(Site.kind, String).label("kind"))
    return select(*columns, Site.township_code, Site.lon, Site.lat, state)


def _site(row: Row, names: dict[str, str], distance_m: float | None = None) -> FoundSite:
    return FoundSite(
        key=row.pk,
        id=row.id,
        number=row.number,
        name=row.name,
        kind=row.kind,
        state=row.state,
        township=names.get(row.township_code, row.township_code),
        lon=row.lon,
        lat=row.lat,
        distance_m=distance_m,
    )


def _likeness(place: FoundPlace, key: str) -> tuple[bool, bool, bool, str]:
    """Sort what is called just so first, then townships, then what begins so."""
    called = name_key(place.name)
    return called != key, place.level != AreaLevel.TOWNSHIP, not called.startswith(key), place.code
