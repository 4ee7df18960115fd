"""The county map's page, its script, and the small map of a site."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import html5lib
import numpy as np
import pytest
from shapely import Polygon
from sqlalchemy import delete, update

from geo.packing import unpack
from inspections.models import Area
from inspections.models.base import geometry_columns
from inspections.terms import Kind
from tests.factories import EAST, IN_EAST, NOW, VILLAGE, WEST, a_pond_shape, a_site
from tests.web.conftest import build, sign_in_as

JS = Path(__file__).parents[1] / "js"
EVIL = "</script><script>alert(1)</script>${1}"


def block_of(page: str, name: str = "map_county") -> dict:
    found = re.search(rf'<script type="application/json" id="{name}-data">(.*?)</script>', page, re.S)
    assert found, "the page has no JSON block"
    return json.loads(found[1])


def script_path(page: str) -> str:
    return re.search(r'src="(/map/[0-9a-f]+\.js)"', page)[1]


def test_the_page_holds_the_box_the_data_and_no_script_of_its_own(as_sqlite_officer):
    answer = as_sqlite_officer("leader").get("/map")
    assert answer.status_code == 200
    page = html5lib.parse(answer.text, namespaceHTMLElements=False)
    assert page.find(".//div[@id='map_county']") is not None
    inline = [
        one for one in page.iter("script") if not one.get("src") and one.get("type") != "application/json"
    ]
    assert inline == []
    assert [one for one in page.iter() if one.get("style") or one.tag == "style"] == []
    sources = [one.get("src") or one.get("href") for one in page.iter() if one.tag in ("script", "link")]
    assert all(source.startswith("/") and not source.startswith("//") for source in sources if source)


def test_the_page_is_valid_and_small(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        for number in range(50):
            a_site(session, number=f"P-990101100-{number:04d}")
    body = as_sqlite_officer("leader").get("/map").data
    html5lib.HTMLParser(strict=True).parse(body)
    assert len(gzip.compress(body)) <= 12_000


def test_a_county_of_winding_borders_still_fits_into_the_page(sqlite_store, as_sqlite_officer):
    turns = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    wave = 0.3 + 0.01 * np.sin(turns * 900)
    shape = Polygon(np.c_[100.485 + wave * np.cos(turns), 38.975 + wave * np.sin(turns)])
    with sqlite_store.write() as session:
        session.execute(update(Area).where(Area.code == WEST).values(**geometry_columns(shape)))
    body = as_sqlite_officer("leader").get("/map").data
    assert len(gzip.compress(body)) <= 12_000
    assert len(as_sqlite_officer("leader").get("/api/areas.geojson").data) > 300_000


def test_the_opening_view_has_bounds_areas_words_and_counts(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        a_site(session, case_due_at=NOW, is_listed=True)
        a_site(session, at=IN_EAST)
    view = block_of(as_sqlite_officer("leader").get("/map").text)
    assert view["bounds"] == [100.1, 38.55, 100.87, 39.4]
    assert [one["properties"]["name"] for one in view["areas"]["features"]] == ["示范县", "西镇", "东乡"]
    assert len(view["areas"]["lines"]) == 3, "the line between the townships is written once"
    assert view["counts"] == {"state": {"listed": 1, "normal": 1}, "township": {WEST: 1, EAST: 1}}
    assert view["total"] == 2
    assert view["words"]["layers"] == "图层"


def test_the_opening_view_carries_its_picture_under_the_filter(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        a_site(session, is_listed=True)
        a_site(session, Kind.STRAW)
        a_site(session, Kind.STRAW, at=IN_EAST)
    pictures = {
        (who, path): unpack(b64decode(block_of(as_sqlite_officer(who).get(path).text)["overview"]))
        for who, path in (
            ("leader", "/map"),
            ("leader", "/map?kind=straw"),
            ("leader", f"/map?area={EAST}"),
            ("inspector", f"/map?area={EAST}"),  # of others: the own township is shown
        )
    }
    assert [one.rows for one in pictures.values()] == [3, 2, 1, 2]
    assert [len(one.columns["mark"]) for one in pictures.values()] == [1, 0, 0, 1]
    assert [sum(one.columns["count"]) for one in pictures.values()] == [2, 2, 1, 1]


def test_an_officer_of_one_township_sees_its_counts_alone(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        a_site(session)
        a_site(session, at=IN_EAST)
    view = block_of(as_sqlite_officer("inspector").get("/map").text)
    assert view["counts"]["township"] == {WEST: 1}
    assert view["total"] == 1


def test_the_filter_stands_in_the_address_and_in_the_form(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        a_site(session)
        a_site(session, Kind.STRAW)
    answer = as_sqlite_officer("leader").get(f"/map?kind=straw&area={WEST}&state=normal")
    page = html5lib.parse(answer.text, namespaceHTMLElements=False)
    filter_ = {"kind": "straw", "area": WEST, "state": "normal", "body": "", "period": "30"}
    assert block_of(answer.text)["filter"] == filter_
    assert block_of(answer.text)["counts"]["state"] == {"normal": 1}
    assert page.find(".//input[@value='straw'][@checked]") is not None
    chosen = {one.get("value") for one in page.iter("option") if one.get("selected") is not None}
    assert {WEST, "normal"} <= chosen
    assert page.find(".//a[@id='map-to-list']").get("href") == f"/sites?kind=straw&area={WEST}&state=normal"


def test_an_unknown_filter_in_the_address_is_left_out(as_sqlite_officer):
    answer = as_sqlite_officer("leader").get("/map?kind=castle&state=%3Cb%3E&area=nowhere&body=x&period=x")
    left = {"kind": "", "area": "", "state": "", "body": "", "period": "30"}
    assert block_of(answer.text)["filter"] == left


def test_without_a_script_the_filters_and_the_way_to_the_list_are_there(as_sqlite_officer):
    page = html5lib.parse(as_sqlite_officer("leader").get("/map?kind=pond").text, namespaceHTMLElements=False)
    told = list(page.iter("noscript"))
    assert any(one.find(".//button") is not None for one in told)
    assert any(link.get("href") == "/sites?kind=pond" for one in told for link in one.iter("a"))
    form = page.find(".//form[@id='map-filters']")
    assert (form.get("method"), form.get("action")) == ("get", "/map")


def test_the_map_opens_at_a_site_one_may_see(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        near, far = a_site(session), a_site(session, at=IN_EAST)
    client = as_sqlite_officer("inspector")
    assert block_of(client.get(f"/map?site={near.id}").text)["chosen"]["id"] == str(near.id)
    for other in (far.id, "none", ""):
        assert block_of(client.get(f"/map?site={other}").text)["chosen"] is None


def test_officers_are_offered_their_own_kinds_and_townships(as_sqlite_officer):
    page = as_sqlite_officer("department").get("/map").text
    assert 'value="straw"' in page
    assert 'value="greenhouse"' not in page
    assert EAST not in re.findall(r'<option value="(\d*)"', as_sqlite_officer("township").get("/map").text)


def test_the_map_opens_on_the_officers_own_townships(as_sqlite_officer):
    assert block_of(as_sqlite_officer("leader").get("/map").text)["opens_on"] == [100.1, 38.55, 100.87, 39.4]
    assert block_of(as_sqlite_officer("township").get("/map").text)["opens_on"] == [100.1, 38.55, 100.5, 39.4]


def test_a_village_of_the_address_is_offered_by_its_name(as_sqlite_officer):
    page = html5lib.parse(
        as_sqlite_officer("leader").get(f"/map?area={VILLAGE}").text, namespaceHTMLElements=False
    )
    (chosen,) = [one for one in page.iter("option") if one.get("value") == VILLAGE]
    assert chosen.text == "柳荫村"
    assert chosen.get("selected") is not None


def test_map_same_bytes(sqlite_store, tmp_path, now):
    first = build(sqlite_store, tmp_path, now)
    script = script_path(sign_in_as(first, "leader").get("/map").text)
    with sqlite_store.write() as session:
        a_site(session)
    client = sign_in_as(first, "supervisor")
    assert script_path(client.get("/map").text) == script, "sites are no part of the script"
    one, two = client.get(script), client.get(script)
    assert one.data == two.data
    assert one.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert one.mimetype == "text/javascript"


def test_the_script_is_found_after_a_restart(sqlite_app, as_sqlite_officer):
    client = as_sqlite_officer("leader")
    script = script_path(client.get("/map").text)
    before = client.get(script).data
    for kept in ("xuntu.map_scripts", "xuntu.map_parts", "xuntu.opening"):
        sqlite_app.extensions.pop(kept)
    assert client.get(script).data == before
    assert client.get("/map/0123456789abcdef.js").status_code == 404


def test_the_script_holds_no_foreign_address_and_no_text_of_people(sqlite_store, as_sqlite_officer):
    with sqlite_store.write() as session:
        a_site(session, name=EVIL)
    client = as_sqlite_officer("leader")
    script = client.get(script_path(client.get("/map").text)).text
    assert "http" not in script
    assert "alert" not in script
    assert "`" not in script
    assert script.rstrip().endswith("xuntu.ready(map_county);")


def test_no_county_says_what_to_do(sqlite_store, as_sqlite_officer):
    client = as_sqlite_officer("leader")
    with sqlite_store.write() as session:
        session.execute(delete(Area))
    answer = client.get("/map")
    assert answer.status_code == 200
    assert "xuntu import areas" in answer.text


def test_new_outlines_are_drawn_at_once(sqlite_store, as_sqlite_officer):
    client = as_sqlite_officer("leader")
    before = block_of(client.get("/map").text)["areas"]
    with sqlite_store.write() as session:
        session.execute(update(Area).where(Area.code == WEST).values(name="新西镇"))
    after = block_of(client.get("/map").text)["areas"]
    assert before != after
    assert after["features"][1]["properties"]["name"] == "新西镇"


@pytest.mark.parametrize(("path", "name"), [("", "map_site"), ("/edit", "map_editor")])
def test_the_small_map_of_a_site_holds_its_shape_and_inert_text(sqlite_store, as_sqlite_officer, path, name):
    with sqlite_store.write() as session:
        site = a_site(session, name=EVIL, geometry=a_pond_shape())
    page = as_sqlite_officer("supervisor").get(f"/sites/{site.id}{path}").text
    shown = block_of(page, name)["site"]
    assert shown["name"] == EVIL
    assert shown["state"] == "normal"
    assert shown["geometry"]["type"] == "Polygon"
    assert EVIL not in page
    assert ("leaflet-geoman" in page) is (name == "map_editor")


def test_the_small_map_of_no_site_yet_opens_on_the_county(as_sqlite_officer):
    page = as_sqlite_officer("supervisor").get("/sites/new?kind=pond").text
    assert block_of(page, "map_editor")["site"] is None


@pytest.mark.node
def test_the_pure_parts_of_the_map_hold():
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), "--test", JS / "map.test.mjs"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
