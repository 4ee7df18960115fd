"""Files received, and how far each has come: who may see them, what was answered, what the worker shall do.

The bytes lie under the data folder, `imports/<id>`, from the moment a file is received until it is given up;
those of applied files stay, because who asks where a site came from may need them.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from geo.errors import EmptyFile, TooLarge
from geo.formats import HEAD_BYTES, Limits, format_of
from inspections.deadlines import beijing_day
from inspections.errors import Conflict, NotAllowed, NotFound
from inspections.imports import staging
from inspections.imports.answers import Answers
from inspections.imports.headings import heading_key
from inspections.models import ImportBatch, ImportMapping, Officer
from inspections.permissions import Actor, may, require
from inspections.store import rows_in_pages
from inspections.terms import ImportJob, ImportState, Kind, LayerKind, Role
from inspections.typed import NotInList, check_reason, clean_text

# Who may bring what
SUBJECTS = {"sites": "site.import", "areas": "area.import", "layers": "layer.import"}
PAGE = 50
_CHUNK = 1 << 20
_OPEN = (ImportState.RECEIVED, ImportState.CHECKED)


class AlreadyImported(Conflict):
    """The same bytes were taken in before."""

    code = "import.already_imported"
    message = "This file was imported on {day} as {name}: {accepted} rows. Nothing was done again."

    def __init__(self, *, batch_id: uuid.UUID | None = None, **facts: Any) -> None:
        super().__init__(**facts)
        self.batch_id = batch_id


class FileGone(NotFound):
    """The bytes of a file are not in the data folder any more."""

    code = "import.file_gone"
    message = "The file {name} is no longer on the server. Choose it again."


class WrongStep(Conflict):
    """The step does not lead on from where the file stands."""

    code = "import.wrong_step"
    message = "Meanwhile this file went on, and this step no longer fits. Look at it again."


@dataclass(frozen=True)
class Listed:
    """One page of the files an officer may see."""

    items: Sequence[ImportBatch]
    total: int
    page: int
    size: int = PAGE


def receive(
    session: Session,
    folder: Path,
    file: BinaryIO,
    name: str,
    *,
    subject: str,
    kind: str = "",
    by: Actor,
    now: datetime,
    limits: Limits | None = None,
    answers: Answers | None = None,
) -> ImportBatch:
    """Keep a file and ask for its check; the same bytes sent again by the same officer give the one there is.

    Parameters
    ----------
    folder : Path
        Where files lie, `imports` under the data folder.
    answers : Answers, optional
        What is said of the whole file at once; a file that is there already is checked anew with them.

    Raises
    ------
    AlreadyImported
        It was applied before.
    BadLayer
        Its size, ending or first bytes are not those of a file that is read.
    StorageFull
        The disk is full; nothing is left behind.
    """
    subject, kind = _what(subject, kind)
    require(by, SUBJECTS[subject])
    batch_id = uuid.uuid4()
    sha256, size = _keep(folder, str(batch_id), file, clean_name(name), limits or Limits())
    try:
        require_new_file(session, subject, kind, sha256)
        again = _received_before(session, subject, kind, sha256, by)
    except Conflict:
        (folder / str(batch_id)).unlink()
        raise
    if again is not None:
        (folder / str(batch_id)).unlink()
        if answers is not None and again.job is ImportJob.NONE:
            check_again(session, again, answers, by=by)
        return again
    batch = ImportBatch(
        id=batch_id,
        subject=subject,
        kind=kind,
        state=ImportState.RECEIVED,
        file_name=clean_name(name),
        sha256=sha256,
        bytes=size,
        received_at=now,
        received_by_id=by.id,
        answers={} if answers is None else answers.kept(),
        job=ImportJob.CHECK,
        job_by_id=by.id,
    )
    session.add(batch)
    session.flush()
    return batch


def clean_name(name: str) -> str:
    """The name of a file without folders, as people may read it."""
    return clean_text(name.replace("\\", "/").rsplit("/", 1)[-1])[-200:] or "file"


def require_new_file(session: Session, subject: str, kind: str, sha256: str) -> None:
    """Raise `AlreadyImported` naming the first import of the same bytes."""
    query = select(ImportBatch).where(ImportBatch.subject == subject, ImportBatch.sha256 == sha256)
    query = query.where(ImportBatch.kind == kind, ImportBatch.state == ImportState.APPLIED)
    first = session.scalar(query.limit(1))
    if first is not None:
        day = beijing_day(first.applied_at or first.received_at).isoformat()
        facts = {"day": day, "name": first.file_name, "accepted": first.rows_accepted}
        raise AlreadyImported(batch_id=first.id, **facts)


def get_batch(session: Session, batch_id: uuid.UUID, by: Actor, *, locked: bool = False) -> ImportBatch:
    """Return one file, or raise `NotFound` where there is none or the officer may not see it."""
    query = select(ImportBatch).where(ImportBatch.id == batch_id, batch_filter(by))
    batch = session.scalar(query.with_for_update() if locked else query)
    if batch is None:
        raise NotFound
    return batch


def list_batches(session: Session, by: Actor, *, page: int = 1) -> Listed:
    """The files an officer may see, the newest first."""
    query = (
        select(ImportBatch)
        .where(batch_filter(by), ImportBatch.state != ImportState.GIVEN_UP)
        .order_by(ImportBatch.received_at.desc(), ImportBatch.id)
    )
    items, total = rows_in_pages(session, query, page=page, size=PAGE)
    return Listed(items, total, page)


def batch_filter(by: Actor) -> ColumnElement[bool]:
    """Which files an officer may see: its own, and whoever answers for the whole, everybody's."""
    if by.role in ("system", Role.SUPERVISOR, Role.ADMIN):
        return true()
    return ImportBatch.received_by_id == by.id


def path_of(folder: Path, batch: ImportBatch) -> Path:
    """Where the bytes of a file lie; raises `FileGone`."""
    path = folder / str(batch.id)
    if not path.exists():
        raise FileGone(name=batch.file_name)
    return path


def report_path(folder: Path, batch: ImportBatch) -> Path:
    """Where the report of an applied file lies."""
    return folder / f"{batch.id}.report.json"


def check_again(session: Session, batch: ImportBatch, answers: Answers, *, by: Actor) -> None:
    """Give answers that concern the whole file, and have it checked anew."""
    _require_open(batch)
    batch.answers = answers.kept()
    _ask(batch, ImportJob.CHECK, by)
    session.flush()


def ask_to_apply(session: Session, batch: ImportBatch, *, by: Actor) -> None:
    """Have a checked file applied; raises `QuestionsOpen` while it waits for an answer."""
    if batch.state is not ImportState.CHECKED or batch.job is not ImportJob.NONE:
        raise WrongStep
    staging.require_answered(session, batch.id)
    require_new_file(session, batch.subject, batch.kind, batch.sha256)
    _ask(batch, ImportJob.APPLY, by)
    session.flush()


def ask_to_undo(session: Session, batch: ImportBatch, reason: str, *, by: Actor) -> None:
    """Have an applied file undone; raises `ReasonMissing` unless it is said why.

    A layer is not undone: it is taken away, or the one before is put back (`inspections.layers`).
    """
    if batch.subject == "layers":
        raise WrongStep
    if batch.state is not ImportState.APPLIED or batch.job is not ImportJob.NONE:
        raise WrongStep
    batch.answers = {**batch.answers, "undo_reason": check_reason(reason)}
    _ask(batch, ImportJob.UNDO, by)
    session.flush()


def ask_to_stop(session: Session, batch: ImportBatch) -> None:
    """Have the check under way stopped; one that has not begun is taken back at once."""
    if batch.job is not ImportJob.CHECK:
        raise WrongStep
    if batch.job_seen_at is None:
        batch.job = ImportJob.NONE
    else:
        batch.job_stop = True
    session.flush()


def give_up(session: Session, folder: Path, batch: ImportBatch) -> None:
    """Forget a file that was not applied: its rows, its messages, its bytes."""
    _require_open(batch)
    staging.clear(session, batch.id)
    batch.state, batch.found, batch.answers = ImportState.GIVEN_UP, {}, {}
    session.flush()
    with suppress(FileNotFoundError):
        (folder / str(batch.id)).unlink()


def recall(session: Session, subject: str, kind: str) -> Callable[[Sequence[str]], Mapping[str, str]]:
    """What was agreed before for files with the same headings."""

    def agreed(headings: Sequence[str]) -> Mapping[str, str]:
        query = select(ImportMapping.columns).where(
            ImportMapping.subject == subject,
            ImportMapping.kind == kind,
            ImportMapping.headings_sha256 == headings_sha256(headings),
        )
        return session.scalar(query) or {}

    return agreed


def remember(session: Session, batch: ImportBatch, *, by: Actor, now: datetime) -> None:
    """Keep the columns that a person agreed to, for the next file with the same headings."""
    columns = Answers.of(batch.answers).columns
    if not columns:
        return
    for sheet in batch.found.get("sheets", ()):
        if not sheet["taken"]:
            continue
        headings = [column["heading"] for column in sheet["columns"]]
        key = headings_sha256(headings)
        query = select(ImportMapping).where(
            ImportMapping.subject == batch.subject,
            ImportMapping.kind == batch.kind,
            ImportMapping.headings_sha256 == key,
        )
        kept = session.scalar(query)
        if kept is None:
            kept = ImportMapping(subject=batch.subject, kind=batch.kind, headings_sha256=key, columns={})
            session.add(kept)
        agreed = {heading: columns[heading] for heading in headings if heading in columns}
        kept.columns = {**kept.columns, **agreed}
        kept.agreed_at, kept.agreed_by_id = now, by.id
    session.flush()


def headings_sha256(headings: Sequence[str]) -> str:
    """What tells one set of headings from another, whatever their order."""
    keys = sorted(heading_key(heading) for heading in headings)
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def receivers(session: Session, batches: Sequence[ImportBatch]) -> dict[uuid.UUID, str]:
    """Names of those who sent these files."""
    ids = {batch.received_by_id for batch in batches if batch.received_by_id}
    query = select(Officer.id, Officer.full_name).where(Officer.id.in_(ids))
    return dict(session.execute(query).all())


def require_own(batch: ImportBatch, by: Actor) -> None:
    """Raise `NotAllowed` unless an officer may act on this file: whoever sent it, and supervisors."""
    if not is_own(batch, by):
        raise NotAllowed


def is_own(batch: ImportBatch, by: Actor) -> bool:
    """Whether an officer may act on this file; on one of areas or a layer, everybody who imports those."""
    if batch.subject != "sites":
        return may(by, SUBJECTS[batch.subject])
    return may(by, "site.import") and (batch.received_by_id == by.id or by.role == Role.SUPERVISOR)


def _what(subject: str, kind: str) -> tuple[str, str]:
    if subject not in SUBJECTS:
        raise NotInList(field="subject")
    if subject == "areas":
        return subject, ""
    if kind not in set(LayerKind if subject == "layers" else Kind):
        raise NotInList(field="kind")
    return subject, kind


def _received_before(session: Session, subject: str, kind: str, sha256: str, by: Actor) -> ImportBatch | None:
    query = select(ImportBatch).where(
        ImportBatch.subject == subject,
        ImportBatch.kind == kind,
        ImportBatch.sha256 == sha256,
        ImportBatch.state.in_(_OPEN),
        ImportBatch.received_by_id == by.id,
    )
    return session.scalar(query.limit(1))


def _require_open(batch: ImportBatch) -> None:
    if batch.state not in _OPEN or batch.job is not ImportJob.NONE:
        raise WrongStep


def _ask(batch: ImportBatch, job: ImportJob, by: Actor) -> None:
    batch.job, batch.job_by_id, batch.job_stop, batch.job_seen_at = job, by.id, False, None
    batch.job_done = batch.job_total = 0
    batch.failure = {}


def _keep(folder: Path, name: str, file: BinaryIO, called: str, limits: Limits) -> tuple[str, int]:
    """Write a file durably; gives its sha256 and size. What is no file that is read leaves nothing behind."""
    folder.mkdir(parents=True, exist_ok=True)
    part, digest, size = folder / f"{name}.part", hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            while chunk := file.read(_CHUNK):
                if not size:
                    format_of(called, chunk[:HEAD_BYTES])
                size += len(chunk)
                if size > limits.bytes:
                    raise TooLarge(most_mb=limits.bytes // 1_000_000)
                digest.update(chunk)
                target.write(chunk)
            if not size:
                raise EmptyFile
            target.flush()
            os.fsync(target.fileno())
        part.replace(folder / name)
        _sync(folder)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest(), size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
