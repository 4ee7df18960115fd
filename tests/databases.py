"""PostgreSQL databases that live as long as what asks for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text


@contextmanager
def own_database(server: str, template: str = "") -> Iterator[str]:
    """The address of a new database on a server, empty or as its template; gone afterwards.

    `server` is the address of any database there, as of a user who may make others.
    """
    address = make_url(server).set(drivername="postgresql+psycopg")
    name = f"xuntu_test_{uuid.uuid4().hex[:8]}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    as_template = f' TEMPLATE "{make_url(template).database}"' if template else ""
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"{as_template}'))
    engine.dispose()  # nothing of ours keeps a database from being a template or from being dropped
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()
