"""The county map over time: changes, links and the way back, a worker that dies, files that arrive broken."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import insert

from inspections import ledger
from inspections.models import Site
from inspections.permissions import SYSTEM
from tests.browser.conftest import Live, sign_in
from tests.browser.test_map import (
    LATE,
    PLACE,
    SOON,
    colour_at,
    drawn,
    look_at,
    painted,
    pieces,
    press,
    random_rows,
)
from tests.factories import EAST, NOW, WEST, a_site

pytestmark = pytest.mark.browser

MAP = "document.getElementById('map_county').xuntuMap"
FILES = ("**/api/map/sites", "**/api/map/shapes")
NO_OFFSCREEN = "delete window.OffscreenCanvas"
ENGINE = """async () => {
  const loaded = performance.getEntriesByType("resource").map((one) => one.name);
  const early = loaded.filter((name) => name.includes("/js/map/early.js")).pop();
  window.testedEngine = (await import(early)).engine;
}"""


@pytest.fixture
def moments() -> list[datetime]:
    """What the server's clock shows; a test may push it forward."""
    return [NOW]


@pytest.fixture
def clock(moments: list[datetime]) -> Callable[[], datetime]:
    return lambda: moments[0]


def change(live: Live, **facts: Any) -> None:
    """Change a site as the program does: with an entry in the ledger."""
    with live.store.write() as session:
        site = session.query(Site).filter_by(number="P-1").one()
        for name, value in facts.items():
            setattr(site, name, value)
        ledger.append(
            session,
            by=SYSTEM,
            at=NOW,
            action="site.corrected",
            subject="site",
            subject_id=str(site.id),
            facts={},
        )


@pytest.fixture
def pond(live: Live) -> Site:
    with live.store.write() as session:
        a_site(session, number="P-2", at=(100.70, 39.20), name="东塘")
        return a_site(session, number="P-1", at=(100.40, 38.93), name="苇塘", **SOON)


def with_engine(page: Page) -> None:
    """Hand the page's engine to the test."""
    page.evaluate(ENGINE)


@pytest.mark.usefixtures("pond")
def test_a_change_made_elsewhere_appears_within_fifteen_seconds_in_the_same_view(page, live):
    sign_in(page, "leader", "/map")
    drawn(page)
    look_at(page, 100.41, 38.93, zoom=14)
    assert colour_at(page, 100.40, 38.93) == "#f09a1a"
    change(live, case_due_at=NOW - timedelta(days=2))
    expect(page.locator("[data-state=overdue]")).to_have_text("1", timeout=15_000)
    expect(page.locator("[data-drawn]")).to_have_count(1)
    assert colour_at(page, 100.40, 38.93) == "#bf1f1a"
    assert page.evaluate(f"{MAP}.getZoom()") == 14
    assert page.evaluate(f"{MAP}.getCenter().lng") == pytest.approx(100.41, abs=1e-4)


@pytest.mark.usefixtures("pond")
def test_an_open_card_follows_a_change(page, live):
    sign_in(page, "leader", "/map")
    drawn(page)
    press(page, 100.40, 38.93)
    card = page.get_by_role("complementary")
    expect(card.get_by_role("heading")).to_have_text("苇塘")
    change(live, name="苇塘改名")
    expect(card.get_by_role("heading")).to_have_text("苇塘改名", timeout=15_000)


@pytest.mark.usefixtures("pond")
def test_the_age_of_the_data_is_shown_and_said_when_the_server_is_gone(page, faults):
    faults.expected = ("Failed to load resource",)
    sign_in(page, "leader", "/map")
    drawn(page)
    expect(page.locator("[data-as-of]")).to_have_text("数据截至 11月12日 10:42")
    for address in FILES:
        page.route(address, lambda route: route.abort())
    expect(page.locator("[data-as-of]")).to_have_text("没有网络：数据截至 11月12日 10:42", timeout=15_000)
    assert colour_at(page, 100.40, 38.93) == "#f09a1a"


def test_a_deadline_that_passes_changes_the_picture_by_itself(page, live, moments):
    with live.store.write() as session:
        a_site(session, number="P-1", at=(100.40, 38.93), open_cases=1, case_due_at=NOW + timedelta(hours=2))
    sign_in(page, "leader", "/map")
    drawn(page)
    expect(page.locator("[data-state=due_soon]")).to_have_text("1")
    moments[0] = NOW + timedelta(hours=3)
    expect(page.locator("[data-state=overdue]")).to_have_text("1", timeout=15_000)


@pytest.mark.usefixtures("pond")
def test_a_link_carries_filter_view_and_card_and_back_works(page, open_page):
    sign_in(page, "leader", "/map")
    drawn(page)
    page.locator("label:has(input[name=kind][value=pond])").click()
    look_at(page, 100.41, 38.94, zoom=13)
    press(page, 100.40, 38.93)
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘")
    expect(page).to_have_url(re.compile(r"kind=pond&at=100\.4.*&site="))
    link = page.url
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("site="))
    page.go_back()
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘")
    page.go_back()
    expect(page.get_by_role("complementary")).to_have_count(0)
    expect(page.locator("input[name=kind][value=pond]")).to_be_checked()
    other = open_page()
    sign_in(other, "supervisor", "/map")
    other.goto(link)
    drawn(other)
    expect(other.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘")
    expect(other.locator("input[name=kind][value=pond]")).to_be_checked()


def test_a_link_opened_with_a_narrower_scope_shows_that_scope(page, live):
    with live.store.write() as session:
        a_site(session, number="P-1", at=(100.40, 38.93), township_code=WEST)
        hidden = a_site(session, number="P-2", at=(100.70, 39.20), township_code=EAST, name="东塘")
    sign_in(page, "township", "/map")
    page.goto(f"/map?area={EAST}&at=100.7,39.2,14&site={hidden.id}&state=normal")
    drawn(page)
    expect(page.locator("[data-drawn='1']")).to_have_count(1)
    expect(page.locator(".map-list summary")).to_have_text("图中 1 个点位")
    expect(page.get_by_role("complementary")).to_have_count(0)
    assert "东塘" not in page.content()


@pytest.mark.usefixtures("pond")
def test_without_an_offscreen_canvas_the_page_draws_the_same(open_page):
    page = open_page()
    page.add_init_script(NO_OFFSCREEN)
    sign_in(page, "leader", "/map")
    drawn(page)
    with_engine(page)
    assert page.evaluate("window.testedEngine.isWorker") is False
    assert colour_at(page, 100.40, 38.93) == "#f09a1a"
    page.locator("label:has(input[name=kind][value=straw])").click()
    expect(page.locator("[data-drawn='0']")).to_have_count(1)
    assert colour_at(page, 100.40, 38.93) == ""
    page.locator("label:has(input[name=kind][value=pond])").click()
    expect(page.locator("[data-drawn='2']")).to_have_count(1)
    press(page, 100.40, 38.93)
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text("苇塘")


@pytest.mark.usefixtures("pond")
def test_a_worker_that_dies_is_replaced_and_then_the_page_draws(page):
    sign_in(page, "leader", "/map")
    drawn(page)
    with_engine(page)
    for is_worker in (True, False):
        page.evaluate("window.testedEngine.worker.terminate()")
        page.locator("label:has(input[name=kind][value=straw])").click()
        expect(page.locator("[data-drawn='0']")).to_have_count(1, timeout=30_000)
        page.locator("label:has(input[name=kind][value=pond])").click()
        expect(page.locator("[data-drawn='2']")).to_have_count(1, timeout=30_000)
        assert page.evaluate("window.testedEngine.isWorker") is is_worker
        assert colour_at(page, 100.40, 38.93) == "#f09a1a"
    assert [one["state"] for one in pieces(page, 9)["alone"]] == ["due_soon"]


def broken(route: Route) -> None:
    """Answer with the file cut off in the middle."""
    answer = route.fetch()
    whole = answer.body()
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    route.fulfill(status=200, headers=headers, body=whole[: len(whole) // 2])


@pytest.mark.usefixtures("pond")
@pytest.mark.parametrize("address", FILES)
def test_a_file_that_arrives_cut_off_is_asked_for_once_more(page, address):
    page.route(address, broken, times=1)
    sign_in(page, "leader", "/map")
    drawn(page)
    assert colour_at(page, 100.40, 38.93) == "#f09a1a"


@pytest.mark.usefixtures("pond")
@pytest.mark.parametrize("address", FILES)
def test_a_file_that_stays_broken_is_said_and_asked_for_by_hand(page, address):
    page.route(address, broken)
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("点位没有读到")
    page.unroute(address)
    page.get_by_role("button", name="再试一次").click()
    drawn(page)
    expect(page.locator(".map-status")).to_be_hidden()


@pytest.mark.usefixtures("pond")
def test_a_file_of_another_county_is_not_mixed_in(page):
    swapped = iter([True])

    def mix(route: Route) -> None:
        answer = route.fetch()
        mixed = (
            answer.body().replace(b'"order":"', b'"order":"0', 1) if next(swapped, False) else answer.body()
        )
        headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        route.fulfill(status=200, headers=headers, body=mixed)

    page.route("**/api/map/shapes", mix)
    sign_in(page, "leader", "/map")
    drawn(page)
    assert next(swapped, None) is None


@pytest.mark.usefixtures("pond")
def test_who_was_signed_out_is_told(page, live, faults):
    faults.expected = ("Failed to load resource",)
    sign_in(page, "leader", "/map")
    drawn(page)
    page.context.clear_cookies()
    expect(page.locator(".map-status")).to_contain_text("已退出登录", timeout=15_000)


def test_names_of_sixty_letters_and_marks_of_markup_stay_text_everywhere(page, live):
    long, evil = "长" * 60, "</script>${1}<b>`{{7*7}}"
    with live.store.write() as session:
        for number, name in enumerate((long, evil)):
            a_site(session, number=f"P-{number}", at=(100.40, 38.93), name=name, **LATE)
    sign_in(page, "leader", "/map")
    drawn(page)
    page.locator(".map-list summary").click()
    expect(page.locator(".map-list .strong")).to_have_text([long, evil])
    press(page, 100.40, 38.93)
    listed = page.get_by_role("complementary").locator(".cases .strong")
    expect(listed).to_have_text([long, evil])
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024
    listed.nth(1).click()
    expect(page.get_by_role("complementary").get_by_role("heading")).to_have_text(evil)


def test_a_thousand_sites_on_one_spot_can_be_chosen_from(page, live):
    with live.store.write() as session:
        for number in range(1000):
            a_site(session, number=f"P-{number:04}", name=f"{number:04}号", at=(100.40, 38.93))
    sign_in(page, "leader", "/map?at=100.4,38.93,14")
    drawn(page)
    press(page, 100.40, 38.93)
    card = page.get_by_role("complementary")
    expect(card.get_by_role("heading")).to_have_text("此处有 1,000 个点位")
    assert card.locator(".cases a").count() == 200
    expect(card).to_contain_text("800")


def test_the_mouse_shows_the_name_of_what_it_is_over(page, live):
    with live.store.write() as session:
        a_site(session, number="P-1", at=(100.40, 38.93), name="苇塘", **LATE)
    sign_in(page, "leader", "/map?at=100.4,38.93,14")
    drawn(page)
    x, y = page.evaluate(PLACE, [100.40, 38.93])
    page.mouse.move(x - 60, y)
    page.mouse.move(x + 9, y)
    expect(page.locator(".site-tip")).to_have_text("苇塘")
    page.mouse.move(x + 60, y)
    expect(page.locator(".site-tip")).to_have_count(0)


KEEP_TILES = """() => {
  const dots = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  window.kept = new Map([...document.querySelectorAll(".sites-tiles canvas")].map((one) => [one, dots(one)]));
  return [...window.kept.values()].filter((one) => one.some(Boolean)).length;
}"""
# How large a part of each tile's dots is another now
OTHERWISE = """() => [...window.kept].map(([canvas, was]) => {
  const became = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  if (was.length !== became.length) return 1;
  return was.filter((value, at) => value !== became[at]).length / was.length;
})"""
# Digits are smoothed in one way on a canvas that is shown, in another on one that is read; a mark whose place
# the page rounds to some metres may lie a pixel aside
MOST_OTHERWISE = 0.03
ROUNDED = 4e-7  # of the world's side: a fifth of a pixel at level 11
SAME_PIECES = """async () => {
  const layer = document.getElementById("map_county").xuntuParts.layers.sites;
  const level = Math.round(document.getElementById("map_county").xuntuMap.getZoom());
  const bare = ({ x, y, count, inHand, one }) => [x, y, count, inHand, one];
  const { circles, urgent } = await layer.pieces();
  const page = layer._scene;
  const box = { west: 0, east: 1, north: 0, south: 1 };
  const marks = page.rowsIn(box, 3).map((row) => [page.x[row], page.y[row], page.kind[row], page.state[row]]);
  return [page.circlesAt(level).map(bare), circles.map(bare), marks.sort(), urgent.sort()];
}"""


@pytest.mark.parametrize(
    "query", ["?at=100.48,38.97,10", "?kind=pond&at=100.5,39,11", f"?area={WEST}&at=100.4,39,9"]
)
def test_the_picture_inside_the_page_is_tile_by_tile_what_is_drawn_of_the_data(page, live, query):
    chance = random.Random(9)  # noqa: S311 (the same sites each time)
    with live.store.write() as session:
        session.execute(insert(Site), list(random_rows(chance, 700)))
    sign_in(page, "leader", "/sites")
    held: list[Route] = []
    page.route("**/api/map/sites", lambda route: held.append(route), times=1)
    with page.expect_request("**/api/map/sites"):
        page.goto(f"/map{query}")
    expect(page.locator(".sites-tiles canvas")).not_to_have_count(0)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(KEEP_TILES) > 0
    held[0].continue_()
    drawn(page)
    painted(page)
    circles, counted, marks, urgent = page.evaluate(SAME_PIECES)
    assert len(circles) > 10
    assert len(marks) > 50
    assert circles == counted
    assert len(marks) == len(urgent)
    for x, y, *mark in marks:
        near = [one for one in urgent if max(abs(one[0] - x), abs(one[1] - y)) < ROUNDED]
        assert mark in [one[2:] for one in near]
    assert max(page.evaluate(OTHERWISE)) <= MOST_OTHERWISE
