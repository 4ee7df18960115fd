"""A live server over a real store, a browser that reports what a page must not do, and signing in."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from waitress.server import create_server

from app import create_app
from inspections.settings import Settings
from inspections.store import Store
from inspections.terms import Kind, Role
from tests.conftest import CHROMIUM
from tests.factories import PASSWORD, WEST, a_body, a_county, an_officer

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[1] / "vendor"
GRAVE = ("serious", "critical")


@dataclass
class Live:
    """A program that serves: its address and its store."""

    address: str
    store: Store


@dataclass
class Faults:
    """What pages did that they must not do; `expected` are parts of messages a test provokes."""

    seen: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def unexpected(self) -> list[str]:
        return [one for one in self.seen if not any(part in one for part in self.expected)]


@pytest.fixture
def tiles() -> str:
    """What XUNTU_TILES says; a test may have its own."""
    return ""


@pytest.fixture
def clock(now: datetime) -> Callable[[], datetime]:
    """The server's clock; a test may have its own."""
    return lambda: now


@pytest.fixture
def live(sqlite_store: Store, tmp_path: Path, tiles: str, clock: Callable[[], datetime]) -> Iterator[Live]:
    """The program served over a county of two townships with one officer a role, named like the role."""
    with sqlite_store.write() as session:
        a_county(session)
        body = a_body(session, name="西镇人民政府", area_code=WEST)
        for role in Role:
            west = (WEST,) if role in (Role.INSPECTOR, Role.TOWNSHIP) else ()
            kinds = (Kind.POND, Kind.STRAW) if role is Role.DEPARTMENT else ()
            an_officer(session, role, name=role.value, areas=west, kinds=kinds, body_id=body.id)
    yield from serve(sqlite_store, tmp_path / "data", tiles, clock)


def serve(store: Store, data: Path, tiles: str, clock: Callable[[], datetime]) -> Iterator[Live]:
    """Serve `store` on a free port until the test is over."""
    held: dict[str, Any] = {}
    server = create_server(lambda *call: held["app"](*call), host="127.0.0.1", port=0, threads=4)
    port = server.effective_port
    held["app"] = create_app(Settings(data=data, port=port, tiles=tiles), store)
    held["app"].extensions["xuntu.clock"] = clock
    closing = threading.Event()

    def run() -> None:
        try:
            server.run()
        except OSError:  # its socket was closed while it listened
            if not closing.is_set():
                raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield Live(f"http://127.0.0.1:{port}", store)
    closing.set()
    server.close()
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Fails the test at its end if a page logged an error, broke the policy or asked another origin."""
    watched = Faults()
    yield watched
    assert watched.unexpected() == []


@pytest.fixture
def open_page(browser: Browser, live: Live, faults: Faults) -> Iterator[Callable[..., Page]]:
    """`open_page(width=390, height=844, …)` is a page of a fresh context, watched from its first request."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1024, height: int = 768, **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", base_url=live.address, **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        watch(page, live.address, faults)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page of 1024 × 768, the leader's laptop."""
    return open_page()


def watch(page: Page, address: str, faults: Faults) -> None:
    """Note what a page must not do."""

    def note_request(request: Any) -> None:
        if not request.url.startswith((f"{address}/", "data:", "blob:")):
            faults.seen.append(f"foreign request: {request.url}")

    def note_message(message: Any) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            faults.seen.append(f"console: {message.text}")

    page.on("request", note_request)
    page.on("console", note_message)
    page.on("pageerror", lambda error: faults.seen.append(f"uncaught: {error}"))


def sign_in(page: Page, name: str, path: str = "/") -> None:
    """Sign in as the persona of that name and go on to `path`."""
    page.goto(f"/sign-in?next={path}")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"**{path}")


def axe(page: Page) -> None:
    """Fail on anything serious that axe finds on the page as it stands."""
    source = max(AXE.glob("axe-core@*/axe.min.js")).read_text(encoding="utf-8")
    page.evaluate(source)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate(f"axe.run({{runOnly: {json.dumps(tags)}}})")
    grave = [one for one in found["violations"] if one["impact"] in GRAVE]
    told = [f"{one['id']}: {node['html'][:200]}" for one in grave for node in one["nodes"]]
    assert told == []
