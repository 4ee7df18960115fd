"""The questions of a visit as versioned data: items, options, groups, and the words for what is wrong.

Read from `reference/checklists*.json`, one file a version, never edited after use. What answers come to is
`inspections.checklists.evaluation`; use cases and pages go through `inspections.checklists`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from inspections.checklists.conditions import Condition
from inspections.checklists.requirements import requirements_data
from inspections.errors import NotFound


class ChecklistUnknown(NotFound):
    """A visit names a checklist that this program does not have."""

    code = "checklist.unknown"
    message = "There is no checklist {version} here. Update the program, then send the visit again."


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    value: str
    zh: str
    en: str

    def label(self, language: str = "zh") -> str:
        """What people read for it."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a checklist."""

    key: str
    group: str
    zh: str
    en: str
    type: str  # enum, multi, bool, number, integer, text, datetime, polygon, photo
    required: Condition
    unit: str = ""
    options: tuple[Option, ...] = ()
    alone: tuple[str, ...] = ()  # options that cannot stand beside others
    min: float | None = None
    max: float | None = None
    warn_min: float | None = None
    warn_max: float | None = None
    min_length: int = 0
    max_length: int = 1000
    multiline: bool = False
    format: str = ""
    min_count: int = 0
    max_count: int = 20
    max_minutes_ahead: int = 5
    max_days_ago: int = 30
    max_mu: float | None = None
    restricted: bool = False  # shown to few: DOMAIN §16.3
    shown: Condition = True
    unfolds: Condition = True  # False keeps an optional question folded away until somebody wants it
    opens: tuple[Mapping[str, Any], ...] = ()

    def label(self, language: str = "zh") -> str:
        """The question as people read it."""
        return self.en if language.startswith("en") else self.zh

    def option_label(self, value: object, language: str = "zh") -> str:
        """What people read for one of its answers; the answer itself where the list does not know it."""
        return next((option.label(language) for option in self.options if option.value == value), str(value))

    @property
    def values(self) -> tuple[str, ...]:
        """The answers to choose from."""
        return tuple(option.value for option in self.options)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the form."""

    key: str
    zh: str
    en: str
    last: bool = False  # stands after the groups of the kind

    def label(self, language: str = "zh") -> str:
        """The heading as people read it."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Checklist:
    """One version of the questions for all kinds of site."""

    version: str
    data: Mapping[str, Any]
    sections: Mapping[str, tuple[tuple[Group, tuple[Item, ...]], ...]]

    def groups(self, kind: str) -> tuple[tuple[Group, tuple[Item, ...]], ...]:
        """The headings of a kind's form in order, each with its questions."""
        return self.sections[kind]

    def items(self, kind: str) -> tuple[Item, ...]:
        """The questions of a kind in the order of the form."""
        return tuple(item for _, items in self.sections[kind] for item in items)

    def item(self, kind: str, key: str) -> Item | None:
        """One question, None if the kind has none of this key."""
        return next((item for item in self.items(kind) if item.key == key), None)

    @property
    def messages(self) -> Mapping[str, str]:
        """English sentences for codes of problems, warnings and notes, with places for their facts."""
        return self.data["messages"]

    def for_browser(self, *kinds: str) -> dict[str, Any]:
        """What `static/js/checklist.js` judges by, as JSON; all kinds if none is named."""
        chosen = kinds or tuple(self.data["kinds"])
        requirements = requirements_data()
        return {
            **self.data,
            "kinds": {kind: self.data["kinds"][kind] for kind in chosen},
            "severities": requirements["severities"],
            "steps_by_history": requirements["steps_by_history"],
            "requirements": [row for row in requirements["requirements"] if row["kind"] in chosen],
        }


@cache
def _versions() -> Mapping[str, Checklist]:
    folder = resources.files("inspections").joinpath("reference")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("checklists"))
    data = [json.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in names]
    return MappingProxyType(
        {one["version"]: _checklist(one) for one in sorted(data, key=lambda one: one["valid_from"])}
    )


def load_checklist(version: str | None = None) -> Checklist:
    """The checklist of a version, by default the newest.

    Raises
    ------
    ChecklistUnknown
        There is no such version.
    """
    versions = _versions()
    if version is None:
        return next(reversed(versions.values()))
    if version not in versions:
        raise ChecklistUnknown(version=version)
    return versions[version]


def list_checklists() -> tuple[Checklist, ...]:
    """Every version, the oldest first."""
    return tuple(_versions().values())


def problem_messages() -> dict[str, str]:
    """English sentences of every version, by code, for the catalogue and for pages to hand to the browser."""
    return {code: text for checklist in _versions().values() for code, text in checklist.messages.items()}


def _checklist(data: Mapping[str, Any]) -> Checklist:
    sections = {kind: _sections(data, kind) for kind in data["kinds"]}
    return Checklist(data["version"], MappingProxyType(dict(data)), MappingProxyType(sections))


def _sections(data: Mapping[str, Any], kind: str) -> tuple[tuple[Group, tuple[Item, ...]], ...]:
    common = [Group(**group) for group in data["groups"]["common"]]
    own = [Group(**group) for group in data["groups"][kind]]
    groups = [group for group in common if not group.last]
    groups += own + [group for group in common if group.last]
    items = [_item(row) for row in (*data["common"], *data["kinds"][kind])]
    return tuple((group, tuple(item for item in items if item.group == group.key)) for group in groups)


def _item(row: Mapping[str, Any]) -> Item:
    fields = dict(row)
    fields["options"] = tuple(Option(**option) for option in row.get("options", ()))
    for name in ("alone", "opens"):
        fields[name] = tuple(row.get(name, ()))
    return Item(**fields)
