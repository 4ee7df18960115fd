"""The search box on the map: a morning's searches, by mouse, by keyboard alone, and on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from inspections.terms import Kind
from tests.browser.conftest import Live, axe, sign_in
from tests.factories import EAST, IN_EAST, VILLAGE, WEST, a_pond_shape, a_site

pytestmark = pytest.mark.browser

HERE = (100.45, 38.93)  # by every notation below
EVIL = "<img src=x onerror=alert(1)>${1}"


@pytest.fixture
def some_sites(live: Live) -> dict[str, Any]:
    with live.store.write() as session:
        return {
            "pond": a_site(session, number="P-990101100-0001", name="苇塘东塘", village_code=VILLAGE),
            "near": a_site(
                session, number="P-990101100-0002", name="近处水坑", geometry=a_pond_shape(*HERE), at=HERE
            ),
            "evil": a_site(session, Kind.STRAW, number="S-990101200-0001", name=EVIL, at=IN_EAST),
        }


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="编号、名称、乡镇村或坐标")


def lines(page: Page) -> Locator:
    return page.get_by_role("listbox", name="搜索").get_by_role("option")


def card(page: Page) -> Locator:
    return page.get_by_role("complementary").get_by_role("heading")


MIDDLE = """async () => {
  const map = document.getElementById("map_county").xuntuMap;
  const frame = () => new Promise(requestAnimationFrame);
  await frame(), await frame();
  while (map._animatingZoom || map._panAnim?._inProgress) await frame();
  return [map.getCenter().lng, map.getCenter().lat, map.getZoom()];
}"""


def middle(page: Page) -> list[float]:
    """Longitude, latitude and zoom of the map's middle, once it stands still."""
    return page.evaluate(MIDDLE)


def looks_at(page: Page, lon: float, lat: float, *, zoom: int) -> bool:
    expect(page).to_have_url(re.compile(rf"at=[\d.]+,[\d.]+,{zoom}(&|$)"))  # it has flown there
    at = middle(page)
    return abs(at[0] - lon) < 0.001 and abs(at[1] - lat) < 0.001 and at[2] == zoom


def open_map(page: Page, name: str = "leader") -> None:
    sign_in(page, name, "/map")
    expect(page.locator(".map-list summary")).to_contain_text("个点位")
    expect(page.locator("[data-complete]")).to_have_count(1)


@pytest.mark.usefixtures("some_sites")
def test_a_morning_of_searches_with_the_mouse(page):
    open_map(page)
    box(page).fill("p-990101100-0001")
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("苇塘东塘")
    axe(page)
    lines(page).click()
    expect(card(page)).to_have_text("苇塘东塘")
    expect(page).to_have_url(re.compile(r"at=[\d.,]+,15&"))  # flown there
    expect(page.get_by_role("listbox")).to_be_hidden()

    box(page).fill("水 坑")
    expect(lines(page)).to_have_count(1)
    lines(page).click()
    expect(card(page)).to_have_text("近处水坑")

    box(page).fill("柳荫村")
    expect(lines(page).first).to_contain_text("柳荫村")
    lines(page).first.click()
    lon, lat, zoom = middle(page)
    assert (lon, lat) == pytest.approx((100.405, 38.93), abs=0.02)
    assert zoom > 11

    box(page).fill("X=4311732.81 Y=33625734.81")
    expect(lines(page)).to_have_count(2)
    expect(lines(page).first).to_contain_text("100.450000, 38.930000")
    expect(lines(page).first).to_contain_text("CGCS2000 3 度带，第 33 带")
    expect(lines(page).nth(1)).to_contain_text("距 0 米")
    lines(page).first.click()
    expect(page.locator("path.found-ring")).to_have_count(1)
    assert looks_at(page, *HERE, zoom=16)

    box(page).fill("北纬38°55′48″ 东经100°27′00″")
    expect(page.locator("path.found-ring")).to_have_count(0)
    expect(lines(page)).to_have_count(4)
    for place, words in enumerate(("WGS 84 / CGCS2000", "高德·腾讯 GCJ-02", "百度 BD-09", "近处水坑")):
        expect(lines(page).nth(place)).to_contain_text(words)
    lines(page).nth(1).click()
    expect(page.locator("path.found-ring")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("path.found-ring")).to_have_count(0)


@pytest.mark.usefixtures("some_sites")
def test_the_same_by_keyboard_alone(page):
    open_map(page)
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("西镇")
    expect(lines(page)).to_have_count(4)
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(lines(page).nth(1)).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", "map-found-1")
    expect(lines(page).nth(1)).to_contain_text("筛选")
    axe(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/map\?area={WEST}&at="))
    expect(page.locator("select[name=area]")).to_have_value(WEST)

    expect(box(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(lines(page).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(lines(page)).to_have_count(0)
    expect(box(page)).to_have_value("西镇")
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")

    page.keyboard.type("P-990101100-0002")
    page.keyboard.press("Enter")
    expect(card(page)).to_have_text("近处水坑")
    expect(card(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)


def test_going_to_a_place_sets_no_filter(page):
    open_map(page, "leader")
    box(page).fill("东乡")
    lines(page).first.click()
    expect(page).to_have_url(re.compile(r"/map\?at="))
    expect(page.locator("select[name=area]")).to_have_value("")
    lon, _lat, _zoom = middle(page)
    assert lon == pytest.approx(100.685, abs=0.05)
    box(page).click()
    lines(page).nth(1).click()
    expect(page).to_have_url(re.compile(rf"/map\?area={EAST}&at="))


@pytest.mark.usefixtures("some_sites")
def test_on_a_phone_a_button_opens_the_box_and_a_finger_chooses(open_page):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    open_map(page)
    expect(box(page)).to_be_hidden()
    page.get_by_role("button", name="搜索").tap()
    expect(box(page)).to_be_focused()
    page.keyboard.type("100.45, 38.93")
    expect(lines(page)).to_have_count(4)
    assert all(one.bounding_box()["height"] >= 44 for one in lines(page).all())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe(page)
    lines(page).first.tap()
    expect(box(page)).to_be_hidden()
    expect(page.locator("path.found-ring")).to_have_count(1)
    page.get_by_role("button", name="搜索").tap()
    page.get_by_role("search").get_by_role("button", name="关闭").tap()
    expect(box(page)).to_be_hidden()
    expect(page.locator("path.found-ring")).to_have_count(0)
    page.get_by_role("button", name="搜索").tap()
    page.keyboard.type("东塘")
    lines(page).first.tap()
    expect(card(page)).to_have_text("苇塘东塘")


@pytest.mark.usefixtures("some_sites")
def test_what_people_wrote_stays_text_in_the_list(page):
    open_map(page)
    box(page).fill("<IMG")
    expect(lines(page)).to_have_count(1)
    expect(lines(page).locator(".strong")).to_have_text(EVIL)
    expect(page.locator("img[src=x]")).to_have_count(0)


@pytest.mark.usefixtures("some_sites")
def test_nothing_found_and_no_answer_are_said(page, faults):
    faults.expected = ("Failed to load resource",)
    open_map(page)
    said = page.get_by_role("search").get_by_role("status")
    box(page).fill("没有这样的")
    expect(said).to_contain_text("没有找到。可输入编号")
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    page.route("**/api/search*", lambda route: route.abort())
    box(page).fill("东塘")
    expect(said).to_contain_text("服务器没有回答")
    page.unroute("**/api/search*")
    box(page).fill("东塘一")
    expect(said).to_contain_text("没有找到")
    box(page).fill("东塘")
    expect(said).to_have_text("找到 1 项")
    box(page).fill("")
    expect(said).to_be_empty()


@pytest.mark.usefixtures("some_sites")
def test_only_the_last_of_several_searches_is_shown(page):
    """The first answer comes after the second was asked for."""
    open_map(page)
    held: list[Any] = []
    page.route("**/api/search?q=%E8%A5%BF", lambda route: held.append(route))
    with page.expect_request("**/api/search?q=%E8%A5%BF"):
        box(page).fill("西")
    box(page).fill("水坑")
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("近处水坑")
    assert len(held) == 1


def test_more_sites_than_are_shown_stand_in_the_list(page, live):
    with live.store.write() as session:
        for number in range(23):
            a_site(session, number=f"P-{number:02}", name="东塘")
    open_map(page)
    box(page).fill("东塘")
    expect(lines(page)).to_have_count(20)
    page.get_by_role("link", name="还有 3 个点位，看列表").click()
    expect(page).to_have_url(re.compile(r"/sites\?q=%E4%B8%9C%E5%A1%98$"))
    expect(page.locator("main")).to_contain_text("符合条件 23 处")


@pytest.mark.usefixtures("some_sites")
def test_an_officer_finds_nothing_of_another_township(page):
    open_map(page, "township")
    said = page.get_by_role("search").get_by_role("status")
    for words in ("S-990101200-0001", "<img"):
        box(page).fill(words)
        expect(said).to_contain_text("没有找到")
    box(page).fill("100.60, 38.93")
    expect(lines(page)).to_have_count(3)
