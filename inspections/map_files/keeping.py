"""The map's data kept true: one edition in memory, made anew in the background when the ledger grew.

Every change to a site, case, visit, area or import appends an entry in its own transaction, so the number of
the ledger's last entry tells whether an edition is still what the database says. Each server process looks
for itself, and from the same rows each makes the same bytes.

An edition is made by one thread at a time, never two at once, and after it the thread rests four times as
long as that took, two seconds at most. What was asked of the old edition is cut from the new one before it is
handed out. Who asks meanwhile waits a moment, then gets the old one with the time it was last known to be
true; one that is too old is not given out, unless a new one cannot be made.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Condition, Thread

from sqlalchemy.orm import Session

from inspections import ledger
from inspections.errors import Unavailable
from inspections.map_files.county import read_county
from inspections.map_files.editions import Edition
from inspections.store import Store

log = logging.getLogger("xuntu")

PATIENCE_S = 0.3  # how long a fresh edition is waited for
STALE_AFTER_S = 10.0  # an edition not known to be true for so long is worth waiting for a fresh one
LONGEST_S = 60.0
REST, LONGEST_REST_S = 4, 2.0  # times what the last edition took


class MapNotReady(Unavailable):
    """The map's data could not be read even once."""

    code = "map.not_ready"
    message = "The map's data cannot be read at the moment. Try again in a minute; the list is there."


@dataclass(frozen=True)
class Kept:
    """An edition, and when it was last known to be what the database says: by the clock, and in seconds."""

    edition: Edition
    as_of: datetime
    known_s: float


class MapFiles:
    """Keeps the edition of one store. `clock` says the time to show, `seconds` measures waiting."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._clock, self._seconds = store, clock, seconds
        self._changed = Condition()
        self._kept: Kept | None = None
        self._thread: Thread | None = None
        self._wanted = self._closed = False
        self._begun = self._ended = 0  # how many editions
        self._rest_until_s = 0.0
        store.before_closing(self.close)

    def current(self, session: Session, now: datetime) -> Kept:
        """Give the edition for a request that reads in `session` and began `now`.

        Raises
        ------
        MapNotReady
            There is none, and none can be made.
        """
        number, _ = ledger.head(session)
        with self._changed:
            if self._kept is not None and self._kept.edition.version >= number:
                if self._kept.edition.version == number:
                    self._keep(self._kept.edition, now, self._seconds())
                return self._kept
            self._want()
            self._wait_for(number)
            if self._kept is None:
                raise MapNotReady
            return self._kept

    def look_soon(self) -> None:
        """Look in the background whether the ledger grew, if anybody asked for the map yet."""
        with self._changed:
            if self._kept is not None:
                self._want()

    def close(self) -> None:
        """End the thread; what it reads is read to the end first."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _want(self) -> None:
        """Have an edition begun after this moment."""
        self._wanted = True
        if self._thread is None and not self._closed:
            self._thread = Thread(target=self._work, name="map-files", daemon=True)
            self._thread.start()

    def _wait_for(self, number: int) -> None:
        """Wait for an edition of that entry or later, or for one begun from now on to fail."""
        needed = self._begun + 1
        stale = self._kept is None or self._seconds() - self._kept.known_s > STALE_AFTER_S
        self._changed.wait_for(
            lambda: (
                self._closed
                or self._ended >= needed
                or (self._kept is not None and self._kept.edition.version >= number)
            ),
            LONGEST_S if stale else PATIENCE_S,
        )

    def _work(self) -> None:
        """Make editions while they are wanted."""
        while self._may_begin():
            began_s = self._seconds()
            try:
                self._make()
            except Exception:
                log.exception("the map's data could not be read; the last of it is shown")
            took_s = self._seconds() - began_s
            with self._changed:
                self._ended += 1
                self._rest_until_s = self._seconds() + min(REST * took_s, LONGEST_REST_S)
                self._changed.notify_all()

    def _may_begin(self) -> bool:
        """Rest, then say whether another edition is wanted; if not, the thread ends."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._wanted, max(0.0, self._rest_until_s - self._seconds())
            )
            if self._closed or not self._wanted:
                self._thread = None
                return False
            self._wanted = False
            self._begun += 1
            return True

    def _make(self) -> None:
        """Read the county if the ledger grew, and hand out its edition."""
        kept, as_of, known_s = self._kept, self._clock(), self._seconds()
        with self._store.read() as session:
            number, _ = ledger.head(session)
            grown = kept is None or kept.edition.version != number
            county = read_county(session) if grown else None
        edition = kept.edition if county is None else Edition(county)
        if kept is not None and county is not None:
            edition.cut_ahead(kept.edition.asked())
        with self._changed:
            self._keep(edition, as_of, known_s)

    def _keep(self, edition: Edition, as_of: datetime, known_s: float) -> None:
        """Hand out an edition from now on, or know one to be true still; times never go back."""
        before = self._kept
        if before is not None:
            as_of, known_s = max(as_of, before.as_of), max(known_s, before.known_s)
        self._kept = Kept(edition, as_of, known_s)
