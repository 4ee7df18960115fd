"""The formats of files that are read: their endings, how their first bytes look, and who reads them.

To take another format, add a line to `FORMATS` and a module under `geo.readers` with a function
`read(path, answer, limits)`. A file goes to a reader only if its ending and its first bytes agree: what a
library makes of bytes it was not meant for is nobody's to say.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from geo.errors import EmptyFile, NotThisFormat, UnknownFormat

HEAD_BYTES = 4096
# How other things begin that people give the ending of a text file: archives, office files, databases, images
_BINARY = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"%PDF",
    b"SQLite format 3",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\x00",
    b"MM\x00*",
    b"\x89HDF",
    b"PAR1",
    b"fgb",
    b"{\\rtf",
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Limits:
    """How much a file may hold and its reading may cost."""

    bytes: int = 50_000_000
    rows: int = 100_000
    headings: int = 200  # rows of titles and headings that each grid may hold besides
    columns: int = 1_000
    cell_bytes: int = 1_000_000
    memory_bytes: int = 2_000_000_000
    answer_bytes: int = 500_000_000
    seconds: float = 60.0


@dataclass(frozen=True)
class Format:
    """One format: its name in messages, its endings, a look at the first bytes, its reader's module."""

    name: str
    endings: tuple[str, ...]
    begins_right: Callable[[bytes], bool]
    reader: str
    has_geometry: bool = True


def _begins_like_csv(head: bytes) -> bool:
    """See text that is neither markup nor JSON nor a script of some program."""
    if head.startswith(_UTF16):
        return True
    return b"\x00" not in head[:512] and not _text(head).startswith((b"<", b"{", b"[{"))


def _begins_like_json(head: bytes) -> bool:
    """See an object, and not one that names a type no GeoJSON has."""
    text = _text(head)
    if not re.match(rb'\{\s*("|\}|$)', text):
        return False
    first_type = re.match(rb'\{\s*"type"\s*:\s*"([^"]*)"', text)
    return first_type is None or first_type[1] in _GEOJSON_TYPES


def _text(head: bytes) -> bytes:
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


_GEOJSON_TYPES = (
    b"FeatureCollection",
    b"Feature",
    b"Point",
    b"LineString",
    b"Polygon",
    b"MultiPoint",
    b"MultiLineString",
    b"MultiPolygon",
    b"GeometryCollection",
)

FORMATS = (
    Format("CSV", (".csv", ".txt", ".tsv"), _begins_like_csv, "geo.readers.text", has_geometry=False),
    Format("GeoJSON", (".geojson", ".json"), _begins_like_json, "geo.readers.geojson"),
)


def format_of(name: str, head: bytes) -> Format:
    """Find the format of a file by the ending of its name, and see that its first bytes agree.

    Raises
    ------
    UnknownFormat
        Nobody reads that ending.
    EmptyFile
        There are no bytes.
    NotThisFormat
        The bytes are something else.

    Examples
    --------
    >>> format_of("ponds.geojson", b'{"type": "FeatureCollection"').name
    'GeoJSON'
    """
    ending = PurePath(name).suffix.lower()
    found = next((one for one in FORMATS if ending in one.endings), None)
    if found is None:
        raise UnknownFormat(name=name, accepted=" ".join(end for one in FORMATS for end in one.endings))
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise EmptyFile
    if head.startswith(_BINARY) or not found.begins_right(head):
        raise NotThisFormat(name=name, format=found.name)
    return found


def format_named(name: str) -> Format:
    """Find a format by its name."""
    return next(one for one in FORMATS if one.name == name)
