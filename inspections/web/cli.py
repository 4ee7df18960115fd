"""The `xuntu` commands (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask


def run(create_app: Callable[..., Flask], arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    raise SystemExit(2)
