"""The long work of imports: checking, applying and undoing one file, with progress and a way to stop.

`run_job` does what a batch asks for. A check writes what it finds a few thousand rows at a time and can be
stopped between; applying and undoing are one transaction each, so that a process that is killed leaves all of
it or nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.datums import read_local_datums
from geo.errors import GeoError
from geo.sources import Limits, Source, open_source
from inspections.deadlines import beijing_day
from inspections.errors import DatabaseBusy, InspectionError
from inspections.imports import applying, batches, staging
from inspections.imports.answers import Answers
from inspections.imports.areas import AreaCheck
from inspections.imports.layers import LayerCheck
from inspections.imports.messages import Refusal, RowMessage, plain_facts
from inspections.imports.reports import Head, Say, Tally, written
from inspections.imports.rows import CheckedRow
from inspections.imports.site_rows import SitesChanged
from inspections.imports.sites import SiteCheck
from inspections.models import ImportBatch, Officer
from inspections.permissions import SYSTEM, Actor, actor_of
from inspections.settings import Settings
from inspections.store import Store, now_utc, translate
from inspections.terms import ImportJob, ImportState

log = logging.getLogger(__name__)

SIGN_OF_LIFE_S = 1.0
_ASIDE = "answered"  # in what was found: answers to rows that are being checked again
Check = SiteCheck | AreaCheck | LayerCheck


class Stopped(InspectionError):
    """Somebody stopped the check."""

    code = "import.stopped"
    message = "The check was stopped. Nothing was written; start it again when you like."


class JobDied(InspectionError):
    """The process that did the work ended without a word."""

    code = "import.job_died"
    message = "The work on this file broke off. Nothing was written; try again, or split the file."


@dataclass(frozen=True)
class Work:
    """What doing a job needs besides the batch."""

    store: Store
    settings: Settings
    say: Say = str
    now: Callable[[], datetime] = now_utc
    limits: Limits = Limits()

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self.settings.imports


@dataclass(frozen=True)
class Staged:
    """What checking into the store came to; `messages` are those of the whole file."""

    tally: Tally
    messages: list[RowMessage]
    blocked: Refusal | None


def next_job(store: Store) -> uuid.UUID | None:
    """The batch that has waited longest for something to be done."""
    with store.read() as session:
        query = select(ImportBatch.id).where(ImportBatch.job != ImportJob.NONE)
        return session.scalar(query.order_by(ImportBatch.received_at, ImportBatch.id).limit(1))


def run_job(work: Work, batch_id: uuid.UUID) -> None:
    """Do what a batch asks for; whatever comes of it stands in the batch afterwards."""
    with work.store.write() as session:
        batch = session.get(ImportBatch, batch_id)
        if batch is None or batch.job is ImportJob.NONE:
            return
        job, batch.job_seen_at, batch.failure = batch.job, work.now(), {}
        by = _actor(session, batch)
    try:
        _JOBS[job](work, batch_id, by)
    except SitesChanged as error:
        _end(work, batch_id, error, then=ImportJob.CHECK)
    except (InspectionError, GeoError) as error:
        _end(work, batch_id, error)
    except OSError as error:
        said = translate(error)
        if said is None:
            raise
        _end(work, batch_id, said)
    else:
        _end(work, batch_id, then=_what_follows(work, batch_id, job))


def wants_to_stop(store: Store, batch_id: uuid.UUID) -> bool:
    """Whether somebody asked for the work on a batch to stop."""
    with store.read() as session:
        return bool(session.scalar(select(ImportBatch.job_stop).where(ImportBatch.id == batch_id)))


def say_that_it_died(store: Store, batch_id: uuid.UUID) -> None:
    """Note in a batch that the process working on it is gone."""
    with store.write() as session:
        batch = session.get(ImportBatch, batch_id)
        if batch is not None and batch.job is not ImportJob.NONE:
            batch.job, batch.failure = ImportJob.NONE, {"code": JobDied.code, "facts": {}}


def open_check(
    session: Session,
    source: Source,
    settings: Settings,
    *,
    subject: str,
    kind: str,
    answers: Answers,
    by: Actor,
    now: datetime,
) -> Check:
    """Open the check of a source as its subject wants it."""
    common: dict[str, Any] = {
        "by": by,
        "answers": answers,
        "local": read_local_datums(settings.profile),
        "recall": batches.recall(session, subject, kind),
    }
    if subject == "areas":
        county_code = str(settings.profile.get("county", {}).get("code", ""))
        return AreaCheck(session, source, today=beijing_day(now), county_code=county_code, **common)
    if subject == "layers":
        return LayerCheck(session, source, kind, today=beijing_day(now), **common)
    return SiteCheck(session, source, kind, **common)


def stage_check(
    work: Work,
    batch_id: uuid.UUID,
    source: Source,
    *,
    by: Actor,
    on_row: Callable[[CheckedRow], CheckedRow] = lambda row: row,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Staged:
    """Check a source into the store; the batch is `checked` then, or says what keeps it from being read.

    `on_row` may settle each row first, as a command does that asks nobody.
    """
    with work.store.read() as reading:
        batch = reading.get(ImportBatch, batch_id)
        assert batch is not None  # noqa: S101 (whoever calls made it)
        before = {**_set_aside(batch), **staging.answered(reading, batch_id)}
        check = open_check(
            reading,
            source,
            work.settings,
            subject=batch.subject,
            kind=batch.kind,
            answers=Answers.of(batch.answers),
            by=by,
            now=work.now(),
        )
        with work.store.write() as session:
            _begin(session, batch_id, before)
        stage = staging.Stage(work.store, batch_id, before, lambda done: progress(done, check.total))
        if check.blocked is None:
            for rows in check.rows():
                stage.take([on_row(row) for row in rows])
        messages = check.messages
        stage.end(messages)
    with work.store.write() as session:
        _keep_found(session.get_one(ImportBatch, batch_id), source, check, stage.tally)
    return Staged(stage.tally, messages, check.blocked)


def head_of(batch: ImportBatch) -> Head:
    """What the report says of the file."""
    return Head(batch.file_name, batch.sha256, batch.encoding, batch.crs)


def apply_staged(
    work: Work,
    batch_id: uuid.UUID,
    *,
    by: Actor,
    report: bytes | None = None,
) -> None:
    """Apply a checked batch in one transaction, keep its report, let the rows go that are in the register."""
    with work.store.read() as session:
        batch = session.get_one(ImportBatch, batch_id)
        if report is None:
            messages = list(staging.list_messages(session, batch_id))
            report = written(head_of(batch), staging.tally_of(session, batch_id), messages, work.say)
    path = batches.report_path(work.folder, batch)
    _write_whole(path, report)
    try:
        with work.store.write() as session:
            batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
            batches.require_new_file(session, batch.subject, batch.kind, batch.sha256)
            applying.apply_batch(
                session,
                batch,
                report_sha256=hashlib.sha256(report).hexdigest(),
                by=by,
                now=work.now(),
            )
            batches.remember(session, batch, by=by, now=work.now())
            batch.job = ImportJob.NONE
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    with work.store.write() as session:
        applying.forget_rows(session, session.get_one(ImportBatch, batch_id))


def _check(work: Work, batch_id: uuid.UUID, by: Actor) -> None:
    with work.store.read() as session:
        batch = session.get_one(ImportBatch, batch_id)
    path = batches.path_of(work.folder, batch)
    with open_source(path, name=batch.file_name, limits=work.limits) as source:
        stage_check(work, batch_id, source, by=by, progress=_Progress(work, batch_id))


def _what_follows(work: Work, batch_id: uuid.UUID, job: ImportJob) -> ImportJob:
    """A file that is to be applied at once is, where nothing of it is refused or asked."""
    with work.store.read() as session:
        batch = session.get_one(ImportBatch, batch_id)
        if job is not ImportJob.CHECK or batch.state is not ImportState.CHECKED:
            return ImportJob.NONE
        tally = staging.tally_of(session, batch_id)
        clean = tally.accepted and not (tally.refused or staging.count_open(session, batch_id))
        return ImportJob.APPLY if clean and Answers.of(batch.answers).at_once else ImportJob.NONE


def _apply(work: Work, batch_id: uuid.UUID, by: Actor) -> None:
    apply_staged(work, batch_id, by=by)


def _undo(work: Work, batch_id: uuid.UUID, by: Actor) -> None:
    with work.store.write() as session:
        batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
        reason = str(batch.answers.get("undo_reason", ""))
        applying.undo_batch(session, batch, reason=reason, by=by, now=work.now())
        batch.job = ImportJob.NONE


_JOBS = {ImportJob.CHECK: _check, ImportJob.APPLY: _apply, ImportJob.UNDO: _undo}


class _Progress:
    """Writes how far a check is, now and then, and looks whether somebody stopped it."""

    def __init__(self, work: Work, batch_id: uuid.UUID) -> None:
        self._work, self._batch_id = work, batch_id
        self._told_at = 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told_at < SIGN_OF_LIFE_S:
            return
        self._told_at = time.monotonic()
        try:
            with self._work.store.write_soon(1_000) as session:
                batch = session.get_one(ImportBatch, self._batch_id)
                stop = batch.job_stop
                batch.job_done, batch.job_total, batch.job_seen_at = done, total, self._work.now()
        except DatabaseBusy:
            return  # the next sign of life says it
        if stop:
            raise Stopped


def _begin(session: Session, batch_id: uuid.UUID, before: staging.Answered) -> None:
    """Forget the rows of an earlier check, but not its answers, should this one be stopped half-way."""
    staging.clear(session, batch_id)
    batch = session.get_one(ImportBatch, batch_id)
    batch.state = ImportState.RECEIVED
    batch.found = {**batch.found, _ASIDE: [[*key, *said] for key, said in before.items()]}


def _set_aside(batch: ImportBatch) -> dict[tuple[str, int | None, str], tuple[str, str]]:
    """What was answered before a check that did not come to its end."""
    kept = batch.found.get(_ASIDE, ())
    return {(sheet, number, code): (answer, reason) for sheet, number, code, answer, reason in kept}


def _keep_found(batch: ImportBatch, source: Source, check: Check, tally: Tally) -> None:
    """Write into a batch what its check found; it is checked then, unless nothing of it can be read."""
    batch.encoding, batch.crs = (source.encoding or "")[:20], check.places.named[:40]
    batch.rows_read, batch.rows_accepted = tally.read, tally.accepted
    batch.rows_warned, batch.rows_refused = tally.warned, tally.refused
    blocked = check.blocked
    batch.state = ImportState.RECEIVED if blocked is not None else ImportState.CHECKED
    batch.found = {
        "format": source.format,
        "sheets": check.opened.sheets,
        "fields": check.fields,
        "readings": check.places.found,
        "blocked": blocked and {"code": blocked.code, "facts": plain_facts(blocked)},
    }


def _actor(session: Session, batch: ImportBatch) -> Actor:
    officer = session.get(Officer, batch.job_by_id) if batch.job_by_id else None
    return SYSTEM if officer is None else actor_of(officer)


def _end(work: Work, batch_id: uuid.UUID, error: Any = None, then: ImportJob = ImportJob.NONE) -> None:
    with work.store.write() as session:
        batch = session.get_one(ImportBatch, batch_id)
        batch.job, batch.job_stop, batch.job_seen_at = then, False, None
        if error is not None:
            batch.failure = {"code": error.code, "facts": plain_facts(error)}


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
