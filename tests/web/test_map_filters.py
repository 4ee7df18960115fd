"""Map, list, figures and exports under one address: what `body` and `period` narrow, for whom, and links."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from inspections.deadlines import beijing_day
from inspections.terms import Kind, MapState, SiteStatus
from tests.factories import IN_EAST, NOW, a_body, a_site
from tests.pages import get_page, text_of
from tests.web.conftest import csrf_of
from tests.web.test_maps import block_of

JS = Path(__file__).parents[1] / "js"
TODAY = beijing_day(NOW)


@dataclass(frozen=True)
class Bodies:
    """Ids: a body that leads sites on both sides of the township line, one only in the east, one none."""

    both: str
    east: str
    none: str


@pytest.fixture
def bodies(store, app) -> Bodies:
    """Sites led by two bodies: closed 3, 20, 60 and 300 days ago, with an open case, retired."""
    with store.write() as session:
        both, east, none = (a_body(session, name=name) for name in ("水务局", "东乡人民政府", "林草局"))
        for number, days in enumerate((3, 20, 60, 300)):
            a_site(
                session, number=f"P-{number}", body_id=both.id, case_closed_on=TODAY - timedelta(days=days)
            )
        a_site(session, number="P-4", at=IN_EAST, body_id=both.id, open_cases=1)
        a_site(session, Kind.STRAW, number="S-1", at=IN_EAST, body_id=east.id, case_closed_on=TODAY)
        a_site(session, number="P-5", at=IN_EAST, body_id=east.id, status=SiteStatus.RETIRED)
        a_site(session, number="P-6")
        return Bodies(str(both.id), str(east.id), str(none.id))


def on_the_map(client, query: str) -> dict[str, str]:
    """Numbers of the sites that the map draws, each with its state."""
    answer = client.get(f"/api/sites.geojson{query}")
    assert answer.status_code == 200, answer.text
    return {one["properties"]["number"]: one["properties"]["state"] for one in answer.json["features"]}


def in_the_list(client, query: str) -> list[str]:
    page = get_page(client, f"/sites{query}")
    return sorted(text_of(cell) for cell in page.iter("td") if "code" in cell.get("class", ""))


def in_the_file(client, query: str) -> dict[str, str]:
    address = f"/exports{query}"
    fields = {"format": ".csv", "csrf_token": csrf_of(client, address)}
    answer = client.post(address, data=fields, buffered=True)
    assert answer.status_code == 200, answer.text
    rows = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    return {row["点位编号"]: row["整改状态"] for row in rows}


WORDS = {"closed": "已销号", "normal": "正常", "in_hand": "整改中"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "?body={both}",
            {"P-0": "closed", "P-1": "closed", "P-2": "normal", "P-3": "normal", "P-4": "in_hand"},
        ),
        ("?body={east}", {"S-1": "closed"}),
        ("?body={both}&state=closed", {"P-0": "closed", "P-1": "closed"}),
        ("?state=closed&period=7", {"P-0": "closed", "S-1": "closed"}),
        ("?state=closed&period=30&kind=pond", {"P-0": "closed", "P-1": "closed"}),
        ("?body={both}&state=closed&period=90", {"P-0": "closed", "P-1": "closed", "P-2": "closed"}),
        ("?body={both}&state=normal&period=90", {"P-3": "normal"}),
        (
            "?body={both}&period=365&kind=pond",
            {"P-0": "closed", "P-1": "closed", "P-2": "closed", "P-3": "closed", "P-4": "in_hand"},
        ),
    ],
)
def test_map_list_figures_and_file_agree_under_one_address(as_officer, bodies, query, expected):
    client, query = as_officer("supervisor"), query.format(**vars(bodies))
    assert on_the_map(client, query) == expected
    assert in_the_list(client, query) == sorted(expected)
    assert in_the_file(client, query) == {number: WORDS[state] for number, state in expected.items()}
    by_state = {state: list(expected.values()).count(state) for state in set(expected.values())}
    assert client.get(f"/api/map/counts{query}").json["state"] == by_state
    assert block_of(client.get(f"/map{query}").text)["counts"]["state"] == by_state


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?body=nonsense", "body"),
        ("?body={none}", "body"),
        ("?period=31", "period"),
        ("?period=-7", "period"),
    ],
)
def test_what_there_is_none_of_is_refused_in_json_and_left_out_on_pages(as_officer, bodies, query, field):
    client, query = as_officer("supervisor"), query.format(**vars(bodies))
    for path in ("sites.geojson", "map/counts"):
        refused = client.get(f"/api/{path}{query}")
        assert (refused.status_code, refused.json["code"]) == (422, "map.filter_unknown")
        assert refused.json["field"] == field
    assert block_of(client.get(f"/map{query}").text)["filter"] == {
        "kind": "",
        "area": "",
        "state": "",
        "body": "",
        "period": "30",
    }
    assert in_the_list(client, query) == in_the_list(client, "")
    assert 'class="chip"' not in client.get(f"/sites{query}").text


def test_a_body_that_leads_nothing_in_the_scope_is_unknown_there(as_officer, bodies):
    west = as_officer("township")
    for body in (bodies.east, bodies.none, str(uuid4())):
        refused = west.get(f"/api/sites.geojson?body={body}")
        assert refused.status_code == 422
        assert bodies.both in refused.json["message"]
        assert refused.json["message"].count(bodies.east) == (body == bodies.east), "only what was asked"
    assert sorted(on_the_map(west, f"?body={bodies.both}")) == ["P-0", "P-1", "P-2", "P-3"]


@pytest.mark.parametrize("path", ["/map", "/sites"])
def test_only_bodies_that_lead_a_site_of_the_scope_are_offered(as_officer, bodies, path):
    def offered(persona: str) -> list[str]:
        page = get_page(as_officer(persona), path)
        (select,) = [one for one in page.iter("select") if one.get("name") == "body"]
        return [one.get("value") for one in select.iter("option")]

    assert offered("leader") == ["", bodies.east, bodies.both]
    assert offered("township") == ["", bodies.both]


@pytest.mark.parametrize("path", ["/map", "/sites"])
def test_where_no_body_leads_anything_there_is_no_choice_of_bodies(sqlite_store, as_sqlite_officer, path):
    with sqlite_store.write() as session:
        a_site(session)
    page = get_page(as_sqlite_officer("leader"), path)
    names = [one.get("name") for one in page.iter("select")]
    assert "body" not in names
    assert "period" in names


def test_the_map_and_the_list_lead_to_each_other_with_body_and_period(as_officer, bodies):
    client = as_officer("supervisor")
    query = f"?kind=pond&body={bodies.both}&period=90"
    page = get_page(client, f"/map{query}")
    chosen = {one.get("value") for one in page.iter("option") if one.get("selected") is not None}
    assert {bodies.both, "90"} <= chosen
    assert page.find(".//a[@id='map-to-list']").get("href") == f"/sites{query}"
    links = {one.get("href") for one in get_page(client, f"/sites{query}").iter("a")}
    assert f"/map{query}" in links
    assert f"/exports{query}&subject=sites" in links
    assert {"/sites?kind=pond&period=90", f"/sites?kind=pond&body={bodies.both}"} <= links, (
        "chips take one out"
    )


def test_the_usual_period_is_no_filter(as_officer, bodies):
    client = as_officer("supervisor")
    assert get_page(client, "/map?period=30").find(".//a[@id='map-to-list']").get("href") == "/sites"
    assert 'class="chip"' not in client.get("/sites?period=30").text


def test_pages_of_a_list_keep_body_and_period(store, as_officer, bodies):
    with store.write() as session:
        for number in range(60):
            a_site(session, number=f"N-{number}", body_id=UUID(bodies.both))
    page = as_officer("supervisor").get(f"/sites?body={bodies.both}&period=90").text
    assert f'rel="next" href="/sites?body={bodies.both}&amp;period=90&amp;page=2"' in page


def test_a_card_shows_its_state_under_the_period_of_the_map(store, as_officer):
    with store.write() as session:
        site = a_site(session, case_closed_on=TODAY - timedelta(days=60))
    client = as_officer("leader")
    assert client.get(f"/api/sites/{site.id}").json["state"] == MapState.NORMAL
    assert client.get(f"/api/sites/{site.id}?period=90").json["state"] == MapState.CLOSED
    assert block_of(client.get(f"/map?site={site.id}&period=90").text)["chosen"]["state"] == MapState.CLOSED
    assert client.get(f"/api/sites/{site.id}?period=1").status_code == 422


def test_a_file_says_which_body_and_period_it_was_narrowed_to(store, as_officer, bodies):
    client, address = as_officer("supervisor"), f"/exports?body={bodies.both}&period=90"
    assert "水务局" in client.get(address).text
    fields = {"format": ".kml", "csrf_token": csrf_of(client, address)}
    told = client.post(address, data=fields, buffered=True).data.decode()
    assert "牵头单位：水务局" in told
    assert "显示为已销号：近 90 天" in told


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_bar_of_filters_knows_what_has_room():
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), "--test", JS / "filter-bar.test.mjs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
