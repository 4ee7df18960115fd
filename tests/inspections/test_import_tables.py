"""Registers in Excel as they are: where the heading stands, which rows are rows, which sheets are read."""

from __future__ import annotations

import pytest

from geo.errors import EmptyFile
from inspections.imports.opening import ColumnsMissing, HeadingMissing, SheetUnknown
from tests.factories import EAST, WEST
from tests.imports import a_file, check, codes, counts, facts_of, take
from tests.workbooks import Page, a_workbook, an_old_workbook

HEADING = ["名称", "经度", "纬度"]
WILLOW, REED, FAR = ["柳荫塘", 100.40, 38.93], ["苇塘东塘", 100.41, 38.94], ["东沟大塘", 100.60, 38.93]
TWO_ROWS = [
    ["序号", "名称", "坐标", None, "面积"],
    [None, None, "经度", "纬度", "亩"],
]
TWO_ROWS_MERGED = ("A{0}:A{1}", "B{0}:B{1}", "C{0}:D{0}")


def merged(*rows: int) -> tuple[str, ...]:
    """The merged cells of a heading of two rows that begins in each of these rows."""
    return tuple(place.format(row, row + 1) for row in rows for place in TWO_ROWS_MERGED)


def said(outcome, code: str) -> str:
    """What is said under a code, once."""
    [text] = [str(message.error) for message in outcome.messages if message.error.code == code]
    return text


def test_titles_above_the_heading_are_passed_by(sqlite_county, tmp_path):
    rows = [["示范县纳污坑塘整治台账", None, None], ["填报单位：水务局", None, "2026年3月"], HEADING, WILLOW]
    outcome = take(sqlite_county, a_workbook(tmp_path, Page(rows, merged=("A1:C1",))))
    assert counts(outcome) == (1, 1, 0, 0)
    assert facts_of(sqlite_county, "lon", "lat") == {"柳荫塘": (100.40, 38.93)}


def test_a_heading_of_two_rows_with_merged_cells_is_read_as_one(sqlite_county, tmp_path):
    rows = [["台账"] + [None] * 4, *TWO_ROWS, [1, *WILLOW, 3.5]]
    outcome = take(sqlite_county, a_workbook(tmp_path, Page(rows, merged=("A1:E1", *merged(2)))))
    assert counts(outcome) == (1, 1, 0, 0)
    assert facts_of(sqlite_county, "lon", "lat", "area_reported_mu") == {"柳荫塘": (100.40, 38.93, 3.5)}


def test_a_heading_of_two_rows_is_read_in_the_older_format_too(sqlite_county, tmp_path):
    places = [(0, 1, 0, 0), (0, 1, 1, 1), (0, 0, 2, 3)]
    take(sqlite_county, an_old_workbook(tmp_path, [*TWO_ROWS, [1, *WILLOW, 3.5]], merged=places))
    assert facts_of(sqlite_county, "lon", "lat", "area_reported_mu") == {"柳荫塘": (100.40, 38.93, 3.5)}


def test_a_township_named_once_in_merged_cells_holds_for_all_their_rows(sqlite_county, tmp_path):
    edge = [["界边塘一", 100.4998, 38.70], ["界边塘二", 100.4998, 38.80], ["界边塘三", 100.4998, 38.90]]
    rows = [["乡镇", *HEADING], ["东乡", *edge[0]], [None, *edge[1]], ["西镇", *edge[2]]]
    take(sqlite_county, a_workbook(tmp_path, Page(rows, merged=("A2:A3",))))
    assert facts_of(sqlite_county, "township_code") == {"界边塘一": EAST, "界边塘二": EAST, "界边塘三": WEST}


@pytest.mark.parametrize(
    "total",
    [
        ["合计", None, None, None, 5.5],
        [None, "小  计", None, None, 5.5],
        ["西镇小计", 2, None, None, 5.5],
        ["本页合计：2处", None, None, None, 5.5],
        ["总计", "总计", "总计", "总计", 5.5],
        ["累计", None, None, None, "５．５亩"],
    ],
)
def test_sums_are_no_rows_and_are_named(sqlite_county, tmp_path, total):
    rows = [["乡镇", *HEADING, "面积（亩）"], ["西镇", *WILLOW, 3.5], total, ["东乡", *FAR, 2]]
    outcome = check(sqlite_county, a_workbook(tmp_path, rows))
    assert counts(outcome) == (2, 2, 0, 0)
    assert said(outcome, "import.rows_passed_over").endswith("in rows 3.")


def test_a_sum_beside_a_merged_township_is_no_row(sqlite_county, tmp_path):
    rows = [["乡镇", *HEADING], ["西镇", *WILLOW], [None, *REED], [None, "小计", None, None]]
    outcome = check(sqlite_county, a_workbook(tmp_path, Page(rows, merged=("A2:A4",))))
    assert counts(outcome) == (2, 2, 0, 0)
    assert said(outcome, "import.rows_passed_over").endswith("in rows 4.")


def test_a_site_whose_name_begins_like_a_sum_is_a_row(sqlite_county, tmp_path):
    rows = [HEADING, ["合计沟塘", 100.40, 38.93], ["总计", 100.41, 38.94]]
    assert counts(check(sqlite_county, a_workbook(tmp_path, rows))) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    "foot", ["填表人：张三    审核人：李四", "注：数据截至3月底。\n另有2处。", "备注：无"]
)
@pytest.mark.parametrize("across", [True, False], ids=["merged", "alone"])
def test_remarks_below_the_register_are_no_rows(sqlite_county, tmp_path, foot, across):
    rows = [HEADING, WILLOW, [None] * 3, [foot, None, None]]
    outcome = check(sqlite_county, a_workbook(tmp_path, Page(rows, merged=("A4:C4",) if across else ())))
    assert counts(outcome) == (1, 1, 0, 0)
    assert said(outcome, "import.rows_passed_over").endswith("in rows 4.")


def test_a_remark_in_a_column_that_is_not_read_is_named_too(sqlite_county, tmp_path):
    rows = [["序号", *HEADING], [1, *WILLOW], ["手持 GPS 实测", None, None, None]]
    outcome = take(sqlite_county, a_workbook(tmp_path, Page(rows)))
    assert counts(outcome) == (1, 1, 0, 0)
    assert "3" in said(outcome, "import.rows_passed_over")


@pytest.mark.parametrize("heading", [HEADING, ["名  称", "经 度\n(E)", "纬 度\n(N)"]])
def test_a_heading_printed_again_on_the_next_page_is_no_row(sqlite_county, tmp_path, heading):
    outcome = check(sqlite_county, a_workbook(tmp_path, [heading, WILLOW, heading, REED]))
    assert counts(outcome) == (2, 2, 0, 0)
    assert said(outcome, "import.rows_passed_over").endswith("in rows 3.")


def test_a_heading_of_two_rows_printed_again_is_no_row(sqlite_county, tmp_path):
    rows = [*TWO_ROWS, [1, *WILLOW, 3.5], *TWO_ROWS, [2, *REED, 2]]
    outcome = check(sqlite_county, a_workbook(tmp_path, Page(rows, merged=merged(1, 4))))
    assert counts(outcome) == (2, 2, 0, 0)
    assert said(outcome, "import.rows_passed_over").endswith("in rows 4-5.")


def test_rows_are_called_as_excel_calls_them(sqlite_county, tmp_path):
    rows = [["台账"], [], HEADING, [], WILLOW, [], ["没有位置的塘"]]
    assert codes(check(sqlite_county, a_workbook(tmp_path, rows)), "error") == [
        (7, "import.position_missing")
    ]


def test_running_numbers_are_left_out_without_a_word(sqlite_county, tmp_path):
    rows = [["序号", *HEADING], [1, *WILLOW], [2, *REED]]
    outcome = take(sqlite_county, a_workbook(tmp_path, rows))
    assert outcome.messages == []
    assert set(facts_of(sqlite_county, "source_ref").values()) == {""}


def test_hidden_rows_are_read_and_named(sqlite_county, tmp_path):
    page = Page([HEADING, WILLOW, REED, FAR], hidden_rows=(2, 3))
    outcome = check(sqlite_county, a_workbook(tmp_path, page))
    assert counts(outcome) == (3, 3, 0, 0)
    assert said(outcome, "import.rows_hidden") == "Hidden rows were read too: 2-3."


def test_every_sheet_with_a_heading_is_read_and_the_others_are_named(sqlite_county, tmp_path):
    pages = {
        "西镇": [HEADING, WILLOW],
        "说明": [["本表由水务局填报", None], ["电话", 123]],
        "东乡": [["点位", "X", "Y"], FAR],
        "空表": [],
    }
    outcome = take(sqlite_county, a_workbook(tmp_path, pages))
    assert counts(outcome) == (2, 2, 0, 0)
    assert list(facts_of(sqlite_county, "name")) == ["柳荫塘", "东沟大塘"]
    [note] = outcome.messages
    assert (note.sheet, note.error.code) == ("说明", "import.sheet_without_table")


def test_a_hidden_sheet_is_not_read_and_is_named(sqlite_county, tmp_path):
    pages = {"台账": [HEADING, WILLOW], "旧表": Page([HEADING, REED], hidden=True)}
    outcome = take(sqlite_county, a_workbook(tmp_path, pages))
    assert list(facts_of(sqlite_county, "name")) == ["柳荫塘"]
    assert [(one.sheet, one.error.code) for one in outcome.messages] == [("旧表", "import.sheet_hidden")]


def test_the_sheets_that_are_named_are_read_hidden_or_not(sqlite_county, tmp_path):
    pages = {"台账": [HEADING, WILLOW], "旧表": Page([HEADING, REED], hidden=True)}
    outcome = take(sqlite_county, a_workbook(tmp_path, pages), sheets=("旧表",))
    assert list(facts_of(sqlite_county, "name")) == ["苇塘东塘"]
    assert outcome.messages == []


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(sqlite_county, tmp_path):
    path = a_workbook(tmp_path, {"台账": [HEADING, WILLOW], "附表": [HEADING]})
    with pytest.raises(SheetUnknown, match="台账、附表"):
        check(sqlite_county, path, sheets=("旧表",))


def test_messages_name_the_sheet_of_their_row(sqlite_county, tmp_path):
    pages = {"西镇": [HEADING, ["柳荫塘", None, None]], "东乡": [HEADING, ["东沟大塘", None, None]]}
    outcome = check(sqlite_county, a_workbook(tmp_path, pages))
    assert [(one.sheet, one.number) for one in outcome.messages] == [("西镇", 2), ("东乡", 2)]


def test_a_workbook_without_any_cell_is_refused(sqlite_county, tmp_path):
    with pytest.raises(EmptyFile):
        check(sqlite_county, a_workbook(tmp_path, []))


def test_a_heading_without_rows_brings_nothing(sqlite_county, tmp_path):
    outcome = take(sqlite_county, a_workbook(tmp_path, [HEADING]))
    assert (counts(outcome), outcome.applied) == ((0, 0, 0, 0), False)


def test_rows_without_a_heading_are_refused_with_names_to_write(sqlite_county, tmp_path):
    with pytest.raises(HeadingMissing, match="名称、点位名称"):
        check(sqlite_county, a_workbook(tmp_path, [WILLOW, REED]))


def test_a_heading_without_a_name_says_which_column_is_missing(sqlite_county, tmp_path):
    with pytest.raises(ColumnsMissing, match="the name"):
        check(sqlite_county, a_workbook(tmp_path, [["水体", "经度", "纬度", "备注"], [*WILLOW, "x"]]))


def test_a_heading_below_many_titles_is_read_where_somebody_says_so(sqlite_county, tmp_path):
    path = a_workbook(tmp_path, [["说明"]] * 50 + [HEADING, WILLOW])
    with pytest.raises(HeadingMissing):
        check(sqlite_county, path)
    assert counts(check(sqlite_county, path, heading_row=51)) == (1, 1, 0, 0)


def test_the_heading_is_the_row_somebody_says_it_is(sqlite_county, tmp_path):
    path = a_file(tmp_path, "点位,经度,纬度\n名称,lon,lat\n柳荫塘,100.40,38.93\n")
    assert counts(check(sqlite_county, path)) == (2, 1, 0, 1)
    assert counts(check(sqlite_county, path, heading_row=2)) == (1, 1, 0, 0)
