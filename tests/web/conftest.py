"""The app over each store, and a client for each persona."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from app import create_app
from inspections.settings import Settings
from inspections.store import Store
from inspections.terms import Kind, Role
from tests.factories import PASSWORD, WEST, a_body, a_county, an_officer


class Compiled(BytecodeCache):
    """Templates compiled once for all the apps of a run: each test has an app of its own."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()
PERSONAS = ("inspector", "township", "department", "supervisor", "leader", "admin")
SETTINGS = Settings(secret_key="a key for tests only", url="http://localhost", lang="zh_CN")


@pytest.fixture
def app(store: Store, tmp_path: Path, now) -> Flask:
    """The app with an empty county of two townships and one officer a role, all at one moment."""
    return build(store, tmp_path, now)


@pytest.fixture
def sqlite_app(sqlite_store: Store, tmp_path: Path, now) -> Flask:
    """The same on SQLite only, for what does not touch the store's differences."""
    return build(sqlite_store, tmp_path, now)


def build(store: Store, tmp_path: Path, now) -> Flask:
    with store.write() as session:
        a_county(session)
        body = a_body(session, name="西镇人民政府", area_code=WEST)
        for role in Role:
            west = (WEST,) if role in (Role.INSPECTOR, Role.TOWNSHIP) else ()
            kinds = (Kind.POND, Kind.STRAW) if role is Role.DEPARTMENT else ()
            an_officer(session, role, name=role.value, areas=west, kinds=kinds, body_id=body.id)
    app = create_app(replace(SETTINGS, data=tmp_path / "data"), store)
    app.testing = True
    app.jinja_env.bytecode_cache = COMPILED
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.extensions["xuntu.clock"] = lambda: now
    return app


@pytest.fixture
def as_officer(app: Flask) -> Callable[[str], FlaskClient]:
    """`as_officer("township")` is a client signed in as that persona; `"stranger"` is not signed in."""
    return lambda name: sign_in_as(app, name)


@pytest.fixture
def as_sqlite_officer(sqlite_app: Flask) -> Callable[[str], FlaskClient]:
    return lambda name: sign_in_as(sqlite_app, name)


def sign_in_as(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    if name != "stranger":
        answer = client.post(
            "/sign-in", data={"name": name, "password": PASSWORD, "csrf_token": csrf_of(client, "/sign-in")}
        )
        assert answer.status_code == 303, answer.text
    return client


def csrf_of(client: FlaskClient, path: str) -> str:
    """The CSRF token of the first form on a page."""
    page = client.get(path).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, f"no form with a token on {path}"
    return found[1]
