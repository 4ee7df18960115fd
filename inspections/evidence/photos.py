"""What the bytes of a photo say of themselves: type, size, time, place; and smaller copies without metadata.

Types are told by content, never by name. Nothing here touches a disk or a row; `inspections.evidence` keeps.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags, Image

from inspections.errors import Invalid

try:
    import pillow_heif
except ImportError:  # an extra: without it a HEIC file is refused with a sentence
    pillow_heif = None
else:
    pillow_heif.register_heif_opener()

MOST_BYTES = 15_000_000
MOST_PIXELS = 60_000_000
Image.MAX_IMAGE_PIXELS = MOST_PIXELS

MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
BEIJING = timezone(timedelta(hours=8))
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
_DECODING = threading.BoundedSemaphore(2)  # a decoded photo takes up to 240 MB


class PhotoRefused(Invalid):
    """A file that is not kept as a photo."""

    code = "photo.refused"
    message = "Choose a photo: JPEG, PNG or WebP."
    field = "photos"


class NotAPhoto(PhotoRefused):
    """Its content is of another type, whatever its name says."""

    code = "photo.not_a_photo"
    message = "{name} is not a JPEG, PNG or WebP photo. Choose another file."


class PhotoBroken(PhotoRefused):
    """It is cut off or damaged."""

    code = "photo.broken"
    message = "{name} is cut off or damaged. Take the photo again, or choose another."


class PhotoTooLarge(PhotoRefused):
    """More bytes than one photo may have."""

    code = "photo.too_large"
    message = "{name} is larger than 15 MB. Choose a smaller photo."


class TooManyPixels(PhotoRefused):
    """It would unpack to more than the server's memory is for."""

    code = "photo.too_many_pixels"
    message = "{name} has more than 60 million pixels. Choose a smaller photo."


class HeicNotRead(PhotoRefused):
    """HEIC, on a server without its reader."""

    code = "photo.heic_not_read"
    message = "{name} is a HEIC photo, which this server cannot read. Set the camera to JPEG, or convert it."


@dataclass(frozen=True)
class PhotoFacts:
    """What a photo's bytes say. `width` and `height` are as it is looked at, in pixels."""

    media_type: str
    width: int
    height: int
    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None


def read_photo(data: bytes, name: str = "") -> PhotoFacts:
    """Read a photo wholly, so that a damaged one is found now; `name` is only for the sentence of a refusal.

    Raises
    ------
    PhotoRefused
        One of its kinds: too large, no photo, damaged, too many pixels, HEIC without a reader.
    """
    name = name or "…"
    if len(data) > MOST_BYTES:
        raise PhotoTooLarge(name=name)
    with _DECODING:
        image, media_type = _open(data, name)
        width, height = image.size
        exif = _exif(image)
        _decode(image, name)
    if orientation(exif) in (5, 6, 7, 8):
        width, height = height, width
    lon, lat = position(exif) or (None, None)
    return PhotoFacts(media_type, width, height, taken_at(exif), lon, lat)


def smaller_copy(data: bytes, most_px: int) -> bytes:
    """Make a JPEG of at most `most_px` on its longer side, turned upright, without any metadata."""
    with _DECODING:
        image, _ = _open(data, "…")
        exif = _exif(image)
        image.thumbnail((most_px, most_px))
        plain = _on_white(image)
    for turn in _TURNS.get(orientation(exif), ()):
        plain = plain.transpose(turn)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def orientation(exif: Mapping[int, Any]) -> int:
    """How the camera was held: EXIF's 1 to 8, 1 for anything else."""
    value = exif.get(ExifTags.Base.Orientation)
    return value if value in _TURNS else 1


def taken_at(exif: Mapping[int, Any]) -> datetime | None:
    """When it was taken, by the offset the camera wrote or in Beijing time; None if it is absurd."""
    detail = _section(exif, ExifTags.IFD.Exif)
    text = _text(detail.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime))
    offset = _text(detail.get(ExifTags.Base.OffsetTimeOriginal) or detail.get(ExifTags.Base.OffsetTime))
    try:
        local = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")
        zone = datetime.strptime(offset[:6], "%z").tzinfo if offset else BEIJING
        found = local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 2000 <= found.year <= 2100 else None


def position(exif: Mapping[int, Any]) -> tuple[float, float] | None:
    """Longitude and latitude in degrees, WGS 84; None where there is none or it is absurd."""
    gps = _section(exif, ExifTags.IFD.GPSInfo)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90)
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180)
    if lon is None or lat is None or (lon == 0 and lat == 0):  # a receiver without a fix writes zeros
        return None
    return round(lon, 7), round(lat, 7)


def _open(data: bytes, name: str) -> tuple[Image.Image, str]:
    formats = [form for form in MEDIA_TYPES if form != "MPO"]
    heic = data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS
    if heic and pillow_heif is None:
        raise HeicNotRead(name=name)
    try:
        image = Image.open(io.BytesIO(data), formats=["HEIF"] if heic else formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(name=name) from error
    except Exception as error:  # whatever a decoder raises on foreign bytes
        raise (PhotoBroken if heic or _looks_like_photo(data) else NotAPhoto)(name=name) from error
    if image.width * image.height > MOST_PIXELS:
        raise TooManyPixels(name=name)
    return image, "image/heic" if heic else MEDIA_TYPES[image.format or ""]


def _looks_like_photo(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or data[8:12] == b"WEBP"


def _decode(image: Image.Image, name: str) -> None:
    """Unpack every pixel; a JPEG at an eighth, which reads all its bytes and spares the memory."""
    image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
    try:
        image.load()
    except Exception as error:
        raise PhotoBroken(name=name) from error


def _on_white(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    see_through = image.convert("RGBA")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(see_through, mask=see_through.getchannel("A"))
    return ground


def _exif(image: Image.Image) -> Mapping[int, Any]:
    try:
        return image.getexif()
    except Exception:  # broken metadata never costs the photo
        return {}


def _section(exif: Mapping[int, Any], section: int) -> Mapping[int, Any]:
    try:
        return exif.get_ifd(section)  # type: ignore[attr-defined]
    except Exception:
        return {}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\0 ") if isinstance(value, str) else ""


def _degrees(parts: Any, letter: Any, letters: str, most: int) -> float | None:
    """Degrees, minutes and seconds with N, S, E or W, as one number of at most `most` degrees."""
    sign = letters.find(_text(letter)[:1].upper() or "?")
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        value = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if sign < 0 or not math.isfinite(value) or not (0 <= value <= most and minutes < 60 and seconds <= 60):
        return None
    return -value if sign else value
