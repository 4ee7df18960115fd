"""The map's files: what is in them, for whom they are cut, and how they are kept true."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain, combinations

import numpy as np
import pytest
from shapely import LineString, MultiPoint, Point, Polygon
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.packing import unpack
from inspections import ledger
from inspections.deadlines import beijing_day
from inspections.map_files import PARTS, MapFiles, MapNotReady, Scope, keeping
from inspections.map_files.county import read_county
from inspections.map_files.parts import cut
from inspections.map_files.scopes import rows_in
from inspections.models import Site
from inspections.permissions import SYSTEM, Actor, in_scope, site_filter
from inspections.store import Store
from inspections.terms import Kind, SiteStatus
from tests.factories import COUNTY, EAST, IN_EAST, NOW, VILLAGE, WEST, a_body, a_pond_shape, a_site

SECOND = timedelta(seconds=1)
FIRST_DAY = date(2020, 1, 1)
FIRST_MINUTE = datetime(2020, 1, 1, tzinfo=UTC)
SHAPED = [
    a_pond_shape(),
    Polygon(
        [(100.40, 38.93), (100.41, 38.93), (100.41, 38.94)],
        [[(100.405, 38.931), (100.408, 38.931), (100.408, 38.934)]],
    ),
    LineString([(100.40, 38.93), (100.41, 38.94), (100.40, 38.95)]),
    MultiPoint([(100.40, 38.93), (100.41, 38.93)]),
]


def a_varied_county(session: Session) -> None:
    """Sites of every kind, status, scope and shape."""
    body = a_body(session)
    a_site(session, Kind.POND, is_listed=True, case_due_at=NOW + SECOND, open_cases=1, village_code=VILLAGE)
    a_site(session, Kind.STRAW, has_suspected=True, open_cases=2, body_id=body.id, status=SiteStatus.DRAFT)
    a_site(session, Kind.GREENHOUSE, case_closed_on=date(2026, 10, 14), case_due_at=NOW)
    a_site(session, Kind.AFFORESTATION, at=IN_EAST, last_visited_at=datetime(2026, 1, 1, 16, tzinfo=UTC))
    a_site(session, Kind.POND, at=IN_EAST, case_closed_on=date(2019, 5, 1), last_visited_at=FIRST_MINUTE)
    a_site(session, Kind.POND, status=SiteStatus.RETIRED, name="已退出")
    a_site(session, Kind.STRAW, at=(100.1234565, 39.3999995), geometry=Point(100.1234565, 39.3999995))
    for shape in SHAPED:
        a_site(session, Kind.POND, geometry=shape)


def shown(session: Session) -> list[Site]:
    return list(session.scalars(select(Site).where(Site.status.in_(("draft", "active")))))


def interleaved(site: Site) -> int:
    across, up = round(site.lon * 1e6) + 180_000_000, round(site.lat * 1e6) + 90_000_000
    return sum(((across >> bit & 1) << 2 * bit) + ((up >> bit & 1) << 2 * bit + 1) for bit in range(30))


def minutes(instant: datetime | None) -> int:
    return 0 if instant is None else -(-(instant - FIRST_MINUTE) // timedelta(minutes=1)) + 1


def days(day: date | None) -> int:
    return 0 if day is None else max((day - FIRST_DAY).days, 0) + 1


def place(codes: list[str], code: object) -> int:
    """One more than where it is; 0 for none."""
    return 0 if code is None else codes.index(str(code)) + 1


def test_the_files_say_of_each_site_what_its_row_says(county, monkeypatch):
    monkeypatch.setattr("inspections.map_files.county._PAGE", 4)
    with county.write() as session:
        a_varied_county(session)
        sites = sorted(shown(session), key=lambda site: (interleaved(site), site.pk))
        read = read_county(session)
    everything = np.arange(len(sites))
    first, second, third = (unpack(cut(read, everything, part).plain()) for part in PARTS)
    codes, villages, bodies = first.facts["townships"], second.facts["villages"], second.facts["bodies"]
    assert first.facts["kinds"] == list(Kind)
    assert (codes, villages) == ([WEST, EAST], [VILLAGE])
    columns = {name: list(values) for one in (first, second, third) for name, values in one.columns.items()}
    for row, site in enumerate(sites):
        visited = site.last_visited_at
        bits = (site.is_listed, site.has_suspected, site.open_cases > 0, site.status == SiteStatus.DRAFT)
        told = {
            "x": round(site.lon * 1e6),
            "y": round(site.lat * 1e6),
            "kind": list(Kind).index(site.kind),
            "facts": sum(bit << at for at, bit in enumerate(bits)),
            "due": minutes(site.case_due_at),
            "closed": days(site.case_closed_on),
            "township": codes.index(site.township_code),
            "key": site.pk,
            "village": place(villages, site.village_code),
            "body": place(bodies, site.body_id),
            "visited": days(visited and beijing_day(visited)),
            "name": site.name,
            "number": site.number,
        }
        assert {name: columns[name][row] for name in told} == told
    rows = [row for row, site in enumerate(sites) if site.geometry.geom_type in ("Polygon", "LineString")]
    assert columns["shape_row"] == rows
    assert sorted(columns["shape_rings"]) == [1, 1, 2]
    assert {first.order, second.order, third.order} == {first.order}
    assert (first.part, first.rows) == ("sites", len(sites))


def test_a_deadline_is_rounded_up_to_the_minute(sqlite_county):
    with sqlite_county.write() as session:
        for due_at in (NOW, NOW + timedelta(microseconds=1), NOW + timedelta(seconds=59)):
            a_site(session, case_due_at=due_at)
        due = read_county(session).due
    assert (due - due[0]).tolist() == [0, 1, 1]


def test_a_visit_counts_on_its_day_in_beijing(county):
    evening = datetime(2026, 11, 11, 16, 0, tzinfo=UTC)
    with county.write() as session:
        a_site(session, last_visited_at=evening)
        a_site(session, last_visited_at=evening - timedelta(microseconds=1))
        visited = read_county(session).visited
    assert visited.tolist() == [days(date(2026, 11, 12)), days(date(2026, 11, 11))]


def test_a_county_without_sites_has_empty_files(county):
    with county.read() as session:
        read = read_county(session)
    for part in PARTS:
        file = unpack(cut(read, np.arange(0), part).plain())
        assert file.rows == 0
        assert all(len(values) == 0 for values in file.columns.values())


# Scopes


SOME_AREAS = (COUNTY, WEST, EAST, VILLAGE, "990101300000")
SOME_KINDS = (Kind.POND, Kind.STRAW)


def some_of(things: tuple) -> Iterator[tuple]:
    return chain.from_iterable(combinations(things, size) for size in range(len(things) + 1))


def test_the_rows_of_a_scope_are_those_that_permissions_give(sqlite_county):
    with sqlite_county.write() as session:
        a_varied_county(session)
        read, sites = read_county(session), {site.pk: site for site in shown(session)}
        for areas in some_of(SOME_AREAS):
            for kinds in some_of(SOME_KINDS):
                actor = Actor(None, "林某", "inspector", areas=frozenset(areas), kinds=frozenset(kinds))
                held = set(read.key[rows_in(read, Scope.of(actor))].tolist())
                assert held == {pk for pk, site in sites.items() if in_scope(actor, site)}
                allowed = select(Site.pk).where(site_filter(actor))
                assert held == set(session.scalars(allowed)) & sites.keys()


@pytest.mark.parametrize(
    "scope", [Scope(frozenset({WEST})), Scope(frozenset({VILLAGE})), Scope(kinds=frozenset({"pond"}))]
)
def test_a_scopes_files_hold_nothing_of_what_lies_outside(sqlite_county, scope):
    actor = Actor(None, "林某", "inspector", areas=scope.areas, kinds=scope.kinds)
    with sqlite_county.write() as session:
        bodies = [a_body(session) for _ in range(2)]
        a_site(session, name="界内坑塘", village_code=VILLAGE, body_id=bodies[0].id, geometry=a_pond_shape())
        outside = a_site(
            session, Kind.STRAW, at=IN_EAST, name="界外地块", body_id=bodies[1].id, geometry=SHAPED[1]
        )
        outside.village_code = "990101200201"
        session.flush()
        read = read_county(session)
        held, hidden = (set(map(str, row)) for row in facts_of_sites(session, actor))
    rows = rows_in(read, scope)
    assert len(rows) == 1
    for part in PARTS:
        data = cut(read, rows, part).plain()
        assert [word for word in hidden - held if word.encode() in data] == []
    shapes = unpack(cut(read, rows, "shapes").plain())
    assert shapes.columns["ring_points"].tolist() == [4]


def facts_of_sites(session: Session, actor: Actor) -> tuple[list[str], list[str]]:
    """Words that tell a site, of those in scope and of those outside."""
    words: tuple[list[str], list[str]] = ([], [])
    for site in session.scalars(select(Site)):
        told = (site.name, site.number, site.township_code, site.village_code, str(site.body_id))
        words[not in_scope(actor, site)].extend(told)
    return words


def test_the_files_of_a_scope_go_together_and_those_of_another_do_not(sqlite_county):
    with sqlite_county.write() as session:
        a_varied_county(session)
        read = read_county(session)
    orders = {
        scope: {unpack(cut(read, rows_in(read, scope), part).plain()).order for part in PARTS}
        for scope in (Scope(), Scope(frozenset({WEST})), Scope(kinds=frozenset({"pond"})))
    }
    assert all(len(found) == 1 for found in orders.values())
    assert len(set.union(*orders.values())) == 3


# Keeping


class Clock:
    """A time of day and seconds for waiting, both moved by hand."""

    def __init__(self) -> None:
        self.now, self.s = NOW, 0.0

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a fresh edition as long as it takes on a busy machine."""
    monkeypatch.setattr(keeping, "PATIENCE_S", 30)


@pytest.fixture
def files(county: Store, clock: Clock) -> MapFiles:
    return MapFiles(county, lambda: clock.now, lambda: clock.s)


@pytest.fixture
def sqlite_files(sqlite_county: Store, clock: Clock) -> MapFiles:
    return MapFiles(sqlite_county, lambda: clock.now, lambda: clock.s)


def add_site(store: Store, **named: object) -> None:
    """Add a site as a use case does: with its entry."""
    with store.write() as session:
        site = a_site(session, **named)
        ledger.append(session, SYSTEM, "site.added", "site", site.id, at=NOW, site_id=site.id)


def asked(store: Store, files: MapFiles, clock: Clock) -> keeping.Kept:
    with store.read() as session:
        return files.current(session, clock.now)


class Gate:
    """Stands before the reading of a county: counts those who come, and lets them in when it is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.came = threading.Event(), threading.Semaphore(0)
        self.count, self.inside, self.most = 0, 0, 0
        monkeypatch.setattr(keeping, "read_county", self.read)

    def read(self, session: Session):
        self.count += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.came.release()
        try:
            assert self.open.wait(30)
            return read_county(session)
        finally:
            self.inside -= 1


def test_an_edition_holds_as_long_as_the_ledger_does_not_grow(county, files, clock):
    first = asked(county, files, clock)
    clock.pass_s(100)
    second = asked(county, files, clock)
    assert second.edition is first.edition
    assert second.as_of == NOW + timedelta(seconds=100)
    add_site(county)
    third = asked(county, files, clock)
    assert third.edition.version == first.edition.version + 1
    assert len(third.edition.county.key) == len(first.edition.county.key) + 1


def test_what_has_no_entry_changes_no_edition(sqlite_county, sqlite_files, clock):
    first = asked(sqlite_county, sqlite_files, clock)
    with sqlite_county.write() as session:
        a_site(session)
    assert asked(sqlite_county, sqlite_files, clock).edition is first.edition


def test_each_process_makes_the_same_bytes_from_the_same_rows(county, files, clock):
    with county.write() as session:
        a_varied_county(session)
    later = MapFiles(county, lambda: clock.now + timedelta(days=400))
    scopes = (Scope(), Scope(frozenset({WEST, VILLAGE}), frozenset({"pond"})))
    one, other = (asked(county, each, clock).edition for each in (files, later))
    for scope in scopes:
        for part in PARTS:
            assert one.file(scope, part) == other.file(scope, part)


def test_an_old_edition_is_served_with_its_time_while_a_new_one_is_made(
    sqlite_county, sqlite_files, clock, monkeypatch
):
    before = asked(sqlite_county, sqlite_files, clock)
    monkeypatch.setattr(keeping, "PATIENCE_S", 0.01)
    gate = Gate(monkeypatch)
    add_site(sqlite_county)
    clock.pass_s(5)
    meanwhile = asked(sqlite_county, sqlite_files, clock)
    assert meanwhile.edition is before.edition
    assert meanwhile.as_of == NOW
    gate.open.set()
    monkeypatch.setattr(keeping, "PATIENCE_S", 30)
    assert asked(sqlite_county, sqlite_files, clock).edition is not before.edition


def test_an_edition_too_old_is_not_given_out(sqlite_county, sqlite_files, clock, monkeypatch):
    before = asked(sqlite_county, sqlite_files, clock)
    monkeypatch.setattr(keeping, "PATIENCE_S", 0.01)
    gate, answers = Gate(monkeypatch), []
    add_site(sqlite_county)
    clock.pass_s(10.5)
    waiting = threading.Thread(target=lambda: answers.append(asked(sqlite_county, sqlite_files, clock)))
    waiting.start()
    assert gate.came.acquire(timeout=30)
    assert answers == []
    gate.open.set()
    waiting.join(30)
    assert answers[0].edition.version == before.edition.version + 1


def test_no_two_editions_are_made_at_once_and_a_growing_ledger_makes_one_more(
    sqlite_county, sqlite_files, clock, monkeypatch
):
    asked(sqlite_county, sqlite_files, clock)
    gate = Gate(monkeypatch)
    clock.pass_s(60)
    add_site(sqlite_county)
    waiting = [threading.Thread(target=asked, args=(sqlite_county, sqlite_files, clock)) for _ in range(8)]
    for thread in waiting:
        thread.start()
    assert gate.came.acquire(timeout=30)
    add_site(sqlite_county)
    sqlite_files.look_soon()
    gate.open.set()
    for thread in waiting:
        thread.join(30)
    last = asked(sqlite_county, sqlite_files, clock)
    assert len(last.edition.county.key) == 2
    assert gate.most == 1
    assert gate.count == 2


def test_a_failure_keeps_the_old_edition_is_noted_and_tried_again(county, files, clock, monkeypatch, caplog):
    before = asked(county, files, clock)
    clock.pass_s(60)
    add_site(county)
    with monkeypatch.context() as broken:
        broken.setattr(keeping, "read_county", failing)
        kept = asked(county, files, clock)
    assert (kept.edition, kept.as_of) == (before.edition, NOW)
    assert "the disk is gone" in caplog.text
    assert asked(county, files, clock).edition.version == before.edition.version + 1


def failing(_session: Session) -> None:
    raise OSError("the disk is gone")


def test_without_any_edition_a_failure_says_so(sqlite_county, sqlite_files, clock, monkeypatch, caplog):
    with monkeypatch.context() as broken:
        broken.setattr(keeping, "read_county", failing)
        with pytest.raises(MapNotReady):
            asked(sqlite_county, sqlite_files, clock)
    assert "the disk is gone" in caplog.text
    assert asked(sqlite_county, sqlite_files, clock).edition.version == 0


def test_nobody_waits_for_a_part_that_was_asked_for_before(sqlite_county, sqlite_files, clock, monkeypatch):
    west = Scope(frozenset({WEST}))
    asked(sqlite_county, sqlite_files, clock).edition.file(west, "sites")
    add_site(sqlite_county)
    edition = asked(sqlite_county, sqlite_files, clock).edition
    monkeypatch.setattr("inspections.map_files.editions.cut", lambda *_: pytest.fail("cut once more"))
    assert unpack(edition.file(west, "sites").plain()).rows == 1
    assert edition.asked() == {(west, "sites")}


def test_after_a_change_an_edition_is_made_only_if_a_map_is_in_use(sqlite_county, sqlite_files, clock):
    add_site(sqlite_county)
    sqlite_files.look_soon()
    assert not threads()
    asked(sqlite_county, sqlite_files, clock)
    sqlite_files.look_soon()
    sqlite_county.close()
    assert not threads()


def test_a_thread_that_reads_ends_with_the_store(sqlite_county, sqlite_files, clock, monkeypatch):
    asked(sqlite_county, sqlite_files, clock)
    gate = Gate(monkeypatch)
    add_site(sqlite_county)
    sqlite_files.look_soon()
    assert gate.came.acquire(timeout=30)
    assert threads()
    gate.open.set()
    sqlite_county.close()
    assert not threads()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "map-files"]
