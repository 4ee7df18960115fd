"""The page of sites that newer boundaries left behind, and what officers decide on them there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from inspections import sites
from inspections.areas import differences
from inspections.areas.comparing import MAY_STAY, OF_VILLAGE, Why
from inspections.areas.differences import DifferenceFilters
from inspections.errors import Conflict, Invalid, NotFound
from inspections.permissions import may
from inspections.sites import differing, moving
from inspections.terms import Kind
from inspections.web import lists
from inspections.web.areas import words
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, only_read, session
from inspections.web.errors import sentence, status_of
from inspections.web.filters import label

MOST_GROUPS = 12


def count_differences() -> int:
    """How many sites of the officer's scope differ from the boundaries of today."""
    return differences.count_differences(session(), officer())


@officer_may("area.see")
def list_differences() -> ResponseReturnValue:
    """The sites that lie elsewhere by the boundaries of today, and those that officers keep."""
    return _show()


@officer_may("site.place")
def settle_differences() -> ResponseReturnValue:
    """Move or keep one site, or all that differ in one way; a refusal stands over the list."""
    use = _settle_one if request.form.get("site") else _settle_group
    try:
        with session().begin_nested():
            done = use()
    except (Invalid, Conflict) as error:
        only_read()
        return _show(refused=sentence(error)), status_of(error)
    flash(done)
    return redirect(lists.address(page=lists.page_asked()), code=303)


def _settle_one() -> str:
    form = request.form
    site = sites.get_site(session(), _site_asked(), officer())
    named: dict[str, Any] = {"row_version": _number("row_version"), "by": officer(), "now": now()}
    if form.get("decision") == "keep":
        moving.keep_site(session(), site, form.get("reason", ""), **named)
        return _("%(number)s stays where it was.", number=site.number)
    moving.move_site(session(), site, form.get("to", ""), **named)
    return _("%(number)s is moved. To take that back, correct the site.", number=site.number)


def _settle_group() -> str:
    form, group = request.form, _filters(request.form.get)
    named: dict[str, Any] = {"by": officer(), "now": now()}
    if form.get("decision") == "keep":
        count = moving.keep_group(session(), group, form.get("reason", ""), _number("seen"), **named)
        return ngettext("%(num)d site stays where it was.", "%(num)d sites stay where they were.", count)
    count = moving.move_group(session(), group, _number("seen"), **named)
    return ngettext("%(num)d site is moved.", "%(num)d sites are moved.", count)


def _show(refused: str = "") -> str:
    filters = _filters(request.args.get)
    found = differences.list_differences(session(), officer(), filters)
    names = found.boundaries.names
    return render_template(
        "areas/differences.html",
        page=lists.paging(found.total, found.page, found.size),
        found=found,
        groups=[group for group in found.groups if group.count > 1],
        rows=differing.read_differing(session(), found, officer()),
        filters=filters,
        chips=lists.chips(request.args, _chip_words(filters, names)),
        address=lists.address,
        names=names,
        whys=[(why.value, words.why(why)) for why in Why],
        why_words=words.why,
        kinds=[kind for kind in Kind if not officer().kinds or kind in officer().kinds],
        named=lambda codes, chosen: [
            (code, names.get(code, code)) for code in sorted({*codes, chosen} - {""})
        ],
        most_groups=MOST_GROUPS,
        may_place=may(officer(), "site.place"),
        may_move=lambda group: moving.may_move(officer(), group.example, group.target),
        may_stay=MAY_STAY,
        of_village=OF_VILLAGE,
        refused=refused,
        typed=request.form,
    )


def _filters(asked: Callable[[str, str], str]) -> DifferenceFilters:
    names = ("township", "target", "why", "kind")
    said = {name: asked(name, "") for name in names}
    filters = DifferenceFilters(**said, stands=asked("kept", "") == "yes", page=lists.page_asked())
    return differences.clean_filters(filters)


def _chip_words(filters: DifferenceFilters, names: Any) -> list[tuple[str, str]]:
    to = names.get(filters.target, filters.target)
    return [
        ("township", names.get(filters.township, filters.township)),
        ("target", _("to %(name)s", name=to) if to else ""),
        ("why", words.why(Why(filters.why)) if filters.why else ""),
        ("kind", label("site_kind", filters.kind)),
    ]


def _site_asked() -> UUID:
    try:
        return UUID(request.form.get("site", ""))
    except ValueError:
        raise NotFound from None


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
