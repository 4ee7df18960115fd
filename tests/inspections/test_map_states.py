"""The map state of a site, asked of values and of rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from inspections.map_states import (
    Columns,
    map_state,
    map_states,
    site_map_state,
    state_column,
    state_condition,
)
from inspections.models import Site
from inspections.terms import MapState
from tests.factories import NOW, a_site

CALM = {"is_listed": False, "has_suspected": False, "open_cases": 0, "due_at": None, "closed_on": None}
SECOND = timedelta(seconds=1)
TODAY = date(2026, 11, 12)

moments = some.sampled_from(
    [NOW - SECOND, NOW, NOW + SECOND, NOW + timedelta(hours=72), NOW + timedelta(hours=72) + SECOND]
) | some.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=some.just(UTC))
days = some.integers(-3, 40).map(lambda ago: TODAY - timedelta(days=ago))
facts = some.fixed_dictionaries(
    {
        "is_listed": some.booleans(),
        "has_suspected": some.booleans(),
        "open_cases": some.integers(0, 3),
        "due_at": some.none() | moments,
        "closed_on": some.none() | days,
    }
)


@pytest.mark.parametrize(
    ("named", "state"),
    [
        ({}, "normal"),
        ({"is_listed": True, "due_at": NOW - SECOND}, "listed"),
        ({"open_cases": 1, "due_at": NOW - SECOND, "has_suspected": True}, "overdue"),
        ({"open_cases": 1, "due_at": NOW}, "due_soon"),
        ({"open_cases": 1, "due_at": NOW + timedelta(hours=72)}, "due_soon"),
        ({"open_cases": 1, "due_at": NOW + timedelta(hours=72) + SECOND}, "in_hand"),
        ({"open_cases": 2, "has_suspected": True}, "suspected"),
        ({"open_cases": 1, "closed_on": TODAY}, "in_hand"),
        ({"closed_on": TODAY}, "closed"),
        ({"closed_on": TODAY - timedelta(days=29)}, "closed"),
        ({"closed_on": TODAY - timedelta(days=30)}, "normal"),
    ],
)
def test_the_worst_state_that_holds_is_shown(named, state):
    assert map_state(**(CALM | named), now=NOW) == state


def test_the_days_since_closing_are_counted_in_beijing():
    just_before_midnight = datetime(2026, 11, 12, 15, 59, tzinfo=UTC)
    closed = CALM | {"closed_on": date(2026, 10, 14)}
    assert map_state(**closed, now=just_before_midnight) == MapState.CLOSED
    assert map_state(**closed, now=just_before_midnight + timedelta(minutes=1)) == MapState.NORMAL


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=some.lists(facts, min_size=1, max_size=12))
def test_rows_and_values_give_the_same_answer(store, rows):
    names = {"due_at": "case_due_at", "closed_on": "case_closed_on"}
    with store.begin(writes=True) as session:
        for place, row in enumerate(rows):
            a_site(
                session, number=f"P-{place}", **{names.get(name, name): value for name, value in row.items()}
            )
        for site, found in session.execute(select(Site, state_column(NOW))):
            assert found == site_map_state(site, NOW)
        counted = [
            len(session.scalars(select(Site).where(state_condition(one, NOW))).all()) for one in MapState
        ]
        expected = [sum(map_state(**row, now=NOW) == one for row in rows) for one in MapState]
        session.rollback()
    assert counted == expected


@settings(max_examples=60, deadline=None)
@given(rows=some.lists(facts, max_size=12))
def test_arrays_and_values_give_the_same_answer(rows):
    closed_on = np.array([row["closed_on"] or "NaT" for row in rows], "datetime64[D]")
    columns = Columns(
        is_listed=np.array([row["is_listed"] for row in rows], bool),
        has_suspected=np.array([row["has_suspected"] for row in rows], bool),
        open_cases=np.array([row["open_cases"] for row in rows], int),
        due_at=np.array([to_the_millisecond(row["due_at"]) for row in rows], "datetime64[ms]"),
        closed=lambda moment: closed_on > moment.closed_after,
    )
    found = [list(MapState)[place] for place in map_states(columns, NOW)]
    assert found == [map_state(**row, now=NOW) for row in rows]


def to_the_millisecond(instant: datetime | None) -> np.datetime64:
    return np.datetime64("NaT" if instant is None else instant.replace(tzinfo=None), "ms")
