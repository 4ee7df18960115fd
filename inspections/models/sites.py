"""Areas of the county, the places under inspection, and who is answerable for them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from inspections.models.base import Base, Document, Instant, WithGeometry, by_bytes, code_column, new_id
from inspections.models.names import name_key
from inspections.terms import AreaLevel, Kind, SiteStatus

Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER PRIMARY KEY by itself


def _key_of_name(context: Any) -> str:
    """Fold the name of a row that is inserted past the mapper."""
    return name_key(context.get_current_parameters()["name"])


class Area(WithGeometry, Base):
    """A county, township or village with dates (行政区)."""

    __tablename__ = "areas"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("length(code) IN (12, 15)", name="code_length"),
        CheckConstraint("length(name) BETWEEN 2 AND 40", name="name_length"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates_in_order"),
        {"sqlite_autoincrement": True},  # a key is never used twice: what was redrawn is seen as new
    )

    pk: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(default=new_id, unique=True)
    code: Mapped[str] = mapped_column(
        String(15), index=True
    )  # 12 digits, zeros at the end above village level
    level: Mapped[AreaLevel] = mapped_column(code_column(AreaLevel))
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    category: Mapped[str] = mapped_column(String(20), default="")
    parent_code: Mapped[str | None] = mapped_column(String(15), index=True)
    lon: Mapped[float | None]  # a point to write the name at; all that a village often has
    lat: Mapped[float | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(200), default="")
    # The codes that took its place when it ended
    successors: Mapped[list] = mapped_column(Document, default=list)
    import_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_batches.id"), index=True)


class Operator(Base):
    """The legal person answerable for a site (责任主体). Name and phone are restricted."""

    __tablename__ = "operators"
    __table_args__ = (CheckConstraint("length(name) BETWEEN 2 AND 60", name="name_length"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    type: Mapped[str] = mapped_column(String(20), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    salt: Mapped[bytes] = mapped_column(
        LargeBinary(32)
    )  # what the ledger's seal of name and phone is made with


class Site(WithGeometry, Base):
    """A place under inspection (点位)."""

    __tablename__ = "sites"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 2 AND 60", name="name_length"),
        CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="on_the_globe"),
        CheckConstraint("loc_accuracy_m IS NULL OR loc_accuracy_m BETWEEN 0 AND 5000", name="accuracy_range"),
        CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged_has_survivor"),
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="not_into_itself"),
        CheckConstraint("area_m2 IS NULL OR area_m2 >= 0", name="area_not_negative"),
        CheckConstraint("open_cases >= 0", name="open_cases_not_negative"),
        Index("ix_sites_township_code_kind", "township_code", "kind"),
        Index("ix_sites_kind_number", "kind", "number"),
        Index("ix_sites_name", "name"),
        # All that a search asks for: words are looked for in these alone, which are far less than the table
        Index("ix_sites_number", "number", "pk", "status", "township_code", "kind", "village_code"),
        Index("ix_sites_name_key", "name_key", "pk", "status", "township_code", "kind", "village_code"),
        Index("ix_sites_body_id", "body_id", "township_code", "kind", "village_code"),
        Index("ix_sites_last_visited_at", "last_visited_at"),
        Index("ix_sites_created_at", "created_at"),
        # All that counting by state asks for: answered from the index alone.
        Index(
            "ix_sites_state",
            "status",
            "township_code",
            "kind",
            "is_listed",
            "case_due_at",
            "has_suspected",
            "open_cases",
            "case_closed_on",
            "last_visited_at",
        ),
    )

    pk: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(default=new_id, unique=True)
    number: Mapped[str] = mapped_column(by_bytes(String, 24), unique=True)
    kind: Mapped[Kind] = mapped_column(code_column(Kind))
    subtype: Mapped[str] = mapped_column(String(20), default="")
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(by_bytes(Text), default=_key_of_name)
    status: Mapped[SiteStatus] = mapped_column(code_column(SiteStatus), index=True)
    township_code: Mapped[str] = mapped_column(String(15))
    township_reason: Mapped[str] = mapped_column(
        String(200), default=""
    )  # why it is not the one holding the point
    village_code: Mapped[str | None] = mapped_column(String(15), index=True)
    village_group: Mapped[str] = mapped_column(String(40), default="")
    lon: Mapped[float]  # representative point, inside the geometry
    lat: Mapped[float]
    loc_method: Mapped[str] = mapped_column(String(12), default="map")
    loc_accuracy_m: Mapped[float | None]
    loc_datum: Mapped[str] = mapped_column(String(12), default="cgcs2000")
    loc_raw: Mapped[str] = mapped_column(Text, default="")  # the position as received; never changed
    area_m2: Mapped[float | None]
    length_m: Mapped[float | None]
    area_reported_mu: Mapped[float | None]
    operator_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("operators.id"), index=True)
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bodies.id"))  # 牵头单位
    source: Mapped[str] = mapped_column(String(20), default="")
    source_ref: Mapped[str] = mapped_column(String(80), default="")
    remark: Mapped[str] = mapped_column(Text, default="")
    attrs: Mapped[dict] = mapped_column(Document, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    updated_at: Mapped[datetime] = mapped_column(Instant)
    activated_at: Mapped[datetime | None] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    retired_reason: Mapped[str] = mapped_column(String(500), default="")
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("sites.id"), index=True)
    import_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_batches.id"), index=True)
    last_visited_at: Mapped[datetime | None] = mapped_column(Instant)
    # What decides the map state and no clock changes; `cases.refresh_site_facts` keeps it with each case.
    is_listed: Mapped[bool] = mapped_column(default=False)
    has_suspected: Mapped[bool] = mapped_column(default=False)
    open_cases: Mapped[int] = mapped_column(default=0)
    case_due_at: Mapped[datetime | None] = mapped_column(Instant)  # earliest deadline that runs or was missed
    case_closed_on: Mapped[date | None]  # Beijing day of the last case closed
    row_version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": row_version}

    operator: Mapped[Operator | None] = relationship()
    merged_into: Mapped[Site | None] = relationship(remote_side=[id])

    @validates("name")
    def _keep_key(self, _column: str, name: str) -> str:
        self.name_key = name_key(name)
        return name


class Counter(Base):
    """The last number given in a series (site numbers of a township, case numbers of a year)."""

    __tablename__ = "counters"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int]
