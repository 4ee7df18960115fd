"""The language of conditions: when a question is asked, when it must be answered, what opens a finding.

Conditions are data (`reference/checklists.json`, `requirements.json`); `static/js/checklist.js` reads the
same language. One is `true`, `false` or an object of one of these forms:

    {"all": [...]}  {"any": [...]}  {"not": ...}
    {"key": item, "op": op, ...}          an answer, a count of photos, or `visit_type`
    {"context": fact, "op": op, ...}      something known of the site, the county or the day
    {"sum": [items], "op": op, ...}       of the answers given; absent if none is
    {"judgement": name, "is": result}     or "because": reason (`inspections.checklists.judgements`)
    {"opened": true}                      any finding, or `[codes]`: one of these

`op` is eq, ne, in, contains, contains_any, only, gt, gte, lt, lte or given. What it is compared with is a
`value`, `value_of` an item or `value_of_context` a fact (`otherwise` if that is not known), with `times` for
numbers and `plus_minutes` for instants. Whatever is not answered, not asked or not known satisfies no
comparison, `ne` included: write `not` where silence should count.

Facts (`FACTS`) come from a context that the server makes (`make_context`) and a tablet carries along. What
depends on the day is computed from its `now`, the instant the visit was saved, so an old bundle judges
rightly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

Condition = bool | Mapping[str, Any]
Context = Mapping[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEIJING = timedelta(hours=8)  # no summer time since 1991
_INSTANT = re.compile(
    r"(2[01][0-9]{2})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?Z"
)

# Facts the server gives; any may be null.
FACTS: dict[str, str] = {
    "now": "instant the visit was saved, UTC, like 2026-03-13T08:04:10.000Z",
    "site.subtype": "code of the site's subtype",
    "site.area_m2": "geodesic area of its shape, m²; null for a point or line",
    "site.basic_farmland_m2": "overlap with permanent basic farmland, m²",
    "site.in_forest": "true on forest land (0301, 0305, 0307)",
    "site.design_density": "plants per mu of the design",
    "site.state_funded": "true for planting paid for by the state",
    "site.survey_early": "true before one full growing season since planting",
    "seasons.straw": "windows of straw burning watch, [[MM-DD, MM-DD], ...], both days included",
    "milestones.oxidation_pond": "last day, YYYY-MM-DD",
    "milestones.reed": "last day, YYYY-MM-DD",
    "profile.guard": "south, north or severe_cold; north if null",
    "profile.survival_line": "irrigated or arid; irrigated if null",
    "profile.soil_cover_min_cm": "least soil put back, cm; 30 if null",
    "profile.hardened_allowance_m2": "hardened ground allowed outside the sheds, m²; 0 if null",
    "codes.open": "requirement codes of the site's open cases",
    "codes.reopened": "codes of cases here that were reopened",
    "codes.listed": "codes of cases here listed, or criticised from above",
    "codes.repeated": "codes found here in the last 365 days, this visit left out",
}


class Reading(Protocol):
    """What a condition may ask."""

    def value(self, key: str) -> Any: ...  # noqa: D102
    def fact(self, name: str) -> Any: ...  # noqa: D102
    def judgement(self, name: str) -> Mapping[str, Any] | None: ...  # noqa: D102
    def opened(self, codes: bool | list[str]) -> bool: ...  # noqa: D102


def make_context(now: datetime, **sections: Mapping[str, Any]) -> dict[str, Any]:
    """Facts for judging a visit, as JSON; `sections` are site, seasons, milestones, profile and codes.

    Raises
    ------
    ValueError
        A section holds a fact that no condition may ask for.

    Examples
    --------
    >>> make_context(datetime(2026, 3, 13, 8, tzinfo=UTC), site={"area_m2": 1200.0})["site"]["area_m2"]
    1200.0
    """
    given = {
        f"{section}.{name}": value for section, facts in sections.items() for name, value in facts.items()
    }
    if unknown := given.keys() - FACTS.keys():
        raise ValueError(f"not a fact of a visit's context: {', '.join(sorted(unknown))}")
    context: dict[str, Any] = {"now": instant_text(now)}
    for path in FACTS.keys() - {"now"}:
        section, name = path.split(".")
        context.setdefault(section, {})[name] = given.get(path)
    return context


def instant_ms(text: object) -> int | None:
    """Milliseconds since 1970 of a UTC instant as tablets write it; None if it is not one, or not after 1999.

    Examples
    --------
    >>> instant_ms("2026-03-13T08:00:00.000Z") - instant_ms("2026-03-13T07:59Z")
    60000
    """
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    *parts, fraction = found.groups()
    try:
        whole = datetime(*(int(part or 0) for part in parts), tzinfo=UTC)
    except ValueError:
        return None
    return (whole - EPOCH) // timedelta(milliseconds=1) + int((fraction or "").ljust(3, "0"))


def instant_text(at: datetime | int) -> str:
    """An aware datetime, or milliseconds since 1970, as tablets write it: UTC, milliseconds, Z."""
    when = EPOCH + timedelta(milliseconds=at) if isinstance(at, int) else at.astimezone(UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def holds(condition: Condition, reading: Reading) -> bool:
    """Whether a condition is met.

    Raises
    ------
    ValueError
        It has none of the forms above.
    """
    if isinstance(condition, bool):
        return condition
    for form, test in _FORMS.items():
        if form in condition:
            return test(condition, reading)
    raise ValueError(f"not a condition: {condition}")


def fact(context: Context, name: str) -> Any:
    """A fact by its dotted name, given or computed from the day; None if it is not known."""
    if name in DERIVED_FACTS:
        return DERIVED_FACTS[name](context)
    found: Any = context
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _day(context: Context) -> date | None:
    now = instant_ms(context.get("now"))
    return None if now is None else (EPOCH + timedelta(milliseconds=now) + BEIJING).date()


def _month(context: Context) -> int | None:
    day = _day(context)
    return day.month if day else None


def _in_straw_season(context: Context) -> bool | None:
    day, windows = _day(context), fact(context, "seasons.straw")
    if day is None or not windows:
        return None
    today = f"{day:%m-%d}"
    return any(
        start <= today <= end if start <= end else today >= start or today <= end for start, end in windows
    )


def _straw_season_over(context: Context) -> bool | None:
    inside = _in_straw_season(context)
    return None if inside is None else not inside


def _passed(name: str) -> Callable[[Context], bool | None]:
    def passed(context: Context) -> bool | None:
        day, last = _day(context), fact(context, f"milestones.{name}")
        return day.isoformat() > last if day and last else None  # it ends at 24:00 of its day

    return passed


DERIVED_FACTS: dict[str, Callable[[Context], Any]] = {
    "month": _month,
    "straw.in_season": _in_straw_season,
    "straw.season_over": _straw_season_over,
    "milestone.oxidation_pond.passed": _passed("oxidation_pond"),
    "milestone.reed.passed": _passed("reed"),
}


def _all(condition: Mapping[str, Any], reading: Reading) -> bool:
    return all(holds(part, reading) for part in condition["all"])


def _any(condition: Mapping[str, Any], reading: Reading) -> bool:
    return any(holds(part, reading) for part in condition["any"])


def _not(condition: Mapping[str, Any], reading: Reading) -> bool:
    return not holds(condition["not"], reading)


def _judged(condition: Mapping[str, Any], reading: Reading) -> bool:
    judgement = reading.judgement(condition["judgement"])
    if judgement is None:
        return False
    if "is" in condition:
        return judgement["result"] == condition["is"]
    return condition["because"] in judgement["reasons"]


def _opened(condition: Mapping[str, Any], reading: Reading) -> bool:
    return reading.opened(condition["opened"])


def _compares(condition: Mapping[str, Any], reading: Reading) -> bool:
    subject = _subject(condition, reading)
    if subject is None or condition["op"] == "given":
        return subject is not None
    operand = _operand(condition, reading)
    return operand is not None and _OPS[condition["op"]](subject, operand)


def _subject(condition: Mapping[str, Any], reading: Reading) -> Any:
    if "key" in condition:
        return reading.value(condition["key"])
    if "context" in condition:
        return reading.fact(condition["context"])
    terms = [reading.value(key) for key in condition["sum"]]
    terms = [term for term in terms if term is not None]
    return sum(terms) if terms else None


def _operand(condition: Mapping[str, Any], reading: Reading) -> Any:
    if "value" in condition:
        return condition["value"]
    if "value_of" in condition:
        operand = reading.value(condition["value_of"])
    else:
        operand = reading.fact(condition["value_of_context"])
    if operand is None:
        return condition.get("otherwise")
    if "plus_minutes" in condition:
        at = _number(operand)
        return None if at is None else at + condition["plus_minutes"] * 60_000
    return operand * condition["times"] if "times" in condition else operand


def _number(value: Any) -> float | int | None:
    """A number as it is, an instant in milliseconds; anything else cannot be greater or less."""
    if isinstance(value, bool):
        return None
    return value if isinstance(value, int | float) else instant_ms(value)


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _ordered(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def compare(one: Any, other: Any) -> bool:
        left, right = _number(one), _number(other)
        return left is not None and right is not None and test(left, right)

    return compare


def _members(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_FORMS: dict[str, Callable[[Mapping[str, Any], Reading], bool]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "judgement": _judged,
    "opened": _opened,
    "key": _compares,
    "context": _compares,
    "sum": _compares,
}
_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda one, other: not _same(one, other),
    "in": lambda one, others: any(_same(one, other) for other in others),
    "contains": lambda many, one: one in _members(many),
    "contains_any": lambda many, others: any(one in _members(many) for one in others),
    "only": lambda many, others: bool(_members(many)) and all(one in others for one in many),
    "gt": _ordered(lambda one, other: one > other),
    "gte": _ordered(lambda one, other: one >= other),
    "lt": _ordered(lambda one, other: one < other),
    "lte": _ordered(lambda one, other: one <= other),
}
