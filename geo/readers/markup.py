"""XML by expat: a document type is refused before anything in it is read, and nothing else is ever opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn
from xml.parsers import expat

from geo.errors import BrokenXML, HasDoctype

_BUFFER = 1 << 20


def parse(
    chunks: Iterable[bytes],
    follow: Callable[[expat.XMLParserType], object] | None = None,
    *,
    encoding: str | None = None,
) -> None:
    """Parse a document.

    Parameters
    ----------
    chunks : iterable of bytes
        The document, piece by piece.
    follow : callable, optional
        Is given the parser before it begins, to set its handlers.
    encoding : str, optional
        What the document is in, whatever it says itself.

    Raises
    ------
    HasDoctype
        It holds a document type.
    BrokenXML
        It is not whole.
    """
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.buffer_size = _BUFFER
    parser.StartDoctypeDeclHandler = _refuse
    if follow:
        follow(parser)
    try:
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BrokenXML(line=error.lineno, column=error.offset + 1) from error


def _refuse(*_: Any) -> NoReturn:
    raise HasDoctype
