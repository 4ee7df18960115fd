"""All figures of one county: ours and the others', from the server, the browser and a slow link."""

from __future__ import annotations

import gzip
import re
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import geopandas
import numpy as np
import shapely
from playwright.sync_api import Browser, Playwright

from inspections.map_files import PARTS, Edition, Scope
from inspections.map_files.county import read_county
from inspections.store import Store
from tests.bench.counties import Answer, Served, rows_of, serving, settings_of
from tests.bench.points import median_ms, time_points
from tests.bench.rivals import RIVALS, build, empty_map, explore, serving_pages
from tests.bench.shaping import Link
from tests.bench.visits import (
    Subject,
    Target,
    Visit,
    alone_visit,
    known_visit,
    memory_visit,
    slow_visit,
    whole_visit,
)
from tests.bench.watching import browsing

MEGABITS, ROUND_TRIP_S = 4, 0.1
RIVAL_VISITS = 3
IN_BOX = 2_000  # features asked for by a box
OUR_MAP = "/map"
MARKER_MIDDLE = 20  # pixels from the tip of Leaflet's marker, which FastMarkerCluster shows
NOTHING = "/nothing"
Costs = dict[str, float]


@dataclass
class Figures:
    """Costs by name, of our map and of each other one; what a map cannot do is not there."""

    ours: Costs = field(default_factory=dict)
    rivals: dict[str, Costs] = field(default_factory=dict)


def measure_county(
    playwright: Playwright, county: Path, empty: Path, *, visits: int, with_rivals: bool
) -> Figures:
    """Measure everything of a county; `empty` is one of a single site."""
    rows = rows_of(county)
    target = lonely_site(rows)
    points_ms, sjoin_ms = time_points(len(rows))
    ours = {"points_ms": points_ms, "encode_ms": encode_ms(county)}
    with serving(empty) as served:
        nothing = over(playwright, Subject(served.port, OUR_MAP, served.cookie), visits, memory_visit)
    with serving(county) as served:
        ours |= ask_server(served, rows)
        subject = Subject(served.port, OUR_MAP, served.cookie)
        ours |= over(playwright, subject, visits, partial(whole_visit, target=target))
        ours |= over(playwright, subject, visits, alone_visit)
        ours |= over_slow_link(playwright, subject, visits, slow_visit)
        ours |= over_slow_link(playwright, subject, visits, known_visit)
    ours["memory_mb"] -= nothing["memory_mb"]
    figures = Figures(ours)
    if with_rivals:
        figures.rivals = measure_rivals(playwright, rows, target)
        figures.rivals["explore()"]["points_ms"] = sjoin_ms
    return figures


def measure_rivals(playwright: Playwright, rows: geopandas.GeoDataFrame, target: Target) -> dict[str, Costs]:
    """Measure the maps that others make of the same rows."""
    build(explore, rows.head(9))  # what it imports is not counted
    pages = {NOTHING: build(empty_map, rows)}
    pages |= {f"/{number}": build(make, rows) for number, make in enumerate(RIVALS.values())}
    costs: dict[str, Costs] = {}
    with serving_pages(pages) as port:
        nothing = over(playwright, Subject(port, NOTHING), RIVAL_VISITS, memory_visit)
        for number, name in enumerate(RIVALS):
            page = pages[f"/{number}"]
            above = 0 if name == "explore()" else MARKER_MIDDLE
            subject = Subject(port, f"/{number}", tap_above=above)
            found = {"html_kb": len(page.packed) / 1000, "html_ms": 1000 * page.took_s}
            found |= over(playwright, subject, RIVAL_VISITS, partial(whole_visit, target=target))
            packed = Subject(port, f"/packed/{number}")
            found |= over_slow_link(playwright, packed, RIVAL_VISITS, slow_visit)
            found["memory_mb"] -= nothing["memory_mb"]
            for drawn in ("drawn_ms", "slow_drawn_ms"):
                found[drawn] += found["html_ms"]  # its page has to be made before it is sent
            costs[name] = found
    return costs


def over(
    playwright: Playwright, subject: Subject, times: int, visit: Callable[[Browser, Subject], Visit]
) -> Costs:
    """Visit so many times, each in a new browser; medians."""
    visits = []
    for number in range(times):
        note(f"{subject.path}, {name_of(visit)} {number + 1} of {times}")
        with browsing(playwright, subject.port) as browser:
            visits.append(visit(browser, subject))
    return medians(visits)


def over_slow_link(
    playwright: Playwright, subject: Subject, times: int, visit: Callable[[Browser, Subject, Link], Visit]
) -> Costs:
    """Visit so many times over a slow link; medians, named so."""
    visits = []
    for number in range(times):
        note(f"{subject.path}, {name_of(visit)} {number + 1} of {times}, slow")
        with (
            Link(subject.port, MEGABITS, ROUND_TRIP_S) as link,
            browsing(playwright, subject.port, link.port) as browser,
        ):
            visits.append(visit(browser, subject, link))
    return {f"slow_{name}": value for name, value in medians(visits).items()}


def name_of(visit: Callable) -> str:
    """A visit's name in words."""
    return getattr(visit, "func", visit).__name__.replace("_", " ")


def note(words: str) -> None:
    """Say on the terminal what is being done."""
    sys.stderr.write(f"\r\033[K{words}")
    sys.stderr.flush()


def medians(visits: Iterable[Visit]) -> Costs:
    """The median of each figure over visits."""
    found: dict[str, list[float]] = {}
    for visit in visits:
        for name, value in asdict(visit).items():
            values = value if isinstance(value, list) else [] if value is None else [value]
            found[name] = found.get(name, []) + values
    return {name: statistics.median(values) for name, values in found.items() if values}


def ask_server(served: Served, rows: geopandas.GeoDataFrame) -> Costs:
    """What the server alone takes and sends."""
    page = served.get(OUR_MAP)
    script = re.search(r'src="(/map/[0-9a-f]+\.js)"', text_of(page))[1]
    again = script in text_of(served.get(OUR_MAP))
    same = again and text_of(served.get(script)) == text_of(served.get(script))
    tag = served.get("/api/map/sites").headers["ETag"]
    found = {
        "html_kb": len(page.content) / 1000,
        "html_ms": took_ms(lambda: served.get(OUR_MAP)),
        "script_same": float(same),
        "not_modified_ms": took_ms(lambda: served.get("/api/map/sites", **{"If-None-Match": tag}), 304),
    }
    if len(rows) > IN_BOX:
        path = f"/api/sites.geojson?bbox={box_around(rows, IN_BOX)}"
        found["features_ms"] = took_ms(lambda: served.get(path))
    return found


def took_ms(ask: Callable[[], Answer], status: int = 200, times: int = 15) -> float:
    """The median of how long the server takes for an answer."""
    answers = [ask() for _ in range(times)]
    if any(answer.status != status for answer in answers):
        raise RuntimeError(f"the server answered {answers[0].status}")
    return statistics.median(answer.took_ms for answer in answers)


def text_of(answer: Answer) -> str:
    """The text of an answer, unpacked."""
    packed = answer.headers["Content-Encoding"] == "gzip"
    return (gzip.decompress(answer.content) if packed else answer.content).decode()


def encode_ms(county: Path) -> float:
    """How long the background takes after a change: reading the county, cutting the files of all of it."""
    store = Store.from_settings(settings_of(county))

    def encode() -> None:
        with store.read() as session:
            edition = Edition(read_county(session))
        edition.cut_ahead((Scope(), part) for part in PARTS)

    encode()
    spent = median_ms(encode)
    store.close()
    return spent


def lonely_site(rows: geopandas.GeoDataFrame) -> Target:
    """The site farthest from any other, so that a click there means it and nothing else."""
    tree = shapely.STRtree(rows.geometry.values)
    pairs, away = tree.query_nearest(
        rows.geometry.values, exclusive=True, return_distance=True, all_matches=False
    )
    site = rows.iloc[pairs[0][int(np.argmax(away))]]
    return Target(site["name"], site.geometry.x, site.geometry.y)


def box_around(rows: geopandas.GeoDataFrame, count: int) -> str:
    """A box round the county's middle that holds so many sites, as an address writes it."""
    at = np.column_stack([rows.geometry.x, rows.geometry.y])
    middle = np.median(at, axis=0)
    reach = np.sort(np.abs(at - middle).max(axis=1))[count - 1]
    return ",".join(f"{edge:.6f}" for edge in (*(middle - reach), *(middle + reach)))
