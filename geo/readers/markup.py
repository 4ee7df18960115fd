"""XML by expat: a document type is refused before anything in it is read, and nothing else is ever opened.

And the text in HTML, which some programs put into their XML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html.parser import HTMLParser
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


def plain_text(markup: str) -> str:
    r"""Reduce HTML to the text a reader would see, a line where it begins one.

    Examples
    --------
    >>> plain_text("<b>面积</b>3亩<br/>水质&amp;好<script>x()</script>")
    '面积3亩\n水质&好'
    """
    page = _Page()
    page.feed(markup)
    page.close()
    lines = (" ".join(line.split()) for line in "".join(page.said).split("\n"))
    return "\n".join(line for line in lines if line)


class _Page(HTMLParser):
    """Gathers what is said on a page, without its scripts and styles."""

    _LINES = ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "hr")
    _UNSAID = ("script", "style", "head", "title")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._unsaid = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unsaid += tag in self._UNSAID
        self.said.append("\n" if tag in self._LINES else " " if tag in ("td", "th") else "")

    def handle_endtag(self, tag: str) -> None:
        self._unsaid -= tag in self._UNSAID and self._unsaid > 0

    def handle_data(self, data: str) -> None:
        if not self._unsaid:
            self.said.append(data)
