"""`xuntu export`: sites, visits, findings and cases out to files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from flask_babel import gettext as _

from inspections.exports import ENCODINGS, Order, narrowed_to, write_export
from inspections.permissions import SYSTEM
from inspections.store import now_utc
from inspections.terms import Kind
from inspections.web.commands import Call, say
from inspections.web.words import N_, in_chinese, sentence

# Subject → its help, and what is said when it is done
SUBJECTS: Mapping[str, tuple[str, str]] = {
    "sites": (N_("draft and active sites"), N_("%(count)s sites written to %(file)s.")),
    "visits": (N_("visits in their newest version"), N_("%(count)s visits written to %(file)s.")),
    "findings": (N_("what these visits found"), N_("%(count)s findings written to %(file)s.")),
    "cases": (N_("the ledger of cases"), N_("%(count)s cases written to %(file)s.")),
}


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `export`."""
    exported = commands.add_parser("export", help=_("write a file from the register"))
    subjects = exported.add_subparsers(metavar=_("WHAT"), required=True)
    for subject, (words, _done) in SUBJECTS.items():
        written = subjects.add_parser(subject, help=_(words))
        _add_choices(written)
        if subject == "sites":
            written.add_argument(
                "--with-operators",
                action="store_true",
                help=_("with names and telephone numbers of operators; the ledger notes it"),
            )
        written.set_defaults(run=run_export, subject=subject, with_operators=False)


def run_export(call: Call, given: argparse.Namespace) -> int:
    """Write the rows of one subject to a new file, and say what its format could not hold."""
    order = Order(
        given.subject,
        **narrowed_to(given.kind, given.area),
        with_operators=given.with_operators,
        encoding=given.encoding.upper(),
    )
    with call.store() as store:
        written = write_export(
            store, order, given.file, by=SYSTEM, now=now_utc(), say=in_chinese, may_be_empty=True
        )
    _words, done = SUBJECTS[given.subject]
    say(_(done, count=written.total, file=given.file))
    for loss in written.losses:
        say(sentence(loss))
    return 0


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help=_("the file to write; its ending says the format: .csv .geojson .gpkg .kml .xlsx .zip"),
    )
    parser.add_argument(
        "--kind", default="", choices=[kind.value for kind in Kind], help=_("only of sites of this kind")
    )
    parser.add_argument("--area", default="", metavar="CODE", help=_("only of this township or village"))
    parser.add_argument(
        "--encoding",
        default="gbk",
        choices=[name.lower() for name in ENCODINGS],
        help=_("of the texts in a Shapefile; gbk unless said"),
    )
