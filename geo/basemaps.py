"""Backgrounds of a map: a folder of tiles, or an address that the server asks for them.

Tiles are the squares of Web Mercator numbered zoom/column/row from the north-west. `parse_tiles` reads a
setting; what the browser is given is a `Basemap` with an address of our own, so a key in a setting stays on
the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from geo.errors import BadTiles, NoSuchTile

DEEPEST_ZOOM = 22
_ENDINGS = ("png", "jpg", "jpeg", "webp")
_NUMBER = re.compile(r"0|[1-9]\d{0,7}", re.ASCII)
_FIELDS = {"z", "x", "y", "s"}


@dataclass(frozen=True)
class Basemap:
    """A background as the browser sees it."""

    name: str
    url: str  # template with {z}, {x} and {y}
    attribution: str  # plain text
    min_zoom: int = 0
    max_zoom: int = 18
    offline: bool = False


@dataclass(frozen=True)
class TileSource:
    """Where the server takes tiles from: a folder or an address, one of the two."""

    folder: Path | None = None
    ending: str = ""
    address: str | None = None
    min_zoom: int = 0
    max_zoom: int = 18

    @property
    def offline(self) -> bool:
        """Whether the tiles are at hand, so that a tablet may take them along."""
        return self.folder is not None


def parse_tiles(text: str) -> TileSource | None:
    """Read a setting: a folder of `{z}/{x}/{y}.png` (or jpg, webp), an address with those fields, or nothing.

    The address has one fixed host; of several numbered or lettered ones, `{s}`, the first is asked.

    Raises
    ------
    BadTiles
        It is neither.

    Examples
    --------
    >>> tile_address(parse_tiles("https://t{s}.example.cn/tiles?T=vec_w&x={x}&y={y}&l={z}&tk=1"), 3, 6, 2)
    'https://t0.example.cn/tiles?T=vec_w&x=6&y=2&l=3&tk=1'
    """
    written = text.strip()
    if not written:
        return None
    if re.match(r"[a-z][a-z0-9+.-]*://", written, re.IGNORECASE):
        return _address(written)
    return _folder(Path(written).expanduser(), written)


def tile_path(source: TileSource, z: int, x: int, y: int) -> Path:
    """Name the file of one tile in a folder; it need not exist.

    Raises
    ------
    NoSuchTile
        The numbers name no tile of the world, or the source is no folder.
    """
    _check_tile(z, x, y)
    if source.folder is None:
        raise NoSuchTile(z=z, x=x, y=y)
    return source.folder / str(z) / str(x) / f"{y}.{source.ending}"


def tile_address(source: TileSource, z: int, x: int, y: int) -> str:
    """Fill the address of one tile, for the server to ask; errors as `tile_path`."""
    _check_tile(z, x, y)
    if source.address is None:
        raise NoSuchTile(z=z, x=x, y=y)
    numbers = {"z": z, "x": x, "y": y}
    return re.sub(r"\{([zxy])\}", lambda field: str(numbers[field[1]]), source.address)


def _check_tile(z: int, x: int, y: int) -> None:
    if not all(type(number) is int for number in (z, x, y)):
        raise NoSuchTile(z=z, x=x, y=y)
    if not (0 <= z <= DEEPEST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise NoSuchTile(z=z, x=x, y=y)


def _address(written: str) -> TileSource:
    # {s} after a letter is a number in every service known (t0, mt0), standing alone a letter
    address = re.sub(r"(?<=[A-Za-z])\{s\}", "0", written).replace("{s}", "a")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadTiles(text=written) from error
    fields = re.findall(r"\{([^{}]*)\}", f"{parts.path}?{parts.query}")
    sound = parts.scheme in ("http", "https") and host and not re.search(r"[{}\s@\\]", parts.netloc)
    if not sound or parts.fragment or re.search(r"[\s\x00-\x1f]", address):
        raise BadTiles(text=written)
    if set(fields) - _FIELDS or {"z", "x", "y"} - set(fields):
        raise BadTiles(text=written)
    return TileSource(address=address)


def _folder(folder: Path, written: str) -> TileSource:
    try:
        zooms = sorted(int(zoom.name) for zoom in folder.iterdir() if _is_zoom(zoom))
    except OSError as error:
        raise BadTiles(text=written) from error
    ending = next((found for zoom in zooms if (found := _ending_in(folder / str(zoom)))), None)
    if ending is None:
        raise BadTiles(text=written)
    return TileSource(folder=folder.resolve(), ending=ending, min_zoom=zooms[0], max_zoom=zooms[-1])


def _is_zoom(path: Path) -> bool:
    return bool(_NUMBER.fullmatch(path.name)) and int(path.name) <= DEEPEST_ZOOM and path.is_dir()


def _ending_in(zoom: Path) -> str | None:
    """Give the ending of the first tile found under a zoom folder."""
    for column in zoom.iterdir():
        if not (_NUMBER.fullmatch(column.name) and column.is_dir()):
            continue
        for tile in column.iterdir():
            ending = tile.suffix.lstrip(".")
            if ending in _ENDINGS and _NUMBER.fullmatch(tile.stem):
                return ending
    return None
