"""What the map shows under a filter at a moment: counts, and the opening view's picture for the page itself.

The picture stands in the page so that something true is on the screen before the data: urgent sites (listed,
overdue, due soon) one by one, all others counted in squares of the world. The browser draws the same squares
from the files once they are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from geo.packing import Column, pack
from inspections.map_features import MapFilter, SiteCounts
from inspections.map_files.county import KINDS, County
from inspections.map_files.editions import Edition
from inspections.map_files.scopes import Scope, in_area, place_in
from inspections.map_files.squares import LEVEL
from inspections.map_states import map_states
from inspections.terms import Kind, MapState

MOST_ALONE = 250  # urgent sites in a page, the worst; each takes four bytes of it
STEP = 128  # micro-degrees, a fifth of a pixel of the finest picture: what is rounded to it packs into half
STATES = tuple(MapState)
_URGENT = STATES.index(MapState.DUE_SOON)  # and what is worse
_IN_HAND = STATES.index(MapState.IN_HAND)


@dataclass(frozen=True)
class Found:
    """The sites a filter finds in a scope at a moment."""

    edition: Edition
    rows: np.ndarray  # ascending
    states: np.ndarray  # place in STATES of each

    def counts(self) -> SiteCounts:
        """Count them by state and township."""
        county = self.edition.county
        by_state = np.bincount(self.states, minlength=len(STATES)).tolist()
        by_township = np.bincount(county.township[self.rows], minlength=len(county.townships)).tolist()
        return SiteCounts(
            {state.value: count for state, count in zip(STATES, by_state, strict=True) if count},
            {code: count for code, count in zip(county.townships, by_township, strict=True) if count},
        )

    def overview(self) -> bytes:
        """Write the part `overview`."""
        urgent = self.states <= _URGENT
        alone, left_out = self._worst(urgent)
        columns = [*self._squares(~urgent), *self._alone(alone)]
        facts = {"kinds": list(KINDS), "level": LEVEL, "left_out": left_out}
        return pack("overview", columns, rows=len(self.rows), facts=facts)

    def _squares(self, counted: np.ndarray) -> list[Column]:
        """Count sites in the squares that hold any, and those being put right; say where their middle is.

        `one` is the mark of a site that is alone in its square.
        """
        squares = self.edition.squares
        rows, states = self.rows[counted], self.states[counted]
        at, size = squares.of[rows], len(squares.cx)
        count = np.bincount(at, minlength=size)
        held = np.flatnonzero(count)
        middle = [
            np.bincount(at, weights=inside[rows], minlength=size)[held] / count[held]
            for inside in (squares.fx, squares.fy)
        ]
        fx, fy = (np.minimum(255, np.floor(mean * 256)).astype(np.uint8) for mean in middle)
        in_hand = np.bincount(at[states == _IN_HAND], minlength=size)
        one = np.zeros(size, np.uint8)
        one[at] = self.edition.county.kind[rows] * 8 + states
        return [
            Column("cx", "d32", squares.cx[held]),
            Column("cy", "d32", squares.cy[held]),
            Column("count", "u32", count[held]),
            Column("in_hand", "u32", in_hand[held]),
            Column("one", "u8", np.where(count == 1, one, 0)[held]),
            Column("fx", "u8", fx),
            Column("fy", "u8", fy),
        ]

    def _alone(self, places: np.ndarray) -> list[Column]:
        county, rows = self.edition.county, self.rows[places]
        return [
            Column("mx", "d32", _rounded(county.x[rows])),
            Column("my", "d32", _rounded(county.y[rows])),
            Column("mark", "u8", county.kind[rows] * 8 + self.states[places]),
        ]

    def _worst(self, urgent: np.ndarray) -> tuple[np.ndarray, int]:
        """Places of the urgent sites, of the worst if there are too many, and how many are left out."""
        places = np.flatnonzero(urgent)
        due = self.edition.county.due[self.rows[places]]
        never = np.iinfo(due.dtype).max
        worst = np.lexsort((np.where(due == 0, never, due), self.states[places]))[:MOST_ALONE]
        return np.sort(places[worst]), len(places) - len(worst)


def find_sites(edition: Edition, scope: Scope, wanted: MapFilter, now: datetime) -> Found:
    """Find what a scope holds under a filter; its box is not asked."""
    county, rows = edition.county, edition.rows(scope)
    states = map_states(county.of_state, now, wanted.period)
    rows = rows[_matches(county, states, wanted)[rows]]
    return Found(edition, rows, states[rows])


def _matches(county: County, states: np.ndarray, wanted: MapFilter) -> np.ndarray:
    """Whether each site of the county is one the filter wants, shape (n,): one line a filter."""
    held = np.ones(len(states), bool)
    if wanted.kind:
        held &= county.kind == KINDS.index(Kind(wanted.kind))
    if wanted.area:
        held &= in_area(county, wanted.area)
    if wanted.body:
        held &= county.body == place_in(county.bodies, wanted.body) + 1
    if wanted.state:
        held &= states == STATES.index(MapState(wanted.state))
    return held


def _rounded(micro: np.ndarray) -> np.ndarray:
    return (micro + STEP // 2) // STEP * STEP
