"""Taking visits in: judged, flagged, idempotent; findings open cases, corrections replace them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.models import Case, Site
from inspections.permissions import Actor, actor_of
from inspections.store import Store
from inspections.terms import Role, VisitResult, VisitState
from tests.factories import NOW, WEST, a_county, a_pond_shape, a_site, an_officer
from tests.visit_payloads import (
    FOUL_POND,
    a_payload,
    log,
)


@pytest.fixture
def session(store: Store):
    with store.write() as opened:
        a_county(opened)
        yield opened


@pytest.fixture
def site(session: Session) -> Site:
    return a_site(session, geometry=a_pond_shape(), area_m2=10_000.0)


@pytest.fixture
def by(session: Session) -> Actor:
    return actor_of(an_officer(session, Role.INSPECTOR, areas=(WEST,)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def test_a_clean_visit_is_kept_with_its_photo_and_moves_the_site(session, site, by, folder):
    visit = log(session, a_payload(site), by=by, folder=folder)
    assert (visit.result, visit.state, visit.flags) == (VisitResult.NORMAL, VisitState.SUBMITTED, [])
    assert (visit.effective_at, visit.time_quality, visit.distance_m) == (NOW, "exact", 0)
    assert [photo.item for photo in visit.evidence] == ["photo_overview"]
    session.refresh(site)
    assert (site.last_visited_at, site.open_cases) == (NOW, 0)
    entry = ledger.story(session, subject_id=visit.id)[0]
    assert (entry.action, ledger.facts_of(entry)["result"]) == ("visit.logged", "normal")


def test_findings_open_a_case_one_a_code(session, site, by, folder):
    visit = log(
        session, a_payload(site, FOUL_POND), by=by, folder=folder, items=("photo_overview", "photo_detail")
    )
    assert [(found.code, found.keys) for found in visit.findings] == [("POND-01", ["colour", "odour"])]
    case = session.scalars(select(Case)).one()
    assert (visit.findings[0].case_id, case.code, case.site_id) == (case.id, "POND-01", site.id)
    assert {photo.phase for photo in visit.evidence} == {"before"}
    session.refresh(site)
    assert site.open_cases == 1
