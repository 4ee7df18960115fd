"""Visits: take one in as it was made, judge it, open or join the cases of what it found.

A visit is never changed: a correction is a new one that supersedes it. Sent twice it counts once; the same
id with other content is refused, and both are kept by whoever holds them. Reviewing is
`inspections.visit_reviews`, reading `inspections.visit_lists`.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from geo.shapes import distance_m
from inspections import cases, ledger
from inspections.checklists import Checklist, Outcome, load_checklist
from inspections.deadlines import CountyDates
from inspections.errors import Conflict, Invalid, NotAllowed, NotFound
from inspections.evidence import KeptPhoto, facts_of
from inspections.models import Evidence, Finding, Site, Visit
from inspections.permissions import Actor, in_scope, require
from inspections.severity import steps_as_json
from inspections.terms import SiteStatus, VisitResult, VisitState
from inspections.visit_answers import judge
from inspections.visit_context import visit_context
from inspections.visit_flags import Observed, flags_of
from inspections.visit_payload import SentPhoto, VisitPayload, read_payload

CLOCK_TOLERANCE = timedelta(minutes=5)


class VisitSavedAlready(Conflict):
    """The same id with other content."""

    code = "visit.saved_already"
    message = "This visit is saved already, with other answers. Open the saved one and correct it there."


class SiteNotVisited(Conflict):
    """A site that is no longer in the register."""

    code = "visit.site_retired"
    message = "{number} {name} is no longer in the register. Visit another site, or have it put back first."


class WrongKind(Invalid):
    """A visit with the questions of another kind of site."""

    code = "visit.wrong_kind"
    message = "This site is of another kind. Open the visit from the site's own page."
    field = "kind"


class NotCorrectable(Conflict):
    """A visit that is reviewed, void, or corrected already."""

    code = "visit.not_correctable"
    message = (
        "Only a visit that was returned, or your own before its review, can be corrected, and only once."
    )


@dataclass(frozen=True)
class _Taken:
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


def log_visit(
    session: Session,
    payload: Mapping[str, Any],
    payload_bytes: bytes,
    *,
    by: Actor,
    now: datetime,
    kept: Mapping[str, KeptPhoto],
    profile: Mapping[str, Any] | None = None,
    online: bool = True,
) -> Visit:
    """Take in a visit as DESIGN §7 writes it; the same one again gives back the one there is.

    Parameters
    ----------
    payload, payload_bytes
        The JSON, and the bytes it was read from: they are kept, and their sha256 is the visit's hash.
    kept
        The visit's photos by sha256, as `inspections.evidence` keeps them.
    profile
        The county's profile.
    online
        Made at this server's own form: its clock holds, and the site has to be in scope. Otherwise a visit
        is taken whatever the scope, and flagged.

    Raises
    ------
    InvalidFields
        What is wrong, by field or item.
    VisitSavedAlready
        The id is taken by a visit with other content.
    SiteNotVisited, NotCorrectable, NotFound, NotAllowed
    """
    read = read_payload(payload)
    site = site_to_visit(session, read.site_id, by=by, online=online, lock=True)
    if (saved := session.get(Visit, read.id)) is not None:
        return _saved_again(saved, payload, payload_bytes, online=online)
    if read.kind != site.kind:
        raise WrongKind
    corrects = visit_to_correct(session, read.supersedes, by=by) if read.supersedes else None
    if corrects is not None and corrects.site_id != site.id:
        raise NotCorrectable
    taken = _take(session, read, payload_bytes, site, corrects, kept, now=now, profile=profile, online=online)
    return _keep(session, taken, kept, by=by, now=now, profile=profile)


def site_to_visit(
    session: Session, site_id: uuid.UUID, *, by: Actor, online: bool = True, lock: bool = False
) -> Site:
    """Find the site a visit is for; a merged one leads to its survivor.

    Raises
    ------
    NotFound, NotAllowed
        There is none in the officer's scope, or it may not log visits.
    SiteNotVisited
        It is retired or was refused.
    """
    query = select(Site).where(Site.id == site_id)
    site = session.scalar(query.with_for_update() if lock else query)
    if site is None:
        raise NotFound
    if site.merged_into_id is not None:
        return site_to_visit(session, site.merged_into_id, by=by, online=online, lock=lock)
    require(by, "visit.log", site if online else None)
    if online and site.status in (SiteStatus.RETIRED, SiteStatus.REFUSED):
        raise SiteNotVisited(number=site.number, name=site.name)
    return site


def visit_to_correct(session: Session, visit_id: uuid.UUID, *, by: Actor) -> Visit:
    """Find a visit that this officer may correct: returned, or its own before the review; not yet superseded.

    Raises
    ------
    NotFound, NotAllowed, NotCorrectable
    """
    visit = session.get(Visit, visit_id)
    if visit is None:
        raise NotFound
    require(by, "visit.log", session.scalar(select(Site).where(Site.id == visit.site_id)))
    if visit.state == VisitState.SUBMITTED and visit.officer_id != by.id:
        raise NotAllowed
    superseded = session.scalar(select(Visit.id).where(Visit.supersedes_id == visit.id))
    if superseded is not None or visit.state not in (VisitState.SUBMITTED, VisitState.RETURNED):
        raise NotCorrectable
    return visit


def refresh_last_visit(session: Session, site_id: uuid.UUID) -> None:
    """Compute anew when a site was last visited; its `row_version` stays, for nobody corrected the site."""
    session.flush()
    last = session.scalar(
        select(func.max(Visit.effective_at)).where(Visit.site_id == site_id, Visit.state != VisitState.VOID)
    )
    session.execute(update(Site).where(Site.id == site_id).values(last_visited_at=last))


def _saved_again(saved: Visit, payload: Mapping[str, Any], payload_bytes: bytes, *, online: bool) -> Visit:
    """Give the visit there is, if this is the same; a form sent twice differs only in when it was sent."""
    if saved.hash == hashlib.sha256(payload_bytes).hexdigest():
        return saved
    if online and _timeless(orjson.loads(saved.payload)) == _timeless(orjson.loads(payload_bytes)):
        return saved
    raise VisitSavedAlready(visit_id=str(saved.id), yours=dict(payload), theirs=orjson.loads(saved.payload))


def _timeless(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "saved_at"}


def _take(
    session: Session,
    read: VisitPayload,
    payload_bytes: bytes,
    site: Site,
    corrects: Visit | None,
    kept: Mapping[str, KeptPhoto],
    *,
    now: datetime,
    profile: Mapping[str, Any] | None,
    online: bool,
) -> _Taken:
    checklist = load_checklist(read.checklist)
    away_m = None if read.fix is None else distance_m((read.fix.lon, read.fix.lat), site.geometry)
    leave_out = corrects.id if corrects else None
    context = visit_context(session, site, profile or {}, read.saved_at, leave_out=leave_out)
    outcome = judge(session, checklist, read, context, kept=kept, distance_m=away_m)
    effective_at, quality = _time_of(read, now, online=online)
    if corrects is not None:  # the same trip, told better
        effective_at, quality = corrects.effective_at, corrects.time_quality
    return _Taken(read, payload_bytes, site, checklist, outcome, corrects, away_m, effective_at, quality)


def _time_of(read: VisitPayload, now: datetime, *, online: bool) -> tuple[datetime, str]:
    """When the visit counts (DOMAIN §15.3): the server's clock, else rules 5 and 6 for a device's own."""
    if online:
        return now, "exact"
    plausible = read.last_sync_at is None or read.last_sync_at <= read.saved_at
    if plausible and read.saved_at <= now + CLOCK_TOLERANCE:
        return min(read.saved_at, now), "uncertain"
    return now, "uncertain"


def _keep(
    session: Session,
    taken: _Taken,
    kept: Mapping[str, KeptPhoto],
    *,
    by: Actor,
    now: datetime,
    profile: Mapping[str, Any] | None,
) -> Visit:
    visit = _row(taken, by=by, now=now)
    visit.evidence = [
        _evidence(taken, kept[photo.sha256], photo, order, by=by, now=now)
        for order, photo in enumerate(taken.payload.photos)
    ]
    visit.flags = flags_of(_observed(session, taken, visit, by=by))
    session.add(visit)
    session.flush()
    visit.findings = _findings(taken.outcome)
    session.flush()
    dates = CountyDates.from_profile(profile or {})
    cases.join_or_open(session, visit, visit.findings, by=by, now=now, dates=dates)
    if taken.corrects is not None:
        cases.replace_findings(session, taken.corrects, visit, by=by, now=now)
    refresh_last_visit(session, visit.site_id)
    _note(session, visit, by=by, now=now)
    return visit


def _row(taken: _Taken, *, by: Actor, now: datetime) -> Visit:
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
    taken: _Taken, photo: KeptPhoto, sent: SentPhoto, order: int, *, by: Actor, now: datetime
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


def _findings(outcome: Outcome) -> list[Finding]:
    return [
        Finding(
            code=found.code,
            severity=found.severity,
            severity_steps=list(steps_as_json(found.steps)),
            keys=list(found.keys),
        )
        for found in outcome.findings
    ]


def _observed(session: Session, taken: _Taken, visit: Visit, *, by: Actor) -> Observed:
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


def _note(session: Session, visit: Visit, *, by: Actor, now: datetime) -> None:
    """Append the entry: what was judged in the open, what was written only as its seal."""
    facts = {
        "checklist": visit.checklist,
        "visit_type": visit.visit_type,
        "nothing_found": visit.nothing_found,
        "result": visit.result.value,
        "effective_at": visit.effective_at.isoformat(),
        "time_quality": visit.time_quality,
        "findings": {found.code: str(found.severity) for found in visit.findings},
        "flags": visit.flags,
        "photos": [photo.sha256 for photo in visit.evidence],
        "payload": ledger.seal(visit.salt, visit.payload),
    }
    if visit.supersedes_id is not None:
        facts["supersedes"] = str(visit.supersedes_id)
        ledger.append(
            session, by, "visit.superseded", "visit", visit.supersedes_id,
            at=now, site_id=visit.site_id, facts={"superseded_by": str(visit.id)},
        )  # fmt: skip
    ledger.append(session, by, "visit.logged", "visit", visit.id, at=now, site_id=visit.site_id, facts=facts)
