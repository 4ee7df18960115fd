"""The register written to files: sites, visits, findings and cases, in the formats of `geo.writers`.

An export is read in one transaction that holds no lock and written to a file beside the one asked for; then a
short transaction notes it in the ledger, with the file's sha256, and only then the file has its name.

Operators' names and telephone numbers are restricted: they are written only when asked for, by who may see
them. An account marked read only may export what it may see: as with a restricted field that is shown, the
entry says what it took along and is no act of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from geo.errors import GeoError
from geo.writers import WRITERS, writer_of
from geo.writers.layers import Document
from inspections import ledger
from inspections.errors import Invalid
from inspections.exports.about import about, narrowed_by
from inspections.exports.cases import CASES
from inspections.exports.columns import Column
from inspections.exports.findings import FINDINGS
from inspections.exports.orders import ALL, OPERATED, Order, Reading, Subject, narrowed_to
from inspections.exports.sites import SITES
from inspections.exports.visits import VISITS
from inspections.permissions import Actor, require
from inspections.store import Store

__all__ = [
    "ALL",
    "ENCODINGS",
    "OPERATED",
    "SUBJECTS",
    "Order",
    "Written",
    "columns_of",
    "count_rows",
    "narrowed_to",
    "write_export",
]

SUBJECTS: Mapping[str, Subject] = {one.key: one for one in (SITES, VISITS, FINDINGS, CASES)}
ENCODINGS = ("GBK", "UTF-8")
_SEVERAL = (".gpkg",)


class UnknownEnding(Invalid):
    """A file whose ending is none of the formats."""

    code = "export.unknown_ending"
    message = "Files like {name} cannot be written. Use one of {known}."


class OneSubjectOnly(Invalid):
    """A format that holds one kind of rows."""

    code = "export.one_subject_only"
    message = "Only a GeoPackage holds everything. Choose GeoPackage, or one kind of rows."


class NothingToExport(Invalid):
    """No row is left to write."""

    code = "export.nothing"
    message = "There is nothing to write under these filters. Take a filter away."


@dataclass(frozen=True)
class Written:
    """What came of an export: rows by subject, what the format could not hold, and the file's sha256."""

    rows: Mapping[str, int]
    losses: Sequence[GeoError]
    sha256: str

    @property
    def total(self) -> int:
        """How many rows the file holds."""
        return sum(self.rows.values())


def write_export(
    store: Store,
    order: Order,
    path: Path,
    *,
    by: Actor,
    now: datetime,
    say: Callable[[GeoError], str],
    may_be_empty: bool = False,
) -> Written:
    """Write what an order asks for to a file, in the format of its ending, and note it in the ledger.

    The file appears whole or not at all. `say` puts a loss into Chinese, for a file with a place for it.

    Raises
    ------
    UnknownEnding, OneSubjectOnly, NothingToExport, NotAllowed, GeoError
        Nothing was written.
    """
    _require_format(order, path)
    if order.restricted:
        require(by, "restricted.see")
    part = path.with_name(f".part-{path.name}")
    try:
        with store.read() as session:
            reading = Reading(session, order, by, now)
            rows = {one.key: one.count_rows(reading) for one in _subjects(order)}
            if not (may_be_empty or any(rows.values())):
                raise NothingToExport
            layers = [one.layer(reading) for one in _subjects(order)]
            named = {one.name: rows[one.key] for one in _subjects(order)}
            document = Document(layers, about(reading, named), order.encoding, say)
            losses = writer_of(path.suffix.lower()).write(part, document)
        with part.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        written = Written(rows, losses, sha256)
        with store.write() as session:
            _note(session, order, path, written, by, now)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return written


def count_rows(session: Session, order: Order, *, by: Actor, now: datetime) -> dict[str, int]:
    """How many rows of each subject an order would write."""
    reading = Reading(session, order, by, now)
    return {one.key: one.count_rows(reading) for one in _subjects(order)}


def columns_of(session: Session, order: Order, *, by: Actor, now: datetime) -> list[Column]:
    """The columns that an order of one subject would write."""
    return SUBJECTS[order.subject].columns(Reading(session, order, by, now))


def _subjects(order: Order) -> list[Subject]:
    return list(SUBJECTS.values()) if order.subject == ALL else [SUBJECTS[order.subject]]


def _require_format(order: Order, path: Path) -> None:
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise UnknownEnding(name=path.name, known=" ".join(WRITERS))
    if order.subject == ALL and ending not in _SEVERAL:
        raise OneSubjectOnly


def _note(session: Session, order: Order, path: Path, written: Written, by: Actor, now: datetime) -> None:
    facts = {
        "file_name": path.name,
        "format": path.suffix.lower().lstrip("."),
        "filters": narrowed_by(order),
        "rows": written.total,
        "restricted": order.restricted,
        "sha256": written.sha256,
    }
    action = "county.exported" if order.subject == ALL else f"{order.subject}.exported"
    ledger.append(session, by, action, "export", path.name[:40], at=now, facts=facts)
