"""The columnar file: many rows as a few columns of numbers, small once gzip'd and read at a stroke.

A file of part of the map's data, "sites" say, is::

    "XTC1" | u32, little end first: length of the header | header | columns

The header is one JSON object in UTF-8, with spaces at its end until 8 + its length is a multiple of 8::

    {"part": "sites", "rows": 3012, "order": "9f…16 hex digits", …facts,
     "columns": [{"name": "x", "coding": "d32", "at": 0, "bytes": 12048, "count": 3012}, …]}

`rows` is how many there are, `order` a hash of their keys in order: two parts with the same `order` belong
together. A column may have another count than `rows`. `at` counts from the end of the header. Columns follow
one another without gaps, and the file ends where the last one ends: one of another length is truncated.

====== ========= ==========================================================================================
coding bytes     what
====== ========= ==========================================================================================
u8     count     as they are
u16    2 × count byte planes: all lowest bytes, then all second bytes
u32    4 × count byte planes of four
i32    4 × count zig-zag, `(v << 1) ^ (v >> 31)`, then as u32
d32    4 × count the difference to the value before, the first to 0, modulo 2^32; then as i32
json   any       one JSON array of `count` values
====== ========= ==========================================================================================

Rows near each other on the ground stand near each other in the file (`morton_order`), so that differences are
small; small numbers leave the higher planes empty, and gzip packs those to nothing. Nothing in a file depends
on when it was written: the same rows give the same bytes.

`static/js/map/columns.js` reads the same. Shapes as columns are in `geo.packed_shapes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from geo.errors import ColumnsMisplaced, ColumnsTruncated, NotColumns

MAGIC = b"XTC1"
MICRO = 1_000_000  # micro-degrees in a degree: 0.1 m
_START = 8  # bytes before the header


@dataclass(frozen=True)
class Column:
    """One column: whole numbers, or anything JSON can hold in `json`."""

    name: str
    coding: str
    values: np.ndarray | Sequence[Any]


@dataclass(frozen=True)
class Packed:
    """What a file holds: `columns` by name, as arrays of int64, or as lists where they were JSON."""

    part: str
    rows: int
    order: str
    columns: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)


def pack(
    part: str,
    columns: Sequence[Column],
    *,
    rows: int,
    order: str = "",
    facts: Mapping[str, Any] | None = None,
) -> bytes:
    """Write a file; raises `ValueError` where a number does not fit its column's coding."""
    bodies = [_encoded(column) for column in columns]
    placed, at = [], 0
    for column, body in zip(columns, bodies, strict=True):
        placed.append(
            {
                "name": column.name,
                "coding": column.coding,
                "at": at,
                "bytes": len(body),
                "count": len(column.values),
            }
        )
        at += len(body)
    head = {"part": part, "rows": rows, "order": order, **(facts or {}), "columns": placed}
    header = orjson.dumps(head)
    header += b" " * (-(_START + len(header)) % 8)
    return b"".join([MAGIC, len(header).to_bytes(4, "little"), header, *bodies])


def unpack(data: bytes) -> Packed:
    """Read a file back.

    Raises
    ------
    NotColumns
        It begins with something else, or its header cannot be read.
    ColumnsTruncated
        It is shorter or longer than its header says.
    ColumnsMisplaced
        A column lies over another or apart from it, or holds other than its coding and count say.
    """
    head, body = _split(data)
    try:
        part, rows, order, placed = (head.pop(name) for name in ("part", "rows", "order", "columns"))
        columns = {one["name"]: _decoded(one, body) for one in _in_place(placed, len(body))}
    except (KeyError, TypeError, ValueError) as error:
        raise ColumnsMisplaced from error
    return Packed(part, rows, order, columns, head)


def order_of(keys: np.ndarray) -> str:
    """Hash whole-number keys in their order, as 16 hex digits."""
    return hashlib.sha256(keys.astype("<i8").tobytes()).hexdigest()[:16]


def micro_degrees(degrees: np.ndarray) -> np.ndarray:
    """Round degrees to whole micro-degrees, as int64."""
    return np.rint(np.asarray(degrees, np.float64) * MICRO).astype(np.int64)


def morton_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sort places along a Z: positions that put them in Morton order; ties stay as they were.

    `x`, `y` are micro-degrees of longitude and latitude, the bits of `x` below those of `y`.
    """
    across, up = (np.asarray(x) + 180 * MICRO), (np.asarray(y) + 90 * MICRO)
    return np.argsort(_spread(across) | (_spread(up) << np.uint64(1)), kind="stable")


def _spread(values: np.ndarray) -> np.ndarray:
    """Put an empty bit above each of the lower 32 bits."""
    spread = values.astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    return spread


def _planes(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values.view(np.uint8).reshape(-1, values.itemsize).T).tobytes()


def _unplaned(body: bytes, kind: str) -> np.ndarray:
    planes = np.frombuffer(body, np.uint8).reshape(np.dtype(kind).itemsize, -1)
    return np.ascontiguousarray(planes.T).view(kind).reshape(-1)


def _zigzag(values: np.ndarray) -> bytes:
    return _planes(((values << 1) ^ (values >> 31)).view("<u4"))


def _unzigzagged(body: bytes) -> np.ndarray:
    values = _unplaned(body, "<u4")
    return ((values >> 1) ^ (0 - (values & 1))).view("<i4")


def _differences(values: np.ndarray) -> bytes:
    return _zigzag(np.diff(values, prepend=values.dtype.type(0)))  # int32 wraps round


def _summed(body: bytes) -> np.ndarray:
    return np.cumsum(_unzigzagged(body), dtype="<i4")


# coding: what numbers it takes, how they are written, how they are read
_CODINGS: dict[str, tuple[str, Callable[[np.ndarray], bytes], Callable[[bytes], np.ndarray]]] = {
    "u8": ("<u1", _planes, lambda body: _unplaned(body, "<u1")),
    "u16": ("<u2", _planes, lambda body: _unplaned(body, "<u2")),
    "u32": ("<u4", _planes, lambda body: _unplaned(body, "<u4")),
    "i32": ("<i4", _zigzag, _unzigzagged),
    "d32": ("<i4", _differences, _summed),
}


def _encoded(column: Column) -> bytes:
    if column.coding == "json":
        return orjson.dumps(list(column.values))
    kind, write, _ = _CODINGS[column.coding]
    values, limits = np.asarray(column.values), np.iinfo(kind)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise ValueError(f"a number in {column.name} does not fit into {column.coding}")
    return write(values.astype(kind))


def _decoded(placed: Mapping[str, Any], body: memoryview) -> np.ndarray | list[Any]:
    mine = bytes(body[placed["at"] : placed["at"] + placed["bytes"]])
    if placed["coding"] == "json":
        values: Any = orjson.loads(mine)
    else:
        values = _CODINGS[placed["coding"]][2](mine).astype(np.int64)
    if len(values) != placed["count"]:
        raise ColumnsMisplaced
    return values


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if data[:4] != MAGIC:
        raise NotColumns
    end = _START + int.from_bytes(data[4:_START], "little")
    if len(data) < max(end, _START):
        raise ColumnsTruncated
    try:
        head = orjson.loads(data[_START:end])
    except orjson.JSONDecodeError as error:
        raise NotColumns from error
    if not isinstance(head, dict):
        raise NotColumns
    return head, memoryview(data)[end:]


def _in_place(placed: list[dict[str, Any]], length: int) -> list[dict[str, Any]]:
    """Give the columns on if each begins where the one before ends, and the last one where the file does."""
    end = 0
    for one in placed:
        if one["at"] != end or one["bytes"] < 0:
            raise ColumnsMisplaced
        end += one["bytes"]
    if end != length:
        raise ColumnsTruncated
    return placed
