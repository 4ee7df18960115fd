"""XML by expat: a document type is refused before anything in it is read, and nothing else is ever opened.

And the text in HTML, which some programs put into their XML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape
from typing import Any, NoReturn
from xml.parsers import expat

from geo.errors import BrokenXML, HasDoctype

_BUFFER = 1 << 20
_TAG = re.compile(r"(?P<ends>/?)(?P<name>[a-z][a-z0-9]*)|[!?]", re.IGNORECASE)
_UNSAID = ("script", "style", "head", "title")
_BREAKS = dict.fromkeys(("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "hr"), "\n")
_BREAKS |= {"td": " ", "th": " "}


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


def plain_text(markup: str) -> str:
    r"""Reduce HTML to the text a reader would see, a line where it begins one.

    Examples
    --------
    >>> plain_text("<b>面积</b>3亩<br/>水质&amp;好<script>x()</script>")
    '面积3亩\n水质&好'
    """
    # Not by Python's parser of HTML, whose time grows with the square of what is left open
    first, *pieces = markup.split("<")
    said, unsaid = [first], ""
    for piece in pieces:
        tag, closed, text = piece.partition(">")
        found = _TAG.match(tag)
        if not (found and closed):
            said.append(f"<{piece}")
            continue
        ends, name = found["ends"], (found["name"] or "").lower()
        if name in _UNSAID:
            unsaid = "" if ends else name
        said.append(_BREAKS.get(name, ""))
        said.append("" if unsaid else text)
    lines = (" ".join(line.split()) for line in unescape("".join(said)).split("\n"))
    return "\n".join(line for line in lines if line)
