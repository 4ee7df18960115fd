"""Which township and village the rows of a register belong to: the rules of `inspections.areas`, in bulk.

A row that names the township answers for itself. Else a place within 30 m of a township line is a question
that proposes the township which holds it; a place whose township the position does not tell is a question
that proposes nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geo.areas import NOWHERE, AreaIndex
from geo.errors import GeoError, OutOfCounty
from geo.shapes import representative_point
from inspections import areas
from inspections.areas import BORDER_M, OUTSIDE_MOST_M, NoCounty, Placement
from inspections.errors import InspectionError, Invalid
from inspections.imports.headings import heading_key
from inspections.imports.messages import Refusal
from inspections.models import Area
from inspections.terms import AreaLevel

_OFFICE = re.compile(r"(人民政府|政府|办事处|村?民?委员?会|居民?委员?会)$")
_KIND = re.compile(r"(街道|镇|乡|村|社区)$")
_SLACK = 1.02  # `near_border` is true to 1 %: what it lets through is measured exactly


class TownshipNeeded(Invalid):
    """The position alone does not say whose the place is."""

    code = "import.township_needed"
    message = "The position does not tell the township. Choose it, or name it in a column 乡镇: {names}."
    field = "township"


class NearTownshipLine(InspectionError):
    """A place within 30 m of another township."""

    code = "import.near_township_line"
    message = "The place lies in {name}, within {most_m} m of the line to {others}. Whose is it?"


class TownshipDiffers(InspectionError):
    """The column names another township than the position."""

    code = "import.township_differs"
    message = "The row says {said}, the place lies in {name}. The position decides."
    field = "township"


class JustOutside(InspectionError):
    """A place a little outside the county, given to the township named."""

    code = "import.just_outside"
    message = "The place lies {distance_m} m outside the county and was put into {name}, as the row says."
    field = "township"


class NoTownships(InspectionError):
    """The county has no townships yet; said once a file."""

    code = "import.no_townships"
    message = "The county has no townships yet. The sites belong to {name} as a whole; import its townships."


class VillageUnknown(InspectionError):
    """The column names a village that the township does not have."""

    code = "import.village_unknown"
    message = "{township} has no village {said}. It was left out."
    field = "village"


@dataclass(frozen=True)
class Said:
    """What a row says of its township and village, in words or codes."""

    township: str = ""
    village: str = ""
    reason: str = ""  # why the site belongs to the township it names though it lies in another


@dataclass(frozen=True)
class Placed:
    """Where a row belongs, or why it cannot be told.

    With a `question`, the township is the likeliest one; `choices` may be answered: `holder`, or a code.
    """

    township_code: str = ""
    village_code: str | None = None
    error: Refusal | None = None
    warnings: tuple[Refusal, ...] = ()
    question: Refusal | None = None
    choices: tuple[str, ...] = ()


class Townships:
    """The county's areas of today, ready for a whole file."""

    def __init__(self, session: Session) -> None:
        self._session = session
        county = areas.find_county(session)
        if county is None:
            raise NoCounty
        self.county: Area = county
        self._townships = areas.township_index(session)
        self._villages = areas.village_index(session)
        self._whole = (
            AreaIndex([county.code], [county.geometry]) if county.geometry is not None else self._townships
        )
        listed = areas.list_areas(session, AreaLevel.TOWNSHIP)
        self._names = {area.code: area.name for area in listed}
        self._by_name = _keys(listed)
        villages = areas.list_areas(session, AreaLevel.VILLAGE)
        self._parents = {village.code: village.parent_code for village in villages}
        self._villages_of = {
            code: _keys(village for village in villages if village.parent_code == code)
            for code in self._names
        }

    @property
    def missing(self) -> Refusal | None:
        """What to say where the county has no townships at all."""
        return None if self._names else NoTownships(name=self.county.name)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Bounds of the county, `(minx, miny, maxx, maxy)` in degrees."""
        return tuple(shapely.total_bounds(self._whole.geometries))

    def hold(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Tell for many places, degrees of shape (n,), whether they lie in the county."""
        return self._whole.locate(lons, lats) != NOWHERE

    def place(self, geometries: Sequence[Any], said: Sequence[Said]) -> list[Placed]:
        """Place every geometry, lon/lat CGCS2000; a None among them gives an empty answer."""
        points = np.array([_point(geometry) for geometry in geometries], dtype=object)
        lons, lats = shapely.get_x(points), shapely.get_y(points)
        inside = self._whole.locate(lons, lats) != NOWHERE
        nearby = inside | self._whole.near_border(
            lons, lats, np.full(len(lons), NOWHERE), OUTSIDE_MOST_M * _SLACK
        )
        holders = self._townships.locate(lons, lats)
        lines = self._townships.near_border(lons, lats, holders, BORDER_M)
        villages = self._villages.locate(lons, lats)
        placed = []
        for row, (geometry, words) in enumerate(zip(geometries, said, strict=True)):
            if geometry is None:
                placed.append(Placed())
            elif not nearby[row]:
                placed.append(Placed(error=OutOfCounty(lon=round(lons[row], 6), lat=round(lats[row], 6))))
            else:
                village = self._villages.codes[villages[row]] if villages[row] != NOWHERE else None
                sure = bool(inside[row]) and self._is_sure(geometry, holders[row])
                holder = self._townships.codes[holders[row]] if sure else None
                placed.append(self._settle(geometry, words, holder, village, near_line=bool(lines[row])))
        return placed

    def _is_sure(self, geometry: Any, holder: int) -> bool:
        """Whether one township surely holds the place: a point in it, or a shape wholly in it."""
        if holder == NOWHERE:
            return False
        return geometry.geom_type == "Point" or bool(
            shapely.covers(self._townships.geometries[holder], geometry)
        )

    def _settle(
        self, geometry: Any, said: Said, holder: str | None, village: str | None, *, near_line: bool
    ) -> Placed:
        if not self._names:
            return self._in_county(geometry)
        named = self._named(said)
        if said.reason and named is not None:
            return self._with_words(named, village, said, [])
        if holder is not None:
            if near_line and geometry.geom_type == "Point":
                return self._settle_near_line(geometry, said, holder, village)
            return self._with_words(holder, village, said, [])
        try:
            placement = areas.place(self._session, geometry)
        except GeoError as error:
            return Placed(error=error)
        return self._settle_unsure(placement, said)

    def _settle_near_line(self, point: Any, said: Said, holder: str, village: str | None) -> Placed:
        """Ask whose a point beside a line is, unless the row says it."""
        near = self._townships.within(point, BORDER_M * _SLACK)
        others = [code for code in (self._townships.codes[index] for index in near) if code != holder]
        named = self._named(said)
        if named == holder or named in others:
            return self._with_words(named, village, said, [])
        placed = self._with_words(holder, village, said, [])
        if not others:
            return placed
        names = "、".join(self._names[code] for code in others)
        question = NearTownshipLine(most_m=round(BORDER_M), name=self._names[holder], others=names)
        return replace(placed, question=question, choices=("holder", *others))

    def _named(self, said: Said) -> str | None:
        return _find(self._by_name, said.township)

    def _in_county(self, geometry: Any) -> Placed:
        outside_m = self._whole.nearest(representative_point(geometry))[1]
        if outside_m > OUTSIDE_MOST_M:
            return Placed(
                error=OutOfCounty(lon=round(geometry.centroid.x, 6), lat=round(geometry.centroid.y, 6))
            )
        warnings = (JustOutside(distance_m=round(outside_m), name=self.county.name),) if outside_m else ()
        return Placed(self.county.code, warnings=warnings)

    def _settle_unsure(self, placement: Placement, said: Said) -> Placed:
        """Take the township the row names, where the position alone does not decide."""
        named = self._named(said)
        clear = placement.township_code if not placement.border and not placement.out_of_county_m else None
        if clear is not None:
            return self._with_words(clear, placement.village_code, said, [])
        if named is None or (placement.township_code and named not in placement.candidates):
            codes = placement.candidates[:8]
            question = TownshipNeeded(names="、".join(self._names[code] for code in codes))
            placed = self._with_words(codes[0], placement.village_code, Said(village=said.village), [])
            return replace(placed, question=question, choices=codes)
        warnings: list[Refusal] = []
        if placement.out_of_county_m:
            facts = {"distance_m": round(placement.out_of_county_m), "name": self._names[named]}
            warnings.append(JustOutside(**facts))
        return self._with_words(named, placement.village_code, said, warnings)

    def _with_words(self, township: str, village: str | None, said: Said, warnings: list[Refusal]) -> Placed:
        if said.township and self._named(said) != township:
            warnings.append(TownshipDiffers(said=said.township[:40], name=self._names[township]))
        village = village if self._parents.get(village or "") == township else None
        if village is None and said.village:
            village = _find(self._villages_of.get(township, {}), said.village)
            if village is None:
                facts = {"township": self._names[township], "said": said.village[:40]}
                warnings.append(VillageUnknown(**facts))
        return Placed(township, village, warnings=tuple(warnings))


def _point(geometry: Any) -> shapely.Point:
    if geometry is None or geometry.is_empty:
        return shapely.Point(float("nan"), float("nan"))
    return geometry if geometry.geom_type == "Point" else representative_point(geometry)


def _keys(listed: Iterable[Area]) -> Mapping[str, str]:
    """Areas by code and name, and by the name without its kind where no two share that."""
    found: dict[str, str] = {}
    short: dict[str, list[str]] = defaultdict(list)
    for area in listed:
        short[_without_kind(area.name)].append(area.code)
        for key in (area.name, area.code, area.code.removesuffix("000")):
            found.setdefault(heading_key(key), area.code)
    for key, codes in short.items():
        if len(codes) == 1:
            found.setdefault(key, codes[0])
    return found


def _find(areas: Mapping[str, str], said: str) -> str | None:
    """The code of an area that is named as it is, or as people call its office."""
    if not said:
        return None
    return areas.get(heading_key(said)) or areas.get(_without_kind(said))


def _without_kind(name: str) -> str:
    """A name without its office and the kind of area it is, unless only one sign is left."""
    key = heading_key(name)
    for ending in (_OFFICE, _KIND):
        shorter = ending.sub("", key)
        key = shorter if len(shorter) > 1 else key
    return key
