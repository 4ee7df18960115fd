"""Prints the figures of the map as tables, for a terminal or for the readme."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Costs, Figures

FULL = 100_000  # sites, which the budgets are for
SMALL = 1_000
NONE = "–"
COLUMNS = "{:<52} {:>14} {:>12} {:>12} {:>18}"
NOTES = """
“画完”：巡图以自己的标记为准，视野内的瓦片都已画出，再过两帧；
别的地图以页面载入、脚本运行完毕、再过两帧为准，另加生成页面的时间。
每次用新的浏览器、空缓存，取中位数；慢线路 4 Mbit/s，往返 100 ms，建立连接也要一个往返。
别的地图的程序库由本机提供，不计时间和流量。

Drawn: ours when it says so, all tiles of the view painted and two frames later; the others when the page has
loaded, its script has run and two frames have passed, plus the time to make the page. Each visit is in a new
browser with an empty cache; figures are medians. The slow link has 4 Mbit/s and 100 ms there and back, and
opening a connection takes a round trip. The others' libraries come from this machine at no cost to them.
"""


@dataclass(frozen=True)
class Row:
    """A line of the table: its words, the figure's name and unit, and the most that it may be."""

    chinese: str
    english: str
    name: str
    unit: str = "ms"
    most: float | None = None
    share_of: tuple[tuple[str, float], ...] = ()  # at most such a share of another map's figure


ROWS = (
    Row("县图页面，gzip 后", "county page, gzip'd", "html_kb", "kB", 12),
    Row("生成页面", "the page made on the server", "html_ms", most=30),
    Row("同样数据，地图脚本字节相同", "same data, same bytes of the map's script", "script_same", "yes", 1),
    Row("首图（概览）", "first true picture (overview)", "overview_ms", most=400),
    Row("慢线路，空缓存", "on the slow link, empty cache", "slow_overview_ms", most=700),
    Row("慢线路，经过登录页", "on the slow link, after the sign-in page", "slow_known_overview_ms", most=700),
    Row(
        "全部画完，含服务器的工作",
        "all drawn, the server's work included",
        "drawn_ms",
        share_of=(("explore()", 40), ("FastMarkerCluster", 14)),
    ),
    Row("慢线路全部画完，空缓存", "all drawn on the slow link, empty cache", "slow_drawn_ms"),
    Row("慢线路全部画完，经过登录页", "the same after the sign-in page", "slow_known_drawn_ms"),
    Row("每个点位单独画出", "every site its own dot", "alone_ms", most=900),
    Row("画完前收到", "received until all drawn", "slow_received_kb", "kB", 600),
    Row("再次打开收到", "received at a second visit", "slow_again_kb", "kB", 15),
    Row("再次打开，慢线路画完", "a second visit drawn on the slow link", "slow_again_ms"),
    Row("拖动和缩放时最长一帧", "longest frame in pan and zoom", "frame_ms", most=34),
    Row("缩放到画定", "zoom to settled", "settled_ms", most=350),
    Row("筛选画出", "filter drawn", "filtered_ms", most=150),
    Row("筛选时的请求", "requests for it", "filter_asked", "", 0),
    Row("点按到卡片", "tap to right card", "tapped_ms", most=100),
    Row("主线程堆内存", "main-thread heap", "heap_mb", "MB", 8),
    Row(
        "渲染进程比空地图多用",
        "renderer above an empty map",
        "memory_mb",
        "MB",
        share_of=(("explore()", 6),),
    ),
    Row("离线重新打开", "offline reload", "offline_ms", most=800),
    Row("改动后重新编码，在后台", "encode after a change, in the background", "encode_ms", most=600),
    Row("304", "304", "not_modified_ms", most=2),
    Row("按范围取 2,000 个 GeoJSON", "2,000 features by bbox as GeoJSON", "features_ms", most=20),
    Row("点归乡镇（右：sjoin）", "points into townships (right: sjoin)", "points_ms", most=60),
)
NOT_YET = {"offline_ms"}


def print_notes() -> None:
    """Say where it ran and what is counted."""
    print(f"{machine()}, Python {platform.python_version()}\n{NOTES}")


def machine() -> str:
    """Name the processor and how many of it there are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def print_table(sites: int, figures: Figures, *, markdown: bool) -> None:
    """Print every row for a county of so many sites; what is over its budget is marked."""
    maps = list(figures.rivals)
    lines = [
        (
            row,
            [
                budget(row, sites),
                ours(row, sites, figures),
                *(theirs(row, figures.rivals[one]) for one in maps),
            ],
        )
        for row in ROWS
    ]
    if not markdown:
        print("\n" + COLUMNS.format(f"{sites:,} sites", "budget", "ours", *maps, *[""] * (2 - len(maps))))
        for row, cells in lines:
            print(COLUMNS.format(row.english, *cells, *[""] * (4 - len(cells))))
        return
    print(f"\n| {sites:,} 个点位 sites | " + " | ".join(["上限 budget", "巡图 ours", *maps]) + " |")
    print("| --- " * (3 + len(maps)) + "|")
    for row, cells in lines:
        words = row.chinese if row.chinese == row.english else f"{row.chinese} {row.english}"
        print(f"| {words} | " + " | ".join(cells) + " |")


def budget(row: Row, sites: int) -> str:
    """What the row may be; budgets are for the full county, and a small one is held against `explore()`."""
    if row.name == "drawn_ms" and sites == SMALL:
        return "≤ explore()"
    if sites != FULL:
        return ""
    if row.share_of:
        return ", ".join(f"≤ 1/{share:.0f}" for _, share in row.share_of)
    if row.most is None or row.unit in ("yes", ""):
        return "" if row.most is None else written(row.most, row.unit)
    return f"≤ {row.most:.0f} {row.unit}"


def ours(row: Row, sites: int, figures: Figures) -> str:
    """Our figure, with a mark where it is over the budget."""
    if row.name in NOT_YET:
        return "not yet"
    if row.name not in figures.ours:
        return NONE
    value = figures.ours[row.name]
    over = " ✗" if budget(row, sites) and not within(row, value, sites, figures.rivals) else ""
    return written(value, row.unit) + over


def theirs(row: Row, costs: Costs) -> str:
    """Another map's figure."""
    return written(costs[row.name], row.unit) if row.name in costs else NONE


def within(row: Row, value: float, sites: int, rivals: dict[str, Costs]) -> bool:
    """Whether our figure keeps to the budget."""
    if row.unit == "yes":
        return value == row.most
    if row.most is not None and value > row.most:
        return False
    shares = (("explore()", 1.0),) if sites == SMALL else row.share_of
    return all(value <= rivals[one][row.name] / share for one, share in shares if one in rivals)


def written(value: float, unit: str) -> str:
    """A figure with its unit, as exact as it deserves."""
    if unit == "yes":
        return "yes" if value else "no"
    number = f"{value:.1f}" if value < 10 and unit else f"{value:,.0f}"
    return f"{number} {unit}".strip()
