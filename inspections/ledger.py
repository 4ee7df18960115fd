"""The ledger: append in the transaction of the change, read as a story, verify the chain.

Each entry's hash covers all its columns and the hash before it. One appender at a time: on SQLite the write
transaction itself, on PostgreSQL an advisory lock until commit. Restricted text enters only as `seal`: its
sha256 with 32 random bytes that lie beside the text, so that blanking both later breaks no hash.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from inspections.errors import InspectionError
from inspections.models import LedgerEntry
from inspections.models.bulk import insert_rows
from inspections.permissions import Actor

GENESIS = "0" * 64
_LOCK = 0x78756E7475  # "xuntu"


class LedgerBroken(InspectionError):
    """An entry was changed, removed or slipped in."""

    code = "ledger.broken"
    message = "Entry {number} is broken: {why}. Keep this database as it is and restore a backup beside it."


class HeadDiffers(InspectionError):
    """The chain is sound, but it is not the one the caller remembers."""

    code = "ledger.head_differs"
    message = "The ledger is sound, but it does not hold the hash {head}: entries after a backup are missing."


@dataclass(frozen=True)
class Draft:
    """An entry before it has a number: what `append_many` takes."""

    at: datetime
    action: str
    subject: str
    subject_id: str
    actor_id: uuid.UUID | None
    actor_name: str
    role: str
    facts: Mapping[str, Any]
    site_id: uuid.UUID | None = None
    address: str = ""


def append(
    session: Session,
    by: Actor,
    action: str,
    subject: str,
    subject_id: uuid.UUID | str,
    *,
    at: datetime,
    site_id: uuid.UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> LedgerEntry:
    """Append one entry in this transaction and return it.

    `action` is past tense (`site.corrected`); `facts` hold JSON values, restricted text only as `seal`.
    """
    draft = Draft(
        at, action, subject, str(subject_id), by.id, by.name, by.role, facts or {}, site_id, by.address
    )
    number, last = _lock_head(session)
    entry = LedgerEntry(**_chained(draft, number + 1, last))
    session.add(entry)
    session.flush()
    return entry


def append_many(session: Session, drafts: Iterable[Draft], *, batch: int = 5000) -> int:
    """Append many entries in this transaction, in order; returns how many."""
    session.flush()
    number, last = _lock_head(session)
    first, rows = number, []
    for draft in drafts:
        number += 1
        row = _chained(draft, number, last)
        last = row["hash"]
        rows.append(row)
        if len(rows) >= batch:
            insert_rows(session, LedgerEntry.__table__, rows)
            rows = []
    if rows:
        insert_rows(session, LedgerEntry.__table__, rows)
    return number - first


def seal(salt: bytes, restricted: str | bytes) -> str:
    """What the ledger holds in place of a restricted text: sha256 over its salt and itself, as hex."""
    data = restricted if isinstance(restricted, bytes) else restricted.encode()
    return hashlib.sha256(salt + data).hexdigest()


def head(session: Session) -> tuple[int, str]:
    """Number and hash of the last entry; (0, sixty-four zeros) for an empty ledger."""
    session.flush()
    last = session.execute(
        select(LedgerEntry.number, LedgerEntry.hash).order_by(LedgerEntry.number.desc()).limit(1)
    ).first()
    return (last.number, last.hash) if last else (0, GENESIS)


def verify(session: Session, expected_head: str | None = None) -> tuple[int, str]:
    """Check the whole chain; returns count and last hash.

    Raises
    ------
    LedgerBroken
        Names the first entry that does not follow from the one before it.
    HeadDiffers
        `expected_head` is nowhere in the chain.
    """
    number, last = 0, GENESIS
    met = expected_head is None
    for row in _pages(session):
        number += 1
        if row["number"] != number:
            raise LedgerBroken(number=number, why="its number is missing")
        if row["previous_hash"] != last:
            raise LedgerBroken(number=number, why="it does not follow the entry before it")
        if entry_hash(row) != row["hash"]:
            raise LedgerBroken(number=number, why="its content does not match its hash")
        last = row["hash"]
        met = met or last == expected_head
    if not met:
        raise HeadDiffers(head=expected_head)
    return number, last


def story(
    session: Session,
    *,
    site_id: uuid.UUID | None = None,
    subject_id: uuid.UUID | str | None = None,
    limit: int = 200,
) -> list[LedgerEntry]:
    """The entries of one site, or of one visit, case or officer; newest first."""
    query = select(LedgerEntry).order_by(LedgerEntry.number.desc()).limit(limit)
    if site_id is not None:
        query = query.where(LedgerEntry.site_id == site_id)
    if subject_id is not None:
        query = query.where(LedgerEntry.subject_id == str(subject_id))
    return list(session.scalars(query))


def facts_of(entry: LedgerEntry) -> dict[str, Any]:
    """The facts of an entry, read."""
    return orjson.loads(entry.facts)


def entry_hash(row: Mapping[str, Any]) -> str:
    """The sha256 of an entry: canonical JSON (UTF-8, no spaces) of its columns in the order of the table."""
    at = row["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    columns = [row["number"], at, _text(row["actor_id"]), row["actor_name"], row["role"], row["address"]]
    columns += [row["action"], row["subject"], row["subject_id"], _text(row["site_id"]), row["facts"]]
    return hashlib.sha256(orjson.dumps([*columns, row["previous_hash"]])).hexdigest()


def _text(key: uuid.UUID | None) -> str | None:
    return None if key is None else str(key)


def _chained(draft: Draft, number: int, previous_hash: str) -> dict[str, Any]:
    row = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
    row["facts"] = orjson.dumps(draft.facts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    row |= {"number": number, "previous_hash": previous_hash}
    return row | {"hash": entry_hash(row)}


def _lock_head(session: Session) -> tuple[int, str]:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    return head(session)


def _pages(session: Session, size: int = 5000) -> Iterator[Mapping[str, Any]]:
    """Every row in order, a page at a time, so that a break leaves no open cursor behind."""
    last, table = 0, LedgerEntry.__table__
    while rows := (
        session.execute(select(table).where(table.c.number > last).order_by(table.c.number).limit(size))
        .mappings()
        .all()
    ):
        yield from rows
        last = rows[-1]["number"]


def count(session: Session) -> int:
    """How many entries there are."""
    return session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
