"""Chinese and English are complete: every sentence the program can say has both."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from inspections import terms
from tests.translations import every_message

PLACE = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
# A folder of this name is found for zh_CN by gettext, and for zh_Hans_CN, as Babel calls it.
CATALOGUE = Path(__file__).parent.parent / "inspections/web/translations/zh/LC_MESSAGES/messages.po"


@pytest.fixture(scope="module")
def chinese():
    with CATALOGUE.open("rb") as file:
        return {message.id: message.string for message in read_po(file, "zh_CN") if message.id}


def test_every_sentence_is_translated(chinese):
    missing = sorted(str(message) for message in every_message() if not _filled(chinese.get(message)))
    assert not missing, "\n".join(missing)


def test_the_catalogue_holds_nothing_that_is_gone(chinese):
    gone = sorted(str(message) for message in chinese.keys() - every_message())
    assert not gone, "\n".join(gone)


def test_translations_keep_the_places_for_facts(chinese):
    for message, translation in chinese.items():
        for one in (message,) if isinstance(message, str) else message[1:]:
            said = translation if isinstance(translation, str) else translation[0]
            assert _places(one) == _places(said), f"{one!r} → {said!r}"


def test_translations_are_in_chinese(chinese):
    same_in_both = {
        message
        for message in chinese
        if isinstance(message, str) and not any(c.isalpha() for c in PLACE.sub("", message))
    }
    for message, translation in chinese.items():
        said = translation if isinstance(translation, str) else translation[0]
        assert message in same_in_both or any("\u4e00" <= character <= "\u9fff" for character in said), (
            message
        )


@pytest.mark.parametrize("name", sorted(terms.code_lists()))
def test_every_code_has_a_label_in_both_languages(name):
    for value in terms.code_lists()[name]["values"]:
        assert value["zh"], value
        assert value["en"], value


def _filled(translation) -> bool:
    return bool(translation) and (isinstance(translation, str) or all(translation))


def _places(text: str) -> set[str]:
    percent = {part.split(")")[0] for part in text.split("%(")[1:]}
    try:
        braces = {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        braces = set()
    return percent | braces
