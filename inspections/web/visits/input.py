"""A visit's form, both ways: what a browser sent becomes a payload, a visit what the form shows again.

Photos are kept before anything is judged, so that a refused form need not be given them again: the page
carries a signed name for each, good only for the officer who sent it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

import orjson
from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import FileStorage, MultiDict

from inspections.checklists import Checklist, load_checklist, read_form_answers
from inspections.checklists.conditions import instant_ms, instant_text
from inspections.errors import Invalid, Unavailable
from inspections.evidence import MOST_BYTES, MOST_PHOTOS, KeptPhoto, find_kept, keep_photo
from inspections.permissions import Actor
from inspections.visits.payload import TooManyPhotos
from inspections.web.context import settings
from inspections.web.filters import BEIJING

FIX = ("lon", "lat", "accuracy_m", "datum", "fixed_at")


@dataclass(frozen=True)
class Shot:
    """A photo that is kept already, as the form carries it."""

    sha256: str
    taken_at: str | None = None
    lon: float | None = None
    lat: float | None = None

    @property
    def position(self) -> dict[str, Any] | None:
        """Where the device was when it took it."""
        if self.lon is None or self.lat is None:
            return None
        return {"lon": self.lon, "lat": self.lat, "accuracy_m": None, "datum": "wgs84", "fixed_at": None}


@dataclass
class Entry:
    """What stands in a visit's form: texts as typed, photos as kept, and what has been refused, by item."""

    visit_id: uuid.UUID
    started_at: str
    checklist: Checklist
    typed: Mapping[str, list[str]] = field(default_factory=dict)
    fix: Mapping[str, str] = field(default_factory=dict)
    shots: dict[str, list[Shot]] = field(default_factory=dict)
    photos: dict[str, KeptPhoto] = field(default_factory=dict)  # what came with this form, by sha256
    supersedes: uuid.UUID | None = None
    nothing_found: bool = False
    problems: dict[str, Exception] = field(default_factory=dict)

    def texts(self, key: str) -> list[str]:
        """What was typed or chosen for a question."""
        return list(self.typed.get(key, ()))

    def text(self, key: str) -> str:
        """What was typed for a question, last."""
        return (self.texts(key) or [""])[-1]


def new_entry(now: datetime, **named: Any) -> Entry:
    """Make an empty form, begun now."""
    return Entry(uuid.uuid4(), instant_text(now), load_checklist(), **named)


def entry_of_visit(visit: Any, *, hidden: Collection[str] = ()) -> Entry:
    """Make a form filled with a visit's answers (but the hidden), photos, place and start, to correct it."""
    place = {} if visit.lon is None else {"lon": repr(visit.lon), "lat": repr(visit.lat), "datum": "cgcs2000"}
    if place and visit.accuracy_m is not None:
        place["accuracy_m"] = f"{visit.accuracy_m:g}"
    shots: dict[str, list[Shot]] = {}
    for photo in visit.evidence:
        at = instant_text(photo.taken_at) if photo.taken_source == "device" else None
        lon, lat = (photo.lon, photo.lat) if photo.position_source == "device" else (None, None)
        shots.setdefault(photo.item, []).append(Shot(photo.sha256, at, lon, lat))
    return Entry(
        visit_id=uuid.uuid4(),
        started_at=instant_text(visit.started_at or visit.saved_at),
        checklist=load_checklist(),
        typed={key: _as_typed(value) for key, value in visit.answers.items() if key not in hidden}
        | {"visit_type": [visit.visit_type]},
        fix=place,
        shots=shots,
        supersedes=visit.id,
    )


def read_entry(
    form: MultiDict[str, str], files: MultiDict[str, FileStorage], kind: str, *, by: Actor
) -> Entry:
    """Read a form that was sent and keep its photos; what is wrong with them is in `problems`."""
    entry = Entry(
        visit_id=_key(form.get("visit_id")) or uuid.uuid4(),
        started_at=form.get("started_at", ""),
        checklist=load_checklist(),
        typed=form.to_dict(flat=False),
        fix={name: form.get(f"fix-{name}", "") for name in FIX},
        supersedes=_key(form.get("supersedes")),
        nothing_found=form.get("nothing_found") == "yes",
    )
    room = MOST_PHOTOS
    for item in entry.checklist.items(kind):
        if item.type == "photo":
            entry.shots[item.key] = _kept_before(form.getlist(f"kept-{item.key}"), by)
            sent = [file for file in files.getlist(item.key) if file.filename]
            _keep(entry, item.key, sent[: max(0, room)], _said(form.get(f"shot-{item.key}", "")))
            room -= len(sent)
    for _, file in files.items(multi=True):
        file.close()
    if room < 0:
        entry.problems["photos"] = TooManyPhotos(most=MOST_PHOTOS)
    return entry


def payload_of(entry: Entry, site: Any, now: datetime) -> bytes:
    """Write a form as a visit is put (DESIGN §7)."""
    answers = {} if entry.nothing_found else read_form_answers(entry.checklist, site.kind, entry.typed)[0]
    payload = {
        "id": str(entry.visit_id),
        "site_id": str(site.id),
        "kind": site.kind.value,
        "checklist": entry.checklist.version,
        "visit_type": "patrol" if entry.nothing_found else entry.text("visit_type") or None,
        "nothing_found": entry.nothing_found,
        "started_at": entry.started_at if instant_ms(entry.started_at) is not None else None,
        "saved_at": instant_text(now),
        "clock": None,
        "position": _position(entry.fix),
        "answers": answers,
        "photos": [
            {"sha256": shot.sha256, "item": item, "taken_at": shot.taken_at, "position": shot.position}
            for item, shots in entry.shots.items()
            for shot in shots
        ],
        "supersedes": str(entry.supersedes) if entry.supersedes else None,
    }
    return orjson.dumps(payload)


def kept_photos(entry: Entry) -> dict[str, KeptPhoto]:
    """Find the photos of a form in the evidence folder, by sha256."""
    hashes = {shot.sha256 for shots in entry.shots.values() for shot in shots} - entry.photos.keys()
    found = {sha256: find_kept(settings().evidence, sha256) for sha256 in hashes}
    return entry.photos | {sha256: photo for sha256, photo in found.items() if photo is not None}


def sign_shot(shot: Shot, by: Actor) -> str:
    """Write a kept photo's name for the page, of no use to anybody else."""
    return _signer(by).dumps([shot.sha256, shot.taken_at, shot.lon, shot.lat])


def read_shot(token: str, by: Actor) -> Shot | None:
    """Read a kept photo's name back; None if it is not this officer's, or none of ours."""
    try:
        return Shot(*_signer(by).loads(token))
    except (BadSignature, TypeError):
        return None


def _signer(by: Actor) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=f"kept photo of {by.id}")


def _kept_before(tokens: Iterable[str], by: Actor) -> list[Shot]:
    shots = [shot for token in tokens if (shot := read_shot(token, by))]
    return list({shot.sha256: shot for shot in shots}.values())


def _keep(entry: Entry, item: str, sent: list[FileStorage], said: Mapping[tuple[str, int], Shot]) -> None:
    for file in sent:
        data = file.stream.read(MOST_BYTES + 1)
        try:
            kept = keep_photo(settings().evidence, data, (file.filename or "")[-60:])
        except (Invalid, Unavailable) as refusal:
            entry.problems[item] = refusal
            continue
        entry.photos[kept.sha256] = kept
        if kept.sha256 not in {shot.sha256 for shot in entry.shots[item]}:
            told = said.get((file.filename or "", kept.bytes), Shot(""))
            entry.shots[item].append(Shot(kept.sha256, told.taken_at, told.lon, told.lat))


def _said(text: str) -> dict[tuple[str, int], Shot]:
    """What the page said of photos just taken, by name and size; anything odd is left out."""
    try:
        rows = json.loads(text or "[]")
        return {(str(row["name"]), int(row["size"])): _told(row) for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _told(row: Mapping[str, Any]) -> Shot:
    taken_at = row.get("taken_at") if instant_ms(row.get("taken_at")) is not None else None
    lon, lat = row.get("lon"), row.get("lat")
    if not (_is_number(lon, 180) and _is_number(lat, 90)):
        lon = lat = None
    return Shot("", taken_at, lon, lat)


def _is_number(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def _position(fix: Mapping[str, str]) -> dict[str, Any] | None:
    """Read the place from its hidden fields; a browser that gave none, or nonsense, gave none."""
    lon, lat, accuracy = (_float(fix.get(name, "")) for name in ("lon", "lat", "accuracy_m"))
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90:
        return None
    at = fix.get("fixed_at") or None
    return {
        "lon": lon,
        "lat": lat,
        "accuracy_m": accuracy if accuracy is not None and accuracy >= 0 else None,
        "datum": "cgcs2000" if fix.get("datum") == "cgcs2000" else "wgs84",
        "fixed_at": at if instant_ms(at) is not None else None,
    }


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _key(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def _as_typed(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, dict):
        return [json.dumps(value)]
    if isinstance(value, str) and instant_ms(value) is not None:
        return [f"{datetime.fromisoformat(value).astimezone(BEIJING):%Y-%m-%dT%H:%M}"]
    return [f"{value:.12g}" if isinstance(value, float) else str(value)]
