"""Static files: one version in every address, kept for good, packed for who takes it; modules in one go."""

from __future__ import annotations

import gzip
import posixpath
import re
import shutil
from pathlib import Path

import pytest
from flask import Flask

from inspections.web.assets import STATIC, asset, follow_imports, read_tree, tree

FOREVER = "public, max-age=31536000, immutable"
OUTDATED = "0123456789abcdef"
PACK = {"Accept-Encoding": "gzip"}


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Nothing here depends on the database."""
    return sqlite_app


@pytest.fixture
def client(app: Flask):
    return app.test_client()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The static folder, to be changed."""
    return shutil.copytree(STATIC, tmp_path / "static")


def addresses_of(page: str) -> set[str]:
    return {path.partition("#")[0] for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page)}


def test_every_static_address_on_a_page_is_kept_for_good(as_sqlite_officer):
    client = as_sqlite_officer("leader")
    addresses = addresses_of(client.get("/map").text)
    assert len(addresses) > 20
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == FOREVER, address


def test_relative_imports_stay_under_the_version():
    base = asset("js/map/xuntu.js").removesuffix("xuntu.js")
    for named in re.findall(r'from "\./([^"]+)"', (STATIC / "js/map/xuntu.js").read_text(encoding="utf-8")):
        assert base + named == asset(f"js/map/{named}")


def test_an_address_without_a_version_is_asked_again(client):
    answer = client.get("/static/css/base.css")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.data == (STATIC / "css/base.css").read_bytes()


def test_an_outdated_sheet_is_the_one_of_now_and_is_not_kept(client):
    answer = client.get(f"/static/{OUTDATED}/css/base.css")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.data == (STATIC / "css/base.css").read_bytes()


def test_an_outdated_script_is_refused_so_that_no_page_runs_two_versions(client):
    assert client.get(f"/static/{OUTDATED}/js/api.js").status_code == 404
    assert client.get(f"/static/{tree().version}/js/api.js").status_code == 200


@pytest.mark.parametrize(
    "path", ["package.json", "package-lock.json", "icons/icons.txt", "js/package.json", "no.js"]
)
def test_what_is_not_for_browsers_is_not_served(client, path):
    assert client.get(f"/static/{path}").status_code == 404
    assert client.get(f"/static/{tree().version}/{path}").status_code == 404


def test_text_is_packed_for_who_takes_it(client):
    address = asset("css/page.css")
    plain, packed = client.get(address), client.get(address, headers=PACK)
    assert (plain.content_encoding, packed.content_encoding) == (None, "gzip")
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert plain.vary.as_set() >= {"accept-encoding"}
    assert packed.vary.as_set() >= {"accept-encoding"}


def test_who_refuses_gzip_gets_none(client):
    answer = client.get(asset("css/page.css"), headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert answer.content_encoding is None


def test_a_picture_is_not_packed(client):
    path = next(path for path in tree().files if path.endswith(".png"))
    assert client.get(asset(path), headers=PACK).content_encoding is None


def test_packed_and_plain_have_tags_of_their_own_and_each_is_told_not_modified(client):
    address = asset("js/api.js")
    tags = {client.get(address, headers=headers).headers["ETag"] for headers in ({}, PACK)}
    assert len(tags) == 2
    for headers in ({}, PACK):
        tag = client.get(address, headers=headers).headers["ETag"]
        again = client.get(address, headers={**headers, "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_a_page_is_packed_and_its_packed_size_tells_little(client):
    plain = client.get("/sign-in")
    packed = [client.get("/sign-in", headers=PACK) for _ in range(8)]
    assert plain.content_encoding is None
    assert {answer.content_encoding for answer in packed} == {"gzip"}
    assert gzip.decompress(packed[0].data).startswith(b"<!doctype html>")
    assert len({len(answer.data) for answer in packed}) > 2
    assert "accept-encoding" in plain.vary.as_set() & packed[0].vary.as_set()


def test_a_change_in_any_file_is_another_version(copied: Path):
    before = read_tree(copied).version
    assert before == tree().version
    (copied / "js/map/dom.js").write_text("export {};", encoding="utf-8")
    assert read_tree(copied).version != before


def test_joined_sheets_lead_to_the_same_pictures():
    files = tree().files
    for sheet in ("css/page.css", "css/leaflet.css"):
        text = files[sheet].content.decode()
        addresses = [one for one in re.findall(r'url\("([^"]+)"\)', text) if not one.startswith("data:")]
        assert addresses
        for one in addresses:
            assert posixpath.normpath(f"css/{one}") in files, one


def test_an_address_of_nothing_is_refused():
    with pytest.raises(LookupError):
        asset("css/no.css")


SCRIPTS = {
    "js/a.js": 'import { b } from "./map/b.js";\nimport {\n  c,\n  d as e,\n} from "./c.js";\n',
    "js/map/b.js": '/**\n * import { x } from "./no.js"\n */\nexport * from "../c.js";\nimport "./d.js";\n',
    "js/c.js": 'import { a } from "./a.js";\nexport const x = 1;\nconst lazy = () => import("./later.js");\n',
    "js/map/d.js": 'new Worker(new URL("./work.js", import.meta.url), { type: "module" });\n',
    "js/map/work.js": 'import { c } from "../c.js";\nimport { f } from "./f.js";\n',
    "js/map/f.js": "",
    "js/main.js": 'import { c } from "./c.js";\n',
}


def test_imports_are_followed_nearest_first_and_each_named_once():
    found = follow_imports(["js/a.js", "js/main.js"], SCRIPTS)
    assert found[:5] == ["js/a.js", "js/map/b.js", "js/c.js", "js/map/d.js", "js/main.js"]
    assert len(found) == len(set(found))


def test_what_a_worker_needs_comes_last():
    assert follow_imports(["js/a.js", "js/main.js"], SCRIPTS)[5:] == ["js/map/work.js", "js/map/f.js"]


def test_an_import_that_leads_nowhere_is_refused():
    with pytest.raises(LookupError, match=r"js/gone\.js"):
        follow_imports(["js/a.js"], {"js/a.js": 'import "./gone.js";\n'})


def test_every_import_of_ours_leads_to_a_module():
    scripts = tree().scripts
    assert set(follow_imports(scripts, scripts)) == set(scripts)
