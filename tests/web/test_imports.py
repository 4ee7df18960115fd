"""The pages of imports: what may be sent, what is shown of a file, what it asks."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from inspections.models import ImportBatch, ImportRow, Site
from inspections.terms import ImportJob, ImportState
from tests.factories import a_site
from tests.geo.shapefiles import write_shapefile
from tests.imports import REGISTER
from tests.pages import check_page, get_page, text_of
from tests.web.sent_files import (
    ASKING,
    STRANGE,
    applied,
    batch_of,
    buttons,
    pk_of,
    post,
    received,
    register,
    send,
    step,
    words,
    work_on,
)

JS = Path(__file__).parents[1] / "js"


@pytest.fixture
def app(sqlite_app):
    """Pages are the same over both databases; what they do is tested over both elsewhere."""
    return sqlite_app


@pytest.fixture
def store(app):
    return app.extensions["xuntu.store"]


# Receiving


def test_a_file_is_received_and_waits_for_its_check(app, store, as_sqlite_officer):
    client = as_sqlite_officer("supervisor")
    answer = send(client, (REGISTER, "坑塘.csv"))
    assert answer.status_code == 303
    page = answer.headers["Location"]
    batch = batch_of(store, page)
    assert (batch.state, batch.job, batch.file_name) == (ImportState.RECEIVED, ImportJob.CHECK, "坑塘.csv")
    tree = get_page(client, page)
    [watching] = [node for node in tree.iter("section") if node.get("data-module") == "import-progress"]
    assert watching.get("data-path") == f"/api{page}"


def test_the_parts_of_a_shapefile_are_one_file(app, store, as_sqlite_officer, tmp_path):
    shp = write_shapefile(tmp_path / "塘", "坑塘", {"名称": ["柳荫塘"]}, encoding="gbk")
    parts = [(part.read_bytes(), part.name) for part in shp.parent.iterdir()]
    page = send(as_sqlite_officer("supervisor"), *parts).headers["Location"]
    work_on(app, page)
    batch = batch_of(store, page)
    assert (batch.file_name, batch.state, batch.rows_accepted) == ("坑塘.zip", "checked", 1)


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ([], 422, "请选择文件"),
        ([(b"", "坑塘.csv")], 422, "文件是空的"),
        ([(b"MZ\x90\x00", "坑塘.exe")], 422, "无法读取"),
        ([(b"PK\x03\x04", "坑塘.csv")], 422, "内容不是"),
        ([(b"a,b\n1,2\n", "坑塘.xlsx")], 422, "坑塘.xlsx"),
        ([(b"a", "a.csv"), (b"b", "b.csv")], 422, "一次选一个文件"),
        ([(b"a", "a.shp"), (b"b", "b.dbf")], 422, "一次选一个文件"),
        ([(b"a", "a.dbf")], 422, "a.dbf"),
        ([(b"\x00" * 50_000_001, "坑塘.csv")], 422, "50"),
    ],
)
def test_what_cannot_be_received_is_said_on_the_form_and_leaves_nothing(
    app, store, as_sqlite_officer, files, status, said
):
    answer = send(as_sqlite_officer("supervisor"), *files)
    assert (answer.status_code, said in text_of(check_page(answer))) == (status, True)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0
    folder = app.extensions["xuntu.settings"].imports
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize("what", ["", "ponds", "areas"])
def test_what_is_no_kind_or_not_ones_own_to_import_is_refused(app, as_sqlite_officer, what):
    answer = send(as_sqlite_officer("supervisor"), (REGISTER, "坑塘.csv"), what=what)
    assert answer.status_code == (403 if what == "areas" else 422)


def test_a_file_without_a_token_is_not_received(app, store, as_sqlite_officer):
    client = as_sqlite_officer("supervisor")
    form = {"what": "pond", "file": (io.BytesIO(REGISTER.encode()), "坑塘.csv")}
    assert client.post("/imports", data=form, content_type="multipart/form-data").status_code == 422
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0


def test_a_file_that_was_applied_is_refused_with_a_link_to_the_first(app, as_sqlite_officer):
    page = applied(app)
    answer = send(as_sqlite_officer("supervisor"), (REGISTER, "again.csv"))
    assert answer.status_code == 409
    tree = check_page(answer)
    assert page in {node.get("href") for node in tree.iter("a")}
    assert "2026-11-12 以 坑塘.csv 导入过：2 行" in text_of(tree)


def test_a_name_with_folders_and_signs_is_kept_as_a_name(app, store, as_sqlite_officer):
    page = received(app, name="C:\\台账\\<b>坑塘</b>.csv")
    assert batch_of(store, page).file_name == "b>.csv"
    assert "<b>坑塘" not in as_sqlite_officer("supervisor").get(page).text


# The list


def test_the_list_shows_the_files_with_their_counts_and_states(app, as_sqlite_officer):
    received(app, name="未应用.csv")
    applied(app, text=REGISTER.replace("柳荫塘", "芦塘"), name="已应用.csv")
    tree = get_page(as_sqlite_officer("supervisor"), "/imports")
    rows = [text_of(row) for row in tree.iter("tr")][1:]
    assert {row.split()[0] for row in rows} == {"未应用.csv", "已应用.csv"}
    assert any("未应用.csv" in row and "已核对，未应用" in row for row in rows)
    assert any("已应用.csv" in row and "3 2 1" in row for row in rows)


def test_an_officer_sees_the_own_files_and_supervisors_and_administrators_all(app, as_sqlite_officer):
    received(app, who="township", name="西镇坑塘.csv")
    for who, sees in (("township", True), ("supervisor", True), ("admin", True), ("department", False)):
        assert ("西镇坑塘.csv" in words(as_sqlite_officer(who), "/imports")) is sees, who


def test_only_kinds_and_areas_that_one_may_import_are_offered(app, as_sqlite_officer):
    offered = {
        who: {
            node.get("value")
            for node in get_page(as_sqlite_officer(who), "/imports").iter("input")
            if node.get("name") == "what"
        }
        for who in ("department", "township", "admin")
    }
    kinds = {"straw", "pond", "greenhouse", "afforestation"}
    assert offered == {"department": {"straw", "pond"}, "township": kinds, "admin": kinds | {"areas"}}


# One file in each state


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_state_of_a_file_has_a_sound_page_in_both_languages(app, store, as_sqlite_officer, lang):
    with store.write() as session:
        a_site(session)
    client = as_sqlite_officer("supervisor")
    post(client, "/language", {"lang": lang})
    pages = {
        "asked": received(app, text=ASKING, name="asking.csv"),
        "blocked": received(app, text=STRANGE, name="strange.csv"),
        "applied": applied(app),
        "undone": applied(app, text=register(38.7), name="undone.csv"),
        "given up": received(app, text=register(38.8), name="gone.csv"),
        "waiting": send(client, (register(38.6), "waiting.csv")).headers["Location"],
    }
    step(app, client, pages["undone"], "undoing", {"reason": "传错了"})
    step(app, client, pages["given up"], "giving-up")
    for page in pages.values():
        get_page(client, page)
    for shown in ("error", "question", "warning", "note"):
        get_page(client, f"{pages['asked']}?show={shown}")


def test_a_checked_file_shows_sums_and_the_reason_of_each_refused_row(app, as_sqlite_officer):
    tree = get_page(as_sqlite_officer("supervisor"), received(app))
    said = text_of(tree)
    assert "4经度 这一行没有位置。补上经度和纬度。" in said
    assert "可应用 2 行 1 行不导入，留在下面的清单里" in said


def test_a_file_that_cannot_be_read_shows_why_and_the_forms_that_help(app, as_sqlite_officer):
    tree = get_page(
        as_sqlite_officer("supervisor"), received(app, text="水体,东向,北向\n柳荫塘,100.40,38.93\n")
    )
    assert "没有找到表头" in text_of(tree)
    open_ones = {node.get("id") for node in tree.iter("details") if node.get("open") is not None}
    assert open_ones == {"columns", "system"}
    assert "应用" not in buttons(tree)


def test_a_job_that_failed_says_why(app, store, as_sqlite_officer):
    page = received(app)
    with store.write() as session:
        failure = {"code": "import.job_died", "facts": {}}
        session.execute(update(ImportBatch).values(failure=failure))
    assert "处理中断了" in words(as_sqlite_officer("supervisor"), page)


def test_what_a_file_says_is_escaped_on_every_page(app, as_sqlite_officer):
    nasty = "<script>alert(1)</script>"
    text = f"名称,经度,纬度,{nasty},乡镇\n{nasty},100.40,38.90,{nasty},{nasty}\n{nasty},向东,{nasty},,\n"
    page = received(app, text=text, name=f"{nasty}.csv")
    client = as_sqlite_officer("supervisor")
    for path in (page, f"{page}?show=warning", "/imports"):
        answer = client.get(path)
        check_page(answer)
        assert nasty not in answer.text


# Questions


def test_a_question_is_answered_for_all_rows_and_for_one(app, store, as_sqlite_officer):
    with store.write() as session:
        a_site(session)
    client, page = as_sqlite_officer("supervisor"), received(app, text=ASKING)
    answer = step(
        app, client, page, "answer", {"code": "site.near_another", "answer": "out", "back": "questions"}
    )
    assert answer.headers["Location"] == f"{page}#questions"
    pk = pk_of(store, "import.near_township_line")
    data = {"code": "import.near_township_line", "answer": "holder", "message": str(pk), "back": f"m{pk}"}
    assert step(app, client, page, "answer", data).headers["Location"] == f"{page}#m{pk}"
    with store.read() as session:
        query = select(ImportRow.number, ImportRow.outcome).where(ImportRow.number.in_((2, 3)))
        assert dict(session.execute(query).all()) == {2: "left_out", 3: "new"}


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        ({"code": "site.near_another", "answer": "repair"}, 422, "从列表中选"),
        ({"code": "no.such", "answer": "new"}, 422, "从列表中选"),
        ({}, 422, "从列表中选"),
        ({"code": "import.repair_proposed", "answer": "repair"}, 422, "理由"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_said_on_the_page(
    app, store, as_sqlite_officer, data, status, said
):
    page = received(app, text=ASKING)
    answer = step(app, as_sqlite_officer("supervisor"), page, "answer", data)
    assert (answer.status_code, said in text_of(check_page(answer))) == (status, True)


def test_a_file_is_applied_only_once_everything_is_answered(app, store, as_sqlite_officer):
    with store.write() as session:
        a_site(session)
    client, page = as_sqlite_officer("supervisor"), received(app, text=ASKING)
    assert step(app, client, page, "application").status_code == 409
    assert "应用" not in buttons(get_page(client, page))
    step(app, client, page, "check", {"swapped": "yes"})
    step(app, client, page, "check", {"reading": "EPSG:4542"})
    step(app, client, page, "answer", {"code": "site.near_another", "answer": "change"})
    step(app, client, page, "answer", {"code": "import.near_township_line", "answer": "holder"})
    step(
        app,
        client,
        page,
        "answer",
        {"code": "import.repair_proposed", "answer": "repair", "reason": "现场核对"},
    )
    assert "应用" in buttons(get_page(client, page))
    assert step(app, client, page, "application").status_code == 303
    assert batch_of(store, page).state == "applied"
    with store.read() as session:
        names = set(session.scalars(select(Site.name)))
    assert names == {"近旁塘", "界边塘", "蝴蝶塘", "两可塘", "反写塘"}


def test_numbers_that_fit_two_grids_are_shown_on_two_small_maps(app, as_sqlite_officer):
    tree = get_page(as_sqlite_officer("supervisor"), received(app, text=ASKING))
    offered = [node.get("value") for node in tree.iter("input") if node.get("name") == "reading"]
    assert offered == ["EPSG:4542", "EPSG:32647"]
    assert len([node for node in tree.iter("span") if node.get("class") == "map mini"]) == 2


def test_a_repair_is_drawn_before_and_after(app, as_sqlite_officer):
    tree = get_page(as_sqlite_officer("supervisor"), received(app, text=ASKING))
    paths = {node.get("class"): node.get("d") for node in tree.iter() if node.get("d") and node.get("class")}
    assert re.fullmatch(r"M[\d. -]+Z", paths["shape-before"])
    assert paths["shape-after"].count("M") == 2


@pytest.mark.node
def test_the_pure_parts_of_the_pages_of_imports_hold():
    ran = subprocess.run(  # noqa: S603 (our own file)
        [shutil.which("node"), "--test", JS / "imports.test.mjs"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
