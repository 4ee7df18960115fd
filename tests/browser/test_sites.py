"""The pages of sites in a browser: drawing, the device's position, filters, and what axe finds."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from inspections.models import Site
from inspections.terms import Kind
from tests.browser.conftest import Live, axe, sign_in
from tests.factories import IN_EAST, IN_WEST, a_pond_shape, a_site

pytestmark = pytest.mark.browser

SQUARE = ((-60, -60), (60, -60), (60, 60), (-60, 60))
BOW_TIE = ((-60, -60), (60, 60), (60, -60), (-60, 60))


def press(page: Page, corners: tuple[tuple[int, int], ...]) -> None:
    """Press on the map at pixels from its middle."""
    box = page.locator("#map_editor").bounding_box()
    for aside, down in corners:
        x, y = box["x"] + box["width"] / 2 + aside, box["y"] + box["height"] / 2 + down
        page.mouse.move(x, y)
        page.mouse.click(x, y)


def start_drawing(page: Page) -> None:
    sign_in(page, "inspector", "/sites/new")
    page.goto("/sites/new?kind=pond&at=100.40,38.93")
    page.locator(".leaflet-pm-icon-polygon").wait_for()
    page.locator(".shape-map").scroll_into_view_if_needed()
    page.locator("#map_editor").evaluate(
        "box => box.xuntuMap.setView([38.93, 100.40], 16, { animate: false })"
    )
    page.click(".leaflet-pm-icon-polygon")


def the_site(live: Live) -> Site:
    with live.store.read() as session:
        return session.scalars(select(Site)).one()


def test_a_pond_is_drawn_on_the_map_and_saved(open_page, live):
    page = open_page(1024, 900)
    start_drawing(page)
    press(page, (*SQUARE, SQUARE[0]))
    expect(page.locator("[data-said]")).to_contain_text("4 个拐点")
    assert json.loads(page.input_value("#geometry"))["type"] == "Polygon"
    page.fill("#name", "手绘塘")
    page.click(".savebar button")
    expect(page.locator("h1")).to_have_text("手绘塘")
    assert the_site(live).area_m2 > 1000


def test_a_line_that_crosses_itself_is_refused_while_it_is_drawn(open_page, live):
    page = open_page(1024, 900)
    start_drawing(page)
    press(page, BOW_TIE)
    expect(page.locator("[data-said]")).to_contain_text("自相交")
    assert page.input_value("#geometry") == ""


def test_a_tap_sets_the_point_and_the_device_its_position(open_page, live):
    here = {"longitude": 100.41, "latitude": 38.94, "accuracy": 6}
    page = open_page(1024, 900, permissions=["geolocation"], geolocation=here)
    sign_in(page, "inspector", "/sites/new")
    page.goto("/sites/new?kind=pond")
    page.locator(".leaflet-pm-icon-polygon").wait_for()
    page.locator(".shape-map").scroll_into_view_if_needed()
    press(page, ((0, 0),))
    expect(page.locator("#position")).not_to_have_value("")
    assert page.input_value("#datum") == "cgcs2000"
    page.click("[data-locate] button")
    expect(page.locator("#position")).to_have_value("100.4100000, 38.9400000")
    assert (page.input_value("#datum"), page.input_value("#loc_method")) == ("wgs84", "gps")
    assert page.input_value("#loc_accuracy_m") == "6"


def test_a_choice_narrows_the_list_at_once_and_stands_in_the_address(page, live):
    with live.store.write() as session:
        a_site(session, name="苇塘东塘")
        a_site(session, Kind.STRAW, name="渠南地块", at=IN_EAST)
    sign_in(page, "supervisor", "/sites")
    expect(page.locator("td.cell-main")).to_have_count(2)
    page.locator("input[name=kind][value=straw]").check(force=True)
    expect(page.locator("td.cell-main")).to_have_text(["渠南地块"])
    assert page.url.endswith("/sites?kind=straw&sort=urgent")


def test_the_form_works_without_scripts(open_page, live):
    page = open_page(java_script_enabled=False)
    sign_in(page, "inspector", "/sites/new")
    page.goto("/sites/new?kind=pond")
    page.fill("#name", "无脚本塘")
    page.fill("#position", "100.40, 38.93")
    page.click(".savebar button")
    expect(page.locator("h1")).to_have_text("无脚本塘")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1024, "dark")])
def test_axe_finds_nothing_grave_on_the_pages_of_sites(open_page, live, width, scheme):
    with live.store.write() as session:
        site = a_site(session, at=IN_WEST, geometry=a_pond_shape(), area_m2=10_000, loc_accuracy_m=50)
    page = open_page(width, 900, color_scheme=scheme)
    sign_in(page, "supervisor", "/sites")
    for path in (
        "/sites?kind=pond",
        "/sites/new",
        "/sites/new?kind=pond",
        f"/sites/{site.id}",
        f"/sites/{site.id}/edit",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        axe(page)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), path
