"""Checked rows of areas put into the store: a changed area ends the older row; each has its ledger entry."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import shapely
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.deadlines import beijing_day
from inspections.imports.areas import ORDER
from inspections.ledger import Draft
from inspections.models import Area, Body, ImportBatch, ImportRow, ScopeArea, Site
from inspections.permissions import Actor
from inspections.terms import AreaLevel, ImportState

_NAMES = ("name_en", "category", "source")


class AreaWriter:
    """Writes the rows of one batch in the caller's transaction."""

    def __init__(self, session: Session, batch: ImportBatch, *, by: Actor, now: datetime) -> None:
        self._session, self._batch, self._by, self._now = session, batch, by, now
        self._today = beijing_day(now)
        query = select(Area).where(Area.valid_to.is_(None))
        self._held = {area.code: area for area in session.scalars(query)}

    def write(self, rows: Sequence[ImportRow]) -> None:
        """Take the rows: those above before those below."""
        drafts = []
        for row in sorted(rows, key=lambda one: ORDER[AreaLevel(one.facts["level"])]):
            before = self._held.get(row.facts["code"])
            row.before = None if before is None else _kept(before)
            self._put(row, before)
            drafts.append(self._draft(row, before))
        self._session.flush()
        ledger.append_many(self._session, drafts)

    def _put(self, row: ImportRow, before: Area | None) -> None:
        """Add the row; the older one ends that day, or gives way where it began no earlier."""
        facts = row.facts
        begins = _day(facts["valid_from"]) or self._today
        ends = _day(facts["valid_to"])
        if ends is not None and before is not None:
            self._end(before, ends, facts["successors"])
            return
        area = Area(
            id=uuid.uuid4(),
            code=facts["code"],
            level=AreaLevel(facts["level"]),
            name=facts["name"],
            parent_code=facts["parent_code"],
            valid_from=begins,
            valid_to=ends,
            successors=facts["successors"],
            import_id=self._batch.id,
            **_place(facts, row.shape, before),
            **{name: facts[name] or (getattr(before, name) if before is not None else "") for name in _NAMES},
        )
        if before is not None:
            self._end(before, begins, [])
        self._session.add(area)
        self._session.flush()

    def _end(self, area: Area, day: date, successors: list[str]) -> None:
        if area.valid_from >= day and not successors:
            self._session.delete(area)
        else:
            area.valid_to = max(day, date.fromordinal(area.valid_from.toordinal() + 1))
            area.successors = successors
        self._session.flush()

    def _draft(self, row: ImportRow, before: Area | None) -> Draft:
        names = ("code", "level", "name", "valid_from", "valid_to", "successors")
        facts: dict[str, Any] = {name: row.facts[name] for name in names} | {"batch": str(self._batch.id)}
        facts["geometry_sha256"] = row.shape and ledger.seal(b"", row.shape)
        facts["replaces"] = before is not None
        action = "area.ended" if row.facts["valid_to"] and before is not None else "area.imported"
        by = self._by
        return Draft(
            self._now, action, "area", row.facts["code"], by.id, by.name, by.role, facts, None, by.address
        )


def put_back(session: Session, batch: ImportBatch) -> None:
    """Take out the areas that a batch brought, and put back those it replaced or ended."""
    session.execute(delete(Area).where(Area.import_id == batch.id))
    rows = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.before.is_not(None))
    for row in session.scalars(rows):
        said = dict(row.before or {})
        found = session.scalar(select(Area).where(Area.id == uuid.UUID(said["id"])))
        if found is None:
            session.add(_restored(said))
        else:
            found.valid_to, found.successors = None, said["successors"]
    session.flush()


def what_stands_on(session: Session, batch: ImportBatch) -> list[str]:
    """The codes that only this batch brought and that sites, officers or bodies use."""
    codes = set(session.scalars(select(Area.code).where(Area.import_id == batch.id)))
    others = select(Area.code).where(
        Area.code.in_(codes), or_(Area.import_id.is_(None), Area.import_id != batch.id)
    )
    alone = codes - set(session.scalars(others))
    used: set[str] = set()
    for column in (Site.township_code, Site.village_code, ScopeArea.area_code, Body.area_code):
        used |= set(session.scalars(select(column).where(column.in_(alone)).distinct()))
    return sorted(used)


def later_versions(session: Session, batch: ImportBatch) -> list[str]:
    """The codes of which another import made a newer version, or the end, since.

    A version of the same day gives way to the newer one, so it is looked for in what that kept of it.
    """
    query = select(ImportRow.before).join(ImportBatch, ImportBatch.id == ImportRow.batch_id)
    query = query.where(
        ImportBatch.id != batch.id,
        ImportBatch.subject == "areas",
        ImportBatch.state == ImportState.APPLIED,
        ImportRow.before.is_not(None),
    )
    mine = str(batch.id)
    return sorted({kept["code"] for kept in session.scalars(query) if kept and kept["import_id"] == mine})


def _place(facts: Mapping[str, Any], shape: bytes | None, before: Area | None) -> dict[str, Any]:
    """Boundary and point: the row's, else those the area had."""
    if shape is not None:
        return {"geometry": shapely.from_wkb(shape), "lon": facts["lon"], "lat": facts["lat"]}
    if before is not None and (facts["lon"] is None or before.geometry is not None):
        return {"geometry": before.geometry, "lon": before.lon, "lat": before.lat}
    return {"geometry": None, "lon": facts["lon"], "lat": facts["lat"]}


def _kept(area: Area) -> dict[str, Any]:
    """An area as it was, whole, so that it can be put back."""
    names = ("code", "name", "name_en", "category", "parent_code", "lon", "lat", "source", "successors")
    said = {name: getattr(area, name) for name in names}
    said |= {"id": str(area.id), "level": area.level.value, "valid_from": area.valid_from.isoformat()}
    said["import_id"] = str(area.import_id) if area.import_id else None
    said["geometry"] = None if area.geometry is None else shapely.to_wkb(area.geometry, hex=True)
    return said


def _restored(said: Mapping[str, Any]) -> Area:
    facts = dict(said)
    facts |= {"id": uuid.UUID(facts["id"]), "level": AreaLevel(facts["level"])}
    facts["valid_from"] = date.fromisoformat(facts["valid_from"])
    facts["import_id"] = uuid.UUID(facts["import_id"]) if facts["import_id"] else None
    facts["geometry"] = shapely.from_wkb(facts["geometry"]) if facts["geometry"] else None
    return Area(**facts)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
