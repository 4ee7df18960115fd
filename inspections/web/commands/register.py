"""`xuntu import`: registers in."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flask_babel import gettext as _

from geo.bundles import bundle, parts_beside
from geo.errors import GeoError
from inspections.errors import InspectionError
from inspections.imports.answers import Answers
from inspections.imports.applying import NothingAccepted
from inspections.imports.headings import AREA_HEADINGS, LAYER_HEADINGS, SITE_HEADINGS
from inspections.imports.jobs import Work
from inspections.imports.unattended import Outcome, Task, check_file, take_file
from inspections.terms import Kind, LayerKind, MessageLevel
from inspections.web.commands import Call, Progress, note, say
from inspections.web.words import N_, sentence

MOST_SHOWN = 20
# The option that answers what a page would ask
ANSWERED_BY = {
    "geo.no_transformation": "--rough",
    "import.columns_missing": "--column",
    "import.declared_elsewhere": "--crs",
    "import.heading_missing": "--heading-row",
    "import.looks_shifted": "--crs",
    "import.no_place": "--crs",
    "import.repair_proposed": "--repair",
    "import.sheet_hidden": "--sheet",
    "import.which_reading": "--crs",
    "layer.day_missing": "--date",
    "layer.source_missing": "--source",
    "layer.wrong_day": "--date",
}
STEPS = {"checking": N_("Checking rows")}


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `import`."""
    subjects = commands.add_parser("import", help=_("take in a file: check it, then apply it"))
    subjects = subjects.add_subparsers(metavar=_("WHAT"), required=True)
    areas = subjects.add_parser("areas", help=_("county, townships and villages"))
    _add_file(areas, set(AREA_HEADINGS))
    areas.set_defaults(run=run_import_areas)
    sites = subjects.add_parser("sites", help=_("a register of sites"))
    sites.add_argument(
        "--kind", required=True, choices=[kind.value for kind in Kind], help=_("what the sites are")
    )
    _add_file(sites, set(SITE_HEADINGS))
    sites.set_defaults(run=run_import_sites)
    layer = subjects.add_parser("layer", help=_("a layer for reference: rivers, roads, farmland, ban zones"))
    layer.add_argument(
        "--layer",
        required=True,
        choices=[kind.value for kind in LayerKind],
        help=_("what it holds; it takes the place of the one before"),
    )
    layer.add_argument("--source", default="", metavar="TEXT", help=_("who it comes from"))
    of_day = _("the day its data are of, like 2025-12-31")
    layer.add_argument("--date", default="", metavar="DAY", help=of_day)
    _add_file(layer, set(LAYER_HEADINGS))
    layer.set_defaults(run=run_import_layer)


def run_import_areas(call: Call, given: argparse.Namespace) -> int:
    """Check a file of areas and, if told, apply it."""
    return _run_import(call, given, "areas")


def run_import_sites(call: Call, given: argparse.Namespace) -> int:
    """Check a register and, if told, apply it."""
    return _run_import(call, given, "sites", given.kind)


def run_import_layer(call: Call, given: argparse.Namespace) -> int:
    """Check a file of a layer and, if told, put it in the place of the one before."""
    answers = replace(_answers(given), source=given.source, dated=given.date)
    return _run_import(call, given, "layers", given.layer, answers)


def _run_import(
    call: Call, given: argparse.Namespace, subject: str, kind: str = "", answers: Answers | None = None
) -> int:
    with call.store() as store, _one_file(given.file) as path:
        work = Work(store, call.settings, say=said)
        name = given.file.name if path == given.file else f"{given.file.stem}.zip"
        task = Task(path, name, subject, kind, answers or _answers(given))
        try:
            with Progress(STEPS) as progress:
                outcome = (take_file if given.apply else check_file)(
                    work, task, lambda done, total: progress("checking", done, total)
                )
        except (InspectionError, GeoError) as error:
            if error.code not in ANSWERED_BY:
                raise
            note(said(error))
            return 2
    if given.report:
        given.report.write_bytes(outcome.report(said))
    _show(outcome)
    if given.apply and not outcome.applied:
        note(sentence(NothingAccepted()))
    _show_outcome(outcome, asked_to_apply=given.apply)
    tally = outcome.tally
    say(f"read={tally.read} accepted={tally.accepted} warned={tally.warned} refused={tally.refused}")
    return 1 if tally.refused else 0


def said(error: Exception) -> str:
    """A refusal in words, with the option that answers it where there is one."""
    option = ANSWERED_BY.get(getattr(error, "code", ""))
    return f"{sentence(error)} ({option})" if option else sentence(error)


def _answers(given: argparse.Namespace) -> Answers:
    return Answers(
        crs=given.crs or "",
        rough=given.rough,
        sheets=tuple(given.sheet),
        heading_row=given.heading_row,
        columns={heading: field for field, heading in given.column},
        repair=given.repair,
    )


@contextmanager
def _one_file(path: Path) -> Iterator[Path]:
    """The file itself; a shapefile with its parts beside it as one archive."""
    if path.suffix.lower() != ".shp":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="shapefile-") as folder:
        bundled = Path(folder) / "bundle.zip"
        bundle(parts_beside(path), bundled)
        yield bundled


def _show(outcome: Outcome) -> None:
    """Print the first messages, those of the file first; the report file has them all."""
    levels = {
        MessageLevel.ERROR: _("refused"),
        MessageLevel.WARNING: _("warning"),
        MessageLevel.NOTE: _("note"),
    }
    for message in outcome.messages[:MOST_SHOWN]:
        where = [_("row %(row)s", row=message.number) if message.number else _("file")]
        where += [f"“{message.sheet}”"] if message.sheet else []
        where += [f"[{message.column}]"] if message.column else []
        say(f"{' '.join(where)} · {levels[message.level]} · {said(message.error)}")
    more = len(outcome.messages) - MOST_SHOWN
    if more > 0:
        say(_("… %(count)s more. Write them all to a file with --report.", count=more))


def _show_outcome(outcome: Outcome, *, asked_to_apply: bool) -> None:
    if outcome.applied:
        say(_("Rows applied: %(count)s.", count=outcome.tally.accepted))
    elif not asked_to_apply:
        say(_("Only checked. Nothing was written; add --apply to take the accepted rows."))


def _add_file(parser: argparse.ArgumentParser, fields: set[str]) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help=_("the file to read"))
    parser.add_argument(
        "--crs", metavar="C", help=_("its coordinate system: EPSG:n, GCJ02 or BD09 (CGCS2000)")
    )
    parser.add_argument(
        "--rough",
        action="store_true",
        help=_("take Xian 1980 or Beijing 1954 as it stands, true to 200 m"),
    )
    parser.add_argument(
        "--sheet", action="append", default=[], metavar="NAME", help=_("a sheet to read; may be repeated")
    )
    parser.add_argument(
        "--heading-row", type=_row, default=0, metavar="N", help=_("the row that holds the headings")
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        type=_column_of(fields),
        metavar="FIELD=HEADING",
        help=_("which column holds a field; =HEADING leaves one out; may be repeated"),
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help=_("take repaired shapes whose area changes by no more than 5 %%"),
    )
    parser.add_argument("--apply", action="store_true", help=_("take the accepted rows; else only check"))
    parser.add_argument(
        "--report", metavar="FILE.json", type=Path, help=_("write every message to this file")
    )


def _row(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError(_("write a whole number from 1 to 1,000,000"))
    return int(text)


def _column_of(fields: set[str]) -> Callable[[str], tuple[str, str]]:
    def read(text: str) -> tuple[str, str]:
        field, sign, heading = text.partition("=")
        if not sign or not heading.strip() or field not in {*fields, ""}:
            known = ", ".join(sorted(fields))
            raise argparse.ArgumentTypeError(
                _("write FIELD=HEADING with one of these fields, or =HEADING: %(known)s", known=known)
            )
        return field, heading.strip()

    return read
