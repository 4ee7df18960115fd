"""The parts of the map's data that a browser loads one after another: what is seen first comes first.

`sites` has the place, kind and state of each site; `shapes` its key, village, body, last visit and true
shape; `names` its name and number. Columns and facts of each are a contract with `static/js/map`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geo.packing import Column, order_of, pack
from inspections.map_files.county import KINDS, County
from inspections.map_files.scopes import used

_LEVEL = 5  # names take half the time of level 6 and 5 % more bytes; numbers are alike at all
_GZIP, _MEMORY = 31, 9  # zlib's names for the format and the most memory


@dataclass(frozen=True)
class MapFile:
    """A file as it goes out: gzip'd, and a tag that depends on nothing but its bytes."""

    packed: bytes
    etag: str

    def plain(self) -> bytes:
        """The bytes for a client that knows no gzip."""
        return zlib.decompress(self.packed, _GZIP)


def cut(county: County, rows: np.ndarray, part: str) -> MapFile:
    """Cut one part of the data for some rows, ascending."""
    write, strategy = PARTS[part]
    columns, facts = write(county, rows)
    data = pack(part, columns, rows=len(rows), order=order_of(county.key[rows]), facts=facts)
    return MapFile(gzipped(data, strategy), hashlib.sha256(data).hexdigest()[:32])


def gzipped(data: bytes, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """Pack bytes as gzip without a time in it."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP, _MEMORY, strategy)
    return packer.compress(data) + packer.flush()


Cut = tuple[list[Column], dict[str, list[str]]]


def _sites(county: County, rows: np.ndarray) -> Cut:
    townships, township = used(county.townships, county.township[rows])
    columns = [
        Column("x", "d32", county.x[rows]),
        Column("y", "d32", county.y[rows]),
        Column("kind", "u8", county.kind[rows]),
        Column("facts", "u8", county.facts[rows]),
        Column("due", "u32", county.due[rows]),
        Column("closed", "u16", county.closed[rows]),
        Column("township", "u16", township),
    ]
    return columns, {"kinds": list(KINDS), "townships": townships}


def _shapes(county: County, rows: np.ndarray) -> Cut:
    villages, village = used(county.villages, county.village[rows], none=True)
    bodies, body = used(county.bodies, county.body[rows], none=True)
    columns = [
        Column("key", "d32", county.key[rows]),
        Column("village", "u16", village),
        Column("body", "u16", body),
        Column("visited", "u16", county.visited[rows]),
        *(county.shapes if len(rows) == len(county.key) else county.shapes.taken(rows)).columns(),
    ]
    return columns, {"villages": villages, "bodies": bodies}


def _names(county: County, rows: np.ndarray) -> Cut:
    columns = [Column("name", "json", county.name[rows]), Column("number", "json", county.number[rows])]
    return columns, {}


# How each part is written, and how gzip packs it best: numbers in planes hold runs, and no repeated texts.
PARTS: dict[str, tuple[Callable[[County, np.ndarray], Cut], int]] = {
    "sites": (_sites, zlib.Z_RLE),
    "shapes": (_shapes, zlib.Z_RLE),
    "names": (_names, zlib.Z_DEFAULT_STRATEGY),
}
