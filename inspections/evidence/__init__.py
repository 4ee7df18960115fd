"""Photos kept as evidence: the original bytes by checksum, smaller copies beside them, rows for who may see.

A file is written under another name, synced, renamed, and its folder synced, before anybody is told that it
is kept. `<first two digits>/<sha256>.<ending>` under the evidence folder; `.view.jpg` and `.thumb.jpg` beside
it are made when first asked for and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections.errors import NotFound
from inspections.evidence.photos import MOST_BYTES, PhotoFacts, read_photo, smaller_copy
from inspections.models import Evidence, Site
from inspections.permissions import Actor, require
from inspections.store import translate

MOST_PHOTOS = 20  # a visit
ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/heic": ".heic"}
COPIES_PX = {"view": 1600, "thumb": 320}
CLOCKS_DIFFER = timedelta(hours=1)  # cameras are set by hand
_SHA256 = re.compile(r"[0-9a-f]{64}")

__all__ = [
    "MOST_BYTES",
    "MOST_PHOTOS",
    "KeptPhoto",
    "copy_of",
    "find_kept",
    "get_evidence",
    "keep_photo",
    "original_of",
]


@dataclass(frozen=True)
class KeptPhoto:
    """A photo that lies in the evidence folder, and what its bytes say. Position in WGS 84."""

    sha256: str
    media_type: str
    bytes: int
    width: int
    height: int
    taken_at: datetime | None
    taken_source: str  # exif or none
    lon: float | None
    lat: float | None
    position_source: str  # exif or none


def keep_photo(folder: Path, data: bytes, name: str = "") -> KeptPhoto:
    """Check a photo by its content and keep its bytes; once this returns they survive a power cut.

    Raises
    ------
    PhotoRefused
        One of its kinds (`inspections.evidence.photos`).
    StorageFull
        The disk is full; nothing is left behind.
    """
    facts = read_photo(data, name)
    sha256 = hashlib.sha256(data).hexdigest()
    path = _path(folder, sha256, facts.media_type)
    if not (path.exists() and path.stat().st_size == len(data)):
        with _full_disk_said():
            _write_durably(path, data)
    return _kept(sha256, len(data), facts)


def find_kept(folder: Path, sha256: str) -> KeptPhoto | None:
    """Find a photo kept before, by its checksum; None if there is none."""
    try:
        data = original_of(folder, sha256).read_bytes()
    except NotFound:
        return None
    return _kept(sha256, len(data), read_photo(data))


def get_evidence(session: Session, evidence_id: uuid.UUID, *, by: Actor) -> Evidence:
    """Give a photo's row, or `NotFound` outside the officer's scope."""
    evidence = session.get(Evidence, evidence_id)
    if evidence is None:
        raise NotFound
    require(by, "visit.see", session.scalar(select(Site).where(Site.id == evidence.site_id)))
    return evidence


def original_of(folder: Path, sha256: str) -> Path:
    """Find the file as it was received.

    Raises
    ------
    NotFound
        No such file is kept.
    """
    if _SHA256.fullmatch(sha256):
        for media_type in ENDINGS:
            if (path := _path(folder, sha256, media_type)).exists():
                return path
    raise NotFound


def copy_of(folder: Path, sha256: str, size: str) -> bytes:
    """Give a copy to look at, `view` or `thumb`: JPEG, upright, no metadata; made when first asked for."""
    original = original_of(folder, sha256)
    path = original.with_name(f"{sha256}.{size}.jpg")
    with suppress(FileNotFoundError):
        return path.read_bytes()
    data = smaller_copy(original.read_bytes(), COPIES_PX[size])
    with suppress(OSError):  # a full disk costs the copy its place, not the reader the picture
        _write_durably(path, data)
    return data


def facts_of(kept: KeptPhoto, sent: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Time and place of a photo for its row: the file's own, else what the device said when it was taken.

    `sent` holds `taken_at`, `lon` and `lat`, None where the device said nothing. A time that is still to
    come is none.
    """
    facts: dict[str, Any] = {"taken_at": None, "taken_source": "none"}
    for source, taken_at in (("exif", kept.taken_at), ("device", sent["taken_at"])):
        if facts["taken_at"] is None and taken_at is not None and taken_at <= now + CLOCKS_DIFFER:
            facts = {"taken_at": taken_at, "taken_source": source}
    place = {"lon": kept.lon, "lat": kept.lat, "position_source": kept.position_source}
    if kept.lon is None and sent["lon"] is not None:
        place = {"lon": sent["lon"], "lat": sent["lat"], "position_source": "device"}
    return facts | place


def _kept(sha256: str, size: int, facts: PhotoFacts) -> KeptPhoto:
    return KeptPhoto(
        sha256=sha256,
        media_type=facts.media_type,
        bytes=size,
        width=facts.width,
        height=facts.height,
        taken_at=facts.taken_at,
        taken_source="exif" if facts.taken_at else "none",
        lon=facts.lon,
        lat=facts.lat,
        position_source="none" if facts.lon is None else "exif",
    )


def _path(folder: Path, sha256: str, media_type: str) -> Path:
    return folder / sha256[:2] / (sha256 + ENDINGS[media_type])


def _write_durably(path: Path, data: bytes) -> None:
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with passing.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        passing.replace(path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise
    for folder in (path.parent, *(folder.parent for folder in made)):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_said() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if (said := translate(error)) is not None:
            raise said from error
        raise
