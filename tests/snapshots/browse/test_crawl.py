"""Every link of our own pages, followed; and what every page has to be, whatever stands on it."""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from urllib.parse import quote

import pytest

from scraper.names.families import family_of
from scraper.names.vocabulary import default_vocabulary
from snapshots.browse.app import addresses
from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.routes import ROUTES
from snapshots.browse.pictures.picture import PICTURES
from tests.harness.browse_server import Answer, crawl, serving
from tests.simulation.play import import_edition
from tests.simulation.story import Story

EVERYWHERE = ("/organisations/", "/agreements/", "/datasets/", "/runs/", "/snapshots/")
"""What is reached from the front page, every one of it."""
SAFE = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")
LONGEST_DESCRIPTION = 400


def faults(answer: Answer):
    """Yield what is wrong with an answer, in a few words each."""
    yield from (f"no header {name}" for name in SAFE if name not in answer.headers)
    if answer.headers["content-type"].startswith("text/html") and not answer.address.startswith(("/register", "/-/")):
        yield from faults_of_page(answer.tree)


def faults_of_page(tree):
    """Yield what is wrong with one of our pages."""
    if tree.get("lang") != "en-GB":
        yield "no language"
    yield from faults_of_head(tree)
    yield from faults_of_headings(tree)
    yield from faults_of_names(tree)
    yield from faults_of_links(tree)
    for what in ("//script[not(@src)]", "//script/text()", "//style", "//iframe", "//object", "//@style"):
        yield from (f"{what} in the page" for _ in tree.xpath(what))
    yield from (f"{name}: {tag.tag}" for tag in tree.iter("*") for name in tag.keys() if name.startswith("on"))  # noqa: SIM118
    yield from (f"from elsewhere: {address}" for address in tree.xpath(LOADED) if not address.startswith("/"))
    # The manual quotes what a program writes, as code.
    printed = "//main//text()[not(ancestor::code[ancestor::div[@class='text manual']])]"
    said = {str(text).strip() for text in tree.xpath(printed)}
    yield from (f"says {word}" for word in ("None", "Undefined", "[]", "{}") if word in said)


LOADED = "//img/@src | //source/@src | //script/@src | //link[@rel='stylesheet' or @rel='icon' or @rel='preload']/@href"
"""What a browser loads by itself."""


def faults_of_head(tree):
    (title,) = tree.xpath("//head/title/text()")
    if not re.fullmatch(r"\S.*\S: registerwatch", title):
        yield f"title: {title}"
    for what in ("@name='description'", "@property='og:description'", "@property='og:title'"):
        told = tree.xpath(f"//head/meta[{what}]/@content")
        if len(told) != 1 or not told[0].strip() or len(told[0]) > LONGEST_DESCRIPTION:
            yield f"{what}: {told}"[:200]


def faults_of_headings(tree):
    if (n := len(tree.xpath("//h1"))) != 1:
        yield f"{n} headings of the first level"
    # The aside stands beside the news, and begins anew.
    aside = tree.xpath("//aside//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5]")
    news = tree.xpath("//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5][not(ancestor::aside)]")
    for tags in (news, aside):
        before = 1
        for tag in tags:
            level = int(tag.tag[1])
            if level > before + 1:
                yield f"{tag.tag} after h{before}: {tag.text_content()[:40]}"
            before = level


def faults_of_names(tree):
    ids = Counter(tree.xpath("//@id"))
    yield from (f"id {one} is there {n} times" for one, n in ids.items() if n > 1)
    yield from (f"label for nothing: {one}" for one in tree.xpath("//label/@for") if one not in ids)
    for names in tree.xpath("//@aria-labelledby | //@aria-describedby"):
        yield from (f"named by nothing: {one}" for one in names.split() if one not in ids)


def faults_of_links(tree):
    for link in tree.iter("a"):
        address = link.get("href", "")
        if not address:
            yield f"a link to nowhere: {link.text_content()[:60]}"
        if not link.text_content().strip() and not link.get("aria-label"):
            yield f"a link without words: {address}"
        if not address.startswith(("/", "?", "#", "http://", "https://")):
            yield f"a link of another kind: {address[:60]}"


def due(register):
    """Return the addresses of everything that has a page of its own."""
    with closing(sqlite3.connect(register)) as db:
        for sql, form in (
            ("select slug from pages where first_seen is not null", "/organisations/{}"),
            ("select distinct reference from agreements", "/agreements/{}"),
            ("select id from changes", "/changes/{}"),
            ("select id from runs where state = 'committed'", "/runs/{}"),
            ("select distinct body from snapshots", "/snapshots/{}"),
            ("select distinct basis from agreement_legal_bases", "/legal-bases/{}"),
        ):
            yield from (form.format(quote(str(one), safe="")) for (one,) in db.execute(sql))
        names = [name for (name,) in db.execute("select distinct dataset from agreement_datasets")]
        newest = {default_vocabulary().dataset_canonical(name) for name in names}
        yield from sorted(map(addresses.dataset, newest))
        yield from sorted({addresses.dataset(family.id) for family in map(family_of, newest) if family})


def checked(register, public, most_alike):
    """Follow every link; of the pages of one kind, read so many."""
    with serving(register, public=public) as served:
        found = crawl(served, most_alike=most_alike, faults=faults)

    assert found.broken[:10] == []
    assert found.wrong[:10] == []
    # What was passed by is a page of the same kind, of something that is there.
    # A picture is one, whatever it is asked of.
    pictures = (f"/pictures/{one.name}.{ending}" for one in PICTURES for ending in ("svg", "csv"))
    exist = {*due(register), *found.pages, *pictures}
    assert [one for one in found.passed_by if re.sub(r"\.\w+$|\?.*", "", one) not in exist] == []
    return found


def test_every_link_leads_somewhere_and_every_page_is_sound(register):
    found = checked(register, False, 100)

    assert {f"/{DATABASE}"} | {route.address for route in ROUTES if route.navigation} <= found.pages.keys()
    linked = {re.sub(r"[?].*", "", one) for one in (*found.pages, *found.passed_by)}
    assert [one for one in due(register) if one not in linked and one.startswith(EVERYWHERE)] == []


def test_in_public_every_link_leads_somewhere_too(register):
    found = checked(register, True, 40)

    assert not [one for one in found.pages if one.startswith("/snapshots/")]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("public", [False, True])
def test_every_page_of_every_kind_is_sound(register, public):
    assert checked(register, public, None).passed_by == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_link_of_seven_hundred_organisations(tmp_path):
    story = Story("seven hundred", 700)
    database = tmp_path / "register.db"
    assert import_edition(story.turn(), database, tmp_path) == []
    assert import_edition(story.turn(edit_count=400, wide=3), database, tmp_path) == []
    with serving(database) as served:
        found = crawl(served, most=200_000, faults=faults)

    assert found.broken[:10] == []
    assert found.wrong[:10] == []
    assert len(found.pages) > 3_000
