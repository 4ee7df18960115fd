"""The coordinate systems positions come in, and the one way from each to longitude and latitude in CGCS2000.

`parse_crs` reads what somebody declared; the `Reading` it gives turns geometries into what the program keeps.
WGS 84 is taken as equal to CGCS2000 (they differ by less than a metre). A datum without a published way to
CGCS2000 is refused: PROJ would do nothing, in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geo import shifts
from geo.errors import NoTransformation, UnknownCRS

CGCS2000 = CRS.from_epsg(4490)
WGS84 = CRS.from_epsg(4326)
WEB_MERCATOR = CRS.from_epsg(3857)

_NAMES = {
    "GCJ02": "GCJ02",
    "GCJ-02": "GCJ02",
    "BD09": "BD09",
    "BD-09": "BD09",
    "CGCS2000": "EPSG:4490",
    "WGS84": "EPSG:4326",
    "WGS-84": "EPSG:4326",
    "CRS84": "EPSG:4326",
}
_SHIFTS = {"GCJ02": shifts.gcj02_to_wgs84, "BD09": shifts.bd09_to_wgs84}
# Datums taken as one and the same; every other is refused
_CHINA_2000 = "China 2000"
_SAME_DATUM = (_CHINA_2000, "World Geodetic System 1984", "World Geodetic System 1984 ensemble")


@dataclass(frozen=True)
class Reading:
    """A declared way to read coordinates, like `EPSG:4542` or `GCJ02`; x runs east, y north."""

    name: str

    @property
    def is_lonlat(self) -> bool:
        """Whether the numbers already are what the program keeps."""
        return self.name in ("EPSG:4490", "EPSG:4326")

    def to_lonlat(self, geometry: Any) -> Any:
        """Turn a geometry, or an array of them, into longitude and latitude in CGCS2000.

        Z is dropped. A coordinate that the system cannot hold becomes infinite, and
        `geo.shapes.check_geometry` refuses it: one such row does not lose the others.
        `None` in an array stays `None`.

        Examples
        --------
        >>> point = parse_crs("EPSG:4542").to_lonlat(shapely.Point(625734.81, 4311732.81))
        >>> round(point.x, 6), round(point.y, 6)
        (100.45, 38.93)
        """
        if self.is_lonlat:
            return shapely.force_2d(geometry)
        return shapely.transform(geometry, self.lonlat_of, interleaved=False)

    def lonlat_of(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Longitudes and latitudes of arrays of coordinates; what is not finite stays so."""
        return _way(self.name)(x, y)


def parse_crs(text: str) -> Reading:
    """Read a declared coordinate system: `EPSG:n`, `GCJ02`, `BD09`, `CGCS2000` or `WGS84`, in either case.

    Raises
    ------
    UnknownCRS
        The text names none, or one that has no map coordinates.
    NoTransformation
        Its datum has no known way to CGCS2000: Xian 1980, Beijing 1954 and the like.

    Examples
    --------
    >>> parse_crs("gcj-02").name
    'GCJ02'
    """
    written = unicodedata.normalize("NFKC", text).strip()
    name = _NAMES.get(written.upper().replace(" ", ""), written.upper())
    if name in _SHIFTS:
        return Reading(name)
    epsg = re.fullmatch(r"(?:URN:OGC:DEF:CRS:)?EPSG:(?:[\d.]*:)?(\d{1,6})", name, re.ASCII)
    if not epsg and not name.endswith(":CRS84"):
        raise UnknownCRS(crs=written[:40])
    reading = Reading(f"EPSG:{int(epsg[1])}" if epsg else "EPSG:4326")
    _way(reading.name)
    return reading


@cache
def _way(name: str) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Give the function from x, y in a named system to longitude and latitude."""
    if name in _SHIFTS:
        return _keeping_gaps(_SHIFTS[name])
    crs = _known_crs(name)
    datum = crs.geodetic_crs.datum or crs.geodetic_crs
    if datum.name not in _SAME_DATUM:
        raise NoTransformation(name=crs.name)
    goal = CGCS2000 if datum.name == _CHINA_2000 else WGS84
    return Transformer.from_crs(crs, goal, always_xy=True).transform


def _known_crs(name: str) -> CRS:
    try:
        crs = CRS.from_user_input(name)
    except CRSError as error:
        raise UnknownCRS(crs=name) from error
    if not (crs.is_geographic or crs.is_projected) or crs.is_compound:
        raise UnknownCRS(crs=name)
    return crs


def _keeping_gaps(
    shift: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Shift what is finite and leave the rest for the check of the row it belongs to."""

    def shift_finite(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = np.array(x, dtype=float), np.array(y, dtype=float)
        sound = np.isfinite(x) & np.isfinite(y)
        x[sound], y[sound] = shift(x[sound], y[sound])
        return x, y

    return shift_finite
