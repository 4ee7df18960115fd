"""The main job, end to end, on a tablet in Chinese: found on the map, visited, seen by the leader."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from inspections import ledger
from inspections.models import Case, Evidence, Site, Visit
from tests.browser.conftest import Live, sign_in
from tests.browser.test_map import colour_at, drawn, painted, press
from tests.factories import IN_WEST, a_pond_shape, a_site
from tests.photos import a_photo

pytestmark = pytest.mark.browser
AT_THE_POND = {"latitude": 38.9302, "longitude": 100.4003, "accuracy": 8}
SAVED = re.compile(r"/visits/[0-9a-f-]{36}$")
SUSPECTED = "#cdb0e4"
ANSWERS = {
    "access": "reached",
    "visit_type": "patrol",
    "water_state": "open",
    "colour": "black",
    "odour": "clear",
    "floating": "none",
    "inflow": "none",
    "facility": "none",
    "sign_board": "true",
    "stage": "listed",
    "fixed_on_spot": "false",
}


@pytest.fixture
def pond(live: Live) -> Site:
    with live.store.write() as session:
        return a_site(session, number="P-990101100-0001", geometry=a_pond_shape(), area_m2=10_000.0)


@pytest.fixture
def tablet(open_page: Callable[..., Page], pond: Site) -> Page:
    """A tablet held at the pond."""
    return open_page(1024, 768, has_touch=True, geolocation=AT_THE_POND, permissions=["geolocation"])


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    """Two photos as a camera makes them, with time and position inside."""
    files = {"photo_overview": "坑塘全景.jpg", "photo_detail": "水色.jpg"}
    for number, name in enumerate(files.values()):
        colour = ("olive", "black")[number]
        data = a_photo(size=(1600, 1200), colour=colour, at=IN_WEST, taken="2026:11:12 10:41:00")
        (tmp_path / name).write_bytes(data)
    return {item: tmp_path / name for item, name in files.items()}


def tap(target: Locator) -> None:
    expect(target).to_be_visible()
    target.tap()


def keep(page: Page, name: str) -> None:
    """Keep a picture where XUNTU_TEST_SHOTS names a folder."""
    if folder := os.environ.get("XUNTU_TEST_SHOTS"):
        page.screenshot(path=Path(folder) / f"journey-{name}.png")


def find_on_the_map(page: Page) -> Locator:
    """Go to the map by the bar, tap the pond, and wait for its card."""
    tap(page.get_by_role("navigation").get_by_role("link", name="地图", exact=True).first)
    page.wait_for_url("**/map")
    drawn(page)
    press(page, *IN_WEST, tap=True)
    card = page.get_by_role("complementary")
    expect(card.get_by_role("heading", name="苇塘东塘")).to_be_visible()
    return card


def answer(page: Page, answers: dict[str, str]) -> None:
    for name, value in answers.items():
        tap(page.locator(f".tile:has(input[name={name}][value='{value}'])"))


def test_a_black_pond_found_on_the_map_is_visited_and_the_leader_sees_it(tablet, live, pond, photos):
    page = tablet
    sign_in(page, "inspector", "/sites")
    card = find_on_the_map(page)
    expect(page.locator(".leaflet-pan-anim")).to_have_count(0)  # the card took its place
    painted(page)
    assert colour_at(page, *IN_WEST, aside=(0, 0)) == "#ffffff"  # nothing is known of it
    keep(page, "1-map")
    tap(card.get_by_role("link", name="打开点位"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("苇塘东塘")
    tap(page.get_by_role("link", name="记录检查").first)

    answer(page, ANSWERS)
    page.get_by_label("水面面积").fill("1200")
    page.get_by_label("垃圾").first.fill("0")
    expect(page.locator("[data-findings] .notice")).to_contain_text("记为发现问题")
    for item, path in photos.items():
        page.locator(f"input[name={item}]").set_input_files(path)
    keep(page, "2-form")
    expect(page.locator("[data-distance]")).to_contain_text("距点位")
    tap(page.get_by_role("button", name="保存"))

    expect(page).to_have_url(SAVED)
    main = page.locator("main")
    expect(main).to_contain_text("POND-01")
    expect(main.locator("figure.photo img")).to_have_count(2)
    keep(page, "3-visit")
    case_link = main.locator("a[href^='/cases/']").first
    case_number = case_link.inner_text()
    tap(page.locator("details.menu summary"))
    tap(page.get_by_role("button", name="退出"))
    page.wait_for_url("**/sign-in")

    sign_in(page, "leader", "/map")
    card = find_on_the_map(page)
    assert colour_at(page, *IN_WEST) == SUSPECTED
    expect(card).to_contain_text("待核实")
    keep(page, "4-leader")
    tap(card.get_by_role("link", name="打开点位"))
    tap(page.locator("main a[href^='/cases/']").first)
    page.wait_for_url("**/cases/*")
    expect(page.locator("main")).to_contain_text(case_number.split()[-1])
    expect(page.locator("main")).to_contain_text("POND-01")
    keep(page, "5-case")
    check_kept(live, pond.id)


def check_kept(live: Live, site_id: UUID) -> None:
    """One visit with place, distance and photos from their own EXIF; one case; a ledger that holds."""
    with live.store.read() as session:
        visit = session.scalars(select(Visit)).one()
        case = session.scalars(select(Case)).one()
        photos = session.scalars(select(Evidence).order_by(Evidence.position)).all()
        assert (visit.site_id, visit.officer_id is None, visit.accuracy_m) == (site_id, False, 8)
        assert visit.distance_m == pytest.approx(0, abs=50)
        assert (case.site_id, case.code, case.state) == (site_id, "POND-01", "suspected")
        assert [(one.item, one.taken_source, one.position_source) for one in photos] == [
            ("photo_overview", "exif", "exif"),
            ("photo_detail", "exif", "exif"),
        ]
        assert ledger.verify(session)[0] >= 2


def test_nothing_found_takes_three_taps(tablet, live, pond):
    page = tablet
    sign_in(page, "inspector", f"/sites/{pond.id}")
    taps = (
        page.get_by_role("link", name="记录检查").first,
        page.locator("a.clean"),
        page.get_by_role("button", name="保存"),
    )
    for target in taps:
        tap(target)
    expect(page).to_have_url(SAVED)
    with live.store.read() as session:
        visit = session.scalars(select(Visit)).one()
        assert (visit.nothing_found, visit.result, visit.site_id) == (True, "normal", pond.id)
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_what_was_typed_survives_a_reload_that_was_not_meant(tablet, live, pond):
    page = tablet
    sign_in(page, "inspector", f"/sites/{pond.id}/visits/new")
    answer(page, {"access": "reached", "water_state": "open"})
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()
