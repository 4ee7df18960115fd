"""The encoding of a text file: a mark at its start, else strict UTF-8, else strict GB18030, else nothing."""

from __future__ import annotations

import codecs

from geo.errors import NulInText, UnreadableText

_MARKS = (
    (codecs.BOM_UTF8, "UTF-8", "utf-8"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16-be"),
)
# So many characters beyond ASCII that decode under UTF-8 are no accident: it is UTF-8 with a fault in it
_SURELY_UTF8 = 20


def decode(data: bytes) -> tuple[str, str]:
    """Decode the bytes of a text file.

    Returns
    -------
    tuple of str
        The text without its mark, and the name of the encoding.

    Raises
    ------
    UnreadableText
        With the offset of the first byte that does not fit.
    NulInText
        It decodes, but holds a zero byte: some other kind of file.

    Examples
    --------
    >>> decode("甘州区".encode("gbk"))
    ('甘州区', 'GB18030')
    """
    mark, name, codec = next((found for found in _MARKS if data.startswith(found[0])), (b"", "", ""))
    if not mark:
        name, codec = _guess(data)
    text = _strict(data, codec, len(mark))
    if "\x00" in text:
        raise NulInText(offset=len(mark) + len(text[: text.index("\x00")].encode(codec)))
    return text, name


def _guess(data: bytes) -> tuple[str, str]:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        if sum(not character.isascii() for character in good) >= _SURELY_UTF8:
            raise UnreadableText(offset=error.start) from error
        return "GB18030", "gb18030"
    return "UTF-8", "utf-8"


def _strict(data: bytes, codec: str, start: int) -> str:
    try:
        return data[start:].decode(codec)
    except UnicodeDecodeError as error:
        raise UnreadableText(offset=start + error.start) from error
