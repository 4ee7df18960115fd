"""Static files, the health check, and the language and theme a person chose."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from inspections.settings import LANGUAGES
from inspections.web import assets, packed
from inspections.web.auth import public
from inspections.web.context import store
from inspections.web.signing import safe_next

bp = Blueprint("statics", __name__)
A_YEAR = 31_536_000


@bp.get("/static/<path:path>")
@public
def show_static(path: str) -> ResponseReturnValue:
    """A file of ours or of `vendor`; kept for good where the address carries the version that is served.

    Under the version of another day a sheet or a picture is given as it is now. A script is not: a page that
    was opened before an upgrade would run modules of both.
    """
    tree = assets.tree()
    version, _, below = path.partition("/")
    fixed = version == tree.version
    outdated = not fixed and assets.VERSION.fullmatch(version)
    file = tree.files.get(below if fixed or outdated else path)
    if file is None or (outdated and below.endswith(".js")):
        raise NotFound
    response = _answer(file)
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable" if fixed else "no-cache"
    return response


@bp.get("/healthz")
@public
def show_health() -> ResponseReturnValue:
    """Whether the server and its database answer."""
    return jsonify({"ok": store().version() is not None})


@bp.post("/language")
@public
def choose_language() -> ResponseReturnValue:
    """Remember the language on this browser."""
    if request.form.get("lang") in LANGUAGES:
        cookie["lang"] = request.form["lang"]
    return redirect(safe_next(), code=303)


@bp.post("/theme")
@public
def choose_theme() -> ResponseReturnValue:
    """Remember the theme on this browser."""
    response = redirect(safe_next(), code=303)
    theme = request.form.get("theme", "")
    if theme in ("", "light", "dark", "sun"):
        response.set_cookie("theme", theme, max_age=A_YEAR, samesite="Lax")
    return response


def _answer(file: assets.StaticFile) -> Response:
    """Give a file, packed for who takes that; its tag says which of the two it is."""
    packed_content = file.packed if packed.takes_gzip() else None
    response = Response(file.content if packed_content is None else packed_content, mimetype=file.media_type)
    if file.is_text:
        response.vary.add("Accept-Encoding")
    if packed_content is not None:
        response.content_encoding = "gzip"
    response.set_etag(file.tag if packed_content is None else f"{file.tag}-gzip")
    return response.make_conditional(request)
