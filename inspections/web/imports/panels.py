"""What the page of one import shows: how far it has come, its sums, its questions, its rows with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from flask_babel import gettext as _

from inspections import areas
from inspections.imports import applying, batches, staging
from inspections.imports.answers import Answers
from inspections.imports.mending import Words
from inspections.imports.messages import MOST_CHANGED, REPAIR, refusal_of
from inspections.imports.shown import OpenQuestion, Shown, read_shown
from inspections.permissions import may
from inspections.terms import ImportJob, ImportState, MessageLevel
from inspections.web import lists
from inspections.web.auth import officer
from inspections.web.context import session
from inspections.web.errors import sentence
from inspections.web.imports import answers as given_answers
from inspections.web.imports import words

PAGE = 50
_RESTRICTED = frozenset({"operator_name", "operator_phone"})
NO_NAMES: Mapping[str, str] = MappingProxyType({})
_DRAWN = 100  # the side of the box a shape is drawn into


@dataclass(frozen=True)
class Line:
    """One message as the page shows it."""

    pk: int
    code: str
    level: str
    sheet: str
    row: int | None
    column: str
    cell: str
    text: str
    choices: Sequence[tuple[str, str]] = ()
    answer: str = ""
    reason: str = ""
    needs_reason: bool = False
    before: str = ""  # SVG paths of a shape and its repair
    after: str = ""


@dataclass(frozen=True)
class Question:
    """A question that rows ask, with what may be said for all of them."""

    code: str
    title: str
    hint: str
    rows: int
    answered: int
    choices: Sequence[tuple[str, str]]
    needs_reason: bool = False


def of(batch: Any, *, page: int, shown: str) -> dict[str, Any]:
    """Everything the page of a file shows, by what it calls it."""
    own = batches.is_own(batch, officer())
    facts: dict[str, Any] = {
        "batch": batch,
        "own": own,
        "sender": _sender(batch),
        "working": batch.job is not ImportJob.NONE,
        "failure": _said(batch.failure),
        "blocked": _said(batch.found.get("blocked") or {}),
        "answers": Answers.of(batch.answers),
        "state_words": state_words(batch),
    }
    if batch.job is not ImportJob.NONE or batch.state is ImportState.GIVEN_UP:
        return facts
    tally = staging.tally_of(session(), batch.id)
    listed = read_shown(session(), batch.id, level=_level(shown), page=page, size=PAGE)
    facts |= {
        "tally": tally,
        "counts": listed.counts,
        "shown": shown,
        "file_lines": [_line(one, batch, own) for one in listed.of_file],
        "lines": _lines(listed, batch, own),
        "page": lists.paging(listed.total, page, PAGE),
        "questions": [_question(one) for one in listed.questions if one.code not in words.OF_THE_FILE],
        "readings": batch.found.get("readings", ()) if batch.state is ImportState.CHECKED else (),
        "file_questions": [one for one in listed.of_file if one.level is MessageLevel.QUESTION],
        "sheets": batch.found.get("sheets", ()),
        "fields": words.field_choices(given_answers.fields_of(batch)),
        "passed": tally.read - tally.accepted - tally.refused - tally.asked - tally.left_out,
    }
    facts["open"] = tally.asked or len(facts["file_questions"])
    if batch.state is ImportState.APPLIED and own:
        facts["blockers"], facts["blocker_count"] = applying.list_blockers(session(), batch)
    return facts


def _sender(batch: Any) -> str:
    """Who sent a file; nobody where a command did."""
    if batch.received_by_id == officer().id:
        return officer().name
    return batches.receivers(session(), [batch]).get(batch.received_by_id or batch.id, "")


def state_words(batch: Any) -> str:
    """How far a file has come, in words."""
    if batch.job is ImportJob.CHECK:
        return _("being checked")
    if batch.job is ImportJob.APPLY:
        return _("being applied")
    if batch.job is ImportJob.UNDO:
        return _("being undone")
    if batch.failure:
        return _("did not succeed")
    if batch.state is ImportState.RECEIVED:
        return _("cannot be read yet") if batch.found.get("blocked") else _("not checked")
    said = {
        ImportState.CHECKED: _("checked, not applied"),
        ImportState.APPLIED: _("applied"),
        ImportState.UNDONE: _("undone"),
        ImportState.GIVEN_UP: _("taken away"),
    }
    return said[batch.state]


def mending_words() -> Words:
    """The headings added to refused rows."""
    return Words(reason=_("Reason"), sheet=_("Sheet"), row=_("Row"))


def _said(kept: Mapping[str, Any]) -> str:
    return sentence(refusal_of(kept["code"], kept["facts"])) if kept else ""


def _level(shown: str) -> MessageLevel | None:
    return MessageLevel(shown) if shown in set(MessageLevel) else None


def _lines(listed: Shown, batch: Any, own: bool) -> list[Line]:
    by_code = any(choice.isdecimal() for one in listed.lines for choice in one.choices)
    names = areas.area_names(session()) if by_code else {}
    return [_line(one, batch, own, listed.shapes.get(one.position), names) for one in listed.lines]


def _line(one: Any, batch: Any, own: bool, repaired: Any = None, names: Mapping[str, str] = NO_NAMES) -> Line:
    message = staging.message_of(one)
    before, after = _drawn(one.facts.get("before"), repaired)
    return Line(
        pk=one.pk,
        code=one.code,
        level=one.level.value,
        sheet=one.sheet,
        row=one.number,
        column=one.column,
        cell=_masked(one, batch, own),
        text=sentence(message.error),
        choices=_choices(one, names),
        answer=one.answer,
        reason=one.reason,
        needs_reason=one.facts.get("changed", 0.0) > MOST_CHANGED if one.code == REPAIR else False,
        before=before,
        after=after,
    )


def _masked(one: Any, batch: Any, own: bool) -> str:
    """What stands in the cell; names and telephone numbers only for whoever may see them."""
    if not one.cell or (own and batch.received_by_id == officer().id) or may(officer(), "restricted.see"):
        return one.cell
    restricted = {
        column["heading"]
        for sheet in batch.found.get("sheets", ())
        for column in sheet["columns"]
        if column["field"] in _RESTRICTED
    }
    return "***" if one.column in restricted else one.cell


def _question(one: OpenQuestion) -> Question:
    title, hint, answers = words.question(one.code)
    bulk = [(answer, words.choice(answer)) for answer in answers]
    return Question(one.code, title, hint, one.rows, one.answered, bulk, one.code == REPAIR)


def _choices(one: Any, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What may be answered of a row, in words; a code is a township's name."""
    if one.code in words.OF_THE_FILE:
        return []
    return [(choice, names.get(choice) or words.choice(choice)) for choice in one.choices]


def _drawn(before: str | None, after: Any) -> tuple[str, str]:
    """A shape and its repair as paths of one box, north up."""
    if not before or after is None:
        return "", ""
    shape = shapely.from_wkb(before)
    west, south, east, north = shape.bounds
    scale = _DRAWN / (max((east - west) * 0.78, north - south) or 1.0)

    def flat(xy: np.ndarray) -> np.ndarray:
        return np.column_stack([(xy[:, 0] - west) * 0.78 * scale, (north - xy[:, 1]) * scale])

    return _path(shapely.transform(shape, flat)), _path(shapely.transform(after, flat))


def _path(shape: Any) -> str:
    rings = []
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring).round(1).tolist()
            rings.append("M" + " ".join(f"{x:g} {y:g}" for x, y in points) + "Z")
    return "".join(rings)
