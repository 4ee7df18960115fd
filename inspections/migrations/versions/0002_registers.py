"""Imports in steps (received, checked, applied, undone), their rows and messages; areas with successors.

`sites` and `areas` get their columns by plain ALTER TABLE: a copied SQLite table loses its R*Tree's triggers.
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from inspections.models.base import Instant

revision = "0002"
down_revision = "0001"

DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("received", "checked", "applied", "undone", "given_up")
JOBS = ("none", "check", "apply", "undo")
OUTCOMES = ("new", "changed", "same", "asked", "refused", "left_out")
LEVELS = ("error", "question", "warning", "note")
BATCH = 5000


def upgrade():
    make_batches_stepwise()
    make_tables()
    bring_sites_back_to_their_batches()


def code_of(values, name):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def make_batches_stepwise():
    new = (
        sa.Column("kind", sa.String(length=20), nullable=False, server_default=""),
        sa.Column("state", code_of(STATES, "importstate"), nullable=False, server_default="applied"),
        sa.Column("bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("answers", DOCUMENT, nullable=False, server_default="{}"),
        sa.Column("found", DOCUMENT, nullable=False, server_default="{}"),
        sa.Column("received_at", Instant(), nullable=True),
        sa.Column("received_by_id", sa.Uuid(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.Column("undone_by_id", sa.Uuid(), nullable=True),
        sa.Column("job", code_of(JOBS, "importjob"), nullable=False, server_default="none"),
        sa.Column("job_by_id", sa.Uuid(), nullable=True),
        sa.Column("job_stop", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("job_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("job_total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("job_seen_at", Instant(), nullable=True),
        sa.Column("failure", DOCUMENT, nullable=False, server_default="{}"),
    )
    with op.batch_alter_table("import_batches") as table:
        table.drop_constraint(op.f("uq_import_batches_subject_sha256"), type_="unique")
        table.alter_column("applied_at", existing_type=Instant(), nullable=True)
        for column in new:
            table.add_column(column)
    op.execute("UPDATE import_batches SET received_at = applied_at, received_by_id = applied_by_id")
    with op.batch_alter_table("import_batches") as table:
        table.alter_column("received_at", existing_type=Instant(), nullable=False)
        for column in new:
            if column.server_default is not None:
                table.alter_column(column.name, existing_type=column.type, server_default=None)
        for name in ("received_by_id", "undone_by_id", "job_by_id"):
            table.create_foreign_key(op.f(f"fk_import_batches_{name}"), "officers", [name], ["id"])
        table.create_check_constraint(
            op.f("ck_import_batches_applied_has_moment"), "state <> 'applied' OR applied_at IS NOT NULL"
        )
    op.create_index(
        "uq_import_batches_applied",
        "import_batches",
        ["subject", "kind", "sha256"],
        unique=True,
        sqlite_where=sa.text("state = 'applied'"),
        postgresql_where=sa.text("state = 'applied'"),
    )
    op.create_index("ix_import_batches_received_at", "import_batches", ["received_at"])
    op.create_index("ix_import_batches_job", "import_batches", ["job"])


def make_tables():
    for table in ("sites", "areas"):
        add_reference(table, "import_id", "import_batches")
    op.add_column("areas", sa.Column("successors", DOCUMENT, nullable=False, server_default="[]"))
    batch = sa.ForeignKeyConstraint
    op.create_table(
        "import_rows",
        sa.Column("pk", KEY, autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", code_of(OUTCOMES, "rowoutcome"), nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("site_version", sa.Integer(), nullable=True),
        sa.Column("before", DOCUMENT, nullable=True),
        batch(["batch_id"], ["import_batches.id"], name=op.f("fk_import_rows_batch_id")),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_import_rows")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_import_rows_batch_id_position")),
    )
    op.create_index("ix_import_rows_batch_id_outcome", "import_rows", ["batch_id", "outcome"])
    op.create_table(
        "import_messages",
        sa.Column("pk", KEY, autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("column", sa.String(length=100), nullable=False),
        sa.Column("cell", sa.String(length=200), nullable=False),
        sa.Column("level", code_of(LEVELS, "messagelevel"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("choices", DOCUMENT, nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        batch(["batch_id"], ["import_batches.id"], name=op.f("fk_import_messages_batch_id")),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_import_messages")),
    )
    op.create_index("ix_import_messages_batch_id_position", "import_messages", ["batch_id", "position"])
    op.create_index("ix_import_messages_batch_id_code", "import_messages", ["batch_id", "code", "answer"])
    op.create_table(
        "import_mappings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("headings_sha256", sa.String(length=64), nullable=False),
        sa.Column("columns", DOCUMENT, nullable=False),
        sa.Column("agreed_at", Instant(), nullable=False),
        sa.Column("agreed_by_id", sa.Uuid(), nullable=True),
        batch(["agreed_by_id"], ["officers.id"], name=op.f("fk_import_mappings_agreed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint(
            "subject", "kind", "headings_sha256", name=op.f("uq_import_mappings_subject_kind_headings_sha256")
        ),
    )


def add_reference(table, column, to):
    """Add a column with its key in one statement, which SQLite can without copying the table."""
    name = f"fk_{table}_{column}"
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(name), table, to, [column], ["id"])
    else:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} CHAR(32) CONSTRAINT {name} REFERENCES {to} (id)")
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def bring_sites_back_to_their_batches():
    """Read in the ledger which batch brought which site, and of which kind the batch was."""
    connection = op.get_bind()
    ledger = sa.table("ledger_entries", sa.column("number"), sa.column("action"), sa.column("facts"))
    ledger.append_column(sa.column("site_id", sa.Uuid()))
    sites = sa.table("sites", sa.column("id", sa.Uuid()), sa.column("import_id", sa.Uuid()))
    batches = sa.table("import_batches", sa.column("id", sa.Uuid()), sa.column("kind"))
    put = sa.update(sites).where(sites.c.id == sa.bindparam("site")).values(import_id=sa.bindparam("batch"))
    name = sa.update(batches).where(batches.c.id == sa.bindparam("batch")).values(kind=sa.bindparam("of"))
    query = sa.select(ledger.c.number, ledger.c.site_id, ledger.c.facts).where(
        ledger.c.action == "site.imported"
    )
    kinds, last = {}, 0
    while rows := connection.execute(
        query.where(ledger.c.number > last).order_by(ledger.c.number).limit(BATCH)
    ).all():
        facts = [json.loads(row.facts) for row in rows]
        moved = [
            {"site": row.site_id, "batch": as_uuid(said["batch"])}
            for row, said in zip(rows, facts, strict=True)
        ]
        connection.execute(put, moved)
        kinds |= {as_uuid(said["batch"]): said["kind"] for said in facts}
        last = rows[-1].number
    if kinds:
        connection.execute(name, [{"batch": batch, "of": kind} for batch, kind in kinds.items()])


def as_uuid(text):
    return sa.Uuid().python_type(text)
