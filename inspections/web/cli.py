"""The `xuntu` commands: which there are, with which arguments (DESIGN §7). What they do is in `commands`.

Exit status: 0 done, 1 done but something was refused or found broken, 2 could not begin, with one line on
standard error that says why.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from geo.errors import GeoError
from inspections.errors import InspectionError
from inspections.settings import read_settings
from inspections.store import translate
from inspections.web.commands import Call, keeping, people, places, register, serving, writing
from inspections.web.words import language, sentence, spoken

STOPPED = 130  # what a shell expects of a program that Ctrl+C ended


class OneLineParser(argparse.ArgumentParser):
    """Refuses wrong arguments in one line."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print the line and end with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def run(create_app: Callable[..., Flask], arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese must not stop a backup
    with spoken(language(os.environ)):
        given = build_parser().parse_args(arguments)
        try:
            return given.run(Call(read_settings(), create_app), given)
        except KeyboardInterrupt:
            return STOPPED
        except Exception as error:
            print(_one_line(error), file=sys.stderr)  # noqa: T201
            return 2


def build_parser() -> argparse.ArgumentParser:
    """Every command, with its help in the language spoken now."""
    parser = OneLineParser(
        prog="xuntu", description=_("The one map a county works from."), allow_abbrev=False
    )
    commands = parser.add_subparsers(metavar=_("COMMAND"), required=True, parser_class=OneLineParser)
    for group in (serving, people, register, places, writing, keeping):
        group.add_commands(commands)
    return parser


def _one_line(error: Exception) -> str:
    """Say what a refusal says; anything that is none is a bug and rises."""
    refusal = error if isinstance(error, InspectionError | GeoError) else translate(error)
    if refusal is not None:
        return sentence(refusal)
    if isinstance(error, OSError) and not isinstance(error, DBAPIError):
        return f"{error.filename or 'xuntu'}: {error.strerror or error}"
    raise error
