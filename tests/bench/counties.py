"""Demo counties of any size, each served by a process of its own, as an officer's browser finds it."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import geopandas
import pandas as pd
import shapely
from sqlalchemy import select

from inspections import demo, map_features
from inspections.map_features import MapFilter
from inspections.models import Officer
from inspections.permissions import actor_of
from inspections.settings import Settings, read_settings
from inspections.store import Store, now_utc

WHO = "leader"
LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """What the server said, and how long that took it: until the last byte, in milliseconds."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes
    took_ms: float


@dataclass
class Served:
    """A county under service, asked as the leader, who sees all of it."""

    port: int
    cookie: str = ""

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOCAL}:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        """Ask once, packed answers welcome."""
        return self._ask("GET", path, None, {"Accept-Encoding": "gzip", **headers})

    def sign_in(self) -> None:
        """Sign in as the leader of the demo."""
        page = self.get("/sign-in", **{"Accept-Encoding": "identity"})
        self.cookie = _cookie(page)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.content.decode())[1]
        fields = urlencode({"name": WHO, "password": dict(demo.ACCOUNTS)[WHO], "csrf_token": token})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.cookie = _cookie(self._ask("POST", "/sign-in", fields, headers))

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(LOCAL, self.port, timeout=120)
        connection.connect()
        began = time.perf_counter()
        connection.request(method, path, body, {"Cookie": self.cookie, **headers})
        answer = connection.getresponse()
        content = answer.read()
        took_ms = 1000 * (time.perf_counter() - began)
        connection.close()
        return Answer(answer.status, answer.headers, content, took_ms)


def _cookie(answer: Answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


def settings_of(data: Path) -> Settings:
    """What a program over that folder is told."""
    return read_settings({"XUNTU_DATA": str(data)})


def make_county(folder: Path, sites: int) -> Path:
    """Give the folder of a demo county of so many sites; it is made where it is not there yet."""
    data = folder / str(sites)
    data.mkdir(parents=True, exist_ok=True)
    store = Store.from_settings(settings_of(data))
    store.migrate()
    if not demo.is_built(store):
        demo.build(store, settings_of(data), sites=sites, photos=0)
    store.close()
    return data


def rows_of(data: Path) -> geopandas.GeoDataFrame:
    """The sites that the leader's map shows, each a point: what other maps are made of."""
    store = Store.from_settings(settings_of(data))
    with store.read() as session:
        leader = actor_of(session.scalars(select(Officer).where(Officer.name == WHO)).one())
        found = map_features.list_features(
            session, by=leader, wanted=MapFilter(), now=now_utc(), points=True, limit=10_000_000
        )
    store.close()
    table = pd.DataFrame(found.properties)[["name", "number", "kind", "state", "township"]].astype(str)
    return geopandas.GeoDataFrame(
        table, geometry=shapely.points(shapely.get_coordinates(found.geometries)), crs=4490
    )


@contextmanager
def serving(data: Path) -> Iterator[Served]:
    """Serve a county by `xuntu serve` in a process of its own, the leader signed in."""
    port = _free_port()
    command = [sys.executable, "-c", "from app import main; main()", "serve", "--port", str(port)]
    env = {**os.environ, "XUNTU_DATA": str(data)}
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        if not server.stdout.readline().startswith("serving"):
            raise RuntimeError(f"the county in {data} is not served")
        served = Served(port)
        served.sign_in()
        yield served
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind((LOCAL, 0))
        return tried.getsockname()[1]
