"""Pages of bodies, for the administrator."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from inspections import areas, bodies, ledger
from inspections.bodies import BodyChanged
from inspections.errors import Invalid
from inspections.terms import AreaLevel, codes
from inspections.web import lists, people_forms, story
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session
from inspections.web.errors import sentence
from inspections.web.filters import label
from inspections.web.people_forms import BodyForm

bp = Blueprint("bodies", __name__)


@bp.get("/bodies")
@officer_may("body.administer")
def list_bodies() -> ResponseReturnValue:
    """All bodies, narrowed by the address."""
    asked = {name: lists.asked(name) for name in ("q", "type")}
    found = bodies.list_bodies(
        session(), officer(), q=asked["q"], type_=asked["type"], page=lists.page_asked()
    )
    words = [("q", f"“{asked['q']}”"), ("type", label("body_type", asked["type"]))]
    return render_template(
        "bodies/list.html",
        bodies=found.rows,
        page=lists.paging(found.total, found.page, found.size),
        chips=lists.chips(asked, words),
        asked=asked,
        types=[(code, label("body_type", code)) for code in codes("body_type")],
        names=areas.area_names(session()),
    )


@bp.get("/bodies/new")
@officer_may("body.administer")
def new_body() -> ResponseReturnValue:
    """The form of a new body."""
    return _new_page(BodyForm())


@bp.post("/bodies")
@officer_may("body.administer")
def add_body() -> ResponseReturnValue:
    """Add a body."""
    form = BodyForm(request.form)
    try:
        with session().begin_nested():
            added = bodies.add_body(session(), form.facts(), by=officer(), now=now())
    except Invalid as refused:
        form.take(refused)
        only_read()
        return _new_page(form), 422
    flash(gettext("%(name)s is saved.", name=added.name))
    return redirect(url_for(".show_body", body_id=added.id), code=303)


@bp.get("/bodies/<uuid:body_id>")
@officer_may("body.administer")
def show_body(body_id: UUID) -> ResponseReturnValue:
    """One body: what can be corrected, and its story."""
    return _show(body_id)


@bp.post("/bodies/<uuid:body_id>")
@officer_may("body.administer")
def correct_body(body_id: UUID) -> ResponseReturnValue:
    """Correct name, type and area."""
    form = BodyForm(request.form)
    try:
        with session().begin_nested():
            body = bodies.correct_body(
                session(), body_id, form.facts(), row_version=form.version, by=officer(), now=now()
            )
    except BodyChanged as changed:
        message = sentence(changed)
        only_read()
        return _show(body_id, form=form, changed=message), 409
    except Invalid as refused:
        form.take(refused)
        only_read()
        return _show(body_id, form=form), 422
    flash(gettext("%(name)s is saved.", name=body.name))
    return redirect(url_for(".show_body", body_id=body_id), code=303)


@bp.post("/bodies/<uuid:body_id>/ending")
@officer_may("body.administer")
def end_body(body_id: UUID) -> ResponseReturnValue:
    """End a body today."""
    return _turn(body_id, bodies.end_body, gettext("The body ends today. What it did stays under its name."))


@bp.post("/bodies/<uuid:body_id>/resumption")
@officer_may("body.administer")
def resume_body(body_id: UUID) -> ResponseReturnValue:
    """Take up an ended body again."""
    return _turn(body_id, bodies.resume_body, gettext("The body is taken up again."))


def _turn(body_id: UUID, use: Callable, said: str) -> ResponseReturnValue:
    try:
        with session().begin_nested():
            use(session(), body_id, by=officer(), now=now())
    except Invalid as refused:
        only_read()
        return _show(body_id, refused=sentence(refused)), 422
    flash(said)
    return redirect(url_for(".show_body", body_id=body_id), code=303)


def _new_page(form: BodyForm) -> str:
    form.offer(_areas())
    return render_template("bodies/new.html", form=form)


def _show(body_id: UUID, *, form: BodyForm | None = None, changed: str = "", refused: str = "") -> str:
    body = bodies.get_body(session(), body_id, officer())
    stored = BodyForm.of(body)
    for one in (stored, form):
        if one is not None:
            one.offer(_areas())
    theirs = people_forms.differences(form, stored, {}) if changed and form else []
    if changed and form:
        form.row_version.data = stored.row_version.data
    return render_template(
        "bodies/show.html",
        body=body,
        form=form or stored,
        changed=changed,
        theirs=theirs,
        refused=refused,
        story=story.sentences(ledger.story(session(), subject_id=body.id, limit=50)),
    )


def _areas() -> list[tuple[str, str]]:
    townships = areas.list_areas(session(), AreaLevel.TOWNSHIP)
    names = {area.code: area.name for area in townships}
    villages = areas.list_areas(session(), AreaLevel.VILLAGE)
    return [(area.code, area.name) for area in townships] + [
        (area.code, f"{names.get(area.parent_code or '', '')} {area.name}") for area in villages
    ]
