"""The one list of what the program serves."""

from inspections.web import signing, statics

BLUEPRINTS = (statics.bp, signing.bp)
