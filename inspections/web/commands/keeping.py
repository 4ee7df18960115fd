"""`xuntu migrate`, `ledger verify`, `backup`, `restore` and `nightly`: keeping what there is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from flask_babel import gettext as _

from inspections import ledger
from inspections.backup import Made, write_backup, write_nightly
from inspections.ledger import HeadDiffers, LedgerBroken
from inspections.restore import restore_backup
from inspections.store import NotMigrated, Store, now_utc
from inspections.web.commands import Call, Progress, note, say
from inspections.web.words import N_, sentence

STEPS = {
    "database": N_("Copying the database"),
    "evidence": N_("Copying evidence"),
    "reading": N_("Reading the backup"),
}


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
    backup = commands.add_parser("backup", help=_("write database, evidence and profile to one file"))
    backup.add_argument("file", metavar="FILE", type=Path, help=_("the file to write"))
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser("restore", help=_("put a backup into an empty installation"))
    restore.add_argument("file", metavar="FILE", type=Path, help=_("the file to read"))
    restore.add_argument("--replace", action="store_true", help=_("put it in the place of what is there"))
    restore.set_defaults(run=run_restore)
    nightly = commands.add_parser(
        "nightly", help=_("check the ledger, then write a backup to the data folder")
    )
    nightly.set_defaults(run=run_nightly)


def run_migrate(call: Call, _given: argparse.Namespace) -> int:
    """Create or upgrade the database."""
    with call.store(current=False) as store:
        store.migrate()
        say(_("The database is at version %(version)s.", version=store.version()))
    return 0


def run_verify(call: Call, given: argparse.Namespace) -> int:
    """Check the ledger; the count and the last hash on one line."""
    with call.store() as store:
        return _verify(store, given.head)


def run_backup(call: Call, given: argparse.Namespace) -> int:
    """Write a backup, while others work."""
    with call.store():
        return _tell(
            lambda progress: write_backup(call.settings, given.file, now=now_utc(), progress=progress)
        )


def run_restore(call: Call, given: argparse.Namespace) -> int:
    """Put a backup back."""
    with Progress(STEPS) as progress:
        restored = restore_backup(call.settings, given.file, replace=given.replace, progress=progress)
    say(_("Restored: %(files)s files.", files=restored.files))
    say(f"{restored.head.count} {restored.head.hash}")
    try:
        with call.store():
            pass
    except NotMigrated as error:
        note(sentence(error))
    return 0


def run_nightly(call: Call, _given: argparse.Namespace) -> int:
    """Check the ledger and write tonight's backup; a broken ledger stops before any old backup goes."""
    with call.store() as store:
        status = _verify(store, None)
    if status:
        return status
    return _tell(lambda progress: write_nightly(call.settings, now=now_utc(), progress=progress))


def _verify(store: Store, head: str | None) -> int:
    try:
        with store.read() as session:
            count, last = ledger.verify(session, head)
    except (LedgerBroken, HeadDiffers) as error:
        note(sentence(error))
        return 1
    say(f"{count} {last}")
    return 0


def _tell(write: Callable[[Progress], Made]) -> int:
    """Write a backup and say what came of it; photos that are not as they were kept make the status 1."""
    with Progress(STEPS) as progress:
        made = write(progress)
    size = f"{made.bytes / 1_000_000:,.1f} MB"
    say(_("Backup written: %(file)s, %(size)s.", file=made.path, size=size))
    say(f"{made.head.count} {made.head.hash}")
    for name in made.damaged:
        note(_("%(name)s is not the photo that was kept. Look for it in older backups.", name=name))
    return 1 if made.damaged else 0
