"""Files made to harm: each is refused with a sentence, and leaves no process and no folder behind."""

import errno
import json
import os
import random
import socket
import stat
import tempfile
import threading
import zipfile
from pathlib import Path

import geopandas
import pyogrio
import pytest
import shapely
import xlsxwriter
import xlwt

from geo import errors, sources
from geo.bundles import bundle, parts_beside
from geo.formats import FORMATS, Limits
from geo.sources import open_source
from tests.geo.shapefiles import write_shapefile

ENDINGS = sorted({ending for one in FORMATS for ending in one.endings})
OF_PLACES = (".shp", ".gpkg", ".kml", ".ovkml", ".kmz", ".ovkmz", ".gpx", ".dxf", ".geojson", ".json", ".zip")
POINT = {"type": "Point", "coordinates": [100.45, 38.93]}
PLACEMARK = "<Placemark>{0}<Point><coordinates>100.45,38.93</coordinates></Point></Placemark>"
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{0}</Document></kml>'
GPX = '<gpx xmlns="http://www.topografix.com/GPX/1/1">{0}</gpx>'
DXF = "0\nSECTION\n2\nENTITIES\n{0}0\nENDSEC\n0\nEOF\n"
DXF_TEXT = "0\nTEXT\n8\n字\n10\n1\n20\n2\n40\n1\n1\n{0}\n"
ONE_LONG = 10_000_000


def children():
    """The processes this one has started and that still are."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """After each test: no temporary folder, no process."""
    temporary, before = tmp_path / "temporary", children()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []
    assert children() == before


def refused(path, **limits):
    """Give the refusal of a file; its sentence says what is and what to do."""
    with pytest.raises(errors.BadLayer) as refusal, open_source(path, limits=Limits(**limits)):
        pass
    assert str(refusal.value).count(". ") >= 1
    return refusal.value.code


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(path, *rows):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("表")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def package(path, **columns):
    frame = geopandas.GeoDataFrame(columns, geometry=[shapely.Point(100, 38)], crs="EPSG:4490")
    pyogrio.write_dataframe(frame, path, layer="层")
    return path


def collection(path, **properties):
    feature = {"type": "Feature", "properties": properties, "geometry": POINT}
    return written(path, json.dumps({"type": "FeatureCollection", "features": [feature]}))


def old_workbook(path):
    book = xlwt.Workbook()
    book.add_sheet("表").write(0, 0, "塘")
    book.save(str(path))
    return path


def shapefile_bundle(path):
    bundle(parts_beside(write_shapefile(path.parent / "parts", "塘", {"名称": ["塘"]})), path)
    return path


GOOD = {
    ".xlsx": lambda path: workbook(path, ["编号"], ["007"]),
    ".xls": old_workbook,
    ".geojson": lambda path: collection(path, n=1),
    ".gpkg": lambda path: package(path, n=[1]),
    ".kml": lambda path: written(path, KML.format(PLACEMARK.format(""))),
    ".kmz": lambda path: packed(path, {"doc.kml": KML.format(PLACEMARK.format(""))}),
    ".gpx": lambda path: written(path, GPX.format('<wpt lat="38" lon="100"/>')),
    ".dxf": lambda path: written(path, DXF.format(DXF_TEXT.format("塘"))),
    ".zip": shapefile_bundle,
}


# What a file is not


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file_of_any_ending_is_refused(tmp_path, ending):
    for content in (b"", b"\n"):
        assert refused(written(tmp_path / f"空{ending}", content)) == "geo.empty_file"
    assert refused(written(tmp_path / f"零{ending}", bytes(100))) == "geo.not_this_format"


@pytest.mark.parametrize("ending", GOOD)
def test_a_file_that_breaks_off_is_refused(tmp_path, ending):
    path = GOOD[ending](tmp_path / f"断{ending}")
    whole = path.read_bytes()
    with open_source(path) as source:
        assert source.sheets[0].row_count
    for share in (0.3, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        refused(path)


@pytest.mark.parametrize("ending", OF_PLACES)
def test_what_makes_gdal_open_other_files_never_reaches_it(tmp_path, ending):
    secret = written(tmp_path / "secret.csv", "name\nx\n")
    layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    assert pyogrio.read_info(written(tmp_path / "a.vrt", vrt))["layer_name"] == "secret"  # here it works
    command = f"gdal vector pipeline ! read {secret} ! write out.gpkg"
    pipeline = json.dumps({"type": "gdal_streamed_alg", "command_line": command})
    table = write_shapefile(tmp_path / "parts", "a", {"n": [1]}).with_suffix(".dbf").read_bytes()
    for content in (vrt, f'<?xml version="1.0"?>{vrt}', pipeline, command):
        assert refused(written(tmp_path / f"a{ending}", content)) == "geo.not_this_format"
        code = refused(packed(tmp_path / "b.zip", {f"a{ending}": content, "a.dbf": table}))
        assert code == ("geo.nothing_to_read" if ending == ".zip" else "geo.not_this_format")


@pytest.fixture
def server():
    """An address nobody may ask, and what it was asked."""
    asked = []

    def listen(listening):
        while True:
            connection, _ = listening.accept()
            asked.append(connection.recv(100))
            connection.close()
            if asked[-1] == b"end":
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=listen, args=[listening])
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", asked
        with socket.create_connection(listening.getsockname()) as last:
            last.sendall(b"end")
        thread.join()


def test_addresses_in_a_file_are_never_asked(tmp_path, server):
    address, asked = server
    style = f"<Style><IconStyle><Icon><href>{address}</href></Icon></IconStyle></Style>"
    link = f"<NetworkLink><Link><href>{address}a.kml</href></Link></NetworkLink>"
    written(tmp_path / "a.kml", KML.format(style + link + PLACEMARK.format(style)))
    packed(tmp_path / "a.kmz", {"doc.kml": KML.format(link + PLACEMARK.format(style))})
    written(tmp_path / "a.gpx", GPX.format(f'<wpt lat="38" lon="100"><link href="{address}"/></wpt>'))
    crs = {"type": "link", "properties": {"href": address, "type": "proj4"}}
    feature = {"type": "Feature", "properties": {}, "geometry": POINT}
    written(tmp_path / "a.json", json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    reference = f"0\nBLOCK\n8\n0\n2\nX\n70\n4\n1\n{address}a.dxf\n0\nENDBLK\n8\n0\n"
    blocks = f"0\nSECTION\n2\nHEADER\n0\nENDSEC\n0\nSECTION\n2\nBLOCKS\n{reference}0\nENDSEC\n"
    written(tmp_path / "a.dxf", blocks + DXF.format("0\nINSERT\n8\n0\n2\nX\n10\n1\n20\n2\n"))
    shp = write_shapefile(tmp_path, "a", {"n": [1]})
    shp.with_suffix(".prj").write_text(address)
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("表").write_url("A1", address)
        book.define_name("远", f"='[{address}b.xlsx]表'!$A$1")
    for ending in ("kml", "kmz", "gpx", "json", "dxf", "shp", "xlsx"):
        with open_source(tmp_path / f"a.{ending}") as source:
            assert source.sheets[0].row_count == 1
    assert asked == []


# Archives


def test_an_archive_that_swells_is_refused(tmp_path):
    zeros = bytes(60_000_000)
    for name, inside in (("a.zip", "a.shp"), ("a.kmz", "doc.kml"), ("a.xlsx", "xl/workbook.xml")):
        path = packed(tmp_path / name, {inside: zeros, "a.dbf": b"x"})
        assert path.stat().st_size < 100_000
        assert refused(path) == "geo.unpacks_too_large"
    inner = packed(tmp_path / "inner.zip", {"a.shp": zeros})
    assert refused(packed(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})) == "geo.nothing_to_read"


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": b"a,b\n" * 5_000_000})
    said, less = (20_000_000).to_bytes(4, "little"), (20_000).to_bytes(4, "little")
    assert path.read_bytes().count(said) == 2
    path.write_bytes(path.read_bytes().replace(said, less))
    assert refused(path) == "geo.broken_archive"


@pytest.mark.parametrize(
    "name", ["../a.csv", "/etc/a.csv", "x/../../a.csv", "C:\\a.csv", "..\\a.csv", "数据/../../a.csv"]
)
def test_a_name_that_leads_out_of_an_archive_is_refused(tmp_path, name):
    for path in (tmp_path / "a.zip", tmp_path / "a.kmz", tmp_path / "a.xlsx"):
        assert refused(packed(path, {name: b"a,b\n"})) == "geo.unsafe_member"


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(packed(tmp_path / "a.zip", {link: "/etc/passwd"})) == "geo.unsafe_member"


def test_an_archive_with_a_password_or_thousands_of_files_is_refused(tmp_path):
    many = {f"{number}.txt": b"" for number in range(201)}
    assert refused(packed(tmp_path / "a.zip", many)) == "geo.too_many_members"
    path = packed(tmp_path / "b.zip", {"a.csv": b"a,b\n"})
    content = bytearray(path.read_bytes())
    for place in (6, content.index(b"PK\x01\x02") + 8):  # the flags, in both headers
        content[place] |= 1
    assert refused(written(path, bytes(content))) == "geo.password_protected"


# Sizes


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".geojson", ".gpkg", ".shp"])
def test_thousands_of_columns_are_refused(tmp_path, ending):
    path = tmp_path / f"宽{ending}"
    names = [f"c{number}" for number in range(10_000)]
    some = names[:1_500]  # SQLite and dBASE take no more than about 2,000
    if ending == ".csv":
        written(path, ",".join(names))
    elif ending == ".xlsx":
        workbook(path, names)
    elif ending == ".geojson":
        collection(path, **dict.fromkeys(names, 1))
    elif ending == ".gpkg":
        package(path, **{name: [1] for name in some})
    else:
        write_shapefile(tmp_path, "宽", {name: [1] for name in some})
    assert refused(path) == "geo.too_many_columns"


def long_workbook(path, text):
    """A workbook of the usual parts with one long text, which no library would write."""
    workbook(path, ["a"])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(b"<t>a", b"<t>" + text.encode())
    return packed(path, parts)


LONG = {
    ".csv": lambda path, text: written(path, f"a,b\n1,{text}\n"),
    ".xlsx": long_workbook,
    ".geojson": lambda path, text: collection(path, a=text),
    ".gpkg": lambda path, text: package(path, a=[text]),
    ".kml": lambda path, text: written(path, KML.format(PLACEMARK.format(f"<name>{text}</name>"))),
    ".gpx": lambda path, text: written(path, GPX.format(f'<wpt lat="1" lon="2"><name>{text}</name></wpt>')),
    ".dxf": lambda path, text: written(path, DXF.format(DXF_TEXT.format(text))),
}


@pytest.mark.parametrize("ending", LONG)
def test_a_cell_of_ten_megabytes_is_refused(tmp_path, ending):
    text = random.Random(7).randbytes(ONE_LONG // 2).hex()  # noqa: S311 - it only must not shrink
    code = refused(LONG[ending](tmp_path / f"长{ending}", text))
    assert code == ("geo.bad_layer" if ending == ".dxf" else "geo.cell_too_large")  # GDAL takes no such line


# The reading process


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Puts a script in the place of the reading process; gives what shows when its last process has ended."""

    def put(script):
        alive = tmp_path / "alive"
        os.mkfifo(alive)
        end = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
        program = written(tmp_path / "reader", f"#!/bin/sh\nexec 9>{alive}\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sources.sys, "executable", str(program))
        os.set_blocking(end, True)
        return end

    return put


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("kill -9 $$", "geo.reader_failed"),
        ("sleep 600 & kill -9 $$", "geo.reader_failed"),
        ("sleep 600 & exec sleep 600", "geo.reader_timed_out"),
        ("trap '' TERM INT HUP; while :; do sleep 600; done", "geo.reader_timed_out"),
        ("sleep 600 & exit 0", "geo.reader_failed"),
        (f"exit {errno.ENOSPC}", "geo.disk_full"),
    ],
)
def test_a_reader_killed_or_hanging_loses_only_its_file(tmp_path, reader, script, code):
    path = written(tmp_path / "a.csv", "a,b\n")
    end = reader(script)
    assert refused(path, seconds=1.0) == code
    assert os.read(end, 1) == b""  # comes only when all who held the other end are gone
    os.close(end)


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sources, "chunks", full)
    assert refused(written(tmp_path / "a.csv", "a,b\n")) == "geo.disk_full"
