"""Pages of areas: those of a day, and one code through time."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from inspections.areas import versions
from inspections.deadlines import beijing_day
from inspections.permissions import may
from inspections.terms import AreaLevel, Role
from inspections.typed import clean_text
from inspections.web import lists, story
from inspections.web.areas import differing, words
from inspections.web.auth import officer, officer_may
from inspections.web.context import now, session

bp = Blueprint("areas", __name__)
bp.add_app_template_global(differing.count_differences)
bp.add_app_template_global(words.category, "area_category")
bp.add_url_rule("/areas/differences", view_func=differing.list_differences, methods=["GET"])
bp.add_url_rule("/areas/differences", view_func=differing.settle_differences, methods=["POST"])


@bp.get("/areas")
@officer_may("area.see")
def list_areas() -> ResponseReturnValue:
    """The townships of a day with their dates, sites and sources; or the areas of a name."""
    today, said = beijing_day(now()), clean_text(lists.asked("q"))[:40]
    on = _day_asked(today)
    listed = versions.list_day(session(), officer(), on=on)
    return render_template(
        "areas/list.html",
        county=next((one for one in listed if one.area.level is AreaLevel.COUNTY), None),
        townships=[one for one in listed if one.area.level is AreaLevel.TOWNSHIP],
        found=versions.find_areas(session(), officer(), said, on=on) if said else None,
        on=on,
        today=today,
        first_day=None if listed else versions.first_day(session()),
        most=versions.MOST_LISTED,
        q=said,
        opens_imports=_opens_imports(),
    )


@bp.get("/areas/<code>")
@officer_may("area.see")
def show_area(code: str) -> ResponseReturnValue:
    """One code: its versions, what changed between them, what came before and after."""
    history = versions.read_history(session(), code[:15], officer())
    area = history.newest
    is_township = area.level is AreaLevel.TOWNSHIP
    return render_template(
        "areas/show.html",
        history=history,
        area=area,
        sites=versions.count_sites(session(), area, officer()),
        villages=versions.list_day(session(), officer(), parent=area.code) if is_township else [],
        changes=words.changes,
        square_kilometres=words.square_kilometres,
        story=story.sentences(history.entries),
        opens_imports=_opens_imports(),
    )


def _day_asked(today: date) -> date | None:
    """The day in the address; None for today, for a day to come, and for what is no day."""
    try:
        asked = date.fromisoformat(lists.asked("on"))
    except ValueError:
        return None
    return asked if asked < today else None


def _opens_imports() -> bool:
    """Whether the officer sees files of areas on the page of imports."""
    return may(officer(), "area.import") or officer().role == Role.SUPERVISOR
