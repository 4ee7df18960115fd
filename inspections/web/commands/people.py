"""`xuntu officer add` and `xuntu body add`: the first administrator, and whoever comes after."""

from __future__ import annotations

import argparse
import getpass
import sys

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections import bodies
from inspections.errors import Invalid, NotFound
from inspections.models import Area, Body
from inspections.officers import records as officer_records
from inspections.permissions import SYSTEM
from inspections.store import now_utc
from inspections.terms import Kind, Role, codes
from inspections.web.commands import Call, say


class NoSuchBody(NotFound):
    """A body named on the command line that is not there."""

    code = "body.unknown"
    message = "There is no body called “{name}”. Add it first: xuntu body add {name} --type T"


class NoSuchArea(NotFound):
    """A code that no area has today."""

    code = "area.unknown"
    message = "There is no area with the code {code}. Import it first: xuntu import areas FILE --apply"


class PasswordsDiffer(Invalid):
    """The second typing was another."""

    code = "officer.passwords_differ"
    message = "The two passwords differ. Run the command again."


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `officer add` and `body add`."""
    officer = commands.add_parser("officer", help=_("officers: who may sign in"))
    acts = officer.add_subparsers(metavar=_("ACT"), required=True)
    add = acts.add_parser(
        "add", help=_("add an officer; asks for the password, or reads it from standard input")
    )
    add.add_argument("name", metavar="NAME", help=_("what the officer types to sign in"))
    add.add_argument(
        "--role", required=True, choices=[role.value for role in Role], help=_("one of the six roles")
    )
    add.add_argument("--full-name", default="", metavar="TEXT", help=_("the name that is printed and shown"))
    add.add_argument("--body", metavar="B", help=_("the body the officer belongs to, by name"))
    add.add_argument(
        "--area",
        action="append",
        default=[],
        metavar="CODE",
        help=_("an area of the scope; may be repeated; none is the whole county"),
    )
    add.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=[kind.value for kind in Kind],
        help=_("a kind of the scope; may be repeated; none is all four"),
    )
    add.set_defaults(run=run_officer_add)
    body = commands.add_parser("body", help=_("bodies: offices, townships, villages and firms"))
    add = body.add_subparsers(metavar=_("ACT"), required=True).add_parser("add", help=_("add a body"))
    add.add_argument("name", metavar="NAME", help=_("the body's full name"))
    add.add_argument("--type", required=True, choices=codes("body_type"), help=_("what sort of body it is"))
    add.add_argument("--short-name", default="", metavar="TEXT", help=_("the name where room is short"))
    add.add_argument("--area", metavar="CODE", help=_("the area it answers for"))
    add.set_defaults(run=run_body_add)


def run_officer_add(call: Call, given: argparse.Namespace) -> int:
    """Add one officer."""
    password = _password()
    with call.store() as store, store.write() as session:
        officer_records.add_officer(
            session,
            name=given.name,
            full_name=given.full_name,
            password=password,
            role=Role(given.role),
            body=_body(session, given.body),
            areas=[_area(session, code) for code in given.area],
            kinds=[Kind(kind) for kind in given.kind],
            by=SYSTEM,
            now=now_utc(),
        )
    say(_("Officer %(name)s can sign in.", name=given.name.strip().lower()))
    return 0


def run_body_add(call: Call, given: argparse.Namespace) -> int:
    """Add one body."""
    with call.store() as store, store.write() as session:
        area_code = _area(session, given.area) if given.area else None
        facts = bodies.BodyFacts(given.name, given.type, given.short_name, area_code)
        body = bodies.add_body(session, facts, by=SYSTEM, now=now_utc())
        say(_("%(name)s is added.", name=body.name))
    return 0


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(_("Password: "))
    if getpass.getpass(_("The same again: ")) != first:
        raise PasswordsDiffer
    return first


def _body(session: Session, name: str | None) -> Body | None:
    if name is None:
        return None
    body = session.scalar(select(Body).where(Body.name == name))
    if body is None:
        raise NoSuchBody(name=name)
    return body


def _area(session: Session, code: str) -> str:
    code = code.ljust(12, "0")
    if session.scalar(select(Area.code).where(Area.code == code, Area.valid_to.is_(None))) is None:
        raise NoSuchArea(code=code)
    return code
