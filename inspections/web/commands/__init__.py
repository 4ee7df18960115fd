"""What the `xuntu` commands do: read the arguments, ask one use case, print the answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from flask_babel import gettext as _

from inspections.settings import Settings
from inspections.store import Store


@dataclass(frozen=True)
class Call:
    """What every command is given beside its arguments."""

    settings: Settings
    create_app: Callable[..., Flask]

    @contextmanager
    def store(self, *, current: bool = True) -> Iterator[Store]:
        """Open the configured store; refuses a database of another version unless told otherwise."""
        opened = Store.from_settings(self.settings)
        try:
            if current:
                opened.require_current()
            yield opened
        finally:
            opened.close()


def say(line: str) -> None:
    """One line of the answer, on standard output, at once."""
    print(line, flush=True)  # noqa: T201


def note(line: str) -> None:
    """One line beside the answer, on standard error."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


class Progress:
    """How far a long command is: one line rewritten on a terminal, else a new line every few seconds.

    Parameters
    ----------
    steps : mapping of str
        What the use case calls its steps, and the English sentence of the catalogue for each.
    """

    def __init__(self, steps: Mapping[str, str], every_s: float = 5.0) -> None:
        self._steps, self._terminal = steps, sys.stderr.isatty()
        self._every_s = 0.1 if self._terminal else every_s
        self._shown_at = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show that `done` of `total` is done of a step."""
        if time.monotonic() - self._shown_at < self._every_s:
            return
        self._shown_at = time.monotonic()
        line = f"{_(self._steps[step])} {done:,}/{total:,}"
        if self._terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201
        else:
            note(line)
