"""What checking a file came to: counts, and the report that people get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from inspections.imports.messages import Refusal, RowMessage
from inspections.imports.rows import TAKEN, CheckedRow
from inspections.terms import MessageLevel, RowOutcome

Say = Callable[[Refusal], str]


@dataclass
class Tally:
    """How many rows there are and what comes of them; `warned` counts accepted ones."""

    read: int = 0
    accepted: int = 0
    warned: int = 0
    refused: int = 0
    asked: int = 0
    left_out: int = 0
    new: int = 0
    changed: int = 0

    def add(self, row: CheckedRow) -> None:
        """Count one row."""
        self.read += 1
        if row.outcome in TAKEN:
            self.accepted += 1
            self.warned += any(message.level is MessageLevel.WARNING for message in row.messages)
        name = row.outcome.value
        if row.outcome is not RowOutcome.SAME:
            setattr(self, name, getattr(self, name) + 1)


@dataclass(frozen=True)
class Head:
    """What a report says of the file itself."""

    file: str
    sha256: str
    encoding: str
    crs: str


def written(head: Head, tally: Tally, messages: Iterable[RowMessage], say: Say) -> bytes:
    """The report as JSON (DESIGN §7); `say` puts a message into the reader's language."""
    rows = {name: getattr(tally, name) for name in ("read", "accepted", "warned", "refused")}
    told = [_told(message, say) for message in messages]
    document = {
        "file": head.file,
        "sha256": head.sha256,
        "encoding": head.encoding,
        "crs": head.crs,
        "rows": rows,
        "messages": told,
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _told(message: RowMessage, say: Say) -> Mapping[str, Any]:
    return {
        "sheet": message.sheet or None,
        "row": message.number,
        "column": message.column or None,
        "level": message.level.value,
        "code": message.error.code,
        "message": say(message.error),
    }
