"""Why a position, a shape or a file is refused: one small class a reason.

Each has a stable `code`, an English sentence fit to show that says what to do, and where it helps the `field`
it belongs to. The sentence is filled from `facts`, so that a page or a command can say it in another
language.
"""

from __future__ import annotations

from typing import Any, ClassVar


class GeoError(Exception):
    """A position, shape or file that cannot be used as it is."""

    code: ClassVar[str] = "geo.error"
    message: ClassVar[str] = "This place cannot be used. Check it and try again."
    field: str | None = None

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__()

    def __str__(self) -> str:
        return self.message.format(**self.facts)


def kind_of(code: str) -> type[GeoError]:
    """Find the kind of refusal with a code, so that a report that kept only the code can say it in words.

    Examples
    --------
    >>> kind_of("geo.empty_file").__name__
    'EmptyFile'
    """
    kinds = [GeoError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if kind.code == code:
            return kind
    raise KeyError(code)


# Positions and coordinate systems


class UnknownCRS(GeoError):
    """A coordinate system that no list knows."""

    code = "geo.unknown_crs"
    message = "The coordinate system {crs} is not known. Give EPSG:n, GCJ02 or BD09."
    field = "crs"


class CRSMismatch(GeoError):
    """Two inputs that lie in different coordinate systems."""

    code = "geo.crs_mismatch"
    message = "The coordinate systems {first} and {second} do not go together. Convert one of them first."
    field = "crs"


class NoTransformation(CRSMismatch):
    """Xian 1980 or Beijing 1954, from which no exact way to CGCS2000 is public."""

    code = "geo.no_transformation"
    message = (
        "No exact way from {name} to CGCS2000 is public. Convert the data to CGCS2000 (EPSG:4490) first, or "
        "agree to places that are rough to {rough_m} m, or put the county's parameters into its profile."
    )


class UnknownDatum(UnknownCRS):
    """A coordinate system on a datum that is none of China's, or of which nothing is said."""

    code = "geo.unknown_datum"
    message = "The datum of {crs} is not one used here. Convert the data to CGCS2000 (EPSG:4490) first."


class BadDatumParameters(GeoError):
    """Parameters of a local datum, in the county profile, of which one is missing or no such thing."""

    code = "geo.bad_datum_parameters"
    message = (
        "[datums.{datum}] in the county profile: {name} is missing or wrong. Give dx, dy and dz in metres; "
        "where there are seven, also rx, ry and rz in seconds, scale_ppm, and as convention position_vector "
        "or coordinate_frame."
    )


class UnknownDatumParameter(GeoError):
    """A name among the parameters of local datums that nothing reads, perhaps misspelt."""

    code = "geo.unknown_datum_parameter"
    message = "[datums] in the county profile: {name} is not known. Known are {known}."


class UnlikelyDatumParameters(GeoError):
    """Parameters of a local datum that move places by nothing, or much too far."""

    code = "geo.unlikely_datum_parameters"
    message = (
        "[datums.{datum}] in the county profile cannot be right: it moves places in China by {least_m} m or "
        "more, where some tens of metres are usual. Check units, signs and convention."
    )


class BadPosition(GeoError):
    """Text or numbers that are no position."""

    code = "geo.bad_position"
    message = "Enter the position as longitude and latitude, like 100.45, 38.93."
    field = "position"


class PositionOutOfRange(BadPosition):
    """Numbers that are no longitude and latitude."""

    code = "geo.position_out_of_range"
    message = "{lon}, {lat} is not a longitude and latitude. Enter degrees, longitude first."


class NotFinite(BadPosition):
    """NaN or infinity where a number of degrees should be."""

    code = "geo.not_finite"
    message = "A coordinate is not a finite number. Correct it and try again."


class OutOfCounty(GeoError):
    """A position outside the county."""

    code = "geo.out_of_county"
    message = "{lon}, {lat} lies outside the county. Check the position and its coordinate system."
    field = "position"


# Shapes


class InvalidGeometry(GeoError):
    """A shape that is not sound; `lon` and `lat` say where."""

    code = "geo.invalid_geometry"
    message = "The shape is not sound near {lon}, {lat}. Redraw it there."
    field = "geometry"


class SelfCrossing(InvalidGeometry):
    """An outline that crosses or touches itself; its area would be wrong."""

    code = "geo.self_crossing"
    message = "The outline crosses itself near {lon}, {lat}. Redraw it there."


class NotAGeometry(InvalidGeometry):
    """Not GeoJSON geometry, or not as deep and as long as its type asks."""

    code = "geo.not_a_geometry"
    message = "The shape is not a GeoJSON geometry of longitudes and latitudes. Draw it again."


class WrongGeometryType(InvalidGeometry):
    """A kind of geometry that is not taken, such as a GeometryCollection."""

    code = "geo.wrong_geometry_type"
    message = "A shape of type {type} is not taken. Draw a point, a line or a polygon."


class EmptyGeometry(InvalidGeometry):
    """A geometry without a single point."""

    code = "geo.empty_geometry"
    message = "The shape is empty. Draw it or enter a position."


class GeometryNotFinite(InvalidGeometry):
    """NaN or infinity among the coordinates."""

    code = "geo.geometry_not_finite"
    message = "A coordinate of the shape is not a finite number. Correct it and try again."


class GeometryOutOfRange(InvalidGeometry):
    """Coordinates that are no degrees, perhaps metres of a grid."""

    code = "geo.geometry_out_of_range"
    message = "{lon}, {lat} is not a longitude and latitude. Name the coordinate system the shape is in."


class UnreadableCoordinates(InvalidGeometry):
    """Text in a file where longitude and latitude should be."""

    code = "geo.unreadable_coordinates"
    message = "The coordinates {text} cannot be read. Write longitude and latitude with a comma between."


class TooFewPoints(InvalidGeometry):
    """A line without two distinct points, or a polygon without three."""

    code = "geo.too_few_points"
    message = "The shape has too few points. A line needs two, a polygon three corners."


class TooManyVertices(InvalidGeometry):
    """More corners than a page can draw and a person can mean."""

    code = "geo.too_many_vertices"
    message = "The shape has {vertices} corners, more than {most}. Simplify it first."


class AreaOutOfRange(InvalidGeometry):
    """A polygon too small or too large to be a site."""

    code = "geo.area_out_of_range"
    message = "The area is {area_m2} m². Draw one between {least_m2} m² and {most_m2} m²."


class LengthOutOfRange(InvalidGeometry):
    """A line too short or too long to be a site."""

    code = "geo.length_out_of_range"
    message = "The line is {length_m} m long. Draw one between {least_m} m and {most_m} m."


# Files


class BadLayer(GeoError):
    """A file that cannot be read as features."""

    code = "geo.bad_layer"
    message = "The file cannot be read. Open it in the program that made it, save it again and try once more."
    field = "file"


class FileUnreadable(BadLayer):
    """No such file, or no right to open it."""

    code = "geo.file_unreadable"
    message = "The file {name} cannot be opened. Check its name and that you may read it."


class UnknownFormat(BadLayer):
    """An ending that belongs to no format we read."""

    code = "geo.unknown_format"
    message = "Files like {name} cannot be read. Save it as one of: {accepted}."


class NotThisFormat(BadLayer):
    """The first bytes, or the content, are not what the ending says."""

    code = "geo.not_this_format"
    message = "The file {name} does not hold {format}. Save it again as {format}, or give it its own ending."


class NotAWorkbook(BadLayer):
    """A web page or plain text that somebody gave the ending of a workbook."""

    code = "geo.not_a_workbook"
    message = (
        "The file {name} is a web page or text, not a workbook. Open it in Excel or WPS and save it as .xlsx."
    )


class PasswordProtected(BadLayer):
    """A workbook or an archive that only its password opens."""

    code = "geo.password_protected"
    message = "The file is protected by a password. Take the password off and save it again."


class SheetTooSpread(BadLayer):
    """A sheet that reaches so far that the empty cells would fill the memory."""

    code = "geo.sheet_too_spread"
    message = (
        "A sheet reaches to cell {cell}. Delete the rows and columns beyond the table and save it again."
    )


class EmptyFile(BadLayer):
    """No bytes, or no heading."""

    code = "geo.empty_file"
    message = "The file is empty. Choose one with a heading and rows."


class TooLarge(BadLayer):
    """More bytes than are taken."""

    code = "geo.too_large"
    message = "The file is larger than {most_mb} MB. Split it into smaller files."


class TooManyRows(BadLayer):
    """More rows than are taken at once."""

    code = "geo.too_many_rows"
    message = "The file has more than {most} rows. Split it into smaller files."


class TooManyColumns(BadLayer):
    """More columns than any register has."""

    code = "geo.too_many_columns"
    message = "The file has more than {most} columns. Leave out those that are not needed."


class CellTooLarge(BadLayer):
    """One cell that holds a whole document."""

    code = "geo.cell_too_large"
    message = "A cell near row {row} is longer than {most_mb} MB. Shorten it or close an open quotation mark."


class UnreadableText(BadLayer):
    """Bytes that are text in neither UTF-8 nor GB18030."""

    code = "geo.unreadable_text"
    message = "The text cannot be read from byte {offset} on. Save the file as UTF-8 or GB18030."


class NulInText(BadLayer):
    """A zero byte: not a text file."""

    code = "geo.nul_in_text"
    message = "The file holds a zero byte at {offset} and is not plain text. Save it again as CSV in UTF-8."


class OpenQuote(BadLayer):
    """A quotation mark that is never closed, so that the rest of the file would be one cell."""

    code = "geo.open_quote"
    message = "A quotation mark in row {row} is never closed. Close it, or take it away."


class BrokenJSON(BadLayer):
    """Text that breaks off or is not JSON."""

    code = "geo.broken_json"
    message = "The file is not whole JSON: it breaks at line {line}, column {column}. Save it again."


class TooDeep(BadLayer):
    """JSON nested far beyond any GeoJSON."""

    code = "geo.too_deep"
    message = "The file is nested too deep to be GeoJSON. Save it again as GeoJSON."


class BrokenArchive(BadLayer):
    """An archive that breaks off, or is packed in a way nobody here unpacks."""

    code = "geo.broken_archive"
    message = "The archive is not whole. Pack the files again as an ordinary ZIP."


class UnpacksTooLarge(BadLayer):
    """An archive that unpacks to more than is taken, or to far more than its size makes likely."""

    code = "geo.unpacks_too_large"
    message = (
        "Unpacked, the file is larger than {most_mb} MB, too much for its size. Leave out what is not needed."
    )


class TooManyMembers(BadLayer):
    """An archive of more files than any layer has."""

    code = "geo.too_many_members"
    message = "The archive holds more than {most} files. Pack only those that are needed."


class UnsafeMember(BadLayer):
    """An archive with a link, or with a name that leads out of the folder it is unpacked to."""

    code = "geo.unsafe_member"
    message = (
        "The archive holds {member}, which leads out of its own folder. Pack the files again from one folder."
    )


class NothingToRead(BadLayer):
    """An archive that holds neither a shapefile nor just one file of another kind."""

    code = "geo.nothing_to_read"
    message = (
        "The archive holds no shapefile, and more or less than one other file. Pack one layer or one table."
    )


class PartMissing(BadLayer):
    """A shapefile of which one of the files is not there."""

    code = "geo.part_missing"
    message = "The file {part} is missing. Choose or pack all parts together: .shp, .dbf, .shx and .prj."


class PartsDisagree(BadLayer):
    """A shapefile with more shapes than records or fewer, so that nobody knows which belong together."""

    code = "geo.parts_disagree"
    message = "The .shp holds {shapes} shapes, the .dbf {records} records. Export the layer again."


class UnreadableRecord(BadLayer):
    """Text of a shapefile in an encoding nobody can tell."""

    code = "geo.unreadable_record"
    message = "The text of record {row} is neither UTF-8 nor GB18030. Save the layer again in UTF-8."


class EncodingNotAsSaid(BadLayer):
    """A note: the .cpg file names an encoding in which the text cannot be."""

    code = "geo.encoding_not_as_said"
    message = (
        "The .cpg says {declared}, but the texts are {encoding} and were read as such. Check a few names."
    )


class OutsideReference(BadLayer):
    """A GeoPackage with a table whose rows would come from another file."""

    code = "geo.outside_reference"
    message = "The file points to data outside itself. Save its layers to a new GeoPackage."


class NoFeatures(BadLayer):
    """A file of a kind that holds places, without one."""

    code = "geo.no_features"
    message = (
        "The file holds no points, lines or polygons. Export the places themselves, not a link or a picture."
    )


class HasDoctype(BadLayer):
    """XML with a document type, which can make a reader swell or open other files."""

    code = "geo.has_doctype"
    message = "The file holds a DOCTYPE, which is not read. Save it again in the program that made it."


class BrokenXML(BadLayer):
    """Text that breaks off or is not XML."""

    code = "geo.broken_xml"
    message = "The file is not whole XML: it breaks at line {line}, column {column}. Save it again."


class TooManyCells(BadLayer):
    """One row longer than the heading."""

    code = "geo.too_many_cells"
    message = "The row has {cells} cells, the heading {columns}. Put quotation marks round text with commas."


class StrayQuote(BadLayer):
    """One row with a quotation mark in the middle of a quoted cell."""

    code = "geo.stray_quote"
    message = "A quotation mark stands in the middle of a cell. Double it, or take it away."


class NotAFeature(BadLayer):
    """One member of a collection that is not a GeoJSON feature."""

    code = "geo.not_a_feature"
    message = "This is no GeoJSON feature with properties and a geometry. Correct it or take it out."


class NumberNotFinite(BadLayer):
    """NaN or infinity among the values of a row."""

    code = "geo.number_not_finite"
    message = "The value is not a finite number. Correct it, or leave the cell empty."


class ZeroInText(BadLayer):
    """A value with a zero byte, which no database keeps."""

    code = "geo.zero_in_text"
    message = "The value holds an unreadable zero character. Type it again."


class DiskFull(BadLayer):
    """No room for the copy that is read, or for what was read from it."""

    code = "geo.disk_full"
    message = "There is no room left on the disk to read the file. Free some space and try again."


class ReaderFailed(BadLayer):
    """The reading process ended without an answer."""

    code = "geo.reader_failed"
    message = "Reading the file failed. Save it again in a simpler form, such as CSV in UTF-8."


class ReaderTimedOut(BadLayer):
    """The reading process took too long and was ended."""

    code = "geo.reader_timed_out"
    message = "Reading the file took longer than {seconds} seconds. Split it into smaller files."


# Columnar files


class NotColumns(GeoError):
    """A file that does not begin like a columnar one, or whose header cannot be read."""

    code = "geo.not_columns"
    message = "This is not a columnar file of the map. Load the map again."


class ColumnsTruncated(GeoError):
    """A columnar file of another length than its header says."""

    code = "geo.columns_truncated"
    message = "A columnar file of the map arrived cut off. Load the map again."


class ColumnsMisplaced(GeoError):
    """Columns that lie over one another, or hold other than their coding and count say."""

    code = "geo.columns_misplaced"
    message = "A columnar file of the map is mixed up. Load the map again."


# Backgrounds


class BadTiles(GeoError):
    """A background that is neither a folder of tiles nor an address of them."""

    code = "geo.bad_tiles"
    message = "{text} is no folder of tiles, and no address with {{z}}, {{x}} and {{y}} on one fixed host."
    field = "tiles"


class NoSuchTile(GeoError):
    """A tile that cannot exist: outside the world or beyond the deepest zoom."""

    code = "geo.no_such_tile"
    message = "There is no tile {z}/{x}/{y}."
