"""What there is to read about a file and its rows: refusals, questions, warnings, notes.

A question is a message with choices: a page asks a person, a command takes what it proposes or refuses the
row (`settled`). Kept, a message is its code and facts, so that it can be said
in any language; `refusal_of` makes the refusal of it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from geo.errors import GeoError
from inspections.errors import InspectionError
from inspections.terms import MessageLevel

Refusal = InspectionError | GeoError

REPAIR = "import.repair_proposed"
MOST_CHANGED = 0.05  # of an area, by a repair that needs no reason (DOMAIN §14.5)
# Questions a command does not ask (DESIGN §7): it takes what they propose and says so at this level
PROPOSED: Mapping[str, MessageLevel] = {
    "import.near_township_line": MessageLevel.WARNING,
    "import.near_earlier_row": MessageLevel.WARNING,
    "import.name_of_earlier_row": MessageLevel.WARNING,
    "import.looks_shifted": MessageLevel.WARNING,
    "site.near_another": MessageLevel.WARNING,
    "site.overlaps_another": MessageLevel.WARNING,
    "site.same_name": MessageLevel.WARNING,
}


@dataclass(frozen=True)
class RowMessage:
    """Something to read about one row, or about the file where `number` is None."""

    level: MessageLevel
    error: Refusal
    number: int | None = None
    column: str = ""
    sheet: str = ""
    cell: str = ""
    choices: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.level is MessageLevel.QUESTION


def settled(message: RowMessage, *, repair: bool = False) -> RowMessage:
    """A question as a command takes it: what it proposes is taken and said, or else the row is refused.

    With `repair`, shapes whose area changes little are taken as they were repaired.
    """
    if not message.is_open:
        return message
    code = message.error.code
    level = PROPOSED.get(code, MessageLevel.ERROR)
    if repair and code == REPAIR and message.error.facts["changed"] <= MOST_CHANGED:
        level = MessageLevel.WARNING
    return replace(message, level=level, choices=())


def plain_facts(error: Refusal) -> dict[str, Any]:
    """The facts of a refusal as JSON holds them."""
    plain = (str, int, float, bool, type(None))
    return {name: fact if isinstance(fact, plain) else str(fact) for name, fact in error.facts.items()}


def refusal_of(code: str, facts: Mapping[str, Any]) -> Refusal:
    """Make the refusal again that a kept code and facts stand for."""
    return _kinds()[code](**facts)


@cache
def _kinds() -> dict[str, type[Refusal]]:
    found: dict[str, type[Refusal]] = {}
    kinds: list[type[Refusal]] = [InspectionError, GeoError]
    for kind in kinds:
        found.setdefault(kind.code, kind)
        kinds += kind.__subclasses__()
    return found
