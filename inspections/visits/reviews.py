"""Review of a visit: accepted, sent back with a reason, voided; and showing what is restricted in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections import cases, ledger
from inspections.checklists import load_checklist
from inspections.errors import Conflict, Invalid, NotAllowed
from inspections.models import Visit
from inspections.permissions import Actor, may, require
from inspections.terms import VisitState
from inspections.typed import clean_text
from inspections.visits import refresh_last_visit

REASON_LENGTH = (4, 500)


class OwnVisit(NotAllowed):
    """Nobody reviews what they made themselves."""

    code = "visit.own"
    message = "This is your own visit. Somebody else has to review it."


class NotReviewable(Conflict):
    """A visit that is past its review, or superseded."""

    code = "visit.not_reviewable"
    message = "This visit was reviewed, sent back, voided or corrected meanwhile. Open its newest version."


class ReviewReason(Invalid):
    """Sending back or voiding without saying why."""

    code = "visit.review_reason"
    message = "Give the reason in {least} to {most} characters."
    field = "reason"


def review_visit(session: Session, visit: Visit, *, by: Actor, now: datetime) -> None:
    """Accept a submitted visit: from now on it counts in rankings, and cases may be confirmed by it."""
    _check_reviewer(session, visit, by)
    visit.state, visit.review_note = VisitState.REVIEWED, ""
    _decide(session, visit, "visit.reviewed", {}, by=by, now=now)


def return_visit(session: Session, visit: Visit, reason: str, *, by: Actor, now: datetime) -> None:
    """Send a submitted visit back to who made it, who corrects it with a new version."""
    _check_reviewer(session, visit, by)
    visit.review_note, visit.state = _reason(reason), VisitState.RETURNED
    _decide(session, visit, "visit.returned", {"reason": visit.review_note}, by=by, now=now)


def void_visit(session: Session, visit: Visit, reason: str, *, by: Actor, now: datetime) -> None:
    """Take a visit out of account; its findings no longer hold their cases."""
    require(by, "visit.void", visit.site)
    if visit.state == VisitState.VOID or _is_superseded(session, visit):
        raise NotReviewable
    visit.review_note, visit.state = _reason(reason), VisitState.VOID
    _decide(session, visit, "visit.voided", {"reason": visit.review_note}, by=by, now=now)
    cases.drop_findings(session, visit, by=by, now=now)
    refresh_last_visit(session, visit.site_id)


def show_restricted(session: Session, visit: Visit, *, by: Actor, now: datetime) -> dict[str, Any]:
    """Give the restricted answers of a visit, unmasked; that they were shown is an entry of the ledger."""
    require(by, "restricted.see", visit.site)
    shown = restricted_answers(visit)
    facts = {"shown": sorted(shown)}
    ledger.append(
        session, by, "visit.restricted_shown", "visit", visit.id, at=now, site_id=visit.site_id, facts=facts
    )
    return shown


def restricted_answers(visit: Visit) -> dict[str, Any]:
    """Pick the answers of a visit that name people."""
    items = load_checklist(visit.checklist).items(visit.kind)
    return {
        item.key: visit.answers[item.key] for item in items if item.restricted and visit.answers.get(item.key)
    }


def may_review(visit: Visit, *, by: Actor) -> bool:
    """Whether a page should offer the review of a visit's newest version to this officer."""
    theirs = visit.officer_id != by.id and may(by, "visit.review", visit.site)
    return theirs and visit.state == VisitState.SUBMITTED


def _check_reviewer(session: Session, visit: Visit, by: Actor) -> None:
    require(by, "visit.review", visit.site)
    if visit.officer_id == by.id:
        raise OwnVisit
    if visit.state != VisitState.SUBMITTED or _is_superseded(session, visit):
        raise NotReviewable


def _is_superseded(session: Session, visit: Visit) -> bool:
    return session.scalar(select(Visit.id).where(Visit.supersedes_id == visit.id)) is not None


def _reason(reason: str) -> str:
    text = clean_text(reason, lines=True)
    least, most = REASON_LENGTH
    if not least <= len(text) <= most:
        raise ReviewReason(least=least, most=most)
    return text


def _decide(
    session: Session, visit: Visit, action: str, facts: dict[str, Any], *, by: Actor, now: datetime
) -> None:
    visit.reviewed_at, visit.reviewed_by_id = now, by.id
    session.flush()
    ledger.append(session, by, action, "visit", visit.id, at=now, site_id=visit.site_id, facts=facts)
