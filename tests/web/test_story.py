"""The ledger in sentences."""

from __future__ import annotations

import ast
import re
import uuid
from pathlib import Path

import orjson
import pytest
from flask_babel import force_locale

from inspections import ledger
from inspections.models import LedgerEntry
from inspections.permissions import ACTIONS, SYSTEM
from inspections.web.story import TEMPLATES, sentences
from tests.factories import NOW

ROOT = Path(__file__).parent.parent.parent
NOUNS = "site|visit|case|officer|body|operator|area|areas|county|import|ledger|evidence|export"
ACTION = re.compile(rf"({NOUNS})\.[a-z_]+")
WRITERS = {"append", "_append", "append_many", "Draft", "draft", "_note", "_step"}


def actions_written() -> dict[str, str]:
    """Every action that some function gives the ledger, with the file it stands in."""
    found = {}
    for path in sorted((ROOT / "inspections").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and _writes(node):
                found |= dict.fromkeys(_actions(node), path.name)
    return found


def _writes(function: ast.FunctionDef) -> bool:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any((getattr(call, "attr", None) or getattr(call, "id", None)) in WRITERS for call in calls)


def _actions(function: ast.FunctionDef) -> set[str]:
    texts = {node.value for node in ast.walk(function) if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and ACTION.fullmatch(text)} - ACTIONS.keys()


def entry(action: str, **facts: object) -> LedgerEntry:
    return LedgerEntry(
        at=NOW, actor_name="林某", role="inspector", action=action, facts=orjson.dumps(facts).decode()
    )


def said(app, lang: str, *entries: LedgerEntry) -> list[str]:
    with app.test_request_context("/"), force_locale(lang):
        return [sentence.text for sentence in sentences(entries)]


def test_every_action_in_the_program_has_a_sentence():
    written = actions_written()
    assert {"case.opened", "visit.logged", "site.added", "officer.added"} <= written.keys()
    assert {action: file for action, file in written.items() if action not in TEMPLATES} == {}


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_no_sentence_stumbles_over_facts_that_are_missing(sqlite_app, lang):
    for action in TEMPLATES:
        (text,) = said(sqlite_app, lang, entry(action))
        assert text
        assert "%(" not in text


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "opened the case 2026-P-00001: Untreated sewage running in"),
        ("zh_CN", "立为整改事项 2026-P-00001：污水直排入塘"),
    ],
)
def test_an_opened_case_is_told_with_number_and_requirement(sqlite_app, lang, text):
    assert said(sqlite_app, lang, entry("case.opened", number="2026-P-00001", code="POND-03")) == [text]


def test_a_visit_tells_what_it_found_and_how_many_photos_prove_it(sqlite_app):
    texts = said(
        sqlite_app,
        "en",
        entry("visit.logged", result="finding", findings={"POND-02": "minor"}, photos=["a", "b"]),
        entry("visit.logged", result="normal", nothing_found=True),
    )
    assert texts == [
        "visited the site: Garbage, floating matter or algae, 2 photos",
        "visited the site: nothing found",
    ]


def test_a_raised_severity_is_told(sqlite_app):
    moved = entry("case.seen_again", code="POND-02", severity={"from": "minor", "to": "major"})
    assert said(sqlite_app, "en", moved) == [
        "found it again: Garbage, floating matter or algae; severity from Minor to Major"
    ]


def test_an_action_of_a_newer_version_is_shown_by_its_own_words(sqlite_app):
    assert said(sqlite_app, "en", entry("case.waived_part")) == ["noted “case: waived part”"]


def test_percent_signs_that_people_wrote_stay_as_they_are(sqlite_app):
    assert said(sqlite_app, "en", entry("visit.returned", reason="50% %(number)s")) == [
        "sent the visit back: 50% %(number)s"
    ]


def test_the_programs_own_deeds_are_told_under_its_name(sqlite_app, sqlite_store):
    with sqlite_store.write() as session:
        written = ledger.append(session, SYSTEM, "areas.imported", "area", uuid.uuid4(), at=NOW)
    with sqlite_app.test_request_context("/"), force_locale("en"):
        (sentence,) = sentences([written])
    assert (sentence.actor, sentence.at) == ("Xuntu", NOW)
