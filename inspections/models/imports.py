"""Files taken in: what each was, its rows while they are checked, what there is to read about them."""

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from inspections.models.base import Base, Document, Instant, code_column, new_id
from inspections.models.sites import Key
from inspections.terms import ImportJob, ImportState, MessageLevel, RowOutcome

_APPLIED = "state = 'applied'"


class ImportBatch(Base):
    """One file of sites, areas or a layer: received, checked, applied, perhaps undone.

    `state` is how far it has come; `job` is what the worker was asked to do with it and has not ended yet.
    `answers` are a person's, `found` is what the last check says of the whole file.
    """

    __tablename__ = "import_batches"
    __table_args__ = (
        CheckConstraint("state <> 'applied' OR applied_at IS NOT NULL", name="applied_has_moment"),
        # The same bytes are taken in once; a register of several kinds once for each.
        Index(
            "uq_import_batches_applied",
            "subject",
            "kind",
            "sha256",
            unique=True,
            sqlite_where=text(_APPLIED),
            postgresql_where=text(_APPLIED),
        ),
        Index("ix_import_batches_received_at", "received_at"),
        Index("ix_import_batches_job", "job"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(String(10))  # sites, areas or layers
    kind: Mapped[str] = mapped_column(String(20), default="")  # of sites, or of the layer; empty for areas
    state: Mapped[ImportState] = mapped_column(code_column(ImportState))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    encoding: Mapped[str] = mapped_column(String(20), default="")
    crs: Mapped[str] = mapped_column(String(40), default="")
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_accepted: Mapped[int] = mapped_column(default=0)
    rows_warned: Mapped[int] = mapped_column(default=0)
    rows_refused: Mapped[int] = mapped_column(default=0)
    answers: Mapped[dict] = mapped_column(Document, default=dict)
    found: Mapped[dict] = mapped_column(Document, default=dict)
    report_sha256: Mapped[str] = mapped_column(String(64), default="")
    received_at: Mapped[datetime] = mapped_column(Instant)
    received_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    applied_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    # The job under way: who asked, how far it is, when it last gave a sign of life, why the last one failed
    job: Mapped[ImportJob] = mapped_column(code_column(ImportJob), default=ImportJob.NONE)
    job_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    job_stop: Mapped[bool] = mapped_column(default=False)
    job_done: Mapped[int] = mapped_column(default=0)
    job_total: Mapped[int] = mapped_column(default=0)
    job_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    failure: Mapped[dict] = mapped_column(Document, default=dict)


class ImportRow(Base):
    """One row of a file as the check left it; kept until the file is applied or given up.

    Rows that were applied to a site that existed stay with what it was before, so that this can be undone.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        UniqueConstraint("batch_id", "position"),
        Index("ix_import_rows_batch_id_outcome", "batch_id", "outcome"),
    )

    pk: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_batches.id"))
    position: Mapped[int]  # from 1, through all sheets
    sheet: Mapped[str] = mapped_column(String(100), default="")
    number: Mapped[int]  # what people call the row: of its sheet, or the feature's
    outcome: Mapped[RowOutcome] = mapped_column(code_column(RowOutcome))
    facts: Mapped[dict] = mapped_column(Document, default=dict)
    shape: Mapped[bytes | None] = mapped_column(LargeBinary)  # WKB, lon/lat CGCS2000
    site_id: Mapped[uuid.UUID | None]  # the site it corrects
    site_version: Mapped[int | None]
    before: Mapped[dict | None] = mapped_column(Document)


class ImportMessage(Base):
    """Something to read about one row, or about the file where `position` is 0; a question has its answer.

    A code and facts, so that it can be said in any language.
    """

    __tablename__ = "import_messages"
    __table_args__ = (
        Index("ix_import_messages_batch_id_position", "batch_id", "position"),
        Index("ix_import_messages_batch_id_code", "batch_id", "code", "answer"),
    )

    pk: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_batches.id"))
    position: Mapped[int] = mapped_column(default=0)
    sheet: Mapped[str] = mapped_column(String(100), default="")
    number: Mapped[int | None]
    column: Mapped[str] = mapped_column(String(100), default="")
    cell: Mapped[str] = mapped_column(String(200), default="")  # what stands there
    level: Mapped[MessageLevel] = mapped_column(code_column(MessageLevel))
    code: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict] = mapped_column(Document, default=dict)
    choices: Mapped[list] = mapped_column(Document, default=list)
    answer: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


class ImportMapping(Base):
    """Which column means what, as somebody agreed for a file with these headings: for the next such file."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("subject", "kind", "headings_sha256"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(20), default="")
    headings_sha256: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict] = mapped_column(Document)
    agreed_at: Mapped[datetime] = mapped_column(Instant)
    agreed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
