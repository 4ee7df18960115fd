"""The duty to put findings right: who, what, by which day (整改事项)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inspections.models.base import Base, Document, Instant, code_column, new_id
from inspections.models.people import Body
from inspections.models.sites import Site
from inspections.models.visits import Finding
from inspections.terms import CaseState, Kind, Listing, Severity

_OPEN = "state IN ('suspected','confirmed','assigned','rectifying','submitted','verified','suspended')"


class Case(Base):
    """One duty to put right what was found at one site against one requirement."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("length(title) BETWEEN 2 AND 80", name="title_length"),
        CheckConstraint("round >= 1", name="round_from_one"),
        CheckConstraint("assigned_at IS NULL OR body_id IS NOT NULL", name="assigned_to_a_body"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_has_survivor"),
        # An open case of one site and code is never doubled.
        Index(
            "uq_cases_open_site_code",
            "site_id",
            "code",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_cases_state_due_at", "state", "due_at"),
        Index("ix_cases_body_id_state", "body_id", "state"),
        Index("ix_cases_township_code_state", "township_code", "state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sites.id"), index=True)
    kind: Mapped[Kind] = mapped_column(code_column(Kind))
    township_code: Mapped[str] = mapped_column(String(15))
    code: Mapped[str] = mapped_column(String(12))
    rules_version: Mapped[str] = mapped_column(String(20))
    round: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str] = mapped_column(String(20))
    severity: Mapped[Severity] = mapped_column(code_column(Severity))
    severity_steps: Mapped[list] = mapped_column(Document, default=list)
    state: Mapped[CaseState] = mapped_column(code_column(CaseState))
    proposal: Mapped[str] = mapped_column(String(20), default="")  # unfounded: no finding is left
    listed: Mapped[Listing] = mapped_column(code_column(Listing), default=Listing.NONE)
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bodies.id"))
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    assigned_at: Mapped[datetime | None] = mapped_column(Instant)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    verified_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # closed, unfounded or merged
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    due_basis: Mapped[dict] = mapped_column(Document, default=dict)
    original_due_at: Mapped[datetime | None] = mapped_column(Instant)
    measures: Mapped[str] = mapped_column(Text, default="")
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))
    row_version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": row_version}

    site: Mapped[Site] = relationship()
    body: Mapped[Body | None] = relationship()
    findings: Mapped[list[Finding]] = relationship(primaryjoin=Finding.case_id == id, viewonly=True)
