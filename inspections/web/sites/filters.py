"""The list of sites as its address asks for it: filters read, offered and shown as chips."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _

from inspections import bodies
from inspections.permissions import is_county, is_township
from inspections.sites import lists as site_lists
from inspections.sites.lists import SiteFilters
from inspections.terms import AreaLevel, Kind, MapState, SiteStatus
from inspections.web import lists
from inspections.web.auth import officer
from inspections.web.context import store
from inspections.web.filters import closed_within, label, period_choices

Places = list[tuple[str, str, AreaLevel, str | None]]


def read_filters() -> SiteFilters:
    """Read the filters of the address; `area` is how the map names a township or village."""
    asked = {field.name: request.args.get(field.name, "") for field in fields(SiteFilters)}
    area = request.args.get("area", "")
    if area and not is_county(area):
        asked["township" if is_township(area) else "village"] = area
    if asked["body"] and asked["body"] not in leading_bodies():
        asked["body"] = ""
    return site_lists.clean_filters(SiteFilters(**(asked | {"page": lists.page_asked()})))


def leading_bodies() -> dict[str, str]:
    """Names of the bodies that lead sites of the officer's scope, by id, in order; asked once a request.

    In a read of its own: who sends an export must not hold the one write lock.
    """
    if "leading_bodies" not in g:
        with store().read() as reading:
            found = bodies.list_leading(reading, officer())
        g.leading_bodies = {str(key): name for key, name in found}
    return g.leading_bodies


def choices(filters: SiteFilters, places: Places) -> dict[str, Any]:
    """Give what the filter bar offers, each as value and words."""
    return {
        "townships": [(code, name) for code, name, level, _parent in places if level == AreaLevel.TOWNSHIP],
        "villages": _villages(places, filters.township),
        "kinds": own_kinds(),
        "states": _labels("map_state", MapState),
        "statuses": [*_labels("site_status", SiteStatus), ("all", _("Every status"))],
        "visited": _visited_choices(),
        "bodies": list(leading_bodies().items()),
        "periods": period_choices(),
        "sorts": _sorts(),
    }


def chips(filters: SiteFilters, names: dict[str, str]) -> list[tuple[str, str]]:
    """Give what is chosen as words, each with the address without it."""
    return lists.chips(request.args, _chip_words(filters, names))


def own_kinds() -> list[Kind]:
    """List the kinds the officer answers for."""
    own = officer().kinds
    return [kind for kind in Kind if not own or kind.value in own]


def map_url(filters: SiteFilters) -> str:
    """Give the address of the map that shows the same sites."""
    named = {"kind": filters.kind, "state": filters.state, "area": filters.village or filters.township}
    named |= {"body": filters.body, "period": filters.period}
    return url_for("maps.show_map", **{name: value for name, value in named.items() if value})


def _chip_words(filters: SiteFilters, names: dict[str, str]) -> list[tuple[str, str]]:
    area = request.args.get("area", "")
    body = leading_bodies().get(filters.body, "") if filters.body else ""
    said = [
        ("q", f"“{filters.q}”"),
        ("kind", label("site_kind", filters.kind)),
        ("state", label("map_state", filters.state)),
        ("status", _("Every status") if filters.status == "all" else label("site_status", filters.status)),
        ("township", names.get(filters.township, filters.township)),
        ("village", names.get(filters.village, filters.village)),
        ("visited", dict(_visited_choices()).get(filters.visited, "")),
        ("area", names.get(area, area) if not is_county(area) else ""),
        ("body", body),
        ("period", closed_within(filters.closed_within_days) if filters.period else ""),
    ]
    return [(name, words) for name, words in said if words]


def _visited_choices() -> list[tuple[str, str]]:
    days = [(str(n), _("No visit for %(n)s days", n=n)) for n in site_lists.NOT_VISITED_DAYS]
    return [("never", _("Never visited")), *days]


def _sorts() -> list[tuple[str, str]]:
    return [
        ("urgent", _("Most urgent first")),
        ("number", _("By number")),
        ("name", _("By name")),
        ("visited", _("Longest without a visit first")),
        ("recent", _("Last visited first")),
        ("area", _("Largest first")),
        ("cases", _("Most open cases first")),
        ("added", _("Last added first")),
    ]


def _villages(places: Places, township: str) -> list[tuple[str, str]]:
    """The villages to choose from once a township is chosen: without one they would be hundreds."""
    return [
        (code, name)
        for code, name, level, parent in places
        if level == AreaLevel.VILLAGE and parent == township
    ]


def _labels(list_name: str, codes: Any) -> list[tuple[str, str]]:
    return [(code.value, label(list_name, code)) for code in codes]
