"""`xuntu import`: the options that answer what a page would ask, and the sentence that names the option."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shapely import Point
from sqlalchemy import select

from inspections.models import Layer, Site
from inspections.store import Store
from tests.factories import a_county
from tests.geo.shapefiles import write_shapefile
from tests.imports import a_file
from tests.layers import FARMLAND, RIVER, layer_file
from tests.web.sent_files import BOW_TIE, EAST_M, NORTH_M, STRANGE
from tests.web.test_cli import Shell
from tests.workbooks import Page, a_workbook

HEADING = ["名称", "经度", "纬度"]
TWISTED = (
    "POLYGON ((100.30 38.70, 100.31 38.70, 100.31 38.71, 100.300005 38.71, 100.29999 38.710005, "
    "100.30 38.710005, 100.29999 38.70999, 100.30 38.70))"
)


@pytest.fixture
def xuntu(monkeypatch, capsys, sqlite_store: Store, tmp_path: Path) -> Shell:
    with sqlite_store.write() as session:
        a_county(session)
    return Shell(monkeypatch, capsys, sqlite_store, tmp_path / "data")


def take(xuntu: Shell, path: Path, *options: str) -> tuple[int, list[str], list[str]]:
    return xuntu("import", "sites", path, "--kind", "pond", "--apply", *options)


def names(xuntu: Shell) -> list[str]:
    with xuntu.store.read() as session:
        return list(session.scalars(select(Site.name).order_by(Site.number)))


def test_columns_are_named_by_options(xuntu, tmp_path):
    path = a_file(tmp_path, STRANGE.replace("\n", ",x\n"))
    columns = ("--column", "name=水体", "--column", "lon=东向", "--column", "lat=北向", "--column", "=x")
    assert take(xuntu, path, *columns) == (
        0,
        ["Rows applied: 1.", "read=1 accepted=1 warned=0 refused=0"],
        [],
    )


def test_sheets_and_the_row_of_the_heading_are_named_by_options(xuntu, tmp_path):
    pages = {
        "新表": [HEADING, ["柳荫塘", 100.40, 38.93]],
        "旧表": Page([["旧"], HEADING, ["点位", "X", "Y"], ["旧塘", 100.41, 38.94]], hidden=True),
    }
    status, out, _ = take(xuntu, a_workbook(tmp_path, pages), "--sheet", "旧表", "--heading-row", "3")
    assert (status, out[-1]) == (0, "read=1 accepted=1 warned=0 refused=0")
    assert names(xuntu) == ["旧塘"]


def test_small_repairs_are_taken_where_an_option_says_so_and_large_ones_never(xuntu, tmp_path):
    text = f'名称,边界\n扭角塘,"{TWISTED}"\n蝴蝶塘,"{BOW_TIE}"\n'
    path = a_file(tmp_path, text)
    assert take(xuntu, path)[1][-1] == "read=2 accepted=0 warned=0 refused=2"
    status, out, _ = take(xuntu, path, "--repair")
    assert (status, out[-1]) == (1, "read=2 accepted=1 warned=1 refused=1")
    assert names(xuntu) == ["扭角塘"]


def test_a_loose_shapefile_is_read_with_its_parts(xuntu, tmp_path):
    shp = write_shapefile(tmp_path / "塘", "坑塘", {"名称": ["柳荫塘"]}, encoding="gbk")
    assert take(xuntu, shp)[1][-1] == "read=1 accepted=1 warned=0 refused=0"
    assert names(xuntu) == ["柳荫塘"]


def test_without_its_parts_a_shapefile_says_what_is_missing(xuntu, tmp_path):
    shp = write_shapefile(tmp_path / "塘", "坑塘", {"名称": ["柳荫塘"]}, encoding="gbk")
    shp.with_suffix(".dbf").unlink()
    status, out, err = take(xuntu, shp)
    assert (status, out, len(err)) == (2, [], 1)
    assert ".dbf" in err[0]


@pytest.mark.parametrize(
    ("text", "options", "named"),
    [
        (f"名称,X,Y\n柳荫塘,{EAST_M:.2f},{NORTH_M:.2f}\n", (), "--crs"),
        ("名称,X,Y\n柳荫塘,100.45,38.93\n", ("--crs", "西安80"), "--rough"),
        (f'名称,边界\n蝴蝶塘,"{BOW_TIE}"\n', (), "--repair"),
        ("水体,经度,纬度\n柳荫塘,100.40,38.93\n", (), "--column"),
        (STRANGE, (), "--heading-row"),
    ],
)
def test_where_a_page_would_ask_the_option_that_answers_is_named(xuntu, tmp_path, text, options, named):
    status, out, err = take(xuntu, a_file(tmp_path, text), *options)
    assert status in (1, 2)
    assert f"({named})" in "".join([*out, *err])


def test_a_hidden_sheet_is_named_with_the_option_that_reads_it(xuntu, tmp_path):
    pages = {"新表": [HEADING, ["柳荫塘", 100.40, 38.93]], "旧表": Page([HEADING], hidden=True)}
    _, out, _ = take(xuntu, a_workbook(tmp_path, pages))
    assert any("旧表" in line and "--sheet" in line for line in out)


def test_what_a_page_would_propose_is_taken_and_said(xuntu, tmp_path):
    rows = ("柳荫塘,100.40,38.93", "近旁塘,100.4001,38.93", "界边塘,100.4999,38.80", "反写塘,38.95,100.45")
    path = a_file(tmp_path, "名称,经度,纬度\n" + "\n".join(rows))
    report = tmp_path / "report.json"
    status, out, _ = take(xuntu, path, "--report", str(report))
    assert (status, out[-1]) == (0, "read=4 accepted=4 warned=2 refused=0")
    said = [(one["row"], one["level"], one["code"]) for one in json.loads(report.read_bytes())["messages"]]
    assert said == [
        (None, "note", "import.put_right"),
        (3, "warning", "import.near_earlier_row"),
        (4, "warning", "import.near_township_line"),
    ]


@pytest.mark.parametrize(
    "options",
    [
        ("--column", "水体"),
        ("--column", "no_such_field=水体"),
        ("--column", "name="),
        ("--heading-row", "0"),
        ("--heading-row", "第三行"),
        ("--sheet", "没有的表"),
    ],
)
def test_options_that_cannot_be_meant_end_with_one_line(xuntu, tmp_path, options):
    path = a_file(tmp_path, "名称,经度,纬度\n柳荫塘,100.40,38.93\n")
    status, out, err = take(xuntu, path, *options)
    assert (status, out, len(err)) == (2, [], 1)
    assert names(xuntu) == []


def test_a_layer_comes_in_by_command_with_the_last_line_and_the_report_of_all_imports(xuntu, tmp_path):
    path = layer_file(tmp_path, FARMLAND, Point(100.4, 38.9))
    about = ("--layer", "basic_farmland", "--source", "自然资源局", "--date", "2025-12-31")
    report = tmp_path / "report.json"
    status, out, err = xuntu("import", "layer", path, *about, "--report", report)
    assert (status, out[-1], err) == (1, "read=2 accepted=1 warned=0 refused=1", [])
    told = json.loads(report.read_text())
    assert told["rows"] == {"read": 2, "accepted": 1, "warned": 0, "refused": 1}
    assert [(one["row"], one["level"], one["code"]) for one in told["messages"]] == [
        (2, "error", "layer.wrong_shape")
    ]
    status, out, _ = xuntu("import", "layer", path, *about, "--apply")
    assert (status, out[-1]) == (1, "read=2 accepted=1 warned=0 refused=1")
    with xuntu.store.read() as session:
        layer = session.scalars(select(Layer)).one()
    assert (layer.kind, layer.source, layer.features) == ("basic_farmland", "自然资源局", 1)


def test_what_is_not_said_of_a_layer_names_its_option(xuntu, tmp_path):
    status, out, _ = xuntu("import", "layer", layer_file(tmp_path, RIVER), "--layer", "rivers")
    assert status == 0
    assert all(f"({option})" in "".join(out) for option in ("--source", "--date"))
    wrong = ("--layer", "rivers", "--date", "2099-01-01")
    status, out, err = xuntu("import", "layer", layer_file(tmp_path, RIVER), *wrong)
    assert (status, out, len(err)) == (2, [], 1)
    assert "(--date)" in err[0]
