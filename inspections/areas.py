"""Administrative areas of the county: what there is today, by code, by level, and which holds a point."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from inspections.errors import Conflict
from inspections.models import Area
from inspections.terms import AreaLevel


class NoCounty(Conflict):
    """Nothing can be placed before the county's areas are there."""

    code = "area.no_county"
    message = "There is no county yet. Import its areas first: xuntu import areas FILE --apply"


def list_areas(
    session: Session, level: AreaLevel, *, parent: str | None = None, on: date | None = None
) -> list[Area]:
    """Areas of a level that hold on a day (today's if none is given), by code."""
    query = select(Area).where(Area.level == level).order_by(Area.code)
    query = (
        query.where(Area.valid_to.is_(None))
        if on is None
        else query.where(Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on))
    )
    return list(session.scalars(query.where(Area.parent_code == parent) if parent else query))


def find_county(session: Session) -> Area | None:
    """The county, or None before its areas are imported."""
    return session.scalar(
        select(Area).where(Area.level == AreaLevel.COUNTY, Area.valid_to.is_(None)).limit(1)
    )


def county_name(session: Session) -> str:
    """What the county is called, or an empty text."""
    return (
        session.scalar(
            select(Area.name).where(Area.level == AreaLevel.COUNTY, Area.valid_to.is_(None)).limit(1)
        )
        or ""
    )


def area_names(session: Session) -> dict[str, str]:
    """Names of the townships and villages that hold today, by code."""
    query = select(Area.code, Area.name).where(Area.valid_to.is_(None), Area.level != AreaLevel.COUNTY)
    return dict(session.execute(query).tuples().all())
