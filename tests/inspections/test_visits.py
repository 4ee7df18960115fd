"""Taking visits in: judged, flagged, idempotent; findings open cases, corrections replace them."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from inspections import ledger, visits
from inspections.checklists.conditions import instant_text
from inspections.errors import InvalidFields, NotAllowed, NotFound
from inspections.models import Case, Finding, Site, Visit
from inspections.permissions import Actor, actor_of
from inspections.store import Store
from inspections.terms import Kind, Listing, Role, SiteStatus, VisitResult, VisitState
from inspections.visits import NotCorrectable, SiteNotVisited, VisitSavedAlready, WrongKind
from tests.factories import EAST, IN_EAST, NOW, WEST, a_county, a_pond_shape, a_site, an_officer
from tests.photos import a_photo
from tests.visit_payloads import CLEAN_POND, FOUL_POND, SCAR, a_payload, log, nothing_found, photo_of

FOUND = ("photo_overview", "photo_detail")
HOSTILE = [
    "<script>alert(1)</script>",
    "Robert'); DROP TABLE visits;--",
    "${7*7} `whoami` {{7*7}} %(name)s {name}",
    '"><img src=x onerror=alert(1)>',
    "=1+1\t@SUM(A1)",
]


@pytest.fixture
def session(store: Store):
    with store.write() as opened:
        a_county(opened)
        yield opened


@pytest.fixture
def site(session: Session) -> Site:
    return a_site(session, geometry=a_pond_shape(), area_m2=10_000.0)


@pytest.fixture
def by(session: Session) -> Actor:
    return an_actor(session, areas=(WEST,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def an_actor(session: Session, role: Role = Role.INSPECTOR, **named) -> Actor:
    return actor_of(an_officer(session, role, **named))


def problems_of(refusal: pytest.ExceptionInfo) -> set[str]:
    return set(refusal.value.problems)


def actions(session: Session, subject_id: uuid.UUID) -> list[str]:
    return [entry.action for entry in ledger.story(session, subject_id=subject_id)]


def fix(lon: float, lat: float, **named) -> dict:
    return {"lon": lon, "lat": lat, "accuracy_m": 8, "datum": "wgs84", "fixed_at": None} | named


# What is kept


def test_a_clean_visit_is_kept_with_its_photo_and_moves_the_site(session, site, by, folder):
    visit = log(session, a_payload(site), by=by, folder=folder)
    assert (visit.result, visit.state, visit.flags) == (VisitResult.NORMAL, VisitState.SUBMITTED, [])
    assert (visit.effective_at, visit.time_quality, visit.distance_m) == (NOW, "exact", 0)
    assert [photo.item for photo in visit.evidence] == ["photo_overview"]
    session.refresh(site)
    assert (site.last_visited_at, site.open_cases, site.row_version) == (NOW, 0, 1)
    entry = ledger.story(session, subject_id=visit.id)[0]
    assert (entry.action, ledger.facts_of(entry)["result"]) == ("visit.logged", "normal")


def test_findings_open_a_case_one_a_code(session, site, by, folder):
    visit = log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    assert [(found.code, found.keys) for found in visit.findings] == [("POND-01", ["colour", "odour"])]
    case = session.scalars(select(Case)).one()
    assert (visit.findings[0].case_id, case.code, case.site_id) == (case.id, "POND-01", site.id)
    assert {photo.phase for photo in visit.evidence} == {"before"}
    session.refresh(site)
    assert site.open_cases == 1


def test_a_second_visit_finds_it_still_there(session, site, by, folder):
    log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    again = log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    assert session.scalar(select(func.count()).select_from(Case)) == 1
    assert again.findings[0].still_there


def test_severity_and_its_steps_are_kept_with_the_finding(session, by, folder):
    plot = a_site(session, Kind.STRAW)
    answers = SCAR | {"burnt_area_mu": 120}
    found = log(
        session, a_payload(plot, answers), by=by, folder=folder, items=(*FOUND, "photo_fire")
    ).findings[0]
    assert (found.code, found.severity) == ("STRAW-02", "critical")
    assert [step["reason"] for step in found.severity_steps] == ["burnt_area"] * 3


def test_what_was_listed_before_weighs_more(session, site, by, folder):
    log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    session.scalars(select(Case)).one().listed = Listing.COUNTY
    found = log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND).findings[0]
    assert [step["reason"] for step in found.severity_steps] == ["listed"]


def test_judgements_keep_their_version_inputs_and_result(session, site, by, folder):
    answers = CLEAN_POND | {"transparency_cm": 30, "depth_cm": 90, "do_mgl": 6.5, "nh3n_mgl": 0.3}
    made = log(session, a_payload(site, answers), by=by, folder=folder).judgements
    assert (made["black_odour"]["result"], made["black_odour"]["version"]) == ("not", 1)
    assert made["water_class"]["inputs"]["do"] == 6.5


def test_milestones_come_from_the_countys_profile(session, site, by, folder):
    answers = CLEAN_POND | {"facility": "running", "oxidation_pond": "none", "fixed_on_spot": False}
    late = {"milestones": {"oxidation_pond": (NOW - timedelta(days=2)).date()}}
    visit = log(session, a_payload(site, answers), by=by, folder=folder, items=FOUND, profile=late)
    assert [found.code for found in visit.findings] == ["POND-06"]


def test_a_blocked_visit_could_not_inspect(session, site, by, folder):
    answers = {"access": "blocked", "access_reason": "桥断了"}
    visit = log(session, a_payload(site, answers), by=by, folder=folder)
    assert (visit.result, visit.findings) == (VisitResult.UNABLE, [])


def test_answers_are_kept_clean(session, site, by, folder):
    visit = log(session, a_payload(site, CLEAN_POND | {"remark": "  水清\u202e\x00 "}), by=by, folder=folder)
    assert visit.answers["remark"] == "水清"


def test_hostile_text_is_kept_as_text_and_nothing_of_it_is_in_the_ledger(session, site, by, folder):
    for number, text in enumerate(HOSTILE, 1):
        answers = CLEAN_POND | {"remark": text, "present_people": text}
        visit = log(session, a_payload(site, answers), by=by, folder=folder)
        session.expire(visit)
        assert visit.answers["remark"].split() == text.split()
        assert text not in ledger.story(session, subject_id=visit.id)[0].facts
        assert session.scalar(select(func.count()).select_from(Visit)) == number


def test_restricted_text_reaches_the_ledger_only_as_its_seal(session, by, folder):
    plot = a_site(session, Kind.STRAW)
    answers = SCAR | {"party_known": True, "party_name": "张三丰", "present_people": "李四光"}
    visit = log(session, a_payload(plot, answers), by=by, folder=folder, items=(*FOUND, "photo_fire"))
    told = [entry.facts for entry in ledger.story(session, site_id=plot.id)]
    assert len(told) == 2
    assert not any("张三丰" in facts or "李四光" in facts for facts in told)
    logged = next(orjson.loads(facts) for facts in told if "payload" in facts)
    assert logged["payload"] == ledger.seal(visit.salt, visit.payload)
    assert visit.hash not in "".join(told)  # a hash without salt could be guessed


# Sent twice


def test_the_same_bytes_again_are_the_same_visit(session, site, by, folder):
    payload = a_payload(site)
    first = log(session, payload, by=by, folder=folder)
    assert log(session, payload, by=by, folder=folder) is first
    assert actions(session, first.id) == ["visit.logged"]


def test_a_form_pressed_twice_is_one_visit_though_the_clock_went_on(session, site, by, folder):
    payload = a_payload(site)
    first = log(session, payload, by=by, folder=folder)
    later = payload | {"saved_at": instant_text(NOW + timedelta(seconds=3))}
    assert log(session, later, by=by, folder=folder, now=NOW + timedelta(seconds=3)) is first


def test_other_content_under_the_same_id_is_a_conflict_that_carries_both(session, site, by, folder):
    payload = a_payload(site)
    log(session, payload, by=by, folder=folder)
    other = payload | {"answers": CLEAN_POND | {"remark": "另一份"}}
    with pytest.raises(VisitSavedAlready) as refusal:
        log(session, other, by=by, folder=folder)
    assert refusal.value.facts["yours"]["answers"]["remark"] == "另一份"
    assert "remark" not in refusal.value.facts["theirs"]["answers"]


def test_offline_even_another_saving_time_is_other_content(session, site, by, folder):
    payload = a_payload(site)
    log(session, payload, by=by, folder=folder, online=False)
    with pytest.raises(VisitSavedAlready):
        log(
            session,
            payload | {"saved_at": instant_text(NOW)[:-5] + ".001Z"},
            by=by,
            folder=folder,
            online=False,
        )


def test_the_same_visit_sent_by_several_at_once_is_one(store, folder):
    with store.write() as session:
        a_county(session)
        site, by = a_site(session), an_actor(session, areas=(WEST,))
    entry, kept = photo_of(folder, "photo_overview")
    same = a_payload(site, photos=[entry])
    others = [nothing_found(site) for _ in range(4)]

    def put(payload: dict) -> uuid.UUID:
        with store.write() as session:
            body = orjson.dumps(payload)
            return visits.log_visit(session, payload, body, by=by, now=NOW, kept={kept.sha256: kept}).id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(put, [same, *others, same, same, same]))
    assert len(set(ids)) == 5
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Visit)) == 5
        assert ledger.verify(session)[0] == 5


# Nothing found


def test_nothing_found_asks_for_nothing_and_is_a_visit(session, site, by, folder):
    visit = log(session, nothing_found(site), by=by, folder=folder)
    assert (visit.nothing_found, visit.visit_type, visit.result) == (True, "patrol", VisitResult.NORMAL)
    assert (visit.answers, visit.judgements, visit.findings, visit.flags) == ({}, {}, [], [])
    session.refresh(site)
    assert site.last_visited_at == NOW


def test_nothing_found_with_photos_keeps_them(session, site, by, folder):
    entry, kept = photo_of(folder, "photo_overview")
    visit = log(session, nothing_found(site, photos=[entry]), by=by, folder=folder, kept={kept.sha256: kept})
    assert [photo.sha256 for photo in visit.evidence] == [kept.sha256]


def test_nothing_found_where_a_case_is_open_is_taken_and_flagged(session, site, by, folder):
    log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    assert log(session, nothing_found(site), by=by, folder=folder).flags == ["case_open"]


def test_nothing_found_from_afar_needs_no_reason(session, site, by, folder):
    visit = log(session, nothing_found(site, position=fix(*IN_EAST)), by=by, folder=folder)
    assert visit.flags == ["far_from_site"]


@pytest.mark.parametrize(
    "named", [{"visit_type": "census"}, {"answers": {"water_state": "dry"}}, {"answers": FOUL_POND}]
)
def test_nothing_found_with_something_found_is_refused(session, site, by, folder, named):
    with pytest.raises(InvalidFields) as refusal:
        log(session, nothing_found(site, **named), by=by, folder=folder)
    assert "nothing_found" in problems_of(refusal)


# Flags


@pytest.mark.parametrize(
    ("named", "flag"),
    [
        ({"position": None}, "no_position"),
        ({"position": fix(100.4050, 38.93)}, "far_from_site"),
        ({"position": fix(100.40, 38.93, accuracy_m=51)}, "rough_position"),
        ({"started_at": instant_text(NOW - timedelta(seconds=59))}, "too_fast"),
    ],
)
def test_a_flag_is_raised_and_never_blocks(session, site, by, folder, named, flag):
    assert log(session, a_payload(site, **named), by=by, folder=folder).flags == [flag]


@pytest.mark.parametrize(
    "named",
    [
        {"position": fix(100.4027, 38.93)},  # 180 m beyond the edge, 230 m from the middle
        {"position": fix(100.40, 38.93, accuracy_m=50)},
        {"position": fix(100.40, 38.93, accuracy_m=None)},
        {"started_at": instant_text(NOW - timedelta(seconds=60))},
        {"started_at": None},
    ],
)
def test_at_the_limit_there_is_no_flag(session, site, by, folder, named):
    assert log(session, a_payload(site, **named), by=by, folder=folder).flags == []


def test_few_answers_may_be_fast(session, site, by, folder):
    fast = instant_text(NOW - timedelta(seconds=5))
    answers = {"access": "blocked", "access_reason": "桥断了"}
    assert log(session, a_payload(site, answers, started_at=fast), by=by, folder=folder).flags == []


def test_distance_is_measured_to_the_edge(session, site, by, folder):
    visit = log(session, a_payload(site, position=fix(100.4050, 38.93)), by=by, folder=folder)
    assert visit.distance_m == pytest.approx(383, abs=3)  # the edge is 50 m from the middle


@pytest.mark.parametrize(("datum", "shifted"), [("gcj02", 100.4017), ("bd09", 100.4081)])
def test_a_shifted_position_is_turned_into_cgcs2000(session, site, by, folder, datum, shifted):
    lon, lat = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}[datum](100.40, 38.93)
    assert lon == pytest.approx(shifted, abs=0.0005)
    visit = log(session, a_payload(site, position=fix(lon, lat, datum=datum)), by=by, folder=folder)
    assert (visit.lon, visit.lat) == (pytest.approx(100.40, abs=2e-5), pytest.approx(38.93, abs=2e-5))
    assert (visit.datum, visit.distance_m) == (datum, 0)


def test_a_photo_without_place_is_flagged(session, site, by, folder):
    entry, kept = photo_of(folder, "photo_overview", a_photo(taken="2026:11:12 10:00:00"))
    payload = a_payload(site, photos=[entry])
    assert log(session, payload, by=by, folder=folder, items=(), kept={kept.sha256: kept}).flags == [
        "photo_no_geotag"
    ]


def test_a_photo_placed_by_the_device_is_not_flagged(session, site, by, folder):
    entry, kept = photo_of(
        folder, "photo_overview", a_photo(), taken_at=instant_text(NOW), position=fix(100.40, 38.93)
    )
    visit = log(
        session, a_payload(site, photos=[entry]), by=by, folder=folder, items=(), kept={kept.sha256: kept}
    )
    assert visit.flags == []
    assert (visit.evidence[0].position_source, visit.evidence[0].capture) == ("device", "camera")


def test_a_photo_that_was_evidence_elsewhere_is_flagged(session, site, by, folder):
    log(session, a_payload(a_site(session, at=(100.41, 38.93))), by=by, folder=folder)
    assert log(session, a_payload(site), by=by, folder=folder).flags == ["photo_reused"]


# Scope and sites


def test_a_site_out_of_scope_is_not_there(session, by, folder):
    with pytest.raises(NotFound):
        log(session, a_payload(a_site(session, at=IN_EAST)), by=by, folder=folder)


def test_a_visit_made_offline_out_of_scope_is_kept_and_flagged(session, by, folder):
    visit = log(session, a_payload(a_site(session, at=IN_EAST)), by=by, folder=folder, online=False)
    assert visit.flags == ["time_uncertain", "outside_scope"]


def test_a_visit_made_offline_without_a_sure_clock_says_so(session, site, by, folder):
    saved = NOW - timedelta(hours=3)
    payload = a_payload(
        site, saved_at=instant_text(saved), started_at=instant_text(saved - timedelta(minutes=9))
    )
    visit = log(session, payload, by=by, folder=folder, online=False)
    assert (visit.effective_at, visit.time_quality, visit.flags) == (saved, "uncertain", ["time_uncertain"])


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=400)])
def test_a_visit_from_the_future_counts_from_its_arrival(session, site, by, folder, ahead):
    payload = a_payload(site, saved_at=instant_text(NOW + ahead), started_at=None)
    visit = log(session, payload, by=by, folder=folder, online=False)
    assert (visit.effective_at, visit.saved_at) == (NOW, NOW + ahead)


def test_only_who_logs_visits_may(session, site, folder):
    for who in (
        an_actor(session, Role.ADMIN),
        an_actor(session, Role.LEADER, read_only=True),
    ):
        with pytest.raises(NotAllowed):
            log(session, a_payload(site), by=who, folder=folder)


def test_a_retired_site_is_not_visited(session, site, by, folder):
    site.status = SiteStatus.RETIRED
    with pytest.raises(SiteNotVisited):
        log(session, a_payload(site), by=by, folder=folder)


def test_a_visit_to_a_merged_site_goes_to_the_survivor(session, site, by, folder):
    gone = a_site(session, status=SiteStatus.MERGED, merged_into_id=site.id)
    assert log(session, a_payload(gone), by=by, folder=folder).site_id == site.id


def test_a_site_of_another_kind_is_refused(session, site, by, folder):
    with pytest.raises(WrongKind):
        log(session, a_payload(site, SCAR, kind="straw"), by=by, folder=folder)


# What is refused


def test_all_that_is_missing_is_named_at_once(session, site, by, folder):
    with pytest.raises(InvalidFields) as refusal:
        log(
            session,
            a_payload(site, {"access": "reached", "water_state": "open"}),
            by=by,
            folder=folder,
            items=(),
        )
    assert problems_of(refusal) >= {"colour", "odour", "inflow", "photo_overview", "stage"}


WRONG_ANSWERS = [
    ("water_area_m2", float("nan")),
    ("water_area_m2", float("inf")),
    ("water_area_m2", -float("inf")),
    ("water_area_m2", "1200"),
    ("water_area_m2", True),
    ("water_area_m2", 1e300),
    ("colour", "purple"),
    ("colour", ["black"]),
    ("sign_board", "yes"),
    ("remark", "长" * 1001),
    ("no_such_item", 1),
]


def test_an_answer_that_is_none_is_refused_beside_its_item(session, site, by, folder):
    for key, value in WRONG_ANSWERS:
        with pytest.raises(InvalidFields) as refusal:
            log(session, a_payload(site, CLEAN_POND | {key: value}), by=by, folder=folder)
        assert problems_of(refusal) == {key}, value


def test_far_away_needs_a_reason_under_remark(session, site, by, folder):
    payload = a_payload(site, position=fix(100.43, 38.93))
    with pytest.raises(InvalidFields) as refusal:
        log(session, payload, by=by, folder=folder)
    assert str(refusal.value.problems["remark"]).startswith("The position is 2.6 km from the site.")
    payload["answers"]["remark"] = "路断，在对岸用望远镜查看"
    assert log(session, payload, by=by, folder=folder).flags == ["far_from_site"]


WRONG_FIELDS = [
    ("id", "7"),
    ("site_id", None),
    ("kind", "swamp"),
    ("checklist", ""),
    ("visit_type", 7),
    ("nothing_found", "no"),
    ("started_at", "yesterday"),
    ("saved_at", None),
    ("saved_at", "2026-13-01T00:00:00Z"),
    ("position", {"lon": 100.4, "lat": 38.9, "datum": "bj54"}),
    ("position", {"lon": "100.4", "lat": 38.9, "datum": "wgs84"}),
    ("position", fix(float("nan"), 38.9)),
    ("position", fix(181, 38.9)),
    ("position", fix(100.4, 38.9, accuracy_m=-1)),
    ("position", []),
    ("answers", []),
    ("photos", {}),
    ("photos", [{"sha256": "x", "item": "photo_overview"}]),
    ("photos", [{"sha256": "0" * 64, "item": 7}]),
    ("photos", [{"sha256": f"{n:064d}", "item": "photo_detail"} for n in range(21)]),
    ("clock", 7),
    ("supersedes", "x"),
]


def test_a_field_that_is_not_what_it_should_be_is_named(session, site, by):
    for field, value in WRONG_FIELDS:
        with pytest.raises(InvalidFields) as refusal:
            visits.log_visit(session, a_payload(site) | {field: value}, b"{}", by=by, now=NOW, kept={})
        assert problems_of(refusal) == {field}, value
        assert str(refusal.value.problems[field])


def test_a_type_of_visit_that_is_none_is_refused_by_the_checklist(session, site, by, folder):
    for visit_type in (None, "party", ""):
        with pytest.raises(InvalidFields) as refusal:
            log(session, a_payload(site, visit_type=visit_type), by=by, folder=folder)
        assert problems_of(refusal) == {"visit_type"}


def test_what_is_no_visit_at_all_is_refused(session, by):
    for payload in (None, [], "visit", {}, 7):
        with pytest.raises(InvalidFields):
            visits.log_visit(session, payload, b"", by=by, now=NOW, kept={})


def test_a_photo_that_did_not_arrive_is_named_by_its_item(session, site, by):
    payload = a_payload(site, photos=[{"sha256": "0" * 64, "item": "photo_overview"}])
    with pytest.raises(InvalidFields) as refusal:
        visits.log_visit(session, payload, b"{}", by=by, now=NOW, kept={})
    assert problems_of(refusal) == {"photo_overview"}


def a_ring(lon: float, lat: float, side: float) -> dict:
    ring = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    "shape",
    [
        {
            "type": "Polygon",
            "coordinates": [[[100.4, 38.9], [100.41, 38.91], [100.41, 38.9], [100.4, 38.91], [100.4, 38.9]]],
        },
        a_ring(100.4, 38.9, 0.1),
        a_ring(120.0, 30.0, 0.001),
    ],
    ids=["bow-tie", "too large", "another province"],
)
def test_an_outline_that_cannot_be_is_refused(session, by, folder, shape):
    plot = a_site(session, Kind.STRAW)
    payload = a_payload(plot, SCAR | {"burnt_shape": shape})
    with pytest.raises(InvalidFields) as refusal:
        log(session, payload, by=by, folder=folder, items=(*FOUND, "photo_fire"))
    assert problems_of(refusal) == {"burnt_shape"}


def test_a_sound_outline_is_kept(session, by, folder):
    plot = a_site(session, Kind.STRAW)
    payload = a_payload(plot, SCAR | {"burnt_shape": a_ring(100.4, 38.93, 0.001)})
    visit = log(session, payload, by=by, folder=folder, items=(*FOUND, "photo_fire"))
    assert visit.answers["burnt_shape"]["type"] == "Polygon"


# Corrections


def correct(session: Session, old: Visit, site: Site, answers: dict, **arguments) -> Visit:
    payload = a_payload(site, answers, supersedes=str(old.id), position=None)
    return log(session, payload, now=NOW + timedelta(hours=1), **arguments)


def test_a_correction_replaces_the_findings_and_keeps_the_time_of_the_trip(session, site, by, folder):
    old = log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    new = correct(session, old, site, CLEAN_POND, by=by, folder=folder)
    assert [found.replaced for found in old.findings] == [True]
    assert (new.findings, new.effective_at, new.supersedes_id) == ([], NOW, old.id)
    assert session.scalars(select(Case)).one().proposal == "unfounded"
    assert "photo_reused" not in new.flags
    assert actions(session, old.id) == ["visit.superseded", "visit.logged"]


def test_a_corrected_finding_stays_with_its_case(session, site, by, folder):
    old = log(session, a_payload(site, FOUL_POND), by=by, folder=folder, items=FOUND)
    new = correct(session, old, site, FOUL_POND | {"odour": "strong"}, by=by, folder=folder, items=FOUND)
    case = session.scalars(select(Case)).one()
    assert (new.findings[0].case_id, case.proposal) == (case.id, "")
    assert session.scalar(select(func.count()).select_from(Finding).where(Finding.replaced.is_(False))) == 1


def test_a_visit_is_corrected_once(session, site, by, folder):
    old = log(session, a_payload(site), by=by, folder=folder)
    correct(session, old, site, CLEAN_POND, by=by, folder=folder)
    with pytest.raises(NotCorrectable):
        correct(session, old, site, CLEAN_POND, by=by, folder=folder)


def test_somebody_elses_visit_is_corrected_only_after_it_was_sent_back(session, site, by, folder):
    old = log(session, a_payload(site), by=by, folder=folder)
    colleague = an_actor(session, areas=(WEST,))
    with pytest.raises(NotAllowed):
        correct(session, old, site, CLEAN_POND, by=colleague, folder=folder)
    old.state, old.review_note = VisitState.RETURNED, "照片不清"
    assert correct(session, old, site, CLEAN_POND, by=colleague, folder=folder).supersedes_id == old.id


@pytest.mark.parametrize("state", [VisitState.REVIEWED, VisitState.VOID])
def test_a_reviewed_or_void_visit_is_not_corrected(session, site, by, folder, state):
    old = log(session, a_payload(site), by=by, folder=folder)
    old.state = state
    with pytest.raises(NotCorrectable):
        correct(session, old, site, CLEAN_POND, by=by, folder=folder)


def test_a_visit_is_not_corrected_onto_another_site(session, site, by, folder):
    old = log(session, a_payload(site), by=by, folder=folder)
    with pytest.raises(NotCorrectable):
        correct(session, old, a_site(session, at=(100.41, 38.93)), CLEAN_POND, by=by, folder=folder)


def test_out_of_scope_nobodys_visit_is_there_to_correct(session, site, by, folder):
    old = log(session, a_payload(site), by=by, folder=folder)
    stranger = an_actor(session, areas=(EAST,))
    with pytest.raises(NotFound):
        visits.visit_to_correct(session, old.id, by=stranger)
