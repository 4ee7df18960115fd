"""`xuntu import` and `xuntu export`: registers in and out."""

from __future__ import annotations

import argparse


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Tell the parser of `import` and `export`."""
