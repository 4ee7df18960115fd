"""Files taken in as the commands do it, with nobody to ask, and what was said of them."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from geo.shapes import to_geojson
from inspections.imports import batches, staging
from inspections.imports.answers import Answers
from inspections.imports.jobs import Work, run_job
from inspections.imports.unattended import Outcome, Task, check_file, take_file
from inspections.models import ImportBatch, ImportMessage, ImportRow, Site
from inspections.permissions import SYSTEM, Actor, actor_of
from inspections.settings import Settings
from inspections.store import Store
from inspections.terms import Role
from tests.factories import NOW, an_officer

HEADING = "编号,点位名称,乡镇,村,经度,纬度,面积（亩）,责任人,联系电话,备注\n"


def a_file(folder: Path, text: str | bytes, name: str = "register.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def areas_file(folder: Path, *features: tuple[dict, object], name: str = "areas.geojson") -> Path:
    collection = [
        {"type": "Feature", "properties": properties, "geometry": shape and to_geojson(shape)}
        for properties, shape in features
    ]
    return a_file(folder, json.dumps({"type": "FeatureCollection", "features": collection}), name)


def work(store: Store, folder: Path, now=NOW, profile: Mapping[str, Any] | None = None) -> Work:
    return Work(store, Settings(data=folder / "data", profile=profile or {}), now=lambda: now)


def check(
    store: Store,
    path: Path,
    kind: str = "pond",
    *,
    subject: str = "sites",
    by: Actor = SYSTEM,
    profile: Mapping[str, Any] | None = None,
    **answers: Any,
) -> Outcome:
    """Check a file; nothing is written."""
    return check_file(work(store, path.parent, profile=profile), _task(path, subject, kind, by, answers))


def take(
    store: Store,
    path: Path,
    now=NOW,
    kind: str = "pond",
    *,
    subject: str = "sites",
    by: Actor = SYSTEM,
    profile: Mapping[str, Any] | None = None,
    **answers: Any,
) -> Outcome:
    """Check a file and take what is accepted."""
    return take_file(work(store, path.parent, now, profile), _task(path, subject, kind, by, answers))


REGISTER = HEADING + (
    "1,柳荫塘,,,100.40,38.90,6.5,张三,13800000000,\n2,苇塘,,,100.41,38.91,3.5亩,,,\n3,没有位置,,,,,,,,\n"
)


def a_received_file(
    store: Store,
    settings: Settings,
    by: Actor,
    text: str | bytes = REGISTER,
    name: str = "坑塘.csv",
    *,
    subject: str = "sites",
    kind: str = "pond",
    now=NOW,
) -> uuid.UUID:
    """A file received from an officer, whose check nobody has begun."""
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    kind = "" if subject == "areas" else kind
    with store.write() as session:
        return batches.receive(
            session, settings.imports, file, name, subject=subject, kind=kind, by=by, now=now
        ).id


def an_import(
    store: Store,
    settings: Settings,
    by: Actor,
    text: str | bytes = REGISTER,
    name: str = "坑塘.csv",
    **what: Any,
) -> uuid.UUID:
    """A file received from an officer and checked, as the worker does it."""
    batch_id = a_received_file(store, settings, by, text, name, **what)
    run_job(Work(store, settings, now=lambda: what.get("now", NOW)), batch_id)
    return batch_id


def codes(outcome: Outcome, level: str) -> list[tuple[int | None, str]]:
    """Row and code of every message of a level, in the order of the file."""
    return [(message.number, message.error.code) for message in outcome.messages if message.level == level]


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    """Rows read, accepted, warned of, refused."""
    tally = outcome.tally
    return tally.read, tally.accepted, tally.warned, tally.refused


def _task(path: Path, subject: str, kind: str, by: Actor, answers: Mapping[str, Any]) -> Task:
    said = Answers(**{name: value for name, value in answers.items() if value is not None})
    return Task(path, path.name, subject, "" if subject == "areas" else kind, said, by)


def facts_of(store: Store, *names: str) -> dict[str, Any]:
    """By the name of each site in the register: one fact of it, or several as a tuple."""
    with store.read() as session:
        sites = session.scalars(select(Site).order_by(Site.number)).all()
        return {site.name: _facts(site, names) for site in sites}


def _facts(site: Site, names: tuple[str, ...]) -> Any:
    values = tuple(getattr(site, name) for name in names)
    return values[0] if len(values) == 1 else values


@dataclass(frozen=True)
class Desk:
    """What an officer does with files on the pages, and the worker for it, without HTTP."""

    store: Store
    settings: Settings
    by: Actor
    now: datetime = NOW

    @property
    def work(self) -> Work:
        return Work(self.store, self.settings, now=lambda: self.now)

    def send(self, data: str | bytes | Path, name: str = "坑塘.csv", **what: str) -> uuid.UUID:
        """Send a file, or one written to the disk, and have it checked."""
        if isinstance(data, Path):
            data, name = data.read_bytes(), data.name
        return an_import(self.store, self.settings, self.by, data, name, now=self.now, **what)

    def receive(self, data: str | bytes, name: str = "坑塘.csv", **what: str) -> uuid.UUID:
        """Send a file and leave its check to the worker."""
        return a_received_file(self.store, self.settings, self.by, data, name, now=self.now, **what)

    def check(self, batch_id: uuid.UUID, **answers: Any) -> ImportBatch:
        """Say something of the whole file, beside what was said before, and have it checked again."""
        with self.store.write() as session:
            batch = batches.get_batch(session, batch_id, self.by)
            said = replace(Answers.of(batch.answers), **answers)
            batches.check_again(session, batch, said, by=self.by)
        run_job(self.work, batch_id)
        return self.batch(batch_id)

    def answer(self, batch_id: uuid.UUID, code: str, answer: str, *, row: int = 0, reason: str = "") -> int:
        """Answer the question of one row, or of all that ask the same."""
        with self.store.write() as session:
            batch = batches.get_batch(session, batch_id, self.by)
            pk = self.message(batch_id, code, row).pk if row else None
            return staging.answer_questions(session, batch, code, answer, message_pk=pk, reason=reason)

    def apply(self, batch_id: uuid.UUID) -> ImportBatch:
        with self.store.write() as session:
            batches.ask_to_apply(session, batches.get_batch(session, batch_id, self.by), by=self.by)
        run_job(self.work, batch_id)
        return self.batch(batch_id)

    def undo(self, batch_id: uuid.UUID, reason: str = "传错了文件") -> ImportBatch:
        with self.store.write() as session:
            batches.ask_to_undo(session, batches.get_batch(session, batch_id, self.by), reason, by=self.by)
        run_job(self.work, batch_id)
        return self.batch(batch_id)

    def batch(self, batch_id: uuid.UUID) -> ImportBatch:
        with self.store.read() as session:
            return session.get_one(ImportBatch, batch_id)

    def message(self, batch_id: uuid.UUID, code: str, row: int | None = None) -> ImportMessage:
        """What is said under a code of one row, or of the file."""
        [found] = [one for one in self.messages(batch_id) if (one.code, one.number) == (code, row)]
        return found

    def messages(self, batch_id: uuid.UUID) -> list[ImportMessage]:
        with self.store.read() as session:
            query = select(ImportMessage).where(ImportMessage.batch_id == batch_id)
            return list(session.scalars(query.order_by(ImportMessage.position, ImportMessage.pk)))

    def asked(self, batch_id: uuid.UUID) -> list[tuple[int | None, str]]:
        """Row and code of every question without an answer."""
        return [
            (one.number, one.code)
            for one in self.messages(batch_id)
            if one.level == "question" and not one.answer
        ]

    def outcomes(self, batch_id: uuid.UUID) -> dict[int, str]:
        """What comes of each row, by its number."""
        with self.store.read() as session:
            query = select(ImportRow.number, ImportRow.outcome).where(ImportRow.batch_id == batch_id)
            return {number: outcome.value for number, outcome in session.execute(query)}


def a_desk(store: Store, folder: Path, role: Role = Role.SUPERVISOR, **named: Any) -> Desk:
    with store.write() as session:
        by = actor_of(an_officer(session, role, **named))
    address = store.url.render_as_string(hide_password=False)
    return Desk(store, Settings(data=folder / "data", database_url=address), by)
