"""Reading on a cluster of Dask workers: the same to the byte, and one clear line where it cannot be."""

import shutil
from contextlib import nullcontext

import pytest

from scraper.names.vocabulary import default_vocabulary
from snapshots.keeping.database import StoreError
from snapshots.keeping.readings import WORTH_A_POOL, Unread, read_all
from snapshots.sources.cluster import ClusterError, on_cluster
from tests.harness import dask_cluster
from tests.harness.editions import EASTMERE, Watch, run, with_project
from tests.harness.servers import held_port
from tests.scraper.reading.pages.render import MARKUPS, PAGE

BODY = MARKUPS[0](PAGE).encode()
MANY = 600
"""Bodies: enough for both workers, and for one to die before half of them are read."""


def bodies(number=MANY):
    return [Unread(f"{n:064}", f"page_{n}", BODY, None) for n in range(number)]


def read_on(address, number=MANY, **more):
    return list(read_all(bodies(number), number, default_vocabulary(), on_cluster(address, **more)))


def editions(folder):
    """Two days of a register that is large enough to be read by others."""
    for day, end in (("2024-10-03", "2026-03-12"), ("2024-11-03", "2027-03-12")):
        (folder / day).mkdir(parents=True)
        for n in range(WORTH_A_POOL):
            page = with_project(EASTMERE, reference=f"DARS-NIC-{600_000 + n}-A1B2C", end=end, title=f"Study {n}")
            (folder / day / f"page_{n}.txt").write_bytes(page.text())
    return folder


def test_few_bodies_are_read_here_and_no_cluster_is_asked():
    with on_cluster("tcp://127.0.0.1:1")(WORTH_A_POOL - 1) as pool:
        assert pool is None


def test_a_scheduler_that_is_not_there_is_one_clear_line():
    pytest.importorskip("distributed")
    with held_port() as port, pytest.raises(ClusterError) as caught:
        read_on(f"tcp://127.0.0.1:{port}", patience_s=0.2)

    assert str(caught.value).startswith(
        f"the cluster at tcp://127.0.0.1:{port}, of [compute] in the settings: no scheduler answers ("
    )
    assert str(caught.value).endswith("; nothing was changed")
    assert "\n" not in str(caught.value)


@pytest.mark.soak
def test_a_command_without_its_scheduler_leaves_all_as_it_was(tmp_path):
    watch = Watch(tmp_path)
    past = editions(tmp_path / "past")
    watch.run("backfill", "archive", past / "2024-10-03")
    before = watch.everything()
    new = tmp_path / "new"
    new.mkdir()
    with held_port() as port:
        asked = {"REGISTERWATCH_COMPUTE__DASK": f"tcp://127.0.0.1:{port}"}
        said = [
            run(tmp_path, "import", past / "2024-11-03", "--fetched-at", "2024-11-03", environment=asked),
            run(tmp_path, "backfill", "archive", past, environment=asked),
            run(tmp_path, "reparse", "--again", environment=asked),
            run(new, "backfill", "archive", past, environment=asked),
        ]

    assert [(one.returncode, one.stdout, one.stderr.count("\n")) for one in said] == [(1, "", 1)] * 4
    assert watch.everything() == before
    assert list(new.iterdir()) == []


@pytest.mark.soak
def test_two_workers_read_as_this_process_does_and_one_may_die(tmp_path):
    here = list(read_all(bodies(), MANY, default_vocabulary(), lambda _number: nullcontext()))
    with dask_cluster.cluster(tmp_path) as cluster:
        cluster.worker()
        dying = cluster.worker(dies_after=3)
        there = read_on(cluster.address)
        assert dying.wait(timeout=60) == 1

    assert there == here


@pytest.mark.soak
def test_a_history_made_on_a_cluster_is_the_same_to_the_byte(tmp_path):
    past = editions(tmp_path / "past")
    here, there, copy = (Watch(tmp_path / name) for name in ("here", "there", "copy"))
    for watch in (here, there, copy):
        watch.folder.mkdir()
    with dask_cluster.cluster(tmp_path / "cluster") as cluster:
        asked = {"REGISTERWATCH_COMPUTE__DASK": cluster.address}
        cluster.worker()
        cluster.worker(dies_after=5)
        done = [
            run(here.folder, "backfill", "archive", past),
            run(there.folder, "backfill", "archive", past, environment=asked),
        ]
        shutil.copy(here.database, copy.database)
        done += [
            run(here.folder, "reparse", "--again"),
            run(copy.folder, "reparse", "--again", environment=asked),
        ]

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 4
    assert there.history() == here.history()
    assert copy.everything() == here.everything()


@pytest.mark.soak
@pytest.mark.parametrize("gone", ["scheduler", "workers"])
def test_a_cluster_that_goes_away_is_one_clear_line(tmp_path, gone):
    with dask_cluster.cluster(tmp_path) as cluster:
        cluster.worker(dies_after=3 if gone == "workers" else None)
        reading = read_all(bodies(), MANY, default_vocabulary(), on_cluster(cluster.address, patience_s=8))
        first = next(reading)
        if gone == "scheduler":
            cluster.scheduler.kill()
        with pytest.raises(ClusterError) as caught:
            list(reading)

    assert first[0] == f"{0:064}"
    assert {"scheduler": "its scheduler went away", "workers": "its last worker went away"}[gone] in str(caught.value)


@pytest.mark.soak
def test_workers_that_read_by_other_rules_are_not_believed(tmp_path):
    code = tmp_path / "other"
    for name in ("scraper", "snapshots", "diff"):
        shutil.copytree(dask_cluster.ROOT / name, code / name)
    with (code / "scraper/text.py").open("a") as file:
        file.write("# Changed.\n")
    with dask_cluster.cluster(tmp_path / "cluster", code=code) as cluster:
        cluster.worker()
        with pytest.raises(StoreError, match="pages were read by another program"):
            read_on(cluster.address)


@pytest.mark.soak
def test_a_cluster_without_the_program_is_one_clear_line(tmp_path):
    code = tmp_path / "none"
    for name in ("scraper", "snapshots"):
        (code / name).mkdir(parents=True)
        (code / name / "__init__.py").touch()
    with dask_cluster.cluster(tmp_path / "cluster", code=code) as cluster:
        cluster.worker()
        with pytest.raises(ClusterError, match="it has another registerwatch than this one, or none"):
            read_on(cluster.address)
