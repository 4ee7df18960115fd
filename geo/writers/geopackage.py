"""Write a GeoPackage, one layer or several: in QGIS it has its names, its codes in words and its colours.

GDAL writes the features to a new file, batch by batch; Python's own SQLite then adds what GDAL's library
here cannot: aliases and code lists (the schema extension), and a default style a layer (`layer_styles`, as
QGIS keeps it). Columns have the keys of the fields and codes stay codes. Instants are text in Beijing time:
the format's own are UTC, and QGIS would show them eight hours early.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from geo.errors import GeoError
from geo.writers.gdal import Column, column_of, refusals_as_ours, write_rows
from geo.writers.layers import Batch, Document, Field, Layer
from geo.writers.qml import style_of

VERSION = "1.2"  # what older QGIS reads without a warning
GEOMETRY = "geom"
_SCHEMA_EXTENSION = "http://www.geopackage.org/spec120/#extension_schema"


def write(path: Path, document: Document) -> list[GeoError]:
    """Write every layer; nothing is lost.

    Raises
    ------
    NotWritten
        GDAL or SQLite gave up.
    """
    about = "；".join(f"{name}：{words}" for name, words in document.about)
    for layer in document.layers:
        _write_features(path, layer, about)
    with refusals_as_ours(sqlite3.Error), closing(sqlite3.connect(path)) as package:
        package.executescript(_TABLES)
        for layer in document.layers:
            _add_names(package, layer)
            _add_style(package, layer)
        package.commit()
    return []


def _write_features(path: Path, layer: Layer, about: str) -> None:
    kept = [(place, one) for place, one in enumerate(layer.fields) if one.form != "shape"]
    for number, batch in enumerate(_at_least_one(layer)):
        write_rows(
            path,
            [one.key for _, one in kept],
            [_column(one, [row[place] for row in batch.rows]) for place, one in kept],
            batch.geometries,
            layer=layer.name,
            driver="GPKG",
            geometry_type="Point" if layer.only_points else "Unknown",
            append=number > 0,
            dataset_options={"VERSION": VERSION},
            layer_options={"DESCRIPTION": about, "GEOMETRY_NAME": GEOMETRY},
        )


def _at_least_one(layer: Layer) -> Iterator[Batch]:
    """The batches of a layer; an empty one where there is none, which makes the empty layer."""
    some = False
    for batch in layer.batches():
        some = True
        yield batch
    if not some:
        yield Batch([], [])


def _column(one: Field, values: Sequence[Any]) -> Column:
    """Codes stay codes; several of them, and a time with its zone, are text: there is no type for them."""
    if one.form in ("codes", "moment"):
        values = [None if value is None else one.in_text(value) for value in values]
    return column_of(one.form, values)


def _add_names(package: sqlite3.Connection, layer: Layer) -> None:
    for one in layer.fields:
        if one.form == "shape":
            continue
        codes = f"{layer.key}_{one.key}" if one.form == "code" else None
        package.execute(
            "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)",
            (layer.name, one.key, one.key, one.heading, one.title_en, codes),
        )
        for code, words in one.words.items() if codes else ():
            package.execute(
                "INSERT INTO gpkg_data_column_constraints "
                "(constraint_name, constraint_type, value, description) VALUES (?, 'enum', ?, ?)",
                (codes, code, words),
            )


def _add_style(package: sqlite3.Connection, layer: Layer) -> None:
    package.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
        "styleName, styleQML, useAsDefault, description) VALUES ('', '', ?, ?, ?, ?, 1, '')",
        (layer.name, GEOMETRY, layer.name, style_of(layer)),
    )


_TABLES = f"""
CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
    mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
    min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT INTO gpkg_extensions VALUES
    ('gpkg_data_columns', NULL, 'gpkg_schema', '{_SCHEMA_EXTENSION}', 'read-write'),
    ('gpkg_data_column_constraints', NULL, 'gpkg_schema', '{_SCHEMA_EXTENSION}', 'read-write');
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
INSERT INTO gpkg_contents (table_name, data_type, identifier)
    VALUES ('layer_styles', 'attributes', 'layer_styles');
"""  # noqa: S608 (no text of others)
