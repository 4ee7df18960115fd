"""The parts of a shapefile as one file, so that they are read, kept and known again like any other file."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from geo.errors import FileUnreadable, TooLarge
from geo.formats import Limits

PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_CHUNK = 1 << 20
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def bundle(parts: Mapping[str, Path], target: Path, *, most_bytes: int = Limits().bytes) -> None:
    """Write files into one archive, which is the same for the same names and bytes.

    Parameters
    ----------
    parts : mapping of str to Path
        What the files are called in the archive, such as `坑塘.shp`, and where they lie.
    target : Path
        The archive.
    most_bytes : int
        How large each of them may be.

    Raises
    ------
    TooLarge
        One of them is larger.
    FileUnreadable
        One of them cannot be opened.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts):
            with open_plain(parts[name], name) as part, archive.open(_member(name), "w") as member:
                for chunk in chunks(part, most_bytes):
                    member.write(chunk)


def parts_beside(shp: Path) -> dict[str, Path]:
    """Find the parts of a shapefile beside its .shp, whatever case their endings are in.

    Raises
    ------
    FileUnreadable
        Its folder cannot be looked into.
    """
    try:
        beside = [one for one in shp.parent.iterdir() if one.stem == shp.stem]
    except OSError as error:
        raise FileUnreadable(name=shp.name) from error
    return {one.name: one for one in beside if one.suffix.lower() in PARTS}


@contextmanager
def open_plain(path: Path, called: str) -> Iterator[BinaryIO]:
    """Open a regular file for reading; whatever else bears the name is refused and hangs nothing.

    Raises
    ------
    FileUnreadable
        There is no such file.
    """
    try:
        # Not blocking: a pipe by this name must not hang the program
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except (OSError, ValueError) as error:
        raise FileUnreadable(name=called) from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileUnreadable(name=called)
        yield file


def chunks(file: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    """Read a file piece by piece, as long as it is of bearable size.

    Raises
    ------
    TooLarge
        It is larger.
    """
    left = most_bytes
    while chunk := file.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise TooLarge(most_mb=most_bytes // 1_000_000)
        yield chunk


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _NO_TIME)
    member.external_attr = 0o600 << 16
    return member
