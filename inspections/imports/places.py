"""Where the rows of a register lie: positions read from columns or geometries, in bulk.

Positions come as degrees in two columns or one, in any order that their size tells, or as metres of a
declared grid. Which township holds them is `import_townships`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import shapely

from geo.coordinates import read_position
from geo.crs import Reading, parse_crs
from geo.errors import BadPosition, GeoError
from inspections.errors import InspectionError, Invalid
from inspections.imports import ColumnsMissing, Report
from inspections.imports.headings import SITE_HEADINGS
from inspections.imports.layers import Layer
from inspections.typed import NotANumber, read_number

GROWN_DEG = 0.05  # the county's box, grown so that a position just outside still counts as near (DOMAIN §7.2)
LONGEST_RAW = 20_000


class PositionMissing(Invalid):
    """A row without a position."""

    code = "import.position_missing"
    message = "The row has no position. Fill in longitude and latitude."
    field = "position"


class NeedsCRS(Invalid):
    """Numbers that are no degrees, and nothing says which grid they are of."""

    code = "import.needs_crs"
    message = (
        "{x}, {y} are no degrees in the county. Name their coordinate system with --crs, like --crs EPSG:4542"
    )
    field = "position"


class Swapped(InspectionError):
    """Latitude stood where longitude belongs; said once a file."""

    code = "import.swapped"
    message = (
        "Longitude and latitude, or east and north, were swapped in {count} rows, first in row {row}. "
        "They were put right."
    )


@dataclass(frozen=True)
class Position:
    """Where one row lies, or why it cannot be told."""

    geometry: Any = None  # lon/lat CGCS2000
    raw: str = ""  # as received
    error: InspectionError | GeoError | None = None


def position_column(layer: Layer, columns: Mapping[str, str]) -> str:
    """The column to name where a position is wrong."""
    if layer.geometries is not None:
        return "geometry"
    return next((columns[name] for name in ("lon", "x", "position") if name in columns), "")


def read_positions(
    report: Report, layer: Layer, columns: Mapping[str, str], box: tuple[float, float, float, float]
) -> list[Position]:
    """Read the position of every row, in the order of the layer's rows.

    Parameters
    ----------
    box : tuple of float
        Bounds of the county; a pair that lies outside as written and inside when swapped is swapped.

    Raises
    ------
    ColumnsMissing
        There are neither geometries nor columns that hold positions.
    """
    if layer.geometries is not None:
        raws = shapely.to_geojson(np.array(layer.geometries, dtype=object))
        read = layer.lonlat() or []
        return [Position(geometry, raw[:LONGEST_RAW]) for geometry, raw in zip(read, raws, strict=True)]
    pairs = [name for name in (("lon", "lat"), ("x", "y")) if all(part in columns for part in name)]
    if not pairs and "position" not in columns:
        names = (SITE_HEADINGS[name][0] for name in ("lon", "lat", "position", "x", "y"))
        raise ColumnsMissing(wanted="position", names=", ".join(names))
    names = tuple(columns[part] for part in pairs[0]) if pairs else (columns["position"],)
    reading = parse_crs(layer.declared_crs or "CGCS2000")
    written = [_written(row, names, reading) for row in layer.rows]
    return _to_lonlat(report, layer, written, reading, box)


@dataclass(frozen=True)
class _Written:
    x: float = float("nan")
    y: float = float("nan")
    raw: str = ""
    error: InspectionError | GeoError | None = None


def _written(row: Mapping[str, Any], names: tuple[str, ...], reading: Reading) -> _Written:
    texts = [str(row.get(name) or "").strip() for name in names]
    raw = ", ".join(texts)[:LONGEST_RAW]
    if not any(texts):
        return _Written(error=PositionMissing())
    try:
        if len(texts) == 1:
            x, y = _one_text(texts[0], reading)
        else:
            x, y = _two_texts(texts)
    except (GeoError, InspectionError) as error:
        return _Written(raw=raw, error=error)
    return _Written(x, y, raw)


def _one_text(text: str, reading: Reading) -> tuple[float, float]:
    try:
        return read_position(text)
    except BadPosition:
        parts = text.replace("，", ",").replace(",", " ").split()
        if len(parts) != 2:
            raise
        return _two_texts(parts)


def _two_texts(texts: list[str]) -> tuple[float, float]:
    if not all(texts):
        raise PositionMissing
    try:
        x, y = (_number(text) for text in texts)
    except NotANumber:
        return read_position(", ".join(texts))
    return x, y


def _number(text: str) -> float:
    """Read a number; the plain ones fast."""
    if text.isascii() and "_" not in text:
        try:
            number = float(text)
        except ValueError:
            pass
        else:
            if isfinite(number):
                return number
    number = read_number(text)
    if number is None:
        raise PositionMissing
    return number


def _to_lonlat(
    report: Report,
    layer: Layer,
    written: list[_Written],
    reading: Reading,
    box: tuple[float, float, float, float],
) -> list[Position]:
    x, y = np.array([one.x for one in written]), np.array([one.y for one in written])
    lons, lats = _lonlat(reading, x, y)
    other_lons, other_lats = _lonlat(reading, y, x)
    swapped = ~_within(lons, lats, box) & _within(other_lons, other_lats, box)
    lons, lats = np.where(swapped, other_lons, lons), np.where(swapped, other_lats, lats)
    if swapped.any():
        first = layer.row_numbers[int(np.argmax(swapped))]
        report.note(Swapped(count=int(swapped.sum()), row=first))
    points = shapely.points(lons, lats)
    found = []
    for one, point, lon, lat in zip(written, points, lons, lats, strict=True):
        error = one.error
        if error is None and not (abs(lon) <= 180 and abs(lat) <= 90):
            error = NeedsCRS(x=f"{one.x:g}", y=f"{one.y:g}")
        found.append(Position(None if error else point, one.raw, error))
    return found


def _lonlat(reading: Reading, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (x, y) if reading.is_lonlat else reading.lonlat_of(x, y)


def _within(lons: np.ndarray, lats: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    west, south, east, north = box
    inside = (lons >= west - GROWN_DEG) & (lons <= east + GROWN_DEG)
    return inside & (lats >= south - GROWN_DEG) & (lats <= north + GROWN_DEG)
