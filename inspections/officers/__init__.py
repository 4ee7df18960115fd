"""Officers: who may sign in, who is signed in now, and what was typed when a session had ended.

Signing in is for people with a password; what they may then do is `inspections.permissions`' business. The
administrator's side, adding and correcting, is `inspections.officers.records`.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from inspections import ledger
from inspections.errors import Invalid, NotFound
from inspections.models import KeptForm, Officer, SignIn, SignInFailure
from inspections.permissions import Actor

IDLE = {"office": timedelta(hours=12), "field": timedelta(days=30)}
NOTED_EVERY = timedelta(minutes=5)  # last use is written at most this often
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=30)
KEPT_FOR = timedelta(days=30)
FAILURES_KEPT = timedelta(days=1)
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


class WrongPassword(Invalid):
    """The present password, given to set a new one, is another."""

    code = "officer.wrong_password"
    message = "The present password is wrong. Enter it again."
    field = "old_password"


class SessionGone(Invalid):
    """A session to end that is not there, not good any more, or somebody else's."""

    code = "officer.session_gone"
    message = "That session has ended already. Look at the list again."


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
    """Check name and password and open a session; returns the token for the cookie."""
    officer_id = check_sign_in(session, name, password, address=address, now=now)
    return open_session(session, officer_id, address=address, now=now, device=device)


def check_sign_in(session: Session, name: str, password: str, *, address: str, now: datetime) -> uuid.UUID:
    """Whose name and password these are: slow on purpose, so ask it outside a write transaction.

    Raises
    ------
    SignInRefused, SignInLocked
        Count a refusal with `note_failure` in a transaction of its own.
    """
    name = _typed_name(name)
    _require_not_locked(session, name, address, now)
    officer = session.scalar(select(Officer).where(Officer.name == name))
    if not _password_is(officer, password) or officer is None or not officer.active:
        raise SignInRefused
    return officer.id


def open_session(
    session: Session, officer_id: uuid.UUID, *, address: str, now: datetime, device: str = "office"
) -> str:
    """Open a session for an officer whose password was checked; the failures from here are forgotten."""
    officer = session.get(Officer, officer_id)
    if officer is None or not officer.active:
        raise SignInRefused
    mine = (SignInFailure.name == officer.name, SignInFailure.address == address)
    session.execute(delete(SignInFailure).where(*mine))
    token = secrets.token_urlsafe(32)  # a new one each time: a token from before signing in is worth nothing
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
    """Count one failed try; those too old to matter go."""
    session.execute(delete(SignInFailure).where(SignInFailure.failed_at < now - FAILURES_KEPT))
    session.add(SignInFailure(name=_typed_name(name), address=address, failed_at=now))


def find_signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who holds this token now, or None where it ended, went idle, or the officer was deactivated."""
    query = select(SignIn, Officer).join(Officer, Officer.id == SignIn.officer_id)
    whole = query.options(joinedload(Officer.areas), joinedload(Officer.kinds))  # every page asks: one query
    found = session.execute(whole.where(SignIn.token_sha256 == _digest(token))).unique().one_or_none()
    if found is None:
        return None
    row, officer = found
    if row.ended_at is not None or now - row.last_used_at > IDLE[row.device]:
        return None
    return SignedIn(officer, row) if officer.active else None


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
    """Keep what was typed when a session had ended, for its officer only; None for nobody's token.

    What was kept longer than `KEPT_FOR` goes.
    """
    session.execute(delete(KeptForm).where(KeptForm.kept_at < now - KEPT_FOR))
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


def change_password(session: Session, *, old: str, new: str, token: str, by: Actor, now: datetime) -> None:
    """Change the own password; every other session of the officer ends, the one of `token` goes on.

    Raises
    ------
    WrongPassword
        Count it with `note_failure`: it locks the name for this address like a failed sign-in.
    """
    officer = session.get(Officer, by.id) if by.id else None
    if officer is None:
        raise NotFound
    _require_not_locked(session, officer.name, by.address, now)
    if not _password_is(officer, old):
        raise WrongPassword
    officer.password_hash = hash_password(new)
    end_sessions(session, officer.id, now, spare=token)
    ledger.append(session, by, "officer.password_changed", "officer", officer.id, at=now)


def list_sessions(session: Session, by: Actor, now: datetime) -> list[SignIn]:
    """The own sessions that are good now, the last used first."""
    query = select(SignIn).where(SignIn.officer_id == by.id, SignIn.ended_at.is_(None))
    rows = session.scalars(query.order_by(SignIn.last_used_at.desc(), SignIn.token_sha256))
    return [row for row in rows if now - row.last_used_at <= IDLE[row.device]]


def end_session(session: Session, token_sha256: str, *, by: Actor, now: datetime) -> None:
    """End one of the own sessions."""
    row = session.get(SignIn, token_sha256)
    if row is None or row.officer_id != by.id or row.ended_at is not None:
        raise SessionGone
    row.ended_at = now
    ledger.append(session, by, "officer.session_ended", "officer", row.officer_id, at=now)


def end_sessions(session: Session, officer_id: uuid.UUID, now: datetime, *, spare: str = "") -> None:
    """End every session of an officer at once, but the one of the token `spare`."""
    session.execute(
        update(SignIn)
        .where(SignIn.officer_id == officer_id, SignIn.ended_at.is_(None))
        .where(SignIn.token_sha256 != _digest(spare))
        .values(ended_at=now)
    )


def is_own_session(row: SignIn, token: str) -> bool:
    """Whether a session is the one that asks."""
    return row.token_sha256 == _digest(token)


def get_officer(session: Session, officer_id: uuid.UUID) -> Officer:
    """One officer, or `NotFound`."""
    officer = session.get(Officer, officer_id)
    if officer is None:
        raise NotFound
    return officer


def _require_not_locked(session: Session, name: str, address: str, now: datetime) -> None:
    """Raise for half an hour after a fifth failure that came within half an hour of the first."""
    query = select(SignInFailure.failed_at).where(
        SignInFailure.name == name, SignInFailure.address == address, SignInFailure.failed_at <= now
    )
    times = session.scalars(query.order_by(SignInFailure.failed_at.desc()).limit(FAILURES_ALLOWED)).all()
    if len(times) == FAILURES_ALLOWED and times[0] - times[-1] < LOCKED_FOR and now - times[0] < LOCKED_FOR:
        raise SignInLocked(minutes=max(1, -(-(times[0] + LOCKED_FOR - now).seconds // 60)))


def _typed_name(text: str) -> str:
    """A name as it was typed, in small letters, without what no name has and no database takes."""
    return "".join(character for character in text.strip().lower() if character.isprintable())[:40]


def _password_is(officer: Officer | None, password: str) -> bool:
    try:
        return _HASHER.verify(officer.password_hash if officer else _NOBODY, password) and officer is not None
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
