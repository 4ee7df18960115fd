"""The first sheet of a source with its heading: what the checks read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geo.crs import parse_crs
from geo.errors import TooManyCells
from geo.readers.answer import plain_facts
from geo.sources import RowProblem, open_source


@dataclass(frozen=True)
class Layer:
    """The rows of a file under named columns; rows left out are in `problems`, one each."""

    format: str
    sha256: str
    encoding: str | None
    columns: list[str]
    rows: list[dict[str, str | int | float | None]]
    row_numbers: list[int]
    geometries: list[Any] | None
    crs: str | None
    problems: list[RowProblem] = field(default_factory=list)
    sheet: str | None = None
    declared_crs: str | None = None

    def lonlat(self) -> list[Any] | None:
        """Turn the geometries into longitude and latitude in CGCS2000; what was declared wins."""
        if self.geometries is None:
            return None
        reading = parse_crs(self.declared_crs or self.crs or "CGCS2000")
        return list(reading.to_lonlat(np.array(self.geometries, dtype=object)))


def read_layer(path: Path, *, crs: str | None = None) -> Layer:
    """Read the first sheet of a file."""
    declared = parse_crs(crs).name if crs else None
    with open_source(path) as source:
        sheet = source.sheets[0]
        numbers: list[int] = []
        rows: list[list[Any]] = []
        geometries: list[Any] = []
        for batch in sheet.batches():
            numbers += batch.numbers
            rows += batch.rows
            geometries += [] if batch.geometries is None else list(batch.geometries)
    columns, problems = sheet.columns, list(sheet.problems)
    if columns is None:
        columns, numbers, rows = _named(numbers, rows, problems)
    return Layer(
        source.format,
        source.sha256,
        source.encoding,
        columns,
        [dict.fromkeys(columns) | dict(zip(columns, row, strict=False)) for row in rows],
        numbers,
        geometries if sheet.has_geometry else None,
        sheet.crs,
        sorted(problems, key=lambda one: one.row),
        declared_crs=declared,
    )


def _named(
    numbers: list[int], rows: list[list[Any]], problems: list[RowProblem]
) -> tuple[list[str], list[int], list[list[Any]]]:
    columns: list[str] = []
    taken = {str(name) for name in rows[0]}
    for place, cell in enumerate(rows[0], start=1):
        name = str(cell or "")
        unique, count = name or f"({place})", 2
        while unique in columns or (unique in taken and unique != name):
            unique, count = f"{name or place} ({count})", count + 1
        columns.append(unique)
    kept: list[tuple[int, list[Any]]] = []
    for number, row in zip(numbers[1:], rows[1:], strict=True):
        if any(row[len(columns) :]):
            error = TooManyCells(cells=len(row), columns=len(columns))
            problems.append(RowProblem(number, None, error.code, plain_facts(error)))
        else:
            kept.append((number, row))
    return columns, [number for number, _ in kept], [row for _, row in kept]
