from importlib import import_module

import pytest

from geo.errors import EmptyFile, NotAWorkbook, NotThisFormat, UnknownFormat
from geo.formats import FORMATS, format_named, format_of

COLLECTION = b'{"type": "FeatureCollection", "features": []}'


@pytest.mark.parametrize(
    ("name", "head", "format_name"),
    [
        ("a.csv", b"name,lon,lat\n", "CSV"),
        ("A.TXT", b"name\tlon\tlat\n", "CSV"),
        ("a.csv", "﻿编号,名称\n".encode(), "CSV"),
        ("a.csv", "编号,名称\n".encode("gb18030"), "CSV"),
        ("a.txt", "编号\t名称\n".encode("utf-16"), "CSV"),
        ("a.geojson", COLLECTION, "GeoJSON"),
        ("a.json", b"\xef\xbb\xbf \n" + COLLECTION, "GeoJSON"),
        ("a.geojson", b'{"name": "x", "type": "FeatureCollection"', "GeoJSON"),
    ],
)
def test_a_file_is_known_by_its_ending_and_first_bytes(name, head, format_name):
    assert format_of(name, head).name == format_name


@pytest.mark.parametrize(
    "head",
    [
        b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>',
        b'<?xml version="1.0"?><kml/>',
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}',
        b'{"type":"gdal_streamed_alg"}',
        b"PK\x03\x04" + b"\x00" * 60,
        b"SQLite format 3\x00",
        b"\x1f\x8b\x08",
        b"%PDF-1.7",
        b"\x00" * 64,
        b"[1, 2]",
        b"{{{{",
        b"name,lon,lat\n",
        b"gdal vector pipeline ! read /etc/passwd",
        COLLECTION.decode().encode("utf-16"),
    ],
)
def test_what_is_not_geojson_is_refused_by_its_first_bytes(head):
    with pytest.raises(NotThisFormat, match=r"a\.geojson does not hold GeoJSON"):
        format_of("a.geojson", head)


@pytest.mark.parametrize(
    "head",
    [
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0",
        b"<OGRVRTDataSource>",
        COLLECTION,
        b"a,b\n\x00",
        b"\xff\xd8\xff\xe0",
    ],
)
def test_what_is_not_a_table_is_refused_by_its_first_bytes(head):
    with pytest.raises(NotThisFormat):
        format_of("a.csv", head)


@pytest.mark.parametrize("name", ["a.vrt", "a", "a.exe", ".csv", "a.zip.7z", "a.dbf", "a.tif"])
def test_an_ending_nobody_reads_is_refused_and_the_others_named(name):
    with pytest.raises(UnknownFormat, match=r"\.csv \.txt"):
        format_of(name, b"a,b\n")


@pytest.mark.parametrize("head", [b"", b"  \n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(head):
    for name in ("a.csv", "a.geojson"):
        with pytest.raises(EmptyFile):
            format_of(name, head)


@pytest.mark.parametrize("ending", ["xlsx", "xlsm", "xls", "et"])
def test_the_first_bytes_tell_the_kinds_of_workbook_apart(ending):
    assert format_of(f"a.{ending}", b"PK\x03\x04").name == "XLSX"
    assert format_of(f"a.{ending}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").name == "XLS"


@pytest.mark.parametrize(
    "head",
    [
        b"<html><table><tr><td>1",
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>',
        "编号\t名称\n".encode("utf-16"),
        "编号\t名称\n".encode("gb18030"),
    ],
)
@pytest.mark.parametrize("name", ["台账.xls", "台账.xlsx"])
def test_a_web_page_or_text_that_poses_as_a_workbook_is_named(name, head):
    with pytest.raises(NotAWorkbook, match=r"台账\.xlsx? is a web page or text"):
        format_of(name, head)


def test_what_is_neither_a_workbook_nor_text_is_refused():
    with pytest.raises(NotThisFormat, match="XLSX"):
        format_of("a.xls", b"%PDF-1.7")


def test_each_format_has_its_name_and_a_reader_of_its_own():
    assert all(format_named(one.name) is one for one in FORMATS)
    assert all(callable(import_module(one.reader).read) for one in FORMATS)


def test_where_formats_share_an_ending_no_first_bytes_fit_two_of_them():
    heads = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"a,b\n", COLLECTION)
    for ending in {ending for one in FORMATS for ending in one.endings}:
        for head in heads:
            fits = [one for one in FORMATS if ending in one.endings and one.begins_right(head)]
            assert len(fits) <= 1
