"""Layers for reference: which there are of each kind, and one put in the place of another.

Of each kind one layer is current; the one it replaced is kept, so that it can be put back, and one before
that goes. How files become layers is `inspections.imports`' business, what of a site lies in them is
`.overlaps`, what the map draws of them is `.drawing`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.errors import Conflict, NotFound
from inspections.models import ImportBatch, Layer, LayerFeature, Officer
from inspections.permissions import Actor, require
from inspections.terms import ImportState, LayerKind, LayerStanding

AREAL = (LayerKind.CROPLAND, LayerKind.BASIC_FARMLAND, LayerKind.BAN_ZONES)  # a site may lie in these


class LayerMoved(Conflict):
    """The layer does not stand any more where the step takes it from."""

    code = "layer.moved"
    message = "Meanwhile another layer of this kind was imported or put back. Look at the list again."


@dataclass(frozen=True)
class KindOfLayer:
    """What there is of one kind: the layer in use, the one kept from before, who imported each."""

    kind: LayerKind
    current: Layer | None = None
    former: Layer | None = None
    current_by: str = ""
    former_by: str = ""


def list_kinds(session: Session) -> list[KindOfLayer]:
    """List every kind of layer with what there is of it, in the order of `LayerKind`."""
    query = select(Layer, Officer.full_name).outerjoin(Officer, Officer.id == Layer.imported_by_id)
    found = {(layer.kind, layer.standing): (layer, name or "") for layer, name in session.execute(query)}
    return [_of_kind(kind, found) for kind in LayerKind]


def list_current(session: Session, kinds: Iterable[LayerKind] = tuple(LayerKind)) -> list[Layer]:
    """List the layers in use of some kinds, in the order of `LayerKind`."""
    query = select(Layer).where(Layer.standing == LayerStanding.CURRENT, Layer.kind.in_(tuple(kinds)))
    found = {layer.kind: layer for layer in session.scalars(query)}
    return [found[kind] for kind in LayerKind if kind in found]


def find_current(session: Session, kind: LayerKind) -> Layer | None:
    """Find the layer in use of a kind."""
    return next(iter(list_current(session, (kind,))), None)


def get_layer(session: Session, layer_id: uuid.UUID) -> Layer:
    """Return one layer, held until this transaction ends, or raise `NotFound`."""
    layer = session.scalar(select(Layer).where(Layer.id == layer_id).with_for_update())
    if layer is None:
        raise NotFound
    return layer


def replace_current(session: Session, layer: Layer, *, by: Actor, now: datetime) -> None:
    """Put a new layer in the place of the current one of its kind, which is kept as the former one.

    Its features are the caller's to add, in the same transaction.
    """
    require(by, "layer.import")
    before = _make_former(session, layer.kind, by=by, now=now)
    layer.standing = LayerStanding.CURRENT
    session.add(layer)
    session.flush()
    facts = _facts(layer) | {"replaces": None if before is None else str(before.id)}
    _tell(session, layer, "layer.imported", facts, by, now)


def put_back(session: Session, layer: Layer, *, by: Actor, now: datetime) -> None:
    """Put the former layer of a kind back into use; the current one is kept in its place.

    Raises
    ------
    LayerMoved
        It is not the former one any more.
    """
    require(by, "layer.import")
    if layer.standing is not LayerStanding.FORMER:
        raise LayerMoved
    current = _find(session, layer.kind, LayerStanding.CURRENT)
    if current is not None:
        current.standing = LayerStanding.FORMER
        session.flush()  # two may not be current, not even for a moment
    layer.standing = LayerStanding.CURRENT
    session.flush()
    facts = _facts(layer) | {"replaces": None if current is None else str(current.id)}
    _tell(session, layer, "layer.put_back", facts, by, now)


def take_away(session: Session, layer: Layer, *, by: Actor, now: datetime) -> None:
    """Take the current layer of a kind out of use; it is kept as the former one.

    Raises
    ------
    LayerMoved
        It is not the current one any more.
    """
    require(by, "layer.import")
    if layer.standing is not LayerStanding.CURRENT:
        raise LayerMoved
    _make_former(session, layer.kind, by=by, now=now)
    _tell(session, layer, "layer.taken_away", _facts(layer), by, now)


def _of_kind(
    kind: LayerKind, found: Mapping[tuple[LayerKind, LayerStanding], tuple[Layer, str]]
) -> KindOfLayer:
    current, current_by = found.get((kind, LayerStanding.CURRENT), (None, ""))
    former, former_by = found.get((kind, LayerStanding.FORMER), (None, ""))
    return KindOfLayer(kind, current, former, current_by, former_by)


def _find(session: Session, kind: LayerKind, standing: LayerStanding) -> Layer | None:
    query = select(Layer).where(Layer.kind == kind, Layer.standing == standing)
    return session.scalar(query.with_for_update().limit(1))


def _make_former(session: Session, kind: LayerKind, *, by: Actor, now: datetime) -> Layer | None:
    """Make the current layer the former one; what was kept as that until now goes."""
    current = _find(session, kind, LayerStanding.CURRENT)
    if current is None:
        return None
    former = _find(session, kind, LayerStanding.FORMER)
    if former is not None:
        _forget(session, former, by=by, now=now)
    current.standing = LayerStanding.FORMER
    session.flush()
    return current


def _forget(session: Session, layer: Layer, *, by: Actor, now: datetime) -> None:
    """Delete a layer; its file may come again. What it was stays in the ledger."""
    session.execute(delete(LayerFeature).where(LayerFeature.layer_id == layer.id))
    batch = session.get(ImportBatch, layer.import_id) if layer.import_id else None
    if batch is not None:
        batch.state, batch.undone_at, batch.undone_by_id = ImportState.UNDONE, now, by.id
    session.delete(layer)
    session.flush()


def _facts(layer: Layer) -> dict[str, Any]:
    names = ("source", "secrecy", "file_name", "sha256", "features")
    facts: dict[str, Any] = {name: getattr(layer, name) for name in names} | {"kind": layer.kind.value}
    facts["batch"] = str(layer.import_id) if layer.import_id else None
    return facts | {"dated": layer.dated and layer.dated.isoformat()}


def _tell(
    session: Session, layer: Layer, action: str, facts: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    ledger.append(session, by, action, "layer", layer.id, at=now, facts=facts)
