"""When limits run out, in Beijing days, hours, milestones and seasons."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from inspections.checklists.requirements import requirements
from inspections.deadlines import (
    CountyDates,
    Deadline,
    beijing_day,
    days_left,
    earliest,
    end_of_day,
    last_day,
    next_window,
    rule_deadline,
)

DATES = CountyDates(
    milestones={"greenhouse": date(2026, 11, 20), "reed": date(2026, 4, 30)},
    seasons={"planting": [("03-10", "04-30"), ("10-15", "11-20")]},
)
FOUND = datetime(2026, 11, 12, 2, 42, tzinfo=UTC)  # 10:42 in Beijing


def test_a_limit_in_days_ends_at_midnight_of_its_last_day_in_beijing():
    deadline = rule_deadline({"days": 3}, FOUND, DATES)
    assert deadline.due_at == datetime(2026, 11, 15, 16, tzinfo=UTC)
    assert deadline.basis == {"kind": "rule", "days": 3, "from": "2026-11-12"}


def test_the_first_day_is_beijings_and_not_utcs():
    late_evening = datetime(2026, 11, 12, 16, 30, tzinfo=UTC)  # 00:30 on the 13th in Beijing
    assert last_day(rule_deadline({"days": 1}, late_evening, DATES).due_at) == date(2026, 11, 14)


def test_a_limit_in_days_does_not_roll_over_a_weekend():
    friday = datetime(2026, 11, 13, 4, tzinfo=UTC)
    due = last_day(rule_deadline({"days": 1}, friday, DATES).due_at)
    assert (due, due.isoweekday()) == (date(2026, 11, 14), 6)


def test_a_limit_in_hours_is_exact():
    assert rule_deadline({"hours": 2}, FOUND, DATES).due_at == FOUND + timedelta(hours=2)


def test_the_earlier_of_rule_and_milestone_decides_and_says_so():
    limit = {"days": 30, "not_after": {"milestone": "greenhouse"}}
    deadline = rule_deadline(limit, FOUND, DATES)
    assert deadline.basis == {"kind": "milestone", "name": "greenhouse", "on": "2026-11-20"}
    assert rule_deadline(limit | {"days": 2}, FOUND, DATES).basis["kind"] == "rule"


def test_a_milestone_that_caps_a_limit_counts_only_while_it_lies_ahead():
    limit = {"days": 15, "not_after": {"milestone": "greenhouse"}}
    later = datetime(2026, 12, 1, 4, tzinfo=UTC)
    assert last_day(rule_deadline(limit, later, DATES).due_at) == date(2026, 12, 16)


def test_a_missed_milestone_that_is_the_whole_limit_holds():
    limit = {"milestone": "reed"}
    assert last_day(rule_deadline(limit, FOUND, DATES).due_at) == date(2026, 4, 30)


def test_a_missed_milestone_gives_way_to_the_season_named_beside_it():
    limit = {"milestone": "reed", "otherwise": {"season": "planting"}}
    deadline = rule_deadline(limit, FOUND, DATES)
    assert deadline.basis == {"kind": "season", "name": "planting", "on": "2027-04-30"}


def test_a_season_limit_means_the_next_season_not_the_one_that_runs():
    limit = {"season": "planting", "ends": ["04-30", "11-15"]}
    october = datetime(2026, 10, 20, 4, tzinfo=UTC)
    september = datetime(2026, 9, 20, 4, tzinfo=UTC)
    assert last_day(rule_deadline(limit, october, DATES).due_at) == date(2027, 4, 30)
    assert last_day(rule_deadline(limit, september, DATES).due_at) == date(2026, 11, 15)


def test_what_must_happen_before_a_season_is_due_the_day_before_it_begins():
    limit = {"season": "planting", "before": True}
    assert last_day(rule_deadline(limit, FOUND, DATES).due_at) == date(2027, 3, 9)


def test_a_county_without_dates_gives_no_deadline_rather_than_a_guess():
    assert rule_deadline({"milestone": "reed"}, FOUND, CountyDates()) is None
    assert rule_deadline({"season": "planting"}, FOUND, CountyDates()) is None


def test_a_season_over_new_year_ends_in_the_next_year():
    windows = [("12-01", "03-10")]
    assert next_window(windows, date(2026, 11, 12)) == (date(2026, 12, 1), date(2027, 3, 10))


@pytest.mark.parametrize("code", list(requirements()))
def test_every_requirements_limit_can_be_reckoned(code):
    limit = requirements()[code].limit
    dates = CountyDates(
        milestones=dict.fromkeys(("greenhouse", "reed", "oxidation_pond"), date(2027, 6, 30)),
        seasons=DATES.seasons,
    )
    assert rule_deadline(limit, FOUND, dates).due_at > FOUND


def test_days_left_are_beijing_days_and_today_is_zero():
    due = end_of_day(date(2026, 11, 15))
    assert days_left(due, FOUND) == 3
    assert days_left(due, datetime(2026, 11, 15, 15, 59, tzinfo=UTC)) == 0
    assert days_left(due, datetime(2026, 11, 15, 16, tzinfo=UTC)) == -1


def test_midnight_belongs_to_the_day_it_ends():
    assert beijing_day(end_of_day(date(2026, 11, 15))) == date(2026, 11, 16)
    assert last_day(end_of_day(date(2026, 11, 15))) == date(2026, 11, 15)


def test_of_equal_deadlines_the_first_named_decides():
    first, second = Deadline(FOUND, {"kind": "rule"}), Deadline(FOUND, {"kind": "milestone"})
    assert earliest(None, first, second) is first
    assert earliest(None) is None


def test_milestones_are_read_from_the_profile_plain_or_as_tables():
    profile = {
        "milestones": {"reed": date(2027, 4, 30), "greenhouse": {"date": date(2026, 12, 31), "name": "清零"}},
        "seasons": {"planting": [["03-10", "04-30"]]},
    }
    dates = CountyDates.from_profile(profile)
    assert dates.milestones == {"reed": date(2027, 4, 30), "greenhouse": date(2026, 12, 31)}
    assert dates.seasons == {"planting": [("03-10", "04-30")]}
