"""The `xuntu` commands: what they print, their exit status, and that a refusal is one line."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
import shapely
from sqlalchemy import select, text

from app import create_app
from inspections.models import Area, Body, LedgerEntry, Officer, Operator, Site
from inspections.settings import Settings
from inspections.store import Store
from inspections.web.cli import build_parser, run
from inspections.web.commands import Call, serving
from inspections.web.words import spoken
from tests.case_factories import a_case
from tests.factories import EAST, IN_EAST, IN_WEST, WEST, a_body, a_county, a_site, an_officer
from tests.imports import bring_areas

ROOT = Path(__file__).parent.parent.parent


class Shell:
    """Runs commands in this process as a terminal would, with one data folder."""

    def __init__(self, monkeypatch, capsys, store: Store, data: Path) -> None:
        self._monkeypatch, self._capsys, self.store, self.data = monkeypatch, capsys, store, data
        for name in [name for name in os.environ if name.startswith("XUNTU_") and "TEST" not in name]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("XUNTU_DATA", str(data))
        monkeypatch.setenv("XUNTU_DATABASE_URL", store.url.render_as_string(hide_password=False))
        monkeypatch.setenv("XUNTU_LANG", "en")

    def __call__(self, *arguments: str | Path, typed: str = "") -> tuple[int, list[str], list[str]]:
        """Status, lines of standard output, lines of standard error."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        try:
            status = run(create_app, [str(argument) for argument in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        said = self._capsys.readouterr()
        return status, said.out.splitlines(), said.err.splitlines()


@pytest.fixture
def xuntu(monkeypatch, capsys, store: Store, tmp_path: Path) -> Shell:
    return Shell(monkeypatch, capsys, store, tmp_path / "data")


@pytest.fixture
def sqlite_xuntu(monkeypatch, capsys, sqlite_store: Store, tmp_path: Path) -> Shell:
    return Shell(monkeypatch, capsys, sqlite_store, tmp_path / "data")


@pytest.fixture
def county(xuntu: Shell) -> Shell:
    with xuntu.store.write() as session:
        a_county(session)
    return xuntu


@pytest.fixture
def sqlite_county(sqlite_xuntu: Shell) -> Shell:
    with sqlite_xuntu.store.write() as session:
        a_county(session)
    return sqlite_xuntu


def a_register(folder: Path, *rows: str) -> Path:
    path = folder / "register.csv"
    path.write_text("名称,经度,纬度\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_migrate_makes_a_database_and_says_its_version(sqlite_xuntu, tmp_path, monkeypatch):
    monkeypatch.setenv("XUNTU_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    status, out, err = sqlite_xuntu("migrate")
    assert (status, err) == (0, [])
    assert out[0].startswith("The database is at version ")
    assert sqlite_xuntu("ledger", "verify")[0] == 0


def test_serve_refuses_a_database_that_is_not_migrated(sqlite_xuntu, tmp_path, monkeypatch):
    monkeypatch.setenv("XUNTU_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    status, out, err = sqlite_xuntu("serve")
    assert (status, out) == (2, [])
    assert len(err) == 1
    assert "Run: xuntu migrate" in err[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("XUNTU_PROXIES", "many"), ("XUNTU_LANG", "fr"), ("XUNTU_URL", "xuntu"), ("XUNTU_COUNTY", "/none.toml")],
)
def test_a_wrong_setting_is_one_line_and_status_2(sqlite_xuntu, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    status, out, err = sqlite_xuntu("migrate")
    assert (status, out, len(err)) == (2, [], 1)
    assert name in err[0]


def test_wrong_parameters_in_the_profile_stop_the_start(sqlite_xuntu, monkeypatch, tmp_path):
    (tmp_path / "wrong.toml").write_text("[datums.xian80]\ndx = 1\n")
    monkeypatch.setenv("XUNTU_COUNTY", str(tmp_path / "wrong.toml"))
    status, out, err = sqlite_xuntu("serve")
    assert (status, out, len(err)) == (2, [], 1)
    assert "[datums.xian80]" in err[0]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["import"],
        ["import", "sites", "x.csv"],
        ["officer", "add", "x", "--role", "king"],
        ["serve", "--port", "0"],
    ],
)
def test_wrong_arguments_are_one_line_and_status_2(sqlite_xuntu, arguments):
    status, out, err = sqlite_xuntu(*arguments)
    assert (status, out, len(err)) == (2, [], 1)


def test_an_officer_is_added_with_body_and_scope(county):
    assert county("body", "add", "西镇人民政府", "--type", "township", "--area", WEST)[0] == 0
    given = ("--role", "township", "--body", "西镇人民政府", "--area", WEST[:9], "--kind", "pond")
    status, out, err = county("officer", "add", "Zhang", *given, typed="a long password\n")
    assert (status, out, err) == (0, ["Officer zhang can sign in."], [])
    with county.store.read() as session:
        officer = session.scalar(select(Officer))
        assert (officer.name, officer.role, officer.body.name) == ("zhang", "township", "西镇人民政府")
        assert ([row.area_code for row in officer.areas], [row.kind for row in officer.kinds]) == (
            [WEST],
            ["pond"],
        )
    status, out, err = county("ledger", "verify")
    assert status == 0
    assert re.fullmatch(r"2 [0-9a-f]{64}", out[-1])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--role", "admin", "--body", "无此单位"], "There is no body called “无此单位”"),
        (["--role", "admin", "--area", "123456"], "There is no area with the code 123456000000"),
    ],
)
def test_an_officer_of_an_unknown_body_or_area_is_refused(sqlite_county, given, said):
    status, out, err = sqlite_county("officer", "add", "zhang", *given, typed="a long password\n")
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith(said)
    with sqlite_county.store.read() as session:
        assert session.scalar(select(Officer)) is None


def test_a_short_password_is_refused(sqlite_xuntu):
    status, _, err = sqlite_xuntu("officer", "add", "zhang", "--role", "admin", typed="short\n")
    assert (status, len(err)) == (2, 1)


def test_a_register_is_checked_then_applied(county, tmp_path):
    path = a_register(tmp_path, "柳荫塘,100.40,38.93", "东塘,100.60,38.93")
    status, out, err = county("import", "sites", path, "--kind", "pond")
    assert (status, out[-1], err) == (0, "read=2 accepted=2 warned=0 refused=0", [])
    with county.store.read() as session:
        assert session.scalar(select(Site)) is None
    status, out, err = county("import", "sites", path, "--kind", "pond", "--apply")
    assert (status, out[-1], err) == (0, "read=2 accepted=2 warned=0 refused=0", [])
    with county.store.read() as session:
        assert len(session.scalars(select(Site)).all()) == 2
    status, out, err = county("import", "sites", path, "--kind", "pond", "--apply")
    assert (status, out, len(err)) == (2, [], 1)
    assert "register.csv" in err[0]


def test_refused_rows_give_status_1_and_the_rest_is_taken(sqlite_county, tmp_path):
    report = tmp_path / "report.json"
    path = a_register(tmp_path, "柳荫塘,100.40,38.93", "没有位置,,")
    status, out, err = sqlite_county("import", "sites", path, "--kind", "pond", "--apply", "--report", report)
    assert (status, out[-1], err) == (1, "read=2 accepted=1 warned=0 refused=1", [])
    assert json.loads(report.read_bytes())["messages"][0]["row"] == 3


def test_messages_are_in_the_installations_language(sqlite_county, tmp_path, monkeypatch):
    monkeypatch.setenv("XUNTU_LANG", "zh_CN")
    report = tmp_path / "report.json"
    path = a_register(tmp_path, "柳荫塘,,")
    _, out, _ = sqlite_county("import", "sites", path, "--kind", "pond", "--report", report)
    assert out[-1] == "read=1 accepted=0 warned=0 refused=1"
    assert re.search("[\u4e00-\u9fff]", json.loads(report.read_bytes())["messages"][0]["message"])
    status, _, err = sqlite_county("import", "sites", path)
    assert (status, len(err)) == (2, 1)
    assert re.search("[\u4e00-\u9fff]", err[0])


@pytest.mark.parametrize(
    ("name", "content", "crs"),
    [
        ("none.csv", None, None),
        ("empty.csv", b"", None),
        ("lie.geojson", b"PK\x03\x04", None),
        ("vrt.geojson", b"<OGRVRTDataSource></OGRVRTDataSource>", None),
        ("sheet.xlsx", b"PK\x03\x04", None),
        ("good.csv", "名称,经度,纬度\n柳荫塘,100.40,38.93\n".encode(), "EPSG:99999"),
        ("columns.csv", b"a,b\n1,2\n", None),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_status_2(sqlite_county, tmp_path, name, content, crs):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    status, out, err = sqlite_county(
        "import", "sites", path, "--kind", "pond", *(["--crs", crs] if crs else [])
    )
    assert (status, out, len(err)) == (2, [], 1)


def test_areas_come_from_geojson(xuntu, tmp_path):
    feature = '{"type":"Feature","properties":{"adcode":"990101","name":"示范县"},"geometry":{"type":"Polygon","coordinates":[[[100,38],[101,38],[101,39],[100,39],[100,38]]]}}'  # noqa: E501
    path = tmp_path / "county.geojson"
    path.write_text(feature, encoding="utf-8")
    status, out, _ = xuntu("import", "areas", path, "--apply")
    assert (status, out[-1]) == (0, "read=1 accepted=1 warned=0 refused=0")
    with xuntu.store.read() as session:
        assert session.scalar(select(Area.name)) == "示范县"


def test_sites_are_written_by_the_files_ending(county, tmp_path):
    with county.store.write() as session:
        a_site(session, name="=HYPERLINK(1)")
        a_site(session, at=(100.60, 38.93), name="退出的塘", status="retired")
    for name in ("sites.geojson", "sites.csv", "sites.gpkg", "sites.kml", "sites.xlsx"):
        status, out, err = county("export", "sites", tmp_path / name)
        assert (status, out, err) == (0, [f"1 sites written to {tmp_path / name}."], [])
    [feature] = json.loads((tmp_path / "sites.geojson").read_bytes())["features"]
    wanted = ["id", "number", "name", "kind", "subtype", "status", "state", "township", "village", "area_m2"]
    assert list(feature["properties"])[:10] == wanted
    assert feature["geometry"]["coordinates"] == [100.40, 38.93]
    heading, row = (tmp_path / "sites.csv").read_text(encoding="utf-8-sig").splitlines()
    assert heading.startswith("系统编号,点位编号,点位名称,类别")
    assert ",'=HYPERLINK(1),纳污坑塘,坑塘,在册,正常,西镇," in row
    status, out, err = county("export", "sites", tmp_path / "sites.doc")
    assert (status, out) == (2, [])
    assert err == ["Files like sites.doc cannot be written. Use one of .csv .geojson .gpkg .kml .xlsx .zip."]


def test_what_a_shapefile_loses_is_said(sqlite_county, tmp_path):
    with sqlite_county.store.write() as session:
        a_site(session, name="𠮷塘", remark="长" * 200)
    status, out, err = sqlite_county("export", "sites", tmp_path / "a.zip")
    assert (status, out[0], err) == (0, f"1 sites written to {tmp_path / 'a.zip'}.", [])
    assert [line.split(" ", 1)[1] for line in out[1:]] == [
        "field names were cut to 10 bytes. A note in the zip says what each one means.",
        "texts were longer than 254 bytes and are cut. GeoPackage keeps them whole.",
        "characters that GBK lacks were replaced by a question mark. UTF-8 keeps them.",
    ]
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert "1 处文字超过 254 字节" in archive.read("说明.txt").decode("utf-8-sig")
    status, out, _ = sqlite_county("export", "sites", tmp_path / "b.zip", "--encoding", "utf-8")
    assert (status, len(out)) == (0, 3)


@pytest.mark.parametrize("subject", ["visits", "findings", "cases"])
def test_every_subject_is_written(sqlite_county, tmp_path, subject):
    with sqlite_county.store.write() as session:
        for at in (IN_WEST, IN_EAST):
            a_case(session, a_site(session, at=at))
    for area, count in ((WEST, 1), ("990101", 2), (EAST[:9], 1)):
        status, out, _ = sqlite_county(
            "export", subject, tmp_path / "a.csv", "--area", area, "--kind", "pond"
        )
        assert (status, out) == (0, [f"{count} {subject} written to {tmp_path / 'a.csv'}."])
    assert sqlite_county("export", subject, tmp_path / "b.csv", "--kind", "straw")[1][0].startswith("0 ")


def test_operators_are_written_when_the_command_asks(sqlite_county, tmp_path):
    with sqlite_county.store.write() as session:
        site = a_site(session)
        site.operator = Operator(name="陈某某", type="household", phone="13800000000", salt=bytes(32))
    for options, told in (((), False), (("--with-operators",), True)):
        assert sqlite_county("export", "sites", tmp_path / "a.csv", *options)[0] == 0
        assert ("陈某某" in (tmp_path / "a.csv").read_text(encoding="utf-8")) == told
    with sqlite_county.store.read() as session:
        entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number)).all()
    assert [json.loads(entry.facts)["restricted"] for entry in entries] == [False, True]
    status, out, err = sqlite_county("export", "visits", tmp_path / "a.csv", "--with-operators")
    assert (status, out, len(err)) == (2, [], 1)


def test_a_changed_entry_is_named_with_status_1(sqlite_xuntu):
    for name in ("first", "second", "third"):
        sqlite_xuntu("officer", "add", name, "--role", "admin", typed="a long password\n")
    with sqlite_xuntu.store.write() as session:
        session.execute(text("DROP TRIGGER ledger_entries_update"))
        session.execute(text("UPDATE ledger_entries SET actor_name = 'nobody' WHERE number = 2"))
    status, out, err = sqlite_xuntu("ledger", "verify")
    assert (status, out, len(err)) == (1, [], 1)
    assert err[0].startswith("Entry 2 is broken")
    assert sqlite_xuntu("nightly")[0] == 1


def redraw(shell: Shell, edge: float = 100.48) -> None:
    """Two sites in WEST, whose line then passes over one of them; it is renamed too."""
    with shell.store.write() as session:
        a_site(session, at=(100.49, 38.93), number="P-990101100-0001", name="=界边塘")
        a_site(session, at=IN_WEST, number="P-990101100-0002")
    bring_areas(
        shell.store,
        {"code": WEST, "name": "西关镇", "shape": shapely.box(100.1, 38.55, edge, 39.4)},
        {"code": EAST, "name": "东乡", "shape": shapely.box(edge, 38.55, 100.87, 39.4)},
    )


def test_the_areas_of_a_day_are_listed_with_their_villages(county):
    redraw(county)
    status, out, err = county("areas", "list")
    assert (status, err) == (0, [])
    assert out[0].split("  ")[0] == "code"
    assert [line.split()[1] for line in out[1:]] == ["示范县", "西关镇", "柳荫村", "东乡"]
    assert out[2].split()[-2:] == ["2026-11-12", "2"]
    status, out, _ = county("areas", "list", "--on", "2025-01-01")
    assert (status, out[2].split()[1:]) == (0, ["西镇", "2020-01-01", "2026-11-12", "2"])


def test_a_day_that_is_none_is_refused_in_one_line(sqlite_county):
    status, out, err = sqlite_county("areas", "list", "--on", "yesterday")
    assert (status, out, len(err)) == (2, [], 1)
    assert "write a day like 2026-03-13" in err[0]


def test_differences_are_printed_and_counted_last(county):
    assert county("areas", "differences") == (0, ["differences=0"], [])
    redraw(county)
    status, out, err = county("areas", "differences")
    assert (status, err, out[-1]) == (0, [], "differences=1")
    assert "P-990101100-0001" in out[1]
    assert "西关镇" in out[1]
    assert "lies in another township" in out[1]
    assert county("areas", "differences", "--township", "990101200")[1] == ["differences=0"]
    assert county("areas", "differences", "--township", "990101100")[1][-1] == "differences=1"


def test_differences_are_written_as_csv_that_excel_reads(sqlite_county, tmp_path):
    redraw(sqlite_county)
    with sqlite_county.store.write() as session:
        session.execute(text("UPDATE areas SET name = '＝西镇' WHERE code LIKE '990101100%'"))
    path = tmp_path / "differences.csv"
    assert sqlite_county("areas", "differences", "--csv", path)[0] == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        heading, row = csv.reader(file)
    assert heading == ["number", "kind", "recorded", "by the boundaries", "why"]
    assert row[0] == "P-990101100-0001"
    assert row[2].startswith("'＝"), "what a spreadsheet would run is made harmless"


def test_a_list_of_differences_that_cannot_be_written_is_one_line(sqlite_county, tmp_path):
    status, _out, err = sqlite_county("areas", "differences", "--csv", tmp_path / "none" / "x.csv")
    assert (status, len(err)) == (2, 1)


def test_a_hash_that_the_ledger_lacks_gives_status_1(sqlite_xuntu):
    status, _, err = sqlite_xuntu("ledger", "verify", "--head", "ab" * 32)
    assert (status, len(err)) == (1, 1)


def test_backup_and_restore_say_the_ledgers_head(county, tmp_path):
    with county.store.write() as session:
        a_body(session)
    county("officer", "add", "zhang", "--role", "admin", typed="a long password\n")
    head = county("ledger", "verify")[1][-1]
    status, out, err = county("backup", tmp_path / "x.tar")
    assert (status, out[-1], err) == (0, head, [])
    assert county("restore", tmp_path / "x.tar")[0] == 2
    county.store.close()
    status, out, err = county("restore", tmp_path / "x.tar", "--replace")
    assert (status, out[-1], err) == (0, head, [])
    with county.store.read() as session:
        assert session.scalar(select(Body)) is not None
    assert county("nightly")[0] == 0


def test_help_is_in_chinese_and_needs_no_data_folder(tmp_path):
    data = tmp_path / "none"
    environ = {**os.environ, "XUNTU_DATA": str(data), "XUNTU_LANG": "zh_CN"}
    done = _run_xuntu(["--help"], environ)
    assert done.returncode == 0
    assert "导入" in done.stdout
    assert not data.exists()


def test_every_command_and_option_has_its_help():
    with spoken("en"):
        parsers = [build_parser()]
        for parser in parsers:
            for action in parser._actions:
                if action.nargs == "A...":
                    parsers += action.choices.values()
                    assert {choice.dest for choice in action._choices_actions} == set(action.choices)
                else:
                    assert action.help, (parser.prog, action.dest)


def test_starting_a_command_does_not_load_geopandas():
    code = "import sys, app; sys.exit('geopandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0  # noqa: S603


def test_demo_prints_accounts_serves_and_ends_quietly(tmp_path):
    environ = {
        **os.environ,
        "XUNTU_DATA": str(tmp_path / "demo"),
        "XUNTU_LANG": "en",
        "XUNTU_DATABASE_URL": "",
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "app.py", "demo", "--sites", "60", "--port", port]
    server = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that runs in the background of a shell ignores the signal, and its children with it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        said = [server.stdout.readline().strip() for _ in range(7)]
        assert said[0] == "account inspector demo-inspector"
        assert all(re.fullmatch(r"account (\w+) demo-\1", line) for line in said[:6])
        assert said[6] == f"serving http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            assert answer.status == 200
        taken = _run_xuntu(["serve", "--port", port], environ)
        assert (taken.returncode, len(taken.stderr.splitlines())) == (2, 1)
    finally:
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=20)
    assert (server.returncode, out) == (0, "")
    assert "Traceback" not in err
    again = _run_xuntu(["demo", "--no-serve"], environ)
    assert (again.returncode, len(again.stdout.splitlines())) == (0, 6)


def test_demo_refuses_another_county(sqlite_xuntu):
    with sqlite_xuntu.store.write() as session:
        a_county(session)
        session.execute(text("UPDATE areas SET code = '620702000000' WHERE level = 'county'"))
    status, out, err = sqlite_xuntu("demo", "--no-serve")
    assert (status, len(out), len(err)) == (2, 6, 1)


def test_serving_demo_accounts_to_others_is_warned_of(sqlite_xuntu, capsys):
    with sqlite_xuntu.store.write() as session:
        an_officer(session, is_demo=True)
    with spoken("en"):
        serving._warn(Call(Settings(), create_app), sqlite_xuntu.store, "10.0.0.5")
    said = capsys.readouterr().err
    assert "Demo accounts" in said
    assert "XUNTU_URL is not set" in said


def _run_xuntu(arguments: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess:
    command = [sys.executable, "app.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
