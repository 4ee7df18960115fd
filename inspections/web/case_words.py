"""A case in words: how its deadline stands, how far it came, why it is as grave as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext, ngettext

from inspections import terms
from inspections.cases import clock_due_at
from inspections.checklists import load_checklist
from inspections.checklists.requirements import requirements
from inspections.deadlines import beijing_day, days_left, last_day
from inspections.map_states import MapState
from inspections.permissions import Actor, may
from inspections.terms import RUNNING_CASE_STATES, CaseState
from inspections.web.filters import clock, day, language, moment, number
from inspections.web.words import N_

# Words of a step, the column with its time, and the state in which the step is awaited.
STEPS = (
    (N_("Found"), "opened_at", None),
    (N_("Confirmed"), "confirmed_at", CaseState.SUSPECTED),
    (N_("Assigned"), "assigned_at", CaseState.CONFIRMED),
    (N_("Acknowledged"), "acknowledged_at", CaseState.ASSIGNED),
    (N_("Handed in"), "submitted_at", CaseState.RECTIFYING),
    (N_("Verified"), "verified_at", CaseState.SUBMITTED),
    (N_("Struck off"), "ended_at", CaseState.VERIFIED),
)
ENDED_OTHERWISE = (CaseState.UNFOUNDED, CaseState.MERGED)


@dataclass(frozen=True)
class DeadlineWords:
    """How a deadline stands: `figure` and `unit` large, `state` its colour, `note` what else matters."""

    state: str
    name: str
    figure: str
    unit: str
    due: str
    notes: tuple[str, ...]


def state_words(case: Any, now: datetime, shown: MapState) -> str:
    """What stands beside a case's mark: how late or near its deadline is, or where the case stands."""
    due_at = clock_due_at(case)
    if due_at is None or shown not in (MapState.OVERDUE, MapState.DUE_SOON):
        listed = shown is MapState.LISTED
        return terms.label(
            "map_state" if listed else "case_state", shown if listed else case.state, language()
        )
    return days_words(due_at, now) if case.state in RUNNING_CASE_STATES else gettext("handed in late")


def days_words(due_at: datetime, now: datetime) -> str:
    """6 days overdue, due today, 3 days left: Beijing days."""
    left = days_left(due_at, now)
    if due_at < now:
        return ngettext("%(num)d day overdue", "%(num)d days overdue", -left) if left else gettext("overdue")
    return ngettext("%(num)d day left", "%(num)d days left", left) if left else gettext("due today")


def deadline_words(case: Any, now: datetime, shown: MapState) -> DeadlineWords:
    """How the deadline stands, for the side of a case's page; `shown` is the case's map state."""
    if case.due_at is None:
        name, figure, unit = gettext("Deadline"), gettext("none yet"), ""
    elif case.state in RUNNING_CASE_STATES:
        name, figure, unit = _running(case.due_at, now)
    else:
        name, figure, unit = gettext("Deadline"), _stopped(case), ""
    return DeadlineWords(
        state=shown.value,
        name=name,
        figure=figure,
        unit=unit,
        due=due_words(case, now),
        notes=tuple(_deadline_notes(case)),
    )


def _running(due_at: datetime, now: datetime) -> tuple[str, str, str]:
    left = days_left(due_at, now)
    if due_at < now:
        if left == 0:
            return gettext("Overdue"), gettext("today"), ""
        return gettext("Overdue"), str(-left), ngettext("day", "days", -left)
    if left == 0:
        return gettext("Days left"), gettext("today"), ""
    return gettext("Days left"), str(left), ngettext("day", "days", left)


def _stopped(case: Any) -> str:
    if case.submitted_at is None:
        return terms.label("case_state", case.state, language())
    return gettext("missed") if case.submitted_at > case.due_at else gettext("kept")


def due_words(case: Any, now: datetime) -> str:
    """11月15日 24:00, with the year where it is another one; limits in hours with their time."""
    if case.due_at is None:
        return ""
    today = beijing_day(now)
    if "hours" in (case.due_basis or {}):
        return f"{day(case.due_at, today=today)} {clock(case.due_at)}"
    return gettext("%(day)s, 24:00", day=day(last_day(case.due_at), today=today))


def _deadline_notes(case: Any) -> list[str]:
    basis = case.due_basis or {}
    notes = [_basis(case, basis)]
    if case.original_due_at and case.due_at and case.original_due_at != case.due_at:
        notes.append(gettext("Originally %(day)s.", day=day(last_day(case.original_due_at))))
    if basis.get("provisional"):
        notes.append(gettext("Counted from the finding until the case is assigned."))
    return [note for note in notes if note]


def _basis(case: Any, basis: Mapping[str, Any]) -> str:
    kind = basis.get("kind")
    if kind == "rule" and "hours" in basis:
        start = moment(datetime.fromisoformat(basis["from"]))
        return gettext("%(hours)s hours from %(start)s.", hours=number(basis["hours"]), start=start)
    if kind == "rule":
        start = day(date.fromisoformat(basis["from"]))
        return ngettext(
            "%(num)d day from %(start)s.", "%(num)d days from %(start)s.", basis["days"], start=start
        )
    if kind == "unknown":
        return gettext(
            "The county's profile names no date for it. Limit: %(limit)s.", limit=limit_words(case.code)
        )
    known = {
        "milestone": gettext("A milestone of the county; it does not move for a weekend."),
        "season": gettext("The end of the next planting season."),
    }
    return known.get(str(kind), "")


def limit_words(code: str) -> str:
    """The time limit of a requirement."""
    rule = requirements().get(code)
    return rule.limit_label(language()) if rule else "—"


def legal_basis(code: str) -> str:
    """The legal basis of a requirement."""
    rule = requirements().get(code)
    return rule.basis_label(language()) if rule else ""


def stages(case: Any, now: datetime) -> list[tuple[str, list[str], str]]:
    """The steps of a case as the macro `steps` takes them: words, short lines, done or now."""
    today = beijing_day(now)
    if case.state in ENDED_OTHERWISE:
        ended = terms.label("case_state", case.state, language())
        return [_stage(case, *STEPS[0], today), (ended, _when(case.ended_at, today), "done")]
    return [_stage(case, *step, today) for step in STEPS]


def _stage(
    case: Any, words: str, column: str, awaited_in: CaseState | None, today: date
) -> tuple[str, list[str], str]:
    at = getattr(case, column)
    if case.state == awaited_in:
        return gettext(words), [gettext("waits")], "now"
    return gettext(words), _when(at, today), "done" if at else ""


def _when(at: datetime | None, today: date) -> list[str]:
    return [f"{day(at, today=today)} {clock(at)}"] if at else []


def severity_steps(case: Any) -> list[str]:
    """Why the severity is what it is, a line a step."""
    lines = []
    for step in case.severity_steps or ():
        grades = [terms.label("severity", step.get(end), language()) for end in ("from", "to")]
        reasons = [_reason(name) for name in (step["reason"], *step.get("because", ()))]
        lines.append(
            gettext(
                "%(before)s → %(after)s: %(reason)s",
                before=grades[0],
                after=grades[1],
                reason=gettext(", ").join(reasons),
            )
        )
    return lines


def _reason(name: str) -> str:
    return (
        gettext("found again, graver")
        if name == "seen_again"
        else terms.label("severity_reason", name, language())
    )


def opening_answers(visit: Any, keys: list[str], by: Actor) -> list[tuple[str, str]]:
    """The questions that opened a finding, and the answers; restricted ones only to who may see them."""
    checklist = load_checklist(visit.checklist)
    rows = []
    for key in keys:
        item = checklist.item(visit.kind, key)
        if item is None:
            rows.append((key, str(visit.answers.get(key, ""))))
        elif not item.restricted or may(by, "restricted.see", visit.site):
            rows.append((item.label(language()), answer_words(item, visit.answers.get(key))))
    return rows


def answer_words(item: Any, value: Any) -> str:
    """An answer as people read it, with its unit."""
    if value is None:
        return gettext("not assessed")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return gettext(", ").join(item.option_label(one, language()) for one in value)
    if isinstance(value, int | float):
        return f"{value:g} {item.unit}".strip()
    if isinstance(value, dict):
        return gettext("drawn on the map")
    return item.option_label(value, language()) if item.options else str(value)
