"""The one table from a family of errors to a status, a page and JSON; what was typed is offered again."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from geo.errors import GeoError
from inspections import officers
from inspections.errors import (
    Conflict,
    InspectionError,
    Invalid,
    NotAllowed,
    NotFound,
    StorageFull,
    Unavailable,
)
from inspections.store import translate
from inspections.web.auth import SignInNeeded, wants_json
from inspections.web.context import READS, now, store, token
from inspections.web.words import in_words

log = logging.getLogger("xuntu")

# First match wins.
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (SignInNeeded, 401),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (StorageFull, 507),
    (Unavailable, 503),
    (Invalid, 422),
    (GeoError, 422),
)
NOT_KEPT = {"csrf_token", "password", "password_again", "old_password"}


def init_errors(app: Flask) -> None:
    """Answer every error as this module says."""
    app.register_error_handler(InspectionError, show_refusal)
    app.register_error_handler(GeoError, show_refusal)
    app.register_error_handler(CSRFError, show_stale_form)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_bug)


def sentence(error: Exception) -> str:
    """What an error says, in the person's language."""
    return in_words(error)


def status_of(error: Exception) -> int:
    """The HTTP status of a refusal."""
    return next((status for family, status in STATUSES if isinstance(error, family)), 400)


def show_refusal(error: InspectionError | GeoError) -> ResponseReturnValue:
    """Answer a refusal that no form caught."""
    status = status_of(error)
    g.failing = status >= 500
    if wants_json():
        return _json(status, error.code, sentence(error), error.field, _plain(error.facts))
    if isinstance(error, SignInNeeded):
        return _to_sign_in()
    if request.method not in READS and status not in (403, 404):
        return render_template("errors/again.html", message=sentence(error), fields=typed_fields()), status
    return _page(status, sentence(error))


def show_stale_form(_error: CSRFError) -> ResponseReturnValue:
    """A form whose session ended or changed: offer what was typed again."""
    if "sid" not in cookie:
        return _to_sign_in()
    message = gettext(
        "This form was open too long, or you signed in again meanwhile. Nothing is lost: send it again."
    )
    return render_template("errors/again.html", message=message, fields=typed_fields()), 422


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask itself refuses: unknown addresses, methods, sizes."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    said = {
        404: gettext(NotFound.message),
        405: gettext("This address does not take that kind of request. Go back and use the page's buttons."),
        413: gettext("That is too large. Send photos of up to 15 MB each, fewer at a time."),
        421: gettext("This server does not answer to that name. The technician sets it with XUNTU_URL."),
    }
    message = said.get(status) or gettext("The request could not be read. Go back and try again.")
    if wants_json():
        return _json(status, f"http.{status}", message)
    return _page(status, message)


def show_bug(error: Exception) -> ResponseReturnValue:
    """A bug: an incident number for the person, the traceback for the log."""
    if (said := translate(error)) is not None:  # no view was reached: the form itself could not be read
        g.failing, status = True, status_of(said)
        return _json(status, said.code, sentence(said)) if wants_json() else _page(status, sentence(said))
    incident, g.failing = secrets.token_hex(4), True
    log.error("incident %s: %s %s", incident, request.method, request.path, exc_info=error)
    message = gettext(
        "Something went wrong on the server. Nothing was saved. Tell the technician this number: %(n)s",
        n=incident,
    )
    if wants_json():
        return _json(500, "bug", message, details={"incident": incident})
    return _page(500, message, incident=incident)


def typed_fields() -> list[tuple[str, str]]:
    """What was typed into the form that came, without tokens and passwords."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_KEPT]


def _to_sign_in() -> Response:
    next_path = request.full_path.rstrip("?") if request.method in READS else "/"
    if request.method not in READS and token():
        with store().write() as writing:
            kept = officers.keep_form(writing, token(), request.path, typed_fields(), now())
        if kept:
            next_path = f"/resume/{kept}"
    return redirect(url_for("signing.show_sign_in", next=next_path), code=303)  # type: ignore[return-value]


def _page(status: int, message: str, **facts: Any) -> ResponseReturnValue:
    template = f"errors/{status}.html" if status in (403, 404, 409, 500, 503, 507) else "errors/other.html"
    return render_template(template, message=message, status=status, **facts), status


def _json(
    status: int, code: str, message: str, field: str | None = None, details: dict | None = None
) -> ResponseReturnValue:
    return jsonify({"code": code, "message": message, "field": field, "details": details or {}}), status


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in facts.items() if isinstance(value, str | int | float | bool | None)
    }
