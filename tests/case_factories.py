"""Visits, findings and cases with sound defaults, for tests of cases and of pages that show them."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from inspections import cases
from inspections.models import Case, Finding, Officer, Site, Visit
from inspections.permissions import actor_of
from inspections.terms import CaseState, Severity, VisitResult, VisitState
from tests.factories import NOW, an_officer

FOUND_AT = NOW - timedelta(days=3)


def a_visit(session: Session, site: Site, officer: Officer | None = None, **named: Any) -> Visit:
    facts = {
        "kind": site.kind,
        "checklist": "2026.1",
        "visit_type": "patrol",
        "saved_at": FOUND_AT,
        "received_at": FOUND_AT,
        "effective_at": FOUND_AT,
        "time_quality": "exact",
        "answers": {},
        "payload": b"{}",
        "hash": hashlib.sha256(b"{}").hexdigest(),
        "salt": bytes(32),
        "result": VisitResult.FINDING,
        "state": VisitState.SUBMITTED,
    }
    officer = officer or an_officer(session)
    visit = Visit(id=uuid.uuid4(), site_id=site.id, officer_id=officer.id, **(facts | named))
    session.add(visit)
    session.flush()
    return visit


def a_finding(session: Session, visit: Visit, code: str = "POND-02", **named: Any) -> Finding:
    facts = {"severity": Severity.MINOR, "keys": ["bank_garbage_m3"]} | named
    finding = Finding(id=uuid.uuid4(), visit_id=visit.id, code=code, **facts)
    session.add(finding)
    session.flush()
    return finding


def a_case(session: Session, site: Site, code: str = "POND-02", **named: Any) -> Case:
    """A case as a patrol opens one, then with `named` columns set."""
    officer = an_officer(session)
    found_at = named.get("opened_at", FOUND_AT)
    visit = a_visit(session, site, officer, effective_at=found_at)
    finding = a_finding(session, visit, code)
    (case,) = cases.join_or_open(session, visit, [finding], by=actor_of(officer), now=NOW)
    for name, value in named.items():
        setattr(case, name, value)
    if case.state == CaseState.CLOSED and case.ended_at is None:
        case.ended_at = NOW
    cases.refresh_site_facts(session, site.id)
    return case
