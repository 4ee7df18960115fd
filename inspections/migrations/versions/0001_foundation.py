"""The first schema: areas, bodies, officers, sites, visits, findings, evidence, cases, ledger.

Frozen: later steps alter what this one made. `rtree_statements` must follow any `batch_alter_table` of a
table with a geometry, because copying a SQLite table drops its triggers.
"""

from alembic import op

from inspections.models import Base
from inspections.models.base import rtree_statements

revision = "0001"
down_revision = None

GEOMETRY_TABLES = ("areas", "sites")
GUARD_SQLITE = """
CREATE TRIGGER ledger_entries_{name} BEFORE {name} ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END
"""
GUARD_POSTGRES = """
CREATE FUNCTION ledger_entries_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'ledger entries are never changed'; END $$;
CREATE TRIGGER ledger_entries_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_guard()
"""


def upgrade():
    connection = op.get_bind()
    postgres = connection.dialect.name == "postgresql"
    if postgres:
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    Base.metadata.create_all(connection)
    for table in GEOMETRY_TABLES:
        if postgres:
            op.execute(f"CREATE INDEX ix_{table}_geometry ON {table} USING gist (geometry)")
        else:
            for statement in rtree_statements(table):
                op.execute(statement)
    if postgres:
        op.execute(GUARD_POSTGRES)
    else:
        for name in ("update", "delete"):
            op.execute(GUARD_SQLITE.format(name=name))
