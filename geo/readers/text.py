"""Read tables in text: CSV with commas, semicolons, tabs or bars; the heading is for others to find."""

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
    TooManyColumns,
)
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.encoding import decode

_DELIMITERS = ",;\t|"


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read a table; empty cells are nothing, rows without any text are passed over."""
    text, answer.encoding = decode(path.read_bytes())
    csv.field_size_limit(limits.cell_bytes)
    answer.begin_sheet()
    found = False
    for number, cells in _rows(text, limits):
        if isinstance(cells, StrayQuote):
            answer.add_problem(number, None, cells)
            continue
        while not cells[-1].strip():
            cells.pop()
        if len(cells) > limits.columns:
            raise TooManyColumns(most=limits.columns)
        answer.add_row(number, [cell.strip() or None for cell in cells])
        found = True
    if not found:
        raise EmptyFile


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
