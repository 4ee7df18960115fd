"""Outlines with shared lines: the same polygons come back, in fewer bytes."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some
from shapely import Polygon, box

from geo.shared_lines import share_lines
from geo.writers.geojson import write_geojson

JS = Path(__file__).parents[1] / "js"
quick = settings(max_examples=80, deadline=None, database=None)


def shapes_of(written: dict) -> list[shapely.MultiPolygon]:
    """What the browser draws, worked out line by line."""
    lines = [
        np.cumsum(np.array(steps).reshape(-1, 2), axis=0) + written["origin"] for steps in written["lines"]
    ]

    def ring(numbers: list[int]) -> np.ndarray:
        pieces = [lines[~number][::-1] if number < 0 else lines[number] for number in numbers]
        return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])]) / written["scale"]

    return [
        shapely.MultiPolygon(
            [Polygon(ring(rings[0]), [ring(hole) for hole in rings[1:]]) for rings in feature["polygons"]]
        )
        for feature in written["features"]
    ]


@some.composite
def coverages(draw) -> list[shapely.geometry.base.BaseGeometry]:
    """Neighbours out of the squares of a grid, islands and holes among them, and all of it as one more."""
    owners = draw(some.lists(some.integers(0, 3), min_size=12, max_size=12))
    lon, lat = ([degree + step / 10 for step in range(5)] for degree in (100, 38))
    cells = [box(lon[x], lat[y], lon[x + 1], lat[y + 1]) for x in range(4) for y in range(3)]
    areas = [
        shapely.union_all([cell for cell, owner in zip(cells, owners, strict=True) if owner == one])
        for one in sorted(set(owners))
    ]
    return [*areas, shapely.union_all(areas)]


@quick
@given(coverages())
def test_the_same_shapes_come_back(areas):
    written = share_lines([(area, {"code": str(at)}) for at, area in enumerate(areas)], 4)
    assert [one["properties"] for one in written["features"]] == [
        {"code": str(at)} for at in range(len(areas))
    ]
    for area, shape in zip(areas, shapes_of(written), strict=True):
        assert shape.is_valid
        assert shape.symmetric_difference(area).area == pytest.approx(0, abs=1e-9)


@quick
@given(coverages())
def test_each_line_is_written_once(areas):
    written = share_lines([(area, {}) for area in areas], 4)
    places = [np.cumsum(np.array(steps).reshape(-1, 2), axis=0).tolist() for steps in written["lines"]]
    edges = [frozenset(map(tuple, pair)) for line in places for pair in pairwise(line)]
    assert len(edges) == len(set(edges))


def test_an_island_has_its_line_once_too():
    sea, island = box(100, 38, 101, 39), box(100.4, 38.4, 100.6, 38.6)
    written = share_lines([(sea.difference(island), {}), (island.reverse(), {})], 4)
    assert len(written["lines"]) == 2
    assert shapes_of(written)[1].equals(island)


def test_what_rounding_leaves_without_an_area_is_left_out():
    crumb, speck = box(100.30001, 38.3, 100.30002, 38.30001), box(100.5, 38.5, 100.50001, 38.50001)
    written = share_lines([(shapely.MultiPolygon([box(100, 38, 100.1, 38.1), crumb]), {}), (speck, {})], 4)
    assert [len(one["polygons"]) for one in written["features"]] == [1, 0]


def test_nothing_is_written_as_nothing():
    assert share_lines([], 4) == {"scale": 10_000, "origin": [0, 0], "lines": [], "features": []}


def test_winding_borders_take_half_of_geojsons_bytes():
    rng = np.random.default_rng(5)
    wave = np.column_stack([100.5 + rng.uniform(-0.02, 0.02, 400), np.linspace(39.0, 38.0, 400)])
    west = Polygon([(100, 38), (100, 39), *wave])
    east = Polygon([(101, 38), (101, 39), *wave])
    rounded = [(shapely.transform(shape, lambda xy: xy.round(4)), {}) for shape in (west, east)]
    written = json.dumps(share_lines([(west, {}), (east, {})], 4)).encode()
    assert len(gzip.compress(written)) < 0.55 * len(gzip.compress(write_geojson(rounded)))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_browser_draws_the_same(tmp_path):
    ring = box(100, 38, 101, 39).difference(box(100.4, 38.4, 100.6, 38.6))
    areas = [
        ring,
        box(101, 38, 102, 39),
        shapely.MultiPolygon([box(99, 38, 100, 38.5), box(98, 38, 98.5, 38.5)]),
    ]
    written = share_lines([(area, {"code": str(at)}) for at, area in enumerate(areas)], 4)
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), JS / "outlines.mjs"],
        input=json.dumps(written),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr
    drawn = json.loads(ran.stdout)["features"]
    assert [one["properties"]["code"] for one in drawn] == ["0", "1", "2"]
    for area, one in zip(areas, drawn, strict=True):
        assert shapely.from_geojson(json.dumps(one["geometry"])).equals(area)
