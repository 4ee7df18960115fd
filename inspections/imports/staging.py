"""Checked rows in the store, until they are applied: written and read a few thousand at a time.

A question is answered for one row or for all that ask the same; what comes of a row follows from its answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy import case, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from inspections.errors import Conflict, Invalid
from inspections.imports.messages import MOST_CHANGED, RowMessage, plain_facts, refusal_of
from inspections.imports.reports import Tally
from inspections.imports.rows import TAKEN, CheckedRow, outcome_with
from inspections.models import ImportBatch, ImportMessage, ImportRow
from inspections.models.bulk import insert_rows
from inspections.store import Store
from inspections.terms import MessageLevel, RowOutcome
from inspections.typed import NotInList, check_reason

BATCH = 2000
_WITH_FACTS = frozenset({RowOutcome.NEW, RowOutcome.CHANGED, RowOutcome.ASKED, RowOutcome.LEFT_OUT})
Answered = Mapping[tuple[str, int | None, str], tuple[str, str]]  # by sheet, row and code: answer, reason


def clear(session: Session, batch_id: uuid.UUID) -> None:
    """Forget the rows and messages of a batch."""
    session.execute(delete(ImportMessage).where(ImportMessage.batch_id == batch_id))
    session.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id))


def answered(session: Session, batch_id: uuid.UUID) -> Answered:
    """What was answered for single rows, so that it can be given again when the file is checked anew."""
    query = select(ImportMessage).where(ImportMessage.batch_id == batch_id, ImportMessage.answer != "")
    return {
        (said.sheet, said.number, said.code): (said.answer, said.reason) for said in session.scalars(query)
    }


class Stage:
    """Takes the rows of one check into the store."""

    def __init__(
        self, store: Store, batch_id: uuid.UUID, before: Answered, progress: Callable[[int], None]
    ) -> None:
        self._store, self._batch_id, self._before, self._progress = store, batch_id, before, progress
        self._position = 0
        self._rows: list[CheckedRow] = []
        self.tally = Tally()

    def take(self, rows: Sequence[CheckedRow]) -> None:
        """Take some rows; they are written when enough have come."""
        self._rows += rows
        if len(self._rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has come."""
        rows, self._rows = self._rows, []
        if rows:
            self._write(rows)
        self._progress(self._position)

    def end(self, messages: Sequence[RowMessage]) -> None:
        """Write the rest, and what there is to read about the whole file."""
        self.flush()
        with self._store.write() as session:
            said = [self._message(message, 0) for message in messages]
            if said:
                session.execute(insert(ImportMessage), said)

    def _write(self, rows: Sequence[CheckedRow]) -> None:
        kept, said = [], []
        for row in rows:
            self._position += 1
            messages = [self._message(message, self._position) for message in row.messages]
            row.outcome = self._outcome(row, messages)
            self.tally.add(row)
            kept.append(self._row(row))
            said += messages
        with self._store.write() as session:
            insert_rows(session, ImportRow.__table__, kept)
            insert_rows(session, ImportMessage.__table__, said)

    def _row(self, row: CheckedRow) -> dict[str, Any]:
        has_facts = row.outcome in _WITH_FACTS
        return {
            "batch_id": self._batch_id,
            "position": self._position,
            "sheet": row.sheet[:100],
            "number": row.number,
            "outcome": row.outcome,
            "facts": row.facts if has_facts else {},
            "shape": shapely.to_wkb(row.shape) if has_facts and row.shape is not None else None,
            "site_id": row.site_id,
            "site_version": row.site_version,
        }

    def _message(self, message: RowMessage, position: int) -> dict[str, Any]:
        key = (message.sheet[:100], message.number, message.error.code)
        answer, reason = self._before.get(key, ("", "")) if message.is_open else ("", "")
        if answer not in message.choices:
            answer = reason = ""
        return {
            "batch_id": self._batch_id,
            "position": position,
            "sheet": message.sheet[:100],
            "number": message.number,
            "column": message.column[:100],
            "cell": message.cell[:200],
            "level": message.level,
            "code": message.error.code,
            "facts": plain_facts(message.error),
            "choices": list(message.choices),
            "answer": answer,
            "reason": reason,
        }

    def _outcome(self, row: CheckedRow, messages: Sequence[Mapping[str, Any]]) -> RowOutcome:
        asked = {said["code"]: said["answer"] for said in messages if said["level"] is MessageLevel.QUESTION}
        if row.outcome is not RowOutcome.ASKED or row.shape is None or not asked:
            return row.outcome
        return _outcome_of(row.site_id, asked)


class ReasonNeeded(Invalid):
    """A repair that changes much of an area."""

    code = "import.reason_needed"
    message = "The repair changes the area by {percent} %. Say in 2 to 500 characters why that is right."
    field = "reason"


class QuestionsOpen(Conflict):
    """Rows, or the file as a whole, wait for an answer."""

    code = "import.questions_open"
    message = "Questions that wait for an answer: {count}. Answer them first."


def count_open(session: Session, batch_id: uuid.UUID) -> int:
    """How many questions wait for an answer: of the file as a whole, or else of its rows."""
    query = select(func.count()).where(
        ImportMessage.batch_id == batch_id,
        ImportMessage.position == 0,
        ImportMessage.level == MessageLevel.QUESTION,
        ImportMessage.answer == "",
    )
    return session.scalar(query) or _count_asked(session, batch_id)


def require_answered(session: Session, batch_id: uuid.UUID) -> None:
    """Raise `QuestionsOpen` while the file as a whole or one of its rows waits for an answer."""
    count = count_open(session, batch_id)
    if count:
        raise QuestionsOpen(count=count)


def require_rows_answered(session: Session, batch_id: uuid.UUID) -> None:
    """Raise `QuestionsOpen` while rows wait; what concerns the whole file a command has answered."""
    count = _count_asked(session, batch_id)
    if count:
        raise QuestionsOpen(count=count)


def _count_asked(session: Session, batch_id: uuid.UUID) -> int:
    query = select(func.count()).where(ImportRow.batch_id == batch_id, ImportRow.outcome == RowOutcome.ASKED)
    return session.scalar(query) or 0


def answer_questions(
    session: Session,
    batch: ImportBatch,
    code: str,
    answer: str,
    *,
    message_pk: int | None = None,
    reason: str = "",
) -> int:
    """Answer a question of one row (`message_pk`), or of every row that asks the same; returns how many.

    An answer that some rows do not offer is given only to those that do. An empty one takes it back.

    Raises
    ------
    NotInList
        No such row offers that answer.
    ReasonNeeded
        It needs a reason.
    """
    query = select(ImportMessage).where(
        ImportMessage.batch_id == batch.id,
        ImportMessage.level == MessageLevel.QUESTION,
        ImportMessage.code == code,
        ImportMessage.position > 0,
    )
    if message_pk is not None:
        query = query.where(ImportMessage.pk == message_pk)
    count, last = 0, 0
    while found := session.scalars(
        query.where(ImportMessage.pk > last).order_by(ImportMessage.pk).limit(BATCH)
    ).all():
        last = found[-1].pk
        taking = [one for one in found if not answer or answer in one.choices]
        for one in taking:
            one.answer, one.reason = answer, _reason(one, answer, reason)
        session.flush()
        _settle(session, batch.id, [one.position for one in taking])
        count += len(taking)
        session.expunge_all() if count > 10 * BATCH else None
    if not count:
        raise NotInList(field="answer")
    return count


def tally_of(session: Session, batch_id: uuid.UUID) -> Tally:
    """Count the rows of a batch as they stand now."""
    warned = exists().where(
        ImportMessage.batch_id == ImportRow.batch_id,
        ImportMessage.position == ImportRow.position,
        ImportMessage.level == MessageLevel.WARNING,
    )
    query = select(ImportRow.outcome, func.count(), func.sum(case((warned, 1), else_=0)))
    tally = Tally()
    rows = session.execute(query.where(ImportRow.batch_id == batch_id).group_by(ImportRow.outcome))
    for outcome, count, warned_of in rows:
        tally.read += count
        if outcome in TAKEN:
            tally.accepted += count
            tally.warned += warned_of
        if outcome is not RowOutcome.SAME:
            setattr(tally, outcome.value, count)
    return tally


def list_messages(session: Session, batch_id: uuid.UUID) -> Iterator[RowMessage]:
    """Every message of a batch in the order of the file, those of the whole file first."""
    last = (-1, 0)
    while found := session.scalars(
        select(ImportMessage)
        .where(ImportMessage.batch_id == batch_id)
        .where(
            (ImportMessage.position > last[0])
            | ((ImportMessage.position == last[0]) & (ImportMessage.pk > last[1]))
        )
        .order_by(ImportMessage.position, ImportMessage.pk)
        .limit(BATCH)
    ).all():
        last = (found[-1].position, found[-1].pk)
        yield from (message_of(one) for one in found)


def message_of(kept: ImportMessage) -> RowMessage:
    """The message that a row of the store stands for."""
    error = refusal_of(kept.code, kept.facts)
    return RowMessage(kept.level, error, kept.number, kept.column, kept.sheet, kept.cell, tuple(kept.choices))


def rows_with(
    session: Session, batch_id: uuid.UUID, outcomes: Sequence[RowOutcome]
) -> Iterator[Sequence[ImportRow]]:
    """Rows of a batch with one of these outcomes, in order, some at a time."""
    last = 0
    while rows := session.scalars(
        select(ImportRow)
        .where(ImportRow.batch_id == batch_id, ImportRow.outcome.in_(outcomes), ImportRow.position > last)
        .order_by(ImportRow.position)
        .limit(BATCH)
    ).all():
        last = rows[-1].position
        yield rows


def _reason(message: ImportMessage, answer: str, reason: str) -> str:
    """The reason an answer needs: for a repair that changes much."""
    changed = message.facts.get("changed", 0.0)
    if answer != "repair" or changed <= MOST_CHANGED:
        return ""
    try:
        return check_reason(reason)
    except Invalid as error:
        raise ReasonNeeded(percent=f"{changed * 100:.1f}") from error


def _settle(session: Session, batch_id: uuid.UUID, positions: Sequence[int]) -> None:
    """Work out anew what comes of the rows at these positions."""
    if not positions:
        return
    query = select(ImportMessage).where(
        ImportMessage.batch_id == batch_id,
        ImportMessage.position.in_(positions),
        ImportMessage.level == MessageLevel.QUESTION,
    )
    asked: dict[int, dict[str, str]] = {}
    for message in session.scalars(query):
        asked.setdefault(message.position, {})[message.code] = message.answer
    rows = select(ImportRow.pk, ImportRow.position, ImportRow.site_id).where(
        ImportRow.batch_id == batch_id, ImportRow.position.in_(positions), ImportRow.shape.is_not(None)
    )
    changes = [
        {"pk": row.pk, "outcome": _outcome_of(row.site_id, asked.get(row.position, {}))}
        for row in session.execute(rows)
    ]
    if changes:
        session.execute(update(ImportRow), changes)


def _outcome_of(site_id: uuid.UUID | None, asked: Mapping[str, str]) -> RowOutcome:
    base = RowOutcome.NEW if site_id is None else RowOutcome.CHANGED
    return outcome_with(base, asked, "change" in asked.values())
