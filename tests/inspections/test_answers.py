from __future__ import annotations

import math
from typing import Any

import pytest

from inspections.checklists import load_checklist, read_form_answers
from inspections.checklists.answers import Wrong, clean, clean_text
from inspections.checklists.conditions import instant_ms

NOW = instant_ms("2026-10-20T08:00:00.000Z")


def kept(kind: str, key: str, value: Any) -> Any:
    return clean(load_checklist().item(kind, key), value, NOW)


def refused(kind: str, key: str, value: Any) -> str:
    with pytest.raises(Wrong) as raised:
        kept(kind, key, value)
    return raised.value.code


def typed(kind: str, key: str, *texts: str) -> Any:
    answers, problems = read_form_answers(load_checklist(), kind, {key: list(texts)})
    assert not problems, problems
    return answers.get(key)


@pytest.mark.parametrize("value", [True, "5", None, [5], {}, math.nan, math.inf, -math.inf, 10**400])
def test_only_finite_numbers_are_numbers(value: Any) -> None:
    if value is not None:
        assert refused("pond", "ph", value) == "number"


def test_ranges_include_their_ends_and_name_them() -> None:
    assert kept("pond", "ph", 14) == 14
    with pytest.raises(Wrong) as raised:
        kept("pond", "ph", 14.01)
    assert (raised.value.code, raised.value.facts) == ("range", {"min": 0, "max": 14})


def test_whole_numbers_may_carry_a_point_but_no_fraction() -> None:
    assert kept("straw", "pile_count", 3.0) == 3
    assert refused("straw", "pile_count", 3.5) == "integer"
    assert refused("straw", "pile_count", 501) == "range"


def test_choices_are_those_offered_each_once() -> None:
    assert refused("pond", "colour", "Black") == "choice"
    assert refused("pond", "colour", ["black"]) == "choice"
    assert refused("straw", "burnt_material", ["straw", "straw"]) == "choices"
    assert refused("straw", "burnt_material", "straw") == "choices"
    assert refused("straw", "hazard_near", ["none", "forest"]) == "alone"
    assert kept("straw", "burnt_material", ["straw", "film"]) == ["straw", "film"]
    assert kept("straw", "burnt_material", []) is None


def test_text_loses_what_cannot_be_seen_and_keeps_its_lines() -> None:
    assert clean_text("\u202e王\u0000某\t\ud800 \u3000") == "王某"
    assert kept("pond", "remark", " 一\r\n二 ") == "一\n二"
    assert kept("straw", "party_name", "王\n某") == "王 某"
    assert kept("straw", "party_name", " \u200b ") is None


def test_text_is_measured_in_characters() -> None:
    assert kept("straw", "party_name", "😀" * 40) == "😀" * 40
    assert refused("straw", "party_name", "😀" * 41) == "length"
    assert refused("straw", "party_name", "王") == "length"


def test_markup_is_only_text() -> None:
    text = "<script>${alert(1)}</script>'; DROP TABLE visits;--"
    assert kept("pond", "remark", text) == text


@pytest.mark.parametrize(
    ("text", "written"), [("2x3", "2 x 3"), ("1.5 × 2 m", "1.5 x 2"), ("２＊３", "2 x 3"), ("2 X 3", "2 x 3")]
)
def test_a_spacing_is_two_distances(text: str, written: str) -> None:
    assert kept("afforestation", "spacing_m", text) == written


@pytest.mark.parametrize("text", ["2", "2 x", "0.4 x 3", "2 x 10.1", "2 x 3 x 4", "two x three"])
def test_what_is_no_spacing_is_refused(text: str) -> None:
    assert refused("afforestation", "spacing_m", text) == "spacing"


def test_times_lie_between_a_month_ago_and_now() -> None:
    assert kept("straw", "found_at", "2026-10-20T08:05:00Z") == "2026-10-20T08:05:00.000Z"
    assert refused("straw", "found_at", "2026-10-20T08:05:00.001Z") == "datetime_range"
    assert refused("straw", "found_at", "2026-09-20T07:59:59.999Z") == "datetime_range"
    assert refused("straw", "found_at", "yesterday") == "datetime"


TRIANGLE = [[100, 38], [101, 38], [101, 39], [100, 38]]


def test_an_outline_is_a_closed_ring() -> None:
    shape = {"type": "Polygon", "coordinates": [TRIANGLE], "crs": "forged"}
    assert kept("straw", "burnt_shape", shape) == {"type": "Polygon", "coordinates": [TRIANGLE]}
    several = {"type": "MultiPolygon", "coordinates": [[TRIANGLE], [TRIANGLE, TRIANGLE]]}
    assert kept("straw", "burnt_shape", several) == several


@pytest.mark.parametrize(
    "coordinates",
    [
        [],
        [[]],
        [TRIANGLE[:3]],
        [TRIANGLE[:3] + [[100, 38.1]]],
        [[[100, 38, 1200]] * 4],
        [[[100, True]] * 4],
        [[[100, math.nan]] * 4],
        [[[181, 38]] * 4],
        "nowhere",
    ],
)
def test_what_is_no_ring_is_refused(coordinates: Any) -> None:
    assert refused("straw", "burnt_shape", {"type": "Polygon", "coordinates": coordinates}) == "polygon"


def test_an_outline_with_too_many_corners_is_refused() -> None:
    ring = [[100, 38]] * 5001
    assert refused("straw", "burnt_shape", {"type": "Polygon", "coordinates": [ring]}) == "outline_size"


def test_photos_are_no_answers() -> None:
    assert refused("pond", "photo_overview", 1) == "unknown"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("１，２００．５ m²", 1200.5),
        ("1200m2", 1200),
        ("1,200 M²", 1200),
        (" 7 ", 7),
        ("12。5", 12.5),
        ("+3", 3),
        ("12.", 12),
    ],
)
def test_numbers_are_read_as_people_type_them(text: str, number: float) -> None:
    assert typed("pond", "water_area_m2", text) == number


def test_a_minus_may_be_the_printers() -> None:
    assert typed("pond", "orp_mv", "\u2212１２０mV") == -120


@pytest.mark.parametrize("text", ["1,2", "1 200", "1e3", "five", "5 kg", ".", "0x10", "1" * 40, "٣"])
def test_what_is_no_number_is_kept_as_typed_and_refused_in_the_same_words(text: str) -> None:
    answers, problems = read_form_answers(load_checklist(), "pond", {"ph": [text]})
    assert answers == {"ph": text}
    assert [problem.code for problem in problems] == [refused("pond", "ph", text)] == ["number"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-20T15:30",
        "2026-10-20 15:30:00",
        "2026/10/20 15:30",
        "2026年10月20日 15时30分",
        "２０２６-10-20 15:30",
    ],
)
def test_times_are_read_as_beijings(text: str) -> None:
    assert typed("straw", "found_at", text) == "2026-10-20T07:30:00.000Z"


def test_a_time_that_is_none_is_refused() -> None:
    answers, problems = read_form_answers(load_checklist(), "straw", {"found_at": ["2026-02-30 10:00"]})
    assert answers["found_at"] == "2026-02-30 10:00"
    assert [problem.code for problem in problems] == ["datetime"]


def test_a_form_says_yes_no_several_and_not_assessed() -> None:
    assert typed("pond", "sign_board", "true") is True
    assert typed("pond", "sign_board", "no") is False
    assert typed("straw", "burnt_material", "straw", "film") == ["straw", "film"]
    answers, _ = read_form_answers(
        load_checklist(), "pond", {"ph": ["not_assessed"], "stage": [""], "csrf": ["x"]}
    )
    assert answers == {"ph": None}


def test_an_outline_comes_from_a_form_as_json() -> None:
    assert typed("straw", "burnt_shape", '{"type": "Polygon", "coordinates": []}')["type"] == "Polygon"
    _, problems = read_form_answers(load_checklist(), "straw", {"burnt_shape": ["[" * 100_000]})
    assert [problem.code for problem in problems] == ["polygon"]
