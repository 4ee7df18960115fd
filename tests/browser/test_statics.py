"""What a browser asks for: each static file once, and at a second visit nothing but the page and its data."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inspections.web.assets import preloads
from tests.browser.conftest import sign_in
from tests.factories import a_site

pytestmark = pytest.mark.browser


def test_a_second_visit_asks_for_the_page_and_its_data_only(page: Page, live):
    with live.store.write() as session:
        a_site(session)
    sign_in(page, "leader", "/map")
    expect(page.locator("[data-drawn][data-complete]")).to_have_count(1)
    asked = from_the_server(page, live.address)
    page.goto("/map")
    expect(page.locator("[data-drawn][data-complete]")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    assert asked[0] == "/map"
    assert [path for path in asked[1:] if not path.startswith("/api/")] == []


def test_the_page_itself_names_every_module_its_picture_needs(page: Page, live):
    sign_in(page, "leader", "/account")
    named_by: dict[str, str] = {}
    watching = page.context.new_cdp_session(page)
    watching.on(
        "Network.requestWillBeSent",
        lambda event: named_by.setdefault(event["request"]["url"], event["initiator"]["type"]),
    )
    watching.send("Network.enable")
    page.goto("/map")
    expect(page.locator(".map-status")).to_contain_text("还没有点位")
    modules = {url: kind for url, kind in named_by.items() if url.endswith(".js")}
    assert len(modules) > 10
    others = {url.removeprefix(live.address) for url, kind in modules.items() if kind != "parser"}
    assert others <= set(
        preloads(["map/tools"])
    )  # no other by a module, which would have had to arrive first


def test_what_the_map_needs_comes_while_one_signs_in(page: Page, live):
    page.goto("/sign-in?next=/map")
    page.wait_for_load_state("networkidle")
    asked = from_the_server(page, live.address)
    sign_in(page, "leader", "/map")
    expect(page.locator(".map-status")).to_contain_text("还没有点位")
    assert [
        path for path in asked if path.endswith((".js", "leaflet.css")) and not path.startswith("/map/")
    ] == []


def from_the_server(page: Page, address: str) -> list[str]:
    """Collect the paths of what does not come out of the browser's own caches."""
    asked: list[str] = []
    kept: set[str] = set()

    def note(event: dict[str, Any]) -> None:
        answer = event["response"]
        if event["requestId"] not in kept and not answer["fromDiskCache"] and address in answer["url"]:
            asked.append(answer["url"].removeprefix(address).partition("?")[0])

    watching = page.context.new_cdp_session(page)
    watching.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    watching.on("Network.responseReceived", note)
    watching.send("Network.enable")
    return asked
