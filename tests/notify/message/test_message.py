"""One message for one reader: what stands in it and in which order, twice complete, whatever a page prints."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from lxml import etree

from diff.change import Change
from diff.details import Details
from diff.saying.phrase import Told
from notify.channels.mail import Letter
from notify.channels.mail import compose as letter_as_mail
from notify.following.matching import PrintedEnd
from notify.message.digest import Composer
from notify.message.order import Briefing, Correction, RunRead
from tests.diff.saying.test_phrase import BREACH, HOSTILE, KINDS, change

BASE = "https://register.example.org"
SITE = "https://site.example/organisations"
EASTMERE, EASTMERE_CCG, HARROWDALE = "nhs_eastmere_icb", "nhs_eastmere_ccg", "university_of_harrowdale"
NAMES = {
    EASTMERE: "NHS Eastmere Integrated Care Board",
    EASTMERE_CCG: "NHS Eastmere CCG",
    HARROWDALE: "University of Harrowdale",
}
SOURCES = {slug: f"{SITE}/{slug}" for slug in NAMES}
HES_SERVICE, COMM, WINTER = "DARS-NIC-918274-K4R7T", "DARS-NIC-909316-W2C8H", "DARS-NIC-927731-B8F3W"
TITLES = {
    HES_SERVICE: "Integrated Care Board Pseudonymised National HES Extract Service",
    COMM: "DSfC - NHS Eastmere ICB - Comm",
    WINTER: "Winter pressures and frailty: a linked cohort",
}
MHSDS = "Mental Health Services Data Set (MHSDS)"
TIME = "2026-11-20T03:17:00Z"
SUMS = {"snapshot_before": "9" * 64, "snapshot_after": "f" * 64}


def at(number, slug, reference, kind, severity="low", **fields):
    """Return a change of an agreement at an organisation."""
    return change(
        kind,
        **{
            "id": f"{number:020x}",
            "severity": severity,
            "organisation": NAMES.get(slug),
            "page": slug,
            "reference": reference,
            "title": TITLES.get(reference),
            **fields,
        },
    )


LIMB = {"field": "legal_bases", "removed": ["HSCA2012:s261(2)(b)(ii)"], "added": ["HSCA2012:s261(2)(a)"]}
LIMB |= {"families": {"added": [], "removed": []}}


def group_of(*members, number=900, agreements=38, **fields):
    group = {"group": f"{number:020x}", "agreements": agreements, "organisation": None, "page": None}
    group |= {"reference": None, "title": None, "snapshot_before": None, "snapshot_after": None}
    group["details"] = Details(organisations=21)
    return replace(members[0], id=f"{number:020x}", **group, **fields)


def limb(number, slug, reference):
    return at(number, slug, reference, "legal-basis-changed", **LIMB)


SUPPORT = at(
    1,
    EASTMERE,
    HES_SERVICE,
    "legal-basis-changed",
    "high",
    field="legal_bases",
    before=["HSCA2012:s261(2)(a)"],
    after=["HSCA2012:s261(2)(a)", "HSCA2012:s261(7)", "NHSA2006:s251"],
    added=["HSCA2012:s261(7)", "NHSA2006:s251"],
    families={"added": ["s251-support"], "removed": []},
    **SUMS,
)
EXTENDED = at(
    2,
    EASTMERE,
    HES_SERVICE,
    "dsa-extended",
    "medium",
    field="dsa_end",
    before="2026-03-12",
    after="2029-03-12",
    summary=f"Printed end of {HES_SERVICE} moved from 2026-03-12 to 2029-03-12",
    **SUMS,
)
REWORDED = at(
    3,
    EASTMERE,
    HES_SERVICE,
    "text-changed",
    field="objectives",
    before="The ICB receives data from NHS Digital for its commissioning activities.",
    after="The ICB receives data from NHS England for its commissioning activities.",
    details={"words_out": 1, "words_in": 1},
    **SUMS,
)
NEW = at(4, HARROWDALE, WINTER, "agreement-added", "medium", snapshot_before=None, snapshot_after="3" * 64)
GROUP = Told(change=group_of(limb(5, EASTMERE, COMM)), members=(limb(5, EASTMERE, COMM),))
NEWS = Briefing(
    follows="NHS Eastmere Integrated Care Board, its predecessors, and MHSDS",
    told=(
        Told(change=NEW, datasets=4, named=(MHSDS,), term="2026-11-02 to 2029-11-01"),
        Told(change=REWORDED),
        Told(change=EXTENDED),
        GROUP,
        Told(change=SUPPORT),
    ),
    endings=(
        PrintedEnd(
            item="end:DARS-NIC-916640-F9T3B:2027-02-18:90",
            dsa_end="2027-02-18",
            day="2027-02-18",
            days_left=90,
            reference="DARS-NIC-916640-F9T3B",
            title="Population health management, Eastmere",
            organisation=NAMES[EASTMERE],
            page=EASTMERE,
        ),
    ),
    readings=(RunRead(time=TIME, pages_read=712, pages=712),),
    editorial=4,
    chain=(512, "e" * 64),
    stop="register@example.org",
    base_url=BASE,
    sources=SOURCES,
)


def compose(news=NEWS, **changes):
    return Composer().compose(replace(news, **changes))


def told(*changes, **fields):
    return compose(told=tuple(Told(change=one) for one in changes), endings=(), **fields)


def soup_of(digest):
    return BeautifulSoup(digest.html, "lxml")


def rows_of(digest):
    """Return the text's lines that begin with a severity."""
    return re.findall(r"^\[\w+\] .*", digest.text, re.MULTILINE)


def titles_of(digest):
    return [h2.get_text() for h2 in soup_of(digest).find_all("h2")]


def tokens(text):
    return {word for word in re.findall(r"[^\W_]+", text.casefold()) if not re.fullmatch(r"([ab])\1+", word)}


# --- subject ----------------------------------------------------------------------------------------------------------


def test_the_subject_says_what_is_new_most_severe_first():
    assert compose().subject == (
        "5 changes: section 251 support new at NHS Eastmere Integrated Care Board, printed end moved later, …"
    )


def test_the_subject_of_one_change_is_its_sentence():
    assert told(EXTENDED).subject == f"Printed end of {HES_SERVICE} moved from 2026-03-12 to 2029-03-12"


def test_a_dataset_is_called_as_people_call_it():
    added = [
        at(n, slug, ref, "dataset-added", "medium", field="datasets", added=[name])
        for n, slug, ref, name in ((1, EASTMERE, COMM, MHSDS), (2, HARROWDALE, WINTER, "Hospital Episode Statistics"))
    ]

    assert told(*added).subject == (
        "2 changes: MHSDS added at NHS Eastmere Integrated Care Board, HES added at University of Harrowdale"
    )


def test_printed_ends_alone_are_the_subject():
    one = compose(told=())
    two = compose(
        told=(), endings=(NEWS.endings[0], replace(NEWS.endings[0], reference="NIC-2", days_left=30, title=None))
    )

    assert one.subject == (
        "Printed end in 90 days: Population health management, Eastmere, NHS Eastmere Integrated Care Board"
    )
    assert two.subject.startswith("2 printed ends coming up: 2027-02-18 ")
    assert one.text.startswith("ONE PRINTED END COMING UP\nYou follow ")


@pytest.mark.parametrize("number", [1, 2, 40])
def test_a_subject_is_short_and_one_line_whatever_a_page_prints(number):
    changes = [
        change("dataset-added", id=f"{n:020x}", organisation=HOSTILE, summary=HOSTILE, added=[HOSTILE])
        for n in range(number)
    ]

    subject = told(*changes).subject

    assert len(subject) <= 110
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs") for sign in subject)


# --- order ------------------------------------------------------------------------------------------------------------


def test_organisations_and_changes_stand_by_severity():
    digest = compose()

    assert titles_of(digest) == ["NHS Eastmere Integrated Care Board", "University of Harrowdale", "Coming up"]
    assert rows_of(digest) == [
        "[HIGH]    Legal basis: section 251 support is new",
        "[medium]  Printed end moved later",
        "[low]     Objectives reworded: 1 word out, 1 in",
        "[low]     One of 38 agreements with the same edit. Legal basis: cited",
        "[medium]  New on the register’s pages, with 4 datasets, one of them",
    ]


def test_the_order_in_which_changes_are_handed_over_does_not_matter():
    assert compose(told=tuple(reversed(NEWS.told))) == compose()


def test_a_group_stands_at_each_of_up_to_three_agreements_and_once_for_more():
    members = [limb(n, EASTMERE, f"DARS-NIC-10000{n}-A1B2C") for n in range(4)]
    group = group_of(members[0])

    three = compose(told=(Told(change=group, members=tuple(members[:3])),))
    four = compose(told=(Told(change=group, members=tuple(members)),))

    assert [row[10:] for row in rows_of(three)] == ["One of 38 agreements with the same edit. Legal basis: cited"] * 3
    assert titles_of(four) == ["Across the register", "Coming up"]
    assert rows_of(four) == ["[low]     The same edit on 38 agreements at 21 organisations. Legal"]
    assert all(member.reference in four.text for member in members)
    assert three.text.startswith("ONE CHANGE\n"), "a group is one change"


def test_a_page_that_was_renamed_and_its_agreements_are_one_line():
    renamed = at(
        1, EASTMERE, None, "organisation-renamed", field="organisation",
        before=[NAMES[EASTMERE_CCG], EASTMERE_CCG], after=[NAMES[EASTMERE], EASTMERE],
    )  # fmt: skip
    moved = [
        at(n, EASTMERE, f"DARS-NIC-10000{n}-A1B2C", "agreement-moved", before=[EASTMERE_CCG], after=[EASTMERE])
        for n in range(2, 9)
    ]

    whole, agreements = told(renamed, *moved), told(*moved)

    assert rows_of(whole) == ["[low]     Organisation renamed"]
    assert "NHS Eastmere CCG -> NHS Eastmere Integrated Care Board" in whole.text
    assert rows_of(agreements) == ["[low]     7 agreements moved to another page"]
    for one in moved:
        assert one.reference in whole.text
        assert one.reference in agreements.text
    assert whole.text.startswith("ONE CHANGE\n")


def test_a_controller_and_its_successor_are_one_line_over_all_agreements():
    names = {"field": "controllers", "before": "NHSX", "after": "NHS ENGLAND", "removed": ["NHSX"]}
    succeeded = [
        at(n, slug, ref, "controller-succeeded", added=["NHS ENGLAND"], **names)
        for n, slug, ref in ((1, EASTMERE, COMM), (2, EASTMERE, HES_SERVICE), (3, HARROWDALE, WINTER))
    ]

    assert rows_of(told(*succeeded)) == ["[low]     Data controller presumably succeeded on 3 agreements"]
    assert titles_of(told(*succeeded)) == ["Across the register"]
    assert titles_of(told(*succeeded[:2])) == [NAMES[EASTMERE]]
    assert rows_of(told(succeeded[0])) == ["[low]     Data controller presumably succeeded"]


def test_what_is_about_a_page_itself_stands_under_its_organisation():
    flag = at(1, EASTMERE, None, "flag-raised", "high", field="flags", after="It was sent.", **SUMS)

    digest = told(flag)

    assert titles_of(digest) == [NAMES[EASTMERE]]
    assert "“It was sent.”" in digest.text
    assert "The register page’s own words." in digest.text
    assert f"{BASE}/organisations/{EASTMERE}" in digest.text


# --- proof, links, footer ---------------------------------------------------------------------------------------------


def test_every_address_and_checksum_stands_on_a_line_of_its_own():
    lines = compose().text.splitlines()

    assert f"{BASE}/agreements/{HES_SERVICE}" in lines
    assert f"{BASE}/changes/{900:020x}" in lines
    assert f"{SITE}/{EASTMERE}" in lines
    assert "e" * 64 in lines
    assert "9" * 64 in compose(base_url=None).text.splitlines()
    assert all(len(line) <= 72 or line.startswith("https://") for line in lines)


def test_checksums_stand_once_at_the_end_and_only_where_no_page_of_ours_has_them():
    changes = {"told": (Told(change=SUPPORT), Told(change=EXTENDED), Told(change=REWORDED))}
    digest, linked = compose(base_url=None, **changes), compose(**changes)

    for alone, with_proof in ((digest.text, linked.text), (digest.html, linked.html)):
        assert alone.count("9" * 64) == alone.count("f" * 64) == 1
        assert alone.index("Open Government Licence") < alone.index("9" * 64)
        assert "9" * 64 not in with_proof


def test_links_to_the_history_stand_there_only_if_it_is_somewhere():
    digest = compose(base_url=None)

    assert BASE not in digest.text + digest.html
    assert f"{SITE}/{EASTMERE}" in digest.text
    assert f"{SITE}/{EASTMERE}" in digest.html


def test_the_footer_says_what_a_date_is_whose_the_data_are_and_how_to_stop():
    text = " ".join(compose().text.split())

    for sentence in (
        "A date is when a change was first seen here, not when it was made.",
        "Editorial changes are left out; 4 were seen across the register.",
        "Contains public sector information licensed under the Open Government Licence v3.0.",
        "Head of the chain of runs, number 512:",
        "You get this after each run that has news for you. To stop these mails, write to register@example.org with "
        'the subject "stop".',
    ):
        assert sentence in text
    weekly = " ".join(compose(when="weekly", stop=None, chain=None, editorial=0).text.split())
    assert weekly.endswith(
        "You get this in each week that has news for you. Whoever runs this registerwatch can stop it."
    )
    assert "Head of the chain" not in weekly
    assert "Editorial changes are left out. Source" in weekly


def test_a_weekly_digest_says_of_each_change_when_it_was_first_seen():
    readings = tuple(RunRead(time=f"2026-11-{day}T03:17:00Z", pages_read=712, pages=712) for day in (16, 18, 20))
    partly = (*readings[:2], replace(readings[2], pages_read=711))

    digest = told(SUPPORT, replace(EXTENDED, first_seen=readings[0].time), readings=readings, when="weekly")
    one_missing = " ".join(told(SUPPORT, readings=partly).text.split())

    assert digest.text.count("First seen on Friday 20 November 2026, 03:17 UTC.") == 1
    assert digest.text.count("First seen on Monday 16 November 2026, 03:17 UTC.") == 1
    assert (
        "First seen in three runs between Monday 16 November 2026, 03:17 UTC, and Friday 20 November 2026, 03:17 UTC. "
        "Each of them read all pages, the last 712."
    ) in " ".join(digest.text.split())
    assert "Pages read: 711 of 712 on 20 November; all in the others." in one_missing


def test_what_a_backfill_found_to_be_older_than_its_run_is_not_said_to_be_first_seen_with_it():
    digest = told(SUPPORT, replace(EXTENDED, first_seen="2026-11-05T23:59:00Z"))

    assert "when 712 of 712 pages" not in digest.text
    assert "First seen on Friday 20 November 2026, 03:17 UTC." in digest.text
    assert "First seen on Thursday 5 November 2026, 23:59 UTC." in digest.text


def test_a_printed_end_of_an_agreement_without_a_title_names_its_organisation():
    (ending,) = NEWS.endings

    digest = compose(told=(), follows="MHSDS", endings=(replace(ending, title=None),))

    assert NAMES[EASTMERE] in digest.text
    assert NAMES[EASTMERE] in soup_of(digest).h2.find_next("div").get_text()


# --- text and HTML ----------------------------------------------------------------------------------------------------


def every_kind():
    return tuple(
        Told(change=change(kind, id=f"{n:020x}", **fields)) for n, (kind, fields, _) in enumerate(KINDS, start=1_000)
    )


@pytest.mark.parametrize("news", [NEWS, replace(NEWS, told=every_kind()), replace(NEWS, base_url=None, stop=None)])
def test_text_and_html_say_the_same(news):
    digest = compose(news)
    soup = soup_of(digest)
    hrefs = " ".join(link["href"] for link in soup.find_all("a") if not link["href"].startswith("mailto:"))
    soup.head.decompose()
    soup.find("div").decompose()  # the preview that mail programs show beside the subject

    text, html = tokens(digest.text), tokens(f"{soup.get_text(' ')} {hrefs}")

    assert text - html <= {"page"}, "labels of checksums"
    assert html - text <= {"registerwatch", "these", "mails", "sha", "256", "kept", "pages", "of", "the"}


def test_html_is_well_formed_and_needs_nothing_from_anywhere():
    html = compose().html
    soup = soup_of(compose())

    assert html.startswith("<!doctype html>")
    assert soup.html["lang"] == "en-GB"
    assert etree.HTML(html) is not None
    assert not soup.find_all(["script", "img", "link", "iframe", "form", "object"])
    assert not re.search(r"url\(|@import|http-equiv", html)
    assert all(table["role"] == "presentation" for table in soup.find_all("table"))
    assert {link["href"].partition(":")[0] for link in soup.find_all("a")} == {"https", "mailto"}


def test_a_remark_of_the_page_is_quoted_and_never_judged():
    remark = at(1, EASTMERE, COMM, "incident-noted", "high", field="when_note", after=BREACH)

    for body in (told(remark).text, soup_of(told(remark)).get_text(" ")):
        ours = body.replace(f"“{BREACH}”", "")
        assert not re.search(r"\b(sold|breach\w*|ended|alert|please)\b|!", ours)


def test_what_was_drawn_for_one_reader_is_right_for_the_next():
    composer = Composer()
    others = [
        replace(NEWS, base_url=None),
        replace(NEWS, readings=()),
        replace(NEWS, told=(replace(GROUP, members=()),)),
    ]

    for news in (NEWS, *others, NEWS):
        assert composer.compose(news) == compose(news)


# --- bounds, hostility ------------------------------------------------------------------------------------------------


MANY = tuple(
    Told(
        change=at(
            n, f"trust_{n % 70}", f"DARS-NIC-{n:06}-A1B2C", "dataset-added", "high" if n % 100 == 0 else "medium",
            added=["ECDS"], organisation=f"Trust {n % 70}", snapshot_before=f"{n:064x}",
        )
    )
    for n in range(2_000)
)  # fmt: skip


def letter_of(digest):
    letter = Letter(
        to="reader@example.org", subject=digest.subject, text=digest.text, html=digest.html, list_name="ours",
        message_id=f"<{'0' * 32}@example.org>", date=datetime(2026, 11, 20, tzinfo=UTC), stop="register@example.org",
    )  # fmt: skip
    return letter_as_mail(letter, "register@example.org").as_bytes()


@pytest.mark.parametrize("base_url", [BASE, None])
def test_what_does_not_fit_has_a_line_or_is_counted_and_nothing_is_left_out(base_url):
    digest = compose(told=MANY, endings=NEWS.endings * 200, base_url=base_url)
    in_full, and_more = digest.text.split("AND MORE\n")[0], digest.text.split("AND MORE\n")[1].split("COMING UP")[0]
    counted = re.findall(r"^([\d,]+|[A-Z]\w+) more changes?(?:: Trust \d+| at other organisations)$", and_more, re.M)
    in_one_line = re.findall(r"^\[\w+\] +ECDS added, DARS-NIC-\d+-A1B2C, Trust \d+$", and_more, re.M)
    n_full = in_full.count("Dataset added")

    assert digest.text.startswith("2,000 CHANGES, 20 OF HIGH SEVERITY\n")
    assert n_full > 25
    assert len(in_one_line) == 2 * n_full
    assert (in_full + and_more).count("[HIGH]") == 20
    assert n_full + len(in_one_line) + sum(int(number.replace(",", "")) for number in counted) == 2_000
    assert re.search(r"\d+ more printed ends are coming up\.", " ".join(digest.text.split()))
    assert len(letter_of(digest)) < 100_000


def test_what_does_not_fit_is_found_at_one_address_or_by_whoever_runs_this():
    day = "2026-11-20"
    link, command = f"{BASE}/?since={day}&until={day}", f"registerwatch changes --since {day} --until {day}"
    linked, alone = (compose(told=MANY[:400], base_url=base) for base in (BASE, None))

    assert link in linked.text.splitlines()
    assert link in [one["href"] for one in soup_of(linked).find_all("a")]
    assert command in alone.text.splitlines()
    assert command in [one.text for one in soup_of(alone).find_all("code")]


def test_of_a_set_what_came_and_what_stands_are_told_apart():
    both = at(8, EASTMERE, COMM, "commercial-changed", "high", field="commercial", before=["No"], after=["No", "Yes"])
    digest = told(replace(both, added=("Yes",)))

    assert [line.strip() for line in digest.text.splitlines() if line.strip()[:2] in ("+ ", "= ")] == ["+ Yes", "= No"]
    assert [one.text for one in soup_of(digest).find_all(["ins", "del"])] == ["Yes"]


def test_a_mail_of_forty_changes_tells_each_in_full():
    digest = compose(told=[replace(one, change=replace(one.change, **SUMS)) for one in MANY[:40]])

    assert digest.text.count("Dataset added") == digest.html.count("Dataset added") == 40
    assert "AND MORE" not in digest.text
    assert len(digest.html.encode()) < 60_000


@pytest.mark.parametrize("base_url", [f"https://{'a' * 900}.example", None])
def test_a_mail_is_below_100_kb_whatever_happened(base_url):
    signs = "🜚&" * 300
    wild = [
        Told(change=replace(one.change, organisation=f"{n} {signs}", reference=f"{n}{signs}", added=(signs,)))
        for n, one in enumerate(MANY[:120])
    ]
    digest = compose(
        told=wild, endings=[replace(NEWS.endings[0], title=signs, reference=signs, organisation=signs)] * 300,
        corrections=[Correction(change=one.change, told_at=TIME) for one in wild], follows=signs, base_url=base_url,
    )  # fmt: skip

    assert len(letter_of(digest)) < 100_000
    assert digest.text.startswith("120 CHANGES, TWO OF HIGH SEVERITY; 120 CORRECTIONS\n")


def test_the_subject_begins_with_the_gravest_in_the_page_s_own_words():
    remark = at(9, HARROWDALE, WINTER, "incident-noted", "high", field="when_note", after="breached contract — audit.")

    assert told(EXTENDED, SUPPORT, remark).subject == (
        "3 changes: “breached contract — audit.” beside the dates at University of Harrowdale, …"
    )


def test_the_words_are_explained_where_the_pages_are():
    links = [link["href"] for link in soup_of(compose()).find_all("a")]

    for page in ("severity", "glossary", "method"):
        assert f"{BASE}/{page}" in links
        assert f"{BASE}/{page}" in compose().text.splitlines()
    assert "What the words mean" not in compose(base_url=None).text


POISON = f'"><img src=x onerror="document.title=1">{HOSTILE}'


def hostile_news():
    kinds = every_kind()

    def poisoned(value, key=""):
        if key in ("id", "kind", "severity", "field", "first_seen", "group", "snapshot_before", "snapshot_after"):
            return value
        if isinstance(value, list):
            return [f"{one}{POISON}" for one in value]
        return f"{value}{POISON}" if isinstance(value, str) else value

    return replace(
        NEWS,
        follows=POISON,
        told=tuple(
            replace(
                one,
                change=Change.from_json({key: poisoned(value, key) for key, value in one.change.to_json().items()}),
                datasets=3,
                named=(POISON,),
                term=POISON,
            )
            for one in kinds
        ),
        endings=(
            PrintedEnd(
                item="end::3",
                dsa_end=POISON,
                day="2027-02-18",
                days_left=3,
                reference=POISON,
                title=POISON,
                organisation=POISON,
                page=POISON,
            ),
        ),
        stop=f"x@example.org{POISON}",
        base_url=BASE,
        sources={one.change.page + POISON: f"javascript:{POISON}" for one in kinds},
    )


def test_nothing_that_a_page_prints_is_markup_a_control_character_or_a_line():
    digest = compose(hostile_news())
    soup = soup_of(digest)

    assert not soup.find_all(["script", "img"])
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert "javascript:" not in " ".join(link["href"] for link in soup.find_all("a"))
    for body in (digest.text, digest.html):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", body)
    assert not re.search(r"^Bcc:", digest.text, re.MULTILINE)
    assert all(len(line) <= 72 or line.startswith("https://") for line in digest.text.splitlines())


# --- in a browser -----------------------------------------------------------------------------------------------------

CHROMIUM = Path("/usr/bin/chromium")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed here")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_fits_a_window_of_320_px_and_runs_nothing(scheme, tmp_path):
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-sync", *quiet]
        )
        page = browser.new_page(viewport={"width": 320, "height": 900}, color_scheme=scheme)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        for number, news in enumerate((NEWS, hostile_news())):
            digest = compose(news)
            file = tmp_path / f"{number}.html"
            file.write_text(digest.html, encoding="utf-8")
            page.goto(file.as_uri())
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")

            assert page.evaluate("document.documentElement.scrollWidth") == 320
            assert page.title() == " ".join(digest.subject.split())
            assert ground == ("rgb(251, 250, 246)" if scheme == "light" else "rgb(23, 22, 20)")
        assert all(url.startswith("file:") for url in asked)
        browser.close()


# --- corrections ------------------------------------------------------------------------------------------------------

TOLD_AT = "2026-11-13T08:00:00Z"


def correct(*changes, **fields):
    corrections = tuple(Correction(change=one, told_at=TOLD_AT) for one in changes)
    return compose(**{"told": (), "endings": (), "corrections": corrections, **fields})


def test_a_correction_states_what_was_told_and_when_and_that_the_page_does_not_say_so():
    digest = correct(EXTENDED)
    lines = (
        f"Correction: Printed end of {HES_SERVICE} moved from 2026-03-12 to 2029-03-12",
        "We told you this on Friday 13 November 2026, 08:00 UTC. The page, as it is read now, does not say so.",
    )

    assert digest.subject == lines[0]
    assert titles_of(digest) == ["Corrections"]
    for said in (digest.text, soup_of(digest).get_text(" ")):
        assert all(line in " ".join(said.split()) for line in lines)
    for said in (digest.text, digest.html):
        assert f"{BASE}/changes/{2:020x}" in said
        assert f"{SITE}/{EASTMERE}" in said
    assert tokens(" ".join(lines)) <= tokens(digest.text)


def test_corrections_stand_behind_the_news_in_a_section_of_their_own():
    digest = correct(EXTENDED, SUPPORT, told=(Told(change=NEW),), endings=NEWS.endings)

    assert titles_of(digest) == ["University of Harrowdale", "Corrections", "Coming up"]
    assert digest.subject.startswith("1 change, 2 corrections: new agreement")
    assert digest.text.startswith("ONE CHANGE; TWO CORRECTIONS\n")
    assert digest.text.index(f"Correction: {SUPPORT.summary[:30]}") < digest.text.index("Correction: Printed end of")


def test_many_corrections_are_as_many_as_fit_and_a_count():
    digest = correct(*(replace(EXTENDED, id=f"{n:020x}") for n in range(2_000)))

    shown = digest.text.count("Correction: ")

    assert 50 < shown == digest.html.count("Correction: ") <= 100
    assert digest.subject.startswith("2,000 corrections: Printed end of")
    for said in (digest.text, digest.html):
        assert f"{2_000 - shown:,} more corrections: {NAMES[EASTMERE]}" in " ".join(said.split())


def test_a_correction_quotes_a_page_as_text_on_short_lines():
    digest = correct(replace(EXTENDED, summary=HOSTILE, organisation=HOSTILE, reference=HOSTILE))

    assert soup_of(digest).find(["script", "img", "iframe"]) is None
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs") and sign != "\n" for sign in digest.text)


def test_a_correction_of_a_group_speaks_of_pages():
    assert "The pages, as they are read now, do not say so." in " ".join(correct(GROUP.change).text.split())
