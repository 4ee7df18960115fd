"""What sites are found by: names folded, numbers compared byte by byte, bodies with what a scope asks.

Plain ALTER TABLE: a copied SQLite table loses its R*Tree's triggers.
"""

import sqlalchemy as sa
from alembic import op

from inspections.models.names import name_key

revision = "0004"
down_revision = "0003"

BATCH = 5000
SITES = sa.table("sites", sa.column("pk"), sa.column("name"), sa.column("name_key"))


def upgrade():
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if on_postgres:
        op.alter_column("sites", "number", type_=sa.String(length=24, collation="C"))
    key = sa.Text(collation="C") if on_postgres else sa.Text()
    op.add_column("sites", sa.Column("name_key", key, nullable=False, server_default=""))
    fold_names()
    asked = ["township_code", "kind", "village_code"]
    for words in ("number", "name_key"):
        op.create_index(f"ix_sites_{words}", "sites", [words, "pk", "status", *asked])
    op.drop_index("ix_sites_body_id", "sites")
    op.create_index("ix_sites_body_id", "sites", ["body_id", *asked])


def fold_names():
    connection, last = op.get_bind(), 0
    put = sa.update(SITES).where(SITES.c.pk == sa.bindparam("site")).values(name_key=sa.bindparam("key"))
    query = sa.select(SITES.c.pk, SITES.c.name).order_by(SITES.c.pk).limit(BATCH)
    while rows := connection.execute(query.where(SITES.c.pk > last)).all():
        connection.execute(put, [{"site": row.pk, "key": name_key(row.name)} for row in rows])
        last = rows[-1].pk
