"""Features to GDAL, a batch at a time: values as the columns it takes, its refusals as ours.

Only files of the writers' own are opened here, never the live database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from shapely.geometry.base import BaseGeometry

from geo.writers.losses import NotWritten

Column = tuple[np.ndarray, np.ndarray | None]  # values, and which of them are missing
_CRS = "EPSG:4490"
_NUMPY: Mapping[str, tuple[str, Any]] = {
    "whole": ("int64", 0),
    "yes_no": ("bool", False),
    "day": ("datetime64[D]", "1970-01-01"),
}


def column_of(form: str, values: Sequence[Any], *, width: int = 0) -> Column:
    """The values of a field of a form; `width` is how many bytes a text column begins with."""
    if form == "number":
        return np.array([np.nan if value is None else value for value in values], dtype=float), None
    if form in _NUMPY or width:
        kind, empty = _NUMPY.get(form, (f"U{width}", ""))
        missing = np.array([value is None for value in values], dtype=bool)
        return np.array([empty if value is None else value for value in values], dtype=kind), missing
    return np.array(values, dtype=object), None


def write_rows(
    path: Any,
    names: Sequence[str],
    columns: Sequence[Column],
    geometries: Sequence[BaseGeometry | None],
    **options: Any,
) -> None:
    """Write rows to a file of CGCS2000, or append them; `options` are those of `pyogrio.raw.write`.

    Raises
    ------
    NotWritten
        GDAL gave up: no room, most often.
    """
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    with refusals_as_ours():
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(shapes),
            field_data=[values for values, _ in columns],
            field_mask=[missing for _, missing in columns],
            fields=list(names),
            crs=_CRS,
            **options,
        )


@contextmanager
def refusals_as_ours(*others: type[Exception]) -> Iterator[None]:
    """Turn what GDAL, or another library beside it, raises into `NotWritten`."""
    try:
        yield
    except (DataSourceError, DataLayerError, FeatureError, *others) as error:
        raise NotWritten from error
