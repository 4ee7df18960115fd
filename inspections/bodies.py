"""Bodies: the offices, townships, villages and firms that answer for something, till their last day."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.deadlines import beijing_day
from inspections.errors import Conflict, Invalid, InvalidFields, NotFound
from inspections.models import Area, Body, Case, Officer, Site
from inspections.permissions import Actor, require, site_filter
from inspections.store import rows_in_pages
from inspections.terms import OPEN_CASE_STATES, codes

PAGE_SIZE = 50


class BodyNameTaken(Invalid):
    """Another body has this name."""

    code = "body.name_taken"
    message = "There is a body called “{name}” already. Choose another name."
    field = "name"


class BodyNameWrong(Invalid):
    """A name that is too short or too long."""

    code = "body.name_wrong"
    message = "Enter a name of 2 to 60 characters."
    field = "name"


class ShortNameWrong(Invalid):
    """A short name that is too long."""

    code = "body.short_name_wrong"
    message = "Enter at most 30 characters."
    field = "short_name"


class BodyNotInList(Invalid):
    """A type or area that there is none of."""

    code = "body.not_in_list"
    message = "Choose one that is in the list."


class BodyInUse(Invalid):
    """A body with officers or open cases cannot end."""

    code = "body.in_use"
    message = (
        "{officers} officers and {cases} open cases still belong to it. Move them to another body first."
    )


class BodyChanged(Conflict):
    """Somebody else corrected this body meanwhile; `body` is as it stands now."""

    code = "body.changed"
    message = (
        "Somebody changed {name} meanwhile. What differs is marked; save again to put yours in its place."
    )

    def __init__(self, body: Body) -> None:
        super().__init__(name=body.name)
        self.body = body


@dataclass(frozen=True)
class BodyFacts:
    """What an administrator says of a body; `type` is of the list `body_type`."""

    name: str
    type: str
    short_name: str = ""
    area_code: str | None = None


@dataclass(frozen=True)
class BodyRow:
    """A body in the list, with how many active officers belong to it."""

    body: Body
    officers: int


@dataclass(frozen=True)
class BodyPage:
    """One page of the list; `total` counts all rows that match."""

    rows: list[BodyRow]
    total: int
    page: int
    size: int = PAGE_SIZE


def list_bodies(session: Session, by: Actor, *, q: str = "", type_: str = "", page: int = 1) -> BodyPage:
    """Bodies by name, active ones first."""
    require(by, "body.administer")
    query = select(Body)
    if q.strip():
        columns = (Body.name, Body.short_name)
        query = query.where(or_(*(column.icontains(q.strip(), autoescape=True) for column in columns)))
    if type_:
        query = query.where(Body.type == type_)
    query = query.order_by(Body.active.desc(), Body.name, Body.id)
    rows, total = rows_in_pages(session, query, page=page, size=PAGE_SIZE)
    counts = _officers_of(session, [body.id for body in rows])
    return BodyPage([BodyRow(body, counts.get(body.id, 0)) for body in rows], total, page)


def list_active(session: Session) -> list[tuple[uuid.UUID, str]]:
    """Bodies that somebody may belong to today: id and name, by name."""
    query = select(Body.id, Body.name).where(Body.active).order_by(Body.name, Body.id)
    return [(row.id, row.name) for row in session.execute(query)]


def list_leading(session: Session, by: Actor) -> list[tuple[uuid.UUID, str]]:
    """Bodies that lead a site of the officer's scope, whatever its status: id and name, by name."""
    require(by, "site.see")
    leads = select(Site.pk).where(Site.body_id == Body.id, site_filter(by)).exists()
    query = select(Body.id, Body.name).where(leads).order_by(Body.name, Body.id)
    return [(row.id, row.name) for row in session.execute(query)]


def get_body(session: Session, body_id: uuid.UUID, by: Actor) -> Body:
    """One body, or `NotFound`."""
    require(by, "body.administer")
    body = session.get(Body, body_id)
    if body is None:
        raise NotFound
    return body


def add_body(session: Session, facts: BodyFacts, *, by: Actor, now: datetime) -> Body:
    """Add a body."""
    require(by, "body.administer")
    facts = _checked(session, facts)
    body = Body(id=uuid.uuid4(), created_at=now, **vars(facts))
    session.add(body)
    session.flush()
    ledger.append(session, by, "body.added", "body", body.id, at=now, facts=_facts_of(body))
    return body


def correct_body(
    session: Session, body_id: uuid.UUID, facts: BodyFacts, *, row_version: int, by: Actor, now: datetime
) -> Body:
    """Correct a body; `BodyChanged` where somebody else's correction came after `row_version`."""
    body = get_body(session, body_id, by)
    if body.row_version != row_version:
        raise BodyChanged(body)
    facts = _checked(session, facts, body)
    before = _facts_of(body)
    for name, value in vars(facts).items():
        setattr(body, name, value)
    session.flush()
    after = _facts_of(body)
    changed = [key for key in after if after[key] != before[key]]
    if changed:
        told = {
            "before": {key: before[key] for key in changed},
            "after": {key: after[key] for key in changed},
        }
        _append(session, body, "body.changed", told, by, now)
    return body


def end_body(session: Session, body_id: uuid.UUID, *, by: Actor, now: datetime) -> Body:
    """End a body today; it stays in what it did. `BodyInUse` while officers or open cases belong to it."""
    body = get_body(session, body_id, by)
    if not body.active:
        return body
    officers = _officers_of(session, [body.id]).get(body.id, 0)
    cases = session.scalar(
        select(func.count())
        .select_from(Case)
        .where(Case.body_id == body.id, Case.state.in_(OPEN_CASE_STATES))
    )
    if officers or cases:
        raise BodyInUse(officers=officers, cases=cases)
    body.active, body.ended_on = False, beijing_day(now)
    _append(session, body, "body.ended", {"ended_on": body.ended_on.isoformat()}, by, now)
    return body


def resume_body(session: Session, body_id: uuid.UUID, *, by: Actor, now: datetime) -> Body:
    """Take up an ended body again."""
    body = get_body(session, body_id, by)
    if not body.active:
        body.active, body.ended_on = True, None
        _append(session, body, "body.resumed", {}, by, now)
    return body


def _checked(session: Session, facts: BodyFacts, body: Body | None = None) -> BodyFacts:
    """Give the facts with spaces folded, or raise every refusal at once."""
    name, short_name = " ".join(facts.name.split()), " ".join(facts.short_name.split())
    problems: dict[str, Exception] = {}
    if not 2 <= len(name) <= 60 or not name.isprintable():
        problems["name"] = BodyNameWrong()
    elif _name_taken(session, name, body):
        problems["name"] = BodyNameTaken(name=name)
    if len(short_name) > 30 or not short_name.isprintable():
        problems["short_name"] = ShortNameWrong()
    if facts.type not in codes("body_type"):
        problems["type"] = BodyNotInList()
    if facts.area_code and not _area_known(session, facts.area_code, body):
        problems["area_code"] = BodyNotInList()
    if problems:
        raise InvalidFields(problems)
    return BodyFacts(name, facts.type, short_name, facts.area_code or None)


def _name_taken(session: Session, name: str, body: Body | None) -> bool:
    found = session.scalar(select(Body.id).where(Body.name == name))
    return found is not None and (body is None or found != body.id)


def _area_known(session: Session, code: str, body: Body | None) -> bool:
    if body is not None and body.area_code == code:
        return True
    query = select(Area.code).where(Area.code == code, Area.valid_to.is_(None)).limit(1)
    return session.scalar(query) is not None


def _officers_of(session: Session, body_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    query = select(Officer.body_id, func.count()).where(Officer.body_id.in_(body_ids), Officer.active)
    return {row[0]: row[1] for row in session.execute(query.group_by(Officer.body_id))}


def _append(
    session: Session, body: Body, action: str, facts: dict[str, Any], by: Actor, now: datetime
) -> None:
    facts = {"name": body.name} | facts
    ledger.append(session, by, action, "body", body.id, at=now, facts=facts)


def _facts_of(body: Body) -> dict[str, Any]:
    return {
        "name": body.name,
        "short_name": body.short_name,
        "type": body.type,
        "area_code": body.area_code,
        "active": body.active,
    }
