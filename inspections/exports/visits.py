"""Visits as exported: when and where, what came of them, and the answers, a column a question.

Restricted answers are left out, and photos. A question that several kinds ask under one key, each in its own
way, has a column a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import shapely
from sqlalchemy import ColumnElement, Select, func, select

from geo.shapes import DECIMALS, geometry_from_geojson
from inspections.checklists import Item, list_checklists, load_checklist
from inspections.exports.at_sites import SITE_AREAS, SITE_NAMED, position, site_of
from inspections.exports.columns import Column, coded, column
from inspections.exports.looks import look_by_result
from inspections.exports.orders import Reading, Subject
from inspections.models import Officer, Site, Visit
from inspections.terms import Kind
from inspections.visits.lists import visit_conditions

_FORMS = {
    "enum": "code",
    "multi": "codes",
    "bool": "yes_no",
    "number": "number",
    "integer": "whole",
    "text": "text",
    "datetime": "moment",
    "polygon": "text",
}
_ON_TOP = "visit_type"  # stands at the top of a visit, not among its answers


def visit_query(reading: Reading, *columns: Any) -> Select:
    """The visits of an order with columns of theirs and of their site and officer."""
    query = select(*columns).join(Site, Site.id == Visit.site_id)
    query = query.join(Officer, Officer.id == Visit.officer_id)
    return query.where(*_conditions(reading))


def _conditions(reading: Reading) -> list[ColumnElement[bool]]:
    return visit_conditions(reading.session, reading.order.visits, reading.by)


def _query(reading: Reading) -> Select:
    read = (
        *(Visit.id, Visit.kind, Visit.lon, Visit.lat, Visit.accuracy_m, Visit.distance_m, Visit.effective_at),
        *(Visit.time_quality, Visit.visit_type, Visit.result, Visit.nothing_found, Visit.state, Visit.flags),
        *(Visit.answers, Officer.full_name, Officer.body_id),
    )
    return visit_query(reading, *read, *SITE_NAMED, *SITE_AREAS).order_by(
        Visit.kind, Visit.effective_at.desc(), Visit.id
    )


def _columns(reading: Reading) -> list[Column]:
    return [
        column("id", "系统编号", "Id", get=lambda row: str(row.id)),
        *site_of(reading),
        *position(),
        column("accuracy_m", "定位精度(m)", "Accuracy (m)", "number"),
        column("distance_m", "距点位(m)", "Distance to the site (m)", "number", places=1),
        column("visited_at", "检查时间", "Visited", "moment", lambda row: row.effective_at),
        coded("time_quality", "时间可信度", "How sure the time is", "time_quality"),
        coded("visit_type", "检查类型", "Type of visit", "visit_type"),
        coded("result", "检查结果", "Result", "visit_result", get=lambda row: row.result.value),
        column("nothing_found", "未发现问题", "Nothing found", "yes_no"),
        coded("state", "审核状态", "Review", "review_state", get=lambda row: row.state.value),
        column("officer", "填报人", "Officer", get=lambda row: row.full_name),
        column("body", "填报单位", "Officer's body", get=lambda row: reading.body_names.get(row.body_id)),
        coded("flags", "提示", "Flags", "visit_flag", form="codes"),
        *_answers(reading),
    ]


def _answers(reading: Reading) -> list[Column]:
    """A column for each question that the kinds of an order were ever asked, in the order of the forms."""
    chosen = reading.order.visits.kind
    asked: dict[str, list[tuple[Kind, Item]]] = {}
    for kind in [Kind(chosen)] if chosen else Kind:  # an officer's own visits may be of any kind
        for item in (item for checklist in list_checklists() for item in checklist.items(kind)):
            if item.type in _FORMS and item.key != _ON_TOP:
                key = f"{kind}_{item.key}" if item.key in _ambiguous() else item.key
                asked.setdefault(key, []).append((kind, item))
    shown = {key: pairs for key, pairs in asked.items() if not any(item.restricted for _, item in pairs)}
    return [_answer(key, pairs) for key, pairs in shown.items()]


@cache
def _ambiguous() -> frozenset[str]:
    """Keys under which kinds ask different questions."""
    wordings: dict[str, set[str]] = {}
    for kind in Kind:
        for item in load_checklist().items(kind):
            wordings.setdefault(item.key, set()).add(item.zh)
    return frozenset(key for key, said in wordings.items() if len(said) > 1)


def _answer(key: str, pairs: Sequence[tuple[Kind, Item]]) -> Column:
    """The column of one question; its newest wording, and the options of every version."""
    newest = pairs[-1][1]
    words = {option.value: option.zh for _, item in pairs for option in item.options}
    heading = f"{newest.zh}({newest.unit})" if newest.unit else newest.zh
    read = _READ.get(newest.type, _as_it_is)

    def get(row: Any) -> Any:
        value = row.answers.get(newest.key)
        return None if value is None else read(value)

    kinds = tuple(dict.fromkeys(kind for kind, _ in pairs))
    return column(key, heading, newest.en, _FORMS[newest.type], get, words=words, kinds=kinds)


def _as_it_is(value: Any) -> Any:
    return value


def _outline(value: Mapping[str, Any]) -> str:
    return shapely.to_wkt(geometry_from_geojson(value), rounding_precision=DECIMALS)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "integer": int,
    "datetime": datetime.fromisoformat,
    "polygon": _outline,
}

VISITS = Subject(
    key="visits",
    name="检查记录",
    query=_query,
    count=lambda reading: select(func.count(Visit.id)).where(*_conditions(reading)),
    columns=_columns,
    place=lambda row: None if row.lon is None else shapely.Point(row.lon, row.lat),
    look=look_by_result("site_name"),
)
