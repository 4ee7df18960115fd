"""The demo county's profile: a complete, commented example of the file that `XUNTU_COUNTY` names."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any

PROFILE = """\
# 县情配置 / County profile (TOML). XUNTU_COUNTY 指向本文件；改后重启服务生效。
# XUNTU_COUNTY names this file; restart the server after a change.

[county]
code = "990101000000"      # 12 位县级代码，导入区划只取这个县 / the only county taken in
unit_word = "县"           # 标题用字：县、区、市 / the word for the county in headings

[seasons]                  # 月-日，首尾两天都算 / month-day, both days included
straw = [["02-20", "05-10"], ["07-10", "08-20"], ["09-15", "11-30"]]   # 秸秆禁烧值守期
planting = [["03-10", "04-30"], ["10-15", "11-20"]]                    # 造林季
frozen = [["12-01", "03-10"]]                                          # 冰封期

[milestones]               # 专项节点，当日 24:00 止，遇周末不顺延 / end at 24:00 of the day, whatever weekday
replanting = {replanting}          # 补植完成
oxidation_pond = {oxidation_pond}      # 氧化塘建成
reed = {reed}                # 芦苇栽植
greenhouse = {greenhouse}          # 大棚房整改

[rules]
guard = "north"                  # 看护房标准 south 15 ㎡, north 22.5 ㎡, severe_cold 30/40 ㎡
survival_line = "irrigated"      # 成活率判定线 irrigated 85 %, arid 70 %
soil_cover_min_cm = 30           # 复垦覆土最小厚度
hardened_allowance_m2 = 0        # 棚外允许硬化面积

[corridors]
distance_m = 1000                # 沿线范围
roads = ["示范大道", "河湾公路", "北线"]

[zones]                          # 绿化片区
park = "云杉山自然保护区"
heihe = "沙枣河生态带"
traffic = "交通大林带"
urban = "城市绿化带"

# 西安80 转 CGCS2000 的本县参数；北京54 写 [datums.bj54] / the county's own way from Xian 1980
# [datums.xian80]
# dx = -12.5                     # 三参数，米 / three parameters, in metres
# dy = 8.2
# dz = -3.1
# rx = 0.0                       # 七参数再加旋转（秒）、尺度（ppm）、旋转约定 / of seven: seconds, ppm
# ry = 0.0
# rz = 0.0
# scale_ppm = 0.0
# convention = "position_vector" # 或 "coordinate_frame"

[backup]
keep = 14                        # xuntu nightly 保留的备份份数 / backups that nightly keeps
"""


def demo_profile(today: date) -> Mapping[str, Any]:
    """The profile as read, with milestones around `today`."""
    return tomllib.loads(profile_text(today))


def profile_text(today: date) -> str:
    """The profile as it is written to the data folder."""
    season_end = date(today.year, 11, 20) if today.month > 4 else date(today.year, 4, 30)
    return PROFILE.format(
        replanting=season_end,
        oxidation_pond=date(today.year, 11, 30),
        reed=date(today.year + 1, 3, 31),
        greenhouse=date(today.year, 12, 31),
    )
