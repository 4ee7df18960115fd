"""The page that writes files: what a list shows, in the format chosen, as an attachment.

The address carries subject and filters, the same as the list's. A GET counts what would be written; a POST
writes it. The file lies in a folder of its own until it is sent, and nowhere after.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from geo.errors import GeoError
from inspections import areas, exports
from inspections.cases import lists as case_lists
from inspections.errors import Invalid
from inspections.exports import (
    ALL,
    ENCODINGS,
    OPERATED,
    Order,
    columns_of,
    count_rows,
    narrowed_to,
    write_export,
)
from inspections.permissions import may
from inspections.terms import AreaLevel
from inspections.web import lists
from inspections.web.auth import officer, officer_may
from inspections.web.cases import filters as case_filters
from inspections.web.context import now, only_read, session, store
from inspections.web.errors import sentence, status_of
from inspections.web.filters import BEIJING, language
from inspections.web.sites import filters as site_filters
from inspections.web.visits import filters as visit_filters
from inspections.web.words import N_, in_chinese

bp = Blueprint("exports", __name__)
# Subject → its words, and the page that lists its rows
SUBJECTS: Mapping[str, tuple[str, str]] = {
    "sites": (N_("Sites"), "sites.list_sites"),
    "visits": (N_("Visits"), "visits.list_visits"),
    "findings": (N_("Findings"), "visits.list_visits"),
    "cases": (N_("Cases"), "cases.list_cases"),
    ALL: (N_("Everything"), "sites.list_sites"),
}
# Ending → what it is called, what it is good for, its media type
FORMATS: Mapping[str, tuple[str, str, str]] = {
    ".xlsx": (
        "Excel",
        N_("To read, filter and correct, and to import again"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ".gpkg": (
        "GeoPackage",
        N_("For QGIS: shapes, Chinese names and colours, nothing lost"),
        "application/geopackage+sqlite3",
    ),
    ".zip": ("Shapefile", N_("For older programs; names and long texts are cut"), "application/zip"),
    ".kml": ("KML", N_("For Ovital and Google Earth"), "application/vnd.google-earth.kml+xml"),
    ".csv": ("CSV", N_("For any table program"), "text/csv"),
    ".geojson": ("GeoJSON", N_("For other programs"), "application/geo+json"),
}
_CHUNK = 1 << 18
_SHARED = ("kind", "township", "village")  # filters that every subject has
_OF_LISTS = ("page", "sort")  # what the address of a list says beside


@bp.get("/exports")
@officer_may("site.see")
def show_export() -> ResponseReturnValue:
    """What would be written, and in which formats."""
    return _show(_order())


@bp.post("/exports")
@officer_may("site.see")
def send_export() -> ResponseReturnValue:
    """Write the file, note it in the ledger, then send it."""
    ending = request.form.get("format", "")
    ending = ending if ending in FORMATS else ""  # it becomes part of a file's name
    order = _order(
        with_operators=request.form.get("operators") == "yes",
        encoding=request.form.get("encoding", ENCODINGS[0]),
    )
    try:
        return _attachment(order, ending)
    except (Invalid, GeoError) as refusal:
        only_read()
        return _show(order, said=sentence(refusal), chosen=ending), status_of(refusal)


def _order(*, with_operators: bool = False, encoding: str = ENCODINGS[0]) -> Order:
    """The order that the address describes; what it says wrongly narrows nothing."""
    subject = request.args.get("subject", "sites")
    subject = subject if subject in SUBJECTS else "sites"
    options = {
        "with_operators": with_operators,
        "encoding": encoding if encoding in ENCODINGS else ENCODINGS[0],
    }
    sites, visits = site_filters.read_filters(), visit_filters.read_filter(request.args)
    if subject == ALL:
        return Order(ALL, **narrowed_to(sites.kind, sites.village or sites.township), **options)
    return Order(subject, sites=sites, visits=visits, cases=case_filters.read_filters(), **options)


def _attachment(order: Order, ending: str) -> Response:
    name = _file_name(order, ending)
    with TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / name
        written = write_export(store(), order, path, by=officer(), now=now(), say=in_chinese)
        file = path.open("rb")  # what is open is still there when its folder is gone
    for loss in written.losses:
        flash(_("%(name)s: %(loss)s", name=name, loss=sentence(loss)), "info")
    response = Response(_read(file), mimetype=FORMATS[ending][2])
    # RFC 5987: the Chinese name, and a plain one for what does not know it
    names = {"filename": f"xuntu-{order.subject}{ending}", "filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "attachment", **names)
    response.content_length = os.fstat(file.fileno()).st_size
    return response


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _file_name(order: Order, ending: str) -> str:
    """示范县_点位_20261112_1042.xlsx: a file is called as what stands in it."""
    with store().read() as reading:
        county = areas.county_name(reading)
    subject = "全部" if order.subject == ALL else exports.SUBJECTS[order.subject].name
    made_at = now().astimezone(BEIJING)
    return "_".join(part for part in (county, subject, f"{made_at:%Y%m%d_%H%M}") if part) + ending


def _show(order: Order, *, said: str = "", chosen: str = "") -> str:
    places = areas.list_choices(session())
    return render_template(
        "exports/new.html",
        order=order,
        said=said,
        counted=_counted(order),
        subjects={subject: _(words) for subject, (words, _page) in SUBJECTS.items()},
        kinds=site_filters.own_kinds(),
        townships=[(code, name) for code, name, level, _parent in places if level == AreaLevel.TOWNSHIP],
        chips=_chips(order, areas.area_names(session())),
        formats=[(ending, name, _(hint)) for ending, (name, hint, _type) in FORMATS.items()],
        chosen=chosen if chosen in FORMATS else next(iter(FORMATS)),
        encodings=ENCODINGS,
        columns=_columns(order),
        offers_operators=order.subject in OPERATED and may(officer(), "restricted.see"),
        **_addresses(order),
    )


def _addresses(order: Order) -> dict[str, Any]:
    """Where the page leads: to the list of these rows, to the same with other filters, to another subject."""
    asked = {name: value for name, value in request.args.items() if value and name not in _OF_LISTS}
    _words, listed = SUBJECTS[order.subject]
    return {
        "section": listed.split(".")[0],
        "list_url": url_for(listed, **{name: value for name, value in asked.items() if name != "subject"}),
        "here": url_for(".show_export", **asked),
        "others": [(name, value) for name, value in asked.items() if name not in (*_SHARED, "area")],
        "shared": [(name, value) for name, value in asked.items() if name in _SHARED],
    }


def _counted(order: Order) -> str:
    """How many rows there are, a number a subject; nothing where there are none."""
    rows = count_rows(session(), order, by=officer(), now=now())
    said = (f"{_(SUBJECTS[subject][0])} {count:,}" for subject, count in rows.items())
    return _(", ").join(said) if any(rows.values()) else ""


def _chips(order: Order, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is chosen, each with the address of this page without it."""
    if order.subject == "sites":
        return site_filters.chips(order.sites, dict(names))
    if order.subject == "cases":
        bodies = {str(key): name for key, name in case_lists.list_bodies(session(), officer())}
        return lists.chips(request.args, case_filters.filter_words(order.cases, names, bodies))
    return lists.chips(request.args, visit_filters.filter_words(order.visits, names))


def _columns(order: Order) -> list[str]:
    """The headings, in the reader's language; none for everything."""
    if order.subject == ALL:
        return []
    columns = columns_of(session(), order, by=officer(), now=now())
    return [one.field.title_en if language() == "en" else one.field.heading for one in columns]
