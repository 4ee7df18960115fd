"""What a file says of itself, in Chinese as its headings: whose rows, narrowed to what, when, how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from geo.writers.layers import BEIJING
from inspections import ledger, terms
from inspections.cases.lists import OPEN
from inspections.exports.orders import Order, Reading
from inspections.terms import Kind

MARK = "内部使用 不得公开"
_OF_PAGES = ("page", "sort")


def about(reading: Reading, rows: Mapping[str, int]) -> list[tuple[str, str]]:
    """Lines of name and words; `rows` are how many there are, by the name of each subject."""
    number, last = ledger.head(reading.session)
    made_at = reading.now.astimezone(BEIJING)
    lines = [
        ("内容", "、".join(rows)),
        ("范围", _scope(reading)),
        ("条件", "；".join(_conditions(reading)) or "无"),
        ("时间", f"{made_at:%Y-%m-%d %H:%M}（北京时间）"),
        ("行数", "，".join(f"{name} {count:,}" for name, count in rows.items())),
        ("导出人", "系统" if reading.by.role == "system" else reading.by.name),
        ("台账", f"第 {number} 条，哈希 {last}"),
    ]
    if reading.order.restricted:
        lines.append(("限制信息", "含责任主体的姓名和电话，导出已记入台账"))
    return [*lines, ("注意", MARK)]


def narrowed_by(order: Order) -> dict[str, Any]:
    """The filters of an order that narrow something, as plain values: what the ledger keeps."""
    told = {name: value for name, value in vars(order.filters).items() if value and name not in _OF_PAGES}
    return {name: value if isinstance(value, str | bool) else str(value) for name, value in told.items()}


def _scope(reading: Reading) -> str:
    areas = [reading.area_name(code) or code for code in sorted(reading.by.areas)]
    kinds = [terms.label("site_kind", kind) for kind in Kind if kind in reading.by.kinds]
    return f"{'、'.join(areas) or '全县'}；{'、'.join(kinds) or '四类'}"


def _conditions(reading: Reading) -> Iterator[str]:
    for name, value in narrowed_by(reading.order).items():
        heading, words = _SAID[name]
        said = words(reading, value)
        yield f"{heading}：{said}" if said else heading


def _label(list_name: str) -> Callable[[Reading, Any], str]:
    return lambda _reading, code: terms.label(list_name, code)


def _area(reading: Reading, code: str) -> str:
    return reading.area_name(code) or code


def _body(reading: Reading, key: str) -> str:
    return next((name for one, name in reading.body_names.items() if str(one) == key), key)


def _state(reading: Reading, code: str) -> str:
    """A state of the review for visits, else of the map."""
    if code == OPEN:
        return "未销号"
    of_visits = reading.order.filters is reading.order.visits
    return terms.label("review_state" if of_visits else "map_state", code)


def _visited(_reading: Reading, days: str) -> str:
    return "从未检查" if days == "never" else f"{days} 天未检查"


def _as_it_is(_reading: Reading, text: str) -> str:
    return text


def _nothing(_reading: Reading, _value: Any) -> str:
    return ""


# Filter → what it is called, and its value in words
_SAID: Mapping[str, tuple[str, Callable[[Reading, Any], str]]] = {
    "q": ("搜索", _as_it_is),
    "kind": ("类别", _label("site_kind")),
    "status": ("台账状态", lambda _r, code: "全部" if code == "all" else terms.label("site_status", code)),
    "state": ("状态", _state),
    "stage": ("办理状态", _label("case_state")),
    "township": ("乡镇", _area),
    "village": ("村", _area),
    "visited": ("最近检查", _visited),
    "result": ("检查结果", _label("visit_result")),
    "site_id": ("一个点位", _as_it_is),
    "mine": ("本人填报", _nothing),
    "flagged": ("有提示", _nothing),
    "with_superseded": ("含被更正的版本", _nothing),
    "severity": ("严重程度", _label("severity")),
    "body": ("牵头单位", _body),
    "period": ("显示为已销号", lambda _r, days: f"近 {days} 天"),
}
