"""Cases as read: one with what it rests on, and lists by state, place, body and deadline, the late first.

A case shows the same states as a site on the map, by the same table; `state=` in an address means these, and
`stage` where the case stands in its workflow.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, false, func, null, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from inspections.cases import HANDED_IN, clock_due_at
from inspections.checklists.requirements import requirements
from inspections.deadlines import BEIJING, beijing_day
from inspections.errors import NotFound
from inspections.map_states import Columns, Moment, map_state, state_condition
from inspections.models import Body, Case, Finding, Officer, Site, Visit
from inspections.permissions import Actor, require, site_filter
from inspections.terms import (
    OPEN_CASE_STATES,
    RUNNING_CASE_STATES,
    CaseState,
    Kind,
    Listing,
    MapState,
    Severity,
)

PAGE_SIZE = 50
OPEN = "open"  # any open case, beside the map states
SORTS = ("due", "opened", "severity", "number")

_is_open = Case.state.in_(OPEN_CASE_STATES)
_late = and_(Case.state.in_(HANDED_IN), Case.submitted_at > Case.due_at)
_clock_due = case((or_(Case.state.in_(RUNNING_CASE_STATES), _late), Case.due_at), else_=null())


def _closed_since(moment: Moment) -> ColumnElement[bool]:
    first = datetime.combine(moment.closed_after + timedelta(days=1), time(), BEIJING).astimezone(UTC)
    return and_(Case.state == CaseState.CLOSED, Case.ended_at >= first)


CASE = Columns(
    is_listed=and_(_is_open, Case.listed != Listing.NONE),
    has_suspected=Case.state == CaseState.SUSPECTED,
    open_cases=case((_is_open, 1), else_=0),
    due_at=_clock_due,
    closed=_closed_since,
)


@dataclass(frozen=True)
class CaseFilters:
    """What a list of cases is narrowed to; an empty value narrows nothing."""

    q: str = ""
    kind: str = ""
    state: str = ""  # a map state, or "open"
    stage: str = ""  # a state of the workflow
    township: str = ""
    village: str = ""
    severity: str = ""
    body: str = ""
    sort: str = "due"
    page: int = 1


@dataclass(frozen=True)
class CasePage:
    """One page of a list: `total` is the count of all rows that match."""

    rows: list[Case]
    total: int
    page: int
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True)
class CaseFinding:
    """One finding of a case, with the visit that made it and who was there."""

    finding: Finding
    visit: Visit
    officer_name: str
    photos: list = field(default_factory=list)


def get_case(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    """One case with its site and body.

    Raises
    ------
    NotFound
        There is none, or its site lies outside the officer's scope.
    """
    found = session.scalar(
        select(Case).options(joinedload(Case.site), joinedload(Case.body)).where(Case.id == case_id)
    )
    if found is None:
        raise NotFound
    require(by, "case.see", found.site)
    return found


def case_map_state(found: Case, now: datetime) -> MapState:
    """What a case shows, by the map's table: `normal` once it ended otherwise than closed."""
    is_open = found.state in OPEN_CASE_STATES
    ended = found.ended_at if found.state == CaseState.CLOSED else None
    return map_state(
        is_listed=is_open and found.listed != Listing.NONE,
        has_suspected=found.state == CaseState.SUSPECTED,
        open_cases=int(is_open),
        due_at=clock_due_at(found),
        closed_on=beijing_day(ended) if ended else None,
        now=now,
    )


def list_findings(session: Session, case_id: uuid.UUID) -> list[CaseFinding]:
    """The findings of a case with visit, officer and photos, newest first; replaced ones too."""
    query = (
        select(Finding, Officer.full_name)
        .join(Finding.visit)
        .join(Officer, Officer.id == Visit.officer_id)
        .options(
            contains_eager(Finding.visit).defer(Visit.payload),
            contains_eager(Finding.visit).selectinload(Visit.evidence),
        )
        .where(Finding.case_id == case_id)
        .order_by(Visit.effective_at.desc(), Visit.id)
    )
    return [
        CaseFinding(finding, finding.visit, name, list(finding.visit.evidence))
        for finding, name in session.execute(query)
    ]


def list_cases(session: Session, by: Actor, filters: CaseFilters, now: datetime) -> CasePage:
    """One page of the cases this officer may see: overdue first unless `filters.sort` says otherwise."""
    wanted = _narrowed(select(Case.id), by, filters, now).order_by(*_order(filters.sort, now), Case.id)
    ids, total = _page_of_ids(session, wanted, filters)
    query = select(Case).options(joinedload(Case.site)).where(Case.id.in_(ids))
    found = {row.id: row for row in session.scalars(query)}
    return CasePage([found[key] for key in ids], total, filters.page)


def _page_of_ids(session: Session, wanted: Select, filters: CaseFilters) -> tuple[list[uuid.UUID], int]:
    """One page of ids and the count of all: sorting ids is far cheaper than sorting rows.

    A search reads every case's words, so it is asked once; without one, counting apart is cheaper.
    """
    first = (filters.page - 1) * PAGE_SIZE
    if filters.q.strip():
        matching = session.scalars(wanted).all()
        return list(matching[first : first + PAGE_SIZE]), len(matching)
    total = session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    return list(session.scalars(wanted.limit(PAGE_SIZE).offset(first))), total


def count_cases(session: Session, by: Actor, filters: CaseFilters, now: datetime) -> int:
    """How many cases a list has in all."""
    return session.scalar(_narrowed(select(func.count(Case.id)), by, filters, now)) or 0


def case_conditions(by: Actor, filters: CaseFilters, now: datetime) -> list[ColumnElement[bool]]:
    """What narrows `Case`, joined with its `Site`, to an officer's scope and to filters."""
    require(by, "case.see")
    return [site_filter(by), *_conditions(filters, now)]


def list_bodies(session: Session, by: Actor) -> list[tuple[uuid.UUID, str]]:
    """The bodies that cases this officer may see are assigned to: id and name, by name."""
    charged = _visible(select(Case.body_id), by)
    query = select(Body.id, Body.name).where(Body.id.in_(charged)).order_by(Body.name, Body.id)
    return [(row.id, row.name) for row in session.execute(query)]


def list_site_cases(session: Session, site_id: uuid.UUID, *, open_only: bool = False) -> list[Case]:
    """The cases of one site, open ones first, then the newest."""
    query = (
        select(Case).where(Case.site_id == site_id).order_by(_is_open.desc(), Case.opened_at.desc(), Case.id)
    )
    return list(session.scalars(query.where(_is_open) if open_only else query))


def _narrowed(query: Select, by: Actor, filters: CaseFilters, now: datetime) -> Select:
    query = _visible(query, by, joined=bool(filters.township or filters.village or filters.q.strip()))
    return query.where(*_conditions(filters, now))


def _visible(query: Select, by: Actor, *, joined: bool = False) -> Select:
    """Narrow to the officer's scope; the site is joined only where scope or filters ask for it."""
    require(by, "case.see")
    if joined or by.areas or by.kinds:
        query = query.join(Site, Site.id == Case.site_id)
    return query.where(site_filter(by)) if by.areas or by.kinds else query


def _conditions(filters: CaseFilters, now: datetime) -> list[ColumnElement[bool]]:
    exact = (
        (filters.kind, Kind, Case.kind),
        (filters.stage, CaseState, Case.state),
        (filters.severity, Severity, Case.severity),
    )
    wanted = [column == code if code in set(codes) else false() for code, codes, column in exact if code]
    if filters.state:
        wanted.append(_in_state(filters.state, now))
    if filters.township:
        wanted.append(Site.township_code == filters.township)
    if filters.village:
        wanted.append(Site.village_code == filters.village)
    if filters.body:
        wanted.append(_of_body(filters.body))
    if filters.q.strip():
        wanted.append(_matches(filters.q.strip()))
    return wanted


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    if state == OPEN:
        return _is_open
    return state_condition(MapState(state), now, columns=CASE) if state in set(MapState) else false()


def _of_body(text: str) -> ColumnElement[bool]:
    try:
        return Case.body_id == uuid.UUID(text)
    except ValueError:
        return false()


def _matches(words: str) -> ColumnElement[bool]:
    """Number, requirement in either language, site number or name: any that holds the text in any case."""
    folded = words.lower()
    codes = [
        code
        for code, rule in requirements().items()
        if any(folded in text.lower() for text in (code, rule.zh, rule.en))
    ]
    columns = (Case.number, Site.name, Site.number)
    return or_(Case.code.in_(codes), *(column.icontains(words, autoescape=True) for column in columns))


def _order(sort: str, now: datetime) -> list[ColumnElement]:
    newest = Case.opened_at.desc()
    if sort == "opened":
        return [newest]
    if sort == "number":
        return [Case.number.desc()]
    if sort == "severity":
        rank = {severity.value: place for place, severity in enumerate(Severity)}
        return [_is_open.desc(), case(rank, value=Case.severity).desc(), newest]
    overdue = case((CASE.due_at < now, 1), else_=0)
    dated = case((CASE.due_at.is_(None), 0), else_=1)
    return [overdue.desc(), CASE.open_cases.desc(), dated.desc(), CASE.due_at, newest]
