"""The worker: what is asked for is done once, in its order, and whatever breaks off can be begun again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from inspections import ledger
from inspections.errors import DatabaseBusy
from inspections.imports import batches
from inspections.imports.answers import Answers
from inspections.imports.jobs import SIGN_OF_LIFE_S
from inspections.models import ImportRow, Site
from inspections.terms import ImportJob
from inspections.web import work
from inspections.web.work import Worker
from tests.imports import REGISTER, Desk

MANY, MORE = 6_000, 20_000  # written to the store 2,000 at a time
APP = Path(__file__).parents[2] / "app.py"


def a_long_register(rows: int) -> str:
    return "名称,经度,纬度\n" + "".join(
        f"{at:05}号塘,{100.15 + at % 300 * 0.001:.4f},{38.60 + at // 300 * 0.01:.4f}\n" for at in range(rows)
    )


LONG = a_long_register(MANY)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Look again and again until something is so; fail where it is not so in time."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        pause.wait(0.02)


@pytest.fixture
def workers() -> Iterator[Callable[[Desk], Worker]]:
    """Starts the worker of a server; each is stopped at the end."""
    started: list[Worker] = []

    def start(desk: Desk) -> Worker:
        worker = Worker(desk.settings, desk.store)
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.stop()


def idle(desk: Desk, batch_id) -> bool:
    return desk.batch(batch_id).job is ImportJob.NONE


def child_of(worker: Worker) -> int:
    """The process that does the work, once there is one."""
    until(lambda: worker._child is not None and worker._child.poll() is None)
    return worker._child.pid  # type: ignore[union-attr]


def rows_of(desk: Desk, batch_id) -> int:
    with desk.store.read() as session:
        return session.scalar(select(func.count()).where(ImportRow.batch_id == batch_id)) or 0


def is_writing(desk: Desk) -> bool:
    """Whether somebody holds the one write lock of SQLite for long."""
    try:
        with desk.store.write_soon(1) as session:
            session.execute(text("SELECT 1"))
            return False
    except DatabaseBusy:
        return True


def ask(desk: Desk, batch_id, step: Callable, *more) -> None:
    with desk.store.write() as session:
        step(session, batches.get_batch(session, batch_id, desk.by), *more, by=desk.by)


def stop(desk: Desk, batch_id) -> None:
    with desk.store.write() as session:
        batches.ask_to_stop(session, batches.get_batch(session, batch_id, desk.by))


def check_again(desk: Desk, batch_id) -> None:
    """Have a file checked again as it is."""
    ask(desk, batch_id, batches.check_again, Answers.of(desk.batch(batch_id).answers))


def test_files_are_checked_in_the_order_they_came_and_applied_when_asked(sqlite_desk, workers):
    first, second = (
        sqlite_desk.receive(REGISTER),
        sqlite_desk.receive(REGISTER.replace("38.9", "38.7"), "later.csv"),
    )
    workers(sqlite_desk)
    until(lambda: idle(sqlite_desk, first) and idle(sqlite_desk, second))
    assert [sqlite_desk.batch(one).state for one in (first, second)] == ["checked", "checked"]
    ask(sqlite_desk, second, batches.ask_to_apply)
    until(lambda: idle(sqlite_desk, second))
    assert (sqlite_desk.batch(first).state, sqlite_desk.batch(second).state) == ("checked", "applied")


def test_a_check_shows_how_far_it_is_and_can_be_stopped(sqlite_desk, workers):
    batch_id = sqlite_desk.receive(a_long_register(MORE))
    workers(sqlite_desk)
    until(lambda: sqlite_desk.batch(batch_id).job_done > 0)
    batch = sqlite_desk.batch(batch_id)
    assert 0 < batch.job_done < batch.job_total == MORE + 1
    with sqlite_desk.store.write() as session:  # the check waits for the store until it is due to look again
        batches.ask_to_stop(session, batches.get_batch(session, batch_id, sqlite_desk.by))
        due = time.monotonic() + SIGN_OF_LIFE_S
        until(lambda: time.monotonic() > due)
    until(lambda: idle(sqlite_desk, batch_id))
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.failure["code"]) == ("received", "import.stopped")


def test_a_second_check_that_breaks_off_leaves_no_half_of_the_rows_and_keeps_the_answers(
    sqlite_desk, workers
):
    batch_id = sqlite_desk.send(LONG + "界边塘,100.4999,38.9999\n")
    sqlite_desk.answer(batch_id, "import.near_township_line", "holder")
    check_again(sqlite_desk, batch_id)
    child = child_of(workers(sqlite_desk))
    until(lambda: 0 < rows_of(sqlite_desk, batch_id) < MANY)
    os.kill(child, signal.SIGKILL)
    until(lambda: idle(sqlite_desk, batch_id))
    assert sqlite_desk.batch(batch_id).state == "received"
    check_again(sqlite_desk, batch_id)
    until(lambda: idle(sqlite_desk, batch_id))
    assert sqlite_desk.batch(batch_id).rows_read == MANY + 1
    assert sqlite_desk.asked(batch_id) == []


def test_a_check_whose_process_is_killed_says_so_and_can_be_begun_again(sqlite_desk, workers):
    batch_id = sqlite_desk.receive(REGISTER)
    worker = workers(sqlite_desk)
    os.kill(child_of(worker), signal.SIGKILL)
    until(lambda: idle(sqlite_desk, batch_id))
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.failure["code"]) == ("received", "import.job_died")
    check_again(sqlite_desk, batch_id)
    until(lambda: idle(sqlite_desk, batch_id))
    assert (sqlite_desk.batch(batch_id).state, sqlite_desk.batch(batch_id).failure) == ("checked", {})


def test_applying_whose_process_is_killed_leaves_nothing_and_is_done_when_asked_again(sqlite_desk, workers):
    batch_id = sqlite_desk.send(LONG)
    worker = workers(sqlite_desk)
    ask(sqlite_desk, batch_id, batches.ask_to_apply)
    child = child_of(worker)
    until(lambda: is_writing(sqlite_desk))
    os.kill(child, signal.SIGKILL)
    until(lambda: idle(sqlite_desk, batch_id))
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.failure["code"]) == ("checked", "import.job_died")
    with sqlite_desk.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 0
        assert ledger.count(session) == 0
    ask(sqlite_desk, batch_id, batches.ask_to_apply)
    until(lambda: idle(sqlite_desk, batch_id), 60)
    with sqlite_desk.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == MANY


@pytest.mark.long
def test_a_process_that_hangs_is_ended_some_time_after_somebody_stops_it(sqlite_desk, workers, monkeypatch):
    monkeypatch.setattr(work, "PATIENCE_S", 0.5)
    batch_id = sqlite_desk.receive(REGISTER)
    worker = workers(sqlite_desk)
    os.kill(child_of(worker), signal.SIGSTOP)
    until(lambda: sqlite_desk.batch(batch_id).job is ImportJob.CHECK)
    stop(sqlite_desk, batch_id)
    until(lambda: idle(sqlite_desk, batch_id))
    assert sqlite_desk.batch(batch_id).state == "received"


def test_a_process_that_runs_for_ever_is_ended(sqlite_desk, workers, monkeypatch):
    monkeypatch.setattr(work, "MOST_S", 0.5)
    batch_id = sqlite_desk.receive(REGISTER)
    worker = workers(sqlite_desk)
    os.kill(child_of(worker), signal.SIGSTOP)
    until(lambda: idle(sqlite_desk, batch_id))
    assert sqlite_desk.batch(batch_id).failure["code"] == "import.job_died"
    until(lambda: not (sqlite_desk.settings.imports / "work").exists())


def test_what_a_stopped_server_left_is_done_by_the_next_one(sqlite_desk, workers):
    batch_id = sqlite_desk.receive(LONG)
    worker = workers(sqlite_desk)
    until(lambda: rows_of(sqlite_desk, batch_id) > 0)
    worker.stop()
    assert sqlite_desk.batch(batch_id).job is ImportJob.CHECK
    workers(sqlite_desk)
    until(lambda: idle(sqlite_desk, batch_id))
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.rows_read, rows_of(sqlite_desk, batch_id)) == ("checked", MANY, MANY)


@pytest.mark.long
def test_two_workers_in_one_folder_do_a_job_once(sqlite_desk, workers):
    batch_id = sqlite_desk.receive(REGISTER)
    both = [workers(sqlite_desk), workers(sqlite_desk)]
    until(lambda: idle(sqlite_desk, batch_id))
    assert [worker._child is not None for worker in both].count(True) == 1


@pytest.mark.long
@pytest.mark.parametrize("store", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_database_that_is_lost_while_checking_is_said_and_the_file_checked_again(desk, workers):
    batch_id = desk.receive(LONG)
    workers(desk)
    until(lambda: rows_of(desk, batch_id) > 0)
    with desk.store.write() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    until(lambda: idle(desk, batch_id))
    batch = desk.batch(batch_id)
    assert batch.failure["code"] in ("store.lost", "import.job_died")
    assert batch.state == "received"
    check_again(desk, batch_id)
    until(lambda: idle(desk, batch_id))
    assert (desk.batch(batch_id).state, desk.batch(batch_id).rows_read) == ("checked", MANY)


@pytest.mark.long
def test_a_server_that_is_killed_leaves_its_work_to_the_next_one(sqlite_desk, workers):
    batch_id = sqlite_desk.receive(LONG)
    environment = {**os.environ, "XUNTU_DATA": str(sqlite_desk.settings.data), "XUNTU_DATABASE_URL": ""}
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, str(APP), "serve", "--port", str(free_port())],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    until(lambda: rows_of(sqlite_desk, batch_id) > 0)
    server.kill()
    server.wait()
    workers(sqlite_desk)
    until(lambda: idle(sqlite_desk, batch_id))
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.rows_read, rows_of(sqlite_desk, batch_id)) == ("checked", MANY, MANY)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
