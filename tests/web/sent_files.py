"""Files sent on the pages of imports, and what becomes of them, for tests of those pages."""

from __future__ import annotations

import io
import uuid
from xml.etree.ElementTree import Element

from flask import Flask
from flask.testing import FlaskClient
from pyproj import Transformer
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from inspections.imports.jobs import Work, run_job
from inspections.models import ImportBatch, ImportMessage
from inspections.store import Store
from tests.factories import NOW
from tests.imports import REGISTER
from tests.pages import get_page, text_of
from tests.web.conftest import csrf_of, sign_in_as

EAST_M, NORTH_M = Transformer.from_crs(4490, 4542, always_xy=True).transform(100.45, 38.80)
BOW_TIE = "POLYGON ((100.20 38.70, 100.21 38.71, 100.21 38.70, 100.20 38.71, 100.20 38.70))"
STRANGE = "水体,东向,北向\n柳荫塘,100.40,38.93\n"
ASKING = (
    "名称,经度,纬度,边界,责任人,联系电话\n"
    "近旁塘,100.4001,38.93,,陈某某,13800000000\n"
    "界边塘,100.4999,38.80,,,\n"
    f'蝴蝶塘,,,"{BOW_TIE}",,\n'
    f"两可塘,{EAST_M:.2f},{NORTH_M:.2f},,,\n"
    "反写塘,38.95,100.45,,,\n"
    "电话塘,100.46,38.95,,李四,12\n"
)


def register(lat: float) -> str:
    """A register of two ponds of this latitude and a row without a place."""
    return REGISTER.replace("38.9", f"{lat:.1f}")


def post(client: FlaskClient, path: str, data: dict | None = None, on: str = "/imports") -> TestResponse:
    return client.post(path, data=(data or {}) | {"csrf_token": csrf_of(client, on)})


def send(client: FlaskClient, *files: tuple[bytes | str, str], what: str = "pond") -> TestResponse:
    """Choose what is in a file, and one or several files, and send the form."""
    fields = [("what", what), ("csrf_token", csrf_of(client, "/imports"))]
    for data, name in files:
        data = data.encode() if isinstance(data, str) else data
        fields.append(("file", FileStorage(io.BytesIO(data), name)))
    boundary, body = encode_multipart(MultiDict(fields))
    return client.post("/imports", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def work_on(app: Flask, page: str) -> None:
    """Do what the worker would with the file of a page."""
    store, settings = app.extensions["xuntu.store"], app.extensions["xuntu.settings"]
    run_job(Work(store, settings, now=lambda: NOW), id_of(page))


def received(
    app, who: str = "supervisor", text: str | bytes = REGISTER, name: str = "坑塘.csv", what: str = "pond"
):
    """A file sent by somebody and checked; its page."""
    answer = send(sign_in_as(app, who), (text, name), what=what)
    assert answer.status_code == 303, answer.text
    page = answer.headers["Location"]
    work_on(app, page)
    return page


def step(app: Flask, client: FlaskClient, page: str, action: str, data: dict | None = None) -> TestResponse:
    """Take a step on the page of a file, and have the worker do what was asked for."""
    answer = post(client, f"{page}/{action}", data, on=page)
    if answer.status_code == 303:
        work_on(app, page)
    return answer


def applied(app: Flask, who: str = "supervisor", **what: str) -> str:
    """A file sent, checked and applied; its page."""
    page = received(app, who, **what)
    assert step(app, sign_in_as(app, who), page, "application").status_code == 303
    return page


def words(client: FlaskClient, path: str) -> str:
    return text_of(get_page(client, path))


def id_of(page: str) -> uuid.UUID:
    return uuid.UUID(page.rsplit("/", 1)[1])


def batch_of(store: Store, page: str) -> ImportBatch:
    with store.read() as session:
        return session.get_one(ImportBatch, id_of(page))


def pk_of(store: Store, code: str) -> int:
    """The key of the one message with a code."""
    with store.read() as session:
        return session.scalars(select(ImportMessage.pk).where(ImportMessage.code == code)).one()


def buttons(tree: Element) -> set[str]:
    return {text_of(node) for node in tree.iter("button")}
