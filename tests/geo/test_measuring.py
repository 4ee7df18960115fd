"""The map in the browser measures as PROJ does: `static/js/map/geodesy.js` against `pyproj.Geod`."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Geod
from shapely import Polygon, box

ROOT = Path(__file__).parents[2]
JS = ROOT / "tests" / "js"
VENDOR = ROOT / "static" / "vendor"
WGS84 = Geod(ellps="WGS84")
EQUAL = 1e-6  # of the length or area
ROUNDING_M2 = 0.001  # of both: each sums up what lies between a leg and the equator

Places = list[tuple[float, float]]

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def in_the_browser(lines: list[Places], rings: list[Places]) -> dict[str, Any]:
    manifest = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    library = str(VENDOR / manifest["names"]["geodesic"])
    asked = json.dumps({"library": library, "lines": lines, "rings": rings})
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), JS / "measured.mjs"], input=asked, capture_output=True, text=True, check=False
    )
    assert not ran.stderr
    return json.loads(ran.stdout)


def places_around(rng: random.Random, count: int, spread: float) -> Places:
    """Places within `spread` degrees of one in the county, so a metre or a continent apart."""
    return [
        (100.45 + rng.uniform(-spread, spread), 38.93 + rng.uniform(-spread, spread)) for _ in range(count)
    ]


def a_star(rng: random.Random, corners: int, spread: float) -> Places:
    """A ring around the county's middle whose outline does not cross itself."""
    turns = [(corner + rng.uniform(0, 0.8)) / corners * 2 * np.pi for corner in range(corners)]
    away = [spread * rng.uniform(0.3, 1) for _ in turns]
    return [
        (100.45 + r * np.cos(turn), 38.93 + r * np.sin(turn)) for r, turn in zip(away, turns, strict=True)
    ]


@pytest.mark.parametrize("spread", [0.00005, 0.01, 0.4, 20])
def test_lengths_equal_those_of_proj(spread):
    rng = random.Random(f"lengths {spread}")  # noqa: S311
    lines = [places_around(rng, rng.randint(2, 40), spread) for _ in range(50)]
    for places, measured in zip(lines, in_the_browser(lines, [])["lines"], strict=True):
        legs = WGS84.line_lengths(*zip(*places, strict=True))
        assert measured["total"] == pytest.approx(sum(legs), rel=EQUAL)
        assert measured["last"] == pytest.approx(legs[-1], rel=EQUAL)


@pytest.mark.parametrize("spread", [0.00005, 0.01, 0.4, 20])
def test_areas_equal_those_of_proj_whichever_way_round(spread):
    rng = random.Random(f"areas {spread}")  # noqa: S311
    rings = [a_star(rng, rng.randint(3, 40), spread) for _ in range(50)]
    rings = [ring[:: rng.choice((1, -1))] for ring in rings]
    for places, measured in zip(rings, in_the_browser([], rings)["rings"], strict=True):
        area, around = WGS84.polygon_area_perimeter(*zip(*places, strict=True))
        assert measured["area"] == pytest.approx(abs(area), rel=EQUAL, abs=ROUNDING_M2)
        assert measured["around"] == pytest.approx(around, rel=EQUAL)
        assert not measured["crosses"]


def test_an_outline_crosses_where_its_polygon_is_not_valid():
    rng = random.Random("crossings")  # noqa: S311
    rings = [places_around(rng, rng.randint(3, 7), 0.2) for _ in range(400)]
    found = [one["crosses"] for one in in_the_browser([], rings)["rings"]]
    assert found == [not Polygon(ring).is_valid for ring in rings]
    assert 50 < sum(found) < 350


def test_nothing_is_measured_of_no_place_or_one():
    one = [(100.4, 38.9)]
    measured = in_the_browser([[], one], [[], one, [*one, (100.5, 38.9)]])
    assert [line["total"] for line in measured["lines"]] == [0, 0]
    assert [ring["area"] for ring in measured["rings"]] == [0, 0, 0]


def test_an_area_is_that_of_the_ground_and_not_of_the_map():
    ring = list(box(100, 38.9, 100.01, 38.91).exterior.coords)
    (measured,) = in_the_browser([], [ring])["rings"]
    assert measured["area"] == pytest.approx(963_000, rel=0.002)  # on a Web Mercator map 1.65 times as much
