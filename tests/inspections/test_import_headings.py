"""What the columns of a register are taken for: names that are known, names near them, what somebody says."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from inspections.imports.opening import HeadingMissing
from inspections.models import ImportMapping
from tests.imports import a_file, check, codes, counts, facts_of, take
from tests.workbooks import Page, a_workbook

ROW = "柳荫塘,100.40,38.93"
STRANGE = "水体,东向,北向\n柳荫塘,100.40,38.93\n"
SAID = {"水体": "name", "东向": "lon", "北向": "lat"}


@pytest.mark.parametrize(
    "heading",
    [
        "名称,经度,纬度",
        "名 称,longitude,LATITUDE",
        "点位名稱,東經,北緯",
        "小班名称,经度（东经）,纬度（北纬）",
        "Site name,Lng,Lat",
        "＊点位名称：,Ｘ坐标,Ｙ坐标",
    ],
)
def test_names_that_are_known_are_taken_without_a_word(sqlite_county, tmp_path, heading):
    outcome = check(sqlite_county, a_file(tmp_path, f"{heading}\n{ROW}\n"))
    assert (counts(outcome), outcome.messages) == ((1, 1, 0, 0), [])


@pytest.mark.parametrize(
    ("heading", "column", "meaning"),
    [
        ("名称,经度(E),纬度", "经度(E)", "lon"),
        ("名称,经度,纬度（十进制）", "纬度（十进制）", "lat"),
        ("坑塘名,经度,纬度", "坑塘名", "name"),
        ("点位全名称,经度,纬度", "点位全名称", "name"),
        ("名称,Longitud,lat", "Longitud", "lon"),
    ],
)
def test_names_near_a_known_one_are_taken_and_shown(sqlite_county, tmp_path, heading, column, meaning):
    outcome = check(sqlite_county, a_file(tmp_path, f"{heading}\n{ROW}\n"))
    assert counts(outcome) == (1, 1, 0, 0)
    [note] = outcome.messages
    assert (note.level, note.column, note.error.code) == ("note", column, "import.column_guessed")
    assert f"“{meaning}”" in str(note.error)


@pytest.mark.parametrize("heading", ["坐标", "座标", "GPS坐标", "经纬度坐标", "中心点坐标"])
def test_one_column_for_both_numbers_is_known_by_many_names(sqlite_county, tmp_path, heading):
    path = a_file(tmp_path, f'名称,{heading}\n柳荫塘,"100.40,38.93"\n')
    assert counts(check(sqlite_county, path)) == (1, 1, 0, 0)


def test_columns_that_nobody_knows_are_named_and_left_out(sqlite_county, tmp_path):
    outcome = check(sqlite_county, a_file(tmp_path, f"名称,经度,纬度,风向\n{ROW},北\n"))
    assert [(one.column, one.error.code) for one in outcome.messages] == [("风向", "import.column_ignored")]


def test_of_two_columns_that_mean_the_same_the_first_is_read_and_both_are_named(sqlite_county, tmp_path):
    outcome = take(sqlite_county, a_file(tmp_path, f"名称,经度,纬度,点位名称\n{ROW},别名塘\n"))
    assert list(facts_of(sqlite_county, "name")) == ["柳荫塘"]
    [note] = outcome.messages
    assert note.error.facts == {"first": "名称", "column": "点位名称"}


def test_a_known_name_goes_before_a_near_one_that_stands_first(sqlite_county, tmp_path):
    text = "坑塘名,名称,经度,纬度\n俗名,柳荫塘,100.40,38.93\n"
    take(sqlite_county, a_file(tmp_path, text))
    assert list(facts_of(sqlite_county, "name")) == ["柳荫塘"]


def test_the_same_heading_twice_is_told_apart_by_its_place(sqlite_county, tmp_path):
    text = "名称,经度,纬度,备注,备注\n柳荫塘,100.40,38.93,甲,乙\n"
    outcome = take(sqlite_county, a_file(tmp_path, text))
    assert facts_of(sqlite_county, "remark") == {"柳荫塘": "甲"}
    assert [one.column for one in outcome.messages] == ["备注 (5)"]


def test_columns_that_are_named_need_no_heading_that_is_known(sqlite_county, tmp_path):
    path = a_file(tmp_path, f"坑塘台账\n{STRANGE}")
    with pytest.raises(HeadingMissing):
        check(sqlite_county, path)
    take(sqlite_county, path, columns=SAID)
    assert facts_of(sqlite_county, "lon", "lat") == {"柳荫塘": (100.40, 38.93)}


def test_a_column_that_is_named_goes_before_one_that_is_known(sqlite_county, tmp_path):
    path = a_file(tmp_path, f"名称,经度,纬度,俗名\n{ROW},苇塘东塘\n")
    take(sqlite_county, path, columns={"俗名": "name"})
    assert list(facts_of(sqlite_county, "name")) == ["苇塘东塘"]


def test_a_column_may_be_left_out_although_it_is_known(sqlite_county, tmp_path):
    path = a_file(tmp_path, f"名称,经度,纬度,备注\n{ROW},甲\n")
    outcome = take(sqlite_county, path, columns={"备注": ""})
    assert (facts_of(sqlite_county, "remark"), outcome.messages) == ({"柳荫塘": ""}, [])


def test_a_mapping_that_was_applied_is_remembered_for_the_next_file(county, tmp_path):
    take(county, a_file(tmp_path, STRANGE), columns=SAID)
    later = "北向,水体,东向\n38.94,苇塘东塘,100.41\n"
    assert counts(check(county, a_file(tmp_path, later, "later.csv"))) == (1, 1, 0, 0)


def test_a_mapping_is_remembered_for_its_kind_and_its_headings_only(sqlite_county, tmp_path):
    take(sqlite_county, a_file(tmp_path, STRANGE), columns=SAID)
    again = a_file(tmp_path, STRANGE.replace("柳荫塘", "地块一"), "b.csv")
    more = a_file(tmp_path, STRANGE.replace("北向", "北向,备注"), "c.csv")
    for path, kind in ((again, "straw"), (more, "pond")):
        with pytest.raises(HeadingMissing):
            check(sqlite_county, path, kind)


def test_a_mapping_that_was_only_checked_is_not_remembered(sqlite_county, tmp_path):
    check(sqlite_county, a_file(tmp_path, STRANGE), columns=SAID)
    with pytest.raises(HeadingMissing):
        check(sqlite_county, a_file(tmp_path, STRANGE, "b.csv"))


def test_what_is_said_later_is_added_to_a_mapping_and_goes_before_what_was_said(sqlite_county, tmp_path):
    take(sqlite_county, a_file(tmp_path, STRANGE), columns=SAID)
    later = STRANGE.replace("柳荫塘,100.40", "苇塘东塘,100.41")
    take(sqlite_county, a_file(tmp_path, later, "later.csv"), columns={"东向": "x", "北向": "y"})
    with sqlite_county.read() as session:
        [kept] = session.scalars(select(ImportMapping.columns))
    assert kept == {"水体": "name", "东向": "x", "北向": "y"}


@pytest.mark.parametrize("heading", ["坐标系", "坐标系统"])
def test_a_column_whose_name_only_looks_like_a_position_is_left_out_and_named(
    sqlite_county, tmp_path, heading
):
    outcome = check(
        sqlite_county, a_file(tmp_path, f"名称,经度,纬度,{heading}\n柳荫塘,100.40,38.93,CGCS2000\n")
    )
    assert codes(outcome, "note") == [(None, "import.column_ignored")]


def test_a_column_under_a_wide_heading_is_not_taken_for_that(sqlite_county, tmp_path):
    rows = [
        ["名称", "坐标", None, None],
        [None, "经度", "纬度", "坐标系"],
        ["柳荫塘", 100.40, 38.93, "CGCS2000"],
    ]
    merged = ("A1:A2", "B1:D1")
    outcome = check(sqlite_county, a_workbook(tmp_path, Page(rows, merged=merged)))
    assert codes(outcome, "note") == [(None, "import.column_ignored")]
