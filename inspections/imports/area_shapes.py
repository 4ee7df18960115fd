"""Boundaries as files give them: made sound or refused, and compared with those above and beside."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians
from typing import Any

import numpy as np
import shapely

from geo.errors import EmptyGeometry, GeometryNotFinite, GeometryOutOfRange, SelfCrossing
from geo.shapes import DECIMALS, geodesic_area_m2
from inspections.errors import InspectionError

MOST_CHANGED = 0.05  # a repair that changes more of the area is refused
_CLOSE_M = 5.0  # how far boundaries are simplified before distances to them are measured


class AreaRepaired(InspectionError):
    """A boundary that crossed itself and was made sound."""

    code = "area.repaired"
    message = "The boundary of {name} crosses itself. It was repaired; its area changed by {percent} %."


def sound_multipolygon(geometry: Any) -> tuple[shapely.MultiPolygon, float | None]:
    """Give a boundary as it may be kept, and by what part its area changed if it had to be repaired.

    Raises
    ------
    InvalidGeometry
        Coordinates that are no degrees, or a repair would change more than a twentieth of the area.
    """
    coordinates = shapely.get_coordinates(geometry)
    if not np.isfinite(coordinates).all():
        raise GeometryNotFinite
    outside = (np.abs(coordinates) > (180.0, 90.0)).any(axis=1)
    if outside.any():
        lon, lat = coordinates[outside][0]
        raise GeometryOutOfRange(lon=round(float(lon), DECIMALS), lat=round(float(lat), DECIMALS))
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS) + 0.0)
    if shapely.is_valid(rounded):
        return _multi(rounded), None
    repaired = _multi(shapely.make_valid(rounded))
    changed = abs(repaired.area - rounded.area) / max(repaired.area, rounded.area)
    if changed > MOST_CHANGED:
        # check_geometry would name the place; the reason of shapely is the same text
        lon, lat = _crossing(rounded)
        raise SelfCrossing(lon=lon, lat=lat)
    return repaired, changed


def reaches_out_m(geometry: Any, above: Any, tolerance_m: float) -> float:
    """How far a boundary reaches beyond the one above, in metres; 0 within the tolerance."""
    flat, flat_above = _flat(geometry, geometry), _flat(above, geometry)
    if shapely.covers(shapely.buffer(flat_above, tolerance_m), flat):
        return 0.0
    outside = shapely.get_coordinates(shapely.difference(flat, flat_above))
    return float(shapely.distance(shapely.points(outside), flat_above).max()) if len(outside) else 0.0


def overlaps(geometries: Sequence[Any], most: float) -> list[tuple[int, int, float]]:
    """Pairs that share more than the part `most` of the smaller: first, second, the part."""
    if len(geometries) < 2:
        return []
    shapes = np.array(geometries, dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = first < second
    first, second = first[pairs], second[pairs]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    part = shared / np.minimum(shapely.area(shapes[first]), shapely.area(shapes[second]))
    return [
        (int(one), int(other), float(share))
        for one, other, share in zip(first, second, part, strict=True)
        if share > most
    ]


def _multi(geometry: Any) -> shapely.MultiPolygon:
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    parts += [
        piece
        for part in shapely.get_parts(geometry)
        if part.geom_type == "MultiPolygon"
        for piece in shapely.get_parts(part)
    ]
    if not parts or not geodesic_area_m2(shapely.MultiPolygon(parts)):
        raise EmptyGeometry
    return shapely.MultiPolygon(parts)


def _flat(geometry: Any, around: Any) -> Any:
    """Bend on to a plane in metres round the middle of `around`; true to 1 % over a county."""
    _, south, _, north = around.bounds
    scale = np.array([111_320.0 * cos(radians((south + north) / 2)), 111_130.0])
    return shapely.transform(geometry, lambda xy: xy * scale)


def _crossing(geometry: Any) -> tuple[float, float]:
    reason = shapely.is_valid_reason(geometry)
    lon, lat = reason.split("[", 1)[1].rstrip("]").split()[:2]
    return round(float(lon), DECIMALS), round(float(lat), DECIMALS)
