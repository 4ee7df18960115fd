"""Where a visit, a finding or a case was: the columns of its site, and what a query reads for them."""

from __future__ import annotations

from inspections.exports.columns import Column, coded, column
from inspections.exports.orders import Reading
from inspections.models import Site

SITE_NAMED = (Site.number.label("site_number"), Site.name.label("site_name"))
SITE_AREAS = (Site.township_code, Site.village_code)


def areas_of(reading: Reading) -> list[Column]:
    """Township and village by name."""
    return [
        column("township", "乡镇", "Township", get=lambda row: reading.area_name(row.township_code)),
        column("village", "村", "Village", get=lambda row: reading.area_name(row.village_code)),
    ]


def site_of(reading: Reading) -> list[Column]:
    """Number and name of the site, its kind and its areas."""
    return [
        column("site_number", "点位编号", "Site's number"),
        column("site_name", "点位名称", "Site's name"),
        coded("kind", "类别", "Kind", "site_kind", get=lambda row: row.kind.value),
        *areas_of(reading),
    ]


def position() -> list[Column]:
    """Longitude and latitude with all seven decimals."""
    return [
        column("lon", "经度", "Longitude", "number", places=7),
        column("lat", "纬度", "Latitude", "number", places=7),
    ]
