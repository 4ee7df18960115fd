from __future__ import annotations

import pytest

from inspections.checklists.judgements import black_odour, guard_house, survival, water_class

# Worked examples of the domain model.
BLACK_ODOUR = [
    ({"depth_cm": 60, "transparency_cm": 25, "do": 2.0, "nh3n": 15.0}, "not"),
    ({"depth_cm": 60, "transparency_cm": 24.9, "do": 5, "nh3n": 1}, "black_odorous"),
    ({"depth_cm": 20, "transparency_cm": 8, "do": 5, "nh3n": 1}, "not"),
    ({"depth_cm": 20, "transparency_cm": 7.9, "do": 5, "nh3n": 1}, "black_odorous"),
    (
        {"depth_cm": 20, "transparency_cm": 20, "clear_to_bottom": True, "do": 1.9, "nh3n": 1},
        "black_odorous",
    ),
    ({"depth_cm": 60, "transparency_cm": 40, "do": 5, "nh3n": 15.1}, "black_odorous"),
]
SURVIVAL = [
    (255, 85.0, "pass", "pass"),
    (254, 84.7, "replant", "pass"),
    (210, 70.0, "replant", "pass"),
    (209, 69.7, "replant", "replant"),
    (123, 41.0, "replant", "replant"),
    (122, 40.7, "failed", "failed"),
]
GUARD_HOUSE = [
    ("north", 1.0, 22.5, 1, True),
    ("north", 1.0, 22.6, 1, False),
    ("severe_cold", 2.0, 31, 1, False),
    ("severe_cold", 2.01, 40, 1, True),
    ("severe_cold", 5, 20, 2, False),
]


@pytest.mark.parametrize(("measured", "result"), BLACK_ODOUR)
def test_black_odour_as_in_the_worked_examples(measured: dict, result: str) -> None:
    assert black_odour(**measured)["result"] == result


def test_black_odour_names_every_indicator_that_fails() -> None:
    judged = black_odour(depth_cm=60, transparency_cm=9, do=1, nh3n=20, orp=-100)
    assert judged["reasons"] == ["transparency", "do", "nh3n"]
    assert judged["degree"] == "heavy"
    assert judged["inputs"]["orp"] == -100


def test_black_odour_is_light_until_a_heavy_limit_is_passed() -> None:
    assert black_odour(depth_cm=60, transparency_cm=10, do=0.2, nh3n=15, orp=-200)["degree"] == "light"
    assert black_odour(depth_cm=60, transparency_cm=10, do=0.2, nh3n=15, orp=-201)["degree"] == "heavy"


def test_black_odour_is_incomplete_only_while_nothing_fails() -> None:
    assert black_odour(do=5)["result"] == "incomplete"
    assert black_odour(do=1)["result"] == "black_odorous"
    assert black_odour(transparency_cm=24, do=5, nh3n=1)["result"] == "incomplete"  # how deep is not known
    assert black_odour(transparency_cm=25, do=5, nh3n=1)["result"] == "not"


def test_black_odour_does_not_apply_to_ice_or_dry_ground() -> None:
    assert black_odour(water_state="frozen", do=0)["result"] == "not_applicable"
    assert black_odour(water_state="dry")["reasons"] == []
    assert black_odour(water_state="open", orp=-300) is None


def test_a_shallow_pond_is_judged_by_the_decimals_that_were_written() -> None:
    """0.4 x 9.4 is 3.76 exactly, though not as binary numbers."""
    assert black_odour(depth_cm=9.4, transparency_cm=3.76, do=5, nh3n=1)["result"] == "not"
    assert black_odour(depth_cm=9.4, transparency_cm=3.7599, do=5, nh3n=1)["result"] == "black_odorous"


def test_a_shallow_pond_that_is_clear_to_the_bottom_passes() -> None:
    assert (
        black_odour(depth_cm=24.9, transparency_cm=1, clear_to_bottom=True, do=5, nh3n=1)["result"] == "not"
    )
    deep = black_odour(depth_cm=25, transparency_cm=1, clear_to_bottom=True, do=5, nh3n=1)
    assert deep["result"] == "black_odorous"


RIVER = {"ph": 7.8, "do": 4.2, "pi": 8, "cod": 28, "bod5": 5.5, "nh3n": 1.3, "tp": 0.25}


def test_river_of_class_four_and_the_same_water_in_a_lake() -> None:
    assert water_class("river", **RIVER)["result"] == "iv"
    lake = water_class("lake", **RIVER)
    assert (lake["result"], lake["reasons"]) == ("worse", ["tp"])


def test_acid_or_alkaline_water_is_worse_than_five_for_that_reason() -> None:
    judged = water_class("river", ph=9.2, do=8, pi=2, cod=15, bod5=3, nh3n=0.15, tp=0.02)
    assert (judged["result"], judged["reasons"]) == ("worse", ["ph"])
    assert judged["by"]["tp"] == "i"
    assert water_class("river", ph=9)["result"] == "i"


def test_class_limits_include_their_own_value() -> None:
    assert water_class("river", do=7.5)["result"] == "i"
    assert water_class("river", do=7.4)["result"] == "ii"
    assert water_class("river", do=2)["result"] == "v"
    assert water_class("river", do=1.99)["result"] == "worse"
    assert water_class("river", cod=15)["result"] == "i"  # one and two share their limit: the better class


def test_below_detection_counts_half_and_is_kept_as_written() -> None:
    judged = water_class("lake", tp="<0.04")
    assert judged["result"] == "ii"
    assert judged["inputs"]["tp"] == "<0.04"


def test_total_nitrogen_counts_in_lakes_only() -> None:
    assert water_class("lake", tn=3)["result"] == "worse"
    assert water_class("river", tn=3) is None


@pytest.mark.parametrize(("alive", "rate", "irrigated", "arid"), SURVIVAL)
def test_survival_as_in_the_worked_examples(alive: int, rate: float, irrigated: str, arid: str) -> None:
    judged = survival(300, alive)
    assert (judged["rate"], judged["irrigated"], judged["arid"]) == (rate, irrigated, arid)
    assert judged["result"] == irrigated
    assert survival(300, alive, line="arid")["result"] == arid


def test_a_rate_is_rounded_half_up_but_judged_unrounded() -> None:
    assert survival(2000, 1699)["rate"] == 85.0  # 84.95
    assert survival(2000, 1699)["irrigated"] == "replant"
    assert survival(800, 1)["rate"] == 0.1  # 0.125


def test_preservation_has_lines_of_its_own() -> None:
    assert survival(100, 80, stage="preserve")["result"] == "pass"
    assert survival(100, 65, stage="preserve", line="arid")["result"] == "pass"
    assert survival(100, 64, stage="preserve", line="arid")["result"] == "replant"


def test_an_early_survey_is_not_judged_but_shows_its_rate() -> None:
    judged = survival(300, 100, early=True)
    assert (judged["result"], judged["reasons"], judged["rate"]) == ("early", [], 33.3)


def test_survival_needs_a_possible_count() -> None:
    assert survival(0, 0) is None
    assert survival(100, 101) is None
    assert survival(100, None) is None


@pytest.mark.parametrize(("profile", "shed_mu", "area", "floors", "ok"), GUARD_HOUSE)
def test_guard_house_as_in_the_worked_examples(
    profile: str, shed_mu: float, area: float, floors: int, ok: bool
) -> None:
    judged = guard_house(area, floors, 1, shed_count=1, shed_area_mu=shed_mu, profile=profile)
    assert judged["result"] == ("within" if ok else "over")


def test_guard_house_says_which_limit_and_what_is_broken() -> None:
    judged = guard_house(16, 2, 4, shed_count=3, shed_area_mu=3, profile="south")
    assert (judged["limit_m2"], judged["reasons"]) == (15, ["area", "floors", "count"])


def test_the_larger_guard_house_needs_more_than_two_mu_for_each_shed() -> None:
    assert guard_house(40, 1, 3, shed_count=3, shed_area_mu=6, profile="severe_cold")["result"] == "over"
    assert guard_house(40, 1, 3, shed_count=3, shed_area_mu=6.01, profile="severe_cold")["result"] == "within"


def test_the_north_is_the_default_profile() -> None:
    assert guard_house(22.5, 1, 1)["limit_m2"] == 22.5
    assert guard_house(None, 1, 1) is None
