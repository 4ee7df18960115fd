"""What belongs to one request: the database session, the officer, and the only commit.

A GET reads; anything else may write and commits once, after the view, if the answer is not a refusal. Who
asks is looked up in a short read of its own, so that a slow upload never holds the one write lock.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Flask, Request, Response, current_app, g, request
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict, iter_multi_items

from inspections import officers
from inspections.errors import DatabaseBusy
from inspections.map_files import MapFiles
from inspections.permissions import Actor, actor_of
from inspections.settings import Settings
from inspections.store import Store, now_utc, translate

READS = ("GET", "HEAD", "OPTIONS")


# What nobody types, no page may hold and PostgreSQL does not store.
_LAST_OF_PLANES = "".join(f"{chr(end - 2)}{chr(end - 1)}" for end in range(0x10000, 0x110001, 0x10000))
_UNWRITABLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef{_LAST_OF_PLANES}]")


class Fields(ImmutableMultiDict):
    """The fields of a form or an address, their texts without what cannot be stored and shown."""

    def __init__(self, mapping: Any = None) -> None:
        super().__init__([(name, _writable(value)) for name, value in iter_multi_items(mapping or ())])


class XuntuRequest(Request):
    """A request whose texts can be stored and shown."""

    parameter_storage_class = Fields


class XuntuApp(Flask):
    """Flask, with one transaction around each view."""

    request_class = XuntuRequest

    def dispatch_request(self) -> Response:  # type: ignore[override]
        """Run the view, then commit; a refusal or an error rolls back."""
        try:
            response = self.make_response(super().dispatch_request())
            if response.status_code < 400:
                _commit()
        except Exception as error:
            _close()
            translated = translate(error)
            if translated is None:
                raise
            raise translated from error
        return response


def settings() -> Settings:
    """The settings the app was started with."""
    return current_app.extensions["xuntu.settings"]


def store() -> Store:
    """The open store."""
    return current_app.extensions["xuntu.store"]


def map_files() -> MapFiles:
    """The map's data, kept for all requests."""
    return current_app.extensions["xuntu.map_files"]


def now() -> datetime:
    """The moment of this request, the same for all of it."""
    if "now" not in g:
        g.now = clock(current_app)
    return g.now


def clock(app: Flask) -> datetime:
    """The moment it is; a test may have its own clock."""
    return app.extensions.get("xuntu.clock", now_utc)()


def session() -> Session:
    """The request's database session: read-only in a GET."""
    if "session" not in g:
        g.session = store().begin(writes=request.method not in READS)
    return g.session


def only_read() -> Session:
    """From here on this request reads: what it began is rolled back, and the one write lock is free."""
    _close()
    g.session = store().begin(writes=False)
    return g.session


def actor() -> Actor | None:
    """Who asks, or None for a stranger."""
    if "actor" not in g:
        g.actor = _identify()
    return g.actor


def token() -> str:
    """The session token in the cookie, or an empty text."""
    return cookie.get("sid", "")


def close_session(_error: BaseException | None = None) -> None:
    """Give back the request's session; what was not committed is rolled back."""
    _close()


def _writable(value: Any) -> Any:
    return _UNWRITABLE.sub("", value) if isinstance(value, str) else value


def _identify() -> Actor | None:
    if not token():
        return None
    with store().read() as reading:
        found = officers.find_signed_in(reading, token(), now())
        if found is None:
            return None
        stale = now() - found.sign_in.last_used_at > officers.NOTED_EVERY
        g.officer_lang = found.officer.lang
        identified = actor_of(found.officer, request.remote_addr or "")
    if stale:
        _note_use()
    return identified


def _note_use() -> None:
    try:
        with store().write_soon() as writing:
            officers.note_use(writing, token(), now())
    except DatabaseBusy:
        pass  # the next request notes it


def _commit() -> None:
    opened: Session | None = g.get("session")
    if opened is not None:
        if request.method in READS:
            opened.rollback()
        else:
            opened.commit()
            map_files().look_soon()


def _close() -> None:
    opened: Any = g.pop("session", None)
    if opened is not None:
        opened.close()
