"""HTTP: read the request, ask one use case, answer. `init_app` hangs everything on a Flask app."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, g, request
from flask import session as cookie
from flask_babel import Babel
from flask_wtf.csrf import generate_csrf
from werkzeug.middleware.proxy_fix import ProxyFix

from inspections import permissions
from inspections.areas import county_name
from inspections.map_files import MapFiles
from inspections.settings import LANGUAGES, Settings, secret_key
from inspections.store import Store
from inspections.web import assets, context, errors, filters, packed, security
from inspections.web.auth import require_doors
from inspections.web.blueprints import BLUEPRINTS
from inspections.web.context import XuntuApp
from inspections.web.tiles import tile_source


def init_app(app: Flask, settings: Settings, store: Store) -> None:
    """Hang settings, store, languages, doors and every view on `app`."""
    app.config.update(
        SECRET_KEY=secret_key(settings),
        SESSION_COOKIE_NAME="xuntu",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=security.MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=2_000_000,
        MAX_FORM_PARTS=2_000,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=settings.lang,
        BABEL_TRANSLATION_DIRECTORIES=str(Path(__file__).parent / "translations"),
    )
    app.extensions["xuntu.settings"] = settings
    app.extensions["xuntu.store"] = store
    app.extensions["xuntu.map_files"] = MapFiles(store, lambda: context.clock(app))
    app.jinja_options = {**app.jinja_options, "autoescape": True}
    app.jinja_env.add_extension("jinja2.ext.do")
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies
        )
    Babel(app, locale_selector=choose_language)
    errors.init_errors(app)
    security.init_security(app, settings)
    packed.init_packing(app)
    filters.init_filters(app)
    app.context_processor(words_for_templates)
    app.teardown_request(context.close_session)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    require_doors(app)
    assets.tree()  # read at the start, so that all a process serves fits together
    tile_source(settings.tiles)  # a wrong setting stops the start


def choose_language() -> str:
    """The person's choice, else the installation's: Chinese unless it says otherwise."""
    chosen = cookie.get("lang") or ""
    return chosen if chosen in LANGUAGES else context.settings().lang


def words_for_templates() -> dict[str, Any]:
    """What every template may use."""
    failing = g.get("failing", False)  # an error page must not ask the database that failed
    asking = g.get("actor") if failing else context.actor()
    return {
        "officer": asking,
        "may": lambda action, subject=None: asking is not None and permissions.may(asking, action, subject),
        "lang": filters.language(),
        "theme": request.cookies.get("theme", ""),
        "county_name": county_name(context.session()) if asking and not failing else "",
        "now": context.now(),
        "asset": assets.asset,
        "preloads": assets.preloads,
        "csrf_token": generate_csrf,
    }
