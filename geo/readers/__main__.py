"""The reading process: `python -m geo.readers`, a job as JSON on standard input, the answer in a file.

It ties its own hands before it opens the file: memory, time, size of what it writes, open files.
"""

from __future__ import annotations

import errno
import importlib
import json
import resource
import sys
from math import ceil
from pathlib import Path
from typing import Any

from geo.errors import BadLayer
from geo.formats import Limits, format_named
from geo.readers.answer import Answer

_OPEN_FILES = 64


def main(job: dict[str, Any]) -> None:
    """Read the file a job names and write the answer where it says."""
    limits = Limits(**job["limits"])
    _tie_hands(limits)
    reader = importlib.import_module(format_named(job["format"]).reader)
    with open(job["answer"], "wb") as out:
        answer = Answer(out, limits)
        try:
            reader.read(Path(job["file"]), answer, limits)
        except BadLayer as error:
            answer.fail(error)
        else:
            answer.end()


def _tie_hands(limits: Limits) -> None:
    seconds = ceil(limits.seconds)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, limits.answer_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    try:
        main(json.load(sys.stdin))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(error.errno)
