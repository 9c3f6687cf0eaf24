import http.client
import re
from dataclasses import replace

import pytest

from cron.demo.site import CUT_OFF, FOLDERS, IN_MAINTENANCE, INDEX, SAMPLE, edition, main, served_here
from diff.change import Change
from diff.deciding.belief import Edition, Remembered, Sighting
from diff.deciding.decide import decide
from diff.deciding.guards import Guards
from scraper.errors import RefusedPageError
from scraper.names.vocabulary import default_vocabulary
from scraper.reading.page import read_page

PAGES = sorted(path for folder in FOLDERS for path in (SAMPLE / folder).iterdir() if path.stem != "index")


def read(path):
    return read_page(path.read_bytes(), source=str(path), slug=path.stem)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_page_of_the_sample_is_readable(path):
    page = read(path)

    assert page.slug == path.stem
    assert page.agreements
    assert page.notices == ()
    for agreement in page.agreements:
        assert agreement.datasets
        assert agreement.legal_bases
        assert agreement.processing
        assert not any(basis.id.startswith("TEXT:") for basis in agreement.legal_bases)


def test_the_sample_shows_the_layouts_people_will_meet():
    layouts = {folder: sorted(read(path).layout for path in PAGES if path.parent.name == folder) for folder in FOLDERS}

    assert layouts == {"2026-10": ["L1", *["L3"] * 10, "L4"], "2026-11": ["L1", *["L3"] * 9, "L4", "L4"]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_index_names_every_page(folder):
    index = (SAMPLE / folder / "index.html").read_text(encoding="utf-8")

    assert re.findall(r'href="/organisations/([^"]+)"', index) == [
        path.stem for path in PAGES if path.parent.name == folder
    ]


def test_the_sample_is_small():
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 250_000


def expected_news():
    """Return severity, kind and reference of each row of the table of news in the sample's README."""
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\| (high|medium|low|info) \| (\S+) \| (\S+) \|", readme, flags=re.MULTILINE)


def pages_of(name):
    """Return slug → page of an edition, as its site serves it; None of a page that is refused."""
    pages = {}
    for slug, served in edition(name).items():
        charset = served.content_type.partition("charset=")[2] or None
        try:
            pages[slug] = read_page(served.body, source=slug, charset=charset)
        except RefusedPageError:
            pages[slug] = None
    del pages[INDEX]
    return pages


@pytest.fixture(scope="module")
def decisions():
    """Return what each whole edition means after the one before it."""
    past, decisions = Remembered(), {}
    for run, name in enumerate((*FOLDERS, "rebuilt"), 1):
        seen = {slug: Sighting(f"{name}/{slug}", page) for slug, page in pages_of(name).items()}
        decisions[name] = decide(
            past,
            Edition(run=run, time=f"2026-1{run}-01T00:00:00Z", complete=True, read=seen),
            vocabulary=default_vocabulary(),
            guards=Guards(),
        )
        past.learn(decisions[name].pages, decisions[name].facts, complete=True)
    return decisions


@pytest.fixture(scope="module")
def changes(decisions):
    """Return what the second edition means, in public order."""
    return sorted(decisions["2026-11"].changes, key=Change.sort_key)


def test_the_second_edition_brings_the_news_it_promises_and_no_other(changes):
    news = [change for change in changes if change.substantive]

    assert [(one.severity, one.kind, one.reference) for one in news] == expected_news()


def test_noise_is_kept_as_editorial(changes):
    editorial = {one.kind for one in changes if not one.substantive}

    assert editorial == {"dataset-relabelled", "files-count-changed", "layout-changed", "wording-changed"}


def test_the_rebuilt_site_says_the_same_in_another_layout():
    before, after = pages_of("2026-11"), pages_of("rebuilt")

    assert sorted(page.layout for page in after.values()) == ["L1", *["L4"] * 11]
    for slug, page in after.items():
        assert page.notices == ()
        same = {"source": slug, "layout": page.layout, "agreements": ()}
        assert replace(page, **same) == replace(before[slug], **same)
        for new, old in zip(page.agreements, before[slug].agreements, strict=True):
            # What L4 prints elsewhere, or less precisely.
            loose = dict.fromkeys(("type_of_data", "opt_outs", "dsa_start", "dsa_end", "discussions", "unprinted"))
            loose |= {"printed": {}, "legal_bases": None}
            assert replace(new, **loose) == replace(old, **loose)
            assert new.legal_bases == old.legal_bases
            assert (old.dsa_end or "").startswith(new.dsa_end or "")


def test_the_rebuilt_site_is_one_editorial_change(decisions):
    (change,) = decisions["rebuilt"].changes

    assert (change.kind, change.substantive, change.agreements) == ("layout-changed", False, 14)


def test_on_the_bad_night_two_pages_are_refused_and_no_other():
    pages = pages_of("broken")

    assert {slug for slug, page in pages.items() if page is None} == {CUT_OFF, IN_MAINTENANCE}
    assert {slug: page for slug, page in pages.items() if page} == {
        slug: page for slug, page in pages_of("rebuilt").items() if slug not in (CUT_OFF, IN_MAINTENANCE)
    }


def get(server, path, **headers):
    connection = http.client.HTTPConnection(*server.server_address, timeout=120)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    answer = response.status, response.headers["Content-Type"], response.read()
    connection.close()
    return answer


def test_the_sample_can_be_looked_at_in_a_browser():
    page = (SAMPLE / "2026-11/nhs_eastmere_ccg.html").read_bytes()
    index = (SAMPLE / "2026-11/index.html").read_bytes()
    with served_here("2026-11") as server:
        assert get(server, "/organisations/nhs_eastmere_ccg/") == (200, "text/html", page)
        assert get(server, "/organisations/stonegate_biometrics_llp")[:2] == (200, "text/plain; charset=utf-8")
        assert get(server, "/")[2] == get(server, "/organisations/")[2] == index
        assert get(server, "/organisations/../../README.md")[0] == 404
        assert get(server, "/robots.txt") == (404, None, b"")


def test_the_sample_answers_who_has_a_page_already_that_it_is_unchanged():
    with served_here("2026-10") as server:
        connection = http.client.HTTPConnection(*server.server_address, timeout=120)
        connection.request("GET", "/organisations/nhs_eastmere_ccg")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        known = {"If-None-Match": answer.headers["ETag"]}

        assert get(server, "/organisations/nhs_eastmere_ccg", **known) == (304, None, b"")
        server.site = edition("2026-11")
        assert get(server, "/organisations/nhs_eastmere_ccg", **known)[0] == 200


def test_an_edition_that_is_not_there_is_refused(capsys):
    assert main(["2026-12"]) == 2
    assert capsys.readouterr().err == "2026-12: no such edition; there are 2026-10, 2026-11, rebuilt and broken\n"
