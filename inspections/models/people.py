"""Bodies, officers, what each officer answers for, and who is signed in."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inspections.models.base import Base, Document, Instant, code_column, new_id
from inspections.terms import Kind, Role


class Body(Base):
    """An office, township, village or firm that answers for something (单位)."""

    __tablename__ = "bodies"
    __table_args__ = (CheckConstraint("length(name) BETWEEN 2 AND 60", name="name_length"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    short_name: Mapped[str] = mapped_column(String(30), default="")
    type: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[str | None] = mapped_column(String(15), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    ended_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    row_version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": row_version}


class Officer(Base):
    """A member of staff who signs in (工作人员): one body, one role, one scope (areas × kinds)."""

    __tablename__ = "officers"
    __table_args__ = (CheckConstraint("length(name) BETWEEN 2 AND 40", name="name_length"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40), unique=True)  # what is typed to sign in, lower case
    full_name: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(code_column(Role))
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bodies.id"), index=True)
    read_only: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    is_demo: Mapped[bool] = mapped_column(default=False)
    lang: Mapped[str] = mapped_column(String(8), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    row_version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": row_version}

    body: Mapped[Body | None] = relationship(lazy="joined")
    areas: Mapped[list[ScopeArea]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="ScopeArea.area_code"
    )
    kinds: Mapped[list[ScopeKind]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="ScopeKind.kind"
    )


class ScopeArea(Base):
    """One area of an officer's scope; an officer with none answers for the whole county."""

    __tablename__ = "scope_areas"

    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), primary_key=True)
    area_code: Mapped[str] = mapped_column(String(15), primary_key=True)


class ScopeKind(Base):
    """One kind of an officer's scope; an officer with none answers for all four."""

    __tablename__ = "scope_kinds"

    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(code_column(Kind), primary_key=True)


class SignIn(Base):
    """A session: who is signed in, on what, until when. Only the token's sha256 is kept."""

    __tablename__ = "sign_ins"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), index=True)
    device: Mapped[str] = mapped_column(String(10), default="office")  # office or field
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInFailure(Base):
    """One failed try, counted per name and address."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_name_address", "name", "address", "failed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(64))
    failed_at: Mapped[datetime] = mapped_column(Instant)


class KeptForm(Base):
    """What an officer had typed when a session ended, to be offered again after signing in."""

    __tablename__ = "kept_forms"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), index=True)
    path: Mapped[str] = mapped_column(Text)
    fields: Mapped[list] = mapped_column(Document)  # [[name, value], …] in the order sent
    kept_at: Mapped[datetime] = mapped_column(Instant)
