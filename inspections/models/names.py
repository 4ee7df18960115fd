"""What a name is found by: the same for texts that differ only in width, letter case and spaces."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """Fold a name, or words to look for in names.

    Examples
    --------
    >>> name_key("Ａ１ 号　大棚（东）"), name_key("a1号大棚(东)")
    ('a1号大棚(东)', 'a1号大棚(东)')
    """
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
