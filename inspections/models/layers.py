"""Layers for reference: rivers, roads, cropland and what else files bring, and the features of each."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from inspections.models.base import Base, Instant, WithGeometry, code_column, new_id
from inspections.models.sites import Key
from inspections.terms import LayerKind, LayerStanding

_CURRENT = "standing = 'current'"


class Layer(Base):
    """Features of one kind as one file brought them (参考图层).

    The one in use of each kind is current; the one it replaced is kept whole, so that it can be put back.
    """

    __tablename__ = "layers"
    __table_args__ = (
        CheckConstraint("features >= 0", name="features_not_negative"),
        Index(
            "uq_layers_current",
            "kind",
            unique=True,
            sqlite_where=text(_CURRENT),
            postgresql_where=text(_CURRENT),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[LayerKind] = mapped_column(code_column(LayerKind))
    standing: Mapped[LayerStanding] = mapped_column(code_column(LayerStanding))
    source: Mapped[str] = mapped_column(String(200), default="")  # who it comes from, as people write it
    dated: Mapped[date | None]  # the day that the data are of
    secrecy: Mapped[str] = mapped_column(String(10), default="internal")
    file_name: Mapped[str] = mapped_column(String(200), default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    crs: Mapped[str] = mapped_column(String(40), default="")  # as received
    features: Mapped[int] = mapped_column(default=0)
    area_m2: Mapped[float | None]  # of all polygons, as each is measured
    length_m: Mapped[float | None]  # of all lines
    imported_at: Mapped[datetime] = mapped_column(Instant)
    imported_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    import_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_batches.id"))


class LayerFeature(WithGeometry, Base):
    """One part of one feature: a line or a polygon, never many in one.

    A feature of several parts, or one too large to be compared quickly, lies in several rows with its number.
    """

    __tablename__ = "layer_features"

    pk: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    layer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("layers.id"), index=True)
    number: Mapped[int]  # what people call the feature in its file
    name: Mapped[str] = mapped_column(String(100), default="")
