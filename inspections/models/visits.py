"""Visits as made, what they found, and the photos that prove it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inspections.models.base import Base, Document, Instant, code_column, new_id
from inspections.models.people import Officer
from inspections.models.sites import Site
from inspections.terms import Kind, Severity, VisitResult, VisitState


class Visit(Base):
    """One trip to one site (检查记录), kept as it was made; a correction is a new visit that supersedes."""

    __tablename__ = "visits"
    __table_args__ = (
        CheckConstraint("supersedes_id IS NULL OR supersedes_id <> id", name="not_itself"),
        CheckConstraint("lon IS NULL OR lon BETWEEN -180 AND 180", name="lon_range"),
        CheckConstraint("lat IS NULL OR lat BETWEEN -90 AND 90", name="lat_range"),
        CheckConstraint("(state = 'returned') <= (length(review_note) > 0)", name="returned_has_reason"),
        UniqueConstraint("supersedes_id"),
        Index("ix_visits_effective_at_id", "effective_at", "id"),
        Index("ix_visits_site_id_effective_at", "site_id", "effective_at"),
        Index("ix_visits_state_effective_at", "state", "effective_at"),
        Index("ix_visits_officer_id_effective_at", "officer_id", "effective_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sites.id"))
    kind: Mapped[Kind] = mapped_column(code_column(Kind))
    checklist: Mapped[str] = mapped_column(String(20))
    visit_type: Mapped[str] = mapped_column(String(20))
    nothing_found: Mapped[bool] = mapped_column(default=False)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"))
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    saved_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    effective_at: Mapped[datetime] = mapped_column(Instant)
    time_quality: Mapped[str] = mapped_column(String(12))  # exact, corrected, uncertain
    lon: Mapped[float | None]  # CGCS2000, whatever datum it came in
    lat: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    datum: Mapped[str] = mapped_column(String(12), default="")
    fixed_at: Mapped[datetime | None] = mapped_column(Instant)
    distance_m: Mapped[float | None]
    answers: Mapped[dict] = mapped_column(Document)
    judgements: Mapped[dict] = mapped_column(Document, default=dict)  # name → version, inputs, result
    payload: Mapped[bytes] = mapped_column(LargeBinary)  # the bytes as received; hash is theirs
    hash: Mapped[str] = mapped_column(String(64))
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    result: Mapped[VisitResult] = mapped_column(code_column(VisitResult))
    state: Mapped[VisitState] = mapped_column(code_column(VisitState))
    flags: Mapped[list] = mapped_column(Document, default=list)
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visits.id"))
    reviewed_at: Mapped[datetime | None] = mapped_column(Instant)
    reviewed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    review_note: Mapped[str] = mapped_column(String(500), default="")
    row_version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": row_version}

    site: Mapped[Site] = relationship()
    officer: Mapped[Officer] = relationship(foreign_keys=[officer_id], viewonly=True)
    reviewer: Mapped[Officer | None] = relationship(foreign_keys=[reviewed_by_id], viewonly=True)
    findings: Mapped[list[Finding]] = relationship(back_populates="visit", order_by="Finding.code")
    evidence: Mapped[list[Evidence]] = relationship(back_populates="visit", order_by="Evidence.position")


class Finding(Base):
    """One departure from one requirement, seen on one visit; each code once a visit."""

    __tablename__ = "findings"
    __table_args__ = (UniqueConstraint("visit_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visits.id"))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    code: Mapped[str] = mapped_column(String(12))
    severity: Mapped[Severity] = mapped_column(code_column(Severity))
    severity_steps: Mapped[list] = mapped_column(Document, default=list)
    keys: Mapped[list] = mapped_column(Document)  # the answers that opened it
    still_there: Mapped[bool] = mapped_column(default=False)  # it joined a case that was open already
    replaced: Mapped[bool] = mapped_column(default=False)  # its visit was superseded or voided

    visit: Mapped[Visit] = relationship(back_populates="findings")


class Evidence(Base):
    """A photo: bytes by checksum, with time and position as kept from capture or read from the file."""

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
        CheckConstraint("bytes > 0", name="not_empty"),
        UniqueConstraint("visit_id", "sha256", "item"),
        Index("ix_evidence_sha256", "sha256"),
        Index("ix_evidence_site_id", "site_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(40))
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sites.id"))
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visits.id"))
    item: Mapped[str] = mapped_column(String(40), default="")
    position: Mapped[int] = mapped_column(default=0)  # order within the visit
    phase: Mapped[str] = mapped_column(String(10), default="other")  # before, during, after, other
    capture: Mapped[str] = mapped_column(String(10), default="gallery")  # camera, gallery, import
    file_name: Mapped[str] = mapped_column(String(200), default="")
    caption: Mapped[str] = mapped_column(Text, default="")
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_source: Mapped[str] = mapped_column(String(10), default="none")  # exif, device, manual, none
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    position_source: Mapped[str] = mapped_column(String(10), default="none")
    added_at: Mapped[datetime] = mapped_column(Instant)
    added_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))

    visit: Mapped[Visit | None] = relationship(back_populates="evidence")
