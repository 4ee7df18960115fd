"""`xuntu serve` and `xuntu demo`: the app behind waitress."""

from __future__ import annotations

import argparse
from dataclasses import replace

import waitress
from flask_babel import gettext as _
from sqlalchemy import select

from inspections import demo
from inspections.backup import hold_folder
from inspections.errors import Unavailable
from inspections.models import Officer
from inspections.settings import read_settings
from inspections.store import Store
from inspections.web.commands import Call, Progress, note, say
from inspections.web.security import MAX_REQUEST_BYTES
from inspections.web.words import N_
from inspections.web.work import Worker

LOOPBACK = "127.0.0.1"
THREADS = 8
DEMO_STEPS = {
    "land": N_("Drawing the land"),
    "sites": N_("Placing sites"),
    "history": N_("Living through a year"),
    "photos": N_("Taking photos"),
    "rows": N_("Writing rows"),
}


class PortTaken(Unavailable):
    """Another program listens there."""

    code = "serve.port_taken"
    message = "Port {port} of {host} cannot be opened: {why}. Choose another with --port."


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `demo` and `serve`."""
    demo = commands.add_parser("demo", help=_("make the demo county if it is absent, and serve it"))
    _add_address(demo)
    demo.add_argument(
        "--sites", type=_count, default=3000, metavar="N", help=_("how many sites to make (3000)")
    )
    demo.add_argument("--no-serve", action="store_true", help=_("make it, do not serve it"))
    demo.set_defaults(run=run_demo)
    serve = commands.add_parser("serve", help=_("serve the configured database"))
    _add_address(serve)
    serve.set_defaults(run=run_serve)


def run_serve(call: Call, given: argparse.Namespace) -> int:
    """Serve until the process is ended."""
    with call.store() as store:
        return serve(call, store, given)


def run_demo(call: Call, given: argparse.Namespace) -> int:
    """Print the accounts, make the county where there is none, and serve it."""
    for name, password in demo.ACCOUNTS:
        say(f"account {name} {password}")
    with call.store(current=False) as store:
        store.migrate()
        if not demo.is_built(store):
            with Progress(DEMO_STEPS) as progress:
                demo.build(store, call.settings, sites=given.sites, progress=progress)
        # The profile was made with the county, after the settings were read
        return 0 if given.no_serve else serve(Call(read_settings(), call.create_app), store, given)


def serve(call: Call, store: Store, given: argparse.Namespace) -> int:
    """Answer requests at the address given, eight at a time."""
    host, port = given.host, given.port
    if host != LOOPBACK:
        _warn(call, store, host)
    app = call.create_app(replace(call.settings, host=host, port=port), store)
    try:
        server = waitress.create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=MAX_REQUEST_BYTES,
            # Behind a proxy of ours (XUNTU_PROXIES) its headers are read by the app; else nobody's are.
            clear_untrusted_proxy_headers=not call.settings.proxies,
        )
    except OSError as error:
        raise PortTaken(host=host, port=port, why=error.strerror or str(error)) from error
    worker = Worker(call.settings, store)
    with hold_folder(call.settings.data):  # so that nobody restores a backup under a running server
        say(f"serving http://{host}:{port}")
        worker.start()
        try:
            server.run()
        finally:
            worker.stop()
    return 0


def _warn(call: Call, store: Store, host: str) -> None:
    with store.read() as session:
        demo_accounts = session.scalar(select(Officer.name).where(Officer.is_demo, Officer.active).limit(1))
    if demo_accounts:
        note(
            _(
                "Demo accounts, whose passwords are public, can sign in at %(host)s. Serve 127.0.0.1 only.",
                host=host,
            )
        )
    if not call.settings.url:
        note(_("XUNTU_URL is not set: only %(host)s and loopback names are answered.", host=host))


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=LOOPBACK, help=_("address to listen on (127.0.0.1)"))
    parser.add_argument("--port", type=_port, default=5000, help=_("port to listen on (5000)"))


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(_("write a port from 1 to 65535"))
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(_("write a whole number from 1 to 1,000,000"))
    return int(text)
