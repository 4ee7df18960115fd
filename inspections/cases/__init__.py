"""Cases: findings open one or join the one there is, and what that makes of the site on the map.

An open case of one site and requirement is never doubled: a new finding of its code joins it. A correction's
findings replace those of the version it supersedes; a case left with none is proposed as unfounded, for a
person to decide. Each change keeps its ledger entry and the site's facts in the same transaction. Lists and
single cases are read through `inspections.cases.lists`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.checklists.requirements import Requirement, requirement
from inspections.checklists.severity import ORDER
from inspections.deadlines import CountyDates, Deadline, beijing_day, rule_deadline
from inspections.models import Case, Finding, Site, Visit
from inspections.numbers import next_case_number
from inspections.permissions import Actor
from inspections.terms import OPEN_CASE_STATES, RUNNING_CASE_STATES, CaseState, Listing, Role, Severity

REPEATED_WITHIN = timedelta(days=365)
UNFOUNDED = "unfounded"  # the proposal of a case that is left with no finding
HANDED_IN = (CaseState.SUBMITTED, CaseState.VERIFIED)
_ORIGIN_OF_VISIT = {
    "census": "census",
    "recheck": "supervision",
    "followup": "supervision",
    "leader": "supervision",
}


def join_or_open(
    session: Session,
    visit: Visit,
    findings: Iterable[Finding],
    *,
    by: Actor,
    now: datetime,
    dates: CountyDates | None = None,
) -> list[Case]:
    """Give each finding of a visit its case: the site's open one of that code, or a new one.

    `findings` are rows of `visit`, one a code. A visit that corrects another leads its findings to the cases
    of the findings they replace; call `replace_findings` afterwards. `dates` are the county's milestones and
    seasons.
    """
    site = _lock_site(session, visit.site_id)
    inherited = _findings_by_code(session, visit.supersedes_id)
    cases = []
    for finding in findings:
        case = _case_to_join(session, finding, inherited.get(finding.code), site.id)
        if case is None:
            case = _open_case(session, site, visit, finding, by=by, now=now, dates=dates or CountyDates())
        else:
            _join_case(session, case, visit, finding, inherited.get(finding.code), by=by, now=now)
        cases.append(case)
    session.flush()
    refresh_site_facts(session, site.id)
    return cases


def replace_findings(
    session: Session, old_visit: Visit, new_visit: Visit, *, by: Actor, now: datetime
) -> list[Case]:
    """Take the findings of a superseded visit out of account; returns the cases left with none.

    Call it after `join_or_open` of the new version, so that cases found again are not proposed as unfounded.
    """
    return _retire_findings(session, old_visit, by=by, now=now, because={"superseded_by": str(new_visit.id)})


def drop_findings(session: Session, visit: Visit, *, by: Actor, now: datetime) -> list[Case]:
    """Take the findings of a voided visit out of account; returns the cases left with none."""
    return _retire_findings(session, visit, by=by, now=now, because={"voided": str(visit.id)})


def history_codes(
    session: Session, site_id: uuid.UUID, *, now: datetime, leave_out: uuid.UUID | None = None
) -> dict[str, list[str]]:
    """What a visit's judgement should know of a site's cases: the `codes` of `conditions.FACTS`.

    `repeated` are codes of cases closed in the last 365 days: what is still open joins its case and is no
    repetition. `leave_out` is a visit being corrected.
    """
    cases = session.scalars(select(Case).where(Case.site_id == site_id)).all()
    is_open = [case for case in cases if case.state in OPEN_CASE_STATES]
    repeated = (
        select(Finding.code)
        .join(Case, Finding.case_id == Case.id)
        .where(
            Case.site_id == site_id,
            Case.state == CaseState.CLOSED,
            Case.ended_at > now - REPEATED_WITHIN,
            Finding.replaced.is_(False),
        )
    )
    if leave_out is not None:
        repeated = repeated.where(Finding.visit_id != leave_out)
    return {
        "open": sorted({case.code for case in is_open}),
        "reopened": sorted({case.code for case in is_open if case.round > 1}),
        "listed": sorted({case.code for case in is_open if case.listed != Listing.NONE}),
        "repeated": sorted(set(session.scalars(repeated))),
    }


def clock_due_at(case: Case) -> datetime | None:
    """The deadline that a map or a list shows: of a case whose clock runs, or that was handed in late."""
    if case.state in RUNNING_CASE_STATES:
        return case.due_at
    late = case.due_at is not None and case.submitted_at is not None and case.submitted_at > case.due_at
    return case.due_at if case.state in HANDED_IN and late else None


def refresh_site_facts(session: Session, site_id: uuid.UUID) -> None:
    """Compute anew what decides a site's map state, from its cases.

    The site's `row_version` stays: a case that moves is no change to the site that somebody is correcting.
    """
    session.flush()
    cases = session.scalars(select(Case).where(Case.site_id == site_id)).all()
    is_open = [case for case in cases if case.state in OPEN_CASE_STATES]
    facts = {
        "is_listed": any(case.listed != Listing.NONE for case in is_open),
        "has_suspected": any(case.state == CaseState.SUSPECTED for case in is_open),
        "open_cases": len(is_open),
        "case_due_at": min((due for case in cases if (due := clock_due_at(case))), default=None),
        "case_closed_on": _last_closed_on(cases),
    }
    session.execute(update(Site).where(Site.id == site_id).values(facts))


def _last_closed_on(cases: Iterable[Case]) -> date | None:
    ends = (case.ended_at for case in cases if case.state == CaseState.CLOSED and case.ended_at)
    return max((beijing_day(end) for end in ends), default=None)


def _lock_site(session: Session, site_id: uuid.UUID) -> Site:
    """Let one transaction at a time decide whether this site has an open case of a code."""
    session.flush()
    return session.scalars(select(Site).where(Site.id == site_id).with_for_update()).one()


def _findings_by_code(session: Session, visit_id: uuid.UUID | None) -> dict[str, Finding]:
    if visit_id is None:
        return {}
    return {one.code: one for one in session.scalars(select(Finding).where(Finding.visit_id == visit_id))}


def _case_to_join(
    session: Session, finding: Finding, replaces: Finding | None, site_id: uuid.UUID
) -> Case | None:
    """The case of the finding this one replaces, ended or not; else the site's open case of its code."""
    if replaces is not None and replaces.case_id is not None:
        case = session.get_one(Case, replaces.case_id)
        while case.merged_into_id is not None:
            case = session.get_one(Case, case.merged_into_id)
        return case
    query = select(Case).where(
        Case.site_id == site_id, Case.code == finding.code, Case.state.in_(OPEN_CASE_STATES)
    )
    return session.scalar(query)


def _open_case(
    session: Session,
    site: Site,
    visit: Visit,
    finding: Finding,
    *,
    by: Actor,
    now: datetime,
    dates: CountyDates,
) -> Case:
    rule = requirement(finding.code)
    found_at = visit.effective_at
    deadline = rule_deadline(rule.limit, found_at, dates)
    fixed = visit.answers.get("fixed_on_spot") is True
    case = Case(
        id=uuid.uuid4(),
        number=next_case_number(session, rule.kind, found_at),
        site_id=site.id,
        kind=rule.kind,
        township_code=site.township_code,
        code=finding.code,
        rules_version=rule.version,
        title=rule.zh,
        origin=origin_of(visit, by),
        severity=finding.severity,
        severity_steps=list(finding.severity_steps),
        state=CaseState.SUBMITTED if fixed else CaseState.SUSPECTED,
        opened_at=found_at,
        submitted_at=found_at if fixed else None,
        due_at=deadline.due_at if deadline else None,
        original_due_at=deadline.due_at if deadline else None,
        due_basis=_provisional(deadline, rule),
    )
    session.add(case)
    session.flush()
    finding.case_id, finding.still_there = case.id, False
    facts = _facts(case) | _found(visit, finding)
    ledger.append(session, by, "case.opened", "case", case.id, at=now, site_id=site.id, facts=facts)
    return case


def origin_of(visit: Visit, by: Actor) -> str:
    """How a case came to be known (list `origin`), from the visit that found it."""
    lead = visit.answers.get("lead_source")
    if isinstance(lead, str):
        return lead
    if by.role in (Role.SUPERVISOR, Role.LEADER):
        return "supervision"
    return _ORIGIN_OF_VISIT.get(visit.visit_type, "patrol")


def _provisional(deadline: Deadline | None, rule: Requirement) -> dict[str, Any]:
    """The basis as the case keeps it: counted from discovery until somebody is charged with it."""
    if deadline is None:
        return {"kind": "unknown", "limit": dict(rule.limit)}
    return dict(deadline.basis) | {"provisional": True}


def _join_case(
    session: Session,
    case: Case,
    visit: Visit,
    finding: Finding,
    replaces: Finding | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    corrected = replaces is not None and replaces.case_id is not None
    finding.case_id = case.id
    finding.still_there = replaces.still_there if corrected else True
    facts = {"number": case.number, "code": case.code} | _found(visit, finding)
    if case.state in OPEN_CASE_STATES:
        facts |= _weigh_again(session, case, finding, replaces if corrected else None)
        if case.proposal == UNFOUNDED:
            case.proposal = ""
            facts["proposal_withdrawn"] = UNFOUNDED
    action = "case.finding_corrected" if corrected else "case.seen_again"
    ledger.append(session, by, action, "case", case.id, at=now, site_id=case.site_id, facts=facts)


def _weigh_again(
    session: Session, case: Case, finding: Finding, replaces: Finding | None
) -> Mapping[str, Any]:
    """Raise a case's severity to a graver finding's; a correction may lower what rested on it alone."""
    before = case.severity
    if replaces is not None and _rests_on(session, case, replaces, finding):
        case.severity, case.severity_steps = finding.severity, list(finding.severity_steps)
    elif ORDER.index(finding.severity) > ORDER.index(before):
        step = {"reason": "seen_again", "from": before.value, "to": Severity(finding.severity).value}
        because = [one["reason"] for one in finding.severity_steps]
        case.severity = finding.severity
        case.severity_steps = [*case.severity_steps, step | ({"because": because} if because else {})]
    if case.severity == before:
        return {}
    return {"severity": {"from": before.value, "to": Severity(case.severity).value}}


def _rests_on(session: Session, case: Case, replaces: Finding, finding: Finding) -> bool:
    """Whether nobody has confirmed the case and no other finding holds it."""
    live = session.scalars(
        select(Finding.id).where(Finding.case_id == case.id, Finding.replaced.is_(False))
    ).all()
    return case.state == CaseState.SUSPECTED and set(live) <= {replaces.id, finding.id}


def _retire_findings(
    session: Session, visit: Visit, *, by: Actor, now: datetime, because: Mapping[str, str]
) -> list[Case]:
    session.flush()
    findings = list(session.scalars(select(Finding).where(Finding.visit_id == visit.id)))
    for finding in findings:
        finding.replaced = True
    session.flush()
    left, sites = [], set()
    for case_id in sorted({one.case_id for one in findings if one.case_id is not None}):
        case = session.get_one(Case, case_id)
        sites.add(case.site_id)
        if (
            case.state in OPEN_CASE_STATES
            and case.proposal != UNFOUNDED
            and not _has_finding(session, case_id)
        ):
            case.proposal = UNFOUNDED
            facts = {"number": case.number, "code": case.code, **because}
            ledger.append(
                session,
                by,
                "case.left_without_finding",
                "case",
                case.id,
                at=now,
                site_id=case.site_id,
                facts=facts,
            )
            left.append(case)
    for site_id in {visit.site_id, *sites}:
        refresh_site_facts(session, site_id)
    return left


def _has_finding(session: Session, case_id: uuid.UUID) -> bool:
    query = select(Finding.id).where(Finding.case_id == case_id, Finding.replaced.is_(False)).limit(1)
    return session.scalar(query) is not None


def _found(visit: Visit, finding: Finding) -> dict[str, Any]:
    return {"visit_id": str(visit.id), "finding_id": str(finding.id), "keys": list(finding.keys)}


def _facts(case: Case) -> dict[str, Any]:
    return {
        "number": case.number,
        "code": case.code,
        "state": case.state.value,
        "severity": Severity(case.severity).value,
        "severity_steps": case.severity_steps,
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "due_basis": case.due_basis,
        "origin": case.origin,
    }
