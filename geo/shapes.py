"""Shapes as they are kept: checked, in longitude and latitude, measured in metres on the ellipsoid.

A shape that is not sound is refused with the place named; nothing is repaired in silence. GeoJSON in is read
strictly, whoever sent it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import cos, inf, isfinite, radians
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Geod
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, WGS84, parse_crs
from geo.errors import (
    AreaOutOfRange,
    EmptyGeometry,
    GeometryNotFinite,
    GeometryOutOfRange,
    InvalidGeometry,
    LengthOutOfRange,
    NotAGeometry,
    NotFinite,
    SelfCrossing,
    TooFewPoints,
    TooManyVertices,
    UnknownCRS,
    WrongGeometryType,
)

MU_M2 = 10_000 / 15  # one 亩 in square metres
DECIMALS = 7


@dataclass(frozen=True)
class ShapeLimits:
    """How small and how large a shape may be: in square metres, metres and corners."""

    least_area_m2: float = 1.0
    most_area_m2: float = 50_000 * MU_M2
    least_length_m: float = 5.0
    most_length_m: float = 100_000.0
    most_vertices: int = 5_000


OF_A_SITE = ShapeLimits()
OF_A_LAYER = ShapeLimits(0.0, inf, 0.0, inf, 1_000_000)  # a river, or the farmland of a whole county

_GEOD: Geod = CGCS2000.get_geod()
_METRES_PER_DEGREE = 111_320.0
# Long edges are cut before they are bent on to a plane, so that they keep to the line that was drawn
_LONGEST_EDGE_DEG = 0.05
_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_REASON = re.compile(r"(?P<reason>[^\[]*)\[(?P<lon>\S+) (?P<lat>[^\]\s]+)")


def mu(area_m2: float) -> float:
    """Turn square metres into 亩.

    Examples
    --------
    >>> round(mu(962555.71), 2)
    1443.83
    """
    return area_m2 / MU_M2


def geodesic_area_m2(geometry: BaseGeometry, crs: CRS = CGCS2000) -> float:
    """Area on the ellipsoid, in square metres; holes are taken out, points and lines have none.

    Parameters
    ----------
    geometry : BaseGeometry
        In `crs`, degrees or metres.
    crs : CRS
        What the coordinates are in.

    Raises
    ------
    InvalidGeometry
        A ring crosses itself: its area would be wrong, perhaps 0.

    Notes
    -----
    Karney (2013), doi:10.1007/s00190-012-0578-z; not the planar `geometry.area`.

    Examples
    --------
    >>> round(geodesic_area_m2(shapely.box(100.45, 38.93, 100.46, 38.94)))
    962556
    """
    _refuse_unsound(geometry)
    polygons = [part for part in shapely.get_parts(_lonlat(geometry, crs)) if part.geom_type == "Polygon"]
    return sum(
        abs(_GEOD.geometry_area_perimeter(shapely.orient_polygons(polygon))[0]) for polygon in polygons
    )


def geodesic_length_m(geometry: BaseGeometry, crs: CRS = CGCS2000) -> float:
    """Length of lines, or of the outlines of polygons, in metres; arguments as for the area."""
    return _GEOD.geometry_length(_lonlat(geometry, crs))


def distance_m(point: shapely.Point | tuple[float, float], geometry: BaseGeometry) -> float:
    """Shortest way from a point to a geometry in metres; 0 inside a polygon.

    Both in longitude and latitude. Exact to 0.1 % up to 50 km, and to a few per cent over a province.

    Examples
    --------
    >>> round(distance_m((100.45, 38.93), shapely.Point(100.451702, 38.93064)), 1)
    163.8
    """
    return float(distances_m(point, np.array([geometry], dtype=object))[0])


def distances_m(point: shapely.Point | tuple[float, float], geometries: np.ndarray) -> np.ndarray:
    """The same from one point to each geometry of an array of shape (n,)."""
    lon, lat = (point.x, point.y) if isinstance(point, shapely.Point) else point
    if shapely.is_empty(geometries).any():
        raise EmptyGeometry
    if not (isfinite(lon) and isfinite(lat)):
        raise NotFinite

    def around(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Azimuthal equidistant plane with the point in its middle."""
        azimuth, _, away_m = _GEOD.inv(np.full_like(x, lon), np.full_like(y, lat), x, y)
        angle = np.radians(azimuth)
        return away_m * np.sin(angle), away_m * np.cos(angle)

    cut = shapely.segmentize(shapely.force_2d(geometries), _LONGEST_EDGE_DEG)
    return shapely.distance(shapely.Point(0, 0), shapely.transform(cut, around, interleaved=False))


def check_geometry(geometry: BaseGeometry, limits: ShapeLimits = OF_A_SITE) -> BaseGeometry:
    """Give a geometry as it may be kept, in two dimensions and seven decimals, or say why not.

    Parameters
    ----------
    geometry : BaseGeometry
        Point, line or polygon, single or multi, in longitude and latitude.
    limits : ShapeLimits
        How large it may be.

    Raises
    ------
    InvalidGeometry
        One of its kinds: empty, not finite, no degrees, too many corners, too small or large, crossing
        itself.
    """
    if geometry.geom_type not in _DEPTHS:
        raise WrongGeometryType(type=geometry.geom_type)
    if geometry.is_empty or any(part.is_empty for part in shapely.get_parts(geometry)):
        raise EmptyGeometry
    _refuse_bad_numbers(shapely.get_coordinates(geometry), limits.most_vertices)
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS) + 0.0)
    _refuse_too_few(rounded)
    _refuse_unsound(rounded)
    _refuse_wrong_size(rounded, limits)
    return rounded


def geometry_from_geojson(value: Any) -> BaseGeometry:
    """Read a GeoJSON geometry strictly; Z is dropped, a ring left open is closed.

    It is not yet checked: `check_geometry` does that.

    Raises
    ------
    WrongGeometryType
        A type other than Point, LineString, Polygon or their Multi forms.
    NotAGeometry, GeometryNotFinite, EmptyGeometry, TooFewPoints
        What else can be wrong with it.

    Examples
    --------
    >>> geometry_from_geojson({"type": "Point", "coordinates": [100.45, 38.93, 1480]}).wkt
    'POINT (100.45 38.93)'
    """
    if not isinstance(value, dict):
        raise NotAGeometry
    kind = value.get("type")
    if not isinstance(kind, str):
        raise NotAGeometry
    if kind not in _DEPTHS:
        raise WrongGeometryType(type=kind[:40])
    if value.get("coordinates") == []:
        raise EmptyGeometry
    return _build(kind, _positions(value.get("coordinates"), _DEPTHS[kind]))


def to_geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """Write a geometry as a GeoJSON dict, longitude first."""
    return json.loads(shapely.to_geojson(geometry))


def representative_point(geometry: BaseGeometry) -> shapely.Point:
    """Find a point that surely lies on the shape, for its sign on the map; the middle of a line."""
    if geometry.is_empty:
        raise EmptyGeometry
    if geometry.geom_type == "LineString":
        return shapely.line_interpolate_point(geometry, 0.5, normalized=True)
    return shapely.point_on_surface(geometry)


def bounds_around(
    point: shapely.Point | tuple[float, float], radius_m: float
) -> tuple[float, float, float, float]:
    """Give the box, `(minx, miny, maxx, maxy)` in degrees, that holds every place within a radius."""
    lon, lat = (point.x, point.y) if isinstance(point, shapely.Point) else point
    if not (isfinite(lon) and isfinite(lat) and isfinite(radius_m)):
        raise NotFinite
    # A degree of latitude is at least 110.57 km: a little more than enough
    up = radius_m / 110_500.0
    aside = up / max(cos(radians(min(89.0, abs(lat) + up))), 0.01)
    return lon - aside, lat - up, lon + aside, lat + up


def _lonlat(geometry: BaseGeometry, crs: CRS) -> BaseGeometry:
    if crs in (CGCS2000, WGS84):
        return geometry
    epsg = crs.to_epsg()
    if epsg is None:
        raise UnknownCRS(crs=crs.name)
    return parse_crs(f"EPSG:{epsg}").to_lonlat(geometry)


def _refuse_bad_numbers(coordinates: np.ndarray, most_vertices: int) -> None:
    """Coordinates of shape (n, 2): finite, degrees, not too many."""
    if not np.isfinite(coordinates).all():
        raise GeometryNotFinite
    outside = np.abs(coordinates) > (180.0, 90.0)
    if outside.any():
        lon, lat = coordinates[outside.any(axis=1)][0]
        raise GeometryOutOfRange(lon=round(float(lon), DECIMALS), lat=round(float(lat), DECIMALS))
    if len(coordinates) > most_vertices:
        raise TooManyVertices(vertices=len(coordinates), most=most_vertices)


def _refuse_too_few(geometry: BaseGeometry) -> None:
    """See that a line has two distinct points, a ring three."""
    for part in shapely.get_parts(geometry):
        rings = [part] if part.geom_type != "Polygon" else [part.exterior, *part.interiors]
        least = {"Point": 1, "LineString": 2, "Polygon": 3}[part.geom_type]
        if any(len(np.unique(shapely.get_coordinates(ring), axis=0)) < least for ring in rings):
            raise TooFewPoints


def _refuse_unsound(geometry: BaseGeometry) -> None:
    """Name the first place where a geometry is not valid."""
    if shapely.is_valid(geometry):
        return
    said = shapely.is_valid_reason(geometry)
    found = _REASON.match(said)
    if not found:
        raise TooFewPoints if "few points" in said else NotAGeometry
    reason, lon, lat = (
        found["reason"],
        round(float(found["lon"]), DECIMALS),
        round(float(found["lat"]), DECIMALS),
    )
    crossing = "elf-intersection" in reason or "nterior is disconnected" in reason
    raise (SelfCrossing if crossing else InvalidGeometry)(reason=reason.lower(), lon=lon, lat=lat)


def _refuse_wrong_size(geometry: BaseGeometry, limits: ShapeLimits) -> None:
    if geometry.geom_type.endswith("Polygon"):
        area_m2 = geodesic_area_m2(geometry)
        if not limits.least_area_m2 <= area_m2 <= limits.most_area_m2:
            least_m2, most_m2 = round(limits.least_area_m2), round(limits.most_area_m2)
            raise AreaOutOfRange(area_m2=round(area_m2, 2), least_m2=least_m2, most_m2=most_m2)
    elif geometry.geom_type.endswith("LineString"):
        length_m = geodesic_length_m(geometry)
        if not limits.least_length_m <= length_m <= limits.most_length_m:
            least_m, most_m = round(limits.least_length_m), round(limits.most_length_m)
            raise LengthOutOfRange(length_m=round(length_m, 2), least_m=least_m, most_m=most_m)


def _positions(value: Any, depth: int) -> Any:
    """Read lists of (x, y), nested as deep as the type asks and no deeper."""
    if not isinstance(value, list | tuple):
        raise NotAGeometry
    if depth:
        return [_positions(part, depth - 1) for part in value]
    if not 2 <= len(value) <= 4:
        raise NotAGeometry
    return tuple(_number(part) for part in value[:2])


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise NotAGeometry
    try:
        number = float(value)
    except OverflowError as error:
        raise GeometryNotFinite from error
    if not isfinite(number):
        raise GeometryNotFinite
    return number


def _build(kind: str, positions: Any) -> BaseGeometry:
    """Make the geometry; what GEOS cannot make has too few points."""
    makers = {
        "Point": shapely.Point,
        "MultiPoint": shapely.MultiPoint,
        "LineString": shapely.LineString,
        "MultiLineString": shapely.MultiLineString,
        "Polygon": _polygon,
        "MultiPolygon": lambda parts: shapely.MultiPolygon([_polygon(rings) for rings in parts]),
    }
    try:
        return makers[kind](positions)
    except (ValueError, IndexError, shapely.errors.GEOSException) as error:
        raise TooFewPoints from error


def _polygon(rings: list[list[tuple[float, float]]]) -> shapely.Polygon:
    if not rings or not all(rings):
        raise EmptyGeometry
    return shapely.Polygon(rings[0], rings[1:])
