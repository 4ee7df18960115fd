"""Why a use case refuses: four families, and under them one small class a reason.

Each class has a stable `code`, an English sentence fit to show that says what to do, and where it helps the
field it belongs to. The sentence is filled from `facts`, so that a page or a command can say it in another
language. `inspections.web.errors` maps families to HTTP; nothing here knows of it.
"""

from __future__ import annotations

from typing import Any, ClassVar


class InspectionError(Exception):
    """A refusal that a person should read."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "That cannot be done."
    field: str | None = None

    def __init__(self, *, field: str | None = None, **facts: Any) -> None:
        self.facts = facts
        if field is not None:
            self.field = field
        super().__init__()

    def __str__(self) -> str:
        return self.message.format(**self.facts)


class NotFound(InspectionError):
    """There is no such thing, or this officer may not see it; the answer is the same."""

    code = "not_found"
    message = "There is nothing here for you under this address. Look for it in the list."


class NotAllowed(InspectionError):
    """The officer may see the thing, but not do this."""

    code = "not_allowed"
    message = "Somebody else has to do this. Your role or area does not allow it."


class Conflict(InspectionError):
    """Somebody acted first. `facts` may carry both versions under `yours` and `theirs`."""

    code = "conflict"
    message = "Somebody changed this first. Look at both versions, then save again."


class Invalid(InspectionError):
    """What was given cannot be taken as it is."""

    code = "invalid"
    message = "Check the marked fields, then save again."


class InvalidFields(Invalid):
    """Several fields at once: `problems` maps a field to its error."""

    code = "invalid.fields"
    message = "Check the marked fields, then save again."

    def __init__(self, problems: dict[str, InspectionError | Exception]) -> None:
        super().__init__()
        self.problems = problems


class Unavailable(InspectionError):
    """The store cannot take it now; nothing was saved, and trying again may work."""

    code = "unavailable"
    message = "Nothing was saved. Try again in a moment."


class DatabaseBusy(Unavailable):
    """Another writer holds the database longer than the busy timeout."""

    code = "store.busy"
    message = (
        "Nothing was saved: the database is busy. What you entered is still here; save again in a moment."
    )


class StorageFull(Unavailable):
    """The disk is full."""

    code = "store.full"
    message = (
        "Nothing was saved: the server's disk is full. What you entered is still here; "
        "ask the technician to make room, then save again."
    )


class DatabaseLost(Unavailable):
    """The database does not answer."""

    code = "store.lost"
    message = (
        "Nothing was saved: the database does not answer. What you entered is still here; try again soon."
    )
