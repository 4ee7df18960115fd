"""What people write into a cell: areas with their unit, codes that a spreadsheet cut, days in every manner.

A cell comes as text, as a number, or not at all. What cannot be read is refused with a sentence for its row.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from geo.shapes import MU_M2
from geo.writers.defusing import restore
from inspections.errors import Invalid
from inspections.typed import clean_code, clean_text, read_number

UNITS_M2 = {  # each spelling of a unit of area, narrow and small, in square metres
    "亩": MU_M2,
    "mu": MU_M2,
    "m2": 1.0,
    "m^2": 1.0,
    "平方米": 1.0,
    "平米": 1.0,
    "平方": 1.0,
    "公顷": 10_000.0,
    "hm2": 10_000.0,
    "ha": 10_000.0,
    "平方公里": 1_000_000.0,
    "km2": 1_000_000.0,
}
_ABOUT = re.compile(r"^(大约|约|近|≈|~)|(左右|上下|余|多)$")
_UNIT = re.compile(r"^([+-]?[\d.,]+)\s*([^\d\s.,+-].*)?$")
_EXPONENT = re.compile(r"\d(?:\.\d+)?e\+\d+", re.IGNORECASE)
_DAYS = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?")
_EXCEL_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA")
_EXACT = 1e15  # from here on a spreadsheet has put zeros in the place of the last digits
_EPOCH = date(1899, 12, 30)  # day 0 of Excel's serial numbers, its 29 February 1900 allowed for
_EARLIEST, _LATEST = date(1949, 10, 1), date(2100, 12, 31)


class WrongArea(Invalid):
    """No number with a unit of area."""

    code = "import.wrong_area"
    message = "“{said}” is no area. Write one number with its unit, like 3.5亩 or 2000㎡."
    field = "area"


class CodeCut(Invalid):
    """A long number that a spreadsheet turned into 6.2E+11 and whose last digits are lost."""

    code = "import.code_cut"
    message = (
        "“{said}” lost its last digits in the spreadsheet. Format the column as text and write it again."
    )


class WrongDay(Invalid):
    """No day of the calendar."""

    code = "import.wrong_day"
    message = "“{said}” is no day. Write it like 2026-03-13."


class CellError(Invalid):
    """A formula that came to nothing."""

    code = "import.cell_error"
    message = "The formula in this cell gives {said}. Mend it, or write the value itself."


def read_text(value: Any) -> str:
    """A cell as text: whole numbers without a point, the apostrophe of a defused formula taken off.

    Raises
    ------
    CellError
        The cell holds an error of a spreadsheet.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    text = str(value)
    if text in _EXCEL_ERRORS:
        raise CellError(said=text)
    return restore(text)


def read_area_m2(value: Any, unit: str = "") -> tuple[float | None, bool]:
    """An area in square metres, and whether it was said to be about so much.

    Parameters
    ----------
    unit : str
        The unit of the heading, a key of `UNITS_M2`; one in the cell goes before it.

    Returns
    -------
    tuple
        (None, False) for an empty cell; a number without any unit gives (nan, False).

    Examples
    --------
    >>> read_area_m2("2000㎡"), read_area_m2("约１.５亩")
    ((2000.0, False), (1000.0, True))
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, False
    written = clean_code(read_text(value)).replace(" ", "")
    bare = _ABOUT.sub("", _ABOUT.sub("", written))
    about = bare != written
    found = _UNIT.fullmatch(bare)
    said = (found[2] or "").strip("()").lower() if found else ""
    about = about or bool(said and _ABOUT.search(said))
    said = _ABOUT.sub("", said)
    if not found or (said and said not in UNITS_M2):
        raise WrongArea(said=written[:40])
    try:
        number = read_number(found[1])
    except Invalid as error:
        raise WrongArea(said=written[:40]) from error
    if not said and not unit:
        return float("nan"), about
    return (number or 0.0) * UNITS_M2[said or unit], about


def read_code(value: Any) -> str:
    """A code of digits as it was before a spreadsheet took it for a number.

    Raises
    ------
    CodeCut
        It stands there as 6.20702E+11.

    Examples
    --------
    >>> read_code(620702100201.0), read_code("６２０７０２")
    ('620702100201', '620702')
    """
    written = clean_code(read_text(value)).replace(" ", "")
    if _EXPONENT.fullmatch(written):
        raise CodeCut(said=written)
    return written.removesuffix(".0") if written.removesuffix(".0").isdigit() else written


def require_whole(value: Any) -> None:
    """Raise `CodeCut` for a number or code that a spreadsheet kept by its first fifteen digits only."""
    written = read_text(value)
    too_long = isinstance(value, int | float) and abs(value) >= _EXACT
    if too_long or _EXPONENT.fullmatch(clean_code(written)):
        raise CodeCut(said=written[:40])


def read_day(value: Any) -> date | None:
    """A day: 2026-03-13, 2026/3/13, 2026.3.13, 2026年3月13日, 20260313 or a spreadsheet's serial number.

    Raises
    ------
    WrongDay
        It is none, or of another age.

    Examples
    --------
    >>> read_day("2026年3月13日") == read_day(46094) == read_day("46094")
    True
    """
    written = clean_text(clean_code(read_text(value)))
    if not written:
        return None
    try:
        found = _day(written)
    except (ValueError, OverflowError) as error:
        raise WrongDay(said=written[:40]) from error
    if found is None or not _EARLIEST <= found <= _LATEST:
        raise WrongDay(said=written[:40])
    return found


def _day(written: str) -> date | None:
    if parts := _DAYS.fullmatch(written):
        year, month, day = (int(part) for part in parts.groups())
        return date(year, month, day)
    if re.fullmatch(r"\d{8}", written, re.ASCII):
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    if re.fullmatch(r"\d{5}(\.\d+)?", written, re.ASCII):
        return _EPOCH + timedelta(days=int(float(written)))
    return None
