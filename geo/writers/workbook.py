"""Write XLSX for people and for reading in again: headings in the first row, numbers and days as such.

The rows go to the disk as they come. A second sheet says what the rows are. Texts are written as texts, and
what would run as a formula once somebody edits the cell is defused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from geo.errors import GeoError
from geo.writers.defusing import defuse
from geo.writers.layers import Document, Field, Layer
from geo.writers.losses import CellsLeftEmpty, TooManyForSheet
from geo.writers.text import shapes_in_words

MOST_ROWS = 1_048_575  # below the heading
MOST_CHARACTERS = 32_767
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS = {"day": 12, "moment": 18, "number": 13, "whole": 9, "yes_no": 9, "code": 14}
_WIDEST, _WIDE = 60, 20
_ABOUT = "说明"


def write(path: Path, document: Document) -> list[GeoError]:
    """Write a layer as one sheet.

    Raises
    ------
    TooManyForSheet
        There are more rows than a sheet holds.
    """
    layer = document.layer
    with Workbook(str(path), _OPTIONS) as book:
        sheet = _Sheet(book, layer)
        for batch in layer.batches():
            for row, shape in zip(batch.rows, shapes_in_words(batch.geometries), strict=True):
                sheet.add(row, shape)
        sheet.end()
        _tell(book, [*document.about, *(("", document.say(loss)) for loss in sheet.losses())])
    return sheet.losses()


class _Sheet:
    """The sheet of rows, written one below the other."""

    def __init__(self, book: Workbook, layer: Layer) -> None:
        self._sheet: Worksheet = book.add_worksheet(layer.name)
        self._fields = layer.fields
        self._row = self._left_empty = 0
        heading = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EAEEED", "valign": "vcenter"})
        self._sheet.freeze_panes(1, 0)
        for place, one in enumerate(layer.fields):
            self._sheet.set_column(place, place, _width(one))
        self._formats = [_format(book, one) for one in layer.fields]
        for place, one in enumerate(layer.fields):
            self._sheet.write_string(0, place, one.heading, heading)

    def add(self, row: Sequence[Any], shape: str | None) -> None:
        self._row += 1
        if self._row > MOST_ROWS:
            raise TooManyForSheet(most=f"{MOST_ROWS:,}")
        for place, (one, value) in enumerate(zip(self._fields, row, strict=True)):
            if one.form == "shape":
                value = shape
            if value is not None:
                self._write(place, one.in_words(value))

    def end(self) -> None:
        self._sheet.autofilter(0, 0, self._row, len(self._fields) - 1)

    def losses(self) -> list[GeoError]:
        return [CellsLeftEmpty(count=self._left_empty)] if self._left_empty else []

    def _write(self, place: int, value: Any) -> None:
        written: Callable[..., int]
        if isinstance(value, str):
            written, value = self._sheet.write_string, defuse(value)
            if len(value) > MOST_CHARACTERS:
                self._left_empty += 1
                return
        elif isinstance(value, date | datetime):
            written = self._sheet.write_datetime
        else:
            written = self._sheet.write_number
        written(self._row, place, value, self._formats[place])


def _format(book: Workbook, one: Field) -> Format | None:
    shown = {"day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}.get(one.form, "")
    if one.form == "number" and one.places is not None:
        shown = f"0.{'0' * one.places}"
    return book.add_format({"num_format": shown}) if shown else None


def _width(one: Field) -> int:
    """Wide enough for what usually stands there and for the heading; a Chinese sign takes two."""
    heading = sum(2 if ord(sign) > 0xFF else 1 for sign in one.heading) + 4  # and the filter's arrow
    usual = 38 if one.key == "id" else _WIDTHS.get(one.form, _WIDE)
    return min(_WIDEST, max(heading, usual))


def _tell(book: Workbook, lines: Sequence[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(_ABOUT)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 90)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    strong = book.add_format({"bold": True, "valign": "top"})
    for row, (name, words) in enumerate(lines):
        sheet.write_string(row, 0, name, strong)
        sheet.write_string(row, 1, defuse(words), wrapped)
