"""The words of the domain: states, roles, kinds and severities as enums, and their labels in both languages.

Values are stored, so they are never renamed. Labels come from `reference/enums.json`, which also lists what
has no enum here because no rule asks for it by name.
"""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from importlib import resources


class Kind(StrEnum):
    """What a site is."""

    STRAW = "straw"
    POND = "pond"
    GREENHOUSE = "greenhouse"
    AFFORESTATION = "afforestation"

    @property
    def letter(self) -> str:
        """The letter in a site's and a case's number."""
        return _LETTERS[self]


_LETTERS = {Kind.STRAW: "S", Kind.POND: "P", Kind.GREENHOUSE: "G", Kind.AFFORESTATION: "A"}


class Role(StrEnum):
    """What an officer may do (DESIGN §2)."""

    INSPECTOR = "inspector"
    TOWNSHIP = "township"
    DEPARTMENT = "department"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMIN = "admin"


class AreaLevel(StrEnum):
    """Level of an administrative area."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class LayerKind(StrEnum):
    """What a layer for reference holds; townships and villages are areas."""

    RIVERS = "rivers"
    ROADS = "roads"
    CROPLAND = "cropland"
    BASIC_FARMLAND = "basic_farmland"
    BAN_ZONES = "ban_zones"


class LayerStanding(StrEnum):
    """Whether a layer is the one in use of its kind, or the one kept from before."""

    CURRENT = "current"
    FORMER = "former"


class SiteStatus(StrEnum):
    """Where a site stands in the register."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"
    REFUSED = "refused"
    MERGED = "merged"


class VisitState(StrEnum):
    """Review of a visit."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    VOID = "void"


class VisitResult(StrEnum):
    """What a visit came to."""

    NORMAL = "normal"
    FINDING = "finding"
    UNABLE = "unable"


class CaseState(StrEnum):
    """Where a case stands (DOMAIN §6.2 without STAGED)."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    ASSIGNED = "assigned"
    RECTIFYING = "rectifying"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    CLOSED = "closed"
    UNFOUNDED = "unfounded"
    MERGED = "merged"
    SUSPENDED = "suspended"


OPEN_CASE_STATES = frozenset(
    {
        CaseState.SUSPECTED,
        CaseState.CONFIRMED,
        CaseState.ASSIGNED,
        CaseState.RECTIFYING,
        CaseState.SUBMITTED,
        CaseState.VERIFIED,
        CaseState.SUSPENDED,
    }
)
# The clock of a deadline runs in these; submitted and verified stopped it, suspended holds it.
RUNNING_CASE_STATES = frozenset(
    {CaseState.SUSPECTED, CaseState.CONFIRMED, CaseState.ASSIGNED, CaseState.RECTIFYING}
)


class MapState(StrEnum):
    """What a site shows on the map, worst first (DESIGN §2)."""

    LISTED = "listed"
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    SUSPECTED = "suspected"
    IN_HAND = "in_hand"
    CLOSED = "closed"
    NORMAL = "normal"


class Severity(StrEnum):
    """How grave a finding is, in growing order."""

    MINOR = "minor"
    MODERATE = "moderate"
    MAJOR = "major"
    CRITICAL = "critical"


class Listing(StrEnum):
    """Level of listed supervision (挂牌督办)."""

    NONE = "none"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"


class VisitFlag(StrEnum):
    """What a reviewer should look at; a flag never blocks (DOMAIN §4.2, DESIGN §4)."""

    FAR_FROM_SITE = "far_from_site"
    ROUGH_POSITION = "rough_position"
    NO_POSITION = "no_position"
    TIME_UNCERTAIN = "time_uncertain"
    PHOTO_NO_GEOTAG = "photo_no_geotag"
    PHOTO_REUSED = "photo_reused"
    TOO_FAST = "too_fast"
    OUTSIDE_SCOPE = "outside_scope"
    CASE_OPEN = "case_open"


class ImportState(StrEnum):
    """How far a file has come."""

    RECEIVED = "received"
    CHECKED = "checked"
    APPLIED = "applied"
    UNDONE = "undone"
    GIVEN_UP = "given_up"


class ImportJob(StrEnum):
    """What the worker was asked to do with a file."""

    NONE = "none"
    CHECK = "check"
    APPLY = "apply"
    UNDO = "undo"


class RowOutcome(StrEnum):
    """What comes of a row of a file when it is applied."""

    NEW = "new"
    CHANGED = "changed"  # a site or area that is known is corrected
    SAME = "same"  # says what is known already
    ASKED = "asked"  # a question about it is open
    REFUSED = "refused"
    LEFT_OUT = "left_out"  # as a person said


class MessageLevel(StrEnum):
    """How a message about a row is meant."""

    ERROR = "error"
    QUESTION = "question"
    WARNING = "warning"
    NOTE = "note"


@cache
def code_lists() -> dict[str, dict]:
    """Every code list of `reference/enums.json`, by name."""
    text = resources.files("inspections").joinpath("reference/enums.json").read_text(encoding="utf-8")
    return json.loads(text)


@cache
def _labels(list_name: str) -> dict[str, dict[str, str]]:
    return {value["code"]: value for value in code_lists()[list_name]["values"]}


def codes(list_name: str) -> tuple[str, ...]:
    """The codes of a list, in the order they are offered."""
    return tuple(_labels(list_name))


def label(list_name: str, code: str | None, language: str = "zh") -> str:
    """What people read for a code; the code itself where the list does not know it.

    `language` is `zh`, `zh_CN` or `en`.
    """
    if code is None:
        return ""
    words = _labels(list_name).get(str(code))
    return words["en" if language.startswith("en") else "zh"] if words else str(code)


def subtypes(kind: str) -> tuple[str, ...]:
    """The subtypes a kind of site may have."""
    return codes(f"{kind}_subtype")
