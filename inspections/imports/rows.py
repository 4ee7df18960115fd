"""One row of a file as a check leaves it: what will come of it, its facts, what there is to read about it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from inspections.imports.messages import RowMessage, settled
from inspections.terms import MessageLevel, RowOutcome

TAKEN = frozenset({RowOutcome.NEW, RowOutcome.CHANGED, RowOutcome.SAME})


@dataclass
class CheckedRow:
    """A row of a register or of a file of areas.

    `facts` are plain JSON; `shape` is lon/lat CGCS2000. With `site_id` it corrects that site at that version.
    """

    number: int
    sheet: str = ""
    outcome: RowOutcome = RowOutcome.NEW
    facts: dict[str, Any] = field(default_factory=dict)
    shape: Any = None
    site_id: uuid.UUID | None = None
    site_version: int | None = None
    messages: list[RowMessage] = field(default_factory=list)

    def say(self, level: MessageLevel, error: Any, column: str = "", cell: Any = None, **more: Any) -> None:
        """Add something to read about this row."""
        shown = "" if cell is None else str(cell)[:200]
        self.messages.append(RowMessage(level, error, self.number, column[:100], self.sheet, shown, **more))

    def refuse(self, error: Any, column: str = "", cell: Any = None) -> None:
        """Leave the row out: something is wrong with it, and there is nothing to ask any more."""
        self.outcome = RowOutcome.REFUSED
        self.messages = [message for message in self.messages if not message.is_open]
        self.say(MessageLevel.ERROR, error, column, cell)

    def warn(self, error: Any, column: str = "", cell: Any = None) -> None:
        """Say what somebody should look at."""
        self.say(MessageLevel.WARNING, error, column, cell)

    def note(self, error: Any, column: str = "", cell: Any = None) -> None:
        """Say what was done without being asked."""
        self.say(MessageLevel.NOTE, error, column, cell)

    def ask(self, error: Any, choices: Sequence[str], column: str = "", cell: Any = None) -> None:
        """Ask a person; until there is an answer the row is not taken."""
        self.say(MessageLevel.QUESTION, error, column, cell, choices=tuple(choices))


def has_place(row: CheckedRow, position: Any) -> bool:
    """Say what there is to say of a row's position; whether the row can be read on."""
    for level, error in position.told:
        row.say(level, error, position.column, position.cell)
    if position.error is not None:
        row.refuse(position.error, position.column, position.cell)
        return False
    if position.question is not None:
        row.ask(position.question, position.choices, position.column, position.cell)
        row.outcome = RowOutcome.ASKED
    return position.geometry is not None


def settle(row: CheckedRow, *, repair: bool = False) -> CheckedRow:
    """The row as a command takes it, which asks nobody: defaults are taken, other questions refuse it."""
    messages = [settled(message, repair=repair) for message in row.messages]
    outcome = row.outcome
    if any(message.level is MessageLevel.ERROR for message in messages):
        outcome = RowOutcome.REFUSED
    elif outcome is RowOutcome.ASKED:
        outcome = RowOutcome.NEW if row.site_id is None else RowOutcome.CHANGED
    return replace(row, outcome=outcome, messages=messages)


def outcome_with(base: RowOutcome, answers: Mapping[str, str | None], changes_site: bool) -> RowOutcome:
    """What comes of a row that is neither refused nor the same as before, given the answers to its questions.

    Parameters
    ----------
    base : RowOutcome
        New or changed, as the row is by itself.
    answers : mapping of str
        By the question's code; empty or None where there is none yet.
    changes_site : bool
        Whether an answer `change` names a site.
    """
    said = list(answers.values())
    if any(not answer for answer in said):
        return RowOutcome.ASKED
    if "out" in said:
        return RowOutcome.LEFT_OUT
    return RowOutcome.CHANGED if changes_site else base
