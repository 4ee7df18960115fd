"""The words of imports: what columns mean, what is asked, what may be answered."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from inspections.web.field_words import field

CHOICES = {
    "new": lazy_gettext("Take as new sites"),
    "change": lazy_gettext("Add to the known sites"),
    "out": lazy_gettext("Leave these out"),
    "holder": lazy_gettext("The township that holds each"),
    "repair": lazy_gettext("Take the repaired shapes"),
    "yes": lazy_gettext("Yes"),
    "no": lazy_gettext("No"),
}
OF_THE_FILE = ("import.which_reading", "import.declared_elsewhere")  # answered once, then checked anew
_KNOWN, _EARLIER = ("new", "change", "out"), ("new", "out")
# What a question that rows ask is about, what its answers do, and which may be given for every row at once
QUESTIONS = {
    "site.near_another": (
        lazy_gettext("A site of this kind is known within 30 m"),
        lazy_gettext("“Add to the known sites” fills in what the rows say and leaves the place as it is."),
        _KNOWN,
    ),
    "site.overlaps_another": (
        lazy_gettext("The shape overlaps a known site"),
        lazy_gettext("“Add to the known sites” fills in what the rows say and leaves the place as it is."),
        _KNOWN,
    ),
    "site.same_name": (
        lazy_gettext("A site of this name is known in the same village"),
        lazy_gettext("“Add to the known sites” fills in what the rows say and leaves the place as it is."),
        _KNOWN,
    ),
    "import.near_earlier_row": (
        lazy_gettext("An earlier row lies within 30 m"),
        lazy_gettext("“Leave these out” keeps the earlier rows only."),
        _EARLIER,
    ),
    "import.name_of_earlier_row": (
        lazy_gettext("An earlier row has the same name"),
        lazy_gettext("“Leave these out” keeps the earlier rows only."),
        _EARLIER,
    ),
    "import.near_township_line": (
        lazy_gettext("The place lies within 30 m of a township line"),
        lazy_gettext("Say it for all, or row by row below."),
        ("holder",),
    ),
    "import.township_needed": (
        lazy_gettext("The position does not tell the township"),
        lazy_gettext("Choose the township row by row below, or fill in the column and send the file again."),
        (),
    ),
    "import.repair_proposed": (
        lazy_gettext("The outline crosses itself"),
        lazy_gettext(
            "Each is shown below before and after the repair. Where the area changes by over 5 %, say why."
        ),
        ("repair", "out"),
    ),
}


def field_choices(names: Sequence[str]) -> list[tuple[str, str]]:
    """Fields with their words, in the order given."""
    return [(name, field(name)) for name in names]


def choice(code: str) -> str:
    """An answer in words."""
    return str(CHOICES.get(code, code))


def question(code: str) -> tuple[str, str, Sequence[str]]:
    """What a question is about, what to do, and what may be said of every row at once."""
    title, hint, answers = QUESTIONS.get(code, (_("A question"), "", ()))
    return str(title), str(hint), answers
