"""Days, distances, areas, positions and codes as people read them, in their language and in Beijing time."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import get_locale, gettext

from geo.shapes import MU_M2
from inspections import terms
from inspections.deadlines import last_day
from inspections.map_states import PERIODS

BEIJING = ZoneInfo("Asia/Shanghai")


def init_filters(app: Flask) -> None:
    """Offer the filters to every template."""
    for show in (day, last_day, moment, clock, mu, square_metres, metres, position, number, size):
        app.template_filter()(show)
    app.template_global()(label)


def language() -> str:
    """`zh_CN` or `en`, as this request is answered."""
    return "en" if str(get_locale()).startswith("en") else "zh_CN"


def label(list_name: str, code: str | None) -> str:
    """What people read for a code of a list."""
    return terms.label(list_name, code, language())


def day(value: datetime | date | None, *, today: date | None = None) -> str:
    """11月12日, with the year where it is not `today`'s; an empty value is a dash."""
    if value is None:
        return "—"
    on = value.astimezone(BEIJING).date() if isinstance(value, datetime) else value
    if language() == "en":
        return f"{on.day} {on:%b} {on.year}"
    this_year = today is not None and on.year == today.year
    return f"{on.month}月{on.day}日" if this_year else f"{on.year}年{on.month}月{on.day}日"


def clock(value: datetime | None) -> str:
    """10:42, Beijing time."""
    return "—" if value is None else f"{value.astimezone(BEIJING):%H:%M}"


def moment(value: datetime | None, *, today: date | None = None) -> str:
    """Day and time, with the year where it is not `today`'s."""
    return "—" if value is None else f"{day(value, today=today)} {clock(value)}"


def number(value: float | None, places: int = 0) -> str:
    """3,012; an empty value is a dash."""
    return "—" if value is None else f"{value:,.{places}f}"


def mu(area_m2: float | None) -> str:
    """6.42 亩."""
    return gettext("not measured") if area_m2 is None else f"{area_m2 / MU_M2:,.2f} {gettext('mu')}"


def square_metres(area_m2: float | None) -> str:
    """4,280 m²."""
    return gettext("not measured") if area_m2 is None else f"{area_m2:,.0f} m²"


def metres(distance_m: float | None) -> str:
    """36 m, or 1.2 km from a thousand."""
    if distance_m is None:
        return "—"
    return f"{distance_m:,.0f} m" if distance_m < 1000 else f"{distance_m / 1000:,.1f} km"


def position(lon: float | None, lat: float | None) -> str:
    """100.450000, 38.930000: lon then lat, six decimals."""
    return "—" if lon is None or lat is None else f"{lon:.6f}, {lat:.6f}"


def closed_within(days: int) -> str:
    """Say how long a site shows that its last case was closed: 已销号：近 30 天."""
    return gettext("Closed: last year") if days == 365 else gettext("Closed: last %(days)s days", days=days)


def period_choices() -> list[tuple[str, str]]:
    """List the periods to choose from, as an address has them and in words."""
    return [(str(days), closed_within(days)) for days in PERIODS]


def source_and_day(source: str, dated: date | None) -> str:
    """自然资源局 · 2025年12月31日, as far as either is known."""
    return " · ".join(part for part in (source, dated and day(dated)) if part)


def size(count: int | None) -> str:
    """717 kB."""
    if count is None:
        return "—"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"
