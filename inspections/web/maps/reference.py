"""What the county map says of the layers for reference: which are offered, from whom, of which day."""

from __future__ import annotations

from flask_babel import gettext as _

from inspections.layers import drawing
from inspections.web import filters
from inspections.web.context import session


def list_offered() -> list[dict[str, str]]:
    """List the layers there are with their names, and in small who they come from and of which day."""
    return [
        {"kind": one.kind, "label": _label(one.kind), "about": filters.source_and_day(one.source, one.dated)}
        for one in drawing.list_drawn(session())
    ]


def words() -> dict[str, str]:
    """Translate what the module of these layers says."""
    return {
        "reference": _("For reference"),
        "reference_failed": _("Did not arrive."),
    }


def _label(kind: str) -> str:
    return _("Villages") if kind == drawing.VILLAGES else filters.label("layer_kind", kind)
