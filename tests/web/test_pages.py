"""Every page, for every persona, in both languages, over an empty, a small and the demo county."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from xml.etree.ElementTree import Element

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from html5lib.html5parser import ParseError
from sqlalchemy import select

from app import create_app
from inspections import demo
from inspections.models import Area, Body, Case, Evidence, Finding, Layer, Officer, Operator, Site, Visit
from inspections.permissions import actor_of, site_filter
from inspections.settings import Settings
from inspections.store import Store
from inspections.terms import AreaLevel, Kind, VisitState
from tests.factories import NOW, PASSWORD
from tests.pages import MOST_QUERIES, check_page, counted_queries, get_page, text_of
from tests.test_translations import CATALOGUE
from tests.web.conftest import COMPILED, PERSONAS, SETTINGS, build, csrf_of
from tests.web.world import a_world

# What is answered to a GET and is no page.
NO_PAGES = {
    "evidence.show_kept",
    "evidence.show_original",
    "evidence.show_thumb",
    "evidence.show_view",
    "maps.show_script",
    "signing.show_start",
    "signing.show_sign_in",
    "statics.show_health",
    "statics.show_static",
    "tiles.show_tile",
}
# The same pages, asked for something: forms by kind for everybody, filtered lists for the supervisor.
KINDS = {"/sites/new": tuple(f"?kind={kind.value}" for kind in Kind)}
ASKED = {
    "/sites": ("?q=P-9901&sort=name", "?kind=pond&state=overdue&visited=never", "?page=2", "?status=all"),
    "/visits": ("?officer=mine", "?result=finding&flagged=yes&versions=all", "?page=2"),
    "/cases": ("?state=", "?sort=severity&stage=suspected", "?page=2"),
    "/map": ("?kind=pond&state=overdue",),
    "/areas": ("?on=2019-01-01", "?q=9901", "?q=nowhere&on=2024-02-29"),
    "/areas/differences": ("?kept=yes", "?why=line&kind=pond", "?township=990101100000&page=2"),
}
LANGUAGES = {"zh_CN": "zh-CN", "en": "en"}
ENGLISH = re.compile(r"(?:[A-Za-z][a-z]+[ ,;:’'-]+){2,}[A-Za-z][a-z]+")
CHINESE = re.compile(r"[\u3400-\u9fff]+")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
SAID = ("aria-label", "title", "alt", "placeholder")


@dataclass
class County:
    """An app over a county, and the words of it that are data."""

    app: Flask
    store: Store
    names: list[str]

    def client(self, who: str, lang: str) -> FlaskClient:
        """Sign a persona in, with a language chosen."""
        client = self.app.test_client()
        token = csrf_of(client, "/sign-in")
        client.post("/language", data={"lang": lang, "csrf_token": token})
        with self.store.read() as session:
            is_demo = session.scalars(select(Officer.is_demo).where(Officer.name == who)).one()
        password = f"demo-{who}" if is_demo else PASSWORD
        answer = client.post("/sign-in", data={"name": who, "password": password, "csrf_token": token})
        assert answer.status_code == 303
        return client


@pytest.fixture(scope="module")
def demo_county(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    folder = tmp_path_factory.mktemp("demo")
    copyfile(_migrated_sqlite, folder / "xuntu.sqlite3")
    store = Store(f"sqlite:///{folder / 'xuntu.sqlite3'}")
    yield _demo(store, folder)
    store.close()


@pytest.fixture
def small_county(store: Store, tmp_path: Path) -> County:
    """The world of the routes' test, on both databases."""
    app = build(store, tmp_path, NOW)
    with store.write() as session:
        a_world(session, tmp_path / "data" / "evidence")
    return County(app, store, _names(store))


@pytest.fixture
def bare_county(sqlite_store: Store, tmp_path: Path) -> County:
    """Townships and officers, and nothing else yet."""
    return County(build(sqlite_store, tmp_path, NOW), sqlite_store, _names(sqlite_store))


def _demo(store: Store, folder: Path) -> County:
    settings = Settings(data=folder, secret_key=SETTINGS.secret_key, url=SETTINGS.url)
    demo.build(store, settings, sites=300, photos=30, until=NOW)
    app = create_app(settings, store)
    app.jinja_env.bytecode_cache = COMPILED
    app.extensions["xuntu.clock"] = lambda: NOW
    return County(app, store, _names(store))


def _names(store: Store) -> list[str]:
    """The words of a county that exist in Chinese only, the longest first."""
    columns = (Area.name, Body.name, Body.short_name, Site.name, Site.remark, Site.village_group)
    columns += (Area.source, Layer.source)
    columns += (Officer.full_name, Operator.name, Visit.review_note, Evidence.caption)
    columns += (Case.title, Case.description, Case.measures)
    with store.read() as session:
        words = {word for column in columns for word in session.scalars(select(column).distinct()) if word}
        words |= {name[:1] for name in session.scalars(select(Officer.full_name))}  # as in the bar
        words |= {f"{name[:1]}*" for name in session.scalars(select(Operator.name))}  # as masked
    return sorted(words, key=len, reverse=True)


def paths_of(county: County, who: str) -> list[str]:
    """The addresses of all pages, with something in the persona's scope behind each."""
    ids = _ids_in_scope(county, who)
    adapter = county.app.url_map.bind("localhost")
    rules = [rule for rule in county.app.url_map.iter_rules() if "GET" in rule.methods]
    pages = [
        adapter.build(rule.endpoint, {name: ids[name] for name in rule.arguments}).removeprefix(
            "http://localhost"
        )
        for rule in rules
        if rule.endpoint not in NO_PAGES
        and not rule.rule.startswith("/api/")
        and all(ids.get(name) for name in rule.arguments)
    ]
    asked = KINDS | (ASKED if who == "supervisor" else {})
    return sorted(pages) + [page + query for page in pages for query in asked.get(page, ())]


def _ids_in_scope(county: County, who: str) -> dict[str, object]:
    with county.store.read() as session:
        officer = session.scalars(select(Officer).where(Officer.name == who)).one()
        own = site_filter(actor_of(officer))
        case = session.scalars(
            select(Case).join(Site, Case.site_id == Site.id).where(own).order_by(Case.number)
        ).first()
        visits = select(Visit).join(Site, Visit.site_id == Site.id).where(own)
        found = session.scalars(
            visits.join(Finding, Finding.visit_id == Visit.id).order_by(Visit.saved_at.desc())
        ).first()
        mine = session.scalars(
            visits.where(Visit.officer_id == officer.id, Visit.state == VisitState.SUBMITTED)
        ).first()
        site = session.scalars(select(Site).where(own, Site.status == "active")).first()
        return {
            "site_id": case.site_id if case else site and site.id,
            "case_id": case and case.id,
            "visit_id": (mine or found) and (mine or found).id,
            "officer_id": officer.id,
            "code": session.scalars(select(Area.code).where(Area.level == AreaLevel.TOWNSHIP)).first(),
            "body_id": session.scalars(select(Body.id)).first(),
        }


def find_page(county: County, client: FlaskClient, path: str) -> Element | None:
    """Check a page as `get_page` does; None where the routes' table has none for this persona."""
    with counted_queries(county.store) as queries:
        answer = client.get(path)
    if answer.status_code in (302, 303, 403, 404, 409):
        return None
    assert answer.status_code == 200, answer.status_code
    assert len(queries) <= MOST_QUERIES, f"{len(queries)} queries"
    return check_page(answer)


def check_heading(tree: Element) -> None:
    title = text_of(next(tree.iter("title"))).split(" · ")[0]
    heading = text_of(next(tree.iter("h1")))
    assert heading.startswith(title), f"the title is {title!r}, the h1 {heading!r}"


def said(tree: Element) -> Iterator[str]:
    """Every text a person reads or hears on a page, but the names of languages and what is code."""
    if tree.tag in ("script", "code", "pre") or not isinstance(tree.tag, str):
        return
    for text in (tree.text, *(tree.get(name) for name in SAID)):
        if text and text.strip():
            yield " ".join(text.split())
    for child in tree:
        if child.get("lang") is None:
            yield from said(child)
        if child.tail and child.tail.strip():
            yield " ".join(child.tail.split())


@pytest.fixture(scope="module")
def sources() -> set[str]:
    """The English sentences of the catalogue that say something else in Chinese."""
    with CATALOGUE.open("rb") as file:
        rows = [message for message in read_po(file, "zh_CN") if message.id]
    return {row.id for row in rows if isinstance(row.id, str) and row.id != row.string}


def english_left(tree: Element, sources: set[str]) -> list[str]:
    return [text for text in said(tree) if text in sources or ENGLISH.search(text)]


def chinese_left(tree: Element, names: list[str]) -> list[str]:
    left = []
    for text in said(tree):
        rest = text
        for name in names:
            rest = rest.replace(name, "")
        if CHINESE.search(rest):
            left.append(text)
    return left


def check_all(county: County, who: str, lang: str, sources: set[str]) -> int:
    """Look at every page a persona has; returns how many there were."""
    client, wrong, count = county.client(who, lang), [], 0
    for path in ("/map", "/areas"):
        client.get(path)  # reads the outlines and compares the sites, which stay in memory
    for path in paths_of(county, who):
        try:
            tree = find_page(county, client, path)
            if tree is None:
                continue
            count += 1
            check_heading(tree)
            assert tree.get("lang") == LANGUAGES[lang]
            left = chinese_left(tree, county.names) if lang == "en" else english_left(tree, sources)
            assert not left, left
        except (AssertionError, ParseError) as error:
            wrong.append(f"{path}: {error}")
    assert not wrong, "\n".join(wrong)
    return count


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("who", PERSONAS)
def test_each_page_of_the_demo_county_is_sound_and_in_one_language(demo_county, sources, who, lang):
    assert check_all(demo_county, who, lang, sources) >= 10


@pytest.mark.parametrize("who", ["inspector", "supervisor", "admin"])
def test_each_page_of_a_small_county_is_sound(small_county, sources, who):
    assert check_all(small_county, who, "zh_CN", sources) >= 10


@pytest.mark.parametrize("who", PERSONAS)
def test_each_page_stands_without_any_sites(bare_county, sources, who):
    for lang in LANGUAGES:
        assert check_all(bare_county, who, lang, sources) >= 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_a_stranger_sees_are_sound(sqlite_app, sources, lang):
    client = sqlite_app.test_client()
    client.post("/language", data={"lang": lang, "csrf_token": csrf_of(client, "/sign-in")})
    tree = get_page(client, "/sign-in")
    check_heading(tree)
    assert not (chinese_left(tree, []) if lang == "en" else english_left(tree, sources))


@pytest.mark.parametrize("who", ["inspector", "supervisor", "admin"])
def test_every_link_leads_somewhere(demo_county, who):
    client, found, dead = demo_county.client(who, "zh_CN"), {}, []
    for path in paths_of(demo_county, who):
        answer = client.get(path)
        if answer.status_code == 200:
            for link in check_page(answer).iter("a"):
                href = (link.get("href") or "").partition("#")[0]
                found.setdefault(_ID.sub("<id>", href), (path, href))
    assert len(found) > 10
    for path, href in found.values():
        if href.startswith("/") and client.get(href, buffered=True).status_code not in (200, 302, 303):
            dead.append(f"{path}: {href}")
    assert not dead, "\n".join(dead)
