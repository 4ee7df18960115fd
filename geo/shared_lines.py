"""Outlines of neighbours with each line between them written once: about half of GeoJSON's bytes, gzip'd.

Rounded to so many digits of a degree, rings are cut where more than two lines meet; the pieces are written as
steps in whole numbers, the first from `origin`, and rings name them by number, `~number` if backwards.
`static/js/map/outlines.js` makes GeoJSON of it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

Place = tuple[int, int]
Ring = list[Place]  # without its last point, which is its first


def share_lines(outlines: Sequence[tuple[BaseGeometry, Mapping[str, Any]]], digits: int) -> dict[str, Any]:
    """Write pairs of polygon and properties as JSON values.

    Neighbours share a line where their corners, rounded to `digits` of a degree, are the same. A ring that
    rounding leaves without an area is left out.

    Returns
    -------
    dict
        `scale`: parts of a degree; `origin`: x and y; `lines`: of each, its first point's distance from
        `origin` and its steps, x and y in turn; `features`: `properties`, and `polygons` as lists of rings
        as lists of numbers of lines.
    """
    scale = 10**digits
    rounded = [_rounded(shape, scale) for shape, _ in outlines]
    rings = list(chain.from_iterable(chain.from_iterable(rounded)))
    nodes = _nodes(rings)
    lines: dict[tuple[Place, ...], int] = {}
    numbered = [[[_numbers(ring, nodes, lines) for ring in part] for part in shape] for shape in rounded]
    origin = np.min([corner for ring in rings for corner in ring] or [(0, 0)], axis=0)
    return {
        "scale": scale,
        "origin": origin.tolist(),
        "lines": [np.diff(line, axis=0, prepend=[origin]).ravel().tolist() for line in lines],
        "features": [
            {"properties": dict(properties), "polygons": polygons}
            for (_, properties), polygons in zip(outlines, numbered, strict=True)
        ],
    }


def _rounded(shape: BaseGeometry, scale: int) -> list[list[Ring]]:
    """Rings of each polygon, the outer one first."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    polygons = [[_ring(line, scale) for line in (part.exterior, *part.interiors)] for part in parts]
    return [[ring for ring in rings if ring] for rings in polygons if rings[0]]


def _ring(line: BaseGeometry, scale: int) -> Ring:
    corners = np.rint(shapely.get_coordinates(line) * scale).astype(int)
    moved = np.any(np.diff(corners, axis=0), axis=1)  # the last corner is the first: it falls away
    ring = [(x, y) for x, y in corners[:-1][moved].tolist()]
    return ring if len(set(ring)) > 2 else []


def _nodes(rings: Iterable[Ring]) -> set[Place]:
    """Where more or fewer than two lines meet."""
    beside: defaultdict[Place, set[Place]] = defaultdict(set)
    for ring in rings:
        for one, other in pairwise([*ring, ring[0]]):
            beside[one].add(other)
            beside[other].add(one)
    return {place for place, others in beside.items() if len(others) != 2}


def _numbers(ring: Ring, nodes: set[Place], lines: dict[tuple[Place, ...], int]) -> list[int]:
    """Cut a ring at nodes and number its pieces, new ones at the end of `lines`."""
    start = next((at for at, place in enumerate(ring) if place in nodes), ring.index(min(ring)))
    turned = [*ring[start:], *ring[: start + 1]]
    cuts = [at for at, place in enumerate(turned) if place in nodes or at in (0, len(ring))]
    return [_number(tuple(turned[first : last + 1]), lines) for first, last in pairwise(cuts)]


def _number(piece: tuple[Place, ...], lines: dict[tuple[Place, ...], int]) -> int:
    backwards = lines.get(piece[::-1])
    return lines.setdefault(piece, len(lines)) if backwards is None else ~backwards
