"""Feeds as bytes: what stands in them, that they are valid, and that they change only with what they tell."""

import base64
import hashlib
import json
import re
from pathlib import Path

import feedparser
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from diff.names import KnownNames, readable_name, slug_name
from diff.saying.redline import excerpt
from notify.feeds.files import NEWEST, FeedFolder, FeedSite, FeedSource
from notify.feeds.formats import entry_of
from scraper.names.vocabulary import default_vocabulary
from tests.harness.builders import a_change

ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "data/atom.rng"))
HARROWDALE, EASTMERE = "university_of_harrowdale", "nhs_eastmere_icb"
PAGES = {HARROWDALE: "University of Harrowdale", EASTMERE: "NHS Eastmere ICB"}
SOURCES = {slug: f"https://register.example/organisations/{slug}" for slug in PAGES}
ECDS, HES_OP = "Emergency Care Data Set (ECDS)", "Hospital Episode Statistics Outpatients"
HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=y> &amp; \x00\x07\x1b[31m\x85\u202edesrever\u2066 '
    "\r\nBcc: x\ud800\ufffe"
)


def change(number=1, slug=HARROWDALE, **fields):
    values = {
        "id": f"{number:020x}",
        "organisation": PAGES.get(slug),
        "page": slug,
        "reference": f"DARS-NIC-{number}",
        "title": "Winter admissions in coastal towns",
        "field": "dsa_end",
        "before": "2026-03-12",
        "after": "2029-03-12",
        "summary": f"Printed end of DARS-NIC-{number} moved from 2026-03-12 to 2029-03-12",
        "snapshot_before": "a" * 64,
        "snapshot_after": "b" * 64,
    }
    return a_change(**values | fields)


def dataset_added(number, name, **fields):
    values = {"kind": "dataset-added", "field": "datasets", "before": None, "after": None, "added": [name]}
    return change(number, **values, summary=f"{name} added to DARS-NIC-{number}", **fields)


def reworded(before, after, **fields):
    return change(kind="text-changed", field="objectives", before=before, after=after, **fields)


def group(members, **fields):
    one = f"{999:020x}"
    values = {"group": one, "organisation": None, "page": None, "reference": None, "title": None}
    details = {"organisations": len({member.organisation for member in members})}
    return change(999, **values, details=details, agreements=len(members), **fields)


def files(*changes, base_url=None, pages_url=None, sources=SOURCES, vocabulary=None, **history):
    told = {name: history.pop(name) for name in ("members", "head") if name in history}
    known = KnownNames(**{"pages": PAGES, "datasets": (ECDS, HES_OP), "since": "2026-10-01T00:00:00Z", **history})
    site = FeedSite(
        register="NHS data release register",
        index="https://register.example/",
        base_url=base_url,
        pages_url=pages_url,
        sources=sources,
    )
    source = FeedSource(changes=changes, known=known, **told)
    folder = FeedFolder(source, site, vocabulary or default_vocabulary())
    return dict(folder.render()) | {"index.html": folder.index("")}


def items(written, path="everything"):
    return json.loads(written[f"{path}.json"])["items"]


def told(written, path):
    """Return the numbers of the changes that a feed tells."""
    return [int(item["id"].rpartition("/")[2], 16) for item in items(written, path)]


def assert_valid(written):
    """Every file is what its ending says: the RFC's grammar and rules, no complaint of a reader, nothing to run."""
    for path, body in written.items():
        if path.endswith(".atom"):
            feed = etree.fromstring(body)
            SCHEMA.assertValid(feed)
            # What the grammar cannot say: RFC 4287, 4.1.1 and 4.1.2.
            assert feed.find(f"{ATOM}author") is not None
            assert all(entry.find(f"{ATOM}content") is not None for entry in feed.iter(f"{ATOM}entry"))
            ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
            assert len(set(ids)) == len(ids) <= NEWEST
        if path.endswith((".atom", ".rss")):
            parsed = feedparser.parse(body)
            assert not parsed.bozo, (path, parsed.get("bozo_exception"))
            assert parsed.version == ("atom10" if path.endswith(".atom") else "rss20")
        if path.endswith(".rss"):
            (channel,) = etree.fromstring(body)
            assert all(channel.findtext(name) for name in ("title", "link", "description"))
            assert all(item.find("guid").get("isPermaLink") == "false" for item in channel.iter("item"))
            assert all(item.findtext("link").startswith("https://") for item in channel.iter("item"))
        if path.endswith(".json"):
            feed = json.loads(body)
            assert feed["version"] == "https://jsonfeed.org/version/1.1"
            assert feed["title"]
            assert all(isinstance(item["id"], str) and item["content_html"] for item in feed["items"])


def assert_safe(html):
    """The HTML of an entry has a few known elements and no attributes."""
    soup = BeautifulSoup(html, "lxml")
    assert {tag.name for tag in soup.find_all()} <= {
        "html", "body", "p", "ul", "li", "ins", "del", "code", "small", "blockquote",
    }  # fmt: skip
    assert not [tag for tag in soup.find_all() if tag.attrs]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


def test_the_grammar_refuses_what_the_rfc_forbids():
    def without(parent, name):
        feed = etree.fromstring(files(change())["everything.atom"])
        element = feed if parent is None else feed.find(parent)
        element.remove(element.find(f"{ATOM}{name}"))
        return SCHEMA.validate(feed)

    assert not any(without(None, name) for name in ("id", "title", "updated"))
    assert not any(without(f"{ATOM}entry", name) for name in ("id", "title", "updated"))
    assert without(None, "subtitle")


def test_there_is_a_feed_for_everything_each_organisation_family_and_dataset_and_a_page_that_lists_them():
    written = files(change())

    names = [
        "everything",
        "organisations/university_of_harrowdale",
        "organisations/nhs_eastmere_icb",
        "families/hes",
        "datasets/emergency-care-data-set-ecds",
        "datasets/hospital-episode-statistics-outpatients-hes-op",
    ]
    assert list(written) == [*(f"{n}.{ending}" for n in names for ending in ("atom", "rss", "json")), "index.html"]
    assert_valid(written)


def test_the_three_formats_say_the_same():
    written = files(change(1), dataset_added(2, ECDS))

    atom, rss = (feedparser.parse(written[f"everything.{ending}"]) for ending in ("atom", "rss"))
    by_json = [(i["id"], i["title"], i["content_html"], i["date_published"]) for i in items(written)]
    assert [(e.id, e.title, e.content[0].value, e.updated) for e in atom.entries] == by_json
    assert [(e.id, e.title, e.summary) for e in rss.entries] == [one[:3] for one in by_json]
    assert [e.published for e in rss.entries] == ["Fri, 20 Nov 2026 03:17:00 +0000"] * 2
    assert {feed.feed.title for feed in (atom, rss)} == {"NHS data release register: all changes"}


def test_an_entry_is_the_change_as_it_was_first_seen():
    entry = entry_of(change())

    assert entry.id == "tag:registerwatch.invalid,2026:change/00000000000000000001"
    assert entry.title == "Printed end of DARS-NIC-1 moved from 2026-03-12 to 2029-03-12"
    assert entry.first_seen == "2026-11-20T03:17:00Z"
    assert entry.tags == ("dsa-extended", "severity-medium")
    assert "<p>Printed end:</p><ul><li><del>2026-03-12</del> → <ins>2029-03-12</ins></li></ul>" in entry.html
    assert "First seen on 20 November 2026, 03:17 UTC." in entry.html
    assert f"before <code>{'a' * 64}</code>, after <code>{'b' * 64}</code>" in entry.html
    assert "Source: NHS England" in entry.html
    assert "Open Government Licence v3.0" in entry.html


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        pytest.param(
            {
                "kind": "opt-outs-changed",
                "field": "opt_outs",
                "before": ["Yes"],
                "after": ["No", "Yes"],
                "added": ["No"],
            },
            "<ul><li><ins>No</ins></li><li>Yes</li></ul>",
            id="of a set what came and what stays",
        ),
        pytest.param(
            {"kind": "dataset-removed", "field": "datasets", "before": None, "after": None, "removed": [ECDS]},
            f"<p>Datasets:</p><ul><li><del>{ECDS}</del></li></ul>",
            id="a dataset that went",
        ),
        pytest.param(
            {"kind": "dsa-term-changed", "before": None},
            "<li>nothing printed → <ins>2029-03-12</ins></li>",
            id="a date where none was",
        ),
        pytest.param(
            {
                "kind": "legal-basis-changed",
                "field": "legal_bases",
                "before": ["HSCA2012:s261(2)(a)"],
                "after": ["TEXT:228c98f57f3f"],
                "added": ["TEXT:228c98f57f3f"],
                "removed": ["HSCA2012:s261(2)(a)"],
            },
            "<li><del>section 261(2)(a) of the Health and Social Care Act 2012</del></li>"
            "<li><ins>a basis in words of its own (TEXT:228c98f57f3f)</ins></li>",
            id="legal bases in words",
        ),
        pytest.param(
            {"kind": "dataset-relabelled", "field": "datasets", "before": "Old", "after": "New", "added": ["New"]},
            "<li>Old → <ins>New</ins></li>",
            id="a new name beside the old one",
        ),
        pytest.param(
            {"kind": "agreement-moved", "field": None, "before": ["a_ccg"], "after": ["an_icb"]},
            "<ul><li><del>a_ccg</del></li><li><ins>an_icb</ins></li></ul>",
            id="a move from page to page",
        ),
        pytest.param(
            {
                "kind": "organisation-renamed",
                "field": "organisation",
                "before": ["A CCG", "a"],
                "after": ["A ICB", "b"],
            },
            "<li><del>A CCG</del> → <ins>A ICB</ins></li>",
            id="another name on another page",
        ),
        pytest.param(
            {"kind": "incident-noted", "field": "when_note", "before": None, "after": "breached contract"},
            "<ins>breached contract</ins></li></ul><p>These are the register page’s own words.</p>",
            id="a remark is the page's own",
        ),
        pytest.param(
            {"kind": "incident-noted", "field": "remainder", "before": None, "after": "Suspended."},
            "<ins>Suspended.</ins></li></ul><p>These are the register page’s own words.</p>",
            id="a remark in no field is the page's own",
        ),
        pytest.param(
            {"kind": "incident-noted", "field": "remainder", "group": "1", "agreements": 25, "added": ["Suspended."]}
            | {"before": None, "after": None},
            "<ul><li><ins>Suspended.</ins></li></ul><p>These are the register page’s own words.</p>",
            id="a remark on many agreements",
        ),
        pytest.param(
            {"withdrawn": True},
            "<p>Withdrawn: the kept pages no longer show this change. It stays here because it was told.</p>",
            id="withdrawn",
        ),
    ],
)
def test_before_and_after_are_shown(fields, shown):
    html = entry_of(change(**fields)).html

    assert shown in html
    assert_safe(html)


def test_an_agreement_that_came_has_no_values_to_show():
    html = entry_of(change(kind="agreement-added", field=None, before=None, after=None)).html

    assert "<ul>" not in html
    assert "<code>DARS-NIC-1</code>" in html


def prose_of(entry):
    quote = BeautifulSoup(entry.html, "lxml").find("blockquote")
    return quote.get_text() if quote else ""


def test_of_prose_the_first_edits_are_shown_with_the_words_beside_them():
    before = (
        "First.\n" + "One two three four five six seven eight DAE nine ten eleven twelve thirteen fourteen fifteen."
    )
    entry = entry_of(reworded(before, before.replace("DAE", "the SDE")))

    assert prose_of(entry) == "… three four five six seven eight DAE the SDE nine ten eleven twelve thirteen fourteen …"
    assert "<del>DAE</del> <ins>the SDE</ins>" in entry.html


@given(st.text(st.sampled_from("ab cd.\n \t"), max_size=3000), st.text(st.sampled_from("ab cd.\n"), max_size=3000))
def test_never_more_than_300_characters_of_prose(before, after):
    assert len(" ".join(run.text for run in excerpt(before, after))) <= 300
    assert len(prose_of(entry_of(reworded(before, after)))) <= 300


def test_a_long_text_that_goes_does_not_crowd_out_the_one_that_comes():
    html = entry_of(reworded("gone " * 500, "here " * 500)).html

    assert "<del>gone gone" in html
    assert "<ins>here here" in html


def test_a_section_that_comes_or_goes_is_quoted():
    assert (
        "<blockquote><p><ins>Only trained analysts.</ins></p></blockquote>"
        in entry_of(reworded(None, "Only trained analysts.")).html
    )
    assert (
        "<blockquote><p><del>Only trained analysts.</del></p></blockquote>"
        in entry_of(reworded("Only trained analysts.", None)).html
    )


def test_text_off_a_page_is_harmless_wherever_it_stands():
    fields = {"organisation": HOSTILE, "title": HOSTILE, "reference": HOSTILE, "summary": HOSTILE}
    single = change(1, before=HOSTILE, after=f"{HOSTILE}!", **fields)
    listed = dataset_added(2, HOSTILE, **{name: fields[name] for name in ("organisation", "title", "reference")})
    prose = reworded(HOSTILE, f"{HOSTILE} and\n{HOSTILE}", id="3", **fields)
    pages = {HARROWDALE: HOSTILE, '../../"><script>': HOSTILE}

    written = files(single, listed, prose, pages=pages, datasets=(HOSTILE,), holdings={HOSTILE: (HOSTILE,)})

    assert_valid(written)
    for item in items(written):
        assert_safe(item["content_html"])
        assert "\n" not in item["title"]
    assert all(re.fullmatch(r"((organisations|datasets)/)?[a-z0-9_-]+\.(atom|rss|json|html)", path) for path in written)
    assert b"<script" not in b"".join(written[path] for path in written if not path.endswith(".json"))


def test_what_an_rss_feed_says_of_itself_is_no_html_either():
    written = files(pages={HARROWDALE: "A&E <script>alert(1)</script>"})

    channel = etree.fromstring(written[f"organisations/{HARROWDALE}.rss"]).find("channel")
    for name in ("title", "description"):
        assert "A&E &lt;script>alert(1)&lt;/script>" in channel.findtext(name)


def test_no_file_is_called_as_windows_calls_its_devices():
    written = files(pages={"con": "Con", "lpt1": "Lpt1", "console": "Console"}, datasets=("NUL",))

    assert not {path.rpartition("/")[2].partition(".")[0] for path in written} & {"con", "lpt1", "nul"}
    assert "organisations/console.rss" in written


def test_a_title_of_rss_is_no_html_though_readers_may_take_it_for_some():
    written = files(change(summary='A&E: "<script>" and <5 &amp; more'))

    (item,) = etree.fromstring(written["everything.rss"]).iter("item")
    assert item.findtext("title") == 'A&E: "&lt;script>" and <5 &amp;amp; more'
    assert items(written)[0]["title"] == 'A&E: "<script>" and <5 &amp; more'


def test_words_of_20_kilobytes_are_cut():
    word = "x" * 20_000
    written = files(
        dataset_added(1, word, title=word, organisation=word), reworded(word, word[1:], id="2"),
        pages={HARROWDALE: word}, datasets=(word,),
    )  # fmt: skip

    assert_valid(written)
    assert max(map(len, written)) < 120
    assert max(map(len, written.values())) < 20_000


def test_a_feed_holds_the_newest_200():
    changes = [change(n, first_seen=f"2026-01-01T{(300 - n) // 60:02}:{(300 - n) % 60:02}:00Z") for n in range(300)]
    written = files(*changes)

    assert told(written, "everything") == list(range(200))
    assert told(written, "organisations/university_of_harrowdale") == list(range(200))
    assert_valid(written)


def test_a_feed_was_updated_when_its_newest_change_was_first_seen():
    feed = feedparser.parse(files(change(first_seen="2026-11-20T03:17:00Z"))["everything.atom"]).feed

    assert feed.updated == "2026-11-20T03:17:00Z"


def test_an_empty_feed_asks_no_clock():
    empty = files()

    assert feedparser.parse(empty["everything.atom"]).feed.updated == "2026-10-01T00:00:00Z"
    assert b"Thu, 01 Oct 2026 00:00:00 +0000" in empty["everything.rss"]
    assert_valid(empty)
    assert_valid(files(pages={}, datasets=(), since=None))


def test_the_same_history_gives_the_same_bytes():
    changes = [change(1), dataset_added(2, ECDS), dataset_added(3, HES_OP, slug=EASTMERE)]

    assert files(*changes) == files(*changes)


def test_news_of_one_organisation_touch_no_feed_of_another():
    before = files(change(1))
    after = files(dataset_added(2, ECDS, slug=EASTMERE), change(1))

    touched = {path.partition(".")[0] for path in after if before[path] != after[path]}
    assert touched == {"everything", "organisations/nhs_eastmere_icb", "datasets/emergency-care-data-set-ecds", "index"}


def test_an_organisation_has_the_news_of_the_bodies_that_it_follows():
    pages = {"nhs_camden_ccg": "NHS Camden CCG", "ncl": "NHS NORTH CENTRAL LONDON ICB - 93C", "other": "Another Trust"}
    old = change(1, slug="nhs_camden_ccg", organisation="NHS Camden CCG")
    new = change(2, slug="ncl", organisation="NHS North Central London ICB - 93C")

    written = files(new, old, pages=pages)

    assert told(written, "organisations/ncl") == [2, 1]
    assert told(written, "organisations/nhs_camden_ccg") == [1]
    assert told(written, "organisations/other") == []


def test_a_move_concerns_both_pages():
    moved = change(1, kind="agreement-moved", field=None, before=[HARROWDALE], after=[EASTMERE], slug=EASTMERE)
    written = files(moved)

    assert told(written, f"organisations/{HARROWDALE}") == told(written, f"organisations/{EASTMERE}") == [1]


def test_a_dataset_has_its_news_under_all_names_and_the_agreements_that_hold_it():
    newest = "Hospital Episode Statistics Outpatients (HES OP)"
    named = [dataset_added(1, HES_OP), dataset_added(2, newest), dataset_added(3, ECDS)]
    came = change(4, kind="agreement-added", field=None, before=None, after=None)
    other = change(5)

    written = files(*named, came, other, holdings={"DARS-NIC-4": (HES_OP,), "DARS-NIC-5": (HES_OP,)})

    assert told(written, "datasets/hospital-episode-statistics-outpatients-hes-op") == [1, 2, 4]


def test_a_group_is_one_entry_and_names_the_agreements_of_the_feed():
    members = [change(1), change(2), change(3, slug=EASTMERE)]
    one = group(members)

    written = files(one, members={one.id: members})

    everywhere, here, there = (
        items(written, path)[0] for path in ("everything", f"organisations/{HARROWDALE}", f"organisations/{EASTMERE}")
    )
    assert "The same edit on 3 agreements at 2 organisations." in everywhere["content_html"]
    assert "DARS-NIC-1<" not in everywhere["content_html"]
    assert "<code>DARS-NIC-1</code>" in here["content_html"]
    assert "<code>DARS-NIC-2</code>" in here["content_html"]
    assert "DARS-NIC-3" not in here["content_html"]
    assert "<code>DARS-NIC-3</code>, NHS Eastmere ICB" in there["content_html"]
    assert everywhere["id"] == here["id"] == there["id"]
    assert items(written, "datasets/emergency-care-data-set-ecds") == []
    assert_valid(written)


def test_a_group_of_prose_quotes_its_first_member_and_not_its_folded_words():
    members = [reworded("NHS Digital will send it.", "NHS England will send it.", slug=slug) for slug in PAGES]
    one = group(members, kind="text-changed", field="objectives", added=["nhsengland"], removed=["nhsdigital"],
                before=None, after=None)  # fmt: skip

    html = entry_of(one, members).html

    assert "Objectives in the first of them:" in html
    assert "<del>Digital</del> <ins>England</ins>" in html
    assert "nhsengland" not in html


def test_many_agreements_and_many_values_are_cut_with_their_number():
    members = [change(n) for n in range(60)]
    html = entry_of(group(members), members, members).html
    values = entry_of(change(field="datasets", added=[f"Set {n}" for n in range(40)], before=[], after=[])).html

    assert html.count("<code>DARS-NIC-") == 50
    assert "<li>and 10 more</li>" in html
    assert values.count("<ins>") == 30
    assert "<li>and 10 more</li>" in values


def links(written, path="everything"):
    """Return what each entry links to, which is the same in the three formats."""
    atom, rss = (feedparser.parse(written[f"{path}.{ending}"]) for ending in ("atom", "rss"))
    by_json = [item["url"] for item in items(written, path)]
    assert [entry.link for entry in atom.entries] == [entry.link for entry in rss.entries] == by_json
    assert all([one.rel for one in entry.links] == ["alternate"] for entry in atom.entries)
    return by_json


def test_an_entry_leads_to_the_page_of_its_change_where_pages_are_published():
    written = files(change(1), change(2, EASTMERE), pages_url="https://history.example/")

    assert links(written) == [f"https://history.example/changes/{number:020x}" for number in (1, 2)]
    assert links(written, f"organisations/{EASTMERE}") == [f"https://history.example/changes/{2:020x}"]
    assert_valid(written)


def test_where_none_are_an_entry_leads_to_the_page_of_the_register_that_it_is_about():
    members = [change(3), change(4, EASTMERE)]
    written = files(change(1), change(2, "king's_college"), group(members), members={f"{999:020x}": members})

    assert links(written) == [SOURCES[HARROWDALE], "https://register.example/", "https://register.example/"]
    assert_valid(written)


def test_an_address_of_the_register_that_is_not_plain_is_one_in_every_format():
    written = files(change(), sources={HARROWDALE: 'https://register.example/organisations/é<&"'})

    assert links(written) == ["https://register.example/organisations/%C3%A9%3C&%22"]
    assert_valid(written)


def test_without_an_address_a_feed_does_not_say_where_it_is_and_with_one_it_names_only_what_is_there():
    plain = files(change())
    linked = files(change(), base_url="https://example.org/feeds/")
    path = "organisations/university_of_harrowdale"

    assert etree.fromstring(plain[f"{path}.atom"]).find(f"{ATOM}link") is None
    assert etree.fromstring(plain[f"{path}.rss"]).findtext("channel/link") == "https://register.example/"
    assert not {"home_page_url", "feed_url"} & json.loads(plain[f"{path}.json"]).keys()
    addresses = {
        address
        for ending in ("atom", "rss", "json")
        for address in re.findall(r"https://example\.org[^\"<]*", linked[f"{path}.{ending}"].decode())
    }
    base = "https://example.org/feeds"
    assert addresses == {f"{base}/index.html", *(f"{base}/{path}.{ending}" for ending in ("atom", "rss", "json"))}
    assert {address.removeprefix(f"{base}/") for address in addresses} <= linked.keys()
    assert_valid(linked)


def test_ids_do_not_change_with_the_address():
    plain, linked = files(change()), files(change(), base_url="https://elsewhere.example")

    for one, other in ((feedparser.parse(w["everything.atom"]) for w in pair) for pair in [(plain, linked)]):
        assert (one.feed.id, [e.id for e in one.entries]) == (other.feed.id, [e.id for e in other.entries])
    assert [i["id"] for i in items(plain)] == [i["id"] for i in items(linked)]


def test_names_of_files_are_safe_and_different():
    slugs = ["a_b", "a-b", "king's_college", "king’s_college", "..", "../etc", "a/b", "", "x" * 300, "é", "CON"]
    names = ["HES", "A&E", "A E", "A+E", "1.5", "15", "Data (2019/20)", "Data 2019 20", "é", "–x", "x" * 300, "x" * 301]

    for made in (list(map(slug_name, slugs)), list(map(readable_name, names))):
        assert all(re.fullmatch(r"[a-z0-9_-]{1,100}", name) for name in made), made
    assert len(set(map(slug_name, slugs))) == len(slugs)
    assert len(set(map(readable_name, names))) == len(names)


def test_spellings_of_one_dataset_share_a_feed_that_keeps_the_name_of_the_first():
    written = files(datasets=("Data Set of Tides", "Dataset of tides"))

    assert [path for path in written if path.startswith("datasets/")][::3] == ["datasets/data-set-of-tides.atom"]


def page_of(written):
    return BeautifulSoup(written["index.html"], "lxml")


def test_the_page_lists_every_file_and_links_to_nothing_else():
    written = files(change(), base_url="https://example.org/feeds")
    page = page_of(written)

    hrefs = [tag["href"] for tag in page.find_all(["a", "link"]) if not tag["href"].startswith("#")]
    calendars = {
        path.replace(".atom", ".ics") for path in written if re.match(r"(everything|organisations/.*)\.atom", path)
    }
    assert set(hrefs) == written.keys() - {"index.html"} | calendars
    anchors = {tag["href"][1:] for tag in page.find_all("a") if tag["href"].startswith("#")}
    assert anchors <= {tag["id"] for tag in page.find_all(id=True)}
    assert [tag["type"] for tag in page.find_all("link", rel="alternate")] == [
        "application/atom+xml", "application/rss+xml", "application/feed+json",
    ]  # fmt: skip


def test_the_page_runs_nothing_and_loads_nothing():
    page = page_of(files(change(), pages={"x": HOSTILE}, datasets=(HOSTILE,)))

    style = base64.b64encode(hashlib.sha256(page.style.string.encode()).digest()).decode()
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    assert not page.find_all(["script", "img", "iframe", "form", "object"])
    assert not [tag for tag in page.find_all() if any(name == "style" or name.startswith("on") for name in tag.attrs)]
    assert "url(" not in page.style.string


def test_the_page_says_when_something_was_new_and_where_nothing_was():
    rows = {row.span.text: row.select_one(".day").text for row in page_of(files(change())).find_all("li")}

    assert rows["All changes"] == rows["University of Harrowdale"] == "20 November 2026"
    assert rows["NHS Eastmere ICB"] == "no change yet"
