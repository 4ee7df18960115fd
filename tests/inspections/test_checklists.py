from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from inspections.checklists import (
    AnswersInvalid,
    Outcome,
    check_answers,
    evaluate,
    load_checklist,
    missing_problems,
)
from inspections.checklists.conditions import make_context
from inspections.checklists.requirements import requirements
from inspections.terms import Kind

CHECKLIST = load_checklist()
OCTOBER = datetime(2026, 10, 20, 8, tzinfo=UTC)
DAY = "2026-10-20T0{}:00:00.000Z"

CLEAN: dict[str, dict[str, Any]] = {
    "straw": {"access": "reached", "fire_state": "none"},
    "pond": {
        "access": "reached",
        "water_state": "open",
        "water_area_m2": 1200,
        "colour": "normal",
        "odour": "none",
        "floating": "none",
        "bank_garbage_m3": 0,
        "inflow": "none",
        "facility": "not_needed",
        "sign_board": True,
        "stage": "kept",
    },
    "greenhouse": {
        "access": "reached",
        "shed_type": "solar",
        "shed_count": 10,
        "shed_area_mu": 12.5,
        "operator_type": "coop",
        "filing": "filed",
        "actual_use": ["crop"],
        "guard_house": False,
        "hardened_m2": 0,
        "topsoil_damaged": False,
    },
    "afforestation": {"access": "reached", "stage": "tend", "keeper": "张某"},
}
FIRE = {
    "fire_state": "scar",
    "burnt_material": ["straw"],
    "lead_source": "patrol",
    "found_at": DAY.format(6),
    "burnt_area_mu": 0.5,
    "party_known": False,
    "handling": "educate",
}
GUARD = {"guard_house": True, "guard_area_m2": 20, "guard_floors": 1, "guard_count": 2}
SURVEY = {"stage": "survival", "species": ["poplar"], "density_mu": 110, "sample_pct": 100, "counted": 300}
PHOTOS = {"photo_overview": 1, "photo_inside": 1, "photo_fire": 1, "photo_guard": 1, "photo_plot": 1}


def visit(
    kind: str, visit_type: str = "patrol", photos: Mapping[str, int] | None = None, **changes: Any
) -> Outcome:
    """A clean visit to a site of a kind, with some answers changed; `facts` of its context by section."""
    facts = changes.pop("facts", {})
    own = {item.key for item in CHECKLIST.items(kind) if item.type == "photo"}
    return evaluate(
        CHECKLIST,
        kind,
        CLEAN[kind] | changes,
        visit_type=visit_type,
        photos={key: count for key, count in PHOTOS.items() if key in own} if photos is None else photos,
        context=make_context(OCTOBER, **facts),
    )


def found(outcome: Outcome) -> dict[str, str]:
    return {finding.code: finding.base.value for finding in outcome.findings}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_clean_visit_is_sound_and_asks_at_most_fifteen_questions(kind: Kind) -> None:
    outcome = visit(kind.value)
    assert outcome.is_sound, (outcome.missing, outcome.problems)
    assert (outcome.result.value, outcome.findings, outcome.warnings) == ("normal", (), ())
    assert len(set(outcome.shown) - set(outcome.folded)) <= 15, outcome.shown


# What opens what: changes to a clean visit, with the codes and base severities they must give.
OPENS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("straw", {**FIRE, "fire_state": "burning"}, {"STRAW-01": "major"}),
    ("straw", {**FIRE, "fire_state": "smoulder"}, {"STRAW-01": "major"}),
    ("straw", FIRE, {"STRAW-02": "minor"}),
    ("straw", {**FIRE, "burnt_material": ["straw", "film"]}, {"STRAW-02": "minor", "STRAW-03": "moderate"}),
    ("straw", {**FIRE, "burnt_material": ["garbage"]}, {"STRAW-02": "minor", "STRAW-03": "moderate"}),
    ("straw", {**FIRE, "burnt_material": ["ritual", "industry", "domestic"]}, {}),
    ("straw", {**FIRE, "burnt_material": ["ritual", "straw"]}, {"STRAW-02": "minor"}),
    ("straw", {"pile_count": 0}, {}),
    ("straw", {"pile_count": 1}, {"STRAW-04": "minor"}),
    ("straw", {"pledge_signed": False}, {"STRAW-07": "minor"}),
    ("pond", {"colour": "grey"}, {"POND-01": "moderate"}),
    ("pond", {"colour": "green"}, {"POND-02": "minor"}),
    ("pond", {"odour": "slight"}, {}),
    ("pond", {"odour": "strong"}, {"POND-01": "moderate"}),
    ("pond", {"floating": "some"}, {}),
    ("pond", {"floating": "sheets"}, {"POND-02": "minor"}),
    ("pond", {"bank_garbage_m3": 0.1}, {"POND-02": "minor"}),
    ("pond", {"bank_garbage_m3": 9.9}, {"POND-02": "minor"}),
    ("pond", {"bank_garbage_m3": 10}, {"POND-02": "major"}),
    ("pond", {"inflow": "treated", "inflow_source": ["domestic"]}, {}),
    ("pond", {"inflow": "raw", "inflow_source": ["domestic"]}, {"POND-03": "major"}),
    ("pond", {"inflow": "trace", "inflow_source": ["unknown"]}, {"POND-03": "minor"}),
    ("pond", {"transparency_cm": 24.9, "depth_cm": 60}, {"POND-04": "major"}),
    ("pond", {"transparency_cm": 25, "depth_cm": 60}, {}),
    ("pond", {"do_mgl": 1.9}, {"POND-04": "major"}),
    ("pond", {"nh3n_mgl": 15.1}, {"POND-04": "major"}),
    ("pond", {"ph": 9}, {}),
    ("pond", {"ph": 9.1}, {"POND-04": "minor"}),
    ("pond", {"ph": 5.9, "do_mgl": 1}, {"POND-04": "major"}),
    ("pond", {"facility": "idle", "oxidation_pond": "not_needed"}, {"POND-05": "major"}),
    ("pond", {"lining": "none"}, {}),
    (
        "pond",
        {"lining": "none", "inflow": "raw", "inflow_source": ["field"]},
        {"POND-03": "major", "POND-08": "major"},
    ),
    ("pond", {"sign_board": False, "guard_rail": False}, {"POND-09": "minor"}),
    ("greenhouse", {"filing": "not_filed"}, {"GH-05": "minor"}),
    ("greenhouse", {"actual_use": ["crop", "idle"]}, {"GH-06": "minor"}),
    ("greenhouse", {"actual_use": ["dwelling"], "nonfarm_place": "inside"}, {"GH-02": "major"}),
    ("greenhouse", {"actual_use": ["catering"], "nonfarm_place": "guard"}, {"GH-03": "moderate"}),
    ("greenhouse", {"actual_use": ["other_nonfarm"], "nonfarm_place": "outside"}, {"GH-01": "critical"}),
    ("greenhouse", GUARD, {}),
    ("greenhouse", {**GUARD, "guard_area_m2": 22.6}, {"GH-03": "moderate"}),
    ("greenhouse", {**GUARD, "guard_floors": 2}, {"GH-03": "major"}),
    ("greenhouse", {**GUARD, "guard_count": 11}, {"GH-03": "moderate"}),
    ("greenhouse", {"hardened_m2": 0.5}, {"GH-04": "moderate"}),
    ("greenhouse", {"topsoil_damaged": True}, {"GH-04": "major"}),
    ("afforestation", {"stage": "plant", "irrigation_ok": False}, {"AF-03": "moderate"}),
    ("afforestation", {"stage": "pipe", "irrigation_ok": False}, {}),
    ("afforestation", {"stage": "level", "on_farmland": "cropland"}, {"AF-01": "major"}),
    ("afforestation", {"stage": "level", "on_farmland": "basic"}, {"AF-01": "critical"}),
    ("afforestation", {"stage": "buy", "grade": "below"}, {"AF-02": "moderate"}),
    ("afforestation", {"stage": "buy", "grade": "mixed"}, {}),
    ("afforestation", {"stage": "buy", "quarantine_cert": False}, {"AF-02": "moderate"}),
    ("afforestation", {**SURVEY, "alive": 255}, {}),
    ("afforestation", {**SURVEY, "alive": 254}, {"AF-04": "minor"}),
    ("afforestation", {**SURVEY, "alive": 122}, {"AF-05": "major"}),
    ("afforestation", {"damage": ["cut"]}, {"AF-06": "moderate"}),
    ("afforestation", {"damage": ["graze"]}, {"AF-06": "minor"}),
    ("afforestation", {"damage": ["graze", "cut"]}, {"AF-06": "moderate"}),
]


@pytest.mark.parametrize(("kind", "changes", "expected"), OPENS)
def test_answers_open_their_findings(kind: str, changes: dict[str, Any], expected: dict[str, str]) -> None:
    outcome = visit(kind, **changes)
    assert found(outcome) == expected
    assert outcome.result.value == ("finding" if expected else "normal")


# The same, where a fact of the site, the county or the day decides.
AUTUMN = {"seasons": {"straw": [["09-15", "11-30"]]}}
SUMMER = {"seasons": {"straw": [["07-10", "08-20"]]}}
LATE = {"milestones": {"oxidation_pond": "2026-10-19", "reed": "2026-10-19"}}
TODAY = {"milestones": {"oxidation_pond": "2026-10-20", "reed": "2026-10-20"}}
WORKS = {"facility": "running", "oxidation_pond": "built", "reed_area_m2": 100}
BY_FACT: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, str]]] = [
    ("straw", {"watch_on_duty": False}, AUTUMN, {"STRAW-06": "moderate"}),
    ("straw", {"watch_on_duty": False}, SUMMER, {}),
    ("straw", {"straw_disposal": ["left"]}, SUMMER, {"STRAW-05": "minor"}),
    ("straw", {"straw_disposal": ["left"]}, AUTUMN, {}),
    ("straw", {"straw_disposal": ["bale"]}, SUMMER, {}),
    ("pond", {"facility": "running", "oxidation_pond": "building"}, LATE, {"POND-06": "moderate"}),
    ("pond", {"facility": "running", "oxidation_pond": "building"}, TODAY, {}),
    ("pond", {**WORKS, "reed": "partial"}, LATE, {"POND-07": "minor"}),
    ("pond", {**WORKS, "reed": "none"}, LATE, {"POND-07": "moderate"}),
    ("pond", {**WORKS, "reed": "none"}, TODAY, {}),
    ("greenhouse", {"hardened_m2": 20}, {"profile": {"hardened_allowance_m2": 20}}, {}),
    ("greenhouse", {"hardened_m2": 21}, {"profile": {"hardened_allowance_m2": 20}}, {"GH-04": "moderate"}),
    (
        "greenhouse",
        {"hardened_m2": 5, "hardened_place": "inside"},
        {"profile": {"hardened_allowance_m2": 20}},
        {"GH-04": "moderate"},
    ),
    ("greenhouse", {**GUARD, "guard_area_m2": 22.6}, {"profile": {"guard": "severe_cold"}}, {}),
    ("greenhouse", GUARD, {"profile": {"guard": "south"}}, {"GH-03": "moderate"}),
    ("afforestation", {**SURVEY, "alive": 254}, {"profile": {"survival_line": "arid"}}, {}),
    ("afforestation", {**SURVEY, "alive": 100}, {"site": {"survey_early": True}}, {}),
    (
        "afforestation",
        {"stage": "buy", "variety_cert": False},
        {"site": {"state_funded": True}},
        {"AF-02": "moderate"},
    ),
    ("afforestation", {"stage": "buy", "variety_cert": False}, {"site": {"state_funded": False}}, {}),
]


@pytest.mark.parametrize(("kind", "changes", "facts", "expected"), BY_FACT)
def test_facts_decide_with_the_answers(
    kind: str, changes: dict[str, Any], facts: dict[str, Any], expected: dict[str, str]
) -> None:
    assert found(visit(kind, **changes, facts=facts)) == expected


def test_dying_reeds_open_a_finding_in_the_growing_season_only() -> None:
    for month, expected in ((5, {"POND-07": "minor"}), (9, {"POND-07": "minor"}), (10, {})):
        outcome = evaluate(
            CHECKLIST,
            "pond",
            CLEAN["pond"] | WORKS | {"reed": "planted", "reed_survival_pct": 79.9},
            visit_type="patrol",
            context=make_context(OCTOBER.replace(month=month)),
        )
        assert found(outcome) == expected


def test_every_requirement_is_opened_by_some_case_above() -> None:
    opened = (
        {code for *_, expected in OPENS for code in expected}
        | {c for *_, e in BY_FACT for c in e}
        | {"POND-07"}
    )
    assert opened == set(requirements())


def test_one_visit_makes_one_finding_a_code_with_all_its_keys() -> None:
    outcome = visit("pond", colour="black", odour="strong", transparency_cm=10, depth_cm=60, do_mgl=1, ph=5)
    assert {finding.code: finding.keys for finding in outcome.findings} == {
        "POND-01": ("colour", "odour"),
        "POND-04": ("transparency_cm", "do_mgl", "ph"),
    }
    assert outcome.judgements["black_odour"]["reasons"] == ["transparency", "do"]
    assert outcome.judgements["water_class"]["result"] == "worse"


# What must be answered: a kind, a visit type, changes to a clean visit, and what is missing then.
MISSING: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("straw", "verify", {}, {"lead_source", "found_at", "arrived_at"}),
    (
        "straw",
        "patrol",
        {"fire_state": "burning"},
        {
            "lead_source",
            "found_at",
            "burnt_material",
            "hazard_near",
            "extinguished",
            "party_known",
            "handling",
        },
    ),
    ("straw", "patrol", {**FIRE, "burnt_area_mu": None}, {"burnt_area_mu"}),
    ("straw", "patrol", {**FIRE, "party_known": True}, {"party_name"}),
    ("pond", "patrol", {"transparency_cm": 30}, {"depth_cm"}),
    ("pond", "patrol", {"depth_cm": 24}, {"clear_to_bottom"}),
    ("pond", "patrol", {"depth_cm": 25}, set()),
    ("pond", "patrol", {"inflow": "treated"}, {"inflow_source"}),
    ("pond", "patrol", {"facility": "running"}, {"oxidation_pond"}),
    ("pond", "patrol", {"facility": "running", "oxidation_pond": "built"}, {"reed"}),
    (
        "pond",
        "patrol",
        {"facility": "running", "oxidation_pond": "built", "reed": "partial"},
        {"reed_area_m2"},
    ),
    ("pond", "recheck", {"satisfied_pct": 90}, {"asked_count"}),
    ("pond", "patrol", {"water_state": "dry"}, set()),
    ("pond", "patrol", {"sign_board": None}, {"sign_board"}),
    (
        "greenhouse",
        "patrol",
        {"actual_use": ["meeting"]},
        {"nonfarm_place", "nonfarm_area_m2", "let_or_sold"},
    ),
    ("greenhouse", "patrol", {"guard_house": True}, {"guard_area_m2", "guard_floors", "guard_count"}),
    ("greenhouse", "patrol", {"topsoil_damaged": True}, {"disposition"}),
    (
        "greenhouse",
        "recheck",
        {"topsoil_damaged": True, "disposition": ["demolish", "reclaim"]},
        {"demolish_pct", "debris_cleared", "soil_cover_cm", "reclaimed_mu", "replanted"},
    ),
    ("afforestation", "patrol", {"stage": "level"}, {"levelled_mu", "soil_m3", "on_farmland"}),
    ("afforestation", "patrol", {"stage": "pipe"}, {"pipe_m", "irrigation_ok"}),
    ("afforestation", "patrol", {"stage": "buy"}, {"species", "plant_count", "grade", "quarantine_cert"}),
    (
        "afforestation",
        "patrol",
        {"stage": "survival"},
        {"species", "density_mu", "sample_pct", "counted", "alive"},
    ),
]


@pytest.mark.parametrize(("kind", "visit_type", "changes", "expected"), MISSING)
def test_what_must_be_answered_unfolds_with_the_answers(
    kind: str, visit_type: str, changes: dict[str, Any], expected: set[str]
) -> None:
    missing = set(visit(kind, visit_type, **changes).missing)
    assert missing - {"fixed_on_spot", "photo_detail"} == expected


def test_a_finding_asks_for_a_detail_photo_and_whether_it_was_put_right() -> None:
    assert set(visit("pond", odour="strong").missing) == {"fixed_on_spot", "photo_detail"}
    photos = {"photo_overview": 1, "photo_detail": 1}
    assert visit("pond", photos=photos, odour="strong", fixed_on_spot=False).is_sound
    assert visit("pond", photos=photos, odour="strong", fixed_on_spot=True).missing == ("photo_after",)


def test_subtypes_ask_for_what_they_measure() -> None:
    plant = {"stage": "plant", "irrigation_ok": True, "species": ["elm"], "plant_count": 9, "density_mu": 90}
    plant["on_farmland"] = "no"
    for subtype, missing in (
        ("area", {"planted_mu"}),
        ("four_sides", {"roadside_trees", "rows"}),
        ("road_net", {"rows"}),
        (None, set()),
    ):
        assert set(visit("afforestation", **plant, facts={"site": {"subtype": subtype}}).missing) == missing


def test_villagers_are_asked_when_a_foul_pond_is_checked_again() -> None:
    outcome = visit("pond", "recheck", facts={"codes": {"open": ["POND-04"]}})
    assert outcome.missing == ("satisfied_pct",)
    assert visit("pond", "recheck", facts={"codes": {"open": ["POND-09"]}}).is_sound
    few = visit("pond", "recheck", satisfied_pct=90, asked_count=9)
    assert [problem.code for problem in few.problems] == ["too_few_asked"]


def test_a_place_not_reached_asks_nothing_but_why() -> None:
    outcome = visit("pond", access="blocked", odour="strong")
    assert outcome.result.value == "unable"
    assert outcome.missing == ("access_reason",)
    assert outcome.findings == ()
    assert "odour" in outcome.unasked
    assert outcome.answers["odour"] == "strong"
    assert [(note.code, note.level) for note in outcome.warnings] == [("come_again", "note")]
    assert visit("pond", access="blocked", access_reason="路被水冲断").is_sound


def test_nothing_found_asks_nothing() -> None:
    outcome = check_answers(CHECKLIST, "pond", {}, visit_type="patrol", nothing_found=True)
    assert (outcome.shown, outcome.required, outcome.result.value) == ((), (), "normal")


def test_nothing_found_keeps_what_came_along_but_judges_none_of_it() -> None:
    outcome = evaluate(
        CHECKLIST,
        "pond",
        {"odour": "strong", "ph": "sour"},
        visit_type="patrol",
        photos={"photo_overview": 1},
        nothing_found=True,
    )
    assert (outcome.findings, outcome.problems) == ((), ())
    assert outcome.unasked == ("odour", "ph", "photo_overview")
    assert outcome.answers == {"odour": "strong"}


def test_answers_to_questions_not_asked_are_kept_out_of_judging() -> None:
    outcome = visit("pond", water_state="frozen", colour="black", do_mgl=0.1, ph="lemon")
    assert outcome.findings == ()
    assert outcome.problems == ()
    assert set(outcome.unasked) == {"colour", "do_mgl", "ph", "odour", "floating", "water_area_m2"}
    assert outcome.answers["colour"] == "black"
    assert "ph" not in outcome.answers


def test_not_assessed_is_kept_for_optional_questions_and_missing_for_others() -> None:
    outcome = visit("pond", ph=None, sign_board=None)
    assert outcome.answers["ph"] is None
    assert "ph" not in outcome.folded
    assert outcome.missing == ("sign_board",)


def test_unknown_keys_are_named() -> None:
    outcome = visit("pond", photos={"photo_overview": 1, "photo_fire": 1}, colour_="x", visit_type_="y")
    assert [(problem.key, problem.code) for problem in outcome.problems] == [
        ("colour_", "unknown"),
        ("visit_type_", "unknown"),
        ("photo_fire", "unknown"),
    ]


@pytest.mark.parametrize("answers", [[], "odour=strong", None, 5])
def test_answers_that_are_no_object_are_refused(answers: Any) -> None:
    with pytest.raises(AnswersInvalid) as raised:
        check_answers(CHECKLIST, "pond", answers, visit_type="patrol")
    assert raised.value.problems[""].problem.code == "unreadable"


def test_too_many_photos_are_refused() -> None:
    outcome = visit("pond", photos={"photo_overview": 6})
    assert [(problem.key, dict(problem.facts)) for problem in outcome.problems] == [
        ("photo_overview", {"max": 5})
    ]


def test_a_visit_type_must_be_one_of_the_list() -> None:
    assert [problem.key for problem in visit("pond", "party").problems] == ["visit_type"]
    assert visit("pond", None).missing == ("visit_type",)


def test_all_that_is_wrong_is_said_at_once_by_item() -> None:
    wrong = CLEAN["pond"] | {"ph": 15, "stage": None, "odour": "sweet"}
    with pytest.raises(AnswersInvalid) as raised:
        check_answers(CHECKLIST, "pond", wrong, visit_type="patrol")
    error = raised.value
    assert {key: str(one) for key, one in error.problems.items()} == {
        "ph": "Enter a number from 0 to 14",
        "odour": "Choose one of the answers offered",
        "stage": "Answer this question",
        "photo_overview": "Add photos here: 1 or more",
    }
    assert error.problems["ph"].field == "ph"
    assert error.outcome.result.value == "normal"


def test_what_is_missing_is_said_in_its_own_words() -> None:
    outcome = visit("pond", photos={}, stage=None)
    said = [(one.key, one.code) for one in missing_problems(CHECKLIST, "pond", outcome)]
    assert said == [("stage", "required"), ("photo_overview", "photo_missing")]


# Answers that cannot both be true: a kind, changes, and the code of the problem, warning or note.
PLANT = {"stage": "plant", "on_farmland": "no"}
CROSS: list[tuple[str, str, dict[str, Any], dict[str, Any], str, str]] = [
    (
        "straw",
        "verify",
        {"found_at": DAY.format(7), "arrived_at": DAY.format(6)},
        {},
        "warning",
        "arrived_before_found",
    ),
    (
        "straw",
        "patrol",
        {
            **FIRE,
            "fire_state": "burning",
            "arrived_at": DAY.format(7),
            "extinguished": True,
            "extinguished_at": DAY.format(6),
        },
        {},
        "error",
        "out_before_arrival",
    ),
    (
        "straw",
        "patrol",
        {**FIRE, "fire_state": "burning", "extinguished": False},
        {},
        "note",
        "still_burning",
    ),
    ("pond", "patrol", {"transparency_cm": 61, "depth_cm": 60}, {}, "error", "transparency_over_depth"),
    (
        "pond",
        "patrol",
        {**WORKS, "reed": "planted", "reed_area_m2": 1001},
        {"site": {"area_m2": 1000}},
        "error",
        "reed_over_site",
    ),
    (
        "greenhouse",
        "patrol",
        {"hardened_m2": 600, "actual_use": ["market"], "nonfarm_area_m2": 501},
        {"site": {"area_m2": 1000}},
        "error",
        "built_over_site",
    ),
    ("greenhouse", "patrol", {"shed_area_mu": 1.66}, {"site": {"area_m2": 1000}}, "error", "sheds_over_site"),
    (
        "greenhouse",
        "recheck",
        {"topsoil_damaged": True, "disposition": ["demolish"], "debris_cleared": True, "demolish_pct": 99},
        {},
        "error",
        "rubble_before_demolition",
    ),
    (
        "greenhouse",
        "recheck",
        {"topsoil_damaged": True, "disposition": ["reclaim"], "soil_cover_cm": 29},
        {},
        "warning",
        "soil_too_thin",
    ),
    ("afforestation", "patrol", {**SURVEY, "alive": 301}, {}, "error", "alive_over_counted"),
    ("afforestation", "patrol", PLANT, {"site": {"basic_farmland_m2": 11}}, "error", "basic_farmland_here"),
    (
        "afforestation",
        "patrol",
        {**SURVEY, "alive": 290, "density_mu": 121},
        {"site": {"design_density": 100}},
        "warning",
        "density_off_design",
    ),
    (
        "afforestation",
        "patrol",
        {**SURVEY, "alive": 290, "sample_pct": 99},
        {"site": {"area_m2": 150_000}},
        "warning",
        "sample_too_small",
    ),
    (
        "afforestation",
        "patrol",
        {**SURVEY, "alive": 290},
        {"site": {"survey_early": True}},
        "note",
        "surveyed_early",
    ),
    ("pond", "patrol", {"ph": 11}, {}, "warning", "unlikely"),
]


@pytest.mark.parametrize(("kind", "visit_type", "changes", "facts", "level", "code"), CROSS)
def test_answers_are_held_against_each_other(
    kind: str, visit_type: str, changes: dict[str, Any], facts: dict[str, Any], level: str, code: str
) -> None:
    outcome = visit(kind, visit_type, **changes, facts=facts)
    said = outcome.problems if level == "error" else outcome.warnings
    assert [(one.code, one.level) for one in said if one.code == code] == [(code, level)]


# The same a hair's breadth inside, where nothing is said.
WITHIN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("pond", {"transparency_cm": 60, "depth_cm": 60}, {}),
    ("pond", {**WORKS, "reed": "planted", "reed_area_m2": 1000}, {"site": {"area_m2": 1000}}),
    ("greenhouse", {"shed_area_mu": 1.65}, {"site": {"area_m2": 1000}}),
    ("greenhouse", {"shed_area_mu": 1.65}, {}),
    ("afforestation", {**SURVEY, "alive": 300, "density_mu": 120}, {"site": {"design_density": 100}}),
    ("afforestation", {**SURVEY, "alive": 300, "sample_pct": 5}, {"site": {"area_m2": 150_001}}),
    ("afforestation", PLANT, {"site": {"basic_farmland_m2": 10}}),
    ("afforestation", {**PLANT, "remark": "界线有误，已报自然资源局"}, {"site": {"basic_farmland_m2": 11}}),
]


@pytest.mark.parametrize(("kind", "changes", "facts"), WITHIN)
def test_at_the_limit_nothing_is_said(kind: str, changes: dict[str, Any], facts: dict[str, Any]) -> None:
    outcome = visit(kind, **changes, facts=facts)
    assert (outcome.problems, outcome.warnings) == ((), ())


def test_arrival_may_be_five_minutes_before_the_time_found() -> None:
    times = {"found_at": DAY.format(7), "arrived_at": "2026-10-20T06:55:00.000Z"}
    assert visit("straw", "verify", lead_source="satellite", **times).warnings == ()
