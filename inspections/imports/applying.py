"""Applying what was checked, and undoing it: each one transaction with its entries in the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.errors import Conflict, NotFound
from inspections.imports import area_writing, staging
from inspections.imports.area_writing import AreaWriter
from inspections.imports.batches import SUBJECTS
from inspections.imports.layer_writing import LayerWriter
from inspections.imports.site_rows import SiteWriter
from inspections.ledger import Draft
from inspections.models import Area, Case, ImportBatch, ImportMessage, ImportRow, LayerFeature, Site, Visit
from inspections.models.bulk import rtree_at_once
from inspections.permissions import Actor, require
from inspections.terms import ImportState, MessageLevel, RowOutcome, SiteStatus
from inspections.typed import check_reason

MOST_NAMED = 20
# What writes the rows of a subject, and into which table with a place
_WRITERS: Mapping[str, tuple[type[SiteWriter] | type[AreaWriter] | type[LayerWriter], Any]] = {
    "sites": (SiteWriter, Site.__table__),
    "areas": (AreaWriter, Area.__table__),
    "layers": (LayerWriter, LayerFeature.__table__),
}
_APPLIED_OUTCOMES = (RowOutcome.NEW, RowOutcome.CHANGED)


class NothingAccepted(NotFound):
    """Applying would write nothing."""

    code = "import.nothing_accepted"
    message = "No row can be taken. Nothing was applied."


class NotApplied(Conflict):
    """Only what was applied can be undone."""

    code = "import.not_applied"
    message = "This file is not applied, so there is nothing to undo."


class StandsOn(Conflict):
    """Something was done since with what the file brought; `names` are numbers of sites or codes of areas."""

    code = "import.something_stands_on"
    message = "This cannot be undone: something was done since with {count} of what it brought: {names}."


@dataclass(frozen=True)
class Blocker:
    """One site or area that stands in the way of undoing, and its name."""

    key: str  # a number or a code
    name: str
    site_id: uuid.UUID | None = None


def apply_batch(
    session: Session,
    batch: ImportBatch,
    *,
    report_sha256: str,
    by: Actor,
    now: datetime,
) -> None:
    """Take the rows of a checked batch that are new or correct something.

    Raises
    ------
    QuestionsOpen, NothingAccepted, SitesChanged
        Nothing was written.
    """
    require(by, SUBJECTS[batch.subject])
    staging.require_rows_answered(session, batch.id)
    tally = staging.tally_of(session, batch.id)
    if not tally.accepted:
        raise NothingAccepted
    batch.state, batch.applied_at, batch.applied_by_id = ImportState.APPLIED, now, by.id
    batch.report_sha256 = report_sha256
    for name in ("read", "accepted", "warned", "refused"):
        setattr(batch, f"rows_{name}", getattr(tally, name))
    session.flush()
    append = _appender(by, now)
    ledger.append_many(session, [append(f"{batch.subject}.imported", "import", batch.id, batch_facts(batch))])
    make, table = _WRITERS[batch.subject]
    writer = make(session, batch, by=by, now=now)
    with rtree_at_once(session, table):
        for rows in staging.rows_with(session, batch.id, _APPLIED_OUTCOMES):
            writer.write(rows)
            session.flush()


def undo_batch(session: Session, batch: ImportBatch, *, reason: str, by: Actor, now: datetime) -> None:
    """Take back what an applied batch brought: new sites leave the register, corrected ones are as before.

    Raises
    ------
    NotApplied, StandsOn, ReasonMissing
        Nothing was changed.
    """
    require(by, SUBJECTS[batch.subject])
    reason = check_reason(reason)
    if batch.state is not ImportState.APPLIED:
        raise NotApplied
    blockers, count = list_blockers(session, batch)
    if count:
        raise StandsOn(count=count, names="、".join(one.key for one in blockers))
    batch.state, batch.undone_at, batch.undone_by_id = ImportState.UNDONE, now, by.id
    append = _appender(by, now)
    facts = {"file_name": batch.file_name, "sha256": batch.sha256, "reason": reason}
    ledger.append_many(session, [append("import.undone", "import", batch.id, facts)])
    if batch.subject == "areas":
        area_writing.put_back(session, batch)
    else:
        _withdraw_new_sites(session, batch, reason, append, now)
        _put_back_sites(session, batch, append, now)
    session.flush()


def list_blockers(session: Session, batch: ImportBatch) -> tuple[list[Blocker], int]:
    """What stands on a batch and so keeps it from being undone: the first of it, and how much there is."""
    if batch.subject == "layers":
        return [], 0
    if batch.subject == "areas":
        codes = sorted(
            {*area_writing.what_stands_on(session, batch), *area_writing.later_versions(session, batch)}
        )
        return [Blocker(code, "") for code in codes[:MOST_NAMED]], len(codes)
    query = select(Site.id, Site.number, Site.name).where(_stood_on(batch))
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(query.order_by(Site.number).limit(MOST_NAMED))
    return [Blocker(row.number, row.name, row.id) for row in rows], count


def forget_rows(session: Session, batch: ImportBatch) -> None:
    """Take away the rows of a batch that are in the register now; what undoing and the report need stays."""
    kept = (RowOutcome.CHANGED, RowOutcome.REFUSED, RowOutcome.LEFT_OUT)
    session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.outcome.not_in(kept)))
    left_out = (ImportRow.batch_id == batch.id) & (ImportRow.outcome == RowOutcome.LEFT_OUT)
    session.execute(update(ImportRow).where(left_out).values(facts={}, shape=None))
    session.execute(
        delete(ImportMessage).where(
            ImportMessage.batch_id == batch.id,
            ImportMessage.position > 0,
            ImportMessage.level == MessageLevel.NOTE,
        )
    )


def batch_facts(batch: ImportBatch) -> dict[str, Any]:
    """What the ledger says of a batch."""
    names = ("file_name", "sha256", "crs", "rows_read", "rows_accepted", "rows_warned", "rows_refused")
    return {name: getattr(batch, name) for name in (*names, "kind", "report_sha256")}


def _stood_on(batch: ImportBatch) -> Any:
    """Sites of a batch that somebody visited, corrected, merged or moved since."""
    touched = or_(
        Site.row_version > 1,
        exists().where(Visit.site_id == Site.id),
        exists().where(Case.site_id == Site.id),
    )
    new = (Site.import_id == batch.id) & (Site.status != SiteStatus.REFUSED) & touched
    mine = (ImportRow.batch_id == batch.id) & (ImportRow.site_id == Site.id) & ImportRow.before.is_not(None)
    as_left = exists().where(mine, ImportRow.site_version == Site.row_version)
    return or_(new, exists().where(mine) & ~as_left)


Appender = Callable[..., Draft]


def _appender(by: Actor, now: datetime) -> Appender:
    def draft(
        action: str, subject: str, key: uuid.UUID, facts: Mapping[str, Any], site_id: uuid.UUID | None = None
    ) -> Draft:
        return Draft(now, action, subject, str(key), by.id, by.name, by.role, facts, site_id, by.address)

    return draft


def _withdraw_new_sites(
    session: Session, batch: ImportBatch, reason: str, append: Appender, now: datetime
) -> None:
    """Sites stay as refused entries, their numbers used: nothing is deleted."""
    mine = Site.import_id == batch.id
    ids = session.scalars(select(Site.id).where(mine).order_by(Site.number)).all()
    session.execute(
        update(Site)
        .where(mine)
        .values(
            status=SiteStatus.REFUSED,
            retired_at=now,
            retired_reason=reason,
            updated_at=now,
            row_version=Site.row_version + 1,
        )
        .execution_options(synchronize_session=False)
    )
    facts = {"batch": str(batch.id), "reason": reason, "version": 2}
    ledger.append_many(session, (append("site.import_undone", "site", one, facts, one) for one in ids))


def _put_back_sites(session: Session, batch: ImportBatch, append: Appender, now: datetime) -> None:
    for rows in staging.rows_with(session, batch.id, (RowOutcome.CHANGED,)):
        ids = [row.site_id for row in rows]
        sites = {site.id: site for site in session.scalars(select(Site).where(Site.id.in_(ids)))}
        drafts = []
        for row in rows:
            site = sites[row.site_id]  # type: ignore[index]
            _put_back(site, row.before or {}, now)
            session.flush()
            facts = {"batch": str(batch.id), "facts": sorted(row.before or {}), "version": site.row_version}
            drafts.append(append("site.correction_undone", "site", site.id, facts, site.id))
        ledger.append_many(session, drafts)


def _put_back(site: Site, before: Mapping[str, Any], now: datetime) -> None:
    for name, value in before.items():
        if name == "geometry":
            site.geometry = shapely.from_wkb(value)
        elif name in ("body_id", "operator_id"):
            setattr(site, name, uuid.UUID(value) if value else None)
        else:
            setattr(site, name, SiteStatus(value) if name == "status" else value)
    site.updated_at = now
