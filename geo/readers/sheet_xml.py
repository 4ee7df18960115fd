"""The XML of a workbook, looked through before a library reads it.

It finds what the library would not survive, or does not say: a document type, a value a million rows away,
hidden rows, merged cells, and the errors formulas ended in.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from xml.parsers import expat

from geo.errors import BadLayer
from geo.readers import markup
from geo.readers.archive import Archive
from geo.readers.grid import Merge

_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384  # of any workbook
_MOST_MERGES = 1_000_000
WORKBOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_DIGITS = "0123456789"
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_YES = ("1", "true")


@dataclass
class SheetPart:
    """What the XML of one sheet says; rows and columns count from 1."""

    last_row: int = 0  # that holds a value
    last_column: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    merges: list[Merge] = field(default_factory=list)
    errors: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))  # by row and column


def look_through(archive: Archive) -> tuple[list[SheetPart | None], list[SheetPart]]:
    """Parse all XML of a workbook.

    Returns
    -------
    tuple
        The sheets in the order of the workbook, `None` where one has no cells; and all parts with cells,
        whether the workbook names them or not.

    Raises
    ------
    HasDoctype, BrokenXML
        Whatever part it is in.
    """
    links: list[str] = []
    targets: dict[str, str] = {}
    parts: dict[str, SheetPart] = {}
    for name in archive.names:
        if not name.lower().endswith((".xml", ".rels")):
            continue
        cells = _Cells()
        followers = {WORKBOOK: _sheets(links), _LINKS: _relationships(targets)}
        markup.parse(archive.chunks(name), followers.get(name, cells.follow))
        if cells.is_sheet:
            parts[name] = cells.part
    return [parts.get(targets.get(link, "")) for link in links], list(parts.values())


def _sheets(links: list[str]) -> Callable[[expat.XMLParserType], None]:
    def start(name: str, said: dict[str, str]) -> None:
        if _local(name) == "sheet":
            links.append(next((value for key, value in said.items() if key.endswith(":id")), ""))

    return lambda parser: setattr(parser, "StartElementHandler", start)


def _relationships(targets: dict[str, str]) -> Callable[[expat.XMLParserType], None]:
    def start(name: str, said: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            path = posixpath.join("/xl", said.get("Target", ""))
            targets[said.get("Id", "")] = posixpath.normpath(path).lstrip("/")

    return lambda parser: setattr(parser, "StartElementHandler", start)


class _Cells:
    """Follows one part; if it is a sheet, notes what the sheet says."""

    def __init__(self) -> None:
        self.part = SheetPart()
        self.is_sheet = False
        self._row = self._column = 0
        self._is_error = False

    def follow(self, parser: expat.XMLParserType) -> None:
        """Look at the first element: other parts than sheets are only parsed."""
        self._parser = parser
        parser.StartElementHandler = self._first

    def _first(self, name: str, _: dict[str, str]) -> None:
        self.is_sheet = _local(name) == "worksheet"
        prefix = name.removesuffix("worksheet")
        self._parser.StartElementHandler = self._starts(prefix) if self.is_sheet else None

    def _starts(self, prefix: str) -> Callable[[str, dict[str, str]], None]:
        does = {
            prefix + "c": self._cell,
            prefix + "v": self._value,
            prefix + "is": self._value,
            prefix + "row": self._begin_row,
            prefix + "mergeCell": self._merge,
        }

        def start(name: str, said: dict[str, str]) -> None:
            if name in does:
                does[name](said)

        return start

    def _begin_row(self, said: dict[str, str]) -> None:
        self._row = _whole(said["r"]) if "r" in said else self._row + 1
        self._column = 0
        if said.get("hidden") in _YES or said.get("ht") == "0":
            self.part.hidden_rows.add(self._row)

    def _cell(self, said: dict[str, str]) -> None:
        place = said.get("r")
        if place is None:
            self._column += 1
        else:
            letters = place.rstrip(_DIGITS)
            self._column = _column(letters)
            self._row = _whole(place[len(letters) :])
        if self._is_error:
            self._parser.CharacterDataHandler = None
        self._is_error = said.get("t") == "e"

    def _value(self, _: dict[str, str]) -> None:
        part = self.part
        if self._row > part.last_row:
            part.last_row = self._row
        if self._column > part.last_column:
            part.last_column = self._column
        if self._is_error:
            self._parser.CharacterDataHandler = self._said

    def _said(self, text: str) -> None:
        self.part.errors[self._row][self._column] = text

    def _merge(self, said: dict[str, str]) -> None:
        found = _RANGE.fullmatch(said.get("ref", ""))
        if found:
            rows = sorted((int(found[2]) - 1, int(found[4]) - 1))
            columns = sorted((_column(found[1]) - 1, _column(found[3]) - 1))
            self.part.merges.append(Merge(rows[0], columns[0], rows[1], columns[1]))
        if len(self.part.merges) > _MOST_MERGES:
            raise BadLayer


@cache
def _column(letters: str) -> int:
    """Number a column.

    Examples
    --------
    >>> _column("A"), _column("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    if not (re.fullmatch("[A-Z]{1,3}", letters) and number <= _MOST_COLUMNS):
        raise BadLayer
    return number


def place_of(row: int, column: int) -> str:
    """Name a cell.

    Examples
    --------
    >>> place_of(7, 28)
    'AB7'
    """
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


@lru_cache(maxsize=64)
def _whole(digits: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", digits) or not 1 <= int(digits) <= _MOST_ROWS:
        raise BadLayer
    return int(digits)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
