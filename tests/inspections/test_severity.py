from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from inspections.checklists import FindingProposal, evaluate, load_checklist
from inspections.checklists.conditions import make_context
from inspections.checklists.severity import gravest, moved
from inspections.terms import Severity

NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)
SCAR = {"access": "reached", "fire_state": "scar", "burnt_material": ["straw"], "burnt_area_mu": 0.5}
BURNING = {"access": "reached", "fire_state": "burning", "burnt_material": ["straw"]}
RAW = {"access": "reached", "inflow": "raw"}
INSIDE = {"access": "reached", "actual_use": ["market"], "nonfarm_place": "inside", "nonfarm_area_m2": 100}
GUARD = {**INSIDE, "nonfarm_place": "guard"}
PLANT = {"access": "reached", "stage": "plant"}


def finding(kind: str, answers: dict[str, Any], facts: dict[str, Any] | None = None) -> FindingProposal:
    """The first finding of a visit."""
    outcome = evaluate(
        load_checklist(), kind, answers, visit_type="patrol", context=make_context(NOW, **(facts or {}))
    )
    return outcome.findings[0]


# Answers and facts; the severity they give, and the reasons in order.
WEIGHED: list[tuple[str, dict[str, Any], dict[str, Any], str, list[str]]] = [
    ("straw", SCAR, {}, "minor", []),
    ("straw", {**SCAR, "burnt_area_mu": 1}, {}, "moderate", ["burnt_area"]),
    ("straw", {**SCAR, "burnt_area_mu": 29.99}, {}, "moderate", ["burnt_area"]),
    ("straw", {**SCAR, "burnt_area_mu": 30}, {}, "major", ["burnt_area", "burnt_area"]),
    ("straw", {**SCAR, "burnt_area_mu": 100}, {}, "critical", ["burnt_area"] * 3),
    ("straw", {**BURNING, "hazard_near": ["none"]}, {}, "major", []),
    ("straw", {**BURNING, "hazard_near": ["village", "power"]}, {}, "critical", ["hazard_near"]),
    ("straw", {**SCAR, "ploughed_over": True, "lead_source": "superior"}, {}, "moderate", ["ploughed_over"]),
    ("straw", {**SCAR, "ploughed_over": True, "lead_source": "patrol"}, {}, "minor", []),
    ("straw", SCAR, {"site": {"in_forest": True}}, "critical", ["forest_fire"]),
    ("pond", {**RAW, "inflow_source": ["slaughter"]}, {}, "critical", ["effluent"]),
    ("pond", {**RAW, "inflow_source": ["domestic"]}, {}, "major", []),
    ("pond", {**RAW, "inflow": "trace", "inflow_source": ["industry"]}, {}, "moderate", ["effluent"]),
    ("greenhouse", INSIDE, {}, "major", []),
    ("greenhouse", {**INSIDE, "let_or_sold": True}, {}, "critical", ["let_or_sold"]),
    ("greenhouse", GUARD, {}, "moderate", []),
    ("greenhouse", {**GUARD, "nonfarm_area_m2": 666.67}, {}, "major", ["nonfarm_area"]),
    ("greenhouse", {**GUARD, "nonfarm_area_m2": 666.66}, {}, "moderate", []),
    ("greenhouse", {**INSIDE, "nonfarm_area_m2": 3333.3}, {}, "critical", ["nonfarm_area"]),
    ("greenhouse", INSIDE, {"site": {"basic_farmland_m2": 10.1}}, "critical", ["basic_farmland"]),
    ("afforestation", {**PLANT, "on_farmland": "cropland"}, {}, "major", []),
    (
        "afforestation",
        {**PLANT, "on_farmland": "cropland"},
        {"site": {"basic_farmland_m2": 11}},
        "critical",
        ["basic_farmland"],
    ),
    ("straw", SCAR, {"codes": {"repeated": ["STRAW-02"]}}, "moderate", ["repeated"]),
    ("straw", SCAR, {"codes": {"repeated": ["STRAW-01"]}}, "minor", []),
    (
        "straw",
        SCAR,
        {"codes": {"reopened": ["STRAW-02"], "listed": ["STRAW-02"], "repeated": ["STRAW-02"]}},
        "critical",
        ["reopened", "listed", "repeated"],
    ),
    (
        "straw",
        {**SCAR, "burnt_area_mu": 2, "fixed_on_spot": True},
        {},
        "minor",
        ["burnt_area", "fixed_on_spot"],
    ),
    ("straw", {**SCAR, "fixed_on_spot": True}, {}, "minor", []),
    ("straw", {**BURNING, "fixed_on_spot": True}, {}, "major", []),
    (
        "straw",
        {**SCAR, "burnt_area_mu": 100, "fixed_on_spot": True},
        {},
        "major",
        ["burnt_area", "burnt_area", "burnt_area", "fixed_on_spot"],
    ),
]


@pytest.mark.parametrize(("kind", "answers", "facts", "severity", "reasons"), WEIGHED)
def test_severity_follows_the_answers_and_what_is_known(
    kind: str, answers: dict[str, Any], facts: dict[str, Any], severity: str, reasons: list[str]
) -> None:
    weighed = finding(kind, answers, facts)
    assert weighed.severity.value == severity
    assert [step.reason for step in weighed.steps] == reasons


def test_untreated_industrial_effluent_is_critical_at_once() -> None:
    both = finding("pond", {**RAW, "inflow_source": ["industry"], "fixed_on_spot": True})
    assert [step.as_json() for step in both.steps] == [
        {"reason": "effluent", "from": "major", "to": "critical"},
        {"reason": "fixed_on_spot", "from": "critical", "to": "major"},
    ]


def test_steps_lead_from_the_base_to_the_severity() -> None:
    weighed = finding("straw", {**SCAR, "burnt_area_mu": 40}, {"codes": {"repeated": ["STRAW-02"]}})
    path = [weighed.base, *(step.after for step in weighed.steps)]
    assert [step.before for step in weighed.steps] == path[:-1]
    assert weighed.severity is path[-1] is Severity.CRITICAL


def test_severities_never_leave_their_ladder() -> None:
    assert moved(Severity.MINOR, -1) is Severity.MINOR
    assert moved(Severity.CRITICAL, 3) is Severity.CRITICAL
    assert gravest(["minor", "major", "moderate"]) is Severity.MAJOR
