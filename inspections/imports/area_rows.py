"""One row of a file of areas: code, level, name, category and boundary, checked by themselves.

What a row means beside the others is `import_areas`' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely

from geo.errors import EmptyGeometry, WrongGeometryType
from geo.shapes import representative_point
from inspections.errors import InspectionError, Invalid
from inspections.imports import Report
from inspections.imports.area_shapes import AreaRepaired, sound_multipolygon
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


@dataclass
class AreaRow:
    """One area as it will be kept."""

    row: int
    code: str
    level: AreaLevel
    name: str
    geometry: Any  # MultiPolygon in lon/lat CGCS2000, or None where there is only a point
    point: shapely.Point
    name_en: str = ""
    category: str = ""
    source: str = ""

    @property
    def parent_code(self) -> str | None:
        """The code of the area above; None for a county."""
        if self.level is AreaLevel.COUNTY:
            return None
        return self.code[:6] + "000000" if self.level is AreaLevel.TOWNSHIP else self.code[:9] + "000"


def county_digits(value: Any) -> str:
    """The six digits of a code's county, or an empty text."""
    digits = clean_code(str(value or ""))
    return digits[:6] if digits.isdecimal() else ""


def area_code(text: Any) -> str:
    """Twelve digits of a code of 6, 9 or 12; raises `WrongAreaCode`."""
    digits = clean_code(str(text if text is not None else ""))
    if not (digits.isdecimal() and digits.isascii() and len(digits) in (6, 9, 12)):
        raise WrongAreaCode(code=digits[:40])
    return digits.ljust(12, "0")


def read_row(report: Report, number: int, code: str, said: Mapping[str, Any], geometry: Any) -> AreaRow:
    """Read one row whose code is known; what is wrong with it is raised, with its field."""
    level = _level(code)
    name = clean_text(str(said["name"] or ""))
    if not 2 <= len(name) <= 40:
        raise AreaNameLength(field="name")
    category = _category(code, level, clean_text(str(said.get("category") or "")))
    row = AreaRow(number, code, level, name, None, shapely.Point(), category=category)
    _require_parent_said(row, said.get("parent"))
    row.name_en = clean_text(str(said.get("name_en") or ""))[:80]
    row.source = clean_text(str(said.get("source") or ""))[:200]
    row.geometry, row.point = _shape(report, row, geometry)
    return row


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


def _require_parent_said(row: AreaRow, said: Any) -> None:
    """A parent column may say nothing or what the code says; a name or a city's code is not compared."""
    text = clean_code(str(said or ""))
    if text.isdecimal() and row.parent_code and text.ljust(12, "0") != row.parent_code:
        raise ParentMismatch(code=row.code, parent=row.parent_code, said=text, field="parent")


def _shape(report: Report, row: AreaRow, geometry: Any) -> tuple[Any, shapely.Point]:
    if geometry is None or geometry.is_empty:
        raise EmptyGeometry
    if geometry.geom_type == "Point" and row.level is not AreaLevel.COUNTY:
        if row.level is AreaLevel.TOWNSHIP:
            report.warn(BoundaryMissing(name=row.name), row.row)
        return None, geometry
    if not geometry.geom_type.endswith("Polygon"):
        raise WrongGeometryType(type=geometry.geom_type)
    sound, changed = sound_multipolygon(geometry)
    if changed is not None:
        report.warn(AreaRepaired(name=row.name, percent=f"{changed * 100:.2f}"), row.row, "geometry")
    return sound, representative_point(sound)
