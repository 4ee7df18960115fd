"""Invented names of places, people and firms. None of them is real."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

COUNTY_NAME, COUNTY_NAME_EN = "示范县", "Shifan County"
# Eighteen townships: five subdistricts would crowd a small county, so two, ten towns and six townships.
TOWNSHIPS = (
    ("示范街道", "Shifan Subdistrict", "街道"),
    ("河湾街道", "Hewan Subdistrict", "街道"),
    ("芦影镇", "Luying Town", "镇"),
    ("新滩镇", "Xintan Town", "镇"),
    ("柳荫镇", "Liuyin Town", "镇"),
    ("禾丰镇", "Hefeng Town", "镇"),
    ("长渠镇", "Changqu Town", "镇"),
    ("沙枣镇", "Shazao Town", "镇"),
    ("麦香镇", "Maixiang Town", "镇"),
    ("东渠镇", "Dongqu Town", "镇"),
    ("城郊镇", "Chengjiao Town", "镇"),
    ("青禾镇", "Qinghe Town", "镇"),
    ("西苇乡", "Xiwei Township", "乡"),
    ("云杉乡", "Yunshan Township", "乡"),
    ("驼铃乡", "Tuoling Township", "乡"),
    ("石墩乡", "Shidun Township", "乡"),
    ("望渠乡", "Wangqu Township", "乡"),
    ("北坪乡", "Beiping Township", "乡"),
)
DEPARTMENTS = (
    ("示范县人民政府督查室", "县督查室", "supervision"),
    ("示范县人民政府", "县政府", "county_gov"),
    ("示范县生态环境分局", "生态环境分局", "branch"),
    ("示范县农业农村局", "农业农村局", "department"),
    ("示范县自然资源分局", "自然资源分局", "branch"),
    ("示范县林业和草原局", "林草局", "department"),
    ("示范县水务局", "水务局", "department"),
)
_FAMILY = (
    "赵钱孙李周吴郑王冯陈沈韩杨朱秦许何吕张孔曹严华金魏陶姜谢邹"
    "苏潘葛范彭鲁韦马方任袁柳史唐薛雷贺汤罗毕安常乐于傅康伍余顾孟黄穆萧尹"
)
_GIVEN = "建国志强春梅秀兰海涛永红玉英明德文平晓燕立新学军桂花长河金山雪松小芳国栋爱华"
_FRONT = "上下东西南北前后大小新老高平沙石柳杨槐榆麦禾苇荷泉渠滩湾"
_BACK = "渠沟滩湾坪墩台庄堡寨营屯塘泉洼梁川口岔井"
_FIRMS = ("禾润", "绿野", "沃田", "晨露", "金穗", "青川", "瑞农", "丰源", "陇上春", "祥禾")


def village_names(rng: Random, count: int) -> list[str]:
    """Different village names, like 上渠村."""
    every = [front + back + "村" for front in _FRONT for back in _BACK if front != back]
    return rng.sample(every, count)


def person(rng: Random) -> str:
    """A person's name."""
    at = rng.randrange(0, len(_GIVEN) - 1, 2)
    return rng.choice(_FAMILY) + (_GIVEN[at : at + 2] if rng.random() < 0.8 else _GIVEN[at])


def operator(rng: Random) -> tuple[str, str]:
    """Name and type of who is answerable for a site."""
    kind = rng.choices(("household", "coop", "company", "collective"), (60, 22, 10, 8))[0]
    firm = rng.choice(_FIRMS)
    names = {
        "household": lambda: person(rng),
        "coop": lambda: f"{firm}种植专业合作社",
        "company": lambda: f"示范县{firm}农业有限公司",
        "collective": lambda: f"{rng.choice(_FRONT)}{rng.choice(_BACK)}村股份经济合作社",
    }
    return names[kind](), kind


def site_names(rng: Random, kind: str, village: str) -> Iterator[str]:
    """Endless names of sites of a kind in a village, like 芦影三社坑塘."""
    place = village.removesuffix("村")
    ending = {
        "straw": ("地块", "连片地", "条田"),
        "pond": ("坑塘", "涝池", "老塘", "排水沟"),
        "greenhouse": ("号棚区", "设施园", "温室"),
        "afforestation": ("林带", "造林小班", "防护林"),
    }[kind]
    while True:
        group = "一二三四五六七八九"[rng.randrange(9)]
        side = rng.choice(("东", "西", "南", "北", "中", ""))
        yield f"{place}{group}社{side}{rng.choice(ending)}"
