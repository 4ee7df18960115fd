"""What the attributes of a site are called and how a site stands, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext

from inspections import terms
from inspections.layers.overlaps import Overlap
from inspections.map_states import CLOSED_WITHIN_DAYS, site_map_state
from inspections.sites.attributes import ATTRIBUTES, Attribute
from inspections.terms import MapState
from inspections.web.case_words import days_words
from inspections.web.field_words import ATTRIBUTE_NAMES
from inspections.web.filters import label, language, metres, mu, number, source_and_day, square_metres

ATTRIBUTE_HINTS = {
    "width_m": lazy_gettext("With a line, length times width gives the area."),
    "keeper": lazy_gettext("A body or a post, not a person's name."),
    "list_level": lazy_gettext("From 2,000 m² national, below provincial, unless decided otherwise."),
}
UNITS = {"mu": lazy_gettext("mu"), "m": "m", "per_mu": lazy_gettext("trees per mu")}


def attribute_facts(site: Any) -> list[tuple[str, str]]:
    """List what is recorded of a site's kind, as name and value."""
    shown = []
    for attribute in ATTRIBUTES.get(site.kind, ()):
        value = site.attrs.get(attribute.key)
        if value is not None:
            shown.append((str(ATTRIBUTE_NAMES[attribute.key]), _value(attribute, value)))
    return shown


def overlap_facts(overlaps: Iterable[Overlap]) -> list[tuple[str, str, str]]:
    """Say what of a site lies in each layer: the layer's name, how much, and where that is known from."""
    return [(label("layer_kind", one.kind), _overlap(one), _about(one)) for one in overlaps]


def state_of(site: Any, now: datetime, closed_within_days: int = CLOSED_WITHIN_DAYS) -> tuple[MapState, str]:
    """Tell a site's map state and the words for it: with a deadline, how many days."""
    state = site_map_state(site, now, closed_within_days)
    if state in (MapState.OVERDUE, MapState.DUE_SOON):
        return state, days_words(site.case_due_at, now)
    return state, terms.label("map_state", state, language())


def _overlap(one: Overlap) -> str:
    if one.layer is None:
        return gettext("not known: no such layer is imported")
    sizes = [metres(one.length_m)] if one.length_m else []
    if one.area_m2 and round(one.area_m2):
        sizes += [square_metres(one.area_m2), mu(one.area_m2)]
    if not sizes:
        return gettext("yes, by its position") if one.inside else gettext("no")
    if not one.inside:
        return gettext("no: %(sizes)s, no more than lines differ by", sizes=sizes[0])
    return gettext("yes: %(sizes)s", sizes=" · ".join(sizes))


def _about(one: Overlap) -> str:
    """Source and day of a layer."""
    return "" if one.layer is None else source_and_day(one.layer.source, one.layer.dated)


def _value(attribute: Attribute, value: Any) -> str:
    if attribute.form == "choice":
        return label(attribute.choices, str(value))
    if attribute.form == "yes_no":
        return gettext("yes") if value else gettext("no")
    if attribute.form == "text" or attribute.key == "design_year":
        return str(value)
    unit = str(UNITS.get(attribute.unit, ""))
    places = 0 if float(value) == int(value) else 2
    return f"{number(value, places)} {unit}".strip()
