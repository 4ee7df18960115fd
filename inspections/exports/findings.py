"""Findings as exported: which requirement, how grave, on which visit, in which case, at which site."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import Select, func, select

from inspections.checklists.requirements import requirements
from inspections.exports.at_sites import SITE_AREAS, SITE_NAMED, position, site_of
from inspections.exports.columns import Column, coded, column
from inspections.exports.looks import look_by_severity
from inspections.exports.orders import Reading, Subject
from inspections.exports.visits import visit_query
from inspections.models import Case, Finding, Site, Visit
from inspections.visits.lists import visit_conditions


def _query(reading: Reading) -> Select:
    read = (
        *(
            Finding.id,
            Finding.code,
            Finding.severity,
            Finding.still_there,
            Finding.replaced,
            Finding.visit_id,
        ),
        *(Visit.kind, Visit.effective_at, Case.number.label("case_number"), Case.state.label("case_state")),
        *(Site.lon, Site.lat, *SITE_NAMED, *SITE_AREAS),
    )
    query = visit_query(reading, *read).join(Finding, Finding.visit_id == Visit.id)
    query = query.outerjoin(Case, Case.id == Finding.case_id)
    return query.order_by(Visit.kind, Visit.effective_at.desc(), Visit.id, Finding.code)


def _count(reading: Reading) -> Select:
    visits = visit_conditions(reading.session, reading.order.visits, reading.by)
    return select(func.count(Finding.id)).join(Visit, Visit.id == Finding.visit_id).where(*visits)


def _columns(reading: Reading) -> list[Column]:
    return [
        column("id", "系统编号", "Id", get=lambda row: str(row.id)),
        column("code", "问题代码", "Code"),
        column("requirement", "发现的问题", "Finding", get=requirement_words),
        coded("severity", "严重程度", "Severity", "severity", get=lambda row: row.severity.value),
        *site_of(reading),
        *position(),
        column("visit_id", "检查记录编号", "Visit's id", get=lambda row: str(row.visit_id)),
        column("visited_at", "检查时间", "Visited", "moment", lambda row: row.effective_at),
        column("case_number", "问题编号", "Case"),
        coded("case_state", "办理状态", "Step of the case", "case_state"),
        column("still_there", "仍未整改", "Still there", "yes_no"),
        column("replaced", "不再计入", "No longer counted", "yes_no"),
    ]


def requirement_words(row: Any) -> str:
    """What the requirement of a row's code asks; the code itself where the list does not know it."""
    rule = requirements().get(row.code)
    return rule.zh if rule else row.code


FINDINGS = Subject(
    key="findings",
    name="发现的问题",
    query=_query,
    count=_count,
    columns=_columns,
    place=lambda row: shapely.Point(row.lon, row.lat),
    look=look_by_severity("requirement"),
)
