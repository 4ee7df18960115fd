"""The table in a sheet: where its heading stands, what its columns mean, which rows are rows of it.

Real registers begin with titles, have headings of two rows with merged cells, sums at the foot of each page
and the heading printed again on the next. What is not a row of the register is passed over and told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from geo.sources import Batch, Plain, Sheet
from inspections.imports.headings import Finder, Match, is_worthless

LOOKED_AT = 40  # rows among which the heading is looked for
_LEAST_FIELDS = 2  # that a row must name to be a heading
_TOTAL = re.compile(r"(合|小|总|共|本页|累)\s*计.{0,12}")
_FOOT = re.compile(
    r"(填报|填表|制表|审核|单位负责|分管领导|统计|注|备注|说明|填报日期|日期)(人|单位|日期)?\s*[::].*",
    re.DOTALL,
)


@dataclass(frozen=True)
class Column:
    """One column: where it stands, its heading as people read it, the field it means."""

    index: int
    heading: str
    field: str = ""  # empty where nobody knows it, or somebody said to leave it out
    sure: bool = True
    doubles: str = ""  # the heading of the column that means the same and is read
    worthless: bool = False  # left out without a word


@dataclass
class Passed:
    """Rows that are none of the register, by their numbers."""

    totals: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    blanks: int = 0


@dataclass(frozen=True)
class Table:
    """A sheet read as a table. `fields` gives the place of each field's column."""

    sheet: Sheet
    columns: tuple[Column, ...]
    heading_rows: tuple[int, ...] = ()  # numbers; empty where the format names its columns

    @cached_property
    def fields(self) -> dict[str, int]:
        """Where the column of each field stands."""
        return {column.field: column.index for column in self.columns if column.field}

    def heading_of(self, field: str) -> str:
        """The heading of a field's column, or an empty text."""
        return next((column.heading for column in self.columns if column.field == field), "")

    def batches(self, passed: Passed | None = None) -> Iterator[Batch]:
        """The rows of the register, a batch at a time; what is passed over is written into `passed`."""
        passed = passed or Passed()
        last = self.heading_rows[-1] if self.heading_rows else 0
        for batch in self.sheet.batches():
            kept = [
                place
                for place, (number, row) in enumerate(zip(batch.numbers, batch.rows, strict=True))
                if number > last and self._is_row(number, row, passed)
            ]
            if len(kept) == len(batch.numbers):
                yield batch
            elif kept:
                shapes = None if batch.geometries is None else batch.geometries[np.array(kept)]
                yield Batch([batch.numbers[at] for at in kept], [batch.rows[at] for at in kept], shapes)

    def _is_row(self, number: int, row: Sequence[Plain], passed: Passed) -> bool:
        if self.sheet.columns is not None:
            return True
        if not any(cell_at(row, index) is not None for index in self.fields.values()):
            passed.blanks += 1
            return False
        texts = [cell for cell in row if isinstance(cell, str)]
        first = _narrow(texts[0]) if texts else ""
        if _TOTAL.fullmatch(first) and not self._has_place(row):
            passed.totals.append(number)
            return False
        if (_FOOT.fullmatch(first) and not self._has_place(row)) or self._is_heading(row):
            passed.notes.append(number)
            return False
        return True

    def _has_place(self, row: Sequence[Plain]) -> bool:
        named = ("lon", "lat", "x", "y", "position", "shape")
        return any(cell_at(row, self.fields[name]) is not None for name in named if name in self.fields)

    def _is_heading(self, row: Sequence[Plain]) -> bool:
        """The heading printed again on another page."""
        named = [column for column in self.columns if column.field]
        return bool(named) and all(
            cell_at(row, column.index) == column.heading.split(" ")[-1] for column in named
        )


Agreed = Callable[[Sequence[str]], Mapping[str, str]]


def read_table(sheet: Sheet, find: Finder, agreed: Agreed, *, heading_row: int = 0) -> Table | None:
    """Find the table of a sheet; None where no row looks like a heading.

    Parameters
    ----------
    find : callable
        Knows the headings of the subject.
    agreed : callable
        For the headings found: heading → field as a person said, an empty field for a column to leave out. It
        goes before `find`.
    heading_row : int
        The number of the last row of the heading, where a person said it.
    """
    if sheet.columns is not None:
        parts = [[name] for name in sheet.columns]
        return Table(sheet, _columns(sheet.columns, parts, find, agreed(sheet.columns)))
    rows = _heading_of(_first_rows(sheet), find, heading_row)
    if not rows:
        return None
    parts = _parts([row for _, row in rows])
    headings = _unique([_joined(part) for part in parts])
    numbers = tuple(number for number, _ in rows)
    return Table(sheet, _columns(headings, parts, find, agreed(headings)), numbers)


def cell_at(row: Sequence[Plain], index: int) -> Plain:
    """The value in a column; rows may end early."""
    return row[index] if index < len(row) else None


def _heading_of(
    head: Sequence[tuple[int, Sequence[Plain]]], find: Finder, heading_row: int
) -> Sequence[tuple[int, Sequence[Plain]]]:
    """The one or two rows that name most fields; the first where several do."""
    best: Sequence[tuple[int, Sequence[Plain]]] = ()
    best_score = 0.0 if heading_row else _LEAST_FIELDS - 1.0
    for at in range(len(head)):
        for height in (1, 2):
            rows = head[at : at + height]
            if len(rows) < height or (heading_row and rows[-1][0] != heading_row):
                continue
            score = _score(_parts([row for _, row in rows]), find) - 0.5 * (height - 1)
            if score > best_score or (heading_row and not best):
                best, best_score = rows, score
    return best


def _first_rows(sheet: Sheet) -> list[tuple[int, Sequence[Plain]]]:
    rows: list[tuple[int, Sequence[Plain]]] = []
    for batch in sheet.batches():
        rows += zip(batch.numbers, batch.rows, strict=True)
        if len(rows) >= LOOKED_AT:
            break
    return rows[:LOOKED_AT]


def _parts(rows: Sequence[Sequence[Plain]]) -> list[list[str]]:
    """What stands above each column, from the top down, each part once."""
    width = max((len(row) for row in rows), default=0)
    found = []
    for index in range(width):
        said = [str(cell).strip() for row in rows if (cell := cell_at(row, index)) is not None]
        found.append([part for place, part in enumerate(said) if part not in said[:place]])
    while found and not found[-1]:
        found.pop()
    return found


def _score(parts: Sequence[Sequence[str]], find: Finder) -> float:
    """How many fields the parts name; a near name counts less, a title over every column nothing."""
    fields: dict[str, float] = {}
    for part in parts:
        match = _match(part, find)
        if match:
            fields[match.field] = max(fields.get(match.field, 0.0), 1.0 if match.sure else 0.4)
    return sum(fields.values())


def _match(parts: Sequence[str], find: Finder) -> Match | None:
    """A column's field by its lowest heading, by both joined, or by the upper one alone."""
    if not parts or any(len(part) > 40 for part in parts):
        return None
    *above, lowest = parts
    tried = [lowest]
    if above:
        tried = [f"{above[-1]}({lowest})", f"{above[-1]}{lowest}", lowest, above[-1]]
    matches = [match for text in tried if (match := find(text))]
    return next((match for match in matches if match.sure), matches[0] if matches else None)


def _columns(
    headings: Sequence[str], parts: Sequence[Sequence[str]], find: Finder, agreed: Mapping[str, str]
) -> tuple[Column, ...]:
    """Give each column its field; of two that mean the same the surer one has it, else the first."""
    matches: list[Match | None] = []
    for heading, part in zip(headings, parts, strict=True):
        if heading in agreed:
            matches.append(Match(agreed[heading]) if agreed[heading] else None)
        else:
            matches.append(None if is_worthless(heading) else _match(part, find))
    taken: dict[str, int] = {}
    for sure in (True, False):
        for index, match in enumerate(matches):
            if match is not None and match.sure is sure:
                taken.setdefault(match.field, index)
    return tuple(
        _column(index, heading, match, taken, headings, quiet=heading in agreed or is_worthless(heading))
        for index, (heading, match) in enumerate(zip(headings, matches, strict=True))
    )


def _column(
    index: int,
    heading: str,
    match: Match | None,
    taken: Mapping[str, int],
    headings: Sequence[str],
    *,
    quiet: bool,
) -> Column:
    if match is None:
        return Column(index, heading, worthless=quiet)
    if taken[match.field] == index:
        return Column(index, heading, match.field, match.sure)
    return Column(index, heading, doubles=headings[taken[match.field]])


def _joined(parts: Sequence[str]) -> str:
    return re.sub(r"\s+", " ", " ".join(parts))[:80]


def _unique(headings: Sequence[str]) -> list[str]:
    """Name every column once: what is empty or repeated gets its place."""
    found: list[str] = []
    for place, heading in enumerate(headings, start=1):
        name = heading or f"({place})"
        found.append(name if name not in found else f"{name} ({place})")
    return found


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "").strip()
