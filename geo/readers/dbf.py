"""The encoding of a .dbf: what its .cpg says if all text fits, else its own mark, else UTF-8, else GB18030.

Text comes here as latin-1, which keeps the bytes as they are. A name has room for ten bytes, a text for the
width of its field, and either may end inside a character: the broken tail is left out, so that a name can
still be known by its beginning.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.errors import BadLayer, UnreadableRecord

BYTES = "ISO-8859-1"  # as GDAL calls latin-1
_HEAD = struct.Struct("<4xIHH17xBxx")  # records, bytes of the head and of a record, mark
_LONGEST_HEAD = 1 << 16
_FIELD = _HEAD.size  # a field is described in as many bytes
_FIRST_WIDTH = _FIELD + 16
_UTF_8, _GB18030 = "UTF-8", "GB18030"
_GBK_MARKS = (0x4D, 0x7A)
_NAME_BYTES = 10
_NUMBERED = re.compile(rb"(.*?)(_\d{1,2})?", re.DOTALL)  # writers number names that were cut alike
_BY_NUMBER = {"65001": _UTF_8, "936": _GB18030, "54936": _GB18030, "950": "cp950"}
# Into any other encoding that Python knows, a byte is a character: everything fits and nothing is said
_MANY_BYTES = (_UTF_8, _GB18030, "cp950", "big5", "big5hkscs", "cp932", "shift_jis", "cp949", "euc_kr")
# So many characters beyond ASCII that are right UTF-8 are no accident, whatever is said of them
_SURELY_UTF8 = 20


@dataclass(frozen=True)
class Head:
    """What a table says of itself."""

    records: int
    mark: int  # of its code page
    widths: list[int]  # of its fields in bytes


def read_head(table: Path) -> Head:
    """Read the head of a table and see that its records are all there.

    Raises
    ------
    BadLayer
        It breaks off.
    """
    content = table.read_bytes()[:_LONGEST_HEAD]
    try:
        records, head_bytes, record_bytes, mark = _HEAD.unpack_from(content)
    except struct.error as error:
        raise BadLayer from error
    if table.stat().st_size < head_bytes + records * record_bytes:
        raise BadLayer
    return Head(records, mark, list(content[_FIRST_WIDTH:head_bytes:_FIELD]))


class Texts:
    """Tries all names and texts of a table in each encoding they may be in."""

    def __init__(self, cpg: str, mark: int) -> None:
        self.declared = cpg.strip()[:40]
        self._said = _encoding_of(self.declared)
        self._marked = _GB18030 if mark in _GBK_MARKS else None
        self._fits = dict.fromkeys([self._said or _UTF_8, _UTF_8, _GB18030], True)
        self._names: set[str] = set()
        self._bad_record = 0
        self._leads = 0  # bytes that begin a character, if it is UTF-8
        self._all_ascii = True

    def try_name(self, name: str) -> None:
        """Try the name of a field."""
        self._names.add(name)
        self._all_ascii &= name.isascii()

    def try_texts(self, values: Iterable[Any], *, first: int, width: int) -> None:
        """Try the texts of a field of so many bytes; `first` is the number of the record they begin with."""
        raw = {
            record: value.encode(BYTES)
            for record, value in enumerate(values, start=first)
            if isinstance(value, str) and not value.isascii()
        }
        together = b"\n".join(raw.values())  # the end of a line is never part of a character
        self._all_ascii &= not raw
        self._leads += len(together.translate(None, delete=bytes(range(0xC0))))
        bad = {one: _first_bad(raw, one, width) for one in self._fitting() if not _fits(together, one)}
        fallen = {encoding: record for encoding, record in bad.items() if record is not None}
        self._fits |= dict.fromkeys(fallen, False)
        self._bad_record = max(fallen.values(), default=self._bad_record)  # of the one that got farthest

    @property
    def encoding(self) -> str:
        """The encoding all texts are in, and all names if there is one.

        Raises
        ------
        UnreadableRecord
            There is none.
        """
        order = [self._said, self._marked, _UTF_8, _GB18030]
        if self._said not in _MANY_BYTES:
            order = [*order[1:], self._said]
        if self._leads >= _SURELY_UTF8:
            order = [_UTF_8, *order]
        fitting = [one for one in order if one in self._fitting()]
        if not fitting:
            raise UnreadableRecord(row=self._bad_record)
        return next(
            (one for one in fitting if all(_name_fits(name, one) for name in self._names)), fitting[0]
        )

    @property
    def is_lied_about(self) -> bool:
        """Whether the .cpg names an encoding that is not the one."""
        return not self._all_ascii and self._said not in (None, self.encoding)

    def _fitting(self) -> list[str]:
        return [encoding for encoding, fits in self._fits.items() if fits]


def decode(value: Any, encoding: str) -> Any:
    """Decode a text that came as latin-1, half a character at its end left out; give what else there is."""
    if not isinstance(value, str) or value.isascii():
        return value
    return _decode(value.encode(BYTES), encoding, "strict").strip()


def decode_name(name: str, encoding: str) -> str:
    """Decode the name of a field; half a character at the end of a full name is left out.

    Examples
    --------
    >>> decode_name("整改责任人".encode()[:10].decode("latin-1"), "UTF-8")
    '整改责'
    """
    stem, number = _halves(name)
    return (_decode(stem, encoding, "replace") + number).strip(" \x00")


def _name_fits(name: str, encoding: str) -> bool:
    stem, number = _halves(name)
    return _fits(stem, encoding, _NAME_BYTES - len(number))


def _first_bad(raw: dict[int, bytes], encoding: str, width: int) -> int | None:
    return next((record for record, one in raw.items() if not _fits(one, encoding, width)), None)


def _fits(raw: bytes, encoding: str, room: int | None = None) -> bool:
    """See that bytes are text; where they fill the room there was, they may break off inside a character."""
    is_cut = room is not None and len(raw) >= room
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return False
    return True


def _decode(raw: bytes, encoding: str, errors: str) -> str:
    return codecs.getincrementaldecoder(encoding)(errors).decode(raw)


def _halves(name: str) -> tuple[bytes, str]:
    """Take the number off a name that a writer added to tell it from others cut alike."""
    stem, number = _NUMBERED.fullmatch(name.encode(BYTES)).groups(b"")
    return stem, number.decode()


def _encoding_of(declared: str) -> str | None:
    """Understand a .cpg such as `UTF-8`, `GBK`, `936`, `ANSI 1252` or `ISO-8859-1`.

    Examples
    --------
    >>> _encoding_of("OEM 936"), _encoding_of("88591"), _encoding_of("?")
    ('GB18030', 'iso8859-1', None)
    """
    word = declared.upper().removeprefix("ANSI").removeprefix("OEM").strip(" -_")
    number = re.fullmatch(r"(?:CP|MS|WINDOWS)?[ -]?(\d+)", word)
    if number and number[1] in _BY_NUMBER:
        return _BY_NUMBER[number[1]]
    latin = re.fullmatch(r"(?:ISO)?[ -]?8859[ -]?(\d{1,2})", word)
    for name in (f"iso8859-{latin[1]}" if latin else "", f"cp{number[1]}" if number else "", word):
        try:
            found = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        return {"utf-8": _UTF_8, "gbk": _GB18030, "gb2312": _GB18030, "gb18030": _GB18030}.get(found, found)
    return None
