"""Pages of sites: the list, one site with its story, adding and correcting it, and the steps of its life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from geo.errors import GeoError
from inspections import areas, sites
from inspections.cases import lists as case_lists
from inspections.errors import Invalid, NotFound
from inspections.permissions import may
from inspections.sites import lists as site_lists
from inspections.sites import merging as site_merging
from inspections.sites import records as site_records
from inspections.sites.warnings import NeedsConfirming, SiteWarning
from inspections.terms import Kind, MapState
from inspections.web import case_words, lists, story
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session
from inspections.web.errors import sentence, status_of
from inspections.web.sites import filters as site_filters
from inspections.web.sites import forms as site_forms
from inspections.web.sites import words as site_words
from inspections.web.sites.forms import SiteForm

bp = Blueprint("sites", __name__)
Step = Callable[[Any], str]


@bp.get("/sites")
@officer_may("site.see")
def list_sites() -> ResponseReturnValue:
    """The sites in the officer's scope, narrowed by the address, the late first."""
    filters = site_filters.read_filters()
    found = site_lists.list_sites(session(), officer(), filters, now=now())
    places = areas.list_choices(session())
    names = areas.area_names(session())
    return render_template(
        "sites/list.html",
        sites=[(site, *site_words.state_of(site, now(), filters.closed_within_days)) for site in found.items],
        page=lists.paging(found.total, found.page, found.size),
        filters=filters,
        chips=site_filters.chips(filters, names),
        names=names,
        address=lists.address,
        map_url=site_filters.map_url(filters),
        export_url=lists.export_url("sites"),
        **site_filters.choices(filters, places),
    )


@bp.get("/sites/new")
@officer_may("site.add")
def new_site() -> ResponseReturnValue:
    """Ask for the kind, then show its form."""
    kind = request.args.get("kind", "")
    if kind not in set(Kind):
        return render_template("sites/kinds.html", kinds=site_filters.own_kinds())
    form = site_forms.empty_form(kind)
    form.position.data = request.args.get("at", "")[:60]
    return _show_form(form)


@bp.post("/sites")
@officer_may("site.add")
def add_site() -> ResponseReturnValue:
    """Add a draft; the same form sent twice leads to the one site there is."""
    kind = request.form.get("kind", "")
    if kind not in set(Kind):
        return render_template("sites/kinds.html", kinds=site_filters.own_kinds()), 422
    form = site_forms.form_for(kind)(request.form)

    def add() -> Any:
        facts = form.facts(with_operator=True)
        return sites.add_site(
            session(),
            facts,
            by=officer(),
            now=now(),
            site_id=form.site_uuid(),
            confirmed=form.seen_warnings(),
        )

    try:
        site, warnings = _attempt(form, add)
    except sites.IdTaken as taken:
        ways = [(_("Open the site"), url_for(".show_site", site_id=form.site_uuid()))]
        return render_template("errors/409.html", message=sentence(taken), ways=ways), 409
    if site is None:
        return _show_form(form, warnings), 422
    flash(_("Saved as draft %(number)s. Another officer takes it into the register.", number=site.number))
    return redirect(url_for(".show_site", site_id=site.id), code=303)


@bp.get("/sites/<uuid:site_id>")
@officer_may("site.see")
def show_site(site_id: UUID) -> ResponseReturnValue:
    """One site: facts, state, cases, visits, photos, story, and what this officer may do now."""
    return _show(site_id)


@bp.get("/sites/number/<number>")
@officer_may("site.see")
def find_site(number: str) -> ResponseReturnValue:
    """Lead from a number, as people write it, to the site's page."""
    site = sites.find_by_number(session(), number, officer())
    if site is None:
        raise NotFound
    return redirect(url_for(".show_site", site_id=site.id), code=303)


@bp.get("/sites/<uuid:site_id>/edit")
@officer_may("site.correct")
def edit_site(site_id: UUID) -> ResponseReturnValue:
    """The form, filled with what is recorded."""
    site = sites.get_site(session(), site_id, officer())
    if site.status not in site_lists.LISTED:
        raise sites.WrongStatus
    return _show_form(site_forms.form_of(site), site=site)


@bp.post("/sites/<uuid:site_id>/edit")
@officer_may("site.correct")
def correct_site(site_id: UUID) -> ResponseReturnValue:
    """Save a correction; where somebody else came first, show both versions and keep what was typed."""
    site = sites.get_site(session(), site_id, officer())
    form = site_forms.form_for(site.kind.value)(request.form, kind=site.kind.value)
    form.kind.data = site.kind.value

    def correct() -> Any:
        facts = form.facts(with_operator=may(officer(), "restricted.see", site))
        return sites.correct_site(
            session(),
            site,
            facts,
            row_version=form.version(),
            by=officer(),
            now=now(),
            confirmed=form.seen_warnings(),
        )

    try:
        corrected, warnings = _attempt(form, correct)
    except sites.SiteChanged as changed:
        return _show_conflict(form, changed), 409
    if corrected is None:
        return _show_form(form, warnings, site=sites.get_site(only_read(), site_id, officer())), 422
    flash(_("The correction is saved."))
    return redirect(url_for(".show_site", site_id=site_id), code=303)


@bp.post("/sites/<uuid:site_id>/activation")
@officer_may("site.activate")
def activate_site(site_id: UUID) -> ResponseReturnValue:
    """Take a draft into the register."""

    def step(site: Any) -> str:
        sites.activate_site(session(), site, by=officer(), now=now())
        return _("%(number)s is in the register now.", number=site.number)

    return _take_step(site_id, "activation", step)


@bp.post("/sites/<uuid:site_id>/refusal")
@officer_may("site.activate")
def refuse_site(site_id: UUID) -> ResponseReturnValue:
    """Refuse a draft with a reason."""

    def step(site: Any) -> str:
        sites.refuse_site(session(), site, reason=_reason(), by=officer(), now=now())
        return _("The draft %(number)s is refused.", number=site.number)

    return _take_step(site_id, "refusal", step)


@bp.post("/sites/<uuid:site_id>/retirement")
@officer_may("site.retire")
def retire_site(site_id: UUID) -> ResponseReturnValue:
    """Take a site out of the register, with a reason."""

    def step(site: Any) -> str:
        sites.retire_site(session(), site, reason=_reason(), by=officer(), now=now())
        return _("%(number)s is out of the register. Its story stays.", number=site.number)

    return _take_step(site_id, "retirement", step)


@bp.post("/sites/<uuid:site_id>/merger")
@officer_may("site.merge")
def merge_site(site_id: UUID) -> ResponseReturnValue:
    """Merge a site into another, whose number was typed; what it has follows the survivor."""

    def step(site: Any) -> str:
        into = site_merging.find_survivor(session(), request.form.get("into", ""), by=officer())
        site_merging.merge_sites(session(), site, into, reason=_reason(), by=officer(), now=now())
        return _("Merged: what %(number)s had is at %(into)s now.", number=site.number, into=into.number)

    return _take_step(site_id, "merger", step)


@bp.post("/sites/<uuid:site_id>/operator")
@officer_may("restricted.see")
def show_operator(site_id: UUID) -> ResponseReturnValue:
    """Show the operator's name and telephone number; the ledger notes who asked."""
    site = sites.get_site(session(), site_id, officer())
    operator = sites.show_operator(session(), site, by=officer(), now=now())
    return _show(site_id, operator=operator)


def _show(site_id: UUID, *, operator: Any = None, refused: dict[str, str] | None = None) -> str:
    record = site_records.read_record(session(), site_id, officer())
    site = record.site
    return render_template(
        "sites/show.html",
        record=record,
        site=site,
        shown=site_words.state_of(site, now()),
        attributes=site_words.attribute_facts(site),
        ground=site_words.overlap_facts(record.overlaps),
        masked=sites.masked_operator(site),
        operator=operator,
        due_words=case_words.due_words,
        open_cases=[_shown_case(case) for case in record.open_cases],
        story=story.sentences(record.entries),
        is_own=site.created_by_id == officer().id,
        refused=refused or {},
        requirement_label=story.requirement_label,
    )


def _shown_case(case: Any) -> tuple[Any, MapState, str]:
    state = case_lists.case_map_state(case, now())
    return case, state, case_words.state_words(case, now(), state)


def _show_form(form: SiteForm, warnings: tuple[SiteWarning, ...] = (), *, site: Any = None) -> str:
    site_forms.offer_choices(form, areas.list_choices(session()), sites.list_bodies(session()))
    return render_template(
        "sites/form.html",
        form=form,
        site=site,
        warnings=[(warning.key, sentence(warning)) for warning in warnings],
        asked=_(NeedsConfirming.message),
        with_operator=site is None or may(officer(), "restricted.see", site),
        units=site_words.UNITS,
        masked=sites.masked_operator(site) if site else ("", ""),
    )


def _show_conflict(form: SiteForm, changed: sites.SiteChanged) -> str:
    theirs = site_forms.form_of(changed.site)
    for one in (form, theirs):
        site_forms.offer_choices(one, areas.list_choices(session()), sites.list_bodies(session()))
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    return render_template(
        "sites/conflict.html",
        site=changed.site,
        message=sentence(changed),
        rows=site_forms.compared(form, theirs),
        typed=[(name, value) for name, value in typed if name != "row_version"],
        row_version=changed.site.row_version,
        entry=changed.entry,
    )


def _attempt(form: SiteForm, use: Callable[[], Any]) -> tuple[Any, tuple[SiteWarning, ...]]:
    """Run a use case on a form; a refusal leaves nothing behind and stands in the form."""
    try:
        with session().begin_nested():
            return use(), ()
    except NeedsConfirming as asked:
        return None, asked.warnings
    except (Invalid, GeoError) as error:
        form.take(error)
    return None, ()


def _take_step(site_id: UUID, name: str, step: Step) -> ResponseReturnValue:
    """Take one step of a site's life; a refusal is shown beside its form, with what was typed."""
    site = sites.get_site(session(), site_id, officer())
    try:
        with session().begin_nested():
            done = step(site)
    except (Invalid, sites.WrongStatus) as error:
        only_read()
        return _show(site_id, refused={name: sentence(error)}), status_of(error)
    flash(done)
    return redirect(url_for(".show_site", site_id=site_id), code=303)


def _reason() -> str:
    return request.form.get("reason", "")
