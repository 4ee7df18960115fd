"""The table in a sheet: where its heading stands, what its columns mean, which rows are rows of it.

Real registers begin with titles, have headings of two rows with merged cells, sums at the foot of each page
and the heading printed again on the next. What is not a row of the register is passed over and told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from geo.coordinates import read_number_pairs, read_numbers
from geo.sources import Batch, Plain, Sheet
from inspections.imports.headings import Finder, Match, is_worthless, says_else

LOOKED_AT = 40  # rows among which the heading is looked for
_PLACE = ("lon", "lat", "x", "y", "position", "shape")
_LEAST_FIELDS = 2  # that a row must name to be a heading
_TOTAL = re.compile(r"(.{0,8}[合小总]|共|累|本页)计.{0,12}")
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
    parts: tuple[str, ...] = ()  # what stands above it, from the top down, where the heading is in rows
    worthless: bool = False  # left out without a word


@dataclass
class Passed:
    """Rows that are none of the register, by their numbers."""

    totals: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)


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
            if any(cell is not None for cell in row):  # a remark in a column that is not read
                passed.notes.append(number)
            return False
        first = next((cell for cell in row if isinstance(cell, str)), "")
        if self._is_total(first, row) and not self._has_place(first, row):
            passed.totals.append(number)
            return False
        if (_FOOT.fullmatch(_narrow(first)) and not self._has_place(first, row)) or self._is_heading(row):
            passed.notes.append(number)
            return False
        return True

    def _is_total(self, first: str, row: Sequence[Plain]) -> bool:
        """Whether a row begins with a sum, or has one for its name beside a merged cell that reaches down."""
        name = cell_at(row, self.fields["name"]) if "name" in self.fields else None
        return any(isinstance(cell, str) and _TOTAL.fullmatch(_narrow(cell)) for cell in (first, name))

    def _has_place(self, first: str, row: Sequence[Plain]) -> bool:
        """Whether the row has a position that can be read; a remark may be merged across those columns."""
        cells = {name: cell_at(row, self.fields[name]) for name in _PLACE if name in self.fields}
        if cells.get("shape") not in (None, first):
            return True
        numbers, _ = read_numbers([cells.get(name) for name in ("lon", "lat", "x", "y")])
        pair, _, _ = read_number_pairs([cells.get("position")])
        return bool(np.isfinite(numbers).reshape(2, 2).all(axis=1).any() or np.isfinite(pair).any())

    @cached_property
    def _named(self) -> list[tuple[int, frozenset[str]]]:
        """Where the columns that are read stand, and what may stand above each."""
        return [(one.index, frozenset(map(_narrow, one.parts))) for one in self.columns if one.field]

    def _is_heading(self, row: Sequence[Plain]) -> bool:
        """The heading printed again on another page, or one of its two rows."""
        count = 0
        for index, parts in self._named:
            cell = cell_at(row, index)
            if cell is not None:
                if not isinstance(cell, str) or _narrow(cell) not in parts:
                    return False
                count += 1
        return count >= min(_LEAST_FIELDS, len(self._named))


Agreed = Callable[[Sequence[str]], Mapping[str, str]]
_Rows = Sequence[tuple[int, Sequence[Plain]]]


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
    head = _first_rows(sheet, heading_row)
    rows = _heading_of(head, find, heading_row) or _agreed_heading(head, find, agreed)
    if not rows:
        return None
    headings, parts = _headings(rows)
    numbers = tuple(number for number, _ in rows)
    return Table(sheet, _columns(headings, parts, find, agreed(headings)), numbers)


def cell_at(row: Sequence[Plain], index: int) -> Plain:
    """The value in a column; rows may end early."""
    return row[index] if index < len(row) else None


def _heading_of(head: _Rows, find: Finder, heading_row: int) -> _Rows:
    """The one or two rows that name most fields; the first where several do."""
    best: _Rows = ()
    best_score = 0.0 if heading_row else _LEAST_FIELDS - 1.0
    for rows in _possible(head):
        if heading_row and rows[-1][0] != heading_row:
            continue
        score = _score(_parts([row for _, row in rows]), find) - 0.5 * (len(rows) - 1)
        if score > best_score or (heading_row and not best):
            best, best_score = rows, score
    return _with_upper_row(head, best)


def _with_upper_row(head: _Rows, rows: _Rows) -> _Rows:
    """The heading with the row above it, where merged cells of that reach down into it."""
    at = next((place for place, row in enumerate(head) if rows and row == rows[0]), 0)
    if len(rows) != 1 or not at:
        return rows
    pairs = zip(head[at - 1][1], rows[0][1], strict=False)
    reaches_down = any(upper is not None and upper == lower for upper, lower in pairs)
    return head[at - 1 : at + 1] if reaches_down else rows


def _agreed_heading(head: _Rows, find: Finder, agreed: Agreed) -> _Rows:
    """The rows whose columns somebody named, where the names by themselves are not known."""
    best: _Rows = ()
    most = _LEAST_FIELDS - 1
    for rows in _possible(head):
        headings, parts = _headings(rows)
        said = agreed(headings)
        if any(said.get(heading) for heading in headings):
            count = sum(bool(column.field) for column in _columns(headings, parts, find, said))
            if count > most:
                best, most = rows, count
    return best


def _possible(head: _Rows) -> Iterator[_Rows]:
    """Every row of the head, and every two that follow each other."""
    for at in range(len(head)):
        yield head[at : at + 1]
        if at + 1 < len(head):
            yield head[at : at + 2]


def _first_rows(sheet: Sheet, heading_row: int) -> _Rows:
    """The rows among which the heading is; where somebody said which it is, that row and the one above."""
    rows: list[tuple[int, Sequence[Plain]]] = []
    for batch in sheet.batches():
        rows += zip(batch.numbers, batch.rows, strict=True)
        if heading_row:
            rows = [row for row in rows if row[0] <= heading_row][-2:]
            if batch.numbers[-1] >= heading_row:
                break
        elif len(rows) >= LOOKED_AT:
            break
    return rows[:LOOKED_AT]


def _headings(rows: _Rows) -> tuple[list[str], list[list[str]]]:
    """What each column is called, and the parts of that."""
    parts = _parts([row for _, row in rows])
    return _unique([_joined(part) for part in parts]), parts


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
    if says_else(lowest):
        return None
    tried = [lowest]
    if above:
        tried = [f"{above[-1]}({lowest})", f"{above[-1]}{lowest}", lowest, above[-1]]
    matches = [match for text in tried if (match := find(text))]
    return next((match for match in matches if match.sure), matches[0] if matches else None)


def _columns(
    headings: Sequence[str], parts: Sequence[Sequence[str]], find: Finder, agreed: Mapping[str, str]
) -> tuple[Column, ...]:
    """Give each column its field; of two that mean the same the one named so, the surer, the first has it."""
    matches: list[Match | None] = []
    for heading, part in zip(headings, parts, strict=True):
        if heading in agreed:
            matches.append(Match(agreed[heading]) if agreed[heading] else None)
        else:
            matches.append(None if is_worthless(heading) else _match(part, find))
    taken: dict[str, int] = {}
    found = [(index, match) for index, match in enumerate(matches) if match is not None]
    for index, match in sorted(found, key=lambda one: (headings[one[0]] not in agreed, not one[1].sure)):
        taken.setdefault(match.field, index)
    columns = []
    for index, (heading, part, match) in enumerate(zip(headings, parts, matches, strict=True)):
        column = Column(index, heading, parts=tuple(part))
        if match is None:
            column = replace(column, worthless=heading in agreed or is_worthless(heading))
        elif taken[match.field] == index:
            column = replace(column, field=match.field, sure=match.sure)
        else:
            column = replace(column, doubles=headings[taken[match.field]])
        columns.append(column)
    return tuple(columns)


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
