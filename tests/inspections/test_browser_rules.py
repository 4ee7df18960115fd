"""The tablet and the server judge the same visit alike: `static/js/checklist.js` against `inspections`."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from inspections.checklists import evaluate, load_checklist
from inspections.terms import Kind
from tests.inspections.answer_sets import a_visit

JS = Path(__file__).parents[1] / "js"
A_KIND = 600


def in_the_browser(visits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    asked = json.dumps({"checklist": load_checklist().for_browser(), "visits": visits})
    ran = subprocess.run(  # noqa: S603
        [shutil.which("node"), JS / "judge.mjs"], input=asked, capture_output=True, text=True, check=False
    )
    assert not ran.stderr
    return json.loads(ran.stdout)


def on_the_server(visit: dict[str, Any]) -> dict[str, Any]:
    read = json.loads(json.dumps(visit))
    outcome = evaluate(
        load_checklist(),
        read["kind"],
        read["answers"],
        visit_type=read["visitType"],
        photos=read["photos"],
        context=read["context"],
        nothing_found=read["nothingFound"],
    )
    return json.loads(json.dumps(outcome.as_json()))


@pytest.mark.node
@pytest.mark.parametrize("kind", list(Kind))
def test_browser_and_server_come_to_the_same_outcome(kind: Kind) -> None:
    rng = random.Random(f"judged alike: {kind}")  # noqa: S311
    visits = [a_visit(rng, load_checklist(), kind.value) for _ in range(A_KIND)]
    server = [on_the_server(visit) for visit in visits]
    for visit, ours, theirs in zip(visits, server, in_the_browser(visits), strict=True):
        assert ours == theirs, visit
    assert {outcome["result"] for outcome in server} == {"normal", "finding", "unable"}
    assert len({finding["code"] for outcome in server for finding in outcome["findings"]}) >= 6


@pytest.mark.node
def test_the_sets_meet_every_requirement_and_every_sentence() -> None:
    """Else two sets of rules could agree only because nothing was asked of them."""
    checklist = load_checklist()
    codes: set[str] = set()
    sentences: set[str] = set()
    for kind in Kind:
        rng = random.Random(f"judged alike: {kind}")  # noqa: S311
        for _ in range(A_KIND):
            outcome = on_the_server(a_visit(rng, checklist, kind.value))
            codes |= {finding["code"] for finding in outcome["findings"]}
            sentences |= {problem["code"] for problem in (*outcome["problems"], *outcome["warnings"])}
    assert codes == {row["code"] for row in checklist.for_browser()["requirements"]}
    assert checklist.messages.keys() - sentences == {"required", "photo_missing", "outline_size"}


@pytest.mark.node
def test_the_browsers_own_tests_pass() -> None:
    ran = subprocess.run(  # noqa: S603
        [shutil.which("node"), "--test", JS / "checklist.test.mjs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
