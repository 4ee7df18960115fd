"""What may be said of a site: facts as a person gives them, cleaned and checked; no row, no clock.

A fact that cannot be taken is refused by its field, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from geo.errors import EmptyGeometry, GeoError
from geo.shapes import check_geometry
from inspections import terms
from inspections.errors import Invalid, InvalidFields
from inspections.sites.attributes import check_attrs
from inspections.terms import Kind
from inspections.typed import NotInList, TextTooLong, clean_code, clean_text, in_list, in_range

LONGEST_REMARK = 2000
LONGEST_RAW = 300_000


class NameLength(Invalid):
    """A name too short or too long."""

    code = "site.name_length"
    message = "Enter a name of 2 to 60 characters."
    field = "name"


class WrongPhone(Invalid):
    """No telephone number."""

    code = "site.phone"
    message = "Enter a telephone number of 7 to 15 digits."
    field = "operator_phone"


class OperatorNameMissing(Invalid):
    """A telephone number that belongs to nobody."""

    code = "site.operator_name_missing"
    message = "Enter whose telephone number this is, in 2 to 60 characters."
    field = "operator_name"


@dataclass(frozen=True, kw_only=True)
class SiteFacts:
    """What a person says of a site. An `operator_name` of None leaves the operator as recorded."""

    kind: str
    name: str
    geometry: Any  # lon/lat CGCS2000
    subtype: str = ""
    township_code: str | None = None  # None: the one that holds the geometry
    township_reason: str = ""
    village_code: str | None = None
    village_group: str = ""
    loc_method: str = "map"
    loc_accuracy_m: float | None = None
    loc_datum: str = "cgcs2000"
    loc_raw: str = ""
    area_reported_mu: float | None = None
    operator_name: str | None = None
    operator_type: str = ""
    operator_phone: str = ""
    body_id: UUID | None = None
    source: str = ""
    source_ref: str = ""
    remark: str = ""
    attrs: Mapping[str, Any] = field(default_factory=dict)


def check_facts(facts: SiteFacts, *, shape_is_checked: bool = False) -> SiteFacts:
    """Clean every fact, or refuse all wrong ones at once; a shape that was checked is left as it is.

    Raises
    ------
    InvalidFields
        `problems` by field; an attribute's field is `attr_` and its key.
    """
    problems: dict[str, Exception] = {}
    clean: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        if shape_is_checked and name == "geometry":
            continue
        try:
            clean[name] = check(getattr(facts, name), facts)
        except InvalidFields as error:
            problems |= error.problems
        except (Invalid, GeoError) as error:
            problems[error.field if name == "operator_phone" and error.field else name] = error
    if problems:
        raise InvalidFields(problems)
    return replace(facts, **clean)


def mask_name(name: str) -> str:
    """Show what everyone may see of a restricted name.

    Examples
    --------
    >>> mask_name("张三")
    '张*'
    """
    return f"{name[:1]}*" if name else ""


def mask_phone(phone: str) -> str:
    """Show what everyone may see of a restricted telephone number.

    Examples
    --------
    >>> mask_phone("13800000000"), mask_phone("8212345")
    ('138****0000', '****45')
    """
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return f"****{phone[-2:]}" if phone else ""


def _check_name(text: str, _facts: SiteFacts) -> str:
    name = clean_text(text)
    if not 2 <= len(name) <= 60:
        raise NameLength
    return name


def _check_subtype(code: str, facts: SiteFacts) -> str:
    return in_list(code, terms.subtypes(facts.kind) if facts.kind in set(Kind) else ())


def _check_geometry(geometry: Any, _facts: SiteFacts) -> Any:
    if geometry is None:
        raise EmptyGeometry
    return check_geometry(geometry)


def _check_operator_name(name: str | None, _facts: SiteFacts) -> str | None:
    if name is None:
        return None
    clean = clean_text(name)
    if clean and not 2 <= len(clean) <= 60:
        raise NameLength(field="operator_name")
    return clean


def _check_phone(phone: str, facts: SiteFacts) -> str:
    written = re.sub(r"[\s()-]", "", clean_code(phone))
    if not written:
        return ""
    if not re.fullmatch(r"\+?\d{7,15}", written, re.ASCII):
        raise WrongPhone
    if not clean_text(facts.operator_name or ""):
        raise OperatorNameMissing
    return written


def _short(most: int, *, code: bool = False) -> Callable[[str, SiteFacts], str]:
    def check(text: str, _facts: SiteFacts) -> str:
        clean = clean_code(text) if code else clean_text(text)
        if len(clean) > most:
            raise TextTooLong(most=most)
        return clean

    return check


def _check_remark(text: str, _facts: SiteFacts) -> str:
    clean = clean_text(text, lines=True)
    if len(clean) > LONGEST_REMARK:
        raise TextTooLong(most=LONGEST_REMARK)
    return clean


def _check_kind(kind: str, _facts: SiteFacts) -> Kind:
    if kind not in set(Kind):
        raise NotInList
    return Kind(kind)


_CHECKS: Mapping[str, Callable[[Any, SiteFacts], Any]] = {
    "kind": _check_kind,
    "subtype": _check_subtype,
    "name": _check_name,
    "geometry": _check_geometry,
    "township_reason": _short(200),
    "village_group": _short(40),
    "loc_method": lambda code, _: in_list(code, terms.codes("loc_method")),
    "loc_datum": lambda code, _: in_list(code, terms.codes("datum")),
    "loc_accuracy_m": lambda value, _: in_range(value, 0, 5000),
    "loc_raw": lambda text, _: clean_text(text)[:LONGEST_RAW],
    "area_reported_mu": lambda value, _: in_range(value, 0.01, 50_000),
    "operator_name": _check_operator_name,
    "operator_type": lambda code, _: in_list(code, terms.codes("operator_type")),
    "operator_phone": _check_phone,
    "source": lambda code, _: in_list(code, terms.codes("origin")),
    "source_ref": _short(80, code=True),
    "remark": _check_remark,
    "attrs": lambda attrs, facts: check_attrs(facts.kind, attrs),
}
