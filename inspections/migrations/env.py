"""Alembic's entry: runs the numbered steps on the connection that `store.migrate` hands over."""

from alembic import context

from inspections.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
