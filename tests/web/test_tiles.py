"""Background tiles: from a folder, or asked of one host by the server and kept."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from app import create_app
from inspections.web import tiles
from inspections.web.tiles import EMPTY_TILE, HostSilent, TileRelay, picture_type, tile_source
from tests.web.conftest import SETTINGS, build, sign_in_as

KEY = "a-secret-key"


def a_picture(colour: str = "green", kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(held, kind)
    return held.getvalue()


@dataclass
class Host:
    """A host of tiles on this machine that answers as it is told and remembers what it was asked."""

    address: str = ""
    status: int = 200
    body: bytes = b""
    kind: str = "image/png"
    asked: list[str] = field(default_factory=list)
    location: str = ""


@pytest.fixture
def host() -> Iterator[Host]:
    told = Host(body=a_picture())

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(told.status)
            self.send_header("Content-Type", told.kind)
            if told.location:
                self.send_header("Location", told.location)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    told.address = f"http://127.0.0.1:{server.server_port}/wmts?l={{z}}&x={{x}}&y={{y}}&tk={KEY}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def with_tiles(sqlite_store, tmp_path, now):
    """`with_tiles(text)` is a leader's client of an app whose XUNTU_TILES says `text`."""
    build(sqlite_store, tmp_path, now)

    def opened(text: str, name: str = "leader"):
        app = create_app(replace(SETTINGS, data=tmp_path / "data", tiles=text), sqlite_store)
        app.extensions["xuntu.clock"] = lambda: now
        return sign_in_as(app, name)

    return opened


@pytest.fixture
def folder(tmp_path) -> Path:
    tile = tmp_path / "tiles" / "10" / "797" / "394.png"
    tile.parent.mkdir(parents=True)
    tile.write_bytes(a_picture("blue"))
    (tmp_path / "tiles" / "secret.png").write_bytes(a_picture("red"))
    return tmp_path / "tiles"


def test_a_folder_gives_its_tiles_and_empty_ones_elsewhere(with_tiles, folder):
    client = with_tiles(str(folder))
    found = client.get("/tiles/10/797/394")
    assert found.data == a_picture("blue")
    assert found.mimetype == "image/png"
    assert found.headers["Cache-Control"] == "private, max-age=86400"
    assert client.get("/tiles/10/797/395").data == EMPTY_TILE
    assert picture_type(EMPTY_TILE) == "image/png"


@pytest.mark.parametrize("path", ["10/797/../../secret", "10/-1/3", "10/a/3", "10/797/394.png", "10/1e2/3"])
def test_only_numbers_of_the_world_lead_to_a_tile(with_tiles, folder, path):
    assert with_tiles(str(folder)).get(f"/tiles/{path}").status_code == 404


@pytest.mark.parametrize("path", ["1/2/0", "40/0/0", "3/0/8"])
def test_numbers_beyond_the_world_are_not_found(with_tiles, folder, path):
    assert with_tiles(str(folder)).get(f"/tiles/{path}").status_code == 404


def test_a_file_that_is_no_picture_is_not_passed_on(with_tiles, folder):
    (folder / "10" / "797" / "396.png").write_text("<svg onload='alert(1)'/>")
    assert with_tiles(str(folder)).get("/tiles/10/797/396").data == EMPTY_TILE


def test_an_address_is_asked_once_and_its_answer_kept(with_tiles, host, tmp_path):
    client = with_tiles(host.address)
    assert client.get("/tiles/10/797/394").data == host.body
    assert client.get("/tiles/10/797/394").data == host.body
    assert host.asked == [f"/wmts?l=10&x=797&y=394&tk={KEY}"]


def test_a_tile_the_host_has_not_is_empty_and_not_asked_for_again(with_tiles, host):
    host.status, host.body = 404, b"none"
    client = with_tiles(host.address)
    assert client.get("/tiles/10/797/394").data == EMPTY_TILE
    assert client.get("/tiles/10/797/394").data == EMPTY_TILE
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        (200, b"<html>key expired</html>"),
        (200, b""),
        (403, b"no"),
        (500, b"no"),
        (200, b"\x89PNG\r\n\x1a\n" + b"0" * tiles.LARGEST_TILE),
    ],
)
def test_what_is_no_tile_is_not_passed_on_and_the_host_left_alone(with_tiles, host, status, body):
    host.status, host.body = status, body
    client = with_tiles(host.address)
    first = client.get("/tiles/10/797/394")
    assert first.data == EMPTY_TILE
    assert first.headers["Cache-Control"] == "no-store"
    client.get("/tiles/10/797/395")
    assert len(host.asked) == 1, "a host that failed a moment ago is not asked"


def test_a_redirect_is_not_followed(with_tiles, host):
    host.status, host.location = 302, host.address.split("?")[0] + "/elsewhere"
    assert with_tiles(host.address).get("/tiles/10/797/394").data == EMPTY_TILE
    assert len(host.asked) == 1


def test_a_host_that_is_not_there_leaves_the_map_its_ground(with_tiles):
    address = "http://127.0.0.1:9/{z}/{x}/{y}.png"  # the discard port: nobody listens
    assert with_tiles(address).get("/tiles/10/797/394").data == EMPTY_TILE


def test_the_oldest_tiles_go_when_the_limit_is_reached(host, tmp_path):
    size = len(host.body)
    relay = TileRelay(tile_source(host.address), tmp_path, kept_bytes=5 * size)
    for column in range(5):
        relay.get(10, column, 0)
        os.utime(tmp_path / "10" / str(column) / "0", (time.time(), time.time() - 100 + column))
    relay.get(10, 5, 0)
    kept = sorted(path.parent.name for path in tmp_path.glob("10/*/*"))
    assert kept == ["2", "3", "4", "5"]


def test_an_old_tile_is_asked_for_again(host, tmp_path):
    relay = TileRelay(tile_source(host.address), tmp_path)
    relay.get(10, 1, 1)
    long_ago = time.time() - tiles.KEPT_S - 1
    os.utime(tmp_path / "10" / "1" / "1", (long_ago, long_ago))
    host.body = a_picture("red")
    assert relay.get(10, 1, 1) == host.body
    assert len(host.asked) == 2


def test_a_slow_host_is_given_up(host, tmp_path, monkeypatch):
    monkeypatch.setattr(tiles, "TIMEOUT_S", 0.05)
    gate = threading.Event()
    listening = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Slow", (BaseHTTPRequestHandler,), {"do_GET": lambda self: gate.wait(5)})
    )
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    relay = TileRelay(tile_source(f"http://127.0.0.1:{listening.server_port}/{{z}}/{{x}}/{{y}}"), tmp_path)
    with pytest.raises(HostSilent):
        relay.get(10, 1, 1)
    gate.set()
    listening.shutdown()
    listening.server_close()
    thread.join()


def test_a_stranger_gets_no_tile(with_tiles, folder):
    answer = with_tiles(str(folder), "stranger").get("/tiles/10/797/394")
    assert answer.status_code == 303


def test_without_tiles_there_are_none_and_the_map_has_no_background(with_tiles):
    client = with_tiles("")
    assert client.get("/tiles/10/797/394").status_code == 404
    assert "/tiles/" not in script_of(client)


def test_the_key_of_an_address_reaches_no_page(with_tiles, host):
    client = with_tiles(host.address)
    page, script = client.get("/map").text, script_of(client)
    assert '"/tiles/{z}/{x}/{y}"' in script
    for text in (page, script):
        assert KEY not in text
        assert "127.0.0.1" not in text


def script_of(client) -> str:
    page = client.get("/map").text
    return client.get("/map/" + page.split('src="/map/')[1].split('"')[0]).text
