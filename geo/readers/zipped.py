"""Read an archive: the shapefiles in it, else the one file of another format it holds."""

from __future__ import annotations

import importlib
from pathlib import Path, PurePosixPath

from geo.errors import NothingToRead, PartMissing, TooLarge
from geo.formats import FORMATS, HEAD_BYTES, SHAPEFILE, ZIP, Limits, format_of
from geo.readers.answer import Answer
from geo.readers.archive import Archive
from geo.readers.shapefile import ENCODING, SYSTEM, read_shapefile

# What the parts are called here: GDAL reads two of them otherwise than we do, so it does not get to see them
_PARTS = {".shp": ".shp", ".dbf": ".dbf", ".shx": ".shx", ".prj": SYSTEM, ".cpg": ENCODING}
_NEEDED = (".shp", ".dbf")
# An archive in an archive is passed over; workbooks and KMZ are archives only to those who look inside
_OTHERS = tuple(ending for one in FORMATS if one.name not in (SHAPEFILE, ZIP) for ending in one.endings)


def read(path: Path, answer: Answer, limits: Limits) -> None:
    """Read every shapefile as a sheet of its own, else the only file of another format."""
    with Archive(path, limits) as archive:
        shapefiles = [name for name in archive.names if name.lower().endswith(".shp")]
        for number, name in enumerate(shapefiles):
            shp = _unpack_parts(archive, name, path.with_name(f"part{number}"))
            answer.format = _seen(shp, name)[0]
            read_shapefile(shp, _title(name, shapefiles), answer, limits)
        if not shapefiles:
            _read_other(archive, path, answer, limits)


def _read_other(archive: Archive, path: Path, answer: Answer, limits: Limits) -> None:
    name = _only([one for one in archive.names if one.lower().endswith(_OTHERS)])
    inner = path.with_name("inner").with_suffix(PurePosixPath(name).suffix.lower())
    archive.extract(name, inner)
    if inner.stat().st_size > limits.bytes:
        raise TooLarge(most_mb=limits.bytes // 1_000_000)
    answer.format, reader = _seen(inner, name)
    importlib.import_module(reader).read(inner, answer, limits)


def _only(names: list[str]) -> str:
    """Choose the one file there is; a text beside one other is about it."""
    for some in (names, [one for one in names if not one.lower().endswith(".txt")]):
        if len(some) == 1:
            return some[0]
    raise NothingToRead


def _unpack_parts(archive: Archive, name: str, target: Path) -> Path:
    """Unpack the parts of a shapefile under a name of ours; give the .shp."""
    stem = name[: -len(".shp")]
    for ending, ours in _PARTS.items():
        part = next((one for one in archive.names if one.lower() == (stem + ending).lower()), None)
        if part:
            archive.extract(part, target.with_suffix(ours))
        elif ending in _NEEDED:
            raise PartMissing(part=PurePosixPath(stem + ending).name)
    return target.with_suffix(".shp")


def _seen(path: Path, name: str) -> tuple[str, str]:
    """See that an unpacked file is what its name says; give its format's name and reader."""
    with path.open("rb") as file:
        found = format_of(name, file.read(HEAD_BYTES))
    return found.name, found.reader


def _title(name: str, shapefiles: list[str]) -> str:
    """Call a sheet by its file, with the folders only where that would leave two alike."""
    title = PurePosixPath(name).stem
    alike = [one for one in shapefiles if PurePosixPath(one).stem == title]
    return title if len(alike) == 1 else name[: -len(".shp")]
