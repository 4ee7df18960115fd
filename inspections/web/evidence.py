"""Photos over HTTP: copies to look at, the original as an attachment; all inside the officer's scope."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from inspections import evidence
from inspections.errors import NotFound
from inspections.web.auth import officer, officer_may
from inspections.web.context import session, settings
from inspections.web.visits.input import read_shot

bp = Blueprint("evidence", __name__)
CACHE = "private, max-age=31536000, immutable"  # the bytes behind an id never change


@bp.get("/evidence/<uuid:evidence_id>/view")
@officer_may("visit.see")
def show_view(evidence_id: UUID) -> ResponseReturnValue:
    """Show a photo at up to 1600 pixels, upright, without metadata."""
    return _copy(_sha256(evidence_id), "view")


@bp.get("/evidence/<uuid:evidence_id>/thumb")
@officer_may("visit.see")
def show_thumb(evidence_id: UUID) -> ResponseReturnValue:
    """Show a photo at up to 320 pixels."""
    return _copy(_sha256(evidence_id), "thumb")


@bp.get("/evidence/<uuid:evidence_id>/original")
@officer_may("visit.see")
def show_original(evidence_id: UUID) -> ResponseReturnValue:
    """Hand out the bytes as they were received, as an attachment."""
    photo = evidence.get_evidence(session(), evidence_id, by=officer())
    path = evidence.original_of(settings().evidence, photo.sha256)
    answer = send_file(
        path, photo.media_type, as_attachment=True, download_name=f"{photo.sha256[:12]}{path.suffix}"
    )
    answer.headers["Cache-Control"] = CACHE
    return answer


@bp.get("/evidence/kept/<token>")
@officer_may("visit.log")
def show_kept(token: str) -> ResponseReturnValue:
    """Show a photo that this officer sent with a form which is not saved yet."""
    shot = read_shot(token, officer())
    if shot is None:
        raise NotFound
    return _copy(shot.sha256, "thumb")


def _sha256(evidence_id: UUID) -> str:
    return evidence.get_evidence(session(), evidence_id, by=officer()).sha256


def _copy(sha256: str, size: str) -> Response:
    etag = f"{sha256}-{size}"
    if request.if_none_match.contains(etag):
        answer = Response(status=304)
    else:
        answer = Response(evidence.copy_of(settings().evidence, sha256, size), mimetype="image/jpeg")
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = CACHE
    return answer
