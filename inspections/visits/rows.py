"""The rows a visit is kept in, made from what was taken in: visit, evidence, findings, and its flags."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections.checklists import Checklist, Outcome
from inspections.checklists.severity import steps_as_json
from inspections.evidence import KeptPhoto, facts_of
from inspections.models import Evidence, Finding, Site, Visit
from inspections.permissions import Actor, in_scope
from inspections.terms import VisitResult, VisitState
from inspections.visits.flags import Observed, flags_of
from inspections.visits.payload import SentPhoto, VisitPayload


@dataclass(frozen=True)
class Taken:
    """What a visit is made of, before it has a row."""

    payload: VisitPayload
    payload_bytes: bytes
    site: Site
    checklist: Checklist
    outcome: Outcome
    corrects: Visit | None
    distance_m: float | None
    effective_at: datetime
    time_quality: str


def new_visit(
    session: Session, taken: Taken, kept: Mapping[str, KeptPhoto], *, by: Actor, now: datetime
) -> Visit:
    """Make a visit's row with its photos and flags; it is not yet in the session."""
    visit = _row(taken, by=by, now=now)
    visit.evidence = [
        _evidence(taken, kept[photo.sha256], photo, order, by=by, now=now)
        for order, photo in enumerate(taken.payload.photos)
    ]
    visit.flags = flags_of(_observed(session, taken, visit, by=by))
    return visit


def new_findings(outcome: Outcome) -> list[Finding]:
    """Make the rows of what a visit found, one a code."""
    return [
        Finding(
            code=found.code,
            severity=found.severity,
            severity_steps=list(steps_as_json(found.steps)),
            keys=list(found.keys),
        )
        for found in outcome.findings
    ]


def _row(taken: Taken, *, by: Actor, now: datetime) -> Visit:
    read, fix = taken.payload, taken.payload.fix
    return Visit(
        id=read.id,
        site_id=taken.site.id,
        kind=read.kind,
        checklist=taken.checklist.version,
        visit_type=read.visit_type,
        nothing_found=read.nothing_found,
        officer_id=by.id,
        started_at=read.started_at,
        saved_at=read.saved_at,
        received_at=now,
        effective_at=taken.effective_at,
        time_quality=taken.time_quality,
        lon=fix.lon if fix else None,
        lat=fix.lat if fix else None,
        accuracy_m=fix.accuracy_m if fix else None,
        datum=fix.datum if fix else "",
        fixed_at=fix.fixed_at if fix else None,
        distance_m=taken.distance_m,
        answers=dict(taken.outcome.answers),
        judgements=dict(taken.outcome.judgements),
        payload=taken.payload_bytes,
        hash=hashlib.sha256(taken.payload_bytes).hexdigest(),
        salt=secrets.token_bytes(32),
        result=VisitResult.NORMAL if read.nothing_found else taken.outcome.result,
        state=VisitState.SUBMITTED,
        supersedes_id=read.supersedes,
    )


def _evidence(
    taken: Taken, photo: KeptPhoto, sent: SentPhoto, order: int, *, by: Actor, now: datetime
) -> Evidence:
    said = {"taken_at": sent.taken_at, "lon": sent.lon, "lat": sent.lat}
    return Evidence(
        sha256=photo.sha256,
        media_type=photo.media_type,
        bytes=photo.bytes,
        width=photo.width,
        height=photo.height,
        site_id=taken.site.id,
        item=sent.item,
        position=order,
        phase=_phase(sent.item, taken.outcome),
        capture="camera" if sent.taken_at else "gallery",
        added_at=now,
        added_by_id=by.id,
        **facts_of(photo, said, now=now),
    )


def _phase(item: str, outcome: Outcome) -> str:
    if item == "photo_after":
        return "after"
    return "before" if outcome.findings else "other"


def _observed(session: Session, taken: Taken, visit: Visit, *, by: Actor) -> Observed:
    read = taken.payload
    return Observed(
        distance_m=taken.distance_m,
        accuracy_m=visit.accuracy_m,
        time_quality=visit.time_quality,
        started_at=read.started_at,
        saved_at=read.saved_at,
        answers=sum(value is not None for value in taken.outcome.answers.values()),
        photos_without_place=sum(photo.lon is None for photo in visit.evidence),
        photos_reused=_count_reused(session, visit),
        in_scope=by.role == "system" or in_scope(by, taken.site),
        nothing_found_while_open=read.nothing_found and taken.site.open_cases > 0,
    )


def _count_reused(session: Session, visit: Visit) -> int:
    """How many of a visit's photos were evidence before, elsewhere than in the versions it corrects."""
    own, corrected = {visit.id}, visit.supersedes_id
    while corrected is not None:
        own.add(corrected)
        corrected = session.scalar(select(Visit.supersedes_id).where(Visit.id == corrected))
    hashes = [photo.sha256 for photo in visit.evidence]
    query = select(Evidence.sha256).where(Evidence.sha256.in_(hashes))
    elsewhere = query.where(Evidence.visit_id.is_(None) | Evidence.visit_id.not_in(own))
    return len(set(session.scalars(elsewhere))) if hashes else 0
