"""Workbooks as offices keep them: merged cells, hidden sheets and rows, days as serial numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
import xlwt

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Page:
    """One sheet: its rows from the first on, merged ranges like `A1:D1`, what is hidden."""

    rows: Rows
    merged: tuple[str, ...] = ()
    hidden: bool = False
    hidden_rows: tuple[int, ...] = ()  # numbers from 1


def a_workbook(
    folder: Path, pages: Rows | Page | Mapping[str, Rows | Page], name: str = "register.xlsx", **options: Any
) -> Path:
    """Write a workbook of one sheet or of several; text stays text, a day becomes a number with a format."""
    path = folder / name
    named = pages if isinstance(pages, Mapping) else {"台账": pages}
    with xlsxwriter.Workbook(path, {"strings_to_urls": False, **options}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for title, page in named.items():
            _fill(book.add_worksheet(title), page if isinstance(page, Page) else Page(page), day)
    return path


def an_old_workbook(folder: Path, rows: Rows, *, merged: Sequence[tuple[int, int, int, int]] = ()) -> Path:
    """The same in the format of Excel 97; merged cells as first and last row and column, from 0."""
    path = folder / "register.xls"
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(line, column, value, day if isinstance(value, date) else xlwt.Style.default_style)
    for place in merged:
        sheet.merge(*place)
    book.save(str(path))
    return path


def _fill(sheet: Any, page: Page, day: Any) -> None:
    for place in page.merged:
        sheet.merge_range(place, "")
    for line, row in enumerate(page.rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            elif value is not None:
                sheet.write(line, column, value, day if isinstance(value, date) else None)
    for number in page.hidden_rows:
        sheet.set_row(number - 1, None, None, {"hidden": True})
    if page.hidden:
        sheet.hide()
