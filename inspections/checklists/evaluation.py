"""What a set of answers comes to: what is asked, what is missing or wrong, what is measured, what is found.

A question that is not asked counts for nothing. An answer given to one is kept in `answers` and named in
`unasked`, because nothing written in the field is dropped. `visit_type` and photos are no answers, but
conditions read them alike. `static/js/checklist.js` is the twin in the browser: same data, same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inspections.checklists import judgements
from inspections.checklists.answers import Problem, Wrong, clean, clean_text, is_whole, unlikely
from inspections.checklists.conditions import Context, fact, holds, instant_ms
from inspections.checklists.questions import Checklist, Item
from inspections.checklists.requirements import requirement
from inspections.checklists.severity import Step, gravest, steps_as_json, weigh
from inspections.terms import Severity, VisitResult

VISIT_TYPE = "visit_type"
KEY_LENGTH = 60


@dataclass(frozen=True, slots=True)
class FindingProposal:
    """A departure from a requirement that answers show: a code once a visit, with all keys that opened it."""

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
            "steps": steps_as_json(self.steps),
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
        Facts, from `inspections.checklists.conditions.make_context`.
    nothing_found : bool
        The short form: nothing is asked, and the result is `normal`.
    """
    reading = _Reading(checklist, kind, answers, visit_type, photos, context or {}, nothing_found)
    return reading.outcome()


@dataclass
class _Reading:
    """One set of answers, judged on demand: whether a question is asked hangs on the answers to others."""

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
        kind_shown = self.checklist.data["kind_shown"]
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


def _keys(items: Iterable[Item]) -> tuple[str, ...]:
    return tuple(item.key for item in items)


def _photo_count(item: Item, count: Any) -> int | None:
    if not is_whole(count) or count < 0:
        raise Wrong("unreadable")
    if count > item.max_count:
        raise Wrong("photo_count", max=item.max_count)
    return int(count) or None


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
