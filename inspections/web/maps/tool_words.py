"""What the county map's tools say: measuring, own position, the whole screen, print."""

from __future__ import annotations

from flask_babel import gettext as _


def tool_words() -> dict[str, str]:
    """Translate it; {n} and the like are filled in the browser."""
    return {
        "measure": _("Measure distance and area"),
        "measuring": _("Measuring"),
        "measure_distance": _("Distance"),
        "measure_area": _("Area"),
        "mu": _("mu"),
        "measure_first": _("Press where it begins."),
        "measure_next": _("Press the next point; press the last one again to end."),
        "measure_by_keys": _("Arrows move the map, Enter sets a point at the cross, and once more ends."),
        "measure_again": _("Press on the map to measure anew."),
        "measure_crossing": _("The outline crosses itself. Take the last point back."),
        "measure_place": _("Point {n}."),
        "measure_ended": _("Ended."),
        "measure_leg": _("Last leg {m}"),
        "measure_around": _("Around {m}"),
        "measure_back": _("Take back"),
        "measure_end": _("End"),
        "measure_anew": _("Anew"),
        "measure_failed": _("Measuring did not start. Try again when there is a network."),
        "print": _("Print"),
        "all_sites": _("All sites"),
        "sheet_count": _("{n} sites in all"),
        "full_screen": _("Full screen"),
        "copy": _("Copy"),
        "copied": _("Copied."),
        "copy_failed": _("Not copied. Select the figure and copy it by hand."),
    }
