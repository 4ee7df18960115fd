"""The register written to files: GeoJSON for other programs, CSV for people.

What officers wrote may begin with a sign that a spreadsheet runs as a formula: an apostrophe goes before it.
Operators' names and telephone numbers are restricted and are not written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from geo.shapes import MU_M2
from geo.writers.geojson import write_geojson
from inspections import ledger
from inspections.areas import area_names, find_county
from inspections.errors import Invalid
from inspections.map_states import state_column
from inspections.models import Site
from inspections.permissions import Actor, is_county, is_township, site_filter
from inspections.terms import SiteStatus, label

WRITTEN = (SiteStatus.DRAFT, SiteStatus.ACTIVE)
PROPERTIES = ("id", "number", "name", "kind", "subtype", "status", "state", "township", "village", "area_m2")
CSV_HEADINGS = (
    "编号", "名称", "类别", "子类", "状态", "整改状态", "乡镇", "村", "经度", "纬度", "面积(㎡)", "面积(亩)",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UnknownEnding(Invalid):
    """A file whose ending is none of the formats."""

    code = "export.unknown_ending"
    message = "Files like {name} cannot be written. Use .geojson or .csv"


def write_sites(
    session: Session,
    path: Path,
    *,
    kind: str,
    area: str,
    by: Actor,
    now: datetime,
) -> int:
    """Write draft and active sites in scope to a file by its ending, and note it in the ledger.

    Returns
    -------
    int
        How many sites were written. The file appears whole or not at all.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UnknownEnding(name=path.name)
    rows = _rows(session, kind, area, by, now)
    part = path.with_name(path.name + ".part")
    names = area_names(session) | ({county.code: county.name} if (county := find_county(session)) else {})
    part.write_bytes(writer(rows, names))
    facts = {"file_name": path.name, "kind": kind, "area": area, "rows": len(rows)}
    ledger.append(session, by, "sites.exported", "export", path.name[:40], at=now, facts=facts)
    part.replace(path)
    return len(rows)


def _rows(session: Session, kind: str, area: str, by: Actor, now: datetime) -> Sequence[Row]:
    columns = (Site.id, Site.number, Site.name, Site.kind, Site.subtype, Site.status, Site.township_code)
    query = select(
        *columns,
        Site.village_code,
        Site.lon,
        Site.lat,
        Site.area_m2,
        Site.geometry,
        state_column(now).label("state"),
    )
    query = query.where(Site.status.in_(WRITTEN), site_filter(by)).order_by(Site.number)
    if kind:
        query = query.where(Site.kind == kind)
    if area and not is_county(area := area.ljust(12, "0")):
        held_by = Site.township_code if is_township(area) else Site.village_code
        query = query.where(held_by == area)
    return session.execute(query).all()


def _geojson(rows: Sequence[Row], names: Mapping[str, str]) -> bytes:
    def features() -> Iterator[tuple[Any, dict[str, Any]]]:
        for row in rows:
            facts = {"township": _name(names, row.township_code), "village": _name(names, row.village_code)}
            facts |= {"kind": row.kind.value, "status": row.status.value}
            yield row.geometry, {key: facts.get(key, getattr(row, key, None)) for key in PROPERTIES}

    return write_geojson(features())


def _csv(rows: Sequence[Row], names: Mapping[str, str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_HEADINGS)
    for row in rows:
        words = (
            row.number,
            row.name,
            label("site_kind", row.kind),
            label(f"{row.kind}_subtype", row.subtype),
        )
        words += (label("site_status", row.status), label("map_state", row.state))
        words += (_name(names, row.township_code), _name(names, row.village_code))
        area = ("", "") if row.area_m2 is None else (f"{row.area_m2:.2f}", f"{row.area_m2 / MU_M2:.2f}")
        writer.writerow([*map(_defused, words), f"{row.lon:.7f}", f"{row.lat:.7f}", *area])
    return text.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _name(names: Mapping[str, str], code: str | None) -> str:
    return names.get(code, code) if code else ""


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


_WRITERS: Mapping[str, Callable[[Sequence[Row], Mapping[str, str]], bytes]] = {
    ".geojson": _geojson,
    ".csv": _csv,
}
