"""Ledger entries as sentences, in the reader's language: the story of a site, a visit, a case.

One table says each action; an action it does not know yet is shown by its own words, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask_babel import gettext, ngettext

from inspections import ledger, terms
from inspections.checklists.requirements import requirements
from inspections.web.filters import language
from inspections.web.words import N_

Facts = Mapping[str, Any]


class Entry(Protocol):
    """What a sentence needs of an entry of the ledger."""

    at: datetime
    action: str
    actor_name: str
    role: str
    facts: str


@dataclass(frozen=True)
class Sentence:
    """One line of a story: who, did what, when; `is_key` marks what moved a case or a register."""

    at: datetime
    text: str
    actor: str
    action: str
    is_key: bool = True


# Action → what the actor did. `%(name)s` are facts of the entry, put into words by `_words`.
TEMPLATES: dict[str, str] = {
    "site.added": N_("added the site %(number)s"),
    "site.corrected": N_("corrected: %(fields)s"),
    "site.activated": N_("took the site into the register"),
    "site.refused": N_("refused the draft: %(reason)s"),
    "site.retired": N_("retired the site: %(reason)s"),
    "site.merged": N_("merged the site into %(into)s: %(reason)s"),
    "site.received": N_("took over what was merged from %(merged)s"),
    "site.imported": N_("imported the site from a register"),
    "site.import_undone": N_("undid the import that brought the site: %(reason)s"),
    "site.correction_undone": N_("undid an import's correction of the site"),
    "site.township_changed": N_("moved the site from %(from)s to %(to)s after the boundaries changed"),
    "site.township_kept": N_("kept the site in %(place)s: %(reason)s"),
    "site.village_changed": N_("moved the site from the village %(from)s to %(to)s"),
    "site.village_kept": N_("kept the site in the village %(place)s: %(reason)s"),
    "operator.shown": N_("looked at the operator's name and telephone number"),
    "visit.logged": N_("visited the site: %(outcome)s"),
    "visit.superseded": N_("corrected this visit by a new version"),
    "visit.reviewed": N_("reviewed the visit"),
    "visit.returned": N_("sent the visit back: %(reason)s"),
    "visit.voided": N_("voided the visit: %(reason)s"),
    "visit.restricted_shown": N_("looked at the restricted answers of the visit"),
    "case.opened": N_("opened the case%(numbered)s: %(code)s"),
    "case.seen_again": N_("found it again: %(code)s%(change)s"),
    "case.finding_corrected": N_("corrected the finding: %(code)s%(change)s"),
    "case.left_without_finding": N_("took back the last finding; the case is proposed as unfounded"),
    "case.confirmed": N_("confirmed the case"),
    "case.unfounded": N_("decided that the case is unfounded: %(reason)s"),
    "case.assigned": N_("assigned the case to %(to)s"),
    "case.acknowledged": N_("acknowledged the case"),
    "case.rectified": N_("handed in the rectification"),
    "case.verified": N_("verified the rectification"),
    "case.closed": N_("struck the case off"),
    "case.suspended": N_("suspended the case: %(suspend_reason)s"),
    "case.listed": N_("listed the case for supervision: %(level)s"),
    "officer.added": N_("added the officer %(name)s (%(role)s)"),
    "officer.changed": N_("changed the officer %(name)s: %(fields)s"),
    "officer.deactivated": N_("deactivated the officer %(name)s and ended every session"),
    "officer.reactivated": N_("let the officer %(name)s sign in again"),
    "officer.password_set": N_("set a new password for %(name)s and ended every session"),
    "officer.password_changed": N_("changed the own password"),
    "officer.session_ended": N_("ended a session of the own account"),
    "body.added": N_("added the body %(name)s"),
    "body.changed": N_("changed the body %(name)s: %(fields)s"),
    "body.ended": N_("ended the body %(name)s"),
    "body.resumed": N_("took up the body %(name)s again"),
    "area.imported": N_("imported the area %(name)s"),
    "area.ended": N_("ended the area %(name)s"),
    "layer.imported": N_("brought a layer for reference: %(layer)s"),
    "layer.put_back": N_("put a layer for reference back: %(layer)s"),
    "layer.taken_away": N_("took a layer for reference away: %(layer)s"),
    "layers.imported": N_("imported %(rows_accepted)s features from %(file_name)s"),
    "areas.imported": N_("imported %(rows_accepted)s areas from %(file_name)s"),
    "sites.imported": N_("imported %(rows_accepted)s sites from %(file_name)s"),
    "sites.exported": N_("wrote %(rows)s sites to %(file_name)s"),
    "visits.exported": N_("wrote %(rows)s visits to %(file_name)s"),
    "findings.exported": N_("wrote %(rows)s findings to %(file_name)s"),
    "cases.exported": N_("wrote %(rows)s cases to %(file_name)s"),
    "county.exported": N_("wrote sites, visits, findings and cases, %(rows)s rows, to %(file_name)s"),
    "import.applied": N_("applied the import of %(file_name)s"),
    "import.undone": N_("undid the import of %(file_name)s: %(reason)s"),
    "county.made": N_("made the demo county"),
}
# What is worth knowing, but moved nothing.
QUIET = frozenset({"operator.shown", "visit.restricted_shown", "visit.superseded", "officer.session_ended"})
FIELDS: dict[str, str] = {
    "name": N_("name"),
    "full_name": N_("full name"),
    "role": N_("role"),
    "body": N_("body"),
    "areas": N_("areas"),
    "kinds": N_("kinds"),
    "read_only": N_("read only"),
    "short_name": N_("short name"),
    "type": N_("type"),
    "area_code": N_("area"),
    "ended_on": N_("last day"),
    "subtype": N_("subtype"),
    "township_code": N_("township"),
    "township_reason": N_("reason for the township"),
    "village_code": N_("village"),
    "village_group": N_("group"),
    "lon": N_("position"),
    "lat": N_("position"),
    "geometry": N_("position"),
    "loc_method": N_("how it was located"),
    "loc_accuracy_m": N_("accuracy"),
    "area_m2": N_("measured area"),
    "length_m": N_("measured length"),
    "area_reported_mu": N_("reported area"),
    "operator": N_("operator"),
    "operator_type": N_("type of operator"),
    "body_id": N_("lead body"),
    "source": N_("source"),
    "source_ref": N_("number at the source"),
    "remark": N_("remark"),
    "attrs": N_("facts of this kind"),
}


def sentences(entries: Iterable[Entry]) -> list[Sentence]:
    """Say each entry, in the order given."""
    return [_sentence(entry) for entry in entries]


def _sentence(entry: Entry) -> Sentence:
    template = TEMPLATES.get(entry.action)
    text = gettext(template) % _Words(ledger.facts_of(entry)) if template else _unknown(entry.action)
    actor = gettext("Xuntu") if entry.role == "system" else entry.actor_name
    return Sentence(entry.at, text, actor, entry.action, entry.action not in QUIET)


def _unknown(action: str) -> str:
    """Say an action of a newer version by its own words."""
    return gettext("noted “%(action)s”", action=action.replace(".", ": ").replace("_", " "))


class _Words(dict[str, str]):
    """Facts as words, made when a template asks for them; what an entry does not hold is a dash."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.facts = facts

    def __missing__(self, name: str) -> str:
        if name in _SAID:
            return str(_SAID[name](self.facts))
        words = self.facts.get(name)
        return str(words) if words not in (None, "") else "—"


def _requirement(facts: Facts) -> str:
    return requirement_label(str(facts.get("code", "")))


def requirement_label(code: str) -> str:
    """Say what a requirement asks in the reader's language; its code where it is not in the list."""
    rule = requirements().get(code)
    return rule.label(language()) if rule else code


def _change(facts: Facts) -> str:
    parts = []
    moved = facts.get("severity")
    if isinstance(moved, Mapping):
        grade = {end: terms.label("severity", moved.get(end), language()) for end in ("from", "to")}
        parts.append(
            gettext("severity from %(before)s to %(after)s", before=grade["from"], after=grade["to"])
        )
    if facts.get("proposal_withdrawn"):
        parts.append(gettext("the proposal “unfounded” is withdrawn"))
    return "".join(gettext("; %(part)s", part=part) for part in parts)


def _outcome(facts: Facts) -> str:
    found = facts.get("findings") or facts.get("codes")
    if found:
        said = _listed(requirement_label(code) for code in found)
    elif facts.get("nothing_found"):
        said = gettext("nothing found")
    else:
        said = terms.label("visit_result", facts.get("result"), language())
    photos = len(facts.get("photos") or ())
    more = ngettext("%(num)d photo", "%(num)d photos", photos) if photos else ""
    return gettext("%(outcome)s, %(more)s", outcome=said, more=more) if more else said


def _fields(facts: Facts) -> str:
    changed = facts.get("after") or facts.get("changed") or {}
    return _listed(dict.fromkeys(gettext(FIELDS[name]) if name in FIELDS else str(name) for name in changed))


def _listed(words: Iterable[str]) -> str:
    return gettext(", ").join(words)


def _label(list_name: str, fact: str) -> Callable[[Facts], str]:
    return lambda facts: terms.label(list_name, facts.get(fact), language())


def _numbered(facts: Facts) -> str:
    return f" {facts['number']}" if facts.get("number") else ""


_SAID: dict[str, Callable[[Facts], Any]] = {
    "code": _requirement,
    "change": _change,
    "numbered": _numbered,
    "outcome": _outcome,
    "fields": _fields,
    "role": _label("role", "role"),
    "level": _label("listing", "level"),
    "layer": _label("layer_kind", "kind"),
    "suspend_reason": _label("suspend_reason", "reason"),
}
