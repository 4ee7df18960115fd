"""One edition of the map's data: the county as it was at one entry of the ledger, and the files cut from it.

A file is cut when it is asked for, once for all officers of equal scope, and the last asked are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache, partial
from threading import Lock

import numpy as np

from inspections.map_files.county import County
from inspections.map_files.parts import MapFile, cut
from inspections.map_files.scopes import Scope, rows_in
from inspections.map_files.squares import Squares, squares_of

KEPT = 96  # files: three parts of thirty-two scopes
Wanted = tuple[Scope, str]  # whose, and which part


class Edition:
    """A county and its files."""

    def __init__(self, county: County) -> None:
        self.county = county
        self._rows = lru_cache(maxsize=KEPT)(partial(rows_in, county))
        self._files = lru_cache(maxsize=KEPT)(partial(_cut, county, self._rows))
        self._asked: set[Wanted] = set()
        self._one_at_a_time = Lock()

    @property
    def version(self) -> int:
        """Number of the ledger's last entry."""
        return self.county.version

    @cached_property
    def squares(self) -> Squares:
        """Which squares of the world its sites lie in."""
        return squares_of(self.county)

    def rows(self, scope: Scope) -> np.ndarray:
        """Rows in scope, ascending."""
        return self._rows(scope)

    def file(self, scope: Scope, part: str) -> MapFile:
        """One part for one scope."""
        self._asked.add((scope, part))
        with self._one_at_a_time:
            return self._files(scope, part)

    def asked(self) -> set[Wanted]:
        """What was asked for so far."""
        return set(self._asked)

    def cut_ahead(self, wanted: Iterable[Wanted]) -> None:
        """Cut what was asked of the edition before, so that nobody waits for it."""
        for scope, part in wanted:
            self._files(scope, part)


def _cut(county: County, rows: lru_cache, scope: Scope, part: str) -> MapFile:
    return cut(county, rows(scope), part)
