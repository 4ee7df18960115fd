"""What the page of one site tells beside its facts: visits, photos, cases, and its story from the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, ScalarSelect, select
from sqlalchemy.orm import Session, defer, joinedload

from inspections import ledger
from inspections.areas import list_names, names_on
from inspections.cases import lists as case_lists
from inspections.deadlines import beijing_day
from inspections.errors import NotFound
from inspections.layers.overlaps import Overlap, list_site_overlaps
from inspections.models import Area, Body, Case, Evidence, LedgerEntry, Officer, Site, Visit
from inspections.permissions import Actor, require
from inspections.terms import OPEN_CASE_STATES

VISITS_SHOWN = 20
PHOTOS_SHOWN = 12
ENTRIES_SHOWN = 100


@dataclass(frozen=True)
class SiteRecord:
    """A site and everything recorded there, newest first; open cases before ended ones."""

    site: Site
    township_name: str
    village_name: str
    body_name: str
    visits: Sequence[Row]  # id, effective_at, visit_type, nothing_found, result, state, officer_name
    photos: Sequence[Evidence]
    cases: Sequence[Case]
    merged_in: Sequence[Site]
    overlaps: Sequence[Overlap]  # with the layers for reference that say something of its kind
    entries: Sequence[LedgerEntry]

    @property
    def open_cases(self) -> list[Case]:
        """The cases still to be ended."""
        return [found for found in self.cases if found.state in OPEN_CASE_STATES]


def read_record(session: Session, site_id: uuid.UUID, by: Actor) -> SiteRecord:
    """Read a site with all that is recorded there, or raise `NotFound` as `sites.get_site` does."""
    site, township, village, body = _read_named(session, site_id, by)
    entries = ledger.story(session, site_id=site.id, limit=ENTRIES_SHOWN)
    received = any(entry.action == "site.received" for entry in entries)
    return SiteRecord(
        site=site,
        township_name=township or site.township_code,
        village_name=village or "",
        body_name=body or "",
        visits=_list_visits(session, site),
        photos=_list_photos(session, site),
        cases=case_lists.list_site_cases(session, site.id),
        merged_in=_list_merged_in(session, site) if received else [],
        overlaps=list_site_overlaps(session, site),
        entries=entries,
    )


@dataclass(frozen=True)
class PlaceThen:
    """Where a site belonged at a moment, in the names of that day; `now` where that reads otherwise today."""

    township: str
    village: str
    now: str


def read_place(session: Session, site: Site, at: datetime) -> PlaceThen:
    """Read in the ledger where a site belonged at a moment, and what township and village were called."""
    codes = {"township_code": site.township_code, "village_code": site.village_code or ""}
    then = dict(codes)
    query = select(LedgerEntry.facts).where(
        LedgerEntry.site_id == site.id, LedgerEntry.at > at, LedgerEntry.action.in_(_MOVING)
    )
    for facts in session.scalars(query.order_by(LedgerEntry.number.desc())):
        before = orjson.loads(facts).get("before", {})
        then |= {name: before[name] or "" for name in codes if name in before}
    versions = list_names(session)
    names, called = names_on(versions, beijing_day(at)), names_on(versions)
    township, village = (names.get(code, code) for code in then.values())
    today = " ".join(called.get(code, code) for code in codes.values() if code)
    return PlaceThen(township, village, "" if today == f"{township} {village}".strip() else today)


_MOVING = ("site.corrected", "site.township_changed", "site.village_changed")


def _read_named(session: Session, site_id: uuid.UUID, by: Actor) -> Row:
    query = (
        select(Site, _last_name(Site.township_code), _last_name(Site.village_code), Body.name)
        .outerjoin(Body, Body.id == Site.body_id)
        .options(joinedload(Site.operator), joinedload(Site.merged_into))
        .where(Site.id == site_id)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound
    require(by, "site.see", found[0])
    return found


def _last_name(code: Any) -> ScalarSelect[str]:
    """What an area is called, or was when it ended."""
    query = select(Area.name).where(Area.code == code).order_by(Area.valid_from.desc())
    return query.limit(1).scalar_subquery()


def _list_visits(session: Session, site: Site) -> Sequence[Row]:
    columns = (Visit.id, Visit.effective_at, Visit.visit_type, Visit.nothing_found, Visit.result, Visit.state)
    query = (
        select(*columns, Officer.full_name.label("officer_name"))
        .join(Officer, Officer.id == Visit.officer_id)
        .where(Visit.site_id == site.id)
        .order_by(Visit.effective_at.desc(), Visit.id)
        .limit(VISITS_SHOWN)
    )
    return session.execute(query).all()


def _list_photos(session: Session, site: Site) -> list[Evidence]:
    query = (
        select(Evidence)
        .where(Evidence.site_id == site.id)
        .order_by(Evidence.added_at.desc(), Evidence.position, Evidence.id)
        .limit(PHOTOS_SHOWN)
    )
    return list(session.scalars(query))


def _list_merged_in(session: Session, site: Site) -> list[Site]:
    query = select(Site).options(defer(Site.geometry)).where(Site.merged_into_id == site.id)
    return list(session.scalars(query.order_by(Site.number)))
