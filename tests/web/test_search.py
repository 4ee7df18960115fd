"""The search over HTTP: what it answers, to whom, in which words; and the way from a number to a page."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import event

from inspections.deadlines import beijing_day
from tests.factories import IN_EAST, IN_WEST, NOW, VILLAGE, WEST, a_site
from tests.web.conftest import csrf_of

JS = Path(__file__).parents[1] / "js"
EVIL = "</script>${1}<img src=x onerror=alert(1)>"


def found(client, words: str, more: str = "") -> dict:
    answer = client.get(f"/api/search?q={quote(words)}{more}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/json"
    return answer.json


def test_an_answer_has_exactly_the_named_parts(store, as_officer):
    with store.write() as session:
        site = a_site(session, number="P-990101100-0001", name="柳荫东塘", village_code=VILLAGE)
    answer = found(as_officer("leader"), "柳荫")
    assert answer["sites"] == [
        {
            "key": site.pk,
            "id": str(site.id),
            "number": "P-990101100-0001",
            "name": "柳荫东塘",
            "kind": "pond",
            "state": "normal",
            "township": "西镇",
            "lon": IN_WEST[0],
            "lat": IN_WEST[1],
            "distance_m": None,
        }
    ]
    (place,) = answer["places"]
    assert place["bounds"] == [100.38, 38.90, 100.43, 38.96]
    assert (place["code"], place["name"], place["level"]) == (VILLAGE, "柳荫村", "village")
    assert (place["lon"], place["lat"]) == pytest.approx((100.405, 38.93))
    assert (answer["positions"], answer["more"]) == ([], 0)


def test_the_readings_of_a_position_are_named_in_the_officers_language(sqlite_app, as_sqlite_officer):
    client = as_sqlite_officer("leader")
    positions = found(client, "100.45, 38.93")["positions"]
    assert [one["words"] for one in positions] == ["WGS 84 / CGCS2000", "高德·腾讯 GCJ-02", "百度 BD-09"]
    assert positions[0] == {"lon": 100.45, "lat": 38.93, "words": "WGS 84 / CGCS2000", "inside": True}
    client.post("/language", data={"lang": "en", "next": "/", "csrf_token": csrf_of(client, "/sites")})
    words = [one["words"] for one in found(client, "100.45, 38.93")["positions"]]
    assert words == ["WGS 84 / CGCS2000", "Amap, Tencent GCJ-02", "Baidu BD-09"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("33625734.81 4311732.81", ["CGCS2000 3 度带，第 33 带"]),
        ("17625734.81 4311732.81", ["CGCS2000 6 度带，第 17 带"]),
        ("625734.81 4311732.81", ["CGCS2000 3 度带，中央经线 99°", "UTM 47N"]),
        ("11182042.85 4711649.63", ["网络地图的米制坐标（Web 墨卡托）"]),
    ],
)
def test_grids_are_named_by_width_and_zone(as_sqlite_officer, words, names):
    assert [one["words"] for one in found(as_sqlite_officer("leader"), words)["positions"]] == names


def test_nothing_to_find_is_an_answer_too(as_sqlite_officer):
    nothing = {"sites": [], "places": [], "positions": [], "more": 0}
    for words in ("", " ", "没有这样的", "\0"):
        assert found(as_sqlite_officer("leader"), words) == nothing
    assert as_sqlite_officer("leader").get("/api/search").json == nothing


def test_what_people_wrote_stays_text(store, as_officer):
    with store.write() as session:
        a_site(session, name=EVIL)
    assert found(as_officer("leader"), "<IMG src=x")["sites"][0]["name"] == EVIL


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        (f"?q={'1' * 201}", "search.too_long", "q"),
        ("?q=a&period=31", "map.filter_unknown", "period"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_with_a_sentence(as_sqlite_officer, query, code, field):
    answer = as_sqlite_officer("leader").get(f"/api/search{query}")
    assert answer.status_code == 422
    assert (answer.json["code"], answer.json["field"]) == (code, field)
    assert answer.json["message"].endswith("。") or "可选" in answer.json["message"]


def test_a_stranger_is_answered_401_in_json(as_sqlite_officer):
    answer = as_sqlite_officer("stranger").get("/api/search?q=P-1")
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in.needed")


def test_everybody_finds_the_sites_of_the_own_scope_alone(store, as_officer):
    with store.write() as session:
        a_site(session, number="P-990101100-0001", name="东塘")
        a_site(session, number="P-990101200-0001", name="东塘", at=IN_EAST)
    for persona, numbers in (
        ("leader", ["P-990101100-0001", "P-990101200-0001"]),
        ("township", ["P-990101100-0001"]),
        ("department", ["P-990101100-0001", "P-990101200-0001"]),
    ):
        for words in ("东塘", "P-9901"):
            answer = found(as_officer(persona), words)
            assert [one["number"] for one in answer["sites"]] == numbers
            assert answer["more"] == 0
    assert found(as_officer("township"), "100.60, 38.93")["sites"] == []


def test_the_state_is_that_of_the_maps_period(store, as_officer):
    with store.write() as session:
        a_site(session, name="东塘", case_closed_on=beijing_day(NOW) - timedelta(days=60))
    client = as_officer("leader")
    assert found(client, "东塘")["sites"][0]["state"] == "normal"
    assert found(client, "东塘", "&period=90")["sites"][0]["state"] == "closed"


def test_the_number_of_queries_does_not_grow_with_what_is_found(store, as_officer):
    with store.write() as session:
        for number in range(30):
            a_site(session, number=f"P-990101100-{number:04}", name="西镇塘", village_code=VILLAGE)
    client = as_officer("leader")
    for words in ("西镇", "P-9901", "100", "100.45, 38.93"):
        said = []
        event.listen(store.engine, "before_cursor_execute", lambda *call, said=said: said.append(call[2]))
        found(client, words)
        assert len([one for one in said if one.startswith("SELECT")]) <= 15, words


@pytest.mark.parametrize("written", ["P-990101100-0001", "p-990101100-0001", "Ｐ-990101100-0001"])
def test_a_number_leads_to_the_page_of_its_site(store, as_officer, written):
    with store.write() as session:
        site = a_site(session, number="P-990101100-0001")
    answer = as_officer("township").get(f"/sites/number/{quote(written)}")
    assert (answer.status_code, answer.location) == (303, f"/sites/{site.id}")


def test_a_number_outside_the_scope_is_answered_like_one_that_does_not_exist(store, as_officer):
    with store.write() as session:
        a_site(session, number="P-990101200-0001", at=IN_EAST)
    client = as_officer("township")
    outside, missing = (client.get(f"/sites/number/{number}") for number in ("P-990101200-0001", "P-0"))
    assert outside.status_code == missing.status_code == 404
    assert outside.text.split("<main")[1] == missing.text.split("<main")[1]


def test_the_map_names_the_township_that_a_place_may_filter_by(sqlite_store, as_sqlite_officer):
    place = found(as_sqlite_officer("leader"), "西镇")["places"][0]
    assert place["code"] == WEST
    assert f'<option value="{WEST}">' in as_sqlite_officer("leader").get("/map").text


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_pure_parts_of_the_search_hold():
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), "--test", JS / "map-search.test.mjs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
