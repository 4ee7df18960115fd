"""Shapes made simple enough to be drawn: to about a pixel, with neighbours that keep sharing their lines.

For pictures only: what comes of it may cross itself, and is never measured or kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_TILE = 256  # pixels of the world at zoom 0


def pixel_deg(zoom: int) -> float:
    """Width of a pixel of a web map in degrees of longitude."""
    return 360 / _TILE / 2**zoom


def dissolve(polygons: Sequence[BaseGeometry], gap_deg: float) -> list[BaseGeometry]:
    """Join polygons that touch or lie no farther apart than a gap; each grows by half of that.

    Fields that are each smaller than the gap are left out where they lie alone, and seen where they lie
    together.
    """
    grown = shapely.buffer(
        np.array(polygons, dtype=object), gap_deg / 2, quad_segs=1, join_style="mitre", mitre_limit=2.0
    )
    parts = shapely.get_parts(shapely.union_all(grown))
    return list(parts[shapely.area(parts) >= (2 * gap_deg) ** 2])


def join_lines(lines: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Put lines end to end where two of them meet, so that short pieces of one road are not lost one by one.

    Examples
    --------
    >>> one, other = shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(1, 0), (2, 0)])
    >>> [line.wkt for line in join_lines([one, other])]
    ['LINESTRING (0 0, 1 0, 2 0)']
    """
    return list(shapely.get_parts(shapely.line_merge(shapely.MultiLineString(list(lines)))))


def shared_lines(polygons: Sequence[BaseGeometry], tolerance_deg: float) -> list[BaseGeometry]:
    """Simplify neighbouring polygons and give their outlines, a line that two share only once."""
    shapes = np.array(polygons, dtype=object)
    if tolerance_deg:
        shapes = shapely.coverage_simplify(shapes, tolerance_deg)
    return list(shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(shapes)))))


def thin(shapes: Sequence[BaseGeometry], tolerance_deg: float) -> list[BaseGeometry]:
    """Simplify polygons and lines one by one, and leave out what is smaller than the tolerance."""
    simple = shapely.simplify(np.array(shapes, dtype=object), tolerance_deg, preserve_topology=False)
    parts = shapely.get_parts(simple)
    is_line = shapely.get_dimensions(parts) == 1
    least = np.where(is_line, tolerance_deg, tolerance_deg**2)
    return list(parts[np.where(is_line, shapely.length(parts), shapely.area(parts)) >= least])


def clip(shape: BaseGeometry, box: tuple[float, float, float, float]) -> BaseGeometry:
    """Cut away what lies outside a box; empty where nothing is left."""
    return shapely.clip_by_rect(shape, *box)


def rounded(shapes: Sequence[BaseGeometry], digits: int) -> np.ndarray:
    """Round the degrees of shapes; corners that fall together with the one before are left out."""
    moved = shapely.transform(np.array(shapes, dtype=object), lambda xy: xy.round(digits))
    return shapely.remove_repeated_points(moved)
