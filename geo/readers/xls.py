"""Read workbooks of Excel 97 to 2003 and of WPS: every sheet as a grid, hidden ones and hidden rows named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

import xlrd
from xlrd.sheet import Sheet

from geo.errors import BadLayer, EmptyFile, PasswordProtected, TooManyColumns
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.grid import Merge, add_rows

_VISIBLE = 0
# The stream in which Excel 2007 and later keeps a workbook with a password, inside a file of the older kind
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read every sheet that has cells; formulas give the values they had when the file was saved."""
    book = _open(path)
    found = [_read_sheet(book, number, answer, limits) for number in range(book.nsheets)]
    if not any(found):
        raise EmptyFile


def _open(path: Path) -> xlrd.Book:
    content = path.read_bytes()
    if _ENCRYPTED in content:
        raise PasswordProtected
    try:
        return xlrd.open_workbook(
            file_contents=content,
            logfile=sys.stderr,
            formatting_info=True,  # for merged cells and hidden rows
            on_demand=True,
            ragged_rows=True,
        )
    except MemoryError:
        raise
    except Exception as error:  # the library stumbles in any way over what is broken
        raise (PasswordProtected if "encrypted" in str(error) else BadLayer) from error


def _read_sheet(book: xlrd.Book, number: int, answer: Answer, limits: Limits) -> bool:
    """Add one sheet; say whether any row was in it."""
    try:
        sheet = book.sheet_by_index(number)
    except MemoryError:
        raise
    except Exception as error:
        raise BadLayer from error
    if sheet.ncols > limits.columns:
        raise TooManyColumns(most=limits.columns)
    facts = answer.begin_sheet(sheet.name, hidden=sheet.visibility != _VISIBLE)
    merges = [
        Merge(first, left, last - 1, right - 1) for first, last, left, right in sorted(sheet.merged_cells)
    ]
    added = add_rows(answer, _rows(sheet, book.datemode), merges)
    facts.hidden_rows = [row for row in added if _is_hidden(sheet, row - 1)]
    book.unload_sheet(number)
    return bool(added)


def _rows(sheet: Sheet, datemode: int) -> Iterator[tuple[int, list[Any]]]:
    for index in range(sheet.nrows):
        cells = sheet.row(index)
        values = [_value(cell.ctype, cell.value, datemode) for cell in cells]
        yield index + 1, values + [None] * (sheet.ncols - len(values))


def _value(kind: int, value: Any, datemode: int) -> Any:
    """Give a value as Python has it; a day is a number in the file."""
    if kind == xlrd.XL_CELL_DATE:
        return _day(value, datemode)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#ERR!")
    return value


def _day(value: float, datemode: int) -> datetime | time | float:
    try:
        day = xlrd.xldate.xldate_as_datetime(value, datemode)
    except (xlrd.xldate.XLDateError, ValueError, OverflowError):
        return value
    return day.time() if 0 <= value < 1 else day


def _is_hidden(sheet: Sheet, index: int) -> bool:
    said = sheet.rowinfo_map.get(index)
    return bool(said and (said.hidden or said.height == 0))
