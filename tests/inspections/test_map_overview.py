"""The opening view's picture: counted one by one here, and with arrays there."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from math import floor, log, pi, radians, sin

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.packing import unpack
from inspections.map_features import MapFilter, count_sites
from inspections.map_files import Edition, Scope, find_sites, overview
from inspections.map_files.county import read_county
from inspections.map_states import site_map_state
from inspections.models import Site
from inspections.permissions import Actor, in_scope
from inspections.store import Store
from inspections.terms import Kind, MapState, SiteStatus
from tests.factories import COUNTY, EAST, NOW, VILLAGE, WEST, a_site

STATES, KINDS = list(MapState), list(Kind)
FILTERS = [
    MapFilter(),
    MapFilter(kind="pond"),
    MapFilter(area=WEST),
    MapFilter(area=VILLAGE),
    MapFilter(area=COUNTY),
    MapFilter(area="990101300000"),
    MapFilter(state="overdue"),
    MapFilter(state="in_hand", kind="straw"),
    MapFilter(kind="straw", area=EAST, state="normal"),
]
ACTORS = {
    "all": Actor(None, "林某", "leader"),
    "west": Actor(None, "林某", "township", areas=frozenset({WEST})),
    "village": Actor(None, "林某", "inspector", areas=frozenset({VILLAGE}), kinds=frozenset({"pond"})),
    "kinds": Actor(None, "林某", "department", kinds=frozenset({"straw", "greenhouse"})),
}


def a_scattered_county(session: Session, count: int = 120) -> None:
    """Sites of all states at random, crowded enough to share squares and a few at one place."""
    rng = random.Random("scattered")  # noqa: S311 (a county, not a secret)
    for _ in range(count):
        open_cases = rng.choice((0, 0, 0, 1))
        a_site(
            session,
            rng.choice(KINDS),
            at=(round(rng.uniform(100.3, 100.7), rng.choice((2, 7))), round(rng.uniform(38.8, 39.0), 7)),
            status=rng.choice((SiteStatus.ACTIVE, SiteStatus.DRAFT, SiteStatus.RETIRED)),
            village_code=rng.choice((None, VILLAGE)),
            number=f"P-{rng.getrandbits(60):x}",
            is_listed=rng.random() < 0.05,
            has_suspected=rng.random() < 0.1,
            open_cases=open_cases,
            case_due_at=NOW + timedelta(minutes=rng.randint(-9000, 9000)) if rng.random() < 0.3 else None,
            case_closed_on=NOW.date() - timedelta(days=rng.randint(0, 60)) if rng.random() < 0.3 else None,
        )


def an_edition(session: Session) -> Edition:
    return Edition(read_county(session))


def wanted_sites(session: Session, actor: Actor, wanted: MapFilter) -> list[Site]:
    """The sites a filter finds, in Morton order."""

    def fits(site: Site) -> bool:
        area = wanted.area in ("", COUNTY, site.township_code, site.village_code)
        state = wanted.state in ("", site_map_state(site, NOW))
        return in_scope(actor, site) and area and state and wanted.kind in ("", site.kind)

    def interleaved(site: Site) -> int:
        across, up = (
            micro + room for micro, room in zip(place(site), (180_000_000, 90_000_000), strict=True)
        )
        return sum(((across >> bit & 1) << 2 * bit) + ((up >> bit & 1) << 2 * bit + 1) for bit in range(30))

    shown = select(Site).where(Site.status.in_(("draft", "active")))
    return sorted(filter(fits, session.scalars(shown)), key=lambda site: (interleaved(site), site.pk))


def place(site: Site) -> tuple[int, int]:
    return round(site.lon * 1e6), round(site.lat * 1e6)


def mark_of(site: Site) -> int:
    return KINDS.index(site.kind) * 8 + STATES.index(site_map_state(site, NOW))


def squares_one_by_one(sites: list[Site]) -> list[tuple[int, ...]]:
    """The contract's squares: cy, cx, count, in hand, the mark of a single one, mean place in 1/256."""
    inside: defaultdict[tuple[int, int], list] = defaultdict(list)
    for site in sites:
        x, y = place(site)
        sine = sin(radians(y / 1e6))
        across = (x / 1e6 / 360 + 0.5) * 256 * 2**11 / 68
        down = (0.5 - log((1 + sine) / (1 - sine)) / (4 * pi)) * 256 * 2**11 / 68
        inside[floor(down), floor(across)].append((across % 1, down % 1, site))
    rows = []
    for (cy, cx), held in sorted(inside.items()):
        means = [min(255, floor(sum(one[axis] for one in held) / len(held) * 256)) for axis in (0, 1)]
        in_hand = sum(site_map_state(site, NOW) == MapState.IN_HAND for *_, site in held)
        single = mark_of(held[0][2]) if len(held) == 1 else 0
        rows.append((cy, cx, len(held), in_hand, single, *means))
    return rows


@pytest.mark.parametrize("actor", ACTORS.values(), ids=ACTORS)
def test_the_squares_and_marks_are_those_counted_one_by_one(sqlite_county, actor):
    with sqlite_county.write() as session:
        a_scattered_county(session)
        edition = an_edition(session)
        for wanted in FILTERS:
            found = find_sites(edition, Scope.of(actor), wanted, NOW)
            check_picture(found.overview(), wanted_sites(session, actor, wanted))
            assert found.counts() == count_sites(session, by=actor, wanted=wanted, now=NOW), wanted


def check_picture(written: bytes, sites: list[Site]) -> None:
    read = unpack(written)
    urgent = [site for site in sites if site_map_state(site, NOW) in STATES[:3]]
    calm = [site for site in sites if site not in urgent]
    names = ("cy", "cx", "count", "in_hand", "one", "fx", "fy")
    assert list(zip(*(read.columns[name] for name in names), strict=True)) == squares_one_by_one(calm)
    marks = list(zip(*(read.columns[name] for name in ("mx", "my", "mark")), strict=True))
    assert [mark for *_, mark in marks] == [mark_of(site) for site in urgent]
    for (*mark, _), site in zip(marks, urgent, strict=True):
        assert np.abs(np.subtract(mark, place(site))).max() <= overview.STEP / 2
    assert (read.rows, read.facts) == (len(sites), {"kinds": KINDS, "level": 11, "left_out": 0})


def test_of_too_many_urgent_ones_the_worst_are_kept(sqlite_county, monkeypatch):
    monkeypatch.setattr(overview, "MOST_ALONE", 3)
    hours = timedelta(hours=1)
    told = [
        {"case_due_at": NOW + 5 * hours},  # due soon
        {"case_due_at": NOW - 2 * hours},
        {"is_listed": True},
        {"case_due_at": NOW - 9 * hours},
        {"is_listed": True, "case_due_at": NOW + 9 * hours},
        {},
    ]
    with sqlite_county.write() as session:
        for at, facts in enumerate(told):
            a_site(session, at=(100.4 + at / 1000, 38.93), number=f"P-{at}", **facts)
        read = unpack(find_sites(an_edition(session), Scope(), MapFilter(), NOW).overview())
    kept = {round((x - 100_400_000) / 1000) for x in read.columns["mx"]}
    assert kept == {2, 3, 4}
    assert (read.rows, read.facts["left_out"], sum(read.columns["count"])) == (6, 2, 1)


def test_a_county_without_sites_has_an_empty_picture(county: Store):
    with county.read() as session:
        found = find_sites(an_edition(session), Scope(), MapFilter(), NOW)
    read = unpack(found.overview())
    assert read.rows == found.counts().total == 0
    assert all(len(values) == 0 for values in read.columns.values())
