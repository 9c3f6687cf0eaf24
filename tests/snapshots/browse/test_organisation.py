"""The page of an organisation, and the list of all: agreements now and gone, lineage, what changed, kept pages."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from scraper.names.vocabulary import default_vocabulary
from tests.harness.browse_server import serving
from tests.harness.editions import FALLS, HARROWDALE, REGISTER, WEXCOMBE, Page, Project, Watch, many, with_project
from tests.harness.ten_names import watched

FIRST, SECOND, THIRD, AGAIN, LAST = (f"2026-{month:02d}-03T03:00:00Z" for month in (2, 5, 8, 10, 11))
PAGE = "/organisations/wexcombe_city_council"
LEAVING = Project(reference="DARS-NIC-150002-A1B2C", title="Leaving")
MOVING = Project(reference="DARS-NIC-150003-A1B2C", title="Moving")
VOCABULARY = default_vocabulary().extended(
    {
        "organisations": [
            {"kind": "succession", "from": ["NHS Eastmere ICB"], "to": "Wexcombe City Council"},
            {"kind": "succession", "from": ["Old Wexcombe Board"], "to": "Wexcombe City Council"},
        ]
    }
)


def with_more(page, *more):
    return replace(page, projects=(*page.projects, *more))


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("organisation"))
    first = {**REGISTER, "wexcombe_city_council": with_more(WEXCOMBE, LEAVING, MOVING)}
    second = {
        **first,
        "wexcombe_city_council": with_more(with_project(WEXCOMBE, end="2030-01-31"), LEAVING, MOVING),
    }
    third = {
        **REGISTER,
        "wexcombe_city_council": replace(
            with_project(WEXCOMBE, end="2030-01-31", start="2022-03"), flag="Wexcombe was sent two files."
        ),
        "university_of_harrowdale": with_more(HARROWDALE, MOVING),
    }
    for at, pages in ((FIRST, first), (SECOND, second), (THIRD, third), (AGAIN, third)):
        assert watch.take(pages, at).exit_code == 0
    broken = {slug: page for slug, page in third.items() if slug != "wexcombe_city_council"}
    assert watch.take({**broken, "wexcombe_city_council.txt": b""}, LAST).exit_code == 3
    return watch


@pytest.fixture(scope="module")
def served(watch):
    with serving(watch.database, feeds_url="https://feeds.example.org/", vocabulary=VOCABULARY) as served:
        yield served


def part(answer, heading):
    return answer.soup.find(id=heading).find_parent("section")


def text(tag):
    return " ".join(tag.get_text(" ").split())


def rows(section):
    return [[text(cell) for cell in row.find_all(["th", "td"])] for row in section.select("tbody tr")]


def test_its_agreements_now_stand_with_term_releases_and_last_change(served):
    section = part(served.page(PAGE), "h-now")

    assert section.h2.get_text() == "One agreement now"
    assert rows(section) == [
        [f"{FALLS.title} {FALLS.reference}", "2022-03 to 2030-01-31", "2024-11", "2", "2026-05-03"]
    ]


def test_those_gone_and_moved_are_told_apart(served):
    gone = {row[0].split()[0]: row[1:] for row in rows(part(served.page(PAGE), "h-gone"))}

    assert gone["Moving"] == ["Now on the page of University of Harrowdale", "2026-08-03"]
    assert gone["Leaving"] == ["No longer on the register’s pages", "2026-08-03"]


def test_predecessors_are_named_with_their_pages_where_they_have_one(served):
    before = served.page(PAGE).soup.select(".lineage li")
    after = served.page("/organisations/nhs_eastmere_icb").soup.select(".lineage li")

    assert [text(one.find(["a", "b"]) or one) for one in before] == [
        "NHS Eastmere ICB",
        "Old Wexcombe Board no page of its own here",
        "Wexcombe City Council",
    ]
    assert before[0].a["href"] == "/organisations/nhs_eastmere_icb"
    assert [one.a["href"] for one in after if one.a] == [PAGE]


def test_the_timeline_names_the_agreement_of_each_change(served):
    section = part(served.page(PAGE), "h-time")
    entries = {text(entry.h3).split(" edition")[0]: entry for entry in section.select(".timeline > li")}

    assert list(entries)[-1] == "3 February 2026 first reading of the page"
    assert "Printed end moved later" in text(entries["3 May 2026"])
    assert entries["3 May 2026"].select_one(".note a")["href"] == f"/agreements/{FALLS.reference}"
    assert "Moved" in text(entries["3 August 2026"])


def test_its_flag_is_quoted_as_its_own_words(served):
    notice = served.page(PAGE).soup.select_one(".flagged")

    assert notice.q.get_text() == "Wexcombe was sent two files."
    assert "The register page’s own words." in notice.get_text()


def test_kept_pages_are_listed_with_what_was_told_from_them(served):
    section = part(served.page(PAGE), "h-snap")
    kept = rows(section.find("table"))

    assert [row[0] for row in kept] == ["2026-08-03 to 2026-10-03", "2026-05-03", "2026-02-03"]
    assert (kept[1][3], kept[2][3]) == ("1", "0")
    assert [link["href"][:11] for link in section.select("tbody a")][:3] == ["/snapshots/"] * 3


def test_a_reading_that_failed_is_named_with_its_reason(served):
    section = part(served.page(PAGE), "h-snap")

    assert "1 reading that failed or was not believed" in text(section)
    assert rows(section.select("table")[1])[0][::2] == ["2026-11-03", "empty"]


def test_in_public_the_kept_pages_are_named_and_not_linked(watch):
    with serving(watch.database, public=True) as public:
        section = part(public.page(PAGE), "h-snap")

    assert "not published here" in text(section)
    assert not [link for link in section.select("a") if link["href"].startswith("/snapshots")]


def test_feeds_calendar_and_files_are_offered(served):
    links = [link["href"] for link in served.page(PAGE).soup.select(".aside .feeds a")]

    assert [link.partition("?")[0].rpartition(".")[2] for link in links] == [
        "atom",
        "rss",
        "json",
        "ics",
        "csv",
        "json",
    ]
    assert links[0] == "https://feeds.example.org/organisations/wexcombe_city_council.atom"
    assert served.get(links[-1]).status == 200


def test_an_unknown_page_gets_the_nearest_and_case_does_not_matter(served):
    unknown = served.get("/organisations/wexcombe_city_counsel")

    assert unknown.status == 404
    assert PAGE in [link["href"] for link in unknown.soup.select("main a")]
    assert served.get("/organisations/Wexcombe_City_Council").headers["location"] == PAGE


def test_a_long_history_goes_on_page_by_page(tmp_path):
    watch = Watch(tmp_path)
    for month in range(1, 7):
        projects = many(12, end=f"2027-{month:02d}-28")
        assert watch.take({**REGISTER, "harrow": Page("Harrow", projects)}, f"2026-{month:02d}-03").exit_code == 0
    shown = []
    with serving(watch.database) as served:
        address = "/organisations/harrow"
        while address:
            soup = served.page(address).soup
            shown += [link["href"] for link in soup.select(".change > a.id")]
            older = soup.find("a", rel="next")
            address = older["href"].partition("#")[0] if older else None

    assert len(shown) == len(set(shown)) == 60
    assert {f"/changes/{one['id']}" for one in watch.changes("--organisation", "harrow")} == set(shown)


# --- all of them ------------------------------------------------------------------------------------------------------


def listed(answer):
    return [row.a.get_text() for row in answer.soup.select("tbody tr")]


def test_all_organisations_stand_by_letter(served):
    answer = served.page("/organisations")

    assert listed(answer) == ["NHS Eastmere ICB", "University of Harrowdale", "Wexcombe City Council"]
    assert [link.get_text() for link in answer.soup.select(".asof .choice a")] == ["N", "U", "W"]
    assert rows(part(answer, "l-W")) == [["Wexcombe City Council", "1", "2026-10-03"]]
    assert answer.soup.select_one(".nav [aria-current=page]").get_text() == "Organisations"


def test_a_heading_sorts_the_organisations_by_number_and_by_their_last_change(served):
    by_number = served.page("/organisations").soup.find("a", string="Agreements now")["href"]
    counts = [cell.get_text() for cell in served.page(by_number).soup.select('td[data-label="Agreements now"]')]
    changed = served.page("/organisations?sort=changed").soup.select('td[data-label="Last change"]')

    numbers = [int(count) for count in counts if count.isdigit()]
    assert numbers == sorted(numbers, reverse=True)
    assert len(counts) == 3
    times = [cell.time.get_text() for cell in changed if cell.time]
    assert times == sorted(times, reverse=True)
    assert len(listed(served.page("/organisations?sort=nonsense"))) == 3


def test_words_narrow_the_list(served):
    assert listed(served.page("/organisations?words=city+wex")) == ["Wexcombe City Council"]


def test_a_word_that_nobody_has_gets_the_nearest(served):
    answer = served.page("/organisations?words=wexcomb+citty+council")

    assert "No organisation has “wexcomb citty council” in its name." in answer.words
    assert PAGE in [link["href"] for link in answer.soup.select("main a")]


# --- hostile text -----------------------------------------------------------------------------------------------------


def test_hostile_names_and_flags_stay_text(tmp_path):
    watch = Watch(tmp_path)
    name = 'A <script>alert(1)</script> "b" \u202egnorw'
    hostile = Page(name, (replace(FALLS, title=f"<img src=x onerror=alert(1)> {'w' * 20_000}"),), flag=f"{name} <b>")
    watch.take({**REGISTER, "wexcombe_city_council": hostile}, FIRST)
    with serving(watch.database) as served:
        for address in (PAGE, "/organisations", "/organisations?words=%3Cscript%3E"):
            answer = served.page(address)
            assert not answer.soup.main.find(["script", "img", "b"] if address != PAGE else ["script", "img"])
            assert "\u202e" not in answer.text
            assert "&lt;script&gt;" in answer.text


def test_headings_are_in_order_and_tables_are_named(served):
    for address in (PAGE, "/organisations", "/organisations/nhs_eastmere_icb"):
        soup = served.page(address).soup
        levels = [int(tag.name[1]) for tag in soup.main.find_all(re.compile("^h[1-6]$"))]

        assert levels[0] == 1
        assert all(b <= a + 1 for a, b in pairwise(levels)), levels
        assert all(table.caption and table.find("th", scope="col") for table in soup.select("table"))
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids))


def test_since_when_a_body_is_followed_is_said_with_a_page_and_without(tmp_path):
    with serving(watched(tmp_path).database) as served:
        of_board = [
            text(one) for one in served.page("/organisations/nhs_frimley_icb__d4u1y").soup.select(".lineage li")
        ]
        of_group = [text(one) for one in served.page("/organisations/nhs_frimley_ccg").soup.select(".lineage li")]

    kept = "on the register, page kept since 1 January 2026, followed from 1 July 2022"
    assert f"NHS Frimley CCG {kept}" in of_board
    assert "NHS SLOUGH CCG no page of its own here, followed from 1 July 2022" in of_board
    assert f"NHS Frimley ICB - D4U1Y {kept}" in of_group
