"""Photos for the demo: drawn, small, each different, kept as evidence like any other photo."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image, ImageDraw

from inspections.demo.history import History

SIZE = (800, 600)
GROUND = {
    "straw": (188, 164, 96),
    "pond": (120, 128, 84),
    "greenhouse": (150, 142, 110),
    "afforestation": (164, 152, 104),
}
_BEIJING = ZoneInfo("Asia/Shanghai")


def keep_pictures(
    rng: Random, folder: Path, history: History, *, limit: int, progress: Callable[[str, int, int], None]
) -> list[dict[str, Any]]:
    """Draw photos for the newest visits that want some; returns evidence rows.

    At most `limit` photos: the demo has to be ready soon.
    """
    wanted = sorted(history.wanted_photos, key=lambda want: want[0]["effective_at"], reverse=True)[:limit]
    rows = []
    for number, (visit, item, picture) in enumerate(wanted):
        data = draw(rng, visit, item, picture)
        rows.append(_row(rng, visit, item, data, number))
        _keep(folder, rows[-1]["sha256"], data)
        if number % 50 == 0:
            progress("photos", number, len(wanted))
    return rows


def draw(rng: Random, visit: dict[str, Any], item: str, picture: str) -> bytes:
    """One JPEG with the time and position of its visit in EXIF."""
    image = Image.new("RGB", SIZE, (196, 208, 214))
    pen = ImageDraw.Draw(image)
    horizon = rng.randint(210, 260)
    pen.rectangle((0, horizon, *SIZE), fill=GROUND[visit["kind"]])
    for _ in range(rng.randint(5, 9)):
        _tree(pen, rng, horizon)
    _SCENES[visit["kind"]](pen, rng, horizon, picture != "sound")
    if item == "photo_detail":
        box = (rng.randint(120, 260), rng.randint(180, 260))
        image = image.crop((*box, box[0] + 400, box[1] + 300)).resize(SIZE)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=72, exif=_exif(visit))
    return written.getvalue()


def _tree(pen: ImageDraw.ImageDraw, rng: Random, horizon: int) -> None:
    x, size = rng.randint(0, SIZE[0]), rng.randint(26, 54)
    pen.rectangle((x - 3, horizon - size, x + 3, horizon + 8), fill=(108, 86, 60))
    shade = rng.randint(96, 124)
    pen.ellipse(
        (x - size // 2, horizon - 2 * size, x + size // 2, horizon - size // 3), fill=(shade - 20, shade, 74)
    )


def _field(pen: ImageDraw.ImageDraw, rng: Random, horizon: int, faulty: bool) -> None:
    for row in range(horizon + 20, SIZE[1], 26):
        pen.line((0, row, SIZE[0], row + 14), fill=(172, 146, 82), width=5)
    if faulty:
        for _ in range(9):
            x, y = rng.randint(120, 620), rng.randint(horizon + 70, 540)
            pen.ellipse((x, y, x + rng.randint(60, 150), y + rng.randint(18, 44)), fill=(42, 38, 34))


def _pond(pen: ImageDraw.ImageDraw, rng: Random, horizon: int, faulty: bool) -> None:
    water = (70, 74, 62) if faulty else (112, 146, 158)
    pen.ellipse((90, horizon + 70, 720, 560), fill=water, outline=(136, 118, 84), width=9)
    if faulty:
        for _ in range(40):
            x, y = rng.randint(220, 600), rng.randint(horizon + 120, 500)
            shade = rng.choice(((226, 226, 220), (176, 192, 204), (198, 152, 102)))
            pen.rectangle((x, y, x + rng.randint(6, 16), y + rng.randint(4, 9)), fill=shade)


def _sheds(pen: ImageDraw.ImageDraw, rng: Random, horizon: int, faulty: bool) -> None:
    for number in range(4):
        top = horizon + 20 + number * 76
        pen.rounded_rectangle(
            (70, top, 690, top + 58), radius=28, fill=(222, 228, 226), outline=(150, 158, 158)
        )
        for x in range(110, 690, 44):
            pen.line((x, top, x, top + 58), fill=(190, 198, 198), width=2)
    if faulty:
        x = rng.randint(150, 500)
        pen.rectangle((x, horizon + 40, x + 130, horizon + 150), fill=(186, 98, 80))
        pen.rectangle((x + 48, horizon + 90, x + 84, horizon + 150), fill=(70, 62, 58))


def _trees(pen: ImageDraw.ImageDraw, rng: Random, horizon: int, faulty: bool) -> None:
    for row in range(5):
        y = horizon + 50 + row * 70
        for x in range(40 + row % 2 * 30, SIZE[0], 84):
            dead = faulty and rng.random() < 0.5
            pen.rectangle((x - 2, y - 30, x + 2, y + 8), fill=(116, 92, 66))
            if not dead:
                pen.ellipse((x - 14, y - 62, x + 14, y - 20), fill=(92, 128, 74))


_SCENES = {"straw": _field, "pond": _pond, "greenhouse": _sheds, "afforestation": _trees}


def _exif(visit: dict[str, Any]) -> Image.Exif:
    exif = Image.Exif()
    taken: datetime = visit["effective_at"].astimezone(_BEIJING)
    exif[ExifTags.Base.DateTime] = f"{taken:%Y:%m:%d %H:%M:%S}"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
    details[ExifTags.Base.OffsetTimeOriginal] = "+08:00"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", _sexagesimal(visit["lat"])
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", _sexagesimal(visit["lon"])
    return exif


def _sexagesimal(value: float) -> tuple[float, float, float]:
    whole = int(value)
    minutes = (value - whole) * 60
    return float(whole), float(int(minutes)), round((minutes - int(minutes)) * 60, 4)


def _row(rng: Random, visit: dict[str, Any], item: str, data: bytes, number: int) -> dict[str, Any]:
    return {
        "id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "sha256": hashlib.sha256(data).hexdigest(),
        "media_type": "image/jpeg",
        "bytes": len(data),
        "width": SIZE[0],
        "height": SIZE[1],
        "site_id": visit["site_id"],
        "visit_id": visit["id"],
        "item": item,
        "position": number,
        "phase": "before",
        "capture": "camera",
        "file_name": f"{item}.jpg",
        "caption": "",
        "taken_at": visit["effective_at"].astimezone(UTC).replace(microsecond=0),
        "taken_source": "exif",
        "lon": visit["lon"],
        "lat": visit["lat"],
        "position_source": "exif",
        "added_at": visit["received_at"],
        "added_by_id": visit["officer_id"],
    }


def _keep(folder: Path, sha256: str, data: bytes) -> None:
    path = folder / sha256[:2] / f"{sha256}.jpg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        os.replace(part, path)
