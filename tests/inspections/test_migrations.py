"""The schema is made by numbered steps, and they make what the models say."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from shapely import Point, box
from sqlalchemy import column, insert, inspect, select, text
from sqlalchemy import table as sa_table

from inspections import ledger
from inspections.models import Area, Base, ImportBatch, Site
from inspections.models.base import Geometry, Instant, rtree_statements
from inspections.permissions import SYSTEM
from inspections.store import NotMigrated, Store, in_box, wanted_version
from tests.factories import WEST, a_county, a_site


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_the_steps_make_exactly_what_the_models_say(store):
    def not_of_the_index(_object, name, kind, _reflected, _other):
        ours = not re.match(r"rtree_|spatial_ref_sys|alembic_version|geometry_columns", name or "")
        return ours and not (kind == "index" and name.endswith("_geometry"))

    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": not_of_the_index,
                "compare_type": lambda _c, _i, _m, _t, wanted: (
                    False if isinstance(wanted, Geometry | Instant) else None
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_named_checks_are_in_the_database(store):
    with store.engine.connect() as connection:
        found = {
            check["name"]
            for table in Base.metadata.tables
            for check in inspect(connection).get_check_constraints(table)
        }
    wanted = {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if constraint.__visit_name__ == "check_constraint"
    }
    assert {str(name) for name in wanted} <= found


def test_every_constraint_has_a_name():
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, (table.name, constraint)


def test_a_filled_database_is_migrated_again_without_loss(store):
    with store.write() as session:
        a_county(session)
        a_site(session)
    store.migrate()
    with store.read() as session:
        assert session.scalar(select(Site.name)) == "苇塘东塘"
    assert store.version() == wanted_version()


def test_an_empty_database_says_what_to_do(tmp_path):
    empty = Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(NotMigrated, match="xuntu migrate"):
        empty.require_current()
    empty.close()


def test_the_spatial_index_follows_every_change(store):
    with store.write() as session:
        a_county(session)
        site = a_site(session, at=(100.40, 38.93))

    def found(minx, miny, maxx, maxy):
        with store.read() as session:
            return session.scalars(
                select(Site.id).where(in_box(session, Site, (minx, miny, maxx, maxy)))
            ).all()

    assert found(100.39, 38.92, 100.41, 38.94) == [site.id]
    with store.write() as session:
        session.get(Site, site.pk).geometry = Point(100.60, 38.93)
    assert found(100.39, 38.92, 100.41, 38.94) == []
    assert found(100.59, 38.92, 100.61, 38.94) == [site.id]
    with store.write() as session:
        session.delete(session.get(Site, site.pk))
    assert found(100.0, 38.0, 101.0, 39.0) == []


def test_the_index_is_made_again_after_a_table_was_copied(sqlite_store):
    with sqlite_store.write() as session:
        a_county(session)
        for statement in rtree_statements("areas"):
            session.execute(text(statement))
    with sqlite_store.read() as session:
        box_ = (100.39, 38.92, 100.40, 38.93)
        assert len(session.scalars(select(Area).where(in_box(session, Area, box_))).all()) == 3


def test_a_geometry_comes_back_as_it_went_in(store):
    shape = box(100.4, 38.9, 100.4012345, 38.9012345)
    with store.write() as session:
        a_county(session)
        a_site(session, geometry=shape)
    with store.read() as session:
        site = session.scalars(select(Site)).one()
    assert site.geometry.equals_exact(shape, 0)
    assert (site.min_lon, site.max_lat) == (100.4, 38.9012345)


def test_a_register_imported_before_files_had_states_is_found_again(empty_store):
    """The step to 0002 over what 0001 held: the batch is applied, of its kind, and has its site."""
    empty_store.migrate("0001")
    batch_id, site_id, now = uuid.uuid4(), uuid.uuid4(), datetime(2026, 3, 1, tzinfo=UTC)
    batch = dict.fromkeys(("rows_read", "rows_accepted", "rows_warned", "rows_refused"), 0)
    batch |= dict.fromkeys(("file_name", "encoding", "crs", "report_sha256"), "")
    batch |= {"id": batch_id, "subject": "sites", "sha256": "0" * 64, "applied_at": now}
    facts = {"batch": str(batch_id), "kind": "pond"}
    with empty_store.write() as session:
        put(session, "import_batches", batch)
        put(session, "sites", a_row_of_0001(site_id, now))
        ledger.append(session, SYSTEM, "site.imported", "site", site_id, at=now, site_id=site_id, facts=facts)
    empty_store.migrate()
    with empty_store.read() as session:
        found = session.get(ImportBatch, batch_id)
        assert (found.state, found.job, found.kind, found.received_at) == ("applied", "none", "pond", now)
        assert (found.answers, found.failure, found.applied_at) == ({}, {}, now)
        assert session.scalar(select(Site.import_id)) == batch_id
        assert (
            session.scalar(select(Site.id).where(in_box(session, Site, (100.3, 38.9, 100.5, 39)))) == site_id
        )


def test_sites_of_before_are_found_by_their_folded_names(empty_store):
    """The step to 0004 over what 0001 held."""
    empty_store.migrate("0001")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with empty_store.write() as session:
        for number in range(3):
            row = a_row_of_0001(uuid.uuid4(), now) | {"number": f"P-{number}", "name": f"Ａ{number} 号　塘"}
            put(session, "sites", row)
    empty_store.migrate()
    with empty_store.read() as session:
        assert session.scalars(select(Site.name_key).order_by(Site.number)).all() == [
            "a0号塘",
            "a1号塘",
            "a2号塘",
        ]


def a_row_of_0001(site_id, now):
    row = {"id": site_id, "number": "P-990101100-0001", "kind": "pond", "name": "柳荫塘", "status": "active"}
    row |= {"township_code": WEST, "lon": 100.4, "lat": 38.93, "geometry": Point(100.4, 38.93), "attrs": {}}
    row |= dict(zip(("min_lon", "min_lat", "max_lon", "max_lat"), (100.4, 38.93) * 2, strict=True))
    texts = ("subtype", "township_reason", "village_group", "loc_raw", "source", "source_ref", "remark")
    row |= dict.fromkeys((*texts, "retired_reason"), "") | {"loc_method": "map", "loc_datum": "cgcs2000"}
    row |= {"is_listed": False, "has_suspected": False, "open_cases": 0, "row_version": 1}
    return row | {"created_at": now, "updated_at": now}


def put(session, name, row):
    """Insert into a table as it was, by the types that its columns still have."""
    table = Base.metadata.tables[name]
    session.execute(insert(sa_table(name, *(column(key, table.c[key].type) for key in row))).values(row))
