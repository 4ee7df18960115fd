"""What is read of a file: by one reader in this process, or as everybody does it, by `open_source`."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import shapely

from geo.formats import Limits
from geo.readers.answer import Answer
from geo.sources import Source, open_source


@dataclass
class SheetRead:
    """One sheet: rows and WKT by number, problems by number as (code, column)."""

    name: str
    columns: list[str] | None
    has_geometry: bool
    crs: str | None
    hidden: bool
    hidden_rows: list[int]
    rows: dict[int, list[Any]] = field(default_factory=dict)
    shapes: dict[int, str] = field(default_factory=dict)
    problems: dict[int, tuple[str, str | None]] = field(default_factory=dict)


def read_sheets(reader: ModuleType, path: Path, **limits: Any) -> dict[str, SheetRead]:
    """Read a file by a reader's module; give the sheets by name."""
    out = io.BytesIO()
    answer = Answer(out, Limits(**limits))
    reader.read(path, answer, Limits(**limits))
    answer.end()
    lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
    sheets = [SheetRead(**facts) for facts in lines[-1]["end"]["sheets"]]
    for line in lines[:-1]:
        sheet = sheets[line["sheet"]]
        for number, values, hexed in line.get("rows", []):
            sheet.rows[number] = values
            if hexed:
                sheet.shapes[number] = shapely.from_wkb(hexed).wkt
        for number, column, code, _ in line.get("problems", []):
            sheet.problems[number] = (code, column)
    return {sheet.name: sheet for sheet in sheets}


def read_source(path: Path, **how: Any) -> tuple[Source, list[SheetRead]]:
    """Read a file in a process of its own; give all its rows."""
    with open_source(path, **how) as source:
        return source, [_read(sheet) for sheet in source.sheets]


def _read(sheet: Any) -> SheetRead:
    facts = (sheet.name, sheet.columns, sheet.has_geometry, sheet.crs, sheet.hidden, sheet.hidden_rows)
    found = SheetRead(*facts)
    for batch in sheet.batches():
        found.rows |= dict(zip(batch.numbers, batch.rows, strict=True))
        if batch.geometries is not None:
            found.shapes |= {
                number: shape.wkt for number, shape in zip(batch.numbers, batch.geometries, strict=True)
            }
    found.problems = {one.row: (one.code, one.column) for one in sheet.problems}
    return found
