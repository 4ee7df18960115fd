"""Cases as exported: the general ledger of rectification (DOMAIN §11), as far as its facts are recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import ColumnElement, Select, func, select

from inspections.cases.lists import CASE, case_conditions
from inspections.deadlines import days_left, last_day
from inspections.exports.at_sites import SITE_AREAS, SITE_NAMED, areas_of, position
from inspections.exports.columns import Column, coded, column
from inspections.exports.looks import look_by_state
from inspections.exports.orders import Reading, Subject
from inspections.map_states import state_column
from inspections.models import Case, Officer, Site
from inspections.terms import OPEN_CASE_STATES, RUNNING_CASE_STATES

_READ = [
    "number",
    "kind",
    "code",
    "origin",
    "title",
    "description",
    "severity",
    "listed",
    "round",
    "body_id",
    "measures",
    "due_at",
    "ended_at",
    "opened_at",
    "confirmed_at",
    "assigned_at",
    "acknowledged_at",
    "submitted_at",
    "verified_at",
]


def _query(reading: Reading) -> Select:
    order = (Case.kind, Case.number)
    query = select(
        *(getattr(Case, name) for name in _READ),
        Case.state.label("stage"),
        *SITE_NAMED,
        *SITE_AREAS,
        Site.lon,
        Site.lat,
        Officer.full_name,
        state_column(reading.now, columns=CASE).label("state"),
        func.row_number().over(order_by=order).label("row"),
    )
    query = query.join(Site, Site.id == Case.site_id).outerjoin(Officer, Officer.id == Case.officer_id)
    return query.where(*_conditions(reading)).order_by(*order)


def _count(reading: Reading) -> Select:
    return select(func.count(Case.id)).join(Site, Site.id == Case.site_id).where(*_conditions(reading))


def _conditions(reading: Reading) -> list[ColumnElement[bool]]:
    return case_conditions(reading.by, reading.order.cases, reading.now)


def _columns(reading: Reading) -> list[Column]:
    return [*_what_and_where(reading), *_who(reading), *_when_and_how(reading)]


def _what_and_where(reading: Reading) -> list[Column]:
    return [
        column("row", "序号", "Row", "whole"),
        column("number", "问题编号", "Number"),
        coded("kind", "类别", "Kind", "site_kind", get=lambda row: row.kind.value),
        coded("origin", "来源", "Origin", "origin"),
        *areas_of(reading),
        column("site_name", "点位", "Site"),
        column("site_number", "点位编号", "Site's number"),
        column("code", "问题代码", "Code"),
        column("title", "问题描述", "Finding"),
        column("description", "补充说明", "Description"),
        coded("severity", "严重程度", "Severity", "severity", get=lambda row: row.severity.value),
        coded("listed", "挂牌级别", "Listed by", "listing", get=lambda row: row.listed.value),
        coded("stage", "办理状态", "Step", "case_state", get=lambda row: row.stage.value),
        coded("state", "整改状态", "State", "map_state"),
    ]


def _who(reading: Reading) -> list[Column]:
    return [
        column("lead_body", "牵头单位", "Lead body", get=lambda row: reading.body_names.get(row.body_id)),
        column("officer", "责任人", "Officer in charge", get=lambda row: row.full_name),
    ]


def _when_and_how(reading: Reading) -> list[Column]:
    return [
        _moment("opened_at", "发现时间", "Found"),
        _moment("confirmed_at", "确认时间", "Confirmed"),
        _moment("assigned_at", "交办时间", "Assigned"),
        _moment("acknowledged_at", "签收时间", "Acknowledged"),
        column("due_on", "整改时限", "Last day", "day", lambda row: row.due_at and last_day(row.due_at)),
        _moment("due_at", "到期时刻", "Deadline"),
        column("measures", "整改措施", "Measures"),
        _moment("submitted_at", "反馈时间", "Handed in"),
        _moment("verified_at", "验收时间", "Verified"),
        _moment("closed_at", "销号时间", "Struck off", _closed_at),
        coded("completion", "办结情况", "Completion", "completion", get=_completion(reading.now)),
        column("reopened", "反弹次数", "Times reopened", "whole", lambda row: row.round - 1),
        column("overdue_days", "超期天数", "Days overdue", "whole", _overdue_days(reading.now)),
        *position(),
    ]


def _moment(key: str, heading: str, title_en: str, get: Callable[[Any], Any] | None = None) -> Column:
    return column(key, heading, title_en, "moment", get)


def _closed_at(row: Any) -> datetime | None:
    return row.ended_at if row.stage == "closed" else None


def _completion(now: datetime) -> Callable[[Any], str]:
    def completion(row: Any) -> str:
        if row.stage not in OPEN_CASE_STATES:
            return "done"
        late = row.stage in RUNNING_CASE_STATES and row.due_at is not None and row.due_at < now
        return "overdue" if late else "in_hand"

    return completion


def _overdue_days(now: datetime) -> Callable[[Any], int | None]:
    """Beijing days past the last day: until today while the clock runs, else until the case was handed in."""

    def days(row: Any) -> int | None:
        if row.due_at is None:
            return None
        stopped_at = now if row.stage in RUNNING_CASE_STATES else row.submitted_at
        if stopped_at is None or stopped_at <= row.due_at:
            return None
        return -days_left(row.due_at, stopped_at)

    return days


CASES = Subject(
    key="cases",
    name="整改事项",
    query=_query,
    count=_count,
    columns=_columns,
    place=lambda row: shapely.Point(row.lon, row.lat),
    look=look_by_state("number"),
)
