"""Backups: one tar with the database, the evidence and the county's profile, and the sums of all of it.

The database comes first, so that every photo it speaks of is in what follows. The secret key is left out: a
restored server makes its own, and people sign in again. `inspections.restore` reads what is written here.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from inspections import snapshots
from inspections.deadlines import BEIJING
from inspections.settings import Settings, WrongSetting
from inspections.snapshots import Head, InUse
from inspections.store import wanted_version

MANIFEST = "manifest.json"
PROFILE = "county.toml"
FORMAT = 1
KEPT = 14  # what `nightly` keeps where the profile says nothing
Progress = Callable[[str, int, int], None]  # the step, done so far, of how many
_IMPORT = re.compile(r"[0-9a-f-]{36}(\.report\.json)?")
_EVIDENCE = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})\.[a-z0-9]{1,8}")
_NIGHTLY = re.compile(r"xuntu-\d{8}-\d{6}\.tar")


@dataclass
class Made:
    """What a backup came to; `damaged` are photos whose bytes are not those of their name."""

    path: Path
    head: Head
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)


def write_backup(
    settings: Settings, path: Path, *, now: datetime, progress: Progress = lambda step, done, total: None
) -> Made:
    """Write a backup of everything to `path`, while the server goes on; it appears whole or not at all.

    Raises
    ------
    ToolMissing, ToolFailed
        PostgreSQL's programs are missing or refuse.
    """
    part = path.with_name(path.name + ".part")
    try:
        with _private(part) as file:
            made = _write(settings, path, file, now, progress)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)
    made.bytes = path.stat().st_size
    return made


def write_nightly(
    settings: Settings, *, now: datetime, progress: Progress = lambda step, done, total: None
) -> Made:
    """Write tonight's backup under the data folder and delete the oldest beyond the number kept."""
    keep = _kept(settings)
    folder = settings.data / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    made = write_backup(
        settings, folder / f"xuntu-{now.astimezone(BEIJING):%Y%m%d-%H%M%S}.tar", now=now, progress=progress
    )
    ours = sorted(one for one in folder.iterdir() if _NIGHTLY.fullmatch(one.name))
    for old in ours[:-keep]:
        old.unlink()
    return made


@contextmanager
def hold_folder(data: Path, *, alone: bool = False) -> Iterator[None]:
    """Keep the data folder while serving; `alone` raises `InUse` where anybody else keeps it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "in-use").open("a") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(name=str(data)) from error
        yield


def evidence_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Originals in the evidence folder, by their name in an archive; copies for viewing are made again."""
    folder = settings.evidence
    for path in sorted(folder.glob("*/*")) if folder.is_dir() else ():
        name = path.relative_to(folder).as_posix()
        if _EVIDENCE.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield f"evidence/{name}", path


def import_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Files received for import and the reports of those applied, by their name in an archive."""
    folder = settings.imports
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _IMPORT.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            yield f"imports/{path.name}", path


def _kept(settings: Settings) -> int:
    keep = settings.profile.get("backup", {}).get("keep", KEPT)
    if type(keep) is not int or keep < 1:
        raise WrongSetting(name="[backup] keep", value=keep, why="write a whole number from 1 on")
    return keep


def _write(settings: Settings, path: Path, file: IO[bytes], now: datetime, progress: Progress) -> Made:
    members: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as folder,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        copy = Path(folder) / "database"
        progress("database", 0, 1)
        head = snapshots.take(settings, copy)
        made = Made(path, head)
        members.append(_add(archive, snapshots.member_of(settings), copy, now))
        copy.unlink()
        profile = settings.county or settings.data / PROFILE
        if profile.is_file():
            members.append(_add(archive, PROFILE, profile, now))
        members += [_add(archive, name, path, now) for name, path in import_files(settings)]
        files = list(evidence_files(settings))
        for done, (name, photo) in enumerate(files):
            progress("evidence", done, len(files))
            members.append(_add(archive, name, photo, now))
            if members[-1]["sha256"] != photo.name[:64]:
                made.damaged.append(name)
        _add_manifest(archive, settings, head, members, now)
    return made


def _add(archive: tarfile.TarFile, name: str, path: Path, now: datetime) -> dict[str, Any]:
    """Add one file and give its name, size and sum, taken from the very bytes that were written."""
    with path.open("rb") as file:
        member = _member(name, os.fstat(file.fileno()).st_size, now)
        summed = _Summing(file)
        archive.addfile(member, summed)  # type: ignore[arg-type]
    return {"name": name, "bytes": member.size, "sha256": summed.digest.hexdigest()}


def _add_manifest(
    archive: tarfile.TarFile, settings: Settings, head: Head, members: list[dict[str, Any]], now: datetime
) -> None:
    said = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "schema": wanted_version(),
        "ledger": {"count": head.count, "head": head.hash},
        "database": snapshots.member_of(settings),
        "members": members,
    }
    data = orjson.dumps(said, option=orjson.OPT_INDENT_2)
    archive.addfile(_member(MANIFEST, len(data), now), io.BytesIO(data))


def _member(name: str, size: int, now: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, int(now.timestamp()), 0o600
    return member


class _Summing:
    """A file that sums what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read: a backup holds everything."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
