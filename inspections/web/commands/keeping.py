"""`xuntu migrate`, `ledger verify`, `backup`, `restore` and `nightly`: keeping what there is."""

from __future__ import annotations

import argparse

from flask_babel import gettext as _

from inspections import ledger
from inspections.ledger import HeadDiffers, LedgerBroken
from inspections.web.commands import Call, note, say
from inspections.web.words import sentence


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of the technician's commands."""
    migrate = commands.add_parser("migrate", help=_("create or upgrade the database"))
    migrate.set_defaults(run=run_migrate)
    ledger_acts = commands.add_parser("ledger", help=_("the ledger")).add_subparsers(
        metavar=_("ACT"), required=True
    )
    verify = ledger_acts.add_parser("verify", help=_("check every entry; prints the count and the last hash"))
    verify.add_argument(
        "--head", metavar="HASH", help=_("a hash printed earlier, which the ledger must still hold")
    )
    verify.set_defaults(run=run_verify)


def run_migrate(call: Call, _given: argparse.Namespace) -> int:
    """Create or upgrade the database."""
    with call.store(current=False) as store:
        store.migrate()
        say(_("The database is at version %(version)s.", version=store.version()))
    return 0


def run_verify(call: Call, given: argparse.Namespace) -> int:
    """Check the ledger; the count and the last hash on one line."""
    with call.store() as store, store.read() as session:
        try:
            count, last = ledger.verify(session, given.head)
        except (LedgerBroken, HeadDiffers) as error:
            note(sentence(error))
            return 1
    say(f"{count} {last}")
    return 0
