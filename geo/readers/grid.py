"""Sheets of a workbook as people see them: merged cells filled, values plain, blank rows passed over."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from geo.errors import NumberNotFinite, ZeroInText
from geo.readers.answer import Answer

Plain = str | int | float | None


class Merge(NamedTuple):
    """Cells shown as one: first and last row and column, counted from 0, all within."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def add_rows(answer: Answer, rows: Iterable[tuple[int, list[Any]]], merges: Iterable[Merge]) -> list[int]:
    """Add the rows of a sheet as they stand there; give the numbers of those that hold anything.

    Parameters
    ----------
    answer : Answer
        Its last sheet takes the rows.
    rows : iterable of (number, values)
        Numbers from 1, as the program that made the sheet shows them; values from column A on, as many as
        the widest row has.
    merges : iterable of Merge
        The value at the first row and column stands for all; where two overlap, the first one counts.
    """
    merged, added = _Merged(merges), []
    for number, values in rows:
        try:
            cells = [plain(answer, value, number) for value in values]
        except (NumberNotFinite, ZeroInText) as error:
            answer.add_problem(number, None, error)
            continue
        if all(cell is None for cell in cells):
            continue
        merged.fill(number - 1, cells)
        while cells[-1] is None:
            cells.pop()
        answer.add_row(number, cells)
        added.append(number)
    return added


def plain(answer: Answer, value: Any, row: int) -> Plain:
    """Turn the value of a cell into text, a number or nothing; days and times become ISO text."""
    if isinstance(value, str):
        return answer.plain(value.strip(), row)
    if isinstance(value, float):
        # A workbook shows fifteen digits; what lies beyond them is dust of the arithmetic
        return answer.plain(float(f"{value:.15g}"), row)
    if isinstance(value, datetime | date | time | timedelta):
        return _when(value)
    return answer.plain(value, row)


def _when(value: datetime | date | time | timedelta) -> str:
    """Write a day, a time, both or a length of time, to the second."""
    if isinstance(value, datetime):
        whole = value.replace(microsecond=0) + timedelta(seconds=round(value.microsecond / 1_000_000))
        return whole.date().isoformat() if whole.time() == time() else whole.isoformat(sep=" ")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return value.isoformat() if isinstance(value, date) else value.isoformat("seconds")


@dataclass
class _Open:
    """A merge that reaches down to the row being filled."""

    merge: Merge
    value: Plain


class _Merged:
    """Fills merged cells row by row.

    Those open at one time never overlap, so that what they cost is bounded by the cells there are.
    """

    def __init__(self, merges: Iterable[Merge]) -> None:
        self._waiting = sorted(merges, reverse=True)
        self._open: list[_Open] = []  # by first column

    def fill(self, row: int, cells: list[Plain]) -> None:
        """Fill the empty cells of a row; rows come in their order."""
        self._open = [one for one in self._open if one.merge.last_row >= row]
        for merge in self._beginning(row, len(cells)):
            value = cells[merge.first_column]
            if value is not None and self._is_free(merge):
                insort(self._open, _Open(merge, value), key=_first_column)
        for one in self._open:
            for column in range(one.merge.first_column, min(one.merge.last_column + 1, len(cells))):
                if cells[column] is None:
                    cells[column] = one.value

    def _beginning(self, row: int, width: int) -> Iterator[Merge]:
        while self._waiting and self._waiting[-1].first_row <= row:
            merge = self._waiting.pop()
            if merge.first_row == row and merge.first_column < width:
                yield merge

    def _is_free(self, merge: Merge) -> bool:
        """See that no open merge holds a column of this one; those open do not overlap each other."""
        place = bisect_right(self._open, merge.last_column, key=_first_column)
        return place == 0 or self._open[place - 1].merge.last_column < merge.first_column


def _first_column(one: _Open) -> int:
    return one.merge.first_column
