"""Which reading each pair of numbers has in a county: degrees, or metres of which grid, in which order.

Every row is judged by itself. Where two readings lead to two places in the county it is a person's to say
which is true, and nothing is guessed: UTM read as Gauss-Krüger lies 1.7 km off and still inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from geo.candidates import Bounds, Candidate, list_readings, place_by
from geo.crs import Reading
from geo.shifts import shift_hints

__all__ = ["GROWN_DEG", "Candidate", "Group", "Pairs", "Status", "list_readings", "read_pairs", "shift_hints"]

GROWN_DEG = 0.05  # the county's box, grown so that a place just outside still counts as near (DOMAIN §7.2)
_SAME_PLACE_M = 5.0
_METRES_PER_DEGREE = 111_320.0
_LARGEST = 46e6  # the east end of zone 45: no grid in China has larger numbers


class Status(IntEnum):
    """What is known of where a row lies."""

    SURE = 0  # exactly one reading puts it into the county, or the declared one, or the chosen one
    AMBIGUOUS = 1  # several readings put it into the county, metres apart: ask
    ELSEWHERE = 2  # the declared reading puts it outside, others inside: show them
    OUTSIDE = 3  # a place, but nowhere near the county by any reading
    NOWHERE = 4  # no place at all


class Group(NamedTuple):
    """Rows of which the same is known, to be counted or asked about together."""

    status: Status
    candidates: tuple[Candidate, ...]
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Pairs:
    """What `read_pairs` found; the arrays have shape (n,), one entry a row."""

    x: np.ndarray
    y: np.ndarray
    lons: np.ndarray  # degrees in CGCS2000, NaN where unknown
    lats: np.ndarray
    status: np.ndarray  # values of `Status`
    used: np.ndarray  # index into `candidates` of the one the place is by, -1 where it is unknown
    possible: np.ndarray  # index into `choices`: all candidates there are for the row, the declared one first
    candidates: tuple[Candidate, ...]
    choices: tuple[tuple[Candidate, ...], ...]

    @property
    def swapped(self) -> np.ndarray:
        """Which rows hold latitude or northing first."""
        return self.spread((one.swapped for one in self.candidates), unknown=False)

    @property
    def web_mercator(self) -> np.ndarray:
        """Which rows are in Web Mercator: taken, but not what a survey gives."""
        return self.spread((one.reading.is_web_mercator for one in self.candidates), unknown=False)

    def spread(self, values: Iterable, *, unknown: object) -> np.ndarray:
        """Give each row the value of the candidate its place is by, such as a datum or an accuracy.

        Parameters
        ----------
        values : iterable
            One value a candidate, in the order of `candidates`.
        unknown : object
            The value of rows without a place.
        """
        return np.array([*values, unknown])[self.used]

    def groups(self) -> list[Group]:
        """Put rows with one status and the same candidates together, by status, the largest group first."""
        keys = self.status * len(self.choices) + self.possible
        order = np.argsort(keys, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
        found = [
            Group(Status(self.status[rows[0]]), self.choices[self.possible[rows[0]]], rows)
            for rows in parts
            if rows.size
        ]
        return sorted(found, key=lambda group: (group.status, -group.rows.size))

    def places(self, row: int) -> list[tuple[Candidate, float, float]]:
        """Give each candidate of a row with the longitude and latitude it leads to, for a map of them."""
        x, y = self.x[[row]], self.y[[row]]
        found = ((candidate, candidate.lonlat_of(x, y)) for candidate in self.choices[self.possible[row]])
        return [(candidate, float(lons[0]), float(lats[0])) for candidate, (lons, lats) in found]


def read_pairs(
    x: np.ndarray,
    y: np.ndarray,
    bounds: Bounds,
    *,
    declared: Reading | None = None,
    chosen: Sequence[Reading] = (),
) -> Pairs:
    """Find the place of each pair of numbers in a county, or what it could be.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Degrees or metres, in either order: which runs east is told by size.
    bounds : tuple of float
        The county's box, `(minx, miny, maxx, maxy)` in degrees; it is grown by 0.05° here.
    declared : Reading, optional
        What the file or a person says; it wins wherever it leads into the county.
    chosen : sequence of Reading
        A person's answers, tried in order on rows that would be `AMBIGUOUS` or `ELSEWHERE`. One that equals
        `declared` says that such a row does lie outside.

    Notes
    -----
    Numbers in GCJ-02, BD-09, Xian 1980 or Beijing 1954 look like any others: only a declaration tells.

    Examples
    --------
    >>> box = (100.10, 38.55, 100.87, 39.40)
    >>> found = read_pairs(np.array([38.93, 33625734.81]), np.array([100.45, 4311732.81]), box)
    >>> found.lons.round(6).tolist(), found.swapped.tolist()
    ([100.45, 100.45], [True, False])
    >>> asked = read_pairs(np.array([625734.81]), np.array([4311732.81]), box)
    >>> [candidate.reading.name for candidate, _, _ in asked.places(0)]
    ['EPSG:4542', 'EPSG:32647']
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    west, south, east, north = bounds
    box = (west - GROWN_DEG, south - GROWN_DEG, east + GROWN_DEG, north + GROWN_DEG)
    listed = list_readings(box, declared)
    finding = _Finding(x, y, box, dict.fromkeys((declared or listed[0], *listed, *chosen)))
    left = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if declared:
        left = finding.take(declared, left)
    others = [reading for reading in listed if reading != declared]
    left, asked = finding.compare(others, left, sure=declared is None)
    left = finding.place_outside(declared or listed[0], left)
    if declared:
        finding.allow(declared, asked)
    else:
        finding.status[left[np.maximum(np.abs(x[left]), np.abs(y[left])) <= _LARGEST]] = Status.OUTSIDE
    for reading in chosen:
        asked = finding.take(reading, asked)
        if reading == declared:
            asked = finding.place_outside(reading, asked)
    return finding.pairs()


class _Finding:
    """The arrays of `Pairs` while they fill; methods give back the rows that are still without an answer."""

    def __init__(self, x: np.ndarray, y: np.ndarray, box: Bounds, readings: Iterable[Reading]) -> None:
        self.x, self.y, self.box = x, y, box
        self.candidates = [Candidate(reading, order) for reading in readings for order in (False, True)]
        self.places = np.full((2, x.size), np.nan)
        self.status = np.full(x.size, Status.NOWHERE, dtype=np.int64)
        self.used = np.full(x.size, -1, dtype=np.int64)
        self.fits = np.zeros((x.size, len(self.candidates)), dtype=bool)

    def take(self, reading: Reading, rows: np.ndarray) -> np.ndarray:
        """Settle the rows that a reading puts into the county."""
        for index in self._orders(reading):
            at, places = self.candidates[index].fitting(self.x[rows], self.y[rows], self.box)
            self._settle(rows[at], Status.SURE, index, places)
            rows = np.delete(rows, at)
        return rows

    def place_outside(self, reading: Reading, rows: np.ndarray) -> np.ndarray:
        """Settle the rows that a reading puts anywhere at all."""
        places, swapped = place_by(reading, self.x[rows], self.y[rows], self.box)
        known = np.isfinite(places[0])
        index = self._orders(reading)[0] + swapped[known]
        self._settle(rows[known], Status.OUTSIDE, index, places[:, known])
        return rows[~known]

    def allow(self, reading: Reading, rows: np.ndarray) -> None:
        """Count a reading among the possible ones where it leads to a place."""
        places, swapped = place_by(reading, self.x[rows], self.y[rows], self.box)
        known = np.isfinite(places[0])
        self.fits[rows[known], self._orders(reading)[0] + swapped[known]] = True

    def compare(
        self, readings: Iterable[Reading], rows: np.ndarray, *, sure: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Try readings of equal right: one place is an answer if `sure`, several are a question.

        Returns
        -------
        rows that none of them puts into the county, and rows to ask about.
        """
        x, y = self.x[rows], self.y[rows]
        first = np.full(rows.size, -1)
        places, low, high = (np.full((2, rows.size), value) for value in (np.nan, np.inf, -np.inf))
        for index in (order for reading in readings for order in self._orders(reading)):
            at, found = self.candidates[index].fitting(x, y, self.box)
            self.fits[rows[at], index] = True
            low[:, at], high[:, at] = np.minimum(low[:, at], found), np.maximum(high[:, at], found)
            new = first[at] < 0
            first[at[new]], places[:, at[new]] = index, found[:, new]
        inside = first >= 0
        one = inside & (_diagonal_m(low, high) <= _SAME_PLACE_M) & sure
        self._settle(rows[one], Status.SURE, first[one], places[:, one])
        asked = rows[inside & ~one]
        self.status[asked] = Status.AMBIGUOUS if sure else Status.ELSEWHERE
        return rows[~inside], asked

    def pairs(self) -> Pairs:
        choices, possible = _distinct(self.fits)
        return Pairs(
            self.x,
            self.y,
            *self.places,
            status=self.status,
            used=self.used,
            possible=possible,
            candidates=tuple(self.candidates),
            choices=tuple(tuple(self.candidates[index] for index in choice) for choice in choices),
        )

    def _orders(self, reading: Reading) -> tuple[int, int]:
        index = self.candidates.index(Candidate(reading, False))
        return index, index + 1

    def _settle(self, rows: np.ndarray, status: Status, index: int | np.ndarray, places: np.ndarray) -> None:
        self.status[rows], self.used[rows], self.places[:, rows] = status, index, places
        self.fits[rows] = False
        self.fits[rows, index] = True


def _diagonal_m(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far apart places lie at most, in metres, by the corners of the boxes round them."""
    wide, tall = np.maximum(high - low, 0.0) * _METRES_PER_DEGREE
    return np.hypot(wide * np.cos(np.radians(np.clip(low[1], -90.0, 90.0))), tall)


def _distinct(fits: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The distinct rows of a matrix of bools, each as the columns that are true, and which row has which."""
    packed = np.packbits(fits, axis=1)
    words = np.zeros((len(fits), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    keys = words.view(np.uint64)
    axis = None if keys.shape[1] == 1 else 0
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True, axis=axis)
    return [np.flatnonzero(fits[row]) for row in first], inverse.ravel()
