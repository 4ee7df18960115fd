"""Checked features put into the store as a new layer, in the place of the one before."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import shapely
from sqlalchemy.orm import Session

from inspections.imports.answers import Answers
from inspections.imports.layers import LONGEST_SOURCE, read_dated
from inspections.layers import replace_current
from inspections.models import ImportBatch, ImportRow, Layer, LayerFeature
from inspections.models.base import many_geometry_columns
from inspections.models.bulk import insert_rows
from inspections.permissions import Actor
from inspections.terms import LayerKind, LayerStanding
from inspections.typed import clean_text


class LayerWriter:
    """Writes the features of one batch in the caller's transaction; the first of them bring the layer."""

    def __init__(self, session: Session, batch: ImportBatch, *, by: Actor, now: datetime) -> None:
        self._session, self._batch, self._by, self._now = session, batch, by, now
        self._layer: Layer | None = None

    def write(self, rows: Sequence[ImportRow]) -> None:
        """Take the features: each part of one is a row of its own."""
        layer = self._layer = self._layer or self._bring()
        shapes = shapely.from_wkb([row.shape for row in rows])
        parts, places = shapely.get_parts(shapes, return_index=True)
        of_parts = [rows[int(place)] for place in places]
        insert_rows(
            self._session,
            LayerFeature.__table__,
            [
                {"layer_id": layer.id, "number": row.number, "name": row.facts["name"], **columns}
                for row, columns in zip(of_parts, many_geometry_columns(parts), strict=True)
            ],
        )
        for name in ("area_m2", "length_m"):
            sizes = [row.facts[name] for row in rows if row.facts[name] is not None]
            if sizes:
                setattr(layer, name, round((getattr(layer, name) or 0.0) + sum(sizes), 2))

    def _bring(self) -> Layer:
        batch, said = self._batch, Answers.of(self._batch.answers)
        layer = Layer(
            id=uuid.uuid4(),
            kind=LayerKind(batch.kind),
            standing=LayerStanding.CURRENT,
            source=clean_text(said.source)[:LONGEST_SOURCE],
            dated=read_dated(said.dated),
            secrecy=said.secrecy,
            file_name=batch.file_name,
            sha256=batch.sha256,
            crs=batch.crs,
            features=batch.rows_accepted,
            imported_at=self._now,
            imported_by_id=self._by.id,
            import_id=batch.id,
        )
        replace_current(self._session, layer, by=self._by, now=self._now)
        return layer
