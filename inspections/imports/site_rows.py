"""Checked rows put into the register: sites inserted in bulk or corrected, each with its ledger entry."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from inspections import ledger
from inspections.errors import Conflict
from inspections.imports.site_changes import facts_to_put, merged_facts
from inspections.ledger import Draft
from inspections.models import Counter, ImportBatch, ImportMessage, ImportRow, Operator, Site
from inspections.models.base import many_geometry_columns
from inspections.models.bulk import ids_in_order, insert_rows
from inspections.numbers import site_number, site_series
from inspections.permissions import Actor
from inspections.sites.rows import FACTS, facts_of
from inspections.terms import Kind, MessageLevel, RowOutcome, SiteStatus

_TOLD = ("kind", "status", "number")


class SitesChanged(Conflict):
    """Sites that the file corrects were changed by others since it was checked."""

    code = "import.sites_changed"
    message = "{number} was changed since the file was checked. It is checked again; then apply it."


class SiteWriter:
    """Writes rows of one batch, a few thousand at a time, in the caller's transaction."""

    def __init__(self, session: Session, batch: ImportBatch, *, by: Actor, now: datetime) -> None:
        self._session, self._batch, self._by, self._now = session, batch, by, now
        self._counters: dict[str, Counter] = {}
        self._operators: dict[tuple[str, ...], dict[str, Any]] = {}
        self._corrected: dict[uuid.UUID, set[str]] = {}  # sites, and the facts of them put by earlier rows

    def write(self, rows: Sequence[ImportRow]) -> None:
        """Take rows that are new or correct a site; what was answered about them is taken too."""
        answers = self._answers([row.position for row in rows])
        new = [row for row in rows if row.outcome is RowOutcome.NEW]
        changed = [row for row in rows if row.outcome is RowOutcome.CHANGED]
        self._add([(row, _with_answers(row, answers.get(row.position, ()))) for row in new])
        self._correct([(row, answers.get(row.position, ())) for row in changed])

    def _answers(self, positions: Sequence[int]) -> dict[int, list[ImportMessage]]:
        query = select(ImportMessage).where(
            ImportMessage.batch_id == self._batch.id,
            ImportMessage.position.in_(positions),
            ImportMessage.level == MessageLevel.QUESTION,
        )
        found: dict[int, list[ImportMessage]] = {}
        for message in self._session.scalars(query):
            found.setdefault(message.position, []).append(message)
        return found

    def _add(self, rows: Sequence[tuple[ImportRow, Mapping[str, Any]]]) -> None:
        if not rows:
            return
        known = set(self._operators)
        shapes = shapely.from_wkb([row.shape for row, _facts in rows])
        places = zip(ids_in_order(len(rows)), many_geometry_columns(shapes), strict=True)
        sites = [
            self._site(facts) | {"id": key} | place
            for (_row, facts), (key, place) in zip(rows, places, strict=True)
        ]
        operators = [row for key, row in self._operators.items() if key not in known]
        if operators:
            insert_rows(self._session, Operator.__table__, operators)
        insert_rows(self._session, Site.__table__, sites)
        written = map(orjson.loads, shapely.to_geojson(shapes))
        drafts = (
            self._draft("site.imported", site["id"], self._told(site, row) | {"geometry": shape})
            for (row, _facts), site, shape in zip(rows, sites, written, strict=True)
        )
        ledger.append_many(self._session, drafts)

    def _site(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a new site, without its id and place."""
        kind, status = Kind(facts["kind"]), SiteStatus(facts["status"])
        operator = self._operator(facts["operator"])
        site = {name: facts[name] for name in (*FACTS, "loc_datum", "loc_raw", "lon", "lat")}
        return site | {
            "number": self._number(kind, facts["township_code"], facts["number"]),
            "kind": kind,
            "status": status,
            "body_id": _uuid(facts["body_id"]),
            "operator_id": operator and operator["id"],
            "created_at": self._now,
            "created_by_id": self._by.id,
            "updated_at": self._now,
            "activated_at": self._now if status is SiteStatus.ACTIVE else None,
            "import_id": self._batch.id,
        }

    def _number(self, kind: Kind, township_code: str, wanted: str) -> str:
        """The number the row brings, or the next of its series; what was brought is never given again."""
        series = site_series(kind, township_code)
        counter = self._counters.get(series)
        if counter is None:
            counter = self._session.get(Counter, series, with_for_update=True)
            counter = counter or Counter(series=series, last=0)
            self._session.add(counter)
            self._counters[series] = counter
        if wanted:
            counter.last = max(counter.last, int(wanted.rsplit("-", 1)[1]))
            return wanted
        counter.last += 1
        return site_number(kind, township_code, counter.last)

    def _operator(self, said: Sequence[str] | None) -> dict[str, Any] | None:
        """One operator for each name, type and telephone number of the file."""
        if not said:
            return None
        key = tuple(said)
        if key not in self._operators:
            name, type_, phone = said
            row = {"id": uuid.uuid4(), "name": name, "type": type_, "phone": phone}
            self._operators[key] = {**row, "salt": secrets.token_bytes(32)}
        return self._operators[key]

    def _told(self, site: Mapping[str, Any], row: ImportRow) -> dict[str, Any]:
        """What the ledger keeps of a new site beside its shape; restricted text sealed."""
        facts = {name: site[name] for name in FACTS}
        facts["body_id"] = str(site["body_id"]) if site["body_id"] else None
        facts |= {name: str(site[name]) for name in _TOLD}
        facts |= {"raw": site["loc_raw"], "datum": site["loc_datum"], "version": 1}
        facts |= {"batch": str(self._batch.id), "row": row.number}
        operator = self._operators.get(tuple(row.facts["operator"] or ()))
        facts["operator"] = operator and [
            ledger.seal(operator["salt"], text) for text in (operator["name"], operator["phone"])
        ]
        return facts

    def _correct(self, rows: Sequence[tuple[ImportRow, Sequence[ImportMessage]]]) -> None:
        if not rows:
            return
        wanted = {row.pk: _site_of(row, messages) for row, messages in rows}
        query = select(Site).options(joinedload(Site.operator))
        ids = {site_id for site_id, _version in wanted.values()}
        sites = {site.id: site for site in self._session.scalars(query.where(Site.id.in_(ids)))}
        drafts = []
        for row, messages in rows:
            site_id, version = wanted[row.pk]
            site = sites.get(site_id)
            if site is None or (site.row_version != version and site_id not in self._corrected):
                raise SitesChanged(number=site.number if site else "")
            before = facts_of(site)
            with self._session.no_autoflush:  # one change, one version
                row.before = self._change(site, row, _with_answers(row, messages))
            self._session.flush()
            row.site_id, row.site_version = site.id, site.row_version
            drafts.append(self._draft("site.corrected", site.id, self._difference(site, before, row)))
        self._session.flush()
        ledger.append_many(self._session, drafts)

    def _change(self, site: Site, row: ImportRow, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Put what the row says into the site; returns what stood there before, for undoing."""
        shape = shapely.from_wkb(row.shape)
        changed = facts.get("changed") or merged_facts(site, facts, shape)
        put = facts_to_put(site, facts, changed)
        before: dict[str, Any] = {name: _plain(getattr(site, name)) for name in put}
        if "body_id" in put:
            put["body_id"] = _uuid(put["body_id"])
        if "geometry" in changed:
            before["geometry"] = shapely.to_wkb(site.geometry, hex=True)
            site.geometry = shape
        if "operator" in changed:
            before["operator_id"] = _plain(site.operator_id)
            said = self._operator(facts["operator"])
            if said is not None:
                site.operator = self._session.get(Operator, said["id"]) or Operator(**said)
        for name, value in put.items():
            setattr(site, name, SiteStatus(value) if name == "status" else value)
        site.updated_at = self._now
        # Undoing puts back what stood there before the first of the rows that change it
        earlier = self._corrected.setdefault(site.id, set())
        kept = {name: value for name, value in before.items() if name not in earlier}
        earlier.update(before)
        return kept

    def _difference(self, site: Site, before: Mapping[str, Any], row: ImportRow) -> dict[str, Any]:
        after = facts_of(site)
        changed = [name for name in after if after[name] != before.get(name)]
        told: dict[str, Any] = {"before": {name: before.get(name) for name in changed}}
        told["after"] = {name: after[name] for name in changed}
        return told | {"version": site.row_version, "batch": str(self._batch.id), "row": row.number}

    def _draft(self, action: str, site_id: uuid.UUID, facts: Mapping[str, Any]) -> Draft:
        by = self._by
        return Draft(
            self._now, action, "site", str(site_id), by.id, by.name, by.role, facts, site_id, by.address
        )


def _with_answers(row: ImportRow, messages: Sequence[ImportMessage]) -> Mapping[str, Any]:
    """The facts of a row, with the township that somebody chose."""
    chosen = next(
        (
            one.answer
            for one in messages
            if one.code in ("import.near_township_line", "import.township_needed") and one.answer != "holder"
        ),
        None,
    )
    if not chosen or chosen == row.facts["township_code"]:
        return row.facts
    village = row.facts["village_code"] or ""
    return {
        **row.facts,
        "township_code": chosen,
        "village_code": village if village[:9] == chosen[:9] else None,
    }


def _site_of(row: ImportRow, messages: Sequence[ImportMessage]) -> tuple[uuid.UUID, int]:
    """The site that a row corrects: by its number, or as somebody answered."""
    if row.site_id is not None and row.site_version is not None:
        return row.site_id, row.site_version
    said = next(one for one in messages if one.answer == "change")
    return uuid.UUID(said.facts["site_id"]), said.facts["version"]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else getattr(value, "value", value)


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None
