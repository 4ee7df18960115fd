"""Keeping photos: durable, by checksum, nothing left behind where there is no room."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from inspections import evidence
from inspections.errors import NotFound, StorageFull
from inspections.evidence import (
    KeptPhoto,
    copy_of,
    facts_of,
    find_kept,
    get_evidence,
    keep_photo,
    original_of,
)
from inspections.evidence.photos import NotAPhoto
from inspections.models import Evidence
from inspections.permissions import SYSTEM, actor_of
from inspections.terms import Role
from tests.factories import EAST, NOW, WEST, a_county, a_site, an_officer
from tests.photos import IN_WEST, a_photo


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "evidence"


def test_a_photo_is_kept_byte_for_byte_under_its_checksum(folder):
    photo = a_photo(at=IN_WEST, taken="2026:11:12 10:40:00")
    kept = keep_photo(folder, photo, "water.jpg")
    sha256 = hashlib.sha256(photo).hexdigest()
    assert files_in(folder) == [f"{sha256[:2]}/{sha256}.jpg"]
    assert original_of(folder, sha256).read_bytes() == photo
    assert (kept.sha256, kept.bytes, kept.taken_source, kept.position_source) == (
        sha256,
        len(photo),
        "exif",
        "exif",
    )


def test_the_same_photo_twice_is_one_file(folder):
    assert keep_photo(folder, a_photo()) == keep_photo(folder, a_photo())
    assert len(files_in(folder)) == 1


def test_a_file_cut_short_by_a_crash_is_written_again(folder):
    kept = keep_photo(folder, a_photo())
    original_of(folder, kept.sha256).write_bytes(b"half")
    keep_photo(folder, a_photo())
    assert original_of(folder, kept.sha256).read_bytes() == a_photo()


def test_a_refused_file_leaves_nothing(folder):
    with pytest.raises(NotAPhoto):
        keep_photo(folder, b"text", "a.jpg")
    assert not folder.exists()


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_full_disk_says_so_and_leaves_nothing(folder, monkeypatch, fails):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (Path, "replace")), full)
    with pytest.raises(StorageFull):
        keep_photo(folder, a_photo())
    assert files_in(folder) == []


def test_everything_is_synced_before_anybody_is_told(folder, monkeypatch):
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    sha256 = keep_photo(folder, a_photo()).sha256
    assert synced[0].startswith(f".{sha256}.jpg.")
    assert synced[1:] == [sha256[:2], "evidence", "data", folder.parent.parent.name]


def test_a_kept_photo_is_found_again_with_the_same_facts(folder):
    kept = keep_photo(folder, a_photo("PNG", at=IN_WEST))
    assert find_kept(folder, kept.sha256) == kept


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 63 + "\n"])
def test_what_is_not_kept_is_not_found(folder, name):
    assert find_kept(folder, name) is None
    with pytest.raises(NotFound):
        original_of(folder, name)


def test_copies_are_small_and_made_once(folder):
    kept = keep_photo(folder, a_photo(size=(2000, 1000)))
    thumb = copy_of(folder, kept.sha256, "thumb")
    assert Image.open(io.BytesIO(thumb)).size == (320, 160)
    assert Image.open(io.BytesIO(copy_of(folder, kept.sha256, "view"))).size == (1600, 800)
    assert len(files_in(folder)) == 3
    original_of(folder, kept.sha256).write_bytes(b"unreadable now")
    assert copy_of(folder, kept.sha256, "thumb") == thumb


def test_a_copy_is_shown_even_where_it_cannot_be_kept(folder, monkeypatch):
    kept = keep_photo(folder, a_photo())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(evidence, "_write_durably", full)
    assert copy_of(folder, kept.sha256, "thumb").startswith(b"\xff\xd8")


def a_kept(**named) -> KeptPhoto:
    facts = {"taken_at": None, "taken_source": "none", "lon": None, "lat": None, "position_source": "none"}
    return KeptPhoto(sha256="0" * 64, media_type="image/jpeg", bytes=1, width=1, height=1, **(facts | named))


def test_the_file_goes_before_the_device():
    sent = {"taken_at": NOW, "lon": 100.5, "lat": 38.5}
    own = a_kept(
        taken_at=NOW - timedelta(days=1), taken_source="exif", lon=100.4, lat=38.9, position_source="exif"
    )
    assert facts_of(own, sent, now=NOW)["taken_at"] == NOW - timedelta(days=1)
    assert facts_of(own, sent, now=NOW)["lon"] == 100.4
    device = facts_of(a_kept(), sent, now=NOW)
    assert (device["taken_source"], device["position_source"], device["lon"]) == ("device", "device", 100.5)


def test_a_photo_from_the_future_has_no_time():
    kept = a_kept(taken_at=NOW + timedelta(days=2), taken_source="exif")
    facts = facts_of(kept, {"taken_at": None, "lon": None, "lat": None}, now=NOW)
    assert (facts["taken_at"], facts["taken_source"]) == (None, "none")


def test_evidence_is_found_in_its_sites_scope_only(store):
    with store.write() as session:
        a_county(session)
        site = a_site(session)
        row = Evidence(sha256="0" * 64, media_type="image/jpeg", bytes=1, site_id=site.id, added_at=NOW)
        session.add(row)
        session.flush()
        west = actor_of(an_officer(session, Role.INSPECTOR, areas=(WEST,)))
        east = actor_of(an_officer(session, Role.INSPECTOR, areas=(EAST,)))
        assert get_evidence(session, row.id, by=west) is row
        with pytest.raises(NotFound):
            get_evidence(session, row.id, by=east)
        with pytest.raises(NotFound):
            get_evidence(session, uuid.uuid4(), by=SYSTEM)
