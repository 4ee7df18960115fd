"""Shapes made sound: what a repair would give, for a person to look at and agree to.

The rules: repeated points and needles under half a metre are dropped; what then still crosses itself is cut
into the parts that the even-odd rule gives, of which the polygons are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000
from geo.errors import EmptyGeometry, WrongGeometryType
from geo.shapes import DECIMALS, OF_A_SITE, ShapeLimits, check_geometry, geodesic_area_m2

NEEDLE_M = 0.5
_GEOD = CGCS2000.get_geod()


@dataclass(frozen=True)
class Repair:
    """What would be kept, and both areas in square metres."""

    geometry: BaseGeometry
    before_m2: float
    after_m2: float

    @property
    def changed(self) -> float:
        """From 0, nothing, to 1, everything."""
        return abs(self.after_m2 - self.before_m2) / max(self.before_m2, self.after_m2)


def propose_repair(geometry: BaseGeometry, limits: ShapeLimits = OF_A_SITE) -> Repair:
    """Make a polygon sound that `geo.shapes.check_geometry` refused for crossing itself.

    Parameters
    ----------
    geometry : Polygon or MultiPolygon
        In longitude and latitude.
    limits : ShapeLimits
        How large what comes of it may be.

    Raises
    ------
    InvalidGeometry
        Nothing sound comes of it; one of its kinds.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(100.45, 38.93), (100.46, 38.94), (100.46, 38.93), (100.45, 38.94)])
    >>> round(propose_repair(bow_tie).after_m2)
    481278
    """
    if not geometry.geom_type.endswith("Polygon"):
        raise WrongGeometryType(type=geometry.geom_type)
    before_m2 = sum(_naive_m2(part) for part in shapely.get_parts(geometry))
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS) + 0.0)
    cleaned = _without_needles(rounded)
    sound = cleaned if shapely.is_valid(cleaned) else shapely.make_valid(cleaned)
    polygons = _polygons(sound)
    if not polygons:
        raise EmptyGeometry
    kept = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    kept = check_geometry(kept, limits)
    return Repair(kept, before_m2, geodesic_area_m2(kept))


def _naive_m2(polygon: BaseGeometry) -> float:
    """The area of rings as they are written: of a bow-tie the difference of its halves."""
    rings = [polygon.exterior, *polygon.interiors]
    areas = [abs(_GEOD.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0]) for ring in rings]
    return max(areas[0] - sum(areas[1:]), 0.0)


def _without_needles(geometry: BaseGeometry) -> BaseGeometry:
    parts = []
    for part in shapely.get_parts(geometry):
        rings = [_clean_ring(shapely.get_coordinates(ring)) for ring in (part.exterior, *part.interiors)]
        if len(rings[0]) >= 3:
            parts.append(shapely.Polygon(rings[0], [ring for ring in rings[1:] if len(ring) >= 3]))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _clean_ring(coordinates: np.ndarray) -> np.ndarray:
    """Drop repeated points, and corners whose two neighbours lie within half a metre: needles."""
    ring = [tuple(xy) for xy in coordinates[:-1]]
    scale = (111_320.0 * cos(radians(ring[0][1])), 111_130.0)

    def away_m(one: tuple[float, float], other: tuple[float, float]) -> float:
        return float(np.hypot((one[0] - other[0]) * scale[0], (one[1] - other[1]) * scale[1]))

    at = 0
    while len(ring) > 3 and at < len(ring):
        before, after = ring[at - 1], ring[(at + 1) % len(ring)]
        if ring[at] == after or away_m(before, after) < NEEDLE_M:
            del ring[at]
            at = max(at - 2, 0)
        else:
            at += 1
    return np.array(ring)


def _polygons(geometry: BaseGeometry) -> list[BaseGeometry]:
    flat = [piece for part in shapely.get_parts(geometry) for piece in shapely.get_parts(part)]
    return [part for part in flat if part.geom_type == "Polygon" and part.area > 0]
