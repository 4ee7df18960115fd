"""Checklists as use cases and pages meet them: load one, read a form, evaluate answers, refuse bad ones.

The parts behind it, each with its own description: `questions` (the data), `conditions` (their language),
`answers` (single values), `judgements`, `severity`, `evaluation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inspections.checklists import answers as values
from inspections.checklists.answers import Problem
from inspections.checklists.conditions import Context, make_context
from inspections.checklists.evaluation import VISIT_TYPE, FindingProposal, Outcome, evaluate
from inspections.checklists.questions import (
    Checklist,
    ChecklistUnknown,
    Group,
    Item,
    Option,
    list_checklists,
    load_checklist,
    problem_messages,
)
from inspections.errors import Invalid, InvalidFields

__all__ = [
    "AnswerRefused",
    "AnswersInvalid",
    "Checklist",
    "ChecklistUnknown",
    "FindingProposal",
    "Group",
    "Item",
    "Option",
    "Outcome",
    "Problem",
    "check_answers",
    "evaluate",
    "list_checklists",
    "load_checklist",
    "make_context",
    "missing_problems",
    "problem_messages",
    "read_form_answers",
]


class AnswerRefused(Invalid):
    """One answer, refused; the sentence comes from the checklist's messages, the reason is `problem.code`."""

    code = "answers.refused"

    def __init__(self, problem: Problem, sentence: str) -> None:
        super().__init__(field=problem.key, **problem.facts)
        self.problem = problem
        self.message = sentence


class AnswersInvalid(InvalidFields):
    """Answers that cannot be taken as they are: `problems` by item, the whole judgement in `outcome`."""

    code = "answers.invalid"

    def __init__(self, problems: dict[str, AnswerRefused], outcome: Outcome) -> None:
        super().__init__(problems)
        self.outcome = outcome


def read_form_answers(
    checklist: Checklist, kind: str, raw: Mapping[str, list[str]]
) -> tuple[dict[str, Any], list[Problem]]:
    """Answers as JSON values from what a form sent, by item, and what could not be read.

    What could not be read stays in the answers as typed; `check_answers` refuses it in the same words.
    """
    items = [item for item in checklist.items(kind) if item.key != VISIT_TYPE]
    return values.read_form_answers(items, raw)


def check_answers(
    checklist: Checklist,
    kind: str,
    answers: Mapping[str, Any],
    *,
    visit_type: str | None,
    photos: Mapping[str, int] | None = None,
    context: Context | None = None,
    nothing_found: bool = False,
) -> Outcome:
    """Judge answers and refuse what may not be saved; parameters as `evaluate`.

    Raises
    ------
    AnswersInvalid
        Something required is missing or an answer is wrong; all of it is named, by item.
    """
    outcome = evaluate(
        checklist,
        kind,
        answers,
        visit_type=visit_type,
        photos=photos,
        context=context,
        nothing_found=nothing_found,
    )
    if outcome.is_sound:
        return outcome
    missing = [_missing(checklist.item(kind, key)) for key in outcome.missing]
    problems: dict[str, AnswerRefused] = {}
    for problem in (*outcome.problems, *missing):
        problems.setdefault(problem.key, AnswerRefused(problem, checklist.messages[problem.code]))
    raise AnswersInvalid(problems, outcome)


def missing_problems(checklist: Checklist, kind: str, outcome: Outcome) -> tuple[Problem, ...]:
    """What to say beside each question that has to be answered still."""
    return tuple(_missing(checklist.item(kind, key)) for key in outcome.missing)


def _missing(item: Item) -> Problem:
    if item.type == "photo":
        return Problem(item.key, "photo_missing", {"min": item.min_count})
    return Problem(item.key, "required")
