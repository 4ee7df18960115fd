"""Sites as the register keeps them: add, correct, activate, refuse, retire, and read one.

Each use case appends its entry to the ledger in the same transaction. Lists are `inspections.sites.lists`,
merging is `inspections.sites.merging`.
"""

from __future__ import annotations

import uuid
from collections.abc import Container
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.errors import Conflict, Invalid, InvalidFields, NotAllowed, NotFound
from inspections.models import Body, Case, LedgerEntry, Operator, Site
from inspections.numbers import next_site_number
from inspections.permissions import Actor, may, require
from inspections.sites.placing import place_facts, require_stand, same_place
from inspections.sites.rows import facts_of, form_seal, write_facts
from inspections.sites.rules import SiteFacts, check_facts, mask_name, mask_phone
from inspections.sites.warnings import list_warnings, require_confirmed
from inspections.terms import OPEN_CASE_STATES, Kind, SiteStatus
from inspections.typed import NotInList, check_reason, clean_code


class IdTaken(Conflict):
    """The form was saved before, with other content."""

    code = "site.id_taken"
    message = "This form was saved already, as {number}. Open that site and correct it there."


class SiteChanged(Conflict):
    """Somebody corrected the site while this correction was typed."""

    code = "site.changed"
    message = "{name} changed this site at the same time. Nothing of yours was saved yet."

    def __init__(self, site: Site, entry: LedgerEntry) -> None:
        super().__init__(name=entry.actor_name)
        self.site, self.entry = site, entry


class WrongStatus(Conflict):
    """The step does not lead on from where the site stands."""

    code = "site.wrong_status"
    message = (
        "Meanwhile this site was changed to another status, and this step no longer fits. Look at it again."
    )


class OwnDraft(NotAllowed):
    """Never one's own."""

    code = "site.own_draft"
    message = "You added this site yourself. Another officer has to decide on it."


class CasesOpen(Invalid):
    """A site with open cases stays in the register."""

    code = "site.cases_open"
    message = "Cases are still open here: {numbers}. Close them first."


def get_site(session: Session, site_id: uuid.UUID, by: Actor) -> Site:
    """Return one site, or raise `NotFound` where there is none or it lies outside the officer's scope."""
    site = session.scalar(select(Site).where(Site.id == site_id))
    if site is None:
        raise NotFound
    require(by, "site.see", site)
    return site


def find_by_number(session: Session, number: str, by: Actor) -> Site | None:
    """Find a site of the officer's scope by its number as people write it: in any width and letter case."""
    site = session.scalar(select(Site).where(Site.number == clean_code(number).upper()))
    return site if site and may(by, "site.see", site) else None


def add_site(
    session: Session,
    facts: SiteFacts,
    *,
    by: Actor,
    now: datetime,
    site_id: uuid.UUID | None = None,
    confirmed: Container[str] = (),
    status: SiteStatus = SiteStatus.DRAFT,
) -> Site:
    """Add a site as a draft; the same id with the same content twice gives the one site there is.

    Parameters
    ----------
    confirmed : container of str
        Keys of the warnings a person has seen; `site_warnings.EVERYTHING` for commands.
    status : SiteStatus
        Other than draft only for the program itself.

    Raises
    ------
    InvalidFields, NeedsConfirming, OutOfCounty, IdTaken
        Nothing was added.
    """
    require(by, "site.add")
    facts = check_facts(facts)
    again = _added_before(session, site_id, facts, by) if site_id else None
    if again is not None:
        return again
    _require_body(session, facts)
    facts, placement = place_facts(session, facts)
    require_stand(session, facts, by)
    require_confirmed(list_warnings(session, facts, placement, by=by), confirmed)
    site = Site(
        id=site_id or uuid.uuid4(),
        number=next_site_number(session, Kind(facts.kind), facts.township_code or ""),
        kind=Kind(facts.kind),
        status=status if by.role == "system" else SiteStatus.DRAFT,
        loc_datum=facts.loc_datum,
        loc_raw=facts.loc_raw,
        created_at=now,
        created_by_id=by.id,
        activated_at=now if by.role == "system" and status is SiteStatus.ACTIVE else None,
    )
    write_facts(session, site, facts, now)
    session.add(site)
    session.flush()
    added = facts_of(site) | {"number": site.number, "kind": site.kind.value, "status": site.status.value}
    added |= {"raw": facts.loc_raw, "datum": facts.loc_datum, "version": site.row_version}
    added["form"] = form_seal(facts, site.operator)
    ledger.append(session, by, "site.added", "site", site.id, at=now, site_id=site.id, facts=added)
    return site


def correct_site(
    session: Session,
    site: Site,
    facts: SiteFacts,
    *,
    row_version: int,
    by: Actor,
    now: datetime,
    confirmed: Container[str] = (),
) -> Site:
    """Correct a draft or active site; the position as first received stays as it was.

    Raises
    ------
    SiteChanged
        Somebody else's change came after the version this correction started from.
    InvalidFields, NeedsConfirming, OutOfCounty, WrongStatus
        Nothing was changed.
    """
    require(by, "site.correct", site)
    if site.status not in (SiteStatus.DRAFT, SiteStatus.ACTIVE):
        raise WrongStatus
    facts = check_facts(replace(facts, kind=site.kind.value))
    require_unchanged(session, site, row_version)
    before = facts_of(site)
    _require_body(session, facts)
    facts, placement = place_facts(session, facts, site)
    require_stand(session, facts, by)
    require_confirmed(list_warnings(session, facts, placement, by=by, site=site), confirmed)
    moved = not same_place(site, facts)
    if not moved:
        facts = replace(facts, loc_method=site.loc_method, loc_accuracy_m=site.loc_accuracy_m)
    write_facts(session, site, facts, site.updated_at)
    after = facts_of(site)
    changed = [name for name in after if after[name] != before.get(name)]
    if not changed:
        return site
    site.updated_at = now
    told: dict[str, Any] = {"before": {name: before.get(name) for name in changed}}
    told["after"] = {name: after[name] for name in changed}
    if moved:
        told |= {"raw": facts.loc_raw, "datum": facts.loc_datum}
    _append(session, site, "site.corrected", told, by, now)
    return site


def activate_site(session: Session, site: Site, *, by: Actor, now: datetime) -> None:
    """Take a draft into the register; never one's own."""
    _require_decidable(site, by)
    site.status, site.activated_at, site.updated_at = SiteStatus.ACTIVE, now, now
    _append(session, site, "site.activated", {}, by, now)


def refuse_site(session: Session, site: Site, *, reason: str, by: Actor, now: datetime) -> None:
    """Refuse a draft with a reason; never one's own, and not while a case is open there."""
    _require_decidable(site, by)
    reason = check_reason(reason)
    require_no_open_case(session, site)
    site.status, site.retired_reason, site.updated_at = SiteStatus.REFUSED, reason, now
    _append(session, site, "site.refused", {"reason": reason}, by, now)


def retire_site(session: Session, site: Site, *, reason: str, by: Actor, now: datetime) -> None:
    """Take an active site out of the register from this moment; its story stays."""
    require(by, "site.retire", site)
    reason = check_reason(reason)
    if site.status is not SiteStatus.ACTIVE:
        raise WrongStatus
    require_no_open_case(session, site)
    site.status, site.retired_at, site.retired_reason = SiteStatus.RETIRED, now, reason
    site.updated_at = now
    _append(session, site, "site.retired", {"reason": reason}, by, now)


def show_operator(session: Session, site: Site, *, by: Actor, now: datetime) -> Operator | None:
    """Give an officer in charge the operator's name and phone, and note in the ledger who asked."""
    require(by, "restricted.see", site)
    if site.operator is not None:
        ledger.append(session, by, "operator.shown", "site", site.id, at=now, site_id=site.id)
    return site.operator


def masked_operator(site: Site) -> tuple[str, str]:
    """Give the operator's name and telephone number as everyone may see them."""
    if site.operator is None:
        return "", ""
    return mask_name(site.operator.name), mask_phone(site.operator.phone)


def list_bodies(session: Session) -> list[tuple[uuid.UUID, str]]:
    """List the bodies that may lead on a site: id and name."""
    query = select(Body.id, Body.name).where(Body.active).order_by(Body.name)
    return [tuple(row) for row in session.execute(query)]


def require_no_open_case(session: Session, site: Site) -> None:
    """Raise `CasesOpen` with their numbers."""
    query = select(Case.number).where(Case.site_id == site.id, Case.state.in_(OPEN_CASE_STATES))
    numbers = list(session.scalars(query.order_by(Case.number).limit(20)))
    if numbers:
        raise CasesOpen(numbers=", ".join(numbers))


def require_unchanged(session: Session, site: Site, row_version: int) -> None:
    """Let pass what moved the row without changing what people say of it: a visit, a case."""
    if site.row_version == row_version:
        return
    query = (
        select(LedgerEntry)
        .where(LedgerEntry.subject == "site", LedgerEntry.subject_id == str(site.id))
        .where(LedgerEntry.action.startswith("site."))
        .order_by(LedgerEntry.number.desc())
    )
    last = session.scalar(query.limit(1))
    if (
        last is None
        or ledger.facts_of(last).get("version", 0) > row_version
        or site.row_version < row_version
    ):
        raise SiteChanged(site, last or LedgerEntry(actor_name="", at=site.updated_at))


def _append(
    session: Session, site: Site, action: str, facts: dict[str, Any], by: Actor, now: datetime
) -> None:
    session.flush()  # only then the version is the new one
    facts = {**facts, "version": site.row_version}
    ledger.append(session, by, action, "site", site.id, at=now, site_id=site.id, facts=facts)


def _require_body(session: Session, facts: SiteFacts) -> None:
    if facts.body_id is not None and session.get(Body, facts.body_id) is None:
        raise InvalidFields({"body_id": NotInList()})


def _require_decidable(site: Site, by: Actor) -> None:
    require(by, "site.activate", site)
    if site.status is not SiteStatus.DRAFT:
        raise WrongStatus
    if by.role != "system" and site.created_by_id == by.id:
        raise OwnDraft


def _added_before(session: Session, site_id: uuid.UUID, facts: SiteFacts, by: Actor) -> Site | None:
    site = session.scalar(select(Site).where(Site.id == site_id))
    if site is None:
        return None
    if site.created_by_id != by.id or not may(by, "site.see", site):
        raise NotFound
    entries = ledger.story(session, subject_id=site_id)
    first = next((entry for entry in entries if entry.action == "site.added"), None)
    if first is None or ledger.facts_of(first).get("form") != form_seal(facts, site.operator):
        raise IdTaken(number=site.number)
    return site
