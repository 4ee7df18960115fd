"""The pages of visits: the list, one visit as people read it, and its review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from inspections import areas
from inspections.checklists import load_checklist
from inspections.checklists.requirements import requirement
from inspections.errors import Invalid
from inspections.sites.records import read_place
from inspections.terms import AreaLevel, Kind, codes
from inspections.visits import lists as visit_lists
from inspections.visits import reviews as visit_reviews
from inspections.visits.lists import PAGE_SIZE, VisitFilter
from inspections.web import lists
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session
from inspections.web.errors import sentence
from inspections.web.filters import label, language
from inspections.web.visits.filters import filter_words, read_filter
from inspections.web.visits.words import WORDS, answer_text, judgement_name, judgement_text, masked

bp = Blueprint("visits", __name__)
REVIEWS = {"returned": visit_reviews.return_visit, "void": visit_reviews.void_visit}


@dataclass(frozen=True)
class Page:
    """Where a list stands: rows `first` to `last` of `total`, and the addresses beside it."""

    first: int
    last: int
    total: int
    previous_url: str | None
    next_url: str | None


@bp.get("/visits")
@officer_may("visit.see")
def list_visits() -> ResponseReturnValue:
    """List visits in scope, newest first; the address carries the filter."""
    asked = request.args
    narrowed, number = read_filter(asked), max(1, min(asked.get("page", 1, int), 100_000))
    townships = {area.code: area.name for area in areas.list_areas(session(), AreaLevel.TOWNSHIP)}
    names = areas.area_names(session()) if narrowed.village else townships
    rows, total = visit_lists.list_visits(session(), by=officer(), narrowed=narrowed, page=number)
    return render_template(
        "visits/list.html",
        visits=rows,
        names=areas.area_names(session()),
        narrowed=narrowed,
        townships=townships,
        kinds=list(Kind),
        states=[code for code in codes("review_state") if code != "draft"],
        results=codes("visit_result"),
        chips=chosen_filters(narrowed, names),
        page=page_of(number, total),
        export_url=lists.export_url("visits"),
        **WORDS,
    )


@bp.get("/visits/<uuid:visit_id>")
@officer_may("visit.see")
def show_visit(visit_id: UUID) -> ResponseReturnValue:
    """Show one visit: answers, findings, photos, flags, judgements, versions, and what may be done."""
    return render_visit(visit_id)


@bp.post("/visits/<uuid:visit_id>/restricted")
@officer_may("restricted.see")
def show_restricted(visit_id: UUID) -> ResponseReturnValue:
    """Show the visit with what is restricted in it; this is noted in the ledger."""
    visit = visit_lists.get_visit(session(), visit_id, by=officer())
    return render_visit(
        visit_id, unmasked=visit_reviews.show_restricted(session(), visit, by=officer(), now=now())
    )


@bp.post("/visits/<uuid:visit_id>/review")
@officer_may("visit.review")
def review_visit(visit_id: UUID) -> ResponseReturnValue:
    """Accept a visit."""
    visit = visit_lists.get_visit(session(), visit_id, by=officer())
    visit_reviews.review_visit(session(), visit, by=officer(), now=now())
    flash(_("The visit is reviewed."))
    return redirect(url_for(".show_visit", visit_id=visit_id), code=303)


@bp.post("/visits/<uuid:visit_id>/return")
@officer_may("visit.review")
def return_visit(visit_id: UUID) -> ResponseReturnValue:
    """Send a visit back with a reason."""
    return decide(visit_id, "returned", _("The visit is sent back to its author."))


@bp.post("/visits/<uuid:visit_id>/void")
@officer_may("visit.void")
def void_visit(visit_id: UUID) -> ResponseReturnValue:
    """Take a visit out of account with a reason."""
    return decide(visit_id, "void", _("The visit is void."))


def decide(visit_id: UUID, what: str, done: str) -> ResponseReturnValue:
    """Return or void a visit; a missing reason comes back beside its field."""
    visit = visit_lists.get_visit(session(), visit_id, by=officer())
    reason = request.form.get("reason", "")
    try:
        REVIEWS[what](session(), visit, reason, by=officer(), now=now())
    except Invalid as refusal:
        only_read()
        return render_visit(visit_id, refused={what: sentence(refusal)}, reason=reason), 422
    flash(done)
    return redirect(url_for(".show_visit", visit_id=visit_id), code=303)


def render_visit(visit_id: UUID, *, unmasked: dict[str, Any] | None = None, **facts: Any) -> str:
    """Render one visit's page; `unmasked` are the restricted answers, if they may be read this once."""
    visit = visit_lists.get_visit(session(), visit_id, by=officer())
    versions = visit_lists.versions_of(session(), visit)
    return render_template(
        "visits/show.html",
        visit=visit,
        site=visit.site,
        place=read_place(session(), visit.site, visit.effective_at),
        groups=answered_groups(visit, unmasked),
        has_restricted=bool(visit_reviews.restricted_answers(visit)),
        unmasked=unmasked is not None,
        findings=findings_of(visit),
        judgements=[
            (judgement_name(name), judgement_text(name, made)) for name, made in visit.judgements.items()
        ],
        item_label=lambda key: item_label(visit, key),
        versions=versions,
        may_review=versions.newer is None and visit_reviews.may_review(visit, by=officer()),
        may_correct=visit_lists.may_correct(visit, versions, by=officer()),
        is_own=visit.officer_id == officer().id,
        **WORDS,
        **facts,
    )


def answered_groups(
    visit: Any, unmasked: dict[str, Any] | None
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """List the answers under their headings: question, answer in words, whether it is masked."""
    groups = []
    for group, items in load_checklist(visit.checklist).groups(visit.kind):
        rows = []
        for item in items:
            if item.key in visit.answers:
                hide = item.restricted and unmasked is None and visit.answers[item.key]
                text = answer_text(item, visit.answers[item.key])
                rows.append((item.label(language()), masked(text) if hide else text, bool(hide)))
        if rows:
            groups.append((group.label(language()), rows))
    return groups


def findings_of(visit: Any) -> list[dict[str, Any]]:
    """Gather findings with their requirement's name, the answers that opened them, and their case."""
    return [
        {
            "finding": finding,
            "name": requirement(finding.code).label(language()),
            "keys": [item_label(visit, key) for key in finding.keys],
            "steps": [label("severity_reason", step["reason"]) for step in finding.severity_steps],
            "case": case,
        }
        for finding, case in visit_lists.findings_of(session(), visit)
    ]


def item_label(visit: Any, key: str) -> str:
    """Give a question's words by its key."""
    item = load_checklist(visit.checklist).item(visit.kind, key)
    return item.label(language()) if item else key


def chosen_filters(narrowed: VisitFilter, names: dict[str, str]) -> list[tuple[str, str]]:
    """List what is chosen, each with the address without it."""
    return [(text, address(without=name)) for name, text in filter_words(narrowed, names)]


def page_of(number: int, total: int) -> Page:
    """Say where page `number` of a list of `total` rows stands."""
    first, last = (number - 1) * PAGE_SIZE + 1, min(number * PAGE_SIZE, total)
    return Page(
        first=first if last >= first else 0,
        last=max(last, 0),
        total=total,
        previous_url=address(page=number - 1) if number > 1 else None,
        next_url=address(page=number + 1) if last < total else None,
    )


def address(*, without: str = "", **changed: Any) -> str:
    """Give this list's address with something changed or left out."""
    kept = {name: value for name, value in request.args.items() if name not in (without, "page") and value}
    return url_for(".list_visits", **{**kept, **changed})
