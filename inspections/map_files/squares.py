"""The squares of the world in which the map counts sites: where each site of a county lies.

At a zoom level the world is 256 × 2^level pixels wide, in Mercator's projection of a sphere, as web maps are.
A square of one level is four of the next, so that coarser pictures add up from finer ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.packing import MICRO
from inspections.map_files.county import County

LEVEL = 11  # of the opening view's finest picture
SIDE = 68  # pixels
_ACROSS = 256 * 2**LEVEL / SIDE  # squares in the world's width
_ROW = 1 << 32
_LAST_LATITUDE = 85.05  # beyond, Mercator's world has no end


@dataclass(frozen=True)
class Squares:
    """The squares that hold a site, row by row, and each site's place in them."""

    cx: np.ndarray  # shape (n_squares,): counted from the west
    cy: np.ndarray  # from the north
    of: np.ndarray  # shape (n,): which square a site lies in
    fx: np.ndarray  # shape (n,): how far from its west side, of the square's width
    fy: np.ndarray  # from its north side


def squares_of(county: County) -> Squares:
    """Put a county's sites into squares."""
    x, y = mercator(county.x / MICRO, county.y / MICRO)
    across, down = x * _ACROSS, y * _ACROSS
    cx, cy = np.floor(across), np.floor(down)
    found, of = np.unique(cy.astype(np.int64) * _ROW + cx.astype(np.int64), return_inverse=True)
    return Squares(found % _ROW, found // _ROW, of, across - cx, down - cy)


def mercator(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place degrees in the world from (0, 0) in the north-west to (1, 1)."""
    sine = np.sin(np.radians(np.clip(lat, -_LAST_LATITUDE, _LAST_LATITUDE)))
    return lon / 360 + 0.5, 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
