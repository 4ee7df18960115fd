"""The county map's tools in a browser: measuring, own position, the whole screen, one sheet of paper."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from pyproj import Geod

from inspections.terms import Kind
from tests.browser.conftest import Live, axe, sign_in
from tests.factories import NOW, WEST, a_site

pytestmark = pytest.mark.browser

WGS84 = Geod(ellps="WGS84")
SOUTH_WEST, SOUTH_EAST = (100.30, 38.80), (100.60, 38.80)
NORTH_EAST, NORTH_WEST = (100.60, 39.00), (100.30, 39.00)
CALM = (100.70, 39.20)  # a site stands there
HERE = {"latitude": 38.93, "longitude": 100.40, "accuracy": 40}
PLACE = """([lon, lat]) => {
  const box = document.getElementById("map_county"), at = box.xuntuMap.latLngToContainerPoint([lat, lon]);
  const corner = box.getBoundingClientRect();
  return [corner.x + at.x, corner.y + at.y];
}"""
VIEW = """() => {
  const map = document.getElementById("map_county").xuntuMap, size = map.getSize();
  const { lat, lng } = map.getCenter();
  return [lng.toFixed(6), lat.toFixed(6), map.getZoom().toFixed(3), size.x, size.y];
}"""
# Notes how sharp the sites are asked for, and that the dialog would open, in the page's own data
NO_DIALOG = """() => {
  const { layers } = document.getElementById("map_county").xuntuParts, repaint = layers.sites.repaint;
  const root = document.documentElement;
  layers.sites.repaint = function (ratio) { root.dataset.ratio = ratio; return repaint.call(this, ratio); };
  window.print = () => (root.dataset.printed = root.dataset.printed ? "twice" : "once");
}"""
# What a PDF says in the clear: its pages, their size in points, its images' widths in pixels
PDF_PAGE = re.compile(rb"/Type /Page\b")
PDF_SIZE = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
PDF_WIDTH = re.compile(rb"/Width (\d+)")
A4 = (595, 842)


@pytest.fixture(autouse=True)
def _some_sites(live: Live) -> None:
    late = {"open_cases": 1, "case_due_at": NOW - timedelta(days=6)}
    with live.store.write() as session:
        a_site(session, number="P-1", at=SOUTH_WEST, name="苇塘东塘", **late)
        a_site(session, Kind.AFFORESTATION, number="A-1", at=CALM, name="北坡林")


def open_map(page: Page, path: str = "/map") -> None:
    sign_in(page, "leader", path)
    expect(page.locator(".map-list summary")).to_contain_text("个点位")
    expect(page.locator("[data-complete]")).to_have_count(1)


def place(page: Page, at: tuple[float, float]) -> tuple[float, float]:
    x, y = page.evaluate(PLACE, list(at))
    return x, y


def press(page: Page, at: tuple[float, float]) -> None:
    page.mouse.click(*place(page, at))


def tap(page: Page, at: tuple[float, float]) -> None:
    page.touchscreen.tap(*place(page, at))


def move(page: Page, at: tuple[float, float]) -> None:
    page.mouse.move(*place(page, at), steps=3)


def at_rest(page: Page) -> None:
    """Wait until the chosen township fills the map."""
    expect(page.locator("path.area-on")).to_have_count(1)
    expect(page.locator(".leaflet-zoom-anim, .leaflet-pan-anim")).to_have_count(0)


def tool(page: Page, name: str) -> Locator:
    return page.locator(".map-bar").get_by_role("button", name=name)


def measure(page: Page, *, area: bool = False) -> None:
    tool(page, "测量距离和面积").click()
    if area:
        page.locator(".measure-box label", has_text="面积").click()


def figure(page: Page) -> float:
    """The figure as a number of metres, or of mu."""
    shown = page.locator(".measure-figure")
    expect(shown).to_have_text(re.compile(r"\d"))
    number, unit = re.fullmatch(r"([\d,.]+) (km|m|亩)", shown.inner_text()).groups()
    return float(number.replace(",", "")) * (1000 if unit == "km" else 1)


def length(*places: tuple[float, float]) -> float:
    return WGS84.line_length(*zip(*places, strict=True))


def mu(*places: tuple[float, float]) -> float:
    return abs(WGS84.polygon_area_perimeter(*zip(*places, strict=True))[0]) * 15 / 10_000


def test_a_distance_is_read_while_one_moves_and_a_double_click_ends_it(page):
    open_map(page)
    measure(page)
    expect(page.locator(".measure-hint")).to_have_text("点起点。")
    press(page, SOUTH_WEST)
    move(page, SOUTH_EAST)
    assert figure(page) == pytest.approx(length(SOUTH_WEST, SOUTH_EAST), rel=0.01)
    press(page, SOUTH_EAST)
    move(page, NORTH_EAST)
    leg = length(SOUTH_EAST, NORTH_EAST)
    expect(page.locator(".measure-lines")).to_have_text(re.compile(rf"最后一段 {leg / 1000:.0f}"))
    whole = length(SOUTH_WEST, SOUTH_EAST, NORTH_EAST)
    assert figure(page) == pytest.approx(whole, rel=0.01)
    page.mouse.dblclick(*place(page, NORTH_EAST))
    expect(page.locator(".measure-hint")).to_have_text("在图上点一下，重新测量。")
    move(page, SOUTH_WEST)
    assert figure(page) == pytest.approx(whole, rel=0.01)
    expect(page.locator(".map-side")).to_be_hidden()


def test_an_area_is_said_in_mu_and_one_that_crosses_itself_at_once(page):
    open_map(page)
    measure(page, area=True)
    for corner in (SOUTH_WEST, SOUTH_EAST, NORTH_WEST):
        press(page, corner)
    move(page, NORTH_EAST)
    expect(page.locator(".measure-hint")).to_have_text("边线自己相交了。撤回最后一点。")
    expect(page.get_by_role("button", name="结束")).to_be_hidden()
    move(page, (100.25, 38.90))
    assert figure(page) > 0
    press(page, NORTH_EAST)
    expect(page.locator(".measure-figure")).to_have_text("—")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    press(page, NORTH_EAST)
    press(page, NORTH_WEST)
    assert figure(page) == pytest.approx(mu(SOUTH_WEST, SOUTH_EAST, NORTH_EAST, NORTH_WEST), rel=0.01)
    expect(page.locator(".measure-lines")).to_contain_text("km²")
    press(page, SOUTH_WEST)
    expect(page.get_by_role("button", name="重测")).to_be_visible()
    page.locator(".measure-box label", has_text="距离").click()
    around = length(SOUTH_WEST, SOUTH_EAST, NORTH_EAST, NORTH_WEST)
    assert figure(page) == pytest.approx(around, rel=0.01)


def test_one_measures_by_the_keyboard_alone(page):
    open_map(page)
    tool(page, "测量距离和面积").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".is-by-cross")).to_have_count(1)
    expect(page.locator("#map_county")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".measure-box [role=status]")).to_have_text(re.compile("第 1 点"))
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".leaflet-pan-anim")).to_have_count(0)
    assert figure(page) > 1000
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".measure-box [role=status]")).to_have_text(re.compile("已结束"))
    page.keyboard.press("Escape")
    expect(page.locator(".measure-box")).to_have_count(0)
    expect(tool(page, "测量距离和面积")).to_be_focused()
    expect(tool(page, "测量距离和面积")).to_have_attribute("aria-pressed", "false")


def test_enter_ends_what_the_mouse_began_and_escape_leaves_the_card_open(page):
    open_map(page)
    press(page, SOUTH_WEST)
    expect(page.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    measure(page)
    press(page, NORTH_WEST)
    press(page, SOUTH_EAST)
    page.keyboard.press("Enter")
    expect(page.locator(".measure-hint")).to_have_text("在图上点一下，重新测量。")
    page.keyboard.press("Escape")
    expect(page.locator(".measure-box")).to_have_count(0)
    expect(page.locator("path.sketch-line")).to_have_count(0)
    expect(page.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    press(page, CALM)
    expect(page.get_by_role("heading", name="北坡林")).to_be_visible()


def test_a_thumb_measures_and_copies_the_figure(open_page):
    page = open_page(
        390, 844, has_touch=True, is_mobile=True, permissions=["clipboard-read", "clipboard-write"]
    )
    open_map(page)
    tool(page, "测量距离和面积").tap()
    tap(page, NORTH_WEST)
    tap(page, NORTH_EAST)
    tap(page, CALM)
    assert figure(page) == pytest.approx(length(NORTH_WEST, NORTH_EAST, CALM), rel=0.02)
    for part in page.locator(".measure-box .btn:visible, .measure-box label").all():
        assert part.bounding_box()["height"] >= 43.5
    page.get_by_role("button", name="撤回一点").tap()
    said = page.locator(".measure-figure").inner_text()
    page.get_by_role("button", name="复制").tap()
    expect(page.locator(".measure-hint")).to_have_text("已复制。")
    assert page.evaluate("navigator.clipboard.readText()").startswith(said)
    tap(page, NORTH_EAST)
    expect(page.get_by_role("button", name="重测")).to_be_visible()
    axe(page)


def test_without_https_the_figure_is_copied_all_the_same(page):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    open_map(page)
    measure(page)
    press(page, SOUTH_WEST)
    press(page, SOUTH_EAST)
    said = page.locator(".measure-figure").inner_text()
    page.get_by_role("button", name="复制").click()
    expect(page.locator(".measure-hint")).to_have_text("已复制。")
    page.evaluate("document.querySelector('.map-page').append(document.createElement('textarea'))")
    field = page.locator(".map-page > textarea")
    field.focus()
    page.keyboard.press("Control+V")
    expect(field).to_have_value(said)


def test_the_library_comes_when_measuring_starts_or_its_absence_is_said(page, faults):
    faults.expected = ("Failed to load resource",)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/geographiclib*/**", lambda route: route.abort())
    open_map(page)
    assert not [url for url in asked if "geographiclib" in url]
    measure(page)
    expect(page.locator(".map-status")).to_have_text("测量没有打开。有网络时再试一次。")
    expect(page.locator(".measure-box")).to_have_count(0)
    press(page, SOUTH_WEST)
    expect(page.get_by_role("heading", name="苇塘东塘")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_while_one_measures(open_page, scheme):
    page = open_page(color_scheme=scheme, geolocation=HERE, permissions=["geolocation"])
    open_map(page)
    page.locator(".leaflet-control-locate a").click()
    expect(page.locator(".map-position")).to_be_visible()
    measure(page, area=True)
    for lon, lat in ((100.3995, 38.9295), (100.4005, 38.9295), (100.3995, 38.9305), (100.4005, 38.9305)):
        press(page, (lon, lat))
    expect(page.locator(".measure-box.is-crossing")).to_have_count(1)
    axe(page)


@pytest.mark.parametrize(("scheme", "blue"), [("light", "rgb(11, 87, 208)"), ("dark", "rgb(138, 180, 255)")])
def test_own_position_has_its_circle_in_the_pages_colours_and_its_accuracy_in_words(open_page, scheme, blue):
    page = open_page(
        390, 844, has_touch=True, color_scheme=scheme, geolocation=HERE, permissions=["geolocation"]
    )
    open_map(page, "/map")
    page.locator(".leaflet-control-locate a").tap()
    expect(page.locator(".map-position")).to_have_text("本机位置 ± 40 m")
    expect(page.locator("path.me-accuracy")).to_have_css("fill", blue)
    expect(page.locator(".leaflet-control-locate-location circle")).to_have_css("fill", blue)
    assert page.evaluate(VIEW)[:2] == ["100.400000", "38.930000"]
    expect(page.locator(".leaflet-control-locate")).to_have_class(re.compile("following"))
    page.mouse.move(200, 400)
    page.mouse.down()
    page.mouse.move(260, 460, steps=4)
    page.mouse.up()
    expect(page.locator(".leaflet-control-locate")).not_to_have_class(re.compile("following"))
    page.locator(".leaflet-control-locate a").tap()
    page.locator(".leaflet-control-locate a").tap()
    expect(page.locator(".map-position")).to_be_hidden()


def test_the_distance_to_the_site_of_the_card_is_said(open_page):
    page = open_page(geolocation=HERE, permissions=["geolocation"])
    open_map(page)
    press(page, SOUTH_WEST)
    expect(page.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    page.locator(".leaflet-control-locate a").click()
    expect(page.locator(".map-position")).to_have_text("本机位置 ± 40 m · 距点位 16.8 km")
    page.keyboard.press("Escape")
    expect(page.locator(".map-position")).to_have_text("本机位置 ± 40 m")


def test_a_position_that_is_refused_is_said_on_the_map(open_page):
    page = open_page(permissions=[])
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    open_map(page)
    page.locator(".leaflet-control-locate a").click()
    expect(page.locator(".map-position")).to_contain_text("没有取得位置")


def test_the_whole_screen_has_filters_map_and_card(page):
    open_map(page)
    page.keyboard.press("f")
    expect(page.locator("main:fullscreen")).to_have_count(1)
    expect(tool(page, "全屏")).to_have_attribute("aria-pressed", "true")
    assert page.locator(".map-page").bounding_box()["width"] == 1024
    assert page.locator("header.top").evaluate("(one) => !document.fullscreenElement.contains(one)")
    page.select_option("select[name=area]", WEST, force=True)  # it may stand behind "More filters"
    at_rest(page)
    press(page, SOUTH_WEST)
    expect(page.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    axe(page)
    tool(page, "全屏").click()
    expect(page.locator("main:fullscreen")).to_have_count(0)
    page.locator("select[name=area]").focus()
    page.keyboard.press("f")
    expect(page.locator("main:fullscreen")).to_have_count(0)


def test_where_the_browser_has_no_whole_screen_the_window_is_filled(open_page):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    page.add_init_script("Object.defineProperty(document, 'fullscreenEnabled', { value: false })")
    open_map(page)
    tool(page, "全屏").tap()
    box = page.locator("main").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert page.locator(".map").bounding_box()["height"] == pytest.approx(page.evaluate(VIEW)[4], abs=1)
    tap(page, SOUTH_WEST)
    card = page.get_by_role("complementary")
    expect(card.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    sheet = card.bounding_box()
    assert sheet["y"] + sheet["height"] == 844
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(page.locator(".is-whole-screen")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".is-whole-screen")).to_have_count(0)
    assert page.locator("header.top").bounding_box()["y"] == 0


def pages_of(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each page, in points."""
    sizes = [(round(float(width)), round(float(height))) for width, height in PDF_SIZE.findall(pdf)]
    assert len(sizes) == len(PDF_PAGE.findall(pdf))
    return sizes


def prepared(page: Page) -> None:
    """Wait until the dialog would open; paper is then what the sheet is."""
    expect(page.locator("html[data-printed]")).to_have_count(1)
    page.emulate_media(media="print")


@pytest.mark.parametrize(
    ("width", "height", "scheme", "size"), [(1024, 768, "dark", A4[::-1]), (390, 844, "light", A4)]
)
def test_the_map_is_printed_on_one_sheet_with_all_that_belongs_to_it(open_page, width, height, scheme, size):
    page = open_page(width, height, color_scheme=scheme)
    open_map(page)
    page.locator("label:has(input[name=kind][value=pond])").click()
    page.select_option("select[name=area]", WEST, force=True)  # it may stand behind "More filters"
    at_rest(page)
    before = page.evaluate(VIEW)
    page.evaluate(NO_DIALOG)
    tool(page, "打印").click()
    prepared(page)
    said = [line for line in page.locator(".sheet-head").inner_text().split("\n") if line]
    assert said[0] == "示范县点位图"
    assert said[1] == "纳污坑塘 · 西镇 · 共 1 处"
    assert re.fullmatch(r"数据截至 .*（北京时间）", said[2])
    for part in (".sheet-north", ".leaflet-control-scale-line", ".secret", ".map-name:visible"):
        expect(page.locator(part).first).to_be_visible()
    for part in (
        ".leaflet-control-zoom",
        ".map-bar",
        ".top",
        ".filters",
        ".map-list",
        ".sheet-wait",
        ".only-paper",
    ):
        expect(page.locator(part)).to_be_hidden()
    legend = page.locator(".legend-bar li:visible").all_inner_texts()
    assert [words for words in legend if "1" in words] == ["超期\n1"]
    assert not [words for words in legend if "0" in words or "大棚房" in words]
    assert "纳污坑塘" in legend
    assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--ink').trim()") == "#16211f"
    expect(page.locator("html")).to_have_attribute("data-ratio", "3")
    inside(page)
    page.emulate_media(media="screen")
    put_back(page, before)
    tool(page, "打印").click()
    expect(page.locator("html[data-printed=twice]")).to_have_count(1)
    pdf = page.pdf(prefer_css_page_size=True)
    assert pages_of(pdf) == [size]
    assert max(map(int, PDF_WIDTH.findall(pdf))) >= 1300
    put_back(page, before)


def put_back(page: Page, before: list) -> None:
    """The page is as it was before it was a sheet: view, theme and marks."""
    expect(page.locator("html.is-sheet")).to_have_count(0)
    assert page.evaluate(VIEW) == before
    assert page.evaluate("document.documentElement.dataset.theme") is None
    expect(page.locator("html")).to_have_attribute("data-ratio", "undefined")


def inside(page: Page) -> None:
    """All that was seen is on the map's part of the sheet, and nothing of the sheet is cut."""
    sheet = page.locator(".map-page").bounding_box()
    for part in (".sheet-head", ".map", ".legend-bar"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= sheet["x"]
        assert box["x"] + box["width"] <= sheet["x"] + sheet["width"] + 1
        assert box["y"] + box["height"] <= sheet["y"] + sheet["height"] + 1
    frame = page.locator(".map").bounding_box()
    assert page.locator("#map_county").bounding_box()["height"] <= frame["height"]
    ring = page.locator("path.area-on").bounding_box()
    assert ring["x"] >= frame["x"]
    assert ring["y"] >= frame["y"]
    assert ring["x"] + ring["width"] <= frame["x"] + frame["width"]
    assert ring["y"] + ring["height"] <= frame["y"] + frame["height"]


@pytest.mark.parametrize(("width", "height", "size"), [(1920, 1080, A4[::-1]), (390, 844, A4)])
def test_the_browsers_menu_prints_the_map_as_it_is(open_page, width, height, size):
    page = open_page(width, height)
    open_map(page, f"/map?area={WEST}")
    at_rest(page)
    before = page.evaluate(VIEW)
    pdf = page.pdf(prefer_css_page_size=True)
    assert pages_of(pdf) == [size]
    page.emulate_media(media="print")
    expect(page.locator("html.is-sheet")).to_have_count(1)
    inside(page)
    assert page.evaluate(VIEW) == before
    page.emulate_media(media="screen")
    expect(page.locator("html.is-sheet")).to_have_count(0)


def test_a_measured_figure_is_printed_with_the_map_in_english_too(page):
    open_map(page)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".map-list summary")).to_contain_text("sites in view")
    tool(page, "Measure distance and area").click()
    press(page, SOUTH_WEST)
    page.mouse.dblclick(*place(page, SOUTH_EAST))
    said = page.locator(".measure-figure").inner_text()
    page.evaluate(NO_DIALOG)
    page.keyboard.press("Control+p")
    prepared(page)
    expect(page.locator(".measure-figure")).to_have_text(said)
    expect(page.locator(".measure-box .btn").first).to_be_hidden()
    expect(page.locator(".sheet-head")).to_contain_text("All sites · 2 sites in all")
    expect(page.locator(".sheet-head")).to_contain_text("(Beijing time)")
    expect(page.locator(".secret")).to_have_text("For internal use, not to be made public")
    assert pages_of(page.pdf(prefer_css_page_size=True)) == [A4[::-1]]
