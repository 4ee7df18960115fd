"""What goes wrong under an import: a full disk, a file made to harm, bytes that are gone, a wrong profile."""

from __future__ import annotations

import io
import resource
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from inspections import ledger
from inspections.errors import StorageFull
from inspections.imports import batches
from inspections.imports.jobs import run_job
from inspections.imports.messages import refusal_of
from inspections.models import Site
from inspections.terms import ImportJob
from tests.imports import REGISTER, Desk

LONG = "名称,经度,纬度\n" + "".join(
    f"{at:04}号塘,{100.15 + at % 300 * 0.001:.4f},{38.60 + at // 300 * 0.01:.4f}\n" for at in range(3_000)
)


@contextmanager
def room_for(desk: Desk, more_bytes: int) -> Iterator[None]:
    """A disk on which no file of the store grows by more than so much, for this process and its children."""
    largest = max(path.stat().st_size for path in desk.settings.data.glob("xuntu.sqlite3*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + more_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_stops_the_check_and_is_said(sqlite_desk):
    batch_id = sqlite_desk.receive(LONG)
    with room_for(sqlite_desk, 400_000):
        run_job(sqlite_desk.work, batch_id)
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.failure["code"]) == ("received", "store.full")
    assert sqlite_desk.check(batch_id).state == "checked"


def test_a_disk_that_fills_while_applying_leaves_nothing(sqlite_desk):
    batch_id = sqlite_desk.send(LONG)
    with room_for(sqlite_desk, 400_000):
        batch = sqlite_desk.apply(batch_id)
    assert (batch.state, batch.failure["code"]) == ("checked", "store.full")
    with sqlite_desk.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 0
        assert ledger.count(session) == 0
    assert not batches.report_path(sqlite_desk.settings.imports, batch).exists()


def test_a_file_that_does_not_fit_on_the_disk_is_not_received(sqlite_desk):
    data = "名称,经度,纬度\n" + "长" * 2_000_000
    with room_for(sqlite_desk, 100_000), pytest.raises(StorageFull):
        sqlite_desk.receive(data)
    assert list(sqlite_desk.settings.imports.iterdir()) == []


def a_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"\x00" * 60_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("bomb.zip", a_bomb(), "geo.unpacks_too_large"),
        ("doctype.kml", b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml/>', "geo.has_doctype"),
        ("broken.xlsx", b"PK\x03\x04" + b"\x01" * 500, "geo.bad_layer"),
        ("broken.geojson", b'{"type": "FeatureCollection", "features": [{', "geo.broken_json"),
        ("wide.csv", ",".join(f"c{at}" for at in range(10_000)).encode(), "geo.too_many_columns"),
        ("other.csv", "名称,经度,纬度\n柳荫塘".encode() + b"\xff\xff\xff", "geo.unreadable_text"),
    ],
)
def test_a_file_made_to_harm_fails_alone_with_what_is_wrong(sqlite_desk, name, data, code):
    batch = sqlite_desk.batch(sqlite_desk.send(data, name))
    assert (batch.state, batch.job, batch.failure["code"]) == ("received", ImportJob.NONE, code)
    assert str(refusal_of(code, batch.failure["facts"]))


def test_a_file_whose_bytes_are_gone_says_so(sqlite_desk):
    batch_id = sqlite_desk.receive(REGISTER)
    (sqlite_desk.settings.imports / str(batch_id)).unlink()
    run_job(sqlite_desk.work, batch_id)
    assert sqlite_desk.batch(batch_id).failure == {"code": "import.file_gone", "facts": {"name": "坑塘.csv"}}


def test_a_profile_with_wrong_parameters_says_so_and_not_that_the_file_is_wrong(sqlite_desk):
    wrong = {"datums": {"xian80": {"dx": 1.0}}}
    desk = replace(sqlite_desk, settings=replace(sqlite_desk.settings, profile=wrong))
    assert desk.batch(desk.send(REGISTER)).failure["code"].startswith("geo.")
