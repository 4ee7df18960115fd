"""Workbooks, made here by the libraries that write them: what stands in a sheet, and what one may not do."""

import re
import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
import xlsxwriter
import xlwt
from openpyxl.chart import BarChart

from geo import errors
from geo.readers import xls, xlsx
from geo.readers.grid import Merge, _Merged
from tests.geo.reading import read_sheets

DOCTYPE = '<!DOCTYPE x [<!ENTITY a "b">]>'


@pytest.fixture
def book(tmp_path):
    """A new workbook whose `read` saves it and reads it back."""

    class Book(openpyxl.Workbook):
        def read(self, **limits):
            self.save(tmp_path / "book.xlsx")
            return read_sheets(xlsx, tmp_path / "book.xlsx", **limits)

    return Book()


@pytest.fixture
def old_book(tmp_path):
    """The same for the older kind."""

    class Book(xlwt.Workbook):
        def read(self, **limits):
            self.save(str(tmp_path / "book.xls"))
            return read_sheets(xls, tmp_path / "book.xls", **limits)

    return Book(encoding="utf-8")


def rewritten(path, name, change):
    """The workbook with one part changed."""
    with zipfile.ZipFile(path) as old:
        parts = {one: old.read(one) for one in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for one, content in parts.items():
            new.writestr(one, change(content) if one == name else content)
    return path


def test_a_sheet_is_given_as_it_stands_with_its_own_row_numbers(book):
    sheet = book.active
    sheet.title = "坑塘台账"
    sheet["B3"] = "甘州区纳污坑塘台账"
    sheet.append(["编号", "名称 ", "面积"])
    sheet.append(["007", "东湖塘", 3.0])
    sheet["C9"] = 3.5
    (read,) = book.read().values()
    assert read.name == "坑塘台账"
    assert (read.columns, read.hidden) == (None, False)
    assert read.rows == {
        3: [None, "甘州区纳污坑塘台账"],
        4: ["编号", "名称", "面积"],
        5: ["007", "东湖塘", 3],
        9: [None, None, 3.5],
    }


VALUES = [
    (3.0, 3),
    (0.1 + 0.2, 0.3),
    (100.4567891, 100.4567891),
    (620702001001.0, 620702001001),
    (True, "是"),
    (False, "否"),
    (date(2026, 3, 13), "2026-03-13"),
    (datetime(2026, 3, 13, 8, 30, 5), "2026-03-13 08:30:05"),
    (time(8, 30), "08:30:00"),
    ("  塘\n", "塘"),
    ("   ", None),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values_become_plain(book, value, expected):
    book.active.append(["x", value, "y"])
    assert book.read()["Sheet"].rows[1] == ["x", expected, "y"]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values_of_the_older_kind_become_plain(old_book, value, expected):
    formats = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss", time: "hh:mm:ss"}
    style = xlwt.easyxf(num_format_str=formats.get(type(value), "General"))
    sheet = old_book.add_sheet("表")
    sheet.write(0, 0, "x")
    sheet.write(0, 1, value, style)
    sheet.write(0, 2, "y")
    assert old_book.read()["表"].rows[1] == ["x", expected, "y"]


def test_days_in_chinese_formats_and_long_times_are_known(book):
    chinese = ['yyyy"年"m"月"d"日"', "[$-804]yyyy.m.d", "[DBNum1]yyyy年m月"]
    for number, form in enumerate(chinese, start=1):
        cell = book.active.cell(1, number, 46094)
        cell.number_format = form
    book.active["D1"] = timedelta(hours=30)
    assert book.read()["Sheet"].rows[1] == ["2026-03-13"] * 3 + ["30:00:00"]


def test_formulas_give_their_last_values_and_errors_their_text(tmp_path):
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("表")
        sheet.write_formula("A1", "=1+1", None, 2)
        sheet.write_formula("B1", '="a"&"b"', None, "ab")
        sheet.write_formula("C1", "=VLOOKUP(1,A:A,2)", None, "#N/A")
        sheet.write_formula("B2", "=1/0", None, "#DIV/0!")
        sheet.write_formula("C3", "=1=1", None, True)
    assert read_sheets(xlsx, path)["表"].rows == {
        1: [2, "ab", "#N/A"],
        2: [None, "#DIV/0!"],
        3: [None, None, "是"],
    }


def test_merged_cells_hold_their_value_down_and_across(book):
    sheet = book.active
    rows = [
        ["台账", None, None, None],
        ["位置", None, "面积", "备注"],
        ["经度", "纬度", None, None],
        ["100.45", "38.93", "甲镇", "a"],
        ["100.46", "38.94", None, "b"],
        [None, None, None, None],
    ]
    for row in rows:
        sheet.append(row)
    for place in ("A1:D1", "A2:B2", "C2:C3", "D2:D3", "C4:C6"):
        sheet.merge_cells(place)
    assert book.read()["Sheet"].rows == {
        1: ["台账"] * 4,
        2: ["位置", "位置", "面积", "备注"],
        3: ["经度", "纬度", "面积", "备注"],
        4: ["100.45", "38.93", "甲镇", "a"],
        5: ["100.46", "38.94", "甲镇", "b"],
    }


def test_merged_cells_of_the_older_kind_too(old_book):
    sheet = old_book.add_sheet("表")
    sheet.write_merge(0, 0, 0, 2, "台账")
    sheet.write_merge(1, 2, 0, 0, "甲镇")
    for row, name in ((1, "东湖塘"), (2, "西湖塘")):
        sheet.write(row, 1, name)
    assert old_book.read()["表"].rows == {1: ["台账"] * 3, 2: ["甲镇", "东湖塘"], 3: ["甲镇", "西湖塘"]}


def test_overlapping_merges_and_merges_of_whole_columns_cost_nothing(tmp_path, book):
    book.active.append(["a", "b", None])
    book.active.append([None, "c", None])
    book.save(tmp_path / "book.xlsx")
    everywhere = '<mergeCell ref="A1:XFD1048576"/>' * 5_000
    circular = '<mergeCell ref="A1:B2"/><mergeCell ref="B2:A1"/><mergeCell ref="B1:C2"/>'
    odd = '<mergeCell/><mergeCell ref="A1"/><mergeCell ref="ZZ900000:ZZ900001"/>'
    merges = f"</sheetData><mergeCells>{circular}{odd}{everywhere}</mergeCells>".encode()
    path = rewritten(
        tmp_path / "book.xlsx",
        "xl/worksheets/sheet1.xml",
        lambda content: content.replace(b"</sheetData>", merges),
    )
    assert read_sheets(xlsx, path)["Sheet"].rows == {1: ["a", "b"], 2: ["a", "c"]}


def test_of_merges_that_overlap_the_first_one_counts():
    merged = _Merged([Merge(1, 1, 3, 3), Merge(0, 0, 2, 1), Merge(3, 0, 3, 2), Merge(0, 2, 0, 9)])
    rows = [["a", None, "b", None], [None, "c", None, None], ["d", None, None, None], ["e", None, None, None]]
    for number, cells in enumerate(rows):
        merged.fill(number, cells)
    assert rows == [["a", "a", "b", "b"], ["a", "c", None, None], ["d", "a", None, None], ["e"] * 3 + [None]]


def test_hidden_sheets_and_rows_are_named_and_given(book):
    for name, state in (("藏", "hidden"), ("深藏", "veryHidden")):
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        sheet.append(["x"])
    for row in (["a"], ["b"], [None], ["d"]):
        book.active.append(row)
    for row in (2, 3, 9):
        book.active.row_dimensions[row].hidden = True
    sheets = book.read()
    assert [sheet.hidden for sheet in sheets.values()] == [False, True, True]
    assert sheets["Sheet"].hidden_rows == [2]
    assert sheets["Sheet"].rows == {1: ["a"], 2: ["b"], 4: ["d"]}
    assert sheets["藏"].rows == {1: ["x"]}


def test_hidden_sheets_and_rows_of_the_older_kind_too(old_book):
    old_book.add_sheet("表").write(0, 0, "a")
    sheet = old_book.add_sheet("藏")
    sheet.visibility = 1
    for row in range(3):
        sheet.write(row, 0, row)
    sheet.row(1).hidden = True
    sheets = old_book.read()
    assert [sheet.hidden for sheet in sheets.values()] == [False, True]
    assert sheets["藏"].hidden_rows == [2]
    assert sheets["藏"].rows == {1: [0], 2: [1], 3: [2]}


def test_sheets_of_charts_are_passed_over(book):
    book.active.append(["a"])
    book.create_chartsheet("图").add_chart(BarChart())
    book.create_sheet("后").append(["b"])
    assert {name: sheet.rows for name, sheet in book.read().items()} == {
        "Sheet": {1: ["a"]},
        "后": {1: ["b"]},
    }


def test_a_workbook_without_values_is_empty(book, old_book):
    with pytest.raises(errors.EmptyFile):
        book.read()
    old_book.add_sheet("表")
    with pytest.raises(errors.EmptyFile):
        old_book.read()


def test_a_value_far_from_the_table_does_not_fill_the_memory(tmp_path):
    path = tmp_path / "book.xlsx"
    for place, refusal, said in (
        ("XFD1048576", errors.TooManyColumns, "more than 1000 columns"),
        ("AD1048576", errors.SheetTooSpread, "reaches to cell AD1048576"),
    ):
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write("A1", "a")
            sheet.write(place, "b")
        with pytest.raises(refusal, match=said):
            read_sheets(xlsx, path)


def test_the_limits_of_a_workbook_hold(book, old_book):
    book.active.append(["x"] * 20)
    for _ in range(4):
        book.active.append(["x"])
    with pytest.raises(errors.TooManyColumns, match="19"):
        book.read(columns=19)
    with pytest.raises(errors.TooManyRows, match="3"):
        book.read(rows=3, headings=1)
    with pytest.raises(errors.CellTooLarge, match="row 1"):
        book.read(cell_bytes=0)
    sheet = old_book.add_sheet("表")
    sheet.write(0, 19, "x")
    with pytest.raises(errors.TooManyColumns, match="19"):
        old_book.read(columns=19)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "docProps/core.xml", "xl/workbook.xml"]
)
def test_a_document_type_in_any_part_is_refused(tmp_path, part, encoding):
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        book.add_worksheet().write("A1", "塘")

    def with_doctype(content):
        text = re.sub(r"<\?xml[^>]*\?>", "", content.decode())
        return f'<?xml version="1.0" encoding="{encoding}"?>{DOCTYPE}{text}'.encode(encoding)

    with pytest.raises(errors.HasDoctype, match="Save it again"):
        read_sheets(xlsx, rewritten(tmp_path / "book.xlsx", part, with_doctype))


@pytest.mark.parametrize(
    "cell", ['<c r="ZZZZ1"><v>1</v></c>', '<c r="A0"><v>1</v></c>', '<c r="a1"><v>1</v></c>', "<c r='9'/>"]
)
def test_cells_that_cannot_be_are_refused(tmp_path, book, cell):
    book.active.append(["a"])
    book.save(tmp_path / "book.xlsx")
    path = rewritten(
        tmp_path / "book.xlsx",
        "xl/worksheets/sheet1.xml",
        lambda content: re.sub(rb"<c .*</c>", cell.encode(), content),
    )
    with pytest.raises(errors.BadLayer):
        read_sheets(xlsx, path)


def test_a_password_is_named(tmp_path, old_book):
    path = tmp_path / "book.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(errors.PasswordProtected, match="Take the password off"):
        read_sheets(xls, path)
    old_book.add_sheet("表").write(0, 0, "x")
    old_book.save(str(path))
    code_page, locked = b"\x42\x00\x02\x00\xb0\x04", b"\x2f\x00\x02\x00\x00\x00"
    path.write_bytes(path.read_bytes().replace(code_page, locked, 1))
    with pytest.raises(errors.PasswordProtected):
        read_sheets(xls, path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_workbook_that_breaks_off_is_refused(tmp_path, book, old_book, share):
    book.active.append(["a", "b"])
    book.save(tmp_path / "book.xlsx")
    old_book.add_sheet("表").write(0, 0, "x")
    old_book.save(str(tmp_path / "book.xls"))
    for reader, name in ((xlsx, "book.xlsx"), (xls, "book.xls")):
        path = tmp_path / name
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(errors.BadLayer, match="save it again"):
            read_sheets(reader, path)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    with pytest.raises(errors.NotThisFormat, match="XLSX"):
        read_sheets(xlsx, path)


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path, book):
    book.active.append(["a"])
    book.save(tmp_path / "book.xlsx")
    with zipfile.ZipFile(tmp_path / "book.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(60_000_000))
    with pytest.raises(errors.UnpacksTooLarge, match="larger than 10 MB"):
        read_sheets(xlsx, tmp_path / "book.xlsx")
