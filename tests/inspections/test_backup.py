"""Backups: what comes back is what was there, and nothing is touched by a backup that cannot be used."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select

from inspections import ledger
from inspections.backup import MANIFEST, hold_folder, write_backup, write_nightly
from inspections.models import Officer, Site
from inspections.permissions import SYSTEM
from inspections.restore import BackupDamaged, NotEmpty, restore_backup
from inspections.settings import Settings, WrongSetting
from inspections.snapshots import DatabaseDamaged, InUse, ToolMissing, WrongDatabase
from inspections.store import Store
from tests.factories import a_county, a_site, an_officer

PHOTO = b"\xff\xd8\xff\xe0 a photo's bytes"
ON_SQLITE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize(
    "store", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
SUM = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def settings(store: Store, tmp_path: Path, now) -> Settings:
    """A data folder with a photo and a profile, and a store with a site and two entries."""
    data = tmp_path / "data"
    evidence = data / "evidence" / SUM[:2]
    evidence.mkdir(parents=True)
    (evidence / f"{SUM}.jpg").write_bytes(PHOTO)
    (evidence / f"{SUM}.thumb.jpg").write_bytes(b"made again")
    (data / "county.toml").write_text('[county]\ncode = "990101"\n')
    (data / "secret-key").write_text("a secret")
    with store.write() as session:
        a_county(session)
        an_officer(session, name="zhang")
        site = a_site(session)
        for action in ("site.added", "site.activated"):
            ledger.append(session, SYSTEM, action, "site", site.id, at=now, site_id=site.id)
    return Settings(data=data, database_url=store.url.render_as_string(hide_password=False))


@pytest.fixture
def backup(settings: Settings, tmp_path: Path, now) -> Path:
    path = tmp_path / "xuntu.tar"
    write_backup(settings, path, now=now)
    return path


def state(store: Store) -> tuple:
    with store.read() as session:
        ledger.verify(session)
        sites = [tuple(row) for row in session.execute(select(Site.id, Site.name, Site.lon, Site.geometry))]
        return ledger.head(session), sites, session.scalar(select(func.count()).select_from(Officer))


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "in-use" and not path.name.endswith(("-wal", "-shm"))
    }


def rewritten(backup: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """The archive with members changed or left out."""
    with tarfile.open(backup) as old:
        members = [(member.name, old.extractfile(member).read()) for member in old]
    with tarfile.open(backup, "w") as new:
        for name, data in members:
            changed = change(name, data)
            if changed:
                member = tarfile.TarInfo(changed[0])
                member.size = len(changed[1])
                new.addfile(member, io.BytesIO(changed[1]))
    return backup


def test_everything_comes_back_as_it_was(store, settings, backup, now):
    before = state(store)
    with store.write() as session:
        a_site(session, name="后来的塘")
        ledger.append(session, SYSTEM, "site.added", "site", "x", at=now)
    shutil.rmtree(settings.evidence)
    (settings.data / "county.toml").write_text("changed")
    store.close()
    restored = restore_backup(settings, backup, replace=True)
    assert state(store) == before
    assert (restored.head.count, restored.head.hash) == before[0]
    assert (settings.evidence / SUM[:2] / f"{SUM}.jpg").read_bytes() == PHOTO
    assert "990101" in (settings.data / "county.toml").read_text()


def test_a_restored_database_goes_on_working(store, settings, backup, now):
    store.close()
    restore_backup(settings, backup, replace=True)
    with store.write() as session:
        site = a_site(session, at=(100.45, 38.95), name="新塘")
        ledger.append(session, SYSTEM, "site.added", "site", site.id, at=now, site_id=site.id)
    with store.read() as session:
        assert ledger.verify(session)[0] == 3
    store.require_current()


@ON_SQLITE
def test_a_backup_comes_into_an_empty_installation(store, settings, backup, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    fresh = replace(settings, data=elsewhere, database_url=f"sqlite:///{elsewhere / 'xuntu.sqlite3'}")
    restore_backup(fresh, backup)
    opened = Store(fresh.database_url)
    assert state(opened) == state(store)
    opened.close()
    assert not (elsewhere / "secret-key").exists()


@ON_SQLITE
def test_a_backup_holds_its_list_and_neither_key_nor_copies(backup, settings):
    with tarfile.open(backup) as archive:
        names = archive.getnames()
        manifest = orjson.loads(archive.extractfile(MANIFEST).read())
        sums = {
            name: hashlib.sha256(archive.extractfile(name).read()).hexdigest()
            for name in names
            if name != MANIFEST
        }
    assert names[0].startswith("database/")
    assert names[1:] == ["county.toml", f"evidence/{SUM[:2]}/{SUM}.jpg", MANIFEST]
    assert {member["name"]: member["sha256"] for member in manifest["members"]} == sums
    assert manifest["ledger"]["count"] == 2
    assert backup.stat().st_mode & 0o077 == 0


def test_a_backup_is_whole_while_others_write(store, settings, tmp_path, now):
    stop = threading.Event()

    def write_on() -> None:
        while not stop.is_set():
            with store.write() as session:
                ledger.append(session, SYSTEM, "site.corrected", "site", "x", at=now)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        made = [write_backup(settings, tmp_path / f"{number}.tar", now=now) for number in range(2)]
    finally:
        stop.set()
        writer.join()
    store.close()
    assert made[1].head.count >= made[0].head.count >= 2
    restore_backup(settings, made[1].path, replace=True)
    with store.read() as session:
        assert ledger.verify(session) == (made[1].head.count, made[1].head.hash)


@ON_SQLITE
def test_an_unfinished_backup_leaves_no_file(settings, tmp_path, now):
    missing = replace(settings, database_url="sqlite:////nowhere/xuntu.sqlite3")
    with pytest.raises(Exception, match="unable to open"):
        write_backup(missing, tmp_path / "x.tar", now=now)
    assert not list(tmp_path.glob("x.tar*"))


def _flip(name: str, data: bytes) -> tuple[str, bytes]:
    middle = len(data) // 2
    changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    return name, changed if name.startswith("evidence/") else data


DAMAGES = {
    "a changed photo": _flip,
    "a photo left out": lambda name, data: None if name.startswith("evidence/") else (name, data),
    "a database left out": lambda name, data: None if name.startswith("database/") else (name, data),
    "no list": lambda name, data: None if name == MANIFEST else (name, data),
    "a list that is none": lambda name, data: (name, b"[]" if name == MANIFEST else data),
    "a path upwards": lambda name, data: ("../out", data) if name == "county.toml" else (name, data),
    "an absolute path": lambda name, data: ("/tmp/out", data) if name == "county.toml" else (name, data),  # noqa: S108
    "another file": lambda name, data: ("secret-key", data) if name == "county.toml" else (name, data),
}


@pytest.mark.parametrize(
    ("store", "damage"),
    [
        *(("sqlite", damage) for damage in DAMAGES),
        pytest.param("postgres", "a changed photo", marks=pytest.mark.postgres),
    ],
    indirect=["store"],
)
def test_a_damaged_backup_is_refused_and_nothing_is_touched(store, settings, backup, damage):
    before = state(store)
    rewritten(backup, DAMAGES[damage])
    store.close()  # the last connection to go folds the write-ahead log into the file
    kept = files(settings.data)
    with pytest.raises(BackupDamaged):
        restore_backup(settings, backup, replace=True)
    assert files(settings.data) == kept
    assert state(store) == before
    assert not (settings.data.parent / "out").exists()


@ON_SQLITE
def test_a_backup_that_breaks_off_is_refused(settings, backup, store):
    backup.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    store.close()
    with pytest.raises(BackupDamaged):
        restore_backup(settings, backup, replace=True)


@ON_SQLITE
def test_links_in_an_archive_are_refused(settings, backup, store):
    with tarfile.open(backup, "a") as archive:
        link = tarfile.TarInfo(f"evidence/ab/{'ab' * 32}.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    store.close()
    with pytest.raises(BackupDamaged):
        restore_backup(settings, backup, replace=True)


@ON_SQLITE
def test_a_list_that_was_made_to_fit_does_not_save_a_broken_database(settings, backup, store):
    def wreck(name: str, data: bytes) -> tuple[str, bytes]:
        if name.startswith("database/"):
            return name, b"SQLite format 3\x00" + bytes(4096)
        if name != MANIFEST:
            return name, data
        manifest = orjson.loads(data)
        wrecked = hashlib.sha256(b"SQLite format 3\x00" + bytes(4096)).hexdigest()
        manifest["members"][0]["sha256"] = wrecked
        return name, orjson.dumps(manifest)

    store.close()
    with pytest.raises(DatabaseDamaged):
        restore_backup(settings, rewritten(backup, wreck), replace=True)


@ON_POSTGRES
def test_a_dump_that_cannot_be_read_leaves_everything(settings, backup, store):
    before, kept = state(store), files(settings.data)

    def wreck(name: str, data: bytes) -> tuple[str, bytes]:
        broken = data[: len(data) // 2]
        if name.startswith("database/"):
            wreck.sum = hashlib.sha256(broken).hexdigest()
            return name, broken
        if name != MANIFEST:
            return name, data
        manifest = orjson.loads(data)
        manifest["members"][0]["sha256"] = wreck.sum
        return name, orjson.dumps(manifest)

    store.close()
    with pytest.raises(Exception, match="pg_restore failed"):
        restore_backup(settings, rewritten(backup, wreck), replace=True)
    assert (state(store), files(settings.data)) == (before, kept)


def test_what_is_there_stays_without_replace(store, settings, backup):
    store.close()
    kept = files(settings.data)
    with pytest.raises(NotEmpty):
        restore_backup(settings, backup)
    assert files(settings.data) == kept


@ON_SQLITE
def test_a_server_that_runs_keeps_its_data_folder(store, settings, backup):
    store.close()
    with hold_folder(settings.data), pytest.raises(InUse):
        restore_backup(settings, backup, replace=True)


def test_a_database_that_is_open_elsewhere_is_not_replaced(store, settings, backup):
    with store.read() as session:
        session.scalar(select(func.count()).select_from(Site))
        with pytest.raises(InUse):
            restore_backup(settings, backup, replace=True)


def test_a_backup_of_the_other_database_is_refused(store, settings, backup, tmp_path):
    other = (
        f"sqlite:///{tmp_path / 'other.sqlite3'}" if not store.is_sqlite else "postgresql://x@127.0.0.1:1/x"
    )
    with pytest.raises(WrongDatabase):
        restore_backup(replace(settings, database_url=other), backup, replace=True)


@ON_POSTGRES
def test_without_postgresqls_programs_a_sentence_says_what_to_install(
    store, settings, tmp_path, now, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="apt install postgresql-client"):
        write_backup(settings, tmp_path / "x.tar", now=now)


@ON_SQLITE
def test_a_photo_that_is_not_what_its_name_says_is_reported(settings, tmp_path, now):
    (settings.evidence / SUM[:2] / f"{SUM}.jpg").write_bytes(b"rotten")
    made = write_backup(settings, tmp_path / "x.tar", now=now)
    assert made.damaged == [f"evidence/{SUM[:2]}/{SUM}.jpg"]


@ON_SQLITE
def test_nightly_keeps_as_many_as_the_profile_says(settings, now):
    settings = replace(settings, profile={"backup": {"keep": 2}})
    made = [write_nightly(settings, now=now + timedelta(days=day)) for day in range(3)]
    assert sorted((settings.data / "backups").iterdir()) == [made[1].path, made[2].path]


@ON_SQLITE
@pytest.mark.parametrize("keep", [0, "many", True])
def test_a_keep_that_is_no_number_is_refused_before_anything_is_written(settings, now, keep):
    settings = replace(settings, profile={"backup": {"keep": keep}})
    with pytest.raises(WrongSetting):
        write_nightly(settings, now=now)
    assert not (settings.data / "backups").exists()
