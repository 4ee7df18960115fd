"""Answers an inspector could have given: a sound visit of each kind, and what each finding changes in it.

A test evaluates every one of them against the checklist, so that the demo
finds what its answers open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from inspections.terms import Kind

Answers = dict[str, Any]


def sound_answers(kind: str, rng: Random, area_m2: float | None) -> Answers:
    """A full form with nothing found."""
    return {"access": "reached"} | _SOUND[kind](rng, area_m2 or 2000.0)


def faulty_answers(code: str, rng: Random, area_m2: float | None, at: datetime) -> Answers:
    """A full form whose answers open `code` and nothing else; `at` is the time of the visit."""
    kind = kind_of(code)
    found = sound_answers(kind, rng, area_m2) | {"fixed_on_spot": False}
    return found | FAULTS[code](rng, area_m2 or 2000.0, at)


def kind_of(code: str) -> Kind:
    """The kind of site a requirement's code belongs to."""
    prefixes = {"STRAW": Kind.STRAW, "POND": Kind.POND, "GH": Kind.GREENHOUSE, "AF": Kind.AFFORESTATION}
    return prefixes[code.split("-")[0]]


def photo_items(answers: Answers, opened: bool) -> list[str]:
    """The photo items a visit with these answers has to have."""
    items = ["photo_overview"]
    if opened:
        items.append("photo_detail")
    if answers.get("fire_state", "none") != "none":
        items.append("photo_fire")
    if "actual_use" in answers:
        items.append("photo_inside")
    if answers.get("guard_house"):
        items.append("photo_guard")
    if answers.get("stage") in ("survival", "preserve"):
        items.append("photo_plot")
    return items


def _sound_straw(rng: Random, _area_m2: float) -> Answers:
    crop = rng.choice(["maize", "seed_maize", "wheat", "veg", "potato"])
    return {"fire_state": "none", "crop": crop, "pledge_signed": True, "pile_count": 0}


def _sound_pond(rng: Random, area_m2: float) -> Answers:
    water = max(1.0, round(area_m2 * rng.uniform(0.4, 0.9)))
    return {
        "water_state": "open",
        "water_area_m2": water,
        "colour": "normal",
        "odour": rng.choice(["none", "none", "slight"]),
        "floating": rng.choice(["none", "none", "some"]),
        "bank_garbage_m3": 0,
        "inflow": "none",
        "facility": rng.choice(["not_needed", "none", "building"]),
        "sign_board": True,
        "stage": rng.choice(["listed", "source", "dredge", "ecology", "done", "kept"]),
    }


def _sound_greenhouse(rng: Random, area_m2: float) -> Answers:
    sheds = rng.randint(1, 24)
    return {
        "shed_type": rng.choice(["plastic", "solar", "multispan", "steel"]),
        "shed_count": sheds,
        "shed_area_mu": max(0.05, round(area_m2 * 0.6 / 666.667, 2)),
        "operator_type": rng.choice(["household", "coop", "company", "collective"]),
        "filing": "filed",
        "actual_use": [rng.choice(["crop", "seedling", "fungi"])],
        "guard_house": False,
        "hardened_m2": 0,
        "topsoil_damaged": False,
    }


def _sound_afforestation(rng: Random, _area_m2: float) -> Answers:
    return {"stage": "tend", "keeper": "管护站", "damage": ["none"]}


_SOUND: dict[str, Callable[[Random, float], Answers]] = {
    Kind.STRAW: _sound_straw,
    Kind.POND: _sound_pond,
    Kind.GREENHOUSE: _sound_greenhouse,
    Kind.AFFORESTATION: _sound_afforestation,
}


def _fire(state: str, rng: Random, at: datetime) -> Answers:
    found = {
        "fire_state": state,
        "burnt_material": ["straw"],
        "lead_source": rng.choice(["satellite", "patrol", "video", "report"]),
        "found_at": _utc(at - timedelta(minutes=rng.randint(20, 90))),
        "burnt_area_mu": round(rng.uniform(0.2, 0.9), 2),
        "party_known": False,
        "handling": rng.choice(["educate", "order"]),
    }
    if state == "smoulder":
        found |= {"hazard_near": ["none"], "extinguished": True, "extinguished_at": _utc(at)}
    return found


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _survey(rate: float, rng: Random) -> Answers:
    counted = rng.randint(100, 400)
    return {
        "stage": "survival",
        "species": [rng.choice(["poplar", "willow", "oleaster", "spruce"])],
        "density_mu": 111,
        "sample_pct": 5,
        "counted": counted,
        "alive": round(counted * rate),
    }


# What each finding changes in a sound visit.
FAULTS: dict[str, Callable[[Random, float, datetime], Answers]] = {
    "STRAW-01": lambda rng, area, at: _fire("smoulder", rng, at),
    "STRAW-02": lambda rng, area, at: _fire("scar", rng, at),
    "STRAW-04": lambda rng, area, at: {"pile_count": rng.randint(1, 6)},
    "STRAW-07": lambda rng, area, at: {"pledge_signed": False},
    "POND-01": lambda rng, area, at: {"colour": rng.choice(["black", "grey"]), "odour": "clear"},
    "POND-02": lambda rng, area, at: {"bank_garbage_m3": rng.randint(1, 8)},
    "POND-03": lambda rng, area, at: {"inflow": "raw", "inflow_source": ["domestic"]},
    "POND-05": lambda rng, area, at: {"facility": "idle", "oxidation_pond": "not_needed"},
    "POND-09": lambda rng, area, at: {"sign_board": False},
    "GH-02": lambda rng, area, at: {
        "actual_use": ["crop", rng.choice(["catering", "storage", "dwelling"])],
        "nonfarm_place": "inside",
        "nonfarm_area_m2": rng.randint(20, 120),
        "let_or_sold": False,
        "disposition": ["demolish"],
    },
    "GH-03": lambda rng, area, at: {
        "guard_house": True,
        "guard_area_m2": rng.randint(45, 80),
        "guard_floors": 1,
        "guard_count": 1,
        "disposition": ["standardise"],
    },
    "GH-05": lambda rng, area, at: {"filing": "not_filed"},
    "GH-06": lambda rng, area, at: {"actual_use": ["idle"]},
    "AF-03": lambda rng, area, at: {"stage": "water", "irrigation_ok": False},
    "AF-04": lambda rng, area, at: _survey(rng.uniform(0.5, 0.65), rng),
    "AF-06": lambda rng, area, at: {"damage": ["cut"]},
}
# How often each is found, within its kind.
WEIGHTS = {
    "STRAW-01": 1,
    "STRAW-02": 5,
    "STRAW-04": 8,
    "STRAW-07": 3,
    "POND-01": 5,
    "POND-02": 9,
    "POND-03": 3,
    "POND-05": 2,
    "POND-09": 5,
    "GH-02": 4,
    "GH-03": 5,
    "GH-05": 5,
    "GH-06": 3,
    "AF-03": 3,
    "AF-04": 5,
    "AF-06": 3,
}


def codes_of(kind: str) -> tuple[list[str], list[int]]:
    """The codes the demo finds at a kind of site, and how often."""
    found = [code for code in FAULTS if kind_of(code) == kind]
    return found, [WEIGHTS[code] for code in found]
