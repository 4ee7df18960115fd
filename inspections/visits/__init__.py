"""Visits: take one in as it was made, judge it, open or join the cases of what it found.

A visit is never changed: a correction is a new one that supersedes it. Sent twice it counts once; the same
id with other content is refused, and both are kept by whoever holds them. Reviewing is
`inspections.visits.reviews`, reading `inspections.visits.lists`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from geo.shapes import distance_m
from inspections import cases, ledger
from inspections.checklists import load_checklist
from inspections.deadlines import CountyDates
from inspections.errors import Conflict, Invalid, NotAllowed, NotFound
from inspections.evidence import KeptPhoto
from inspections.models import Site, Visit
from inspections.permissions import Actor, require
from inspections.terms import SiteStatus, VisitState
from inspections.visits.answers import judge
from inspections.visits.context import visit_context
from inspections.visits.payload import VisitPayload, read_payload
from inspections.visits.rows import Taken, new_findings, new_visit

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
    require(by, "visit.log", visit.site)
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
) -> Taken:
    checklist = load_checklist(read.checklist)
    away_m = None if read.fix is None else distance_m((read.fix.lon, read.fix.lat), site.geometry)
    leave_out = corrects.id if corrects else None
    context = visit_context(session, site, profile or {}, read.saved_at, leave_out=leave_out)
    outcome = judge(session, checklist, read, context, kept=kept, distance_m=away_m)
    effective_at, quality = _time_of(read, now, online=online)
    if corrects is not None:  # the same trip, told better
        effective_at, quality = corrects.effective_at, corrects.time_quality
    return Taken(read, payload_bytes, site, checklist, outcome, corrects, away_m, effective_at, quality)


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
    taken: Taken,
    kept: Mapping[str, KeptPhoto],
    *,
    by: Actor,
    now: datetime,
    profile: Mapping[str, Any] | None,
) -> Visit:
    visit = new_visit(session, taken, kept, by=by, now=now)
    session.add(visit)
    session.flush()
    visit.findings = new_findings(taken.outcome)
    session.flush()
    dates = CountyDates.from_profile(profile or {})
    cases.join_or_open(session, visit, visit.findings, by=by, now=now, dates=dates)
    if taken.corrects is not None:
        cases.replace_findings(session, taken.corrects, visit, by=by, now=now)
    refresh_last_visit(session, visit.site_id)
    _note(session, visit, by=by, now=now)
    return visit


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
