"""Who may do what: one table of action × role, one rule of scope, and the same rule as a query filter.

A scope is areas × kinds; an officer without areas answers for the whole county, without kinds for all four.
What one may not see is answered like what does not exist; what one may see but not do raises `NotAllowed`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, or_, true

from inspections.errors import NotAllowed, NotFound
from inspections.models import Officer, Site
from inspections.terms import Role


@dataclass(frozen=True)
class Actor:
    """Who acts: what permissions and the ledger need of an officer, detached from any session."""

    id: uuid.UUID | None
    name: str  # as people write it: 林某
    role: str  # a Role, or "system" for commands and the program itself
    body_id: uuid.UUID | None = None
    body_name: str = ""
    areas: frozenset[str] = field(default_factory=frozenset)
    kinds: frozenset[str] = field(default_factory=frozenset)
    read_only: bool = False
    address: str = ""  # where the request came from
    sign_in_name: str = ""


SYSTEM = Actor(id=None, name="system", role="system")


class Scoped(Protocol):
    """What lies in an area and is of a kind: a site, or a form about to become one."""

    kind: str
    township_code: str
    village_code: str | None


_FIELD = frozenset({Role.INSPECTOR, Role.TOWNSHIP, Role.DEPARTMENT, Role.SUPERVISOR, Role.LEADER})
_EVERYONE = _FIELD | {Role.ADMIN}
_KEEPERS = frozenset({Role.TOWNSHIP, Role.DEPARTMENT, Role.SUPERVISOR})

# DESIGN §2. Every action is in the officer's scope; a read-only account keeps only what begins with "see".
ACTIONS: dict[str, frozenset[str]] = {
    "site.see": _EVERYONE,
    "visit.see": _EVERYONE,
    "case.see": _EVERYONE,
    "area.see": _EVERYONE,
    "layer.see": _EVERYONE,
    "visit.log": _FIELD,
    "site.add": _FIELD,
    "site.correct": _KEEPERS | {Role.ADMIN},
    "site.import": _KEEPERS | {Role.ADMIN},
    "site.place": _KEEPERS | {Role.ADMIN},  # among its townships: like a correction, or many of them at once
    "site.activate": _KEEPERS,
    "site.retire": frozenset({Role.DEPARTMENT, Role.SUPERVISOR}),
    "site.merge": frozenset({Role.DEPARTMENT, Role.SUPERVISOR}),
    "visit.review": _KEEPERS,
    "visit.void": frozenset({Role.SUPERVISOR}),
    "restricted.see": _KEEPERS,
    "officer.administer": frozenset({Role.ADMIN}),
    "body.administer": frozenset({Role.ADMIN}),
    "area.import": frozenset({Role.ADMIN}),
    "layer.import": frozenset({Role.SUPERVISOR, Role.ADMIN}),  # and put one back, or take one away
}


def actor_of(officer: Officer, address: str = "") -> Actor:
    """The actor an officer's row stands for."""
    return Actor(
        id=officer.id,
        name=officer.full_name,
        role=officer.role.value,
        body_id=officer.body_id,
        body_name=officer.body.name if officer.body else "",
        areas=frozenset(row.area_code for row in officer.areas),
        kinds=frozenset(row.kind.value for row in officer.kinds),
        read_only=officer.read_only,
        address=address,
        sign_in_name=officer.name,
    )


def may(actor: Actor, action: str, subject: Scoped | None = None) -> bool:
    """Whether `actor` may do `action`, to `subject` if one is given."""
    if actor.role == "system":
        return True
    if actor.role not in ACTIONS[action] or (actor.read_only and not action.endswith(".see")):
        return False
    return subject is None or in_scope(actor, subject)


def require(actor: Actor, action: str, subject: Scoped | None = None) -> None:
    """Raise `NotFound` for what the actor may not even see, `NotAllowed` for what it may see but not do."""
    if subject is not None and actor.role != "system" and not in_scope(actor, subject):
        raise NotFound
    if not may(actor, action, subject):
        raise NotAllowed


def in_scope(actor: Actor, subject: Scoped) -> bool:
    """Whether a site lies in the actor's areas and is of its kinds."""
    if actor.kinds and str(subject.kind) not in actor.kinds:
        return False
    return not actor.areas or any(_holds(code, subject) for code in actor.areas)


def site_filter(actor: Actor, *, site: Any = Site) -> ColumnElement[bool]:
    """`in_scope` as a condition on `Site`, or on what has its columns."""
    return and_(_kind_filter(actor, site), _area_filter(actor, site))


def sees_all(actor: Actor) -> bool:
    """Whether `site_filter` keeps every site, so that a query need not ask."""
    return not actor.kinds and (not actor.areas or any(is_county(code) for code in actor.areas))


def is_county(code: str) -> bool:
    """Whether a code names a whole county: six digits, then zeros."""
    return code[6:12] == "000000"


def is_township(code: str) -> bool:
    """Whether a code names a township: nine digits, then zeros, and no county."""
    return code[9:12] == "000" and not is_county(code)


def _holds(code: str, subject: Scoped) -> bool:
    return is_county(code) or code in (subject.township_code, subject.village_code)


def _kind_filter(actor: Actor, site: Any) -> ColumnElement[bool]:
    return site.kind.in_(sorted(actor.kinds)) if actor.kinds else true()


def _area_filter(actor: Actor, site: Any) -> ColumnElement[bool]:
    if not actor.areas or any(is_county(code) for code in actor.areas):
        return true()
    townships = sorted(code for code in actor.areas if is_township(code))
    villages = sorted(code for code in actor.areas if not is_township(code))
    return or_(site.township_code.in_(townships), site.village_code.in_(villages))
