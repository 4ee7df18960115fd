from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from inspections.checklists.conditions import fact, holds, instant_ms, instant_text, make_context


class Known:
    """A reading of plain values."""

    def __init__(self, facts: dict[str, Any] | None = None, **values: Any) -> None:
        self.values = values
        self.facts = facts or {}

    def value(self, key: str) -> Any:
        return self.values.get(key)

    def fact(self, name: str) -> Any:
        return self.facts.get(name)

    def judgement(self, name: str) -> dict[str, Any] | None:
        return {"result": "black_odorous", "reasons": ["do"]} if name == "black_odour" else None

    def opened(self, codes: bool | list[str]) -> bool:
        return codes is True or "POND-01" in codes


def says(op: str, value: Any, **values: Any) -> bool:
    return holds({"key": "a", "op": op, "value": value}, Known(**values))


def test_silence_satisfies_no_comparison_but_can_be_asked_for() -> None:
    for op, value in (("eq", None), ("ne", "x"), ("in", [None]), ("lt", 1), ("only", []), ("contains", None)):
        assert not says(op, value)
    assert holds({"not": {"key": "a", "op": "eq", "value": "x"}}, Known())
    assert not holds({"key": "a", "op": "given"}, Known())
    assert holds({"key": "a", "op": "given"}, Known(a=False))


def test_yes_is_not_the_number_one() -> None:
    assert not says("eq", 1, a=True)
    assert not says("in", [0, 1], a=False)
    assert not says("gte", 0, a=True)


def test_lists_are_compared_by_their_members() -> None:
    assert says("contains", "film", a=["straw", "film"])
    assert says("contains_any", ["garbage", "film"], a=["straw", "film"])
    assert says("only", ["ritual", "industry"], a=["ritual"])
    assert not says("only", ["ritual", "industry"], a=["ritual", "straw"])
    assert not says("contains", "a", a="a word")


def test_operands_may_be_other_answers_facts_or_a_default() -> None:
    assert holds({"key": "a", "op": "gt", "value_of": "b"}, Known(a=2, b=1))
    assert not holds({"key": "a", "op": "gt", "value_of": "b"}, Known(a=2))
    by_design = {"key": "a", "op": "gt", "value_of_context": "design", "times": 1.2}
    assert holds(by_design, Known({"design": 100}, a=121))
    assert not holds(by_design, Known(a=121))
    assert holds({"key": "a", "op": "gt", "value_of_context": "x", "otherwise": 0}, Known(a=1))


def test_a_sum_counts_what_is_given() -> None:
    added = {"sum": ["a", "b"], "op": "gt", "value": 10}
    assert holds(added, Known(a=6, b=5))
    assert not holds(added, Known(a=6))
    assert not holds({"not": {"sum": ["a", "b"], "op": "given"}}, Known(a=0))


def test_instants_compare_with_minutes_to_spare() -> None:
    early = {"key": "a", "op": "lt", "value_of": "b", "plus_minutes": -5}
    assert not holds(early, Known(a="2026-10-20T07:55:00.000Z", b="2026-10-20T08:00:00.000Z"))
    assert holds(early, Known(a="2026-10-20T07:54:59.999Z", b="2026-10-20T08:00:00.000Z"))


def test_judgements_and_findings_can_be_asked() -> None:
    assert holds({"judgement": "black_odour", "is": "black_odorous"}, Known())
    assert holds({"judgement": "black_odour", "because": "do"}, Known())
    assert not holds({"judgement": "survival", "is": "failed"}, Known())
    assert holds({"all": [{"opened": True}, {"opened": ["POND-01"]}]}, Known())
    assert not holds({"any": [{"opened": ["GH-01"]}, False]}, Known())


def test_what_is_no_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="not a condition"):
        holds({"if": "x"}, Known())


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00.000Z",
        "2026-10-20T24:00:00Z",
        "2026-10-20T08:00:60Z",
        "1999-12-31T23:59:59Z",
        "2026-10-20 08:00Z",
        "2026-10-20T08:00:00+08:00",
        "２０26-10-20T08:00:00Z",
        "2026-10-20T08:00:00.0000Z",
        None,
        5,
    ],
)
def test_only_utc_instants_of_real_days_are_read(text: object) -> None:
    assert instant_ms(text) is None


def test_instants_are_written_in_utc_with_milliseconds() -> None:
    in_beijing = datetime(2026, 3, 13, 16, 0, 0, 123999, tzinfo=timezone(timedelta(hours=8)))
    assert instant_text(in_beijing) == "2026-03-13T08:00:00.123Z"
    assert instant_text(instant_ms("2024-02-29T08:00Z")) == "2024-02-29T08:00:00.000Z"


def in_autumn(now: str, **sections: Any) -> dict[str, Any]:
    return {"now": now, **sections}


def test_the_season_is_that_of_beijings_day() -> None:
    windows = {"seasons": {"straw": [["09-15", "11-30"]]}}
    last = in_autumn("2026-11-30T15:59:59.999Z", **windows)
    after = in_autumn("2026-11-30T16:00:00.000Z", **windows)
    assert fact(last, "straw.in_season") is True
    assert fact(after, "straw.in_season") is False
    assert fact(after, "straw.season_over") is True
    assert fact(after, "month") == 12
    assert fact(in_autumn("2026-11-30T16:00:00.000Z"), "straw.season_over") is None


def test_a_season_may_cross_the_new_year() -> None:
    windows = {"seasons": {"straw": [["11-15", "02-10"]]}}
    assert fact(in_autumn("2026-12-31T00:00:00.000Z", **windows), "straw.in_season") is True
    assert fact(in_autumn("2026-02-10T00:00:00.000Z", **windows), "straw.in_season") is True
    assert fact(in_autumn("2026-02-11T00:00:00.000Z", **windows), "straw.in_season") is False


def test_a_milestone_has_passed_when_its_day_is_over() -> None:
    name = "milestone.oxidation_pond.passed"
    day = {"milestones": {"oxidation_pond": "2026-06-30"}}
    assert fact(in_autumn("2026-06-30T15:59:59.000Z", **day), name) is False
    assert fact(in_autumn("2026-06-30T16:00:00.000Z", **day), name) is True
    assert fact(in_autumn("2026-06-30T16:00:00.000Z"), name) is None


def test_a_context_names_every_fact_and_refuses_others() -> None:
    now = datetime(2026, 3, 13, 8, tzinfo=UTC)
    context = make_context(now, site={"subtype": "pond"})
    assert context["now"] == "2026-03-13T08:00:00.000Z"
    assert (context["site"]["subtype"], context["profile"]["guard"]) == ("pond", None)
    with pytest.raises(ValueError, match=r"site\.colour"):
        make_context(now, site={"colour": "red"})
