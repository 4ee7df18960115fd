"""Bad input gets a clear sentence, loses nothing that was typed, and applies nothing by half."""

from __future__ import annotations

import gc
import io
import re
import resource
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from inspections import ledger
from inspections import store as stores
from inspections.models import LedgerEntry, SignIn, Site, Visit
from inspections.store import Store
from inspections.terms import Kind
from tests.factories import NOW, PASSWORD
from tests.pages import check_page, text_of
from tests.photos import a_bomb, a_noisy_photo, a_padded_photo, a_photo
from tests.web.conftest import csrf_of
from tests.web.forms import Form, forms_of
from tests.web.test_pages import County, paths_of
from tests.web.world import a_world

HOSTILE = {
    "sql": "x'); DROP TABLE sites; --\" OR 1=1",
    "script": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "templates": "zq${7*7}zq{{7*7}}zq{%print(7)%}{0}{name}%(name)s%s\\u003cb",
    "odd letters": "\u202egnp.\u202c\u0634\u0645\u0633\x00\x07\x0b\ufffe\U0001f33e",
    "long": "长" * 10_000,
    "no number": "NaN",
    "endless": "Infinity",
    "huge": "1e999",
}
# At once in each field alone, where it is the only thing wrong.
ALONE = "');--<script>alert(1)</script>${7*7}{{7*7}}{x}%(x)s\u202e\x00"
SOUND = {
    "name": "试填坑塘",
    "position": "100.42, 38.94",
    "reason": "现场核实",
    "full_name": "林某",
    "password": "a sound password",
}
ANSWERS = {
    "access": "reached",
    "visit_type": "patrol",
    "water_state": "open",
    "water_area_m2": "1200",
    "colour": "normal",
    "odour": "none",
    "floating": "none",
    "bank_garbage_m3": "0",
    "inflow": "none",
    "facility": "none",
    "sign_board": "true",
    "stage": "listed",
}
TAKEN = (200, 303, 404, 409, 413, 422)
LEAVES = ("/sign-out", "/language", "/theme", "/exports")  # which end the session, the page, or are no page


@pytest.fixture
def county(sqlite_app: Flask, sqlite_store: Store, tmp_path: Path) -> County:
    with sqlite_store.write() as session:
        a_world(session, tmp_path / "data" / "evidence")
    return County(sqlite_app, sqlite_store, [])


def every_form(county: County, client: FlaskClient, who: str) -> list[Form]:
    """Each sort of form that a persona is shown, once."""
    found: dict[tuple[str, ...], Form] = {}
    for path in paths_of(county, who):
        answer = client.get(path)
        if answer.status_code == 200:
            for form in forms_of(check_page(answer), path):
                found.setdefault(form.sort, form)
    others = (*LEAVES, "/sites", "/visits") if who == "admin" else LEAVES  # the supervisor tries those
    return [form for form in found.values() if not form.action.startswith(others)]


@dataclass
class Filling:
    """Somebody filling a form."""

    client: FlaskClient
    form: Form
    typed: dict[str, str]

    def send(self, **typed: str) -> TestResponse:
        return send(self.client, self.form, self.typed | typed)


def send(
    client: FlaskClient, form: Form, given: dict[str, str], photos: dict[str, tuple[bytes, str]] | None = None
) -> TestResponse:
    """Post a form with these fields, sound words in the others."""
    sound = {name: SOUND[name] for name in form.typed if name in SOUND}
    answers = ANSWERS if "started_at" in form.typed else {}
    rows = form.filled(sound | answers | given)
    data = MultiDict(rows)
    for name, (content, file_name) in (photos or {}).items():
        data.add(name, FileStorage(io.BytesIO(content), file_name))
    boundary, body = encode_multipart(data)
    return client.post(form.action, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def check_taken(answer: TestResponse, form: Form, text: str) -> None:
    """An answer to something hostile: a page that shows it as text, or the way on."""
    told = f"{form.action}: {answer.status_code} for {text[:60]!r}"
    assert answer.status_code in TAKEN, told
    assert "zq49" not in answer.text, told
    if answer.status_code != 303:
        check_page(answer)


@pytest.mark.parametrize("who", ["supervisor", "admin"])
def test_hostile_text_in_every_field_of_every_form_is_only_text(county, who):
    client = county.client(who, "zh_CN")
    forms = every_form(county, client, who)
    assert len(forms) >= 5
    for form in forms:
        for text in HOSTILE.values():
            check_taken(send(client, form, dict.fromkeys(form.typed, text)), form, text)
    check_unharmed(county, client, who)


@pytest.mark.parametrize("who", ["supervisor", "admin"])
def test_hostile_text_in_one_field_of_a_sound_form_is_only_text(county, who):
    client = county.client(who, "zh_CN")
    for form in every_form(county, client, who):
        for name in form.typed:
            check_taken(send(client, form, {name: ALONE}), form, ALONE)
    check_unharmed(county, client, who)


def test_hostile_text_is_stored_on_both_databases_as_it_was_typed(app, store, as_officer):
    client = as_officer("supervisor")
    (form,) = [one for one in page_forms(client, "/sites/new?kind=pond") if one.action == "/sites"]
    answer = send(client, form, {"name": "</script>${7*7}{{7*7}}'--", "remark": HOSTILE["odd letters"]})
    assert answer.status_code == 303, answer.text
    with store.read() as session:
        site = session.scalars(select(Site)).one()
    assert site.name == "</script>${7*7}{{7*7}}'--"
    assert site.remark == "gnp.\u0634\u0645\u0633\U0001f33e"  # without what is no letter, sign or space
    for path in (answer.location, "/sites", "/map"):
        page = client.get(path)
        check_page(page)
        assert "</script>$" not in page.text
    script = re.search(r'"(/map/[^/"]+\.js)', client.get("/map").text)[1]
    assert "7*7" not in client.get(script).text
    assert client.get(f"/api/sites/{site.id}").json["name"] == site.name


def check_unharmed(county: County, client: FlaskClient, who: str) -> None:
    """Every page is still one, with what was taken in on it, and the ledger holds."""
    for path in paths_of(county, who):
        answer = client.get(path)
        assert answer.status_code < 500, path
        if answer.status_code == 200:
            check_page(answer)
            assert "zq49" not in answer.text, path
    with county.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) >= 3
        ledger.verify(session)


@pytest.mark.parametrize("path", ["/sites", "/cases", "/visits", "/map", "/sites/new", "/exports"])
def test_hostile_text_in_an_address_is_only_a_filter(county, path):
    client = county.client("supervisor", "zh_CN")
    names = "q kind state status township village visited sort page area stage severity body result officer"
    asked = [dict.fromkeys(names.split(), text[:2000]) for text in HOSTILE.values()]
    asked += [query | {"subject": "cases"} for query in asked]  # what the page of exports asks for beside
    for query in asked + [{name: ALONE} for name in names.split()]:
        answer = client.get(path, query_string=query)
        assert answer.status_code == 200, (path, query, answer.status_code)
        check_page(answer)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_in_the_api_is_refused_in_json(county, text):
    client = county.client("supervisor", "zh_CN")
    for name in ("kind", "state", "area", "bbox"):
        for path in ("/api/sites.geojson", "/api/map/counts"):
            answer = client.get(path, query_string={name: text[:2000]})
            assert answer.mimetype in ("application/json", "application/geo+json"), (path, name)
            assert answer.status_code in (200, 422), (path, name, answer.status_code)


@pytest.mark.parametrize("typed", ["NaN", "Infinity", "-Infinity", "1e999", "-1", "0x10", "1_000", "1,2,3"])
def test_what_is_no_number_is_refused_beside_its_field_and_nothing_is_kept(county, typed):
    client = county.client("supervisor", "zh_CN")
    (form,) = [one for one in page_forms(client, "/sites/new?kind=pond") if one.action == "/sites"]
    before = count(county.store, Site), count(county.store, LedgerEntry)
    for name in ("loc_accuracy_m", "area_reported_mu", "position"):
        given = f"{typed}, 38.94" if name == "position" else typed
        answer = send(client, form, {name: given})
        assert answer.status_code == 422, (name, typed)
        (field,) = [node for node in check_page(answer).iter("input") if node.get("name") == name]
        assert (field.get("value"), field.get("aria-invalid")) == (given, "true"), name
    assert (count(county.store, Site), count(county.store, LedgerEntry)) == before


def page_forms(client: FlaskClient, path: str) -> list[Form]:
    return forms_of(check_page(client.get(path)), path)


def count(store: Store, model: type) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(model))


# What is wrong with the server, not with what was typed.


@pytest.fixture
def new_pond(county: County) -> Filling:
    """A township officer in the middle of adding a pond."""
    client = county.client("township", "zh_CN")
    (form,) = [one for one in page_forms(client, "/sites/new?kind=pond") if one.action == "/sites"]
    return Filling(client, form, {"name": "苇塘西塘", "remark": "岸边有人看守，改日再来"})


def test_a_full_disk_says_so_and_gives_back_what_was_typed(county, new_pond):
    held = limit_pages(county.store)
    answers = [new_pond.send(site_id=str(uuid.uuid4()), remark="水" * 2000) for _ in range(60)]
    said = [answer for answer in answers if answer.status_code != 303]
    assert {answer.status_code for answer in said} == {507}
    check_gives_back(said[0], "苇塘西塘")
    assert count(county.store, Site) == len(answers) - len(said) + 3
    with county.store.read() as session:
        ledger.verify(session)
    held()
    assert send_again(new_pond.client, said[0]).status_code == 303


def limit_pages(store: Store) -> Callable[[], None]:
    """Let the database file grow no more; what is given back lifts it."""

    def limit(connection, _record=None) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(store.engine, "connect", limit)
    store.engine.dispose()

    def lift() -> None:
        event.remove(store.engine, "connect", limit)
        store.engine.dispose()

    return lift


@pytest.mark.filterwarnings("ignore:Unclosed file", "ignore:Exception ignored")  # what was half received
@pytest.mark.parametrize("bytes_sent", [400_000, 4_000_000], ids=["kept by us", "received by the server"])
def test_no_room_for_a_photo_is_said_and_nothing_is_saved(county, as_sqlite_officer, tmp_path, bytes_sent):
    client = as_sqlite_officer("inspector")
    (form,) = [one for one in page_forms(client, visit_page(county)) if "started_at" in one.typed]
    before, files = count(county.store, Visit), kept_files(tmp_path)
    serve, photo = county.app.wsgi_app, a_padded_photo(bytes_sent)
    county.app.wsgi_app = on_a_disk_of(300_000, serve)
    answer = send(client, form, {"water_area_m2": "1357"}, {"photo_overview": (photo, "水面.jpg")})
    county.app.wsgi_app = serve
    gc.collect()
    assert answer.status_code == 507
    check_page(answer)
    assert "磁盘" in answer.text
    assert (count(county.store, Visit), kept_files(tmp_path)) == (before, files)
    if bytes_sent < 500_000:  # a larger one ends the reading of the form itself
        assert 'value="1357"' in answer.text


def kept_files(folder: Path) -> list[str]:
    return sorted(str(path) for path in (folder / "data" / "evidence").rglob("*") if path.is_file())


def visit_page(county: County) -> str:
    with county.store.read() as session:
        pond = session.scalars(select(Site).where(Site.kind == Kind.POND, Site.status == "active")).one()
        return f"/sites/{pond.id}/visits/new"


def on_a_disk_of(largest: int, serve: Callable[..., Any]) -> Callable[..., Any]:
    """Answer requests while no file of this process may grow beyond so many bytes."""

    def served(*call: Any) -> Any:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
        try:
            return serve(*call)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return served


def test_a_database_locked_by_another_says_so_and_gives_back_what_was_typed(county, new_pond, monkeypatch):
    monkeypatch.setattr(stores, "BUSY_TIMEOUT_S", 0.05)
    with locked(county.store):
        answer = new_pond.send()
        assert answer.status_code == 503
        check_gives_back(answer, "苇塘西塘", "岸边有人看守，改日再来")
        assert new_pond.client.get("/sites").status_code == 200  # reading goes on
    assert send_again(new_pond.client, answer).status_code == 303
    assert count(county.store, Site) == 4


def test_a_visit_sent_to_a_locked_database_comes_back_as_typed(county, as_sqlite_officer, monkeypatch):
    client = as_sqlite_officer("inspector")
    (form,) = [one for one in page_forms(client, visit_page(county)) if "started_at" in one.typed]
    monkeypatch.setattr(stores, "BUSY_TIMEOUT_S", 0.05)
    photos = {"photo_overview": (a_photo(), "水面.jpg")}
    before = count(county.store, Visit)
    with locked(county.store):
        answer = send(client, form, {"water_area_m2": "1357"}, photos)
    assert answer.status_code == 503
    check_page(answer)
    assert 'value="1357"' in answer.text
    assert 'name="kept-photo_overview"' in answer.text  # the photo need not be chosen again
    assert count(county.store, Visit) == before


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold the one write lock from another connection."""
    other = sqlite3.connect(store.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_session_that_ended_meanwhile_keeps_what_was_typed(county, new_pond):
    with county.store.write() as session:
        session.execute(update(SignIn).values(ended_at=NOW))
    refused = new_pond.send()
    assert refused.status_code == 303
    assert count(county.store, Site) == 3
    client = new_pond.client
    token = csrf_of(client, refused.location)
    signed_in = client.post(
        refused.location, data={"name": "township", "password": PASSWORD, "csrf_token": token}
    )
    kept = client.get(signed_in.location)
    check_gives_back(kept, "苇塘西塘", "岸边有人看守，改日再来")
    sent = send_again(client, kept)
    assert sent.status_code == 303
    assert "苇塘西塘" in client.get(sent.location).text


def test_what_one_officer_typed_is_not_shown_to_the_next(county, new_pond):
    with county.store.write() as session:
        session.execute(update(SignIn).values(ended_at=NOW))
    refused = new_pond.send()
    resumed = parse_qs(urlsplit(refused.location).query)["next"][0]
    other = county.client("supervisor", "zh_CN").get(resumed)
    assert other.status_code == 404
    assert "苇塘西塘" not in other.text


def check_gives_back(answer: TestResponse, *texts: str) -> None:
    """The page offers what was typed, to read and to send again with one press."""
    tree = check_page(answer)
    read = text_of(tree)
    sent = [value for form in forms_of(tree, "") for _, value in form.fields]
    for text in texts:
        assert text in read
        assert text in sent


def send_again(client: FlaskClient, answer: TestResponse) -> TestResponse:
    (form,) = [one for one in forms_of(check_page(answer), "") if one.action not in LEAVES]
    fresh = csrf_of(client, "/sites/new")
    return client.post(form.action, data=dict(form.filled({"csrf_token": fresh})))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (a_noisy_photo()[:20_000], "cut-off.jpg"),
        (a_bomb(), "bomb.png"),
        (a_padded_photo(15_000_001), "large.jpg"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "drawn.jpg"),
        (b"", "empty.jpg"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "phone.heic"),
    ],
    ids=["truncated", "bomb", "15 MB + 1", "svg", "empty", "heic"],
)
def test_a_file_that_is_no_sound_photo_is_named_and_the_answers_stay(county, as_sqlite_officer, data, name):
    client = as_sqlite_officer("inspector")
    (form,) = [one for one in page_forms(client, visit_page(county)) if "started_at" in one.typed]
    before = count(county.store, Visit)
    answer = send(client, form, {"water_area_m2": "1357"}, {"photo_overview": (data, name)})
    assert answer.status_code == 422
    check_page(answer)
    assert 'value="1357"' in answer.text
    assert name in answer.text
    assert count(county.store, Visit) == before
