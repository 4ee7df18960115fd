"""The county map in a browser: what is drawn, filtered, tapped and read, in both themes and on a phone."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from shapely import Point
from sqlalchemy import insert

from inspections.models import Site
from inspections.models.base import geometry_columns
from inspections.terms import Kind, SiteStatus
from tests.browser.conftest import Live, axe, sign_in
from tests.factories import EAST, NOW, WEST, a_pond_shape, a_site

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)></script>${1}"
LATE = {"open_cases": 1, "case_due_at": NOW - timedelta(days=6)}
SOON = {"open_cases": 1, "case_due_at": NOW + timedelta(days=2)}
PIXEL = """([x, y]) => {
  const found = [0, 0, 0, 0];
  for (const canvas of document.querySelectorAll(".sites-tiles canvas")) {
    const box = canvas.getBoundingClientRect();
    if (x < box.left || x >= box.right || y < box.top || y >= box.bottom) continue;
    const scale = canvas.width / box.width;
    const pixel = canvas.getContext("2d").getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data;
    if (pixel[3]) found.splice(0, 4, ...pixel);
  }
  return found;
}"""
PLACE = """([lon, lat]) => {
  const box = document.getElementById("map_county"), at = box.xuntuMap.latLngToContainerPoint([lat, lon]);
  const corner = box.getBoundingClientRect();
  return [corner.x + at.x, corner.y + at.y];
}"""


def colour_at(page: Page, lon: float, lat: float, aside: tuple[float, float] = (-6, 0)) -> str:
    """The colour drawn at a place, a little beside the middle where the sign stands."""
    x, y = page.evaluate(PLACE, [lon, lat])
    red, green, blue, alpha = page.evaluate(PIXEL, [x + aside[0], y + aside[1]])
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha else ""


def press(page: Page, lon: float, lat: float, *, tap: bool = False, off: int = 0) -> None:
    x, y = page.evaluate(PLACE, [lon, lat])
    (page.touchscreen.tap if tap else page.mouse.click)(x + off, y)


def look_at(page: Page, lon: float, lat: float, *, zoom: int) -> None:
    page.evaluate(
        "([lon, lat, zoom]) => document.getElementById('map_county').xuntuMap"
        ".setView([lat, lon], zoom, { animate: false })",
        [lon, lat, zoom],
    )


def drawn(page: Page) -> None:
    """Wait until the sites are on the map."""
    expect(page.locator(".map-list summary")).to_contain_text("个点位")
    expect(page.locator("[data-drawn][data-complete]")).to_have_count(1)


def pieces(page: Page, level: int) -> dict[str, Any]:
    """The circles and single marks of a level, as the worker draws them."""
    layer = "document.getElementById('map_county').xuntuParts.layers.sites"
    return page.evaluate(f"{layer}.pieces({level})")


@pytest.fixture
def some_sites(live: Live) -> dict[str, Any]:
    with live.store.write() as session:
        return {
            "late": a_site(session, number="P-1", at=(100.30, 38.80), name="苇塘东塘", **LATE),
            "listed": a_site(session, Kind.GREENHOUSE, number="G-1", at=(100.70, 39.20), is_listed=True),
            "soon": a_site(session, Kind.STRAW, number="S-1", at=(100.70, 38.75), **SOON),
            "calm": a_site(session, Kind.AFFORESTATION, number="A-1", at=(100.30, 39.20), name=EVIL),
        }


@pytest.mark.usefixtures("some_sites")
def test_the_county_and_its_sites_are_drawn_in_the_colours_of_their_states(page):
    sign_in(page, "leader", "/map")
    drawn(page)
    expect(page.locator("path.area-plain")).to_have_count(2)
    expect(page.locator("path.edge-line")).to_have_count(1)
    expect(page.locator(".map-name")).to_have_count(2)
    expect(page.locator(".map-name").first).to_have_text("西镇2")
    assert colour_at(page, 100.30, 38.80) == "#bf1f1a"
    assert colour_at(page, 100.70, 39.20) == "#14110f"
    assert colour_at(page, 100.70, 38.75, aside=(-4, 4)) == "#f09a1a"
    assert colour_at(page, 100.30, 39.20, aside=(0, 0)) == "#ffffff"
    assert colour_at(page, 100.50, 39.0) == ""


@pytest.mark.usefixtures("some_sites")
def test_the_dark_theme_has_its_own_colours(open_page):
    page = open_page(color_scheme="dark")
    sign_in(page, "leader", "/map")
    drawn(page)
    assert colour_at(page, 100.30, 38.80) == "#ee4f46"
    page.locator("details.menu summary").click()
    page.locator("button[name=theme][value=light]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.keyboard.press("Escape")
    assert colour_at(page, 100.30, 38.80) == "#bf1f1a"


@pytest.mark.usefixtures("some_sites")
def test_a_filter_applies_at_once_and_stands_in_the_address(page):
    sign_in(page, "leader", "/map")
    drawn(page)
    page.locator("label:has(input[name=kind][value=greenhouse])").click()
    expect(page).to_have_url(re.compile(r"/map\?kind=greenhouse&at="))
    expect(page.locator("[data-state=overdue]")).to_have_text("0")
    expect(page.locator("[data-state=listed]")).to_have_text("1")
    assert colour_at(page, 100.30, 38.80) == ""
    assert colour_at(page, 100.70, 39.20) == "#14110f"
    expect(page.locator("#map-to-list")).to_have_attribute("href", "/sites?kind=greenhouse")
    page.reload()
    drawn(page)
    assert colour_at(page, 100.30, 38.80) == ""


@pytest.mark.usefixtures("some_sites")
def test_a_township_is_chosen_and_fills_the_map(page):
    sign_in(page, "leader", "/map")
    drawn(page)
    page.select_option("select[name=area]", EAST)
    expect(page.locator("path.area-on")).to_have_count(1)
    expect(page.locator(".map-list summary")).to_have_text("图中 2 个点位")
    page.select_option("select[name=state]", "overdue")
    expect(page.locator(".map-status")).to_contain_text("没有符合的点位")
    page.select_option("select[name=area]", "")
    expect(page.locator("path.area-on")).to_have_count(0)
    expect(page.locator(".map-status")).to_be_hidden()


@pytest.mark.usefixtures("some_sites")
def test_a_click_shows_the_card_and_escape_closes_it(page):
    sign_in(page, "township", "/map")
    drawn(page)
    press(page, 100.30, 38.80)
    card = page.get_by_role("complementary")
    expect(card.get_by_role("heading", name="苇塘东塘")).to_be_focused()
    expect(card).to_contain_text("超期 6 天")
    expect(card.get_by_role("link", name="记录检查")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


@pytest.mark.usefixtures("some_sites")
def test_what_people_wrote_stays_text_on_the_map(page):
    sign_in(page, "leader", "/map")
    drawn(page)
    press(page, 100.30, 39.20)
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text(EVIL)
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_sites_on_one_spot_are_chosen_from_a_list(page, live):
    with live.store.write() as session:
        for number, state in ((1, {}), (2, LATE), (3, SOON)):
            a_site(session, number=f"P-{number}", name=f"{number}号塘", at=(100.40, 38.93), **state)
    sign_in(page, "leader", f"/map?area={WEST}")
    drawn(page)
    look_at(page, 100.40, 38.93, zoom=14)
    press(page, 100.40, 38.93)
    listed = page.get_by_role("complementary").locator(".cases a")
    expect(listed).to_have_count(3)
    expect(listed.first).to_contain_text("2号塘")
    listed.nth(1).click()
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("3号塘")


def test_calm_sites_are_counted_together_until_one_zooms_in(page, live):
    with live.store.write() as session:
        for number in range(12):
            a_site(session, number=f"P-{number}", at=(100.40 + number / 2000, 38.93))
        a_site(session, number="P-late", at=(100.402, 38.932), **LATE)
    sign_in(page, "leader", "/map")
    drawn(page)
    far, near = pieces(page, 9), pieces(page, 13)
    assert [one["count"] for one in far["circles"]] == [12]
    assert [one["state"] for one in far["alone"]] == ["overdue"]
    assert near["circles"] == []
    assert len(near["alone"]) == 13


def test_true_shapes_are_drawn_when_near(page, live):
    with live.store.write() as session:
        a_site(session, geometry=a_pond_shape(metres=100), **LATE)
    sign_in(page, "leader", "/map?at=100.4,38.93,16")
    drawn(page)
    assert colour_at(page, 100.4005, 38.9304, aside=(0, 0)) != ""
    assert colour_at(page, 100.4020, 38.9304, aside=(0, 0)) == ""


@pytest.mark.usefixtures("some_sites")
def test_on_a_phone_the_card_is_a_sheet_and_only_late_sites_are_drawn(open_page):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(page, "leader", "/map")
    drawn(page)
    assert colour_at(page, 100.30, 39.20, aside=(0, 0)) == ""
    press(page, 100.30, 38.80, tap=True, off=20)
    card = page.get_by_role("complementary")
    expect(card.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    expect(card).to_contain_text("超期 6 天")
    box = card.bounding_box()
    assert box["x"] == 0
    assert box["width"] == 390
    assert box["y"] > 844 * 0.4
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe(page)


@pytest.mark.usefixtures("some_sites")
def test_every_site_in_view_is_reached_by_keyboard(page):
    sign_in(page, "leader", "/map")
    drawn(page)
    page.locator(".map-list summary").focus()
    page.keyboard.press("Enter")
    lines = page.locator(".map-list .cases a")
    expect(lines).to_have_count(4)
    expect(lines.first).to_contain_text("G-1")
    page.keyboard.press("Tab")
    expect(lines.first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘东塘")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)


@pytest.mark.usefixtures("some_sites")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page, scheme):
    page = open_page(color_scheme=scheme)
    sign_in(page, "leader", "/map")
    drawn(page)
    page.locator(".map-list summary").click()
    axe(page)


def test_sites_that_do_not_arrive_are_asked_for_again(page, live, faults, some_sites: dict[str, Any]):
    faults.expected = ("Failed to load resource",)
    page.route("**/api/map/sites", lambda route: route.abort())
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("点位没有读到")
    page.unroute("**/api/map/sites")
    page.get_by_role("button", name="再试一次").click()
    drawn(page)
    expect(page.locator(".map-status")).to_be_hidden()
    assert colour_at(page, 100.30, 38.80) == "#bf1f1a"


def test_a_county_without_sites_says_so(page):
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("还没有点位")


def test_a_small_map_shows_the_site_and_the_editor_has_drawing_tools(page, live):
    with live.store.write() as session:
        site = a_site(session, geometry=a_pond_shape(metres=80), **LATE)
    sign_in(page, "supervisor", f"/sites/{site.id}")
    expect(page.locator("#map_site .mk-placed")).to_be_visible()
    where = "(() => { const map = document.getElementById('map_site').xuntuMap; return map.getZoom(); })()"
    assert page.evaluate(where) >= 14


@pytest.mark.usefixtures("some_sites")
def test_the_map_opens_at_a_site_named_in_the_address(page, some_sites: dict[str, Any]):
    sign_in(page, "leader", "/map")
    page.goto(f"/map?site={some_sites['late'].id}")
    drawn(page)
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘东塘")
    assert colour_at(page, 100.30, 38.80) == "#bf1f1a"


COLOURS = {
    "listed": "#14110f",
    "overdue": "#bf1f1a",
    "due_soon": "#f09a1a",
    "suspected": "#cdb0e4",
    "in_hand": "#1f63c0",
    "closed": "#35a06e",
    "normal": "#ffffff",
}
SIZES = {
    "listed": 24,
    "overdue": 22,
    "due_soon": 19,
    "suspected": 18,
    "in_hand": 15,
    "closed": 14,
    "normal": 12,
}
BESIDE_THE_SIGN = (-5.5 / 24, -3.5 / 24)  # of a mark's size: inside a circle and a square, off every sign
ROOM = 30  # pixels that a mark needs for itself to be judged
FACTS: dict[str, dict[str, Any]] = {
    "listed": {"is_listed": True, "open_cases": 1},
    "overdue": LATE,
    "due_soon": SOON,
    "suspected": {"has_suspected": True, "open_cases": 1},
    "in_hand": {"open_cases": 1, "case_due_at": NOW + timedelta(days=9)},
    "closed": {"case_closed_on": NOW.date() - timedelta(days=3)},
    "normal": {},
}


def test_what_is_drawn_is_what_the_server_says_in_fifty_views_and_filters(open_page, live):
    page = open_page(reduced_motion="reduce")  # no flight is under way while pixels are read
    chance = random.Random(4)  # noqa: S311 (the same views each time)
    with live.store.write() as session:
        rows = list(random_rows(chance, 900))
        session.execute(insert(Site), rows)
    sign_in(page, "leader", "/map")
    drawn(page)
    judged = Counter[str]()
    for _ in range(50):
        wanted = {
            "kind": chance.choice(["", "", "pond", "greenhouse", "straw"]),
            "area": chance.choice(["", "", WEST, EAST]),
            "state": chance.choice(["", "", "", *COLOURS]),
        }
        choose_filter(page, wanted)
        expect(page.locator(".leaflet-zoom-anim")).to_have_count(0)
        zoom, near = chance.choice([9, 10.25, 12, 13, 13, 13.5, 14, 15]), chance.choice(rows)
        look_at(page, near["lon"] + 0.004, near["lat"] + 0.003, zoom=zoom)
        expect(page.locator("[data-drawn]")).to_have_count(1)
        painted(page)
        query = {name: value for name, value in wanted.items() if value}
        counts = page.request.get("/api/map/counts", params=query).json()["state"]
        shown = {state: int(page.locator(f"[data-state={state}]").inner_text()) for state in COLOURS}
        assert shown == {state: counts.get(state, 0) for state in COLOURS}, wanted
        answer = page.request.get("/api/sites.geojson", params={**query, "points": 1, "bbox": view_of(page)})
        in_view = answer.json()["features"]
        expect(page.locator(".map-list summary")).to_have_text(f"图中 {len(in_view)} 个点位")
        chance.shuffle(in_view)
        judged += judge_pixels(page, in_view, zoom)
    assert set(judged) == {*COLOURS, "nothing"}
    assert judged.total() > 150


def judge_pixels(page: Page, features: list[dict[str, Any]], zoom: float) -> Counter[str]:
    """Compare pixels with what the server says, where a mark has room; counted by state."""
    places = [(page.evaluate(PLACE, one["geometry"]["coordinates"]), one["properties"]) for one in features]
    alone = [one for one in places if zoom >= 13 or one[1]["state"] in ("listed", "overdue", "due_soon")]
    judged = Counter[str]()
    for (x, y), facts in alone[:60]:
        size = SIZES[facts["state"]]
        free = all(math.hypot(x - a, y - b) > ROOM for (a, b), other in alone if other is not facts)
        if not free or not on_the_map(page, x, y) or facts["kind"] not in ("pond", "greenhouse"):
            continue
        dx, dy = (0, 0) if facts["state"] == "normal" else (part * size for part in BESIDE_THE_SIGN)
        found, meant = page.evaluate(PIXEL, [x + dx, y + dy]), bytes.fromhex(COLOURS[facts["state"]][1:])
        # Between two zooms a picture is drawn smaller, which blends a little
        assert all(abs(a - b) <= 6 for a, b in zip(found, meant, strict=False)), (found, facts, zoom)
        judged[facts["state"]] += 1
    if zoom >= 13:
        for x, y in [(300, 300), (512, 400), (700, 250)]:
            if all(math.hypot(x - a, y - b) > ROOM for (a, b), _ in places):
                assert page.evaluate(PIXEL, [x, y])[3] == 0, (x, y, zoom)
                judged["nothing"] += 1
    return judged


def choose_filter(page: Page, wanted: dict[str, str]) -> None:
    page.evaluate(
        """(wanted) => {
          const form = document.getElementById("map-filters");
          for (const [name, value] of Object.entries(wanted)) {
            const field = form.querySelector(`select[name=${name}], [name=${name}][value="${value}"]`);
            if (field.type === "radio") field.checked = true;
            else field.value = value;
          }
          form.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        wanted,
    )


def painted(page: Page) -> None:
    """Wait until every tile of the view is painted."""
    page.evaluate("document.getElementById('map_county').xuntuParts.layers.sites.refresh()")


def view_of(page: Page) -> str:
    bounds = "document.getElementById('map_county').xuntuMap.getBounds()"
    return str(page.evaluate(f"{bounds}.toBBoxString()"))


def on_the_map(page: Page, x: float, y: float) -> bool:
    box = page.locator("#map_county").bounding_box()
    inside_x = box["x"] + 20 < x < box["x"] + box["width"] - 20
    return inside_x and box["y"] + 20 < y < box["y"] + box["height"] - 20


def random_rows(chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Rows of sites of every kind and state all over the county, some close to one another."""
    for number in range(count):
        at = Point(round(chance.uniform(100.12, 100.85), 6), round(chance.uniform(38.57, 39.38), 6))
        state = chance.choice([*COLOURS, "normal", "normal"])
        yield {
            "id": uuid4(),
            "number": f"R-{number}",
            "kind": chance.choice(list(Kind)),
            "name": f"{number}号",
            "status": SiteStatus.ACTIVE,
            "township_code": WEST if at.x < 100.5 else EAST,
            "lon": at.x,
            "lat": at.y,
            "created_at": NOW,
            "updated_at": NOW,
            **NO_FACTS,
            **FACTS[state],
            **geometry_columns(at),
        }


NO_FACTS = {
    "is_listed": False,
    "has_suspected": False,
    "open_cases": 0,
    "case_due_at": None,
    "case_closed_on": None,
}
