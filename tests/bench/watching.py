"""Chromium as the benchmark uses it: over a link, and watched for marks, frames, heap and memory.

Everything is timed inside the page by its own clock, from the start of the navigation or from the event of a
real input, so that the driver's way to the browser is in no figure.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Playwright

from tests.bench.measuring import memory_kb
from tests.bench.shaping import LOCAL
from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM

VIEW = {"width": 1280, "height": 800}
LONGEST_WAIT_MS = 300_000
SETTLE_S = 0.6  # of quiet, before memory is looked at
FRAME_S = 0.016
# The last click's moment; the longest time between two frames while it is watched
RECORDER = """
addEventListener("click", ({ timeStamp }) => { window.clickedAt = timeStamp; }, true);
const frames = { on: false, longest: 0, last: 0 };
const tick = (now) => {
  if (!frames.on) return;
  if (frames.last) frames.longest = Math.max(frames.longest, now - frames.last);
  frames.last = now;
  requestAnimationFrame(tick);
};
window.watchFrames = () => {
  Object.assign(frames, { on: true, longest: 0, last: 0 });
  requestAnimationFrame(tick);
};
window.longestFrame = () => {
  frames.on = false;
  return frames.longest;
};
"""
IN_TIME = """(given) => Promise.race([
  (%s)(given),
  new Promise((_, fail) => setTimeout(() => fail(new Error("it did not happen in time")), %d)),
])"""
MARK = """([name, after]) => new Promise((resolve) => {
  const found = () => performance.getEntriesByName(name, "mark").find(({ startTime }) => startTime >= after);
  const look = () => {
    if (!found()) return false;
    resolve(found().startTime);
    return true;
  };
  if (look()) return;
  const watching = new PerformanceObserver(() => look() && watching.disconnect());
  watching.observe({ type: "mark" });
})"""


@contextmanager
def browsing(playwright: Playwright, port: int, through: int = 0) -> Iterator[Browser]:
    """Start a browser of its own; what it asks of `port` goes through another port where one is given."""
    flags = [f"--host-resolver-rules=MAP {LOCAL}:{port} {LOCAL}:{through}"] if through else []
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def fresh_context(browser: Browser, address: str, script: str = "") -> Iterator[BrowserContext]:
    """Open a context whose cache is empty; `script` runs first in each page."""
    context = browser.new_context(viewport=VIEW, locale="zh-CN", base_url=address)
    context.set_default_timeout(LONGEST_WAIT_MS)
    context.add_init_script(RECORDER + script)
    try:
        yield context
    finally:
        context.close()


@dataclass(frozen=True)
class Watched:
    """One page under watch."""

    page: Page
    session: CDPSession

    @classmethod
    def new(cls, context: BrowserContext) -> Watched:
        """Open a page."""
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        return cls(page, session)

    def open(self, path: str) -> None:
        """Go there, without waiting for more than the first bytes."""
        self.page.goto(path, wait_until="commit")

    def mark(self, name: str, after_ms: float = 0.0) -> float:
        """When the page set a mark, in ms since its navigation began; waits for it."""
        return self.ask(MARK, [name, after_ms])

    def ask(self, function: str, given: object = None) -> Any:
        """What a function of JavaScript gives in the page; one that promises something has five minutes."""
        return self.page.evaluate(IN_TIME % (function, LONGEST_WAIT_MS), given)

    def clicked_at(self) -> float:
        """When the page got the last click, in ms since its navigation began."""
        return self.ask("() => window.clickedAt")

    def heap_mb(self) -> float:
        """What the page's own thread holds in its heap after collecting garbage."""
        self.session.send("HeapProfiler.collectGarbage")
        values = {one["name"]: one["value"] for one in self.session.send("Performance.getMetrics")["metrics"]}
        return values["JSHeapUsedSize"] / 1e6

    def middle(self) -> tuple[float, float]:
        """The middle of the map's box on the screen."""
        box = self.page.locator(".leaflet-container").first.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, dx: int, dy: int, steps: int = 24) -> None:
        """Drag the map by the mouse, a step each frame or so."""
        x, y = self.middle()
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        for step in range(1, steps + 1):
            mouse.move(x + dx * step / steps, y + dy * step / steps)
            time.sleep(FRAME_S)
        mouse.up()


def renderers_mb(browser: Browser) -> float:
    """Memory of all the browser's renderer processes, proportional set size."""
    time.sleep(SETTLE_S)
    session = browser.new_browser_cdp_session()
    processes: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(memory_kb(int(one["id"])) for one in processes if one["type"] == "renderer") / 1024
