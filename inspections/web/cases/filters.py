"""The list of cases as its address asks for it: filters read, and what is chosen in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from flask_babel import gettext

from inspections.cases import lists as case_lists
from inspections.cases.lists import CaseFilters
from inspections.web import lists
from inspections.web.filters import label


def read_filters() -> CaseFilters:
    """Read the filters of the address."""
    texts = {field.name for field in fields(CaseFilters)} - {"page", "sort"}
    asked = {name: lists.asked(name) for name in texts}
    sort = lists.asked("sort")
    return CaseFilters(**asked, sort=sort if sort in case_lists.SORTS else "due", page=lists.page_asked())


def filter_words(
    filters: CaseFilters, names: Mapping[str, str], bodies: Mapping[str, str]
) -> list[tuple[str, str]]:
    """List what is chosen: the parameter of the address, and its words; `bodies` are names by id."""
    state = gettext("Open") if filters.state == case_lists.OPEN else label("map_state", filters.state)
    return [
        ("q", f"“{filters.q}”"),
        ("kind", label("site_kind", filters.kind)),
        ("state", state),
        ("stage", label("case_state", filters.stage)),
        ("township", names.get(filters.township, filters.township)),
        ("village", names.get(filters.village, filters.village)),
        ("severity", label("severity", filters.severity)),
        ("body", bodies.get(filters.body, filters.body)),
    ]
