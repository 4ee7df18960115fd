"""Background tiles from our own address: out of a folder, or asked of one fixed host and kept for a while.

The browser never learns the host or its key. A tile that is not there is answered with an empty one, so that
the map shows its ground instead of a broken picture; a host that does not answer is left alone for a while.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from geo.basemaps import TileSource, parse_tiles, tile_address, tile_path
from geo.errors import NoSuchTile
from inspections.errors import NotFound
from inspections.web.auth import signed_in
from inspections.web.context import settings

bp = Blueprint("tiles", __name__)
log = logging.getLogger("xuntu.tiles")

TIMEOUT_S = 5
LARGEST_TILE = 1_000_000  # bytes
KEPT_BYTES = 300_000_000  # of tiles on disk; the oldest go first
KEPT_S = 30 * 86_400
LEFT_ALONE_S = 30  # after the host did not answer
ASKED_AT_ONCE = 2  # so that a slow host never takes every thread of the server
# What a picture begins with; anything else is not passed on, SVG least of all.
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
EMPTY_TILE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108040000"
    "00b51c0c020000000b49444154789c636060000000030001b8ad3a630000000049454e44ae426082"
)


class HostSilent(OSError):
    """The host of the tiles did not answer with a tile, nor said that there is none."""


@bp.get("/tiles/<int:z>/<int:x>/<int:y>")
@signed_in
def show_tile(z: int, x: int, y: int) -> ResponseReturnValue:
    """One tile, or an empty one where there is none."""
    source = tile_source(settings().tiles)
    if source is None:
        raise NotFound
    try:
        found = _read_file(source, z, x, y) if source.folder else _relay().get(z, x, y)
    except NoSuchTile:
        raise NotFound from None
    except HostSilent as error:
        log.warning("tiles: %s", error)
        return _answer(EMPTY_TILE, 0)
    return _answer(found or EMPTY_TILE, 86_400)


@cache
def tile_source(text: str) -> TileSource | None:
    """Read the setting once."""
    return parse_tiles(text)


@dataclass
class TileRelay:
    """Asks the one host of `source` for tiles and keeps what it gave in `folder`."""

    source: TileSource
    folder: Path
    kept_bytes: int = KEPT_BYTES
    _slots: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(ASKED_AT_ONCE)
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _silent_until: float = 0.0
    _size: int | None = None

    def get(self, z: int, x: int, y: int) -> bytes | None:
        """Give a tile's bytes, or None where the host has none; raises `HostSilent`, `NoSuchTile`."""
        address = tile_address(self.source, z, x, y)
        path = self.folder / str(z) / str(x) / str(y)
        kept = self._kept(path)
        if kept is not None:
            return kept or None
        with self._slots:
            if time.monotonic() < self._silent_until:
                raise HostSilent("the host did not answer a moment ago")
            try:
                found = ask(address)
            except HostSilent:
                self._silent_until = time.monotonic() + LEFT_ALONE_S
                raise
        self._keep(path, found)
        return found or None

    def _kept(self, path: Path) -> bytes | None:
        try:
            fresh = time.time() - path.stat().st_mtime < KEPT_S
            return path.read_bytes() if fresh else None
        except OSError:
            return None

    def _keep(self, path: Path, content: bytes) -> None:
        """Keep a tile on disk; a disk that is full only means asking again."""
        partial = path.with_name(f"{path.name}.{threading.get_ident()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            os.replace(partial, path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            log.warning("tiles: %s was not kept: %s", path, error)
            return
        with self._lock:
            self._size = self._weigh() if self._size is None else self._size + len(content)
            if self._size > self.kept_bytes:
                self._drop_oldest()

    def _weigh(self) -> int:
        return sum(tile.stat().st_size for tile in self._tiles())

    def _drop_oldest(self) -> None:
        """Make room: down to four fifths of the limit."""
        oldest_first = sorted((tile.stat().st_mtime, tile.stat().st_size, tile) for tile in self._tiles())
        self._size = sum(size for _, size, _ in oldest_first)
        for _, size, tile in oldest_first:
            if self._size <= self.kept_bytes * 0.8:
                break
            tile.unlink(missing_ok=True)
            self._size -= size

    def _tiles(self) -> list[Path]:
        return [path for path in self.folder.glob("*/*/*") if path.is_file()]


def ask(address: str) -> bytes:
    """Ask for one tile: its bytes, or none where the host says 404 or 204. Follows no redirect.

    Raises
    ------
    HostSilent
        No answer in time, or one that is no picture of at most a megabyte.
    """
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "GET", f"{parts.path or '/'}?{parts.query}".rstrip("?"), headers={"User-Agent": "Xuntu"}
        )
        answer = connection.getresponse()
        content = answer.read(LARGEST_TILE + 1)
    except (OSError, http.client.HTTPException) as error:
        raise HostSilent(f"{parts.hostname} did not answer: {type(error).__name__}") from error
    finally:
        connection.close()
    if answer.status in (204, 404):
        return b""
    if answer.status != 200 or len(content) > LARGEST_TILE or picture_type(content) is None:
        raise HostSilent(
            f"{parts.hostname} answered {answer.status} with {len(content)} bytes that are no tile"
        )
    return content


def picture_type(content: bytes) -> str | None:
    """Tell the media type of a picture by its first bytes; None for anything that is no tile."""
    return next((kind for start, kind in PICTURES.items() if content.startswith(start)), None)


def _read_file(source: TileSource, z: int, x: int, y: int) -> bytes | None:
    try:
        content = tile_path(source, z, x, y).read_bytes()
    except OSError:
        return None
    return content if picture_type(content) else None


def _relay() -> TileRelay:
    """Give the app's one relay, made at the first tile."""
    made = current_app.extensions.get("xuntu.tiles")
    if made is None:
        source = tile_source(settings().tiles)
        named = hashlib.sha256(settings().tiles.encode()).hexdigest()[:16]
        made = current_app.extensions["xuntu.tiles"] = TileRelay(source, settings().data / "tiles" / named)
    return made


def _answer(content: bytes, age_s: int) -> Response:
    response = Response(content, mimetype=picture_type(content))
    response.headers["Cache-Control"] = f"private, max-age={age_s}" if age_s else "no-store"
    return response
