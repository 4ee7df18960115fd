"""Reading visits: lists by filter, one with its versions and the cases of its findings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, cast, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from inspections.errors import NotFound
from inspections.models import Case, Finding, Officer, Site, Visit
from inspections.permissions import Actor, may, require, sees_all, site_filter
from inspections.search import site_matches
from inspections.store import rows_in_pages
from inspections.terms import VisitState

PAGE_SIZE = 50
# A visit's payload is not read for a page, and of its people only what they are called.
_LIGHT = (
    defer(Visit.payload),
    joinedload(Visit.officer).load_only(Officer.full_name).lazyload("*"),
    joinedload(Visit.reviewer).load_only(Officer.full_name).lazyload("*"),
)


@dataclass(frozen=True)
class VisitFilter:
    """What a list of visits is narrowed to; empty narrows nothing. `q` is a part of a name or number."""

    state: str = ""
    kind: str = ""
    township: str = ""
    village: str = ""
    result: str = ""
    site_id: uuid.UUID | None = None
    mine: bool = False
    flagged: bool = False
    q: str = ""
    with_superseded: bool = False


@dataclass(frozen=True)
class Versions:
    """The visit that this one corrects, and the one that corrects it."""

    older: Visit | None
    newer: Visit | None


def list_visits(
    session: Session, *, by: Actor, narrowed: VisitFilter, page: int = 1, size: int = PAGE_SIZE
) -> tuple[list[Visit], int]:
    """One page of the visits in scope, newest first, each with its site; and how many there are in all."""
    query = (
        select(Visit)
        .where(*visit_conditions(session, narrowed, by))
        .order_by(Visit.effective_at.desc(), Visit.id.desc())
    )
    load = (joinedload(Visit.site), selectinload(Visit.findings), *_LIGHT)
    return rows_in_pages(session, query, page=page, size=size, load=load)


def visit_conditions(session: Session, narrowed: VisitFilter, by: Actor) -> list[ColumnElement[bool]]:
    """What narrows `Visit` to what an officer may see and to a filter, in lists and exports alike."""
    return [*_scope(by), *_conditions(session, narrowed, by)]


def count_to_review(session: Session, *, by: Actor) -> int:
    """How many submitted visits wait for this officer; 0 for who does not review."""
    if not may(by, "visit.review"):
        return 0
    waiting = _conditions(session, VisitFilter(state="submitted"), by)
    query = select(func.count(Visit.id)).where(*_scope(by, own=False), Visit.officer_id != by.id, *waiting)
    return session.scalar(query) or 0


def get_visit(session: Session, visit_id: uuid.UUID, *, by: Actor) -> Visit:
    """Give a visit with its site, photos and findings.

    Raises
    ------
    NotFound
        There is none in the officer's scope, and it is not the officer's own.
    """
    query = (
        select(Visit)
        .where(Visit.id == visit_id)
        .options(joinedload(Visit.site), selectinload(Visit.evidence), *_LIGHT)
    )
    visit = session.scalar(query)
    if visit is None:
        raise NotFound
    if visit.officer_id != by.id:
        require(by, "visit.see", visit.site)
    return visit


def versions_of(session: Session, visit: Visit) -> Versions:
    """Find what a visit corrects and what corrects it."""
    query = select(Visit).where(or_(Visit.supersedes_id == visit.id, Visit.id == visit.supersedes_id))
    found = list(session.scalars(query.options(*_LIGHT)))
    older = next((one for one in found if one.id == visit.supersedes_id), None)
    return Versions(older, next((one for one in found if one.supersedes_id == visit.id), None))


def findings_of(session: Session, visit: Visit) -> list[tuple[Finding, Case | None]]:
    """List the findings of a visit, each with its case."""
    query = select(Finding, Case).outerjoin(Case, Finding.case_id == Case.id)
    rows = session.execute(query.where(Finding.visit_id == visit.id).order_by(Finding.code))
    return [(finding, case) for finding, case in rows]


def _scope(by: Actor, *, own: bool = True) -> list[ColumnElement[bool]]:
    if sees_all(by):
        return []
    within = _at_sites(site_filter(by))
    return [or_(within, Visit.officer_id == by.id) if own else within]


def _conditions(session: Session, narrowed: VisitFilter, by: Actor) -> list[ColumnElement[bool]]:
    newer = select(Visit.supersedes_id).where(Visit.supersedes_id.is_not(None))
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (narrowed.state, Visit.state == narrowed.state),
        (narrowed.kind, Visit.kind == narrowed.kind),
        (narrowed.township, _at_sites(Site.township_code == narrowed.township)),
        (narrowed.village, _at_sites(Site.village_code == narrowed.village)),
        (narrowed.result, Visit.result == narrowed.result),
        (narrowed.site_id, Visit.site_id == narrowed.site_id),
        (narrowed.mine, Visit.officer_id == by.id),
        (narrowed.flagged, cast(Visit.flags, Text) != "[]"),
        (narrowed.q, _at_sites(site_matches(session, narrowed.q))),
        (not narrowed.with_superseded, Visit.id.not_in(newer)),
    ]
    return [condition for asked, condition in wanted if asked]


def _at_sites(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Sites are asked apart: joining them only to count costs more than the count."""
    return Visit.site_id.in_(select(Site.id).where(condition))


def may_correct(visit: Visit, versions: Versions, *, by: Actor) -> bool:
    """Whether a page should offer to correct this visit to this officer."""
    own = visit.state == VisitState.SUBMITTED and visit.officer_id == by.id
    open_to_all = visit.state == VisitState.RETURNED
    return versions.newer is None and (own or open_to_all) and may(by, "visit.log", visit.site)
