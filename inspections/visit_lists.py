"""Reading visits: lists by filter, one with its versions and the cases of its findings."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, cast, exists, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, selectinload

from inspections.errors import NotFound
from inspections.models import Case, Officer, Site, Visit
from inspections.permissions import Actor, may, require, site_filter
from inspections.store import rows_in_pages
from inspections.terms import VisitState

PAGE_SIZE = 50


@dataclass(frozen=True)
class VisitFilter:
    """What a list of visits is narrowed to; empty narrows nothing. `q` is a part of a name or number."""

    state: str = ""
    kind: str = ""
    township: str = ""
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
        .join(Visit.site)
        .options(contains_eager(Visit.site), selectinload(Visit.findings))
        .where(or_(site_filter(by), Visit.officer_id == by.id), *_conditions(narrowed, by))
        .order_by(Visit.effective_at.desc(), Visit.id)
    )
    return rows_in_pages(session, query, page=page, size=size)


def count_to_review(session: Session, *, by: Actor) -> int:
    """How many submitted visits wait for this officer; 0 for who does not review."""
    if not may(by, "visit.review"):
        return 0
    query = (
        select(Visit.id)
        .join(Visit.site)
        .where(site_filter(by), Visit.officer_id != by.id, *_conditions(VisitFilter(state="submitted"), by))
    )
    return rows_in_pages(session, query, page=1, size=1)[1]


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
        .options(joinedload(Visit.site), selectinload(Visit.evidence), selectinload(Visit.findings))
    )
    visit = session.scalar(query)
    if visit is None:
        raise NotFound
    if visit.officer_id != by.id:
        require(by, "visit.see", visit.site)
    return visit


def versions_of(session: Session, visit: Visit) -> Versions:
    """Find what a visit corrects and what corrects it."""
    older = session.get(Visit, visit.supersedes_id) if visit.supersedes_id else None
    return Versions(older, session.scalar(select(Visit).where(Visit.supersedes_id == visit.id)))


def cases_of(session: Session, visit: Visit) -> dict[str, Case]:
    """Find the case of each finding of a visit, by requirement code."""
    ids = {finding.case_id: finding.code for finding in visit.findings if finding.case_id}
    found = session.scalars(select(Case).where(Case.id.in_(ids))) if ids else ()
    return {ids[case.id]: case for case in found}


def officer_names(session: Session, visits: Iterable[Visit]) -> dict[uuid.UUID, str]:
    """Who made and who reviewed these visits, by id."""
    ids = {key for visit in visits for key in (visit.officer_id, visit.reviewed_by_id) if key}
    rows = session.execute(select(Officer.id, Officer.full_name).where(Officer.id.in_(ids))) if ids else ()
    return dict(tuple(row) for row in rows)


def _conditions(narrowed: VisitFilter, by: Actor) -> list[ColumnElement[bool]]:
    newer = aliased(Visit)
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (narrowed.state, Visit.state == narrowed.state),
        (narrowed.kind, Visit.kind == narrowed.kind),
        (narrowed.township, Site.township_code == narrowed.township),
        (narrowed.result, Visit.result == narrowed.result),
        (narrowed.site_id, Visit.site_id == narrowed.site_id),
        (narrowed.mine, Visit.officer_id == by.id),
        (narrowed.flagged, cast(Visit.flags, Text) != "[]"),
        (narrowed.q, _named(narrowed.q)),
        (not narrowed.with_superseded, ~exists().where(newer.supersedes_id == Visit.id)),
    ]
    return [condition for asked, condition in wanted if asked]


def _named(part: str) -> ColumnElement[bool]:
    return or_(Site.name.icontains(part, autoescape=True), Site.number.icontains(part, autoescape=True))


def may_correct(visit: Visit, versions: Versions, *, by: Actor) -> bool:
    """Whether a page should offer to correct this visit to this officer."""
    own = visit.state == VisitState.SUBMITTED and visit.officer_id == by.id
    open_to_all = visit.state == VisitState.RETURNED
    return versions.newer is None and (own or open_to_all) and may(by, "visit.log", visit.site)
