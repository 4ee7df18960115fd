"""The one list of what the program serves."""

from inspections.web import cases, signing, statics

BLUEPRINTS = (statics.bp, signing.bp, cases.bp)
