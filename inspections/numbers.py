"""Numbers that people see: of sites and cases, without gaps, never used twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from inspections.deadlines import beijing_day
from inspections.store import next_number
from inspections.terms import Kind


def site_series(kind: Kind, township_code: str) -> str:
    """The series a site's number is taken from: its kind and township."""
    return f"site-{kind.letter}-{township_code[:9]}"


def site_number(kind: Kind, township_code: str, running: int) -> str:
    """Like P-990101105-0027."""
    return f"{kind.letter}-{township_code[:9]}-{running:04d}"


def next_site_number(session: Session, kind: Kind, township_code: str) -> str:
    """The next number for a new site of a township."""
    return site_number(kind, township_code, next_number(session, site_series(kind, township_code)))


def case_series(kind: Kind, opened_at: datetime) -> str:
    """The series a case's number is taken from: the year in Beijing and the kind."""
    return f"case-{beijing_day(opened_at).year}-{kind.letter}"


def case_number(kind: Kind, opened_at: datetime, running: int) -> str:
    """Like 2026-P-00042."""
    return f"{beijing_day(opened_at).year}-{kind.letter}-{running:05d}"


def next_case_number(session: Session, kind: Kind, opened_at: datetime) -> str:
    """The next number for a case opened at an instant."""
    return case_number(kind, opened_at, next_number(session, case_series(kind, opened_at)))
