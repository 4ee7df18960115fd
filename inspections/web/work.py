"""The worker of a server: one thread that has the long work of imports done, each job in its own process.

A process of its own keeps pages quick, gives its memory back, and can be ended. Only one worker works in a
data folder: it holds a lock, which its child holds too, so that a server started while an orphan still works
waits.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from inspections.errors import Unavailable
from inspections.imports.jobs import Work, next_job, run_job, say_that_it_died, wants_to_stop
from inspections.settings import Settings, read_settings
from inspections.store import Store
from inspections.web.words import language, sentence, spoken

log = logging.getLogger("xuntu")

LOOK_EVERY_S = 0.5
MOST_S = 30 * 60
PATIENCE_S = 15  # from when somebody stops a job until its process is ended
_PACKAGES = Path(__file__).resolve().parent.parent.parent


class Worker(threading.Thread):
    """Looks for jobs and has them done, one after the other, until `stop` is called or the process ends."""

    def __init__(self, settings: Settings, store: Store) -> None:
        super().__init__(name="imports", daemon=True)
        self._settings, self._store = settings, store
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End the worker and its child; what they did not finish is done after the next start."""
        self._stopping.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
        self.join(timeout=5)

    def run(self) -> None:
        """Wait for the lock, then for jobs."""
        folder = self._settings.imports
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "worker.lock").open("a") as lock:
            while not self._stopping.is_set() and not _locked(lock.fileno()):
                self._stopping.wait(LOOK_EVERY_S)
            while not self._stopping.is_set():
                try:
                    job = next_job(self._store)
                    if job is not None:
                        self._do(job, lock.fileno())
                        continue
                except Unavailable:
                    log.warning("the worker waits for the database")
                except OSError as error:
                    log.warning("the worker cannot work: %s", error)
                self._stopping.wait(LOOK_EVERY_S)

    def _do(self, job: UUID, lock: int) -> None:
        with _empty_folder(self._settings.imports / "work") as folder:
            self._child = child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", "inspections.web.work", str(job)],
                env=_environment(self._settings, folder),
                stdin=subprocess.DEVNULL,
                pass_fds=(lock,),
                start_new_session=True,
            )
            try:
                self._watch(child, job)
            finally:
                _end(child)
        if not self._stopping.is_set() and child.returncode != 0:
            log.warning("the work on import %s ended with %s", job, child.returncode)
            say_that_it_died(self._store, job)

    def _watch(self, child: subprocess.Popen[bytes], job: UUID) -> None:
        """Wait for a child to end; one that is stopped in vain or takes too long is ended."""
        began, stopped_at = time.monotonic(), 0.0
        while child.poll() is None and not self._stopping.wait(LOOK_EVERY_S / 2):
            if not stopped_at and self._wants_to_stop(job):
                stopped_at = time.monotonic()
            late = stopped_at and time.monotonic() - stopped_at > PATIENCE_S
            if late or time.monotonic() - began > MOST_S:
                child.kill()

    def _wants_to_stop(self, job: UUID) -> bool:
        try:
            return wants_to_stop(self._store, job)
        except Unavailable:  # the child goes on; a second one must not begin beside it
            return False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _empty_folder(path: Path) -> Iterator[Path]:
    """A folder for what a job writes down meanwhile; what a job that was killed left there goes with it."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _end(child: subprocess.Popen[bytes]) -> None:
    """See that a child is gone."""
    child.terminate()
    try:
        child.wait(timeout=2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _environment(settings: Settings, folder: Path) -> dict[str, str]:
    """What the child needs to open the same store: the settings as they were given to this process."""
    given = {
        "PYTHONPATH": str(_PACKAGES),
        "TMPDIR": str(folder),
        "XUNTU_DATA": str(settings.data),
        "XUNTU_DATABASE_URL": settings.database_url,
        "XUNTU_LANG": settings.lang,
    }
    if settings.county is not None:
        given["XUNTU_COUNTY"] = str(settings.county)
    return {**os.environ, **given}


def main(job: str) -> None:
    """Do one job in this process."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # rows are no cycles: looking for them took a fifth of the time
    settings = read_settings()
    store = Store.from_settings(settings)
    try:
        with spoken(language(os.environ)):
            run_job(Work(store, settings, say=sentence), UUID(job))
    finally:
        store.close()


if __name__ == "__main__":
    main(sys.argv[1])
