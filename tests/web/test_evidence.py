"""Photos over HTTP: copies, originals, and nothing outside the site's scope."""

from __future__ import annotations

import hashlib
import io
import uuid

import pytest
from PIL import Image

from inspections.evidence import keep_photo
from inspections.models import Evidence
from tests.factories import IN_EAST, NOW, a_site
from tests.photos import a_photo

PHOTO = a_photo(size=(2000, 1500), orientation=6, at=(100.40, 38.93), taken="2026:11:12 10:40:00")


@pytest.fixture
def photos(app, store, tmp_path):
    """One photo of a pond in the west, one of a pond in the east."""
    kept = keep_photo(tmp_path / "data" / "evidence", PHOTO)
    facts = {"sha256": kept.sha256, "media_type": kept.media_type, "bytes": kept.bytes, "added_at": NOW}
    with store.write() as session:
        rows = {
            name: Evidence(id=uuid.uuid4(), site_id=a_site(session, at=at).id, **facts)
            for name, at in (("west", (100.40, 38.93)), ("east", IN_EAST))
        }
        session.add_all(rows.values())
        return {name: row.id for name, row in rows.items()}


def test_the_original_is_an_attachment_byte_for_byte(photos, as_officer):
    answer = as_officer("inspector").get(f"/evidence/{photos['west']}/original")
    assert answer.data == PHOTO
    assert answer.mimetype == "image/jpeg"
    name = f"{hashlib.sha256(PHOTO).hexdigest()[:12]}.jpg"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private, ")
    answer.close()


@pytest.mark.parametrize(("size", "pixels"), [("view", (1200, 1600)), ("thumb", (240, 320))])
def test_a_copy_is_upright_small_and_says_nothing_of_where_it_was_taken(photos, as_officer, size, pixels):
    answer = as_officer("inspector").get(f"/evidence/{photos['west']}/{size}")
    copy = Image.open(io.BytesIO(answer.data))
    assert (answer.mimetype, copy.size, dict(copy.getexif())) == ("image/jpeg", pixels, {})
    assert "attachment" not in answer.headers.get("Content-Disposition", "")
    assert answer.headers["Cache-Control"].startswith("private, ")


def test_a_copy_that_the_browser_has_is_not_sent_again(photos, as_officer):
    client = as_officer("inspector")
    first = client.get(f"/evidence/{photos['west']}/thumb")
    again = client.get(f"/evidence/{photos['west']}/thumb", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("size", ["view", "thumb", "original"])
def test_another_townships_photo_is_not_there(photos, as_officer, size):
    client = as_officer("inspector")
    mine = client.get(f"/evidence/{photos['west']}/{size}")
    tag = {"If-None-Match": mine.headers["ETag"]}
    mine.close()
    assert client.get(f"/evidence/{photos['east']}/{size}", headers=tag).status_code == 404
    assert client.get(f"/evidence/{uuid.uuid4()}/{size}").status_code == 404


@pytest.mark.parametrize("size", ["view", "thumb", "original"])
def test_a_stranger_is_sent_to_sign_in(photos, as_officer, size):
    assert as_officer("stranger").get(f"/evidence/{photos['west']}/{size}").status_code == 303


def test_a_photo_whose_file_is_gone_is_not_there(photos, as_officer, tmp_path):
    for path in (tmp_path / "data" / "evidence").rglob("*.jpg"):
        path.unlink()
    for size in ("view", "original"):
        assert as_officer("inspector").get(f"/evidence/{photos['west']}/{size}").status_code == 404


@pytest.mark.parametrize("token", ["x", "../../secret-key", "WyJhIl0.AAAA"])
def test_a_made_up_name_of_a_kept_photo_is_none(app, as_officer, token):
    assert as_officer("inspector").get(f"/evidence/kept/{token}").status_code == 404
