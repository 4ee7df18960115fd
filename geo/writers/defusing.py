"""Texts that a spreadsheet would run as a formula, made harmless and given back unchanged.

An apostrophe goes before a text that begins with one of the signs, and before one that begins so after
apostrophes of its own: whoever takes one apostrophe away has the text as it was. Full-width signs count too,
because spreadsheets of East Asia take them for the narrow ones.
"""

from __future__ import annotations

import re

_DEFUSED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def defuse(text: str) -> str:
    """Put an apostrophe before what would run as a formula.

    Examples
    --------
    >>> defuse("=1+1"), defuse("'-"), defuse("'quoted'")
    ("'=1+1", "''-", "'quoted'")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def restore(text: str) -> str:
    """Take away the apostrophe that `defuse` put there.

    Examples
    --------
    >>> restore("'=1+1"), restore("''-"), restore("'quoted'")
    ('=1+1', "'-", "'quoted'")
    """
    return text[1:] if _DEFUSED.match(text) else text
