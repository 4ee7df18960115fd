"""Time and memory of a process with all its children, as a server's operator would see them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Measured:
    """Seconds of wall clock, and the most memory of the process and its children together, in MB."""

    seconds: float
    peak_mb: float


def measure(command: Sequence[str], env: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end.

    Memory is the proportional set size: pages that two processes share count once.

    Raises
    ------
    RuntimeError
        The command failed.
    """
    began, peak = time.perf_counter(), 0
    child = subprocess.Popen(command, env={**os.environ, **(env or {})})
    while child.poll() is None:
        peak = max(peak, sum(memory_kb(pid) for pid in _family(child.pid)))
        time.sleep(LOOK_EVERY_S)
    if child.returncode:
        raise RuntimeError(f"{command} ended with {child.returncode}")
    return Measured(time.perf_counter() - began, peak / 1024)


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in _read(children).split()]
    return found


def memory_kb(pid: int) -> int:
    """Proportional set size of a process; 0 once it has ended."""
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process ended meanwhile
        return ""
