"""The boundaries of today: which areas there are, since when each is drawn so, what followed what ended.

Since when is the number of the ledger's entry that brought the boundary: so it is told apart from what an
officer chose in the same moment. It is 0 for what was never imported. A version that only renames an area
keeps the boundary it had, and its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import shapely
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.models import Area, LedgerEntry
from inspections.terms import AreaLevel

SAME_DEG = 1e-7  # boundaries that differ by less are the same


@dataclass(frozen=True)
class Boundaries:
    """What `read_boundaries` gives, by code."""

    held: Mapping[str, AreaLevel]  # the areas of today
    drawn_by: Mapping[str, int]  # number of the entry that brought the boundary of today
    successors: Mapping[str, tuple[str, ...]]  # of areas that have ended: as their last version names them
    villages: Mapping[tuple[str, str], str]  # today's, by township and name
    names: Mapping[str, str]  # of every village there was, as last called
    parents: Mapping[str, str | None]

    def holds(self, code: str | None, level: AreaLevel) -> bool:
        """Whether an area of this level has this code today."""
        return self.held.get(code or "") is level

    def drawn_since(self, codes: Iterable[str]) -> int:
        """The entry after which none of these boundaries changed."""
        return max((self.drawn_by.get(code, 0) for code in codes), default=0)

    def successors_today(self, code: str) -> tuple[str, ...]:
        """The areas of today that took an ended one's place, through those that have ended since."""
        found: dict[str, None] = {}
        waiting, seen = [code], set()
        while waiting:
            one = waiting.pop(0)
            seen.add(one)
            for successor in self.successors.get(one, ()):
                if successor in self.held:
                    found[successor] = None
                elif successor not in seen:
                    waiting.append(successor)
        return tuple(found)

    def village_in(self, township: str, holder: str | None, before: str | None) -> str | None:
        """The village of a township for a site: what holds it, what became of its own, or a namesake.

        `holder` holds the site, `before` is the one recorded; either may be missing or of another township.
        """
        if holder is not None and self.parents.get(holder) == township:
            return holder
        if before is None:
            return None
        own = (before,) if before in self.held else self.successors_today(before)
        within = [code for code in own if self.parents.get(code) == township]
        return within[0] if len(within) == 1 else self.villages.get((township, self.names.get(before, "")))


def read_boundaries(session: Session) -> Boundaries:
    """Read every version of townships and villages, and the entries that brought those of today."""
    columns = (Area.code, Area.level, Area.name, Area.parent_code, Area.valid_to, Area.successors)
    query = select(*columns, Area.import_id, Area.geometry).order_by(Area.code, Area.valid_from)
    versions = {code: list(rows) for code, rows in groupby(session.execute(query), key=lambda row: row.code)}
    last = {code: rows[-1] for code, rows in versions.items()}
    today = {code: row for code, row in last.items() if row.valid_to is None}
    villages = [row for row in today.values() if row.level is AreaLevel.VILLAGE]
    return Boundaries(
        held={code: row.level for code, row in today.items()},
        drawn_by=_drawn_by(session, {code: versions[code] for code in today}),
        successors={code: tuple(row.successors) for code, row in last.items() if code not in today},
        villages={(row.parent_code or "", row.name): row.code for row in villages},
        names={code: row.name for code, row in last.items()},
        parents={code: row.parent_code for code, row in last.items()},
    )


def same_boundary(one: Any, other: Any) -> bool:
    """Whether two boundaries, either of which may be missing, are the same."""
    if one is None or other is None:
        return one is other
    return bool(shapely.equals_exact(one, other, tolerance=SAME_DEG))


def _drawn_by(session: Session, versions: Mapping[str, list[Row]]) -> dict[str, int]:
    batches = {code: str(_first_drawn(rows).import_id) for code, rows in versions.items()}
    query = select(LedgerEntry.number, LedgerEntry.subject_id, LedgerEntry.facts)
    query = query.where(LedgerEntry.action == "area.imported", LedgerEntry.subject_id.in_(batches))
    return {
        entry.subject_id: entry.number
        for entry in session.execute(query.order_by(LedgerEntry.number))
        if ledger.facts_of(entry).get("batch") == batches[entry.subject_id]
    }


def _first_drawn(rows: list[Row]) -> Row:
    """The oldest version of the run that ends today and has today's boundary."""
    first = rows[-1]
    for row in reversed(rows[:-1]):
        if not same_boundary(row.geometry, first.geometry):
            break
        first = row
    return first
