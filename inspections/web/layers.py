"""The page of layers for reference: what there is of each kind, bringing another, putting one back."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from geo.errors import GeoError
from inspections import layers
from inspections.deadlines import beijing_day
from inspections.errors import Invalid
from inspections.imports import batches
from inspections.imports.answers import Answers
from inspections.imports.batches import AlreadyImported
from inspections.imports.layers import LONGEST_SOURCE, check_about
from inspections.layers import drawing
from inspections.map_features import read_box
from inspections.terms import codes
from inspections.typed import clean_text
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session, settings
from inspections.web.errors import sentence, status_of
from inspections.web.filters import label
from inspections.web.imports import uploads

bp = Blueprint("layers", __name__)
GEOJSON = "application/geo+json"
DEEPEST = 25  # zoom of a map


class SourceNeeded(Invalid):
    """A layer without a word on who it comes from."""

    code = "layer.source_needed"
    message = "Say who the layer comes from, such as an office and its document."
    field = "source"


class NotCleared(Invalid):
    """Nobody said that the file holds nothing secret."""

    code = "layer.not_cleared"
    message = "Tick that the file holds nothing secret. Secret data do not belong here."
    field = "cleared"


class ZoomUnreadable(Invalid):
    """No zoom of a map."""

    code = "layer.zoom_unreadable"
    message = "Write zoom as a number from 0 to 25."
    field = "zoom"


@bp.get("/layers")
@officer_may("layer.see")
def list_layers() -> ResponseReturnValue:
    """Every kind of layer with source, day and size, and the form for another."""
    return _show_list()


@bp.post("/layers")
@officer_may("layer.import")
def receive_layer() -> ResponseReturnValue:
    """Keep a file; it is checked, and applied at once if nothing of it is refused or asked."""
    try:
        answers = _read_about()
        with uploads.one_file(request.files.getlist("file")) as (name, file):
            batch = batches.receive(
                session(),
                settings().imports,
                file,
                name,
                subject="layers",
                kind=request.form.get("kind", ""),
                by=officer(),
                now=now(),
                answers=answers,
            )
    except AlreadyImported as error:
        return _show_list(error, known=error.batch_id), 409
    except (Invalid, GeoError) as error:
        return _show_list(error), status_of(error)
    return redirect(url_for("imports.show_import", batch_id=batch.id), code=303)


@bp.post("/layers/<uuid:layer_id>/restoration")
@officer_may("layer.import")
def put_layer_back(layer_id: UUID) -> ResponseReturnValue:
    """Put the former layer of a kind back into use."""
    return _take_step(layer_id, layers.put_back, lambda name: _("In use again: %(name)s.", name=name))


@bp.post("/layers/<uuid:layer_id>/removal")
@officer_may("layer.import")
def take_layer_away(layer_id: UUID) -> ResponseReturnValue:
    """Take the current layer of a kind out of use."""
    return _take_step(
        layer_id,
        layers.take_away,
        lambda name: _("Taken away: %(name)s. It is kept and can be put back.", name=name),
    )


@bp.get("/api/layers/<kind>.geojson")
@officer_may("layer.see")
def show_layer(kind: str) -> ResponseReturnValue:
    """Give what the map draws of a kind: the whole of it far out, the features of `bbox` near."""
    zoom_class = drawing.class_of(_zoom_asked())
    if zoom_class is None:
        found = drawing.draw_near(session(), kind, read_box(request.args.get("bbox", "")))
    else:
        found = drawing.draw_far(session(), kind, zoom_class)
    packed = "gzip" in request.accept_encodings
    response = Response(found.packed if packed else gzip.decompress(found.packed), mimetype=GEOJSON)
    if packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(found.etag if packed else f"{found.etag}-plain")
    return response.make_conditional(request)


def _zoom_asked() -> float:
    try:
        zoom = float(request.args.get("zoom", ""))
    except ValueError:
        raise ZoomUnreadable from None
    if not 0 <= zoom <= DEEPEST:
        raise ZoomUnreadable
    return zoom


def _show_list(error: Exception | None = None, known: UUID | None = None) -> str:
    return render_template(
        "layers/list.html",
        kinds=layers.list_kinds(session()),
        typed=request.form if error else {"kind": request.args.get("kind", "")},
        secrecies=codes("layer_secrecy"),
        refused=error and sentence(error),
        field=getattr(error, "field", None),
        known=known,
        endings=uploads.ENDINGS,
        today=beijing_day(now()),
    )


def _read_about() -> Answers:
    """Read what the form says of a layer."""
    said = request.form
    answers = Answers(
        source=clean_text(said.get("source", ""))[:LONGEST_SOURCE],
        dated=clean_text(said.get("dated", ""))[:20],
        secrecy=said.get("secrecy", ""),
        at_once=True,
    )
    if not answers.source:
        raise SourceNeeded
    check_about(answers, today=beijing_day(now()))
    if "cleared" not in said:
        raise NotCleared
    return answers


def _take_step(layer_id: UUID, step: Callable[..., None], done: Callable[[str], Any]) -> ResponseReturnValue:
    """Take one step with a layer; what moved meanwhile is said on the list."""
    layer = layers.get_layer(session(), layer_id)
    try:
        with session().begin_nested():
            step(session(), layer, by=officer(), now=now())
    except layers.LayerMoved as error:
        only_read()
        return _show_list(error), status_of(error)
    flash(done(label("layer_kind", layer.kind)))
    return redirect(url_for(".list_layers"), code=303)
