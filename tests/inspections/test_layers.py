"""Layers for reference: one in use of each kind, the one before it kept, each step in the ledger."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from inspections import ledger
from inspections.errors import NotAllowed, NotFound
from inspections.layers import (
    LayerMoved,
    find_current,
    get_layer,
    list_current,
    list_kinds,
    put_back,
    take_away,
)
from inspections.models import Layer, LayerFeature, LedgerEntry
from inspections.permissions import SYSTEM, actor_of
from inspections.store import Doubled
from inspections.terms import LayerKind, LayerStanding, Role
from tests.factories import NOW, an_officer
from tests.layers import a_layer

FARMLAND, RIVERS = LayerKind.BASIC_FARMLAND, LayerKind.RIVERS


def standings(session) -> dict[str, str]:
    """Where each layer stands, by its source."""
    return {layer.source: layer.standing.value for layer in session.scalars(select(Layer))}


def test_a_county_without_layers_lists_every_kind_empty(store):
    with store.read() as session:
        kinds = list_kinds(session)
        assert [one.kind for one in kinds] == list(LayerKind)
        assert all(one.current is None and one.former is None for one in kinds)
        assert (find_current(session, RIVERS), list_current(session)) == (None, [])


def test_a_newer_layer_takes_the_place_of_the_one_before_which_is_kept(store):
    with store.write() as session:
        a_layer(session, FARMLAND, source="旧")
        a_layer(session, RIVERS, source="河")
        a_layer(session, FARMLAND, source="新")
        assert standings(session) == {"旧": "former", "河": "current", "新": "current"}
        of_kind = next(one for one in list_kinds(session) if one.kind is FARMLAND)
        assert (of_kind.current.source, of_kind.former.source) == ("新", "旧")


def test_of_three_only_the_last_two_are_kept_with_their_features(store):
    with store.write() as session:
        for source in ("一", "二", "三"):
            a_layer(session, FARMLAND, source=source)
        assert standings(session) == {"二": "former", "三": "current"}
        assert session.scalar(select(func.count()).select_from(LayerFeature)) == 2


def test_the_former_layer_is_put_back_and_that_can_be_taken_back(store):
    with store.write() as session:
        old = a_layer(session, FARMLAND, source="旧")
        new = a_layer(session, FARMLAND, source="新")
        put_back(session, old, by=SYSTEM, now=NOW)
        assert standings(session) == {"旧": "current", "新": "former"}
        put_back(session, new, by=SYSTEM, now=NOW)
        assert standings(session) == {"旧": "former", "新": "current"}


def test_a_layer_taken_away_is_known_no_more_until_it_is_put_back(store):
    with store.write() as session:
        layer = a_layer(session, FARMLAND)
        take_away(session, layer, by=SYSTEM, now=NOW)
        assert find_current(session, FARMLAND) is None
        put_back(session, layer, by=SYSTEM, now=NOW)
        assert find_current(session, FARMLAND) is layer


def test_a_newer_layer_after_one_was_taken_away_leaves_that_to_be_put_back(store):
    with store.write() as session:
        old = a_layer(session, FARMLAND, source="旧")
        take_away(session, old, by=SYSTEM, now=NOW)
        a_layer(session, FARMLAND, source="新")
        assert standings(session) == {"旧": "former", "新": "current"}


def test_a_step_from_a_stale_page_says_that_the_layer_moved(store):
    with store.write() as session:
        layer = a_layer(session, FARMLAND)
        with pytest.raises(LayerMoved):
            put_back(session, layer, by=SYSTEM, now=NOW)
        take_away(session, layer, by=SYSTEM, now=NOW)
        with pytest.raises(LayerMoved):
            take_away(session, layer, by=SYSTEM, now=NOW)


def test_a_layer_that_is_gone_is_not_found(store):
    with store.write() as session:
        first = a_layer(session, FARMLAND).id
        a_layer(session, FARMLAND)
        a_layer(session, FARMLAND)
        with pytest.raises(NotFound):
            get_layer(session, first)


def test_two_layers_of_a_kind_are_never_in_use_together(store):
    with store.write() as session:
        a_layer(session, FARMLAND)
    second = Layer(kind=FARMLAND, standing=LayerStanding.CURRENT, imported_at=NOW)
    with pytest.raises(Doubled), store.write() as session:
        session.add(second)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.SUPERVISOR, Role.ADMIN)])
def test_only_supervisors_and_administrators_change_layers(store, role):
    with store.write() as session:
        officer = actor_of(an_officer(session, role))
        layer = a_layer(session, FARMLAND)
        for step in (put_back, take_away):
            with pytest.raises(NotAllowed):
                step(session, layer, by=officer, now=NOW)
        with pytest.raises(NotAllowed):
            a_layer(session, RIVERS, by=officer)


def test_every_step_has_its_entry_in_the_ledger(store):
    with store.write() as session:
        admin = actor_of(an_officer(session, Role.ADMIN))
        old = a_layer(session, FARMLAND, by=admin, source="旧")
        new = a_layer(session, FARMLAND, by=admin, source="新")
        put_back(session, old, by=admin, now=NOW)
        take_away(session, old, by=admin, now=NOW)
        entries = list(session.scalars(select(LedgerEntry).order_by(LedgerEntry.number)))
        told = [(entry.action, entry.subject_id, ledger.facts_of(entry).get("replaces")) for entry in entries]
        assert told == [
            ("layer.imported", str(old.id), None),
            ("layer.imported", str(new.id), str(old.id)),
            ("layer.put_back", str(old.id), str(new.id)),
            ("layer.taken_away", str(old.id), None),
        ]
        assert {entry.actor_id for entry in entries} == {admin.id}
        facts = ledger.facts_of(entries[0])
        assert (facts["kind"], facts["source"], facts["dated"]) == ("basic_farmland", "旧", "2025-12-31")
        ledger.verify(session)
