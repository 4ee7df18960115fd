"""Read KML: every folder with placemarks is a sheet; links to other files and pictures are not followed.

Not by GDAL: it turns Chinese names of data into underscores and coordinates it cannot read into 0, 0.
"""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from geo.errors import NotThisFormat, UnreadableCoordinates
from geo.formats import Limits
from geo.readers import markup
from geo.readers.answer import Answer
from geo.readers.encoding import decode
from geo.readers.places import Place, Places, Position, add_sheets, position

_FOLDERS = ("kml", "Document", "Folder")
_LINES = ("LineString", "LinearRing", "Track")


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read every placemark; its name, its description as plain text and its data become columns."""
    add_sheets(answer, folders_of(path.read_bytes(), path.name, answer), limits)


def folders_of(content: bytes, name: str, answer: Answer) -> list[Places]:
    """Give the folders of a document in the order in which they begin, those without placemarks too."""
    text, answer.encoding = decode(content)
    document = _Document(name)
    markup.parse([text.encode()], document.follow, encoding="utf-8")
    return document.folders


class _Document:
    """Follows the elements of a document."""

    def __init__(self, name: str) -> None:
        self.folders: list[Places] = []
        self._name = name
        self._inside: list[str] = []  # names of the open elements
        self._open: list[Places] = []
        self._place = Place()
        self._datum = ""
        self._rings: list[list[Position]] = []
        self._positions: list[Position] = []
        self._said: list[str] = []
        self._ends = {
            "name": self._end_name,
            "description": self._end_description,
            "displayName": self._end_display_name,
            "value": self._end_datum,
            "SimpleData": self._end_datum,
            "coordinates": self._end_coordinates,
            "coord": self._end_coord,
            "Point": self._end_point,
            "Polygon": self._end_polygon,
            "Model": lambda _: self._place.parts.append(("Model", [])),
            "Placemark": lambda _: self._open[-1].add(self._place),
            **dict.fromkeys(_LINES, self._end_line),
            **dict.fromkeys(_FOLDERS, lambda _: self._open.pop()),
        }

    def follow(self, parser: expat.XMLParserType) -> None:
        """Set the handlers of a parser."""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said.append

    def _start(self, prefixed: str, said: dict[str, str]) -> None:
        name = prefixed.rpartition(":")[2]
        if not self._inside and name != "kml":
            raise NotThisFormat(name=self._name, format="KML")
        self._inside.append(name)
        self._said.clear()
        if name in _FOLDERS:
            self._open.append(Places())
            self.folders.append(self._open[-1])
        elif name == "Placemark":
            self._place = Place()
        elif name in ("Data", "SimpleData"):
            self._datum = said.get("name", "")
        elif name == "Polygon":
            self._rings = []
        elif name in ("Point", *_LINES):
            self._positions = []

    def _end(self, _: str) -> None:
        name = self._inside.pop()
        if name in self._ends:
            self._ends[name]("".join(self._said).strip())
        self._said.clear()

    def _is_in(self, name: str) -> bool:
        """Whether the element that ended stood right in one of this name."""
        return bool(self._inside) and self._inside[-1] == name

    def _end_name(self, text: str) -> None:
        if self._is_in("Placemark"):
            self._place.say("name", text)
        elif self._inside and self._inside[-1] in _FOLDERS:
            self._open[-1].name = text

    def _end_description(self, text: str) -> None:
        if self._is_in("Placemark"):
            self._place.say("description", markup.plain_text(text))

    def _end_display_name(self, text: str) -> None:
        if self._is_in("Data"):
            self._datum = text or self._datum

    def _end_datum(self, text: str) -> None:
        if self._is_in("Data") or self._is_in("SchemaData"):
            self._place.say(self._datum, text)

    def _end_coordinates(self, text: str) -> None:
        self._add_positions([token.split(",") for token in text.split()])

    def _end_coord(self, text: str) -> None:
        self._add_positions([text.split()])

    def _add_positions(self, written: list[list[str]]) -> None:
        try:
            self._positions += [position(*one[:2]) for one in written]
        except UnreadableCoordinates as error:
            self._place.error = error

    def _end_point(self, _: str) -> None:
        self._place.parts.append(("Point", list(self._positions[0]) if self._positions else []))

    def _end_line(self, _: str) -> None:
        if "Polygon" not in self._inside:
            self._place.parts.append(("LineString", self._positions))
        elif self._is_in("outerBoundaryIs"):
            self._rings.insert(0, self._positions)
        else:
            self._rings.append(self._positions)

    def _end_polygon(self, _: str) -> None:
        self._place.parts.append(("Polygon", self._rings))
