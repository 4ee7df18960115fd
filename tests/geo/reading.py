"""What a reader says of a file, read in this process: sheets with their rows and problems."""

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


@dataclass
class SheetRead:
    """One sheet: what is said of it, rows and WKT by number, problems by number as (code, column)."""

    facts: dict[str, Any]
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
    sheets = [SheetRead(facts) for facts in lines[-1]["end"]["sheets"]]
    for line in lines[:-1]:
        sheet = sheets[line["sheet"]]
        for number, values, hexed in line.get("rows", []):
            sheet.rows[number] = values
            if hexed:
                sheet.shapes[number] = shapely.from_wkb(hexed).wkt
        for number, column, code, _ in line.get("problems", []):
            sheet.problems[number] = (code, column)
    return {sheet.facts["name"]: sheet for sheet in sheets}
