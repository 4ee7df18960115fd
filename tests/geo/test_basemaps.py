import pytest

from geo.basemaps import parse_tiles, tile_address, tile_path
from geo.errors import BadTiles, NoSuchTile

TIANDITU = (
    "http://t0.tianditu.gov.cn/vec_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=vec&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=abc"
)


@pytest.fixture
def tiles(tmp_path):
    for name in ("9/398/195.webp", "12/3190/1560.webp", "readme.txt", "notes/1/2.png"):
        tile = tmp_path / name
        tile.parent.mkdir(parents=True, exist_ok=True)
        tile.write_bytes(b"RIFF")
    return tmp_path


def test_a_folder_of_tiles_is_known_by_its_zooms_and_ending(tiles):
    source = parse_tiles(str(tiles))
    assert (source.min_zoom, source.max_zoom, source.ending, source.offline) == (9, 12, "webp", True)
    assert tile_path(source, 9, 398, 195).read_bytes() == b"RIFF"


def test_no_setting_is_no_tiles():
    assert parse_tiles("  ") is None


@pytest.mark.parametrize("name", ["missing", "empty", "file"])
def test_a_folder_without_tiles_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadTiles, match=name):
        parse_tiles(str(tmp_path / name))


def test_an_address_of_tianditu_is_filled():
    source = parse_tiles(TIANDITU)
    assert not source.offline
    assert tile_address(source, 12, 3190, 1560).endswith("TILEMATRIX=12&TILEROW=1560&TILECOL=3190&tk=abc")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://{s}.tiles.example/{z}/{x}/{y}.png", "a.tiles.example"),
        ("http://t{s}.example/{z}/{x}/{y}", "t0.example"),
    ],
)
def test_of_several_hosts_the_first_is_asked(address, host):
    assert host in tile_address(parse_tiles(address), 1, 0, 1)


def test_a_server_of_the_intranet_is_taken():
    source = parse_tiles("http://10.6.1.9:8080/tiles/{z}/{x}/{y}.png")
    assert tile_address(source, 1, 0, 1) == "http://10.6.1.9:8080/tiles/1/0/1.png"


@pytest.mark.parametrize(
    "address",
    [
        "https://tiles.example/{z}/{x}.png",
        "https://{x}.example/{z}/{x}/{y}.png",
        "https://example/{z}/{x}/{y}/{quadkey}",
        "https:///{z}/{x}/{y}",
        "https://user:secret@example/{z}/{x}/{y}",
        "https://example:port/{z}/{x}/{y}",
        "https://[bad/{z}/{x}/{y}",
        "https://example/{z}/{x}/{y}\r\nHost: other",
        "https://example/#{z}/{x}/{y}",
        "file:///etc/{z}/{x}/{y}",
        "ftp://example/{z}/{x}/{y}",
    ],
)
def test_an_address_that_is_not_one_fixed_host_with_three_numbers_is_refused(address):
    with pytest.raises(BadTiles):
        parse_tiles(address)


@pytest.mark.parametrize(
    "tile",
    [
        (-1, 0, 0),
        (1, 2, 0),
        (1, 0, 2),
        (1, -1, 0),
        (23, 0, 0),
        (1, "0", 0),
        (1, "../..", 0),
        (1.0, 0, 0),
        (True, 0, 0),
    ],
)
def test_a_tile_outside_the_world_is_refused(tiles, tile):
    with pytest.raises(NoSuchTile):
        tile_path(parse_tiles(str(tiles)), *tile)
    with pytest.raises(NoSuchTile):
        tile_address(parse_tiles(TIANDITU), *tile)


def test_a_source_answers_only_for_what_it_is(tiles):
    with pytest.raises(NoSuchTile):
        tile_address(parse_tiles(str(tiles)), 9, 398, 195)
    with pytest.raises(NoSuchTile):
        tile_path(parse_tiles(TIANDITU), 9, 398, 195)
