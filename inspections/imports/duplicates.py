"""Rows of a register that may be a site already known, or an earlier row: looked for on a grid, once over.

The questions are those of `site_warnings`: the same kind within 30 m, half a shape shared, the same name in
the same village or near by. Each row gets at most one answer to each. A grid cell keeps a limited number of
places, so that a thousand rows on one spot cost no more than a thousand apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, hypot, radians
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.coordinates import shift_hint
from inspections.errors import InspectionError
from inspections.imports import Refusal
from inspections.models import Site
from inspections.permissions import Actor, site_filter
from inspections.sites.rules import SiteFacts
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

_MOST_A_CELL = 20
_MOST_A_NAME = 50
_DATUMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}


class NearEarlierRow(InspectionError):
    """A row of the same file lies within 30 m."""

    code = "import.near_earlier_row"
    message = "Row {other}, {name}, is {distance_m} m away. Is it the same place?"


class NameOfEarlierRow(InspectionError):
    """A row of the same file has this name in the same village, or near by."""

    code = "import.name_of_earlier_row"
    message = "Row {other} has the same name, {name}, in the same village or near by. Is it the same place?"


@dataclass(frozen=True)
class _Known:
    """A site of the register, or an accepted row of the file (`number` empty, `row` its line)."""

    x: float  # metres on a plane round the county's middle
    y: float
    lon: float
    lat: float
    name: str
    village_code: str | None
    number: str = ""
    row: int = 0
    shape: Any = None


class Duplicates:
    """The sites of a kind that an officer may see, and the rows accepted so far."""

    def __init__(
        self, session: Session, kind: str, by: Actor, box: tuple[float, float, float, float]
    ) -> None:
        self._scale = (111_320.0 * cos(radians((box[1] + box[3]) / 2)), 111_130.0)
        self._cells: dict[tuple[int, int], list[_Known]] = defaultdict(list)
        self._names: dict[str, list[_Known]] = defaultdict(list)
        self._shapes: list[_Known] = []
        columns = (Site.lon, Site.lat, Site.name, Site.village_code, Site.number)
        query = select(*columns).where(Site.kind == kind, Site.status.in_(LISTED), site_filter(by))
        for lon, lat, name, village_code, number in session.execute(query):
            self._keep(self._known(lon, lat, name=name, village_code=village_code, number=number))
        shapes = query.with_only_columns(*columns, Site.geometry).where(
            Site.area_m2 > 0, in_box(session, Site, box)
        )
        for lon, lat, name, village_code, number, shape in session.execute(shapes):
            known = self._known(lon, lat, name=name, village_code=village_code, number=number, shape=shape)
            self._shapes.append(known)

    def warnings_of(self, facts: Sequence[tuple[int, SiteFacts, float, float]]) -> dict[int, list[Refusal]]:
        """Tell for rows, in their order, which site or earlier row each may double.

        Parameters
        ----------
        facts : sequence of tuple
            Row number, facts with their village, longitude and latitude of the middle.
        """
        found: dict[int, list[Refusal]] = {}
        overlapping = self._overlapping(facts)
        for row, one, lon, lat in facts:
            here = self._known(lon, lat, name=one.name, village_code=one.village_code, row=row)
            warnings = [overlapping[row]] if row in overlapping else []
            if not warnings:
                warnings += self._near(here)
            warnings += self._same_name(here)
            if warnings:
                found[row] = warnings
            self._keep(here)
        return found

    def _known(self, lon: float, lat: float, **facts: Any) -> _Known:
        return _Known(lon * self._scale[0], lat * self._scale[1], lon, lat, **facts)

    def _keep(self, known: _Known) -> None:
        cell = self._cells[_cell(known)]
        if len(cell) < _MOST_A_CELL:
            cell.append(known)
        namesakes = self._names[known.name]
        if len(namesakes) < _MOST_A_NAME:
            namesakes.append(known)

    def _near(self, here: _Known) -> list[Refusal]:
        column, line = _cell(here)
        around = (
            known
            for step_x in (-1, 0, 1)
            for step_y in (-1, 0, 1)
            for known in self._cells.get((column + step_x, line + step_y), ())
        )
        nearest = min(around, key=lambda known: _away_m(here, known), default=None)
        if nearest is None or _away_m(here, nearest) > NEAR_M:
            return []
        distance_m = round(_away_m(here, nearest))
        if nearest.row:
            return [NearEarlierRow(other=nearest.row, name=nearest.name, distance_m=distance_m)]
        return [NearAnother(number=nearest.number, name=nearest.name, distance_m=distance_m)]

    def _same_name(self, here: _Known) -> list[Refusal]:
        for known in self._names.get(here.name, ()):
            together = known.village_code is not None and known.village_code == here.village_code
            if together or _away_m(here, known) <= SAME_NAME_M:
                return [
                    NameOfEarlierRow(other=known.row, name=known.name)
                    if known.row
                    else SameName(number=known.number, name=known.name)
                ]
            datum = None if known.row else shift_hint((known.lon, known.lat), (here.lon, here.lat))
            if datum:
                return [LooksShifted(number=known.number, datum=_DATUMS[datum])]
        return []

    def _overlapping(self, facts: Sequence[tuple[int, SiteFacts, float, float]]) -> dict[int, Refusal]:
        """Tell which polygons share more than half of the smaller with a known site or an earlier row."""
        rows = [
            self._known(lon, lat, name=one.name, village_code=None, row=row, shape=one.geometry)
            for row, one, lon, lat in facts
            if one.geometry.geom_type.endswith("Polygon")
        ]
        known = [*self._shapes, *rows]
        if not rows:
            return {}
        tree = shapely.STRtree([one.shape for one in known])
        found: dict[int, Refusal] = {}
        for place, here in enumerate(rows, start=len(self._shapes)):
            for other in sorted(tree.query(here.shape))[:_MOST_A_NAME]:
                share = _share(here.shape, known[other].shape) if other < place else 0.0
                if share > OVERLAP:
                    found[here.row] = _overlaps(known[other], share)
                    break
        return found


def _cell(known: _Known) -> tuple[int, int]:
    return floor(known.x / NEAR_M), floor(known.y / NEAR_M)


def _away_m(one: _Known, other: _Known) -> float:
    return hypot(one.x - other.x, one.y - other.y)


def _share(one: Any, other: Any) -> float:
    smaller = min(one.area, other.area)
    return shapely.intersection(one, other).area / smaller if smaller > 0 else 0.0


def _overlaps(known: _Known, share: float) -> Refusal:
    if known.row:
        return NearEarlierRow(other=known.row, name=known.name, distance_m=0)
    return OverlapsAnother(number=known.number, name=known.name, percent=round(share * 100))
