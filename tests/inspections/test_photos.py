"""Reading photos: what their bytes say, and everything that is not a photo."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pillow_heif
import pytest
from PIL import Image

from inspections.evidence import photos
from inspections.evidence.photos import (
    HeicNotRead,
    NotAPhoto,
    PhotoBroken,
    PhotoTooLarge,
    TooManyPixels,
    read_photo,
    smaller_copy,
)
from tests.photos import IN_WEST, a_bomb, a_noisy_photo, a_padded_photo, a_photo, rational

NAN = float("nan")


def a_heic() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "olive")).save(out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_each_type_gives_its_size_time_and_place(form):
    facts = read_photo(a_photo(form, at=IN_WEST, taken="2026:11:12 10:40:00", offset="+08:00"))
    assert facts.media_type == f"image/{form.lower()}"
    assert (facts.width, facts.height, facts.lon, facts.lat) == (64, 48, *IN_WEST)
    assert facts.taken_at == datetime(2026, 11, 12, 2, 40, tzinfo=UTC)


def test_west_and_south_are_negative():
    facts = read_photo(a_photo(at=(-70.25, -33.5)))
    assert (facts.lon, facts.lat) == (-70.25, -33.5)


def test_a_time_without_offset_is_beijing_time():
    assert read_photo(a_photo(taken="2026:11:12 10:40:00")).taken_at == datetime(
        2026, 11, 12, 2, 40, tzinfo=UTC
    )


def test_a_time_with_another_offset_is_read_by_it():
    facts = read_photo(a_photo(taken="2026:11:12 10:40:00", offset="+00:00"))
    assert facts.taken_at == datetime(2026, 11, 12, 10, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "rubbish", "1980:01:01 00:00:00", "2026:13:45 99:99:99"]
)
def test_an_absurd_time_is_none(taken):
    assert read_photo(a_photo(taken=taken)).taken_at is None


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (rational(NAN),) * 3, 3: "E", 4: (rational(NAN),) * 3},
        {1: "N", 2: (rational(91), rational(0), rational(0)), 3: "E", 4: (rational(100),) * 3},
        {
            1: "N",
            2: (rational(38), rational(75), rational(0)),
            3: "E",
            4: (rational(100), rational(0), rational(0)),
        },
        {1: "Q", 2: (rational(38),) * 3, 3: "E", 4: (rational(20),) * 3},
        {2: (rational(38),) * 3, 4: (rational(20),) * 3},
        {1: "N", 2: (rational(0),) * 3, 3: "E", 4: (rational(0),) * 3},
        {1: "N", 2: (rational(38), rational(0)), 3: "E", 4: (rational(100), rational(0))},
    ],
    ids=["0/0", "91 degrees", "75 minutes", "letter Q", "no letters", "null island", "two parts"],
)
def test_a_broken_position_is_none_and_costs_nothing_else(gps):
    facts = read_photo(a_photo(gps=gps, taken="2026:11:12 10:40:00"))
    assert (facts.lon, facts.lat) == (None, None)
    assert facts.taken_at is not None


def test_broken_metadata_never_costs_the_photo():
    photo = a_photo(taken="2026:11:12 10:40:00")
    at = photo.index(b"Exif\0\0") + 6
    assert read_photo(photo[:at] + b"\xff" * 12 + photo[at + 12 :]).taken_at is None


@pytest.mark.parametrize("cut", [0.01, 0.5, 0.99, 0.9998])
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_photo_that_is_cut_off_is_refused(form, cut):
    photo = a_noisy_photo() if form == "JPEG" else a_photo("WEBP", size=(900, 900))
    with pytest.raises(PhotoBroken, match=r"water\.jpg is cut off"):
        read_photo(photo[: int(len(photo) * cut) - 1], "water.jpg")


def test_a_png_that_is_cut_off_is_refused():
    photo = a_photo("PNG", size=(300, 300))
    with pytest.raises(PhotoBroken):
        read_photo(photo[: len(photo) // 2])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"GIF89a" + b"\0" * 99,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"PK\3\4",
    ],
)
def test_what_only_has_the_name_of_a_photo_is_refused(data):
    with pytest.raises(NotAPhoto, match=r"a\.jpg is not"):
        read_photo(data, "a.jpg")


def test_a_decompression_bomb_is_refused_before_it_unpacks():
    assert len(a_bomb()) < 10_000
    for side in (8_000, 40_000):
        with pytest.raises(TooManyPixels):
            read_photo(a_bomb(side))


def test_fifteen_megabytes_are_taken_and_one_byte_more_is_not():
    assert read_photo(a_padded_photo(15_000_000)).width == 64
    with pytest.raises(PhotoTooLarge):
        read_photo(a_padded_photo(15_000_001))


def test_a_heic_is_read_where_its_reader_is():
    assert read_photo(a_heic()).media_type == "image/heic"


def test_a_heic_without_its_reader_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(photos, "pillow_heif", None)
    with pytest.raises(HeicNotRead, match="Set the camera to JPEG"):
        read_photo(a_heic(), "IMG_1.HEIC")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_copy_stands_upright_and_carries_no_metadata(orientation):
    """The camera's corner with the white square, by orientation, as viewers show it."""
    photo = a_photo(size=(640, 480), orientation=orientation, at=IN_WEST, taken="2026:11:12 10:40:00")
    copy = Image.open(io.BytesIO(smaller_copy(photo, 320)))
    assert copy.size == ((320, 240) if orientation < 5 else (240, 320))
    right, bottom = copy.width - 3, copy.height - 3
    corners = {1: (2, 2), 2: (right, 2), 3: (right, bottom), 4: (2, bottom)}
    corners |= {5: (2, 2), 6: (right, 2), 7: (right, bottom), 8: (2, bottom)}
    white = [at for at in {*corners.values()} if copy.getpixel(at)[0] > 200]
    assert white == [corners[orientation]]
    assert not copy.getexif()
    assert "icc_profile" not in copy.info


def test_the_size_is_that_of_the_upright_photo():
    facts = read_photo(a_photo(size=(640, 480), orientation=6))
    assert (facts.width, facts.height) == (480, 640)


def test_a_copy_of_a_see_through_png_has_a_white_ground():
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")
    assert Image.open(io.BytesIO(smaller_copy(out.getvalue(), 320))).getpixel((5, 5)) == (255, 255, 255)
