"""What people call the columns of their registers: one table for sites, one for areas.

A heading is compared without spaces and case, and with full-width signs turned to narrow ones.
To take another name, add it here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from inspections.sites.attributes import ATTRIBUTES

SITE_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "名称",
        "点位名称",
        "点位",
        "地块名称",
        "坑塘名称",
        "大棚名称",
        "地名",
        "name",
        "site",
        "site name",
    ),
    "source_ref": (
        "编号",
        "点位编号",
        "原编号",
        "台账编号",
        "图斑编号",
        "图斑号",
        "number",
        "no",
        "id",
        "source_ref",
    ),
    "subtype": ("子类", "子类型", "类型", "subtype", "type"),
    "township": ("乡镇", "所在乡镇", "乡镇街道", "乡镇(街道)", "乡(镇)", "镇", "街道", "township", "town"),
    "village": ("村", "所在村", "行政村", "村(社区)", "村社区", "村名", "village"),
    "village_group": ("组", "社", "村民小组", "社(组)", "村组", "group", "village_group"),
    "lon": ("经度", "东经", "经度(东经)", "lon", "lng", "long", "longitude"),
    "lat": ("纬度", "北纬", "纬度(北纬)", "lat", "latitude"),
    "x": ("x", "x坐标", "坐标x", "横坐标", "east", "easting"),
    "y": ("y", "y坐标", "坐标y", "纵坐标", "north", "northing"),
    "position": ("坐标", "经纬度", "位置坐标", "中心坐标", "position", "coordinates", "coordinate"),
    "area_mu": ("面积(亩)", "面积亩", "占地面积(亩)", "上报面积(亩)", "亩数", "area_mu", "area_reported_mu"),
    "area_m2_reported": ("面积(m2)", "面积(平方米)", "占地面积(m2)", "占地面积(平方米)", "面积平方米"),
    "operator_name": (
        "责任人",
        "责任主体",
        "责任单位",
        "经营主体",
        "户主",
        "业主",
        "承包人",
        "operator",
        "operator_name",
    ),
    "operator_phone": (
        "电话",
        "联系电话",
        "手机",
        "手机号",
        "手机号码",
        "联系方式",
        "phone",
        "operator_phone",
    ),
    "remark": ("备注", "说明", "情况说明", "remark", "remarks", "note", "notes"),
    "attr_crop": ("作物", "作物种类", "农作物"),
    "attr_crop_area_mu": ("种植面积(亩)",),
    "attr_grid_cell": ("网格", "网格号"),
    "attr_shed_count": ("棚数", "大棚数", "大棚数量"),
    "attr_shed_area_mu": ("棚面积(亩)",),
    "attr_filing_no": ("备案号", "备案编号"),
    "attr_project": ("项目", "项目名称"),
    "attr_design_year": ("造林年度", "设计年度"),
    "attr_species_plan": ("树种", "造林树种"),
    "attr_keeper": ("管护人", "管护责任人"),
}
AREA_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": (
        "code",
        "adcode",
        "行政区划代码",
        "区划代码",
        "代码",
        "统计用区划代码",
        "XZQDM",
        "PAC",
        "area_code",
    ),
    "name": ("name", "名称", "行政区名称", "区划名称", "XZQMC", "NAME_CHN"),
    "name_en": ("name_en", "英文名称", "english"),
    "level": ("level", "级别", "层级"),
    "category": ("category", "类别", "类型"),
    "parent": ("parent", "parent_code", "上级代码", "上级区划代码"),
    "source": ("source", "来源", "数据来源"),
}


def heading_key(text: str) -> str:
    """What two spellings of one heading have in common.

    Examples
    --------
    >>> heading_key("面积（亩） ") == heading_key("面积(亩)")
    True
    """
    return re.sub(r"[\s_:*·.]", "", unicodedata.normalize("NFKC", text)).lower()


def find_site_field(heading: str, kind: str) -> str | None:
    """The field of a site's register a heading means, or None; `attr_` and a key for what only a kind has."""
    name = _SITE.get(heading_key(heading))
    keys = {f"attr_{attribute.key}" for attribute in ATTRIBUTES[kind]}
    if name is None:
        name = next((key for key in keys if heading_key(key[5:]) == heading_key(heading)), None)
    return None if name is not None and name.startswith("attr_") and name not in keys else name


def find_area_field(heading: str) -> str | None:
    """The field of an area a heading means, or None."""
    return _AREA.get(heading_key(heading))


def _by_key(headings: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {heading_key(spelling): name for name, spellings in headings.items() for spelling in spellings}


_SITE, _AREA = _by_key(SITE_HEADINGS), _by_key(AREA_HEADINGS)
