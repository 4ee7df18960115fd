"""The README names every command, option, setting and error code there is, and none that is gone."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspections.web.cli import build_parser
from inspections.web.words import gettext, spoken
from tests.translations import error_classes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/xuntu demo"
TEST = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"
CODE_ROW = re.compile(r"^\| `([a-z0-9_.]+)` \|.*$", re.MULTILINE)


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser, like `import areas`."""
    with spoken("en"):
        waiting = [("", build_parser())]
    while waiting:
        name, parser = waiting.pop()
        below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if not below:
            yield name, parser
        waiting += [
            (f"{name} {word}".strip(), one) for action in below for word, one in action.choices.items()
        ]


def row_of(command: str) -> str:
    """The README's row of a command: `| `xuntu import areas FILE …` | … |`."""
    found = re.search(rf"^\| `xuntu {command}\b[^|]*\|[^|]*\|[^|]*\|$", README, re.MULTILINE)
    return found[0] if found else ""


def settings_in(*places: str) -> set[str]:
    files = [
        path for place in places for path in [ROOT / place, *(ROOT / place).rglob("*")] if path.is_file()
    ]
    texts = (
        path.read_text(encoding="utf-8", errors="ignore") for path in files if path.suffix in (".py", "")
    )
    return {name for text in texts for name in re.findall(r"\bXUNTU_[A-Z_]*[A-Z]\b", text)}


@pytest.mark.parametrize(
    ("name", "parser"), sorted(commands(), key=lambda one: one[0]), ids=lambda one: str(one)[:30]
)
def test_every_command_has_a_row_with_its_options(name, parser):
    row = row_of(name)
    assert row, f"add a row to the README: | `xuntu {name}` | … | … |"
    options = {
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    assert set(re.findall(r"--[a-z-]+", row)) == options
    for action in parser._actions:
        if not action.option_strings:
            assert action.metavar in row


def test_no_command_in_the_readme_is_gone():
    known = {name for name, _ in commands()}
    named = re.findall(r"^\| `xuntu ((?:[a-z]+ ?)+)", README, re.MULTILINE)
    assert {name.strip() for name in named} == known


def test_every_setting_is_named_and_none_that_is_gone():
    program = settings_in("app.py", "inspections", "geo", "hatch_build.py", "tests/conftest.py", ".ci/run")
    named = set(re.findall(r"\bXUNTU_[A-Z_]*[A-Z]\b", README))
    assert program - named == set(), "name them in the README"
    assert named - program == set(), "the README names settings that are gone"
    for name in program:
        assert re.search(rf"^\| `{name}` \|", README, re.MULTILINE), f"{name} needs its row"


def test_every_error_code_has_its_row_in_both_languages_and_none_is_gone():
    rows = {found[1]: found[0] for found in CODE_ROW.finditer(README)}
    assert sorted(rows) == list(rows), "keep the table of codes in order"
    with spoken("zh_CN"):
        known = {
            error.code: f"| `{error.code}` | {gettext(error.message)} | {error.message} |"
            for error in error_classes()
        }
    wrong = sorted(row for code, row in known.items() if rows.get(code) != row)
    assert not wrong, "the README's table of codes must say, in order:\n" + "\n".join(wrong)
    gone = sorted(rows.keys() - known.keys())
    assert not gone, f"take out of the README's table of codes: {', '.join(gone)}"


def test_the_two_commands_are_there_and_the_tests_run_by_the_second():
    assert RUN in README
    assert TEST in README
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").rstrip().endswith(TEST)
