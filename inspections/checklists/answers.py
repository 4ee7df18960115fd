"""One answer at a time: what a value has to be for its question, and how forms write it.

`clean` takes JSON values as the tablet sends them and is strict; `read_form_answers` turns what people type
into such values first. Neither knows which questions are asked: that is `inspections.checklists.evaluation`.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from inspections.checklists.conditions import BEIJING, instant_ms, instant_text
from inspections.checklists.questions import Item

NOT_ASSESSED = "not_assessed"  # what a form sends for null
MAX_CORNERS = 5000
MINUTE_MS = 60_000
DAY_MS = 86_400_000

# Control characters, invisible marks, and what turns the direction of writing; lone surrogates too.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_BLANK = " \n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_SPACING = re.compile(
    r"([0-9]{1,2}(?:\.[0-9]{1,2})?) ?[x*] ?([0-9]{1,2}(?:\.[0-9]{1,2})?) ?m?", re.IGNORECASE
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})?(?:\.[0-9]{0,15})?")
_LOCAL_TIME = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?[T ]?([0-9]{1,2})[:时]([0-9]{2})(?::([0-9]{2}))?分?"
)
_YES_NO = {
    "true": True,
    "yes": True,
    "1": True,
    "是": True,
    "false": False,
    "no": False,
    "0": False,
    "否": False,
}


class Wrong(Exception):
    """A value is not an answer to its question; `code` says why."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong or odd with an answer; its sentence stands under `code` in the checklist's messages."""

    key: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    level: str = "error"  # error, warning, note

    def as_json(self) -> dict[str, Any]:
        """As the browser has it."""
        return {"key": self.key, "code": self.code, "facts": dict(self.facts), "level": self.level}


def clean(item: Item, value: Any, now_ms: int | None = None) -> Any:
    """The value to keep for an answer; None where it comes to nothing, as empty text does.

    Parameters
    ----------
    item : Item
    value : object
        From JSON, not None.
    now_ms : int, optional
        When the visit was saved; without it, times are not held against the clock.

    Raises
    ------
    Wrong
        It is no answer to this question.
    """
    return _CLEANERS[item.type](item, value, now_ms)


def clean_text(text: str) -> str:
    """Text without control characters or blanks around it; tabs become blanks, line ends stay."""
    return _INVISIBLE.sub("", text.replace("\t", " ")).strip(_BLANK)


def is_whole(value: Any) -> bool:
    """Whether a JSON value is a whole number; 5.0 is one, as it is in the browser."""
    return _is_finite(value) and value == math.floor(value)


def unlikely(item: Item, value: Any) -> bool:
    """Whether a number lies in the unlikely part of its range (DOMAIN §7.3)."""
    if item.warn_min is None or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not item.warn_min <= value <= item.warn_max


def read_form_answers(
    items: Iterable[Item], raw: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], list[Problem]]:
    """Answers as JSON values from what a form sent, by item; keys of no item are left alone.

    Digits of any width, units behind numbers, and Beijing times are understood. What cannot be read stays as
    it was typed, so that `check_answers` refuses it in the same words and the form can show it again.
    """
    answers: dict[str, Any] = {}
    problems: list[Problem] = []
    for item in items:
        typed = [text for text in raw.get(item.key, ()) if text.strip()]
        if item.type == "photo" or not typed:
            continue
        try:
            answers[item.key] = _read(item, typed)
        except Wrong as wrong:
            answers[item.key] = typed if item.type == "multi" else typed[-1]
            problems.append(Problem(item.key, wrong.code, wrong.facts))
    return answers, problems


def _read(item: Item, typed: list[str]) -> Any:
    if typed == [NOT_ASSESSED]:
        return None
    if item.type == "multi":
        return typed
    reader = _READERS.get(item.type)
    return reader(item, typed[-1]) if reader else typed[-1]


def _read_number(item: Item, text: str) -> int | float:
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-").replace("。", ".")
    unit = unicodedata.normalize("NFKC", item.unit).casefold()
    if unit and plain.casefold().endswith(unit):
        plain = plain[: -len(unit)].strip()
    if not _NUMBER.fullmatch(plain) or not re.search(r"[0-9]", plain):
        raise Wrong(item.type)
    digits = plain.replace(",", "")
    return float(digits) if "." in digits else int(digits)


def _read_yes_no(_item: Item, text: str) -> bool:
    try:
        return _YES_NO[text.strip().casefold()]
    except KeyError:
        raise Wrong("bool") from None


def _read_time(_item: Item, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    if instant_ms(plain) is not None:
        return plain
    found = _LOCAL_TIME.fullmatch(re.sub(r"\s+", " ", plain))
    if not found:
        raise Wrong("datetime")
    try:
        local = datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)
        return instant_text(local - BEIJING)
    except (ValueError, OverflowError):
        raise Wrong("datetime") from None


def _read_outline(_item: Item, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Wrong("polygon") from None


def _clean_enum(item: Item, value: Any, _now_ms: int | None) -> str:
    if not isinstance(value, str) or value not in item.values:
        raise Wrong("choice")
    return value


def _clean_multi(item: Item, value: Any, _now_ms: int | None) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(one, str) and one in item.values for one in value):
        raise Wrong("choices")
    if len(set(value)) < len(value):
        raise Wrong("choices")
    if len(value) > 1 and any(one in item.alone for one in value):
        raise Wrong("alone")
    return value or None


def _clean_bool(_item: Item, value: Any, _now_ms: int | None) -> bool:
    if not isinstance(value, bool):
        raise Wrong("bool")
    return value


def _clean_number(item: Item, value: Any, _now_ms: int | None) -> int | float:
    if not _is_finite(value):
        raise Wrong("number")
    if not item.min <= value <= item.max:
        raise Wrong("range", min=item.min, max=item.max)
    return value


def _clean_integer(item: Item, value: Any, now_ms: int | None) -> int:
    if not is_whole(value):
        raise Wrong("integer")
    return int(_clean_number(item, value, now_ms))


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with more than 308 digits
        return False


def _clean_text(item: Item, value: Any, _now_ms: int | None) -> str | None:
    if not isinstance(value, str):
        raise Wrong("text")
    text = clean_text(value)
    if not item.multiline:
        text = text.replace("\n", " ")
    if not text:
        return None
    if not item.min_length <= len(text) <= item.max_length:
        raise Wrong("length", min=item.min_length, max=item.max_length)
    return _spacing(item, text) if item.format == "spacing" else text


def _spacing(item: Item, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).replace("×", "x")
    found = _SPACING.fullmatch(plain)
    if not found or not all(item.min <= float(side) <= item.max for side in found.groups()):
        raise Wrong("spacing", min=item.min, max=item.max)
    return " x ".join(found.groups())


def _clean_datetime(item: Item, value: Any, now_ms: int | None) -> str:
    at = instant_ms(value)
    if at is None:
        raise Wrong("datetime")
    if now_ms is not None:
        ahead = at - now_ms
        if not -item.max_days_ago * DAY_MS <= ahead <= item.max_minutes_ahead * MINUTE_MS:
            raise Wrong("datetime_range", days=item.max_days_ago)
    return instant_text(at)


def _clean_polygon(_item: Item, value: Any, _now_ms: int | None) -> dict[str, Any]:
    """Check the frame of a GeoJSON polygon; whether it is valid and where it lies is for `geo` to say."""
    shape = value if isinstance(value, dict) else {}
    coordinates = shape.get("coordinates")
    if shape.get("type") == "MultiPolygon":
        polygons = coordinates
    elif shape.get("type") == "Polygon":
        polygons = [coordinates]
    else:
        raise Wrong("polygon")
    if not _each(polygons, lambda polygon: _each(polygon, _is_ring)):
        raise Wrong("polygon")
    if sum(len(ring) for polygon in polygons for ring in polygon) > MAX_CORNERS:
        raise Wrong("outline_size", max=MAX_CORNERS)
    return {"type": shape["type"], "coordinates": coordinates}


def _each(members: Any, test: Callable[[Any], bool]) -> bool:
    return isinstance(members, list) and len(members) > 0 and all(test(member) for member in members)


def _is_ring(ring: Any) -> bool:
    return _each(ring, _is_position) and len(ring) >= 4 and ring[0] == ring[-1]


def _is_position(position: Any) -> bool:
    if not isinstance(position, list) or len(position) != 2 or not all(map(_is_finite, position)):
        return False
    lon, lat = position
    return -180 <= lon <= 180 and -90 <= lat <= 90


def _no_answer(_item: Item, _value: Any, _now_ms: int | None) -> None:
    raise Wrong("unknown")  # photos and the type of a visit stand beside the answers


_READERS: dict[str, Callable[[Item, str], Any]] = {
    "number": _read_number,
    "integer": _read_number,
    "bool": _read_yes_no,
    "datetime": _read_time,
    "polygon": _read_outline,
}
_CLEANERS: dict[str, Callable[[Item, Any, int | None], Any]] = {
    "enum": _clean_enum,
    "multi": _clean_multi,
    "bool": _clean_bool,
    "number": _clean_number,
    "integer": _clean_integer,
    "text": _clean_text,
    "datetime": _clean_datetime,
    "polygon": _clean_polygon,
    "photo": _no_answer,
}
