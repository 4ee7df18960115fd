"""The columns of an export: one table a subject, each with what it is called and how a row gives it.

Chinese headings are for the files, English titles for those who read the program in English. A value is what
the row holds: codes stay codes here, and each format says them in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from geo.writers.layers import Field
from inspections import terms
from inspections.terms import Kind


@dataclass(frozen=True)
class Column:
    """One column: the field of the file, what a row of the query gives for it, and whose rows have it."""

    field: Field
    get: Callable[[Any], Any]
    kinds: Container[Kind] = Kind


def column(
    key: str,
    heading: str,
    title_en: str,
    form: str = "text",
    get: Callable[[Any], Any] | None = None,
    *,
    words: Mapping[str, str] | None = None,
    places: int | None = None,
    kinds: Container[Kind] = Kind,
) -> Column:
    """A column, which a row gives under its key unless `get` says otherwise.

    What only some kinds have is empty in most rows.
    """
    field = Field(key, heading, form, title_en, words or {}, places, rare=kinds is not Kind)
    return Column(field, get or attrgetter(key), kinds)


def coded(
    key: str,
    heading: str,
    title_en: str,
    *lists: str,
    get: Callable[[Any], Any] | None = None,
    form: str = "code",
) -> Column:
    """A column of codes, in the words of one or more lists."""
    return column(key, heading, title_en, form, get, words=words_of(*lists))


def words_of(*lists: str) -> dict[str, str]:
    """What people read for each code of some lists, in Chinese."""
    return {code: terms.label(name, code) for name in lists for code in terms.codes(name)}
