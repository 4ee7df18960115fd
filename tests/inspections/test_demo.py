"""The demo county: one generator for demo, tests and benchmarks."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest
import shapely
from pyproj import Geod
from sqlalchemy import func, select

from geo.datums import read_local_datums
from inspections import checklists, demo, ledger
from inspections.checklists.conditions import make_context
from inspections.demo.answers import FAULTS, faulty_answers, kind_of, photo_items, sound_answers
from inspections.demo.profile import demo_profile, profile_text
from inspections.layers import list_kinds
from inspections.layers.overlaps import list_site_overlaps
from inspections.map_states import state_column
from inspections.models import (
    Area,
    Base,
    Body,
    Case,
    Evidence,
    Finding,
    LayerFeature,
    LedgerEntry,
    Officer,
    Site,
    Visit,
)
from inspections.settings import Settings
from inspections.store import Store
from inspections.terms import AreaLevel, CaseState, Kind, MapState
from tests.factories import a_county

UNTIL = datetime(2026, 11, 12, 2, tzinfo=UTC)


def built(store: Store, folder, *, sites=300) -> Store:
    demo.build(store, Settings(data=folder), sites=sites, photos=20, until=UNTIL)
    return store


def digest_of(store: Store) -> str:
    """One hash over every row of every table, in the order of its key."""
    found = hashlib.sha256()
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table).order_by(*table.primary_key)):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def test_the_same_seed_and_day_give_the_same_bytes(sqlite_store, tmp_path):
    other = Store(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    other.migrate()
    first = digest_of(built(sqlite_store, tmp_path / "one", sites=200))
    assert digest_of(built(other, tmp_path / "two", sites=200)) == first
    other.close()
    photos = [sorted(path.name for path in (tmp_path / name).rglob("*.jpg")) for name in ("one", "two")]
    assert photos[0] == photos[1] != []


def test_the_county_is_as_large_and_lies_where_it_was_said(store, tmp_path):
    built(store, tmp_path)
    with store.read() as session:
        areas = session.scalars(select(Area)).all()
    levels = Counter(area.level for area in areas)
    assert levels == {AreaLevel.COUNTY: 1, AreaLevel.TOWNSHIP: 18, AreaLevel.VILLAGE: 240}
    county = next(area.geometry for area in areas if area.level is AreaLevel.COUNTY)
    assert 3_500e6 < abs(Geod(ellps="GRS80").geometry_area_perimeter(county)[0]) < 3_900e6
    assert county.covers(shapely.box(100.30, 38.75, 100.65, 39.10))
    assert shapely.box(100.10, 38.55, 100.87, 39.40).covers(county)
    townships = [area.geometry for area in areas if area.level is AreaLevel.TOWNSHIP]
    assert shapely.union_all(townships).symmetric_difference(county).area < county.area * 1e-6


def test_every_site_lies_in_its_township_and_village(store, tmp_path):
    built(store, tmp_path)
    with store.read() as session:
        shapes = dict(session.execute(select(Area.code, Area.geometry)).all())
        sites = session.scalars(select(Site)).all()
    assert len(sites) == 300
    assert {site.kind for site in sites} == set(Kind)
    for site in sites:
        spot = shapely.Point(site.lon, site.lat)
        assert shapes[site.township_code].distance(spot) < 0.02  # a field may reach over the line
        assert site.geometry.distance(spot) < 1e-6


def test_it_has_every_layer_for_reference_and_sites_that_lie_in_them(store, tmp_path):
    built(store, tmp_path)
    with store.read() as session:
        county = session.scalars(select(Area.geometry).where(Area.level == AreaLevel.COUNTY)).one()
        kinds = {one.kind: one.current for one in list_kinds(session)}
        assert all(layer and layer.source and layer.dated and layer.features for layer in kinds.values())
        shapes = session.scalars(select(LayerFeature.geometry)).all()
        sheds = session.scalars(select(Site).where(Site.kind == Kind.GREENHOUSE)).all()
        told = {list_site_overlaps(session, shed)[0].inside for shed in sheds}
    assert all(shape.is_valid for shape in shapes)
    assert shapely.covers(county.buffer(1e-6), shapes).all()
    assert told == {True, False}


def test_its_ledger_verifies_and_runs_in_time(store, tmp_path):
    built(store, tmp_path)
    with store.read() as session:
        count, _ = ledger.verify(session)
        times = session.scalars(select(LedgerEntry.at).order_by(LedgerEntry.number)).all()
        visits = session.scalar(select(func.count()).select_from(Visit))
    assert count > visits
    assert list(times) == sorted(times)
    assert times[-1] <= UNTIL


def test_cases_stand_in_every_state_and_sites_show_what_their_cases_say(store, tmp_path):
    built(store, tmp_path, sites=3000)
    with store.read() as session:
        states = Counter(session.scalars(select(Case.state)))
        shown = Counter(session.scalars(select(state_column(UNTIL)).select_from(Site)))
        listed = session.scalar(select(func.count()).where(Site.is_listed))
        orphans = session.scalar(select(func.count()).select_from(Finding).where(Finding.case_id.is_(None)))
        photos = session.scalars(select(Evidence)).all()
    assert set(states) >= set(CaseState) - {CaseState.MERGED}
    assert set(shown) == set(MapState)
    assert shown[MapState.LISTED] == listed
    assert orphans == 0
    for photo in photos[:20]:
        data = (tmp_path / "evidence" / photo.sha256[:2] / f"{photo.sha256}.jpg").read_bytes()
        assert hashlib.sha256(data).hexdigest() == photo.sha256


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_answers_of_a_finding_open_that_code_and_no_other(code):
    rng, kind = Random(code), kind_of(code)  # noqa: S311
    found = checklists.load_checklist("2026.1")
    for _ in range(20):
        answers = faulty_answers(code, rng, 3000.0, UNTIL)
        outcome = judged(found, kind, answers, opened=True)
        assert [finding.code for finding in outcome.findings] == [code]
        assert not outcome.problems
        assert not outcome.missing


@pytest.mark.parametrize("kind", list(Kind))
def test_sound_answers_are_whole_and_open_nothing(kind):
    found = checklists.load_checklist("2026.1")
    for _ in range(20):
        answers = sound_answers(kind, Random(7), 3000.0)  # noqa: S311
        outcome = judged(found, kind, answers, opened=False)
        assert not outcome.findings
        assert not outcome.problems
        assert not outcome.missing


def judged(found, kind, answers, *, opened):
    photos = dict.fromkeys(photo_items(answers, opened), 1)
    context = make_context(UNTIL, site={"area_m2": 3000.0, "subtype": "area"})
    return checklists.evaluate(found, kind, answers, visit_type="patrol", photos=photos, context=context)


def test_a_real_county_is_never_overwritten(store, tmp_path, now):
    assert not demo.is_built(store)
    built(store, tmp_path, sites=50)
    assert demo.is_built(store)
    with store.write() as session:
        session.query(Area).delete()
        a_county(session)
        session.query(Area).filter_by(level=AreaLevel.COUNTY).update({"code": "620702000000"})
    with pytest.raises(demo.AnotherCounty):
        demo.is_built(store)


def test_a_case_goes_to_the_body_of_its_township(store, tmp_path):
    built(store, tmp_path)
    with store.read() as session:
        names = dict(session.execute(select(Area.code, Area.name)).all())
        assigned = session.execute(
            select(Case.township_code, Body.name).join(Body, Case.body_id == Body.id)
        ).all()
    assert assigned
    assert all(body.startswith(names[code]) for code, body in assigned)


def test_six_accounts_are_named_after_their_roles(store, tmp_path):
    built(store, tmp_path, sites=50)
    with store.read() as session:
        names = set(session.scalars(select(Officer.name)))
    assert {name for name, _ in demo.ACCOUNTS} <= names
    assert demo.ACCOUNTS[0] == ("inspector", "demo-inspector")


def test_the_parameters_shown_in_the_profile_are_read_once_the_hashes_are_taken_away():
    shown = profile_text(UNTIL.date()).replace("\n# dx", "\ndx").replace("\n# [datums", "\n[datums")
    for name in ("dy", "dz", "rx", "ry", "rz", "scale_ppm", "convention"):
        shown = shown.replace(f"\n# {name} =", f"\n{name} =")
    local = read_local_datums(tomllib.loads(shown))
    assert local.xian80 is not None
    assert (local.xian80.dx, local.xian80.dy, local.xian80.dz) == (-12.5, 8.2, -3.1)
    assert read_local_datums(demo_profile(UNTIL.date())).xian80 is None
