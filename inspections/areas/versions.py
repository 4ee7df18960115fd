"""Areas through time: found by name, counted with their sites, and one code's versions with what changed.

A version is a row of `Area`: one code under one name with one boundary, from its first day until the day the
next begins. Reading only; files of areas are `inspections.imports`' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.orm import Session, defer

from geo.shapes import geodesic_area_m2
from inspections import ledger
from inspections.areas.boundaries import same_boundary
from inspections.errors import NotFound
from inspections.models import Area, LedgerEntry, Site
from inspections.permissions import Actor, require, site_filter
from inspections.terms import AreaLevel, SiteStatus

MOST_FOUND = 100
_COMPARED = {"renamed": "name", "recategorised": "category", "put_under": "parent_code"}


@dataclass(frozen=True)
class Change:
    """One thing in which a version differs from the one before.

    `what` is `begun`, `resumed`, `renamed`, `recategorised`, `put_under`, `drawn`, `undrawn` or `redrawn`; of
    boundaries the two sides are square metres, of a beginning they are days.
    """

    what: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Version:
    """One version of an area, with who brought it and who ended it, where the ledger says so."""

    area: Area
    area_m2: float | None
    changes: Sequence[Change]
    brought: LedgerEntry | None = None
    ended: LedgerEntry | None = None


@dataclass(frozen=True)
class History:
    """The versions of one code, the newest first, and the ended areas whose place it took."""

    code: str
    versions: Sequence[Version]
    predecessors: Sequence[Area]
    names: Mapping[str, str]  # of the areas that `versions` and `predecessors` speak of

    @property
    def newest(self) -> Area:
        """The last version there is; it holds today unless it has ended."""
        return self.versions[0].area

    @property
    def redrawn(self) -> Any:
        """The boundary before the newest one, where there was another; else None."""
        older = (one.area.geometry for one in self.versions[1:])
        return next((one for one in older if not same_boundary(one, self.newest.geometry)), None)


def find_areas(session: Session, words: str) -> list[Area]:
    """Find versions of areas by part of a name or the beginning of a code, by code, the newest first."""
    said = Area.name.contains(words, autoescape=True)
    if words.isdecimal():
        said = or_(said, Area.code.startswith(words))
    query = select(Area).options(defer(Area.geometry)).where(said, Area.level != AreaLevel.COUNTY)
    return list(session.scalars(query.order_by(Area.code, Area.valid_from.desc()).limit(MOST_FOUND)))


def first_day(session: Session) -> date | None:
    """The day from which areas are known; None before any is imported."""
    return session.scalar(select(func.min(Area.valid_from)))


def count_sites(session: Session, by: Actor, *, township: str = "") -> dict[str, int]:
    """How many active sites of an officer's scope each township has today, or each village of one."""
    column = Site.village_code if township else Site.township_code
    query = select(column, func.count()).where(Site.status == SiteStatus.ACTIVE, site_filter(by))
    if township:
        query = query.where(Site.township_code == township, column.is_not(None))
    return dict(session.execute(query.group_by(column)).all())


def read_history(session: Session, code: str, by: Actor) -> History:
    """Read all that is known of one code, or raise `NotFound` where no area ever had it."""
    require(by, "area.see")
    areas = list(session.scalars(select(Area).where(Area.code == code).order_by(Area.valid_from)))
    if not areas:
        raise NotFound
    entries = ledger.story(session, subject_id=code)
    versions = [
        _version(area, older, entries) for area, older in zip(areas, [None, *areas[:-1]], strict=True)
    ]
    predecessors = _list_predecessors(session, code)
    return History(code, versions[::-1], predecessors, _names(session, areas, predecessors))


def compare_versions(older: Area | None, newer: Area) -> list[Change]:
    """Say in what a version differs from the one before, or that it is the first."""
    if older is None:
        return [Change("begun", None, newer.valid_from)]
    changes = []
    if older.valid_to is not None and older.valid_to < newer.valid_from:
        changes.append(Change("resumed", older.valid_to, newer.valid_from))
    for what, name in _COMPARED.items():
        before, after = getattr(older, name), getattr(newer, name)
        if before != after:
            changes.append(Change(what, before, after))
    if not same_boundary(older.geometry, newer.geometry):
        what = "drawn" if older.geometry is None else "undrawn" if newer.geometry is None else "redrawn"
        changes.append(Change(what, _area_m2(older), _area_m2(newer)))
    return changes


def _version(area: Area, older: Area | None, entries: Sequence[LedgerEntry]) -> Version:
    batch = str(area.import_id) if area.import_id else None
    brought = next((one for one in entries if batch and ledger.facts_of(one).get("batch") == batch), None)
    ended = None
    if area.valid_to is not None:
        day = area.valid_to.isoformat()
        ended = next((one for one in entries if ledger.facts_of(one).get("valid_to") == day), None)
    return Version(area, _area_m2(area), compare_versions(older, area), brought, ended)


def _area_m2(area: Area) -> float | None:
    return None if area.geometry is None else geodesic_area_m2(area.geometry)


def _list_predecessors(session: Session, code: str) -> list[Area]:
    """The ended areas that name a code as the one that took their place."""
    query = (
        select(Area)
        .options(defer(Area.geometry))
        .where(Area.valid_to.is_not(None), cast(Area.successors, Text).contains(f'"{code}"'))
    )
    return list(session.scalars(query.order_by(Area.valid_to.desc(), Area.code)))


def _names(session: Session, areas: Sequence[Area], predecessors: Sequence[Area]) -> dict[str, str]:
    """Names of the areas above and of successors, as they are called today."""
    codes = {area.parent_code for area in areas if area.parent_code}
    codes |= {code for area in (*areas, *predecessors) for code in area.successors}
    query = select(Area.code, Area.name).where(Area.code.in_(codes))
    return dict(session.execute(query.order_by(Area.code, Area.valid_from)).all())


def sites_of(area: Area, by: Actor, session: Session) -> int:
    """How many active sites of an officer's scope an area has today."""
    column = Site.township_code if area.level is AreaLevel.TOWNSHIP else Site.village_code
    query = select(func.count(Site.pk)).where(Site.status == SiteStatus.ACTIVE, site_filter(by))
    if area.level is not AreaLevel.COUNTY:
        query = query.where(column == area.code)
    return session.scalar(query) or 0
