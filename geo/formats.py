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

from geo.errors import EmptyFile, NotAWorkbook, NotThisFormat, UnknownFormat

HEAD_BYTES = 4096
SHAPEFILE, ZIP = "Shapefile", "ZIP"
_WORKBOOKS = ("XLSX", "XLS")
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
_OLE, _SHP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x00\x00\x27\x0a"
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")  # the second one is empty


@dataclass(frozen=True)
class Limits:
    """How much a file may hold and its reading may cost."""

    bytes: int = 50_000_000
    rows: int = 100_000
    headings: int = 200  # rows of titles and headings that each grid may hold besides
    columns: int = 1_000
    cell_bytes: int = 1_000_000
    row_bytes: int = 10_000_000
    members: int = 200  # files in an archive
    unpacked_bytes: int = 500_000_000
    expansion: int = 100  # how many times its size an archive may unpack to
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


def _begins_like_text(head: bytes) -> bool:
    return head.startswith(_UTF16) or not (head.startswith(_BINARY) or b"\x00" in head[:512])


def _begins_like_csv(head: bytes) -> bool:
    """See text that is neither markup nor JSON nor a script of some program."""
    return _begins_like_text(head) and not _text(head).startswith((b"<", b"{", b"[{"))


def _begins_like_json(head: bytes) -> bool:
    """See an object, and not one that names a type no GeoJSON has."""
    text = _text(head)
    if not re.match(rb'\{\s*("|\}|$)', text):
        return False
    first_type = re.match(rb'\{\s*"type"\s*:\s*"([^"]*)"', text)
    return first_type is None or first_type[1] in _GEOJSON_TYPES


def _begins_like_xml(head: bytes) -> bool:
    """See markup; its reader sees to the first element."""
    return _begins_like_text(head) and (head.startswith(_UTF16) or _text(head).startswith(b"<"))


def _begins_like_dxf(head: bytes) -> bool:
    """See the first section, which only comments may stand before."""
    comments = rb"\s*(?:999[ \t]*\r?\n[^\n]*\n\s*)*"
    begins = re.match(comments + rb"0[ \t]*\r?\n[ \t]*SECTION", _text(head))
    return bool(begins) or head.startswith(b"AutoCAD Binary DXF\r\n\x1a\x00")


def _begins_like_geopackage(head: bytes) -> bool:
    """See a database that says of itself that it is one."""
    return head.startswith(b"SQLite format 3\x00") and head[68:72] in (b"GPKG", b"GP10", b"GP11")


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

# Where formats share an ending, the first bytes decide: people give workbooks either ending
FORMATS = (
    Format("CSV", (".csv", ".txt", ".tsv"), _begins_like_csv, "geo.readers.text"),
    Format(
        "XLSX",
        (".xlsx", ".xlsm", ".xls", ".et"),
        lambda head: head.startswith(_ZIPS),
        "geo.readers.xlsx",
    ),
    Format(
        "XLS",
        (".xls", ".et", ".xlsx", ".xlsm"),
        lambda head: head.startswith(_OLE),
        "geo.readers.xls",
    ),
    Format("GeoJSON", (".geojson", ".json"), _begins_like_json, "geo.readers.geojson"),
    # Its parts reach the reader in an archive, wherever they come from
    Format(SHAPEFILE, (".shp",), lambda head: head.startswith(_SHP), "geo.readers.zipped"),
    Format("GeoPackage", (".gpkg",), _begins_like_geopackage, "geo.readers.geopackage"),
    Format("KML", (".kml", ".ovkml"), _begins_like_xml, "geo.readers.kml"),
    Format("KMZ", (".kmz", ".ovkmz"), lambda head: head.startswith(_ZIPS), "geo.readers.kmz"),
    Format("GPX", (".gpx",), _begins_like_xml, "geo.readers.gpx"),
    Format("DXF", (".dxf",), _begins_like_dxf, "geo.readers.dxf"),
    Format(ZIP, (".zip",), lambda head: head.startswith(_ZIPS), "geo.readers.zipped"),
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
    NotAWorkbook
        They are text under the ending of a workbook.

    Examples
    --------
    >>> format_of("ponds.geojson", b'{"type": "FeatureCollection"').name
    'GeoJSON'
    """
    ending = PurePath(name).suffix.lower()
    possible = [one for one in FORMATS if ending in one.endings]
    if not possible:
        endings = dict.fromkeys(end for one in FORMATS for end in one.endings)
        raise UnknownFormat(name=name, accepted=" ".join(endings))
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise EmptyFile
    found = next((one for one in possible if one.begins_right(head)), None)
    if found:
        return found
    if possible[0].name in _WORKBOOKS and _begins_like_text(head):
        raise NotAWorkbook(name=name)
    raise NotThisFormat(name=name, format=possible[0].name)


def format_named(name: str) -> Format:
    """Find a format by its name."""
    return next(one for one in FORMATS if one.name == name)
