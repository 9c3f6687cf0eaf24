import http.client
import re
import threading

import pytest

from cron.sample_site import EDITIONS, SAMPLE, main, serve
from diff.belief import Edition, Remembered, Sighting
from diff.changes import Change, change_to_json
from diff.decide import decide
from diff.guards import Guards
from scraper.parse import read_page
from scraper.vocabulary import default_vocabulary

PAGES = sorted(path for edition in EDITIONS for path in (SAMPLE / edition).iterdir() if path.stem != "index")


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
    layouts = {
        edition: sorted(read(path).layout for path in PAGES if path.parent.name == edition) for edition in EDITIONS
    }

    assert layouts == {"2026-10": ["L1", *["L3"] * 10, "L4"], "2026-11": ["L1", *["L3"] * 9, "L4", "L4"]}


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_index_names_every_page(edition):
    index = (SAMPLE / edition / "index.html").read_text(encoding="utf-8")

    assert re.findall(r'href="/organisations/([^"]+)"', index) == [
        path.stem for path in PAGES if path.parent.name == edition
    ]


def test_the_sample_is_small():
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 250_000


def expected_news():
    """Return severity, kind and reference of each row of the table of news in the sample's README."""
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\| (high|medium|low|info) \| (\S+) \| (\S+) \|", readme, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def changes():
    """Return what the second edition means, as public changes in public order."""
    past = Remembered()
    for run, edition in enumerate(EDITIONS, 1):
        seen = {path.stem: Sighting(path.stem, read(path)) for path in PAGES if path.parent.name == edition}
        decision = decide(
            past,
            Edition(run=run, time=f"{edition}-01T00:00:00Z", complete=True, read=seen),
            vocabulary=default_vocabulary(),
            guards=Guards(),
        )
        past.learn(decision.pages, decision.facts, complete=True)
    return [change_to_json(change) for change in sorted(decision.changes, key=Change.sort_key)]


def test_the_second_edition_brings_the_news_it_promises_and_no_other(changes):
    news = [change for change in changes if change["substantive"]]

    assert [(one["severity"], one["kind"], one["reference"]) for one in news] == expected_news()


def test_noise_is_kept_as_editorial(changes):
    editorial = {one["kind"] for one in changes if not one["substantive"]}

    assert editorial == {"dataset-relabelled", "files-count-changed", "layout-changed", "wording-changed"}


def get(address, path):
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.headers["Content-Type"], response.read()


def test_the_sample_can_be_looked_at_in_a_browser():
    with serve(port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = server.server_address
        page = (SAMPLE / "2026-11/nhs_eastmere_ccg.html").read_bytes()

        assert get(address, "/organisations/nhs_eastmere_ccg/") == (200, "text/html", page)
        assert get(address, "/organisations/stonegate_biometrics_llp")[:2] == (200, "text/plain; charset=utf-8")
        assert get(address, "/")[2] == (SAMPLE / "2026-11/index.html").read_bytes()
        assert get(address, "/organisations/../../README.md")[0] == 404
        server.shutdown()


def test_an_edition_that_is_not_there_is_refused(capsys):
    assert main(["2026-12"]) == 2
    assert capsys.readouterr().err == "2026-12: no such edition; there are 2026-10 and 2026-11\n"
