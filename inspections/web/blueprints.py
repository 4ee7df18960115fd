"""The one list of what the program serves."""

from inspections.web import (
    api,
    areas,
    bodies,
    cases,
    evidence,
    exports,
    imports,
    layers,
    maps,
    officers,
    search,
    signing,
    sites,
    statics,
    tiles,
    visits,
)
from inspections.web.maps import files as map_files
from inspections.web.visits import forms as visit_forms

BLUEPRINTS = (
    statics.bp,
    signing.bp,
    sites.bp,
    cases.bp,
    officers.bp,
    bodies.bp,
    areas.bp,
    imports.bp,
    layers.bp,
    maps.bp,
    map_files.bp,
    api.bp,
    search.bp,
    tiles.bp,
    visits.bp,
    visit_forms.bp,
    evidence.bp,
    exports.bp,
)
