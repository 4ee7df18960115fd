"""What a reviewer should look at in a visit: flags, which never block (DOMAIN §4.2, DESIGN §4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from inspections.terms import VisitFlag

FAR_M = 200.0
REASON_M = 2_000.0  # farther than this a visit needs a reason
ROUGH_M = 50.0
FAST_S = 60.0
FAST_ANSWERS = 10


@dataclass(frozen=True)
class Observed:
    """What the flags of a visit hang on. Distances and accuracy in metres, None without a position."""

    distance_m: float | None
    accuracy_m: float | None
    time_quality: str
    started_at: datetime | None
    saved_at: datetime
    answers: int
    photos_without_place: int
    photos_reused: int
    in_scope: bool
    nothing_found_while_open: bool


def flags_of(observed: Observed) -> list[str]:
    """List the flags of a visit, in the order of the list."""
    return [flag.value for flag in _flags(observed)]


def _flags(observed: Observed) -> Iterator[VisitFlag]:
    tests = {
        VisitFlag.FAR_FROM_SITE: (observed.distance_m or 0) > FAR_M,
        VisitFlag.ROUGH_POSITION: (observed.accuracy_m or 0) > ROUGH_M,
        VisitFlag.NO_POSITION: observed.distance_m is None,
        VisitFlag.TIME_UNCERTAIN: observed.time_quality == "uncertain",
        VisitFlag.PHOTO_NO_GEOTAG: observed.photos_without_place > 0,
        VisitFlag.PHOTO_REUSED: observed.photos_reused > 0,
        VisitFlag.TOO_FAST: _too_fast(observed),
        VisitFlag.OUTSIDE_SCOPE: not observed.in_scope,
        VisitFlag.CASE_OPEN: observed.nothing_found_while_open,
    }
    return (flag for flag, raised in tests.items() if raised)


def _too_fast(observed: Observed) -> bool:
    if observed.started_at is None or observed.answers <= FAST_ANSWERS:
        return False
    return (observed.saved_at - observed.started_at).total_seconds() < FAST_S
