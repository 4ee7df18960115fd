"""Officers as the administrator keeps them: added, corrected, deactivated, given a new password.

An account is never deleted: what it did stays under its name. One administrator at least can always sign in.
No password, and nothing made from one, enters the ledger.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import flag_modified

from inspections import ledger
from inspections.errors import Conflict, Invalid, InvalidFields, NotFound
from inspections.models import Body, Officer, ScopeArea, ScopeKind
from inspections.officers import end_sessions, hash_password
from inspections.officers.rules import NameTaken, OfficerFacts, check_full_name, check_name, find_problems
from inspections.permissions import Actor, require
from inspections.store import rows_in_pages
from inspections.terms import Kind, Role

PAGE_SIZE = 50


class LastAdmin(Invalid):
    """Nobody would be left to administer officers."""

    code = "officer.last_admin"
    message = "{name} is the last administrator who can sign in. Make somebody else administrator first."


class OwnAccount(Invalid):
    """Administrators do not shut themselves out."""

    code = "officer.own_account"
    message = "This is your own account. Another administrator has to do this."


class OfficerChanged(Conflict):
    """Somebody else corrected this officer meanwhile; `officer` is as it stands now."""

    code = "officer.changed"
    message = (
        "Somebody changed {name} meanwhile. What differs is marked; save again to put yours in its place."
    )

    def __init__(self, officer: Officer) -> None:
        super().__init__(name=officer.name)
        self.officer = officer


@dataclass(frozen=True)
class OfficerPage:
    """One page of the list; `total` counts all rows that match."""

    rows: list[Officer]
    total: int
    page: int
    size: int = PAGE_SIZE


def list_officers(
    session: Session, by: Actor, *, q: str = "", role: str = "", active: str = "", page: int = 1
) -> OfficerPage:
    """Officers by name; `active` is "yes", "no" or empty for both."""
    require(by, "officer.administer")
    load = (joinedload(Officer.body), selectinload(Officer.areas), selectinload(Officer.kinds))
    query = _narrowed(select(Officer), q.strip(), role, active).order_by(
        Officer.active.desc(), Officer.name, Officer.id
    )
    rows, total = rows_in_pages(session, query, page=page, size=PAGE_SIZE, load=load)
    return OfficerPage(rows, total, page)


def get_officer(session: Session, officer_id: uuid.UUID, by: Actor) -> Officer:
    """One officer, or `NotFound`."""
    require(by, "officer.administer")
    officer = session.get(Officer, officer_id)
    if officer is None:
        raise NotFound
    return officer


def add_officer(
    session: Session,
    *,
    name: str,
    full_name: str,
    password: str,
    role: Role,
    by: Actor,
    now: datetime,
    body: Body | None = None,
    areas: Iterable[str] = (),
    kinds: Iterable[Kind] = (),
    read_only: bool = False,
    is_demo: bool = False,
) -> Officer:
    """Add an officer who may sign in at once; without a full name the sign-in name is shown."""
    require(by, "officer.administer")
    name = check_name(name)
    if session.scalar(select(Officer.id).where(Officer.name == name)):
        raise NameTaken(name=name)
    officer = Officer(
        id=uuid.uuid4(),
        name=name,
        full_name=check_full_name(full_name.strip() or name),
        password_hash=hash_password(password),
        role=Role(role),
        body_id=body.id if body else None,
        read_only=read_only,
        is_demo=is_demo,
        created_at=now,
        areas=[ScopeArea(area_code=code) for code in sorted(set(areas))],
        kinds=[ScopeKind(kind=Kind(kind)) for kind in sorted(set(kinds))],
    )
    session.add(officer)
    session.flush()
    facts = _facts_of(officer)
    ledger.append(session, by, "officer.added", "officer", officer.id, at=now, facts=facts)
    return officer


def enrol_officer(
    session: Session, name: str, facts: OfficerFacts, *, password: str, by: Actor, now: datetime
) -> Officer:
    """Add an officer from what was typed: every refusal at once, beside its field."""
    require(by, "officer.administer")
    problems = find_problems(session, facts)
    for field, check in (("name", lambda: check_name(name)), ("password", lambda: hash_password(password))):
        try:
            check()
        except Invalid as error:
            problems[field] = error
    if problems:
        raise InvalidFields(problems)
    return add_officer(
        session,
        name=name,
        full_name=facts.full_name,
        password=password,
        role=Role(facts.role),
        body=session.get(Body, facts.body_id) if facts.body_id else None,
        areas=facts.areas,
        kinds=[Kind(kind) for kind in facts.kinds],
        read_only=facts.read_only,
        by=by,
        now=now,
    )


def correct_officer(
    session: Session,
    officer_id: uuid.UUID,
    facts: OfficerFacts,
    *,
    row_version: int,
    by: Actor,
    now: datetime,
) -> Officer:
    """Correct what an officer is; role and scope hold from the next request on.

    Raises
    ------
    OfficerChanged
        Somebody else's correction came after `row_version`.
    InvalidFields, OwnAccount, LastAdmin
        Nothing was changed.
    """
    officer = get_officer(session, officer_id, by)
    if officer.row_version != row_version:
        raise OfficerChanged(officer)
    if problems := find_problems(session, facts, officer):
        raise InvalidFields(problems)
    if not (facts.role == Role.ADMIN and not facts.read_only):
        _require_dispensable(session, officer, by)
    before = _facts_of(officer)
    officer.full_name, officer.role = check_full_name(facts.full_name), Role(facts.role)
    officer.body_id, officer.read_only = facts.body_id, facts.read_only
    _set_scope(officer, facts)
    session.flush()
    after = _facts_of(officer)
    changed = [key for key in after if after[key] != before[key]]
    if changed:
        told = {
            "before": {key: before[key] for key in changed},
            "after": {key: after[key] for key in changed},
        }
        _append(session, officer, "officer.changed", told, by, now)
    return officer


def set_active(session: Session, officer_id: uuid.UUID, active: bool, *, by: Actor, now: datetime) -> Officer:
    """Deactivate an officer, which ends every session at once, or let the officer sign in again."""
    officer = get_officer(session, officer_id, by)
    if officer.active == active:
        return officer
    if not active:
        if officer.id == by.id:
            raise OwnAccount
        _require_dispensable(session, officer, by)
        end_sessions(session, officer.id, now)
    officer.active = active
    action = "officer.reactivated" if active else "officer.deactivated"
    _append(session, officer, action, {}, by, now)
    return officer


def set_password(
    session: Session, officer_id: uuid.UUID, password: str, *, by: Actor, now: datetime
) -> Officer:
    """Give an officer a new password; every session of the officer ends."""
    officer = get_officer(session, officer_id, by)
    officer.password_hash = hash_password(password)
    end_sessions(session, officer.id, now)
    _append(session, officer, "officer.password_set", {}, by, now)
    return officer


def _narrowed(query: Select, q: str, role: str, active: str) -> Select:
    if q:
        like = [
            column.icontains(q, autoescape=True) for column in (Officer.name, Officer.full_name, Body.name)
        ]
        query = query.join(Officer.body, isouter=True).where(or_(*like))
    if role:
        query = query.where(Officer.role == role if role in set(Role) else Officer.id.is_(None))
    if active:
        query = query.where(Officer.active.is_(active == "yes"))
    return query


def _require_dispensable(session: Session, officer: Officer, by: Actor) -> None:
    """Let go of an administrator only where another one can sign in, and never oneself."""
    if not _administers(officer):
        return
    if officer.id == by.id:
        raise OwnAccount
    query = select(Officer).where(Officer.role == Role.ADMIN).with_for_update(of=Officer)
    others = session.scalars(query, execution_options={"populate_existing": True}).all()
    if not any(_administers(other) for other in others if other.id != officer.id):
        raise LastAdmin(name=officer.full_name)


def _administers(officer: Officer) -> bool:
    return officer.role == Role.ADMIN and officer.active and not officer.read_only


def _set_scope(officer: Officer, facts: OfficerFacts) -> None:
    areas, kinds = set(facts.areas), {Kind(kind) for kind in facts.kinds}
    officer.areas = [row for row in officer.areas if row.area_code in areas] + [
        ScopeArea(area_code=code) for code in sorted(areas - {row.area_code for row in officer.areas})
    ]
    flag_modified(officer, "full_name")  # so that the row's version moves with its scope
    officer.kinds = [row for row in officer.kinds if row.kind in kinds] + [
        ScopeKind(kind=kind) for kind in sorted(kinds - {row.kind for row in officer.kinds})
    ]


def _append(
    session: Session, officer: Officer, action: str, facts: dict[str, Any], by: Actor, now: datetime
) -> None:
    facts = {"name": officer.name} | facts
    ledger.append(session, by, action, "officer", officer.id, at=now, facts=facts)


def _facts_of(officer: Officer) -> dict[str, Any]:
    return {
        "name": officer.name,
        "full_name": officer.full_name,
        "role": officer.role.value,
        "body_id": str(officer.body_id) if officer.body_id else None,
        "areas": sorted(row.area_code for row in officer.areas),
        "kinds": sorted(Kind(row.kind).value for row in officer.kinds),
        "read_only": officer.read_only,
        "active": officer.active,
    }
