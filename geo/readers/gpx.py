"""Read GPX: waypoints, routes and tracks are a sheet each, where there are any.

Not by GDAL: it puts a place whose latitude it cannot read on the equator, and takes zeros off numbers.
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

_SHEETS = {"wpt": "waypoints", "rte": "routes", "trk": "tracks"}
_POINTS = ("wpt", "rtept", "trkpt")
_LEAST = 2  # points of a line; a receiver often leaves pieces of one


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read every place; what is said of it in so many words becomes columns."""
    text, answer.encoding = decode(path.read_bytes())
    tracks = _Tracks(path.name)
    markup.parse([text.encode()], tracks.follow, encoding="utf-8")
    add_sheets(answer, list(tracks.sheets.values()), limits)


class _Tracks:
    """Follows the elements of a file."""

    def __init__(self, name: str) -> None:
        self.sheets = {element: Places(title) for element, title in _SHEETS.items()}
        self._name = name
        self._inside: list[str] = []  # names of the open elements
        self._place: Place | None = None
        self._line: list[Position] = []
        self._lines: list[list[Position]] = []
        self._said: list[str] = []
        self._is_leaf = False

    def follow(self, parser: expat.XMLParserType) -> None:
        """Set the handlers of a parser."""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said.append

    def _start(self, prefixed: str, said: dict[str, str]) -> None:
        name = prefixed.rpartition(":")[2]
        if not self._inside and name != "gpx":
            raise NotThisFormat(name=self._name, format="GPX")
        self._inside.append(name)
        self._said.clear()
        self._is_leaf = True
        if name in _SHEETS:
            self._place, self._lines, self._line = Place(), [], []
        if name == "trkseg":
            self._line = []
        if name in _POINTS and self._place:
            self._add_position(said)

    def _add_position(self, said: dict[str, str]) -> None:
        try:
            self._line.append(position(said.get("lon", ""), said.get("lat", "")))
        except UnreadableCoordinates as error:
            self._place.error = error

    def _end(self, _: str) -> None:
        name = self._inside.pop()
        if self._place and self._is_leaf and not {"rtept", "trkpt"} & {name, *self._inside}:
            self._place.say(name, "".join(self._said).strip())
        self._is_leaf = False
        if name in ("trkseg", "rte"):
            self._lines.append(self._line)
        if name in _SHEETS and self._place:
            self._place.parts = self._parts(name)
            self.sheets[name].add(self._place)
            self._place = None

    def _parts(self, name: str) -> list[tuple[str, list]]:
        if name == "wpt":
            return [("Point", list(one)) for one in self._line]
        lines = [line for line in self._lines if len(line) >= _LEAST] or self._lines[:1]
        return [("LineString", line) for line in lines]
