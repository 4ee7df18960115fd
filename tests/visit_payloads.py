"""Visits as tablets and forms put them, with sound defaults: a test names only what matters to it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.orm import Session

from inspections import visits
from inspections.checklists.conditions import instant_text
from inspections.evidence import KeptPhoto, keep_photo
from inspections.models import Site, Visit
from inspections.permissions import Actor
from tests.factories import NOW
from tests.photos import a_photo

CLEAN_POND: dict[str, Any] = {
    "access": "reached",
    "water_state": "open",
    "water_area_m2": 1200,
    "colour": "normal",
    "odour": "none",
    "floating": "none",
    "bank_garbage_m3": 0,
    "inflow": "none",
    "facility": "none",
    "sign_board": True,
    "stage": "listed",
}
FOUL_POND = CLEAN_POND | {"colour": "black", "odour": "clear", "fixed_on_spot": False}
SCAR = {
    "access": "reached",
    "fire_state": "scar",
    "burnt_material": ["straw"],
    "lead_source": "patrol",
    "found_at": instant_text(NOW - timedelta(hours=1)),
    "burnt_area_mu": 2.5,
    "party_known": False,
    "handling": "educate",
    "fixed_on_spot": False,
}


def a_payload(site: Site, answers: dict[str, Any] | None = None, **named: Any) -> dict[str, Any]:
    """A full pond visit made on the spot, eight minutes long, at NOW."""
    lon, lat = site.lon, site.lat
    return {
        "id": str(uuid.uuid4()),
        "site_id": str(site.id),
        "kind": site.kind.value,
        "checklist": "2026.1",
        "visit_type": "patrol",
        "nothing_found": False,
        "started_at": instant_text(NOW - timedelta(minutes=8)),
        "saved_at": instant_text(NOW),
        "clock": None,
        "position": {"lon": lon, "lat": lat, "accuracy_m": 8, "datum": "wgs84", "fixed_at": None},
        "answers": dict(CLEAN_POND if answers is None else answers),
        "photos": [],
        "supersedes": None,
    } | named


def nothing_found(site: Site, **named: Any) -> dict[str, Any]:
    """The short form."""
    return a_payload(site, {}) | {"nothing_found": True} | named


def photo_of(
    folder: Path, item: str, data: bytes | None = None, **named: Any
) -> tuple[dict[str, Any], KeptPhoto]:
    """A photo kept in a folder, and how a visit names it; taken where the site is, unless `data` is given."""
    kept = keep_photo(folder, a_photo(at=(100.40, 38.93), colour=_colour(item)) if data is None else data)
    named = {"taken_at": None, "position": None} | named
    return {"sha256": kept.sha256, "bytes": kept.bytes, "item": item, **named}, kept


def log(
    session: Session,
    payload: dict[str, Any],
    *,
    by: Actor,
    folder: Path,
    now: datetime = NOW,
    items: tuple[str, ...] = ("photo_overview",),
    **arguments: Any,
) -> Visit:
    """Log a payload with one photo for each of `items` (none for the short form)."""
    photos = [photo_of(folder, item) for item in (() if payload["nothing_found"] else items)]
    kept = {photo.sha256: photo for _, photo in photos} | arguments.pop("kept", {})
    whole = payload | {"photos": [entry for entry, _ in photos] + payload["photos"]}
    return visits.log_visit(session, whole, orjson.dumps(whole), by=by, now=now, kept=kept, **arguments)


def _colour(item: str) -> tuple[int, int, int]:
    """A colour of its own for each item, so that each photo has bytes of its own."""
    return tuple(uuid.uuid5(uuid.NAMESPACE_OID, item).bytes[:3])  # type: ignore[return-value]
