"""The page of an agreement: facts, data, law, history, words and proof, now and as of a time; hostile text in it."""

import csv
import io
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import (
    ADMISSIONS,
    EASTMERE,
    HARROWDALE,
    REGISTER,
    WEXCOMBE,
    Project,
    Watch,
    many,
    with_project,
)

REFERENCE = ADMISSIONS.reference
PAGE = f"/agreements/{REFERENCE}"
FIRST, SECOND, THIRD, FOURTH = (f"2026-{month:02d}-03T03:00:00Z" for month in (2, 5, 8, 11))
SECTION_251 = "National Health Service Act 2006 - s251 - 'Control of patient information'."
PLAIN = "Health and Social Care Act 2012 – s261(2)(a)"
LATER = with_project(
    HARROWDALE,
    end="2029-03-12",
    released="2022.05 — 2026.04.",
    legal_basis=f"{SECTION_251}, {PLAIN}",
    datasets=(*ADMISSIONS.datasets, "Mental Health Services Data Set (MHSDS)"),
)
REWORDED = with_project(LATER, objectives="To learn why admissions fall after the first warm week.")
LABOUR = Project(reference="NIC-140262-R5T9C", title="Labour")


def projects(page, *more):
    return replace(page, projects=(*page.projects, *more))


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    """Four editions: a term, a basis and a dataset come; then words; one agreement moves, one goes, one is renamed."""
    watch = Watch(tmp_path_factory.mktemp("agreement"))
    shared = Project(reference="DARS-NIC-150001-A1B2C", title="On two pages")
    leaving = Project(reference="DARS-NIC-150002-A1B2C", title="Leaving")
    moving = Project(reference="DARS-NIC-150003-A1B2C", title="Moving", end="2025-01-31")
    first = {
        "university_of_harrowdale": projects(HARROWDALE, shared, leaving),
        "wexcombe_city_council": projects(WEXCOMBE, shared, moving),
        "nhs_eastmere_icb": projects(EASTMERE, LABOUR),
    }
    second = {
        "university_of_harrowdale": projects(LATER, shared, leaving),
        "wexcombe_city_council": projects(WEXCOMBE, shared, moving),
        "nhs_eastmere_icb": projects(EASTMERE, replace(LABOUR, reference=f"DARS-{LABOUR.reference}")),
    }
    third = {
        "university_of_harrowdale": projects(REWORDED, shared),
        "wexcombe_city_council": projects(WEXCOMBE, shared),
        "nhs_eastmere_icb": projects(
            EASTMERE, replace(LABOUR, reference=f"DARS-{LABOUR.reference}"), replace(moving, end="2027-01-31")
        ),
    }
    for at, pages in ((FIRST, first), (SECOND, second), (THIRD, third), (FOURTH, third)):
        assert watch.take(pages, at).exit_code == 0
    return watch


@pytest.fixture(scope="module")
def served(watch):
    with serving(
        watch.database, feeds_url="https://feeds.example.org", base_url="https://register.example.org"
    ) as served:
        yield served


def facts(answer):
    """Return label → text of the facts that the page says."""
    rows = answer.soup.select("#h-facts")[0].find_parent("section").select_one("dl.facts").select("div")
    return {row.dt.get_text(): " ".join(row.dd.get_text(" ").split()) for row in rows}


def part(answer, heading):
    return answer.soup.find(id=heading).find_parent("section")


def text(tag):
    return " ".join(tag.get_text(" ").split())


# --- what the page says -----------------------------------------------------------------------------------------------


def test_every_field_stands_with_what_it_said_before(served):
    said = facts(served.page(PAGE))

    assert said["Printed term"] == "2022-03-13 to 2029-03-12 Until 3 May 2026 the printed end was 2026-03-12"
    assert said["Releases"] == "2022-05 to 2026-04 Until 3 May 2026 to 2024-11"
    assert said["Data controllers"] == "UNIVERSITY OF HARROWDALE"
    assert said["Opt-outs honoured"] == "No - data flow is not identifiable"
    assert said["Confidentiality"] == "Does not include the flow of confidential data"
    assert (said["Commercial purpose"], said["Organisation type"]) == ("No", "Academic")


def test_what_the_layout_does_not_print_is_not_called_empty(served):
    assert facts(served.page(PAGE))["Type of data"] == "not on the page"


def test_the_lines_as_printed_stand_letter_for_letter(served):
    printed = {row.dt.get_text(): row.dd.get_text() for row in served.page(PAGE).soup.select("dl.printed div")}

    assert printed["Legal basis"] == f"{SECTION_251}, {PLAIN}"
    assert printed["When"] == "DSA runs 2022-03-13 — 2029-03-12 2022.05 — 2026.04."


def test_the_head_says_what_it_is_and_what_happened_last(served):
    answer = served.page(PAGE)
    soup = answer.soup

    assert soup.h1.get_text() == ADMISSIONS.title
    assert soup.title.get_text() == f"{ADMISSIONS.title}, {REFERENCE}: registerwatch"
    assert text(soup.select_one(".stand")) == (
        "Three datasets, printed term to 12 March 2029. "
        "The last change was first seen on 3 August 2026: objectives reworded."
    )
    assert soup.find("meta", attrs={"name": "description"})["content"] == text(soup.select_one(".stand"))
    assert soup.find("link", rel="canonical")["href"] == f"https://register.example.org{PAGE}"


def test_a_dataset_says_since_when_and_in_how_many_agreements(served):
    rows = [
        [text(cell) for cell in row.find_all(["th", "td"])]
        for row in part(served.page(PAGE), "h-data").select("tbody tr")
    ]

    assert ["Civil Registrations of Death", "2026-02-03 or before", "4"] in rows
    assert ["Mental Health Services Data Set (MHSDS)", "2026-05-03", "1"] in rows


def test_a_legal_basis_is_spelled_out_with_its_family_and_as_printed(served):
    section = part(served.page(PAGE), "h-basis")
    bases = {text(one.h3): text(one) for one in section.select("article")}

    assert text(section.header.p) == "Two families: section 251 support; section 261 dissemination"
    assert list(bases) == [
        "Health and Social Care Act 2012, section 261(2)(a)",
        "National Health Service Act 2006, section 251",
    ]
    newest = bases["National Health Service Act 2006, section 251"]
    assert "since 3 May 2026" in newest
    assert "Regulations may set aside the duty of confidentiality" in newest
    assert SECTION_251 in newest
    as_of = part(served.page(f"{PAGE}?as_of=2026-05-31"), "h-basis")
    assert "new on 3 May 2026" in text(as_of.article)


# --- when -------------------------------------------------------------------------------------------------------------


def test_the_timeline_has_before_and_after_and_ends_with_the_first_reading(served):
    entries = part(served.page(PAGE), "h-time").select(".timeline > li")

    assert [text(entry.h3).split(" edition")[0] for entry in entries] == [
        "3 August 2026",
        "3 May 2026",
        "3 February 2026 first reading: what it says is the baseline, not news",
    ]
    end = next(row for row in entries[1].select(".change") if "Printed end moved later" in text(row))
    assert (end.find("del").get_text(), end.find("ins").get_text()) == ("2026-03-12", "2029-03-12")
    assert end.select_one(".vh").get_text() == " to "


def test_as_of_a_day_shows_what_stood_then(served):
    answer = served.page(f"{PAGE}?as_of=2026-03-01")

    assert facts(answer)["Printed term"] == "2022-03-13 to 2026-03-12"
    assert "Two datasets" in answer.words
    assert "later changes left out, as of 2026-03-01" in answer.words
    assert answer.soup.find("link", rel="canonical")["href"].endswith("?as_of=2026-03-01")
    assert answer.soup.find("input", id="asof")["value"] == "2026-03-01"
    (current,) = answer.soup.select(".asof [aria-current]")
    assert current.get_text() == "3 Feb 2026"


def test_before_the_first_reading_it_is_not_known(served):
    answer = served.page(f"{PAGE}?as_of=2023-01-01")

    assert answer.soup.h1.get_text() == "Not known before 3 February 2026"
    assert "What its page said on 2023-01-01 is not kept" in answer.words
    assert answer.soup.select(".asof a")


@pytest.mark.parametrize("query", ["as_of=yesterday", "from=2026-13-40", "as_of=9999-99"])
def test_a_day_that_is_none_is_refused_in_words(served, query):
    answer = served.get(f"{PAGE}?{query}")

    assert answer.status == 400
    assert "is no date" in answer.words


def test_term_and_releases_are_drawn_with_their_figures(served):
    section = part(served.page(PAGE), "h-term")
    figures = dict([cell.get_text() for cell in row.find_all(["th", "td"])] for row in section.select("tbody tr"))

    assert figures["Printed end"] == "2029-03-12"
    assert figures["Printed end until 3 May 2026"] == "2026-03-12"
    assert figures["Months after the end printed at the time"] == "1"
    assert "One release month, 2026-04, lay after the end printed at the time. This is apparent only" in text(section)
    drawing = section.find("svg", role="img")
    assert {drawing.title["id"], drawing.desc["id"]} == set(drawing["aria-labelledby"].split())
    assert drawing.select("rect.apparent")
    assert not section.find_all(style=True)


# --- word by word -----------------------------------------------------------------------------------------------------


def test_the_newest_rewording_stands_word_by_word(served):
    section = part(served.page(PAGE), "redline")

    assert section.h2.get_text() == "Objectives, before and after"
    assert "3 May 2026 against 3 Aug 2026: 2 words out, 2 words in" in text(section)
    assert [one.get_text() for one in section.select("del")] == ["rise", "cold"]
    assert [one.get_text() for one in section.select("ins")] == ["fall", "warm"]
    assert "Outputs: unchanged" in text(section)


def test_any_two_states_can_be_compared(served):
    section = part(served.page(f"{PAGE}?from=2026-02-03&to=2026-05-03"), "redline")
    rows = {text(row.th): row for row in section.select("tbody tr")}

    assert "3 Feb 2026 against 3 May 2026: the prose says the same." in text(section)
    assert [one.get_text() for one in rows["Printed term"].select("del, ins")] == ["2026-03-12", "2029-03-12"]
    assert [one.get_text() for one in rows["Datasets"].select("del, ins")] == [
        "Mental Health Services Data Set (MHSDS)"
    ]
    assert [o.get_text() for o in section.select("#r-from option")] == ["3 Aug 2026", "3 May 2026", "3 Feb 2026"]
    assert section.select_one("#r-from option[selected]")["value"] == "2026-02-03"


def test_of_the_first_state_there_is_nothing_to_compare(served):
    assert "there is nothing before it to compare it with" in served.page(f"{PAGE}?as_of=2026-03-01").words


# --- proof ------------------------------------------------------------------------------------------------------------


def test_the_proof_names_both_kept_pages(watch, served):
    section = part(served.page(PAGE), "h-proof")
    change = next(one for one in watch.changes("--reference", REFERENCE) if one["kind"] == "text-changed")
    sums = [code.get_text().replace(" ", "") for code in section.select(".proof .sha")]

    assert sums == [change["snapshot_before"], change["snapshot_after"]]
    assert section.select_one(".proof > p a")["href"] == f"/snapshots/{sums[1]}?with={sums[0]}"
    assert re.fullmatch(
        r"https://web\.archive\.org/web/20260803030000/https://theysolditanyway\.com/organisations/university_of_harrowdale",
        [link["href"] for link in section.select("a") if "web.archive" in link["href"]][1],
    )
    assert "earlier change" in section.summary.get_text()
    assert "sha256sum" in section.get_text()


def test_one_line_cites_it(served):
    cite = served.page(PAGE).soup.select_one(".cite").get_text()

    assert cite.startswith(
        f"University of Harrowdale, “{ADMISSIONS.title}”, {REFERENCE}, as first read on 3 August 2026, 03:00"
    )
    assert cite.endswith(f"https://register.example.org{PAGE}?as_of=2026-08-03")
    assert served.get(cite.rpartition("example.org")[2]).status == 200


def test_where_pages_are_not_published_the_proof_still_has_the_checksums(watch):
    with serving(watch.database, public=True) as public:
        section = part(public.page(PAGE), "h-proof")

    assert len(section.select(".proof .sha")) == 2
    assert not [link for link in section.select("a") if link["href"].startswith("/snapshots")]


def test_the_record_can_be_taken_as_a_file(watch, served):
    rows = list(csv.DictReader(io.StringIO(served.page(f"{PAGE}.csv").text)))

    assert json.loads(served.page(f"{PAGE}.json").body) == watch.json("show", REFERENCE)
    assert [row["dsa_end"] for row in rows] == ["2026-03-12", "2029-03-12", "2029-03-12"]
    assert len(list(csv.DictReader(io.StringIO(served.page(f"{PAGE}.csv?as_of=2026-03-01").text)))) == 1


def test_the_organisation_feeds_are_offered(served):
    links = [link["href"] for link in served.page(PAGE).soup.select(".aside .feeds a")]

    assert "https://feeds.example.org/organisations/university_of_harrowdale.atom" in links
    assert "https://feeds.example.org/organisations/university_of_harrowdale.ics" in links


# --- moved, gone, renamed, on two pages -------------------------------------------------------------------------------


def test_an_agreement_on_two_pages_names_both(served):
    answer = served.page("/agreements/DARS-NIC-150001-A1B2C")
    tabs = answer.soup.select(".pages a")

    assert [tab.get_text() for tab in tabs] == ["University of Harrowdale", "Wexcombe City Council"]
    assert [link.get_text() for link in answer.soup.select(".kicker a")] == [tab.get_text() for tab in tabs]
    other = served.page(tabs[1]["href"])
    assert other.soup.select_one(".pages [aria-current]").get_text() == "Wexcombe City Council"


def test_one_that_moved_keeps_its_history(served):
    answer = served.page("/agreements/DARS-NIC-150003-A1B2C")

    assert text(answer.soup.select_one(".kicker a")) == "NHS Eastmere ICB"
    assert "Until 3 August 2026 the printed end was 2025-01-31" in facts(answer)["Printed term"]
    before = served.page("/agreements/DARS-NIC-150003-A1B2C?as_of=2026-06-01")
    assert text(before.soup.select_one(".kicker a")) == "Wexcombe City Council"


def test_one_that_is_gone_is_shown_as_last_printed_and_no_reason_is_given(served):
    answer = served.page("/agreements/DARS-NIC-150002-A1B2C")

    assert (
        "No longer on the register’s pages: last read there on 3 May 2026, first missing on 3 August 2026."
        in answer.words
    )
    assert answer.soup.find(id="h-facts").get_text() == "What the page said last"
    assert facts(answer)["Printed term"] == "2022-03-13 to 2026-03-12"
    assert "ended" not in answer.soup.main.get_text().lower()


def test_an_earlier_reference_leads_to_the_one_it_has_now(served):
    answer = served.get(f"/agreements/{LABOUR.reference}?as_of=2026-03-01")
    now = served.page(f"/agreements/DARS-{LABOUR.reference}")

    assert (answer.status, answer.headers["location"]) == (301, f"/agreements/DARS-{LABOUR.reference}?as_of=2026-03-01")
    assert facts(now)["Earlier reference"] == LABOUR.reference
    assert "Labour" in served.page(answer.headers["location"]).soup.h1.get_text()


def test_case_does_not_matter(served):
    assert served.get(f"/agreements/{REFERENCE.lower()}").headers["location"] == PAGE


def test_an_unknown_reference_gets_the_nearest(served):
    answer = served.get(f"/agreements/{REFERENCE[:-1]}X")

    assert answer.status == 404
    assert PAGE in [link["href"] for link in answer.soup.select("main a")]


# --- hostile text -----------------------------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script>"
LONG = "w" * 20_000


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("hostile"))
    page = with_project(
        HARROWDALE,
        title=f'{SCRIPT} "quoted" \u202egnorw',
        controllers=f"{SCRIPT} LTD",
        legal_basis=f"Other-{SCRIPT}' onmouseover='x",
        datasets=(SCRIPT, "\u202eevil", LONG),
        objectives=f"One {SCRIPT}.\n{LONG}\nA nul \0 here.",
        outputs="javascript:alert(1)",
    )
    register = {**REGISTER, "university_of_harrowdale": page}
    assert watch.take(register, FIRST).exit_code == 0
    changed = with_project(page, objectives=f"Two </ins>{SCRIPT}.\n{LONG}x", datasets=(SCRIPT, "<b>", LONG))
    assert watch.take({**register, "university_of_harrowdale": changed}, SECOND).exit_code == 0
    with serving(watch.database) as served:
        yield served


@pytest.mark.parametrize(
    "query", ["", "?as_of=2026-03-01", "?from=2026-02-03&to=2026-05-03", f"?as_of={SCRIPT}", "?page=%00"]
)
def test_hostile_text_stays_text(hostile, query):
    answer = hostile.get(f"{PAGE}{query.replace('<', '%3C').replace('>', '%3E')}")

    assert answer.status in (200, 400)
    assert not answer.soup.body.find(["script", "iframe"])
    assert not [tag for tag in answer.soup.find_all() if any(name.startswith("on") for name in tag.attrs)]
    assert not [link for link in answer.soup.select("a[href]") if not re.match(r"(https?:|/|#|\?)", link["href"])]
    assert "\u202e" not in answer.text
    assert "\0" not in answer.text


def test_the_headings_of_an_agreement_are_in_order_and_tables_are_named(served):
    for query in ("", "?from=2026-02-03&to=2026-08-03", "?as_of=2020-01-01"):
        soup = served.page(f"{PAGE}{query}").soup
        levels = [int(tag.name[1]) for tag in soup.main.find_all(re.compile("^h[1-6]$"))]

        assert levels[0] == 1
        assert all(b <= a + 1 for a, b in pairwise(levels)), levels
        assert all(table.caption and table.find("th", scope="col") for table in soup.select("table"))
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids))


def test_an_agreement_whose_arrival_was_told_is_not_older_than_that(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-02-03")
    new = projects(HARROWDALE, *many(1))
    watch.take(REGISTER | {"university_of_harrowdale": new}, "2026-02-04")
    with serving(watch.database) as served:
        answer = served.page(f"/agreements/{new.projects[-1].reference}")

    assert "2026-02-04" in text(part(answer, "h-data"))
    assert "or before" not in text(part(answer, "h-data")) + text(part(answer, "h-basis"))


def test_a_kept_page_is_not_set_beside_itself(tmp_path):
    # That it stands on a second page too is told of the first in order, which did not change.
    watch = Watch(tmp_path)
    alone = {"nhs_eastmere_icb": projects(EASTMERE, LABOUR), "wexcombe_city_council": WEXCOMBE}
    watch.take(alone, "2026-02-03")
    watch.take(alone | {"wexcombe_city_council": projects(WEXCOMBE, LABOUR)}, "2026-02-04")
    with serving(watch.database) as served:
        answer = served.page(f"/agreements/{LABOUR.reference}")

    assert "Now also on another page" in answer.words
    assert [link["href"] for link in answer.soup.select("a") if "with=" in link.get("href", "")] == []


# --- in plain sentences -----------------------------------------------------------------------------------------------


def plainly(answer):
    return text(answer.soup.select_one("p.plainly"))


def test_the_page_begins_with_who_is_listed_with_what_on_which_basis_and_until_when(served):
    said = plainly(served.page(PAGE))

    assert said == (
        "University of Harrowdale is listed with three datasets: Civil Registrations of Death , Hospital Episode "
        "Statistics Admitted Patient Care and Mental Health Services Data Set (MHSDS) . "
        "Which type of data it is the page does not say; it calls the data “Non-Sensitive”. "
        "It cites section 261(2)(a) of the Health and Social Care Act 2012 and section 251 of the National Health "
        "Service Act 2006 . "
        "The printed term, that of the first version the page holds, runs to 12 March 2029. "
        "Of opt-outs honoured it prints “No - data flow is not identifiable”, of a commercial purpose “No”."
    )


def test_each_name_in_the_sentences_leads_to_its_page(served):
    links = served.page(PAGE).soup.select("p.plainly a")

    assert [link["href"].split("/")[1] for link in links] == [
        "organisations", "datasets", "datasets", "datasets", "legal-bases", "legal-bases",
    ]  # fmt: skip
    assert all(served.get(link["href"]).status == 200 for link in links)


def test_of_what_is_gone_the_sentences_say_what_was_printed(served):
    said = plainly(served.page("/agreements/DARS-NIC-150002-A1B2C"))

    assert "was listed with" in said
    assert "runs to" not in said


def test_as_of_a_day_the_sentences_are_of_that_day(served):
    said = plainly(served.page(f"{PAGE}?as_of=2026-02-10"))

    assert said.startswith("As read by 10 February 2026, University of Harrowdale is listed with two datasets")
    assert "runs to 12 March 2026" in said


def test_the_sentences_conclude_nothing(served):
    for address in (PAGE, "/agreements/DARS-NIC-150002-A1B2C", f"{PAGE}?as_of=2026-02-10"):
        said = plainly(served.page(address)).lower().split()
        assert not {"sold", "breach", "ended", "expired", "illegal", "recipient"} & set(said)
