"""Every page at four widths in both themes: fits, reads, is reached by keyboard and hit by a finger.

With XUNTU_TEST_SHOTS naming a folder, each is kept there as a picture.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from uuid import uuid4

import pytest
import shapely
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from app import create_app
from inspections import demo
from inspections.models import Area, Body, Case, Finding, ImportBatch, Officer, Site, Visit
from inspections.permissions import actor_of, site_filter
from inspections.settings import Settings
from inspections.store import Store
from inspections.terms import AreaLevel, ImportState, Kind, SiteStatus, VisitState
from tests.browser.conftest import Faults, Live, axe, serve, watch
from tests.factories import NOW
from tests.imports import REGISTER, Desk, bring_areas
from tests.layers import FARMLAND, RIVER, layer_file
from tests.web.sent_files import ASKING, STRANGE

pytestmark = pytest.mark.browser

WIDTHS = {390: 844, 800: 1280, 1024: 768, 1920: 1080}
THEMES = ("light", "dark")
# Who looks, what the picture is called, where it is. {ids} are of something in that persona's scope.
PAGES = [
    ("stranger", "sign-in", "/sign-in"),
    ("leader", "map", "/map"),
    ("leader", "map-of-ponds", "/map?kind=pond"),
    ("supervisor", "sites", "/sites"),
    ("supervisor", "sites-none", "/sites?q=nowhere-at-all"),
    ("supervisor", "site", "/sites/{site_id}"),
    ("supervisor", "site-draft", "/sites/{draft_id}"),
    ("supervisor", "site-edit", "/sites/{site_id}/edit"),
    ("supervisor", "site-kinds", "/sites/new"),
    ("township", "site-new-pond", "/sites/new?kind=pond"),
    ("supervisor", "site-new-greenhouse", "/sites/new?kind=greenhouse"),
    ("inspector", "visit-new", "/sites/{calm_id}/visits/new"),
    ("inspector", "visit-clean", "/sites/{calm_id}/visits/clean"),
    ("supervisor", "visits", "/visits"),
    ("supervisor", "visit", "/visits/{visit_id}"),
    ("inspector", "visit-correction", "/visits/{own_visit_id}/correction"),
    ("supervisor", "cases", "/cases"),
    ("supervisor", "cases-none", "/cases?q=nowhere-at-all"),
    ("supervisor", "case", "/cases/{case_id}"),
    ("supervisor", "export", "/exports?kind=pond"),
    ("supervisor", "export-all", "/exports?subject=all"),
    ("supervisor", "export-none", "/exports?q=nowhere-at-all"),
    ("supervisor", "imports", "/imports"),
    ("supervisor", "import-asked", "/imports/{asked_id}"),
    ("supervisor", "import-unread", "/imports/{unread_id}"),
    ("supervisor", "import-applied", "/imports/{applied_id}"),
    ("admin", "import-of-a-layer", "/imports/{layer_file_id}"),
    ("leader", "areas", "/areas"),
    ("supervisor", "areas-of-a-day", "/areas?on=2025-01-01"),
    ("supervisor", "areas-found", "/areas?q=镇"),
    ("supervisor", "area", "/areas/{area_code}"),
    ("supervisor", "area-ended", "/areas/{ended_code}"),
    ("supervisor", "layers", "/layers"),
    ("inspector", "layers-to-read", "/layers"),
    ("supervisor", "differences", "/areas/differences"),
    ("township", "differences-of-a-township", "/areas/differences"),
    ("supervisor", "differences-kept", "/areas/differences?kept=yes"),
    ("admin", "officers", "/officers"),
    ("admin", "officer", "/officers/{officer_id}"),
    ("admin", "officer-new", "/officers/new"),
    ("admin", "bodies", "/bodies"),
    ("admin", "body", "/bodies/{body_id}"),
    ("admin", "body-new", "/bodies/new"),
    ("inspector", "account", "/account"),
    ("inspector", "not-found", "/nowhere"),
    ("inspector", "not-allowed", "/officers"),
]
PLACE = re.compile(r"\{\w+\}")
NO_PAGES = (
    "api.",
    "evidence.",
    "statics.",
    "tiles.",
    "imports.show_progress",
    "layers.show_layer",
    "imports.show_refused_rows",
    "imports.show_report",
    "map_files.",
    "maps.show_script",
    "search.show_found",
    "sites.find_site",
    "signing.show_start",
    "show_kept_form",
)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What a finger is to hit: buttons, fields, tabs; links in running text are read, not hit.
SMALL = """() => [...document.querySelectorAll(
    "button, .btn, input:not([type=hidden]), select, textarea, summary, .nav a, .tabs a, .tile, .seg label")]
  .map((one) => one.matches("[type=radio], [type=checkbox], [type=file]") && one.closest("label") || one)
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".only-read"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.width > 1 && box.height > 1 && box.height < 43.5)
  .map(([one, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 120)}`)"""
FOCUSED = """() => {
  const one = document.activeElement, look = getComputedStyle(one), box = one.getBoundingClientRect();
  const label = one.closest("label") ?? one, around = getComputedStyle(label);
  const ring = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { name: one.tagName.toLowerCase(), words: (one.innerText || one.value || "").slice(0, 30),
    seen: ring(look) || ring(around), onScreen: box.bottom > 0 && box.top < innerHeight,
    href: one.getAttribute("href"), inMain: Boolean(one.closest("main")) };
}"""


@pytest.fixture(scope="module")
def county(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The demo county, small, served."""
    folder = tmp_path_factory.mktemp("looks")
    copyfile(_migrated_sqlite, folder / "xuntu.sqlite3")
    store = Store(f"sqlite:///{folder / 'xuntu.sqlite3'}")
    demo.build(store, Settings(data=folder), sites=300, until=NOW)
    send_files(store, folder)
    redraw(store)
    yield from serve(store, folder, "", lambda: NOW)
    store.close()


def send_files(store: Store, folder: Path) -> None:
    """Three registers of the supervisor's: one that asks everything, one not understood, one applied."""
    with store.read() as session:
        by = actor_of(session.scalars(select(Officer).where(Officer.name == "supervisor")).one())
        pond = session.scalars(select(Site).where(Site.kind == Kind.POND, Site.status == "active")).first()
    desk = Desk(store, Settings(data=folder), by)
    desk.send(ASKING.replace("100.4001,38.93", f"{pond.lon + 0.0001:.6f},{pond.lat:.6f}"), "坑塘台账.csv")
    desk.send(STRANGE, "看不懂的表.csv")
    desk.apply(desk.send(REGISTER, "已导入的台账.csv", kind="straw"))
    desk.send(layer_file(folder, FARMLAND, RIVER), subject="layers", kind="basic_farmland")


def redraw(store: Store) -> None:
    """Rename and widen the township of the demo's accounts at a neighbour's cost, and merge another away."""
    with store.read() as session:
        query = select(Area).where(Area.level == AreaLevel.TOWNSHIP).order_by(Area.code)
        towns = {area.code: area.geometry for area in session.scalars(query)}
        home = session.scalars(select(Officer).where(Officer.name == "township")).one().areas[0].area_code
        admin = actor_of(session.scalars(select(Officer).where(Officer.name == "admin")).one())
    ring = shapely.buffer(towns[home], 0.02)
    others = [code for code in towns if code != home and towns[code].intersects(towns[home])]
    beside = others[0]
    wider = {"code": home, "name": "新苇镇", "shape": towns[home] | (towns[beside] & ring)}
    less = {"code": beside, "name": "邻镇", "shape": towns[beside] - ring}
    bring_areas(store, wider, less, by=admin, now=NOW)
    gone, heir = [code for code in towns if code not in (home, *others)][:2]
    ended = {"code": gone, "name": "旧乡", "valid_to": "2026-11-12", "successors": [heir]}
    bring_areas(store, ended, by=admin, now=NOW)


@pytest.fixture(scope="module")
def contexts(browser: Browser, county: Live) -> Iterator[dict[str, BrowserContext]]:
    """One context a persona, signed in once."""
    opened: dict[str, BrowserContext] = {}
    for who in sorted({who for who, *_ in PAGES}):
        context = browser.new_context(locale="zh-CN", base_url=county.address, has_touch=True)
        context.set_default_timeout(10_000)
        opened[who] = context
        if who != "stranger":
            page = context.new_page()
            page.goto("/sign-in")
            page.fill("[name=name]", who)
            page.fill("[name=password]", f"demo-{who}")
            page.press("[name=password]", "Enter")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            page.close()
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture(scope="module")
def addresses(county: Live) -> dict[str, str]:
    """Each page's address with real ids."""
    ids = {who: ids_for(county.store, who) for who, *_ in PAGES if who != "stranger"}
    return {name: path.format(**ids.get(who, {})) for who, name, path in PAGES}


def ids_for(store: Store, who: str) -> dict[str, str]:
    """Ids of what the persona may see: a late case and its site, a calm pond, a draft, visits."""
    with store.read() as session:
        officer = session.scalars(select(Officer).where(Officer.name == who)).one()
        own = site_filter(actor_of(officer))
        sites = select(Site.id).where(own).order_by(Site.number)
        visits = select(Visit.id).join(Site, Visit.site_id == Site.id).where(own)
        visits = visits.order_by(Visit.saved_at.desc())
        cases = select(Case.id).join(Site, Case.site_id == Site.id).where(own)
        files = select(ImportBatch.id).where(ImportBatch.received_by_id == officer.id)
        files = files.where(ImportBatch.subject == "sites")
        today = select(Area.code).where(Area.valid_to.is_(None))
        late = cases.order_by(Case.ended_at.is_not(None), Case.due_at, Case.number)
        queries = {
            "case_id": late,
            "site_id": late.with_only_columns(Case.site_id),
            "draft_id": sites.where(Site.status == SiteStatus.DRAFT),
            "calm_id": sites.where(Site.open_cases == 0, Site.kind == Kind.POND),
            "visit_id": visits.join(Finding, Finding.visit_id == Visit.id),
            "own_visit_id": visits.where(Visit.officer_id == officer.id, Visit.state == VisitState.SUBMITTED),
            "asked_id": files.where(ImportBatch.state == ImportState.CHECKED),
            "unread_id": files.where(ImportBatch.state == ImportState.RECEIVED),
            "layer_file_id": select(ImportBatch.id).where(ImportBatch.subject == "layers"),
            "applied_id": files.where(ImportBatch.state == ImportState.APPLIED),
            "officer_id": select(Officer.id).where(Officer.name == "township"),
            "body_id": select(Body.id).order_by(Body.name),
            "area_code": select(Area.code).where(Area.name == "新苇镇"),
            "ended_code": select(Area.code).where(Area.valid_to.is_not(None), Area.code.not_in(today)),
        }
        return {name: str(session.scalars(query).first() or "") for name, query in queries.items()}


@pytest.fixture
def look(contexts: dict[str, BrowserContext], county: Live, faults: Faults) -> Iterator:
    """`look(who, path)` is a page of that persona, watched."""
    pages: list[Page] = []

    def looked(who: str, path: str, width: int = 1024) -> Page:
        page = contexts[who].new_page()
        pages.append(page)
        watch(page, county.address, faults)
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        page.goto(path)
        if path.startswith("/map"):
            expect(page.locator("[data-drawn]")).to_have_count(1)
        return page

    yield looked
    for page in pages:
        page.close()


def show_county(page: Page) -> None:
    """Let a map that was made at another size show the whole county again."""
    page.get_by_role("button", name="全县").first.click()
    expect(page.locator(".leaflet-zoom-anim")).to_have_count(0)


def keep(page: Page, name: str, width: int, theme: str) -> None:
    if folder := os.environ.get("XUNTU_TEST_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)


@pytest.mark.parametrize(
    ("who", "name"), [(who, name) for who, name, _ in PAGES], ids=[row[1] for row in PAGES]
)
def test_a_page_fits_every_width_in_both_themes_and_axe_finds_nothing_serious(
    look, addresses, faults, who, name
):
    faults.expected = ("404", "403")  # of the pages that say so
    page = look(who, addresses[name], 1920)
    wide, small = {}, []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            if "map" in name:
                show_county(page)
            over = page.evaluate(OVERFLOW)
            if over > 0:
                wide[width] = over
            if width == 390 and theme == "light":
                small = page.evaluate(SMALL)
            keep(page, name, width, theme)
            if (width, theme) in ((390, "dark"), (1024, "light")):
                page.set_viewport_size({"width": width, "height": 3000})  # nothing lies under the bars
                axe(page)
    assert (wide, small) == ({}, [])


def test_every_page_there_is_is_looked_at(sqlite_store, tmp_path):
    app = create_app(Settings(data=tmp_path), sqlite_store)
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    pages = {rule.endpoint for rule in rules if not any(part in rule.endpoint for part in NO_PAGES)}
    adapter = app.url_map.bind("127.0.0.1")
    paths = [
        PLACE.sub(str(uuid4()), path).partition("?")[0] for _, name, path in PAGES if name != "not-found"
    ]
    assert pages - {adapter.match(path, method="GET")[0] for path in paths} == set()


@pytest.mark.parametrize(
    ("who", "name"),
    [("supervisor", "sites"), ("supervisor", "site"), ("inspector", "visit-new"), ("leader", "map")],
)
def test_a_keyboard_reaches_what_a_page_is_for_with_the_focus_seen(look, addresses, who, name):
    page = look(who, addresses[name])
    page.keyboard.press("Tab")
    first = page.evaluate(FOCUSED)
    assert (first["href"], first["seen"], first["onScreen"]) == ("#main", True, True)
    page.keyboard.press("Enter")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    unseen = [one for one in reached if one["name"] != "body" and not (one["seen"] and one["onScreen"])]
    assert unseen == []
    assert reached[0]["inMain"]
    assert {one["name"] for one in reached} & {"button", "input", "select"}


@pytest.mark.parametrize(
    ("who", "name"), [("inspector", "visit-new"), ("inspector", "account"), ("leader", "map")]
)
def test_in_sunlight_black_stands_on_white(look, contexts, county, addresses, who, name):
    contexts[who].add_cookies([{"name": "theme", "value": "sun", "url": county.address}])
    page = look(who, addresses[name], 800)
    contexts[who].clear_cookies(name="theme")
    expect(page.locator("html")).to_have_attribute("data-theme", "sun")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate(OVERFLOW) <= 0
    keep(page, name, 800, "sun")
    axe(page)
