"""The checklists and requirements as data: complete, in both languages, asking only for what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from inspections.checklists import ChecklistUnknown, load_checklist, problem_messages
from inspections.checklists.conditions import DERIVED_FACTS, FACTS
from inspections.checklists.requirements import requirement, requirements
from inspections.errors import NotFound
from inspections.terms import Kind, Severity, codes

CHECKLIST = load_checklist()


def test_the_checklist_is_found_by_version() -> None:
    assert load_checklist("2026.1") is load_checklist()
    with pytest.raises(ChecklistUnknown, match=r"checklist 1999\.1") as raised:
        load_checklist("1999.1")
    assert isinstance(raised.value, NotFound)


def test_the_lists_hold_every_question_and_requirement_of_the_domain() -> None:
    counted = {kind: len(CHECKLIST.items(kind)) - 9 for kind in Kind}
    assert counted == {
        "straw": 20,
        "pond": 29,
        "greenhouse": 24,
        "afforestation": 24,
    }  # one more: hardened_place
    assert len(requirements()) == 28
    assert requirement("POND-04").severity is Severity.MAJOR


def test_every_item_stands_under_one_heading_with_words_in_both_languages() -> None:
    for kind in Kind:
        rows = [*CHECKLIST.data["common"], *CHECKLIST.data["kinds"][kind]]
        items = CHECKLIST.items(kind)
        assert sorted(item.key for item in items) == sorted(row["key"] for row in rows)
        assert len({item.key for item in items}) == len(items)
        for item in items:
            assert item.label("zh_CN") != item.label("en") or item.key == "ph"
            assert bool(item.options) == (item.type in ("enum", "multi"))
            assert set(item.alone) <= set(item.values)
        for group, members in CHECKLIST.groups(kind):
            assert members, group


def test_numbers_have_ranges_and_the_likely_part_lies_within() -> None:
    for kind in Kind:
        for item in CHECKLIST.items(kind):
            if item.type in ("number", "integer"):
                assert item.min < item.max
                if item.warn_min is not None:
                    assert item.min <= item.warn_min < item.warn_max <= item.max


def conditions(kind: str) -> Iterator[tuple[str, Any]]:
    """Every condition of a kind, with the key of what it belongs to."""
    for row in (*CHECKLIST.data["common"], *CHECKLIST.data["kinds"][kind]):
        for name in ("shown", "unfolds", "required"):
            yield row["key"], row.get(name, True)
        yield from ((row["key"], opening["when"]) for opening in row.get("opens", ()))
    for check in (*CHECKLIST.data["checks"]["common"], *CHECKLIST.data["checks"][kind]):
        yield check["keys"][0], check["when"]
    for needed in requirements().values():
        if needed.kind == kind:
            yield from (("", rule["when"]) for rule in needed.severity_rules)


def parts(condition: Any) -> Iterator[Mapping[str, Any]]:
    """The comparisons within a condition."""
    if isinstance(condition, bool):
        return
    for inner in (*condition.get("all", ()), *condition.get("any", ()), condition.get("not", True)):
        yield from parts(inner)
    if not condition.keys() & {"all", "any", "not"}:
        yield condition


def keys_asked(part: Mapping[str, Any]) -> list[str]:
    return [*part.get("sum", ()), *(part[name] for name in ("key", "value_of") if name in part)]


@pytest.mark.parametrize("kind", list(Kind))
def test_conditions_ask_only_for_what_there_is(kind: Kind) -> None:
    items = {item.key: item for item in CHECKLIST.items(kind)}
    ops = {"eq", "ne", "in", "contains", "contains_any", "only", "gt", "gte", "lt", "lte", "given"}
    for owner, condition in conditions(kind):
        for part in parts(condition):
            assert set(keys_asked(part)) <= items.keys(), owner
            facts = {part[name] for name in ("context", "value_of_context") if name in part}
            assert facts <= FACTS.keys() | DERIVED_FACTS.keys(), owner
            assert part.get("op", "eq") in ops
            offered = items[part["key"]].values if part.get("key") in items else ()
            if offered and "value" in part:
                value = part["value"]
                assert set(value if isinstance(value, list) else [value]) <= set(offered), (owner, part)


@pytest.mark.parametrize("kind", list(Kind))
def test_whether_a_question_is_asked_never_hangs_on_itself(kind: Kind) -> None:
    items = {item.key: item for item in CHECKLIST.items(kind)}
    openers = [item.key for item in items.values() if item.opens]

    def needs(key: str) -> set[str]:
        asked = list(parts(items[key].shown))
        found_keys = {other for part in asked for other in keys_asked(part)}
        if any("opened" in part for part in asked):
            found_keys |= set(openers)
            openings = [opening["when"] for other in openers for opening in items[other].opens]
            found_keys |= {other for when in openings for part in parts(when) for other in keys_asked(part)}
        return found_keys

    def walk(key: str, path: tuple[str, ...]) -> None:
        assert key not in path, path
        for other in needs(key):
            walk(other, (*path, key))

    for key in items:
        walk(key, ())


def test_openings_checks_and_reasons_name_known_codes() -> None:
    reasons = set(codes("severity_reason"))
    for kind in Kind:
        for item in CHECKLIST.items(kind):
            for opening in item.opens:
                assert requirement(opening["code"]).kind == kind
                assert opening.get("severity", "minor") in codes("severity")
        for check in CHECKLIST.data["checks"][kind]:
            assert check["id"] in problem_messages()
            assert check["level"] in ("error", "warning", "note")
    for needed in requirements().values():
        assert {rule["reason"] for rule in needed.severity_rules} <= reasons
        assert needed.label("en") != needed.label("zh")
        assert set(needed.limit) & {"days", "hours", "milestone", "season"}
    with pytest.raises(NotFound, match="POND-99"):
        requirement("POND-99")


def test_the_browser_gets_only_the_kinds_it_asks_for() -> None:
    given = CHECKLIST.for_browser("pond")
    assert list(given["kinds"]) == ["pond"]
    assert {row["kind"] for row in given["requirements"]} == {"pond"}
    assert set(CHECKLIST.for_browser()["kinds"]) == set(Kind)
