"""Officers and bodies: who may sign in, with what role and scope, and who is signed in now.

Signing in is for people with a password; what they may then do is `inspections.permissions`' business.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.errors import Invalid, NotFound
from inspections.models import Body, KeptForm, Officer, ScopeArea, ScopeKind, SignIn, SignInFailure
from inspections.permissions import Actor, require
from inspections.terms import Kind, Role

IDLE = {"office": timedelta(hours=12), "field": timedelta(days=30)}
NOTED_EVERY = timedelta(minutes=5)  # last use is written at most this often
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=30)
PASSWORD_LENGTH = range(8, 129)
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(
    "nobody has this password"
)  # so that an unknown name takes as long as a wrong password


class SignInRefused(Invalid):
    """Name or password is wrong; which of the two is not said."""

    code = "sign_in.refused"
    message = "Name or password is wrong. Try again, or ask the administrator for a new password."
    field = "password"


class SignInLocked(Invalid):
    """Too many failures from one address for one name."""

    code = "sign_in.locked"
    message = "Too many tries. Wait {minutes} minutes, or ask the administrator."


class NameTaken(Invalid):
    """Another officer or body has this name."""

    code = "officer.name_taken"
    message = "“{name}” exists already. Choose another name."
    field = "name"


class PasswordTooShort(Invalid):
    """A password outside the allowed length."""

    code = "officer.password_length"
    message = "Enter a password of {least} to {most} characters."
    field = "password"


@dataclass(frozen=True)
class SignedIn:
    """A session that is good now."""

    officer: Officer
    sign_in: SignIn


def sign_in(
    session: Session, name: str, password: str, *, address: str, now: datetime, device: str = "office"
) -> str:
    """Check name and password and open a session; returns the token for the cookie.

    Raises
    ------
    SignInRefused, SignInLocked
        Count the failure with `note_failure` in a transaction of its own.
    """
    name = name.strip().lower()
    _require_not_locked(session, name, address, now)
    officer = session.scalar(select(Officer).where(Officer.name == name))
    if not _password_is(officer, password) or officer is None or not officer.active:
        raise SignInRefused
    session.execute(delete(SignInFailure).where(SignInFailure.name == name, SignInFailure.address == address))
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_sha256=_digest(token),
            officer_id=officer.id,
            device=device,
            created_at=now,
            last_used_at=now,
        )
    )
    session.flush()
    return token


def note_failure(session: Session, name: str, *, address: str, now: datetime) -> None:
    """Count one failed try."""
    session.add(SignInFailure(name=name.strip().lower()[:40], address=address, failed_at=now))


def find_signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who holds this token now, or None where it ended, went idle, or the officer was deactivated."""
    row = session.get(SignIn, _digest(token))
    if row is None or row.ended_at is not None or now - row.last_used_at > IDLE[row.device]:
        return None
    officer = session.get(Officer, row.officer_id)
    return SignedIn(officer, row) if officer and officer.active else None


def find_last_officer(session: Session, token: str) -> Officer | None:
    """Whose session a token was, good or ended: whose typed form may be kept."""
    row = session.get(SignIn, _digest(token))
    officer = session.get(Officer, row.officer_id) if row else None
    return officer if officer and officer.active else None


def note_use(session: Session, token: str, now: datetime) -> None:
    """Write the last use of a session."""
    row = session.get(SignIn, _digest(token))
    if row is not None:
        row.last_used_at = now


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End a session at once."""
    row = session.get(SignIn, _digest(token))
    if row is not None and row.ended_at is None:
        row.ended_at = now


def keep_form(
    session: Session, token: str, path: str, fields: list[tuple[str, str]], now: datetime
) -> uuid.UUID | None:
    """Keep what was typed when a session had ended, for its officer only; None where the token is nobody's."""
    officer = find_last_officer(session, token)
    if officer is None:
        return None
    kept = KeptForm(id=uuid.uuid4(), officer_id=officer.id, path=path, fields=fields, kept_at=now)
    session.add(kept)
    return kept.id


def find_kept_form(session: Session, kept_id: uuid.UUID, by: Actor) -> KeptForm | None:
    """What this officer had typed, or None."""
    kept = session.get(KeptForm, kept_id)
    return kept if kept and kept.officer_id == by.id else None


def hash_password(password: str) -> str:
    """Argon2id hash of a password of 8 to 128 characters."""
    if len(password) not in PASSWORD_LENGTH:
        raise PasswordTooShort(least=PASSWORD_LENGTH.start, most=PASSWORD_LENGTH.stop - 1)
    return _HASHER.hash(password)


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
    """Add an officer who may sign in at once."""
    require(by, "officer.administer")
    name = name.strip().lower()
    if session.scalar(select(Officer.id).where(Officer.name == name)):
        raise NameTaken(name=name)
    officer = Officer(
        id=uuid.uuid4(),
        name=name,
        full_name=full_name.strip() or name,
        password_hash=hash_password(password),
        role=role,
        body_id=body.id if body else None,
        read_only=read_only,
        is_demo=is_demo,
        created_at=now,
        areas=[ScopeArea(area_code=code) for code in sorted(set(areas))],
        kinds=[ScopeKind(kind=kind) for kind in sorted(set(kinds))],
    )
    session.add(officer)
    session.flush()
    facts = _facts(officer)
    ledger.append(session, by, "officer.added", "officer", officer.id, at=now, facts=facts)
    return officer


def get_officer(session: Session, officer_id: uuid.UUID) -> Officer:
    """One officer, or `NotFound`."""
    officer = session.get(Officer, officer_id)
    if officer is None:
        raise NotFound
    return officer


def _facts(officer: Officer) -> dict:
    return {
        "name": officer.name,
        "full_name": officer.full_name,
        "role": officer.role.value,
        "body_id": str(officer.body_id) if officer.body_id else None,
        "areas": [row.area_code for row in officer.areas],
        "kinds": [Kind(row.kind).value for row in officer.kinds],
        "read_only": officer.read_only,
        "active": officer.active,
    }


def _require_not_locked(session: Session, name: str, address: str, now: datetime) -> None:
    query = select(func.count(), func.max(SignInFailure.failed_at)).where(
        SignInFailure.name == name,
        SignInFailure.address == address,
        SignInFailure.failed_at > now - LOCKED_FOR,
    )
    failures, last = session.execute(query).one()
    if failures >= FAILURES_ALLOWED:
        last = datetime.fromisoformat(last) if isinstance(last, str) else last
        minutes = max(1, round((last + LOCKED_FOR - now).total_seconds() / 60))
        raise SignInLocked(minutes=minutes)


def _password_is(officer: Officer | None, password: str) -> bool:
    try:
        return _HASHER.verify(officer.password_hash if officer else _NOBODY, password) and officer is not None
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
