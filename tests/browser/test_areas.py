"""Areas in a browser: both lines on the map, and deciding on sites that newer boundaries left behind."""

from __future__ import annotations

import pytest
import shapely
from playwright.sync_api import Page, expect
from sqlalchemy import select

from inspections.models import Site
from tests.browser.conftest import Live, axe, sign_in
from tests.factories import EAST, WEST, a_site
from tests.imports import bring_areas

pytestmark = pytest.mark.browser
LIST = "/areas/differences"


@pytest.fixture
def redrawn(live: Live) -> Live:
    """Three sites in WEST that now lie in EAST."""
    with live.store.write() as session:
        for number in range(1, 4):
            a_site(session, at=(100.485 + number / 1000, 38.93), number=f"P-990101100-{number:04d}")
    bring_areas(
        live.store,
        {"code": WEST, "name": "西镇", "shape": shapely.box(100.1, 38.55, 100.48, 39.4)},
        {"code": EAST, "name": "东乡", "shape": shapely.box(100.48, 38.55, 100.87, 39.4)},
    )
    return live


def townships(live: Live) -> dict[str, str]:
    with live.store.read() as session:
        return dict(session.execute(select(Site.number, Site.township_code)).all())


def test_a_redrawn_area_shows_its_line_and_the_one_before(redrawn, page: Page):
    sign_in(page, "leader", f"/areas/{WEST}")
    box = page.locator("#map_area")
    expect(box.locator("path.line-now")).to_have_count(1)
    expect(box.locator("path.line-before")).to_have_count(1)
    now, before = (box.locator(f"path.{name}").bounding_box() for name in ("line-now", "line-before"))
    assert now["width"] < before["width"]
    axe(page)


def test_sites_are_moved_kept_and_moved_together(redrawn, page: Page):
    sign_in(page, "supervisor", LIST)
    first = page.locator("tbody tr").first
    first.get_by_role("button", name="改归东乡").click()
    expect(page.get_by_role("status")).to_contain_text("P-990101100-0001 已改归")
    first.get_by_text("维持", exact=True).click()
    first.get_by_label("原因").fill("两镇议定仍归西镇")
    first.get_by_role("button", name="维持原归属").click()
    expect(page.get_by_role("status")).to_contain_text("P-990101100-0002 维持原归属")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="已维持").click()
    expect(page.locator("tbody tr")).to_contain_text("两镇议定仍归西镇")
    assert townships(redrawn) == {
        "P-990101100-0001": EAST,
        "P-990101100-0002": WEST,
        "P-990101100-0003": WEST,
    }


def test_a_whole_group_is_moved_with_one_press_from_a_phone(redrawn, open_page):
    page = open_page(width=390, height=844, has_touch=True)
    sign_in(page, "supervisor", LIST)
    page.get_by_role("button", name="3 个点位改归").click()
    expect(page.get_by_role("status")).to_contain_text("3 个点位已改归")
    expect(page.get_by_text("点位归属与现行边界一致")).to_be_visible()
    assert set(townships(redrawn).values()) == {EAST}
