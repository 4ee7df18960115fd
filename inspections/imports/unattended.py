"""A file checked, and if told applied, with nobody to ask: what the commands do (DESIGN §7).

Where a page would ask, defaults are taken or the row is refused. Without applying nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from geo.sources import Source, open_source
from inspections.imports import batches
from inspections.imports.answers import Answers
from inspections.imports.jobs import Work, apply_staged, head_of, open_check, stage_check
from inspections.imports.messages import RowMessage, settled
from inspections.imports.reports import Head, Say, Tally, written
from inspections.imports.rows import CheckedRow, settle
from inspections.models import ImportBatch
from inspections.permissions import SYSTEM, Actor
from inspections.terms import ImportJob

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Task:
    """What to take in, and as what."""

    path: Path
    name: str
    subject: str
    kind: str = ""
    answers: Answers = field(default_factory=Answers)
    by: Actor = SYSTEM

    @property
    def settled_answers(self) -> Answers:
        """The answers with what is taken where nobody said otherwise: swapped columns are put right."""
        return self.answers if self.answers.swapped else replace(self.answers, swapped="yes")


@dataclass
class Outcome:
    """What came of it: counts, and every message in the order of the file."""

    head: Head
    tally: Tally
    messages: list[RowMessage]
    applied: bool = False

    def report(self, say: Say) -> bytes:
        """The report as JSON."""
        return written(self.head, self.tally, self.messages, say)


def check_file(work: Work, task: Task, progress: Progress = lambda done, total: None) -> Outcome:
    """Check a file; nothing is written.

    Raises
    ------
    AlreadyImported, BadLayer, ColumnsMissing and what else keeps the whole file from being read
    """
    tally, rows_said = Tally(), list[RowMessage]()
    with open_source(task.path, name=task.name, limits=work.limits) as source:
        with work.store.read() as session:
            batches.require_new_file(session, task.subject, task.kind, source.sha256)
            check = open_check(
                session,
                source,
                work.settings,
                subject=task.subject,
                kind=task.kind,
                answers=task.settled_answers,
                by=task.by,
                now=work.now(),
            )
            if check.blocked is not None:
                raise check.blocked
            for rows in check.rows():
                for row in rows:
                    row = settle(row, repair=task.answers.repair)
                    tally.add(row)
                    rows_said += row.messages
                progress(tally.read, check.total)
            file_said = [settled(message) for message in check.messages]
        head = _head(task, source, check.places.named)
    return Outcome(head, tally, [*file_said, *rows_said])


def take_file(work: Work, task: Task, progress: Progress = lambda done, total: None) -> Outcome:
    """Check a file and take its accepted rows in one transaction.

    Raises
    ------
    What `check_file` raises, and NothingAccepted, whose outcome stands in its `outcome`.
    """
    batch = _receive(work, task)
    rows_said: list[RowMessage] = []

    def take(row: CheckedRow) -> CheckedRow:
        row = settle(row, repair=task.answers.repair)
        rows_said.extend(row.messages)
        return row

    applied = False
    try:
        with open_source(task.path, name=task.name, limits=work.limits) as source:
            staged = stage_check(work, batch.id, source, by=task.by, on_row=take, progress=progress)
        if staged.blocked is not None:
            raise staged.blocked
        with work.store.read() as session:
            head = head_of(session.get_one(ImportBatch, batch.id))
        file_said = [settled(message) for message in staged.messages]
        outcome = Outcome(head, staged.tally, [*file_said, *rows_said])
        if staged.tally.accepted:
            apply_staged(work, batch.id, by=task.by, report=outcome.report(work.say))
            outcome.applied = applied = True
        return outcome
    finally:
        if not applied:
            with work.store.write() as session:
                batches.give_up(session, work.folder, session.get_one(ImportBatch, batch.id))


def _receive(work: Work, task: Task) -> ImportBatch:
    """Keep the file; no worker is asked for it."""
    with task.path.open("rb") as file, work.store.write() as session:
        batch = batches.receive(
            session,
            work.folder,
            file,
            task.name,
            subject=task.subject,
            kind=task.kind,
            by=task.by,
            now=work.now(),
            limits=work.limits,
        )
        batch.job, batch.answers = ImportJob.NONE, task.settled_answers.kept()
        return batch


def _head(task: Task, source: Source, crs: str) -> Head:
    return Head(task.name, source.sha256, source.encoding or "", crs)
