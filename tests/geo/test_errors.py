from string import Formatter

import pytest

from geo import errors


def every_kind(kind=errors.GeoError):
    yield kind
    for below in kind.__subclasses__():
        yield from every_kind(below)


def test_every_code_belongs_to_one_kind():
    codes = [kind.code for kind in every_kind()]
    assert len(codes) == len(set(codes))
    assert all(code.startswith("geo.") for code in codes)


@pytest.mark.parametrize("kind", list(every_kind()), ids=lambda kind: kind.__name__)
def test_every_sentence_can_be_filled_from_facts(kind):
    names = {name for _, name, _, _ in Formatter().parse(kind.message) if name}
    said = str(kind(**dict.fromkeys(names, "7")))
    assert said.endswith(".")
    assert "{" not in said.replace("{z}, {x} and {y}", "")


def test_a_refusal_keeps_its_facts_beside_the_sentence():
    error = errors.TooManyRows(most=100_000)
    assert error.facts == {"most": 100_000}
    assert str(error).startswith("The file has more than 100000 rows")
