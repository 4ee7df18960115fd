"""Who may enter: everybody tries every route (DESIGN §2); no GET writes, nothing is written unasked."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copyfile, copytree
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import create_app
from inspections.models import Evidence, Officer
from inspections.permissions import Actor, actor_of
from inspections.store import Store
from inspections.terms import Role
from inspections.web.visits.input import Shot, sign_shot
from tests.factories import NOW, WEST, an_officer
from tests.imports import an_import
from tests.layers import a_layer
from tests.photos import a_photo
from tests.web.conftest import COMPILED, PERSONAS, SETTINGS, build, sign_in_as
from tests.web.world import World, a_world

ANYBODY = {*PERSONAS, "auditor", "stranger"}
ALL = {*PERSONAS, "auditor"}  # the auditor: a leader's account marked read only
FIELD = {"inspector", "township", "department", "supervisor", "leader"}
KEEPERS = {"township", "department", "supervisor"}
MAY_ADD = FIELD
MAY_CORRECT = KEEPERS | {"admin"}
ADMIN = {"admin"}

# DESIGN §2, door by door.
DOORS: dict[tuple[str, str], set[str]] = {
    ("api.show_areas", "GET"): ALL,
    ("api.show_counts", "GET"): ALL,
    ("api.show_site", "GET"): ALL,
    ("api.show_sites", "GET"): ALL,
    ("areas.list_areas", "GET"): ALL,
    ("areas.list_differences", "GET"): ALL,
    ("areas.settle_differences", "POST"): MAY_CORRECT,
    ("areas.show_area", "GET"): ALL,
    ("bodies.add_body", "POST"): ADMIN,
    ("bodies.correct_body", "POST"): ADMIN,
    ("bodies.end_body", "POST"): ADMIN,
    ("bodies.list_bodies", "GET"): ADMIN,
    ("bodies.new_body", "GET"): ADMIN,
    ("bodies.resume_body", "POST"): ADMIN,
    ("bodies.show_body", "GET"): ADMIN,
    ("cases.list_cases", "GET"): ALL,
    ("cases.show_case", "GET"): ALL,
    ("evidence.show_kept", "GET"): {"inspector"},  # who sent it
    ("evidence.show_original", "GET"): ALL,
    ("evidence.show_thumb", "GET"): ALL,
    ("evidence.show_view", "GET"): ALL,
    ("exports.send_export", "POST"): ALL,  # without restricted fields; it notes what was taken along
    ("exports.show_export", "GET"): ALL,
    ("imports.answer_import", "POST"): {"township", "supervisor"},  # who sent it
    ("imports.apply_import", "POST"): {"township", "supervisor"},
    ("imports.check_import", "POST"): {"township", "supervisor"},
    ("imports.give_up_import", "POST"): {"township", "supervisor"},
    ("imports.list_imports", "GET"): MAY_CORRECT,
    ("imports.receive_import", "POST"): MAY_CORRECT,
    ("imports.show_import", "GET"): {"township", "supervisor", "admin"},
    ("imports.show_progress", "GET"): {"township", "supervisor", "admin"},
    ("imports.show_refused_rows", "GET"): {"township", "supervisor"},
    ("imports.show_report", "GET"): {"township", "supervisor", "admin"},
    ("imports.stop_import", "POST"): {"township", "supervisor"},
    ("imports.undo_import", "POST"): {"township", "supervisor"},
    ("map_files.show_card", "GET"): ALL,
    ("map_files.show_names", "GET"): ALL,
    ("map_files.show_shapes", "GET"): ALL,
    ("map_files.show_sites", "GET"): ALL,
    ("layers.list_layers", "GET"): ALL,
    ("layers.show_layer", "GET"): ALL,
    ("layers.put_layer_back", "POST"): {"supervisor", "admin"},
    ("layers.receive_layer", "POST"): {"supervisor", "admin"},
    ("layers.take_layer_away", "POST"): {"supervisor", "admin"},
    ("maps.show_map", "GET"): ALL,
    ("maps.show_script", "GET"): ALL,
    ("officers.activate_officer", "POST"): ADMIN,
    ("officers.add_officer", "POST"): ADMIN,
    ("officers.change_password", "POST"): ALL,
    ("officers.correct_officer", "POST"): ADMIN,
    ("officers.deactivate_officer", "POST"): ADMIN,
    ("officers.end_session", "POST"): ALL,
    ("officers.list_officers", "GET"): ADMIN,
    ("officers.new_officer", "GET"): ADMIN,
    ("officers.set_password", "POST"): ADMIN,
    ("officers.show_account", "GET"): ALL,
    ("officers.show_officer", "GET"): ADMIN,
    ("search.show_found", "GET"): ALL,
    ("signing.show_kept_form", "GET"): {"inspector"},  # who typed it
    ("signing.show_sign_in", "GET"): ANYBODY,
    ("signing.show_start", "GET"): ANYBODY,
    ("signing.sign_in", "POST"): ANYBODY,
    ("signing.sign_out", "POST"): ANYBODY,
    ("sites.activate_site", "POST"): KEEPERS,
    ("sites.add_site", "POST"): MAY_ADD,
    ("sites.correct_site", "POST"): MAY_CORRECT,
    ("sites.edit_site", "GET"): MAY_CORRECT,
    ("sites.find_site", "GET"): ALL,
    ("sites.list_sites", "GET"): ALL,
    ("sites.merge_site", "POST"): {"department", "supervisor"},
    ("sites.new_site", "GET"): MAY_ADD,
    ("sites.refuse_site", "POST"): KEEPERS,
    ("sites.retire_site", "POST"): {"department", "supervisor"},
    ("sites.show_operator", "POST"): KEEPERS,
    ("sites.show_site", "GET"): ALL,
    ("statics.choose_language", "POST"): ANYBODY,
    ("statics.choose_theme", "POST"): ANYBODY,
    ("statics.show_health", "GET"): ANYBODY,
    ("statics.show_static", "GET"): ANYBODY,
    ("tiles.show_tile", "GET"): ALL,
    ("visit_forms.correct_visit", "GET"): {"inspector"},  # returned, or one's own before its review
    ("visit_forms.log_visit", "POST"): FIELD,
    ("visit_forms.new_clean_visit", "GET"): FIELD,
    ("visit_forms.new_visit", "GET"): FIELD,
    ("visits.list_visits", "GET"): ALL,
    ("visits.return_visit", "POST"): KEEPERS,
    ("visits.review_visit", "POST"): KEEPERS,
    ("visits.show_restricted", "POST"): KEEPERS,
    ("visits.show_visit", "GET"): ALL,
    ("visits.void_visit", "POST"): {"supervisor"},
}
DRAFTS = {"sites.activate_site", "sites.refuse_site"}
SCOPED = ("inspector", "township", "department")
REFUSED = (403, 404)


@dataclass
class Place:
    """The app over a copy of the world, and who is signed in to it."""

    app: Flask
    world: World
    database: Path
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def client(self, who: str) -> FlaskClient:
        if who not in self.clients:
            self.clients[who] = sign_in_as(self.app, who)
        return self.clients[who]


@pytest.fixture(scope="module")
def filled(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """The world, made once: its folder is copied for each test."""
    folder = tmp_path_factory.mktemp("routes")
    copyfile(_migrated_sqlite, folder / "xuntu.sqlite3")
    store = Store(f"sqlite:///{folder / 'xuntu.sqlite3'}")
    build(store, folder, NOW)
    with store.write() as session:
        an_officer(session, Role.LEADER, name="auditor", read_only=True)
        world = a_world(session, folder / "data" / "evidence")
        world.inside["layer_id"] = str(a_layer(session).id)
    settings = replace(SETTINGS, data=folder / "data")
    world.inside["batch_id"] = str(an_import(store, settings, as_officer(store, "township")))
    store.close()
    return folder, world


@pytest.fixture
def place(filled: tuple[Path, World], tmp_path: Path) -> Iterator[Place]:
    """The app over a world of the test's own, with a folder of tiles."""
    folder, world = filled
    copytree(folder, tmp_path / "place")
    database = tmp_path / "place" / "xuntu.sqlite3"
    settings = replace(SETTINGS, data=tmp_path / "place" / "data", tiles=str(a_tile(tmp_path)))
    store = Store(f"sqlite:///{database}")
    app = create_app(settings, store)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.jinja_env.bytecode_cache = COMPILED
    app.extensions["xuntu.clock"] = lambda: NOW
    yield Place(app, world, database)
    store.close()


def as_officer(store: Store, name: str) -> Actor:
    with store.read() as session:
        return actor_of(session.scalars(select(Officer).where(Officer.name == name)).one())


def a_tile(folder: Path) -> Path:
    """A folder of tiles with one in it."""
    path = folder / "tiles" / "10" / "797" / "394.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(a_photo("PNG"))
    return folder / "tiles"


@pytest.fixture
def without_csrf(place: Place) -> Iterator[None]:
    """Let POSTs through without a token, so that what answers is the door."""
    place.app.config["WTF_CSRF_ENABLED"] = False
    yield
    place.app.config["WTF_CSRF_ENABLED"] = True


def doors_of(app: Flask) -> list[tuple[str, str]]:
    return sorted(
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    )


def rule_of(app: Flask, door: tuple[str, str]) -> Rule:
    return next(
        rule
        for rule in app.url_map.iter_rules()
        if (rule.endpoint, True) == (door[0], door[1] in rule.methods)
    )


def address(place: Place, door: tuple[str, str], ids: dict[str, str] | None = None) -> str:
    """A real address behind a door: ids of the world, a tile, a style sheet, the map's own script."""
    ids = ids or (place.world.draft if door[0] in DRAFTS else place.world.inside)
    facts = ids | {
        "z": "10",
        "x": "797",
        "y": "394",
        "path": "css/base.css",
        "code": WEST,
        "kind": "villages",
    }
    if door[0] == "maps.show_script":
        page = place.client("leader").get("/map").text
        facts |= {"version": re.search(r'"/map/([^/"]+)\.js', page)[1]}
    if door[0] == "evidence.show_kept":
        facts |= {"token": token_of(place)}
    rule = rule_of(place.app, door)
    with place.app.test_request_context():
        built = place.app.url_map.bind("localhost").build(
            rule.endpoint, {name: facts[name] for name in rule.arguments}, method=door[1]
        )
    return built.removeprefix("http://localhost")


def token_of(place: Place) -> str:
    """The name of a photo that the inspector sent with a form not yet saved."""
    store = place.app.extensions["xuntu.store"]
    with store.read() as session, place.app.app_context():
        photo = session.get(Evidence, UUID(place.world.inside["evidence_id"]))
        author = session.scalars(select(Officer).where(Officer.name == "inspector")).one()
        return sign_shot(Shot(photo.sha256), actor_of(author))


def knock(place: Place, who: str, door: tuple[str, str], ids: dict[str, str] | None = None) -> TestResponse:
    headers = {"X-Xuntu": "1"} if door[1] != "GET" else {}
    path = address(place, door, ids)
    client = place.client(who)
    return client.open(path, method=door[1], headers=headers, buffered=True)


def leaving_last(row: tuple[tuple[str, str], set[str]]) -> tuple[int, str]:
    """Looking first, then changing, then signing out."""
    (endpoint, method), _ = row
    return (0 if method == "GET" else 2 if endpoint == "signing.sign_out" else 1), endpoint


def in_scope_rules(app: Flask) -> list[tuple[str, str]]:
    named = {"site_id", "visit_id", "case_id", "evidence_id", "key", "number"}
    return [door for door in doors_of(app) if rule_of(app, door).arguments & named]


def test_the_table_names_every_route_and_no_other(place):
    assert doors_of(place.app) == sorted(DOORS)


@pytest.mark.parametrize("who", sorted(ANYBODY))
def test_each_door_opens_for_whom_the_table_says_and_nobody_else(place, without_csrf, who):
    wrong = {}
    for door, admitted in sorted(DOORS.items(), key=leaving_last):
        status = knock(place, who, door).status_code
        open_to = status not in (401, *REFUSED) and status < 500
        if who == "stranger" and who not in admitted:
            open_to = status not in (303, 401)
        if open_to != (who in admitted):
            wrong[door] = status
    assert not wrong


def test_a_stranger_is_sent_to_sign_in_from_pages_and_told_so_in_json(place, without_csrf):
    wrong = {}
    for door, admitted in DOORS.items():
        if "stranger" in admitted:
            continue
        answer = knock(place, "stranger", door)
        if address(place, door).startswith("/api/"):
            right = answer.status_code == 401 and answer.json["code"] == "sign_in.needed"
        else:
            right = answer.status_code == 303 and answer.location.startswith("/sign-in?next=")
        if not right:
            wrong[door] = answer.status_code, answer.location
    assert not wrong


@pytest.mark.parametrize("who", SCOPED)
def test_what_lies_outside_the_scope_is_answered_like_what_does_not_exist(place, without_csrf, who):
    wrong = {}
    for door in in_scope_rules(place.app):
        status = knock(place, who, door, place.world.outside).status_code
        if status != 404 and (who in DOORS[door] or status != 403):
            wrong[door] = status
    assert not wrong


def test_what_lies_outside_one_scope_lies_inside_the_supervisors(place):
    for door in in_scope_rules(place.app):
        if door[1] == "GET" and "supervisor" in DOORS[door]:
            assert knock(place, "supervisor", door, place.world.outside).status_code in (200, 302, 303), door


def test_the_list_and_the_map_hold_only_what_is_in_scope(place):
    for who in SCOPED:
        client = place.client(who)
        far = place.world.outside
        secrets = [one for name, one in far.items() if name != "key"]  # a small number is anywhere
        for path in (
            "/sites?status=all",
            "/areas/differences",
            "/visits",
            "/cases?state=",
            "/api/sites.geojson",
            "/api/search?q=造林",
            f"/api/search?q={far['number']}",
            "/api/search?q=100.60,38.93",
            "/map",
        ):
            text = client.get(path).text
            told = [secret for secret in ("北坡造林", *secrets) if secret in text]
            assert not told, (who, path)


@contextmanager
def nothing_written(place: Place) -> Iterator[None]:
    """Fail if any other connection commits a change to the database file inside."""
    watching = sqlite3.connect(place.database)
    before = watching.execute("PRAGMA data_version").fetchone()
    yield
    assert watching.execute("PRAGMA data_version").fetchone() == before
    watching.close()


@pytest.mark.parametrize("who", sorted(ANYBODY))
def test_no_get_changes_anything(place, who):
    looked = {door: address(place, door) for door in DOORS if door[1] == "GET"}
    client = place.client(who)
    with nothing_written(place):
        for path in looked.values():
            client.get(path, buffered=True)


@pytest.mark.parametrize("who", ["supervisor", "admin", "stranger"])
def test_no_form_is_taken_without_its_token(place, who):
    paths = {address(place, door) for door in DOORS if door[1] != "GET"}
    client, signed_in = place.client(who), who != "stranger"
    wrong = {}
    with nothing_written(place):
        for path in sorted(path for path in paths if not path.startswith("/api/")):
            answer = client.post(path, data={"reason": "typed before", "lang": "en"})
            right = answer.status_code == (422 if signed_in else 303)
            if not right or (signed_in and "typed before" not in answer.text):
                wrong[path] = answer.status_code
    assert not wrong


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Xuntu": "1", "Origin": "http://elsewhere.example"},
        {"X-Xuntu": "1", "Sec-Fetch-Site": "cross-site"},
        {"X-Xuntu": "1", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_the_json_api_takes_no_write_that_a_foreign_page_could_send(place, headers):
    writing = {address(place, door) for door in DOORS if door[1] != "GET"}
    paths = {path for path in writing if path.startswith("/api/")} | {"/api/any"}
    for path in paths:
        for method in ("POST", "PUT", "DELETE"):
            answer = place.client("supervisor").open(path, method=method, headers=headers, json={})
            assert (answer.status_code, answer.json["code"]) == (403, "http.403"), (path, method)


def test_a_deactivated_officer_is_out_at_once(place):
    client = sign_in_as(place.app, "far-inspector")
    assert client.get("/sites").status_code == 200
    with place.app.extensions["xuntu.store"].write() as session:
        session.scalars(select(Officer).where(Officer.name == "far-inspector")).one().active = False
    assert client.get("/sites").location.startswith("/sign-in")
