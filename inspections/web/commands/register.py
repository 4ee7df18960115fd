"""`xuntu import`: registers in."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from inspections.errors import Invalid
from inspections.imports import NothingAccepted, Report
from inspections.imports.areas import apply_areas, check_areas
from inspections.imports.layers import Layer, read_layer
from inspections.imports.sites import apply_sites, check_sites
from inspections.permissions import SYSTEM
from inspections.store import now_utc
from inspections.terms import Kind
from inspections.web.commands import Call, note, say
from inspections.web.words import sentence

MOST_SHOWN = 20


class AreasNotGeoJSON(Invalid):
    """Boundaries come as GeoJSON."""

    code = "import.areas_not_geojson"
    message = "Areas are read from GeoJSON. Save {name} as GeoJSON."


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `import`."""
    subjects = commands.add_parser("import", help=_("take in a file: check it, then apply it"))
    subjects = subjects.add_subparsers(metavar=_("WHAT"), required=True)
    areas = subjects.add_parser("areas", help=_("county, townships and villages, from GeoJSON"))
    _add_file(areas)
    areas.set_defaults(run=run_import_areas)
    sites = subjects.add_parser("sites", help=_("a register of sites, from CSV or GeoJSON"))
    _add_file(sites)
    sites.add_argument(
        "--kind", required=True, choices=[kind.value for kind in Kind], help=_("what the sites are")
    )
    sites.set_defaults(run=run_import_sites)


def run_import_areas(call: Call, given: argparse.Namespace) -> int:
    """Check a file of areas and, if told, apply it."""
    if given.file.suffix.lower() not in (".geojson", ".json"):
        raise AreasNotGeoJSON(name=given.file.name)
    county_code = str(call.settings.profile.get("county", {}).get("code", ""))

    def check(session: Session, layer: Layer) -> Any:
        return check_areas(session, layer, file_name=given.file.name, by=SYSTEM, county_code=county_code)

    return _run_import(call, given, check, apply_areas)


def run_import_sites(call: Call, given: argparse.Namespace) -> int:
    """Check a register and, if told, apply it."""

    def check(session: Session, layer: Layer) -> Any:
        return check_sites(session, layer, given.kind, file_name=given.file.name, by=SYSTEM)

    return _run_import(call, given, check, apply_sites)


def _run_import(
    call: Call,
    given: argparse.Namespace,
    check: Callable[[Session, Layer], Any],
    apply: Callable[..., Any],
) -> int:
    with call.store() as store:
        layer = read_layer(given.file, crs=given.crs)
        with store.read() as session:
            checked = check(session, layer)
        del layer  # a large file is large in memory; applying needs only what was accepted
        report: Report = checked.report
        written = report.written(_say)
        if given.report:
            given.report.write_bytes(written)
        _show(report)
        if given.apply:
            try:
                with store.write() as session:
                    apply(session, checked, written=written, by=SYSTEM, now=now_utc())
            except NothingAccepted as error:
                note(sentence(error))
    _show_outcome(report, applied=given.apply)
    say(f"read={report.read} accepted={report.accepted} warned={report.warned} refused={report.refused}")
    return 1 if report.refused else 0


def _say(error: Exception) -> str:
    return sentence(error)


def _show(report: Report) -> None:
    """Print the first messages; the report file has them all."""
    levels = {"error": _("refused"), "warning": _("warning"), "note": _("note")}
    messages = report.in_order()
    for message in messages[:MOST_SHOWN]:
        where = _("row %(row)s", row=message.row) if message.row else _("file")
        where += f" [{message.column}]" if message.column else ""
        say(f"{where} · {levels[message.level]} · {sentence(message.error)}")
    if len(messages) > MOST_SHOWN:
        say(_("… %(count)s more. Write them all to a file with --report.", count=len(messages) - MOST_SHOWN))


def _show_outcome(report: Report, *, applied: bool) -> None:
    if applied and report.accepted:
        say(_("Rows applied: %(count)s.", count=report.accepted))
    elif not applied:
        say(_("Only checked. Nothing was written; add --apply to take the accepted rows."))


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help=_("the file to read"))
    parser.add_argument(
        "--crs", metavar="C", help=_("its coordinate system: EPSG:n, GCJ02 or BD09 (CGCS2000)")
    )
    parser.add_argument("--apply", action="store_true", help=_("take the accepted rows; else only check"))
    parser.add_argument(
        "--report", metavar="FILE.json", type=Path, help=_("write every message to this file")
    )
