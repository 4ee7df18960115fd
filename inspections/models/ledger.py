"""The append-only record of what was done, by whom, when, why."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inspections.models.base import Base, Instant


class LedgerEntry(Base):
    """One entry of the ledger (台账流水). `number` has no gaps; `hash` covers all else and the hash before.

    Facts are canonical JSON text, kept as text because the hash is of these characters. `actor_name` is what
    the officer was called that day. No foreign keys: an entry outlives what it speaks of.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hash_length"),
        Index("ix_ledger_entries_subject_id", "subject_id"),
        Index("ix_ledger_entries_site_id", "site_id"),
    )

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(40))  # past tense: case.opened
    subject: Mapped[str] = mapped_column(String(20))  # site, visit, case, officer, body, area, import, ledger
    subject_id: Mapped[str] = mapped_column(String(40))
    site_id: Mapped[uuid.UUID | None]
    facts: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
