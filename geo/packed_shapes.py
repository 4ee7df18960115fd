"""The true shapes of sites as columns for `geo.packing`, for any number of sites at once.

Points and what is empty have no shape beyond their place. Polygons, holes and parts alike, and lines become
rings of micro-degrees: the first point of a ring relative to the site's own, each other to the one before it,
a ring of a polygon without its last point, which is its first. Of a collection the polygons are kept, or if
there is none the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from geo.packing import Column, micro_degrees

_POLYGON, _FIRST_OF_MANY = 3, 4  # type numbers of shapely: points and lines below, multi-parts from there on
Outline = tuple[int, bool, list[np.ndarray]]


@dataclass(frozen=True)
class PackedShapes:
    """Shapes of some rows.

    Parameters
    ----------
    row : ndarray, shape (n_shapes,)
        Ascending numbers of the rows that have a shape.
    closed : ndarray of bool, shape (n_shapes,)
        Polygons; else lines.
    rings : ndarray, shape (n_shapes,)
        How many rings each has.
    points : ndarray, shape (n_rings,)
        How many points each ring has.
    x, y : ndarray, shape (n_points,)
        Micro-degrees from the point before, or from the site's point.
    """

    row: np.ndarray
    closed: np.ndarray
    rings: np.ndarray
    points: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def columns(self) -> list[Column]:
        """Write them as columns."""
        return [
            Column("shape_row", "d32", self.row),
            Column("shape_closed", "u8", self.closed),
            Column("shape_rings", "u16", self.rings),
            Column("ring_points", "u32", self.points),
            Column("px", "i32", self.x),
            Column("py", "i32", self.y),
        ]

    def taken(self, rows: np.ndarray) -> PackedShapes:
        """Keep the shapes of some rows, ascending, and number them as these come after one another."""
        kept = np.isin(self.row, rows)
        ring_kept = np.repeat(kept, self.rings)
        point_kept = np.repeat(ring_kept, self.points)
        return PackedShapes(
            np.searchsorted(rows, self.row[kept]),
            self.closed[kept],
            self.rings[kept],
            self.points[ring_kept],
            self.x[point_kept],
            self.y[point_kept],
        )

    def outlines(self, x: np.ndarray, y: np.ndarray) -> Iterator[Outline]:
        """Give row, whether closed, and the rings as micro-degrees, each of shape (n, 2).

        `x`, `y` are the micro-degrees of all rows.
        """
        ring_ends, point_ends = np.cumsum(self.rings), np.cumsum(self.points)
        for shape, row in enumerate(self.row):
            numbers = range(ring_ends[shape] - self.rings[shape], ring_ends[shape])
            spans = [slice(point_ends[ring] - self.points[ring], point_ends[ring]) for ring in numbers]
            at = np.array([x[row], y[row]])
            steps = [np.column_stack([self.x[span], self.y[span]]) for span in spans]
            yield int(row), bool(self.closed[shape]), [at + np.cumsum(one, axis=0) for one in steps]


def pack_shapes(geometries: np.ndarray, x: np.ndarray, y: np.ndarray) -> PackedShapes:
    """Take the shapes out of geometries in degrees, None among them; `x`, `y` are the rows' micro-degrees."""
    lines, owner, closed = _lines_of(np.asarray(geometries, dtype=object))
    points = shapely.get_num_coordinates(lines)
    degrees = shapely.get_coordinates(lines)
    kept = np.ones(len(degrees), bool)
    kept[np.cumsum(points)[closed] - 1] = False  # the last point of a closed ring is its first
    degrees, points = degrees[kept], points - closed
    row, first, rings = np.unique(owner, return_index=True, return_counts=True)
    starts = np.cumsum(points) - points
    return PackedShapes(
        row,
        closed[first],
        rings,
        points,
        _steps(degrees[:, 0], starts, np.asarray(x)[owner]),
        _steps(degrees[:, 1], starts, np.asarray(y)[owner]),
    )


def _lines_of(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take geometries apart into rings in row order: the rings, the row of each, whether it is a polygon's.

    A polygon without holes stands for its one ring: taking that out costs five times as much.
    """
    parts, owner = _single_parts(geometries)
    kind = shapely.get_type_id(parts)
    polygon = (kind == _POLYGON) & ~shapely.is_empty(parts)
    line = (kind > 0) & (kind < _POLYGON) & ~shapely.is_empty(parts) & ~np.isin(owner, owner[polygon])
    drawn = polygon | line
    parts, owner, closed = parts[drawn], owner[drawn], polygon[drawn]
    holed = shapely.get_num_interior_rings(parts) > 0
    rings, inner = shapely.get_rings(parts[holed], return_index=True)
    part = np.concatenate([np.flatnonzero(~holed), np.flatnonzero(holed)[inner]])
    order = np.argsort(part, kind="stable")
    return np.concatenate([parts[~holed], rings])[order], owner[part][order], closed[part][order]


def _single_parts(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take multi-parts and collections apart, in row order, however deep they nest; with the row of each."""
    parts, owner = geometries, np.arange(len(geometries))
    while (many := shapely.get_type_id(parts) >= _FIRST_OF_MANY).any():
        inside, inner = shapely.get_parts(parts[many], return_index=True)
        owners = np.concatenate([owner[~many], owner[many][inner]])
        order = np.argsort(owners, kind="stable")
        parts, owner = np.concatenate([parts[~many], inside])[order], owners[order]
    return parts, owner


def _steps(degrees: np.ndarray, starts: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Micro-degrees from the point before; of a ring's first point, from the site's."""
    places = micro_degrees(degrees)
    steps = np.diff(places, prepend=0)
    steps[starts] = places[starts] - origin
    return steps.astype(np.int32)
