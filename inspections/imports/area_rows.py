"""One row of a file of areas: code, level, name, category, days and boundary, checked by themselves.

What a row means beside the others is `imports.areas`' business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely

from geo.errors import EmptyGeometry, WrongGeometryType
from geo.shapes import representative_point
from inspections.errors import InspectionError, Invalid
from inspections.imports.area_shapes import AreaRepaired, sound_multipolygon
from inspections.imports.cells import read_code, read_day
from inspections.imports.rows import CheckedRow
from inspections.permissions import is_county, is_township
from inspections.terms import AreaLevel
from inspections.typed import clean_code, clean_text

CATEGORIES: Mapping[str, tuple[AreaLevel, range]] = {  # the digits that say it (DOMAIN §3.1)
    "街道": (AreaLevel.TOWNSHIP, range(1, 100)),
    "镇": (AreaLevel.TOWNSHIP, range(100, 200)),
    "乡": (AreaLevel.TOWNSHIP, range(200, 400)),
    "政企合一": (AreaLevel.TOWNSHIP, range(400, 600)),
    "社区": (AreaLevel.VILLAGE, range(1, 200)),
    "村": (AreaLevel.VILLAGE, range(200, 400)),
}


class WrongAreaCode(Invalid):
    """No code of 6, 9 or 12 digits."""

    code = "area.wrong_code"
    message = (
        "“{code}” is no code of an area. Write 6 digits for a county, 9 for a township, 12 for a village."
    )


class AreaNameLength(Invalid):
    """A name too short or too long."""

    code = "area.name_length"
    message = "Write a name of 2 to 40 characters."


class CodeTwice(Invalid):
    """Two rows of one file with one code."""

    code = "area.code_twice"
    message = "The code {code} stands in row {other} already. Leave one of them."


class CategoryMismatch(Invalid):
    """A category that the digits of the code contradict."""

    code = "area.category_mismatch"
    message = "The code {code} does not belong to the category {category}. Correct one of them."


class ParentMismatch(Invalid):
    """A parent that the code contradicts."""

    code = "area.parent_mismatch"
    message = "The code {code} belongs under {parent}, the row says {said}. Correct one of them."


class BoundaryMissing(InspectionError):
    """A township with a point only: nothing can be placed in it."""

    code = "area.boundary_missing"
    message = "{name} has no boundary. No site can be placed in it by its position."


class DayAhead(Invalid):
    """An area that begins or ends on a day to come."""

    code = "area.day_ahead"
    message = "{day} is still to come. Import the area on that day."


class DaysReversed(Invalid):
    """An area that ends before it begins."""

    code = "area.days_reversed"
    message = "The area ends on {last} and begins on {first}. Correct one of the days."


@dataclass
class AreaRow:
    """One area as it will be kept."""

    row: CheckedRow
    code: str
    level: AreaLevel
    name: str
    geometry: Any = None  # MultiPolygon in lon/lat CGCS2000, or None where there is only a point
    point: shapely.Point = field(default_factory=shapely.Point)
    name_en: str = ""
    category: str = ""
    source: str = ""
    valid_from: date | None = None  # None: from the day it is applied
    valid_to: date | None = None
    successors: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """What people call its row."""
        return self.row.number

    @property
    def parent_code(self) -> str | None:
        """The code of the area above; None for a county."""
        if self.level is AreaLevel.COUNTY:
            return None
        return self.code[:6] + "000000" if self.level is AreaLevel.TOWNSHIP else self.code[:9] + "000"

    def kept(self) -> dict[str, Any]:
        """Its facts as JSON, without the boundary."""
        names = ("code", "name", "name_en", "category", "source", "parent_code")
        facts: dict[str, Any] = {name: getattr(self, name) for name in names}
        facts |= {"level": self.level.value, "successors": list(self.successors)}
        lon, lat = (None, None) if self.point.is_empty else (round(self.point.x, 7), round(self.point.y, 7))
        facts |= {"lon": lon, "lat": lat}
        facts |= {"valid_from": self.valid_from and self.valid_from.isoformat()}
        return facts | {"valid_to": self.valid_to and self.valid_to.isoformat()}


def county_digits(value: Any) -> str:
    """The six digits of a code's county, or an empty text."""
    try:
        digits = read_code(value)
    except Invalid:
        return ""
    return digits[:6] if digits.isdecimal() else ""


def area_code(value: Any) -> str:
    """Twelve digits of a code of 6, 9 or 12; raises `WrongAreaCode`, or `CodeCut` for 6.2E+11."""
    digits = read_code(value)
    if not (digits.isdecimal() and digits.isascii() and len(digits) in (6, 9, 12)):
        raise WrongAreaCode(code=digits[:40])
    return digits.ljust(12, "0")


def read_row(row: CheckedRow, code: str, said: Mapping[str, Any], geometry: Any, *, today: date) -> AreaRow:
    """Read one row whose code is known; what is wrong with it is raised, with its field."""
    level = _level(code)
    name = clean_text(str(said.get("name") or ""))
    if not 2 <= len(name) <= 40:
        raise AreaNameLength(field="name")
    category = _category(code, level, clean_text(str(said.get("category") or "")))
    area = AreaRow(row, code, level, name, category=category)
    _require_parent_said(area, said.get("parent"))
    area.name_en = clean_text(str(said.get("name_en") or ""))[:80]
    area.source = clean_text(str(said.get("source") or ""))[:200]
    area.valid_from, area.valid_to = _days(said, today)
    area.successors = _successors(said.get("successors"))
    area.geometry, area.point = _shape(area, geometry)
    return area


def _days(said: Mapping[str, Any], today: date) -> tuple[date | None, date | None]:
    """From which day the area is there, and until which: neither to come, in their order."""
    days = []
    for name in ("valid_from", "valid_to"):
        try:
            day = read_day(said.get(name))
        except Invalid as error:
            error.field = name
            raise
        if day is not None and day > today:
            raise DayAhead(day=day.isoformat(), field=name)
        days.append(day)
    first, last = days
    if first is not None and last is not None and last <= first:
        raise DaysReversed(first=first.isoformat(), last=last.isoformat(), field="valid_to")
    return first, last


def _successors(said: Any) -> tuple[str, ...]:
    """The codes that take an ended area's place."""
    words = re.split(r"[\s,，、;；/]+", clean_code(read_code(said))) if said is not None else []
    try:
        return tuple(area_code(word) for word in words if word)
    except Invalid as error:
        error.field = "successors"
        raise


def _level(code: str) -> AreaLevel:
    if is_county(code):
        return AreaLevel.COUNTY
    return AreaLevel.TOWNSHIP if is_township(code) else AreaLevel.VILLAGE


def _category(code: str, level: AreaLevel, said: str) -> str:
    """The category as said, if the digits of the code agree; else the one the digits say."""
    digits = int(code[6:9] if level is AreaLevel.TOWNSHIP else code[9:12])
    if said in CATEGORIES and (CATEGORIES[said][0] is not level or digits not in CATEGORIES[said][1]):
        raise CategoryMismatch(code=code, category=said, field="category")
    found = (name for name, (of, span) in CATEGORIES.items() if of is level and digits in span)
    return said[:20] or next(found, "")


def _require_parent_said(area: AreaRow, said: Any) -> None:
    """A parent column may say nothing or what the code says; a name or a city's code is not compared."""
    text = clean_code(str(said or ""))
    if text.isdecimal() and area.parent_code and text.ljust(12, "0") != area.parent_code:
        raise ParentMismatch(code=area.code, parent=area.parent_code, said=text, field="parent")


def _shape(area: AreaRow, geometry: Any) -> tuple[Any, shapely.Point]:
    if geometry is None or geometry.is_empty:
        if area.level is AreaLevel.COUNTY:
            raise EmptyGeometry
        return None, shapely.Point()  # what is known of its place stays
    if geometry.geom_type == "Point" and area.level is not AreaLevel.COUNTY:
        return None, geometry
    if not geometry.geom_type.endswith("Polygon"):
        raise WrongGeometryType(type=geometry.geom_type)
    sound, changed = sound_multipolygon(geometry)
    if changed is not None:
        area.row.warn(AreaRepaired(name=area.name, percent=f"{changed * 100:.2f}"), "geometry")
    return sound, representative_point(sound)
