"""The demo county's bodies and officers. Six accounts sign in; the others only stand in the history."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from argon2 import PasswordHasher

from inspections.demo import names
from inspections.terms import Kind, Role

ACCOUNTS = [(role.value, f"demo-{role.value}") for role in Role]
_NO_PASSWORD = "!"  # noqa: S105 (no password has this hash)


@dataclass(frozen=True)
class People:
    """Rows to insert, and who does what in the history."""

    bodies: list[dict[str, Any]]
    officers: list[dict[str, Any]]
    areas: list[dict[str, Any]]
    kinds: list[dict[str, Any]]
    inspectors: list[dict[str, Any]]  # one a township, by township number
    clerks: list[dict[str, Any]]  # one a township
    departments: dict[str, dict[str, Any]]  # by kind
    supervisors: list[dict[str, Any]]  # two: who closes is not who verified
    township_bodies: list[dict[str, Any]]
    leads: dict[str, dict[str, Any]]  # the body that leads sites of a kind, or of one of its subtypes


def make_people(rng: Random, townships_by_number: list[tuple[str, str]], home: int, at: datetime) -> People:
    """Bodies and officers of townships given as code and name; the accounts work in township `home`."""
    maker = _Maker(rng, at)
    departments = {name: maker.body(name, short, kind) for name, short, kind in names.DEPARTMENTS}
    townships = [
        maker.body(
            f"{name}{'办事处' if name.endswith('街道') else '人民政府'}", name, "township", area_code=code
        )
        for code, name in townships_by_number
    ]
    office = list(departments.values())
    ecology, farming, land, forestry, water = office[2:7]
    inspectors, clerks = [], []
    for number, ((code, _), body) in enumerate(zip(townships_by_number, townships, strict=True)):
        for role, found in ((Role.INSPECTOR, inspectors), (Role.TOWNSHIP, clerks)):
            name = role.value if number == home else f"{role.value}-{code[6:9]}"
            found.append(maker.officer(name, role, body, areas=[code]))
    department = maker.officer("department", Role.DEPARTMENT, ecology, kinds=[Kind.STRAW, Kind.POND])
    supervisors = [maker.officer("supervisor", Role.SUPERVISOR, office[0])]
    supervisors.append(maker.officer("supervisor-2", Role.SUPERVISOR, office[0]))
    maker.officer("leader", Role.LEADER, office[1])
    maker.officer("admin", Role.ADMIN, office[1])
    return People(
        bodies=maker.bodies,
        officers=maker.officers,
        areas=maker.areas,
        kinds=maker.kinds,
        inspectors=inspectors,
        clerks=clerks,
        departments={
            Kind.STRAW: department,
            Kind.POND: department,
            Kind.GREENHOUSE: maker.officer("department-land", Role.DEPARTMENT, land, kinds=[Kind.GREENHOUSE]),
            Kind.AFFORESTATION: maker.officer(
                "department-forest", Role.DEPARTMENT, forestry, kinds=[Kind.AFFORESTATION]
            ),
        },
        supervisors=supervisors,
        township_bodies=townships,
        leads={
            Kind.STRAW: farming,
            Kind.POND: ecology,
            "ditch": water,
            "reservoir": water,
            Kind.GREENHOUSE: land,
            Kind.AFFORESTATION: forestry,
        },
    )


class _Maker:
    def __init__(self, rng: Random, at: datetime) -> None:
        self.rng, self.at = rng, at
        self.bodies: list[dict[str, Any]] = []
        self.officers: list[dict[str, Any]] = []
        self.areas: list[dict[str, Any]] = []
        self.kinds: list[dict[str, Any]] = []
        self.passwords = dict(ACCOUNTS)

    def body(self, name: str, short_name: str, kind: str, area_code: str | None = None) -> dict[str, Any]:
        row = {
            "id": uuid.UUID(int=self.rng.getrandbits(128), version=4),
            "name": name,
            "short_name": short_name,
            "type": kind,
            "area_code": area_code,
            "active": True,
            "created_at": self.at,
            "row_version": 1,
        }
        self.bodies.append(row)
        return row

    def officer(
        self,
        name: str,
        role: Role,
        body: dict[str, Any],
        areas: list[str] | None = None,
        kinds: list[Kind] | None = None,
    ) -> dict[str, Any]:
        row = {
            "id": uuid.UUID(int=self.rng.getrandbits(128), version=4),
            "name": name,
            "full_name": names.person(self.rng),
            "password_hash": self._hash(name),
            "role": role,
            "body_id": body["id"],
            "read_only": False,
            "active": True,
            "is_demo": True,
            "lang": "",
            "created_at": self.at,
            "row_version": 1,
        }
        self.officers.append(row)
        self.areas += [{"officer_id": row["id"], "area_code": code} for code in areas or ()]
        self.kinds += [{"officer_id": row["id"], "kind": kind} for kind in kinds or ()]
        return row

    def _hash(self, name: str) -> str:
        if name not in self.passwords:
            return _NO_PASSWORD
        return PasswordHasher().hash(self.passwords[name], salt=self.rng.randbytes(16))
