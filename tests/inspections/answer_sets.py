"""Seeded visits of every sort, sound and strange, for holding the browser's rules against the server's."""

from __future__ import annotations

import random
from typing import Any

from inspections.checklists import Checklist, Item
from inspections.checklists.conditions import FACTS

NOW = "2026-10-20T08:00:00.000Z"
VISIT_TYPES = ("patrol", "census", "verify", "recheck", "followup", "leader")
STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    5.0,
    0.1 + 0.2,
    1e-7,
    -0.0,
    1e308,
    10**400,
    2**53 + 1,
    "",
    " ",
    "5",
    "none",
    "０．５",
    "x" * 2000,
    "😀" * 40,
    "汉\u202e字\u0000\ud800",
    "\u2028\ufeff\u00a0\u3000",
    "2026-02-30T00:00:00.000Z",
    "2026-10-20T24:00:00Z",
    "2026-10-20t07:00:00Z",
    "1999-12-31T23:59:59.000Z",
    "2 x 3",
    "2×3m",
    "２ｘ３",
    [],
    ["none"],
    ["none", "none"],
    [["none"]],
    [1],
    [None],
    {},
    {"value": 1},
    {"type": "Polygon", "coordinates": []},
    {"type": "Polygon", "coordinates": [[[100, 38], [101, 38], [101, 39], [100, 38]]]},
    {"type": "Polygon", "coordinates": [[[100, 38], [101, 38], [101, 39], [100, 38.5]]]},
    {"type": "Polygon", "coordinates": [[[100, 38, 1], [101, 38], [101, 39], [100, 38]]]},
    {"type": "MultiPolygon", "coordinates": [[[[100, 38], [101, 38], [101, 39], [100, 38]]]]},
    {"type": "Point", "coordinates": [100, 38]},
    {"type": "constructor", "coordinates": [[]]},
)
# Values at which a rule turns.
TELLING: dict[str, tuple[float, ...]] = {
    "burnt_area_mu": (1, 30, 100),
    "bank_garbage_m3": (0, 10),
    "transparency_cm": (3.76, 10, 25, 60),
    "depth_cm": (9.4, 25, 60),
    "do_mgl": (0.2, 2, 3, 5, 7.5),
    "nh3n_mgl": (0.15, 1.0, 2.0, 15),
    "orp_mv": (-200,),
    "ph": (6, 9),
    "reed_survival_pct": (80,),
    "reed_area_m2": (100, 5000.5),
    "asked_count": (10,),
    "nonfarm_area_m2": (666.67, 3333.3),
    "guard_area_m2": (15, 22.5, 30, 40),
    "guard_floors": (1, 2),
    "guard_count": (2, 10),
    "shed_count": (2, 10),
    "shed_area_mu": (0.165, 4, 20),
    "hardened_m2": (0, 20),
    "demolish_pct": (100,),
    "soil_cover_cm": (30, 40),
    "density_mu": (40, 60, 132.6),
    "sample_pct": (5, 100),
    "counted": (300, 2000),
    "alive": (123, 209, 210, 255, 1699, 1700),
}
# Answers that meet at such a value; some visits get one set of them.
CORNERS: dict[str, tuple[dict[str, Any], ...]] = {
    "straw": (
        {"fire_state": "burning", "found_at": "2026-10-20T07:00:00Z", "arrived_at": "2026-10-20T06:55:00Z"},
        {"fire_state": "burning", "found_at": "2026-10-20T07:00:00Z", "arrived_at": "2026-10-20T06:54:59Z"},
        {"burnt_shape": {"type": "Polygon", "coordinates": [[[100, 38], [101, 38], [100, 38]]]}},
    ),
    "pond": (
        {"water_state": "open", "depth_cm": 9.4, "transparency_cm": 3.76, "clear_to_bottom": False},
        {"facility": "idle", "oxidation_pond": "built", "reed": "planted", "reed_area_m2": 6000},
        {"water_state": "open", "depth_cm": 60, "transparency_cm": 20, "do_mgl": 0.2, "nh3n_mgl": 15},
        {"water_state": "open", "depth_cm": 60, "transparency_cm": 10, "do_mgl": 2, "nh3n_mgl": 15},
    ),
    "greenhouse": (
        {"guard_house": True, "guard_area_m2": 40, "guard_floors": 1, "shed_count": 2, "shed_area_mu": 4},
        {"guard_house": True, "guard_area_m2": 22.5, "guard_floors": 2, "shed_count": 2, "guard_count": 2},
    ),
    "afforestation": (
        {"stage": "survival", "counted": 300, "alive": 255},
        {"stage": "survival", "counted": 300, "alive": 123},
        {"stage": "preserve", "counted": 2000, "alive": 1300},
        {"stage": "survival", "counted": 2000, "alive": 1699},
    ),
}
STRANGE_KEYS = (
    "",
    "__proto__",
    "constructor",
    "visit_type",
    "photo_overview",
    "\U0001f600",
    "\uffee",
    "no such",
    "ph ",
)


def a_visit(rng: random.Random, checklist: Checklist, kind: str) -> dict[str, Any]:
    """One visit as a tablet might hold it: mostly sound, now and then strange throughout."""
    oddness = rng.choice((0.0, 0.0, 0.02, 0.1, 0.5))
    items = checklist.items(kind)
    silence = rng.choice((0.0, 0.2, 0.6))
    answers = {
        item.key: rng.choice(STRANGE) if rng.random() < oddness else _an_answer(rng, item)
        for item in items
        if item.type != "photo" and item.key != "visit_type" and rng.random() >= silence
    }
    if rng.random() < 0.2:
        answers |= rng.choice(CORNERS[kind])
    if answers.get("access") == "blocked" and rng.random() < 0.8:
        answers["access"] = "reached"
    if rng.random() < oddness:
        answers |= {rng.choice(STRANGE_KEYS): rng.choice(STRANGE) for _ in range(3)}
    photos = {
        item.key: rng.choice((0, 1, 2, 5, 6)) for item in items if item.type == "photo" and rng.random() < 0.8
    }
    if rng.random() < oddness:
        photos |= {rng.choice(STRANGE_KEYS): rng.choice((1, -1, 1.5, True, None, "2"))}
    return {
        "kind": kind,
        "answers": rng.choice(STRANGE[4:7] + ([],)) if rng.random() < oddness / 5 else answers,
        "visitType": rng.choice(STRANGE) if rng.random() < oddness else rng.choice(VISIT_TYPES),
        "photos": photos,
        "context": _a_context(rng),
        "nothingFound": rng.random() < 0.03,
    }


def _an_answer(rng: random.Random, item: Item) -> Any:
    if item.type == "enum":
        return rng.choice(item.values)
    if item.type == "multi":
        return rng.sample(item.values, rng.choice((1, 1, 1, 2, 3)))
    if item.type == "bool":
        return rng.random() < 0.5
    return {"number": _a_number, "integer": _an_integer, "text": _a_text, "datetime": _a_time}.get(
        item.type, _an_outline
    )(rng, item)


def _a_number(rng: random.Random, item: Item) -> float:
    edges = [edge for edge in (item.min, item.max, item.warn_min, item.warn_max) if edge is not None]
    edge = rng.choice(TELLING.get(item.key, ()) if item.key in TELLING and rng.random() < 0.7 else edges)
    low, high = (item.min, item.max) if rng.random() < 0.1 else (item.min, min(item.max, item.min + 60))
    inside = round(rng.uniform(low, high), rng.choice((0, 1, 2, 9)))
    return rng.choice((edge, edge, edge + rng.choice((-0.01, 0.01)), inside))


def _an_integer(rng: random.Random, item: Item) -> int | float:
    if item.key in TELLING and rng.random() < 0.6:
        return rng.choice(TELLING[item.key])
    return rng.choice(
        (item.min, item.max, item.max + 1, rng.randint(item.min, min(item.max, 400)), 1, 2, 300.0)
    )


def _a_text(rng: random.Random, item: Item) -> str:
    if item.format == "spacing":
        return rng.choice(("2 x 3", "2x3", "１.５×２m", "0.4 x 3", "2 * 10", "2 x 10.01", "two by three"))
    return rng.choice(
        ("王某某", " 李 某 \n", "a", "<script>${1}</script>", "\u200b\u200b", "字" * 41, "好" * 200)
    )


def _a_time(rng: random.Random, _item: Item) -> str:
    day, hour = rng.randint(18, 20), rng.randint(0, 9)
    return f"2026-10-{day}T0{hour}:{rng.randint(0, 59):02d}:00{rng.choice(('', '.5', '.123'))}Z"


def _an_outline(rng: random.Random, _item: Item) -> dict[str, Any]:
    lon = round(rng.uniform(100, 101), 6)
    return {"type": "Polygon", "coordinates": [[[lon, 38], [lon + 1, 38], [lon + 1, 39], [lon, 38]]], "x": 1}


def _a_context(rng: random.Random) -> dict[str, Any]:
    codes = ("STRAW-01", "STRAW-02", "POND-01", "POND-03", "GH-01", "GH-03", "AF-01", "AF-06")
    subtypes = ("pond", "ditch", "reach", "area", "four_sides", "road_net", "plot", "village_belt")
    values: dict[str, Any] = {
        "now": rng.choice(
            (NOW, "2026-06-30T16:00:00.000Z", "2026-06-30T15:59:59.999Z", "2026-01-31T18:00:00Z")
        ),
        "site.subtype": rng.choice(subtypes),
        "site.area_m2": rng.choice((100, 5000.5, 160000.25, 1e9)),
        "site.basic_farmland_m2": rng.choice((0, 10, 10.5)),
        "site.design_density": rng.choice((50, 110.5)),
        "seasons.straw": rng.choice(([["09-15", "11-30"]], [["11-15", "02-10"], ["06-01", "07-01"]], [])),
        "milestones.oxidation_pond": "2026-06-30",
        "milestones.reed": rng.choice(("2026-06-30", "2027-01-01")),
        "profile.guard": rng.choice(("south", "north", "severe_cold")),
        "profile.survival_line": rng.choice(("irrigated", "arid")),
        "profile.soil_cover_min_cm": 40,
        "profile.hardened_allowance_m2": rng.choice((0, 20)),
    }
    for name in ("in_forest", "state_funded", "survey_early"):
        values[f"site.{name}"] = rng.random() < 0.3
    for name in ("open", "reopened", "listed", "repeated"):
        values[f"codes.{name}"] = rng.sample(codes, rng.choice((0, 1, 3)))
    assert values.keys() == FACTS.keys()
    context: dict[str, Any] = {}
    for path, value in values.items():
        known = None if rng.random() < 0.2 else value
        *section, name = path.split(".")
        (context.setdefault(section[0], {}) if section else context)[name] = known
    return context
