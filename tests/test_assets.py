"""What pages load: ours is there, others' is as the lock says, nothing comes from elsewhere."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from inspections.terms import Kind, MapState
from inspections.web.assets import tree

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = ROOT / "inspections" / "web" / "templates"
SVG = "{http://www.w3.org/2000/svg}"
OWN = sorted(
    path
    for folder in (STATIC, TEMPLATES)
    for path in folder.rglob("*")
    if path.suffix in {".css", ".js", ".html", ".svg", ".webmanifest"} and VENDOR not in path.parents
)
STYLES = sorted((STATIC / "css").glob("*.css"))
HTML = {
    path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
    for path in TEMPLATES.rglob("*.html")
}
NAMESPACES = re.compile(r"http://www\.w3\.org/(?:2000/svg|1999/xlink)")


def symbols(sprite: Path) -> set[str]:
    return {symbol.get("id") for symbol in ElementTree.parse(sprite).iter(f"{SVG}symbol")}  # noqa: S314


def manifest() -> dict:
    return json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))


def drawn_icons() -> set[str]:
    """Icon names that templates write out: `icon("x")`, and macro arguments in the icon's place."""
    source = "\n".join(HTML.values())
    named = re.findall(r'\bicon\(\s*"([a-z0-9-]+)"', source)
    named += re.findall(r'icon_name="([a-z0-9-]+)"', source)
    named += re.findall(
        r'(?:link_button|post_button)\((?:_\("[^"]*"\)|"[^"]*"), *[^,()]+, *"([a-z0-9-]+)"', source
    )
    named += re.findall(r'\bbutton\((?:_\("[^"]*"\)|"[^"]*"), *"([a-z0-9-]+)"', source)
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in (STATIC / "js").rglob("*.js"))
    return set(named) | set(re.findall(r"#i-([a-z0-9-]+)", source + scripts))


@pytest.mark.parametrize("name", sorted(HTML))
def test_every_asset_a_template_names_exists(name):
    for path in re.findall(r'\basset\(\s*"([^"~]+)"\s*\)', HTML[name]):
        assert path in tree().files, path


def test_every_address_in_a_style_sheet_leads_to_a_file():
    addresses = [
        (sheet, url) for sheet in STYLES for url in re.findall(r'url\("?([^")]+)"?\)', sheet.read_text())
    ]

    assert addresses
    for sheet, url in addresses:
        assert (sheet.parent / url).resolve().is_file(), url


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_of_ours_names_another_origin(path):
    text = NAMESPACES.sub("", path.read_text(encoding="utf-8"))

    assert not re.search(r"(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+", text)


@pytest.mark.parametrize("name", sorted(HTML))
def test_no_template_has_inline_script_style_or_handler(name):
    without_data = re.sub(r'<script type="application/json"[^>]*>', "", HTML[name])

    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", without_data)


def test_vendored_files_are_the_ones_the_manifest_was_made_of():
    for name, integrity in manifest()["files"].items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        assert integrity == "sha384-" + base64.b64encode(digest).decode(), name


def test_every_name_in_the_manifest_leads_to_a_listed_file():
    listed = manifest()

    assert {"leaflet", "leaflet_css", "Control_locate_min_js", "leaflet_geoman_js"} <= set(listed["names"])
    assert set(listed["names"].values()) <= set(listed["files"])


def test_every_vendored_package_carries_its_licence():
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert list(folder.glob("LICENSE*")), folder.name


def test_the_lock_names_no_host_and_every_package_its_hash():
    text = (STATIC / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}

    assert "://" not in text
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_the_python_lock_names_no_host_and_every_package_its_hash():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[a-z])", text) if "==" in entry]

    assert "://" not in text
    assert len(entries) > 20
    assert all("--hash=sha256:" in entry for entry in entries)


def test_every_icon_in_use_is_in_the_sprite():
    used = drawn_icons()

    assert {"home", "chevron-right", "logout"} <= used
    assert {f"i-{name}" for name in used} <= symbols(VENDOR / "icons.svg")


def test_every_kind_has_a_mark_for_every_state_and_a_plain_shape():
    wanted = {f"m-{kind.value}-{state.value}" for kind in Kind for state in MapState}
    wanted |= {f"k-{kind.value}" for kind in Kind}

    assert wanted <= symbols(STATIC / "icons" / "marks.svg")


def test_every_state_and_kind_has_its_colours():
    parts = (STATIC / "css" / "parts.css").read_text(encoding="utf-8")

    for name in (*(f".s-{state.value}" for state in MapState), *(f".k-{kind.value}" for kind in Kind)):
        assert re.search(rf"{re.escape(name)} {{[^}}]*--mk:", parts), name


def test_no_part_names_a_colour():
    for sheet in STYLES:
        if sheet.name == "tokens.css":
            continue
        screen = re.sub(r"@media print \{.*", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"#[0-9a-f]{3,8}\b(?=[;\s,)])", screen), sheet.name


def test_the_dark_theme_is_the_same_chosen_or_by_the_system():
    tokens = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    by_system = re.search(r":root:not\(\[data-theme\]\) \{(.*?)\}", tokens, re.DOTALL)
    chosen = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', tokens, re.DOTALL)

    assert by_system[1].split() == chosen[1].split()


def test_every_module_a_template_starts_is_a_file():
    for name, source in HTML.items():
        for modules in re.findall(r'data-module="([a-z -]+)"', source):
            for module in modules.split():
                assert (STATIC / "js" / f"{module}.js").is_file(), (name, module)
