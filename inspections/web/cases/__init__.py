"""Pages of cases: the list, the late first, and one case with all it rests on."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from inspections import areas, ledger
from inspections.cases import lists as case_lists
from inspections.sites.records import read_place
from inspections.terms import AreaLevel, CaseState, Kind, MapState, Severity
from inspections.web import case_words, lists, story
from inspections.web.auth import officer, officer_may
from inspections.web.cases import filters as case_filters
from inspections.web.context import now, session
from inspections.web.filters import label

bp = Blueprint("cases", __name__)
SHOWN_STATES = tuple(state for state in MapState if state is not MapState.NORMAL)


@bp.get("/cases")
@officer_may("case.see")
def list_cases() -> ResponseReturnValue:
    """The cases in the officer's scope, narrowed by the address."""
    filters = case_filters.read_filters()
    found = case_lists.list_cases(session(), officer(), filters, now())
    names = areas.area_names(session())
    townships = areas.list_areas(session(), AreaLevel.TOWNSHIP)
    bodies = case_lists.list_bodies(session(), officer())
    body_names = {str(key): name for key, name in bodies}
    return render_template(
        "cases/list.html",
        cases=[(case, case_lists.case_map_state(case, now())) for case in found.rows],
        page=lists.paging(found.total, found.page, found.size),
        filters=filters,
        chips=lists.chips(vars(filters), case_filters.filter_words(filters, names, body_names)),
        names=names,
        bodies=bodies,
        townships=[(area.code, area.name) for area in townships],
        kinds=list(Kind),
        states=[(case_lists.OPEN, gettext("Open")), *_labels("map_state", SHOWN_STATES)],
        stages=_labels("case_state", CaseState),
        severities=_labels("severity", Severity),
        sorts=_sorts(),
        export_url=lists.export_url("cases"),
        words=case_words,
        requirement_label=story.requirement_label,
    )


@bp.get("/cases/<uuid:case_id>")
@officer_may("case.see")
def show_case(case_id: UUID) -> ResponseReturnValue:
    """One case: place, steps, deadline, findings, story, basis."""
    case = case_lists.get_case(session(), case_id, officer())
    findings = case_lists.list_findings(session(), case.id)
    shown = case_lists.case_map_state(case, now())
    return render_template(
        "cases/show.html",
        case=case,
        shown=shown,
        findings=[(one, _answers(one)) for one in findings],
        place=read_place(session(), case.site, case.opened_at),
        deadline=case_words.deadline_words(case, now(), shown),
        story=story.sentences(ledger.story(session(), subject_id=case.id)),
        words=case_words,
        requirement_label=story.requirement_label,
    )


def _answers(found: case_lists.CaseFinding) -> list[tuple[str, str]]:
    return case_words.opening_answers(found.visit, found.finding.keys, officer())


def _labels(list_name: str, codes: object) -> list[tuple[str, str]]:
    return [(code, label(list_name, code)) for code in codes]  # type: ignore[attr-defined]


def _sorts() -> list[tuple[str, str]]:
    return [
        ("due", gettext("Overdue and due first")),
        ("opened", gettext("Newest first")),
        ("severity", gettext("Gravest first")),
        ("number", gettext("By number")),
    ]
