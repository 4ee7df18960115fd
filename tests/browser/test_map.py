"""The county map in a browser: what is drawn, filtered, tapped and read, in both themes and on a phone."""

from __future__ import annotations

import re
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
PIXEL = """([selector, x, y]) => {
  const canvas = document.querySelector(selector), box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [...canvas.getContext("2d").getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data];
}"""
PLACE = """([lon, lat]) => {
  const box = document.getElementById("map_county"), at = box.xuntuMap.latLngToContainerPoint([lat, lon]);
  const corner = box.getBoundingClientRect();
  return [corner.x + at.x, corner.y + at.y];
}"""


def colour_at(page: Page, lon: float, lat: float, aside: tuple[float, float] = (-6, 0)) -> str:
    """The colour drawn at a place, a little beside the middle where the sign stands."""
    x, y = page.evaluate(PLACE, [lon, lat])
    red, green, blue, alpha = page.evaluate(PIXEL, [".sites-canvas", x + aside[0], y + aside[1]])
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
    expect(page.locator("[data-sites]")).to_have_count(1)


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
    expect(page).to_have_url(re.compile(r"/map\?kind=greenhouse$"))
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
    counted = "document.getElementById('map_county').xuntuParts.layers.sites._drawn"
    assert page.evaluate(f"{counted}.circles.map((one) => one.count)") == [12]
    assert page.evaluate(f"{counted}.alone.map((one) => one.number)") == ["P-late"]
    look_at(page, 100.40, 38.93, zoom=13)
    assert page.evaluate(f"{counted}.circles.length") == 0
    assert page.evaluate(f"{counted}.alone.length") == 13


def test_true_shapes_are_drawn_when_near(page, live):
    with live.store.write() as session:
        a_site(session, geometry=a_pond_shape(metres=100), **LATE)
    sign_in(page, "leader", "/map")
    drawn(page)
    with page.expect_response(lambda answer: "bbox=" in answer.url):
        look_at(page, 100.40, 38.93, zoom=16)
    expect(page.locator("[data-shapes='1']")).to_have_count(1)
    assert colour_at(page, 100.4005, 38.9304, aside=(0, 0)) != ""


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
    page.route("**/api/sites.geojson*", lambda route: route.abort())
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("点位没有读到")
    page.unroute("**/api/sites.geojson*")
    page.get_by_role("button", name="再试一次").click()
    drawn(page)
    expect(page.locator(".map-status")).to_be_hidden()
    assert colour_at(page, 100.30, 38.80) == "#bf1f1a"


def test_a_county_without_sites_says_so(page):
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("还没有点位")


def test_own_position_is_shown_with_its_accuracy(open_page):
    place = {"latitude": 38.93, "longitude": 100.40, "accuracy": 900}
    page = open_page(geolocation=place, permissions=["geolocation"])
    sign_in(page, "leader", "/map")
    page.locator(".leaflet-control-locate a").click()
    expect(page.locator(".leaflet-control-locate-location")).to_be_visible()


def test_a_position_that_is_refused_is_said_on_the_map(open_page):
    page = open_page(permissions=[])
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("还没有点位")  # the sites' answer has come
    page.locator(".leaflet-control-locate a").click()
    expect(page.locator(".map-status")).to_contain_text("没有取得位置")


def test_a_small_map_shows_the_site_and_the_editor_has_drawing_tools(page, live):
    with live.store.write() as session:
        site = a_site(session, geometry=a_pond_shape(metres=80), **LATE)
    sign_in(page, "supervisor", f"/sites/{site.id}")
    expect(page.locator("#map_site .sites-canvas")).to_be_visible()
    where = "(() => { const map = document.getElementById('map_site').xuntuMap; return map.getZoom(); })()"
    assert page.evaluate(where) >= 14


@pytest.mark.usefixtures("some_sites")
def test_the_map_opens_at_a_site_named_in_the_address(page, some_sites: dict[str, Any]):
    sign_in(page, "leader", "/map")
    page.goto(f"/map?site={some_sites['late'].id}")
    drawn(page)
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘东塘")
    assert colour_at(page, 100.30, 38.80) == "#bf1f1a"


def test_a_large_county_is_fetched_view_by_view(page, live):
    with live.store.write() as session:
        for number in range(9):
            a_site(session, number=f"E-{number}", at=(100.70, 38.60 + number / 1000))
        session.execute(insert(Site), list(many_rows(5_000)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, "leader", "/map")
    drawn(page)
    expect(page.locator("[data-state=normal]")).to_have_text("5,009")
    page.locator("label:has(input[name=kind][value=straw])").click()
    expect(page.locator("[data-state=normal]")).to_have_text("0")
    expect(page.locator(".map-status")).to_contain_text("没有符合的点位")
    page.locator("label:has(input[name=kind][value=pond])").click()
    expect(page.locator("[data-state=normal]")).to_have_text("5,009")
    look_at(page, 100.70, 38.60, zoom=14)
    expect(page.locator(".map-list summary")).to_have_text("图中 9 个点位")
    assert all("bbox=" in url for url in asked if "sites.geojson" in url)


def many_rows(count: int) -> Iterator[dict[str, Any]]:
    """Rows of calm ponds in the west, for an insert of many."""
    for number in range(count):
        at = Point(100.15 + number % 70 / 250, 38.60 + number // 70 / 100)
        yield {
            "id": uuid4(),
            "number": f"W-{number}",
            "kind": Kind.POND,
            "name": "苇塘",
            "status": SiteStatus.ACTIVE,
            "township_code": WEST,
            "lon": at.x,
            "lat": at.y,
            "created_at": NOW,
            "updated_at": NOW,
            **geometry_columns(at),
        }
