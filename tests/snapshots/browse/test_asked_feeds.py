"""Feeds of whatever is asked for, over HTTP: what stands in them, that they are valid, who is not sent them again."""

import contextlib
import json
import os
import sqlite3
import urllib.robotparser
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote_plus

import feedparser
import pytest
from lxml import etree

from snapshots.browse.app.request import PageRequest, QueryWords, SiteSettings, reading
from snapshots.browse.page.feeds import ROUTES
from tests.harness.browse_server import copy_of, serving
from tests.harness.editions import Watch

ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parents[2] / "notify/feeds/data/atom.rng"))
FORMATS = ("atom", "rss", "feed.json")
HISTORY = "https://history.example"


@pytest.fixture(scope="module")
def published(register):
    with serving(register, public=True, base_url=f"{HISTORY}/") as served:
        yield served


@pytest.fixture(scope="module")
def files(register, tmp_path_factory):
    """The feeds as files, of the same history."""
    watch = Watch(register.parent)
    watch.database = register
    folder = tmp_path_factory.mktemp("feeds")
    assert watch.run("feeds", folder).exit_code == 0
    return folder


def asked(database, sql, **values):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute(sql, values).fetchall()


def json_items(body):
    return json.loads(body)["items"]


def ids(served, query):
    """Return the ids of the changes in a feed, which every format has in the same order."""
    atom, rss = (feedparser.parse(served.page(f"/changes.{ending}?{query}").body) for ending in ("atom", "rss"))
    items = json_items(served.page(f"/changes.feed.json?{query}").body)
    assert not atom.bozo
    assert not rss.bozo
    assert [entry.id for entry in atom.entries] == [entry.id for entry in rss.entries] == [one["id"] for one in items]
    return [one["id"].rpartition("/")[2] for one in items]


def listed(served, query):
    return [one["id"] for one in json.loads(served.page(f"/changes.json?{query}").body)]


# --- what stands in them ----------------------------------------------------------------------------------------------


def followed(register):
    """Return (a filter, the file that has the same), of organisations, families and datasets with many changes."""
    slugs = asked(register, "select page from changes where page is not null group by page order by count(*) desc")
    member = asked(register, "select page from changes where member_of is not null and page is not null limit 1")
    sets = asked(
        register, "select dataset from agreement_datasets group by folded order by count(*) desc, dataset limit 3"
    )
    yield "", "everything"
    for (slug,) in [*slugs[:4], *member]:
        yield f"organisation={slug}", f"organisations/{slug}"
    for family in ("hes", "covid-19"):
        yield f"dataset={family}", f"families/{family}"
    for (name,) in sets:
        yield f"dataset={quote_plus(name)}", name


def test_every_entry_is_that_of_the_feed_that_is_a_file(register, served, files):
    by_title = {
        json.loads(path.read_bytes())["title"].partition(": ")[0]: path for path in (files / "datasets").glob("*.json")
    }
    compared = 0
    for query, name in followed(register):
        file = files / f"{name}.json" if (files / f"{name}.json").exists() else by_title.get(name)
        if file is None:  # known by a newer name
            continue
        static, drawn = json_items(file.read_bytes()), json_items(served.page(f"/changes.feed.json?{query}").body)
        assert drawn == static, query
        compared += len(static)
        for ending in ("atom", "rss"):
            of_file = feedparser.parse(file.with_suffix(f".{ending}").read_bytes()).entries
            assert feedparser.parse(served.page(f"/changes.{ending}?{query}").body).entries == of_file, query
    assert compared > 300


def test_a_group_names_the_agreements_of_whom_is_asked_for(register, served):
    everything = json_items(served.page("/changes.feed.json").body)
    groups = {id_ for (id_,) in asked(register, "select member_of from changes where page is not null")}
    group = next(one["id"] for one in everything if one["id"].rpartition("/")[2] in groups)
    ((slug, *_), *_) = asked(
        register,
        "select page from changes where member_of = :group and page is not null",
        group=group.rpartition("/")[2],
    )
    here = json_items(served.page(f"/changes.feed.json?organisation={slug}").body)
    found = [one for one in here if one["id"] == group]

    assert "Among them, for this feed" in found[0]["content_html"]
    assert not [one for one in everything if "Among them" in one["content_html"]]


@pytest.mark.parametrize(
    "query",
    [
        "severity=high",
        "severity=medium&kind=dsa-extended&kind=dataset-added",
        "words=now+prints",
        "since=2016-05&until=2016-09-01",
        "all=1&kind=wording-changed",
        "organisation=nhs&severity=low",
        "run=3",
    ],
)
def test_a_feed_has_the_newest_200_of_what_the_page_and_the_files_list(served, query):
    found = listed(served, query)

    assert found
    assert ids(served, query) == found[:200]


def test_editorial_changes_are_asked_for_by_either_name(served):
    assert listed(served, "editorial=1") == listed(served, "all=1") != listed(served, "all=0")
    assert ids(served, "editorial=1") == listed(served, "all=1")[:200]


def test_several_organisations_are_followed_by_one_feed(register, served):
    first, second = (
        slug
        for (slug,) in asked(
            register,
            "select page from changes where page is not null and substantive and member_of is null "
            "group by page order by count(*) desc limit 2",
        )
    )
    both = set(listed(served, f"organisation={first}&organisation={second}"))

    assert both == {*listed(served, f"organisation={first}"), *listed(served, f"organisation={second}")}
    assert set(ids(served, f"organisation={first}&organisation={second}")) == both
    page = served.page(f"/?organisation={first}&organisation={second}")
    assert [field["value"] for field in page.soup.select("input[name=organisation]")] == [first, second]


def test_an_agreement_is_followed_by_its_reference(register, served, files):
    watch = Watch(register.parent)
    watch.database = register
    ((reference,),) = asked(
        register,
        "select reference from changes where reference is not null and substantive and member_of is null "
        "group by reference order by count(*) desc limit 1",
    )

    assert ids(served, f"reference={reference.lower()}") == [
        change["id"] for change in watch.changes("--reference", reference)
    ]


def test_the_members_of_a_group_are_followed_by_its_id(register, served):
    ((group, number),) = asked(register, "select id, agreements from changes where is_group order by id limit 1")

    assert len(ids(served, f"group={group}&all=1")) == min(number, 200)


# --- that they say what they are --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "severity=high&kind=flag-raised", "words=now+%26+%3Cprints%3E"])
def test_a_feed_says_in_words_what_it_is_of_and_where_it_is(published, query):
    beyond = f"?{query}" if query else ""
    body = published.page(f"/changes.atom{beyond}").body
    atom = etree.fromstring(body)
    SCHEMA.assertValid(atom)
    rss = etree.fromstring(published.page(f"/changes.rss{beyond}").body)
    document = json.loads(published.page(f"/changes.feed.json{beyond}").body)
    words = {
        "": "all changes",
        "severity=high&kind=flag-raised": "changes of the kind flag raised, of high severity",
        "words=now+%26+%3Cprints%3E": "changes with the words “now & <prints>”",
    }[query]

    assert document["title"] == atom.findtext(f"{ATOM}title") == f"NHS data release register: {words}"
    own = {link.get("rel"): link.get("href") for link in atom.iterfind(f"{ATOM}link")}
    canonical = {"severity=high&kind=flag-raised": "?kind=flag-raised&severity=high"}.get(query, beyond)
    assert own == {"self": f"{HISTORY}/changes.atom{canonical}", "alternate": f"{HISTORY}/{canonical}"}
    assert rss.findtext("channel/link") == document["home_page_url"] == f"{HISTORY}/{canonical}"
    assert document["feed_url"] == f"{HISTORY}/changes.feed.json{canonical}"
    assert published.page(own["self"].removeprefix(HISTORY)).body == body


def test_entries_lead_to_the_page_of_their_change_where_pages_are_published_else_to_the_register(published, served):
    here, elsewhere = (json_items(one.page("/changes.feed.json").body) for one in (published, served))

    assert [one["id"] for one in here] == [one["id"] for one in elsewhere]
    assert [one["url"] for one in here] == [f"{HISTORY}/changes/{one['id'].rpartition('/')[2]}" for one in here]
    assert all(one["url"].startswith("https://theysolditanyway.com/") for one in elsewhere)
    assert published.page(here[0]["url"].removeprefix(HISTORY))


def test_an_id_of_a_feed_is_the_same_in_whatever_order_it_is_asked_for(served, published):
    def of(one, query):
        return etree.fromstring(one.page(f"/changes.atom?{query}").body).findtext(f"{ATOM}id")

    assert of(served, "severity=high&kind=flag-raised") == of(published, "kind=flag-raised&severity=high&words=")
    assert of(served, "") == "tag:registerwatch.invalid,2026:feed/everything"
    assert of(served, "severity=high") != of(served, "severity=medium")


@pytest.mark.parametrize(
    ("ending", "content_type"),
    [("atom", "application/atom+xml"), ("rss", "application/rss+xml"), ("feed.json", "application/feed+json")],
)
def test_a_feed_is_served_as_what_it_is(published, ending, content_type):
    answer = published.page(f"/changes.{ending}")

    assert answer.headers["content-type"] == f"{content_type}; charset=utf-8"
    assert "content-disposition" not in answer.headers
    assert answer.headers["cache-control"] == "no-cache"


def test_a_feed_without_changes_is_valid_and_was_updated_when_the_history_began(register, served):
    ((first,),) = asked(register, "select min(first_seen) from snapshots")
    atom = etree.fromstring(served.page("/changes.atom?until=2001-01").body)
    SCHEMA.assertValid(atom)

    assert atom.findtext(f"{ATOM}updated") == first
    assert atom.find(f"{ATOM}entry") is None


# --- what cannot be asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["atom", "csv"])
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("severty=high", "Changes cannot be asked for by “severty”; the nearest is severity."),
        ("colour=red", "Changes cannot be asked for by “colour”; there are organisation, dataset,"),
        ("severity=huge", "There is no severity “huge”; there are high, medium, low and info."),
        ("kind=dataset-aded", "There is no kind of change “dataset-aded”; the nearest are dataset-added"),
        ("organisation=zzzz", "No organisation is called “zzzz”"),
        ("dataset=zzzz", "No dataset is called “zzzz”"),
        ("basis=zzzz", "No legal basis is called “zzzz”"),
        ("reference=zzzz", "No agreement has the reference “zzzz”"),
        ("since=yesterday", "“yesterday” is no date"),
        ("run=three", "“three” is no number."),
        ("&".join(f"organisation=a{n}" for n in range(21)), "At most 20 of “organisation” can be asked for at once."),
    ],
)
def test_what_nobody_knows_is_refused_in_one_sentence(served, ending, query, sentence):
    answer = served.get(f"/changes.{ending}?{query}")

    assert answer.status == 400
    assert answer.soup.select_one(".stand").get_text().startswith(sentence)


# --- who has it already -----------------------------------------------------------------------------------------------


@pytest.fixture
def changing(register, tmp_path):
    database = copy_of(register, tmp_path)
    with serving(database) as served:
        yield database, served


@pytest.mark.parametrize("ending", FORMATS)
def test_who_has_a_feed_is_not_sent_it_again_until_it_is_another(changing, ending):
    database, served = changing
    address = f"/changes.{ending}?severity=high"
    first = served.page(address)
    again = served.get(address, if_none_match=first.headers["etag"])
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert served.get(address, if_none_match=f"W/{first.headers['etag']}").status == 304
    other = served.page(f"/changes.{ending}?severity=medium")
    assert other.headers["etag"] != first.headers["etag"]

    newest = listed(served, "severity=high")[0]
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("update changes set withdrawn = 1 where id = ?", (newest,))
    later = served.get(address, if_none_match=first.headers["etag"])
    assert later.status == 200
    assert later.headers["etag"] != first.headers["etag"]
    assert b"Withdrawn" in later.body


def test_nothing_is_drawn_for_who_has_it(register):
    drawn = defaultdict(int)

    def draw(_request, _found, format_):
        drawn[format_] += 1
        return b"a feed"

    site = SiteSettings(database=register, draw_feed=draw)
    (route,) = (route for route in ROUTES if route.address == "/changes.atom")
    with reading(register, site.vocabulary) as reader:
        file = route.view(PageRequest(path={}, words=QueryWords("severity=high"), reader=reader, site=site))
        assert file.state
        assert not drawn
        assert file.drawn() == b"a feed"
    assert drawn == {"atom": 1}


def test_by_its_time_alone_a_feed_is_known_too(changing):
    database, served = changing
    first = served.page("/changes.rss")
    at = parsedate_to_datetime(first.headers["last-modified"])
    before = format_datetime(at - timedelta(seconds=1), usegmt=True)

    assert at <= datetime.now(UTC)
    assert served.get("/changes.rss", if_modified_since=first.headers["last-modified"]).status == 304
    assert served.get("/changes.rss", if_modified_since=before).status == 200
    assert served.get("/changes.rss", if_modified_since="once").status == 200
    # What a reader saw counts before when.
    both = {"if_none_match": '"another"', "if_modified_since": first.headers["last-modified"]}
    assert served.get("/changes.rss", **both).status == 200
    later = at.timestamp() + 5
    os.utime(database, (later, later))
    assert served.get("/changes.rss", if_modified_since=first.headers["last-modified"]).status == 200


def test_feedparser_is_told_that_nothing_is_new(served):
    address = f"{served.url}changes.atom?severity=high"
    first = feedparser.parse(address)
    again = feedparser.parse(address, etag=first.etag, modified=first.modified)

    assert first.entries
    assert (again.status, again.entries) == (304, [])


# --- where they are found ---------------------------------------------------------------------------------------------

AGREEMENT, ORGANISATION = "select min(reference) from agreements", "select min(key) from pages"
BASIS = "select basis from agreement_legal_bases group by basis order by count(*) desc"
PAGES = [
    ("/", "", "/changes.atom"),
    ("/?severity=high&words=now", "", "/changes.atom?severity=high&words=now"),
    ("/agreements/{}", AGREEMENT, "/changes.atom?reference={}"),
    ("/organisations/{}", ORGANISATION, "/changes.atom?organisation={}"),
    ("/legal-bases/{}", BASIS, "/changes.atom?basis={}"),
    ("/compare?from=2016-03-01&to=2017-01-01&organisation={}", ORGANISATION, "/changes.atom?organisation={}"),
    ("/red-flags", "", "/changes.atom?severity=high"),
    ("/red-flags?organisation={}", ORGANISATION, "/changes.atom?organisation={}"),
    ("/search?q=nhs", "", "/changes.atom?words=nhs"),
    ("/runs/3", "", "/changes.atom"),
    ("/feeds", "", "/changes.atom"),
]


@pytest.mark.parametrize(("address", "name", "feed"), PAGES)
def test_each_page_that_shows_a_filter_has_the_feed_of_it(register, served, address, name, feed):
    if name:
        ((known, *_), *_) = asked(register, name)
        address, feed = (text.format(quote_plus(known)) for text in (address, feed))
    soup = served.page(address).soup

    named = {link["type"]: link["href"] for link in soup.find_all("link", rel="alternate")}
    assert named["application/atom+xml"] == feed
    assert set(named.values()) <= {link["href"] for link in soup.select("main a[href]")}
    assert {feedparser.parse(served.page(named[kind]).body).bozo for kind in list(named)[:2]} == {False}


def test_a_dataset_page_has_the_feed_of_its_newest_name(served):
    # Families stand first; theirs is asked for by the short name.
    *_, last = served.page("/datasets").soup.select("main td a, main th a, main li a[href^='/datasets/']")
    address = last["href"]
    soup = served.page(address).soup
    (feed, *_) = (link["href"] for link in soup.find_all("link", rel="alternate"))

    assert feed == f"/changes.atom?dataset={quote_plus(soup.h1.get_text())}"
    assert served.page(feed)


def test_who_cites_a_legal_basis_is_followed_by_it(register, served):
    (basis, *_), *_ = asked(register, BASIS)
    rows = asked(register, "select id, added, removed from changes where kind = 'legal-basis-changed' and substantive")
    of_basis = {id_ for id_, added, removed in rows if basis in (*json.loads(added), *json.loads(removed))}
    found = {one["id"]: one for one in json.loads(served.page(f"/changes.json?basis={quote_plus(basis)}").body)}

    assert {id_ for id_ in found if found[id_]["kind"] == "legal-basis-changed"} <= of_basis
    assert of_basis - set(ids(served, f"basis={quote_plus(basis.lower())}&all=1")) <= {
        id_ for (id_,) in asked(register, "select id from changes where member_of is not null")
    }
    assert {one["kind"] for one in found.values()} <= {
        *("legal-basis-changed", "agreement-added", "agreement-removed", "agreement-moved", "organisation-renamed"),
    }


def test_a_filter_that_no_field_shows_stays_when_the_form_is_sent(register, served):
    ((reference, *_), *_) = asked(register, AGREEMENT)
    form = served.page(f"/?reference={reference}").soup.select_one("form.fields")

    assert form.find("input", {"name": "reference"})["value"] == reference


# --- for machines -----------------------------------------------------------------------------------------------------


def test_a_spreadsheet_is_told_that_a_file_is_utf_8_and_a_program_gets_it_plain(served):
    clicked = served.get("/changes.csv?severity=high", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    fetched = served.get("/changes.csv?severity=high", accept="*/*")

    assert clicked.body == b"\xef\xbb\xbf" + fetched.body
    assert fetched.text.startswith("id,")
    assert clicked.headers["vary"] == fetched.headers["vary"] == "Accept"
    assert clicked.headers["etag"] != fetched.headers["etag"]


def test_robots_are_told_what_has_no_end(served, published):
    def allowed(one, path):
        robots = urllib.robotparser.RobotFileParser()
        robots.parse(one.page("/robots.txt").text.splitlines())
        return robots.can_fetch("anybody", path)

    assert published.page("/robots.txt").headers["content-type"] == "text/plain; charset=utf-8"
    assert all(
        allowed(published, path) for path in ("/", "/organisations/a", "/changes.atom", "/changes/abc", "/feeds")
    )
    assert not any(allowed(published, path) for path in ("/register", "/register/x", "/search?q=a", "/snapshots/abc"))
    # What is for this machine alone is for no robot.
    assert not allowed(served, "/")
