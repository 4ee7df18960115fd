"""Questions, answers and judgements of a visit as people read them, in their language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from inspections.checklists import Item
from inspections.checklists.conditions import instant_ms
from inspections.terms import label as code_label
from inspections.visits.flags import FAR_M, ROUGH_M
from inspections.web.filters import language, metres, moment, position

# Units that are Chinese words; all others are the same in both languages.
UNITS_EN = {
    "亩": "mu",
    "处": "places",
    "个": "",
    "座": "sheds",
    "层": "storeys",
    "株": "plants",
    "行": "rows",
    "人": "people",
}
UNITS_EN |= {"株/亩": "plants/mu", "张": "photos"}
JUDGEMENTS = {"black_odour": "black_odour", "water_class": "water_class", "survival": "survival_result"}


def unit_label(unit: str) -> str:
    """What stands behind a number."""
    return UNITS_EN.get(unit, unit) if language() == "en" else unit


def typed_hint(item: Item) -> str:
    """Say what may be typed."""
    if item.type in ("number", "integer"):
        return _("From %(min)s to %(max)s.", min=plain(item.min), max=plain(item.max))
    if item.type == "datetime":
        return _("Beijing time.")
    if item.type == "polygon":
        return _("Paste the outline as GeoJSON: a Polygon in longitude and latitude.")
    if item.format == "spacing":
        return _("Two distances in metres, like 2 x 3.")
    return ""


def photo_hint(item: Item) -> str:
    """Say how many photos are wanted."""
    if item.min_count == item.max_count:
        return _("%(n)s photos.", n=item.max_count)
    return _("%(min)s to %(max)s photos, up to 15 MB each.", min=item.min_count, max=item.max_count)


def answer_text(item: Item, value: Any) -> str:
    """Write an answer as people read it."""
    if value is None:
        return _("not assessed")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if item.type == "enum":
        return item.option_label(value, language())
    if item.type == "multi":
        return _(", ").join(item.option_label(one, language()) for one in value)
    if item.type in ("number", "integer"):
        unit = unit_label(item.unit)
        return f"{plain(value)} {unit}".strip()
    if item.type == "datetime" and instant_ms(value) is not None:
        return moment(datetime.fromisoformat(value))
    return _("an outline") if item.type == "polygon" else str(value)


def masked(value: str) -> str:
    """Hide a name but for its first sign.

    Examples
    --------
    >>> masked("张三")
    '张*'
    """
    return value[:1] + "*" * min(2, max(1, len(value) - 1))


def judgement_text(name: str, judgement: dict[str, Any]) -> str:
    """Write what measurements mean in words."""
    if name == "guard_house":
        words = _("over the limit") if judgement["result"] == "over" else _("within the limit")
        return _("%(words)s of %(limit)s m²", words=words, limit=plain(judgement["limit_m2"]))
    words = code_label(JUDGEMENTS[name], judgement["result"], language())
    if name == "survival":
        return _("%(rate)s %%: %(words)s", rate=plain(judgement["rate"]), words=words)
    return words


def judgement_name(name: str) -> str:
    """Give the heading of a judgement."""
    return {
        "black_odour": _("Black and odorous water"),
        "water_class": _("Water class (for information)"),
        "survival": _("Survival"),
        "guard_house": _("Guard house"),
    }[name]


def plain(value: float | None) -> str:
    """Write a number without needless noughts."""
    if value is None:
        return ""
    return f"{value:,.10g}" if isinstance(value, float) and value != int(value) else f"{int(value):,}"


def result_label(visit: Any) -> str:
    """Say what a visit came to."""
    words = code_label("visit_result", visit.result, language())
    return f"{words}{_(': ')}{_('nothing found')}" if visit.nothing_found else words


def flag_text(flag: str, visit: Any) -> str:
    """Say a flag as a sentence, with its figure where it has one."""
    said = {
        "far_from_site": lambda: _(
            "%(distance)s from the site, more than %(limit)s",
            distance=metres(visit.distance_m),
            limit=metres(FAR_M),
        ),
        "rough_position": lambda: _(
            "Position to ±%(accuracy)s m, more than %(limit)s m",
            accuracy=plain(visit.accuracy_m),
            limit=plain(ROUGH_M),
        ),
        "photo_no_geotag": lambda: _("A photo does not say where it was taken"),
        "photo_reused": lambda: _("A photo was used in another visit before"),
        "too_fast": lambda: _("More than ten answers in less than a minute"),
        "case_open": lambda: _("“Nothing found” while a case is open here"),
        "outside_scope": lambda: _("The site is outside the officer's area or kinds"),
    }
    return said[flag]() if flag in said else code_label("visit_flag", flag, language())


def finding_text(found: Any) -> str:
    """Say how grave a finding is and why, where it comes from, and whether it still counts."""
    severity = code_label("severity", found["finding"].severity, language())
    if found["steps"]:
        severity = _("%(severity)s (%(reasons)s)", severity=severity, reasons=_(", ").join(found["steps"]))
    said = [_("%(severity)s; from %(questions)s.", severity=severity, questions=_(", ").join(found["keys"]))]
    if found["finding"].replaced:
        said.append(_("No longer counted."))
    elif found["finding"].still_there:
        said.append(_("Still there."))
    return " ".join(said) if language() == "en" else "".join(said)


def photo_time(photo: Any) -> str:
    """Say when a photo was taken, and who says so."""
    if photo.taken_at is None:
        return _("Time not known")
    source = _("by the file") if photo.taken_source == "exif" else _("by the device")
    return _("%(moment)s, %(source)s", moment=moment(photo.taken_at), source=source)


def photo_place(photo: Any) -> str:
    """Say where a photo was taken, and who says so."""
    if photo.lon is None:
        return _("Place not known")
    source = _("by the file") if photo.position_source == "exif" else _("by the device")
    return _("%(position)s, %(source)s", position=position(photo.lon, photo.lat), source=source)


def label_pairs(list_name: str, codes: Any) -> list[tuple[str, str]]:
    """List codes with their labels, for a choice."""
    return [(code, code_label(list_name, code, language())) for code in codes]


WORDS = {
    "result_label": result_label,
    "flag_text": flag_text,
    "finding_text": finding_text,
    "photo_time": photo_time,
    "photo_place": photo_place,
    "label_pairs": label_pairs,
}
