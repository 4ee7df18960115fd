"""Restoring a backup: every sum is checked before anything is touched, and on failure the old stays.

What the archive holds is unpacked in the data folder and checked there; only then the old is moved aside and
the new put in its place.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from inspections import ledger, snapshots
from inspections.backup import FORMAT, MANIFEST, PROFILE, Progress, hold_folder
from inspections.errors import Conflict, Invalid
from inspections.settings import Settings
from inspections.snapshots import POSTGRES_MEMBER, SQLITE_MEMBER, DatabaseDamaged, Head, WrongDatabase
from inspections.store import Store

_NAMES = re.compile(
    rf"{re.escape(MANIFEST)}|{re.escape(PROFILE)}|{re.escape(SQLITE_MEMBER)}|{re.escape(POSTGRES_MEMBER)}"
    r"|evidence/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,8}|imports/[0-9a-f-]{36}(?:\.report\.json)?"
)
# What may lie in a data folder that counts as empty: nothing of it comes from people
_HARMLESS = ("secret-key", "in-use", "backups", "tiles", "lost+found")
_CHUNK = 1 << 20
_MOST_MANIFEST = 200_000_000


class BackupDamaged(Invalid):
    """An archive whose content is not what its list says."""

    code = "restore.damaged"
    message = "{name} is damaged or no backup: {why}. Nothing was changed; take another backup."


class NotEmpty(Conflict):
    """Something is there already."""

    code = "restore.not_empty"
    message = "{name} is not empty. Nothing was changed. Add --replace to put the backup in its place."


@dataclass(frozen=True)
class Restored:
    """What was put back."""

    files: int
    head: Head


def restore_backup(
    settings: Settings,
    path: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> Restored:
    """Put a backup into the configured database and data folder.

    Raises
    ------
    BackupDamaged, DatabaseDamaged, WrongDatabase
        The archive cannot be used.
    InUse, NotEmpty
        There is something that must not be touched.
    ToolMissing, ToolFailed
        PostgreSQL's programs are missing or refuse; what was there is there still.
    """
    with path.open("rb") as file, hold_folder(settings.data, alone=True):
        if not replace:
            _require_empty(settings)
        with _folder(settings.data) as staging:
            files, head = _unpack(file, path.name, staging, settings, progress)
            snapshots.require_unused(settings)
            _put_in_place(settings, staging, files)
        _require_head(settings, head)
    return Restored(len(files), head)


def _require_empty(settings: Settings) -> None:
    for one in settings.data.iterdir():
        if one.name not in _HARMLESS and not (one.is_dir() and not any(one.iterdir())):
            raise NotEmpty(name=str(settings.data))
    if not snapshots.is_empty(settings):
        raise NotEmpty(name=settings.database_url.rsplit("@", 1)[-1].rsplit("/", 1)[-1])


@contextmanager
def _folder(data: Path) -> Iterator[Path]:
    folder = data / f".restore-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(
    file: IO[bytes], name: str, staging: Path, settings: Settings, progress: Progress
) -> tuple[list[str], Head]:
    """Unpack into the staging folder and check all of it; gives the names and the ledger's head."""
    size = os.fstat(file.fileno()).st_size
    sums: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                progress("reading", file.tell(), size)
                if not _is_plain(member) or not _NAMES.fullmatch(member.name) or member.name in sums:
                    raise BackupDamaged(name=name, why=f"{member.name[:60]!r}")
                sums[member.name] = _unpack_one(archive, member, staging / member.name)
        manifest = _read_manifest(staging / MANIFEST)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise BackupDamaged(name=name, why=str(error)[:80] or "?") from error
    sums.pop(MANIFEST)
    listed = {member["name"]: member["sha256"] for member in manifest["members"]}
    differing = sorted(one for one in sums.keys() | listed.keys() if sums.get(one) != listed.get(one))
    if differing:
        raise BackupDamaged(name=name, why=differing[0])
    _require_database(settings, manifest, sums)
    head = Head(manifest["ledger"]["count"], manifest["ledger"]["head"])
    if settings.is_sqlite:
        snapshots.check(staging / SQLITE_MEMBER, head)
    return list(sums), head


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether a member is a file as it is written here: no link, no device, no hole that would grow."""
    return member.type == tarfile.REGTYPE and not member.issparse()


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), member.size
    source = archive.extractfile(member)
    if source is None:
        raise tarfile.TarError(member.name)
    with source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
        out.flush()
        os.fsync(out.fileno())
    if left:
        raise EOFError(member.name)
    return digest.hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.exists() or path.stat().st_size > _MOST_MANIFEST:
        raise ValueError(MANIFEST)
    manifest = orjson.loads(path.read_bytes())
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']}")
    return manifest


def _require_database(settings: Settings, manifest: dict[str, Any], sums: dict[str, str]) -> None:
    names = {SQLITE_MEMBER: "SQLite", POSTGRES_MEMBER: "PostgreSQL"}
    wanted, found = snapshots.member_of(settings), manifest["database"]
    if found != wanted:
        raise WrongDatabase(found=names.get(found, "?"), wanted=names[wanted])
    if wanted not in sums:
        raise BackupDamaged(name=wanted, why=wanted)


def _put_in_place(settings: Settings, staging: Path, files: list[str]) -> None:
    """Move the old aside and the new in; on any failure everything is moved back."""
    aside = staging / "old"
    aside.mkdir()
    moves: list[tuple[Path, Path]] = []
    try:
        for new, target in _targets(settings, staging):
            if target.exists():
                _move(target, aside / f"{len(moves)}-{target.name}", moves)
            if new.exists():
                _move(new, target, moves)
        if not settings.is_sqlite:
            snapshots.put_back_postgres(settings, staging / POSTGRES_MEMBER)
    except BaseException:
        for source, target in reversed(moves):
            shutil.move(target, source)
        raise


def _targets(settings: Settings, staging: Path) -> Iterator[tuple[Path, Path]]:
    """What goes where; a write-ahead log of the old database must not meet the new one."""
    nothing = staging / "nothing"
    yield staging / "evidence", settings.evidence
    yield staging / "imports", settings.imports
    yield staging / PROFILE, settings.data / PROFILE
    if settings.is_sqlite:
        database = snapshots.sqlite_path(settings)
        for ending in ("-wal", "-shm"):
            yield nothing, database.with_name(database.name + ending)
        yield staging / SQLITE_MEMBER, database


def _move(source: Path, target: Path, moves: list[tuple[Path, Path]]) -> None:
    shutil.move(source, target)
    moves.append((source, target))


def _require_head(settings: Settings, head: Head) -> None:
    store = Store(settings.database_url)
    try:
        with store.read() as session:
            if Head(*ledger.head(session)) != head:
                raise DatabaseDamaged(name=settings.database_url.rsplit("/", 1)[-1])
    finally:
        store.close()
