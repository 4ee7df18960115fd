"""The steps with a file on its page: what is said of it, who may act, and the files that come back."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from sqlalchemy import select, update

from inspections.models import ImportBatch, ImportMapping, Site
from inspections.terms import ImportJob, ImportState, SiteStatus
from tests.case_factories import a_visit
from tests.factories import WEST
from tests.imports import HEADING, areas_file
from tests.pages import check_page, get_page, text_of
from tests.web.conftest import csrf_of, sign_in_as
from tests.web.sent_files import (
    STRANGE,
    applied,
    batch_of,
    buttons,
    post,
    received,
    register,
    send,
    step,
    words,
    work_on,
)

STEPS = ("check", "answer", "stop", "application", "undoing", "giving-up")
SAID = [("heading", "水体"), ("field", "name"), ("heading", "东向"), ("field", "lon")]
SAID += [("heading", "北向"), ("field", "lat")]


@pytest.fixture
def app(sqlite_app):
    """Pages are the same over both databases; what they do is tested over both elsewhere."""
    return sqlite_app


@pytest.fixture
def store(app):
    return app.extensions["xuntu.store"]


def say(app, client, page: str, *fields: tuple[str, str]):
    """Send the form of sheets and columns, whose fields come many times."""
    body = {"mapping": "1", "csrf_token": csrf_of(client, page)}
    for name, value in fields:
        body.setdefault(name, []).append(value)
    answer = client.post(f"{page}/check", data=body)
    if answer.status_code == 303:
        work_on(app, page)
    return answer


def rows_of(tree) -> list[int]:
    """The numbers of the rows that a page has something to say of."""
    lines = [node for node in tree.iter("tr") if (node.get("id") or "").startswith("m")]
    return [int(text_of(node.findall("td")[1])) for node in lines]


def chosen(tree, name: str) -> list[str]:
    """What is chosen in each list of a name."""
    lists = [node for node in tree.iter("select") if node.get("name") == name]
    picked = [[one for one in node.iter("option") if one.get("selected") is not None] for node in lists]
    return [found[0].get("value") if found else "" for found in picked]


# What is said of the whole file


def test_columns_that_are_chosen_are_read_and_shown_again(app, store, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), received(app, text=STRANGE)
    assert say(app, client, page, ("heading_row", "1"), *SAID).status_code == 303
    tree = get_page(client, page)
    assert chosen(tree, "field") == ["name", "lon", "lat"]
    assert batch_of(store, page).rows_accepted == 1


def test_what_is_chosen_is_remembered_for_the_next_file(app, store, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), received(app, text=STRANGE)
    say(app, client, page, ("heading_row", "1"), *SAID)
    step(app, client, page, "application")
    with store.read() as session:
        assert session.scalars(select(ImportMapping.columns)).one()["水体"] == "name"
    later = received(app, text=STRANGE.replace("柳荫塘,100.40", "苇塘,100.45"), name="later.csv")
    assert batch_of(store, later).rows_accepted == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([("heading_row", "第三行")], "请填表头所在的行号"),
        ([("heading_row", "-1")], "请填表头所在的行号"),
        ([("heading", "水体"), ("field", "no_such_field")], "从列表中选"),
    ],
)
def test_what_cannot_be_said_of_columns_is_refused_on_the_page(app, store, fields, said):
    client, page = sign_in_as(app, "supervisor"), received(app, text=STRANGE)
    answer = say(app, client, page, *fields)
    assert (answer.status_code, said in text_of(check_page(answer))) == (422, True)
    assert batch_of(store, page).answers == {}


def test_a_coordinate_system_is_said_and_shown_again(app, store, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), received(app)
    assert step(app, client, page, "check", {"crs": "高德"}).status_code == 303
    assert batch_of(store, page).crs == "GCJ02"
    [typed] = [node for node in get_page(client, page).iter("input") if node.get("name") == "crs"]
    assert typed.get("value") == "高德"


@pytest.mark.parametrize("crs", ["EPSG:99999", "月球", "x" * 300, "<script>"])
def test_a_coordinate_system_that_is_not_known_is_refused_on_the_page(app, store, as_sqlite_officer, crs):
    page = received(app)
    answer = step(app, as_sqlite_officer("supervisor"), page, "check", {"crs": crs})
    assert (answer.status_code, "坐标系" in text_of(check_page(answer))) == (422, True)
    assert batch_of(store, page).state == "checked"


@pytest.mark.parametrize(
    "data", [{"swapped": "perhaps"}, {"shifted": "yes", "datum": "GCJ-03"}, {"shifted": "x"}]
)
def test_an_answer_about_the_file_that_is_not_offered_is_refused(app, as_sqlite_officer, data):
    page = received(app)
    assert step(app, as_sqlite_officer("supervisor"), page, "check", data).status_code == 422


# Applying, undoing, giving up


def test_a_file_is_applied_and_undone_on_its_page(app, store, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), received(app)
    step(app, client, page, "application")
    assert batch_of(store, page).state == "applied"
    assert "撤销导入" in buttons(get_page(client, page))
    assert step(app, client, page, "undoing", {"reason": "传错了文件"}).status_code == 303
    assert batch_of(store, page).state == "undone"
    assert "已撤销" in words(client, page)
    with store.read() as session:
        assert set(session.scalars(select(Site.status))) == {SiteStatus.REFUSED}


def test_undoing_needs_a_reason_said_at_once(app, store, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), applied(app)
    for reason in ("", " ", "x", "长" * 501):
        answer = step(app, client, page, "undoing", {"reason": reason})
        assert (answer.status_code, "2 到 500 个字" in text_of(check_page(answer))) == (422, True), reason
    assert (batch_of(store, page).state, batch_of(store, page).job) == ("applied", ImportJob.NONE)


def test_what_stands_on_a_file_is_shown_in_place_of_the_button(app, store, as_sqlite_officer):
    page = applied(app)
    with store.write() as session:
        site = session.scalars(select(Site).where(Site.name == "柳荫塘")).one()
        a_visit(session, site)
    tree = get_page(as_sqlite_officer("supervisor"), page)
    assert "撤销导入" not in buttons(tree)
    assert f"/sites/{site.id}" in {node.get("href") for node in tree.iter("a")}


def test_a_file_given_up_is_gone_from_the_list(app, store, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), received(app)
    assert step(app, client, page, "giving-up").headers["Location"] == "/imports"
    assert page not in client.get("/imports").text
    assert "已移除" in words(client, page)


def test_a_step_that_no_longer_fits_is_said_on_the_page(app, as_sqlite_officer):
    client, page = as_sqlite_officer("supervisor"), applied(app)
    step(app, client, page, "undoing", {"reason": "传错了文件"})
    for action in ("application", "undoing", "stop", "answer", "check", "giving-up"):
        answer = step(app, client, page, action, {"reason": "再撤一次", "code": "x", "answer": "new"})
        assert (answer.status_code, "这一步不再适用" in text_of(check_page(answer))) == (409, True), action


def test_a_check_that_has_not_begun_is_taken_back_at_once(app, store, as_sqlite_officer):
    client = as_sqlite_officer("supervisor")
    page = send(client, (register(38.7), "坑塘.csv")).headers["Location"]
    assert post(client, f"{page}/stop", on=page).status_code == 303
    assert (batch_of(store, page).state, batch_of(store, page).job) == (ImportState.RECEIVED, ImportJob.NONE)
    assert "核对文件" in buttons(get_page(client, page))
    step(app, client, page, "check")
    assert batch_of(store, page).state == "checked"


@pytest.mark.parametrize(("job", "said"), [("check", "核对"), ("apply", "应用"), ("undo", "撤销")])
def test_the_page_watches_the_work_under_way_and_offers_to_stop_only_a_check(app, store, job, said):
    client, page = sign_in_as(app, "supervisor"), received(app)
    with store.write() as session:
        session.execute(update(ImportBatch).values(job=ImportJob(job), job_done=40, job_total=100))
    answer = client.get(f"/api{page}")
    assert answer.json == {"state": "checked", "job": job, "done": 40, "total": 100}
    tree = get_page(client, page)
    assert said in text_of(next(tree.iter("h2")))
    assert ("停止核对" in buttons(tree)) is (job == "check")
    assert post(client, f"{page}/stop", on=page).status_code == (303 if job == "check" else 409)


# Who may act


def test_whoever_did_not_send_a_file_may_not_act_on_it(app, store, as_sqlite_officer):
    page = received(app, who="township")
    admin, department = as_sqlite_officer("admin"), as_sqlite_officer("department")
    tree = get_page(admin, page)
    assert not {"应用", "移除文件"} & buttons(tree)
    for action in STEPS:
        assert post(admin, f"{page}/{action}").status_code == 403, action
        assert post(department, f"{page}/{action}").status_code == 404, action
    assert batch_of(store, page).state == "checked"


def test_a_supervisor_may_act_on_what_somebody_else_sent(app, store, as_sqlite_officer):
    page = received(app, who="township")
    assert step(app, as_sqlite_officer("supervisor"), page, "application").status_code == 303
    assert batch_of(store, page).state == "applied"


def test_an_administrator_imports_areas_and_nobody_else_sees_the_choice(
    app, store, as_sqlite_officer, tmp_path
):
    path = areas_file(
        tmp_path, ({"code": "990101100209", "name": "新村"}, None), ({"code": WEST, "name": "西大镇"}, None)
    )
    text = "代码,名称\n990101100209,新村\n"
    page = received(app, "admin", text, path.with_suffix(".csv").name, what="areas")
    assert step(app, as_sqlite_officer("admin"), page, "application").status_code == 303
    assert batch_of(store, page).state == "applied"
    assert as_sqlite_officer("supervisor").get(page).status_code == 200


@pytest.mark.parametrize("way", ["", "/report.json", "/refused-rows"])
def test_nobody_but_those_concerned_finds_a_file(app, as_sqlite_officer, way):
    page = received(app, who="township")
    for who in ("department", "inspector", "leader"):
        assert as_sqlite_officer(who).get(page + way).status_code in (403, 404), who


def test_telephone_numbers_and_names_are_shown_to_whom_they_concern(app, as_sqlite_officer):
    text = HEADING + "1,柳荫塘,,,100.40,38.90,6.5,陈某某,12,\n2,苇塘,,,100.41,38.91,,#N/A,13800000000,\n"
    page = received(app, who="township", text=text)
    for who, sees in (("township", True), ("supervisor", True), ("admin", False)):
        tree = get_page(as_sqlite_officer(who), page)
        cells = [text_of(node) for node in tree.iter("span") if node.get("class") == "cell-said"]
        assert cells == (["12", "#N/A"] if sees else ["***", "***"]), who


def test_an_administrator_reads_no_restricted_word_anywhere_on_the_page(app, as_sqlite_officer):
    text = HEADING + "1,柳荫塘,,,100.40,38.90,6.5,陈某某,13812345678,\n2,塘,,,100.41,38.91,,李某某,1391234,\n"
    page = received(app, who="township", text=text)
    said = (
        as_sqlite_officer("admin").get(page).text + as_sqlite_officer("admin").get(f"{page}/report.json").text
    )
    for word in ("陈某某", "李某某", "13812345678", "1391234"):
        assert word not in said


# What comes back


def test_refused_rows_come_back_as_a_workbook(app, as_sqlite_officer):
    answer = as_sqlite_officer("supervisor").get(received(app) + "/refused-rows")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True))
    assert rows[0][-2:] == ("原因", "行")
    assert (rows[1][1], rows[1][-1]) == ("没有位置", 4)


def test_a_file_without_refused_rows_has_none_to_give_back(app, as_sqlite_officer):
    page = received(app, text=HEADING + "1,柳荫塘,,,100.40,38.90,,,,\n")
    assert as_sqlite_officer("supervisor").get(f"{page}/refused-rows").status_code == 404


@pytest.mark.parametrize(
    ("lang", "sentence"), [("zh_CN", "这一行没有位置。"), ("en", "The row has no position.")]
)
def test_the_report_is_in_the_language_of_whoever_asks(app, as_sqlite_officer, lang, sentence):
    client, page = as_sqlite_officer("supervisor"), received(app)
    post(client, "/language", {"lang": lang})
    report = json.loads(client.get(f"{page}/report.json").data)
    assert report["rows"] == {"read": 3, "accepted": 2, "warned": 0, "refused": 1}
    assert [one["message"].startswith(sentence) for one in report["messages"]] == [True]


def test_rows_with_much_to_read_are_shown_in_pages_and_by_level(app, store, as_sqlite_officer):
    text = "名称,经度,纬度\n" + "".join(f"{at:03}号塘,,\n" for at in range(120))
    page = received(app, text=text + "界边塘,100.4999,38.80\n")
    client = as_sqlite_officer("supervisor")
    assert rows_of(get_page(client, page)) == list(range(2, 52))
    assert rows_of(get_page(client, f"{page}?page=3")) == list(range(102, 123))
    assert rows_of(get_page(client, f"{page}?show=question")) == [122]
