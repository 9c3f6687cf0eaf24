"""Long hauls over the simulated register: many seeds, thousands of edits. `make soak`; SOAK_SEEDS says how many."""

import os
from random import Random

import pytest

from tests.simulation.play import import_in_order, play
from tests.simulation.reread import disagreements
from tests.simulation.story import Story, long, migration, noise_only, quick

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

SEEDS = range(int(os.environ.get("SOAK_SEEDS", "12")))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_history_is_told_exactly(tmp_path, seed):
    played = play(long(f"long {seed}"), tmp_path, f"long {seed}")

    assert played.ok, played.report()
    assert played.edits > 1000


@pytest.mark.parametrize("seed", SEEDS)
def test_a_short_history_is_told_exactly(tmp_path, seed):
    played = play(quick(f"short {seed}"), tmp_path, f"short {seed}")

    assert played.ok, played.report()


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_alone_tells_nothing(tmp_path, seed):
    played = play(noise_only(f"noise {seed}", editions=10), tmp_path, f"noise {seed}")

    assert played.ok, played.report()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rebuilt_site_is_one_change_for_each_pair_of_layouts(tmp_path, seed):
    played = play(migration(f"migration {seed}", organisations=60), tmp_path, f"migration {seed}")

    assert played.ok, played.report()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_import_does_not_matter(tmp_path, seed):
    editions = list(quick(f"order {seed}", organisations=15, edit_count=20))
    shuffled = editions.copy()
    Random(f"order {seed}").shuffle(shuffled)

    assert import_in_order(shuffled, tmp_path / "shuffled") == import_in_order(editions, tmp_path / "in-order")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_rendered_page_reads_back_as_it_was_meant(seed):
    story = Story(f"reread {seed}", organisations=40)
    wrong = []
    for rebuild in ("", "L0>L1", "L1>L3", "", "lost", "L2>L3 L3>L4", ""):
        edition = story.turn(edit_count=30, rebuild=rebuild, noise=1.0)
        for page in story.register.pages.values():
            wrong += [f"{page.file_name}: {one}" for one in disagreements(page, edition.files[page.file_name])]

    assert wrong == []
