"""The bar of filters over the county map: one row at every width, what has no room behind a button."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from inspections.deadlines import beijing_day
from inspections.models import Body
from tests.browser.conftest import Live, axe, sign_in
from tests.factories import NOW, a_body, a_site

pytestmark = pytest.mark.browser


@pytest.fixture
def water(live: Live) -> Body:
    """A body that leads one of two ponds, whose last case was closed 60 days ago."""
    with live.store.write() as session:
        body = a_body(session, name="示范县水务局水利工程管理站")
        a_site(session, number="P-1", body_id=body.id, case_closed_on=beijing_day(NOW) - timedelta(days=60))
        a_site(session, number="P-2", at=(100.3, 38.8))
    return body


def names_in(page: Page, place: str) -> list[str]:
    return page.eval_on_selector_all(f"{place} select", "all => all.map((one) => one.name)")


@pytest.mark.parametrize(
    ("width", "inside", "behind"),
    [
        (390, [], ["area", "state", "body", "period"]),
        (800, ["area"], ["state", "body", "period"]),
        (1024, ["area", "state"], ["body", "period"]),
        (1920, ["area", "state", "body", "period"], []),
    ],
)
@pytest.mark.usefixtures("water")
def test_the_bar_is_one_row_at_every_width(open_page, width, inside, behind):
    page = open_page(width, 844)
    sign_in(page, "leader", "/map")
    bar = page.locator("#map-filters")
    expect(bar).to_have_class(re.compile("is-fitted"))
    assert names_in(page, "#map-filters > details") == behind
    assert names_in(page, "#map-filters") == [*inside, *behind]
    assert bar.bounding_box()["height"] <= 62
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    button = page.locator("#map-filters > details > summary")
    expect(button).to_be_visible(visible=bool(behind))


def test_a_filter_behind_the_button_narrows_and_is_counted_on_it(open_page, water):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(page, "leader", "/map")
    button = page.locator("#map-filters > details > summary")
    expect(button).to_have_text("筛选")
    button.tap()
    axe(page)
    page.select_option("select[name=body]", str(water.id))
    expect(page).to_have_url(re.compile(rf"/map\?body={water.id}&at="))
    expect(page.locator("[data-state=normal]")).to_have_text("1")
    page.select_option("select[name=period]", "90")
    expect(page).to_have_url(re.compile(rf"/map\?body={water.id}&period=90&at="))
    expect(page.locator("[data-state=closed]")).to_have_text("1")
    expect(page.locator("[data-state=normal]")).to_have_text("0")
    expect(button).to_have_text("筛选 2")
    href = f"/sites?body={water.id}&period=90"
    expect(page.locator("#map-to-list")).to_have_attribute("href", href)
    page.locator(".map").tap(position={"x": 20, "y": 400})
    expect(page.locator("select[name=body]")).to_be_hidden()
    page.reload()
    expect(button).to_have_text("筛选 2")
    expect(page.locator("[data-state=closed]")).to_have_text("1")


@pytest.mark.usefixtures("water")
def test_turning_the_tablet_brings_filters_back_into_the_bar(open_page):
    page = open_page(700, 1024)
    sign_in(page, "leader", "/map")
    expect(page.locator("#map-filters > details select[name=state]")).to_have_count(1)
    page.set_viewport_size({"width": 1024, "height": 700})
    expect(page.locator("#map-filters > select[name=state]")).to_have_count(1)
