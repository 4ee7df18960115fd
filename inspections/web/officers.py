"""Pages of officers for the administrator, and of the own account for everybody."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from inspections import areas, bodies, ledger, officers
from inspections.errors import Invalid
from inspections.officers import records as officer_records
from inspections.officers.records import OfficerChanged
from inspections.terms import AreaLevel, Role
from inspections.web import lists, people_forms, signing, story
from inspections.web.auth import officer, officer_may, signed_in
from inspections.web.context import now, only_read, session, token
from inspections.web.errors import sentence
from inspections.web.filters import label
from inspections.web.people_forms import NewOfficerForm, OfficerForm, OwnPasswordForm, PasswordForm

bp = Blueprint("officers", __name__)


@bp.get("/officers")
@officer_may("officer.administer")
def list_officers() -> ResponseReturnValue:
    """All officers, narrowed by the address."""
    asked = {name: lists.asked(name) for name in ("q", "role", "active")}
    found = officer_records.list_officers(session(), officer(), **asked, page=lists.page_asked())
    actives = [("yes", gettext("Active")), ("no", gettext("Deactivated"))]
    words = [("q", f"“{asked['q']}”"), ("role", label("role", asked["role"]))]
    words.append(("active", dict(actives).get(asked["active"], "")))
    return render_template(
        "officers/list.html",
        officers=found.rows,
        page=lists.paging(found.total, found.page, found.size),
        chips=lists.chips(asked, words),
        asked=asked,
        roles=[(role.value, label("role", role)) for role in Role],
        actives=actives,
        names=areas.area_names(session()),
    )


@bp.get("/officers/new")
@officer_may("officer.administer")
def new_officer() -> ResponseReturnValue:
    """The form of a new officer."""
    return _new_page(NewOfficerForm(data={"role": Role.INSPECTOR.value}))


@bp.post("/officers")
@officer_may("officer.administer")
def add_officer() -> ResponseReturnValue:
    """Add an officer who may sign in at once."""
    form = NewOfficerForm(request.form)
    if form.agrees():
        try:
            with session().begin_nested():
                added = officer_records.enrol_officer(
                    session(),
                    form.name.data or "",
                    form.facts(),
                    password=form.password.data or "",
                    by=officer(),
                    now=now(),
                )
        except Invalid as refused:
            form.take(refused)
        else:
            flash(gettext("%(name)s can sign in.", name=added.full_name))
            return redirect(url_for(".show_officer", officer_id=added.id), code=303)
    only_read()
    return _new_page(form), 422


@bp.get("/officers/<uuid:officer_id>")
@officer_may("officer.administer")
def show_officer(officer_id: UUID) -> ResponseReturnValue:
    """One officer: what can be corrected, the password, the story."""
    return _show(officer_id)


@bp.post("/officers/<uuid:officer_id>")
@officer_may("officer.administer")
def correct_officer(officer_id: UUID) -> ResponseReturnValue:
    """Correct role, body and scope; they hold from the officer's next request on."""
    form = OfficerForm(request.form)
    try:
        with session().begin_nested():
            corrected = officer_records.correct_officer(
                session(), officer_id, form.facts(), row_version=form.version, by=officer(), now=now()
            )
    except OfficerChanged as changed:
        message = sentence(changed)
        only_read()
        return _show(officer_id, form=form, changed=message), 409
    except Invalid as refused:
        form.take(refused)
        only_read()
        return _show(officer_id, form=form), 422
    flash(gettext("%(name)s is saved.", name=corrected.full_name))
    return redirect(url_for(".show_officer", officer_id=officer_id), code=303)


@bp.post("/officers/<uuid:officer_id>/password")
@officer_may("officer.administer")
def set_password(officer_id: UUID) -> ResponseReturnValue:
    """Give the officer a new password; every session of the officer ends."""
    form = PasswordForm(request.form)
    if form.agrees():
        try:
            with session().begin_nested():
                officer_records.set_password(
                    session(), officer_id, form.password.data or "", by=officer(), now=now()
                )
        except Invalid as refused:
            form.take(refused)
        else:
            flash(gettext("The new password is set. Hand it over in person."))
            return redirect(url_for(".show_officer", officer_id=officer_id), code=303)
    only_read()
    return _show(officer_id, password_form=form), 422


@bp.post("/officers/<uuid:officer_id>/deactivation")
@officer_may("officer.administer")
def deactivate_officer(officer_id: UUID) -> ResponseReturnValue:
    """Shut the door: every session ends at once."""
    said = gettext("Deactivated. Every session of this officer has ended.")
    return _set_active(officer_id, False, said)


@bp.post("/officers/<uuid:officer_id>/activation")
@officer_may("officer.administer")
def activate_officer(officer_id: UUID) -> ResponseReturnValue:
    """Let the officer sign in again."""
    return _set_active(officer_id, True, gettext("This officer can sign in again."))


@bp.get("/account")
@signed_in
def show_account() -> ResponseReturnValue:
    """The own password, the own sessions, what one answers for."""
    return _account(OwnPasswordForm())


@bp.post("/account/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Change the own password; the other sessions end."""
    form = OwnPasswordForm(request.form)
    if form.agrees():
        refused = _try_password(form)
        if refused is None:
            flash(gettext("The new password holds. Your other sessions have ended."))
            return redirect(url_for(".show_account"), code=303)
        form.take(refused)
    only_read()
    return _account(form), 422


@bp.post("/account/ended-sessions")
@signed_in
def end_session() -> ResponseReturnValue:
    """End one of the own sessions, wherever it is."""
    try:
        officers.end_session(
            session(), lists.without_nul(request.form.get("session", "")), by=officer(), now=now()
        )
    except Invalid as refused:
        only_read()
        return _account(OwnPasswordForm(), refused=sentence(refused)), 422
    flash(gettext("That session has ended."))
    return redirect(url_for(".show_account"), code=303)


def _try_password(form: OwnPasswordForm) -> Invalid | None:
    try:
        with session().begin_nested():
            officers.change_password(
                session(),
                old=form.old_password.data or "",
                new=form.password.data or "",
                token=token(),
                by=officer(),
                now=now(),
            )
    except officers.WrongPassword as refused:
        signing.note_failure(officer().sign_in_name)
        return refused
    except Invalid as refused:
        return refused
    return None


def _set_active(officer_id: UUID, active: bool, said: str) -> ResponseReturnValue:
    try:
        with session().begin_nested():
            officer_records.set_active(session(), officer_id, active, by=officer(), now=now())
    except Invalid as refused:
        only_read()
        return _show(officer_id, refused=sentence(refused)), 422
    flash(said)
    return redirect(url_for(".show_officer", officer_id=officer_id), code=303)


def _new_page(form: NewOfficerForm) -> str:
    form.offer(bodies.list_active(session()))
    return render_template("officers/new.html", form=form, **_area_lists())


def _show(
    officer_id: UUID,
    *,
    form: OfficerForm | None = None,
    password_form: PasswordForm | None = None,
    changed: str = "",
    refused: str = "",
) -> str:
    found = officer_records.get_officer(session(), officer_id, officer())
    stored, offered = OfficerForm.of(found), bodies.list_active(session())
    if found.body and not found.body.active:
        offered = [(found.body.id, found.body.name), *offered]
    for one in (stored, form):
        if one is not None:
            one.offer(offered)
    lists_of_areas = _area_lists()
    theirs = people_forms.differences(form, stored, areas.area_names(session())) if changed and form else []
    if changed and form:
        form.row_version.data = stored.row_version.data
    return render_template(
        "officers/show.html",
        found=found,
        form=form or stored,
        password_form=password_form or PasswordForm(),
        changed=changed,
        theirs=theirs,
        refused=refused,
        is_self=found.id == officer().id,
        story=story.sentences(ledger.story(session(), subject_id=found.id, limit=50)),
        **lists_of_areas,
    )


def _area_lists() -> dict[str, Callable | list]:
    """Townships with their villages, for the list of areas to tick."""
    townships = areas.list_areas(session(), AreaLevel.TOWNSHIP)
    villages: dict[str, list] = {}
    for village in areas.list_areas(session(), AreaLevel.VILLAGE):
        villages.setdefault(village.parent_code or "", []).append(village)
    county = areas.find_county(session())
    return {"townships": [(area, villages.get(area.code, [])) for area in townships], "county": county}


def _account(form: OwnPasswordForm, refused: str = "") -> str:
    asking = officer()
    sessions = officers.list_sessions(session(), asking, now())
    return render_template(
        "officers/account.html",
        form=form,
        refused=refused,
        sessions=[(row, officers.is_own_session(row, token())) for row in sessions],
        names=areas.area_names(session()),
    )
