"""Sites by the words people type: a number's beginning, part of a name, a village or township.

A former name of an area finds its sites too.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.orm import Session

from inspections.models import Area, Site
from inspections.terms import AreaLevel
from inspections.typed import clean_code


def site_matches(session: Session, words: str) -> ColumnElement[bool]:
    """Match by the beginning of a number, anything in a name, or the name of a village or township.

    Each is looked for in its own index: rows, shapes and all, are read only for what was found.
    """
    number = clean_code(words).upper()
    found = [
        (Site.number >= number) & (Site.number < number + "\U0010ffff"),
        Site.name.like(f"%{_escaped(words)}%", escape="\\"),
    ]
    if number[:1].isdigit() or number.startswith("-"):
        found.append(Site.number.like(f"%{_escaped(number)}%", escape="\\"))
    codes = _areas_named(session, words)
    if codes:
        found += [Site.village_code.in_(codes), Site.township_code.in_(codes)]
    return Site.pk.in_(union_all(*(select(Site.pk).where(condition) for condition in found)))


def _areas_named(session: Session, words: str) -> list[str]:
    query = (
        select(Area.code)
        .distinct()
        .where(Area.level != AreaLevel.COUNTY)
        .where(Area.name.like(f"%{_escaped(words)}%", escape="\\"))
        .limit(200)
    )
    return list(session.scalars(query))


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
