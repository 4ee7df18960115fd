"""Signing in and out, and what was typed when a session had ended."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from inspections import officers
from inspections.errors import InspectionError, NotFound
from inspections.web.auth import officer, public, signed_in
from inspections.web.context import actor, now, session, store, token
from inspections.web.errors import sentence

bp = Blueprint("signing", __name__)


@bp.get("/")
@public
def show_start() -> ResponseReturnValue:
    """The first page by role: the map for who oversees, the sites for who works on them."""
    asking = actor()
    if asking is None:
        return redirect(url_for(".show_sign_in"), code=303)
    start = {"leader": "/map", "supervisor": "/map", "admin": "/officers"}.get(asking.role, "/sites")
    return redirect(start, code=303)


@bp.get("/sign-in")
@public
def show_sign_in() -> ResponseReturnValue:
    """The form."""
    if actor() is not None:
        return redirect(safe_next(), code=303)
    return render_template("signing/sign_in.html", next=safe_next(), name="")


@bp.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Check name and password; 303, 422, or 429 while locked."""
    name, address = request.form.get("name", ""), request.remote_addr or ""
    try:
        with store().read() as reading:
            officer_id = officers.check_sign_in(
                reading, name, request.form.get("password", ""), address=address, now=now()
            )
        new_token = officers.open_session(session(), officer_id, address=address, now=now(), device=_device())
    except officers.SignInLocked as refused:
        return _refused(refused, name), 429
    except officers.SignInRefused as refused:
        note_failure(name)
        return _refused(refused, name), 422
    officers.sign_out(session(), token(), now())
    language = cookie.get("lang")
    cookie.clear()
    cookie.permanent = True
    cookie.update({"sid": new_token} | ({"lang": language} if language else {}))
    return redirect(safe_next(), code=303)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session at once."""
    officers.sign_out(session(), token(), now())
    cookie.clear()
    return redirect(url_for(".show_sign_in"), code=303)


@bp.get("/resume/<uuid:kept_id>")
@signed_in
def show_kept_form(kept_id: UUID) -> ResponseReturnValue:
    """What was typed before the session ended, to send again with one press."""
    kept = officers.find_kept_form(session(), kept_id, officer())
    if kept is None:
        raise NotFound
    message = gettext("Your session had ended. What you typed was kept: look at it and send it again.")
    return render_template("errors/again.html", message=message, fields=kept.fields, action=kept.path)


def note_failure(name: str) -> None:
    """Count a wrong password in a transaction of its own; what this request began is given up."""
    session().rollback()
    with store().write() as writing:
        officers.note_failure(writing, name, address=request.remote_addr or "", now=now())


def _refused(refused: InspectionError, name: str) -> str:
    return render_template("signing/sign_in.html", error=sentence(refused), next=safe_next(), name=name)


def _device() -> str:
    """A session that begins on the tablet's page lasts as the field needs it."""
    return "field" if urlsplit(safe_next()).path.split("/")[1] == "field" else "office"


def safe_next() -> str:
    """Where to go on: a path of this site from `next`, else the start page."""
    wanted = request.values.get("next", "")
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if inside else "/"
