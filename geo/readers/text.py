"""Read tables in text, whatever separates their cells; the heading is for others to find."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
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

# A group counts only where none before it divides the lines: `1#`, `、` and `，` also stand inside texts
_SEPARATORS = (",;\t|", "\uff0c\uff1b", "、^~#")
_BLANKS = re.compile(r"[ \u3000]{2,}")
_NO_SEPARATOR = "\x1f"
_NAMED = re.compile(r'"?sep=([^"\r\n])"?\s*', re.IGNORECASE)  # a first line for Excel
_LINES_LOOKED_AT = 200
_TITLE_LINES = 10


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
    lines, separator = _divided(text)
    reader = csv.reader(lines, delimiter=separator, strict=True)
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


def _divided(text: str) -> tuple[Iterator[str], str]:
    """Give the lines of a table and what stands between its cells."""
    lines = iter(io.StringIO(text, newline=""))
    named = _NAMED.fullmatch(text[:20].partition("\n")[0])
    if named:
        next(lines)
        return chain(["\n"], lines), named[1]
    sample = [line for line in islice(io.StringIO(text[:1_000_000]), _LINES_LOOKED_AT) if line.strip()]
    for group in _SEPARATORS:
        fits, separator = max(
            ((_fit(_widths(sample, one)), one) for one in group), key=lambda found: found[0]
        )
        if fits > (0, 0):
            return lines, separator
    if _fit([len(_BLANKS.split(line.strip())) for line in sample]) > (0, 0):
        return (_BLANKS.sub("\t", line.strip()) + "\n" for line in lines), "\t"
    return lines, _NO_SEPARATOR


def _widths(lines: list[str], separator: str) -> list[int]:
    """Count the cells of each row, quotes respected."""
    widths = []
    with suppress(csv.Error):  # a cell beyond the limit: the rows before it have to do
        widths.extend(len(cells) for cells in csv.reader(lines, delimiter=separator))
    return widths


def _fit(widths: list[int]) -> tuple[int, int]:
    """Say how many rows have the commonest number of cells, and the number; nothing if few are divided."""
    titles = next((n for n, width in enumerate(widths[:_TITLE_LINES]) if width > 1), _TITLE_LINES)
    below = widths[titles:]
    divided = Counter(width for width in below if width > 1)
    if not divided or 2 * divided.total() < len(below):
        return 0, 0
    return max((count, width) for width, count in divided.items())
