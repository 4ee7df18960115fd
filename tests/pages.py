"""What every page has to be: valid HTML with one h1, labels, unique ids, nothing inline, no other origin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from inspections.store import Store
from inspections.web.assets import asset

MOST_QUERIES = 10
_BODY = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
_OTHER_ORIGIN = re.compile(r"""(?:src|href|action|poster|data)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE)
_INPUTS = ("input", "select", "textarea")
_NEED_NO_LABEL = {"hidden", "submit", "button"}


def check_page(answer: TestResponse) -> Element:
    """Parse a page strictly and check it; returns its tree."""
    assert answer.mimetype == "text/html", answer.mimetype
    text = answer.text
    tree = _BODY.parse(text)
    assert not _OTHER_ORIGIN.search(text), _OTHER_ORIGIN.search(text)
    _check_title(tree)
    _check_ids(tree)
    _check_labels(tree)
    _check_inline(tree)
    _check_modules(tree)
    assert "Content-Security-Policy" in answer.headers
    return tree


def text_of(element: Element) -> str:
    """What a person reads in an element, spaces folded."""
    return " ".join("".join(element.itertext()).split())


def _check_title(tree: Element) -> None:
    headings = list(tree.iter("h1"))
    assert len(headings) == 1, f"{len(headings)} h1"
    title = text_of(next(tree.iter("title")))
    assert title, "no title"
    assert tree.get("lang") in ("zh-CN", "en"), tree.get("lang")


def _check_ids(tree: Element) -> None:
    doubled = [
        name for name, count in Counter(node.get("id") for node in tree.iter()).items() if name and count > 1
    ]
    assert not doubled, f"ids used twice: {doubled}"


def _check_labels(tree: Element) -> None:
    labelled = {label.get("for") for label in tree.iter("label")}
    inside = {id(node) for label in tree.iter("label") for node in label.iter()}
    for name in _INPUTS:
        for node in tree.iter(name):
            named = node.get("id") in labelled or id(node) in inside or node.get("aria-label")
            if node.get("type") not in _NEED_NO_LABEL:
                assert named or node.get("aria-labelledby"), f"no label: {name} {node.get('name')}"


def _check_inline(tree: Element) -> None:
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        assert not node.get("style"), f"inline style on {node.tag}"
        handlers = [name for name in node.keys() if name.lower().startswith("on")]  # noqa: SIM118 (an Element)
        assert not handlers, f"inline handlers on {node.tag}: {handlers}"
        assert node.tag != "style", "a style element"
        if node.tag == "script":
            assert node.get("src") or node.get("type") == "application/json", "an inline script"


def _check_modules(tree: Element) -> None:
    """What a page starts is asked for at once, not when the module before it has arrived."""
    modules = {name for node in tree.iter() for name in node.get("data-module", "").split()}
    asked = {link.get("href") for link in tree.iter("link") if link.get("rel") == "modulepreload"}
    started = {node.get("src") for node in tree.iter("script") if node.get("type") == "module"}
    missing = ({asset(f"js/{name}.js") for name in modules} | started) - asked
    assert not missing, f"not preloaded: {missing}"


@contextmanager
def counted_queries(store: Store) -> Iterator[list[str]]:
    """Collect the SELECTs that run inside; what another thread does in the background is not the page's."""
    seen: list[str] = []
    thread = get_ident()

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        if get_ident() == thread and statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def get_page(client: FlaskClient, path: str) -> Element:
    """GET a page, check that it is one, and that it asked the database little."""
    with counted_queries(client.application.extensions["xuntu.store"]) as queries:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    assert len(queries) <= MOST_QUERIES, f"{path}: {len(queries)} queries\n" + "\n".join(queries)
    return check_page(answer)
