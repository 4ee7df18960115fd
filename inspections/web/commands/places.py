"""`xuntu areas`: the areas of a day, and the sites that newer boundaries left behind."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from unicodedata import east_asian_width

from flask_babel import gettext as _

from geo.writers.defusing import defuse
from inspections.areas import comparing, versions
from inspections.areas.boundaries import Boundaries
from inspections.areas.comparing import Difference
from inspections.permissions import SYSTEM
from inspections.terms import AreaLevel, label
from inspections.web.areas import words
from inspections.web.commands import Call, say
from inspections.web.filters import language


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `areas`."""
    subjects = commands.add_parser("areas", help=_("the areas of a day, and sites that differ from them"))
    subjects = subjects.add_subparsers(metavar=_("WHAT"), required=True)
    listed = subjects.add_parser("list", help=_("townships and villages with their dates and sites"))
    listed.add_argument("--on", metavar="DATE", type=_day, help=_("a day like 2026-03-13; else today"))
    listed.set_defaults(run=run_list)
    differing = subjects.add_parser("differences", help=_("sites that lie elsewhere by today's boundaries"))
    differing.add_argument("--township", default="", metavar="CODE", help=_("only sites of this township"))
    differing.add_argument("--csv", metavar="FILE.csv", type=Path, help=_("write them to this file too"))
    differing.set_defaults(run=run_differences)


def run_list(call: Call, given: argparse.Namespace) -> int:
    """Print the areas of a day: each township, its villages below it."""
    with call.store() as store, store.read() as session:
        listed = versions.list_day(session, SYSTEM, on=given.on)
        rows = [(_("code"), _("name"), _("category"), _("from"), _("until"), _("active sites"))]
        for one in listed:
            rows.append(_area_row(one, ""))
            if one.area.level is AreaLevel.TOWNSHIP:
                below = versions.list_day(session, SYSTEM, on=given.on, parent=one.area.code)
                rows += [_area_row(village, "  ") for village in below]
    _print_table(rows)
    return 0


def run_differences(call: Call, given: argparse.Namespace) -> int:
    """Print the sites that differ and that nobody keeps where they are."""
    with call.store() as store, store.read() as session:
        compared = comparing.compare_sites(session)
    code = given.township.ljust(12, "0") if given.township else ""
    found = [one for one in compared.found if not one.stands and code in ("", one.township_code)]
    heading = (_("number"), _("kind"), _("recorded"), _("by the boundaries"), _("why"))
    rows = [heading, *(_difference_row(one, compared.boundaries) for one in found)]
    if found:
        _print_table(rows)
    if given.csv:
        given.csv.write_bytes(_written(rows))
    say(f"differences={len(found)}")
    return 0


def _area_row(one: versions.Listed, indent: str) -> tuple[str, ...]:
    area = one.area
    until = area.valid_to.isoformat() if area.valid_to else ""
    sites = "" if one.sites is None else str(one.sites)
    return (
        area.code,
        f"{indent}{area.name}",
        words.category(area.category),
        area.valid_from.isoformat(),
        until,
        sites,
    )


def _difference_row(one: Difference, boundaries: Boundaries) -> tuple[str, ...]:
    def named(*codes: str | None) -> str:
        return " ".join(boundaries.names.get(code, code) for code in codes if code)

    return (
        one.number,
        label("site_kind", one.kind, language()),
        named(one.township_code, one.village_code),
        named(one.target, one.target_village),
        words.why(one.why),
    )


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns of one width each; a Chinese character is as wide as two letters."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([map(defuse, row) for row in rows])
    return text.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("write a day like 2026-03-13")) from None
