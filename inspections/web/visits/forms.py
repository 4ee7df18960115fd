"""The form of a visit: new, nothing found, correcting; sent, it becomes a visit or comes back as typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from shapely import get_num_coordinates

from geo.shapes import to_geojson
from inspections import areas, visits
from inspections.errors import Conflict, InspectionError, Invalid, InvalidFields, Unavailable
from inspections.map_states import site_map_state
from inspections.terms import codes
from inspections.visits import lists as visit_lists
from inspections.visits.context import visit_context
from inspections.visits.reviews import restricted_answers
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session, settings, store
from inspections.web.errors import sentence, status_of
from inspections.web.filters import language
from inspections.web.visits.input import (
    Entry,
    entry_of_visit,
    kept_photos,
    new_entry,
    payload_of,
    read_entry,
    sign_shot,
)
from inspections.web.visits.words import photo_hint, typed_hint, unit_label

bp = Blueprint("visit_forms", __name__)
MOST_CORNERS = 300


@bp.get("/sites/<uuid:site_id>/visits/new")
@officer_may("visit.log")
def new_visit(site_id: UUID) -> ResponseReturnValue:
    """Show the checklist of a site's kind, "nothing found" first; `?visit_type=` else it is a patrol."""
    site = visits.site_to_visit(session(), site_id, by=officer())
    if site.id != site_id:
        return redirect(url_for(".new_visit", site_id=site.id))
    asked = request.args.get("visit_type", "patrol")
    typed = {"visit_type": [asked]} if asked in codes("visit_type") else {}
    return show_form(site, new_entry(now(), typed=typed))


@bp.get("/sites/<uuid:site_id>/visits/clean")
@officer_may("visit.log")
def new_clean_visit(site_id: UUID) -> ResponseReturnValue:
    """Say what "nothing found" will record, with one button."""
    site = visits.site_to_visit(session(), site_id, by=officer())
    if site.id != site_id:
        return redirect(url_for(".new_clean_visit", site_id=site.id))
    if site.open_cases:
        return redirect(url_for(".new_visit", site_id=site.id))
    return show_form(site, new_entry(now(), nothing_found=True))


@bp.get("/visits/<uuid:visit_id>/correction")
@officer_may("visit.log")
def correct_visit(visit_id: UUID) -> ResponseReturnValue:
    """Show the form filled with a visit's answers; what is sent is its next version."""
    visit = visit_lists.get_visit(session(), visit_id, by=officer())
    visits.visit_to_correct(session(), visit_id, by=officer())
    site = visits.site_to_visit(session(), visit.site_id, by=officer())
    own = visit.officer_id == officer().id  # names that somebody else wrote down are not shown by the way
    hidden = () if own else tuple(restricted_answers(visit))
    return show_form(site, entry_of_visit(visit, hidden=hidden), note=visit.review_note)


@bp.post("/sites/<uuid:site_id>/visits")
@officer_may("visit.log")
def log_visit(site_id: UUID) -> ResponseReturnValue:
    """Take the visit in; what is refused comes back as typed, with its photos."""
    with store().read() as reading:
        site = visits.site_to_visit(reading, site_id, by=officer())
    entry = read_entry(request.form, request.files, site.kind, by=officer())
    payload, kept = payload_of(entry, site, now()), kept_photos(entry)
    try:
        with store().write() as writing:
            visit = visits.log_visit(
                writing,
                orjson.loads(payload),
                payload,
                by=officer(),
                now=now(),
                kept=kept,
                profile=settings().profile,
            )
            if entry.problems:
                raise InvalidFields({})
    except (Invalid, Conflict, Unavailable) as refusal:
        return show_refused(site_id, entry, refusal)
    flash(_("Saved: nothing found.") if visit.nothing_found else _("The visit is saved."))
    return redirect(url_for("visits.show_visit", visit_id=visit.id), code=303)


def show_refused(site_id: UUID, entry: Entry, refusal: InspectionError) -> ResponseReturnValue:
    """Show the form again as it was sent, saying what is refused."""
    site = visits.site_to_visit(only_read(), site_id, by=officer())
    entry.problems = dict(getattr(refusal, "problems", {})) | entry.problems
    fields = {}
    if isinstance(refusal, visits.VisitSavedAlready):
        fields["saved_id"] = refusal.facts["visit_id"]
        entry.visit_id = new_entry(now()).visit_id
    said = "" if entry.problems else sentence(refusal)
    full = [error for error in entry.problems.values() if isinstance(error, Unavailable)]
    return show_form(site, entry, said=said, **fields), status_of(full[0] if full else refusal)


def show_form(site: Any, entry: Entry, **facts: Any) -> str:
    """Render the form, long or short, over what stands in it."""
    context = visit_context(session(), site, settings().profile, now(), leave_out=entry.supersedes)
    names = areas.area_names(session())
    items = {item.key: item for item in entry.checklist.items(site.kind)}
    order = [*items, *(key for key in entry.problems if key not in items)]
    problems = {key: sentence(entry.problems[key]) for key in order if key in entry.problems}
    template = "visits/clean.html" if entry.nothing_found else "visits/form.html"
    return render_template(
        template,
        site=site,
        state=site_map_state(site, now()),
        township=names.get(site.township_code, ""),
        village=names.get(site.village_code or "", ""),
        entry=entry,
        groups=entry.checklist.groups(site.kind),
        items=items,
        problems=problems,
        kept={
            item: [(sign_shot(shot, officer()), shot) for shot in shots]
            for item, shots in entry.shots.items()
        },
        data=browser_data(entry, site, context),
        outline=outline_of(site),
        unit_label=unit_label,
        typed_hint=typed_hint,
        photo_hint=photo_hint,
        **facts,
    )


def outline_of(site: Any) -> dict[str, Any] | None:
    """Give a site's shape for telling the distance to it, unless it is too long for a page."""
    return to_geojson(site.geometry) if get_num_coordinates(site.geometry) <= MOST_CORNERS else None


def browser_data(entry: Entry, site: Any, context: dict[str, Any]) -> dict[str, Any]:
    """Gather what the page's script judges by: the checklist, the facts, and its sentences."""
    return {
        "checklist": entry.checklist.for_browser(site.kind),
        "kind": site.kind.value,
        "context": context,
        "lang": "en" if language() == "en" else "zh",
        "sentences": {code: _(text) for code, text in entry.checklist.messages.items()},
    }
