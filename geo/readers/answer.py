"""What a reader says to the process that asked: sheets, rows, problems and facts, as lines of JSON.

Lines, because half an answer can be told from a whole one; JSON, because reading it runs nothing. The lines
are `{"sheet": index, "rows": [[number, [value, …], geometry], …]}`,
`{"sheet": index, "problems": [[row, column, code, facts], …]}` and, last, `{"error": [code, facts]}` or
`{"end": {"format", "encoding", "notes": [[code, facts], …], "sheets": [{…}, …]}}`. A geometry is WKB in hex;
what is said of a sheet are the fields of `SheetFacts`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, BinaryIO

import orjson

from geo.errors import CellTooLarge, GeoError, NumberNotFinite, TooManyRows, ZeroInText
from geo.formats import Limits

_BATCH, _BATCH_SIZE = 1_000, 4_000_000  # rows, and characters, of one line
_BIGGEST_INT = 2**63
_YES_NO = {True: "是", False: "否"}  # as people here write them in a table


@dataclass
class SheetFacts:
    """What is said of one sheet; a reader may fill it in while it reads."""

    name: str = ""
    columns: list[str] | None = None  # None for a grid: its heading is for others to find
    has_geometry: bool = False
    crs: str | None = None
    hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)


class Answer:
    """Collects what a reader found, sheet by sheet, and writes it out in batches."""

    def __init__(self, out: BinaryIO, limits: Limits) -> None:
        self._out = out
        self._limits = limits
        self._read = 0
        self._most = limits.rows
        self._rows: list[list[Any]] = []
        self._size = 0  # characters in them
        self._problems: list[list[Any]] = []
        self._sheets: list[SheetFacts] = []
        self._notes: list[GeoError] = []
        self.encoding: str | None = None
        self.format: str | None = None  # where only the reader can tell, as of what lies in an archive

    def begin_sheet(self, name: str = "", **facts: Any) -> SheetFacts:
        """Begin a sheet; the rows and problems that follow are its own."""
        self._flush()
        self._sheets.append(SheetFacts(name, **facts))
        if self._sheets[-1].columns is None and not self._sheets[-1].has_geometry:
            self._most += self._limits.headings
        return self._sheets[-1]

    def note(self, error: GeoError) -> None:
        """Say something of the whole file that somebody should know."""
        self._notes.append(error)

    def add_row(self, number: int, values: Sequence[Any], geometry: str | None = None) -> None:
        """Add one row of plain values in the order of the columns to the sheet begun last.

        A shorter row ends in empty cells; the number is what people call the row.

        Raises
        ------
        TooManyRows, CellTooLarge
            The file is to be refused.
        """
        self._count()
        size = sum(len(value) for value in values if isinstance(value, str))
        if size > self._limits.row_bytes:
            raise CellTooLarge(row=number, most_mb=self._limits.row_bytes // 1_000_000)
        self._rows.append([number, list(values), geometry])
        self._size += size + len(geometry or "")
        if len(self._rows) >= _BATCH or self._size >= _BATCH_SIZE:
            self._flush()

    def add_problem(self, number: int, column: str | None, error: GeoError) -> None:
        """Say why one row is left out."""
        self._count()
        self._problems.append([number, column, error.code, plain_facts(error)])
        if len(self._problems) >= _BATCH:
            self._flush()

    def plain(self, value: Any, row: int) -> str | int | float | None:
        """Turn a value into text, a number or nothing.

        Yes and no become 是 and 否, a whole float an int, what is nested JSON text.

        Raises
        ------
        NumberNotFinite, ZeroInText
            The row is to be left out.
        CellTooLarge
            The file is to be refused.
        """
        if value is None or isinstance(value, bool):
            return None if value is None else _YES_NO[value]
        if isinstance(value, int):
            return value if abs(value) < _BIGGEST_INT else str(value)
        if isinstance(value, float):
            return _plain_float(value)
        return self._plain_text(value if isinstance(value, str) else _nested(value), row)

    def end(self) -> None:
        """Write what is left and close the answer with its facts."""
        self._flush()
        notes = [[note.code, plain_facts(note)] for note in self._notes]
        sheets = [asdict(sheet) for sheet in self._sheets]
        said = {"format": self.format, "encoding": self.encoding}
        self._write({"end": said | {"notes": notes, "sheets": sheets}})

    def fail(self, error: GeoError) -> None:
        """Close the answer with a refusal of the whole file."""
        self._write({"error": [error.code, plain_facts(error)]})

    def _plain_text(self, text: str, row: int) -> str | None:
        if len(text) > self._limits.cell_bytes:
            raise CellTooLarge(row=row, most_mb=self._limits.cell_bytes // 1_000_000)
        if "\x00" in text:
            raise ZeroInText
        return whole_characters(text) or None

    def _count(self) -> None:
        self._read += 1
        if self._read > self._most:
            raise TooManyRows(most=self._limits.rows)

    def _flush(self) -> None:
        sheet = {"sheet": len(self._sheets) - 1}
        if self._rows:
            self._write(sheet | {"rows": self._rows})
        if self._problems:
            self._write(sheet | {"problems": self._problems})
        self._rows, self._problems, self._size = [], [], 0

    def _write(self, line: dict[str, Any]) -> None:
        self._out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def plain_facts(error: GeoError) -> dict[str, Any]:
    """Give the facts of a refusal as JSON can hold them."""
    return {
        name: whole_characters(fact) if isinstance(fact, str) else fact for name, fact in error.facts.items()
    }


def whole_characters(text: str) -> str:
    """Replace halves of characters, which JSON can name and nothing can store.

    Examples
    --------
    >>> whole_characters("half" + chr(0xD800)) == "half" + chr(0xFFFD)
    True
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _plain_float(value: float) -> int | float:
    if not isfinite(value):
        raise NumberNotFinite
    return int(value) if value.is_integer() and abs(value) < _BIGGEST_INT else value


def _nested(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise NumberNotFinite from error
