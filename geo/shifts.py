"""The two shifted datums of Chinese web maps, GCJ-02 and, on top of it, BD-09, and how to recognise them.

Both are published only as code; the formulas here are the commonly known ones and agree with each other to
millimetres. Forward is exact, the way back is found by iteration to far less than a centimetre.
Outside the box round China nothing is shifted.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import TypeVar

import numpy as np
from pyproj import Geod

from geo.errors import NotFinite

Degrees = TypeVar("Degrees", float, np.ndarray)
Pair = tuple[np.ndarray, np.ndarray]

# Krassovsky 1940, on which the shift is computed
_A = 6378245.0
_EE = 0.00669342162296594323
_GEOD = Geod(ellps="GRS80")
_BD_PI = pi * 3000.0 / 180.0
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_CLOSE_DEG = 1e-10
_MOST_STEPS = 30


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Shift true positions to GCJ-02 (高德, 腾讯).

    Parameters
    ----------
    lon, lat : float or ndarray
        Degrees in WGS 84 or CGCS2000.

    Raises
    ------
    NotFinite
        A coordinate is NaN or infinite.

    Examples
    --------
    >>> [round(degrees, 6) for degrees in wgs84_to_gcj02(100.45, 38.93)]
    [100.451702, 38.93064]
    """
    return _shift(_to_gcj02, lon, lat)


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Take the shift of GCJ-02 back; the inverse of `wgs84_to_gcj02` to well under a centimetre."""
    return _shift(lambda x, y: _back(_to_gcj02, x, y), lon, lat)


def wgs84_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Shift true positions to BD-09 (百度); arguments and errors as `wgs84_to_gcj02`."""
    return _shift(_to_bd09, lon, lat)


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Take the shift of BD-09 back; the inverse of `wgs84_to_bd09` to well under a centimetre."""
    return _shift(lambda x, y: _back(_to_bd09, x, y), lon, lat)


# How far a pair may be from the computed shift: least and most of its length, degrees of direction
_SHIFT_BOUNDS = {"gcj02": (wgs84_to_gcj02, 0.6, 1.55, 16.0), "bd09": (wgs84_to_bd09, 0.86, 1.06, 7.5)}


def shift_hint(stored: tuple[float, float], new: tuple[float, float]) -> str | None:
    """Tell whether a new position looks like the stored one, shifted as web maps shift it.

    Parameters
    ----------
    stored, new : tuple of float
        Longitude and latitude in CGCS2000.

    Returns
    -------
    str or None
        ``"gcj02"``, ``"bd09"``, or None where it looks like neither.

    Notes
    -----
    The shift is computed at the stored position; distance and direction may differ from it by what two
    careful readings of one place differ.

    Examples
    --------
    >>> shift_hint((100.45, 38.93), (100.4517, 38.9306))
    'gcj02'
    """
    if not np.isfinite([*stored, *new]).all():
        raise NotFinite
    return str(shift_hints(*(np.array([degrees]) for degrees in (*stored, *new)))[0]) or None


def shift_hints(
    stored_lons: np.ndarray, stored_lats: np.ndarray, new_lons: np.ndarray, new_lats: np.ndarray
) -> np.ndarray:
    """Tell the same of many pairs at once.

    Parameters
    ----------
    stored_lons, stored_lats, new_lons, new_lats : ndarray, shape (n,)
        Degrees in CGCS2000; a pair that is not finite looks like nothing.

    Returns
    -------
    ndarray of str, shape (n,)
        ``"gcj02"``, ``"bd09"`` or ``""``.
    """
    pairs = np.array([stored_lons, stored_lats, new_lons, new_lats], dtype=float)
    hints = np.full(pairs.shape[1], "", dtype="<U5")
    rows = np.flatnonzero(np.isfinite(pairs).all(axis=0))
    lons, lats, new_lons, new_lats = pairs[:, rows]
    direction, _, distance_m = _GEOD.inv(lons, lats, new_lons, new_lats)
    for name, (shift, least, most, degrees) in _SHIFT_BOUNDS.items():
        expected, _, expected_m = _GEOD.inv(lons, lats, *shift(lons, lats))
        off = np.abs((direction - expected + 180.0) % 360.0 - 180.0)
        alike = (expected_m > 1.0) & (off <= degrees)
        alike &= (least * expected_m <= distance_m) & (distance_m <= most * expected_m)
        hints[rows[alike & (hints[rows] == "")]] = name
    return hints


def _shift(formula: Callable[[np.ndarray, np.ndarray], Pair], lon: Degrees, lat: Degrees) -> tuple:
    """Apply a formula for arrays to what was given, and answer in its kind."""
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise NotFinite
    shifted_x, shifted_y = formula(x, y)
    if x.ndim == 0 and y.ndim == 0:
        return float(shifted_x), float(shifted_y)
    return shifted_x, shifted_y


def _to_gcj02(lon: np.ndarray, lat: np.ndarray) -> Pair:
    west, south, east, north = _CHINA
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north_m += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east_m += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = np.radians(lat)
    magic = 1.0 - _EE * np.sin(radians) ** 2
    lat_deg = np.degrees(north_m / (_A * (1.0 - _EE) / (magic * np.sqrt(magic))))
    lon_deg = np.degrees(east_m / (_A / np.sqrt(magic) * np.cos(radians)))
    return lon + np.where(inside, lon_deg, 0.0), lat + np.where(inside, lat_deg, 0.0)


def _to_bd09(lon: np.ndarray, lat: np.ndarray) -> Pair:
    x, y = _to_gcj02(lon, lat)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_PI)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _back(formula: Callable[[np.ndarray, np.ndarray], Pair], lon: np.ndarray, lat: np.ndarray) -> Pair:
    """Find what the formula turns into the given position; the shift changes slowly, so this is fast."""
    x, y = lon, lat
    for _ in range(_MOST_STEPS):
        there_x, there_y = formula(x, y)
        off_x, off_y = there_x - lon, there_y - lat
        x, y = x - off_x, y - off_y
        if max(np.max(np.abs(off_x), initial=0.0), np.max(np.abs(off_y), initial=0.0)) < _CLOSE_DEG:
            break
    return x, y
