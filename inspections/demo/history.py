"""A year of work in the demo county: visits, what they found, and how each case went on until today.

Everything is made in memory first and sorted by time, so that the ledger's numbers follow the calendar.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson

from inspections.checklists.requirements import requirement
from inspections.deadlines import BEIJING, CountyDates, beijing_day, rule_deadline
from inspections.demo.answers import codes_of, faulty_answers, photo_items, sound_answers
from inspections.demo.people import People
from inspections.ledger import Draft, seal
from inspections.numbers import case_number, case_series
from inspections.terms import (
    OPEN_CASE_STATES,
    RUNNING_CASE_STATES,
    CaseState,
    Listing,
    Severity,
    SiteStatus,
    VisitFlag,
    VisitResult,
    VisitState,
)

CHECKLIST = "2026.1"
YEAR = timedelta(days=365)
CASES_PER_SITE = 0.22
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class History:
    """Rows to insert and ledger entries to append, the latter not yet in order."""

    visits: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    series: dict[str, int] = field(default_factory=dict)
    wanted_photos: list[tuple[dict[str, Any], str, str]] = field(default_factory=list)  # visit, item, picture


def make_history(
    rng: Random, sites: list[dict[str, Any]], people: People, dates: CountyDates, until: datetime
) -> History:
    """Visit every site some times and let a case come of some of them; fills the sites' facts too."""
    maker = _Maker(rng, people, dates, until)
    active = [site for site in sites if site["status"] is SiteStatus.ACTIVE]
    each = 4.0 if len(sites) <= 10_000 else 1.5
    for site in active:
        for _ in range(round(rng.uniform(0.5, 1.5) * each)):
            maker.sound_visit(site, by_daylight(until - YEAR * rng.random(), until))
    for site in rng.choices(active, k=round(len(sites) * CASES_PER_SITE)) if active else ():
        maker.case(site, by_daylight(until - YEAR * rng.random() ** 1.8 - HOUR, until - HOUR))
    maker.number_cases()
    for site in sites:
        site.update(_site_facts(maker.by_site.get(site["id"], []), maker.last_visit.get(site["id"])))
    return maker.history


def by_daylight(at: datetime, latest: datetime) -> datetime:
    """A moment of the same Beijing day from 8:00 to 18:00; the day before if that is after `latest`."""
    midnight = _midnight(at)
    found = midnight + 8 * HOUR + (at - midnight) * (10 / 24)
    return found if found <= latest else found - DAY


def _at_work(at: datetime) -> datetime:
    """The same moment between 8:00 and 18:00 in Beijing, else one of the next morning."""
    evening = _midnight(at - 18 * HOUR) + 18 * HOUR  # the last one before
    dark = at - evening
    return at if dark > 14 * HOUR else evening + 14 * HOUR + dark / 3.5


def _midnight(at: datetime) -> datetime:
    there = at.astimezone(BEIJING)
    return there.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(at.tzinfo)


class _Maker:
    def __init__(self, rng: Random, people: People, dates: CountyDates, until: datetime) -> None:
        self.rng, self.people, self.dates, self.until = rng, people, dates, until
        self.history = History()
        self.by_site: dict[uuid.UUID, list[dict[str, Any]]] = {}
        self.last_visit: dict[uuid.UUID, datetime] = {}
        self.taken: set[tuple[uuid.UUID, str]] = set()

    def new_id(self) -> uuid.UUID:
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def sound_visit(self, site: dict[str, Any], at: datetime, visit_type: str = "patrol") -> None:
        nothing = visit_type == "patrol" and self.rng.random() < 0.7
        answers = {} if nothing else sound_answers(site["kind"], self.rng, site["area_m2"])
        self.visit(site, at, answers, visit_type=visit_type, nothing_found=nothing, codes=())

    def visit(
        self,
        site: dict[str, Any],
        at: datetime,
        answers: dict[str, Any],
        *,
        visit_type: str,
        codes: tuple[str, ...],
        nothing_found: bool = False,
        picture: str = "sound",
    ) -> dict[str, Any]:
        """One visit as it would have come in, reviewed if it is older than two days."""
        officer = self.people.inspectors[site["township"]]
        started = at - timedelta(minutes=self.rng.randint(4, 25))
        visit_id, flags = self.new_id(), self._flags(nothing_found)
        position = self._position(site, at)
        payload = {
            "id": str(visit_id),
            "site_id": str(site["id"]),
            "kind": site["kind"].value,
            "checklist": CHECKLIST,
            "visit_type": visit_type,
            "nothing_found": nothing_found,
            "started_at": _utc(started),
            "saved_at": _utc(at),
            "position": position,
            "answers": answers,
            "photos": [],
            "supersedes": None,
        }
        body = orjson.dumps(payload)
        row = {
            "id": visit_id,
            "site_id": site["id"],
            "kind": site["kind"],
            "checklist": CHECKLIST,
            "visit_type": visit_type,
            "nothing_found": nothing_found,
            "officer_id": officer["id"],
            "started_at": started,
            "saved_at": at,
            "received_at": at,
            "effective_at": at,
            "time_quality": "exact",
            "lon": position["lon"],
            "lat": position["lat"],
            "accuracy_m": position["accuracy_m"],
            "datum": "wgs84",
            "fixed_at": at,
            "distance_m": round(self.rng.uniform(0, 60), 1),
            "answers": answers,
            "judgements": {},
            "payload": body,
            "hash": hashlib.sha256(body).hexdigest(),
            "salt": self.rng.randbytes(32),
            "result": VisitResult.FINDING if codes else VisitResult.NORMAL,
            "flags": flags,
            "supersedes_id": None,
            "row_version": 1,
        }
        row |= self._review(site, row)
        self.history.visits.append(row)
        self.last_visit[site["id"]] = max(at, self.last_visit.get(site["id"], at))
        facts = {"result": row["result"].value, "codes": list(codes), "sealed": seal(row["salt"], body)}
        self.draft(at, officer, "visit.logged", "visit", visit_id, site, facts)
        if codes or (not nothing_found and self.rng.random() < 0.02):
            for item in photo_items(answers, bool(codes)):
                self.history.wanted_photos.append((row, item, picture))
        return row

    def draft(
        self,
        at: datetime,
        by: dict[str, Any],
        action: str,
        subject: str,
        key: uuid.UUID,
        site: dict[str, Any],
        facts: dict[str, Any],
    ) -> None:
        """Remember one ledger entry."""
        self.history.drafts.append(
            Draft(
                at, action, subject, str(key), by["id"], by["full_name"], by["role"].value, facts, site["id"]
            )
        )

    def case(self, site: dict[str, Any], opened_at: datetime) -> None:
        """A visit that finds something, the case it opens, and how far it came."""
        code = self.rng.choices(*codes_of(site["kind"]))[0]
        if (site["id"], code) in self.taken:
            return
        self.taken.add((site["id"], code))
        answers = faulty_answers(code, self.rng, site["area_m2"], opened_at)
        visit = self.visit(site, opened_at, answers, visit_type="patrol", codes=(code,), picture=code)
        needed = requirement(code)
        severity = _found_severity(code, needed.severity, answers)
        case = {
            "id": self.new_id(),
            "number": "",
            "site_id": site["id"],
            "kind": site["kind"],
            "township_code": site["township_code"],
            "code": code,
            "rules_version": needed.version,
            "round": 1,
            "title": needed.zh,
            "description": "",
            "origin": self.rng.choice(("patrol", "patrol", "census", "superior", "report")),
            "severity": severity,
            "severity_steps": [],
            "listed": Listing.NONE,
            "opened_at": opened_at,
            "row_version": 1,
            **dict.fromkeys(_LATER),
        }
        case |= {"proposal": "", "measures": "", "due_basis": {}}
        keys = [key for key in answers if key not in ("access", "fixed_on_spot")]
        self.history.findings.append(
            {
                "id": self.new_id(),
                "visit_id": visit["id"],
                "case_id": case["id"],
                "code": code,
                "severity": severity,
                "severity_steps": [],
                "keys": keys[:1] if code not in _OPENING else [_OPENING[code]],
                "still_there": False,
                "replaced": False,
            }
        )
        self.history.cases.append(case)
        self.by_site.setdefault(site["id"], []).append(case)
        _Course(self, site, case).run()

    def number_cases(self) -> None:
        """Give the cases their numbers in the order they were opened."""
        for case in sorted(self.history.cases, key=lambda row: (row["opened_at"], row["id"])):
            series = case_series(case["kind"], case["opened_at"])
            running = self.history.series[series] = self.history.series.get(series, 0) + 1
            case["number"] = case_number(case["kind"], case["opened_at"], running)

    def _flags(self, nothing_found: bool) -> list[str]:
        drawn = self.rng.random()
        if drawn < 0.03:
            return [VisitFlag.ROUGH_POSITION.value]
        if drawn < 0.05:
            return [VisitFlag.FAR_FROM_SITE.value]
        return [VisitFlag.TOO_FAST.value] if drawn < 0.06 and not nothing_found else []

    def _position(self, site: dict[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "lon": round(site["lon"] + self.rng.uniform(-3e-4, 3e-4), 7),
            "lat": round(site["lat"] + self.rng.uniform(-3e-4, 3e-4), 7),
            "accuracy_m": self.rng.choice((3, 4, 5, 6, 8, 12)),
            "datum": "wgs84",
            "fixed_at": _utc(at),
        }

    def _review(self, site: dict[str, Any], visit: dict[str, Any]) -> dict[str, Any]:
        clerk, at = self.people.clerks[site["township"]], visit["effective_at"]
        reviewed_at = _at_work(at + timedelta(hours=self.rng.uniform(2, 44)))
        if reviewed_at > self.until - 2 * HOUR:
            return {
                "state": VisitState.SUBMITTED,
                "reviewed_at": None,
                "reviewed_by_id": None,
                "review_note": "",
            }
        returned = self.rng.random() < 0.004
        note = "全景照片看不清位置，补拍后重新提交" if returned else ""
        action = "visit.returned" if returned else "visit.reviewed"
        facts = {"reason": note} if returned else {}
        self.draft(reviewed_at, clerk, action, "visit", visit["id"], site, facts)
        state = VisitState.RETURNED if returned else VisitState.REVIEWED
        return {
            "state": state,
            "reviewed_at": reviewed_at,
            "reviewed_by_id": clerk["id"],
            "review_note": note,
        }


_LATER = (
    "body_id",
    "officer_id",
    "confirmed_at",
    "assigned_at",
    "acknowledged_at",
    "submitted_at",
    "verified_at",
    "ended_at",
    "due_at",
    "original_due_at",
    "merged_into_id",
)
# The answer that opens a code, where it is not the first one that the fault changes.
_OPENING = {
    "STRAW-01": "fire_state",
    "STRAW-02": "fire_state",
    "STRAW-04": "pile_count",
    "STRAW-07": "pledge_signed",
    "POND-01": "colour",
    "POND-02": "bank_garbage_m3",
    "POND-03": "inflow",
    "POND-05": "facility",
    "POND-09": "sign_board",
    "GH-02": "actual_use",
    "GH-03": "guard_area_m2",
    "GH-05": "filing",
    "GH-06": "actual_use",
    "AF-03": "irrigation_ok",
    "AF-04": "alive",
    "AF-06": "damage",
}


class _Course:
    """How one case goes on: each step happens some time after the last, until today cuts it off."""

    def __init__(self, maker: _Maker, site: dict[str, Any], case: dict[str, Any]) -> None:
        self.maker, self.site, self.case = maker, site, case
        self.rng, self.people = maker.rng, maker.people
        self.at: datetime = case["opened_at"]

    def run(self) -> None:
        """Open the case and take it as far as its days reach."""
        case, people = self.case, self.people
        self._set_due(case["opened_at"])
        case["state"] = CaseState.SUSPECTED
        inspector = people.inspectors[self.site["township"]]
        self._note("case.opened", inspector, {"code": case["code"], "severity": case["severity"].value})
        department = people.departments[case["kind"]]
        if self.rng.random() < 0.05:
            facts = {"reason": "现场复核，未见所报情形"}
            self._step(CaseState.UNFOUNDED, 1, 3, "case.unfounded", department, "ended_at", facts)
        elif self._step(CaseState.CONFIRMED, 0.1, 1.5, "case.confirmed", department, "confirmed_at"):
            self._assigned(department)

    def _assigned(self, department: dict[str, Any]) -> None:
        body = self.people.township_bodies[self.site["township"]]
        clerk = self.people.clerks[self.site["township"]]
        if not self._step(
            CaseState.ASSIGNED, 0.05, 1, "case.assigned", department, "assigned_at", {"to": body["name"]}
        ):
            return
        self.case |= {"body_id": body["id"], "officer_id": clerk["id"]}
        self._set_due(self.at)
        if not self._step(CaseState.RECTIFYING, 0.02, 0.8, "case.acknowledged", clerk, "acknowledged_at"):
            return
        self._rectifying(clerk, department)

    def _rectifying(self, clerk: dict[str, Any], department: dict[str, Any]) -> None:
        supervisors, rng = self.people.supervisors, self.rng
        if rng.random() < 0.02:
            self._step(
                CaseState.SUSPENDED, 1, 3, "case.suspended", supervisors[0], None, {"reason": "frozen"}
            )
            return
        limit = max((self.case["due_at"] - self.at) / DAY, 0.2)
        slow = rng.random() < 0.16
        wait = limit * (rng.uniform(1.2, 3) if slow else rng.uniform(0.3, 0.95))
        if slow and rng.random() < 0.3:
            self._list(supervisors[0])
        if not self._step(CaseState.SUBMITTED, wait, wait, "case.rectified", clerk, "submitted_at"):
            return
        self.case["measures"] = "已按要求整改到位，落实专人管护"
        rechecked_at = max(self.at, by_daylight(self.at + 8 * HOUR, self.maker.until - HOUR))
        self.maker.sound_visit(self.site, rechecked_at, "recheck")
        if self._step(CaseState.VERIFIED, 0.5, 3, "case.verified", department, "verified_at"):
            self.case["listed"] = Listing.NONE
            self._step(CaseState.CLOSED, 1, 6, "case.closed", supervisors[1], "ended_at")

    def _list(self, supervisor: dict[str, Any]) -> None:
        leader = next(row for row in self.people.officers if row["name"] == "leader")
        at = self.case["due_at"] + 2 * DAY
        if at < self.maker.until:
            self.case["listed"] = Listing.COUNTY
            facts = {"level": "county", "proposed_by": supervisor["full_name"]}
            self.maker.draft(at, leader, "case.listed", "case", self.case["id"], self.site, facts)

    def _step(
        self,
        state: CaseState,
        least_days: float,
        most_days: float,
        action: str,
        by: dict[str, Any],
        column: str | None,
        facts: dict[str, Any] | None = None,
    ) -> bool:
        at = _at_work(self.at + timedelta(days=self.rng.uniform(least_days, most_days), minutes=1))
        if at > self.maker.until - HOUR:
            return False
        self.at = at
        self.case["state"] = state
        if column:
            self.case[column] = at
        self._note(action, by, facts or {})
        return True

    def _note(self, action: str, by: dict[str, Any], facts: dict[str, Any]) -> None:
        self.maker.draft(self.at, by, action, "case", self.case["id"], self.site, facts)

    def _set_due(self, start: datetime) -> None:
        needed = requirement(self.case["code"])
        found = rule_deadline(needed.limit, start, self.maker.dates) or rule_deadline(
            {"days": 30}, start, self.maker.dates
        )
        assert found is not None  # noqa: S101 (a limit in days always ends)
        self.case |= {"due_at": found.due_at, "due_basis": dict(found.basis), "original_due_at": found.due_at}


def _found_severity(code: str, base: str, answers: dict[str, Any]) -> Severity:
    """Severity as the checklist would weigh it; the demo's answers only ever raise one code."""
    return Severity(base)


def _site_facts(cases: list[dict[str, Any]], last_visit: datetime | None) -> dict[str, Any]:
    still_open = [case for case in cases if case["state"] in OPEN_CASE_STATES]
    closed = [case["ended_at"] for case in cases if case["state"] is CaseState.CLOSED]
    clocks = [case["due_at"] for case in still_open if _counts(case)]
    return {
        "last_visited_at": last_visit,
        "is_listed": any(case["listed"] is not Listing.NONE for case in still_open),
        "has_suspected": any(case["state"] is CaseState.SUSPECTED for case in still_open),
        "open_cases": len(still_open),
        "case_due_at": min(clocks, default=None),
        "case_closed_on": beijing_day(max(closed)) if closed else None,
    }


def _counts(case: dict[str, Any]) -> bool:
    """Whether a case's deadline runs, or was missed when it was handed in."""
    if case["state"] in RUNNING_CASE_STATES:
        return True
    handed_in = case["submitted_at"]
    return case["state"] is not CaseState.SUSPENDED and handed_in is not None and handed_in > case["due_at"]


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
