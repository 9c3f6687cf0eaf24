"""Each part of `make bench` runs, on a register of a handful of pages; what it measures is not asserted."""

from pathlib import Path

import pytest

from benchmarks import (
    attacks,
    browsing,
    comparison,
    drawing,
    economy,
    following,
    history,
    importing,
    rebuilding,
    sizes,
    telling,
)
from benchmarks.others import NotToBeHadError
from benchmarks.register_site import Register


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "years.db"
    history.build(file, Register(12, 1, 0.2, 0.1, 0), 3)
    return file


@pytest.fixture
def short_history(years: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (rebuilding, browsing):
        monkeypatch.setattr(part, "five_years", lambda: years)


def test_editions_are_dated_evenly_over_the_year():
    assert [history.time_of(number, 2021, 4)[:10] for number in (1, 2, 5)] == ["2021-01-01", "2021-04-01", "2022-01-01"]
    assert history.time_of(63) == "2026-03-01T03:00:00Z"


@pytest.mark.usefixtures("short_history")
def test_rebuilding_is_measured():
    assert "3 editions, 12 organisations" in rebuilding.main()


@pytest.mark.soak
@pytest.mark.usefixtures("short_history")
def test_pages_are_found_by_their_links(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(browsing, "OF_EACH", 2)
    monkeypatch.setattr(browsing, "STARTS", 1)

    table = browsing.main()

    assert "| organisation | 2 |" in table
    assert "| agreement | 2 |" in table
    assert "Not answered" not in table


def test_every_address_is_of_one_kind_of_page():
    assert browsing.kind_of("/") == "front"
    assert browsing.kind_of("/agreements/DARS-NIC-1-A2B3C?as_of=2023-01-01") == "agreement as of a day"
    assert browsing.kind_of("/agreements/DARS-NIC-1-A2B3C.json") is None


@pytest.mark.soak
def test_what_is_kept_is_measured_and_read_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(economy, "EDITIONS", 2)
    monkeypatch.setattr(economy, "ORGANISATIONS", 80)

    assert "one zstd stream" in economy.main()


@pytest.mark.soak
def test_costs_are_drawn_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sizes, "BY_PAGES", ((3, 1), (6, 1)))
    monkeypatch.setattr(sizes, "BY_YEARS", ((3, 1), (3, 2)))
    monkeypatch.setattr(sizes, "RUNS", 1)
    monkeypatch.setattr(sizes, "PLOT", tmp_path / "plot.svg")
    monkeypatch.setattr(telling, "ORGANISATIONS", 12)
    monkeypatch.setattr(telling, "SUBSCRIPTIONS", (2, 4))
    monkeypatch.setattr(telling, "RUNS", 1)

    table = sizes.main()

    assert "| pages | 3 | 6 | 3 |" in table
    assert "| subscriptions | 2 | 4 |" in table
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").startswith("<svg")


def test_labels_of_a_plot_do_not_lie_on_each_other():
    heights = drawing.spread([270.0, 271.0, 10.0, 283.0])

    assert all(abs(a - b) >= drawing.APART for n, a in enumerate(heights) for b in heights[:n])


def test_where_the_other_tools_cannot_be_had_the_tables_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def nowhere() -> Path:
        raise NotToBeHadError("cannot be installed here (OSError)")

    monkeypatch.setattr(comparison, "programs", nowhere)
    monkeypatch.setattr(importing, "programs", nowhere)
    monkeypatch.setattr(importing, "EDITIONS", 1)
    monkeypatch.setattr(importing, "_in_own_process", lambda *_: [1.0, 1.0, 1.0])

    assert comparison.main() == "urlwatch, webchanges and git-history cannot be installed here (OSError)."
    (tmp_path / "01.json").write_text("[]", encoding="utf-8")
    assert any("git-history==0.8 cannot be installed here" in row for row in importing._rows(tmp_path))


@pytest.mark.soak
def test_attacks_are_made(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"READERS": 3, "READING_S": 1, "HALF_OPEN": 5, "ORGANISATIONS": 6, "EDITIONS": 2}.items():
        monkeypatch.setattr(attacks, name, value)
    monkeypatch.setattr(attacks, "CASES", {"H1a": attacks.CASES["H1a"]})

    assert "| H1a | prose of 12 KB" in attacks.main()


@pytest.mark.soak
def test_following_is_measured(monkeypatch: pytest.MonkeyPatch):
    for name, few in {"ORGANISATIONS": 12, "FOLLOWERS": 40, "FORMS": 6, "AT_ONCE": 3}.items():
        monkeypatch.setattr(following, name, few)

    assert "40 followers with 80 follows" in following.main()
