"""Words of the command line in the installation's language: ours and those of argparse.

Sentences come from the catalogue that pages use. argparse asks the standard library's gettext, so that is
pointed at the same catalogue while a command runs.
"""

from __future__ import annotations

import gettext as catalogues
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_babel import Babel, force_locale, gettext

from inspections.web.field_words import fact_in_words

TRANSLATIONS = Path(__file__).parent / "translations"


def N_(message: str) -> str:
    """Mark a sentence for translation that is translated elsewhere."""
    return message


# What argparse says, in its own words: marked here so that the catalogue holds them.
ARGPARSE = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("unrecognized arguments: %s"),
    N_("not allowed with argument %s"),
    N_("ignored explicit argument %r"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("expected one argument"),
    N_("expected at most one argument"),
    N_("expected at least one argument"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("invalid %(type)s value: %(value)r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
)

# Reasons and names that refusals carry as facts
FACTS = (
    N_("lines"),
    N_("polygons"),
    N_("lines or polygons"),
    N_("name"),
    N_("code"),
    N_("position"),
    N_("there is no such file"),
    N_("start it with sqlite:/// or postgresql://"),
    N_("write it like https://xuntu.example.cn"),
    N_("write a whole number from 0 to 10"),
    N_("write zh_CN or en"),
    N_("write a whole number from 1 on"),
    N_("its number is missing"),
    N_("it does not follow the entry before it"),
    N_("its content does not match its hash"),
    N_("Address already in use"),
    N_("Permission denied"),
)


def language(environ: Mapping[str, str] | None = None) -> str:
    """`en` where XUNTU_LANG says so, else `zh_CN`; a wrong value is refused with the other settings."""
    env = os.environ if environ is None else environ
    return "en" if env.get("XUNTU_LANG", "").lower() == "en" else "zh_CN"


@contextmanager
def spoken(lang: str) -> Iterator[None]:
    """Make `gettext` and argparse speak `lang` inside the block, without opening a store."""
    app = Flask("inspections.web", static_folder=None)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, default_locale=lang)
    bound, asked = catalogues.bindtextdomain("messages"), os.environ.get("LANGUAGE")
    catalogues.bindtextdomain("messages", str(TRANSLATIONS))
    os.environ["LANGUAGE"] = lang
    try:
        with app.app_context(), force_locale(lang):
            yield
    finally:
        catalogues.bindtextdomain("messages", bound)
        if asked is None:
            os.environ.pop("LANGUAGE", None)
        else:
            os.environ["LANGUAGE"] = asked


def sentence(error: Exception) -> str:
    """Say a refusal in the language spoken, its reason (`why`) and each of its fields too."""
    problems = getattr(error, "problems", None)
    if problems:
        return " ".join(f"{field}: {sentence(problem)}" for field, problem in problems.items())
    return in_words(error)


def in_words(error: Exception) -> str:
    """Say a refusal in the language spoken, those of its facts that are words of ours too."""
    facts = {name: fact_in_words(name, fact) for name, fact in error.facts.items()}  # type: ignore[attr-defined]
    return gettext(error.message).format(**facts)  # type: ignore[attr-defined]


def in_chinese(error: Exception) -> str:
    """Say a refusal in Chinese, whatever is spoken: for files, whose words are Chinese."""
    with force_locale("zh_CN"):
        return sentence(error)
