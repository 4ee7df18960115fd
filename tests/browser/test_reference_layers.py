"""Layers for reference in a browser: brought on their page, switched on, drawn by zoom, remembered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect
from shapely import LineString, box

from inspections.settings import Settings
from inspections.terms import Kind, LayerKind
from inspections.web.work import Worker
from tests.browser.conftest import Live, axe, sign_in
from tests.browser.test_map import EVIL, drawn, look_at
from tests.factories import a_site
from tests.layers import FARMLAND, RIVER, a_layer, layer_file

pytestmark = pytest.mark.browser

HALF_IN = box(100.445, 38.92, 100.455, 38.93)
SWITCHES, DRAWN = ".ref-switch", ".leaflet-reference-pane path"


@pytest.fixture
def some_layers(live: Live) -> None:
    with live.store.write() as session:
        a_layer(session, LayerKind.RIVERS, RIVER, names=(EVIL,), source="县水务局")
        a_layer(session, LayerKind.BASIC_FARMLAND, FARMLAND, names=("东滩",))


@pytest.fixture
def asked(page: Page) -> list[str]:
    """What the page asks of the layers' addresses."""
    seen: list[str] = []

    def note(request: Request) -> None:
        if "/api/layers/" in request.url:
            seen.append(request.url.partition("/api/layers/")[2])

    page.on("request", note)
    return seen


def keep(page: Page, name: str) -> None:
    """Keep a picture where XUNTU_TEST_SHOTS names a folder."""
    if folder := os.environ.get("XUNTU_TEST_SHOTS"):
        page.screenshot(path=Path(folder) / f"reference-{name}.png")


def open_layers(page: Page) -> None:
    page.locator(".leaflet-control-layers").hover()
    expect(page.locator(".ref-list")).to_be_visible()


def turn(page: Page, name: str) -> None:
    """Switch a layer on or off by its name."""
    open_layers(page)
    page.locator(SWITCHES, has_text=name).locator("label").click()


def open_map(page: Page) -> None:
    sign_in(page, "leader", "/map")
    drawn(page)


@pytest.mark.usefixtures("some_layers")
def test_layers_are_off_until_somebody_turns_them_on_and_this_browser_remembers(page, asked):
    open_map(page)
    open_layers(page)
    expect(page.locator(f"{SWITCHES} input:checked")).to_have_count(0)
    expect(page.locator(SWITCHES)).to_contain_text(["村", "河流水系", "永久基本农田"])
    expect(page.locator(SWITCHES, has_text="河流水系")).to_contain_text("县水务局 · 2025年12月31日")
    assert asked == []
    turn(page, "永久基本农田")
    expect(page.locator(f"{DRAWN}.ref-basic_farmland.ref-far")).to_have_count(1)
    legend = page.locator(".legend-reference li")
    expect(legend).to_have_text(re.compile("永久基本农田.*自然资源局 · 2025年12月31日"))
    assert asked == ["basic_farmland.geojson?zoom=11"]
    keep(page, "county")
    page.reload()
    drawn(page)
    expect(page.locator(f"{DRAWN}.ref-basic_farmland.ref-far")).to_have_count(1)
    turn(page, "永久基本农田")
    expect(page.locator(f"{DRAWN}.ref")).to_have_count(0)
    expect(legend).to_have_count(0)
    page.reload()
    drawn(page)
    expect(page.locator(f"{DRAWN}.ref")).to_have_count(0)


@pytest.mark.usefixtures("some_layers")
def test_each_class_of_zoom_is_asked_for_once_and_near_the_view_with_its_names(page, asked):
    open_map(page)
    turn(page, "河流水系")
    expect(page.locator(f"{DRAWN}.ref-line.ref-rivers")).to_have_count(1)
    for zoom in (12, 13, 12.5, 11):
        look_at(page, 100.40, 38.93, zoom=zoom)
        expect(page.locator(f"{DRAWN}.ref-rivers.ref-far")).to_have_count(1)
    expect(page.locator(".ref-name")).to_have_count(0)
    look_at(page, 100.40, 38.93, zoom=15)
    name = page.locator(".ref-name")
    expect(name).to_have_text(EVIL)  # as text, and nothing ran
    expect(page.locator(f"{DRAWN}.ref-rivers:not(.ref-far)")).to_have_count(1)
    look_at(page, 100.401, 38.931, zoom=15)  # within what is there
    assert [re.sub(r"&bbox=.*", "&bbox", one) for one in asked] == [
        "rivers.geojson?zoom=11",
        "rivers.geojson?zoom=13",
        "rivers.geojson?zoom=15&bbox",
    ]
    keep(page, "near")


@pytest.mark.usefixtures("some_layers")
def test_what_does_not_arrive_is_said_and_offered_again(page, faults):
    faults.expected = ("Failed to load resource", "ERR_FAILED")
    page.route("**/api/layers/rivers.geojson*", lambda route: route.abort(), times=1)
    open_map(page)
    turn(page, "河流水系")
    entry = page.locator(".legend-reference li")
    expect(entry.get_by_role("status")).to_contain_text("没有取到")
    keep(page, "failed")
    entry.get_by_role("button", name="再试一次").click()
    expect(page.locator(f"{DRAWN}.ref-rivers")).to_have_count(1)
    expect(entry.get_by_role("status")).to_be_empty()


@pytest.mark.usefixtures("some_layers")
def test_layers_lie_under_the_lines_of_townships_and_over_their_ground(page):
    open_map(page)
    levels = page.evaluate(
        "() => ['ground', 'reference', 'areas', 'sites'].map((pane) => "
        "Number(getComputedStyle(document.querySelector(`.leaflet-${pane}-pane`)).zIndex))"
    )
    assert levels == sorted(levels)


@pytest.mark.parametrize(("theme", "water"), [("light", "rgb(185, 211, 224)"), ("dark", "rgb(44, 86, 107)")])
@pytest.mark.usefixtures("some_layers")
def test_each_theme_has_its_colours_and_reads_well(open_page, theme, water):
    page = open_page(color_scheme=theme)
    open_map(page)
    turn(page, "河流水系")
    turn(page, "永久基本农田")
    expect(page.locator(f"{DRAWN}.ref")).to_have_count(2)
    river = page.locator(f"{DRAWN}.ref-rivers")
    assert river.evaluate("(path) => getComputedStyle(path).stroke") == water
    keep(page, theme)
    axe(page)


@pytest.mark.usefixtures("some_layers")
def test_a_finger_turns_layers_on_on_a_phone(open_page):
    page = open_page(390, 844, has_touch=True)
    open_map(page)
    page.locator(".leaflet-control-layers-toggle").tap()
    row = page.locator(SWITCHES, has_text="河流水系")
    assert row.locator("label").bounding_box()["height"] >= 44
    row.locator("label").tap()
    expect(page.locator(f"{DRAWN}.ref-line.ref-rivers")).to_be_attached()
    expect(page.locator(".legend-reference")).to_contain_text("河流水系")
    keep(page, "phone")


@pytest.mark.usefixtures("some_layers")
def test_on_paper_the_legend_names_each_layer_with_source_and_day(open_page):
    page = open_page(390, 844)
    open_map(page)
    page.evaluate("localStorage.setItem('xuntu.reference', '[\"rivers\"]')")
    page.reload()
    drawn(page)
    page.emulate_media(media="print")
    expect(page.locator(".legend-reference small")).to_be_visible()
    expect(page.locator(".legend-reference small")).to_have_text("县水务局 · 2025年12月31日")


def test_a_browser_that_keeps_something_else_under_the_name_shows_no_layer(page, some_layers):
    open_map(page)
    for kept in ('{"rivers": true}', "no JSON", "[7, null]"):
        page.evaluate("(kept) => localStorage.setItem('xuntu.reference', kept)", kept)
        page.reload()
        drawn(page)
        expect(page.locator(f"{DRAWN}.ref")).to_have_count(0)


@pytest.fixture
def worker(live: Live, tmp_path: Path) -> Iterator[Worker]:
    """The worker of the served program."""
    started = Worker(Settings(data=tmp_path / "data", database_url=str(live.store.url)), live.store)
    started.start()
    yield started
    started.stop()


def bring(page: Page, path: Path, name: str) -> None:
    """Send a file on the page of layers and wait until the work on it is done."""
    page.goto("/layers")
    page.locator("label.tile", has_text=name).click()
    page.set_input_files("input[type=file]", path)
    page.get_by_label("来源").fill("县自然资源局")
    page.get_by_label("数据日期").fill("2025-12-31")
    page.locator("label.tile", has_text="不含国家秘密").click()
    page.get_by_role("button", name="核对并导入").click()
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}"))
    expect(page.locator("[data-module=import-progress]")).to_have_count(0, timeout=30_000)


def test_a_layer_is_brought_seen_on_the_map_and_on_a_site_and_taken_away(page, live, worker, tmp_path):
    with live.store.write() as session:
        site = a_site(session, Kind.GREENHOUSE, name="东滩大棚", geometry=HALF_IN)
    sign_in(page, "supervisor", "/layers")
    axe(page)
    bring(page, layer_file(tmp_path, FARMLAND, names=("东滩",)), "永久基本农田")
    expect(page.get_by_text("图层已上图")).to_be_visible()
    keep(page, "brought")

    page.goto("/map")
    drawn(page)
    turn(page, "永久基本农田")
    expect(page.locator(f"{DRAWN}.ref-basic_farmland")).to_have_count(1)
    page.goto(f"/sites/{site.id}")
    expect(page.locator("main")).to_contain_text("是：481,345 m² · 722.02 亩")
    keep(page, "site")

    page.goto("/layers")
    page.get_by_text("撤下", exact=True).click()
    page.get_by_role("button", name="撤下图层").click()
    expect(page.get_by_role("status")).to_contain_text("已撤下：永久基本农田")
    page.goto(f"/sites/{site.id}")
    expect(page.locator("main")).to_contain_text("不详：尚未导入该图层")
    page.goto("/layers")
    page.get_by_role("button", name="恢复使用").click()
    expect(page.get_by_role("status")).to_contain_text("已恢复使用：永久基本农田")


def test_a_file_of_which_something_is_refused_shows_its_report_first(page, live, worker, tmp_path):
    road = LineString([(100.3, 38.9), (100.4, 38.9)])
    sign_in(page, "supervisor", "/layers")
    bring(page, layer_file(tmp_path, FARMLAND, road), "永久基本农田")
    expect(page.locator("main")).to_contain_text("这个图层只收面")
    page.get_by_role("button", name="应用", exact=True).click()
    expect(page.get_by_text("图层已上图")).to_be_visible(timeout=30_000)
