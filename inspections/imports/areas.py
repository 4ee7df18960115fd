"""Areas from a file: county, townships and villages, checked row by row, then applied in one transaction.

A newer boundary ends the older row and never moves a site; how many sites would lie in another township by
the new lines is said. Only one county is kept: rows of others in the file are passed over with a note.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.areas import NOWHERE, AreaIndex
from geo.errors import GeoError
from inspections import ledger
from inspections.areas import find_county
from inspections.deadlines import beijing_day
from inspections.errors import Conflict, InspectionError, Invalid
from inspections.imports import (
    ColumnsMissing,
    Report,
    batch_facts,
    match_columns,
    record_batch,
    require_new_file,
)
from inspections.imports.area_rows import AreaRow, CodeTwice, area_code, county_digits, read_row
from inspections.imports.area_shapes import (
    overlaps,
    reaches_out_m,
)
from inspections.imports.headings import AREA_HEADINGS, find_area_field
from inspections.imports.layers import Layer
from inspections.ledger import Draft
from inspections.models import Area, ImportBatch, Site
from inspections.permissions import Actor, require
from inspections.terms import AreaLevel, SiteStatus
from inspections.typed import clean_text

TOLERANCE_M = 50.0
MOST_OVERLAP = 0.001
_ORDER = {AreaLevel.COUNTY: 0, AreaLevel.TOWNSHIP: 1, AreaLevel.VILLAGE: 2}
_SAME_M_DEG = 1e-7


class NoCountyNamed(Invalid):
    """Several counties, and nothing says which is ours."""

    code = "area.county_not_named"
    message = 'The file holds {count} counties. Name yours in the county profile: [county] code = "{example}"'
    field = "file"


class CountyDiffers(Conflict):
    """The profile names another county than the database holds."""

    code = "area.county_differs"
    message = "The county profile names {code}, this database holds {name} {held}. Use another database."


class AnotherCountysRow(InspectionError):
    """A row outside the one county kept here."""

    code = "area.another_county"
    message = "{name} {code} is not of the county {county} and was passed over."


class ParentMissing(Invalid):
    """The area above is neither in the file nor in the database."""

    code = "area.parent_missing"
    message = "The area above, {parent}, is not there. Add it to the file, or import it first."


class ReachesOut(InspectionError):
    """An area that lies partly outside the one above."""

    code = "area.reaches_out"
    message = "{name} reaches {distance_m} m beyond {parent}. Compare both boundaries."


class SiblingsOverlap(InspectionError):
    """Two areas of one level share ground."""

    code = "area.siblings_overlap"
    message = (
        "{name} and {other} overlap by {percent} %. A place there counts for the one with the lower code."
    )


class AreaUnchanged(InspectionError):
    """A row that says what the database says."""

    code = "area.unchanged"
    message = "{name} is as it was. Nothing will change."


class SitesDiffer(InspectionError):
    """Sites that lie in another township by the new boundaries."""

    code = "area.sites_differ"
    message = (
        "{count} sites lie in another township by the new boundaries. None is moved; correct them one by one."
    )


@dataclass
class CheckedAreas:
    """What `apply_areas` takes."""

    report: Report
    rows: list[AreaRow]


def check_areas(
    session: Session, layer: Layer, *, file_name: str, by: Actor, county_code: str = ""
) -> CheckedAreas:
    """Read areas from a layer and tell what would come of them; nothing is written.

    Parameters
    ----------
    county_code : str
        The county kept here, from the profile; else the database's, else the only one in the file.

    Raises
    ------
    AlreadyImported, ColumnsMissing, NoCountyNamed, CountyDiffers
        The whole file cannot be used.
    """
    require(by, "area.import")
    require_new_file(session, "areas", layer.sha256)
    report = Report.of(file_name, layer)
    columns = match_columns(report, layer.columns, find_area_field)
    for needed in ("code", "name"):
        if needed not in columns:
            raise ColumnsMissing(wanted=needed, names=", ".join(AREA_HEADINGS[needed]))
    county = _our_county(session, layer, columns, county_code)
    rows = _read_rows(report, layer, columns, county)
    held = _held(session)
    rows = _with_parents(report, rows, held)
    _compare(report, rows, held)
    _count_differing_sites(session, report, rows, held)
    report.accepted = len(rows)
    return CheckedAreas(report, rows)


def apply_areas(
    session: Session, checked: CheckedAreas, *, written: bytes, by: Actor, now: datetime
) -> ImportBatch:
    """Take the accepted rows; a changed area ends the older row today."""
    require(by, "area.import")
    batch = record_batch(session, "areas", checked.report, written, by=by, now=now)
    held = _held(session)
    drafts = [
        _draft(by, now, "areas.imported", "import", str(batch.id), batch_facts(batch)),
    ]
    for row in sorted(checked.rows, key=lambda area: _ORDER[area.level]):
        before = held.get(row.code)
        if before is None or not _same(before, row):
            _put(session, row, before, now)
            facts = {"code": row.code, "level": row.level.value, "name": row.name, "batch": str(batch.id)}
            facts["geometry_sha256"] = row.geometry and ledger.seal(b"", shapely.to_wkb(row.geometry))
            facts["replaces"] = before is not None
            drafts.append(_draft(by, now, "area.imported", "area", row.code, facts))
    session.flush()
    ledger.append_many(session, drafts)
    return batch


def _our_county(session: Session, layer: Layer, columns: Mapping[str, str], wanted: str) -> str:
    """The twelve digits of the county whose rows are kept."""
    held = find_county(session)
    if wanted:
        wanted = area_code(wanted)
    if held is not None and wanted and held.code != wanted:
        raise CountyDiffers(code=wanted, name=held.name, held=held.code)
    if wanted or held is not None:
        return wanted or held.code  # type: ignore[union-attr]
    codes = {county_digits(row.get(columns["code"])) for row in layer.rows} - {""}
    if len(codes) > 1:
        raise NoCountyNamed(count=len(codes), example=min(codes))
    return area_code(codes.pop()) if codes else ""


def _read_rows(report: Report, layer: Layer, columns: Mapping[str, str], county: str) -> list[AreaRow]:
    rows: dict[str, AreaRow] = {}
    geometries = layer.lonlat() or [None] * len(layer.rows)
    for number, values, geometry in zip(layer.row_numbers, layer.rows, geometries, strict=True):
        said = {name: values.get(column) for name, column in columns.items()}
        try:
            code = area_code(said["code"])
            if code[:6] != county[:6]:
                name = clean_text(str(said["name"] or ""))
                report.note(AnotherCountysRow(name=name, code=code, county=county), number)
                continue
            if code in rows:
                raise CodeTwice(code=code, other=rows[code].row, field="code")
            rows[code] = read_row(report, number, code, said, geometry)
        except (InspectionError, GeoError) as error:
            field = error.field or "code"
            report.refuse(number, error, columns.get(field, field))
    return list(rows.values())


def _held(session: Session) -> dict[str, Area]:
    return {area.code: area for area in session.scalars(select(Area).where(Area.valid_to.is_(None)))}


def _with_parents(report: Report, rows: list[AreaRow], held: Mapping[str, Area]) -> list[AreaRow]:
    """Keep the rows whose area above is in the file, itself accepted, or in the database."""
    kept: dict[str, AreaRow] = {}
    for row in sorted(rows, key=lambda area: (_ORDER[area.level], area.row)):
        parent = row.parent_code
        if parent is None or parent in kept or parent in held:
            kept[row.code] = row
        else:
            report.refuse(row.row, ParentMissing(parent=parent), "code")
    return list(kept.values())


def _compare(report: Report, rows: list[AreaRow], held: Mapping[str, Area]) -> None:
    """Warn of what does not fit with the areas above and beside."""
    known: dict[str, AreaRow | Area] = {**held, **{row.code: row for row in rows}}
    new = {row.code for row in rows}
    for row in rows:
        if row.code in held and _same(held[row.code], row):
            report.note(AreaUnchanged(name=row.name), row.row)
        above = known.get(row.parent_code or "")
        if row.geometry is not None and above is not None and above.geometry is not None:
            out_m = reaches_out_m(row.geometry, above.geometry, TOLERANCE_M)
            if out_m:
                facts = {"name": row.name, "parent": above.name, "distance_m": round(out_m)}
                report.warn(ReachesOut(**facts), row.row)
    for level in (AreaLevel.TOWNSHIP, AreaLevel.VILLAGE):
        areas = sorted((area for area in known.values() if area.level is level), key=lambda area: area.code)
        areas = [area for area in areas if area.geometry is not None]
        for first, second, share in overlaps([area.geometry for area in areas], MOST_OVERLAP):
            one, other = areas[first], areas[second]
            one, other = (one, other) if one.code in new else (other, one)
            if isinstance(one, AreaRow):
                percent = f"{share * 100:.1f}"
                report.warn(SiblingsOverlap(name=one.name, other=other.name, percent=percent), one.row)


def _count_differing_sites(
    session: Session, report: Report, rows: list[AreaRow], held: Mapping[str, Area]
) -> None:
    known = {**held, **{row.code: row for row in rows}}
    townships = [
        area for area in known.values() if area.level is AreaLevel.TOWNSHIP and area.geometry is not None
    ]
    if not townships or not any(row.level is AreaLevel.TOWNSHIP for row in rows):
        return
    query = select(Site.lon, Site.lat, Site.township_code)
    sites = session.execute(query.where(Site.status.in_((SiteStatus.DRAFT, SiteStatus.ACTIVE)))).all()
    index = AreaIndex([area.code for area in townships], [area.geometry for area in townships])
    found = index.locate(np.array([site.lon for site in sites]), np.array([site.lat for site in sites]))
    count = sum(
        at != NOWHERE and index.codes[at] != site.township_code for at, site in zip(found, sites, strict=True)
    )
    if count:
        report.warn(SitesDiffer(count=count))


def _same(before: Area, row: AreaRow) -> bool:
    if (before.name, before.category) != (row.name, row.category):
        return False
    if before.geometry is None or row.geometry is None:
        return before.geometry is row.geometry and shapely.equals_exact(
            shapely.Point(before.lon, before.lat), row.point, _SAME_M_DEG
        )
    return bool(shapely.equals_exact(before.geometry, row.geometry, _SAME_M_DEG))


def _put(session: Session, row: AreaRow, before: Area | None, now: datetime) -> None:
    """Add the row; the older one ends today, or gives way where it began today."""
    today = beijing_day(now)
    if before is not None and before.valid_from >= today:
        session.delete(before)
        session.flush()
    elif before is not None:
        before.valid_to = today
    session.add(
        Area(
            id=uuid.uuid4(),
            code=row.code,
            level=row.level,
            name=row.name,
            name_en=row.name_en,
            category=row.category,
            parent_code=row.parent_code,
            geometry=row.geometry,
            lon=round(row.point.x, 7),
            lat=round(row.point.y, 7),
            valid_from=today,
            source=row.source,
        )
    )


def _draft(by: Actor, now: datetime, action: str, subject: str, key: str, facts: Mapping[str, Any]) -> Draft:
    return Draft(now, action, subject, key, by.id, by.name, by.role, facts, None, by.address)
