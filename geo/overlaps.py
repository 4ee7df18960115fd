"""How much of a shape lies within others: square metres of a polygon, metres of a line, whether a point does.

The others may overlap each other: ground that several cover counts once. All in longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.shapes import geodesic_area_m2, geodesic_length_m

MOST_CORNERS = 1_000  # of a piece; comparing a shape with one costs under a millisecond


def overlap_m2(shape: BaseGeometry, others: Sequence[BaseGeometry]) -> float:
    """Ground that a polygon shares with other polygons, in square metres on the ellipsoid.

    Examples
    --------
    >>> west, whole = shapely.box(100.45, 38.93, 100.455, 38.94), shapely.box(100.45, 38.93, 100.46, 38.94)
    >>> round(overlap_m2(whole, [west, west]) / geodesic_area_m2(whole), 6)
    0.5
    """
    return geodesic_area_m2(_joined(_shared(shape, others, dimension=2)))


def overlap_m(line: BaseGeometry, others: Sequence[BaseGeometry]) -> float:
    """Length of a line within polygons, in metres on the ellipsoid."""
    return geodesic_length_m(_joined(_shared(line, others, dimension=1)))


def lies_in(point: BaseGeometry, others: Sequence[BaseGeometry]) -> bool:
    """Tell whether a point lies in one of the polygons, or on its line."""
    return bool(shapely.intersects(np.array(others, dtype=object), point).any())


def in_pieces(polygon: BaseGeometry, most_corners: int = MOST_CORNERS) -> list[BaseGeometry]:
    """Cut a polygon along lines of longitude and latitude until no piece has too many corners.

    Together the pieces are the polygon. So a small shape is compared with the pieces near it only.
    """
    if shapely.get_num_coordinates(polygon) <= most_corners:
        return [polygon]
    west, south, east, north = polygon.bounds
    middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
    if east - west >= north - south:
        halves = shapely.box(west, south, middle_lon, north), shapely.box(middle_lon, south, east, north)
    else:
        halves = shapely.box(west, south, east, middle_lat), shapely.box(west, middle_lat, east, north)
    parts = [part for half in halves for part in _polygons(shapely.intersection(polygon, half))]
    return [piece for part in parts for piece in in_pieces(part, most_corners)]


def _shared(shape: BaseGeometry, others: Sequence[BaseGeometry], *, dimension: int) -> np.ndarray:
    """What a shape shares with each of the others, without what only touches."""
    found = shapely.get_parts(shapely.intersection(np.array(others, dtype=object), shape))
    found = shapely.get_parts(found)  # of what was a collection
    return found[shapely.get_dimensions(found) == dimension]


def _joined(parts: np.ndarray) -> BaseGeometry:
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _polygons(geometry: BaseGeometry) -> list[BaseGeometry]:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
