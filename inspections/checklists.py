"""Checklists: the questions of a visit as versioned data, and what a set of answers comes to.

`evaluate` says which questions are asked, which must be answered, what is wrong with an answer, what is
measured and what is found; `check_answers` refuses a full form that is not complete. The data stand in
`reference/checklists.json`, their language in `inspections.conditions`, single answers in
`inspections.answers`. `static/js/checklist.js` is the twin in the browser: the same data, the same outcome.

A question that is not asked counts for nothing. An answer given to one is kept in `answers` and named in
`unasked`, because nothing written in the field is dropped. `visit_type` and photos are no answers, but
conditions read them alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from inspections import judgements
from inspections.answers import (
    Item,
    Option,
    Problem,
    Wrong,
    clean,
    clean_text,
    read_form_answers as read_items,
    unlikely,
)
from inspections.conditions import Condition, Context, fact, holds, instant_ms
from inspections.errors import Invalid, InvalidFields, NotFound
from inspections.requirements import requirement, requirements_data
from inspections.severity import Step, gravest, weigh
from inspections.terms import Severity, VisitResult

VISIT_TYPE = "visit_type"
KEY_LENGTH = 60


class ChecklistUnknown(NotFound):
    """A visit names a checklist that this program does not have."""

    code = "checklist.unknown"
    message = "There is no checklist {version} here. Update the program, then send the visit again."


class AnswerRefused(Invalid):
    """One answer, refused; the sentence comes from the checklist's messages."""

    def __init__(self, problem: Problem, sentence: str) -> None:
        super().__init__(field=problem.key, **problem.facts)
        self.code = f"answers.{problem.code}"
        self.message = sentence


class AnswersInvalid(InvalidFields):
    """Answers that cannot be taken as they are: `problems` by item, the whole judgement in `outcome`."""

    code = "answers.invalid"

    def __init__(self, problems: dict[str, AnswerRefused], outcome: Outcome) -> None:
        super().__init__(problems)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the form."""

    key: str
    zh: str
    en: str
    last: bool = False  # stands after the groups of the kind

    def label(self, language: str = "zh") -> str:
        """The heading as people read it."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Checklist:
    """One version of the questions for all kinds of site."""

    version: str
    data: Mapping[str, Any]
    sections: Mapping[str, tuple[tuple[Group, tuple[Item, ...]], ...]]

    def groups(self, kind: str) -> tuple[tuple[Group, tuple[Item, ...]], ...]:
        """The headings of a kind's form in order, each with its questions."""
        return self.sections[kind]

    def items(self, kind: str) -> tuple[Item, ...]:
        """The questions of a kind in the order of the form."""
        return tuple(item for _, items in self.sections[kind] for item in items)

    def item(self, kind: str, key: str) -> Item | None:
        """One question, None if the kind has none of this key."""
        return next((item for item in self.items(kind) if item.key == key), None)

    def messages(self, language: str = "en") -> dict[str, str]:
        """Sentences for codes of problems, warnings and notes, with places for their facts."""
        tongue = "en" if language.startswith("en") else "zh"
        return {code: words[tongue] for code, words in self.data["messages"].items()}

    def for_browser(self, *kinds: str) -> dict[str, Any]:
        """What `static/js/checklist.js` judges by, as JSON; all kinds if none is named."""
        chosen = kinds or tuple(self.data["kinds"])
        requirements = requirements_data()
        return {
            **self.data,
            "kinds": {kind: self.data["kinds"][kind] for kind in chosen},
            "severities": requirements["severities"],
            "steps_by_history": requirements["steps_by_history"],
            "requirements": [row for row in requirements["requirements"] if row["kind"] in chosen],
        }


@dataclass(frozen=True, slots=True)
class FindingProposal:
    """A departure from a requirement that answers show; each code once a visit, with all keys that opened it."""

    code: str
    keys: tuple[str, ...]
    base: Severity
    severity: Severity
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """As the browser has it."""
        return {
            "code": self.code,
            "keys": list(self.keys),
            "base": self.base.value,
            "severity": self.severity.value,
            "steps": [step.as_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set of answers comes to. Keys stand in the order of the form."""

    shown: tuple[str, ...]
    folded: tuple[str, ...]  # shown, but optional, unanswered and not called for: offered behind a fold
    required: tuple[str, ...]
    missing: tuple[str, ...]
    unasked: tuple[str, ...]
    answers: Mapping[str, Any]  # cleaned; null is not assessed
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    findings: tuple[FindingProposal, ...]
    judgements: Mapping[str, judgements.Judgement]
    result: VisitResult

    @property
    def is_sound(self) -> bool:
        """Whether a visit may be saved with these answers."""
        return not self.problems and not self.missing

    def as_json(self) -> dict[str, Any]:
        """As `evaluate` in `static/js/checklist.js` returns it."""
        return {
            "shown": list(self.shown),
            "folded": list(self.folded),
            "required": list(self.required),
            "missing": list(self.missing),
            "unasked": list(self.unasked),
            "answers": dict(self.answers),
            "problems": [problem.as_json() for problem in self.problems],
            "warnings": [warning.as_json() for warning in self.warnings],
            "findings": [finding.as_json() for finding in self.findings],
            "judgements": dict(self.judgements),
            "result": self.result.value,
        }


@cache
def _versions() -> Mapping[str, Checklist]:
    folder = resources.files("inspections").joinpath("reference")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("checklists"))
    data = [json.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in names]
    return MappingProxyType(
        {one["version"]: _checklist(one) for one in sorted(data, key=lambda one: one["valid_from"])}
    )


def load_checklist(version: str | None = None) -> Checklist:
    """The checklist of a version, by default the newest.

    Raises
    ------
    ChecklistUnknown
        There is no such version.
    """
    versions = _versions()
    if version is None:
        return next(reversed(versions.values()))
    if version not in versions:
        raise ChecklistUnknown(version=version)
    return versions[version]


def problem_messages(language: str = "en") -> dict[str, str]:
    """Sentences of the newest checklist for every code of a problem, warning or note."""
    return load_checklist().messages(language)


def read_form_answers(
    checklist: Checklist, kind: str, raw: Mapping[str, list[str]]
) -> tuple[dict[str, Any], list[Problem]]:
    """Answers as JSON values from what a form sent, by item, and what could not be read.

    What could not be read stays in the answers as typed; `check_answers` refuses it in the same words.
    """
    items = [item for item in checklist.items(kind) if item.key != VISIT_TYPE]
    return read_items(items, raw)


def evaluate(
    checklist: Checklist,
    kind: str,
    answers: Mapping[str, Any],
    *,
    visit_type: str | None,
    photos: Mapping[str, int] | None = None,
    context: Context | None = None,
    nothing_found: bool = False,
) -> Outcome:
    """Judge answers as they stand, complete or not; never raises for what people wrote.

    Parameters
    ----------
    checklist, kind
        The questions.
    answers : mapping
        JSON values by item; null is "not assessed".
    visit_type : str
        Code of `visit_type`.
    photos : mapping
        Number of photos by item.
    context : mapping
        Facts, from `inspections.conditions.make_context`.
    nothing_found : bool
        The short form: nothing is asked, and the result is `normal`.
    """
    reading = _Reading(checklist, kind, answers, visit_type, photos, context or {}, nothing_found)
    return reading.outcome()


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
    sentences = checklist.messages("en")
    missing = [_missing(checklist.item(kind, key)) for key in outcome.missing]
    problems: dict[str, AnswerRefused] = {}
    for problem in (*outcome.problems, *missing):
        problems.setdefault(problem.key, AnswerRefused(problem, sentences[problem.code]))
    raise AnswersInvalid(problems, outcome)


def missing_problems(checklist: Checklist, kind: str, outcome: Outcome) -> tuple[Problem, ...]:
    """What to say beside each question that has to be answered still."""
    return tuple(_missing(checklist.item(kind, key)) for key in outcome.missing)


def _missing(item: Item) -> Problem:
    if item.type == "photo":
        return Problem(item.key, "photo_missing", {"min": item.min_count})
    return Problem(item.key, "required")


@dataclass
class _Reading:
    """One set of answers being judged. Whether a question is asked hangs on others, so all is found on demand."""

    checklist: Checklist
    kind: str
    raw: Any
    visit_type: Any
    photos: Any
    context: Context
    nothing_found: bool
    _shown: dict[str, bool] = field(default_factory=dict)
    _judged: dict[str, judgements.Judgement | None] = field(default_factory=dict)
    _openings: dict[str, list[tuple[str, str]]] | None = None

    def __post_init__(self) -> None:
        self.items = self.checklist.items(self.kind)
        self.by_key = {item.key: item for item in self.items}
        self.common = {item["key"] for item in self.checklist.data["common"]}
        self.given: dict[str, Any] = {}  # sound values: answers, counts of photos, the type of visit
        self.nulls: set[str] = set()
        self.wrong: dict[str, Problem] = {}
        self.stray: list[Problem] = []
        self._take(self.raw, self._take_answer)
        self._take(self.photos or {}, self._take_photos)
        self._take_visit_type()

    # What was handed in

    def _take(self, entries: Any, take: Callable[[str, Any], None]) -> None:
        if not isinstance(entries, Mapping):
            self.stray.append(Problem("", "unreadable"))
            return
        for key in sorted(entries, key=str):
            take(key, entries[key])

    def _take_answer(self, key: str, value: Any) -> None:
        item = self.by_key.get(key)
        if item is None or item.type == "photo" or key == VISIT_TYPE:
            self.stray.append(Problem(clean_text(key)[:KEY_LENGTH], "unknown"))
        elif value is None:
            self.nulls.add(key)
        else:
            self._keep(item, lambda: clean(item, value, instant_ms(self.context.get("now"))))

    def _take_photos(self, key: str, count: Any) -> None:
        item = self.by_key.get(key)
        if item is None or item.type != "photo":
            self.stray.append(Problem(clean_text(key)[:KEY_LENGTH], "unknown"))
        else:
            self._keep(item, lambda: _photo_count(item, count))

    def _take_visit_type(self) -> None:
        if self.visit_type is not None:
            self._keep(self.by_key[VISIT_TYPE], lambda: clean(self.by_key[VISIT_TYPE], self.visit_type))

    def _keep(self, item: Item, read: Callable[[], Any]) -> None:
        try:
            value = read()
        except Wrong as wrong:
            self.wrong[item.key] = Problem(item.key, wrong.code, wrong.facts)
        else:
            if value is not None:
                self.given[item.key] = value

    # What conditions ask

    def value(self, key: str) -> Any:
        """The answer to a question that is asked; None otherwise."""
        return self.given.get(key) if self.shown(self.by_key[key]) else None

    def fact(self, name: str) -> Any:
        """A fact of the context."""
        return fact(self.context, name)

    def judgement(self, name: str) -> judgements.Judgement | None:
        """What measurements mean, as far as they are asked for."""
        if name not in self._judged:
            self._judged[name] = _JUDGES[name](self)
        return self._judged[name]

    def opened(self, codes: bool | list[str]) -> bool:
        """Whether any finding is open, or one of some codes."""
        found = self.openings()
        return bool(found) if codes is True else any(code in found for code in codes)

    def shown(self, item: Item) -> bool:
        """Whether a question is asked."""
        if item.key not in self._shown:
            self._shown[item.key] = not self.nothing_found and self._is_asked(item)
        return self._shown[item.key]

    def _is_asked(self, item: Item) -> bool:
        kind_shown: Condition = self.checklist.data["kind_shown"]
        return (item.key in self.common or holds(kind_shown, self)) and holds(item.shown, self)

    def openings(self) -> dict[str, list[tuple[str, str]]]:
        """Findings by code: the key of each answer that opens one, and the severity it starts from."""
        if self._openings is None:
            found: dict[str, list[tuple[str, str]]] = {}
            for item in self.items:
                for opening in item.opens if item.opens and self.shown(item) else ():
                    if holds(opening["when"], self):
                        start = opening.get("severity") or requirement(opening["code"]).severity
                        found.setdefault(opening["code"], []).append((item.key, start))
            self._openings = found
        return self._openings

    # What it comes to

    def outcome(self) -> Outcome:
        """Everything, once."""
        shown = [item for item in self.items if self.shown(item)]
        required = [item for item in shown if holds(item.required, self)]
        absent = [item for item in shown if item.key not in self.given and item.key not in self.wrong]
        folded = [item for item in absent if item not in required and not holds(item.unfolds, self)]
        checks = self._checks()
        wrong = [self.wrong[item.key] for item in shown if item.key in self.wrong]
        return Outcome(
            shown=_keys(shown),
            folded=_keys(item for item in folded if item.key not in self.nulls),
            required=_keys(required),
            missing=_keys(item for item in required if item in absent),
            unasked=_keys(
                item
                for item in self.items
                if item not in shown
                and (item.key in self.given or item.key in self.wrong)
                and item.key != VISIT_TYPE
            ),
            answers=self._answers(),
            problems=(*self.stray, *wrong, *(check for check in checks if check.level == "error")),
            warnings=(*self._unlikely(shown), *(check for check in checks if check.level != "error")),
            findings=tuple(self._finding(code, opened) for code, opened in self.openings().items()),
            judgements=self._judgements(),
            result=self._result(),
        )

    def _answers(self) -> dict[str, Any]:
        answered = (item for item in self.items if item.type != "photo" and item.key != VISIT_TYPE)
        return {
            item.key: self.given.get(item.key)
            for item in answered
            if item.key in self.given or item.key in self.nulls
        }

    def _unlikely(self, shown: list[Item]) -> list[Problem]:
        return [
            Problem(item.key, "unlikely", {"min": item.warn_min, "max": item.warn_max}, "warning")
            for item in shown
            if unlikely(item, self.given.get(item.key))
        ]

    def _checks(self) -> list[Problem]:
        if self.nothing_found:
            return []
        checks = self.checklist.data["checks"]
        return [
            Problem(key, check["id"], level=check["level"])
            for check in (*checks["common"], *checks[self.kind])
            if holds(check["when"], self)
            for key in check["keys"]
        ]

    def _finding(self, code: str, opened: list[tuple[str, str]]) -> FindingProposal:
        base = gravest(start for _, start in opened)
        fixed = self.value("fixed_on_spot") is True
        severity, steps = weigh(requirement(code), base, self, fixed_on_spot=fixed)
        return FindingProposal(code, tuple(dict.fromkeys(key for key, _ in opened)), base, severity, steps)

    def _judgements(self) -> dict[str, judgements.Judgement]:
        names = self.checklist.data["judgements"][self.kind]
        made = {name: self.judgement(name) for name in names}
        return {name: judgement for name, judgement in made.items() if judgement is not None}

    def _result(self) -> VisitResult:
        if self.value("access") == "blocked":
            return VisitResult.UNABLE
        return VisitResult.FINDING if self.openings() else VisitResult.NORMAL


def _keys(items: Any) -> tuple[str, ...]:
    return tuple(item.key for item in items)


def _photo_count(item: Item, count: Any) -> int | None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise Wrong("unreadable")
    if count > item.max_count:
        raise Wrong("photo_count", max=item.max_count)
    return count or None


def _black_odour(read: _Reading) -> judgements.Judgement | None:
    return judgements.black_odour(
        water_state=read.value("water_state"),
        depth_cm=read.value("depth_cm"),
        transparency_cm=read.value("transparency_cm"),
        clear_to_bottom=read.value("clear_to_bottom"),
        do=read.value("do_mgl"),
        nh3n=read.value("nh3n_mgl"),
        orp=read.value("orp_mv"),
    )


def _water_class(read: _Reading) -> judgements.Judgement | None:
    running = read.fact("site.subtype") in ("ditch", "reach")
    return judgements.water_class(
        "river" if running else "lake",
        ph=read.value("ph"),
        do=read.value("do_mgl"),
        nh3n=read.value("nh3n_mgl"),
    )


def _survival(read: _Reading) -> judgements.Judgement | None:
    return judgements.survival(
        read.value("counted"),
        read.value("alive"),
        line=read.fact("profile.survival_line"),
        stage=read.value("stage") or "survival",
        early=read.fact("site.survey_early") is True,
    )


def _guard_house(read: _Reading) -> judgements.Judgement | None:
    return judgements.guard_house(
        read.value("guard_area_m2"),
        read.value("guard_floors"),
        read.value("guard_count"),
        shed_count=read.value("shed_count"),
        shed_area_mu=read.value("shed_area_mu"),
        profile=read.fact("profile.guard"),
    )


_JUDGES: dict[str, Callable[[_Reading], judgements.Judgement | None]] = {
    "black_odour": _black_odour,
    "water_class": _water_class,
    "survival": _survival,
    "guard_house": _guard_house,
}


def _checklist(data: Mapping[str, Any]) -> Checklist:
    sections = {kind: _sections(data, kind) for kind in data["kinds"]}
    return Checklist(data["version"], MappingProxyType(dict(data)), MappingProxyType(sections))


def _sections(data: Mapping[str, Any], kind: str) -> tuple[tuple[Group, tuple[Item, ...]], ...]:
    common = [Group(**group) for group in data["groups"]["common"]]
    own = [Group(**group) for group in data["groups"][kind]]
    groups = [group for group in common if not group.last]
    groups += own + [group for group in common if group.last]
    items = [_item(row) for row in (*data["common"], *data["kinds"][kind])]
    return tuple((group, tuple(item for item in items if item.group == group.key)) for group in groups)


def _item(row: Mapping[str, Any]) -> Item:
    fields = dict(row)
    fields["options"] = tuple(Option(**option) for option in row.get("options", ()))
    for name in ("alone", "opens"):
        fields[name] = tuple(row.get(name, ()))
    return Item(**fields)
