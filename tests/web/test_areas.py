"""The pages of areas: a day, one code through time, and the list of differences."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import shapely
from sqlalchemy import select

from inspections import ledger
from inspections.areas import versions
from inspections.models import Area, ImportBatch, LedgerEntry, Officer, Site
from inspections.permissions import actor_of
from inspections.terms import Kind
from tests.case_factories import a_case, a_visit
from tests.factories import COUNTY, EAST, IN_WEST, NOW, VILLAGE, WEST, a_site
from tests.imports import bring_areas
from tests.pages import check_page, counted_queries, get_page, text_of
from tests.web.conftest import csrf_of

LIST = "/areas/differences"
BESIDE = (100.49, 38.93)


def draw(store, edge: float = 100.48, *, west: str = "西镇") -> None:
    """Both townships, divided at another longitude, brought by the administrator."""
    with store.read() as session:
        admin = actor_of(session.scalars(select(Officer).where(Officer.name == "admin")).one())
    bring_areas(
        store,
        {"code": WEST, "name": west, "shape": shapely.box(100.1, 38.55, edge, 39.4)},
        {"code": EAST, "name": "东乡", "shape": shapely.box(edge, 38.55, 100.87, 39.4)},
        by=admin,
    )


def put(store, number: int = 1, **named) -> Site:
    facts = {"at": BESIDE, "number": f"P-990101100-{number:04d}"} | named
    with store.write() as session:
        return a_site(session, **facts)


def township_of(store, site: Site) -> str:
    with store.read() as session:
        return session.get(Site, site.pk).township_code


def settle(client, on: str = LIST, **fields):
    return client.post(on, data=fields | {"csrf_token": csrf_of(client, "/account")})


def look(client, path: str):
    """A sound page that asks little, once the sites are compared."""
    client.get(LIST)
    return get_page(client, path)


def rows(page) -> list[str]:
    body = next(page.iter("tbody"))
    return [text_of(row) for row in body.iter("tr")]


# A day


def test_the_list_of_areas_has_dates_sites_and_sources_and_asks_little(app, store, as_officer):
    put(store, at=IN_WEST)
    draw(store, west="西关镇")
    client = as_officer("supervisor")
    client.get("/areas")
    page = look(client, "/areas")
    west, _east = rows(page)
    assert "西关镇" in west
    assert "2026年11月12日起" in west
    assert "界线.geojson" in west
    assert f"/sites?township={WEST}&status=active" in [link.get("href") for link in page.iter("a")]
    assert re.search(r'"level":"township"', client.get("/areas").text)


def test_the_file_is_a_link_only_for_who_sees_files_of_areas(app, store, as_officer):
    draw(store)
    for who, linked in (("admin", True), ("supervisor", True), ("leader", False), ("township", False)):
        text = as_officer(who).get("/areas").text
        assert "界线.geojson" in text
        assert ("/imports/" in text) == linked, who


def test_another_day_shows_the_names_of_then_and_says_so(app, store, as_officer):
    draw(store, west="西关镇")
    client = as_officer("inspector")
    page = look(client, "/areas?on=2025-03-01")
    assert "西镇" in rows(page)[0]
    assert "2025年3月1日的行政区" in text_of(page)
    for wrong in ("2025-13-01", "2099-01-01", "昨天", ""):
        assert "西关镇" in rows(look(client, f"/areas?on={wrong}"))[0]


def test_a_search_finds_earlier_names_and_says_when_there_is_none(app, store, as_officer):
    draw(store, west="西关镇")
    client = as_officer("inspector")
    assert any("西镇" in row and "至2026年11月12日" in row for row in rows(look(client, "/areas?q=西镇")))
    assert "没有这个名称或代码的行政区" in text_of(look(client, "/areas?q=不存在的地方"))


def test_without_areas_the_page_says_how_to_get_them(sqlite_app, sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        for area in session.scalars(select(Area)):
            session.delete(area)
    admin = look(as_sqlite_officer("admin"), "/areas")
    assert "/imports?kind=areas" in [link.get("href") for link in admin.iter("a")]
    other = look(as_sqlite_officer("inspector"), "/areas")
    assert "由系统管理员导入" in text_of(other)
    assert "/imports?kind=areas" not in [link.get("href") for link in other.iter("a")]


def test_a_day_before_the_first_leads_to_the_first(sqlite_app, as_sqlite_officer):
    page = look(as_sqlite_officer("inspector"), "/areas?on=2019-05-01")
    assert "/areas?on=2020-01-01" in [link.get("href") for link in page.iter("a")]


# One code


def test_the_page_of_an_area_tells_its_versions_and_draws_both_lines(app, store, as_officer):
    draw(store, west="西关镇")
    client = as_officer("admin")
    page = look(client, f"/areas/{WEST}")
    said = text_of(page)
    assert "更名：原西镇，现西关镇" in said
    assert re.search(r"重划边界：原 3,\d{3}\.\d\d km²，现 3,\d{3}\.\d\d km²", said)
    assert "林某 2026年11月12日 10:42 导入" in said
    block = next(script for script in page.iter("script") if script.get("id") == "map_area-data")
    lines = json.loads(text_of(block))["lines"]
    assert {line["type"] for line in lines.values()} <= {"Polygon", "MultiPolygon"}
    script = re.search(r'"(/map/[^"]+\.js)"', client.get(f"/areas/{WEST}").text)[1]
    assert '"lines"' in client.get(script).text


def test_a_maps_script_is_found_again_after_a_restart(app, store, as_officer):
    client = as_officer("leader")
    scripts = {
        re.search(r'"(/map/[^"]+\.js)"', client.get(path).text)[1] for path in ("/areas", f"/areas/{WEST}")
    }
    app.extensions.pop("xuntu.map_scripts")
    app.extensions.pop("xuntu.map_parts")
    assert [client.get(script).status_code for script in scripts] == [200, 200]


def test_an_ended_area_and_its_successor_lead_to_each_other(app, store, as_officer):
    put(store, at=IN_WEST)
    bring_areas(store, {"code": WEST, "name": "西镇", "valid_to": "2026-11-12", "successors": [EAST]})
    client = as_officer("supervisor")
    ended = look(client, f"/areas/{WEST}")
    links = [link.get("href") for link in ended.iter("a")]
    assert {f"/areas/{EAST}", f"{LIST}?township={WEST}"} <= set(links)
    assert "还有 1 个点位归它" in text_of(ended)
    assert f"/areas/{WEST}" in [link.get("href") for link in look(client, f"/areas/{EAST}").iter("a")]


def test_a_township_lists_its_villages_and_a_county_stands_by_itself(sqlite_app, as_sqlite_officer):
    client = as_sqlite_officer("inspector")
    assert "柳荫村" in text_of(look(client, f"/areas/{WEST}"))
    look(client, f"/areas/{COUNTY}")


@pytest.mark.parametrize("code", ["990101999000", "x", "9" * 300, "%27;--", "differences%00"])
def test_a_code_that_no_area_has_is_not_found(sqlite_app, as_sqlite_officer, code):
    assert as_sqlite_officer("admin").get(f"/areas/{code}").status_code == 404


# The list of differences


def test_the_list_says_what_differs_and_why(app, store, as_officer):
    with store.write() as session:
        site = a_site(session, at=BESIDE, number="P-990101100-0001", village_code=VILLAGE)
        a_case(session, site)
    draw(store)
    client = as_officer("supervisor")
    client.get(LIST)
    (row,) = rows(look(client, LIST))
    for words in (
        "苇塘东塘",
        "P-990101100-0001",
        "1 件未销号",
        "西镇 柳荫村",
        "东乡",
        "在别的乡镇",
        "改归东乡",
    ):
        assert words in row
    for path in ("/areas", f"/areas/{WEST}"):
        look(client, path)
    assert "1 个点位与现行边界不符" in text_of(look(client, "/areas"))


def test_a_county_in_order_says_so(sqlite_app, as_sqlite_officer):
    page = look(as_sqlite_officer("leader"), LIST)
    assert "点位归属与现行边界一致" in text_of(page)
    assert "没有维持原归属的点位" in text_of(look(as_sqlite_officer("leader"), f"{LIST}?kept=yes"))


def test_a_site_is_moved_from_the_list(app, store, as_officer):
    site = put(store)
    draw(store)
    client = as_officer("supervisor")
    answer = settle(client, site=str(site.id), to=EAST, row_version="1", decision="move")
    assert (answer.status_code, answer.location) == (303, LIST)
    assert township_of(store, site) == EAST
    assert f"{site.number} 已改归" in text_of(check_page(client.get(LIST)))
    assert "边界变更后，把点位由西镇改归东乡" in text_of(look(client, f"/sites/{site.id}"))


def test_a_site_is_kept_with_a_reason_and_stands_in_the_other_list(app, store, as_officer):
    site = put(store)
    draw(store)
    client = as_officer("supervisor")
    fields = {"site": str(site.id), "row_version": "1", "decision": "keep"}
    refused = settle(client, **fields, reason="")
    assert refused.status_code == 422
    assert "填写理由" in text_of(check_page(refused))
    assert settle(client, **fields, reason="两镇议定<b>").status_code == 303
    page = look(client, f"{LIST}?kept=yes")
    assert "两镇议定<b>" in rows(page)[0]
    assert "维持点位归西镇：两镇议定<b>" in text_of(look(client, f"/sites/{site.id}"))


def test_what_was_typed_stands_in_the_form_that_was_refused(app, store, as_officer):
    site, _other = put(store), put(store, 2)
    draw(store)
    reason = "长" * 201
    refused = settle(
        as_officer("supervisor"), site=str(site.id), row_version="1", decision="keep", reason=reason
    )
    page = check_page(refused)
    typed = [field.get("value") for field in page.iter("input") if field.get("name") == "reason"]
    assert refused.status_code == 422
    assert typed.count(reason) == 1
    assert len([one for one in page.iter("details") if one.get("open") is not None]) == 1


def test_a_stale_form_is_refused_and_nothing_moves(app, store, as_officer):
    site = put(store)
    draw(store)
    with store.write() as session:
        found = session.get(Site, site.pk)
        found.remark = "刚刚更正"
        session.flush()
        facts = {"version": found.row_version}
        admin = actor_of(session.scalars(select(Officer).where(Officer.name == "admin")).one())
        ledger.append(session, admin, "site.corrected", "site", site.id, at=NOW, site_id=site.id, facts=facts)
    answer = settle(as_officer("supervisor"), site=str(site.id), to=EAST, row_version="1", decision="move")
    assert answer.status_code == 409
    assert "同时改了这个点位" in text_of(check_page(answer)) or "林某" in answer.text
    assert township_of(store, site) == WEST


def test_a_group_is_moved_at_once_and_only_as_it_was_seen(app, store, as_officer):
    sites = [put(store, number) for number in range(1, 4)]
    straw = put(store, 9, kind=Kind.STRAW)
    draw(store)
    client = as_officer("supervisor")
    group = {"township": WEST, "target": EAST, "why": "line", "kind": "pond", "decision": "move"}
    assert settle(client, **group, seen="2").status_code == 409
    answer = settle(client, f"{LIST}?kind=pond", **group, seen="3")
    assert (answer.status_code, answer.location) == (303, f"{LIST}?kind=pond")
    assert {township_of(store, site) for site in sites} == {EAST}
    assert township_of(store, straw) == WEST
    with store.read() as session:
        moved = session.scalars(
            select(LedgerEntry).where(LedgerEntry.action == "site.township_changed")
        ).all()
        assert len(moved) == 3
        ledger.verify(session)


def test_a_group_is_kept_at_once_with_one_reason(app, store, as_officer):
    sites = [put(store, number) for number in range(1, 4)]
    draw(store)
    group = {"township": WEST, "target": EAST, "why": "line", "seen": "3", "decision": "keep"}
    client = as_officer("supervisor")
    assert settle(client, **group, reason=" ").status_code == 422
    assert settle(client, **group, reason="两镇议定").status_code == 303
    assert {township_of(store, site) for site in sites} == {WEST}
    assert len(rows(look(client, f"{LIST}?kept=yes"))) == 3


def test_a_township_keeps_its_own_and_is_told_who_moves_them(app, store, as_officer):
    site, other = put(store), put(store, 2, at=(100.475, 38.93), township_code=EAST)
    draw(store)
    client = as_officer("township")
    page = look(client, LIST)
    assert "由部门或督查员改归" in text_of(page)
    assert not [one for one in page.iter("button") if one.get("value") == "move"]
    assert other.number not in text_of(page)
    moved = settle(client, site=str(site.id), to=EAST, row_version="1", decision="move")
    assert moved.status_code == 422
    far = settle(client, site=str(other.id), to=WEST, row_version="1", decision="move")
    assert far.status_code == 404
    assert township_of(store, site) == WEST
    kept = settle(client, site=str(site.id), row_version="1", decision="keep", reason="仍归西镇")
    assert kept.status_code == 303


@pytest.mark.parametrize("who", ["inspector", "leader"])
def test_who_decides_nothing_here_sees_no_buttons(app, store, as_officer, who):
    put(store)
    draw(store)
    page = look(as_officer(who), LIST)
    assert len(rows(page)) == 1
    assert not [one for one in page.iter("button") if one.get("value") in ("move", "keep")]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"site": "x", "decision": "move"},
        {"site": "00000000-0000-0000-0000-000000000000"},
        {"township": "'; DROP TABLE sites;--", "seen": "-1"},
        {"why": "nonsense", "seen": "9" * 40, "decision": "keep", "reason": "\x00"},
    ],
)
def test_what_no_form_of_ours_sends_changes_nothing(sqlite_app, sqlite_store, as_sqlite_officer, fields):
    site = put(sqlite_store)
    draw(sqlite_store)
    assert settle(as_sqlite_officer("supervisor"), **fields).status_code in (404, 409, 422)
    assert township_of(sqlite_store, site) == WEST


def test_a_list_of_found_areas_that_is_cut_says_so(sqlite_store, as_sqlite_officer, monkeypatch):
    said = "The first 2 are shown."
    client = as_sqlite_officer("supervisor")
    client.post("/language", data={"lang": "en", "csrf_token": csrf_of(client, "/areas")})
    assert said not in text_of(get_page(client, "/areas?q=99"))
    monkeypatch.setattr(versions, "MOST_LISTED", 2)
    assert said in text_of(get_page(client, "/areas?q=99"))


def test_many_differences_come_in_pages_and_ask_little(app, store, as_officer):
    with store.write() as session:
        for number in range(120):
            at = (100.481 + number / 10_000, 38.93)
            a_site(session, at=at, number=f"P-990101100-{number:04d}")
    draw(store)
    client = as_officer("supervisor")
    client.get(LIST)
    with counted_queries(store) as queries:
        page = check_page(client.get(f"{LIST}?page=3"))
    assert len(rows(page)) == 20
    assert len(queries) <= 10
    assert "120 个点位改归" in text_of(page)


# Where else it shows


def test_the_page_of_an_applied_import_leads_to_the_list(app, store, as_officer):
    put(store)
    draw(store)
    with store.read() as session:
        batch = session.scalars(select(ImportBatch)).one()
    page = check_page(as_officer("admin").get(f"/imports/{batch.id}"))
    assert "1 个点位与现行边界不符" in text_of(page)
    assert LIST in [link.get("href") for link in page.iter("a")]


def test_visits_and_cases_name_the_township_as_it_was_called_then(app, store, as_officer):
    with store.write() as session:
        site = a_site(session, at=IN_WEST)
        then = NOW - timedelta(days=300)
        visit = a_visit(session, site, effective_at=then)
        case = a_case(session, site, opened_at=then)
        ids = visit.id, case.id
    draw(store, 100.5, west="西关镇")
    client = as_officer("supervisor")
    for path in (f"/visits/{ids[0]}", f"/cases/{ids[1]}"):
        heading = text_of(look(client, path).find(".//header[@class='page-head']"))
        assert "西镇" in heading
        assert "现为西关镇" in heading
    assert "西关镇" in text_of(look(client, f"/sites/{site.id}"))


def test_a_record_from_before_a_move_names_the_township_of_then(app, store, as_officer):
    site = put(store)
    with store.write() as session:
        visit = a_visit(session, session.get(Site, site.pk), effective_at=NOW - timedelta(days=30))
    draw(store)
    client = as_officer("supervisor")
    settle(client, site=str(site.id), to=EAST, row_version="1", decision="move")
    heading = text_of(look(client, f"/visits/{visit.id}").find(".//header[@class='page-head']"))
    assert "西镇" in heading
    assert "现为东乡" in heading
