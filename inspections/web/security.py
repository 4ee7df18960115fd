"""What holds for every request and answer: the allowed Host, CSRF, the headers, and who may write over JSON.

A form carries a CSRF token. The JSON API does not, because a page from a tablet's cache would carry an old
one: there the own origin and a header that no foreign form can set are asked instead.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden, MisdirectedRequest

from inspections.settings import Settings
from inspections.web.context import READS, token

MAX_REQUEST_BYTES = 20 * 15_000_000 + 1_000_000  # twenty photos and a form
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; form-action 'self'; img-src 'self' data: blob:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MAX_FORM_BYTES = 2_000_000
csrf = CSRFProtect()


class ForeignWrite(Forbidden):
    """A writing JSON request without our header, or from another origin."""

    description = "Writing requests carry X-Xuntu: 1 and come from this site's own pages."


def init_security(app: Flask, settings: Settings) -> None:
    """Put the checks before every request and the headers after it."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # `check_request` asks, after the Host
    csrf.init_app(app)
    hosts = allowed_hosts(settings)

    @app.before_request
    def check_request() -> None:
        if request.host.lower() not in hosts:
            raise MisdirectedRequest
        if request.method not in READS:
            check_write()

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.url.startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The Host headers taken: the public address, or loopback names and `--host` at the served port."""
    if settings.url:
        return frozenset({urlsplit(settings.url).netloc.lower()})
    names = {*LOOPBACK, settings.host.lower()}
    return frozenset(f"{name}:{settings.port}" for name in names) | (
        names if settings.port == 80 else frozenset()
    )


def check_write() -> None:
    """Refuse a write that no page of ours sent, and one too large for what it is."""
    if not token() or request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = MAX_FORM_BYTES  # read into memory whole; photos come in parts
    if request.path.startswith("/api/"):
        check_json_write()
    elif current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()


def check_json_write() -> None:
    """Refuse a writing request to the JSON API that a foreign page could have sent."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in (None, "same-origin") or (
        origin is not None and origin != request.host_url.rstrip("/")
    )
    if foreign or request.headers.get("X-Xuntu") != "1":
        raise ForeignWrite
