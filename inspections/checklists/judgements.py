"""What measurements mean: black-odorous water, water class, survival of planting, guard houses.

Pure functions of what was measured; `static/js/judgements.js` is their twin in the browser. Each returns a
judgement as JSON, `{"version", "inputs", "result", "reasons", ...}`, which is stored as it is, or None where
there is nothing to judge by. Thresholds compare the value as written, never a rounded one.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

Judgement = dict[str, Any]

BLACK_ODOUR_VERSION = 1  # national guide on rural black-odorous water, limits of the 2019 edition
WATER_CLASS_VERSION = 1  # GB 3838-2002
SURVIVAL_VERSION = 1  # GB/T 15776
GUARD_HOUSE_VERSION = 1  # notice on facility farmland, 2019 no. 4

SHALLOW_CM = 25
PASS_LINES = {"survival": {"irrigated": 85, "arid": 70}, "preserve": {"irrigated": 80, "arid": 65}}  # percent
FAILED_LINE = 41
GUARD_LIMITS_M2 = {"south": 15, "north": 22.5, "severe_cold": 30}
SEVERE_COLD_LARGE_M2 = 40  # for a shed of more than 2 mu
LARGE_SHED_MU = 2

CLASSES = ("i", "ii", "iii", "iv", "v")
WORSE = "worse"
# Limits of classes I to V, mg/L; dissolved oxygen is a least value, all others are most values.
_LIMITS: dict[str, tuple[float, ...]] = {
    "do": (7.5, 6, 5, 3, 2),
    "pi": (2, 4, 6, 10, 15),
    "cod": (15, 15, 20, 30, 40),
    "bod5": (3, 3, 4, 6, 10),
    "nh3n": (0.15, 0.5, 1.0, 1.5, 2.0),
}
_LIMITS_BY_WATER: dict[str, dict[str, tuple[float, ...]]] = {
    "river": {"tp": (0.02, 0.1, 0.2, 0.3, 0.4)},
    "lake": {"tp": (0.01, 0.025, 0.05, 0.1, 0.2), "tn": (0.2, 0.5, 1.0, 1.5, 2.0)},
}


def black_odour(
    *,
    water_state: str | None = "open",
    depth_cm: float | None = None,
    transparency_cm: float | None = None,
    clear_to_bottom: bool | None = None,
    do: float | None = None,
    nh3n: float | None = None,
    orp: float | None = None,
) -> Judgement | None:
    """Whether rural water is black-odorous: `black_odorous`, `not`, `incomplete` or `not_applicable`.

    Lengths in cm, `do` and `nh3n` in mg/L, `orp` in mV. `reasons` are the indicators that fail; equal values
    pass. None if nothing was measured in open water.
    """
    inputs = {
        "water_state": water_state,
        "depth_cm": depth_cm,
        "transparency_cm": transparency_cm,
        "clear_to_bottom": clear_to_bottom,
        "do": do,
        "nh3n": nh3n,
        "orp": orp,
    }
    if water_state in ("frozen", "dry"):
        return _judgement(BLACK_ODOUR_VERSION, inputs, "not_applicable", [])
    if transparency_cm is None and do is None and nh3n is None:
        return None
    fails = {
        "transparency": _is_turbid(depth_cm, transparency_cm, clear_to_bottom),
        "do": None if do is None else do < 2,
        "nh3n": None if nh3n is None else nh3n > 15,
    }
    reasons = [name for name, failed in fails.items() if failed]
    if reasons:
        degree = _degree(transparency_cm, do, nh3n, orp)
        return _judgement(BLACK_ODOUR_VERSION, inputs, "black_odorous", reasons, degree=degree)
    result = "incomplete" if None in fails.values() else "not"
    return _judgement(BLACK_ODOUR_VERSION, inputs, result, [])


def water_class(
    water: str,
    *,
    ph: float | None = None,
    do: float | str | None = None,
    pi: float | str | None = None,
    cod: float | str | None = None,
    bod5: float | str | None = None,
    nh3n: float | str | None = None,
    tp: float | str | None = None,
    tn: float | str | None = None,
) -> Judgement | None:
    """Surface water class `i` to `v` or `worse`, the worst indicator deciding; all in mg/L but `ph`.

    `water` is `river` or `lake` (ponds and reservoirs too). A value below detection is written `"<0.02"` and
    counts half. `reasons` are the indicators of the class that decides, `by` the class of each. Total
    nitrogen counts in lakes only. None if nothing was measured.
    """
    values = {"do": do, "pi": pi, "cod": cod, "bod5": bod5, "nh3n": nh3n, "tp": tp, "tn": tn}
    limits = _LIMITS | _LIMITS_BY_WATER[water]
    by = {
        name: _class_of(name, _detected(value), limits[name])
        for name, value in values.items()
        if value is not None and name in limits
    }
    if ph is not None:
        by = {"ph": "i" if 6 <= ph <= 9 else WORSE, **by}
    if not by:
        return None
    ranks = (*CLASSES, WORSE)
    result = max(by.values(), key=ranks.index)
    reasons = [name for name, grade in by.items() if grade == result]
    inputs = {"water": water, "ph": ph, **values}
    return _judgement(WATER_CLASS_VERSION, inputs, result, reasons, by=by)


def survival(
    counted: int | None,
    alive: int | None,
    *,
    line: str | None = None,
    stage: str = "survival",
    early: bool = False,
) -> Judgement | None:
    """Whether planting has taken: `pass`, `replant`, `failed`, or `early` before a full growing season.

    `line` is `irrigated` (the default) or `arid` and says which decides; both are given. `stage` is
    `survival` or, after three to five years, `preserve`. `rate` is in percent, one decimal, half up. None
    without a count, or where more are alive than were counted.
    """
    if counted is None or alive is None or counted <= 0 or not 0 <= alive <= counted:
        return None
    line = line or "irrigated"
    by_line = {name: _survival_of(counted, alive, limit) for name, limit in PASS_LINES[stage].items()}
    result = "early" if early else by_line[line]
    inputs = {"counted": counted, "alive": alive, "line": line, "stage": stage, "early": early}
    rate = (2000 * alive + counted) // (2 * counted) / 10
    reasons = ["rate"] if result in ("replant", "failed") else []
    return _judgement(SURVIVAL_VERSION, inputs, result, reasons, rate=rate, **by_line)


def guard_house(
    area_m2: float | None,
    floors: int | None,
    count: int | None,
    *,
    shed_count: int | None = None,
    shed_area_mu: float | None = None,
    profile: str | None = None,
) -> Judgement | None:
    """Whether guard houses keep to the limit: `within` or `over`, with `reasons` area, floors, count.

    `shed_area_mu` is the ground of all `shed_count` sheds; the larger limit of severe cold needs more than
    2 mu a shed. `profile` is south, north (the default) or severe_cold. None without an area.
    """
    if area_m2 is None:
        return None
    profile = profile or "north"
    large = shed_area_mu is not None and shed_area_mu > LARGE_SHED_MU * (shed_count or 1)
    limit = SEVERE_COLD_LARGE_M2 if large and profile == "severe_cold" else GUARD_LIMITS_M2[profile]
    breaches = {
        "area": area_m2 > limit,
        "floors": floors is not None and floors > 1,
        "count": count is not None and shed_count is not None and count > shed_count,
    }
    reasons = [name for name, broken in breaches.items() if broken]
    inputs = {
        "area_m2": area_m2,
        "floors": floors,
        "count": count,
        "shed_count": shed_count,
        "shed_area_mu": shed_area_mu,
        "profile": profile,
    }
    return _judgement(GUARD_HOUSE_VERSION, inputs, "over" if reasons else "within", reasons, limit_m2=limit)


def _judgement(
    version: int, inputs: Mapping[str, Any], result: str, reasons: list[str], **details: Any
) -> Judgement:
    return {"version": version, "inputs": dict(inputs), "result": result, "reasons": reasons, **details}


def _is_turbid(depth: float | None, transparency: float | None, clear_to_bottom: bool | None) -> bool | None:
    """Whether transparency fails; None if that cannot be told."""
    if depth is not None and depth < SHALLOW_CM:
        if clear_to_bottom:
            return False
        return None if transparency is None else _exact(transparency) * 5 < _exact(depth) * 2
    if transparency is None:
        return None
    if transparency >= SHALLOW_CM:
        return False
    return None if depth is None else True


def _degree(transparency: float | None, do: float | None, nh3n: float | None, orp: float | None) -> str:
    heavy = (
        (transparency is not None and transparency < 10)
        or (do is not None and do < 0.2)
        or (orp is not None and orp < -200)
        or (nh3n is not None and nh3n > 15)
    )
    return "heavy" if heavy else "light"


def _exact(value: float) -> Fraction:
    """The decimal that was written: 12.1 as 121/10, not as the binary number nearest to it."""
    return Fraction(repr(value))


def _detected(value: float | str) -> float:
    return float(value[1:]) / 2 if isinstance(value, str) else value


def _class_of(name: str, value: float, limits: tuple[float, ...]) -> str:
    for grade, limit in zip(CLASSES, limits, strict=True):
        if value >= limit if name == "do" else value <= limit:
            return grade
    return WORSE


def _survival_of(counted: int, alive: int, limit: int) -> str:
    if alive * 100 >= limit * counted:
        return "pass"
    return "replant" if alive * 100 >= FAILED_LINE * counted else "failed"
