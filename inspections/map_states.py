"""What a site shows on the map: one table of rules, worst first, asked of values, of rows or of arrays.

The facts lie on the site (`cases.refresh_site_facts` keeps them) and no clock changes them; only the answer
depends on the moment. The browser computes the same from the same facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, String, case, cast, literal

from inspections.deadlines import beijing_day
from inspections.models import Site
from inspections.terms import MapState

DUE_SOON = timedelta(hours=72)
CLOSED_WITHIN_DAYS = 30


@dataclass(frozen=True)
class Moment:
    """An instant and what the rules measure from it."""

    now: datetime
    soon: datetime
    closed_after: date  # the last Beijing day too long ago to show as closed

    @classmethod
    def of(cls, now: datetime, closed_within_days: int) -> Moment:
        """Measure from `now`."""
        return cls(now, now + DUE_SOON, beijing_day(now) - timedelta(days=closed_within_days))


@dataclass(frozen=True)
class _Facts:
    is_listed: bool
    has_suspected: bool
    open_cases: int
    due_at: datetime | None
    closed_on: date | None


@dataclass(frozen=True)
class Columns:
    """The same facts as columns; `closed` asks whether a case was closed recently enough.

    Columns of the database, or arrays of shape (n,), instants and days as `datetime64`, NaT for none.
    """

    is_listed: Any
    has_suspected: Any
    open_cases: Any
    due_at: Any
    closed: Callable[[Any], Any]


SITE = Columns(
    Site.is_listed,
    Site.has_suspected,
    Site.open_cases,
    Site.case_due_at,
    lambda m: Site.case_closed_on > m.closed_after,
)

# Worst first; the first that holds decides. `holds` asks values, `where` asks columns.
_Rule = tuple[MapState, Callable[[_Facts, Moment], bool], Callable[[Columns, Any], Any]]
RULES: tuple[_Rule, ...] = (
    (MapState.LISTED, lambda f, m: f.is_listed, lambda c, m: c.is_listed),
    (
        MapState.OVERDUE,
        lambda f, m: f.due_at is not None and f.due_at < m.now,
        lambda c, m: c.due_at < m.now,
    ),
    (
        MapState.DUE_SOON,
        lambda f, m: f.due_at is not None and f.due_at <= m.soon,
        lambda c, m: c.due_at <= m.soon,
    ),
    (MapState.SUSPECTED, lambda f, m: f.has_suspected, lambda c, m: c.has_suspected),
    (MapState.IN_HAND, lambda f, m: f.open_cases > 0, lambda c, m: c.open_cases > 0),
    (
        MapState.CLOSED,
        lambda f, m: f.closed_on is not None and f.closed_on > m.closed_after,
        lambda c, m: c.closed(m),
    ),
)


def map_state(
    *,
    is_listed: bool,
    has_suspected: bool,
    open_cases: int,
    due_at: datetime | None,
    closed_on: date | None,
    now: datetime,
    closed_within_days: int = CLOSED_WITHIN_DAYS,
) -> MapState:
    """What a site with these facts shows now.

    Due soon is 72 hours or less to `due_at`; closed is a case closed on one of the last
    `closed_within_days` Beijing days, today being the last of them.
    """
    facts = _Facts(is_listed, has_suspected, open_cases, due_at, closed_on)
    moment = Moment.of(now, closed_within_days)
    return next((state for state, holds, _ in RULES if holds(facts, moment)), MapState.NORMAL)


def site_map_state(site: Site, now: datetime, closed_within_days: int = CLOSED_WITHIN_DAYS) -> MapState:
    """What this site shows now."""
    return map_state(
        is_listed=site.is_listed,
        has_suspected=site.has_suspected,
        open_cases=site.open_cases,
        due_at=site.case_due_at,
        closed_on=site.case_closed_on,
        now=now,
        closed_within_days=closed_within_days,
    )


def map_states(columns: Columns, now: datetime, closed_within_days: int = CLOSED_WITHIN_DAYS) -> np.ndarray:
    """What many sites show now, as places in `MapState`, shape (n,); `columns` hold arrays."""
    moment = _in_numpy(Moment.of(now, closed_within_days))
    holds = [where(columns, moment) for _, _, where in RULES]
    return np.select(holds, [_PLACES[state] for state, _, _ in RULES], default=_PLACES[MapState.NORMAL])


def state_column(
    now: datetime, closed_within_days: int = CLOSED_WITHIN_DAYS, *, columns: Columns = SITE
) -> ColumnElement[str]:
    """The map state as a column over `Site` (or others' columns), to select, group and sort by."""
    moment = Moment.of(now, closed_within_days)
    whens = [(where(columns, moment), literal(state.value)) for state, _, where in RULES]
    return cast(case(*whens, else_=literal(MapState.NORMAL.value)), String)


def state_condition(
    state: MapState,
    now: datetime,
    closed_within_days: int = CLOSED_WITHIN_DAYS,
    *,
    columns: Columns = SITE,
) -> ColumnElement[bool]:
    """The condition that a `Site` (or what `columns` speak of) shows `state` now."""
    return state_column(now, closed_within_days, columns=columns) == MapState(state).value


_PLACES = {state: np.uint8(place) for place, state in enumerate(MapState)}


@dataclass(frozen=True)
class _NumpyMoment:
    """A `Moment` to compare arrays with, to the millisecond, as browsers do."""

    now: np.datetime64
    soon: np.datetime64
    closed_after: np.datetime64


def _in_numpy(moment: Moment) -> _NumpyMoment:
    now, soon = (
        np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "ms")
        for instant in (moment.now, moment.soon)
    )
    return _NumpyMoment(now, soon, np.datetime64(moment.closed_after, "D"))
