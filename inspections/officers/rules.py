"""What an officer's name, role, body and scope have to be."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inspections.errors import Invalid
from inspections.models import Area, Body, Officer
from inspections.terms import Kind, Role

_NAME = re.compile(r"[\w.-]{2,40}")  # letters of any script


class NameTaken(Invalid):
    """Another officer has this name."""

    code = "officer.name_taken"
    message = "“{name}” exists already. Choose another name."
    field = "name"


class NameWrong(Invalid):
    """A sign-in name with spaces or signs, or of a wrong length."""

    code = "officer.name_wrong"
    message = "Enter a sign-in name of 2 to 40 letters, figures, dots or hyphens, without spaces."
    field = "name"


class FullNameWrong(Invalid):
    """A full name that is empty or too long."""

    code = "officer.full_name_wrong"
    message = "Enter the full name, at most 40 characters."
    field = "full_name"


class NotInList(Invalid):
    """A role, body, area or kind that there is none of."""

    code = "officer.not_in_list"
    message = "Choose one that is in the list."


@dataclass(frozen=True)
class OfficerFacts:
    """What an administrator says of an officer, codes as texts."""

    full_name: str
    role: str
    body_id: uuid.UUID | None = None
    areas: Collection[str] = ()
    kinds: Collection[str] = ()
    read_only: bool = False


def check_name(text: str) -> str:
    """Give a sign-in name as it is kept, in small letters, or raise `NameWrong`."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise NameWrong
    return name


def check_full_name(text: str) -> str:
    """Give a full name with its spaces folded, or raise `FullNameWrong`."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 40 or not name.isprintable():
        raise FullNameWrong
    return name


def find_problems(session: Session, facts: OfficerFacts, officer: Officer | None = None) -> dict[str, Any]:
    """What cannot be taken, by field; areas and bodies the officer has already may have ended since."""
    problems: dict[str, Any] = {}
    try:
        check_full_name(facts.full_name)
    except Invalid as error:
        problems["full_name"] = error
    had = {row.area_code for row in officer.areas} if officer else set()
    wanted = set(facts.areas) - had
    known = select(func.count(Area.code.distinct())).where(Area.code.in_(wanted), Area.valid_to.is_(None))
    if wanted and session.scalar(known) != len(wanted):
        problems["areas"] = NotInList()
    if set(facts.kinds) - set(Kind):
        problems["kinds"] = NotInList()
    if facts.role not in set(Role):
        problems["role"] = NotInList()
    if facts.body_id is not None and not _may_join(session, facts.body_id, officer):
        problems["body_id"] = NotInList()
    return problems


def _may_join(session: Session, body_id: uuid.UUID, officer: Officer | None) -> bool:
    body = session.get(Body, body_id)
    return body is not None and (body.active or (officer is not None and officer.body_id == body_id))
