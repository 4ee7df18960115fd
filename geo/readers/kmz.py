"""Read KMZ: the documents in the archive, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

from geo.errors import NotThisFormat, TooLarge
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.archive import Archive
from geo.readers.kml import folders_of
from geo.readers.places import Places, add_sheets

_MAIN = "doc.kml"


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read the main document and the others beside it, which it usually only links to."""
    folders: list[Places] = []
    with Archive(path, limits) as archive:
        documents = [name for name in archive.names if name.lower().endswith((".kml", ".ovkml"))]
        if not documents:
            raise NotThisFormat(name=path.name, format="KMZ")
        left = limits.bytes
        for name in sorted(documents, key=lambda name: name.lower() != _MAIN):
            content = b"".join(archive.chunks(name))
            left -= len(content)
            if left < 0:
                raise TooLarge(most_mb=limits.bytes // 1_000_000)
            folders += folders_of(content, path.name, answer)
    add_sheets(answer, folders, limits)
