"""Adding, correcting, activating, refusing, retiring and merging sites."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from shapely import LineString, Point, Polygon
from sqlalchemy import func, select, update

from geo.errors import OutOfCounty, SelfCrossing
from geo.shapes import geodesic_area_m2
from inspections import ledger, sites
from inspections.errors import InvalidFields, NotAllowed, NotFound
from inspections.models import Case, LedgerEntry, Site
from inspections.permissions import SYSTEM, Actor
from inspections.sites import lists as site_lists
from inspections.sites import merging as site_merging
from inspections.sites.lists import SiteFilters
from inspections.sites.placing import OutsideScope
from inspections.sites.records import read_record
from inspections.sites.rules import SiteFacts
from inspections.sites.warnings import EVERYTHING, NeedsConfirming
from inspections.terms import CaseState, Kind, Role, Severity, SiteStatus
from inspections.typed import ReasonMissing
from tests.factories import (
    EAST,
    IN_EAST,
    IN_WEST,
    NOW,
    VILLAGE,
    WEST,
    a_county,
    a_pond_shape,
    a_site,
    an_officer,
)

POND = SiteFacts(kind="pond", subtype="pond", name="苇塘东塘", geometry=Point(IN_WEST))


@pytest.fixture
def session(store):
    with store.write() as opened:
        a_county(opened)
        yield opened


def an_actor(session, role=Role.SUPERVISOR, areas=(), kinds=()) -> Actor:
    row = an_officer(session, role, areas=areas, kinds=kinds)
    return Actor(
        id=row.id,
        name=row.full_name,
        role=role.value,
        areas=frozenset(areas),
        kinds=frozenset(kind.value for kind in kinds),
    )


def add(session, facts=POND, *, by=None, confirmed=EVERYTHING, **named) -> Site:
    return sites.add_site(
        session,
        replace(facts, **named),
        by=by or an_actor(session, Role.INSPECTOR, (WEST, EAST)),
        now=NOW,
        confirmed=confirmed,
    )


def an_active_site(session, **named) -> Site:
    site = add(session, **named)
    sites.activate_site(session, site, by=an_actor(session), now=NOW)
    return site


def facts_of(site: Site, **named) -> SiteFacts:
    said = {name: getattr(site, name) for name in SiteFacts.__dataclass_fields__ if hasattr(site, name)}
    return SiteFacts(**(said | {"kind": site.kind.value} | named))


def a_case(session, site, code="POND-01", state=CaseState.SUSPECTED, number="2026-P-00001") -> Case:
    case = Case(
        number=number,
        site_id=site.id,
        kind=site.kind,
        township_code=site.township_code,
        code=code,
        rules_version="2026.1",
        title="黑臭水体",
        origin="patrol",
        severity=Severity.MODERATE,
        state=state,
        opened_at=NOW,
    )
    session.add(case)
    session.flush()
    return case


def actions(session, site) -> list[str]:
    return [entry.action for entry in reversed(ledger.story(session, site_id=site.id))]


# Adding


def test_an_inspector_adds_a_draft_with_number_township_village_and_entry(session):
    site = add(session)
    assert site.status is SiteStatus.DRAFT
    assert site.number == "P-990101100-0001"
    assert (site.township_code, site.village_code) == (WEST, VILLAGE)
    assert (site.lon, site.lat) == IN_WEST
    assert actions(session, site) == ["site.added"]


def test_numbers_of_one_township_and_kind_run_without_gaps(session):
    numbers = [add(session, name=f"坑塘{n}").number for n in range(3)]
    assert numbers == ["P-990101100-0001", "P-990101100-0002", "P-990101100-0003"]


def test_a_ponds_area_is_measured_on_the_ellipsoid(session):
    shape = a_pond_shape(metres=50)
    site = add(session, geometry=shape)
    assert site.area_m2 == pytest.approx(geodesic_area_m2(shape), abs=5)  # corners are kept to a centimetre
    assert site.area_m2 == pytest.approx(10_000, rel=0.01)


def test_a_belts_area_is_its_length_times_its_width(session):
    belt = LineString([(100.40, 38.93), (100.41, 38.93)])
    site = add(
        session, kind="afforestation", subtype="road_net", geometry=belt, attrs={"width_m": "20"}, name="林带"
    )
    assert site.length_m == pytest.approx(867, abs=3)
    assert site.area_m2 == pytest.approx(site.length_m * 20, abs=0.1)


def test_the_position_as_received_is_kept_beside_the_true_one(session):
    site = add(session, loc_raw="100.4017，38.9306", loc_datum="gcj02", loc_method="gps", loc_accuracy_m=8)
    assert (site.loc_raw, site.loc_datum, site.loc_accuracy_m) == ("100.4017，38.9306", "gcj02", 8)


def test_all_wrong_fields_are_refused_at_once(session):
    wrong = replace(
        POND, name="塘", subtype="solar", area_reported_mu="NaN", operator_phone="12", attrs={"width_m": "3"}
    )
    with pytest.raises(InvalidFields) as refused:
        add(session, wrong)
    assert set(refused.value.problems) == {
        "name",
        "subtype",
        "area_reported_mu",
        "operator_phone",
        "attr_width_m",
    }
    assert session.scalar(select(func.count()).select_from(Site)) == 0


def test_a_bow_tie_is_refused_with_the_place_named(session):
    bow = Polygon([(100.40, 38.93), (100.41, 38.94), (100.41, 38.93), (100.40, 38.94)])
    with pytest.raises(InvalidFields) as refused:
        add(session, geometry=bow)
    problem = refused.value.problems["geometry"]
    assert isinstance(problem, SelfCrossing)
    assert (problem.facts["lon"], problem.facts["lat"]) == pytest.approx((100.405, 38.935))


@pytest.mark.parametrize(
    "geometry", [None, Point(), Polygon(), Point(float("nan"), 38.93), Point(float("inf"), 38.93)]
)
def test_a_geometry_that_is_none_is_refused(session, geometry):
    with pytest.raises(InvalidFields) as refused:
        add(session, geometry=geometry)
    assert "geometry" in refused.value.problems


def test_a_height_is_dropped(session):
    assert not add(session, geometry=Point(100.40, 38.93, 1480.5)).geometry.has_z


def test_a_place_outside_the_county_is_refused(session):
    with pytest.raises(OutOfCounty):
        add(session, geometry=Point(99.0, 38.93))


@pytest.mark.parametrize(
    "text",
    ["'); DROP TABLE sites;--", "<script>alert(1)</script>", "${7*7}", "{{7*7}}", "=cmd|' /C calc'!A0"],
)
def test_text_of_any_kind_is_kept_as_it_was_typed(session, text):
    site = add(session, name=text, village_group=text, remark=text, operator_name=text, source_ref=text)
    session.expire_all()
    kept = sites.get_site(session, site.id, SYSTEM)
    assert {kept.name, kept.village_group, kept.remark, kept.operator.name, kept.source_ref} == {text}


def test_control_and_direction_characters_are_taken_out(session):
    site = add(
        session,
        name=" 苇塘\x00\u202e东塘\u200b\n二 ",
        remark="一\r\n二\x07",
        source_ref="〔２０２６〕１２号",
    )
    assert site.name == "苇塘东塘 二"
    assert site.remark == "一\n二"
    assert site.source_ref == "〔2026〕12号"


def test_full_width_numbers_are_read(session):
    site = add(
        session,
        area_reported_mu="１２．５",
        attrs={"list_level": "national"},
        operator_name="张三",
        operator_phone="１３８ ００００ ００００",
    )
    assert site.area_reported_mu == 12.5
    assert site.operator.phone == "13800000000"


def test_the_same_form_sent_twice_gives_one_site(session):
    by, site_id = an_actor(session, Role.INSPECTOR, (WEST,)), uuid.uuid4()
    facts = replace(POND, operator_name="张三", operator_phone="13800000000")
    first = sites.add_site(session, facts, by=by, now=NOW, site_id=site_id)
    second = sites.add_site(session, facts, by=by, now=NOW + timedelta(seconds=1), site_id=site_id)
    assert second.id == first.id
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1


def test_the_same_id_with_other_content_is_a_conflict(session):
    by, site_id = an_actor(session, Role.INSPECTOR, (WEST,)), uuid.uuid4()
    sites.add_site(session, POND, by=by, now=NOW, site_id=site_id)
    with pytest.raises(sites.IdTaken):
        sites.add_site(session, replace(POND, name="另一处"), by=by, now=NOW, site_id=site_id)


def test_an_id_of_somebody_else_gives_nothing_away(session):
    site = add(session)
    with pytest.raises(NotFound):
        sites.add_site(session, POND, by=an_actor(session), now=NOW, site_id=site.id)


def test_an_officer_adds_nothing_outside_the_own_area_or_kind(session):
    for actor in (
        an_actor(session, Role.INSPECTOR, (EAST,)),
        an_actor(session, Role.DEPARTMENT, kinds=(Kind.STRAW,)),
    ):
        with pytest.raises(InvalidFields) as refused:
            add(session, by=actor)
        assert isinstance(refused.value.problems["geometry"], OutsideScope)
        assert "西镇" in str(refused.value.problems["geometry"])


def test_on_a_township_line_the_officer_chooses(session):
    on_line = replace(POND, geometry=Point(100.5001, 38.93))
    with pytest.raises(InvalidFields) as refused:
        add(session, on_line)
    assert "西镇" in str(refused.value.problems["township_code"])
    assert add(session, on_line, township_code=WEST).township_code == WEST


def test_another_township_than_the_one_that_holds_the_place_needs_a_reason(session):
    with pytest.raises(InvalidFields) as refused:
        add(session, township_code=EAST)
    assert "township_reason" in refused.value.problems
    site = add(session, township_code=EAST, township_reason="属东乡管理")
    assert (site.township_code, site.village_code) == (EAST, None)


def test_a_village_of_another_township_is_refused(session):
    with pytest.raises(InvalidFields) as refused:
        add(session, geometry=Point(IN_EAST), village_code=VILLAGE)
    assert "village_code" in refused.value.problems


def test_a_body_that_does_not_exist_is_refused(session):
    with pytest.raises(InvalidFields) as refused:
        add(session, body_id=uuid.uuid4())
    assert "body_id" in refused.value.problems


# Warnings


def codes_of(session, facts, by=None) -> list[str]:
    with pytest.raises(NeedsConfirming) as asked:
        add(session, facts, by=by, confirmed=())
    return [warning.code for warning in asked.value.warnings]


def test_a_site_of_the_same_kind_within_30_m_asks_to_be_confirmed(session):
    add(session, name="苇塘西塘")
    near = replace(POND, geometry=Point(100.4002, 38.93))
    assert codes_of(session, near) == ["site.near_another"]
    add(session, near, geometry=Point(100.4005, 38.93), confirmed=())


def test_another_kind_on_the_same_spot_asks_nothing(session):
    add(session)
    add(session, kind="straw", subtype="plot", confirmed=())


def test_polygons_that_overlap_by_more_than_half_ask_to_be_confirmed(session):
    add(session, name="苇塘西塘", geometry=a_pond_shape(metres=50))
    assert codes_of(session, replace(POND, geometry=a_pond_shape(100.4003, metres=50))) == [
        "site.overlaps_another"
    ]


def test_the_same_name_in_the_same_village_asks_to_be_confirmed(session):
    add(session)
    assert codes_of(session, replace(POND, geometry=Point(100.42, 38.94))) == ["site.same_name"]


def test_a_position_shifted_as_web_maps_shift_it_is_hinted_at(session):
    add(session)
    shifted = replace(POND, geometry=Point(100.401702, 38.93064))
    assert codes_of(session, shifted) == ["site.same_name", "site.looks_shifted"]


def test_a_reported_area_more_than_a_tenth_off_asks_to_be_confirmed(session):
    shape = a_pond_shape(metres=50)  # 15 mu
    assert codes_of(session, replace(POND, geometry=shape, area_reported_mu=12)) == ["site.area_differs"]
    add(session, geometry=shape, area_reported_mu=14.5, confirmed=())


def test_a_site_outside_the_officers_scope_is_not_given_away_by_a_warning(session):
    add(session, geometry=Point(100.5001, 38.93), township_code=EAST)
    west = an_actor(session, Role.INSPECTOR, (WEST,))
    add(session, geometry=Point(100.4999, 38.93), township_code=WEST, by=west, confirmed=())


def test_a_tick_confirms_only_the_warnings_it_was_shown_with(session):
    add(session, name="苇塘西塘")
    with pytest.raises(NeedsConfirming):
        add(session, confirmed=("site.near_another:P-000000000-0001",))
    add(session, confirmed=("site.near_another:P-990101100-0001",))


# Correcting


def correct(session, site, by=None, row_version=None, **named) -> Site:
    return sites.correct_site(
        session,
        site,
        facts_of(site, **named),
        row_version=row_version or site.row_version,
        by=by or an_actor(session),
        now=NOW + timedelta(hours=1),
        confirmed=EVERYTHING,
    )


def test_a_correction_is_told_before_and_after(session):
    site = an_active_site(session)
    correct(session, site, name="苇塘北塘", geometry=Point(100.401, 38.931))
    told = ledger.facts_of(ledger.story(session, site_id=site.id)[0])
    assert told["before"]["name"] == "苇塘东塘"
    assert told["after"]["name"] == "苇塘北塘"
    assert told["after"]["geometry"]["coordinates"] == [100.401, 38.931]
    assert site.updated_at == NOW + timedelta(hours=1)


def test_a_correction_never_changes_the_position_as_received(session):
    site = an_active_site(session, loc_raw="38.93, 100.40", loc_datum="wgs84")
    correct(session, site, geometry=Point(100.41, 38.94), loc_raw="new", loc_datum="gcj02")
    assert (site.loc_raw, site.loc_datum) == ("38.93, 100.40", "wgs84")
    assert ledger.facts_of(ledger.story(session, site_id=site.id)[0])["raw"] == "new"


def test_a_correction_of_nothing_leaves_no_entry(session):
    site = an_active_site(session)
    correct(session, site)
    assert actions(session, site) == ["site.added", "site.activated"]


def test_of_two_who_correct_the_same_site_the_second_is_told(session):
    site = an_active_site(session)
    started_on = site.row_version
    correct(session, site, name="第一人改的")
    with pytest.raises(sites.SiteChanged) as refused:
        correct(session, site, name="第二人改的", row_version=started_on)
    assert refused.value.entry.action == "site.corrected"
    assert site.name == "第一人改的"


def test_a_visit_meanwhile_is_no_conflict(session):
    site = an_active_site(session)
    started_on = site.row_version
    site.last_visited_at = NOW
    session.flush()
    assert site.row_version > started_on
    correct(session, site, name="苇塘北塘", row_version=started_on)
    assert site.name == "苇塘北塘"


def test_an_inspector_corrects_nothing(session):
    site = an_active_site(session)
    with pytest.raises(NotAllowed):
        correct(session, site, by=an_actor(session, Role.INSPECTOR, (WEST,)), name="别的")


def test_a_township_corrects_nothing_outside_its_area(session):
    site = an_active_site(session)
    with pytest.raises(NotFound):
        correct(session, site, by=an_actor(session, Role.TOWNSHIP, (EAST,)), name="别的")


def test_a_site_that_did_not_move_stays_in_the_township_it_was_put_in(session):
    site = an_active_site(session, township_code=EAST, township_reason="属东乡管理")
    correct(session, site, name="苇塘北塘", township_reason="")
    assert (site.township_code, site.township_reason) == (EAST, "属东乡管理")


def test_a_retired_site_is_not_corrected(session):
    site = an_active_site(session)
    sites.retire_site(session, site, reason="已填平", by=an_actor(session), now=NOW)
    with pytest.raises(sites.WrongStatus):
        correct(session, site, name="别的")


def test_a_move_that_looks_like_gcj02_asks_to_be_confirmed(session):
    site = an_active_site(session)
    with pytest.raises(NeedsConfirming) as asked:
        sites.correct_site(
            session,
            site,
            facts_of(site, geometry=Point(100.401702, 38.93064)),
            row_version=site.row_version,
            by=an_actor(session),
            now=NOW,
        )
    assert [warning.code for warning in asked.value.warnings] == ["site.looks_shifted"]


# Operators


def test_an_operator_is_masked_and_only_sealed_in_the_ledger(session):
    site = add(session, operator_name="张三", operator_phone="13800000000")
    assert sites.masked_operator(site) == ("张*", "138****0000")
    entries = " ".join(entry.facts for entry in ledger.story(session, site_id=site.id))
    assert "张三" not in entries
    assert "13800000000" not in entries


def test_showing_an_operator_is_an_entry(session):
    site = add(session, operator_name="张三", operator_phone="13800000000")
    shown = sites.show_operator(session, site, by=an_actor(session), now=NOW)
    assert shown.name == "张三"
    assert actions(session, site) == ["site.added", "operator.shown"]


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.LEADER, Role.ADMIN])
def test_a_role_without_need_sees_no_operator(session, role):
    site = add(session, operator_name="张三")
    with pytest.raises(NotAllowed):
        sites.show_operator(session, site, by=an_actor(session, role), now=NOW)


def test_a_correction_without_an_operator_leaves_the_one_recorded(session):
    site = an_active_site(session, operator_name="张三")
    correct(session, site, name="苇塘北塘")
    assert site.operator.name == "张三"
    correct(session, site, operator_name="")
    assert site.operator is None


# Activating, refusing, retiring


def test_a_draft_is_activated_by_somebody_else(session):
    township = an_actor(session, Role.TOWNSHIP, (WEST,))
    site = add(session, by=township)
    with pytest.raises(sites.OwnDraft):
        sites.activate_site(session, site, by=township, now=NOW)
    sites.activate_site(session, site, by=an_actor(session, Role.TOWNSHIP, (WEST,)), now=NOW)
    assert (site.status, site.activated_at) == (SiteStatus.ACTIVE, NOW)
    assert actions(session, site) == ["site.added", "site.activated"]


def test_an_inspector_activates_nothing(session):
    site = add(session)
    with pytest.raises(NotAllowed):
        sites.activate_site(session, site, by=an_actor(session, Role.INSPECTOR, (WEST,)), now=NOW)


def test_an_active_site_is_not_activated_again(session):
    site = an_active_site(session)
    with pytest.raises(sites.WrongStatus):
        sites.activate_site(session, site, by=an_actor(session), now=NOW)


def test_a_draft_is_refused_with_a_reason(session):
    site = add(session)
    with pytest.raises(ReasonMissing):
        sites.refuse_site(session, site, reason=" ", by=an_actor(session), now=NOW)
    sites.refuse_site(session, site, reason="重复上报", by=an_actor(session), now=NOW)
    assert site.status is SiteStatus.REFUSED
    assert actions(session, site) == ["site.added", "site.refused"]


def test_a_site_with_an_open_case_is_not_retired(session):
    site = an_active_site(session)
    case = a_case(session, site)
    with pytest.raises(sites.CasesOpen, match=case.number):
        sites.retire_site(session, site, reason="已填平", by=an_actor(session), now=NOW)
    case.state = CaseState.CLOSED
    sites.retire_site(session, site, reason="已填平", by=an_actor(session), now=NOW)
    assert (site.status, site.retired_at, site.retired_reason) == (SiteStatus.RETIRED, NOW, "已填平")


def test_a_township_retires_nothing(session):
    site = an_active_site(session)
    with pytest.raises(NotAllowed):
        sites.retire_site(session, site, reason="已填平", by=an_actor(session, Role.TOWNSHIP), now=NOW)


# Merging


def merge(session, site, into) -> Site:
    return site_merging.merge_sites(session, site, into, reason="同一坑塘", by=an_actor(session), now=NOW)


def test_cases_follow_the_survivor_and_both_numbers_stay(session):
    site, into = an_active_site(session, name="甲塘"), an_active_site(session, name="乙塘")
    case = a_case(session, site)
    merge(session, site, into)
    session.refresh(case)
    assert case.site_id == into.id
    assert (site.status, site.merged_into_id, site.open_cases) == (SiteStatus.MERGED, into.id, 0)
    assert (into.open_cases, into.has_suspected) == (1, True)
    assert actions(session, site)[-1] == "site.merged"
    assert actions(session, into)[-1] == "site.received"
    assert [one.number for one in read_record(session, into.id, SYSTEM).merged_in] == [site.number]


def test_two_open_cases_of_one_requirement_are_settled_first(session):
    site, into = an_active_site(session, name="甲塘"), an_active_site(session, name="乙塘")
    first = a_case(session, site)
    second = a_case(session, into, number="2026-P-00002")
    with pytest.raises(site_merging.SettleCasesFirst) as refused:
        merge(session, site, into)
    assert first.number in str(refused.value)
    assert second.number in str(refused.value)
    assert first.site_id == site.id


def test_only_active_sites_of_one_kind_are_merged(session):
    site = an_active_site(session)
    with pytest.raises(site_merging.IntoItself):
        merge(session, site, site)
    with pytest.raises(site_merging.OtherKind):
        merge(session, site, an_active_site(session, kind="straw", subtype="plot"))
    with pytest.raises(sites.WrongStatus):
        merge(session, site, add(session, name="草稿"))


# Lists


def listed(session, by=SYSTEM, **filters) -> list[str]:
    return [site.name for site in site_lists.list_sites(session, by, SiteFilters(**filters), now=NOW).items]


def test_late_things_come_first(session):
    a_site(session, name="正常")
    a_site(session, name="整改中", open_cases=1)
    a_site(session, name="即将到期", open_cases=1, case_due_at=NOW + timedelta(days=1))
    a_site(session, name="超期", open_cases=1, case_due_at=NOW - timedelta(days=1))
    a_site(session, name="挂牌", open_cases=1, is_listed=True)
    assert listed(session) == ["挂牌", "超期", "即将到期", "整改中", "正常"]
    assert listed(session, state="overdue") == ["超期"]
    assert listed(session, state="normal") == ["正常"]


def test_a_list_holds_only_what_the_officer_answers_for(session):
    a_site(session, name="西塘")
    a_site(session, name="东塘", at=IN_EAST)
    a_site(session, Kind.STRAW, name="西地")
    assert set(listed(session, an_actor(session, Role.TOWNSHIP, (WEST,)))) == {"西塘", "西地"}
    assert set(listed(session, an_actor(session, Role.DEPARTMENT, kinds=(Kind.POND,)))) == {"西塘", "东塘"}


def test_a_list_is_searched_by_number_name_and_village_but_never_by_operator(session):
    a_site(session, name="苇塘东塘", village_code=VILLAGE, number="P-990101100-0027")
    a_site(session, name="渠南地块", number="P-990101100-1028")
    add(session, name="有主塘", operator_name="赵六", geometry=Point(100.45, 38.95))
    assert listed(session, q="苇塘") == ["苇塘东塘"]
    assert listed(session, q="柳荫村") == ["苇塘东塘"]
    assert listed(session, q="地块") == ["渠南地块"]
    assert listed(session, q="p-990101100-0027") == ["苇塘东塘"]
    assert listed(session, q="１０２８") == ["渠南地块"]
    assert listed(session, q="赵六") == []


@pytest.mark.parametrize("q", ["%", "_", "\\", "'", '"', "%%' OR 1=1 --"])
def test_signs_of_sql_are_searched_for_as_they_are(session, q):
    a_site(session, name="苇塘东塘")
    assert listed(session, q=q) == []


def test_drafts_and_active_sites_are_listed_unless_another_status_is_asked_for(session):
    for status in (SiteStatus.ACTIVE, SiteStatus.DRAFT, SiteStatus.RETIRED, SiteStatus.REFUSED):
        a_site(session, name=f"塘{status}", status=status)
    assert set(listed(session)) == {"塘active", "塘draft"}
    assert listed(session, status="retired") == ["塘retired"]
    assert len(listed(session, status="all")) == 4


def test_sites_not_visited_for_long_are_found(session):
    a_site(session, name="从未")
    a_site(session, name="久未", last_visited_at=NOW - timedelta(days=40))
    a_site(session, name="刚去", last_visited_at=NOW)
    assert set(listed(session, visited="30")) == {"从未", "久未"}
    assert listed(session, visited="never") == ["从未"]


def test_a_page_beyond_the_last_gives_the_last(session):
    for number in range(site_lists.PAGE_SIZE + 1):
        a_site(session, name=f"塘{number}", number=f"P-990101100-{number:04d}")
    page = site_lists.list_sites(session, SYSTEM, SiteFilters(page=99), now=NOW)
    assert (page.page, page.pages, page.total, len(page.items)) == (2, 2, site_lists.PAGE_SIZE + 1, 1)
    assert (page.first, page.last) == (51, 51)


@pytest.mark.parametrize("sort", sorted(site_lists.SORTS))
def test_every_order_lists_every_site_once(session, sort):
    for number in range(3):
        a_site(session, name=f"塘{number}", area_m2=number or None)
    assert sorted(listed(session, sort=sort)) == ["塘0", "塘1", "塘2"]


def test_a_mistyped_filter_does_not_narrow(session):
    a_site(session, name="苇塘东塘")
    assert listed(session, kind="nonsense", status="'", state="x", sort="?", visited="soon", page=-3) == [
        "苇塘东塘"
    ]


def test_a_site_outside_the_scope_is_not_found(session):
    site = a_site(session)
    with pytest.raises(NotFound):
        sites.get_site(session, site.id, an_actor(session, Role.TOWNSHIP, (EAST,)))
    with pytest.raises(NotFound):
        read_record(session, uuid.uuid4(), SYSTEM)


def test_a_record_tells_visits_cases_and_story(session):
    site = an_active_site(session)
    a_case(session, site, state=CaseState.CLOSED)
    a_case(session, site, code="POND-02", number="2026-P-00002")
    record = read_record(session, site.id, SYSTEM)
    assert (record.township_name, record.village_name) == ("西镇", "柳荫村")
    assert [case.number for case in record.open_cases] == ["2026-P-00002"]
    assert len(record.cases) == 2
    assert [entry.action for entry in record.entries] == ["site.activated", "site.added"]


def test_the_ledger_of_all_this_is_sound(session):
    site = an_active_site(session, operator_name="张三")
    correct(session, site, name="苇塘北塘")
    session.execute(update(Site).values(open_cases=0))
    assert ledger.verify(session)[0] == 3
