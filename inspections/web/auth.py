"""The door of every view: `officer_may(action)`, `signed_in` or `public`; no view is without one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, request
from flask.typing import ResponseReturnValue

from inspections.errors import InspectionError, NotAllowed
from inspections.permissions import ACTIONS, Actor, may
from inspections.web.context import actor

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class SignInNeeded(InspectionError):
    """A stranger asked for something that needs an officer."""

    code = "sign_in.needed"
    message = "Sign in first."


def officer() -> Actor:
    """The officer who asks; only for views behind `signed_in` or `officer_may`."""
    asking = actor()
    if asking is None:
        raise SignInNeeded
    return asking


def public(view: View) -> View:
    """Let anybody in, strangers too."""
    view.door = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Let every officer in; the use case asks for more where there is more to ask."""
    return _guarded(view, "signed_in", lambda asking: True)


def officer_may(action: str) -> Callable[[View], View]:
    """Let in whose role may do `action`; its scope is the use case's to ask, with the subject in hand."""
    if action not in ACTIONS:
        raise LookupError(f"no such action: {action}")
    return lambda view: _guarded(view, action, lambda asking: may(asking, action))


def require_doors(app: Flask) -> None:
    """Raise where a view says neither its permission nor that it is public."""
    for endpoint, view in app.view_functions.items():
        if not hasattr(view, "door"):
            raise LookupError(f"{endpoint} states no permission")


def _guarded(view: View, door: str, admits: Callable[[Actor], bool]) -> View:
    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if not admits(officer()):
            raise NotAllowed
        return view(**arguments)

    guarded.door = door  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def wants_json() -> bool:
    """Whether the answer to this request is JSON, refusals included."""
    return request.path.startswith("/api/")
