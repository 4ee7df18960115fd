"""Static files, the health check, and the language and theme a person chose."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, jsonify, redirect, request, send_from_directory
from flask import session as cookie
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from inspections.settings import LANGUAGES
from inspections.web.auth import public
from inspections.web.context import store
from inspections.web.signing import safe_next

bp = Blueprint("statics", __name__)
STATIC = Path(__file__).parent.parent.parent / "static"
SERVED = {".js", ".css", ".svg", ".png", ".webp", ".json", ".map", ".ico"}
A_YEAR = 31_536_000


@bp.get("/static/<path:path>")
@public
def show_static(path: str) -> ResponseReturnValue:
    """A file of ours or of `vendor`; kept for good where the address carries its version."""
    if Path(path).suffix not in SERVED or path in ("package.json", "package-lock.json"):
        raise NotFound
    response = send_from_directory(STATIC, path, conditional=True)
    fixed = "v" in request.args
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
