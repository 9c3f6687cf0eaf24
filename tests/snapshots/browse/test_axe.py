"""Every kind of page, looked at in a browser: for screen readers, the keyboard, narrow windows, dark, print."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.harness.browse_server import register_database, serving
from tests.harness.chromium import CHROMIUM, FLAGS, Visit, chromium, needs_chromium

pytestmark = [pytest.mark.browser, needs_chromium]

KINDS = {
    "front": "/",
    "front, everything": "/?all=1&severity=medium",
    "front, of a legal basis": "/?basis=s251",
    "search": "/search?q=nhs",
    "search, mistyped": "/search?q=mental+helth",
    "nothing here": "/nothing",
    "organisations": "/organisations",
    "organisation": "/organisations/{organisation}",
    "agreement": "/agreements/{agreement}",
    "agreement, earlier": "/agreements/{agreement}?as_of=2016-03-01",
    "agreement, moved": "/agreements/{moved}",
    "datasets": "/datasets",
    "datasets, in another order": "/datasets?sort=agreements",
    "dataset": "{dataset}",
    "family of datasets": "/datasets/hes",
    "legal bases": "/legal-bases",
    "legal basis": "/legal-bases/{basis}",
    "change": "/changes/{change}",
    "change of prose": "/changes/{prose}",
    "change of many": "/changes/{group}",
    "change, withdrawn": "/changes/{withdrawn}",
    "runs": "/runs",
    "run": "/runs/{run}",
    "snapshot": "/snapshots/{body}",
    "compare": "/compare?from=2016-02-01&to=2016-06-01",
    "expiring": "/expiring",
    "red flags": "/red-flags",
    "red flags of a rule": "/red-flags?rule=releases-after-the-end&sort=organisation",
    "feeds": "/feeds",
    "about": "/about",
    "method": "/method",
    "glossary": "/glossary",
    "severities": "/severity",
    "status": "/status",
    "pictures": "/pictures",
    "questions": "/questions",
    "a question": "/questions/who-has-dataset?dataset=HES",
    "a question of numbers": "/questions/opt-outs-by-type",
}
TABLES = {
    "tables": "/register",
    "table": "/register/changes?_size=10",
    "table, searched and filtered": "/register/changes?_search=data&_facet=kind&severity=high&_size=5",
    "table, wide": "/register/current_agreements?_size=5",
    "row": "/register/runs/1",
    "question": "/register/who_has_dataset?dataset=ECDS",
    "SQL": "/register?sql=select+*+from+runs",
    "no table": "/register/nothing",
}
ALL = KINDS | TABLES

EXAMPLES = {
    "organisation": "select page from agreements where not standing group by page order by count(*) desc, page",
    "agreement": "select reference from changes where member_of is null and reference is not null "
    "group by reference order by count(*) desc, reference",
    "moved": "select reference from changes where kind = 'agreement-moved'",
    "basis": "select basis from agreement_legal_bases group by basis order by count(*) desc, basis",
    "change": "select id from changes where kind = 'dataset-added' and member_of is null",
    "prose": "select id from changes where kind = 'text-changed' and member_of is null and not withdrawn",
    "group": "select id from changes where is_group order by agreements desc",
    "withdrawn": "select id from changes where withdrawn",
    "run": "select run from changes group by run order by count(*) desc",
    "body": "select body from snapshots order by first_seen desc",
}


def addresses(database, served):
    """Return the address of one page of each kind."""
    with closing(sqlite3.connect(database)) as db:
        found = {name: db.execute(sql).fetchone()[0] for name, sql in EXAMPLES.items()}
    found["dataset"] = served.page("/datasets").soup.select_one("main a[href^='/datasets/']")["href"]
    return {name: address.format(**found) for name, address in ALL.items()}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    database = register_database(tmp_path_factory.mktemp("looked-at"))
    with serving(database, feeds_url="https://example.org/feeds") as served:
        served.kinds = addresses(database, served)
        yield served


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def wide(browser, served):
    with Visit(browser, served.url, width=1280, color_scheme="light") as visit:
        yield visit


@pytest.fixture(scope="module")
def narrow(browser, served):
    with Visit(browser, served.url, width=320, color_scheme="dark", reduced_motion="reduce") as visit:
        yield visit


def findings(page, *rules):
    """Return what axe-core finds, by these rules or by all."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:150]} ({node['failureSummary'][:200]})" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize("kind", ALL)
def test_axe_finds_nothing_on_a_wide_light_page(served, wide, kind):
    assert findings(wide.to(served.kinds[kind])) == []


@pytest.mark.parametrize("kind", ALL)
def test_a_narrow_dark_page_can_be_read_and_touched_and_does_not_scroll_sideways(served, narrow, kind):
    page = narrow.to(served.kinds[kind])

    assert findings(page, "color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block") == []
    assert narrow.sideways() == 0
    # With everything unfolded, too.
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert narrow.sideways() == 0


def test_on_paper_an_agreements_prose_is_not_folded_away(served, wide):
    page = wide.to(served.kinds["agreement"])
    shown = "ps => ps.map(p => p.checkVisibility())"
    folded = page.eval_on_selector_all(".prose p", shown)
    page.emulate_media(media="print")
    printed = page.eval_on_selector_all(".prose p", shown)
    page.emulate_media(media="screen")

    assert folded
    assert not any(folded)
    assert all(printed)


def test_a_table_that_is_stacked_on_a_narrow_page_is_still_one_for_screen_readers(served, narrow):
    page = narrow.to(served.kinds["organisation"])

    assert page.locator("main table.stack [role]").count() == 0
    assert "columnheader" in page.locator("main table.stack").first.aria_snapshot()


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_refused(served, wide, narrow):
    for visit in (wide, narrow):
        visit.to("/")
        assert visit.elsewhere() == []
        # Two pages that are not there are said so on the console.
        assert [one for one in visit.complaints if "404 (Not Found)" not in one] == []


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640, 992, 1280])
def test_axe_finds_nothing_at_any_width(browser, served, scheme, width):
    with Visit(browser, served.url, width=width, color_scheme=scheme) as visit:
        for kind, address in served.kinds.items():
            assert findings(visit.to(address)) == [], kind
            assert visit.sideways() == 0, kind


# --- programs of others -----------------------------------------------------------------------------------------------


def program(name):
    """Return a program of npm's, or skip."""
    found = shutil.which(name)
    return found or pytest.skip(f"{name} is not installed here (npm install --global html-validate vnu-jar lighthouse)")


@pytest.fixture
def saved(served, tmp_path):
    """Our pages as files, one of each kind."""
    for kind in KINDS:
        (tmp_path / f"{re.sub(r'[^a-z]+', '-', kind)}.html").write_bytes(served.get(served.kinds[kind]).body)
    return tmp_path


@pytest.mark.soak
def test_html_validate_finds_no_error(saved):
    (saved / ".htmlvalidate.json").write_text('{"root": true, "extends": ["html-validate:standard"]}')
    told = subprocess.run(
        [program("html-validate"), *saved.glob("*.html")], capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stdout) == (0, "")


@pytest.mark.soak
def test_vnu_finds_no_error(saved):
    told = subprocess.run(
        [program("vnu"), "--errors-only", *saved.glob("*.html")], capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["front", "search", "agreement", "dataset", "organisation", "change"])
def test_lighthouse_gives_everything_for_accessibility_and_best_practices(served, kind):
    told = subprocess.run(
        [
            program("lighthouse"),
            served.url.rstrip("/") + served.kinds[kind],
            "--quiet",
            "--output=json",
            "--only-categories=accessibility,best-practices",
            f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        ],
        env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    assert {name: of["score"] for name, of in json.loads(told.stdout)["categories"].items()} == {
        "accessibility": 1,
        "best-practices": 1,
    }


# --- the keyboard -----------------------------------------------------------------------------------------------------

FOCUSABLE = """
() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(one => one.checkVisibility({contentVisibilityAuto: true}) && one.type !== 'hidden' && !one.disabled)
  .map((one, n) => { one.dataset.n = n; return n })
"""
FOCUSED = """
() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect()
  return {n: one.dataset.n, name: one.textContent.trim() || one.name,
          ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
          seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.left < innerWidth && box.right > 0}
}
"""


@pytest.mark.parametrize("kind", ["front", "agreement", "compare", "change of prose", "table"])
def test_tab_reaches_everything_in_order_and_shows_where_it_is(served, wide, kind):
    page = wide.to(served.kinds[kind])
    there = page.evaluate(FOCUSABLE)
    reached = []
    for _ in range(min(len(there), 120)):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["ring"], focused
        assert focused["seen"], focused
        if focused["n"] is not None:  # what scrolls by itself is reached too, so that arrows move it
            reached.append(int(focused["n"]))

    assert reached == there[: len(reached)]


@pytest.mark.parametrize("kind", ["front", "table"])
def test_the_first_tab_leads_past_the_navigation(served, wide, kind):
    page = wide.to(served.kinds[kind])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_url("**#content")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_what_is_folded_opens_by_key(served, wide):
    page = wide.to(served.kinds["front"])
    page.get_by_text("Filter", exact=True).focus()
    page.keyboard.press("Enter")

    assert page.get_by_label("Kind of change").is_visible()


# --- without this and that --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["front", "agreement", "table"])
def test_it_is_the_same_without_scripts(browser, served, wide, kind):
    with Visit(browser, served.url, java_script_enabled=False) as plain:
        without = plain.to(served.kinds[kind]).locator("main").inner_text()

    shown = wide.to(served.kinds[kind]).locator("main").inner_text()
    if kind == "table":  # how long it took stands there, and a menu of each column needs the script
        assert without.split("\n")[0] == shown.split("\n")[0]
        assert len(without) > 0.8 * len(shown)
    else:
        assert without == shown


@pytest.mark.parametrize("kind", ["front", "agreement", "change of prose"])
def test_forced_colours_leave_every_mark_to_be_seen(browser, served, kind):
    with Visit(browser, served.url, forced_colors="active") as visit:
        page = visit.to(served.kinds[kind])
        marks = page.evaluate(
            """() => [...document.querySelectorAll('del, ins')].map(one => {
                 const style = getComputedStyle(one)
                 return [one.tagName, style.textDecorationLine]})"""
        )
        assert all("line-through" in line for tag, line in marks if tag == "DEL")
        assert page.locator("main").inner_text().strip()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
            "rgb(255, 255, 255)", "rgb(0, 0, 0)")  # fmt: skip


@pytest.mark.parametrize("kind", ["front", "agreement", "organisation", "snapshot"])
def test_on_paper_the_news_is_there_and_the_controls_are_not(served, wide, kind):
    page = wide.to(served.kinds[kind])
    pdf = page.pdf(format="A4")
    page.emulate_media(media="print")
    hidden = [page.locator(one).first.is_visible() for one in ("nav.nav", "form.search", ".skip")]
    heading = page.get_by_role("heading", level=1).is_visible()
    page.emulate_media(media="screen")

    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 10_000
    assert hidden == [False, False, False]
    assert heading
