"""What one visit to a map costs: until it is drawn, while one moves, at a click, in memory, on the wire.

A map is *drawn*: ours when it says so by its marks (all tiles of the view painted, two frames later); another
when its page has loaded, which runs its script to the end, and two frames have passed. A zoom has *settled*
when the zoom has ended, all that ours paints is painted, and two frames have passed. A card or popup is there
when its text is in the page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext

from tests.bench.rivals import answer_libraries
from tests.bench.shaping import LOCAL, Link
from tests.bench.watching import Watched, fresh_context, renderers_mb

CLOSE = 17  # zoom at which the site to tap stands alone
PAUSE_S = 0.4  # between movements
DRAWN_LATER = """
const after = (said) => requestAnimationFrame(() => requestAnimationFrame(said));
addEventListener("load", () => after(() => performance.mark("rival:drawn")));
"""
ALONE = """
document.addEventListener("xuntu:map", ({ detail }) => detail.layers.sites.setAlone(true));
"""
# Counts what our layer is painting, which it says to nobody
PAINTING = """
window.painting = 0;
document.addEventListener("xuntu:map", ({ detail }) => {
  const { sites } = detail.layers, paint = sites._paint;
  sites._paint = function (...given) {
    window.painting += 1;
    return paint.apply(this, given).finally(() => { window.painting -= 1; });
  };
});
"""
SETTLED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  do await frame(); while (window.painting);
  await frame();
  await frame();
  return performance.now();
}"""
MAP = "const box = document.querySelector('.leaflet-container'), map = box.xuntuMap ?? window[box.id];"
ZOOM_ENDS = f"() => {{ {MAP} window.zoomed = new Promise((said) => map.once('zoomend', () => said(true))); }}"
LOOK_AT = f"([lat, lon, zoom]) => {{ {MAP} map.setView([lat, lon], zoom, {{ animate: false }}); }}"
PLACE_OF = f"""([lat, lon]) => {{
  {MAP} const at = map.latLngToContainerPoint([lat, lon]), corner = box.getBoundingClientRect();
  return [corner.x + at.x, corner.y + at.y];
}}"""
POPUP = """async (name) => {
  const found = () => document.querySelector(".leaflet-popup-content")?.textContent.includes(name);
  while (!found()) await new Promise(requestAnimationFrame);
  return performance.now();
}"""


@dataclass(frozen=True)
class Subject:
    """A map to be measured: where it is served, and how one knows what it does."""

    port: int
    path: str
    cookie: str = ""
    tap_above: int = 0  # pixels from a site's place to the middle of what stands for it

    @property
    def is_ours(self) -> bool:
        """Whether it is Xuntu's own."""
        return bool(self.cookie)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOCAL}:{self.port}"

    @property
    def drawn(self) -> str:
        """The mark it sets when all is drawn."""
        return "xuntu:drawn" if self.is_ours else "rival:drawn"


@dataclass(frozen=True)
class Target:
    """A site that stands by itself, to be tapped."""

    name: str
    lon: float
    lat: float


@dataclass
class Visit:
    """What was measured; nothing that the map cannot do."""

    overview_ms: float | None = None
    drawn_ms: float | None = None
    alone_ms: float | None = None
    heap_mb: float | None = None
    memory_mb: float | None = None
    frame_ms: float | None = None
    settled_ms: list[float] = field(default_factory=list)
    filtered_ms: float | None = None
    filter_asked: int | None = None
    tapped_ms: float | None = None
    received_kb: float | None = None
    again_kb: float | None = None
    again_ms: float | None = None
    known_overview_ms: float | None = None
    known_drawn_ms: float | None = None


@contextmanager
def ready(
    browser: Browser, subject: Subject, script: str = "", *, signed_in: bool = True
) -> Iterator[BrowserContext]:
    """Open a context in which the subject can be visited; what it loads from elsewhere is answered."""
    own = PAINTING if subject.is_ours else DRAWN_LATER
    with fresh_context(browser, subject.address, own + script) as context:
        if not subject.is_ours:
            answer_libraries(context)
        elif signed_in:
            sign_in(context, subject)
        yield context


def sign_in(context: BrowserContext, subject: Subject) -> None:
    """Give the browser the leader's session."""
    name, _, value = subject.cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": subject.address}])


def whole_visit(browser: Browser, subject: Subject, target: Target) -> Visit:
    """Open the map with an empty cache, look at memory, move, zoom, filter and tap."""
    visit = Visit()
    with ready(browser, subject) as context:
        watched = Watched.new(context)
        watched.open(subject.path)
        visit.drawn_ms = watched.mark(subject.drawn)
        if subject.is_ours:
            visit.overview_ms = watched.mark("xuntu:overview")
            watched.page.locator("[data-complete]").wait_for(state="attached")
        visit.heap_mb = watched.heap_mb()
        visit.memory_mb = renderers_mb(browser)
        move(watched, visit)
        if subject.is_ours:
            choose_kind(watched, visit)
        tap(watched, visit, subject, target)
    return visit


def move(watched: Watched, visit: Visit) -> None:
    """Pan by the mouse and zoom by the button, watching frames."""
    watched.ask("() => window.watchFrames()")
    watched.drag(-240, -160)
    time.sleep(PAUSE_S)
    for button in ("in", "in", "out", "out"):
        watched.ask(ZOOM_ENDS)
        watched.page.locator(f".leaflet-control-zoom-{button}").click()
        watched.ask("() => window.zoomed")
        settled = watched.ask(SETTLED)
        visit.settled_ms.append(settled - watched.clicked_at())
        watched.drag(160, 100)
        time.sleep(PAUSE_S)
    visit.frame_ms = watched.ask("() => window.longestFrame()")


def choose_kind(watched: Watched, visit: Visit) -> None:
    """Show greenhouses only, then all again; counts what was asked of the server for it."""
    asked: list[str] = []
    watched.page.on("request", lambda request: "/api/" in request.url and asked.append(request.url))
    for kind in ("greenhouse", ""):
        watched.page.locator(f'label:has(input[name="kind"][value="{kind}"])').click()
        done = watched.mark("xuntu:filtered", watched.clicked_at())
        if kind:
            visit.filtered_ms = done - watched.clicked_at()
            visit.filter_asked = len(asked)


def tap(watched: Watched, visit: Visit, subject: Subject, target: Target) -> None:
    """Click on a site and wait for the card or popup that names it."""
    page = watched.page
    watched.ask(LOOK_AT, [target.lat, target.lon, CLOSE])
    watched.ask(SETTLED)
    time.sleep(PAUSE_S)
    x, y = watched.ask(PLACE_OF, [target.lat, target.lon])
    page.mouse.click(x, y - subject.tap_above)
    if subject.is_ours:
        shown = watched.mark("xuntu:card", watched.clicked_at())
        if page.get_by_role("complementary").get_by_role("heading").inner_text() != target.name:
            raise RuntimeError(f"the card is not that of {target.name}")
    else:
        shown = watched.ask(POPUP, target.name)
    visit.tapped_ms = shown - watched.clicked_at()


def alone_visit(browser: Browser, subject: Subject) -> Visit:
    """Open our map so that every site stands by itself from the start."""
    with ready(browser, subject, ALONE) as context:
        watched = Watched.new(context)
        watched.open(subject.path)
        return Visit(alone_ms=watched.mark(subject.drawn))


def slow_visit(browser: Browser, subject: Subject, link: Link) -> Visit:
    """Open the map over a link with an empty cache, and ours a second time."""
    visit = Visit()
    with ready(browser, subject) as context:
        watched = Watched.new(context)
        before = link.received
        watched.open(subject.path)
        visit.drawn_ms = watched.mark(subject.drawn)
        visit.received_kb = (link.received - before) / 1000
        if subject.is_ours:
            visit.overview_ms = watched.mark("xuntu:overview")
            watched.page.locator("[data-complete]").wait_for(state="attached")
            watched.page.wait_for_load_state("networkidle")
            before = link.received
            watched.open(subject.path)
            visit.again_ms = watched.mark(subject.drawn)
            watched.page.locator("[data-complete]").wait_for(state="attached")
            watched.page.wait_for_load_state("networkidle")
            visit.again_kb = (link.received - before) / 1000
    return visit


def known_visit(browser: Browser, subject: Subject, _link: Link) -> Visit:
    """Open our map as one does: the sign-in page was open while a name was typed."""
    with ready(browser, subject, signed_in=False) as context:
        watched = Watched.new(context)
        watched.page.goto("/sign-in", wait_until="networkidle")
        sign_in(context, subject)
        watched.open(subject.path)
        return Visit(
            known_overview_ms=watched.mark("xuntu:overview"), known_drawn_ms=watched.mark(subject.drawn)
        )


def memory_visit(browser: Browser, subject: Subject) -> Visit:
    """Open a map that shows nothing, to know what memory goes without sites."""
    with ready(browser, subject) as context:
        watched = Watched.new(context)
        watched.open(subject.path)
        watched.mark(subject.drawn)
        watched.heap_mb()
        return Visit(memory_mb=renderers_mb(browser))
