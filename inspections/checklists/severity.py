"""How grave a finding is: its base, what raises it, what lowers it, each step with its reason.

The rules of a requirement are data (`severity_rules` in `reference/requirements.json`): `at_least` lifts the
base, `step` adds one step for its reason, `at_once` goes there whatever the steps gave. Fixing on the spot
takes one step off, never below minor. Reasons have their labels in the list `severity_reason`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inspections.checklists.conditions import Reading, holds
from inspections.checklists.requirements import Requirement, requirements_data
from inspections.terms import Severity

ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a severity."""

    reason: str
    before: Severity
    after: Severity

    def as_json(self) -> dict[str, str]:
        """As findings keep it."""
        return {"reason": self.reason, "from": self.before.value, "to": self.after.value}


def gravest(severities: Iterable[str]) -> Severity:
    """The worst of several severities."""
    return max((Severity(severity) for severity in severities), key=ORDER.index)


def moved(severity: Severity, steps: int) -> Severity:
    """A severity some steps up or down, within minor and critical.

    Examples
    --------
    >>> moved(Severity.MAJOR, 2).value
    'critical'
    """
    return ORDER[min(max(ORDER.index(severity) + steps, 0), len(ORDER) - 1)]


def weigh(
    requirement: Requirement, base: Severity, reading: Reading, *, fixed_on_spot: bool
) -> tuple[Severity, tuple[Step, ...]]:
    """The severity of a finding that starts from `base`, and the steps that led there, in order."""
    steps: list[Step] = []
    severity = base
    for reason, change in _changes(requirement, reading, fixed_on_spot=fixed_on_spot):
        after = moved(severity, change) if isinstance(change, int) else gravest((severity, change))
        if after != severity:
            steps.append(Step(reason, severity, after))
            severity = after
    return severity, tuple(steps)


def _changes(
    requirement: Requirement, reading: Reading, *, fixed_on_spot: bool
) -> Iterator[tuple[str, int | str]]:
    """Reasons, each with steps up or down or the least severity it makes, in the order they apply."""
    met = [rule for rule in requirement.severity_rules if holds(rule["when"], reading)]
    yield from ((rule["reason"], rule["at_least"]) for rule in met if "at_least" in rule)
    yield from ((rule["reason"], rule["step"]) for rule in met if "step" in rule)
    yield from ((reason, 1) for reason in _history(requirement, reading))
    yield from ((rule["reason"], rule["at_once"]) for rule in met if "at_once" in rule)
    if fixed_on_spot and not requirement.never_down:
        yield "fixed_on_spot", -1


def _history(requirement: Requirement, reading: Reading) -> list[str]:
    """Reasons that lie in what happened at the site before."""
    names: list[str] = requirements_data()["steps_by_history"]
    return [name for name in names if requirement.code in (reading.fact(f"codes.{name}") or ())]


def steps_as_json(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Steps as findings keep them."""
    return [step.as_json() for step in steps]
