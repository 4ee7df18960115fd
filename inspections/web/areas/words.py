"""Areas through time in words: what changed from one version to the next, and what a site differs in."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from inspections.areas.comparing import Why
from inspections.areas.versions import Change, Version
from inspections.web.filters import day

WHYS = {
    Why.ENDED: lazy_gettext("its township ended"),
    Why.COUNTY: lazy_gettext("no township yet"),
    Why.LINE: lazy_gettext("lies in another township"),
    Why.BORDER: lazy_gettext("lies on the line"),
    Why.OUTSIDE: lazy_gettext("lies outside every township"),
    Why.VILLAGE_ENDED: lazy_gettext("its village ended"),
    Why.VILLAGE: lazy_gettext("lies in another village"),
}
CATEGORIES = {
    "县": lazy_gettext("county"),
    "区": lazy_gettext("district"),
    "市": lazy_gettext("city"),
    "街道": lazy_gettext("subdistrict"),
    "镇": lazy_gettext("town"),
    "乡": lazy_gettext("rural township"),
    "政企合一": lazy_gettext("unit run like a township"),
    "社区": lazy_gettext("residents' committee"),
    "村": lazy_gettext("village"),
}


def why(reason: Why) -> str:
    """Why a site differs."""
    return str(WHYS[reason])


def category(said: str) -> str:
    """What sort of area it is, in the reader's language; a word of the file's own as it stands."""
    return str(CATEGORIES.get(said, said))


def changes(version: Version, names: Mapping[str, str]) -> list[str]:
    """What is new in a version, a line each."""
    said = [_SAID[change.what](change, names) for change in version.changes]
    return said or [_("Nothing that is compared changed: its source, its English name or its day.")]


def square_kilometres(area_m2: float | None) -> str:
    """224.69 km²."""
    return "—" if area_m2 is None else f"{area_m2 / 1e6:,.2f} km²"


def _redrawn(change: Change, _names: Mapping[str, str]) -> str:
    before, after = square_kilometres(change.before), square_kilometres(change.after)
    return _("Redrawn: %(before)s before, %(after)s now", before=before, after=after)


def _put_under(change: Change, names: Mapping[str, str]) -> str:
    before, after = (names.get(code or "", code or "—") for code in (change.before, change.after))
    return _("Belongs to %(after)s, before to %(before)s", before=before, after=after)


_SAID = {
    "begun": lambda change, _names: _("First known, from %(day)s", day=day(change.after)),
    "resumed": lambda change, _names: _("There again, after it ended on %(day)s", day=day(change.before)),
    "renamed": lambda change, _names: _(
        "Renamed: %(before)s before, %(after)s now", before=change.before, after=change.after
    ),
    "recategorised": lambda change, _names: _(
        "Category: %(before)s before, %(after)s now",
        before=category(change.before) or "—",
        after=category(change.after) or "—",
    ),
    "put_under": _put_under,
    "drawn": lambda change, _names: _("Has a boundary now: %(after)s", after=square_kilometres(change.after)),
    "undrawn": lambda change, _names: _("Has no boundary any more"),
    "redrawn": _redrawn,
}
