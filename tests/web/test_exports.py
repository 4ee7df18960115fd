"""The page that writes files: what it offers, what it sends, and to whom."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyogrio
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from inspections.exports import SUBJECTS
from inspections.models import Area, LedgerEntry, Operator
from inspections.terms import Kind, VisitResult
from tests.case_factories import a_case, a_visit
from tests.factories import EAST, IN_EAST, NOW, WEST, a_site
from tests.pages import check_page, get_page, text_of
from tests.web.conftest import csrf_of, sign_in_as


@pytest.fixture
def filled(app: Flask) -> Flask:
    fill(app)
    return app


@pytest.fixture
def sqlite_filled(sqlite_app: Flask) -> Flask:
    fill(sqlite_app)
    return sqlite_app


def fill(app: Flask) -> None:
    """A pond with operator, finding and case in the west, one in the east, a plot in the west."""
    with app.extensions["xuntu.store"].write() as session:
        west = a_site(session, name="西塘")
        west.operator = Operator(name="陈某某", type="household", phone="13800000000", salt=bytes(32))
        a_case(session, west)
        a_case(session, a_site(session, at=IN_EAST, name="东塘"))
        plot = a_site(session, Kind.STRAW, name="西地")
        a_visit(session, plot, result=VisitResult.NORMAL, effective_at=NOW - timedelta(days=1))


def send(client: FlaskClient, address: str = "/exports", **fields: str) -> TestResponse:
    token = csrf_of(client, address)
    return client.post(address, data={"format": ".csv", "csrf_token": token} | fields, buffered=True)


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def entries(app: Flask) -> list[LedgerEntry]:
    with app.extensions["xuntu.store"].read() as session:
        query = select(LedgerEntry).where(LedgerEntry.subject == "export").order_by(LedgerEntry.number)
        return list(session.scalars(query))


def test_a_township_that_ended_is_called_by_its_name_among_the_filters(sqlite_filled):
    with sqlite_filled.extensions["xuntu.store"].write() as session:
        session.execute(update(Area).where(Area.code == EAST).values(valid_to=NOW.date()))
    page = get_page(sign_in_as(sqlite_filled, "supervisor"), f"/exports?subject=sites&township={EAST}")
    chips = [text_of(one) for one in page.iter() if "chip" in (one.get("class") or "").split()]
    assert any("东乡" in chip for chip in chips), chips


def test_a_list_is_sent_as_a_file_with_a_chinese_name(filled):
    client = sign_in_as(filled, "supervisor")
    answer = send(client, "/exports?subject=sites&kind=pond")
    assert {row["点位名称"] for row in rows_of(answer)} == {"西塘", "东塘"}
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", "示范县_点位_20261112_1042.csv")
    assert answer.headers["Content-Disposition"].isascii()
    assert answer.mimetype == "text/csv"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (entry,) = entries(filled)
    facts = json.loads(entry.facts)
    assert (entry.action, entry.actor_name, entry.role) == ("sites.exported", "林某", "supervisor")
    assert (facts["filters"], facts["rows"], facts["restricted"]) == ({"kind": "pond"}, 2, False)


@pytest.mark.parametrize("ending", [".csv", ".geojson", ".gpkg", ".kml", ".xlsx", ".zip"])
def test_every_format_is_sent(sqlite_filled, ending, tmp_path):
    answer = send(sign_in_as(sqlite_filled, "leader"), format=ending)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(ending)
    assert f"xuntu-sites{ending}" in answer.headers["Content-Disposition"]
    if ending not in (".csv", ".xlsx"):
        path = tmp_path / f"a{ending}"
        path.write_bytes(answer.data)
        assert len(pyogrio.list_layers(path)) >= 1


SEEN = {"township": {"西地", "西塘"}, "inspector": {"西地", "西塘"}, "department": {"东塘", "西地", "西塘"}}


@pytest.mark.parametrize("who", sorted(SEEN))
@pytest.mark.parametrize(
    ("subject", "heading"), [("sites", "点位名称"), ("visits", "点位名称"), ("cases", "点位")]
)
def test_an_officer_gets_what_the_list_shows(sqlite_filled, who, subject, heading):
    client = sign_in_as(sqlite_filled, who)
    names = {row[heading] for row in rows_of(send(client, f"/exports?subject={subject}"))}
    listed = client.get(f"/{subject}").text
    assert names == {name for name in ("东塘", "西地", "西塘") if name in listed}
    assert names == SEEN[who] - ({"西地"} if subject == "cases" else set())


def test_counts_on_the_page_are_of_the_scope(sqlite_filled):
    for who, told in (("township", "点位 2"), ("supervisor", "点位 3")):
        assert f"将写出：{told}<" in sign_in_as(sqlite_filled, who).get("/exports").text


def test_a_stranger_is_sent_to_sign_in(sqlite_filled):
    client = sqlite_filled.test_client()
    for answer in (client.get("/exports"), client.post("/exports", data={"format": ".csv"})):
        assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in")


def test_operators_are_sent_to_who_may_see_them_and_asked(sqlite_filled):
    for who, offered in (("township", True), ("supervisor", True), ("inspector", False), ("leader", False)):
        client = sign_in_as(sqlite_filled, who)
        assert ('name="operators"' in client.get("/exports").text) == offered
        assert "陈某某" not in send(client).data.decode()
        answer = send(client, operators="yes")
        assert answer.status_code == (200 if offered else 403)
        assert ("陈某某" in answer.data.decode()) == offered
    told = [(entry.role, json.loads(entry.facts)["restricted"]) for entry in entries(sqlite_filled)]
    assert told == [
        ("township", False),
        ("township", True),
        ("supervisor", False),
        ("supervisor", True),
        ("inspector", False),
        ("leader", False),
    ]


def test_everything_is_offered_and_sent_as_one_geopackage(sqlite_filled, tmp_path):
    client = sign_in_as(sqlite_filled, "supervisor")
    page = client.get("/exports?subject=all&kind=pond")
    check_page(page)
    assert "将写出：点位 2、检查记录 2、发现的问题 2、整改事项 2<" in page.text
    answer = send(client, "/exports?subject=all&kind=pond", format=".gpkg")
    path = tmp_path / "a.gpkg"
    path.write_bytes(answer.data)
    assert [name for name, _ in pyogrio.list_layers(path)][:4] == [one.name for one in SUBJECTS.values()]
    assert "%E5%85%A8%E9%83%A8" in answer.headers["Content-Disposition"]
    refused = send(client, "/exports?subject=all", format=".xlsx")
    assert (refused.status_code, "只有 GeoPackage 装得下" in refused.text) == (422, True)


@pytest.mark.parametrize(
    "address",
    [
        "/exports",
        "/exports?subject=visits&state=submitted&flagged=yes",
        "/exports?subject=findings&result=finding",
        "/exports?subject=cases&state=open&severity=minor",
        "/exports?subject=none&kind=castle&township=%00&page=9",
        "/exports?subject=all&village=990101100201",
    ],
)
def test_the_page_is_sound_in_both_languages(filled, address):
    client = sign_in_as(filled, "supervisor")
    assert text_of(get_page(client, address).find(".//h1")) == "导出"
    client.post("/language", data={"lang": "en", "next": "/", "csrf_token": csrf_of(client, "/exports")})
    english = get_page(client, address)
    assert text_of(english.find(".//h1")) == "Export"


def test_headings_of_the_file_are_chinese_whatever_the_page_speaks(sqlite_filled):
    client = sign_in_as(sqlite_filled, "supervisor")
    client.post("/language", data={"lang": "en", "next": "/", "csrf_token": csrf_of(client, "/exports")})
    assert "Township&#39;s code" in client.get("/exports").text
    assert rows_of(send(client))[0]["类别"] in ("纳污坑塘", "秸秆禁烧")


def test_a_list_leads_to_the_page_with_its_own_filters(sqlite_filled):
    client = sign_in_as(sqlite_filled, "supervisor")
    for listed, wanted in (
        ("/sites?kind=pond&state=suspected&sort=name&page=1", {"kind": "pond", "state": "suspected"}),
        (f"/visits?township={WEST}&flagged=yes", {"township": WEST, "flagged": "yes"}),
        ("/cases?stage=suspected&q=塘&subject=x", {"stage": "suspected", "q": "塘"}),
    ):
        tree = get_page(client, listed)
        links = {node.get("href", "") for node in tree.iter("a")}
        (link,) = (address for address in links if address.startswith("/exports"))
        asked = {name: value[0] for name, value in parse_qs(urlsplit(link).query).items()}
        assert asked == wanted | {"subject": urlsplit(listed).path.strip("/")}
        assert client.get(link).status_code == 200


def test_filters_of_the_address_narrow_the_file_and_lead_back_to_the_list(sqlite_filled):
    client = sign_in_as(sqlite_filled, "supervisor")
    address = "/exports?subject=visits&result=normal&q=西"
    tree = get_page(client, address)
    links = {node.get("href") for node in tree.iter("a")}
    assert {"/visits?result=normal&q=%E8%A5%BF", "/exports?subject=visits&q=%E8%A5%BF"} <= links
    assert [row["点位名称"] for row in rows_of(send(client, address))] == ["西地"]


@pytest.mark.parametrize(
    "address", ["/exports?subject=sites&q=nothing-like-this", "/exports?subject=cases&kind=straw"]
)
def test_where_there_is_nothing_a_sentence_says_so(sqlite_filled, address):
    client = sign_in_as(sqlite_filled, "supervisor")
    page = client.get(address)
    check_page(page)
    assert "没有可写的内容" in page.text
    assert 'name="format"' not in page.text
    answer = client.post(address, data={"format": ".csv", "csrf_token": csrf_of(client, "/exports")})
    assert (answer.status_code, "按这些条件没有可写的内容" in answer.text) == (422, True)
    assert entries(sqlite_filled) == []


def test_a_format_that_is_none_comes_back_with_a_sentence(sqlite_filled):
    client = sign_in_as(sqlite_filled, "supervisor")
    for ending in ("", ".doc", "/../x.csv"):
        answer = send(client, format=ending)
        check_page(answer)
        assert answer.status_code == 422
        assert "可用的有 .csv .geojson" in answer.text
    assert entries(sqlite_filled) == []


def test_what_a_shapefile_lost_is_said_on_the_next_page(sqlite_filled):
    client = sign_in_as(sqlite_filled, "supervisor")
    with sqlite_filled.extensions["xuntu.store"].write() as session:
        a_site(session, name="𠮷塘")
    send(client, format=".zip")
    said = client.get("/exports").text
    assert "1 个字 GBK 里没有，换成了问号" in said
    assert "个字段名截到了 10 字节" in said
    send(client, format=".zip", encoding="UTF-8")
    assert "换成了问号" not in client.get("/exports").text


def test_nothing_is_left_in_the_temporary_folder(sqlite_filled, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    for ending in (".zip", ".gpkg", ".xlsx"):
        assert send(sign_in_as(sqlite_filled, "supervisor"), format=ending).status_code == 200
    assert list(Path(folder).iterdir()) == []


def test_a_get_notes_nothing(sqlite_filled):
    store = sqlite_filled.extensions["xuntu.store"]
    with store.read() as session:
        before = session.scalar(select(func.count()).select_from(LedgerEntry))
    sign_in_as(sqlite_filled, "supervisor").get("/exports?subject=all")
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == before
