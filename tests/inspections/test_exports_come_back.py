"""Out and in again: a county exported and imported is the same county, whatever the format."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from shapely import LineString, MultiPolygon, from_wkt

from geo.shapes import check_geometry, geodesic_area_m2, geodesic_length_m, representative_point
from inspections.exports import Order, narrowed_to, write_export
from inspections.models import Operator
from inspections.permissions import SYSTEM
from inspections.store import Store
from inspections.terms import Kind
from tests.factories import NOW, VILLAGE, a_body, a_county, a_pond_shape, a_site
from tests.imports import check, codes, counts, take

ENDINGS = (".csv", ".xlsx", ".geojson", ".gpkg", ".zip")
# What only the database itself knows: ids, days, and the datum a position first came in
OWN = ("系统编号", "登记日期", "最近检查日期", "原坐标基准")
ATTRS: dict[Kind, dict[str, Any]] = {
    Kind.STRAW: {"crop_area_mu": 12.5, "crop": "玉米", "grid_cell": "-1"},
    Kind.POND: {"list_level": "national", "judged_by": "monitoring", "target_class": "worse"},
    Kind.GREENHOUSE: {
        "shed_count": 3,
        "shed_area_mu": 2.25,
        "filing_no": "0012",
        "problem_class": "3",
        "guard_profile": "severe_cold",
    },
    Kind.AFFORESTATION: {
        "zone": "park",
        "project": "三北工程",
        "design_year": 2026,
        "design_mu": 40.125,
        "design_density": 111.5,
        "species_plan": "樟子松、杨树",
        "width_m": 20,
        "irrigated": False,
        "climate_profile": "arid",
        "contract_state": "supplement",
        "keeper": "管护站",
    },
}
SHAPES = (
    a_pond_shape(100.41, 38.91),
    MultiPolygon([a_pond_shape(100.42, 38.92), a_pond_shape(100.425, 38.92)]),
    LineString([(100.4012345, 38.9312345), (100.4054321, 38.9354321)]),
)


@pytest.fixture
def county(sqlite_store: Store) -> Store:
    bare(sqlite_store)
    return sqlite_store


@pytest.fixture
def another(_migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """A second county of the same areas and bodies, without sites."""
    copyfile(_migrated_sqlite, tmp_path / "another.sqlite3")
    store = Store(f"sqlite:///{tmp_path / 'another.sqlite3'}")
    bare(store)
    yield store
    store.close()


def bare(store: Store) -> None:
    with store.write() as session:
        a_county(session)
        a_body(session, name="县水务局")


def fill(store: Store, kind: Kind) -> None:
    """A bare point, a point with every fact, and a site of each kind of shape."""
    with store.write() as session:
        body = a_body(session, name="西镇人民政府")
        a_site(session, kind, at=(100.30, 38.80), name="只有位置")
        facts = {
            "name": "=苇塘(1)",
            "village_code": VILLAGE,
            "village_group": "三社",
            "loc_method": "survey",
            "loc_accuracy_m": 2.5,
            "area_reported_mu": 14.1235,
            "body_id": body.id,
            "source": "superior",
            "source_ref": "张环〔2026〕3号",
            "remark": "-备注",
            "attrs": ATTRS[kind],
        }
        site = a_site(session, kind, at=(100.4012345, 38.9312345), **facts)
        site.operator = Operator(name="陈某某", type="household", phone="+8613800000000", salt=bytes(32))
        for number, shape in enumerate(map(check_geometry, SHAPES)):
            at = representative_point(shape)
            facts = {"geometry": shape, "name": f"图形{number}", "status": "draft", "village_code": VILLAGE}
            facts["area_m2"] = round(geodesic_area_m2(shape), 2) or None
            facts["length_m"] = None if facts["area_m2"] else round(geodesic_length_m(shape), 2)
            a_site(session, kind, at=(round(at.x, 7), round(at.y, 7)), **facts)


def export(store: Store, path: Path, kind: Kind) -> Path:
    order = Order("sites", **narrowed_to(kind, ""), with_operators=True, encoding="UTF-8")
    write_export(store, order, path, by=SYSTEM, now=NOW, say=str)
    return path


def table(store: Store, folder: Path, kind: Kind) -> list[dict[str, str]]:
    path = export(store, folder / "compared.csv", kind)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: text for name, text in row.items() if name not in OWN} for row in csv.DictReader(file)]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", list(Kind))
def test_a_file_of_our_own_changes_nothing_where_it_came_from(county, tmp_path, kind, ending):
    fill(county, kind)
    outcome = check(county, export(county, tmp_path / f"点位{ending}", kind), kind.value)
    assert counts(outcome) == (5, 5, 0, 0)
    said = [code for number, code in codes(outcome, "note") if number]
    assert said == ["import.unchanged"] * 5


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", list(Kind))
def test_another_county_becomes_the_same(county, another, tmp_path, kind, ending):
    fill(county, kind)
    with another.write() as session:
        a_body(session, name="西镇人民政府")
    outcome = take(another, export(county, tmp_path / f"点位{ending}", kind), kind=kind.value)
    assert (outcome.tally.read, outcome.tally.accepted, outcome.tally.refused) == (5, 5, 0)
    came, went = table(another, tmp_path, kind), table(county, tmp_path, kind)
    for one, other in zip(came, went, strict=True):
        shapes = [from_wkt(row.pop("图形") or "POINT EMPTY") for row in (one, other)]
        assert one == other
        assert shapes[0].equals_exact(shapes[1], 1e-7, normalize=True)  # a ring may turn the other way
