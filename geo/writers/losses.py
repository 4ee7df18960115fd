"""What a format cannot hold, said with its count, and the files that cannot be written at all."""

from __future__ import annotations

from geo.errors import GeoError


class NamesShortened(GeoError):
    """A Shapefile's field names hold ten bytes."""

    code = "geo.names_shortened"
    message = "{count} field names were cut to 10 bytes. A note in the zip says what each one means."


class TextsCut(GeoError):
    """A Shapefile's texts hold 254 bytes."""

    code = "geo.texts_cut"
    message = "{count} texts were longer than 254 bytes and are cut. GeoPackage keeps them whole."


class CharactersReplaced(GeoError):
    """An encoding lacks characters."""

    code = "geo.characters_replaced"
    message = "{count} characters that {encoding} lacks were replaced by a question mark. UTF-8 keeps them."


class NoPlace(GeoError):
    """Rows that stand nowhere on the map."""

    code = "geo.no_place"
    message = "{count} rows have no position. They stand in the file without a place on the map."


class CellsLeftEmpty(GeoError):
    """A cell of XLSX holds 32,767 characters."""

    code = "geo.cells_left_empty"
    message = (
        "{count} shapes or texts are longer than the 32,767 characters of a cell, which stays empty. "
        "GeoPackage keeps them."
    )


class TooManyForSheet(GeoError):
    """More rows than a sheet of XLSX has."""

    code = "geo.too_many_for_sheet"
    message = "A sheet of XLSX holds {most} rows below its heading. Narrow the choice, or take CSV."


class NotWritten(GeoError):
    """The library that writes the format gave up: no room, most often."""

    code = "geo.not_written"
    message = (
        "The file could not be written. See that its folder is there and the disk has room, then try again."
    )
