"""A bad register in Excel, from the office to the map and back: sent, mended on its page, applied, undone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from inspections import ledger
from inspections.models import ImportBatch, Site
from inspections.settings import Settings
from inspections.terms import SiteStatus
from inspections.web.work import Worker
from tests.browser.conftest import Live, axe, sign_in
from tests.browser.test_map import colour_at, drawn, look_at
from tests.factories import EAST, IN_WEST, WEST, a_site
from tests.workbooks import Page as Sheet
from tests.workbooks import a_workbook

pytestmark = pytest.mark.browser
ROWS = [
    ["西镇2026年纳污坑塘整治台账", *[None] * 6],
    ["序号", "坑塘名称", "乡镇", "坐标", None, "面积", "备注"],
    [None, None, None, "经度", "纬度", "亩", None],
    [1, "柳荫塘", "西镇", 100.44, 38.90, 6.5, "雨后积水"],
    [2, "芦苇塘", None, 38.95, 100.44, "约3亩", None],  # the other way round
    [3, "东塘", None, 100.4001, 38.93, 2, "护栏已修"],  # beside one that is known
    [4, "界边塘", None, 100.4999, 38.80, 1.5, None],  # on the line between two townships
    [5, "外县塘", "无名镇", 104.40, 38.93, 1, None],  # in another county
    [6, "南沟塘", "无名镇", 100.46, 38.70, 1, None],  # a township there is not
    ["合计", None, None, None, None, 14, None],
    ["填表人：张三  审核：李四", *[None] * 6],
]
MERGED = ("A1:G1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "G2:G3", "C4:C6", "A11:G11")


@pytest.fixture
def register(tmp_path: Path) -> Path:
    return a_workbook(tmp_path, Sheet(ROWS, merged=MERGED), "坑塘台账.xlsx")


@pytest.fixture
def worker(live: Live, tmp_path: Path) -> Iterator[Worker]:
    """The worker of the served program."""
    settings = Settings(data=tmp_path / "data", database_url=str(live.store.url))
    with live.store.write() as session:
        a_site(session, number="P-990101100-0901", name="旧塘", at=IN_WEST)
    started = Worker(settings, live.store)
    started.start()
    yield started
    started.stop()


def keep(page: Page, name: str) -> None:
    """Keep a picture where XUNTU_TEST_SHOTS names a folder."""
    if folder := os.environ.get("XUNTU_TEST_SHOTS"):
        page.screenshot(path=Path(folder) / f"import-{name}.png", full_page=True)


def send(page: Page, register: Path) -> None:
    """Choose the file on the page of imports and wait until it is checked."""
    page.goto("/imports")
    page.locator("label.tile", has_text="纳污坑塘").click()
    page.set_input_files("input[type=file]", register)
    page.get_by_role("button", name="核对文件").click()
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}"))
    expect(page.get_by_role("heading", name="正在核对")).to_be_visible()
    expect(page.get_by_role("heading", name="正在核对")).to_have_count(0, timeout=30_000)
    keep(page, "1-checked")


def answer(page: Page) -> None:
    """Answer what the file asks: once for the file, then for its rows."""
    expect(page.get_by_role("button", name="应用", exact=True)).to_have_count(0)
    page.get_by_role("button", name="调整过来").click()
    expect(page.get_by_role("button", name="调整过来")).to_have_count(0, timeout=30_000)
    asks = page.locator(".asks li")
    asks.filter(has_text="30 米以内已有同类点位").get_by_role("button", name="并入已有点位").click()
    expect(asks.filter(has_text="乡镇界")).to_be_visible()
    line = page.locator("tr[id^=m]", has_text="距东乡的界线")
    line.get_by_role("button", name="东乡").click()
    expect(line.get_by_role("button", name="东乡")).to_have_attribute("aria-pressed", "true")
    keep(page, "2-answered")


def apply(page: Page) -> None:
    page.get_by_role("button", name="应用", exact=True).click()
    expect(page.locator("details#undo")).to_be_visible(timeout=30_000)
    keep(page, "3-applied")


def test_a_bad_register_is_mended_on_its_page_applied_seen_on_the_map_and_undone(
    page, live, worker, register
):
    sign_in(page, "supervisor", "/imports")
    send(page, register)
    main = page.locator("main")
    expect(main).to_contain_text("合计行、说明行已略过：10-11")
    expect(main.locator("tr[id^=m]", has_text="104.4")).to_contain_text("县")
    answer(page)
    apply(page)
    check_applied(live)

    page.goto("/sites?kind=pond")
    for name in ("柳荫塘", "芦苇塘", "东塘", "界边塘", "南沟塘"):
        expect(page.locator("main")).to_contain_text(name)
    page.goto("/map")
    drawn(page)
    look_at(page, 100.44, 38.90, zoom=15)
    expect(page.locator(".map-list summary")).to_have_text("图中 1 个点位")
    assert colour_at(page, 100.44, 38.90, aside=(0, 0)) == "#ffffff"  # nothing is known of it yet

    page.goto("/imports")
    page.get_by_role("link", name="坑塘台账.xlsx").click()
    page.locator("details#undo summary").click()
    page.get_by_label("原因").fill("传错了文件")
    page.get_by_role("button", name="撤销导入").click()
    expect(page.locator(".flow li").last).to_contain_text("已撤销", timeout=30_000)
    keep(page, "4-undone")
    check_undone(live)


def check_applied(live: Live) -> None:
    """Four new ponds where they belong, one known pond with what its row brought, one row refused."""
    with live.store.read() as session:
        batch = session.scalars(select(ImportBatch)).one()
        assert (batch.rows_read, batch.rows_accepted, batch.rows_refused) == (6, 5, 1)
        found = {site.name: site for site in session.scalars(select(Site))}
        assert {name: site.township_code for name, site in found.items()} == {
            "柳荫塘": WEST,
            "芦苇塘": WEST,
            "东塘": WEST,
            "界边塘": EAST,
            "南沟塘": WEST,
        }
        assert (found["芦苇塘"].lon, found["芦苇塘"].area_reported_mu) == (100.44, 3.0)
        assert (found["东塘"].number, found["东塘"].lon) == ("P-990101100-0901", IN_WEST[0])
        ledger.verify(session)


def check_undone(live: Live) -> None:
    with live.store.read() as session:
        found = {site.name: site.status for site in session.scalars(select(Site))}
        assert found.pop("旧塘") is SiteStatus.ACTIVE
        assert set(found.values()) == {SiteStatus.REFUSED}
        ledger.verify(session)


def test_the_page_of_a_file_reads_well_to_those_who_cannot_see_it(page, live, worker, register):
    sign_in(page, "supervisor", "/imports")
    send(page, register)
    axe(page)
