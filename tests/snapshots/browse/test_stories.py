"""What people come for, in a browser: by what they see and click, on a made-up register. No address is typed in."""

import csv
import hashlib
import io
import json
import re
import sqlite3
from contextlib import closing

import pytest

from scraper.names.vocabulary import default_vocabulary, parse_vocabulary
from snapshots.browse.app import addresses
from tests.cron.work.test_kill import start
from tests.harness.browse_server import running, serving
from tests.harness.chromium import Visit, chromium, needs_chromium
from tests.harness.editions import EASTMERE, REGISTER, Page, Project, Watch, with_project, write_edition

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser, served):
    with Visit(browser, served.url, accept_downloads=True) as visit:
        visit.to("/")
        yield visit
        assert visit.elsewhere() == []
        assert visit.complaints == []


def asked(database, sql, **values):
    with closing(sqlite3.connect(database)) as db:
        return db.execute(sql, values).fetchall()


def navigate(page, name):
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()


def part(page, title):
    """Return the part of the page under a heading that begins with *title*."""
    return page.locator("section.part").filter(has=page.get_by_role("heading", name=re.compile(f"^{title}")))


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def saved(page, link):
    """Click what saves a file; return its text."""
    with page.expect_download() as download:
        link.click()
    return download.value.path().read_text(encoding="utf-8-sig")


# --- a journalist -----------------------------------------------------------------------------------------------------


def test_a_journalist_sees_who_got_a_dataset_lately_and_opens_the_proof(register, visit):
    page = visit.page
    ((name,),) = asked(
        register,
        "select json_extract(added, '$[0]') as name from changes where kind = 'dataset-added' and member_of is null "
        "and not withdrawn and not is_group group by name order by count(*) desc, name limit 1",
    )
    navigate(page, "Datasets")
    newest = default_vocabulary().dataset_canonical(name)
    page.get_by_role("main").locator(f"a[href='{addresses.dataset(newest)}']").first.click()

    added = part(page, "Who got it lately").locator(".change").filter(has_text="Added at").first
    told = added.inner_text()
    added.locator("a.id").click()
    assert heading(page) == "Dataset added"
    (identity,) = re.findall("[0-9a-f]{20}", page.url)
    ((organisation, reference, after),) = asked(
        register, "select organisation, reference, snapshot_after from changes where id = :id", id=identity
    )
    assert organisation in told
    assert reference in told

    part(page, "Proof").get_by_role("link", name="As it was kept").last.click()
    assert "".join(page.locator("code.sha").first.inner_text().split()) == after
    assert reference in part(page, "Its text").inner_text()


def test_a_journalist_asks_for_what_is_most_severe_and_cites_it(register, visit):
    page = visit.page
    page.get_by_role("navigation", name="Least severity").get_by_role("link", name=re.compile("^High")).click()

    assert {one.strip() for one in page.locator(".change .sev").all_inner_texts()} <= {"High", "Withdrawn"}
    page.locator(".change:not(.withdrawn) a.id").first.click()
    cite = page.locator(".cite").inner_text()
    (identity,) = re.findall("[0-9a-f]{20}", page.url)
    ((summary,),) = asked(register, "select summary from changes where id = :id", id=identity)
    assert summary.split(":")[0][:40] in cite or identity in cite


# --- an information-governance lead -----------------------------------------------------------------------------------

SUCCESSION = """
[[organisations]]
kind = "succession"
from = ["NHS Eastmere CCG"]
to = "NHS Eastmere ICB"
date = 2022-07-01
"""


def test_an_ig_lead_finds_their_board_its_predecessors_and_the_printed_ends(browser, tmp_path):
    vocabulary = default_vocabulary().extended(parse_vocabulary(SUCCESSION))
    watch = Watch(tmp_path)
    former = Page("NHS Eastmere CCG", (Project(reference="DARS-NIC-700001-A1B2C", title="Old rivers"),))
    board = with_project(EASTMERE, end="2026-03-01")
    watch.take(REGISTER | {"nhs_eastmere_ccg": former, "nhs_eastmere_icb": board}, "2026-01-01")
    with (
        serving(watch.database, vocabulary=vocabulary) as served,
        Visit(browser, served.url, width=390) as visit,  # a telephone
    ):
        page = visit.to("/")
        navigate(page, "Organisations")
        page.get_by_role("link", name="NHS Eastmere ICB", exact=True).click()
        assert heading(page) == "NHS Eastmere ICB"
        assert "Drowning and near drowning" in part(page, "One agreement").inner_text()

        part(page, "Predecessors").get_by_role("link", name="NHS Eastmere CCG").click()
        assert heading(page) == "NHS Eastmere CCG"
        assert "Old rivers" in page.get_by_role("main").inner_text()

        navigate(page, "Expiring")
        assert "2026-03-01" in page.get_by_role("main").inner_text()
        page.get_by_role("link", name="Drowning and near drowning along tidal rivers").click()
        term = part(page, "Term and releases")
        assert "2026-03-01" in term.text_content()


# --- a lawyer ---------------------------------------------------------------------------------------------------------


def test_a_lawyer_opens_both_kept_pages_behind_a_change_and_checks_the_sum(register, served, visit):
    page = visit.page
    ((change, before, after),) = asked(
        register,
        "select id, snapshot_before, snapshot_after from changes where kind = 'dsa-extended' "
        "and member_of is null and snapshot_before is not null and not withdrawn limit 1",
    )
    page.get_by_label("Search agreements, organisations, datasets and changes").fill(change[:8])
    page.get_by_role("button", name="Search").click()
    assert page.url.endswith(f"/changes/{change}")

    proof = part(page, "Proof")
    assert "UTC" in proof.inner_text()
    sums = ["".join(one.split()) for one in proof.locator("code.sha").all_inner_texts()]
    assert sums == [before, after]
    for number, digits in enumerate(sums):
        part(page, "Proof").get_by_role("link", name="As it was kept").nth(number).click()
        bytes_of_it = page.request.get(page.get_by_role("link", name="save its bytes").get_attribute("href")).body()
        assert hashlib.sha256(bytes_of_it).hexdigest() == digits
        page.go_back()

    part(page, "Proof").get_by_role("link", name="As it was kept").last.click()
    page.get_by_role("link", name=re.compile("Against the state before")).click()
    assert page.locator("table.kept-pair .differs").count() > 0
    assert page.locator("table.kept-pair ins, table.kept-pair del").count() > 0


# --- a researcher -----------------------------------------------------------------------------------------------------


def test_a_researcher_compares_two_dates_and_takes_the_table_along(register, visit):
    page = visit.page
    navigate(page, "Compare")
    ((organisation,),) = asked(
        register,
        "select organisation from changes where member_of is null and not is_group and first_seen between "
        "'2016-03-02' and '2016-11-01' group by page order by count(*) desc limit 1",
    )
    page.get_by_label("From (year-month-day)").fill("2016-03-01")
    page.get_by_label("to", exact=True).fill("2016-11-01")
    page.get_by_label("Organisation", exact=True).fill(organisation)
    page.get_by_role("button", name="Compare").click()

    assert organisation in part(page, "In sum").inner_text()
    said = page.get_by_text(re.compile(r"[\d,]+ differences? on the agreements")).inner_text()
    n = int(re.search(r"([\d,]+) difference", said).group(1).replace(",", ""))
    rows = list(csv.DictReader(io.StringIO(saved(page, page.get_by_role("link", name="CSV")))))
    found = json.loads(page.request.get(page.get_by_role("link", name="JSON", exact=True).get_attribute("href")).body())

    assert n > 0
    assert len([row for row in rows if row["row"] == "difference"]) == n
    agreements = [one for of in found for one in of["agreements"]]
    assert sum(len(one["differences"]) for one in agreements) == n
    told = {row["reference"] for row in rows if row["row"] == "difference"}
    assert told == {one["reference"] for one in agreements if one["differences"]}
    assert told <= set(page.locator("main .head .ref").all_inner_texts())


def test_a_researcher_sees_an_agreement_as_it_was_on_a_day(register, visit):
    page = visit.page
    ((reference,),) = asked(
        register,
        "select reference from changes where kind = 'sublicensing-changed' and member_of is null and not withdrawn "
        "and reference in (select reference from agreement_versions where first_seen < '2016-02-21') limit 1",
    )
    page.get_by_label("Search agreements, organisations, datasets and changes").fill(reference)
    page.get_by_role("button", name="Search").click()
    assert reference in page.locator(".kicker").inner_text()

    now = part(page, "What the page sa").locator(".facts").first.inner_text()
    page.get_by_label(re.compile("As of")).fill("2016-02-21")
    page.get_by_role("button", name="Show").click()
    then = part(page, "What the page sa").locator(".facts").first.inner_text()

    assert "as_of=2016-02-21" in page.url
    assert then != now
    assert page.get_by_label(re.compile("As of")).input_value() == "2016-02-21"


def test_a_word_is_found_wherever_it_stands(register, visit):
    page = visit.page
    page.get_by_label("Search agreements, organisations, datasets and changes").fill("benchmark")
    page.get_by_role("button", name="Search").click()

    assert "benchmark" in page.title()
    prose = part(page, "In the prose of agreements")
    assert prose.locator("mark").first.inner_text().lower().startswith("benchmark")
    prose.get_by_role("link").first.click()
    for section in part(page, "In its own words").locator("summary").all():
        section.click()
    assert "benchmark" in page.get_by_role("main").inner_text().lower()


# --- a campaigner -----------------------------------------------------------------------------------------------------


def test_a_campaigner_looks_at_opt_outs_and_follows_them(register, visit):
    page = visit.page
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Kind of change").select_option(value="opt-outs-changed")
    page.get_by_role("button", name="Show").click()
    ((n,),) = asked(
        register,
        "select count(*) from changes where kind = 'opt-outs-changed' and member_of is null and substantive",
    )

    shown = page.locator(".change > .what").all_inner_texts()
    assert len(shown) == n > 0
    assert all("Opt-outs" in one for one in shown)
    file = saved(page, page.locator("#feeds").get_by_role("link", name="CSV"))
    assert len(list(csv.DictReader(io.StringIO(file)))) == n

    navigate(page, "Red flags")
    table = page.get_by_role("main").locator("tbody tr")
    assert table.count() >= 5


def test_somebody_who_knows_sql_asks_their_own_question(register, visit):
    page = visit.page
    navigate(page, "Tables")
    page.locator("#sql-editor").fill("select count(*) as agreements from current_agreements")
    page.get_by_role("button", name="Run SQL").click()

    ((n,),) = asked(register, "select count(*) from current_agreements")
    assert page.locator("table.rows-and-columns td").first.inner_text().replace(",", "") == str(n)


# --- while a run writes -----------------------------------------------------------------------------------------------


def test_a_reader_sees_the_old_state_until_a_run_has_committed_and_then_the_new(browser, tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-01-01")
    later = {slug: with_project(page, end="2033-01-01", sublicensing="Yes") for slug, page in REGISTER.items()}
    edition = write_edition(tmp_path / "later", later)
    ((n,),) = asked(watch.database, "select count(*) from runs")
    with running(watch.database, "--public") as served, Visit(browser, served.url) as visit:
        page = visit.to("/")
        assert "the first reading" in page.get_by_role("main").inner_text()

        with closing(sqlite3.connect(watch.database, isolation_level=None)) as other:
            other.execute("begin immediate")  # so that it does not end before anybody looks
            run = start(watch, edition, "2026-01-02")
            page.reload()
            assert page.locator(".change").count() == 0
        while run.poll() is None:
            page.reload()
            news = page.locator(".change").count()
            # All of the run, or nothing of it.
            assert news in (0, 2 * len(REGISTER)), news
        assert (run.returncode, run.communicate()[1]) == (0, b"")

        page.reload()
        assert page.locator(".change").count() == 2 * len(REGISTER)
        assert page.locator(".change").filter(has_text="Printed end moved later").count() == len(REGISTER)
        page.get_by_role("link", name="University of Harrowdale").first.click()
        assert "2033-01-01" in page.get_by_role("main").inner_text()
        navigate(page, "Tables")
        page.get_by_role("link", name="runs", exact=True).first.click()
        page.locator("table.rows-and-columns td").first.wait_for()
        assert page.locator("table.rows-and-columns tbody tr").count() == n + 1
        assert visit.complaints == []
