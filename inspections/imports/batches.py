"""Many sites at once: numbered, inserted in bulk, each with its entry in the ledger, in one transaction."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from geo.shapes import to_geojson
from inspections import ledger
from inspections.imports import batch_facts
from inspections.ledger import Draft
from inspections.models import Counter, ImportBatch, Operator, Site
from inspections.models.base import geometry_columns
from inspections.numbers import site_number, site_series
from inspections.permissions import Actor
from inspections.sites.rows import FACTS, measures
from inspections.sites.rules import SiteFacts
from inspections.terms import Kind, SiteStatus

_BATCH = 2000
_BY_ROW = ("area_m2", "length_m")


@dataclass(frozen=True)
class NewSite:
    """A row that was accepted: facts checked and placed, and the middle of its shape."""

    row: int
    facts: SiteFacts
    lon: float
    lat: float


def add_sites(
    session: Session, sites: Sequence[NewSite], batch: ImportBatch, *, by: Actor, now: datetime
) -> None:
    """Add sites as active, and the entries of the batch and of each; a few thousand at a time."""
    operators = _operators(sites)
    for values in batched([*operators.values()], _BATCH):
        session.execute(insert(Operator), values)
    last = _reserve_numbers(session, sites)
    ledger.append_many(session, [_draft(by, now, "sites.imported", "import", batch.id, batch_facts(batch))])
    for some in batched(sites, _BATCH):
        rows = [_row(site, last, operators, by, now) for site in some]
        session.execute(insert(Site), rows)
        facts = (_told(site, row, operators, batch) for site, row in zip(some, rows, strict=True))
        drafts = (
            _draft(by, now, "site.imported", "site", row["id"], told, row["id"])
            for row, told in zip(rows, facts, strict=True)
        )
        ledger.append_many(session, drafts)


def batched(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a sequence into parts of at most `size`."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _operators(sites: Sequence[NewSite]) -> dict[tuple[str, str], dict[str, Any]]:
    """One operator for each name and telephone number of the file."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for site in sites:
        name, phone = site.facts.operator_name, site.facts.operator_phone
        if name and (name, phone) not in found:
            row = {"id": uuid.uuid4(), "name": name, "phone": phone, "type": site.facts.operator_type}
            found[name, phone] = {**row, "salt": secrets.token_bytes(32)}
    return found


def _row(
    site: NewSite,
    last: dict[str, int],
    operators: dict[tuple[str, str], dict[str, Any]],
    by: Actor,
    now: datetime,
) -> dict[str, Any]:
    facts, kind = site.facts, Kind(site.facts.kind)
    series = site_series(kind, facts.township_code or "")
    last[series] += 1
    area_m2, length_m = measures(facts)
    operator = operators.get((facts.operator_name or "", facts.operator_phone))
    row = {name: getattr(facts, name) for name in FACTS if name not in _BY_ROW}
    row |= {"area_m2": area_m2, "length_m": length_m, "attrs": dict(facts.attrs)}
    return (
        row
        | geometry_columns(facts.geometry)
        | {
            "id": uuid.uuid4(),
            "number": site_number(kind, facts.township_code or "", last[series]),
            "kind": kind,
            "status": SiteStatus.ACTIVE,
            "lon": site.lon,
            "lat": site.lat,
            "loc_datum": facts.loc_datum,
            "loc_raw": facts.loc_raw,
            "operator_id": operator["id"] if operator else None,
            "created_at": now,
            "created_by_id": by.id,
            "updated_at": now,
            "activated_at": now,
        }
    )


def _reserve_numbers(session: Session, sites: Sequence[NewSite]) -> dict[str, int]:
    """Take the next numbers of every series at once; gives the last one used before."""
    wanted = Tally(site_series(Kind(site.facts.kind), site.facts.township_code or "") for site in sites)
    before = {}
    for series, count in sorted(wanted.items()):
        counter = session.get(Counter, series, with_for_update=True)
        if counter is None:
            counter = Counter(series=series, last=0)
            session.add(counter)
        before[series] = counter.last
        counter.last += count
    session.flush()
    return before


def _told(
    site: NewSite,
    row: dict[str, Any],
    operators: dict[tuple[str, str], dict[str, Any]],
    batch: ImportBatch,
) -> dict[str, Any]:
    """What the ledger keeps of a site; restricted text sealed."""
    facts = {name: row[name] for name in FACTS} | {"geometry": to_geojson(row["geometry"])}
    facts |= {"number": row["number"], "kind": row["kind"].value, "status": row["status"].value}
    facts |= {"raw": row["loc_raw"], "datum": row["loc_datum"], "version": 1}
    facts |= {"batch": str(batch.id), "row": site.row}
    operator = operators.get((site.facts.operator_name or "", site.facts.operator_phone))
    facts["operator"] = operator and [
        ledger.seal(operator["salt"], text) for text in (operator["name"], operator["phone"])
    ]
    return facts


def _draft(
    by: Actor,
    now: datetime,
    action: str,
    subject: str,
    key: uuid.UUID,
    facts: dict[str, Any],
    site_id: uuid.UUID | None = None,
) -> Draft:
    return Draft(now, action, subject, str(key), by.id, by.name, by.role, facts, site_id, by.address)
