"""What a person says of a file as a whole: how its numbers are read, its sheets, its heading, its columns."""

from __future__ import annotations

import pytest
import shapely
from pyproj import Transformer

from geo.coordinates import wgs84_to_gcj02
from geo.shapes import distance_m
from inspections.imports.batches import WrongStep
from inspections.imports.staging import QuestionsOpen
from tests.factories import a_site
from tests.imports import Desk, facts_of
from tests.workbooks import Page, a_workbook

AT = (100.45, 38.93)
SWAPPED = "名称,经度,纬度\n柳荫塘,38.93,100.40\n苇塘东塘,100.41,38.94\n远塘,38.95,100.45\n"


def metres(code: int, at: tuple[float, float] = AT) -> str:
    east, north = Transformer.from_crs(4490, code, always_xy=True).transform(*at)
    return f"{east:.3f},{north:.3f}"


def read_of(desk: Desk, batch_id) -> dict[str, int]:
    """The readings asked about, each with how many rows it would put into the county."""
    return {
        one["name"]: one["inside"]
        for said in desk.batch(batch_id).found["readings"]
        for one in said["readings"]
    }


def test_swapped_degrees_are_asked_once_for_the_whole_file(sqlite_desk):
    batch_id = sqlite_desk.send(SWAPPED)
    assert sqlite_desk.asked(batch_id) == [(None, "import.swapped")]
    assert sqlite_desk.message(batch_id, "import.swapped").facts == {"count": 2, "row": 2}


def test_swapped_degrees_are_put_right_where_somebody_says_so(sqlite_desk):
    batch_id = sqlite_desk.send(SWAPPED)
    sqlite_desk.check(batch_id, swapped="yes")
    assert sqlite_desk.asked(batch_id) == []
    sqlite_desk.apply(batch_id)
    assert facts_of(sqlite_desk.store, "lon", "lat")["柳荫塘"] == (100.40, 38.93)


def test_swapped_degrees_are_refused_row_by_row_where_somebody_says_they_are_wrong(sqlite_desk):
    batch_id = sqlite_desk.send(SWAPPED)
    sqlite_desk.check(batch_id, swapped="no")
    assert sqlite_desk.outcomes(batch_id) == {2: "refused", 3: "new", 4: "refused"}
    assert sqlite_desk.message(batch_id, "import.not_swapped", 4).cell == "38.95, 100.45"


def test_nothing_is_applied_while_the_file_waits_for_an_answer(sqlite_desk):
    with pytest.raises(QuestionsOpen):
        sqlite_desk.apply(sqlite_desk.send(SWAPPED))


def test_numbers_that_fit_two_grids_are_asked_once_with_what_each_would_give(sqlite_desk):
    rows = "".join(f"{at:02}号塘,{metres(4542, (100.2 + at / 50, 38.93))}\n" for at in range(4))
    batch_id = sqlite_desk.send(f"名称,X,Y\n{rows}远塘,100.45,38.95\n")
    [said] = sqlite_desk.batch(batch_id).found["readings"]
    assert (said["code"], said["rows"], said["sample"]["row"]) == ("import.which_reading", 4, 2)
    assert read_of(sqlite_desk, batch_id) == {"EPSG:4542": 4, "EPSG:32647": 4}
    assert sqlite_desk.outcomes(batch_id) == dict.fromkeys(range(2, 6), "asked") | {6: "new"}


@pytest.mark.parametrize(("reading", "away_m"), [("EPSG:4542", 0), ("EPSG:32647", 1725)])
def test_the_reading_that_somebody_names_holds_for_all_rows_that_ask(sqlite_desk, reading, away_m):
    batch_id = sqlite_desk.send(f"名称,X,Y\n柳荫塘,{metres(4542)}\n")
    sqlite_desk.check(batch_id, readings=(reading,))
    assert sqlite_desk.asked(batch_id) == []
    sqlite_desk.apply(batch_id)
    [at] = facts_of(sqlite_desk.store, "lon", "lat").values()
    assert distance_m(AT, shapely.Point(at)) == pytest.approx(away_m, abs=30)


def test_a_declared_system_that_leads_outside_is_asked_about_beside_what_leads_inside(sqlite_desk):
    batch_id = sqlite_desk.send(f"名称,X,Y\n柳荫塘,{metres(4543)}\n远塘,{metres(4542, (100.3, 38.9))}\n")
    sqlite_desk.check(batch_id, crs="EPSG:4542")
    assert sqlite_desk.asked(batch_id) == [(2, "import.declared_elsewhere")]
    assert read_of(sqlite_desk, batch_id) == {"EPSG:4542": 0, "EPSG:4543": 1}
    sqlite_desk.check(batch_id, readings=("EPSG:4543",))
    assert sqlite_desk.asked(batch_id) == []
    sqlite_desk.apply(batch_id)
    assert distance_m(AT, shapely.Point(facts_of(sqlite_desk.store, "lon", "lat")["柳荫塘"])) < 1


def test_another_system_said_for_the_file_takes_the_place_of_the_first(sqlite_desk):
    batch_id = sqlite_desk.send(f"名称,X,Y\n柳荫塘,{metres(4543)}\n")
    assert sqlite_desk.check(batch_id, crs="EPSG:4542").crs != "EPSG:4543"
    assert sqlite_desk.check(batch_id, crs="").crs == "EPSG:4543"


def shifted(desk: Desk):
    """Four known ponds, and a register that has them as a web map shows them."""
    places = [(100.20 + step / 50, 38.93) for step in range(4)]
    with desk.store.write() as session:
        for step, at in enumerate(places):
            a_site(session, at=at, name=f"{step}号塘")
    rows = (
        f"{step}号塘,{lon:.7f},{lat:.7f}\n"
        for step, (lon, lat) in enumerate(map(wgs84_to_gcj02, *zip(*places, strict=True)))
    )
    return desk.send("名称,经度,纬度\n" + "".join(rows))


def test_a_file_that_lies_as_a_web_map_shows_it_is_asked_about(sqlite_desk):
    batch_id = shifted(sqlite_desk)
    assert sqlite_desk.asked(batch_id) == [(None, "import.looks_shifted")]
    facts = sqlite_desk.message(batch_id, "import.looks_shifted").facts
    assert facts == {"count": 4, "matched": 4, "datum": "GCJ-02"}


def test_a_file_read_as_a_web_map_lies_on_the_sites_that_are_known(sqlite_desk):
    batch_id = shifted(sqlite_desk)
    sqlite_desk.check(batch_id, crs="GCJ02")
    assert sqlite_desk.asked(batch_id) == [(row, "site.near_another") for row in range(2, 6)]
    assert {
        one.facts["distance_m"] for one in sqlite_desk.messages(batch_id) if one.code == "site.near_another"
    } == {0}


def test_a_file_that_is_right_as_it_is_is_not_asked_about_again(sqlite_desk):
    batch_id = shifted(sqlite_desk)
    sqlite_desk.check(batch_id, shifted="no")
    assert sqlite_desk.asked(batch_id) == []
    assert set(sqlite_desk.outcomes(batch_id).values()) == {"new"}


def test_a_file_that_cannot_be_read_says_why_and_is_read_once_somebody_helps(sqlite_desk):
    batch_id = sqlite_desk.send("水体,东向,北向\n柳荫塘,100.40,38.93\n")
    batch = sqlite_desk.batch(batch_id)
    assert (batch.state, batch.found["blocked"]["code"]) == ("received", "import.heading_missing")
    batch = sqlite_desk.check(batch_id, heading_row=1)
    assert batch.found["blocked"]["code"] == "import.columns_missing"
    assert [column["heading"] for column in batch.found["sheets"][0]["columns"]] == ["水体", "东向", "北向"]
    batch = sqlite_desk.check(batch_id, columns={"水体": "name", "东向": "lon", "北向": "lat"})
    assert (batch.state, batch.rows_accepted) == ("checked", 1)


def test_columns_are_shown_with_what_they_mean_and_what_stands_in_them(sqlite_desk):
    batch_id = sqlite_desk.send("名称,经度(E),纬度,风向\n柳荫塘,100.40,38.93,北\n苇塘,100.41,38.94,\n")
    [sheet] = sqlite_desk.batch(batch_id).found["sheets"]
    shown = [(one["heading"], one["field"], one["sure"], one["samples"]) for one in sheet["columns"]]
    assert shown[1:] == [
        ("经度(E)", "lon", False, ["100.40", "100.41"]),
        ("纬度", "lat", True, ["38.93", "38.94"]),
        ("风向", "", True, ["北"]),
    ]


def test_a_column_may_be_given_another_meaning(sqlite_desk):
    batch_id = sqlite_desk.send("名称,经度,纬度,风向,备注\n柳荫塘,100.40,38.93,北,甲\n")
    sqlite_desk.check(batch_id, columns={"风向": "remark", "备注": ""})
    sqlite_desk.apply(batch_id)
    assert facts_of(sqlite_desk.store, "remark") == {"柳荫塘": "北"}


def test_sheets_are_chosen_among_those_there_are(sqlite_desk, tmp_path):
    heading = ["名称", "经度", "纬度"]
    pages = {
        "西镇": [heading, ["柳荫塘", 100.40, 38.93]],
        "旧表": Page([heading, ["旧塘", 100.41, 38.94]], hidden=True),
    }
    batch_id = sqlite_desk.send(a_workbook(tmp_path, pages))
    shown = [
        (one["name"], one["rows"], one["hidden"], one["taken"])
        for one in sqlite_desk.batch(batch_id).found["sheets"]
    ]
    assert shown == [("西镇", 2, False, True), ("旧表", 2, True, False)]
    batch = sqlite_desk.check(batch_id, sheets=("旧表",))
    assert [one["taken"] for one in batch.found["sheets"]] == [False, True]
    sqlite_desk.apply(batch_id)
    assert list(facts_of(sqlite_desk.store, "name")) == ["旧塘"]


def test_xian_80_is_taken_as_it_stands_once_somebody_agrees(sqlite_desk):
    batch_id = sqlite_desk.send("名称,经度,纬度\n柳荫塘,100.40,38.93\n")
    batch = sqlite_desk.check(batch_id, crs="西安80")
    assert batch.found["blocked"]["code"] == "geo.no_transformation"
    batch = sqlite_desk.check(batch_id, rough=True)
    assert (batch.state, batch.rows_accepted, batch.found["blocked"]) == ("checked", 1, None)
    sqlite_desk.apply(batch_id)
    assert facts_of(sqlite_desk.store, "loc_accuracy_m") == {"柳荫塘": 200.0}


def test_nothing_more_is_said_of_a_file_that_is_applied(sqlite_desk):
    batch_id = sqlite_desk.send("名称,经度,纬度\n柳荫塘,100.40,38.93\n")
    sqlite_desk.apply(batch_id)
    with pytest.raises(WrongStep):
        sqlite_desk.check(batch_id, swapped="yes")
