"""A file as it comes over the web: one, or the parts of one shapefile put together."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

from werkzeug.datastructures import FileStorage

from geo.bundles import PARTS, bundle
from geo.formats import FORMATS
from inspections.errors import Invalid
from inspections.imports.batches import clean_name

MOST_PARTS = 12
ENDINGS = tuple(dict.fromkeys(ending for one in FORMATS for ending in one.endings))


class NoFile(Invalid):
    """The form came without a file."""

    code = "import.no_file"
    message = "Choose a file."
    field = "file"


class SeveralFiles(Invalid):
    """Several files that are not the parts of one shapefile."""

    code = "import.several_files"
    message = (
        "Send one file at a time. Only the parts of one shapefile (.shp .dbf .shx .prj .cpg) go together."
    )
    field = "file"


@contextmanager
def one_file(sent: Sequence[FileStorage]) -> Iterator[tuple[str, BinaryIO]]:
    """The name and the bytes of what was sent; a shapefile's parts as one archive."""
    files = [one for one in sent if one.filename]
    if not files:
        raise NoFile
    if len(files) == 1 and not (files[0].filename or "").lower().endswith(".shp"):
        yield clean_name(files[0].filename or ""), files[0].stream  # type: ignore[misc]
        return
    names = [clean_name(one.filename or "") for one in files]
    stems = {PurePath(name).stem.lower() for name in names}
    endings = [PurePath(name).suffix.lower() for name in names]
    if len(files) > MOST_PARTS or len(stems) > 1 or not set(endings) <= set(PARTS):
        raise SeveralFiles
    with tempfile.TemporaryDirectory(prefix="parts-") as folder:
        parts: dict[str, Path] = {}
        for name, one in zip(names, files, strict=True):
            path = Path(folder) / f"part{len(parts)}"
            one.save(path)
            parts[name] = path
        target = Path(folder) / "bundle.zip"
        bundle(parts, target)
        with target.open("rb") as file:
            yield f"{PurePath(names[0]).stem}.zip", file
