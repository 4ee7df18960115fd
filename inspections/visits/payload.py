"""A visit as it is put, read strictly: ids, instants, place, photos. What answers mean is for checklists.

The shape is DESIGN §7's. Positions come out in CGCS2000 whatever datum they came in; its name is kept.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from geo.coordinates import bd09_to_wgs84, gcj02_to_wgs84
from inspections.checklists.conditions import EPOCH, instant_ms, instant_text
from inspections.errors import Invalid, InvalidFields
from inspections.evidence import MOST_PHOTOS
from inspections.terms import Kind

# How a position in each datum becomes CGCS2000; those that are not named here have no public way.
DATUMS: dict[str, Callable[[float, float], tuple[Any, Any]]] = {
    "wgs84": lambda lon, lat: (lon, lat),
    "cgcs2000": lambda lon, lat: (lon, lat),
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FieldWrong(Invalid):
    """A part of a visit that is not what it should be."""

    code = "visit.field_wrong"
    message = "The visit cannot be read: {name} should be {wanted}."


class TooManyPhotos(Invalid):
    """More photos than a visit may have."""

    code = "visit.too_many_photos"
    message = "Keep at most {most} photos for a visit. Take some away."
    field = "photos"


@dataclass(frozen=True)
class Fix:
    """Where the device was: CGCS2000 degrees, accuracy in metres, and the datum it came in."""

    lon: float
    lat: float
    accuracy_m: float | None
    datum: str
    fixed_at: datetime | None


@dataclass(frozen=True)
class SentPhoto:
    """A photo as a visit names it; place in CGCS2000, None where the device gave none."""

    sha256: str
    item: str
    taken_at: datetime | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True)
class VisitPayload:
    """A visit, read."""

    id: uuid.UUID
    site_id: uuid.UUID
    kind: Kind
    checklist: str
    visit_type: str | None  # whether it is one of the list, the checklist says
    nothing_found: bool
    started_at: datetime | None
    saved_at: datetime
    last_sync_at: datetime | None
    fix: Fix | None
    answers: Mapping[str, Any]
    photos: tuple[SentPhoto, ...]
    supersedes: uuid.UUID | None

    @property
    def photo_counts(self) -> dict[str, int]:
        """How many photos each item has."""
        counts: dict[str, int] = {}
        for photo in self.photos:
            counts[photo.item] = counts.get(photo.item, 0) + 1
        return counts


def read_payload(payload: Any) -> VisitPayload:
    """Read a visit's JSON.

    Raises
    ------
    InvalidFields
        What is wrong, each by the name of its field; answers are not judged here.
    """
    reader = _Reader(payload if isinstance(payload, Mapping) else {})
    read = VisitPayload(
        id=reader.take("id", _key),
        site_id=reader.take("site_id", _key),
        kind=reader.take("kind", _one_of(*Kind, make=Kind)),
        checklist=reader.take("checklist", _text),
        visit_type=reader.take("visit_type", _code, optional=True),
        nothing_found=reader.take("nothing_found", _yes_or_no),
        started_at=reader.take("started_at", _instant, optional=True),
        saved_at=reader.take("saved_at", _instant),
        last_sync_at=reader.take("clock", _last_sync, optional=True),
        fix=reader.take("position", _fix, optional=True),
        answers=reader.take("answers", _object),
        photos=reader.take("photos", _photos),
        supersedes=reader.take("supersedes", _key, optional=True),
    )
    if reader.problems:
        raise InvalidFields(reader.problems)
    return read


def position_json(
    lon: float, lat: float, accuracy_m: float | None, datum: str, fixed_at: datetime | None
) -> dict:
    """Write a position as a visit carries it."""
    at = instant_text(fixed_at) if fixed_at else None
    return {"lon": lon, "lat": lat, "accuracy_m": accuracy_m, "datum": datum, "fixed_at": at}


class _Wrong(Exception):
    """What the field should have been."""


class _Reader:
    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.payload = payload
        self.problems: dict[str, Invalid] = {}

    def take(self, name: str, read: Callable[[Any], Any], *, optional: bool = False) -> Any:
        value = self.payload.get(name)
        if value is None and optional:
            return None
        try:
            return read(value)
        except _Wrong as wrong:
            self.problems[name] = FieldWrong(field=name, name=name, wanted=str(wrong))
        except Invalid as refusal:
            self.problems[name] = refusal
        return None


def _key(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise _Wrong("a UUID") from None


def _one_of(*allowed: str, make: Callable[[str], Any] = str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise _Wrong(f"one of {', '.join(allowed)}")
        return make(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 20:
        raise _Wrong("a version, like 2026.1")
    return value


def _code(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("a code")
    return value


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong("an object")
    return value


def _instant(value: Any) -> datetime:
    milliseconds = instant_ms(value)
    if milliseconds is None:
        raise _Wrong("an instant in UTC, like 2026-03-13T08:04:10.000Z")
    return EPOCH + timedelta(milliseconds=milliseconds)


def _last_sync(value: Any) -> datetime | None:
    said = _object(value).get("last_sync_at")
    return None if said is None else _instant(said)


def _number(value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _Wrong(f"numbers from {least:g} to {most:g}")
    return float(value)


def _fix(value: Any) -> Fix:
    place = _object(value)
    accuracy, fixed_at = place.get("accuracy_m"), place.get("fixed_at")
    lon, lat = _lonlat(place)
    return Fix(
        lon=lon,
        lat=lat,
        accuracy_m=None if accuracy is None else _number(accuracy, 0, 1e7),
        datum=place["datum"],
        fixed_at=None if fixed_at is None else _instant(fixed_at),
    )


def _lonlat(place: Mapping[str, Any]) -> tuple[float, float]:
    to_cgcs2000 = DATUMS[_one_of(*DATUMS)(place.get("datum"))]
    lon, lat = to_cgcs2000(_number(place.get("lon"), -180, 180), _number(place.get("lat"), -90, 90))
    if not (isfinite(lon) and isfinite(lat)):
        raise _Wrong("a longitude and latitude")
    return round(float(lon), 7), round(float(lat), 7)


def _photos(value: Any) -> tuple[SentPhoto, ...]:
    if not isinstance(value, list):
        raise _Wrong("a list")
    if len(value) > MOST_PHOTOS:
        raise TooManyPhotos(most=MOST_PHOTOS)
    photos = tuple(_photo(entry) for entry in value)
    if len({(photo.sha256, photo.item) for photo in photos}) < len(photos):
        raise _Wrong("photos that are each named once")
    return photos


def _photo(value: Any) -> SentPhoto:
    photo = _object(value)
    sha256, item, taken_at = photo.get("sha256"), photo.get("item"), photo.get("taken_at")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise _Wrong("photos with their sha256")
    if not isinstance(item, str) or not 1 <= len(item) <= 40:
        raise _Wrong("photos with the item they answer")
    place = photo.get("position")
    lon, lat = (None, None) if place is None else _lonlat(_object(place))
    return SentPhoto(sha256, item, None if taken_at is None else _instant(taken_at), lon, lat)
