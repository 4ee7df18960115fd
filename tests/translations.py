"""Every sentence the program can say, for the tests that none of them is left in one language."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

import geo
import inspections
from geo.errors import GeoError
from inspections.checklists import problem_messages
from inspections.errors import InspectionError

ROOT = Path(__file__).parent.parent
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "N_": None}


def every_message() -> set[str | tuple[str, str]]:
    """Message ids: what templates and views mark, and what each error class says."""
    found: set[str | tuple[str, str]] = set()
    for place in (ROOT / "inspections", ROOT / "geo"):
        for _file, _line, message, _comments, _context in extract_from_dir(
            str(place), method_map=METHODS, keywords=KEYWORDS, options_map={"**.html": {"silent": "false"}}
        ):
            found.add(message)
    found |= set(problem_messages().values())
    return found | {error.message for error in error_classes()}


def error_classes() -> list[type]:
    """Every refusal of the program, whatever module it stands in."""
    found = (*_classes(InspectionError), *_classes(GeoError))
    return [error for error in found if error.__module__.split(".")[0] in ("geo", "inspections")]


def _classes(family: type) -> Iterator[type]:
    _import_all()
    yield family
    for child in family.__subclasses__():
        yield from _classes(child)


def _import_all() -> None:
    for package in (geo, inspections):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
