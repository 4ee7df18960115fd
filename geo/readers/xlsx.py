"""Read workbooks of Excel 2007 and later: every sheet as a grid, hidden ones and hidden rows named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from geo.errors import BadLayer, BrokenArchive, EmptyFile, NotThisFormat, SheetTooSpread, TooManyColumns
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.archive import Archive
from geo.readers.grid import add_rows
from geo.readers.sheet_xml import WORKBOOK, SheetPart, look_through, place_of

_MOST_PARTS = 5_000  # pictures and their like are parts too
# The library keeps every cell between the first value and the last, 32 bytes each
_MOST_CELLS = 25_000_000


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read every sheet that has cells; formulas give the values they had when the file was saved."""
    parts = _parts(path, limits)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            found = [_read_sheet(workbook, number, part, answer, limits) for number, part in enumerate(parts)]
    except CalamineError as error:
        raise BadLayer from error
    if not any(found):
        raise EmptyFile


def _parts(path: Path, limits: Limits) -> list[SheetPart | None]:
    """Look the XML through; nothing is read from a workbook whose parts are not all bearable."""
    try:
        with Archive(path, limits, members=_MOST_PARTS) as archive:
            if WORKBOOK not in archive.names:
                raise NotThisFormat(name=path.name, format="XLSX")
            parts, with_cells = look_through(archive)
    except BrokenArchive as error:
        raise BadLayer from error
    for part in with_cells:
        if part.last_column > limits.columns:
            raise TooManyColumns(most=limits.columns)
        if part.last_row * part.last_column > _MOST_CELLS:
            raise SheetTooSpread(cell=place_of(part.last_row, part.last_column))
    return parts


def _read_sheet(
    workbook: CalamineWorkbook, number: int, part: SheetPart | None, answer: Answer, limits: Limits
) -> bool:
    """Add one sheet; say whether any row was in it."""
    said = workbook.sheets_metadata[number]
    if said.typ != SheetTypeEnum.WorkSheet:
        return False
    part = part or SheetPart()
    sheet = workbook.get_sheet_by_index(number)
    facts = answer.begin_sheet(said.name, hidden=said.visible != SheetVisibleEnum.Visible)
    added = add_rows(answer, _rows(sheet, part), part.merges)
    facts.hidden_rows = [row for row in added if row in part.hidden_rows]
    return bool(added)


def _rows(sheet: CalamineSheet, part: SheetPart) -> Iterator[tuple[int, list[Any]]]:
    """Give the rows from the first on, from column A on; the library leaves out columns without values."""
    _, first_column = sheet.start or (0, 0)
    left = [None] * first_column
    for number, values in enumerate(sheet.iter_rows(), start=1):
        row = left + values
        for column, error in part.errors.get(number, {}).items():
            row[column - 1 : column] = [error]
        yield number, row
