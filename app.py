"""Wiring: settings, store and web become one Flask app; `main` is the `xuntu` command."""

from __future__ import annotations

import sys

from flask import Flask

from inspections.settings import Settings, read_settings
from inspections.store import Store
from inspections.web import XuntuApp, init_app
from inspections.web.cli import run


def create_app(settings: Settings | None = None, store: Store | None = None) -> Flask:
    """Build the app over `settings` (the environment's by default) and an open store."""
    settings = settings or read_settings()
    app = XuntuApp("inspections.web", static_folder=None)
    init_app(app, settings, store or Store.from_settings(settings))
    return app


def main() -> None:
    """Run one `xuntu` command and exit with its status."""
    sys.exit(run(create_app, sys.argv[1:]))


if __name__ == "__main__":
    main()
