"""Deadlines: when a limit in hours, days, milestones or seasons runs out, and how much of it is left.

Pure: no clock, no row. A limit in days ends at 24:00 Beijing time of its last day and does not roll over
weekends; one in hours ends to the second. A limit is written as in `reference/requirements.json`, milestones
and seasons come from the county's profile (DOMAIN §13.1). Working days are not reckoned here yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
Window = tuple[date, date]  # first and last day of a season


@dataclass(frozen=True)
class Deadline:
    """An instant, and the basis a page can print: which rule, milestone or season decided."""

    due_at: datetime
    basis: Mapping[str, Any]


@dataclass(frozen=True)
class CountyDates:
    """Milestones by name, and seasons as windows of (month, day) pairs, from the county's profile."""

    milestones: Mapping[str, date] = field(default_factory=dict)
    seasons: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def from_profile(cls, profile: Mapping[str, Any]) -> CountyDates:
        """Read a profile's tables.

        `[milestones]` holds `name = 2026-12-31` or a table with `date`; `[seasons]` holds
        `name = [["03-10", "04-30"], …]`, first and last day of each window.
        """
        milestones = {
            name: value["date"] if isinstance(value, Mapping) else value
            for name, value in profile.get("milestones", {}).items()
        }
        seasons = {
            name: [tuple(window) for window in windows]
            for name, windows in profile.get("seasons", {}).items()
        }
        return cls(milestones, seasons)


def beijing_day(instant: datetime) -> date:
    """The calendar day in Beijing."""
    return instant.astimezone(BEIJING).date()


def end_of_day(day: date) -> datetime:
    """24:00 Beijing time of a day, as a UTC instant.

    Examples
    --------
    >>> end_of_day(date(2026, 11, 15)).isoformat()
    '2026-11-15T16:00:00+00:00'
    """
    return datetime.combine(day + timedelta(days=1), time(), BEIJING).astimezone(UTC)


def last_day(due_at: datetime) -> date:
    """The Beijing day a deadline falls on; 24:00 belongs to the day it ends."""
    return beijing_day(due_at - timedelta(microseconds=1))


def days_left(due_at: datetime, now: datetime) -> int:
    """Beijing days from today to the last day: 0 is today, negative is late by so many days."""
    return (last_day(due_at) - beijing_day(now)).days


def after_hours(start: datetime, hours: float) -> datetime:
    """The exact instant `hours` after `start`."""
    return start + timedelta(hours=hours)


def after_days(start: datetime, days: int) -> datetime:
    """24:00 of the last of `days` natural days; the Beijing day of `start` is day 0."""
    return end_of_day(beijing_day(start) + timedelta(days=days))


def earliest(*deadlines: Deadline | None) -> Deadline | None:
    """The deadline that decides: the first to run out; of equals the first named."""
    return min((one for one in deadlines if one is not None), key=lambda one: one.due_at, default=None)


def rule_deadline(limit: Mapping[str, Any], start: datetime, dates: CountyDates) -> Deadline | None:
    """When a requirement's limit runs out for something found or assigned at `start`.

    None where the limit hangs on a milestone or season that the profile does not name. A milestone that only
    caps a limit in days counts while it lies ahead; where it is the whole limit, it holds when missed too.
    """
    if "hours" in limit:
        basis = {"kind": "rule", "hours": limit["hours"], "from": start.astimezone(UTC).isoformat()}
        return Deadline(after_hours(start, limit["hours"]), basis)
    if "days" in limit:
        return _in_days(limit, start, dates)
    if "milestone" in limit:
        return _by_milestone(limit, start, dates)
    return _in_season(limit, start, dates)


def _in_days(limit: Mapping[str, Any], start: datetime, dates: CountyDates) -> Deadline | None:
    basis = {"kind": "rule", "days": limit["days"], "from": beijing_day(start).isoformat()}
    cap = _milestone(limit.get("not_after", {}).get("milestone"), dates)
    if cap is not None and cap.due_at <= start:
        cap = None
    return earliest(Deadline(after_days(start, limit["days"]), basis), cap)


def _by_milestone(limit: Mapping[str, Any], start: datetime, dates: CountyDates) -> Deadline | None:
    milestone = _milestone(limit["milestone"], dates)
    if "otherwise" in limit and (milestone is None or milestone.due_at <= start):
        return rule_deadline(limit["otherwise"], start, dates)
    return milestone


def _milestone(name: str | None, dates: CountyDates) -> Deadline | None:
    day = dates.milestones.get(name) if name else None
    if day is None:
        return None
    return Deadline(end_of_day(day), {"kind": "milestone", "name": name, "on": day.isoformat()})


def _in_season(limit: Mapping[str, Any], start: datetime, dates: CountyDates) -> Deadline | None:
    name, ends = limit["season"], limit.get("ends")
    windows = dates.seasons.get(name, ())
    if ends and len(ends) == len(windows):
        windows = [(first, last) for (first, _), last in zip(windows, ends, strict=True)]
    window = next_window(windows, beijing_day(start))
    if window is None:
        return None
    day = window[0] - timedelta(days=1) if limit.get("before") else window[1]
    return Deadline(end_of_day(day), {"kind": "season", "name": name, "on": day.isoformat()})


def next_window(windows: Sequence[tuple[str, str]], today: date) -> Window | None:
    """The first window (month-day texts) that begins after `today`."""
    dated = [
        (_on(year, first), _on(year if last >= first else year + 1, last))
        for year in (today.year, today.year + 1)
        for first, last in windows
    ]
    return min((window for window in dated if window[0] > today), default=None)


def _on(year: int, month_day: str) -> date:
    month, day = month_day.split("-")
    return date(year, int(month), int(day))
