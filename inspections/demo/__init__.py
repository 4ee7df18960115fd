"""The demo county: fictitious, made from a fixed seed, the same bytes for the same seed and day.

One generator serves `xuntu demo`, the tests and the benchmarks. It writes rows in bulk, but the same rows
that the use cases would have written, with a ledger that verifies.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from inspections import ledger
from inspections.deadlines import CountyDates
from inspections.demo import names
from inspections.demo.history import History, make_history
from inspections.demo.landscape import Landscape, make_landscape, middle_of
from inspections.demo.layers import LayerRows, make_layers, told_of
from inspections.demo.people import ACCOUNTS, People, make_people
from inspections.demo.pictures import keep_pictures
from inspections.demo.places import Places, make_places
from inspections.demo.profile import demo_profile, profile_text
from inspections.errors import Conflict
from inspections.models import (
    Area,
    Body,
    Case,
    Counter,
    Evidence,
    Finding,
    Layer,
    LayerFeature,
    Officer,
    Operator,
    ScopeArea,
    ScopeKind,
    Site,
    Visit,
)
from inspections.models.base import geometry_columns
from inspections.settings import Settings
from inspections.store import Store, now_utc
from inspections.terms import AreaLevel

COUNTY_CODE = "990101000000"
SEED = 20260312
BATCH = 2000
Progress = Callable[[str, int, int], None]  # what is being done, done so far, of how many


class AnotherCounty(Conflict):
    """The database holds a county that is not the demo's."""

    code = "demo.another_county"
    message = (
        "This database holds {name}, not the demo county. Nothing was changed. "
        "Set XUNTU_DATA to an empty folder for the demo."
    )


def is_built(store: Store) -> bool:
    """Whether the demo county is there.

    Raises
    ------
    AnotherCounty
        A real one is.
    """
    with store.read() as session:
        county = session.scalar(select(Area).where(Area.level == AreaLevel.COUNTY).limit(1))
        if county is not None and county.code != COUNTY_CODE:
            raise AnotherCounty(name=county.name)
        return county is not None


def build(
    store: Store,
    settings: Settings,
    *,
    sites: int = 3000,
    photos: int = 400,
    seed: int = SEED,
    until: datetime | None = None,
    progress: Progress = lambda what, done, total: None,
) -> None:
    """Make the demo county in an empty, migrated store, in one transaction, and its profile and photos.

    Parameters
    ----------
    photos : int
        At most so many are drawn, for the newest visits.
    until : datetime, optional
        The last moment of the year of history; this hour if not given.
    progress
        Called now and then with a word, a count and a total.
    """
    until = until or now_utc().replace(minute=0, second=0, microsecond=0)
    rng, draw = Random(seed), np.random.default_rng(seed)  # noqa: S311 (a demo, not a secret)
    began = until - timedelta(days=400)
    progress("land", 0, sites)
    land = make_landscape(draw)
    areas, township_codes, village_codes, village_names = _areas(rng, land)
    called = dict(zip(_codes_in_order(), (name for name, _, _ in names.TOWNSHIPS), strict=True))
    people = make_people(rng, [(code, called[code]) for code in township_codes], _home(land), began)
    layers = make_layers(
        Random(seed + 1),  # noqa: S311
        np.random.default_rng(seed + 1),
        land,
        township_names=[called[code] for code in township_codes],
        village_names=village_names,
        by=next(row["id"] for row in people.officers if row["name"] == "admin"),
        at=began,
    )
    progress("sites", 0, sites)
    places = make_places(
        rng,
        draw,
        land,
        count=sites,
        township_codes=township_codes,
        village_codes=village_codes,
        village_names=village_names,
        creators=people.clerks,
        leads=people.leads,
        at=began + timedelta(days=20),
    )
    progress("history", 0, sites)
    history = make_history(
        rng, places.sites, people, CountyDates.from_profile(demo_profile(until.date())), until
    )
    pictures = keep_pictures(rng, settings.evidence, history, limit=photos, progress=progress)
    with store.write() as session:
        _write(session, areas, people, layers, places, history, pictures, began, progress)
    _write_profile(settings, until.date())


def _areas(rng: Random, land: Landscape) -> tuple[list[dict[str, Any]], list[str], list[str], list[str]]:
    codes = _township_codes(land)
    counts = [0] * len(codes)
    village_names = names.village_names(rng, len(land.villages))
    village_codes = []
    for township in land.village_township:
        counts[township] += 1
        village_codes.append(f"{codes[township][:9]}{200 + counts[township]}")
    rows = [
        _area(
            rng,
            COUNTY_CODE,
            AreaLevel.COUNTY,
            names.COUNTY_NAME,
            None,
            land.county,
            "县",
            names.COUNTY_NAME_EN,
        )
    ]
    by_code = dict(zip(codes, land.townships, strict=True))
    for (name, english, sort), code in zip(names.TOWNSHIPS, _codes_in_order(), strict=True):
        rows.append(_area(rng, code, AreaLevel.TOWNSHIP, name, COUNTY_CODE, by_code[code], sort, english))
    for name, code, shape, township in zip(
        village_names, village_codes, land.villages, land.village_township, strict=True
    ):
        rows.append(_area(rng, code, AreaLevel.VILLAGE, name, codes[township], shape, "村", ""))
    return rows, codes, village_codes, village_names


def _codes_in_order() -> list[str]:
    first = {"街道": 1, "镇": 100, "乡": 200}
    codes = []
    for _, _, sort in names.TOWNSHIPS:
        codes.append(f"{COUNTY_CODE[:6]}{first[sort]:03d}000")
        first[sort] += 1
    return codes


def _township_codes(land: Landscape) -> list[str]:
    """Codes by township number: the two nearest to the middle of the county are its subdistricts."""
    middle = land.county.centroid
    order = sorted(range(len(land.townships)), key=lambda number: land.townships[number].distance(middle))
    codes = [""] * len(order)
    for number, code in zip(order, _codes_in_order(), strict=True):
        codes[number] = code
    return codes


def _home(land: Landscape) -> int:
    """The township of the accounts `inspector` and `township`: 芦影镇, the first town."""
    return _township_codes(land).index(_codes_in_order()[2])


def _area(
    rng: Random,
    code: str,
    level: AreaLevel,
    name: str,
    parent: str | None,
    shape: Any,
    sort: str,
    english: str,
) -> dict[str, Any]:
    multi = shape if shape.geom_type == "MultiPolygon" else type(shape)(shape.exterior)
    at = middle_of(multi) if multi.geom_type == "MultiPolygon" else multi.representative_point()
    return {
        "id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "code": code,
        "level": level,
        "name": name,
        "name_en": english,
        "category": sort,
        "parent_code": parent,
        "lon": round(at.x, 6),
        "lat": round(at.y, 6),
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
        "source": "示范县民政局",
        **geometry_columns(shape),
    }


def _write(
    session: Session,
    areas: list[dict[str, Any]],
    people: People,
    layers: LayerRows,
    places: Places,
    history: History,
    photos: list[dict[str, Any]],
    began: datetime,
    progress: Progress,
) -> None:
    tables: list[tuple[Any, list[dict[str, Any]]]] = [
        (Area, areas),
        (Body, people.bodies),
        (Officer, people.officers),
        (ScopeArea, people.areas),
        (ScopeKind, people.kinds),
        (Layer, layers.layers),
        (LayerFeature, layers.features),
        (Operator, places.operators),
        (Site, [{key: value for key, value in site.items() if key != "township"} for site in places.sites]),
        (Visit, history.visits),
        (Case, history.cases),
        (Finding, history.findings),
        (Evidence, photos),
        (
            Counter,
            [{"series": name, "last": last} for name, last in {**places.series, **history.series}.items()],
        ),
    ]
    total = sum(len(rows) for _, rows in tables) + len(history.drafts) + len(places.sites)
    done = 0
    for model, rows in tables:
        for start in range(0, len(rows), BATCH):
            session.execute(insert(model.__table__), rows[start : start + BATCH])
            done += min(BATCH, len(rows) - start)
            progress("rows", done, total)
    ledger.append_many(session, _in_order(places, layers, history, people, began))
    progress("rows", total, total)


def _in_order(
    places: Places, layers: LayerRows, history: History, people: People, began: datetime
) -> Iterator[ledger.Draft]:
    admin = next(row for row in people.officers if row["name"] == "admin")

    def by_admin(action: str, subject: str, key: uuid.UUID | str, facts: dict[str, Any]) -> ledger.Draft:
        return ledger.Draft(began, action, subject, str(key), admin["id"], admin["full_name"], "admin", facts)

    yield by_admin("county.made", "area", COUNTY_CODE, {"name": names.COUNTY_NAME})
    for body in people.bodies:
        facts = {"name": body["name"], "type": body["type"], "area_code": body["area_code"]}
        yield by_admin("body.added", "body", body["id"], facts)
    for officer in people.officers:
        yield by_admin(
            "officer.added",
            "officer",
            officer["id"],
            {"name": officer["name"], "role": officer["role"].value},
        )
    for layer in layers.layers:
        yield by_admin("layer.imported", "layer", layer["id"], told_of(layer))
    for site in places.sites:
        facts = {"number": site["number"], "name": site["name"], "kind": site["kind"].value}
        clerk = people.clerks[site["township"]]
        yield ledger.Draft(
            site["created_at"],
            "site.added",
            "site",
            str(site["id"]),
            clerk["id"],
            clerk["full_name"],
            "township",
            facts,
            site["id"],
        )
    yield from sorted(history.drafts, key=lambda draft: draft.at)


def _write_profile(settings: Settings, today: date) -> None:
    path = settings.county or Path(settings.data) / "county.toml"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(profile_text(today), encoding="utf-8")
