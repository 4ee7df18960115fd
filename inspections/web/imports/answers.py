"""What a person says about a file as a whole, read from the forms of its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from geo.crs import parse_crs
from inspections.errors import Invalid
from inspections.imports.answers import Answers
from inspections.imports.headings import AREA_HEADINGS, LAYER_HEADINGS, SITE_HEADINGS
from inspections.sites.attributes import ATTRIBUTES
from inspections.typed import NotInList, clean_text

LONGEST_CRS = 200
_ANCHOR = re.compile(r"[a-z][a-z0-9-]{0,60}")


class WrongRow(Invalid):
    """No number of a row."""

    code = "import.wrong_row"
    message = "Enter the number of the row that holds the headings, like 3."
    field = "heading_row"


def read_answers(batch: Any, form: Any) -> Answers:
    """The answers so far, with what a form adds to them; each form sends only its own part.

    Raises
    ------
    GeoError
        A coordinate system that is not known.
    Invalid
        A sheet, a field or a row that there is not.
    """
    answers = Answers.of(batch.answers)
    said: dict[str, Any] = {}
    if "crs" in form:
        said |= {"crs": _crs(form["crs"]), "rough": "rough" in form, "readings": ()}
    if "reading" in form:
        said |= {"readings": (*(one for one in answers.readings if one != form["reading"]), form["reading"])}
    if "swapped" in form:
        said["swapped"] = _yes_or_no(form["swapped"])
    if "shifted" in form:
        said |= _shifted(form)
    if "mapping" in form:
        said |= _mapping(batch, form)
    return replace(answers, **said)


def fields_of(batch: Any) -> list[str]:
    """The fields that a column of this file may mean, in the order of their table."""
    if batch.subject != "sites":
        return list(AREA_HEADINGS if batch.subject == "areas" else LAYER_HEADINGS)
    own = [f"attr_{attribute.key}" for attribute in ATTRIBUTES[batch.kind]]
    return [*(name for name in SITE_HEADINGS if not name.startswith("attr_")), *own]


def anchor(text: str) -> str:
    """A place on the page to come back to, or nothing."""
    return text if _ANCHOR.fullmatch(text) else ""


def _crs(text: str) -> str:
    written = clean_text(text)[:LONGEST_CRS]
    if written:
        parse_crs(written, rough=True)
    return written


def _yes_or_no(text: str) -> str:
    if text not in ("yes", "no"):
        raise NotInList
    return text


def _shifted(form: Mapping[str, str]) -> dict[str, Any]:
    if _yes_or_no(form["shifted"]) == "no":
        return {"shifted": "no"}
    datum = {"GCJ-02": "GCJ02", "BD-09": "BD09"}.get(form.get("datum", ""))
    if datum is None:
        raise NotInList
    return {"crs": datum, "readings": ()}


def _mapping(batch: Any, form: Any) -> dict[str, Any]:
    """The sheets to read, the row of the heading, and the field of every column."""
    names = [sheet["name"] for sheet in batch.found.get("sheets", ())]
    sheets = tuple(name for name in form.getlist("sheet") if name in names)
    row = form.get("heading_row", "").strip()
    if row and not (row.isascii() and row.isdecimal() and len(row) < 7):
        raise WrongRow
    known = fields_of(batch)
    columns: dict[str, str] = {}
    for heading, field in zip(form.getlist("heading"), form.getlist("field"), strict=False):
        if field and field not in (*known, "-"):
            raise NotInList(field="field")
        if field:
            columns[heading] = "" if field == "-" else field
    return {"sheets": sheets if len(names) > 1 else (), "heading_row": int(row or 0), "columns": columns}
