"""Refused rows come back as a file: mended in it and sent again they go in."""

from __future__ import annotations

import io
import json
import zipfile

import openpyxl
import pytest
import shapely

from inspections.errors import NotFound
from inspections.imports.batches import FileGone
from inspections.imports.mending import Words, refused_rows, report_of
from tests.factories import a_pond_shape
from tests.geo.shapefiles import write_shapefile
from tests.imports import Desk, areas_file, facts_of
from tests.workbooks import Page, a_workbook

WORDS = {"zh": Words("原因", "工作表", "行"), "en": Words("Reason", "Sheet", "Row")}
HEADING = "编号,名称,经度,纬度,备注\n"
REGISTER = HEADING + "007,柳荫塘,100.40,38.90,\n008,苇塘,,,=1+1\n009,塘,100.41,38.91,-3\n"


def given_back(desk: Desk, batch_id, lang: str = "zh"):
    with desk.store.read() as session:
        return refused_rows(session, desk.settings.imports, desk.batch(batch_id), str, WORDS[lang])


def rows_of(found) -> dict[str, list[list]]:
    book = openpyxl.load_workbook(io.BytesIO(found.data))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def test_refused_rows_stand_under_their_headings_with_the_reason_and_the_row(sqlite_desk):
    found = given_back(sqlite_desk, sqlite_desk.send(REGISTER))
    assert found.name == "坑塘-refused.xlsx"
    [(heading, first, second)] = rows_of(found).values()
    assert heading == ["编号", "名称", "经度", "纬度", "备注", "原因", "行"]
    assert (first[:5], first[6]) == (["008", "苇塘", None, None, "=1+1"], 3)
    assert first[5] == "经度: The row has no position. Fill in longitude and latitude."
    assert (second[1], second[5].split(":")[0], second[6]) == ("塘", "名称", 4)


def test_text_that_begins_like_a_formula_stays_text(sqlite_desk):
    found = given_back(sqlite_desk, sqlite_desk.send(REGISTER))
    sheet = openpyxl.load_workbook(io.BytesIO(found.data)).active
    assert {cell.data_type for row in sheet["A2:E3"] for cell in row if cell.value is not None} == {"s"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_mended_and_sent_again_the_rows_go_in_without_a_word(sqlite_desk, lang):
    batch_id = sqlite_desk.send(REGISTER)
    sqlite_desk.apply(batch_id)
    found = given_back(sqlite_desk, batch_id, lang)
    book = openpyxl.load_workbook(io.BytesIO(found.data))
    book.active["C2"], book.active["D2"], book.active["B3"] = 100.45, 38.95, "长塘"
    mended = io.BytesIO()
    book.save(mended)
    again = sqlite_desk.send(mended.getvalue(), found.name)
    assert sqlite_desk.messages(again) == []
    assert sqlite_desk.apply(again).rows_accepted == 2
    kept = facts_of(sqlite_desk.store, "source_ref", "remark")
    assert kept == {"柳荫塘": ("007", ""), "苇塘": ("008", "=1+1"), "长塘": ("009", "-3")}


def test_rows_of_several_sheets_come_back_in_their_sheets(sqlite_desk, tmp_path):
    heading = ["名称", "经度", "纬度"]
    pages = {
        "西镇": Page([["台账", None, None], heading, ["柳荫塘", None, None]], merged=("A1:C1",)),
        "东乡": [heading, ["东塘一", 100.60, 38.93]],
        "北乡": [heading, ["北塘", "向北", None]],
    }
    found = rows_of(given_back(sqlite_desk, sqlite_desk.send(a_workbook(tmp_path, pages))))
    assert list(found) == ["西镇", "北乡"]
    assert found["西镇"][0] == [*heading, "原因", "行"]
    assert found["西镇"][1][-1] == 3


def test_refused_shapes_come_back_as_geojson_and_go_in_once_they_are_mended(sqlite_desk, tmp_path):
    features = [({"name": "塘"}, a_pond_shape(100.40)), ({"name": "苇塘"}, a_pond_shape(100.45))]
    batch_id = sqlite_desk.send(areas_file(tmp_path, *features, name="ponds.geojson"))
    sqlite_desk.apply(batch_id)
    found = given_back(sqlite_desk, batch_id)
    collection = json.loads(found.data)
    [feature] = collection["features"]
    assert (found.name, feature["properties"]["行"]) == ("ponds-refused.geojson", 1)
    feature["properties"]["name"] = "长塘"
    again = sqlite_desk.send(json.dumps(collection), found.name)
    assert sqlite_desk.messages(again) == []
    sqlite_desk.apply(again)
    shapes = facts_of(sqlite_desk.store, "geometry")
    assert shapely.hausdorff_distance(shapes["长塘"], a_pond_shape(100.40)) < 1e-6


def test_refused_shapes_keep_the_system_of_their_file(sqlite_desk, tmp_path):
    pond = shapely.box(33625734, 4311732, 33625834, 4311782)
    far = shapely.transform(pond, lambda xy: xy + 90_000)
    names = {"名称": ["柳荫塘", "塘"]}
    shp = write_shapefile(tmp_path / "塘", "塘", names, geometries=[pond, far], crs="EPSG:4521", cpg="UTF-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in shp.parent.iterdir():
            archive.write(part, part.name)
    batch_id = sqlite_desk.send(packed.getvalue(), "塘.zip")
    collection = json.loads(given_back(sqlite_desk, batch_id).data)
    [feature] = collection["features"]
    assert feature["geometry"]["coordinates"][0][0][0] == pytest.approx(33625734 + 90_000, abs=200)
    again = sqlite_desk.send(json.dumps(collection), "塘-refused.geojson")
    assert sqlite_desk.batch(again).rows_read == 1


def test_without_refused_rows_there_is_nothing_to_mend(sqlite_desk):
    with pytest.raises(NotFound):
        given_back(sqlite_desk, sqlite_desk.send(HEADING + "1,柳荫塘,100.40,38.90,\n"))


def test_without_the_file_itself_its_rows_cannot_come_back(sqlite_desk):
    batch_id = sqlite_desk.send(REGISTER)
    (sqlite_desk.settings.imports / str(batch_id)).unlink()
    with pytest.raises(FileGone, match=r"坑塘.csv"):
        given_back(sqlite_desk, batch_id)


def test_the_report_before_applying_says_how_things_stand(sqlite_desk):
    batch_id = sqlite_desk.send(REGISTER + "010,近旁塘,100.4001,38.90,\n")
    with sqlite_desk.store.read() as session:
        report = json.loads(
            report_of(session, sqlite_desk.settings.imports, sqlite_desk.batch(batch_id), str)
        )
    assert report["rows"] == {"read": 4, "accepted": 1, "warned": 0, "refused": 2}
    assert [(one["row"], one["column"], one["level"]) for one in report["messages"]] == [
        (3, "经度", "error"),
        (4, "名称", "error"),
        (5, "名称", "question"),
    ]
