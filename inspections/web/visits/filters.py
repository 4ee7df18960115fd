"""The list of visits as its address asks for it: the filter read, and what is chosen in words."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from inspections.terms import codes
from inspections.typed import clean_text
from inspections.visits.lists import VisitFilter
from inspections.web.filters import label


def read_filter(asked: Any) -> VisitFilter:
    """Read a filter from an address; what is none of the choices narrows nothing."""

    def one_of(name: str, choices: Container[str]) -> str:
        return asked.get(name, "") if asked.get(name, "") in choices else ""

    return VisitFilter(
        state=one_of("state", codes("review_state")),
        kind=one_of("kind", codes("site_kind")),
        township=clean_text(asked.get("township", ""))[:15],
        village=clean_text(asked.get("village", ""))[:15],
        result=one_of("result", codes("visit_result")),
        site_id=asked.get("site", None, UUID),
        mine=asked.get("officer") == "mine",
        flagged=asked.get("flagged") == "yes",
        q=clean_text(asked.get("q", ""))[:60],
        with_superseded=asked.get("versions") == "all",
    )


def filter_words(narrowed: VisitFilter, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """List what is chosen: the parameter of the address, and what to show for it."""
    words = {
        "state": label("review_state", narrowed.state),
        "kind": label("site_kind", narrowed.kind),
        "township": names.get(narrowed.township, narrowed.township),
        "village": names.get(narrowed.village, narrowed.village),
        "result": label("visit_result", narrowed.result),
        "site": _("one site") if narrowed.site_id else "",
        "officer": _("my own") if narrowed.mine else "",
        "flagged": _("with flags") if narrowed.flagged else "",
        "versions": _("all versions") if narrowed.with_superseded else "",
        "q": narrowed.q,
    }
    return [(name, text) for name, text in words.items() if text]
