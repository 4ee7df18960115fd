"""What the page of a file shows of its rows: what they ask, and a page of what there is to read about them.

Asked of the store at once, as a page may ask it little, whatever there is to show.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import case, func, select, union_all
from sqlalchemy.orm import Session

from inspections.imports.messages import REPAIR
from inspections.models import ImportMessage, ImportRow
from inspections.terms import MessageLevel

_TOLD = (MessageLevel.ERROR, MessageLevel.QUESTION, MessageLevel.WARNING)


@dataclass(frozen=True)
class OpenQuestion:
    """A question of rows: how many ask it, how many of them have an answer."""

    code: str
    rows: int
    answered: int


@dataclass(frozen=True)
class Shown:
    """What is said about the whole file, a page of what is said about rows, and counts of all of it.

    `shapes` are the repaired shapes of the rows shown, lon/lat, by position; `counts` are messages by level.
    """

    of_file: Sequence[ImportMessage]
    lines: Sequence[ImportMessage]
    shapes: Mapping[int, Any]
    counts: Mapping[str, int]
    total: int
    questions: Sequence[OpenQuestion]


def read_shown(
    session: Session, batch_id: uuid.UUID, *, level: MessageLevel | None = None, page: int = 1, size: int
) -> Shown:
    """Messages in the order of the file; notes about rows only where they are asked for by level."""
    mine = ImportMessage.batch_id == batch_id
    groups = _count(session, batch_id)
    counts = Counter[str]()
    for group in groups:
        counts[group.level.value] += group.rows
    levels = (level,) if level else _TOLD
    keys = select(ImportMessage.pk).where(mine, ImportMessage.position > 0, ImportMessage.level.in_(levels))
    keys = keys.order_by(ImportMessage.position, ImportMessage.pk).limit(size).offset((page - 1) * size)
    both = union_all(
        select(ImportMessage.pk).where(mine, ImportMessage.position == 0), select(keys.subquery().c.pk)
    )
    row_of = (
        (ImportRow.batch_id == batch_id)
        & (ImportRow.position == ImportMessage.position)
        & (ImportMessage.code == REPAIR)
    )
    query = select(ImportMessage, ImportRow.shape).outerjoin(ImportRow, row_of)
    query = query.where(ImportMessage.pk.in_(both)).order_by(ImportMessage.position, ImportMessage.pk)
    found = session.execute(query).all()
    return Shown(
        of_file=[message for message, _ in found if not message.position],
        lines=[message for message, _ in found if message.position],
        shapes={message.position: shapely.from_wkb(shape) for message, shape in found if shape},
        counts=counts,
        total=sum(counts[one.value] for one in levels),
        questions=_questions(groups),
    )


def _count(session: Session, batch_id: uuid.UUID) -> Sequence[Any]:
    """How many messages there are about rows by level and code, and how many of them have no answer."""
    waiting = func.sum(case((ImportMessage.answer == "", 1), else_=0))
    query = (
        select(ImportMessage.level, ImportMessage.code, func.count().label("rows"), waiting.label("waiting"))
        .where(ImportMessage.batch_id == batch_id, ImportMessage.position > 0)
        .group_by(ImportMessage.level, ImportMessage.code)
        .order_by(ImportMessage.code)
    )
    return session.execute(query).all()


def _questions(groups: Sequence[Any]) -> list[OpenQuestion]:
    """The questions of rows, each once, those that still wait for answers first."""
    asked = [
        OpenQuestion(group.code, group.rows, group.rows - group.waiting)
        for group in groups
        if group.level is MessageLevel.QUESTION
    ]
    return sorted(asked, key=lambda one: (one.answered == one.rows, one.code))
