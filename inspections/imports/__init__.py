"""What every import shares: messages by row, the report, and the rule that no file comes in twice.

An import is two steps. Checking reads and tells, and writes nothing; applying takes what was accepted, in one
transaction with its entries in the ledger. What the rows mean is `import_areas` and `import_sites`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.errors import GeoError
from inspections.deadlines import beijing_day
from inspections.errors import Conflict, InspectionError, Invalid, NotFound
from inspections.imports.layers import Layer
from inspections.models import ImportBatch
from inspections.permissions import Actor

Refusal = InspectionError | GeoError
Level = Literal["error", "warning", "note"]


class AlreadyImported(Conflict):
    """The same bytes were taken in before."""

    code = "import.already_imported"
    message = "This file was imported on {day} as {name}: {accepted} rows. Nothing was done again."


class ColumnsMissing(Invalid):
    """No heading tells which column holds what every row needs."""

    code = "import.columns_missing"
    message = "No column is named for the {wanted}. Name one of them: {names}."
    field = "file"


class ColumnIgnored(InspectionError):
    """A column that no list of headings knows; said once a file."""

    code = "import.column_ignored"
    message = "The column “{column}” is not known and was left out."


class ColumnDoubled(InspectionError):
    """Two columns that mean the same; said once a file."""

    code = "import.column_doubled"
    message = "The columns “{first}” and “{column}” mean the same. Only the first was read."


class NothingAccepted(NotFound):
    """Applying would write nothing."""

    code = "import.nothing_accepted"
    message = "No row can be taken. Nothing was applied."


@dataclass(frozen=True)
class RowMessage:
    """Something to read about one row, or about the file where `row` is None."""

    level: Level
    error: Refusal
    row: int | None = None
    column: str | None = None


@dataclass
class Report:
    """What checking a file found; a row is accepted or refused, and `warned` counts accepted ones."""

    file: str
    sha256: str
    encoding: str
    crs: str
    sheet: str | None = None
    read: int = 0
    accepted: int = 0
    messages: list[RowMessage] = field(default_factory=list)
    _refused: set[int] = field(default_factory=set)
    _warned: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, name: str, layer: Layer) -> Report:
        """Begin a report on a layer, with the rows its reader left out."""
        report = cls(
            file=name,
            sha256=layer.sha256,
            encoding=layer.encoding or "",
            crs=layer.declared_crs or layer.crs or "EPSG:4490",
            sheet=layer.sheet,
            read=len(layer.rows) + len(layer.problems),
        )
        for problem in layer.problems:
            report.refuse(problem.row, problem.error, problem.column)
        return report

    def refuse(self, row: int, error: Refusal, column: str | None = None) -> None:
        """Leave a row out."""
        self._refused.add(row)
        self.messages.append(RowMessage("error", error, row, column))

    def warn(self, error: Refusal, row: int | None = None, column: str | None = None) -> None:
        """Say what somebody should look at."""
        if row is not None:
            self._warned.add(row)
        self.messages.append(RowMessage("warning", error, row, column))

    def note(self, error: Refusal, row: int | None = None, column: str | None = None) -> None:
        """Say what was done without being asked."""
        self.messages.append(RowMessage("note", error, row, column))

    @property
    def refused(self) -> int:
        """How many rows are left out because something is wrong with them."""
        return len(self._refused)

    @property
    def warned(self) -> int:
        """How many of the accepted rows have a warning."""
        return len(self._warned - self._refused)

    def is_refused(self, row: int) -> bool:
        """Whether this row is left out."""
        return row in self._refused

    def in_order(self) -> list[RowMessage]:
        """Every message, those of the file first."""
        return sorted(self.messages, key=lambda message: message.row or 0)

    def written(self, say: Callable[[Refusal], str]) -> bytes:
        """The report as JSON; `say` puts a message into the reader's language."""
        counts = {
            "read": self.read,
            "accepted": self.accepted,
            "warned": self.warned,
            "refused": self.refused,
        }
        messages = [
            {
                "sheet": self.sheet,
                "row": message.row,
                "column": message.column,
                "level": message.level,
                "code": message.error.code,
                "message": say(message.error),
            }
            for message in self.in_order()
        ]
        head = {"file": self.file, "sha256": self.sha256, "encoding": self.encoding, "crs": self.crs}
        return orjson.dumps({**head, "rows": counts, "messages": messages}, option=orjson.OPT_INDENT_2)


def require_new_file(session: Session, subject: str, sha256: str) -> None:
    """Raise `AlreadyImported` naming the first import of the same bytes."""
    query = select(ImportBatch).where(ImportBatch.subject == subject, ImportBatch.sha256 == sha256)
    first = session.scalar(query.limit(1))
    if first is not None:
        day = beijing_day(first.applied_at).isoformat()
        raise AlreadyImported(day=day, name=first.file_name, accepted=first.rows_accepted)


def record_batch(
    session: Session, subject: str, report: Report, written: bytes, *, by: Actor, now: datetime
) -> ImportBatch:
    """Keep what file this was and what came of it; `written` is the report as people get it."""
    if not report.accepted:
        raise NothingAccepted
    require_new_file(session, subject, report.sha256)
    batch = ImportBatch(
        id=uuid.uuid4(),
        subject=subject,
        file_name=report.file[:200],
        sha256=report.sha256,
        encoding=report.encoding,
        crs=report.crs,
        rows_read=report.read,
        rows_accepted=report.accepted,
        rows_warned=report.warned,
        rows_refused=report.refused,
        report_sha256=hashlib.sha256(written).hexdigest(),
        applied_at=now,
        applied_by_id=by.id,
    )
    session.add(batch)
    session.flush()
    return batch


def batch_facts(batch: ImportBatch) -> dict[str, Any]:
    """What the ledger says of a batch."""
    names = ("file_name", "sha256", "crs", "rows_read", "rows_accepted", "rows_warned", "rows_refused")
    return {name: getattr(batch, name) for name in (*names, "report_sha256")}


def match_columns(
    report: Report, columns: Iterable[str], find: Callable[[str], str | None], ignored: Iterable[str] = ()
) -> dict[str, str]:
    """Which column holds which field: `find` knows the headings; the others are noted."""
    found: dict[str, str] = {}
    for column in columns:
        name = find(column)
        if name is None and column not in ignored:
            report.note(ColumnIgnored(column=column[:80]), column=column)
        elif name in found:
            report.note(ColumnDoubled(first=found[name], column=column[:80]), column=column)
        elif name is not None:
            found[name] = column
    return found
