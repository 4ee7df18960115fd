"""A register of sites from a file: checked row by row, then applied in one transaction as active sites.

Headings are known by `import_headings`, positions read by `import_places`, townships found by
`import_townships`, doubles by `import_duplicates`; the facts themselves are checked as those of a form are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from geo.errors import GeoError
from geo.shapes import MU_M2, geodesic_area_m2, representative_point
from inspections import terms
from inspections.errors import InspectionError, Invalid, InvalidFields
from inspections.imports import ColumnsMissing, Report, match_columns, record_batch, require_new_file
from inspections.imports.batches import NewSite, add_sites
from inspections.imports.duplicates import Duplicates
from inspections.imports.headings import SITE_HEADINGS, find_site_field
from inspections.imports.layers import Layer
from inspections.imports.places import Position, position_column, read_positions
from inspections.imports.townships import Said, Townships
from inspections.models import ImportBatch
from inspections.permissions import Actor, in_scope, require
from inspections.sites.rules import SiteFacts, check_facts
from inspections.sites.warnings import AREA_DIFFERS, ReportedAreaDiffers
from inspections.typed import clean_text, read_number

_DATUMS = {"GCJ02": "gcj02", "BD09": "bd09", "EPSG:4326": "wgs84"}
_DERIVED = frozenset(
    {"kind", "status", "state", "area_m2"}
)  # columns of our own exports that are not taken back


class OutsideYourScope(Invalid):
    """A row in an area or of a kind that the officer does not answer for."""

    code = "import.outside_scope"
    message = "The place lies outside what you answer for. An officer in charge there has to import it."
    field = "position"


class UnknownSubtype(Invalid):
    """A subtype in no language."""

    code = "import.unknown_subtype"
    message = "“{said}” is no subtype of this kind. Write one of: {choices}."
    field = "subtype"


@dataclass(frozen=True)
class CheckedSites:
    """What `apply_sites` takes."""

    report: Report
    kind: str
    sites: list[NewSite]


def check_sites(session: Session, layer: Layer, kind: str, *, file_name: str, by: Actor) -> CheckedSites:
    """Read a register of one kind and tell what would come of each row; nothing is written.

    Raises
    ------
    AlreadyImported, ColumnsMissing, NoCounty, GeoError
        The whole file cannot be used.
    """
    require(by, "site.import")
    require_new_file(session, "sites", layer.sha256)
    report = Report.of(file_name, layer)
    columns = match_columns(report, layer.columns, lambda heading: find_site_field(heading, kind), _DERIVED)
    if "name" not in columns:
        raise ColumnsMissing(wanted="name", names=", ".join(SITE_HEADINGS["name"][:5]))
    townships = Townships(session, report)
    positions = read_positions(report, layer, columns, townships.box)
    columns = columns | {"position": position_column(layer, columns)}
    facts = _read_facts(report, layer, columns, positions, kind)
    sites = _place(report, facts, townships, columns, by)
    _warn_of_doubles(session, report, sites, kind, by, townships.box)
    report.accepted = len(sites)
    return CheckedSites(report, kind, sites)


def apply_sites(
    session: Session, checked: CheckedSites, *, written: bytes, by: Actor, now: datetime
) -> ImportBatch:
    """Take the accepted rows into the register as active sites, each with its entry in the ledger."""
    require(by, "site.import")
    batch = record_batch(session, "sites", checked.report, written, by=by, now=now)
    add_sites(session, checked.sites, batch, by=by, now=now)
    return batch


def _read_facts(
    report: Report, layer: Layer, columns: Mapping[str, str], positions: Sequence[Position], kind: str
) -> list[tuple[int, SiteFacts, Said]]:
    """The facts of every row that can be taken, with what it says of its township and village."""
    datum = _DATUMS.get(layer.declared_crs or "", "cgcs2000")
    found = []
    for number, values, position in zip(layer.row_numbers, layer.rows, positions, strict=True):
        if position.error is not None:
            report.refuse(number, position.error, columns["position"])
            continue
        said = {name: values.get(column) for name, column in columns.items()}
        try:
            facts = check_facts(_facts(said, position, kind, datum))
        except InvalidFields as refusal:
            for field, error in refusal.problems.items():
                report.refuse(number, error, columns.get(_COLUMNS_OF.get(field, field), field))
        except (Invalid, GeoError) as error:
            field = error.field or ""
            report.refuse(number, error, columns.get(_COLUMNS_OF.get(field, field), field or None))
        else:
            _warn_of_area(report, number, facts, columns)
            words = (clean_text(str(said.get(name) or "")) for name in ("township", "village"))
            found.append((number, facts, Said(*words)))
    return found


# Which column a field of the facts was read from
_COLUMNS_OF = {"area_reported_mu": "area_mu", "geometry": "position"}


def _facts(said: Mapping[str, Any], position: Position, kind: str, datum: str) -> SiteFacts:
    def text(name: str) -> str:
        value = said.get(name)
        return "" if value is None else str(value)

    return SiteFacts(
        kind=kind,
        name=text("name"),
        geometry=position.geometry,
        subtype=_subtype(clean_text(text("subtype")), kind),
        village_group=text("village_group"),
        loc_method="import",
        loc_datum=datum,
        loc_raw=position.raw,
        area_reported_mu=_area_mu(said),
        operator_name=text("operator_name") or None,
        operator_phone=text("operator_phone"),
        source_ref=text("source_ref"),
        remark=text("remark"),
        attrs={name[5:]: value for name, value in said.items() if name.startswith("attr_")},
    )


def _subtype(said: str, kind: str) -> str:
    """The code of a subtype written as code or label."""
    if not said:
        return ""
    for code in terms.subtypes(kind):
        labels = (code, *(terms.label(f"{kind}_subtype", code, lang) for lang in ("zh", "en")))
        if said.lower() in (label.lower() for label in labels):
            return code
    choices = "、".join(terms.label(f"{kind}_subtype", code) for code in terms.subtypes(kind))
    raise UnknownSubtype(said=said[:40], choices=choices)


def _area_mu(said: Mapping[str, Any]) -> float | None:
    try:
        area_mu = read_number(said.get("area_mu"))
        if area_mu is None:
            area_m2 = read_number(said.get("area_m2_reported"))
            return None if area_m2 is None else round(area_m2 / MU_M2, 4)
    except Invalid as error:
        error.field = "area_mu"
        raise
    return area_mu


def _warn_of_area(report: Report, number: int, facts: SiteFacts, columns: Mapping[str, str]) -> None:
    reported_mu = facts.area_reported_mu
    if reported_mu is None or not facts.geometry.geom_type.endswith("Polygon"):
        return
    measured_mu = geodesic_area_m2(facts.geometry) / MU_M2
    differs = abs(reported_mu - measured_mu) / measured_mu
    if differs > AREA_DIFFERS:
        said = {"reported_mu": f"{reported_mu:.2f}", "measured_mu": f"{measured_mu:.2f}"}
        report.warn(ReportedAreaDiffers(**said, percent=round(differs * 100)), number, columns.get("area_mu"))


@dataclass(frozen=True)
class _Stand:
    kind: str
    township_code: str
    village_code: str | None


def _place(
    report: Report,
    rows: Sequence[tuple[int, SiteFacts, Said]],
    townships: Townships,
    columns: Mapping[str, str],
    by: Actor,
) -> list[NewSite]:
    placed = townships.place([facts.geometry for _, facts, _ in rows], [said for _, _, said in rows])
    sites = []
    for (number, facts, _), place in zip(rows, placed, strict=True):
        error: InspectionError | GeoError | None = place.error
        stand = _Stand(facts.kind, place.township_code, place.village_code)
        if error is None and by.role != "system" and not in_scope(by, stand):
            error = OutsideYourScope()
        if error is not None:
            report.refuse(number, error, columns.get(error.field or "", columns["position"]))
            continue
        for warning in place.warnings:
            report.warn(warning, number)
        point = representative_point(facts.geometry)
        facts = replace(facts, township_code=place.township_code, village_code=place.village_code)
        sites.append(NewSite(number, facts, round(point.x, 7), round(point.y, 7)))
    return sites


def _warn_of_doubles(
    session: Session,
    report: Report,
    sites: Sequence[NewSite],
    kind: str,
    by: Actor,
    box: tuple[float, float, float, float],
) -> None:
    duplicates = Duplicates(session, kind, by, box)
    rows = [(site.row, site.facts, site.lon, site.lat) for site in sites]
    for row, warnings in duplicates.warnings_of(rows).items():
        for warning in warnings:
            report.warn(warning, row)
