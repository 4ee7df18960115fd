"""A small county with one of everything, inside and outside the personas' scopes, for tests of every page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections.evidence import keep_photo
from inspections.models import Body, Evidence, Finding, KeptForm, Officer, Operator, Site, Visit
from inspections.permissions import actor_of
from inspections.terms import Kind, Role, SiteStatus
from tests.case_factories import a_case
from tests.factories import IN_EAST, NOW, a_pond_shape, a_site, an_officer
from tests.photos import a_photo
from tests.visit_payloads import FOUL_POND, a_payload, log


@dataclass(frozen=True)
class World:
    """Ids by what an address calls them: a pond in WEST, an afforestation site in EAST, a draft in WEST."""

    inside: dict[str, str]
    outside: dict[str, str]
    draft: dict[str, str]


def a_world(session: Session, folder: Path) -> World:
    """Fill a county that has its personas already."""
    author = session.scalars(select(Officer).where(Officer.name == "inspector")).one()
    draft = a_site(session, at=(100.41, 38.94), name="新报坑塘", status=SiteStatus.DRAFT)
    inside, outside = _pond(session, author, folder), _planting(session, folder)
    return World(inside, outside, inside | {"site_id": str(draft.id)})


def _pond(session: Session, author: Officer, folder: Path) -> dict[str, str]:
    site = a_site(session, geometry=a_pond_shape(), area_m2=10_000.0, created_by_id=author.id)
    site.operator = Operator(name="陈某某", type="household", phone="13800000000", salt=bytes(32))
    seen = ("photo_overview", "photo_detail")
    visit = log(session, a_payload(site, FOUL_POND), by=actor_of(author), folder=folder, items=seen)
    return _ids(session, visit, author, visit.findings[0].case_id, visit.evidence[0])


def _planting(session: Session, folder: Path) -> dict[str, str]:
    author = an_officer(session, Role.INSPECTOR, name="far-inspector")
    site = a_site(session, Kind.AFFORESTATION, at=IN_EAST, name="北坡造林", created_by_id=author.id)
    case = a_case(session, site, "AF-02")
    visit = session.scalars(select(Visit).join(Finding).where(Finding.case_id == case.id)).one()
    kept = keep_photo(folder, a_photo(colour="green"))
    photo = Evidence(
        id=uuid.uuid4(),
        sha256=kept.sha256,
        media_type=kept.media_type,
        bytes=kept.bytes,
        site_id=site.id,
        visit_id=visit.id,
        item="photo_overview",
        added_at=NOW,
    )
    session.add(photo)
    return _ids(session, visit, author, case.id, photo)


def _ids(
    session: Session, visit: Visit, author: Officer, case_id: uuid.UUID | None, photo: Evidence
) -> dict[str, str]:
    kept = KeptForm(id=uuid.uuid4(), officer_id=author.id, path="/sites", fields=[], kept_at=NOW)
    session.add(kept)
    session.flush()
    ids = {
        "site_id": visit.site_id,
        "number": visit.site.number,
        "visit_id": visit.id,
        "case_id": case_id,
        "evidence_id": photo.id,
        "officer_id": author.id,
        "body_id": session.scalars(select(Body.id)).first(),
        "kept_id": kept.id,
        "key": session.scalars(select(Site.pk).where(Site.id == visit.site_id)).one(),
    }
    return {name: str(key) for name, key in ids.items()}
