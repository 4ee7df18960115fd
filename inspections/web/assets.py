"""The files below `static/` that browsers get: read once, under one version, packed once.

The version is in the address, so modules that import each other by relative addresses stay within it, and
everything there may be kept for good. A process serves what it read when it started, whatever happens on
disk since. Sheets and scripts that pages always ask for together are one file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

STATIC = Path(__file__).parent.parent.parent / "static"
SERVED = {".js", ".css", ".svg", ".png", ".webp", ".json", ".map", ".ico"}
PACKED = {".js", ".css", ".svg", ".json", ".map"}
NOT_SERVED = {"package.json", "package-lock.json"}
VERSION = re.compile(r"[0-9a-f]{16}")
# What pages ask for together; a part without an ending is one of Folium's names
JOINED = {
    "css/page.css": (
        "css/tokens.css",
        "css/base.css",
        "css/parts.css",
        "css/pages.css",
        "css/map.css",
        "css/map-tools.css",
    ),
    "css/leaflet.css": ("leaflet_css", "Control_locate_min_css"),
    "js/leaflet.js": ("leaflet", "Control_locate_min_js"),
}
_IMPORT = re.compile(r'^(?:import|export)\s+(?:[\w*${},\s]+?\s+from\s+)?"(\.[^"]+)"', re.MULTILINE)
_WORKER = re.compile(r'new URL\("(\.[^"]+\.js)", import\.meta\.url\)')
_CSS_ADDRESS = re.compile(r'url\((["\']?)(?!data:|#|/)([^"\')]+)\1\)')


@dataclass(frozen=True)
class StaticFile:
    """A file as it is served."""

    content: bytes
    media_type: str
    is_text: bool

    @cached_property
    def packed(self) -> bytes | None:
        """The content gzip'd, made when first asked for; None where that gains nothing."""
        return gzip.compress(self.content, compresslevel=9, mtime=0) if self.is_text else None

    @cached_property
    def tag(self) -> str:
        """Hash of the content, for its ETag."""
        return hashlib.sha256(self.content).hexdigest()[:16]


@dataclass(frozen=True)
class StaticTree:
    """All files by their path below `static/`; `names` are Folium's names of scripts and styles."""

    files: Mapping[str, StaticFile]
    names: Mapping[str, str]

    @cached_property
    def version(self) -> str:
        """Hash of every path and content."""
        digest = hashlib.sha256()
        for path, file in sorted(self.files.items()):
            digest.update(f"{path} {file.tag}\n".encode())
        return digest.hexdigest()[:16]

    def address(self, path: str) -> str:
        """Where a file is asked for.

        Raises
        ------
        LookupError
            There is no such file.
        """
        if path not in self.files:
            raise LookupError(f"static/{path} is not there")
        return f"/static/{self.version}/{path}"

    @cached_property
    def scripts(self) -> dict[str, str]:
        """Text of every module of ours by its path."""
        return {
            path: file.content.decode()
            for path, file in self.files.items()
            if path.startswith("js/") and path.endswith(".js") and path not in JOINED
        }


@cache
def tree() -> StaticTree:
    """What this process serves; read when the app is made."""
    return read_tree(STATIC)


def asset(path: str) -> str:
    """Address of a static file, to be kept for good; raises LookupError where there is none."""
    return tree().address(path)


def preloads(modules: Iterable[str]) -> tuple[str, ...]:
    """Addresses of modules and all they import: what a page asks for at once, so that nothing waits in line.

    `modules` are paths below `static/js` without ending, the most urgent first.
    """
    return _preloads(tuple(modules))


@cache
def _preloads(modules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(asset(path) for path in follow_imports([f"js/{one}.js" for one in modules], tree().scripts))


def folium_assets() -> dict[str, str | None]:
    """Where each of Folium's scripts and styles lies; None where it is part of a joined file named before."""
    found = {name: asset(f"vendor/{path}") for name, path in tree().names.items()}
    for path, parts in JOINED.items():
        named = [part for part in parts if part in found]
        found |= dict.fromkeys(named) | {name: asset(path) for name in named[:1]}
    return found


def follow_imports(entries: Iterable[str], scripts: Mapping[str, str]) -> list[str]:
    """List modules and what they import, each once: one entry after the other, what workers need at the end.

    Parameters
    ----------
    entries : iterable of str
        Paths in `scripts`.
    scripts : mapping
        Source text by path.

    Raises
    ------
    LookupError
        A module is not there.
    """
    found: dict[str, None] = {}
    for entry in entries:
        _follow(entry, scripts, found)
    for path in list(found):
        for worker in _named(_WORKER, path, scripts):
            _follow(worker, scripts, found)
    return list(found)


def _follow(entry: str, scripts: Mapping[str, str], found: dict[str, None]) -> None:
    """Add a module and what it imports to `found`, the nearest first."""
    waiting = [entry]
    for path in waiting:
        if path not in scripts:
            raise LookupError(f"{path} is imported and is not there")
        if path not in found:
            found[path] = None
            waiting += _named(_IMPORT, path, scripts)


def read_tree(folder: Path) -> StaticTree:
    """Read what is to be served below a folder, and join what belongs together."""
    files = {
        path.relative_to(folder).as_posix(): _static_file(path.name, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.suffix in SERVED and path.name not in NOT_SERVED
    }
    names = json.loads(files["vendor/manifest.json"].content)["names"]
    for path, parts in JOINED.items():
        sources = [part if "." in part else f"vendor/{names[part]}" for part in parts]
        joined = b"\n".join(_part(source, path, files[source].content) for source in sources)
        files[path] = _static_file(path, joined)
    return StaticTree(files, names)


def _static_file(name: str, content: bytes) -> StaticFile:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StaticFile(content, media_type, Path(name).suffix in PACKED)


def _part(source: str, target: str, content: bytes) -> bytes:
    """Let the addresses in a sheet lead where they led, seen from the joined file."""
    if not source.endswith(".css"):
        return content
    start = posixpath.dirname(target)

    def moved(match: re.Match[str]) -> str:
        at = posixpath.join(posixpath.dirname(source), match[2])
        return f'url("{posixpath.relpath(at, start)}")'

    return _CSS_ADDRESS.sub(moved, content.decode()).encode()


def _named(pattern: re.Pattern[str], path: str, scripts: Mapping[str, str]) -> list[str]:
    """Paths a module names, seen from its own place."""
    return [
        posixpath.normpath(posixpath.join(posixpath.dirname(path), one))
        for one in pattern.findall(scripts[path])
    ]
