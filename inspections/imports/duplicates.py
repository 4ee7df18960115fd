"""Rows of a register that may be a site already known, or an earlier row: looked for on a grid, once over.

The questions are those of `sites.warnings`: half a shape shared, the same kind within 30 m, the same name in
the same village or near by; each row gets the first that fits. A grid cell keeps a limited number of places,
so that a thousand rows on one spot cost no more than a thousand apart.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, hypot, radians
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.coordinates import shift_hint
from inspections.errors import InspectionError
from inspections.imports.messages import Refusal
from inspections.models import Site
from inspections.permissions import Actor, site_filter
from inspections.sites.warnings import (
    LISTED,
    NEAR_M,
    OVERLAP,
    SAME_NAME_M,
    LooksShifted,
    NearAnother,
    OverlapsAnother,
    SameName,
)
from inspections.store import in_box

KNOWN_CHOICES = ("new", "change", "out")
EARLIER_CHOICES = ("new", "out")
_MOST_A_CELL = 20
_MOST_A_NAME = 50
_MOST_A_SHAPE = 50
_DATUMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}


class NearEarlierRow(InspectionError):
    """A row of the same file lies within 30 m, or overlaps."""

    code = "import.near_earlier_row"
    message = "Row {other}, {name}, is {distance_m} m away. Is it the same place?"


class NameOfEarlierRow(InspectionError):
    """A row of the same file has this name in the same village, or near by."""

    code = "import.name_of_earlier_row"
    message = "Row {other} has the same name, {name}, in the same village or near by. Is it the same place?"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may double another: what is compared of it."""

    number: int
    name: str
    village_code: str | None
    lon: float
    lat: float
    shape: Any = None  # a polygon; None for what has no area


@dataclass(frozen=True, slots=True)
class Double:
    """What a row may double: the question, what may be answered, or only a warning without choices."""

    error: Refusal
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A site of the register, or a row of the file (`site` empty)."""

    x: float  # metres on a plane round the county's middle
    y: float
    row: Candidate
    site: tuple[uuid.UUID, int, str] | None = None  # id, version, number


class Duplicates:
    """The sites of a kind that an officer may see, and the rows met so far."""

    def __init__(
        self, session: Session, kind: str, by: Actor, box: tuple[float, float, float, float]
    ) -> None:
        self._scale = (111_320.0 * cos(radians((box[1] + box[3]) / 2)), 111_130.0)
        self._cells: dict[tuple[int, int], list[_Known]] = defaultdict(list)
        self._names: dict[str, list[_Known]] = defaultdict(list)
        self._shaped: list[_Known] = []
        columns = (Site.id, Site.row_version, Site.number, Site.lon, Site.lat, Site.name, Site.village_code)
        query = select(*columns).where(Site.kind == kind, Site.status.in_(LISTED), site_filter(by))
        for site in session.execute(query):
            self._keep(self._known(_candidate(site), (site.id, site.row_version, site.number)))
        shapes = query.with_only_columns(*columns, Site.geometry).where(
            Site.area_m2 > 0, in_box(session, Site, box)
        )
        for site in session.execute(shapes):
            if site.geometry.geom_type.endswith("Polygon"):
                known = _candidate(site, site.geometry)
                self._shaped.append(self._known(known, (site.id, site.row_version, site.number)))

    def find(self, rows: Sequence[Candidate], own: Sequence[uuid.UUID | None]) -> list[Double | None]:
        """Tell for rows, in their order, which site or earlier row each may double; they are then met too.

        Parameters
        ----------
        own : sequence of UUID or None
            The site a row corrects by its number: that is no double of it.
        """
        overlapping = self._overlapping(rows, own)
        found: list[Double | None] = []
        for row, site_id, over in zip(rows, own, overlapping, strict=True):
            here = self._known(row)
            if site_id is None:
                found.append(over or self._near(here) or self._same_name(here))
            else:
                found.append(None)
            self._keep(here)
        return found

    @property
    def has_names(self) -> bool:
        """Whether there are sites at all."""
        return bool(self._names)

    def sample(self, most: int) -> list[tuple[float, float]]:
        """Some of the sites that are known, spread over them, as longitude and latitude."""
        known = [one.row for cell in self._cells.values() for one in cell if one.site]
        step = max(1, -(-len(known) // most))
        return [(one.lon, one.lat) for one in known[::step]]

    def near(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Tell for many places, degrees of shape (n,), whether a site stands within 30 m."""
        known = [one for cell in self._cells.values() for one in cell if one.site]
        near = np.zeros(len(lons), dtype=bool)
        sound = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
        if known and len(sound):
            tree = shapely.STRtree(shapely.points([one.x for one in known], [one.y for one in known]))
            points = shapely.points(lons[sound] * self._scale[0], lats[sound] * self._scale[1])
            near[sound[tree.query(points, predicate="dwithin", distance=NEAR_M)[0]]] = True
        return near

    def namesakes(self, name: str) -> list[tuple[float, float]]:
        """Where the sites of this name stand."""
        return [(known.row.lon, known.row.lat) for known in self._names.get(name, ()) if known.site]

    def _known(self, row: Candidate, site: tuple[uuid.UUID, int, str] | None = None) -> _Known:
        return _Known(row.lon * self._scale[0], row.lat * self._scale[1], row, site)

    def _keep(self, known: _Known) -> None:
        cell = self._cells[_cell(known)]
        if len(cell) < _MOST_A_CELL:
            cell.append(known)
        namesakes = self._names[known.row.name]
        if len(namesakes) < _MOST_A_NAME:
            namesakes.append(known)

    def _near(self, here: _Known) -> Double | None:
        column, line = _cell(here)
        around = (
            known
            for step_x in (-1, 0, 1)
            for step_y in (-1, 0, 1)
            for known in self._cells.get((column + step_x, line + step_y), ())
        )
        nearest = min(around, key=lambda known: _away_m(here, known), default=None)
        if nearest is None or _away_m(here, nearest) > NEAR_M:
            return None
        return _double(nearest, NearAnother, NearEarlierRow, distance_m=round(_away_m(here, nearest)))

    def _same_name(self, here: _Known) -> Double | None:
        for known in self._names.get(here.row.name, ()):
            together = known.row.village_code is not None and known.row.village_code == here.row.village_code
            if together or _away_m(here, known) <= SAME_NAME_M:
                return _double(known, SameName, NameOfEarlierRow)
            datum = known.site and shift_hint((known.row.lon, known.row.lat), (here.row.lon, here.row.lat))
            if known.site and datum:
                return Double(LooksShifted(number=known.site[2], datum=_DATUMS[datum]))
        return None

    def _overlapping(self, rows: Sequence[Candidate], own: Sequence[uuid.UUID | None]) -> list[Double | None]:
        """Tell which polygons share more than half of the smaller with a site or an earlier row."""
        found: list[Double | None] = [None] * len(rows)
        places = [place for place, row in enumerate(rows) if row.shape is not None]
        if not places:
            return found
        before = len(self._shaped)
        self._shaped += [self._known(rows[place]) for place in places]
        shapes = np.array([known.row.shape for known in self._shaped], dtype=object)
        pairs = _pairs(shapes, before)
        for here, other, share in zip(*pairs, strict=True):
            place, known = places[here - before], self._shaped[other]
            same = known.site is not None and known.site[0] == own[place]
            if found[place] is None and not same:
                found[place] = _double(known, OverlapsAnother, NearEarlierRow, percent=round(share * 100))
        return found


def _pairs(shapes: np.ndarray, first: int) -> tuple[list[int], list[int], list[float]]:
    """Pairs of a shape from `first` on and one before it that share over half of the smaller; the share."""
    here, other = shapely.STRtree(shapes).query(shapes[first:])
    here = here + first
    earlier = other < here
    here, other = here[earlier], other[earlier]
    # On one spot only so many are compared
    _, starts, counts = np.unique(here, return_index=True, return_counts=True)
    rank = np.arange(len(here)) - np.repeat(starts, counts)
    here, other = here[rank < _MOST_A_SHAPE], other[rank < _MOST_A_SHAPE]
    shared = shapely.area(shapely.intersection(shapes[here], shapes[other]))
    share = shared / np.minimum(shapely.area(shapes[here]), shapely.area(shapes[other]))
    over = share > OVERLAP
    return here[over].tolist(), other[over].tolist(), share[over].tolist()


def _candidate(site: Any, shape: Any = None) -> Candidate:
    return Candidate(0, site.name, site.village_code, site.lon, site.lat, shape)


def _double(known: _Known, site_kind: type, row_kind: type, **facts: Any) -> Double:
    if known.site is None:
        facts = {"other": known.row.number, "name": known.row.name, "distance_m": 0} | facts
        facts.pop("percent", None)
        if row_kind is NameOfEarlierRow:
            facts.pop("distance_m")
        return Double(row_kind(**facts), EARLIER_CHOICES)
    site_id, version, number = known.site
    facts |= {"number": number, "name": known.row.name, "site_id": str(site_id), "version": version}
    return Double(site_kind(**facts), KNOWN_CHOICES)


def _cell(known: _Known) -> tuple[int, int]:
    return floor(known.x / NEAR_M), floor(known.y / NEAR_M)


def _away_m(one: _Known, other: _Known) -> float:
    return hypot(one.x - other.x, one.y - other.y)
