"""What people call the columns of their registers: one table for each subject; what is near enough.

A heading is compared without spaces, signs and case, full-width letters turned to narrow ones, traditional
characters to simple ones. A name of the table is sure; a name near one of them is taken too, but somebody
should look at it: `Match.sure` says which. To take another name, add it here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from inspections.sites.attributes import ATTRIBUTES

SITE_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "名称",
        "点位名称",
        "点位",
        "地块名称",
        "坑塘名称",
        "水体名称",
        "大棚名称",
        "设施名称",
        "小班名称",
        "地名",
        "name",
        "site",
        "site name",
    ),
    "number": ("编号", "点位编号", "number", "no", "site_no"),
    "source_ref": (
        "原编号",
        "台账编号",
        "图斑编号",
        "图斑号",
        "小班号",
        "坑塘编号",
        "地块编号",
        "大棚编号",
        "来源编号",
        "文号",
        "id",
        "fid",
        "objectid",
        "source_ref",
    ),
    "kind": ("类别", "点位类别", "kind"),
    "subtype": ("子类", "子类型", "类型", "水体类型", "设施类型", "subtype", "type"),
    "status": ("状态", "台账状态", "status"),
    "township": (
        "乡镇",
        "所在乡镇",
        "所属乡镇",
        "乡镇名称",
        "乡镇街道",
        "乡镇(街道)",
        "乡(镇)",
        "镇",
        "街道",
        "township",
        "town",
    ),
    "township_code": ("乡镇代码", "乡镇编码", "所在乡镇代码", "township_code"),
    "township_reason": ("乡镇归属理由", "归属理由", "township_reason"),
    "village": ("村", "所在村", "所属村", "行政村", "村名称", "村(社区)", "村社区", "村名", "village"),
    "village_code": ("村代码", "村编码", "行政村代码", "village_code"),
    "village_group": ("组", "社", "村民小组", "社(组)", "村组", "group", "village_group"),
    "lon": ("经度", "东经", "经度(东经)", "lon", "lng", "long", "longitude"),
    "lat": ("纬度", "北纬", "纬度(北纬)", "lat", "latitude"),
    "x": ("x", "x坐标", "坐标x", "横坐标", "东坐标", "east", "easting"),
    "y": ("y", "y坐标", "坐标y", "纵坐标", "北坐标", "north", "northing"),
    "position": (
        "坐标",
        "经纬度",
        "位置坐标",
        "中心坐标",
        "坐标位置",
        "position",
        "coordinates",
        "coordinate",
    ),
    "shape": ("图形", "边界", "wkt", "geometry", "geom"),
    "loc_method": ("定位方式", "loc_method"),
    "loc_accuracy_m": (
        "定位精度",
        "定位精度(米)",
        "定位精度(m)",
        "精度",
        "精度(米)",
        "accuracy",
        "loc_accuracy_m",
    ),
    "area": ("面积", "占地面积", "水域面积", "上报面积", "area"),
    "area_mu": (
        "面积(亩)",
        "面积亩",
        "占地面积(亩)",
        "水域面积(亩)",
        "上报面积(亩)",
        "亩数",
        "area_mu",
        "area_reported_mu",
    ),
    "area_m2": (
        "面积(m2)",
        "面积(平方米)",
        "面积平方米",
        "占地面积(m2)",
        "占地面积(平方米)",
        "水域面积(m2)",
        "水域面积(平方米)",
        "上报面积(m2)",
        "上报面积(平方米)",
    ),
    "area_ha": ("面积(公顷)", "面积公顷", "占地面积(公顷)", "面积(hm2)", "area_ha"),
    "operator_name": (
        "责任人",
        "责任主体",
        "经营主体",
        "户主",
        "业主",
        "承包人",
        "经营者",
        "管护责任主体",
        "operator",
        "operator_name",
    ),
    "operator_type": ("主体类型", "责任主体类型", "经营主体类型", "operator_type"),
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
    "body": ("牵头单位", "责任单位", "主管单位", "lead_body", "body"),
    "source": ("来源", "点位来源", "source"),
    "remark": ("备注", "说明", "情况说明", "remark", "remarks", "note", "notes", "description"),
    "attr_crop": ("作物", "作物种类", "农作物"),
    "attr_crop_area_mu": ("种植面积(亩)",),
    "attr_grid_cell": ("网格", "网格号"),
    "attr_shed_count": ("棚数", "大棚数", "大棚数量", "棚室数量", "棚室数量(座)"),
    "attr_shed_area_mu": ("棚面积(亩)", "棚室面积(亩)"),
    "attr_filing_no": ("备案号", "备案编号"),
    "attr_project": ("项目", "项目名称"),
    "attr_design_year": ("造林年度", "设计年度"),
    "attr_design_mu": ("设计面积(亩)",),
    "attr_design_density": ("设计密度(株/亩)",),
    "attr_species_plan": ("树种", "造林树种"),
    "attr_zone": ("所属片区",),
    "attr_list_level": ("清单级别",),
    "attr_judged_by": ("判定依据",),
    "attr_target_class": ("目标水质",),
    "attr_problem_class": ("问题类别",),
    "attr_guard_profile": ("看护房标准",),
    "attr_width_m": ("宽度(m)", "宽度(米)"),
    "attr_irrigated": ("有无灌溉",),
    "attr_climate_profile": ("成活率标准",),
    "attr_contract_state": ("合同情况",),
    "attr_keeper": ("管护人", "管护责任人"),
}
AREA_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": (
        "code",
        "adcode",
        "行政区划代码",
        "行政区代码",
        "区划代码",
        "代码",
        "统计用区划代码",
        "乡镇代码",
        "村代码",
        "XZQDM",
        "XZDM",
        "PAC",
        "area_code",
    ),
    "name": ("name", "名称", "行政区名称", "区划名称", "乡镇名称", "村名称", "XZQMC", "XZMC", "NAME_CHN"),
    "name_en": ("name_en", "英文名称", "english"),
    "level": ("level", "级别", "层级"),
    "category": ("category", "类别", "类型"),
    "parent": ("parent", "parent_code", "上级代码", "上级区划代码"),
    "source": ("source", "来源", "数据来源"),
    "valid_from": ("valid_from", "生效日期", "启用日期", "设立日期"),
    "valid_to": ("valid_to", "撤销日期", "失效日期", "终止日期"),
    "successors": ("successor", "successors", "继任代码", "并入代码", "撤并去向", "变更后代码"),
    "lon": SITE_HEADINGS["lon"],
    "lat": SITE_HEADINGS["lat"],
    "x": SITE_HEADINGS["x"],
    "y": SITE_HEADINGS["y"],
    "position": SITE_HEADINGS["position"],
    "shape": SITE_HEADINGS["shape"],
}
LAYER_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "名称",
        "name",
        "河流名称",
        "河名",
        "水系名称",
        "道路名称",
        "路名",
        "路线名称",
        "区域名称",
        "地块名称",
        "坐落单位名称",
        "ZLDWMC",
        "图斑编号",
        "TBBH",
        "JBNTTBBH",
    ),
    "secrecy": ("密级", "保密等级", "secrecy"),
    "shape": SITE_HEADINGS["shape"],
}
# Columns of tables and of our own exports that say nothing to take: left out without a word
WORTHLESS = frozenset(
    {
        "序号",
        "序",
        "no.",
        "shape_leng",
        "shape_length",
        "shape_area",
        "handle",
        "原因",
        "怎么改",
        "工作表",
        "行号",
        "行",
        "reason",
        "sheet",
        "row",
    }
    | {
        "state",
        "整改状态",
        "area_m2",
        "length_m",
        "实测面积(亩)",
        "实测面积(m2)",
        "实测长度(米)",
        "measured_mu",
        "measured_m",
        "占永久基本农田(亩)",
        "basic_farmland_mu",
    }
    | {"created_on", "last_visited_on", "last_visit", "登记日期", "最近检查日期"}
    | {"系统编号", "原坐标基准", "loc_datum"}
)
# Names that programs give a column of their own: taken only where no other column says it
_WEAK = frozenset({"id", "fid", "objectid"})
# Columns whose names only look like one that is known: what they say is not read, and that is said
_SAYS_ELSE = frozenset(
    {"坐标系", "坐标系统", "坐标类型", "坐标来源", "坐标采集人", "坐标采集日期", "坐标备注"}
    | {"城乡分类代码", "urcode", "areacode", "citycode", "provincecode"}
)
# What a longer heading contains tells its column where nothing else does; the first that fits decides
_CONTAINED: tuple[tuple[str, str], ...] = (
    ("经纬度", "position"),
    ("经度", "lon"),
    ("纬度", "lat"),
    ("东经", "lon"),
    ("北纬", "lat"),
    ("横坐标", "x"),
    ("纵坐标", "y"),
    ("x坐标", "x"),
    ("坐标x", "x"),
    ("y坐标", "y"),
    ("坐标y", "y"),
    ("坐标", "position"),
    ("乡镇", "township"),
    ("行政村", "village"),
    ("电话", "operator_phone"),
    ("手机", "operator_phone"),
    ("经营主体", "operator_name"),
    ("责任主体", "operator_name"),
    ("牵头单位", "body"),
    ("面积(亩", "area_mu"),
    ("面积(m2", "area_m2"),
    ("面积(平方米", "area_m2"),
    ("面积(公顷", "area_ha"),
    ("备注", "remark"),
    ("名称", "name"),
)
_SIMPLE = str.maketrans(
    "稱點編號類別狀態鄉鎮經緯東標圖積畝頃責體業戶電話聯機單備註說設數項種樹網",
    "称点编号类别状态乡镇经纬东标图积亩顷责体业户电话联机单备注说设数项种树网",
)
_CLOSE = 0.8  # of difflib: one sign of five may be another
_SHORTEST_CUT = 2  # a heading cut by a format must have kept so many signs


@dataclass(frozen=True)
class Match:
    """Which field a heading means; not `sure` where it is only near a name that is known."""

    field: str
    sure: bool = True


Finder = Callable[[str], Match | None]


def heading_key(text: str) -> str:
    """What two spellings of one heading have in common.

    Examples
    --------
    >>> heading_key("面积（亩） ") == heading_key("面积(亩)") == heading_key("* 面积/亩")
    True
    """
    key = re.sub(r"[\s_:*·.\-]", "", unicodedata.normalize("NFKC", text)).lower().translate(_SIMPLE)
    return re.sub(r"/([^/()]+)$", r"(\1)", key).replace("座标", "坐标")


def says_else(heading: str) -> bool:
    """Whether a column looks like one that is known, but means something else."""
    return heading_key(heading) in _SAYS_ELSE


def is_worthless(heading: str) -> bool:
    """Whether a column is left out without a word: running numbers, what is computed, what a report added."""
    return heading_key(heading) in _WORTHLESS


def site_finder(kind: str) -> Finder:
    """What finds the field of a site's register for a heading; `attr_` and a key for what only a kind has."""
    names = dict(_SITE)
    for attribute in ATTRIBUTES[kind]:
        names.setdefault(heading_key(attribute.key), f"attr_{attribute.key}")
    own = {f"attr_{attribute.key}" for attribute in ATTRIBUTES[kind]}
    names = {key: name for key, name in names.items() if not name.startswith("attr_") or name in own}
    return _finder(names, _CONTAINED)


def area_finder() -> Finder:
    """What finds the field of an area for a heading."""
    return _finder(dict(_AREA), ())


def layer_finder() -> Finder:
    """What finds the field of a feature of a layer for a heading."""
    return _finder(dict(_LAYER), ())


def _finder(names: Mapping[str, str], contained: tuple[tuple[str, str], ...]) -> Finder:
    @cache
    def find(heading: str) -> Match | None:
        key = heading_key(heading)
        if not key or key in _WORTHLESS or key in _SAYS_ELSE:
            return None
        if key in names:
            return Match(names[key], sure=key not in _WEAK)
        near = (
            _cut(key, names)
            or _qualified(heading, names)
            or _containing(key, contained)
            or _close(key, names)
        )
        return Match(near, sure=False) if near else None

    return find


def _cut(key: str, names: Mapping[str, str]) -> str | None:
    """A name whose end was cut off, as shapefiles do after ten bytes."""
    if len(key) < _SHORTEST_CUT or (key.isascii() and len(key) < 8):
        return None
    found = {field for name, field in names.items() if name.startswith(key)}
    return found.pop() if len(found) == 1 else None


def _qualified(heading: str, names: Mapping[str, str]) -> str | None:
    """A name with something in brackets behind it, or a number's with its system: X(西安80), bd09_lng."""
    bare = names.get(re.sub(r"\(.*\)$", "", heading_key(heading)))
    words = {names.get(word) for word in re.split(r"[\s_\-]+", heading.lower())}
    return bare or next((name for name in ("lon", "lat", "x", "y") if name in words), None)


def _containing(key: str, contained: tuple[tuple[str, str], ...]) -> str | None:
    return next((field for part, field in contained if part in key), None)


def _close(key: str, names: Mapping[str, str]) -> str | None:
    found = {names[name] for name in get_close_matches(key, names, n=3, cutoff=_CLOSE)}
    return found.pop() if len(found) == 1 else None


def _by_key(headings: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {heading_key(spelling): name for name, spellings in headings.items() for spelling in spellings}


_SITE, _AREA, _LAYER = (_by_key(names) for names in (SITE_HEADINGS, AREA_HEADINGS, LAYER_HEADINGS))
_WORTHLESS = frozenset(heading_key(name) for name in WORTHLESS)
