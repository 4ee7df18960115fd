"""Which rows of a county an officer may see: `permissions.site_filter` asked of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inspections.map_files.county import KINDS, County
from inspections.permissions import Actor, is_county, is_township


@dataclass(frozen=True)
class Scope:
    """Areas × kinds; empty for all of them. Officers with equal scopes share their files."""

    areas: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    @classmethod
    def of(cls, actor: Actor) -> Scope:
        """Read an officer's scope."""
        everywhere = any(is_county(code) for code in actor.areas)
        return cls(frozenset() if everywhere else actor.areas, actor.kinds)


def rows_in(county: County, scope: Scope) -> np.ndarray:
    """Rows in scope, ascending."""
    held = np.ones(len(county.key), bool)
    if scope.kinds:
        held &= np.isin(county.kind, [place for place, kind in enumerate(KINDS) if kind in scope.kinds])
    if scope.areas:
        held &= np.any([in_area(county, code) for code in scope.areas], axis=0)
    return np.flatnonzero(held)


def in_area(county: County, code: str) -> np.ndarray:
    """Whether each site lies in a county, township or village; shape (n,)."""
    if is_county(code):
        return np.ones(len(county.key), bool)
    if is_township(code):
        return county.township == _place(county.townships, code)
    return county.village == _place(county.villages, code) + 1


def _place(codes: Sequence[str], code: str) -> int:
    """Where a code stands in a list; a place nothing has, if it is not there."""
    return codes.index(code) if code in codes else np.iinfo(np.uint16).max - 1


def used(codes: Sequence[str], places: np.ndarray, *, none: bool = False) -> tuple[list[str], np.ndarray]:
    """Keep of a list only what rows point to, so that a file tells nothing of other scopes.

    Gives the shorter list and the places in it; with `none`, places are one more and 0 stays 0.
    """
    seen = np.bincount(places, minlength=len(codes) + none) > 0
    renumbered = np.cumsum(seen) - 1
    if none:
        renumbered += not seen[0]
    kept: Iterable[np.intp] = np.flatnonzero(seen[int(none) :])
    return [codes[place] for place in kept], renumbered[places]
