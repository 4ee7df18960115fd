"""Sites as exported: every fact that an import can take back, so that the file gives the county again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import shapely
from sqlalchemy import ColumnElement, Select, func, select

from geo.shapes import MU_M2
from inspections.deadlines import beijing_day
from inspections.exports.at_sites import areas_of, position
from inspections.exports.columns import Column, coded, column, words_of
from inspections.exports.looks import look_by_state
from inspections.exports.orders import Reading, Subject
from inspections.map_states import state_column
from inspections.models import Operator, Site
from inspections.sites.attributes import ATTRIBUTES, Attribute
from inspections.sites.lists import clean_filters, site_conditions
from inspections.terms import Kind

# What the attributes of a kind are called in a file, with their units
_ATTRIBUTES = {
    "crop_area_mu": ("种植面积(亩)", "Cropped area (mu)"),
    "crop": ("作物", "Crop"),
    "grid_cell": ("网格号", "Grid cell"),
    "list_level": ("清单级别", "List it stands in"),
    "judged_by": ("判定依据", "Judged by"),
    "target_class": ("目标水质", "Target water class"),
    "shed_count": ("棚数", "Number of sheds"),
    "shed_area_mu": ("棚面积(亩)", "Area of sheds (mu)"),
    "filing_no": ("备案号", "Filing number"),
    "problem_class": ("问题类别", "Class of problem"),
    "guard_profile": ("看护房标准", "Guard house rule"),
    "zone": ("所属片区", "Planting zone"),
    "project": ("项目名称", "Project"),
    "design_year": ("设计年度", "Year of design"),
    "design_mu": ("设计面积(亩)", "Designed area (mu)"),
    "design_density": ("设计密度(株/亩)", "Designed density (trees per mu)"),
    "species_plan": ("树种", "Planned species"),
    "width_m": ("宽度(m)", "Width of the belt (m)"),
    "irrigated": ("有无灌溉", "Irrigated"),
    "climate_profile": ("成活率标准", "Survival line"),
    "contract_state": ("合同情况", "Contract"),
    "keeper": ("管护责任人", "Kept by"),
}
_SUBTYPES = tuple(f"{kind.value}_subtype" for kind in Kind)


_READ = [
    "id",
    "number",
    "name",
    "kind",
    "subtype",
    "status",
    "township_code",
    "village_code",
    "village_group",
    "township_reason",
    "lon",
    "lat",
    "geometry",
    "loc_method",
    "loc_accuracy_m",
    "loc_datum",
    "area_m2",
    "length_m",
    "area_reported_mu",
    "body_id",
    "source",
    "source_ref",
    "remark",
    "attrs",
    "created_at",
    "last_visited_at",
]


def _query(reading: Reading) -> Select:
    read = [getattr(Site, name) for name in _READ]
    if reading.order.restricted:
        read += [Operator.name.label("operator_name"), Operator.type.label("operator_type")]
        read += [Operator.phone.label("operator_phone")]
    period = clean_filters(reading.order.sites).closed_within_days
    query = select(*read, state_column(reading.now, period).label("state"))
    if reading.order.restricted:
        query = query.outerjoin(Operator, Operator.id == Site.operator_id)
    return query.where(*_conditions(reading)).order_by(Site.kind, Site.number)


def _conditions(reading: Reading) -> Iterator[ColumnElement[bool]]:
    filters = clean_filters(reading.order.sites)
    return site_conditions(reading.session, reading.by, filters, reading.now)


def _columns(reading: Reading) -> list[Column]:
    columns = [*_first(reading), *_place_and_size(), *_ground(reading), *_keeping(reading)]
    for kind in reading.site_kinds():
        columns += [_attribute(one, kind) for one in ATTRIBUTES[kind]]
    if reading.order.restricted:
        columns += [
            column("operator_name", "责任主体", "Operator"),
            coded("operator_type", "主体类型", "Type of operator", "operator_type"),
            column("operator_phone", "联系电话", "Telephone"),
        ]
    return columns


def _first(reading: Reading) -> list[Column]:
    """The columns that the API gives too, in its order (DESIGN §7)."""
    return [
        column("id", "系统编号", "Id", get=lambda row: str(row.id)),
        column("number", "点位编号", "Number"),
        column("name", "点位名称", "Name"),
        coded("kind", "类别", "Kind", "site_kind", get=lambda row: row.kind.value),
        coded("subtype", "子类", "Subtype", *_SUBTYPES),
        coded("status", "台账状态", "Status", "site_status", get=lambda row: row.status.value),
        coded("state", "整改状态", "State", "map_state"),
        *areas_of(reading),
        column("area_m2", "实测面积(㎡)", "Measured area (m²)", "number", places=2),
    ]


def _place_and_size() -> list[Column]:
    return [
        column("township_code", "乡镇代码", "Township's code"),
        column("village_code", "村代码", "Village's code"),
        column("village_group", "社", "Group"),
        column("township_reason", "归属理由", "Why another township"),
        *position(),
        column("shape", "图形", "Shape", "shape", get=lambda row: None),
        coded("loc_method", "定位方式", "How it was located", "loc_method"),
        column("loc_accuracy_m", "定位精度(m)", "Accuracy (m)", "number"),
        coded("loc_datum", "原坐标基准", "Datum it came in", "datum"),
        column("area_reported_mu", "上报面积(亩)", "Reported area (mu)", "number"),
        column("measured_mu", "实测面积(亩)", "Measured area (mu)", "number", _area_mu, places=2),
        column("length_m", "实测长度(米)", "Measured length (m)", "number", places=2),
    ]


def _keeping(reading: Reading) -> list[Column]:
    return [
        column("lead_body", "牵头单位", "Lead body", get=lambda row: reading.body_names.get(row.body_id)),
        coded("source", "来源", "Source", "origin"),
        column("source_ref", "文号", "Number at the source"),
        column("remark", "备注", "Remark"),
        column("created_on", "登记日期", "Recorded on", "day", get=_day_of("created_at")),
        column("last_visited_on", "最近检查日期", "Last visited on", "day", get=_day_of("last_visited_at")),
    ]


def _attribute(attribute: Attribute, kind: Kind) -> Column:
    heading, title = _ATTRIBUTES[attribute.key]
    form = {"choice": "code"}.get(attribute.form, attribute.form)
    words = words_of(attribute.choices) if attribute.choices else {}

    def get(row: Any) -> Any:
        return row.attrs.get(attribute.key)

    return column(attribute.key, heading, title, form, get, words=words, kinds=(kind,))


def _ground(reading: Reading) -> list[Column]:
    """The basic farmland that sheds take; empty where no layer or no outline tells."""
    if Kind.GREENHOUSE not in reading.site_kinds():
        return []

    def get(row: Any) -> float | None:
        found = reading.basic_farmland.measure(row.geometry) if row.geometry is not None else None
        return None if found is None or found.area_m2 is None else round(found.area_m2 / MU_M2, 2)

    words = "占永久基本农田(亩)", "In permanent basic farmland (mu)"
    return [column("basic_farmland_mu", *words, "number", get, places=2, kinds=(Kind.GREENHOUSE,))]


def _area_mu(row: Any) -> float | None:
    return None if row.area_m2 is None else round(row.area_m2 / MU_M2, 2)


def _day_of(name: str) -> Callable[[Any], Any]:
    get = attrgetter(name)

    def day(row: Any) -> Any:
        at = get(row)
        return None if at is None else beijing_day(at)

    return day


SITES = Subject(
    key="sites",
    name="点位",
    query=_query,
    count=lambda reading: select(func.count(Site.pk)).where(*_conditions(reading)),
    columns=_columns,
    place=lambda row: shapely.Point(row.lon, row.lat) if row.geometry is None else row.geometry,
    look=look_by_state("name"),
    only_points=False,
)
