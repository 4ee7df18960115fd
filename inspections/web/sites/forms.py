"""The form of a site: fields all kinds share and those of one kind, read into facts, refused one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import shapely
from flask_babel import lazy_gettext
from wtforms import (
    BooleanField,
    Field,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice

from geo.coordinates import format_position, read_position
from geo.crs import parse_crs
from geo.errors import EmptyGeometry, GeoError, NotAGeometry
from geo.shapes import geometry_from_geojson, to_geojson
from inspections import terms
from inspections.errors import Invalid, InvalidFields
from inspections.sites.attributes import ATTRIBUTES, Attribute
from inspections.sites.rules import SiteFacts, check_facts
from inspections.typed import NotInList
from inspections.web.errors import sentence
from inspections.web.filters import label
from inspections.web.sites.words import ATTRIBUTE_HINTS, ATTRIBUTE_NAMES

DATUMS = ("cgcs2000", "wgs84", "gcj02", "bd09")
METHODS = ("gps", "map", "survey", "satellite")
LONGEST_SHAPE = 1_000_000
SHAPES = [("point", lazy_gettext("A point")), ("drawn", lazy_gettext("A line or an area"))]


BLANK = ("", "—")


def _choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    return [SelectChoice(value=code, label=words) for code, words in pairs]


def _labelled(list_name: str, codes: Iterable[str], *first: tuple[str, Any]) -> list[SelectChoice]:
    return _choices([*first, *((code, label(list_name, code)) for code in codes)])


class SiteForm(Form):
    """What every kind of site is asked."""

    site_id = HiddenField()
    row_version = HiddenField()
    kind = HiddenField()
    name = StringField(lazy_gettext("Name"), render_kw={"maxlength": 60, "required": True})
    subtype = RadioField(lazy_gettext("Subtype"), validate_choice=False)
    shape = RadioField(
        lazy_gettext("Place as"),
        choices=_choices(SHAPES),
        default="point",
        validate_choice=False,
    )
    position = StringField(
        lazy_gettext("Position"),
        description=lazy_gettext("Longitude and latitude in any notation, like 100.45, 38.93"),
        render_kw={"autocomplete": "off", "inputmode": "text"},
    )
    datum = SelectField(lazy_gettext("Coordinate system"), validate_choice=False)
    loc_method = SelectField(lazy_gettext("How it was located"), validate_choice=False)
    loc_accuracy_m = StringField(lazy_gettext("Accuracy"), render_kw={"inputmode": "decimal"})
    geometry = TextAreaField(
        lazy_gettext("Shape"),
        description=lazy_gettext("GeoJSON geometry, as the map draws it: LineString or Polygon."),
        render_kw={"rows": 3, "spellcheck": "false", "autocomplete": "off"},
    )
    township_code = SelectField(lazy_gettext("Township"), validate_choice=False)
    township_reason = StringField(
        lazy_gettext("Why another township"),
        description=lazy_gettext("Only where the site belongs to another township than the place lies in."),
        render_kw={"maxlength": 200},
    )
    village_code = SelectField(lazy_gettext("Village"), validate_choice=False)
    village_group = StringField(lazy_gettext("Group"), render_kw={"maxlength": 40})
    area_reported_mu = StringField(lazy_gettext("Reported area"), render_kw={"inputmode": "decimal"})
    body_id = SelectField(lazy_gettext("Lead body"), validate_choice=False)
    source = SelectField(lazy_gettext("Source"), validate_choice=False)
    source_ref = StringField(lazy_gettext("Number at the source"), render_kw={"maxlength": 80})
    operator_name = StringField(lazy_gettext("Operator"), render_kw={"maxlength": 60, "autocomplete": "off"})
    operator_type = SelectField(lazy_gettext("Type of operator"), validate_choice=False)
    operator_phone = StringField(
        lazy_gettext("Telephone"), render_kw={"maxlength": 30, "inputmode": "tel", "autocomplete": "off"}
    )
    operator_none = BooleanField(lazy_gettext("No operator is known any more"))
    remark = TextAreaField(lazy_gettext("Remark"), render_kw={"maxlength": 2000, "rows": 3})
    confirmed = HiddenField()

    def attribute_fields(self) -> list[tuple[Attribute, Field]]:
        """The fields of this kind's own facts."""
        return [(attribute, self[f"attr_{attribute.key}"]) for attribute in ATTRIBUTES[self.kind.data]]

    def seen_warnings(self) -> frozenset[str]:
        """The warnings that the tick confirms."""
        return frozenset((self.confirmed.data or "").split("|"))

    def site_uuid(self) -> UUID | None:
        """The id that the form was shown with."""
        return _uuid(self.site_id.data)

    def version(self) -> int:
        """Give the version of the row that the form was filled from."""
        text = self.row_version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0

    def facts(self, *, with_operator: bool) -> SiteFacts:
        """Read the form; `with_operator` False leaves the operator as recorded.

        Raises
        ------
        InvalidFields
            Every wrong field at once, the place among them.
        """
        said = self._plain_facts() | (self._operator() if with_operator else {})
        problems: dict[str, Exception] = {}
        try:
            said |= self._place()
        except GeoError as error:
            problems[self.place_field] = error
        said["body_id"] = _uuid(self.body_id.data)
        if self.body_id.data and said["body_id"] is None:
            problems["body_id"] = NotInList()
        return _checked(said, problems)

    @property
    def place_field(self) -> str:
        """The field the place was given in."""
        return "geometry" if self.shape.data == "drawn" else "position"

    def take(self, error: Exception) -> None:
        """Put a refusal beside its field, or over the form."""
        problems = error.problems if isinstance(error, InvalidFields) else {error.field: error}  # type: ignore[attr-defined]
        for name, problem in problems.items():
            field = self._fields.get(self.place_field if name in ("geometry", "position") else name or "")
            if field is None or field.type == "HiddenField":
                self.form_errors = [*self.form_errors, sentence(problem)]
            else:
                field.errors = [*field.errors, sentence(problem)]

    def _plain_facts(self) -> dict[str, Any]:
        names = "kind name subtype loc_method loc_accuracy_m township_reason village_group area_reported_mu"
        said = {name: self[name].data or "" for name in f"{names} source source_ref remark".split()}
        said |= {"loc_accuracy_m": self.loc_accuracy_m.data or None}
        said |= {"township_code": self.township_code.data or None}
        said |= {"village_code": self.village_code.data or None, "loc_datum": self.datum.data or "cgcs2000"}
        said["attrs"] = {attribute.key: field.data for attribute, field in self.attribute_fields()}
        return said

    def _operator(self) -> dict[str, Any]:
        if self.operator_none.data:
            return {"operator_name": ""}
        if self.row_version.data and not (self.operator_name.data or self.operator_phone.data):
            return {}
        return {
            "operator_name": self.operator_name.data or "",
            "operator_type": self.operator_type.data or "",
            "operator_phone": self.operator_phone.data or "",
        }

    def _place(self) -> dict[str, Any]:
        raw = (self.geometry.data if self.place_field == "geometry" else self.position.data) or ""
        reading = parse_crs(self.datum.data if self.datum.data in DATUMS else "cgcs2000")
        typed = _read_shape(raw) if self.place_field == "geometry" else shapely.Point(_read_point(raw))
        return {"geometry": reading.to_lonlat(typed), "loc_raw": raw.strip()}


@cache
def form_for(kind: str) -> type[SiteForm]:
    """Give the form of a kind, with the fields of its own facts."""
    fields = {f"attr_{attribute.key}": _attribute_field(attribute) for attribute in ATTRIBUTES[kind]}
    return type(f"{kind.title()}Form", (SiteForm,), fields)


def empty_form(kind: str) -> SiteForm:
    """Give a form for a new site, with the id it will have."""
    form = form_for(kind)(kind=kind, site_id=str(uuid4()), subtype=terms.subtypes(kind)[0], loc_method="map")
    form.source.data = "patrol"
    return form


def form_of(site: Any) -> SiteForm:
    """Give a form filled from a site; restricted fields stay empty."""
    is_point = site.geometry.geom_type == "Point"
    told = {name: getattr(site, name) for name in ("name", "subtype", "village_group", "source", "remark")}
    told |= {"kind": site.kind.value, "row_version": str(site.row_version), "source_ref": site.source_ref}
    told |= {"shape": "point" if is_point else "drawn", "loc_method": site.loc_method, "datum": "cgcs2000"}
    told |= {"position": format_precisely(site.lon, site.lat) if is_point else ""}
    told |= {"geometry": "" if is_point else json.dumps(to_geojson(site.geometry))}
    told |= {"loc_accuracy_m": _plain_number(site.loc_accuracy_m), "village_code": site.village_code or ""}
    chosen = site.township_code if site.township_reason else ""  # else it follows the place
    told |= {"township_code": chosen, "township_reason": site.township_reason}
    told |= {"area_reported_mu": _plain_number(site.area_reported_mu), "body_id": str(site.body_id or "")}
    told |= {f"attr_{key}": _plain(value) for key, value in site.attrs.items()}
    return form_for(site.kind.value)(**told)


def offer_choices(
    form: SiteForm, places: Iterable[Sequence[Any]], bodies: Iterable[tuple[UUID, str]]
) -> SiteForm:
    """Fill the selects: townships and villages by code, bodies, and the code lists in both languages."""
    places = list(places)
    names = {code: name for code, name, *_ in places}
    by_place = ("", lazy_gettext("The one that holds the place"))
    townships = [(code, name) for code, name, level, _ in places if level == terms.AreaLevel.TOWNSHIP]
    villages = [
        (code, f"{names.get(parent, '')} {name}".strip())
        for code, name, level, parent in places
        if level == terms.AreaLevel.VILLAGE
    ]
    kind, method = form.kind.data, form.loc_method.data or "map"
    methods = METHODS if method in METHODS or method not in terms.codes("loc_method") else (*METHODS, method)
    form.subtype.choices = _labelled(f"{kind}_subtype", terms.subtypes(kind))
    form.datum.choices = _labelled("datum", DATUMS)
    form.loc_method.choices = _labelled("loc_method", methods)
    form.source.choices = _labelled("origin", terms.codes("origin"), BLANK)
    form.operator_type.choices = _labelled("operator_type", terms.codes("operator_type"), BLANK)
    form.body_id.choices = _choices([BLANK, *((str(key), name) for key, name in bodies)])
    form.township_code.choices = _choices([by_place, *townships])
    form.village_code.choices = _choices([by_place, *villages])
    return form


def compared(form: SiteForm, other: SiteForm) -> list[tuple[str, str, str, bool]]:
    """Set two forms beside each other: label, this one's words, the other's words, whether they differ."""
    rows = []
    for name, field in form._fields.items():
        if field.type in ("HiddenField", "BooleanField") or name.startswith("operator_"):
            continue
        mine, theirs = _words_of(field), _words_of(other[name])
        if mine or theirs:
            rows.append((str(field.label.text), mine, theirs, mine != theirs))
    return rows


def format_precisely(lon: float, lat: float) -> str:
    """Write a position with all its digits, so that a form sent unchanged moves nothing."""
    short = format_position(lon, lat)
    return short if read_position(short) == (lon, lat) else f"{lon:.7f}, {lat:.7f}"


def _checked(said: dict[str, Any], problems: dict[str, Exception]) -> SiteFacts:
    facts = SiteFacts(**({"geometry": shapely.Point(0, 0)} | said))
    try:
        facts = check_facts(facts)
    except InvalidFields as error:
        problems = error.problems | problems
    except Invalid as error:
        problems = {error.field or "": error} | problems
    if problems:
        raise InvalidFields(problems)
    return facts


def _words_of(field: Field) -> str:
    """Say what stands in a field: for a choice, its words."""
    typed = str(field.data or "").strip()
    if isinstance(field, SelectField) and typed:
        return str(next((one.label for one in field.choices if one.value == typed), typed))
    return typed


def _read_point(text: str) -> tuple[float, float]:
    if not text.strip():
        raise EmptyGeometry
    return read_position(text)


def _read_shape(text: str) -> Any:
    if not text.strip():
        raise EmptyGeometry
    if len(text) > LONGEST_SHAPE:
        raise NotAGeometry
    try:
        value = json.loads(text, parse_constant=float)
    except (ValueError, RecursionError) as error:
        raise NotAGeometry from error
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    return geometry_from_geojson(value)


def _attribute_field(attribute: Attribute) -> Field:
    name, hint = ATTRIBUTE_NAMES[attribute.key], ATTRIBUTE_HINTS.get(attribute.key, "")
    if attribute.form == "choice":
        return _ChoiceOfAttribute(name, description=hint, attribute=attribute, validate_choice=False)
    if attribute.form == "yes_no":
        choices = _choices([BLANK, ("yes", lazy_gettext("yes")), ("no", lazy_gettext("no"))])
        return SelectField(name, description=hint, choices=choices, validate_choice=False)
    if attribute.form == "text":
        return StringField(name, description=hint, render_kw={"maxlength": int(attribute.most)})
    return StringField(name, description=hint, render_kw={"inputmode": "decimal"})


class _ChoiceOfAttribute(SelectField):
    """A select whose words follow the language of the request."""

    def __init__(self, *args: Any, attribute: Attribute, **named: Any) -> None:
        super().__init__(*args, **named)
        self.type = "SelectField"
        self.choices = _labelled(attribute.choices, attribute.codes, BLANK)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _plain_number(value) if isinstance(value, int | float) else str(value)


def _plain_number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
