"""The contracts of the layout, and what no source may hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    path
    for folder in ("geo", "inspections", "static/js", "static/css")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".js", ".css", ".html")
]
# Each lets text of people run as script or reach the page as markup (folium), or does so by nature.
UNSAFE = (
    r"folium\.(Tooltip|Popup|Icon|GeoJson(Popup|Tooltip)|features\.GeoJson(Popup|Tooltip))\(",
    r"\.innerHTML",
    r"\.outerHTML",
    r"insertAdjacentHTML",
    r"document\.write",
    r"\beval\(",
    r"new Function\(",
    r"\|\s*safe\b",
    r"add_js_link",
)


def test_imports_point_downwards():
    lint = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_code_is_clean():
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check"], ["format", "--check"]):
        found = subprocess.run([ruff, *arguments, "."], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("pattern", UNSAFE)
def test_no_source_uses_what_turns_text_into_script(pattern):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, "\n".join(found)


def test_no_source_names_another_origin():
    allowed = re.compile(r"https?://(www\.w3\.org/|127\.0\.0\.1|localhost|xuntu\.example)")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        if path.suffix in (".js", ".css", ".html")
        for match in re.finditer(r"https?://[^\s\"')]+", path.read_text(encoding="utf-8"))
        if not allowed.match(match[0])
    ]
    assert not found, "\n".join(found)
