"""Real photos for tests: JPEG, PNG and WebP with EXIF, and files that only look like photos."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

IN_WEST = (100.40, 38.93)


def a_photo(
    form: str = "JPEG",
    *,
    size: tuple[int, int] = (64, 48),
    colour: str | tuple[int, int, int] = "olive",
    at: tuple[float, float] | None = None,
    taken: str | None = None,
    offset: str | None = None,
    orientation: int | None = None,
    gps: dict[int, Any] | None = None,
) -> bytes:
    """A photo's bytes; `at` is lon, lat in WGS 84, `taken` as in EXIF, `gps` raw values."""
    exif = Image.Exif()
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    if taken:
        detail[ExifTags.Base.DateTimeOriginal] = taken
    if offset:
        detail[ExifTags.Base.OffsetTimeOriginal] = offset
    place = gps if gps is not None else _gps(*at) if at else {}
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    out = io.BytesIO()
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, max(1, size[0] // 4), max(1, size[1] // 4)))  # tells which corner is up
    image.save(out, form, exif=exif.tobytes() if len(exif) or place or detail else b"")
    return out.getvalue()


def a_noisy_photo(side: int = 400) -> bytes:
    """A JPEG whose bytes grow with its pixels, for cutting it off."""
    out = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def a_padded_photo(length: int) -> bytes:
    """A sound JPEG of exactly `length` bytes: what follows the picture's end counts too."""
    photo = a_photo()
    return photo + b"\0" * (length - len(photo))


def a_bomb(side: int = 40_000) -> bytes:
    """A PNG of a few kilobytes that says it has `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def rational(value: float) -> IFDRational:
    """An EXIF fraction; NaN becomes 0/0 as broken cameras write it."""
    return IFDRational(0, 0) if value != value else IFDRational(round(value * 10_000), 10_000)


def _gps(lon: float, lat: float) -> dict[int, Any]:
    return {
        ExifTags.GPS.GPSLatitudeRef: "N" if lat >= 0 else "S",
        ExifTags.GPS.GPSLatitude: _sexagesimal(abs(lat)),
        ExifTags.GPS.GPSLongitudeRef: "E" if lon >= 0 else "W",
        ExifTags.GPS.GPSLongitude: _sexagesimal(abs(lon)),
    }


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    seconds = (degrees - whole - minutes / 60) * 3600
    return IFDRational(whole), IFDRational(minutes), rational(seconds)
