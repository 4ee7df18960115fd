"""One row of a register of sites: its cells read into facts, as a form's fields are.

What cannot be taken is raised with its field; what somebody should look at is said on the row.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from geo.shapes import MU_M2
from geo.sources import Plain
from inspections import terms
from inspections.errors import InspectionError, Invalid
from inspections.imports.cells import read_area_m2, read_text, require_whole
from inspections.imports.places import Position
from inspections.imports.rows import CheckedRow
from inspections.imports.tables import Table
from inspections.sites.attributes import ATTRIBUTES
from inspections.sites.rules import SiteFacts
from inspections.terms import Kind, SiteStatus
from inspections.typed import clean_text

AREA_UNITS = {"area_mu": "亩", "area_m2": "m2", "area_ha": "公顷", "area": ""}
# Which fields of the file a fact may have been read from, the first that is there
_FIELDS_OF = {
    "area_reported_mu": tuple(AREA_UNITS),
    "geometry": ("shape", "lon", "x", "position"),
    "position": ("shape", "lon", "x", "position"),
    "body_id": ("body",),
    "operator_name": ("operator_phone",),
    "township": ("township", "township_code"),
}
_YES = frozenset({"是", "有", "yes", "true", "1", "√"})
_NO = frozenset({"否", "无", "no", "false", "0", "×"})


class UnknownWord(Invalid):
    """A word that a list of codes does not hold, in any language."""

    code = "import.unknown_word"
    message = "“{said}” is not known here. Write one of: {choices}."


class AreaAbout(InspectionError):
    """An area that was said to be about so much."""

    code = "import.about"
    message = "“{said}” was taken as {area_mu} mu."


class UnitMissing(InspectionError):
    """An area without a unit, in the heading or in the cell."""

    code = "import.unit_missing"
    message = (
        "The area {said} has no unit and was left out. Write it like 3.5亩, or put 亩 or ㎡ into the heading."
    )


class BodyUnknown(InspectionError):
    """A lead body that is not among the bodies."""

    code = "import.body_unknown"
    message = "There is no body called “{said}”. It was left out; an administrator adds bodies."


class RowReader:
    """The cells of one row by the fields of its table."""

    __slots__ = ("_cells", "_fields", "_table")

    def __init__(self, table: Table, fields: Mapping[str, int], cells: Sequence[Plain]) -> None:
        self._table, self._fields, self._cells = table, fields, cells

    def value(self, field: str) -> Plain:
        """What stands in a field's cell, or nothing."""
        index = self._fields.get(field)
        return None if index is None or index >= len(self._cells) else self._cells[index]

    def text(self, field: str) -> str:
        """A field as text; raises `CellError`, with the field, for a spreadsheet's error."""
        value = self.value(field)
        if value is None:
            return ""
        try:
            return read_text(value)
        except Invalid as error:
            error.field = field
            raise

    def code(self, field: str) -> str:
        """A number or code as text; raises `CodeCut`, with the field, where its last digits are lost."""
        try:
            require_whole(self.value(field))
        except Invalid as error:
            error.field = field
            raise
        return self.text(field)

    def named(self, fact: str) -> tuple[str, Plain]:
        """The heading and the cell a fact was read from, for a message."""
        names = (fact, *_FIELDS_OF.get(fact, ()))
        field = next((name for name in names if name in self._fields), "")
        return (self._table.heading_of(field) if field else ""), self.value(field)

    @property
    def attributes(self) -> list[str]:
        """The fields that only a kind has."""
        return [field for field in self._fields if field.startswith("attr_")]


def read_facts(
    row: CheckedRow,
    reader: RowReader,
    position: Position,
    *,
    kind: Kind,
    reference: str,
    bodies: Mapping[str, uuid.UUID],
) -> SiteFacts:
    """The facts of a row, not yet checked; `reference` is what it is called at its source.

    Raises
    ------
    Invalid
        With its field.
    """
    accuracy = reader.value("loc_accuracy_m")
    texts = ("name", "village_group", "township_reason", "remark")
    return SiteFacts(
        kind=kind,
        geometry=position.geometry,
        subtype=read_word(reader, "subtype", f"{kind}_subtype", terms.subtypes(kind)),
        loc_method=read_word(reader, "loc_method", "loc_method") or "import",
        loc_accuracy_m=position.accuracy_m if accuracy is None else accuracy,  # type: ignore[arg-type]
        loc_datum=position.datum,
        loc_raw=position.raw,
        area_reported_mu=_area_mu(row, reader),
        operator_name=reader.text("operator_name") or None,
        operator_phone=reader.code("operator_phone"),
        operator_type=read_word(reader, "operator_type", "operator_type"),
        body_id=_body(row, reader, bodies),
        source=read_word(reader, "source", "origin"),
        source_ref=reference,
        attrs={field[5:]: _attribute(reader, field, kind) for field in reader.attributes},
        **{field: reader.text(field) for field in texts},
    )


def read_status(reader: RowReader) -> SiteStatus:
    """A row of our own export may say that its site is a draft; every other becomes active."""
    said = clean_text(reader.text("status"))
    return SiteStatus.DRAFT if said and code_of("site_status", said) == "draft" else SiteStatus.ACTIVE


def code_of(list_name: str, said: str, codes: Sequence[str] = ()) -> str | None:
    """The code of a word in either language, or None."""
    said = said.lower()
    for code in codes or terms.codes(list_name):
        if said in (code, *(terms.label(list_name, code, lang).lower() for lang in ("zh", "en"))):
            return code
    return None


def read_word(reader: RowReader, field: str, list_name: str, codes: Sequence[str] = ()) -> str:
    """The code of a word written as code or label; raises `UnknownWord`."""
    said = clean_text(reader.text(field))
    if not said:
        return ""
    code = code_of(list_name, said, codes)
    if code is None:
        choices = "、".join(terms.label(list_name, one) for one in codes or terms.codes(list_name))
        raise UnknownWord(said=said[:40], choices=choices, field=field)
    return code


def _attribute(reader: RowReader, field: str, kind: Kind) -> Any:
    """An attribute of the kind: choices by code or label, yes and no in words, the rest as it stands."""
    attribute = next(one for one in ATTRIBUTES[kind] if one.key == field[5:])
    text = clean_text(reader.text(field))
    if attribute.form == "yes_no" and text:
        if text.lower() in _YES | _NO:
            return text.lower() in _YES
        raise UnknownWord(said=text[:40], choices="是、否", field=field)
    if attribute.form == "choice" and text:
        return read_word(reader, field, attribute.choices, attribute.codes)
    if attribute.form in ("number", "whole"):
        return text.removesuffix("年") if attribute.key == "design_year" else text
    return text


def _area_mu(row: CheckedRow, reader: RowReader) -> float | None:
    """The reported area from whichever column gives it, in 亩."""
    for field, unit in AREA_UNITS.items():
        value = reader.value(field)
        if value is None:
            continue
        try:
            area_m2, about = read_area_m2(value, unit)
        except Invalid as error:
            error.field = "area_reported_mu"
            raise
        if area_m2 is None:
            continue
        heading, cell = reader.named(field)
        if isnan(area_m2):
            row.warn(UnitMissing(said=str(value)[:40]), heading, cell)
            continue
        area_mu = round(area_m2 / MU_M2, 4)
        if about:
            row.note(AreaAbout(said=str(value)[:40], area_mu=f"{area_mu:.2f}"), heading, cell)
        return area_mu
    return None


def _body(row: CheckedRow, reader: RowReader, bodies: Mapping[str, uuid.UUID]) -> uuid.UUID | None:
    said = clean_text(reader.text("body"))
    if said and said not in bodies:
        row.warn(BodyUnknown(said=said[:40]), *reader.named("body"))
    return bodies.get(said)
