"""The columnar format: every coding and every shape comes back, and bad files are refused."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some

from geo.errors import ColumnsMisplaced, ColumnsTruncated, NotColumns
from geo.packed_shapes import PackedShapes, pack_shapes
from geo.packing import Column, micro_degrees, morton_order, order_of, pack, unpack

GOLDEN = json.loads((Path(__file__).parent / "golden_columns.json").read_text())
JS = Path(__file__).parents[1] / "js"
LIMITS = {
    "u8": (0, 2**8 - 1),
    "u16": (0, 2**16 - 1),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "d32": (-(2**31), 2**31 - 1),
}
quick = settings(max_examples=60, deadline=None, database=None)


@some.composite
def columns(draw) -> list[Column]:
    """Columns of every coding, the ends of their ranges often among the values."""
    codings = draw(some.lists(some.sampled_from([*LIMITS, "json"]), max_size=6))
    return [Column(f"c{place}", coding, draw(values_of(coding))) for place, coding in enumerate(codings)]


def values_of(coding: str) -> some.SearchStrategy:
    if coding == "json":
        return some.lists(some.none() | some.booleans() | some.integers(-9, 9) | some.text(), max_size=20)
    least, most = LIMITS[coding]
    return some.lists(some.sampled_from([least, most, 0]) | some.integers(least, most), max_size=40)


@quick
@given(columns())
def test_every_coding_comes_back(written):
    data = pack("all", written, rows=7, order="0123456789abcdef", facts={"kinds": ["pond"]})
    read = unpack(data)
    assert (read.part, read.rows, read.order, read.facts) == (
        "all",
        7,
        "0123456789abcdef",
        {"kinds": ["pond"]},
    )
    assert {name: list(values) for name, values in read.columns.items()} == {
        column.name: list(column.values) for column in written
    }
    assert pack("all", written, rows=7, order="0123456789abcdef", facts={"kinds": ["pond"]}) == data


def test_the_golden_file_is_written_and_read_as_ever():
    """`tests/js` reads the same: bytes that both sides agree on. Change them only with both."""
    data = bytes.fromhex(GOLDEN["hex"])
    columns = [Column(one["name"], one["coding"], one["values"]) for one in GOLDEN["columns"]]
    assert pack("golden", columns, rows=3, order=GOLDEN["order"], facts=GOLDEN["facts"]) == data
    read = unpack(data)
    assert {one["name"]: list(read.columns[one["name"]]) for one in GOLDEN["columns"]} == {
        one["name"]: one["values"] for one in GOLDEN["columns"]
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_program_written_from_the_description_alone_reads_the_same():
    rng = np.random.default_rng(4)
    written = [
        Column(coding, coding, rng.integers(least, most, 500, endpoint=True))
        for coding, (least, most) in LIMITS.items()
    ] + [Column("text", "json", ["西镇", "</script>", "", "𠮷"])]
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), JS / "unpack.mjs"],
        input=pack("all", written, rows=500),
        capture_output=True,
        check=False,
    )
    assert not ran.stderr, ran.stderr.decode()
    assert json.loads(ran.stdout) == {column.name: list(column.values) for column in written}


@pytest.mark.parametrize(
    ("coding", "value"), [("u8", 256), ("u8", -1), ("u16", 65_536), ("u32", -1), ("i32", 2**31)]
)
def test_a_number_that_does_not_fit_is_not_written(coding, value):
    with pytest.raises(ValueError, match=coding):
        pack("all", [Column("x", coding, [0, value])], rows=2)


@quick
@given(columns(), some.data())
def test_a_file_cut_anywhere_is_refused(written, data):
    whole = pack("all", written, rows=0)
    kept = data.draw(some.integers(0, len(whole) - 1))
    with pytest.raises((NotColumns, ColumnsTruncated)):
        unpack(whole[:kept])


def test_a_longer_file_is_refused():
    with pytest.raises(ColumnsTruncated):
        unpack(pack("all", [Column("x", "u8", [1])], rows=1) + b"\0")


@pytest.mark.parametrize(
    "data", [b"", b"XTC", b"XTC2\x08\0\0\0{}      ", b"<!DOCTYPE html><html>", b"XTC1\x08\0\0\0[1,2]   "]
)
def test_what_begins_otherwise_is_refused(data):
    with pytest.raises(NotColumns):
        unpack(data)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": 0},  # over the column before
        {"at": 4},  # apart from it
        {"bytes": -3},
        {"count": 4},
        {"coding": "u64"},
        {"coding": "u16"},
        {"name": None, "at": "3"},
    ],
)
def test_columns_that_lie_wrong_are_refused(wrong):
    data = pack("all", [Column("x", "u8", [1, 2, 3]), Column("y", "u8", [4, 5, 6])], rows=3)
    with pytest.raises((ColumnsMisplaced, ColumnsTruncated)):
        unpack(reheaded(data, wrong))


def test_a_header_without_columns_is_refused():
    with pytest.raises(ColumnsMisplaced):
        unpack(b'XTC1\x08\0\0\0{"a":1} ')


def reheaded(data: bytes, wrong: dict) -> bytes:
    """Write other facts about the second column of a file."""
    end = 8 + int.from_bytes(data[4:8], "little")
    head = json.loads(data[8:end])
    head["columns"][1] |= wrong
    header = json.dumps(head).encode()
    return b"XTC1" + len(header).to_bytes(4, "little") + header + data[end:]


@quick
@given(
    some.lists(some.tuples(some.integers(-180_000_000, 180_000_000), some.integers(-90_000_000, 90_000_000)))
)
def test_rows_stand_in_the_order_of_interleaved_bits(places):
    def interleaved(place):
        across, up = place[0] + 180_000_000, place[1] + 90_000_000
        return sum(((across >> bit & 1) << 2 * bit) + ((up >> bit & 1) << 2 * bit + 1) for bit in range(30))

    x, y = (np.array([place[axis] for place in places], np.int64) for axis in (0, 1))
    ordered = [places[at] for at in morton_order(x, y)]
    assert [interleaved(one) for one in ordered] == sorted(map(interleaved, places))


def test_rows_at_one_place_keep_their_order():
    assert morton_order(np.array([5, 1, 5, 5]), np.array([5, 1, 5, 5])).tolist() == [1, 0, 2, 3]


def test_the_order_tells_keys_and_their_order_apart():
    assert order_of(np.array([1, 2])) != order_of(np.array([2, 1]))
    assert len(order_of(np.array([], np.int64))) == 16


# Shapes


def a_ring(draw, least: int) -> list[tuple[float, float]]:
    steps = some.tuples(some.integers(-4000, 4000), some.integers(-4000, 4000))
    return [
        (100.4 + dx * 1e-6, 38.9 + dy * 1e-6)
        for dx, dy in draw(some.lists(steps, min_size=least, max_size=9))
    ]


@some.composite
def polygons(draw) -> shapely.Polygon:
    return shapely.Polygon(a_ring(draw, 3), [a_ring(draw, 3) for _ in range(draw(some.integers(0, 2)))])


@some.composite
def lines(draw) -> shapely.LineString:
    return shapely.LineString(a_ring(draw, 2))


points = some.just(shapely.Point(100.4, 38.9))
empty = some.sampled_from(
    [
        None,
        *map(
            shapely.from_wkt, ("POINT EMPTY", "POLYGON EMPTY", "LINESTRING EMPTY", "GEOMETRYCOLLECTION EMPTY")
        ),
    ]
)
multis = (
    some.lists(polygons(), max_size=3).map(shapely.MultiPolygon)
    | some.lists(lines(), max_size=3).map(shapely.MultiLineString)
    | some.just(shapely.MultiPoint([(100.4, 38.9), (100.5, 38.9)]))
)
singles = points | lines() | polygons()
geometries = (
    singles | multis | empty | some.lists(singles | multis, max_size=3).map(shapely.GeometryCollection)
)


def expected(geometry) -> tuple[bool, list[list[tuple[int, int]]]] | None:
    """The rings of one geometry, one by one."""
    rings = list(polygon_rings(geometry)) or None
    if rings is not None:
        return True, [ring[:-1] for ring in rings]
    rings = list(line_rings(geometry))
    return (False, rings) if rings else None


def polygon_rings(geometry):
    if geometry is None or geometry.is_empty:
        return
    if geometry.geom_type == "Polygon":
        yield from (micro(ring) for ring in (geometry.exterior, *geometry.interiors))
    for part in getattr(geometry, "geoms", ()):
        yield from polygon_rings(part)


def line_rings(geometry):
    if geometry is None or geometry.is_empty:
        return
    if geometry.geom_type == "LineString":
        yield micro(geometry)
    for part in getattr(geometry, "geoms", ()):
        yield from line_rings(part)


def micro(line) -> list[tuple[int, int]]:
    return [(round(x), round(y)) for x, y in np.asarray(line.coords) * 1e6]


def packed_of(shapes, x: np.ndarray, y: np.ndarray) -> PackedShapes:
    """Pack the shapes of rows, from the last to the first; None and all."""
    rows = [row for row, shape in enumerate(shapes) if shape is not None][::-1]
    wkb = [shapely.to_wkb(shapes[row], byte_order=1) for row in rows]
    lengths = np.array(list(map(len, wkb)), np.int64)
    return pack_shapes(b"".join(wkb), lengths, np.array(rows, np.int64), x, y)


def sorted_rings(outline):
    row, closed, rings = outline
    return row, closed, sorted(rings)


@quick
@given(some.lists(geometries, max_size=6))
def test_every_shape_comes_back(shapes):
    x, y = np.full(len(shapes), 100_400_100), np.full(len(shapes), 38_900_200)
    packed = packed_of(shapes, x, y)
    read = unpack(pack("shapes", packed.columns(), rows=len(shapes))).columns
    assert [list(column.values) for column in packed.columns()] == [list(values) for values in read.values()]
    found = [
        (row, closed, [list(map(tuple, ring.tolist())) for ring in rings])
        for row, closed, rings in packed.outlines(x, y)
    ]
    wanted = [(row, *told) for row, one in enumerate(shapes) if (told := expected(one)) is not None]
    assert list(map(sorted_rings, found)) == list(map(sorted_rings, wanted))


@quick
@given(some.lists(some.tuples(geometries, some.booleans()), max_size=8))
def test_some_rows_shapes_are_those_of_these_rows_alone(drawn):
    shapes = np.array([None, *(one for one, _ in drawn)], dtype=object)[1:]
    rows = np.flatnonzero([kept for _, kept in drawn])
    x, y = np.full(len(shapes), 100_400_100), np.full(len(shapes), 38_900_200)
    cut = packed_of(shapes, x, y).taken(rows)
    alone = packed_of(shapes[rows], x[rows], y[rows])
    assert [list(one.values) for one in cut.columns()] == [list(one.values) for one in alone.columns()]


def test_a_hole_follows_its_polygon_without_a_last_point():
    square = shapely.box(100.4, 38.9, 100.41, 38.91)
    pond = square.difference(shapely.box(100.404, 38.904, 100.406, 38.906))
    packed = packed_of([pond], np.array([100_405_000]), np.array([38_905_000]))
    assert (packed.rings.tolist(), packed.points.tolist(), packed.closed.tolist()) == ([2], [4, 4], [True])


def test_neighbours_pack_small():
    rng = np.random.default_rng(1)
    x, y = rng.integers(100_000_000, 100_800_000, 5000), rng.integers(38_500_000, 39_300_000, 5000)
    order = morton_order(x, y)
    at_random = pack("sites", [Column("x", "d32", x), Column("y", "d32", y)], rows=5000)
    in_order = pack("sites", [Column("x", "d32", x[order]), Column("y", "d32", y[order])], rows=5000)
    assert len(gzip.compress(in_order)) < 0.85 * len(gzip.compress(at_random))


def test_degrees_are_rounded_to_micro_degrees():
    assert micro_degrees(np.array([100.4000004, -0.0000006])).tolist() == [100_400_000, -1]
