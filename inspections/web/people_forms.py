"""The forms of officers, bodies and passwords: shapes of what is typed; the use cases hold the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext, lazy_gettext
from wtforms import (
    BooleanField,
    Form,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.widgets import CheckboxInput, ListWidget

from inspections.bodies import BodyFacts
from inspections.errors import InvalidFields
from inspections.officers.rules import OfficerFacts
from inspections.terms import Kind, Role, codes
from inspections.web.errors import sentence
from inspections.web.filters import label

_TYPED = {"autocomplete": "off", "spellcheck": "false"}


class PeopleForm(Form):
    """A form that takes a use case's refusals beside its fields."""

    def take(self, error: Any) -> None:
        """Put a refusal beside its field, or over the form."""
        problems = error.problems if isinstance(error, InvalidFields) else {error.field: error}
        for name, problem in problems.items():
            field = self._fields.get(name or "")
            if field is None or field.type == "HiddenField":
                self.form_errors = [*self.form_errors, sentence(problem)]
            else:
                field.errors = [*field.errors, sentence(problem)]

    @property
    def version(self) -> int:
        """The row's version this form began with; 0, which no row has, where that was spoilt."""
        text = self._fields["row_version"].data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


class PasswordForm(PeopleForm):
    """A new password, typed twice."""

    password = PasswordField(
        lazy_gettext("New password"),
        description=lazy_gettext("8 to 128 characters. Several words are easier to remember than signs."),
        render_kw={"autocomplete": "new-password", "required": True},
    )
    password_again = PasswordField(
        lazy_gettext("The same again"), render_kw={"autocomplete": "new-password", "required": True}
    )

    def agrees(self) -> bool:
        """Whether both passwords are the same; says so where they are not."""
        if self.password.data == self.password_again.data:
            return True
        self.password_again.errors = [gettext("The two passwords differ. Type the same twice.")]
        return False


class OwnPasswordForm(PasswordForm):
    """A new password for oneself: the present one is asked."""

    old_password = PasswordField(
        lazy_gettext("Present password"), render_kw={"autocomplete": "current-password", "required": True}
    )


class OfficerForm(PeopleForm):
    """What an officer is; areas are ticked in the page's own list of townships and villages."""

    row_version = HiddenField()
    full_name = StringField(lazy_gettext("Full name"), render_kw=_TYPED | {"maxlength": 40, "required": True})
    role = RadioField(lazy_gettext("Role"), validate_choice=False)
    body_id = SelectField(lazy_gettext("Body"), validate_choice=False)
    kinds = SelectMultipleField(
        lazy_gettext("Kinds"),
        description=lazy_gettext("None ticked: all four."),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    areas = SelectMultipleField(lazy_gettext("Areas answered for"), validate_choice=False)
    read_only = BooleanField(lazy_gettext("Read only: sees, but changes nothing"))

    def offer(self, bodies: Iterable[tuple[UUID, str]]) -> None:
        """Fill the lists to choose from."""
        self.role.choices = [(role.value, label("role", role)) for role in Role]
        self.kinds.choices = [(kind.value, label("site_kind", kind)) for kind in Kind]
        self.body_id.choices = [("", gettext("No body")), *((str(key), name) for key, name in bodies)]

    def facts(self) -> OfficerFacts:
        """What was typed, as the use case takes it."""
        return OfficerFacts(
            full_name=self.full_name.data or "",
            role=self.role.data or "",
            body_id=_uuid(self.body_id.data),
            areas=tuple(self.areas.data or ()),
            kinds=tuple(self.kinds.data or ()),
            read_only=bool(self.read_only.data),
        )

    @classmethod
    def of(cls, officer: Any) -> OfficerForm:
        """Fill the form from an officer."""
        return cls(
            data={
                "row_version": str(officer.row_version),
                "full_name": officer.full_name,
                "role": officer.role.value,
                "body_id": str(officer.body_id or ""),
                "kinds": [Kind(row.kind).value for row in officer.kinds],
                "areas": [row.area_code for row in officer.areas],
                "read_only": officer.read_only,
            }
        )


class NewOfficerForm(OfficerForm, PasswordForm):
    """An officer with the name and the first password."""

    name = StringField(
        lazy_gettext("Sign-in name"),
        description=lazy_gettext(
            "What is typed to sign in: letters, figures, dots or hyphens. It stays as it is."
        ),
        render_kw=_TYPED | {"autocapitalize": "none", "maxlength": 40, "required": True},
    )


class BodyForm(PeopleForm):
    """What a body is."""

    row_version = HiddenField()
    name = StringField(lazy_gettext("Name"), render_kw=_TYPED | {"maxlength": 60, "required": True})
    short_name = StringField(lazy_gettext("Short name"), render_kw=_TYPED | {"maxlength": 30})
    type = SelectField(lazy_gettext("Type"), validate_choice=False)
    area_code = SelectField(lazy_gettext("Administrative area"), validate_choice=False)

    def offer(self, areas: Iterable[tuple[str, str]]) -> None:
        """Fill the lists to choose from."""
        self.type.choices = [(code, label("body_type", code)) for code in codes("body_type")]
        self.area_code.choices = [("", gettext("The whole county")), *areas]

    def facts(self) -> BodyFacts:
        """What was typed, as the use case takes it."""
        return BodyFacts(
            name=self.name.data or "",
            type=self.type.data or "",
            short_name=self.short_name.data or "",
            area_code=self.area_code.data or None,
        )

    @classmethod
    def of(cls, body: Any) -> BodyForm:
        """Fill the form from a body."""
        named = {name: getattr(body, name) for name in ("name", "short_name", "type")}
        return cls(data=named | {"area_code": body.area_code or "", "row_version": str(body.row_version)})


def differences(typed: PeopleForm, stored: PeopleForm, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Where a form differs from what is stored now: the field's words, and what stands there."""
    rows = []
    for name, field in typed._fields.items():
        theirs = stored._fields.get(name)
        if theirs is None or field.type in ("HiddenField", "PasswordField"):
            continue
        if _plain(field.data) != _plain(theirs.data):
            rows.append((str(field.label.text), _said(stored, theirs, names)))
    return rows


def _plain(data: Any) -> Any:
    return sorted(data) if isinstance(data, list | tuple) else (data or "")


def _said(form: PeopleForm, field: Any, names: Mapping[str, str]) -> str:
    if isinstance(field.data, bool):
        return gettext("yes") if field.data else gettext("no")
    words = dict(names) | {str(value): str(text) for value, text in (getattr(field, "choices", None) or ())}
    values = field.data if isinstance(field.data, list) else [field.data or ""]
    return gettext(", ").join(words.get(value, value) for value in values) or "—"


def _uuid(text: str | None) -> UUID | None:
    """The id chosen in a list, None for none; what is no id is an id that nothing has."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)
