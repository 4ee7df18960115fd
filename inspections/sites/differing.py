"""The sites of one page of the list of differences, each with what an officer needs to decide on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inspections.areas.candidates import list_candidates
from inspections.areas.comparing import Difference, read_choices
from inspections.areas.differences import DifferencePage
from inspections.models import Site
from inspections.permissions import Actor, may
from inspections.sites.moving import may_move


@dataclass(frozen=True)
class DifferingSite:
    """A site of the list; `candidates` are the townships that this officer may move it to."""

    one: Difference
    site: Site
    chosen_at: datetime  # when somebody last said where it belongs
    candidates: Sequence[str]
    others: bool  # there are candidates outside the officer's scope


def read_differing(session: Session, page: DifferencePage, by: Actor) -> list[DifferingSite]:
    """Read the sites of a page, in its order."""
    pks = [one.pk for one in page.items]
    sites = {site.pk: site for site in session.scalars(select(Site).where(Site.pk.in_(pks)))}
    found = [(one, sites[one.pk]) for one in page.items]
    candidates = list_candidates(session, found, page.boundaries)
    choices = read_choices(session, [one.site_id for one in page.items])
    return [
        _differing(one, site, choices[site.id].at if site.id in choices else None, candidates[one.pk], by)
        for one, site in found
    ]


def _differing(
    one: Difference, site: Site, chosen_at: datetime | None, candidates: Sequence[str], by: Actor
) -> DifferingSite:
    own = [code for code in candidates if may(by, "site.place", site) and may_move(by, one, code)]
    return DifferingSite(one, site, chosen_at or site.created_at, own, len(own) < len(candidates))
