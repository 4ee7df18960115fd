"""The forms of a page, read from its HTML as a browser would: what they send, and where to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from tests.pages import text_of

TYPED = {"text", "search", "tel", "number", "password", "hidden", "email", "url", ""}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass
class Form:
    """One form that posts: its address, what it would send untouched, and which of it can be typed."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def sort(self) -> tuple[str, ...]:
        """The same for two forms that differ only in whose they are."""
        return (_ID.sub("<id>", self.action), *sorted({name for name, _ in self.fields}))

    def filled(self, given: dict[str, str]) -> list[tuple[str, str]]:
        """What is sent with these fields filled."""
        kept = [(name, value) for name, value in self.fields if name not in given]
        return kept + list(given.items())


def forms_of(tree: Element, path: str) -> list[Form]:
    """Every form of a page that posts, in its order; fields of `form=` attributes are left out."""
    found = [node for node in tree.iter("form") if (node.get("method") or "get").lower() == "post"]
    return [_read(node, path) for node in found]


def _read(node: Element, path: str) -> Form:
    form = Form(node.get("action") or path)
    for name, value, kind in _inputs(node):
        if kind == "file":
            form.files.append(name)
            continue
        form.fields.append((name, value))
        if kind in TYPED and name != "csrf_token" and name not in form.typed:
            form.typed.append(name)
    return form


def _inputs(node: Element) -> Iterator[tuple[str, str, str]]:
    for one in node.iter():
        name = one.get("name") if isinstance(one.tag, str) else None
        if not name or one.tag not in ("input", "textarea", "select"):
            continue
        kind = (one.get("type") or "").lower() if one.tag == "input" else ""
        if kind in ("radio", "checkbox") and one.get("checked") is None:
            continue
        if kind not in ("submit", "button"):
            yield name, _value(one), "select" if one.tag == "select" else kind


def _value(one: Element) -> str:
    if one.tag == "textarea":
        return "".join(one.itertext())
    if one.tag == "select":
        options = list(one.iter("option"))
        chosen = next((option for option in options if option.get("selected") is not None), None)
        first = chosen if chosen is not None else options[0] if options else None
        return "" if first is None else first.get("value", text_of(first))
    return one.get("value") or ("on" if one.get("type") == "checkbox" else "")
