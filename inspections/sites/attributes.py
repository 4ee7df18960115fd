"""The attributes each kind of site has beside what all have: a table, and the check of what is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inspections import terms
from inspections.errors import Invalid, InvalidFields
from inspections.terms import Kind
from inspections.typed import NotANumber, NotInList, clean_text, in_list, in_range, short_text

LATEST_YEAR = 2100


class UnknownAttribute(Invalid):
    """A key this kind of site does not have."""

    code = "site.unknown_attribute"
    message = "“{key}” is not recorded for this kind of site. Leave it out."


@dataclass(frozen=True)
class Attribute:
    """One attribute of a kind: `form` is number, whole, text, choice or yes_no."""

    key: str
    form: str
    least: float = 0
    most: float = 0  # for a text, its longest
    unit: str = ""
    choices: str = ""  # a list of enums.json

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of a choice, in the order they are offered."""
        return terms.codes(self.choices)


def _number(key: str, least: float, most: float, unit: str) -> Attribute:
    return Attribute(key, "number", least, most, unit)


def _text(key: str, most: int) -> Attribute:
    return Attribute(key, "text", most=most)


def _choice(key: str, choices: str) -> Attribute:
    return Attribute(key, "choice", choices=choices)


# DOMAIN §4.1; what the last visit found (facility, reed, stage) is the visits' to say
ATTRIBUTES: Mapping[str, tuple[Attribute, ...]] = {
    Kind.STRAW: (
        _number("crop_area_mu", 0.1, 20_000, "mu"),
        _text("crop", 40),
        _text("grid_cell", 40),
    ),
    Kind.POND: (
        _choice("list_level", "list_level"),
        _choice("judged_by", "judged_by"),
        _choice("target_class", "water_class"),
    ),
    Kind.GREENHOUSE: (
        Attribute("shed_count", "whole", 0, 5000),
        _number("shed_area_mu", 0.01, 50_000, "mu"),
        _text("filing_no", 60),
        _choice("problem_class", "greenhouse_class"),
        _choice("guard_profile", "guard_profile"),
    ),
    Kind.AFFORESTATION: (
        _choice("zone", "zone"),
        _text("project", 80),
        Attribute("design_year", "whole", 1950, LATEST_YEAR),
        _number("design_mu", 0.01, 50_000, "mu"),
        _number("design_density", 5, 700, "per_mu"),
        _text("species_plan", 200),
        _number("width_m", 1, 200, "m"),
        Attribute("irrigated", "yes_no"),
        _choice("climate_profile", "survival_line"),
        _choice("contract_state", "contract_state"),
        _text("keeper", 60),
    ),
}


def check_attrs(kind: str, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Clean the attributes of a kind: empty ones left out, numbers as numbers."""
    known = {attribute.key: attribute for attribute in ATTRIBUTES.get(kind, ())}
    clean: dict[str, Any] = {}
    problems: dict[str, Exception] = {}
    for key, value in attrs.items():
        try:
            if key not in known:
                raise UnknownAttribute(key=clean_text(str(key))[:40])
            if value not in (None, ""):
                clean[key] = _FORMS[known[key].form](known[key], value)
        except Invalid as error:
            problems[f"attr_{key}"] = error
    if problems:
        raise InvalidFields(problems)
    return {key: value for key, value in clean.items() if value is not None and value != ""}


def _whole(attribute: Attribute, value: Any) -> int | None:
    number = in_range(value, attribute.least, attribute.most)
    if number is not None and number != int(number):
        raise NotANumber(example="12")
    return None if number is None else int(number)


def _text_of(attribute: Attribute, value: Any) -> str:
    return short_text(str(value), int(attribute.most))


def _yes_no(_attribute: Attribute, value: Any) -> bool:
    if value in (True, False):
        return bool(value)
    if value not in ("yes", "no"):
        raise NotInList
    return value == "yes"


_FORMS: Mapping[str, Callable[[Attribute, Any], Any]] = {
    "number": lambda attribute, value: in_range(value, attribute.least, attribute.most),
    "whole": _whole,
    "text": _text_of,
    "choice": lambda attribute, value: in_list(str(value), attribute.codes),
    "yes_no": _yes_no,
}
