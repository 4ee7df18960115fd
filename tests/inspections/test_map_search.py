"""What the map's search box finds: by number, name, place and coordinates, and never in another scope."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from shapely import Point
from sqlalchemy import event, insert, text, update
from sqlalchemy.orm import Session

from geo.shapes import distance_m
from inspections.deadlines import beijing_day
from inspections.map_search import MOST_COUNTED, Found, SearchTooLong, search
from inspections.models import Area, Site
from inspections.models.base import geometry_columns
from inspections.models.names import name_key
from inspections.permissions import SYSTEM, Actor, actor_of, in_scope
from inspections.search import site_matches
from inspections.terms import AreaLevel, Kind, Role, SiteStatus
from tests.factories import (
    COUNTY,
    EAST,
    IN_EAST,
    IN_WEST,
    NOW,
    VILLAGE,
    WEST,
    a_pond_shape,
    a_site,
    an_officer,
)

HERE = (100.45, 38.93)
WGS84, GCJ02, BD09 = "EPSG:4490", "GCJ02", "BD09"


@pytest.fixture
def session(county):
    with county.write() as session:
        yield session


def find(session: Session, words: str, by: Actor = SYSTEM, **options) -> Found:
    return search(session, words, by=by, now=NOW, **options)


def numbers(found: Found) -> list[str]:
    return [site.number for site in found.sites]


def officer(session: Session, *areas: str, kinds: tuple[Kind, ...] = ()) -> Actor:
    return actor_of(an_officer(session, Role.TOWNSHIP, areas=areas, kinds=kinds))


# Numbers and names


@pytest.mark.parametrize(
    "words",
    [
        "P-990101100-0007",
        "p-990101100-0007",
        " P-990101100-0007 ",
        "Ｐ－９９０１０１１００－０００７",
        "P - 990101100 - 0007",
        "100-0007",
        "0007",
    ],
)
def test_a_site_is_found_by_its_number_however_it_is_written(session, words):
    a_site(session, number="P-990101100-0007")
    a_site(session, number="P-990101100-0008")
    assert numbers(find(session, words)) == ["P-990101100-0007"]


def test_the_number_itself_comes_before_numbers_that_begin_so(session):
    for number in ("P-990101100-00070", "P-990101100-0007", "S-990101100-0007", "P-990101100-00071"):
        a_site(session, number=number)
    found = numbers(find(session, "p-990101100-0007"))
    assert found == ["P-990101100-0007", "P-990101100-00070", "P-990101100-00071"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("苇塘东塘", "塘东"),
        ("Ａ１号 大棚（东）", "a1号大棚(东)"),
        ("A1号大棚(东)", "Ａ１ 号大棚（东）"),
        ("Lao Wang's pond", "LAOWANG"),
        ("100% 好塘", "100%"),
        ("a_b塘", "A_B"),
        ("𠮷塘", "𠮷"),
    ],
)
def test_a_site_is_found_by_any_part_of_its_name_in_any_width_case_and_spacing(session, name, words):
    a_site(session, number="P-1", name=name)
    a_site(session, number="P-2", name="渠南地块")
    assert numbers(find(session, words)) == ["P-1"]


def test_signs_of_patterns_are_looked_for_as_they_are(session):
    a_site(session, number="P-1", name="百分塘")
    for words in ("%", "_", "\\", "百%塘", "百_塘", "'", '"; --'):
        assert numbers(find(session, words)) == []


def test_names_called_so_come_first_then_those_that_begin_so(session):
    for number, name in (("P-1", "大东塘"), ("P-2", "东塘二号"), ("P-3", "东塘")):
        a_site(session, number=number, name=name)
    assert numbers(find(session, "东塘")) == ["P-3", "P-2", "P-1"]


def test_a_name_that_was_corrected_is_found_by_the_new_one_only(session):
    site = a_site(session, number="P-1", name="旧名塘")
    site.name = "新　名塘"
    session.flush()
    assert numbers(find(session, "新名塘")) == ["P-1"]
    assert numbers(find(session, "旧名")) == []


def test_rows_inserted_in_bulk_are_found_too(session):
    rows = [
        {
            "number": f"P-{number}",
            "kind": Kind.POND,
            "name": f"Ｂ{number} 塘",
            "status": SiteStatus.ACTIVE,
            "township_code": WEST,
            "lon": 100.4,
            "lat": 38.93,
            "created_at": NOW,
            "updated_at": NOW,
        }
        for number in range(2)
    ]
    session.execute(insert(Site), rows)
    assert numbers(find(session, "b1塘")) == ["P-1"]


def test_only_what_the_map_draws_is_found(session):
    for number, status in enumerate(SiteStatus):
        if status is not SiteStatus.MERGED:
            a_site(session, number=f"P-{number}", name="东塘", status=status)
    assert numbers(find(session, "东塘")) == ["P-0", "P-1"]


def test_the_sites_of_a_village_or_township_are_found_by_its_name_and_by_a_former_one(session):
    a_site(session, number="P-1", village_code=VILLAGE)
    a_site(session, number="P-2")
    a_site(session, number="P-3", at=IN_EAST)
    assert numbers(find(session, "柳荫村")) == ["P-1"]
    assert numbers(find(session, "西镇")) == ["P-1", "P-2"]
    session.execute(update(Area).where(Area.code == EAST).values(valid_to=date(2026, 1, 1)))
    session.add(
        Area(
            code=EAST,
            level=AreaLevel.TOWNSHIP,
            name="新东镇",
            parent_code=COUNTY,
            valid_from=date(2026, 1, 1),
        )
    )
    session.flush()
    assert numbers(find(session, "东乡")) == numbers(find(session, "新东")) == ["P-3"]


def test_what_lies_in_a_place_comes_after_what_is_called_so(session):
    a_site(session, number="P-1")
    a_site(session, number="P-2", name="西镇东塘", at=IN_EAST)
    assert numbers(find(session, "西镇")) == ["P-2", "P-1"]


def test_twenty_sites_are_given_and_the_others_counted(session):
    for number in range(23):
        a_site(session, number=f"P-{number:02}", name="东塘")
    found = find(session, "东塘")
    assert numbers(found) == [f"P-{number:02}" for number in range(20)]
    assert found.more == 3


def test_a_thousand_more_stand_for_as_many_or_more(sqlite_county):
    row = {"kind": Kind.POND, "status": SiteStatus.ACTIVE, "township_code": WEST, "lon": 100.4, "lat": 38.93}
    row |= {"created_at": NOW, "updated_at": NOW, "name": "东塘"}
    with sqlite_county.write() as session:
        session.execute(insert(Site), [row | {"number": f"P-{number:05}"} for number in range(1_100)])
        assert find(session, "东塘").more == find(session, "P-0").more == MOST_COUNTED


def test_the_list_of_sites_finds_the_same_under_the_same_words(session):
    a_site(session, number="P-990101100-0001", name="Ａ 塘", village_code=VILLAGE)
    a_site(session, number="S-990101100-0001", name="大a塘")
    a_site(session, number="G-990101200-0002", name="柳荫大棚", at=IN_EAST)
    for words in ("a塘", "0001", "p-9901", "柳荫", "西镇", "s-", "990101200", "nothing", "", "  "):
        listed = session.query(Site.number).where(site_matches(session, words)).order_by(Site.number)
        assert sorted(numbers(find(session, words))) == [number for (number,) in listed], words


def test_the_state_is_that_of_the_maps_period(session):
    closed_on = beijing_day(NOW) - timedelta(days=60)
    a_site(session, name="东塘", case_closed_on=closed_on)
    assert [site.state for site in find(session, "东塘").sites] == ["normal"]
    assert [site.state for site in find(session, "东塘", period=90).sites] == ["closed"]


def test_a_site_is_told_as_the_map_draws_it(session):
    made = a_site(session, number="P-1", name="东塘", is_listed=True)
    (site,) = find(session, "东塘").sites
    assert (site.key, site.id, site.kind, site.state) == (made.pk, made.id, "pond", "listed")
    assert (site.township, site.lon, site.lat, site.distance_m) == ("西镇", *IN_WEST, None)


def test_nothing_is_found_for_nothing(session):
    a_site(session)
    for words in ("", "  ", "\u200b", "　"):
        assert find(session, words) == Found()


def test_two_hundred_characters_are_the_most(session):
    find(session, "塘" * 200)
    with pytest.raises(SearchTooLong, match="200"):
        find(session, "塘" * 201)


texts = some.text("AaＡ１1 　塘（(é㎡ßﬁ", max_size=12)


@given(texts, texts)
def test_folding_a_name_takes_away_width_case_and_spaces(name, other):
    key = name_key(name)
    assert name_key(key) == key
    assert not re.search(r"\s", key)
    assert name_key(name.upper()) == key == name_key(f" {name}\u3000")
    assert key in name_key(f"{name}塘{other}")


# Scopes


@pytest.mark.parametrize(
    "words", ["东塘", "P-", "P-9901012", "000", "东乡", "100.60, 38.93", "P-990101200-0001"]
)
def test_a_search_never_finds_another_scopes_site(session, words):
    a_site(session, number="P-990101100-0001", name="西边东塘")
    a_site(session, number="P-990101200-0001", name="东塘", at=IN_EAST)
    a_site(session, Kind.STRAW, number="S-990101100-0001", name="东塘地块", village_code=VILLAGE)
    for by in (
        officer(session, WEST),
        officer(session, VILLAGE),
        officer(session, EAST, kinds=(Kind.STRAW,)),
        officer(session, kinds=(Kind.STRAW,)),
    ):
        found = find(session, words, by)
        for site in found.sites:
            assert in_scope(by, session.get(Site, site.key))
        mine = [site for site in find(session, words).sites if in_scope(by, session.get(Site, site.key))]
        assert len(found.sites) + found.more == len(mine), "the count gives nothing away either"


def test_an_officer_of_the_whole_county_finds_all_of_it(session):
    a_site(session, number="P-1", name="东塘")
    a_site(session, number="P-2", name="东塘", at=IN_EAST)
    assert numbers(find(session, "东塘", officer(session, COUNTY))) == ["P-1", "P-2"]


# Places


def test_a_place_is_found_by_its_name_with_its_bounds(session):
    (place,) = find(session, "西镇").places
    assert (place.code, place.name, place.level) == (WEST, "西镇", "township")
    assert place.bounds == (100.10, 38.55, 100.5, 39.40)
    assert place.lon == pytest.approx(100.3)
    (village,) = find(session, "柳荫").places
    assert (village.level, village.bounds) == ("village", (100.38, 38.90, 100.43, 38.96))
    assert (place.township, village.township) == ("", "西镇")


def test_a_place_that_was_renamed_is_found_by_both_names_as_it_is_today(session):
    session.execute(update(Area).where(Area.code == EAST).values(valid_to=date(2026, 1, 1)))
    session.add(
        Area(
            code=EAST,
            level=AreaLevel.TOWNSHIP,
            name="新东镇",
            parent_code=COUNTY,
            valid_from=date(2026, 1, 1),
            lon=100.7,
            lat=39.0,
        )
    )
    session.flush()
    for words in ("东乡", "新东镇"):
        (place,) = find(session, words).places
        assert (place.code, place.name, place.bounds, place.lon) == (EAST, "新东镇", None, 100.7)


def test_a_place_that_has_ended_is_not_gone_to(session):
    session.execute(update(Area).where(Area.code == EAST).values(valid_to=date(2026, 1, 1)))
    assert find(session, "东乡").places == []


def test_townships_come_before_villages_and_what_is_called_so_before_all(session):
    for number, name in enumerate(("西镇村", "大西镇村", "西镇")):
        code = f"9901011002{10 + number}"
        session.add(
            Area(code=code, level=AreaLevel.VILLAGE, name=name, parent_code=WEST, valid_from=date(2020, 1, 1))
        )
    session.flush()
    places = [(place.name, place.level) for place in find(session, "西镇").places]
    assert places == [
        ("西镇", "township"),
        ("西镇", "village"),
        ("西镇村", "village"),
        ("大西镇村", "village"),
    ]


def test_the_county_is_no_place_to_go_to(session):
    assert find(session, "示范县").places == []


# Positions


def near(position, lon: float = HERE[0], lat: float = HERE[1]) -> bool:
    return distance_m((lon, lat), Point(position.lon, position.lat)) < 0.3


@pytest.mark.parametrize(
    "words",
    [
        "100.45, 38.93",
        "38.93, 100.45",
        "100.45 38.93",
        "38.93，100.45",
        "100.45、38.93",
        "１００．４５，３８．９３",
        "100.45/38.93",
        "[100.45,38.93]",
        "POINT(100.45 38.93)",
        "lng:100.45,lat:38.93",
        "lat=38.93&lng=100.45",
        "经度100.45 纬度38.93",
        "东经100.45度 北纬38.93度",
        "北纬38°55′48″ 东经100°27′00″",
        "东经100度27分0秒，北纬38度55分48秒",
        "100°27'00.0\"E 38°55'48.0\"N",
        "38°55'48\"N, 100°27'00\"E",
        "100°27.0′, 38°55.8′",
        "100-27-00, 38-55-48",
        "100 27 00, 38 55 48",
        "E100.45 N38.93",
    ],
)
def test_degrees_are_read_in_every_notation_in_three_datums_the_plain_one_first(session, words):
    positions = find(session, words).positions
    assert [one.reading for one in positions] == [WGS84, GCJ02, BD09]
    assert near(positions[0])
    assert all(one.inside for one in positions)


@pytest.mark.parametrize(
    ("words", "reading"), [("100.451702, 38.93064", GCJ02), ("38.93689, 100.458115", BD09)]
)
def test_what_a_web_map_shows_is_led_back_to_the_true_place(session, words, reading):
    """The positions are those of HERE as the maps of each datum show it."""
    (position,) = [one for one in find(session, words).positions if one.reading == reading]
    assert near(position)


@pytest.mark.parametrize(
    ("words", "readings"),
    [
        ("33625734.81, 4311732.81", ["EPSG:4521"]),
        ("4311732.81, 33625734.81", ["EPSG:4521"]),
        ("X=4311732.81 Y=33625734.81", ["EPSG:4521"]),
        ("纵坐标4311732.81米 横坐标33625734.81米", ["EPSG:4521"]),
        ("4,311,732.81 33,625,734.81", ["EPSG:4521"]),
        ("34365593.39 4311875.50", ["EPSG:4522"]),
        ("17625734.81 4311732.81", ["EPSG:4495"]),
        ("365593.39 4311875.50", ["EPSG:4543"]),
        ("625734.81 4311732.81", ["EPSG:4542", "EPSG:32647"]),
        ("11182042.85 4711649.63", ["EPSG:3857"]),
    ],
)
def test_metres_are_read_in_each_grid_that_leads_into_the_county(session, words, readings):
    positions = find(session, words).positions
    assert [one.reading for one in positions] == readings
    assert near(positions[0])
    assert all(one.inside for one in positions)


def test_metres_of_utm_are_among_the_readings(session):
    positions = find(session, "625684.52, 4310008.11").positions
    assert [one.reading for one in positions] == ["EPSG:4542", "EPSG:32647"]
    assert near(positions[1])


def test_the_reading_that_falls_into_the_county_comes_first(session):
    """East of the county as it stands and as GCJ-02, just inside it as BD-09."""
    positions = find(session, "100.8725, 39.0006").positions
    assert [(one.reading, one.inside) for one in positions] == [(BD09, True), (WGS84, False), (GCJ02, False)]


def test_a_position_outside_the_county_says_so(session):
    positions = find(session, "120.15, 30.25").positions
    assert [one.reading for one in positions] == [WGS84, GCJ02, BD09]
    assert not any(one.inside for one in positions)


@pytest.mark.parametrize(
    "words",
    [
        "2.35, 48.85",
        "1, 2",
        "100.45",
        "100°27′",
        "100.45, 38.93, 12",
        "nan, nan",
        "inf 38.93",
        "181, 91",
        "100,450",
        "1e400, 1",
        "990101102 0001",
        "99999999.9 99999999.9",
        "渠南 100.45 38.93 附近",
    ],
)
def test_what_is_no_position_here_gives_none(session, words):
    assert find(session, words).positions == []


def test_without_a_county_there_is_nowhere_to_go(store):
    with store.read() as session:
        assert find(session, "100.45, 38.93") == Found()


def test_sites_within_200_m_of_a_position_are_found_the_nearest_first(session):
    metre = 1 / 86_750  # degrees of longitude here
    for number, away_m in (("P-150", 150), ("P-0", 0), ("P-210", -210), ("P-50", -50)):
        a_site(session, number=number, at=(HERE[0] + away_m * metre, HERE[1]))
    found = find(session, "33625734.81, 4311732.81")
    assert numbers(found) == ["P-0", "P-50", "P-150"]
    assert [site.distance_m for site in found.sites] == pytest.approx([0, 50, 150], abs=1)
    assert found.more == 0


def test_a_site_is_near_if_its_shape_is(session):
    a_site(session, number="P-1", geometry=a_pond_shape(*HERE, metres=400), at=(100.4455, 38.93))
    assert [site.distance_m for site in find(session, "33625734.81 4311732.81").sites] == [0]


def test_degrees_find_what_lies_near_by_any_of_their_datums(session):
    a_site(session, number="P-1", at=HERE)
    for words in ("100.45 38.93", "100.451702, 38.93064", "100.458115, 38.93689"):
        (site,) = find(session, words).sites
        assert site.distance_m == pytest.approx(0, abs=0.2)


def test_of_a_thousand_sites_on_one_spot_twenty_are_given_and_all_counted(sqlite_county):
    row = {
        "kind": Kind.POND,
        "status": SiteStatus.ACTIVE,
        "township_code": WEST,
        "lon": HERE[0],
        "lat": HERE[1],
    }
    row |= {"created_at": NOW, "updated_at": NOW, "name": "东塘"} | geometry_columns(Point(HERE))
    with sqlite_county.write() as session:
        session.execute(insert(Site), [row | {"number": f"P-{number:04}"} for number in range(1_000)])
        found = find(session, "33625734.81, 4311732.81")
        assert numbers(found) == [f"P-{number:04}" for number in range(20)]
        assert found.more == 980


# Plans


def test_words_are_looked_for_in_their_own_indexes_alone(sqlite_county):
    """SQLite, without figures of the table, would take the index of the scope and read every row in it."""
    asked = []
    event.listen(sqlite_county.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
    with sqlite_county.write() as session:
        find(session, "000", officer(session, WEST, kinds=(Kind.POND,)))
        plans = [
            " ".join(
                row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", said)
            )
            for sql, said in list(asked)
            if "LIMIT" in sql and "FROM sites" in sql
        ]
    wanted = ("number", "name_key", "name_key", "number")
    assert len(plans) == len(wanted)
    for plan, name in zip(plans, wanted, strict=True):
        assert f"COVERING INDEX ix_sites_{name}" in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("store", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_beginning_is_one_whatever_the_language_of_the_database(session):
    collations = session.execute(
        text(
            "SELECT column_name, collation_name FROM information_schema.columns "
            "WHERE table_name = 'sites' AND column_name IN ('number', 'name_key')"
        )
    )
    assert dict(collations.all()) == {"number": "C", "name_key": "C"}
