"""What only a person can tell: every question of a file, answered for one row or for all, and kept."""

from __future__ import annotations

import pytest
import shapely
from pyproj import Transformer

from inspections.imports import staging
from inspections.imports.shown import read_shown
from inspections.imports.staging import QuestionsOpen, ReasonNeeded
from inspections.typed import NotInList
from tests.factories import EAST, IN_WEST, WEST, a_pond_shape, a_site
from tests.imports import Desk, facts_of

HEADING = "名称,经度,纬度,边界,乡镇,备注\n"
BOW_TIE = "POLYGON ((100.20 38.70, 100.21 38.71, 100.21 38.70, 100.20 38.71, 100.20 38.70))"
# A square with a twist of one metre at a corner: next to nothing changes
TWISTED = (
    "POLYGON ((100.30 38.70, 100.31 38.70, 100.31 38.71, 100.300005 38.71, 100.29999 38.710005, "
    "100.30 38.710005, 100.29999 38.70999, 100.30 38.70))"
)
EAST_M, NORTH_M = Transformer.from_crs(4490, 4542, always_xy=True).transform(100.45, 38.80)
ASKING = {
    "site.near_another": "近旁塘,100.4001,38.93,,,",
    "site.overlaps_another": f'重叠塘,,,"{a_pond_shape(100.42).wkt}",,',
    "site.same_name": "苇塘东塘,100.39,38.95,,,",
    "import.near_earlier_row": "近旁二塘,100.4601,38.93,,,",
    "import.name_of_earlier_row": "独处塘,100.4605,38.93,,,",
    "import.near_township_line": "界边塘,100.4999,38.85,,,",
    "import.township_needed": "县外塘,100.0988,38.75,,,",
    "import.repair_proposed": f'蝴蝶塘,,,"{BOW_TIE}",,',
    "import.which_reading": f"两可塘,{EAST_M:.2f},{NORTH_M:.2f},,,",
}
ROWS = ["独处塘,100.46,38.93,,,", *ASKING.values()]
ROW_OF = {code: number for number, code in enumerate(ASKING, start=3)}
SURE = ("import.which_reading", "import.township_needed")  # what is not asked of rows taken as they stand


@pytest.fixture
def asking(sqlite_desk: Desk):
    """A register with a row for every question, over a county with two ponds; gives its id."""
    with sqlite_desk.store.write() as session:
        a_site(session, number="P-990101100-0001")
        shape = a_pond_shape(100.42)
        a_site(
            session,
            at=(100.42, 38.93),
            name="方塘",
            number="P-990101100-0002",
            geometry=shape,
            area_m2=10_000.0,
        )
        a_site(
            session,
            at=(100.395, 38.95),
            name="苇塘东塘",
            number="P-990101100-0003",
            village_code="990101100201",
        )
    return sqlite_desk.send(HEADING + "\n".join(ROWS) + "\n")


def twins(desk: Desk, *rows: str) -> object:
    """A known pond, and a register whose rows lie beside it."""
    with desk.store.write() as session:
        a_site(session, number="P-990101100-0901", remark="老塘")
    return desk.send("名称,经度,纬度,面积（亩）,备注\n" + "\n".join(rows) + "\n")


def test_every_question_is_asked_of_its_row(sqlite_desk, asking):
    assert sqlite_desk.asked(asking) == [(row, code) for code, row in ROW_OF.items()]


def test_each_question_is_listed_once_with_how_many_rows_ask_it(sqlite_desk, asking):
    sqlite_desk.answer(asking, "site.near_another", "new")
    with sqlite_desk.store.read() as session:
        listed = read_shown(session, asking, size=50).questions
    assert {(one.code, one.rows) for one in listed} == {(code, 1) for code in ASKING}
    assert [(one.code, one.answered) for one in listed if one.answered] == [("site.near_another", 1)]
    assert listed[-1].code == "site.near_another"


def test_rows_that_ask_wait_and_the_others_do_not(sqlite_desk, asking):
    outcomes = sqlite_desk.outcomes(asking)
    assert outcomes.pop(2) == "new"
    assert set(outcomes.values()) == {"asked"}


def test_a_question_about_a_known_site_names_it(sqlite_desk, asking):
    facts = sqlite_desk.message(asking, "site.near_another", 3).facts
    assert (facts["number"], facts["name"], facts["distance_m"]) == ("P-990101100-0001", "苇塘东塘", 9)


def test_a_question_about_an_earlier_row_names_it(sqlite_desk, asking):
    facts = sqlite_desk.message(asking, "import.near_earlier_row", ROW_OF["import.near_earlier_row"]).facts
    assert (facts["other"], facts["name"], facts["distance_m"]) == (2, "独处塘", 9)


@pytest.mark.parametrize(
    ("code", "answer", "outcome"),
    [
        ("site.near_another", "new", "new"),
        ("site.near_another", "change", "changed"),
        ("site.near_another", "out", "left_out"),
        ("site.overlaps_another", "change", "changed"),
        ("site.same_name", "out", "left_out"),
        ("import.near_earlier_row", "out", "left_out"),
        ("import.name_of_earlier_row", "new", "new"),
        ("import.near_township_line", "holder", "new"),
        ("import.near_township_line", EAST, "new"),
        ("import.township_needed", WEST, "new"),
        ("import.repair_proposed", "out", "left_out"),
    ],
)
def test_an_answer_says_what_comes_of_its_row_and_of_no_other(sqlite_desk, asking, code, answer, outcome):
    before = sqlite_desk.outcomes(asking)
    assert sqlite_desk.answer(asking, code, answer, row=ROW_OF[code]) == 1
    assert sqlite_desk.outcomes(asking) == before | {ROW_OF[code]: outcome}


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("site.near_another", "holder"),
        ("import.near_earlier_row", "change"),
        ("import.township_needed", "990101100201"),
        ("import.near_township_line", "new"),
        ("import.no_such_question", "new"),
    ],
)
def test_an_answer_that_is_not_offered_is_refused(sqlite_desk, asking, code, answer):
    with pytest.raises(NotInList):
        sqlite_desk.answer(asking, code, answer)
    assert len(sqlite_desk.asked(asking)) == len(ASKING)


def test_a_row_that_asks_something_else_takes_no_answer(sqlite_desk, asking):
    pk = sqlite_desk.message(asking, "site.near_another", 3).pk
    batch = sqlite_desk.batch(asking)
    with sqlite_desk.store.write() as session, pytest.raises(NotInList):
        staging.answer_questions(session, batch, "site.same_name", "new", message_pk=pk)


def test_an_answer_that_is_taken_back_is_asked_again(sqlite_desk, asking):
    before = sqlite_desk.outcomes(asking)
    sqlite_desk.answer(asking, "site.near_another", "out")
    sqlite_desk.answer(asking, "site.near_another", "")
    assert sqlite_desk.outcomes(asking) == before


def test_answers_are_kept_when_the_file_is_checked_again(sqlite_desk, asking):
    sqlite_desk.answer(asking, "site.near_another", "change")
    sqlite_desk.answer(asking, "import.repair_proposed", "repair", reason="现场核对过")
    sqlite_desk.check(asking, columns={"备注": ""})
    assert (3, "site.near_another") not in sqlite_desk.asked(asking)
    kept = sqlite_desk.message(asking, "import.repair_proposed", ROW_OF["import.repair_proposed"])
    assert (kept.answer, kept.reason) == ("repair", "现场核对过")
    assert sqlite_desk.outcomes(asking)[3] == "changed"


def test_an_answer_about_a_site_that_is_no_longer_there_is_asked_anew_or_void(sqlite_desk, asking):
    sqlite_desk.answer(asking, "site.near_another", "change")
    sqlite_desk.check(asking, crs="GCJ02")
    assert sqlite_desk.outcomes(asking)[3] != "changed"


def test_nothing_is_applied_while_rows_wait(sqlite_desk, asking):
    with pytest.raises(QuestionsOpen, match=str(len(ASKING))):
        sqlite_desk.apply(asking)


def test_a_bulk_answer_is_for_all_that_ask_the_same(sqlite_desk):
    batch_id = twins(
        sqlite_desk, *(f"近旁{at}塘,100.40{at:02},38.9300,," for at in range(3)), "远塘,100.45,38.93,,"
    )
    asking = {row for row, _ in sqlite_desk.asked(batch_id)}
    assert len(asking) > 1
    for code in {code for _, code in sqlite_desk.asked(batch_id)}:
        sqlite_desk.answer(batch_id, code, "out")
    assert sqlite_desk.outcomes(batch_id) == dict.fromkeys(asking, "left_out") | {
        row: "new" for row in range(2, 6) if row not in asking
    }


def test_a_row_taken_as_new_becomes_a_second_site(sqlite_desk):
    batch_id = twins(sqlite_desk, "近旁塘,100.4001,38.93,3,")
    sqlite_desk.answer(batch_id, "site.near_another", "new")
    assert sqlite_desk.apply(batch_id).state == "applied"
    assert set(facts_of(sqlite_desk.store, "number").values()) == {"P-990101100-0901", "P-990101100-0001"}


def test_a_row_added_to_a_known_site_fills_in_facts_and_leaves_its_place(desk):
    batch_id = twins(desk, "柳荫塘,100.4001,38.93,3.5,")
    desk.answer(batch_id, "site.near_another", "change")
    assert desk.apply(batch_id).state == "applied"
    [facts] = facts_of(
        desk.store, "name", "area_reported_mu", "remark", "lon", "number", "row_version"
    ).values()
    assert facts == ("柳荫塘", 3.5, "老塘", IN_WEST[0], "P-990101100-0901", 2)


def test_a_drawn_shape_goes_into_a_known_site_that_is_only_a_point(sqlite_desk):
    with sqlite_desk.store.write() as session:
        a_site(session)
    batch_id = sqlite_desk.send(f'名称,边界\n苇塘东塘,"{a_pond_shape().wkt}"\n')
    sqlite_desk.answer(batch_id, "site.near_another", "change")
    sqlite_desk.apply(batch_id)
    [(geometry, area_m2)] = facts_of(sqlite_desk.store, "geometry", "area_m2").values()
    assert (geometry.geom_type, area_m2) == ("Polygon", pytest.approx(10_000, rel=0.01))


def test_a_row_left_out_brings_nothing(sqlite_desk):
    batch_id = twins(sqlite_desk, "近旁塘,100.4001,38.93,3,", "远塘,100.45,38.93,,")
    sqlite_desk.answer(batch_id, "site.near_another", "out")
    batch = sqlite_desk.apply(batch_id)
    assert (batch.rows_read, batch.rows_accepted) == (2, 1)
    assert set(facts_of(sqlite_desk.store, "name")) == {"苇塘东塘", "远塘"}


def test_two_rows_added_to_one_site_are_both_taken_and_both_undone(desk):
    batch_id = twins(desk, "柳荫塘,100.4001,38.93,3.5,", "柳荫大塘,100.3999,38.93,,新修")
    for code in {code for _, code in desk.asked(batch_id)}:
        desk.answer(batch_id, code, "change")
    assert desk.apply(batch_id).state == "applied"
    [facts] = facts_of(desk.store, "name", "area_reported_mu", "remark").values()
    assert facts == ("柳荫大塘", 3.5, "新修")
    assert desk.undo(batch_id).state == "undone"
    [facts] = facts_of(desk.store, "name", "area_reported_mu", "remark").values()
    assert facts == ("苇塘东塘", None, "老塘")


def test_a_place_by_a_township_line_belongs_to_whom_the_officer_says(sqlite_desk):
    rows = [f"界边塘{at},100.4999,38.{80 + at},,," for at in range(3)]
    batch_id = sqlite_desk.send(HEADING + "\n".join(rows) + "\n")
    sqlite_desk.answer(batch_id, "import.near_township_line", "holder")
    sqlite_desk.answer(batch_id, "import.near_township_line", EAST, row=3)
    sqlite_desk.apply(batch_id)
    assert facts_of(sqlite_desk.store, "township_code") == {"界边塘0": WEST, "界边塘1": EAST, "界边塘2": WEST}
    assert facts_of(sqlite_desk.store, "number")["界边塘1"] == "P-990101200-0001"


def test_a_township_that_the_row_names_wrongly_is_warned_of_and_the_position_decides(sqlite_desk):
    batch_id = sqlite_desk.send(HEADING + "柳荫塘,100.40,38.93,,东乡,\n苇塘,100.41,38.94,,无名镇,\n")
    said = [(one.number, one.code, one.level.value) for one in sqlite_desk.messages(batch_id)]
    assert said == [(row, "import.township_differs", "warning") for row in (2, 3)]
    sqlite_desk.apply(batch_id)
    assert set(facts_of(sqlite_desk.store, "township_code").values()) == {WEST}


def test_a_repair_of_much_needs_a_reason_and_one_of_little_does_not(sqlite_desk):
    batch_id = sqlite_desk.send(f'{HEADING}蝴蝶塘,,,"{BOW_TIE}",,\n扭角塘,,,"{TWISTED}",,\n')
    with pytest.raises(ReasonNeeded, match="100"):
        sqlite_desk.answer(batch_id, "import.repair_proposed", "repair", row=2)
    sqlite_desk.answer(batch_id, "import.repair_proposed", "repair", row=3)
    sqlite_desk.answer(batch_id, "import.repair_proposed", "repair", row=2, reason="按原图两半分开")
    sqlite_desk.apply(batch_id)
    shapes = facts_of(sqlite_desk.store, "geometry", "area_m2")
    assert all(shapely.is_valid(shape) for shape, _ in shapes.values())
    assert shapes["蝴蝶塘"][1] == pytest.approx(481_000, rel=0.02)
    assert shapes["扭角塘"][1] == pytest.approx(965_000, rel=0.02)


def test_a_bulk_repair_without_a_reason_changes_nothing_where_one_row_needs_it(sqlite_desk):
    batch_id = sqlite_desk.send(f'{HEADING}扭角塘,,,"{TWISTED}",,\n蝴蝶塘,,,"{BOW_TIE}",,\n')
    with pytest.raises(ReasonNeeded):
        sqlite_desk.answer(batch_id, "import.repair_proposed", "repair")
    assert len(sqlite_desk.asked(batch_id)) == 2


def test_a_repair_is_shown_with_the_shape_and_the_area_before_and_after(sqlite_desk):
    batch_id = sqlite_desk.send(f'{HEADING}蝴蝶塘,,,"{BOW_TIE}",,\n')
    facts = sqlite_desk.message(batch_id, "import.repair_proposed", 2).facts
    assert shapely.from_wkb(facts["before"]).equals(shapely.from_wkt(BOW_TIE))
    assert float(facts["before_mu"]) < 1 < 700 < float(facts["after_mu"])


def test_a_row_that_is_refused_asks_nothing(sqlite_desk):
    far = BOW_TIE.replace("100.2", "104.2")
    batch_id = sqlite_desk.send(f'{HEADING}蝴蝶塘,,,"{far}",,\n')
    assert sqlite_desk.outcomes(batch_id) == {2: "refused"}
    assert [one.code for one in sqlite_desk.messages(batch_id)] == ["geo.out_of_county"]


def test_a_row_that_asks_two_things_waits_for_both_answers(sqlite_desk):
    with sqlite_desk.store.write() as session:
        a_site(session, at=(100.4999, 38.80))
    batch_id = sqlite_desk.send(HEADING + "界边塘,100.4999,38.80,,,\n")
    sqlite_desk.answer(batch_id, "import.near_township_line", "holder")
    assert sqlite_desk.outcomes(batch_id) == {2: "asked"}
    sqlite_desk.answer(batch_id, "site.near_another", "new")
    assert sqlite_desk.outcomes(batch_id) == {2: "new"}
