"""The requirements a visit may find broken: what each asks, how grave a breach is, by when it is put right.

Read from `reference/requirements.json`, dated and versioned. `limit` is data for deadlines: `{"days": n}`
(natural days), `{"hours": n}`, `{"milestone": name}` or `{"season": "planting"}`, with `not_after` and, for
what is due before the whole, `steps`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from inspections.errors import NotFound
from inspections.terms import Kind, Severity


class RequirementUnknown(NotFound):
    """No requirement has this code."""

    code = "requirement.unknown"
    message = "There is no requirement {number}."


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement (违规类型): a finding is a departure from it."""

    code: str
    kind: Kind
    zh: str
    en: str
    severity: Severity
    limit: Mapping[str, Any]
    limit_zh: str
    limit_en: str
    basis_zh: str
    basis_en: str
    version: str
    never_down: bool = False  # fixing it on the spot makes it no less grave
    severity_rules: tuple[Mapping[str, Any], ...] = ()

    def label(self, language: str = "zh") -> str:
        """What people read for the code; `language` is `zh`, `zh_CN` or `en`."""
        return self.en if language.startswith("en") else self.zh

    def limit_label(self, language: str = "zh") -> str:
        """The time limit in words."""
        return self.limit_en if language.startswith("en") else self.limit_zh

    def basis_label(self, language: str = "zh") -> str:
        """The legal basis in words."""
        return self.basis_en if language.startswith("en") else self.basis_zh


@cache
def requirements_data() -> Mapping[str, Any]:
    """`reference/requirements.json` as it stands."""
    text = resources.files("inspections").joinpath("reference/requirements.json").read_text(encoding="utf-8")
    return json.loads(text)


@cache
def requirements() -> Mapping[str, Requirement]:
    """Every requirement by code, in the order of the list."""
    data = requirements_data()
    return MappingProxyType(
        {row["code"]: _requirement(row, version=data["version"]) for row in data["requirements"]}
    )


def requirement(code: str) -> Requirement:
    """The requirement of a code.

    Raises
    ------
    RequirementUnknown
        There is none.
    """
    try:
        return requirements()[code]
    except KeyError:
        raise RequirementUnknown(number=code) from None


def _requirement(row: Mapping[str, Any], *, version: str) -> Requirement:
    fields = dict(row)
    return Requirement(
        **{
            **fields,
            "kind": Kind(fields["kind"]),
            "severity": Severity(fields["severity"]),
            "severity_rules": tuple(fields.get("severity_rules", ())),
        },
        version=version,
    )
