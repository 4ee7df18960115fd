"""Files taken in as the commands do it, with nobody to ask, and what was said of them."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.shapes import to_geojson
from inspections.imports import batches
from inspections.imports.answers import Answers
from inspections.imports.jobs import Work, run_job
from inspections.imports.unattended import Outcome, Task, check_file, take_file
from inspections.permissions import SYSTEM, Actor
from inspections.settings import Settings
from inspections.store import Store
from tests.factories import NOW

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


def an_import(
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
    """A file received from an officer and checked, as the worker does it."""
    data = text if isinstance(text, bytes) else text.encode()
    with store.write() as session:
        batch = batches.receive(
            session,
            settings.imports,
            io.BytesIO(data),
            name,
            subject=subject,
            kind="" if subject == "areas" else kind,
            by=by,
            now=now,
        )
    run_job(Work(store, settings, now=lambda: now), batch.id)
    return batch.id


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
