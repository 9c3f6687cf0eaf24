"""A simulated register is told exactly: every edit, nothing else, in the run that must tell it (design section 3)."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.simulation import values
from tests.simulation.model import new_register
from tests.simulation.noise import WAYS, Dress, fold
from tests.simulation.play import import_in_order, play
from tests.simulation.render import render
from tests.simulation.reread import disagreements
from tests.simulation.story import Edition, Story, fingerprint, migration, noise_only, quick
from tests.simulation.truth import judge

REPOSITORY = Path(__file__).parents[2]

WORDS = (
    *values.DATASETS,
    *(name for pair in values.DATASET_ALIASES for name in pair),
    *(spelling for basis in values.BASES.values() for spelling in basis.spellings),
    *values.CONFIDENTIALITY,
    *values.NO_OPT_OUTS,
    *(values.sentence(Random(number)) for number in range(200)),
    *(values.title(Random(number)) for number in range(200)),
)


# --- the simulation itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WAYS)
def test_no_way_of_writing_changes_what_is_written(kind):
    changed = [(way(words), words) for way in WAYS[kind] for words in WORDS if fold(way(words)) != fold(words)]

    assert changed == []


def test_a_dress_changes_no_word_and_no_set():
    for number in range(300):
        dress = Dress(str(number), lost=number % 2 == 1)
        words = Random(number).sample(WORDS, 5)

        assert [fold(dress.text(word)) for word in words] == [fold(word) for word in words]
        assert {fold(dress.name(word)) for word in dress.shuffled(words)} == {fold(word) for word in words}


def test_spellings_of_one_dataset_are_one_and_lookalikes_are_two():
    names = [name for pair in (*values.DATASET_ALIASES, *values.LOOKALIKE_GRANTS) for name in pair]
    names += [*values.DATASETS, *values.MASS_GRANTS, *values.NEW_LABELS]

    assert len({fold(name) for name in names}) == len(names)


def test_a_seed_gives_the_same_register_in_every_process():
    call = "fingerprint(quick(5, organisations=12, edit_count=20))"
    code = f"from tests.simulation.story import fingerprint, quick; print({call})"
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(REPOSITORY)}
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )

    assert other.stdout.strip() == fingerprint(quick(5, organisations=12, edit_count=20))


def test_what_is_told_wrongly_is_found_out():
    edition = next(edition for edition in quick(3, organisations=12, edit_count=10) if edition.due)

    verdict = judge(edition.number, edition.due, [{"kind": "dataset-added", "substantive": True, "field": "datasets"}])

    assert verdict.missing == [one for one in edition.due if not one.optional]
    assert len(verdict.unexpected) == 1


REBUILDS = ("", "L0>L1", "L1>L3", "lost", "L2>L3 L3>L4", "")


def test_every_rendered_page_reads_back_as_it_was_meant():
    story = Story("reread", organisations=20)
    wrong = []
    for rebuild in REBUILDS:
        edition = story.turn(edit_count=15, rebuild=rebuild, noise=1.0, damage="relabelled relabelled")
        for page in story.register.pages.values():
            found = disagreements(page, edition.files[page.file_name])
            wrong += [f"{page.file_name} ({page.layout}, {page.markup}, {page.form}): {one}" for one in found]

    assert wrong == []


def test_a_page_that_lost_its_headings_reads_back_as_it_was_meant():
    register = new_register("nohead", 40, layouts="L1 L2 L3")
    wrong = []
    for number, page in enumerate(register.pages.values()):
        page.markup, page.form, page.nohead = "text", ("num", "bul")[number % 2], True
        wrong += [f"{page.file_name} ({page.layout}): {one}" for one in disagreements(page, render(register, page))]

    assert wrong == []


# --- the register, watched -------------------------------------------------------------------------------------------


def test_noise_alone_tells_nothing(tmp_path):
    played = play(noise_only("noise"), tmp_path, "noise")

    assert played.ok, played.report()


def test_a_rebuilt_site_is_one_change_for_each_pair_of_layouts(tmp_path):
    played = play(migration("migration"), tmp_path, "migration")

    assert played.ok, played.report()
    assert [len(verdict.right) for verdict in played.verdicts] == [0, 1, 0, 1, 0]


def test_every_edit_is_told_once_and_rightly(tmp_path):
    played = play(quick("quick"), tmp_path, "quick")

    assert played.ok, played.report()
    assert played.edits > 200


def test_editions_imported_in_any_order_tell_the_same(tmp_path):
    editions: list[Edition] = list(quick("order", organisations=6, edit_count=8))
    shuffled = editions.copy()
    Random("order").shuffle(shuffled)

    assert import_in_order(shuffled, tmp_path / "shuffled") == import_in_order(editions, tmp_path / "in-order")
