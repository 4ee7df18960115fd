"""Read KMZ: the document in the archive, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

from geo.errors import NotThisFormat, TooLarge
from geo.formats import Limits
from geo.readers import kml
from geo.readers.answer import Answer
from geo.readers.archive import Archive


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read `doc.kml`, else the first KML that lies least deep."""
    with Archive(path, limits) as archive:
        documents = [name for name in archive.names if name.lower().endswith((".kml", ".ovkml"))]
        if not documents:
            raise NotThisFormat(name=path.name, format="KMZ")
        main = min(documents, key=lambda name: (name.lower() != "doc.kml", name.count("/")))
        inner = path.with_name("doc.kml")
        archive.extract(main, inner)
    if inner.stat().st_size > limits.bytes:
        raise TooLarge(most_mb=limits.bytes // 1_000_000)
    kml.read(inner, answer, limits)
