"""The map's data for the browser: columnar files of the officer's own scope, and the card of one site."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from inspections import map_features
from inspections.map_files import Scope
from inspections.web.api import card_of
from inspections.web.auth import officer, officer_may
from inspections.web.context import map_files, now, session

bp = Blueprint("map_files", __name__)
COLUMNS = "application/octet-stream"


@bp.get("/api/map/sites")
@officer_may("site.see")
def show_sites() -> ResponseReturnValue:
    """Give place, kind and state of each site: what the map draws first and asks for again and again."""
    return _part("sites")


@bp.get("/api/map/shapes")
@officer_may("site.see")
def show_shapes() -> ResponseReturnValue:
    """Give keys, villages, bodies, last visits and true shapes."""
    return _part("shapes")


@bp.get("/api/map/names")
@officer_may("site.see")
def show_names() -> ResponseReturnValue:
    """Give names and numbers."""
    return _part("names")


@bp.get("/api/map/cards/<int(max=2147483647):key>")
@officer_may("site.see")
def show_card(key: int) -> ResponseReturnValue:
    """One site's card, by its key in the files."""
    return card_of(map_features.get_site_by_key(session(), key, by=officer()))


def _part(part: str) -> Response:
    """Answer with a part of the officer's scope, or that what the browser has is still the same."""
    kept = map_files().current(session(), now())
    file = kept.edition.file(Scope.of(officer()), part)
    packed = "gzip" in request.accept_encodings
    response = Response(mimetype=COLUMNS)
    response.vary.add("Accept-Encoding")
    response.set_etag(file.etag + ("-gzip" if packed else ""))
    response.headers["X-Xuntu-Time"] = _instant(now())
    response.headers["X-Xuntu-As-Of"] = _instant(kept.as_of)
    if response.make_conditional(request).status_code == 304:
        return response
    if packed:
        response.content_encoding = "gzip"
    response.set_data(file.packed if packed else file.plain())
    return response


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"
