"""How exported layers look in other programs: the kinds' shapes and the states' colours of our own map."""

from __future__ import annotations

from collections.abc import Mapping

from geo.writers.layers import Look, Sign
from inspections import terms
from inspections.terms import Kind, MapState, Severity, VisitResult

SHAPES: Mapping[str, str] = {
    Kind.STRAW: "triangle",
    Kind.POND: "circle",
    Kind.GREENHOUSE: "square",
    Kind.AFFORESTATION: "diamond",
}
# Fill and edge as static/css/tokens.css has them for light grounds, size in millimetres; worst first
_STATES = (
    (MapState.LISTED, "#14110f", "#14110f", 3.8),
    (MapState.OVERDUE, "#bf1f1a", "#8c120e", 3.5),
    (MapState.DUE_SOON, "#f09a1a", "#8f4b00", 3.0),
    (MapState.SUSPECTED, "#cdb0e4", "#6a4696", 2.9),
    (MapState.IN_HAND, "#1f63c0", "#17509f", 2.4),
    (MapState.CLOSED, "#35a06e", "#1a6642", 2.2),
    (MapState.NORMAL, "#ffffff", "#52605d", 1.9),
)
_COLOURS = {state: (fill, edge) for state, fill, edge, _ in _STATES}
_OF_RESULTS = (
    (VisitResult.FINDING, MapState.IN_HAND, 2.4),
    (VisitResult.UNABLE, MapState.SUSPECTED, 2.2),
    (VisitResult.NORMAL, MapState.NORMAL, 1.9),
)
# How grave a finding is shows in its size: colours are for states
_OF_SEVERITIES = (
    (Severity.CRITICAL, 3.8),
    (Severity.MAJOR, 3.2),
    (Severity.MODERATE, 2.6),
    (Severity.MINOR, 2.0),
)


def look_by_state(label: str) -> Look:
    """Features coloured by their state on the map; `label` is the field that names them."""
    signs = [
        Sign(state, terms.label("map_state", state), fill, edge, size) for state, fill, edge, size in _STATES
    ]
    return Look(label, "state", signs, "kind", SHAPES)


def look_by_result(label: str) -> Look:
    """Visits coloured by what they came to."""
    signs = [
        Sign(result, terms.label("visit_result", result), *_COLOURS[state], size)
        for result, state, size in _OF_RESULTS
    ]
    return Look(label, "result", signs, "kind", SHAPES)


def look_by_severity(label: str) -> Look:
    """Findings of one colour, the graver the larger."""
    colours = _COLOURS[MapState.IN_HAND]
    signs = [
        Sign(severity, terms.label("severity", severity), *colours, size) for severity, size in _OF_SEVERITIES
    ]
    return Look(label, "severity", signs, "kind", SHAPES)
