"""What a file gives back: its refused rows as a file to mend and send again, and its report."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import orjson
import shapely
import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.sources import Plain, Sheet, open_source
from inspections.errors import NotFound
from inspections.imports import staging
from inspections.imports.batches import path_of, report_path
from inspections.imports.jobs import head_of
from inspections.imports.reports import Say, written
from inspections.imports.tables import cell_at
from inspections.models import ImportBatch, ImportMessage
from inspections.terms import ImportState, MessageLevel

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_NAME = 31  # of a sheet, in a workbook
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))


@dataclass(frozen=True)
class Words:
    """Headings of the columns that are added; the importer knows them and leaves them out."""

    reason: str
    sheet: str
    row: str


@dataclass(frozen=True)
class Mending:
    """A file to mend: its name, its kind, its bytes."""

    name: str
    media_type: str
    data: bytes


def refused_rows(session: Session, folder: Path, batch: ImportBatch, say: Say, words: Words) -> Mending:
    """The refused rows of a file with the reason beside each: a workbook, or GeoJSON where rows have shapes.

    Raises
    ------
    NotFound
        None was refused.
    FileGone
        The file itself is not there any more.
    """
    reasons = _reasons(session, batch, say)
    if not reasons:
        raise NotFound
    stem = PurePath(batch.file_name).stem
    with open_source(path_of(folder, batch), name=batch.file_name) as source:
        sheets = [sheet for sheet in source.sheets if any(name == sheet.name[:100] for name, _ in reasons)]
        if any(sheet.has_geometry for sheet in sheets):
            data = _collection(sheets, reasons, words)
            return Mending(f"{stem}-refused.geojson", "application/geo+json", data)
        return Mending(f"{stem}-refused.xlsx", XLSX, _workbook(sheets, reasons, batch, words))


def report_of(session: Session, folder: Path, batch: ImportBatch, say: Say) -> bytes:
    """The report of a file: as it was kept when it was applied, else as it stands now."""
    path = report_path(folder, batch)
    if batch.state in (ImportState.APPLIED, ImportState.UNDONE) and path.exists():
        return path.read_bytes()
    messages = list(staging.list_messages(session, batch.id))
    return written(head_of(batch), staging.tally_of(session, batch.id), messages, say)


Reasons = Mapping[tuple[str, int], str]


def _reasons(session: Session, batch: ImportBatch, say: Say) -> Reasons:
    """Why each refused row is refused, by its sheet and number."""
    query = (
        select(ImportMessage)
        .where(ImportMessage.batch_id == batch.id, ImportMessage.level == MessageLevel.ERROR)
        .where(ImportMessage.position > 0)
        .order_by(ImportMessage.position, ImportMessage.pk)
    )
    found: dict[tuple[str, int], str] = {}
    for kept in session.scalars(query):
        message = staging.message_of(kept)
        key = (kept.sheet, kept.number or 0)
        where = f"{kept.column}: " if kept.column else ""
        found[key] = " ".join(part for part in (found.get(key), where + say(message.error)) if part)
    return found


def _refused_of(sheet: Sheet, reasons: Reasons) -> Iterator[tuple[int, Sequence[Plain], Any]]:
    """The refused rows of a sheet: number, values, geometry."""
    for batch in sheet.batches():
        shapes = batch.geometries if batch.geometries is not None else [None] * len(batch.rows)
        for number, row, shape in zip(batch.numbers, batch.rows, shapes, strict=True):
            if (sheet.name[:100], number) in reasons:
                yield number, row, shape


def _workbook(sheets: Sequence[Sheet], reasons: Reasons, batch: ImportBatch, words: Words) -> bytes:
    out = io.BytesIO()
    shown = {said["name"]: said for said in batch.found.get("sheets", ())}
    # Text stays text: what begins like a formula or an address is neither
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as workbook:
        bold, wrapped = workbook.add_format({"bold": True}), workbook.add_format({"text_wrap": True})
        names: set[str] = set()
        for sheet in sheets:
            page = workbook.add_worksheet(_sheet_name(sheet.name, names))
            headings = [column["heading"] for column in shown.get(sheet.name, {}).get("columns", ())]
            page.write_row(0, 0, [*headings, words.reason, words.row], bold)
            page.freeze_panes(1, 0)
            page.set_column(0, max(len(headings) - 1, 0), 14)
            page.set_column(len(headings), len(headings), 60, wrapped)
            for line, (number, row, _shape) in enumerate(_refused_of(sheet, reasons), start=1):
                for column in range(len(headings)):
                    value = cell_at(row, column)
                    if isinstance(value, str):
                        page.write_string(line, column, value)
                    elif value is not None:
                        page.write_number(line, column, value)
                page.write_string(line, len(headings), reasons[sheet.name[:100], number])
                page.write_number(line, len(headings) + 1, number)
    return out.getvalue()


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that a workbook takes, each once."""
    base = name.translate(_FORBIDDEN).strip("'")[: _LONGEST_NAME - 4] or "Sheet1"
    unique, count = base, 2
    while unique.lower() in taken:
        unique, count = f"{base} {count}", count + 1
    taken.add(unique.lower())
    return unique


def _collection(sheets: Sequence[Sheet], reasons: Reasons, words: Words) -> bytes:
    """The refused features as they stand in the file, in its own coordinate system."""
    features = []
    for sheet in sheets:
        for number, row, shape in _refused_of(sheet, reasons):
            properties = dict(zip(sheet.columns or (), row, strict=False))
            properties |= {words.reason: reasons[sheet.name[:100], number], words.row: number}
            geometry = None if shape is None else json.loads(shapely.to_geojson(shape))
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    crs = next((sheet.crs for sheet in sheets if sheet.crs), None)
    if crs:
        collection["crs"] = {"type": "name", "properties": {"name": crs}}
    return orjson.dumps(collection)
