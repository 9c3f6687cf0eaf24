"""Ids are for ever (rule 14): a frozen history of pages is told under the ids of the day on which it was frozen.

`data/pinned_history.tar.xz` holds the pages: ten editions of a simulated register and two of the sample. They are files
and not made anew, so that a better simulation does not move an id. `data/pinned_ids.json` holds the ids, and
`data/pinned_folds.json` texts with what folding makes of them. Only a change of the folding rule (rule 4) that is meant
may change either; then, after reading what differs:

    .venv/bin/python -m tests.test_pinned_ids
"""

import json
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from diff.deciding.guards import Guards
from scraper.names.fold import fold
from scraper.names.vocabulary import default_vocabulary
from snapshots.keeping.store import Rules, open_store
from snapshots.sources.intake import Intake, gather_editions, take_editions
from tests.simulation.play import told

DATA = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data"
HISTORY, IDS, FOLDS = DATA / "pinned_history.tar.xz", DATA / "pinned_ids.json", DATA / "pinned_folds.json"

EDITIONS = (
    ("simulated", "edition-001", "2016-01-21"),
    ("simulated", "edition-002", "2016-02-10"),
    ("simulated", "edition-003", "2016-03-01"),
    ("simulated", "edition-004", "2016-03-21"),
    ("simulated", "edition-005", "2016-04-10"),
    ("simulated", "edition-006", "2016-04-30"),
    ("simulated", "edition-007", "2016-05-20"),
    ("simulated", "edition-008", "2016-06-09"),
    ("simulated", "edition-009", "2016-06-29"),
    ("simulated", "edition-010", "2016-07-19"),
    ("sample", "2026-10", "2026-10-01"),
    ("sample", "2026-11", "2026-11-01"),
)
"""Register, folder, time."""
PARTIAL = "edition-003"
"""It lacks pages that are not gone."""
RULES = Rules(default_vocabulary(), Guards(odd_fraction=1.1))
"""So much happens between these editions, three weeks apart, that nearly all would be held; their ids are for ever.

One edition is held for what is gone from it, and several have a page that is refused."""

Pin = tuple[str, str, str | None, str | None]
"""Id, kind, reference or slug, field: the last three only for a reader."""


def play_history(folder: Path) -> list[dict[str, Any]]:
    """Import the frozen editions; return every change listed, and of every group the first of its members too."""
    with tarfile.open(HISTORY) as archive:
        archive.extractall(folder, filter="data")
    for register, edition, at in EDITIONS:
        take(folder / f"{register}.db", folder / register / edition, f"{at}T00:00:00Z", edition != PARTIAL)
    listed = [change for name in ("simulated", "sample") for change in told(folder / f"{name}.db")]
    groups = [change["group"] for change in listed if change["group"]]
    members = [told(folder / "simulated.db", "--group", group) for group in sorted(groups)]
    return listed + [min(group, key=lambda change: change["id"]) for group in members if group]


def take(database: Path, edition: Path, at: str, complete: bool) -> None:
    """Take an edition as `import` does."""
    with (
        closing(open_store(database)) as store,
        closing(Intake.of_import(store, time=at, now="2026-11-28T00:00:00Z")) as intake,
    ):
        editions = gather_editions(intake, [edition], RULES.vocabulary)
        take_editions(store, editions, RULES, complete=complete)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    return play_history(tmp_path_factory.mktemp("pinned"))


def test_what_was_told_keeps_its_id(history):
    found = {pin(change) for change in history}
    lost = [known for known in pins() if known not in found]

    assert lost == []


def test_the_pinned_ids_are_of_all_37_kinds_and_of_groups():
    known = pins()

    assert len(known) >= 200
    assert len({kind for _, kind, _, _ in known}) >= 37
    assert sum(place is None for _, _, place, _ in known) >= 15


@pytest.mark.parametrize(("text", "folded"), json.loads(FOLDS.read_text(encoding="utf-8"))["folds"])
def test_folding_is_what_it_was(text, folded):
    assert fold(text) == folded


def pin(change: dict[str, Any]) -> Pin:
    """Return what is pinned of a change."""
    return change["id"], change["kind"], change["reference"] or change["page"], change["field"]


def pins() -> list[Pin]:
    """Return what was pinned."""
    return [tuple(row) for row in json.loads(IDS.read_text(encoding="utf-8"))]


PER_KIND = 9
"""Changes pinned of each kind by themselves, and as many groups of it."""


def choose(history: Iterable[dict[str, Any]]) -> Iterator[Pin]:
    """Yield the changes to pin: of every kind some, and some of its groups."""
    kinds = defaultdict(set)
    for change in history:
        kinds[change["kind"], bool(change["group"])].add(pin(change))
    for _, found in sorted(kinds.items()):
        yield from sorted(found)[:PER_KIND]


def main() -> None:
    """Pin the ids and the folds of today."""
    with TemporaryDirectory() as folder:
        rows = [json.dumps(row) for row in choose(play_history(Path(folder)))]
    IDS.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    folds = json.loads(FOLDS.read_text(encoding="utf-8"))
    pairs = [json.dumps([text, fold(text)], ensure_ascii=False) for text, _ in folds["folds"]]
    about = json.dumps(folds["about"], ensure_ascii=False)
    FOLDS.write_text(f'{{"about": {about},\n"folds": [\n' + ",\n".join(pairs) + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
