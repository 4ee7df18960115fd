"""Lists on pages: which page, the addresses of the next and previous, the filters chosen as chips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request, url_for


@dataclass(frozen=True)
class Paging:
    """What the pager shows: rows `first` to `last` of `total`, counted from 1."""

    first: int
    last: int
    total: int
    previous_url: str = ""
    next_url: str = ""


def asked(name: str) -> str:
    """A parameter of the address, without what no database takes."""
    return without_nul(request.args.get(name, "")).strip()


def without_nul(text: str) -> str:
    """Take out the one character that no PostgreSQL text holds."""
    return text.replace("\0", "")


def page_asked() -> int:
    """The page number in the address, from 1; what is no such number is the first page."""
    text = request.args.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= 7 else 1


def paging(total: int, page: int, size: int) -> Paging:
    """What the pager shows for one page of a list."""
    first = (page - 1) * size
    return Paging(
        first=min(first + 1, total),
        last=min(first + size, total),
        total=total,
        previous_url=address(page=page - 1) if page > 1 else "",
        next_url=address(page=page + 1) if first + size < total else "",
    )


def address(**changes: object) -> str:
    """Give this list's address with some parameters changed.

    An empty value takes one out; a change of anything but `page` starts at the first page again.
    """
    kept = {name: value for name, value in request.args.items() if value and name != "page"}
    kept |= {name: str(value) for name, value in changes.items()}
    kept = {name: value for name, value in kept.items() if value and not (name == "page" and value == "1")}
    return request.path + (f"?{urlencode(kept)}" if kept else "")


def export_url(subject: str) -> str:
    """Give the address of the page that writes this list to a file, with the list's own filters."""
    kept = {name: value for name, value in request.args.items() if value and name not in ("page", "sort")}
    return url_for("exports.show_export", **(kept | {"subject": subject}))


def chips(chosen: Mapping[str, str], words: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Chosen filters as the macro `chips` takes them: words, and the address without it.

    `chosen` maps parameters to what was asked, `words` are parameters with what to show for them.
    """
    return [(said, address(**{name: ""})) for name, said in words if chosen.get(name)]
