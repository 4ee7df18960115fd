"""Which sheets of a file are read, and as which tables: what both subjects do first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from geo.sources import Sheet, Source
from inspections.errors import InspectionError, Invalid
from inspections.imports.answers import Answers
from inspections.imports.headings import Finder
from inspections.imports.messages import Refusal, RowMessage
from inspections.imports.tables import Agreed, Column, Table, cell_at, read_table
from inspections.terms import MessageLevel

_SAMPLES = 3
_MOST_NUMBERS = 30  # of rows named in one sentence


class ColumnsMissing(Invalid):
    """No heading tells which column holds what every row needs."""

    code = "import.columns_missing"
    message = "No column is named for the {wanted}. Name one of them: {names}."
    field = "file"


class HeadingMissing(Invalid):
    """No row looks like the heading of a register."""

    code = "import.heading_missing"
    message = (
        "No row with headings was found. Give the columns names such as {names}, or say which row it is."
    )
    field = "file"


class SheetUnknown(Invalid):
    """A sheet that the file does not have."""

    code = "import.sheet_unknown"
    message = "The file has no sheet “{name}”. It has: {names}."
    field = "sheets"


class SheetHidden(InspectionError):
    """A hidden sheet, not read unless somebody says so."""

    code = "import.sheet_hidden"
    message = "The sheet “{name}” is hidden and was not read: {rows} rows."


class SheetWithoutTable(InspectionError):
    """A sheet in which no heading was found."""

    code = "import.sheet_without_table"
    message = "The sheet “{name}” has no heading that is known and was not read."


class RowsHidden(InspectionError):
    """Rows hidden by a filter or by hand; they belong to the register and were read."""

    code = "import.rows_hidden"
    message = "Hidden rows were read too: {rows}."


class ColumnIgnored(InspectionError):
    """A column that no list of headings knows; said once a sheet."""

    code = "import.column_ignored"
    message = "The column “{column}” is not known and was left out."


class ColumnGuessed(InspectionError):
    """A column whose heading is only near a name that is known."""

    code = "import.column_guessed"
    message = "The column “{column}” was taken for “{meaning}”. Correct it if it means something else."


class ColumnDoubled(InspectionError):
    """Two columns that mean the same; said once a sheet."""

    code = "import.column_doubled"
    message = "The columns “{first}” and “{column}” mean the same. Only the first was read."


class RowsPassedOver(InspectionError):
    """Sums and remarks below the register."""

    code = "import.rows_passed_over"
    message = "Sums and remarks were passed over, in rows {rows}."


@dataclass
class Opened:
    """The tables to read; `blocked` says why none of it can be, and what would help."""

    tables: list[Table]
    sheets: list[dict[str, Any]] = field(default_factory=list)  # what a page shows of every sheet
    messages: list[RowMessage] = field(default_factory=list)
    blocked: Refusal | None = None

    def note(self, error: Refusal, sheet: str = "", column: str = "") -> None:
        """Say something of a sheet."""
        self.messages.append(RowMessage(MessageLevel.NOTE, error, None, column, sheet))


def open_tables(
    source: Source,
    find: Finder,
    answers: Answers,
    needed: Sequence[Sequence[str]],
    recall: Agreed,
    known_names: Sequence[str],
) -> Opened:
    """Choose the sheets and find their tables.

    Parameters
    ----------
    needed : sequence of sequence of str
        For each thing every row needs, fields of which one is enough; a geometry is a `shape`.
    recall : callable
        Heading → field as it was agreed before for a file with these headings; `answers` go before it.
    known_names : sequence of str
        Headings to name where none was found.
    """

    def agreed(headings: Sequence[str]) -> dict[str, str]:
        return {**recall(headings), **answers.columns}

    opened = Opened([])
    _require_sheets(source, answers)
    lacking: list[Refusal] = []
    for sheet in source.sheets:
        wanted = sheet.name in answers.sheets if answers.sheets else not sheet.hidden
        heading_row = answers.heading_row if wanted else 0
        table = read_table(sheet, find, agreed, heading_row=heading_row)
        lack = _lack(table, needed, known_names)
        taken = wanted and lack is None
        opened.sheets.append(_shown(sheet, table, taken))
        if taken and table is not None:
            opened.tables.append(table)
            _note_columns(opened, table)
        elif not wanted and sheet.hidden:
            opened.note(SheetHidden(name=sheet.name, rows=sheet.row_count), sheet.name)
        elif wanted and lack is not None and sheet.row_count:
            lacking.append(lack)
    if not opened.tables:
        opened.blocked = next(
            (one for one in lacking if isinstance(one, ColumnsMissing)),
            lacking[0] if lacking else HeadingMissing(names="、".join(known_names[:4])),
        )
    else:
        _note_unread(opened, answers)
    return opened


def numbers_in_words(numbers: Sequence[int]) -> str:
    """Row numbers as people write them, runs drawn together, so many and no more.

    Examples
    --------
    >>> numbers_in_words([3, 4, 5, 9])
    '3-5, 9'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{first}-{last}" if last > first else f"{first}" for first, last in runs[:_MOST_NUMBERS]]
    return ", ".join([*words, "…"] if len(runs) > _MOST_NUMBERS else words)


def _require_sheets(source: Source, answers: Answers) -> None:
    names = [sheet.name for sheet in source.sheets]
    for name in answers.sheets:
        if name not in names:
            raise SheetUnknown(name=name[:40], names="、".join(names[:20]))


def _lack(table: Table | None, needed: Sequence[Sequence[str]], known_names: Sequence[str]) -> Refusal | None:
    """Why a table cannot be read: no heading, or a column that every row needs."""
    if table is None:
        return HeadingMissing(names="、".join(known_names[:4]))
    have = set(table.fields) | ({"shape"} if table.sheet.has_geometry else set())
    for fields in needed:
        if not any(set(field.split("+")) <= have for field in fields):
            names = "、".join(known_names)
            return ColumnsMissing(wanted=_WORDS[fields[0]], names=names)
    return None


_WORDS = {"name": "name", "code": "code", "shape": "position"}


def _shown(sheet: Sheet, table: Table | None, taken: bool) -> dict[str, Any]:
    """What a page shows of a sheet: its columns with what they mean and what stands in them first."""
    columns = [] if table is None else [_column(table, column) for column in table.columns]
    return {
        "name": sheet.name,
        "rows": sheet.row_count,
        "hidden": sheet.hidden,
        "taken": taken,
        "heading_rows": [] if table is None else list(table.heading_rows),
        "columns": columns,
    }


def _column(table: Table, column: Column) -> dict[str, Any]:
    samples: list[str] = []
    for batch in table.batches():
        for row in batch.rows:
            value = cell_at(row, column.index)
            if value is not None and len(samples) < _SAMPLES:
                samples.append(str(value)[:40])
        break
    return {"heading": column.heading, "field": column.field, "sure": column.sure, "samples": samples}


def _note_columns(opened: Opened, table: Table) -> None:
    name = table.sheet.name
    firsts: dict[str, str] = {}
    for column in table.columns:
        if column.field:
            firsts[column.field] = column.heading
            if not column.sure:
                opened.note(ColumnGuessed(column=column.heading, meaning=column.field), name, column.heading)
        elif column.doubles:
            opened.note(ColumnDoubled(first=column.doubles, column=column.heading), name, column.heading)
        elif not column.worthless:
            opened.note(ColumnIgnored(column=column.heading), name, column.heading)
    if table.sheet.hidden_rows:
        hidden = table.sheet.hidden_rows
        opened.note(RowsHidden(count=len(hidden), rows=numbers_in_words(hidden)), name)


def _note_unread(opened: Opened, answers: Answers) -> None:
    """Name the sheets that should have been read; those that somebody did not choose are no surprise."""
    for shown in opened.sheets:
        wanted = shown["name"] in answers.sheets if answers.sheets else not shown["hidden"]
        if wanted and not shown["taken"] and shown["rows"]:
            opened.note(SheetWithoutTable(name=shown["name"]), shown["name"])
