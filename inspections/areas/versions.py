"""Areas through time: found by name, counted with their sites, and one code's versions with what changed.

A version is a row of `Area`: one code under one name with one boundary, from its first day until the day the
next begins. Reading only; files of areas are `inspections.imports`' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, or_, select
from sqlalchemy.orm import Session, aliased, defer

from geo.shapes import geodesic_area_m2
from inspections import ledger
from inspections.areas import holds
from inspections.areas.boundaries import same_boundary
from inspections.errors import NotFound
from inspections.models import Area, ImportBatch, LedgerEntry, Site
from inspections.permissions import Actor, require, site_filter
from inspections.terms import AreaLevel, SiteStatus

MOST_LISTED = 500
_COMPARED = {"renamed": "name", "recategorised": "category", "put_under": "parent_code"}


@dataclass(frozen=True)
class Listed:
    """An area as a list shows it: villages of a township, active sites of the officer's scope, its file."""

    area: Area  # without its boundary
    villages: int | None
    sites: int | None
    file_name: str | None

    @property
    def has_shape(self) -> bool:
        """Whether it has a boundary."""
        return self.area.min_lon is not None


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
    names: Mapping[str, str]  # of the areas that `versions` speak of
    entries: Sequence[LedgerEntry]

    @property
    def newest(self) -> Area:
        """The last version there is; it holds today unless it has ended."""
        return self.versions[0].area

    @property
    def redrawn(self) -> Any:
        """The boundary before the newest one, where there was another; else None."""
        older = (one.area.geometry for one in self.versions[1:])
        return next((one for one in older if not same_boundary(one, self.newest.geometry)), None)


def list_day(session: Session, by: Actor, *, on: date | None = None, parent: str = "") -> list[Listed]:
    """County and townships of a day (today if none is given), or the villages of one township; by code."""
    require(by, "area.see")
    within = Area.parent_code == parent if parent else Area.level != AreaLevel.VILLAGE
    return _list(session, by, on, holds(on), within, order=(Area.level != AreaLevel.COUNTY, Area.code))


def find_areas(session: Session, by: Actor, words: str, *, on: date | None = None) -> list[Listed]:
    """Find versions of townships and villages by part of a name or the beginning of a code.

    Those of other days are found too, so that an old name leads to its code; those of the day come first.
    """
    require(by, "area.see")
    said = Area.name.contains(words, autoescape=True)
    if words.isdecimal():
        said = or_(said, Area.code.startswith(words))
    order = (case((holds(on), 0), else_=1), Area.code, Area.valid_from.desc())
    return _list(session, by, on, said, Area.level != AreaLevel.COUNTY, order=order)


def first_day(session: Session) -> date | None:
    """The day from which areas are known; None before any is imported."""
    return session.scalar(select(func.min(Area.valid_from)))


def count_sites(session: Session, area: Area, by: Actor) -> int:
    """How many active sites of an officer's scope an area has today; a county has all of them."""
    query = select(func.count(Site.pk)).where(Site.status == SiteStatus.ACTIVE, site_filter(by))
    if area.level is not AreaLevel.COUNTY:
        column = Site.township_code if area.level is AreaLevel.TOWNSHIP else Site.village_code
        query = query.where(column == area.code)
    return session.scalar(query) or 0


def _list(
    session: Session,
    by: Actor,
    on: date | None,
    *conditions: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]],
) -> list[Listed]:
    """Rows of areas with what is counted below them and the file each came from, in one question."""
    below, of_township = aliased(Area), Area.level == AreaLevel.TOWNSHIP
    villages = (
        select(func.count(below.pk))
        .where(below.parent_code == Area.code, below.level == AreaLevel.VILLAGE, holds(on, below))
        .scalar_subquery()
    )
    active = select(func.count(Site.pk)).where(Site.status == SiteStatus.ACTIVE, site_filter(by))
    sites = case(
        (of_township, active.where(Site.township_code == Area.code).scalar_subquery()),
        (Area.level == AreaLevel.VILLAGE, active.where(Site.village_code == Area.code).scalar_subquery()),
    )
    query = (
        select(Area, case((of_township, villages)), sites, ImportBatch.file_name)
        .outerjoin(ImportBatch, ImportBatch.id == Area.import_id)
        .options(defer(Area.geometry))
        .where(*conditions)
        .order_by(*order)
        .limit(MOST_LISTED)
    )
    return [Listed(*row) for row in session.execute(query)]


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
    related = _read_related(session, code, areas)
    before = [area for area in related if code in area.successors]
    return History(code, versions[::-1], before, {area.code: area.name for area in related}, entries)


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


def _read_related(session: Session, code: str, areas: Sequence[Area]) -> list[Area]:
    """The areas above and those that took its place, and the ended ones that name it as theirs."""
    codes = {area.parent_code for area in areas if area.parent_code}
    codes |= {successor for area in areas for successor in area.successors}
    names_it = cast(Area.successors, Text).contains(f'"{code}"')
    query = select(Area).options(defer(Area.geometry)).where(or_(Area.code.in_(codes), names_it))
    return list(session.scalars(query.order_by(Area.code, Area.valid_from)))
