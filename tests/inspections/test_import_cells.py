"""What stands in the cells of real registers: areas with units, days, codes and numbers that Excel spoilt."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from inspections.models import Area
from tests.factories import VILLAGE
from tests.imports import check, codes, counts, facts_of, take
from tests.workbooks import a_workbook, an_old_workbook

DAY = date(2024, 3, 5)
AREAS = [
    ("3.5亩", 3.5),
    ("3.5 亩", 3.5),
    ("３．５亩", 3.5),
    ("1,234.5亩", 1234.5),
    ("2000㎡", 3.0),
    ("2000 M²", 3.0),
    ("２０００平方米", 3.0),
    ("0.3公顷", 4.5),
    ("1.5hm²", 22.5),
    ("约5亩", 5.0),
    ("5亩左右", 5.0),
    ("约 5 亩多", 5.0),
]
NO_AREAS = ["三亩", "10-12亩", "3.5里", "-3亩", "0亩", "3亩5分", "NaN", "1e3亩"]
DAYS = [DAY, "2024年3月5日", "2024.3.5", "2024．３．5", "20240305", "2024/3/5", "2024-03-05 00:00:00"]
SERIALS = [45356, 45356.0, "45356", 20240305]
NO_DAYS = ["2024年3月", "二〇二四年三月五日", "3月5日", "5/26/17", "2024-02-30", "1899-01-01", 17]


def sites(column: str, *values):
    """A register with one column more: a site for each value, apart from each other."""
    rows = [
        [f"{place + 1:02}号塘", 100.20 + place * 0.01, 38.93, value] for place, value in enumerate(values)
    ]
    return [["名称", "经度", "纬度", column], *rows]


def villages(*days):
    """A file of villages, each there since one of these days."""
    rows = [[f"9901011003{place + 10}", f"新村{place + 1:02}", day] for place, day in enumerate(days)]
    return [["代码", "名称", "生效日期"], *rows]


def begins_on(store) -> list[date]:
    """Since when the imported areas are there."""
    with store.read() as session:
        query = select(Area.valid_from).where(Area.import_id.is_not(None)).order_by(Area.code)
        return list(session.scalars(query))


def test_areas_are_read_with_the_unit_in_their_cell(sqlite_county, tmp_path):
    take(sqlite_county, a_workbook(tmp_path, sites("面积", *(said for said, _ in AREAS))))
    found = facts_of(sqlite_county, "area_reported_mu")
    assert list(found.values()) == pytest.approx([area_mu for _, area_mu in AREAS], abs=1e-4)


def test_areas_that_are_about_so_much_are_taken_and_said(sqlite_county, tmp_path):
    outcome = check(sqlite_county, a_workbook(tmp_path, sites("面积", "约5亩", "5亩左右", "5亩")))
    assert codes(outcome, "note") == [(2, "import.about"), (3, "import.about")]


def test_what_is_no_area_is_refused_with_its_cell(sqlite_county, tmp_path):
    outcome = check(sqlite_county, a_workbook(tmp_path, sites("面积", *NO_AREAS, "3亩")))
    assert counts(outcome) == (len(NO_AREAS) + 1, 1, 0, len(NO_AREAS))
    assert [(one.column, one.cell) for one in outcome.messages] == [("面积", said) for said in NO_AREAS]


def test_an_area_without_any_unit_is_left_out_with_a_warning(sqlite_county, tmp_path):
    outcome = take(sqlite_county, a_workbook(tmp_path, sites("面积", 3.5)))
    assert codes(outcome, "warning") == [(2, "import.unit_missing")]
    assert facts_of(sqlite_county, "area_reported_mu") == {"01号塘": None}


@pytest.mark.parametrize(
    ("heading", "area_mu"),
    [
        ("面积（平方米）", 3.0),
        ("面积(m²)", 3.0),
        ("水域面积/㎡", 3.0),
        ("占地面积（亩）", 2000.0),
        ("面积\n（公顷）", 30_000.0),
    ],
)
def test_the_unit_of_the_heading_holds_for_bare_numbers_only(sqlite_county, tmp_path, heading, area_mu):
    take(sqlite_county, a_workbook(tmp_path, sites(heading, 2000, "4.5亩")))
    assert facts_of(sqlite_county, "area_reported_mu") == {"01号塘": area_mu, "02号塘": 4.5}


def test_days_are_read_however_they_are_written(sqlite_county, tmp_path):
    take(sqlite_county, a_workbook(tmp_path, villages(*DAYS, *SERIALS)), subject="areas")
    assert begins_on(sqlite_county) == [DAY] * (len(DAYS) + len(SERIALS))


def test_days_of_a_workbook_that_counts_from_1904_are_right(sqlite_county, tmp_path):
    take(sqlite_county, a_workbook(tmp_path, villages(DAY), date_1904=True), subject="areas")
    assert begins_on(sqlite_county) == [DAY]


def test_days_of_the_older_format_are_right(sqlite_county, tmp_path):
    take(sqlite_county, an_old_workbook(tmp_path, villages(DAY, "2024.3.5")), subject="areas")
    assert begins_on(sqlite_county) == [DAY, DAY]


def test_what_is_no_day_is_refused_with_its_cell(sqlite_county, tmp_path):
    outcome = check(sqlite_county, a_workbook(tmp_path, villages(*NO_DAYS)), subject="areas")
    refused = [(one.column, one.cell) for one in outcome.messages if one.error.code == "import.wrong_day"]
    assert refused == [("生效日期", str(said)) for said in NO_DAYS]


def test_areas_without_boundary_or_point_are_taken(county, tmp_path):
    take(county, a_workbook(tmp_path, villages(DAY)), subject="areas")
    with county.read() as session:
        village = session.scalars(select(Area).where(Area.import_id.is_not(None))).one()
    assert (village.name, village.geometry, village.lon) == ("新村01", None, None)


def test_codes_that_excel_keeps_as_numbers_are_whole_again(sqlite_county, tmp_path):
    rows = [
        ["代码", "名称"],
        [990101300, "新乡"],
        [990101300201.0, "新村"],
        ["９９０１０１１００３０１", "旧村"],
    ]
    take(sqlite_county, a_workbook(tmp_path, rows), subject="areas")
    with sqlite_county.read() as session:
        found = list(session.scalars(select(Area.code).where(Area.import_id.is_not(None))))
    assert sorted(found) == ["990101100301", "990101300000", "990101300201"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("原编号", 620702198001011234),
        ("原编号", "6.20702E+17"),
        ("编号", "1.00001E+15"),
        ("乡镇代码", "9.90101E+11"),
        ("联系电话", "1.38E+10"),
    ],
)
def test_codes_that_lost_their_last_digits_are_refused(sqlite_county, tmp_path, column, value):
    outcome = check(sqlite_county, a_workbook(tmp_path, sites(column, value)))
    [refused] = outcome.messages
    assert (refused.column, refused.error.code) == (column, "import.code_cut")


def test_codes_keep_their_leading_zeros_and_numbers_have_no_point(sqlite_county, tmp_path):
    take(sqlite_county, a_workbook(tmp_path, sites("原编号", "007", "甲-7", 7, 7.0, 620702198001011)))
    found = list(facts_of(sqlite_county, "source_ref").values())
    assert found == ["007", "甲-7", "7", "7", "620702198001011"]


def test_telephone_numbers_that_excel_keeps_as_numbers_are_whole(sqlite_county, tmp_path):
    rows = [["名称", "经度", "纬度", "责任人", "电话"], ["柳荫塘", 100.40, 38.93, "张三", 13800000000.0]]
    take(sqlite_county, a_workbook(tmp_path, rows))
    assert facts_of(sqlite_county, "operator")["柳荫塘"].phone == "13800000000"


def test_townships_and_villages_are_known_by_code_name_and_office(sqlite_county, tmp_path):
    said = [
        ("西镇人民政府", "柳荫村委会"),
        ("西 镇", "柳荫"),
        (990101100, VILLAGE),
        ("990101100000", "柳荫村村民委员会"),
    ]
    rows = [[f"{at}号塘", 100.40, 38.97 + at * 0.01, *words] for at, words in enumerate(said)]
    outcome = take(sqlite_county, a_workbook(tmp_path, [["名称", "经度", "纬度", "乡镇", "村"], *rows]))
    assert outcome.messages == []
    assert set(facts_of(sqlite_county, "village_code").values()) == {VILLAGE}


@pytest.mark.parametrize("column", ["类别", "名称", "经度", "面积", "备注", "乡镇", "原编号", "状态"])
def test_a_formula_that_came_to_nothing_is_refused_for_its_row_alone(sqlite_county, tmp_path, column):
    rows = [["类别", "名称", "经度", "纬度", "面积", "备注", "乡镇", "原编号", "状态"]]
    for name, lon in (("柳荫塘", 100.40), ("苇塘东塘", 100.41)):
        rows.append(["纳污坑塘", name, lon, 38.93, "3亩", "无", "西镇", "7", "在册"])
    rows[1][rows[0].index(column)] = "#N/A"
    outcome = check(sqlite_county, a_workbook(tmp_path, rows))
    [refused] = [one for one in outcome.messages if one.level == "error"]
    assert (refused.number, refused.column, refused.cell[:4]) == (2, column, "#N/A")
    assert counts(outcome)[3] == 1
