"""Merging two entries of one place: visits, photos and cases follow the survivor, both numbers stay."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.cases import refresh_site_facts
from inspections.errors import Invalid
from inspections.models import Case, Evidence, Site, Visit
from inspections.permissions import Actor, require
from inspections.sites import WrongStatus, find_by_number
from inspections.terms import OPEN_CASE_STATES, SiteStatus
from inspections.typed import check_reason


class OtherKind(Invalid):
    """Two kinds are two sites, even on one spot."""

    code = "site.merge_other_kind"
    message = "Both sites have to be of the same kind. Choose another site to keep."
    field = "into"


class IntoItself(Invalid):
    """A site cannot be its own survivor."""

    code = "site.merge_into_itself"
    message = "Choose another site to keep: this is the one to be merged."
    field = "into"


class SettleCasesFirst(Invalid):
    """Both sites have an open case of one requirement, and which of the two goes on is a person's to say."""

    code = "site.merge_cases_first"
    message = "Both sites have an open case of the same requirement. Settle one of each first: {numbers}."
    field = "into"


class SurvivorUnknown(Invalid):
    """A number that is no site of the officer's."""

    code = "site.survivor_unknown"
    message = "No site has this number. Enter the number of the site to keep, like P-990101105-0027."
    field = "into"


def find_survivor(session: Session, number: str, *, by: Actor) -> Site:
    """Find the site to keep by the number somebody typed."""
    into = find_by_number(session, number, by)
    if into is None:
        raise SurvivorUnknown
    return into


def merge_sites(session: Session, site: Site, into: Site, *, reason: str, by: Actor, now: datetime) -> Site:
    """Merge an active site into another of its kind; returns the survivor.

    Raises
    ------
    OtherKind, IntoItself, SettleCasesFirst, WrongStatus
        Nothing was moved.
    """
    require(by, "site.merge", site)
    require(by, "site.merge", into)
    reason = check_reason(reason)
    if site.id == into.id:
        raise IntoItself
    if site.kind is not into.kind:
        raise OtherKind
    if (site.status, into.status) != (SiteStatus.ACTIVE, SiteStatus.ACTIVE):
        raise WrongStatus
    _require_no_clash(session, site, into)
    moved = {model.__tablename__: _move(session, model, site, into) for model in (Visit, Evidence, Case)}
    site.status, site.merged_into_id, site.updated_at = SiteStatus.MERGED, into.id, now
    visits = [at for at in (site.last_visited_at, into.last_visited_at) if at]
    into.last_visited_at = max(visits, default=None)
    into.updated_at = now
    session.flush()
    for one in (site, into):
        refresh_site_facts(session, one.id)
        session.refresh(one)
    told = {"into": into.number, "into_id": str(into.id), "reason": reason, "moved": moved}
    _append(session, site, "site.merged", told, by, now)
    _append(session, into, "site.received", {"merged": site.number, "merged_id": str(site.id)}, by, now)
    return into


def _append(
    session: Session, site: Site, action: str, facts: dict[str, Any], by: Actor, now: datetime
) -> None:
    facts = {**facts, "version": site.row_version}
    ledger.append(session, by, action, "site", site.id, at=now, site_id=site.id, facts=facts)


def _require_no_clash(session: Session, site: Site, into: Site) -> None:
    query = select(Case.code, Case.number, Case.site_id).where(Case.state.in_(OPEN_CASE_STATES))
    rows = session.execute(query.where(Case.site_id.in_((site.id, into.id))).order_by(Case.number)).all()
    kept = {row.code for row in rows if row.site_id == into.id}
    both = kept & {row.code for row in rows if row.site_id == site.id}
    if both:
        raise SettleCasesFirst(numbers=", ".join(row.number for row in rows if row.code in both))


def _move(session: Session, model: type[Visit | Evidence | Case], site: Site, into: Site) -> list[str]:
    """Give the rows of one table to the survivor; their ids, so that a merger can be undone."""
    ids: list[uuid.UUID] = list(session.scalars(select(model.id).where(model.site_id == site.id)))
    session.execute(update(model).where(model.site_id == site.id).values(site_id=into.id))
    return [str(moved) for moved in ids]
