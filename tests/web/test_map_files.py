"""The map's files over HTTP: what goes out to whom, and what does not go out twice."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from geo.packing import unpack
from inspections import ledger
from inspections.map_files import PARTS
from inspections.models import Site
from inspections.permissions import SYSTEM
from inspections.terms import Kind, Role
from tests.factories import EAST, IN_EAST, NOW, VILLAGE, WEST, a_body, a_pond_shape, a_site, an_officer
from tests.web.conftest import csrf_of

ADDRESSES = [f"/api/map/{part}" for part in PARTS]
PACKED = {"Accept-Encoding": "gzip, deflate, br"}
INSTANT = "2026-11-12T02:42:00.000Z"


@pytest.fixture(autouse=True)
def _four_sites(sqlite_store) -> None:
    """A pond and a plot in WEST and in EAST, each with a village, a body and a shape of its own."""
    with sqlite_store.write() as session:
        for kind, at, village in (
            (Kind.POND, (100.40, 38.93), VILLAGE),
            (Kind.STRAW, (100.45, 38.93), "990101100202"),
            (Kind.POND, IN_EAST, "990101200201"),
            (Kind.STRAW, (100.65, 38.93), "990101200202"),
        ):
            a_site(
                session,
                kind,
                at=at,
                geometry=a_pond_shape(*at),
                village_code=village,
                body_id=a_body(session).id,
                name=f"{kind}在{village}",
            )
        an_officer(session, Role.INSPECTOR, name="villager", areas=(VILLAGE,))
        an_officer(session, Role.INSPECTOR, name="both", areas=(VILLAGE, EAST), kinds=(Kind.POND,))


def asked_until(client: FlaskClient, fresh: Callable[[TestResponse], bool]) -> None:
    """Ask for the sites again, as the browser does, until they are what was saved; 10 s at most."""
    latest = time.monotonic() + 10
    while not fresh(client.get("/api/map/sites")):
        assert time.monotonic() < latest, "the map never showed the change"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_part_goes_out_packed_with_its_tag_and_its_times(as_sqlite_officer, address):
    answer = as_sqlite_officer("leader").get(address, headers=PACKED)
    assert answer.status_code == 200
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert (answer.headers["X-Xuntu-Time"], answer.headers["X-Xuntu-As-Of"]) == (INSTANT, INSTANT)
    assert unpack(gzip.decompress(answer.data)).rows == 4


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_client_that_knows_no_gzip_gets_the_same_plain(as_sqlite_officer, address):
    client = as_sqlite_officer("leader")
    packed, plain = client.get(address, headers=PACKED), client.get(address)
    assert "Content-Encoding" not in plain.headers
    assert plain.data == gzip.decompress(packed.data)
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert packed.content_length == len(packed.data)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("headers", [{}, PACKED])
def test_what_the_browser_has_is_not_sent_again(as_sqlite_officer, address, headers):
    client = as_sqlite_officer("leader")
    tag = client.get(address, headers=headers).headers["ETag"]
    assert tag[0] == '"'
    answer = client.get(address, headers={**headers, "If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == tag
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert (answer.headers["X-Xuntu-Time"], answer.headers["X-Xuntu-As-Of"]) == (INSTANT, INSTANT)


def test_a_change_elsewhere_gives_another_tag_and_the_new_bytes(sqlite_store, as_sqlite_officer):
    client = as_sqlite_officer("leader")
    tags = {path: client.get(path).headers["ETag"] for path in ADDRESSES}
    with sqlite_store.write() as session:
        site = session.scalars(select(Site)).first()
        site.is_listed = True
        ledger.append(session, SYSTEM, "case.listed", "case", site.id, at=NOW, site_id=site.id)
    asked_until(client, lambda answer: answer.headers["ETag"] != tags["/api/map/sites"])
    answers = {path: client.get(path, headers={"If-None-Match": tag}) for path, tag in tags.items()}
    assert [answer.status_code for answer in answers.values()] == [200, 304, 304]
    assert sorted(unpack(answers["/api/map/sites"].data).columns["facts"]) == [0, 0, 0, 1]


def test_what_was_saved_on_a_page_is_on_the_map(as_sqlite_officer):
    client = as_sqlite_officer("supervisor")
    assert unpack(client.get("/api/map/sites").data).rows == 4
    form = {"kind": "pond", "name": "新塘", "subtype": "pond", "position": "100.43, 38.95"}
    token = csrf_of(client, "/sites/new?kind=pond")
    assert client.post("/sites", data=form | {"csrf_token": token}).status_code == 303
    asked_until(client, lambda answer: unpack(answer.data).rows == 5)
    assert "新塘" in unpack(client.get("/api/map/names").data).columns["name"]


@pytest.mark.parametrize(
    ("who", "held"),
    [
        ("leader", {VILLAGE, "990101100202", "990101200201", "990101200202"}),
        ("inspector", {VILLAGE, "990101100202"}),
        ("villager", {VILLAGE}),
        ("both", {VILLAGE, "990101200201"}),
    ],
)
@pytest.mark.parametrize("asking", ["", f"?area={EAST}&kind=straw&scope=all&officer=leader"])
def test_each_gets_the_own_scope_whatever_the_address_asks(
    sqlite_store, as_sqlite_officer, who, held, asking
):
    client = as_sqlite_officer(who)
    everything = b"".join(client.get(path + asking).data for path in ADDRESSES)
    parts = {path: unpack(client.get(path + asking).data) for path in ADDRESSES}
    assert {part.rows for part in parts.values()} == {len(held)}
    assert set(parts["/api/map/shapes"].facts["villages"]) == held
    with sqlite_store.read() as session:
        for site in session.scalars(select(Site)):
            told = [site.name, site.number, site.village_code, str(site.body_id)]
            assert [word.encode() in everything for word in told] == [site.village_code in held] * 4
            assert (site.pk in parts["/api/map/shapes"].columns["key"]) is (site.village_code in held)
    townships = {code[:9] + "000" for code in held}
    assert set(parts["/api/map/sites"].facts["townships"]) == townships
    assert len(parts["/api/map/shapes"].columns["shape_row"]) == len(held)


def test_officers_of_one_scope_share_a_file_and_those_of_others_never(as_sqlite_officer):
    tags = {
        who: as_sqlite_officer(who).get("/api/map/sites").headers["ETag"]
        for who in ("inspector", "township", "leader", "villager", "both", "department")
    }
    assert tags["inspector"] == tags["township"]
    assert len(set(tags.values())) == 4  # the department's kinds are all there are here


def key_of(sqlite_store, name: str) -> tuple[int, str]:
    with sqlite_store.read() as session:
        site = session.scalars(select(Site).where(Site.name.startswith(name))).first()
        return site.pk, str(site.id)


def test_a_card_by_its_key_is_the_card_of_the_site(sqlite_store, as_sqlite_officer):
    key, site_id = key_of(sqlite_store, f"pond在{VILLAGE}")
    client = as_sqlite_officer("inspector")
    assert client.get(f"/api/map/cards/{key}").json == client.get(f"/api/sites/{site_id}").json


@pytest.mark.parametrize("who", ["inspector", "villager", "both"])
def test_a_card_outside_the_scope_is_answered_like_one_that_is_not(sqlite_store, as_sqlite_officer, who):
    key, _ = key_of(sqlite_store, "straw在990101200202")
    client = as_sqlite_officer(who)
    for unknown in (key, 0, 99_999, 2**31, 2**64):
        answer = client.get(f"/api/map/cards/{unknown}")
        assert (answer.status_code, answer.json["message"]) == (404, not_there(client))


def not_there(client: FlaskClient) -> str:
    return client.get("/api/map/cards/99998").json["message"]


def test_a_stranger_is_told_to_sign_in(as_sqlite_officer):
    for path in (*ADDRESSES, "/api/map/cards/1"):
        answer = as_sqlite_officer("stranger").get(path, headers=PACKED)
        assert (answer.status_code, answer.json["code"]) == (401, "sign_in.needed")
    assert WEST not in answer.text
