"""The tools of the county map as the page brings them: words, the library, what the sheet of paper holds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import html5lib
import pytest

from inspections.terms import Kind

JS = Path(__file__).parents[1] / "js"


def page_of(client, path="/map"):
    return html5lib.parse(client.get(path).text, namespaceHTMLElements=False)


def with_class(page, name):
    return [one for one in page.iter() if name in (one.get("class") or "").split()]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_pure_parts_of_the_tools_hold():
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), "--test", JS / "map-tools.test.mjs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_the_library_that_measures_is_served_for_good_without_eval_and_not_linked(as_sqlite_officer):
    leader = as_sqlite_officer("leader")
    page = page_of(leader)
    (box,) = with_class(page, "map-page")
    with leader.get(box.get("data-geodesic")) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert "WGS84" in answer.text
        assert not re.search(r"\beval\s*\(|new Function", answer.text)
    assert not [one for one in page.iter("script") if "geodesic" in (one.get("src") or "")]


def test_the_sheet_names_the_county_its_moment_and_that_it_is_internal(as_sqlite_officer):
    page = page_of(as_sqlite_officer("leader"))
    (head,) = with_class(page, "sheet-head")
    said = " ".join("".join(head.itertext()).split())
    assert said.startswith("示范县点位图")
    assert "（北京时间）" in said
    assert [one.get("data-sheet") for one in head.iter() if one.get("data-sheet")] == [
        "shown",
        "count",
        "asOf",
    ]
    assert "".join(with_class(page, "secret")[0].itertext()) == "内部使用 不得公开"
    assert len(with_class(page, "sheet-north")) == 1


@pytest.mark.parametrize(("role", "kinds"), [("leader", list(Kind)), ("department", [Kind.STRAW, Kind.POND])])
def test_the_legend_of_the_sheet_has_the_officers_kinds(as_sqlite_officer, role, kinds):
    page = page_of(as_sqlite_officer(role))
    (keys,) = with_class(page, "sheet-keys")
    assert [one.get("data-kind") for one in keys if one.get("data-kind")] == [kind.value for kind in kinds]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh_CN", "测量距离和面积"), ("en", "Measure distance and area")]
)
def test_the_tools_speak_the_pages_language(as_sqlite_officer, lang, words):
    leader = as_sqlite_officer("leader")
    with leader.session_transaction() as cookie:
        cookie["lang"] = lang
    block = next(one for one in page_of(leader).iter("script") if one.get("type") == "application/json")
    assert json.loads(block.text)["words"]["measure"] == words
