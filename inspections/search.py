"""Sites by the words people type: a number's beginning, part of a name, a village or township.

Width, letter case and spaces do not matter. A former name of an area finds its sites too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, false, select, type_coerce, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from inspections.models import Area, Site
from inspections.models.names import name_key
from inspections.permissions import Actor, site_filter
from inspections.terms import AreaLevel, SiteStatus
from inspections.typed import clean_code

# So begins a site's number and no name: its kind, a dash, the first digits of its township
_BEGINS_NUMBER = re.compile(r"[A-Z]-\d{4}[\d-]*", re.ASCII)
_IN_NUMBER = re.compile(r"[\d-]+", re.ASCII)
_LAST = "\U0010ffff"  # no text that begins with another comes after this one


class _Way(NamedTuple):
    """One way in which words find sites, by an index of its own, and the order of what it finds."""

    condition: ColumnElement[bool]
    order: InstrumentedAttribute[str]


def site_matches(session: Session, words: str) -> ColumnElement[bool]:
    """Match by the beginning of a number, anything in a name, or the name of a village or township.

    Each is looked for in its own index: rows, shapes and all, are read only for what was found.
    """
    found = [select(Site.pk).where(way.condition) for way in _ways(session, words)]
    return Site.pk.in_(union_all(*found)) if found else false()


def find_keys(
    session: Session, words: str, *, by: Actor, statuses: Collection[SiteStatus], most: int
) -> list[int]:
    """Find the keys of matching sites in scope, the likeliest first, and no more than `most`.

    First what begins with the words, numbers before names, then what holds them, then what lies in an area
    called so. Among these a site called just so is the first.
    """
    found: dict[int, None] = {}
    beside = _beside()
    for way in _ways(session, words):
        query = (
            select(Site.pk)
            .where(
                way.condition,
                beside.status.in_([status.value for status in statuses]),
                site_filter(by, site=beside),
            )
            .order_by(way.order, Site.pk)
            .limit(most)
        )
        found |= dict.fromkeys(session.scalars(query))
        if len(found) >= most:
            break
    return list(found)[:most]


def list_areas_named(session: Session, words: str) -> list[str]:
    """List the codes of townships and villages whose name, or a former one, holds the words."""
    key = name_key(words)
    query = select(Area.code, Area.name).where(Area.level != AreaLevel.COUNTY).order_by(Area.code)
    return list(dict.fromkeys(code for code, name in session.execute(query) if key in name_key(name)))


def _ways(session: Session, words: str) -> Iterator[_Way]:
    number, key = "".join(clean_code(words).upper().split()), name_key(words)
    if not key:
        return
    yield _Way(_begins(Site.number, number), Site.number)
    if _BEGINS_NUMBER.fullmatch(number):
        return
    yield _Way(_begins(Site.name_key, key), Site.name_key)
    yield _Way(_holds(Site.name_key, key), Site.name_key)
    if _IN_NUMBER.fullmatch(number):
        yield _Way(_holds(Site.number, number), Site.number)
    codes = list_areas_named(session, words)
    if codes:
        yield _Way(Site.township_code.in_(codes), Site.number)
        yield _Way(Site.village_code.in_(codes), Site.number)


def _begins(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    return (column >= text) & (column < text + _LAST)


def _holds(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    return column.contains(text, autoescape=True)


def _beside() -> Any:
    """What a scope asks of a site, as texts that no database looks up by an index.

    They stand in the index of the words, which alone narrows; SQLite would take that of the scope, and read
    every row in it.
    """
    columns = (Site.status, Site.kind, Site.township_code, Site.village_code)
    return SimpleNamespace(**{column.key: type_coerce(column, String).concat("") for column in columns})
