"""Exports: whose rows, which columns, what the ledger keeps, and that a file is there whole or not at all."""

from __future__ import annotations

import csv
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
import shapely
from sqlalchemy import select

from inspections import exports, ledger
from inspections.cases.lists import CaseFilters
from inspections.checklists import load_checklist
from inspections.checklists.requirements import requirement
from inspections.errors import NotAllowed
from inspections.exports import ALL, Order, narrowed_to, write_export
from inspections.models import LedgerEntry, Operator
from inspections.permissions import SYSTEM, Actor
from inspections.sites.attributes import ATTRIBUTES
from inspections.sites.lists import SiteFilters
from inspections.store import Store
from inspections.terms import CaseState, Kind, Listing, Severity, VisitResult
from inspections.visits.lists import VisitFilter
from tests.case_factories import a_case, a_finding, a_visit
from tests.factories import (
    EAST,
    IN_EAST,
    NOW,
    VILLAGE,
    WEST,
    a_body,
    a_county,
    a_pond_shape,
    a_site,
    an_officer,
)
from tests.layers import a_layer

FIRST = ["id", "number", "name", "kind", "subtype", "status", "state", "township", "village", "area_m2"]
ATTRS = {
    Kind.STRAW: {"crop_area_mu": 12.5, "crop": "玉米", "grid_cell": "A-1"},
    Kind.POND: {"list_level": "national", "judged_by": "senses", "target_class": "v"},
    Kind.GREENHOUSE: {"shed_count": 3, "shed_area_mu": 2.25, "problem_class": "3", "guard_profile": "north"},
    Kind.AFFORESTATION: {"design_year": 2026, "width_m": 20, "irrigated": False, "climate_profile": "arid"},
}


@pytest.fixture
def county(store: Store) -> Store:
    """Two townships and one body."""
    with store.write() as session:
        a_county(session)
        a_body(session, name="西镇人民政府", area_code=WEST)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


def export(
    store: Store, path: Path, subject: str = "sites", *, by: Actor = SYSTEM, **order: Any
) -> exports.Written:
    return write_export(
        store, Order(subject, **order), path, by=by, now=NOW, say=lambda loss: loss.code, may_be_empty=True
    )


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def properties(path: Path) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in json.loads(path.read_bytes())["features"]]


def an_actor(role: str = "township", *areas: str, kinds: tuple[str, ...] = (), **named: Any) -> Actor:
    facts = {"id": uuid.uuid4(), "name": "林某", "role": role}
    return Actor(**(facts | {"areas": frozenset(areas), "kinds": frozenset(kinds)} | named))


def test_every_fact_of_a_site_is_written(county, folder):
    with county.write() as session:
        body = a_body(session, name="县水务局")
        site = a_site(
            session,
            geometry=a_pond_shape(),
            area_m2=10_000.0,
            village_code=VILLAGE,
            village_group="三社",
            township_reason="由西镇管护",
            loc_method="survey",
            loc_accuracy_m=2.5,
            loc_datum="gcj02",
            area_reported_mu=14.123456,
            length_m=12.5,
            body_id=body.id,
            source="superior",
            source_ref="张环〔2026〕3号",
            remark="第一行\n第二行",
            attrs=ATTRS[Kind.POND],
            last_visited_at=NOW,
        )
        number, key = site.number, str(site.id)
    export(county, folder / "a.geojson")
    (facts,) = properties(folder / "a.geojson")
    assert list(facts)[:10] == FIRST
    assert (
        facts
        == {
            "id": key,
            "number": number,
            "name": "苇塘东塘",
            "kind": "pond",
            "subtype": "pond",
            "status": "active",
            "state": "normal",
            "township": "西镇",
            "village": "柳荫村",
            "area_m2": 10_000.0,
            "township_code": WEST,
            "village_code": VILLAGE,
            "village_group": "三社",
            "township_reason": "由西镇管护",
            "lon": 100.40,
            "lat": 38.93,
            "loc_method": "survey",
            "loc_accuracy_m": 2.5,
            "loc_datum": "gcj02",
            "area_reported_mu": 14.123456,
            "measured_mu": 15.0,
            "length_m": 12.5,
            "lead_body": "县水务局",
            "source": "superior",
            "source_ref": "张环〔2026〕3号",
            "remark": "第一行\n第二行",
            "created_on": "2026-11-12",
            "last_visited_on": "2026-11-12",
        }
        | ATTRS[Kind.POND]
    )


def test_a_table_of_sites_says_the_same_in_chinese(sqlite_county, folder):
    with sqlite_county.write() as session:
        for kind, attrs in ATTRS.items():
            a_site(session, kind, geometry=a_pond_shape(), area_reported_mu=14.123456, attrs=attrs)
    export(sqlite_county, folder / "a.csv")
    rows = {row["类别"]: row for row in table(folder / "a.csv")}
    assert set(rows) == {"秸秆禁烧", "纳污坑塘", "大棚房", "绿化造林"}
    pond, shed = rows["纳污坑塘"], rows["大棚房"]
    assert (pond["经度"], pond["纬度"], pond["上报面积(亩)"]) == ("100.4000000", "38.9300000", "14.123456")
    assert shapely.from_wkt(pond["图形"]).equals_exact(a_pond_shape(), 1e-7)
    assert (pond["清单级别"], pond["判定依据"], pond["目标水质"]) == ("国家监管清单", "感官判断", "Ⅴ类")
    assert (shed["棚数"], shed["棚面积(亩)"], shed["棚数"]) == ("3", "2.25", "3")
    assert (rows["绿化造林"]["有无灌溉"], rows["秸秆禁烧"]["作物"], pond["作物"]) == ("否", "玉米", "")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_attribute_of_a_kind_has_its_column(sqlite_county, kind):
    with sqlite_county.read() as session:
        order = Order("sites", sites=SiteFilters(kind=kind))
        keys = [one.field.key for one in exports.columns_of(session, order, by=SYSTEM, now=NOW)]
    assert keys[-len(ATTRIBUTES[kind]) :] == [one.key for one in ATTRIBUTES[kind]]


def test_the_basic_farmland_that_sheds_take_is_written_where_a_layer_tells(county, folder):
    half_in = shapely.box(100.445, 38.92, 100.455, 38.93)
    with county.write() as session:
        a_site(session, Kind.GREENHOUSE, name="占田棚", geometry=half_in)
        a_site(session, Kind.GREENHOUSE, name="只有点")
        a_site(session, geometry=half_in)
    heading = "占永久基本农田(亩)"
    export(county, folder / "a.csv")
    assert {row[heading] for row in table(folder / "a.csv")} == {""}
    with county.write() as session:
        a_layer(session)
    export(county, folder / "b.csv")
    told = {row["点位名称"]: row[heading] for row in table(folder / "b.csv")}
    assert told == {"占田棚": "722.02", "只有点": "", "苇塘东塘": ""}


@pytest.mark.parametrize("subject", list(exports.SUBJECTS))
def test_no_two_columns_share_a_key_or_a_heading(sqlite_county, subject):
    with sqlite_county.write() as session:
        for kind in Kind:
            a_visit(session, a_site(session, kind))
    with sqlite_county.read() as session:
        columns = exports.columns_of(session, Order(subject, with_operators=True), by=SYSTEM, now=NOW)
    for told in ([one.field.key for one in columns], [one.field.heading for one in columns]):
        assert len(set(told)) == len(told)
    assert all(one.field.title_en and one.field.heading for one in columns)


def test_drafts_and_active_sites_are_written_and_others_only_when_asked(sqlite_county, folder):
    with sqlite_county.write() as session:
        for status in ("draft", "active", "retired", "refused"):
            a_site(session, name=f"塘{status}", status=status)
    assert export(sqlite_county, folder / "a.csv").rows == {"sites": 2}
    assert {row["台账状态"] for row in table(folder / "a.csv")} == {"待审", "在册"}
    assert export(sqlite_county, folder / "b.csv", sites=SiteFilters(status="all")).total == 4


def fill(store: Store) -> dict[str, str]:
    """In each township a pond with a visit, a finding and a case, and straw in the west; numbers by place."""
    with store.write() as session:
        west, east = (
            a_site(session, name="西塘", village_code=VILLAGE),
            a_site(session, at=IN_EAST, name="东塘"),
        )
        numbers = {"west": a_case(session, west).number, "east": a_case(session, east).number}
        a_visit(session, a_site(session, Kind.STRAW, name="西地"), result=VisitResult.NORMAL)
    return numbers


@pytest.mark.parametrize(
    ("subject", "heading", "in_west", "in_all"),
    [
        ("sites", "点位名称", ["西塘", "西地"], 3),
        ("visits", "点位名称", ["西地", "西塘"], 3),
        ("findings", "点位名称", ["西塘"], 2),
        ("cases", "点位", ["西塘"], 2),
    ],
)
def test_a_township_gets_its_own_rows_only(county, folder, subject, heading, in_west, in_all):
    fill(county)
    written = export(county, folder / "a.csv", subject, by=an_actor("township", WEST))
    assert sorted(row[heading] for row in table(folder / "a.csv")) == sorted(in_west)
    assert written.total == len(in_west)
    assert export(county, folder / "b.csv", subject).total == in_all
    assert (
        export(county, folder / "c.csv", subject, by=an_actor("township", EAST, kinds=("straw",))).total == 0
    )


@pytest.mark.parametrize("subject", list(exports.SUBJECTS))
def test_what_is_counted_is_what_is_written(county, folder, subject):
    fill(county)
    for by in (SYSTEM, an_actor("inspector", VILLAGE), an_actor("department", kinds=("straw",))):
        order = Order(subject, **narrowed_to("pond", WEST))
        with county.read() as session:
            counted = exports.count_rows(session, order, by=by, now=NOW)
        assert export(county, folder / "a.csv", subject, by=by, **narrowed_to("pond", WEST)).rows == counted
        assert len(table(folder / "a.csv")) == counted[subject]


def test_filters_narrow_as_they_do_in_the_lists(sqlite_county, folder):
    numbers = fill(sqlite_county)
    for order, names in (
        ({"sites": SiteFilters(state="suspected", township=EAST)}, ["东塘"]),
        ({"sites": SiteFilters(q="西地")}, ["西地"]),
        (narrowed_to("", VILLAGE), ["西塘"]),
        (narrowed_to("straw", "990101"), ["西地"]),
    ):
        export(sqlite_county, folder / "a.csv", **order)
        assert [row["点位名称"] for row in table(folder / "a.csv")] == names
    assert export(sqlite_county, folder / "a.csv", "visits", visits=VisitFilter(result="normal")).total == 1
    export(sqlite_county, folder / "a.csv", "cases", cases=CaseFilters(state="suspected", village=VILLAGE))
    assert [row["问题编号"] for row in table(folder / "a.csv")] == [numbers["west"]]


def an_operated_site(store: Store) -> None:
    with store.write() as session:
        site = a_site(session)
        site.operator = Operator(name="陈某某", type="household", phone="13800000000", salt=bytes(32))


def test_operators_are_written_only_when_asked_for(county, folder):
    an_operated_site(county)
    export(county, folder / "a.csv")
    assert "陈某某" not in (folder / "a.csv").read_text(encoding="utf-8")
    export(county, folder / "b.xlsx", by=an_actor("township", WEST), with_operators=True)
    book = openpyxl.load_workbook(folder / "b.xlsx")
    assert list(book["点位"].iter_rows(values_only=True))[1][-3:] == ("陈某某", "农户", "13800000000")
    assert any("责任主体" in str(row) for row in book["说明"].iter_rows(values_only=True))


@pytest.mark.parametrize("role", ["inspector", "leader", "admin"])
def test_operators_are_refused_to_who_may_not_see_them(sqlite_county, folder, role):
    an_operated_site(sqlite_county)
    with pytest.raises(NotAllowed):
        export(sqlite_county, folder / "a.csv", by=an_actor(role), with_operators=True)
    assert list(folder.iterdir()) == []
    assert export(sqlite_county, folder / "a.csv", by=an_actor(role)).total == 1


def test_who_may_only_read_may_export_and_leaves_an_entry(sqlite_county, folder):
    an_operated_site(sqlite_county)
    auditor = an_actor("supervisor", read_only=True)
    assert export(sqlite_county, folder / "a.csv", by=auditor, with_operators=True).total == 1
    with sqlite_county.read() as session:
        assert session.scalar(select(LedgerEntry.actor_id)) == auditor.id


def test_an_export_is_an_entry_of_the_ledger(county, folder):
    an_operated_site(county)
    by = an_actor("township", WEST)
    written = export(
        county, folder / "坑塘.csv", by=by, sites=SiteFilters(kind="pond", q="塘"), with_operators=True
    )
    with county.read() as session:
        (entry,) = session.scalars(select(LedgerEntry)).all()
        assert ledger.verify(session)[0] == 1
    assert (entry.action, entry.subject, entry.subject_id) == ("sites.exported", "export", "坑塘.csv")
    assert (entry.actor_name, entry.at) == ("林某", NOW)
    assert ledger.facts_of(entry) == {
        "file_name": "坑塘.csv",
        "format": "csv",
        "filters": {"kind": "pond", "q": "塘"},
        "rows": 1,
        "restricted": True,
        "sha256": written.sha256,
    }
    assert "陈某某" not in entry.facts


def test_where_the_ledger_cannot_be_written_there_is_no_file(sqlite_county, folder, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError("no ledger today")

    monkeypatch.setattr(ledger, "append", fail)
    with pytest.raises(OSError, match="no ledger today"):
        export(sqlite_county, folder / "a.csv")
    assert list(folder.iterdir()) == []


def test_where_the_format_cannot_be_written_an_older_file_stays_and_nothing_is_noted(
    sqlite_county, folder, monkeypatch
):
    (folder / "a.xlsx").write_bytes(b"older")
    monkeypatch.setattr("geo.writers.workbook.MOST_ROWS", 0)
    an_operated_site(sqlite_county)
    with pytest.raises(Exception, match="XLSX"):
        export(sqlite_county, folder / "a.xlsx")
    assert [path.read_bytes() for path in folder.iterdir()] == [b"older"]
    with sqlite_county.read() as session:
        assert ledger.count(session) == 0


def test_the_write_lock_is_free_while_rows_are_read(sqlite_county, folder, monkeypatch):
    an_operated_site(sqlite_county)
    writer = exports.writer_of(".csv")
    real = writer.write

    def write(path: Path, document: Any) -> Any:
        with sqlite_county.write_soon() as session:
            a_site(session, name="同时登记")
        return real(path, document)

    monkeypatch.setattr(writer, "write", write)
    assert export(sqlite_county, folder / "a.csv").total == 1
    assert len(table(folder / "a.csv")) == 1  # the rows of the moment it began


def test_endings_that_are_no_format_are_refused(sqlite_county, folder):
    with pytest.raises(
        exports.UnknownEnding, match="a.doc cannot be written. Use one of .csv .geojson .gpkg"
    ):
        export(sqlite_county, folder / "a.doc")
    with pytest.raises(exports.OneSubjectOnly):
        export(sqlite_county, folder / "a.xlsx", ALL)
    with pytest.raises(exports.NothingToExport):
        write_export(sqlite_county, Order("sites"), folder / "a.csv", by=SYSTEM, now=NOW, say=str)
    assert list(folder.iterdir()) == []


def test_everything_is_one_geopackage_of_four_layers(county, folder):
    fill(county)
    written = export(county, folder / "a.gpkg", ALL, by=an_actor("township", WEST))
    assert written.rows == {"sites": 2, "visits": 2, "findings": 1, "cases": 1}
    counts = {
        name: pyogrio.read_info(folder / "a.gpkg", layer=name)["features"]
        for name in ("点位", "检查记录", "发现的问题", "整改事项")
    }
    assert counts == {"点位": 2, "检查记录": 2, "发现的问题": 1, "整改事项": 1}
    with county.read() as session:
        entry = session.scalars(select(LedgerEntry).order_by(LedgerEntry.number.desc())).first()
    assert (entry.action, ledger.facts_of(entry)["rows"]) == ("county.exported", 6)


def test_a_file_says_whose_rows_it_holds_and_when(county, folder):
    fill(county)
    by = an_actor("township", WEST, kinds=("pond",))
    export(county, folder / "a.xlsx", by=by, sites=SiteFilters(state="suspected", township=WEST))
    with county.read() as session:
        number, last = session.execute(
            select(LedgerEntry.number, LedgerEntry.previous_hash).where(
                LedgerEntry.action == "sites.exported"
            )
        ).one()
    told = dict(openpyxl.load_workbook(folder / "a.xlsx")["说明"].iter_rows(values_only=True))
    assert told == {
        "内容": "点位",
        "范围": "西镇；纳污坑塘",
        "条件": "状态：待核实；乡镇：西镇",
        "时间": "2026-11-12 10:42（北京时间）",
        "行数": "点位 1",
        "导出人": "林某",
        "台账": f"第 {number - 1} 条，哈希 {last}",
        "注意": "内部使用 不得公开",
    }


def test_a_visit_is_flat_with_the_questions_as_headings(county, folder):
    answers = {
        "access": "reached",
        "colour": "black",
        "inflow_source": ["household", "livestock"],
        "water_area_m2": 1200,
        "outfall_count": 2,
        "sign_board": True,
        "ph": None,
        "stage": "listed",
        "present_people": "王某",
        "remark": "=备注",
    }
    with county.write() as session:
        body = a_body(session, name="西镇水管站")
        officer = an_officer(session, full_name="林某", body_id=body.id)
        site = a_site(session)
        a_visit(
            session,
            site,
            officer,
            effective_at=NOW,
            answers=answers,
            lon=100.4,
            lat=38.93,
            accuracy_m=8,
            flags=["rough_position", "too_fast"],
        )
        a_visit(session, site, officer, effective_at=NOW - timedelta(days=1))
    export(county, folder / "a.csv", "visits")
    row, without = table(folder / "a.csv")
    assert (row["点位编号"], row["点位名称"], row["检查时间"]) == (
        site.number,
        "苇塘东塘",
        "2026-11-12 10:42:00",
    )
    assert (row["填报人"], row["填报单位"], row["提示"]) == ("林某", "西镇水管站", "定位粗略、填报过快")
    options = {item.key: item for item in load_checklist().items("pond")}
    assert row["水体颜色"] == options["colour"].option_label("black")
    assert row["污水来源"] == "、".join(
        options["inflow_source"].option_label(one) for one in answers["inflow_source"]
    )
    assert (row["水面面积(m²)"], row["入塘排口数(个)"], row["公示牌"], row["pH 值"]) == (
        "1200",
        "2",
        "是",
        "",
    )
    assert (row["治理阶段"], row["备注"]) == (options["stage"].option_label("listed"), "'=备注")
    assert (without["经度"], without["水体颜色"]) == ("", "")
    assert "王某" not in (folder / "a.csv").read_text(encoding="utf-8")
    assert "在场人员" not in row
    export(county, folder / "a.geojson", "visits")
    told = properties(folder / "a.geojson")[0]
    assert (told["visited_at"], told["pond_stage"], told["colour"]) == (
        "2026-11-12T02:42:00Z",
        "listed",
        "black",
    )
    assert "ph" not in told


def test_questions_of_one_key_that_kinds_ask_differently_stand_apart(sqlite_county, folder):
    with sqlite_county.write() as session:
        a_visit(session, a_site(session), answers={"stage": "listed"})
        a_visit(session, a_site(session, Kind.AFFORESTATION), answers={"stage": "care"})
    export(sqlite_county, folder / "a.geojson", "visits")
    told = {facts["kind"]: facts for facts in properties(folder / "a.geojson")}
    assert (told["pond"]["pond_stage"], told["afforestation"]["afforestation_stage"]) == ("listed", "care")
    assert "stage" not in told["pond"]


def test_an_outline_and_a_time_among_the_answers_are_written(sqlite_county, folder):
    square = shapely.box(100.4, 38.9, 100.41, 38.91)
    answers = {"burnt_shape": json.loads(shapely.to_geojson(square)), "found_at": "2026-11-11T23:30:00.000Z"}
    with sqlite_county.write() as session:
        a_visit(session, a_site(session, Kind.STRAW), answers=answers)
    export(sqlite_county, folder / "a.csv", "visits")
    (row,) = table(folder / "a.csv")
    assert shapely.from_wkt(row["过火范围"]).equals(square)
    assert row["发现时间"] == "2026-11-12 07:30:00"


def test_a_finding_names_requirement_visit_and_case(county, folder):
    with county.write() as session:
        site = a_site(session)
        case = a_case(session, site, "POND-02")
        visit = a_visit(session, site, effective_at=NOW)
        a_finding(session, visit, "POND-01", severity=Severity.MAJOR, replaced=True)
        number = case.number
    export(county, folder / "a.csv", "findings")
    replaced, found = table(folder / "a.csv")
    assert (replaced["问题代码"], replaced["严重程度"], replaced["不再计入"]) == ("POND-01", "严重", "是")
    assert (replaced["问题编号"], replaced["检查记录编号"]) == ("", str(visit.id))
    assert (found["问题编号"], found["仍未整改"], found["点位编号"]) == (number, "否", site.number)
    assert found["发现的问题"] == requirement("POND-02").zh


def test_a_case_says_how_late_it_is(county, folder):
    with county.write() as session:
        body = a_body(session, name="县水务局")
        late = a_case(
            session,
            a_site(session),
            state=CaseState.RECTIFYING,
            body_id=body.id,
            assigned_at=NOW,
            due_at=NOW - timedelta(days=6),
            listed=Listing.COUNTY,
            round=2,
            measures="清淤",
        )
        handed_in = a_case(
            session,
            a_site(session),
            state=CaseState.SUBMITTED,
            due_at=NOW - timedelta(days=6),
            submitted_at=NOW - timedelta(days=4),
        )
        closed = a_case(session, a_site(session), state=CaseState.CLOSED, due_at=NOW + timedelta(days=1))
        numbers = [case.number for case in (late, handed_in, closed)]
    export(county, folder / "a.csv", "cases")
    rows = {row["问题编号"]: row for row in table(folder / "a.csv")}
    first, second, third = (rows[number] for number in numbers)
    assert [row["序号"] for row in rows.values()] == ["1", "2", "3"]
    assert (first["牵头单位"], first["挂牌级别"], first["反弹次数"]) == ("县水务局", "县级", "1")
    assert (first["整改时限"], first["超期天数"], first["办结情况"]) == ("2026-11-06", "6", "超期未办结")
    assert (first["整改状态"], first["办理状态"], first["整改措施"]) == ("挂牌督办", "整改中", "清淤")
    assert (second["超期天数"], second["办结情况"], second["反馈时间"]) == (
        "2",
        "正在办理",
        "2026-11-08 10:42:00",
    )
    assert (third["超期天数"], third["办结情况"], third["销号时间"]) == ("", "已办结", "2026-11-12 10:42:00")
    export(county, folder / "a.gpkg", "cases")
    frame = pyogrio.read_dataframe(folder / "a.gpkg", layer="整改事项")
    assert [(point.x, point.y) for point in frame.geometry] == [(100.40, 38.93)] * 3
