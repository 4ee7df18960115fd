"""Text and numbers as people type them, cleaned, and why they are refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from math import isfinite
from typing import Any

from inspections.errors import Invalid


class TextTooLong(Invalid):
    """More text than the field holds."""

    code = "site.text_too_long"
    message = "Enter at most {most} characters."


class NotANumber(Invalid):
    """Something else where a number belongs; NaN and infinity too."""

    code = "site.not_a_number"
    message = "Enter a number, like {example}."


class NumberOutOfRange(Invalid):
    """A number beyond what can be."""

    code = "site.number_range"
    message = "Enter a number from {least} to {most}."


class NotInList(Invalid):
    """A code that its list does not hold."""

    code = "site.not_in_list"
    message = "Choose one of the list."


class ReasonMissing(Invalid):
    """A step that has to say why."""

    code = "site.reason_missing"
    message = "Give the reason in 2 to 500 characters."
    field = "reason"


def clean_text(text: str, *, lines: bool = False) -> str:
    """Trimmed, without control and direction characters; in one line unless `lines`."""
    if not text:
        return ""
    if text.isprintable():  # most texts, and nothing to take out of them
        return " ".join(text.split()) if " " in text else text
    kept = "".join(
        " " if unicodedata.category(sign) in ("Zl", "Zp") or sign in "\t\r" else sign
        for sign in text.replace("\r\n", "\n")
        if sign in "\n\t\r" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Cn")
    )
    if lines:
        return "\n".join(" ".join(line.split()) for line in kept.split("\n")).strip()
    return " ".join(kept.split())


def clean_code(text: str) -> str:
    """Clean a number or code: as `clean_text`, with full-width signs turned (NFKC)."""
    return clean_text(unicodedata.normalize("NFKC", text or ""))


def read_number(text: str | float | None, *, example: str = "12.5") -> float | None:
    """Read a number as people type it, full-width signs and thousands' commas too; None for an empty text."""
    if text is None or isinstance(text, int | float):
        number = text
    else:
        written = clean_code(text).replace(" ", "")
        if not written:
            return None
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", written, re.ASCII):
            written = written.replace(",", "")
        if not re.fullmatch(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", written, re.ASCII):
            raise NotANumber(example=example)
        number = float(written)
    if number is not None and not isfinite(number):
        raise NotANumber(example=example)
    return number


def check_reason(text: str) -> str:
    """Clean a reason of 2 to 500 characters."""
    reason = clean_text(text, lines=True)
    if not 2 <= len(reason) <= 500:
        raise ReasonMissing
    return reason


def in_range(value: Any, least: float, most: float) -> float | None:
    """Read a number within its range, or None."""
    number = read_number(value)
    if number is not None and not least <= number <= most:
        raise NumberOutOfRange(least=f"{least:g}", most=f"{most:g}")
    return number


def short_text(text: str, most: int) -> str:
    """Clean a text in one line, of at most `most` characters."""
    clean = clean_text(text)
    if len(clean) > most:
        raise TextTooLong(most=most)
    return clean


def in_list(code: str, codes: Sequence[str]) -> str:
    """Give back a code of a list, or an empty text."""
    if code and code not in codes:
        raise NotInList
    return code or ""
