"""Archives: their names decoded, and nothing unpacked beyond the limits, whatever their headers say."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from geo.errors import BrokenArchive, PasswordProtected, TooManyMembers, UnpacksTooLarge, UnsafeMember
from geo.formats import Limits

_CHUNK = 1 << 18
# What a small archive may unpack to in any case: blanks in a table shrink to next to nothing
_ALWAYS_BYTES = 10_000_000
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without measure
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
_ENCRYPTED, _UTF8 = 0x1, 0x800
_OF_MACS = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$)")


class Archive:
    """The files of an archive by their names, which have `/` between folders, in their order.

    Raises
    ------
    BrokenArchive, PasswordProtected, TooManyMembers, UnsafeMember, UnpacksTooLarge
        At once or while it is unpacked, each for its reason.
    """

    def __init__(self, path: Path, limits: Limits, *, members: int | None = None) -> None:
        most = max(limits.expansion * path.stat().st_size, _ALWAYS_BYTES)
        self._most = self._left = min(most, limits.unpacked_bytes)
        with _whole():
            self._file = zipfile.ZipFile(path)
        found = self._file.infolist()
        if len(found) > (members or limits.members):
            raise TooManyMembers(most=members or limits.members)
        named = {_name(one): one for one in found}
        self._members = {
            name: one for name, one in named.items() if not name.endswith("/") and not _OF_MACS.search(name)
        }
        for name, one in self._members.items():
            _refuse_unsafe(name, one)
        self._refuse_beyond(sum(one.file_size for one in found))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def names(self) -> list[str]:
        """The names of the files, without folders and what Macs add."""
        return list(self._members)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Unpack one file piece by piece; what is unpacked is counted over the whole archive."""
        with _whole(), self._file.open(self._members[name]) as member:
            while chunk := member.read(_CHUNK):
                self._refuse_beyond(len(chunk))
                self._left -= len(chunk)
                yield chunk

    def extract(self, name: str, target: Path) -> None:
        """Unpack one file to a path of our choice."""
        with target.open("wb") as file:
            for chunk in self.chunks(name):
                file.write(chunk)

    def _refuse_beyond(self, size: int) -> None:
        if size > self._left:
            raise UnpacksTooLarge(most_mb=self._most // 1_000_000)


@contextmanager
def _whole() -> Iterator[None]:
    """Call whatever unpacking stumbles over an archive that is not whole."""
    try:
        yield
    except _FAULTS as error:
        raise BrokenArchive from error


def _name(member: zipfile.ZipInfo) -> str:
    """Decode a name: UTF-8 where the archive says so or it fits, else as Windows in China writes it."""
    name = member.orig_filename
    if not member.flag_bits & _UTF8:
        written = name.encode("cp437")
        try:
            name = written.decode("utf-8")
        except UnicodeDecodeError:
            name = written.decode("gb18030", "replace")
    return name.replace("\\", "/")


def _refuse_unsafe(name: str, member: zipfile.ZipInfo) -> None:
    leads_out = name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/")
    if leads_out or "\x00" in name or stat.S_ISLNK(member.external_attr >> 16):
        raise UnsafeMember(member=name.replace("\x00", "")[:100])
    if member.flag_bits & _ENCRYPTED:
        raise PasswordProtected
    if member.compress_type not in _WAYS:
        raise BrokenArchive
