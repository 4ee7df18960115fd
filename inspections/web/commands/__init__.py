"""What the `xuntu` commands do: read the arguments, ask one use case, print the answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

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


@dataclass
class Progress:
    """How far a long command is: one line rewritten on a terminal, else a new line every few seconds."""

    every_s: float = 5.0
    _last: float = field(default_factory=time.monotonic)
    _open: bool = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` is done of `what`, an English sentence of the catalogue."""
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if now - self._last < (0.1 if terminal else self.every_s) and done < total:
            return
        self._last = now
        line = f"{_(what)} {done:,}/{total:,}"
        if not terminal:
            note(line)
            return
        self._open = True
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201

    def end(self) -> None:
        """Leave the line that was rewritten."""
        if self._open:
            print(file=sys.stderr)  # noqa: T201
            self._open = False
