"""Read tables in text: CSV with commas, semicolons, tabs or bars, its first row the heading."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from geo.errors import (
    CellTooLarge,
    EmptyFile,
    OpenQuote,
    StrayQuote,
    TooManyCells,
    TooManyColumns,
)
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.encoding import decode

_DELIMITERS = ",;\t|"


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read a table; empty cells are nothing, rows without any text are passed over."""
    text, answer.facts["encoding"] = decode(path.read_bytes())
    csv.field_size_limit(limits.cell_bytes)
    rows = _rows(text, limits)
    columns: list[str] | None = None
    for number, cells in rows:
        if isinstance(cells, StrayQuote):
            answer.add_problem(number, None, cells)
        elif columns is None:
            columns = _heading(cells, limits)
        else:
            _add(answer, number, cells, columns)
    if columns is None:
        raise EmptyFile
    answer.facts["columns"] = columns


def _rows(text: str, limits: Limits) -> Iterator[tuple[int, list[str] | StrayQuote]]:
    """Yield each row that holds text, or what is wrong with its quotes, with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if "field limit" in str(error):
                raise CellTooLarge(row=number, most_mb=limits.cell_bytes // 1_000_000) from error
            if "unexpected end" in str(error):
                raise OpenQuote(row=number) from error
            yield number, StrayQuote()
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield number, cells


def _delimiter(text: str) -> str:
    """Choose what separates most cells of the heading, outside quotes."""
    line = next((line for line in io.StringIO(text[:100_000]) if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_DELIMITERS, key=bare.count)


def _heading(cells: list[str], limits: Limits) -> list[str]:
    """Name every column once: trailing empty ones go, empty and repeated names get a number."""
    names = [cell.strip() for cell in cells]
    while not names[-1]:
        names.pop()
    if len(names) > limits.columns:
        raise TooManyColumns(most=limits.columns)
    columns: list[str] = []
    taken = set(names)
    for place, name in enumerate(names, start=1):
        unique, count = name or f"({place})", 2
        while unique in columns or (unique in taken and unique != name):
            unique, count = f"{name or place} ({count})", count + 1
        columns.append(unique)
    return columns


def _add(answer: Answer, number: int, cells: list[str], columns: list[str]) -> None:
    if any(cell.strip() for cell in cells[len(columns) :]):
        answer.add_problem(number, None, TooManyCells(cells=len(cells), columns=len(columns)))
        return
    answer.add_row(number, [cell.strip() or None for cell in cells[: len(columns)]])
