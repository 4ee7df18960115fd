"""What a person said about a file as a whole; kept with it, and given again whenever it is checked anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Answers:
    """Each empty where nothing was said.

    Parameters
    ----------
    crs : str
        The coordinate system of the file, as `geo.crs.parse_crs` takes it.
    rough : bool
        A datum without a known way may be read as it stands, true to 200 m.
    readings : tuple of str
        Names of readings to prefer where numbers may be read in several ways.
    sheets : tuple of str
        Names of the sheets to read; empty: those that are seen and have a heading.
    heading_row : int
        The number of the row that holds the heading; 0: it is looked for.
    columns : mapping of str
        Heading → field; an empty field leaves the column out.
    swapped : str
        `yes`: north before east is put right; `no`: such rows are refused.
    shifted : str
        `no`: positions that look like those of a web map are right as they are.
    repair : bool
        Shapes that cross themselves are taken repaired where their area changes little; for commands, which
        ask nobody.
    source, dated, secrecy : str
        Of a layer: who it comes from, the day its data are of (2025-12-31), its secrecy class.
    at_once : bool
        The file is applied as soon as it is checked, if nothing is refused or asked.
    """

    crs: str = ""
    rough: bool = False
    readings: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    heading_row: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    swapped: str = ""
    shifted: str = ""
    repair: bool = False
    source: str = ""
    dated: str = ""
    secrecy: str = "internal"
    at_once: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Answers:
        """Read answers that were kept as JSON."""
        known = {one.name: kept[one.name] for one in fields(cls) if one.name in kept}
        for name in ("readings", "sheets"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)

    def kept(self) -> dict[str, Any]:
        """What JSON holds of them."""
        return asdict(self) | {"readings": list(self.readings), "sheets": list(self.sheets)}
