"""Features on their way into the answer: geometries checked, columns told apart, coordinate systems named."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import (
    EmptyGeometry,
    GeometryNotFinite,
    InvalidGeometry,
    NumberNotFinite,
    TooFewPoints,
    TooManyColumns,
    TooManyVertices,
    WrongGeometryType,
    ZeroInText,
)
from geo.formats import Limits
from geo.readers.answer import Answer
from geo.readers.gdal import Chunk

_KEPT = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
# By their numbers in WKB
_WKB_NAMES = (
    *("", *_KEPT, "GeometryCollection", "CircularString", "CompoundCurve", "CurvePolygon", "MultiCurve"),
    *("MultiSurface", "Curve", "Surface", "PolyhedralSurface", "TIN", "Triangle"),
)
_VERTEX = 16  # bytes
_LONGEST_WKB = 1_000_000 * _VERTEX
_LONGEST_CRS = 10_000


def add_chunk(answer: Answer, chunk: Chunk) -> None:
    """Add features to the sheet begun last; one that cannot be used is a problem of its row."""
    numbers = range(chunk.first, chunk.first + chunk.count)
    hexed: Sequence[str | None] = [None] * chunk.count
    bad: dict[int, InvalidGeometry] = {}
    if chunk.geometries is not None:
        shapes, bad = checked(chunk.geometries)
        hexed = shapely.to_wkb(shapes, hex=True)
    for place, number in enumerate(numbers):
        values: list[Any] = []
        if place in bad:
            answer.add_problem(number, "geometry", bad[place])
            continue
        try:
            for cells in chunk.columns:
                values.append(answer.plain(cells[place], number))
        except (NumberNotFinite, ZeroInText) as error:
            answer.add_problem(number, chunk.names[len(values)], error)
        else:
            answer.add_row(number, values, hexed[place])


def checked(wkb: np.ndarray) -> tuple[np.ndarray, dict[int, InvalidGeometry]]:
    """Make geometries of WKB, shape (n,), and say what is wrong with some of them, by their place."""
    bad = {place: error for place, one in enumerate(wkb) if (error := _wrong_kind(one))}
    known = [None if place in bad else one for place, one in enumerate(wkb)]
    shapes = shapely.from_wkb(np.array(known, dtype=object), on_invalid="fix")
    for place in np.flatnonzero(shapely.is_missing(shapes)):
        bad.setdefault(int(place), TooFewPoints())
    for place in np.flatnonzero(shapely.is_empty(shapes)):
        bad[int(place)] = EmptyGeometry()
    coordinates, places = shapely.get_coordinates(shapes, return_index=True)
    for place in np.unique(places[~np.isfinite(coordinates).all(axis=1)]):
        bad[int(place)] = GeometryNotFinite()
    return shapes, bad


def _wrong_kind(wkb: bytes | None) -> InvalidGeometry | None:
    """Say what is wrong with what is no point, line or polygon, or endless, before GEOS has to read it."""
    if wkb is None:
        return EmptyGeometry()
    if len(wkb) > _LONGEST_WKB:
        vertices, most = len(wkb) // _VERTEX, _LONGEST_WKB // _VERTEX
        return TooManyVertices(vertices=vertices, most=most)
    (kind,) = struct.unpack_from("<I" if wkb[0] else ">I", wkb, 1)
    name = _WKB_NAMES[kind % 1000] if kind % 1000 < len(_WKB_NAMES) else ""
    return None if name in _KEPT else WrongGeometryType(type=name or "?")


def unique(names: Sequence[str]) -> list[str]:
    """Tell columns of the same name apart.

    Examples
    --------
    >>> unique(["a", "b", "a", ""])
    ['a', 'b', 'a (2)', '(4)']
    """
    columns: list[str] = []
    for place, name in enumerate(names, start=1):
        one, count = name or f"({place})", 2
        while one in columns or (one != name and one in names):
            one, count = f"{name} ({count})", count + 1
        columns.append(one)
    return columns


def refuse_wide(chunk: Chunk, limits: Limits) -> None:
    """Refuse a layer with more columns than are taken."""
    if len(chunk.names) > limits.columns:
        raise TooManyColumns(most=limits.columns)


def crs_of(text: str | None) -> str | None:
    """Name a coordinate system by its EPSG code where there is no doubt, else give the text itself.

    Examples
    --------
    >>> crs_of(CRS.from_epsg(4542).to_wkt("WKT1_ESRI"))
    'EPSG:4542'
    """
    text = (text or "").replace("\x00", "").strip()[:_LONGEST_CRS]
    try:
        epsg = CRS.from_wkt(text).to_epsg()
    except CRSError:
        return text or None
    return f"EPSG:{epsg}" if epsg else text
