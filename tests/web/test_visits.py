"""The form of a visit, its pages, and what comes back when it is refused."""

from __future__ import annotations

import errno
import io
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from inspections import evidence
from inspections import store as store_module
from inspections.checklists import load_checklist
from inspections.models import Case, LedgerEntry, Visit
from inspections.terms import Kind, VisitState
from tests.factories import IN_EAST, NOW, a_pond_shape, a_site
from tests.pages import check_page, get_page, text_of
from tests.photos import a_padded_photo, a_photo
from tests.web.conftest import csrf_of

CLEAN = {
    "access": "reached",
    "visit_type": "patrol",
    "water_state": "open",
    "water_area_m2": "１２００",
    "colour": "normal",
    "odour": "none",
    "floating": "none",
    "bank_garbage_m3": "0",
    "inflow": "none",
    "facility": "none",
    "sign_board": "true",
    "stage": "listed",
}
FOUL = CLEAN | {"colour": "black", "odour": "clear", "fixed_on_spot": "false"}
SCAR = {
    "access": "reached",
    "visit_type": "patrol",
    "fire_state": "scar",
    "burnt_material": ["straw", "weeds"],
    "lead_source": "patrol",
    "found_at": "2026-11-12T09:30",
    "burnt_area_mu": "2.5 亩",
    "party_known": "true",
    "party_name": "张三丰",
    "handling": "educate",
    "fixed_on_spot": "false",
}
PHOTO = a_photo(at=(100.40, 38.93))
HOSTILE = "<script>alert(1)</script>'; DROP TABLE visits;-- ${7*7} {{7*7}} %(name)s"


@pytest.fixture
def sites(app, store):
    with store.write() as session:
        return {
            "pond": a_site(session, geometry=a_pond_shape(), area_m2=10_000.0),
            "plot": a_site(session, Kind.STRAW, name="北滩地块"),
            "east": a_site(session, at=IN_EAST, name="渠南塘"),
        }


def photo(item: str, data: bytes = PHOTO, name: str = "water.jpg"):
    return (item, (io.BytesIO(data), name, "image/jpeg"))


def send(client: FlaskClient, site, fields: dict, *photos, page: str = ""):
    """Open a site's form and send it with these answers."""
    path = page or f"/sites/{site.id}/visits/new"
    shown = client.get(path).text
    hidden = {
        name: re.search(rf'name="{name}" value="([^"]*)"', shown)[1]
        for name in ("csrf_token", "visit_id", "started_at")
    }
    here = {"fix-lon": "100.4", "fix-lat": "38.93", "fix-accuracy_m": "8", "fix-datum": "wgs84"}
    data = MultiDict(hidden | here | fields)
    for name, file in photos:
        data.add(name, file)
    answer = client.post(f"/sites/{site.id}/visits", data=data, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()
    return answer


def saved(store) -> list[Visit]:
    with store.read() as session:
        return list(session.scalars(select(Visit).order_by(Visit.received_at)))


# The form


@pytest.mark.parametrize("kind", list(Kind))
def test_the_form_asks_every_question_of_its_kind_without_a_script(app, store, as_officer, kind):
    with store.write() as session:
        site = a_site(session, kind)
    tree = get_page(as_officer("supervisor"), f"/sites/{site.id}/visits/new")
    asked = {node.get("data-question") for node in tree.iter() if node.get("data-question")}
    assert asked == {item.key for item in load_checklist().items(kind)}


def test_a_visit_with_a_photo_is_saved_and_shown(sites, store, as_officer):
    client = as_officer("inspector")
    answer = send(client, sites["pond"], CLEAN, photo("photo_overview"))
    assert answer.status_code == 303
    visit = saved(store)[0]
    assert answer.location == f"/visits/{visit.id}"
    assert (visit.answers["water_area_m2"], visit.distance_m, visit.time_quality) == (1200, 0, "exact")
    page = text_of(get_page(client, answer.location))
    assert "1,200 m²" in page
    assert "正常" in page


def test_findings_are_shown_with_their_case(sites, store, as_officer):
    client = as_officer("inspector")
    answer = send(
        client, sites["pond"], FOUL, photo("photo_overview"), photo("photo_detail", a_photo(colour="red"))
    )
    page = text_of(get_page(client, answer.location))
    with store.read() as session:
        number = session.scalars(select(Case.number)).one()
    assert "水体感官黑臭 POND-01" in page
    assert f"整改事项 {number}" in page
    assert "水体颜色、气味" in page


def test_pressing_twice_saves_one_visit(sites, store, as_officer):
    client = as_officer("inspector")
    shown = client.get(f"/sites/{sites['pond'].id}/visits/clean").text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    answers = [client.post(f"/sites/{sites['pond'].id}/visits", data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert len(saved(store)) == 1


def test_nothing_found_takes_three_taps(sites, store, as_officer):
    client = as_officer("inspector")
    form = client.get(f"/sites/{sites['pond'].id}/visits/new").text
    second = re.search(r'<a class="clean" href="([^"]+)"', form)[1]
    tree = get_page(client, second)
    assert len([node for node in tree.iter("button") if "btn-main" in (node.get("class") or "")]) == 1
    assert send(client, sites["pond"], {"nothing_found": "yes"}, page=second).status_code == 303
    visit = saved(store)[0]
    assert (visit.nothing_found, visit.answers, visit.visit_type) == (True, {}, "patrol")


def test_nothing_found_is_not_offered_while_a_case_is_open(sites, as_officer):
    client = as_officer("inspector")
    send(client, sites["pond"], FOUL, photo("photo_overview"), photo("photo_detail", a_photo(colour="red")))
    assert 'class="clean"' not in client.get(f"/sites/{sites['pond'].id}/visits/new").text
    assert client.get(f"/sites/{sites['pond'].id}/visits/clean").status_code == 302


def test_a_fire_with_several_materials_and_a_local_time(sites, store, as_officer):
    photos = [
        photo(item, a_photo(colour=colour))
        for item, colour in (("photo_overview", "red"), ("photo_detail", "blue"), ("photo_fire", "black"))
    ]
    assert send(as_officer("inspector"), sites["plot"], SCAR, *photos).status_code == 303
    answers = saved(store)[0].answers
    assert answers["burnt_material"] == ["straw", "weeds"]
    assert (answers["found_at"], answers["burnt_area_mu"]) == ("2026-11-12T01:30:00.000Z", 2.5)


# Refused


def test_what_is_missing_is_said_beside_its_question_and_nothing_is_lost(sites, store, as_officer):
    client = as_officer("inspector")
    half = {
        "access": "reached",
        "water_state": "open",
        "water_area_m2": "many",
        "remark": HOSTILE,
        "inflow": "raw",
        "inflow_source": ["livestock"],
    }
    answer = send(client, sites["pond"], half, photo("photo_overview"))
    assert (answer.status_code, saved(store)) == (422, [])
    tree = check_page(answer)
    assert "请填数字" in text_of(next(node for node in tree.iter("p") if node.get("id") == "e-water_area_m2"))
    typed = next(node for node in tree.iter("input") if node.get("name") == "water_area_m2")
    assert typed.get("value") == "many"
    chosen = {
        (node.get("name"), node.get("value"))
        for node in tree.iter("input")
        if node.get("checked") is not None
    }
    assert {("access", "reached"), ("inflow", "raw"), ("inflow_source", "livestock")} <= chosen
    assert text_of(next(node for node in tree.iter("textarea") if node.get("name") == "remark")) == HOSTILE


def test_a_refused_forms_photo_need_not_be_chosen_again(sites, store, as_officer):
    client = as_officer("inspector")
    refused = send(client, sites["pond"], {"access": "reached"}, photo("photo_overview")).text
    token = re.search(r'name="kept-photo_overview" value="([^"]+)"', refused)[1]
    assert client.get(f"/evidence/kept/{token}").mimetype == "image/jpeg"
    answer = send(client, sites["pond"], CLEAN | {"kept-photo_overview": token})
    assert answer.status_code == 303
    with store.read() as session:
        visit = session.scalars(select(Visit)).one()
        assert [item.position_source for item in visit.evidence] == ["exif"]


def test_a_kept_photo_is_its_senders_only(sites, as_officer):
    refused = send(
        as_officer("inspector"), sites["pond"], {"access": "reached"}, photo("photo_overview")
    ).text
    token = re.search(r'name="kept-photo_overview" value="([^"]+)"', refused)[1]
    other = as_officer("township")
    assert other.get(f"/evidence/kept/{token}").status_code == 404
    answer = send(other, sites["pond"], CLEAN | {"kept-photo_overview": token})
    assert answer.status_code == 422
    assert "这里至少要 1 张照片" in answer.text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"just text", "water.jpg 不是 JPEG、PNG 或 WebP 照片"),
        (a_photo(size=(900, 900))[:2000], "water.jpg 不完整或已损坏"),
        (a_padded_photo(15_000_001), "water.jpg 超过 15 MB"),
    ],
    ids=["text", "cut off", "15 MB and one byte"],
)
def test_a_bad_photo_is_named_and_the_good_one_stays(sites, store, as_officer, data, said):
    answer = send(
        as_officer("inspector"), sites["pond"], CLEAN, photo("photo_overview"), photo("photo_overview", data)
    )
    assert (answer.status_code, saved(store)) == (422, [])
    assert said in answer.text
    assert len(re.findall(r'name="kept-photo_overview"', answer.text)) == 1


def test_twenty_photos_and_one_more_is_too_many(sites, store, as_officer):
    many = [photo("photo_overview", a_photo(colour=(number, 0, 0))) for number in range(3)]
    many += [photo("photo_detail", a_photo(colour=(0, number, 9))) for number in range(18)]
    answer = send(as_officer("inspector"), sites["pond"], FOUL, *many)
    assert (answer.status_code, saved(store)) == (422, [])
    assert "一次检查最多 20 张照片" in answer.text


def test_the_same_id_with_other_answers_is_offered_as_another_visit(sites, store, as_officer):
    client = as_officer("inspector")
    shown = client.get(f"/sites/{sites['pond'].id}/visits/clean").text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    client.post(f"/sites/{sites['pond'].id}/visits", data=fields)
    answer = client.post(
        f"/sites/{sites['pond'].id}/visits",
        data=fields | {"nothing_found": ""} | CLEAN | {"photo_overview": (io.BytesIO(PHOTO), "a.jpg")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 409
    check_page(answer)
    assert f"/visits/{fields['visit_id']}" in answer.text
    assert f'name="visit_id" value="{fields["visit_id"]}"' not in answer.text
    assert len(saved(store)) == 1


def test_a_full_disk_keeps_what_was_typed(sites, store, as_officer, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(evidence, "_write_durably", full)
    answer = send(as_officer("inspector"), sites["pond"], CLEAN | {"remark": "水清"}, photo("photo_overview"))
    assert (answer.status_code, saved(store)) == (507, [])
    page = text_of(check_page(answer))
    assert "水清" in page
    assert "磁盘" in page


def test_a_busy_database_keeps_what_was_typed_and_the_photos(
    sqlite_app, sqlite_store, as_sqlite_officer, monkeypatch
):
    monkeypatch.setattr(store_module, "BUSY_TIMEOUT_S", 0.05)
    with sqlite_store.write() as session:
        site = a_site(session)
    client = as_sqlite_officer("inspector")
    client.get(f"/sites/{site.id}/visits/new")
    with sqlite_store.write() as holder:
        holder.execute(select(Visit))  # takes the one write lock
        answer = send(client, site, CLEAN | {"remark": "水清"}, photo("photo_overview"))
    assert (answer.status_code, saved(sqlite_store)) == (503, [])
    token = re.search(r'name="kept-photo_overview" value="([^"]+)"', answer.text)[1]
    assert "水清" in text_of(check_page(answer))
    assert send(client, site, CLEAN | {"kept-photo_overview": token}).status_code == 303


def test_a_site_out_of_scope_has_no_form_and_takes_no_visit(sites, store, tmp_path, as_officer):
    client = as_officer("inspector")
    assert client.get(f"/sites/{sites['east'].id}/visits/new").status_code == 404
    token = csrf_of(client, f"/sites/{sites['pond'].id}/visits/new")
    fields = CLEAN | {"csrf_token": token, "photo_overview": (io.BytesIO(PHOTO), "a.jpg")}
    answer = client.post(f"/sites/{sites['east'].id}/visits", data=fields, content_type="multipart/form-data")
    assert (answer.status_code, saved(store)) == (404, [])
    assert not (Path(tmp_path) / "data" / "evidence").exists()


@pytest.mark.parametrize("name", ["admin", "stranger"])
def test_who_logs_no_visits_gets_no_form(sites, as_officer, name):
    answer = as_officer(name).get(f"/sites/{sites['pond'].id}/visits/new")
    assert answer.status_code == (403 if name == "admin" else 303)


def test_a_form_without_a_token_is_not_taken(sites, store, as_officer):
    answer = as_officer("inspector").post(f"/sites/{sites['pond'].id}/visits", data={"nothing_found": "yes"})
    assert (answer.status_code, saved(store)) == (422, [])


def test_nonsense_in_hidden_fields_is_no_position_and_no_error(sites, store, as_officer):
    odd = {"fix-lon": "nan", "fix-lat": "inf", "fix-fixed_at": "x", "started_at": "x", "supersedes": "x"}
    odd |= {"shot-photo_overview": '[{"name": 1}, 7]', "visit_id": "x", "nothing_found": "yes"}
    assert send(as_officer("inspector"), sites["pond"], odd).status_code == 303
    visit = saved(store)[0]
    assert (visit.lon, visit.started_at, visit.flags) == (None, None, ["no_position"])


def test_what_the_device_said_of_a_fresh_photo_is_kept(sites, store, as_officer):
    plain = a_photo(colour="navy")
    place = '"taken_at": "2026-11-12T02:41:00.000Z", "lon": 100.4, "lat": 38.93'
    said = f'[{{"name": "water.jpg", "size": {len(plain)}, {place}}}]'
    send(
        as_officer("inspector"),
        sites["pond"],
        CLEAN | {"shot-photo_overview": said},
        photo("photo_overview", plain),
    )
    with store.read() as session:
        kept = session.scalars(select(Visit)).one().evidence[0]
    assert (kept.taken_at, kept.taken_source, kept.position_source) == (
        NOW - timedelta(minutes=1),
        "device",
        "device",
    )


# Pages


@pytest.fixture
def visit(sites, store, as_officer):
    photos = [
        photo(item, a_photo(colour=colour))
        for item, colour in (("photo_overview", "red"), ("photo_detail", "blue"), ("photo_fire", "black"))
    ]
    send(as_officer("inspector"), sites["plot"], SCAR | {"remark": HOSTILE}, *photos)
    return saved(store)[0]


def test_a_visits_page_says_its_flags_in_words_and_shows_text_as_text(visit, as_officer):
    page = as_officer("township").get(f"/visits/{visit.id}")
    text = text_of(check_page(page))
    assert "有照片没有拍摄位置" in text
    assert HOSTILE in text
    assert "<script>alert" not in page.text


def test_names_are_masked_until_asked_for_and_asking_is_noted(visit, store, as_officer):
    client = as_officer("township")
    page = client.get(f"/visits/{visit.id}").text
    assert "张三丰" not in page
    assert "张**" in page
    token = csrf_of(client, f"/visits/{visit.id}")
    shown = client.post(f"/visits/{visit.id}/restricted", data={"csrf_token": token})
    assert "张三丰" in text_of(check_page(shown))
    with store.read() as session:
        last = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number.desc())).first()
    assert last.action == "visit.restricted_shown"
    assert "张三丰" not in as_officer("inspector").get(f"/visits/{visit.id}").text


def test_a_reviewer_reviews_from_the_page(visit, store, as_officer):
    client = as_officer("township")
    token = csrf_of(client, f"/visits/{visit.id}")
    answer = client.post(f"/visits/{visit.id}/review", data={"csrf_token": token})
    assert (answer.status_code, saved(store)[0].state) == (303, VisitState.REVIEWED)
    assert "检查记录已审核" in client.get(answer.location).text


def test_sending_back_without_a_reason_comes_back_with_the_field(visit, store, as_officer):
    client = as_officer("township")
    token = csrf_of(client, f"/visits/{visit.id}")
    answer = client.post(f"/visits/{visit.id}/return", data={"csrf_token": token, "reason": "差"})
    assert (answer.status_code, saved(store)[0].state) == (422, VisitState.SUBMITTED)
    tree = check_page(answer)
    assert any(text_of(node) == "差" for node in tree.iter("textarea"))
    done = client.post(f"/visits/{visit.id}/return", data={"csrf_token": token, "reason": "全景照片不清楚"})
    assert (done.status_code, saved(store)[0].state) == (303, VisitState.RETURNED)


def test_a_returned_visit_is_corrected_in_a_form_filled_as_it_was(visit, sites, store, as_officer):
    township = as_officer("township")
    token = csrf_of(township, f"/visits/{visit.id}")
    township.post(f"/visits/{visit.id}/return", data={"csrf_token": token, "reason": "面积要核实"})
    client = as_officer("inspector")
    page = client.get(f"/visits/{visit.id}/correction")
    tree = check_page(page)
    assert "面积要核实" in page.text
    assert "张三丰" in page.text  # the author wrote it
    assert "张三丰" not in township.get(f"/visits/{visit.id}/correction").text
    values = {node.get("name"): node.get("value") for node in tree.iter("input")}
    assert (values["burnt_area_mu"], values["found_at"], values["fix-datum"]) == (
        "2.5",
        "2026-11-12T09:30",
        "cgcs2000",
    )
    fields = MultiDict(
        (node.get("name"), node.get("value"))
        for node in tree.iter("input")
        if node.get("name")
        and (node.get("type") not in ("radio", "checkbox", "file") or node.get("checked") is not None)
    )
    fields["burnt_area_mu"] = "31"
    answer = client.post(f"/sites/{sites['plot'].id}/visits", data=fields, content_type="multipart/form-data")
    assert answer.status_code == 303
    new = next(one for one in saved(store) if one.supersedes_id)
    assert (new.supersedes_id, new.answers["burnt_area_mu"]) == (visit.id, 31)
    assert "这是旧版本" in client.get(f"/visits/{visit.id}").text
    assert f"/visits/{visit.id}" in client.get(f"/visits/{new.id}").text


def test_a_visit_out_of_scope_is_not_there(visit, store, as_officer):
    with store.write() as session:
        site = a_site(session, at=IN_EAST)
        session.get_one(Visit, visit.id).site_id = site.id
    for path in ("", "/correction"):
        assert as_officer("township").get(f"/visits/{visit.id}{path}").status_code == 404
    assert as_officer("supervisor").get(f"/visits/{uuid.uuid4()}").status_code == 404


def test_the_list_carries_its_filter_in_the_address(visit, sites, as_officer):
    client = as_officer("township")
    send(client, sites["pond"], {"nothing_found": "yes"}, page=f"/sites/{sites['pond'].id}/visits/clean")
    everything = get_page(client, "/visits")
    assert len(list(everything.iter("tr"))) == 3
    only = text_of(get_page(client, "/visits?kind=straw&result=finding&flagged=yes"))
    assert "北滩地块" in only
    assert "苇塘东塘" not in only
    assert "没有检查记录" in text_of(get_page(client, "/visits?officer=mine&kind=straw"))


@pytest.mark.parametrize(
    "query",
    [
        "state=%00",
        "kind=swamp&page=-3",
        "site=x&page=x",
        "q=%25%27%3B--&township=%F0%9F%8C%BE",
        "page=99999999999",
        "q=%00&township=%00",
    ],
)
def test_a_list_with_nonsense_in_the_address_is_still_a_list(sites, as_officer, query):
    get_page(as_officer("supervisor"), f"/visits?{query}")


def test_the_pages_speak_english_too(visit, store, as_officer):
    client = as_officer("supervisor")
    client.post("/language", data={"lang": "en", "next": "/", "csrf_token": csrf_of(client, "/visits")})
    assert "Burnt scar" in text_of(get_page(client, f"/visits/{visit.id}"))
    assert "Visits" in text_of(get_page(client, "/visits"))
