"""The readings that numbers from a county can have, and which numbers each of them puts there.

Nothing is known of the county but its box; the grids come from the table in `geo.crs_names`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from geo.coordinates import CHINA
from geo.crs import Reading, parse_crs
from geo.crs_names import FIRST_MERIDIAN, GRIDS, LAST_MERIDIAN
from geo.datums import LocalDatums

Bounds = tuple[float, float, float, float]

# Half a 6-degree zone: a county takes no grid whose meridian is farther away than this
_REACH_DEG = 3.0
_DEGREES_OF = {"xian80": "EPSG:4610", "bj54": "EPSG:4214"}
_ALONG_EDGE = 33  # points that tell how an edge of a box bends in a grid
_MARGIN = 0.01  # of the extent, for what lies between those points


@dataclass(frozen=True)
class Candidate:
    """A reading, and whether the numbers stand in the other order: latitude or northing first."""

    reading: Reading
    swapped: bool

    def lonlat_of(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Longitudes and latitudes of numbers in the order they were written in."""
        return self.reading.lonlat_of(*((y, x) if self.swapped else (x, y)))

    def fitting(self, x: np.ndarray, y: np.ndarray, box: Bounds) -> tuple[np.ndarray, np.ndarray]:
        """Find the pairs that this candidate puts into a box.

        Returns
        -------
        indexes : ndarray of int, shape (k,)
        places : ndarray, shape (2, k)
            Longitudes and latitudes.
        """
        numbers = (y, x) if self.swapped else (x, y)
        near = np.flatnonzero(within(*numbers, _numbers_box(self.reading, box)))
        places = np.array(self.lonlat_of(x[near], y[near]))
        inside = within(*places, box)
        return near[inside], places[:, inside]


@lru_cache(maxsize=128)
def list_readings(bounds: Bounds, declared: Reading | None = None) -> tuple[Reading, ...]:
    """List the readings that numbers from a county can have, of two that give the same place only one.

    Parameters
    ----------
    bounds : tuple of float
        The county's box, `(minx, miny, maxx, maxy)` in degrees.
    declared : Reading, optional
        Where it is in Xian 1980 or Beijing 1954, so are all others, read in the same way: rough, or by the
        county's parameters.

    Returns
    -------
    tuple of Reading
        Degrees; Gauss-Krüger of 3 degrees without and with the zone in front, then of 6; UTM; Web Mercator.

    Examples
    --------
    >>> " ".join(reading.name for reading in list_readings((100.10, 38.55, 100.87, 39.40)))
    'EPSG:4490 EPSG:4542 EPSG:4543 EPSG:4521 EPSG:4522 EPSG:4495 EPSG:32647 EPSG:3857'
    """
    local = _DEGREES_OF.get(declared.datum) if declared else None
    systems = [local] if local else ["EPSG:4490", "EPSG:4326"]
    names = [systems[0], *(name for degrees in systems for name in _grids_near(bounds, degrees))]
    if not declared or not local:
        return tuple(parse_crs(name) for name in (*names, "EPSG:3857"))
    parameters = LocalDatums(**{declared.datum: declared.parameters})
    return tuple(parse_crs(name, local=parameters, rough=declared.accuracy_m is not None) for name in names)


def place_by(reading: Reading, x: np.ndarray, y: np.ndarray, box: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """Say where pairs lie by one reading, wherever that is.

    The order is the one that leads to China, and if both do, nearer to the box; else as written.

    Returns
    -------
    places : ndarray, shape (2, n)
        Longitudes and latitudes, NaN where the numbers are no place by this reading.
    swapped : ndarray of bool, shape (n,)
    """
    written, swapped = (_places(Candidate(reading, order), x, y) for order in (False, True))
    other = (_remoteness(swapped, box) < _remoteness(written, box)) | np.isnan(written[0])
    return np.where(other, swapped, written), other


def within(x: np.ndarray, y: np.ndarray, box: Bounds) -> np.ndarray:
    """Tell which pairs lie in a box; those that are not finite do not."""
    west, south, east, north = box
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _grids_near(bounds: Bounds, degrees: str) -> list[str]:
    west, _, east, _ = bounds
    meridians = range(FIRST_MERIDIAN, LAST_MERIDIAN + 1)
    near = [at for at in meridians if west - _REACH_DEG <= at <= east + _REACH_DEG]
    codes = [grid.code_at(at) for grid in GRIDS[degrees] for at in near]
    return [f"EPSG:{code}" for code in codes if code]


@lru_cache(maxsize=1024)
def _numbers_box(reading: Reading, box: Bounds) -> Bounds:
    """The least and greatest numbers that a reading has in a box, so that few are turned in vain.

    It also keeps out what a grid would take round the world and back into the box.
    """
    west, south, east, north = box
    along = np.linspace(0.0, 1.0, _ALONG_EDGE)
    lons, lats = west + along * (east - west), south + along * (north - south)
    edge_lons = np.concatenate([lons, lons, np.full_like(lats, west), np.full_like(lats, east)])
    edge_lats = np.concatenate([np.full_like(lons, south), np.full_like(lons, north), lats, lats])
    numbers = np.array(reading.numbers_of(edge_lons, edge_lats))
    if not np.isfinite(numbers).all():
        return (-np.inf, -np.inf, np.inf, np.inf)
    low, high = numbers.min(axis=1), numbers.max(axis=1)
    margin = _MARGIN * (high - low)
    return (*(low - margin).tolist(), *(high + margin).tolist())


def _places(candidate: Candidate, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where pairs lie; NaN for those that are no degrees, or that the way back does not lead to again."""
    places = np.array(candidate.lonlat_of(x, y), dtype=float)
    valid = within(*places, (-180.0, -90.0, 180.0, 90.0))
    back = np.full_like(places, np.nan)
    back[:, valid] = candidate.reading.numbers_of(*places[:, valid])
    given = np.array([y, x] if candidate.swapped else [x, y])
    valid &= (np.abs(back - given) <= 1e-6 * np.abs(given).max(axis=0, initial=1.0)).all(axis=0)
    return np.where(valid, places, np.nan)


def _remoteness(places: np.ndarray, box: Bounds) -> np.ndarray:
    """How far places lie from the middle of a box, in degrees; all outside China equally far."""
    west, south, east, north = box
    away = np.hypot(places[0] - (west + east) / 2, places[1] - (south + north) / 2)
    return np.where(within(*places, CHINA), away, np.inf)
