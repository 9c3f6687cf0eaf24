"""Killed before any of its steps between file, chain and database, the next one ends as if nothing had happened."""

import shutil
from collections import Counter
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from cron.settings.load import load_settings
from cron.work.afterwards import deliver_and_note
from cron.work.context import Context, utc_now
from tests.harness.editions import REGISTER, with_project
from tests.harness.kills import bounds, steps_of
from tests.harness.nights import Nights, story
from tests.harness.office import block
from tests.harness.register_server import RegisterServer, Site
from tests.harness.workbooks.play import Official
from tests.harness.workbooks.story import months

OF_OFFICIAL = ("official_versions", "official_beliefs", "official_unread", "official_rows", "official_editions")


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Workbooks of three months, of a register that is small enough to be taken a hundred times."""
    folder = tmp_path_factory.mktemp("workbooks")
    return [edition.write(folder) for edition in months("killed", 3, 5, agreements=4, rows=2, files=1)]


def official_state(watch):
    """Return what is kept of the official register, and the files of its archive."""
    everything = watch.everything()
    kept = {table: everything[table] for table in OF_OFFICIAL}
    changes = [one["id"] for one in watch.changes("--all", "--register", "nhs-official")]
    archive = sorted(path.name for path in (watch.folder / "official").iterdir())
    return kept, changes, archive


def some(numbers, count):
    """Return so many of *numbers*, the first and the last among them."""
    return [numbers[round(at * (len(numbers) - 1) / (count - 1))] for at in range(count)]


# --- import-official --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(paths, tmp_path_factory):
    """A database with one edition; how the next one is taken undisturbed, and in which steps."""
    before = tmp_path_factory.mktemp("imported") / "before"
    before.mkdir()
    assert Official(before).run("import-official", paths[0]).exit_code == 0
    after = Official(shutil.copytree(before, before.with_name("after")))
    steps = steps_of(lambda: after.run("import-official", paths[1]), after.folder)
    return before, steps, (official_state(after), after.history(), after.counts())


def check_import(folder, imported, paths, step):
    """Kill an import before a step; the database is as before or as after, and the next import completes it."""
    before, steps, undisturbed = imported
    official = Official(shutil.copytree(before, folder / f"{step}"))
    steps_of(lambda: official.run("import-official", paths[1]), official.folder, step)
    counts = official.counts()
    assert counts in (Official(before).counts(), undisturbed[2]), steps[step]
    again = official.run("import-official", paths[1])

    assert again.exit_code == 0, f"{steps[step]}: {again.output}"
    assert (official_state(official), official.history(), official.counts()) == undisturbed, steps[step]
    assert official.run("verify").exit_code == 0, steps[step]


def test_an_import_has_its_file_its_log_its_chain_and_its_history_in_one_transaction(imported):
    _, steps, _ = imported
    at = {name: n for n, name in enumerate(steps)}

    order = ["os.rename", "begin", "insert into official_editions", "insert into manifests", "insert into changes"]
    found = [min(n for name, n in at.items() if name.startswith(start)) for start in order]
    assert found == sorted(found)
    assert [name.split()[0] for name in steps].count("begin") == [name.split()[0] for name in steps].count("commit")


def test_an_import_that_is_killed_at_a_bound_is_whole_or_not_there(tmp_path, imported, paths):
    for step in some(bounds(imported[1]), 4):
        check_import(tmp_path, imported, paths, step)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_an_import_that_is_killed_before_any_step_is_whole_or_not_there(tmp_path, imported, paths):
    for step in range(len(imported[1])):
        check_import(tmp_path, imported, paths, step)
        shutil.rmtree(tmp_path / f"{step}")


# --- a night with an inbox --------------------------------------------------------------------------------------------

HARROW = "university_of_harrowdale"


@pytest.fixture(scope="module")
def server():
    with RegisterServer(Site(dict(REGISTER))) as server:
        yield server


def watch_in(folder, server):
    nights = Nights(
        folder, server, official={"inbox": "inbox", "archive": "official"}, mail={"sender": "us@example.org"}
    )
    nights.add_settings(block({"name": "all", "email": "ig@example.org"}))
    return nights


def letters(nights):
    """Return how often each subject and each line that names something was sent."""
    found = Counter()
    for path in (nights.folder / "outbox").glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        text = message.get_body(("plain",)).get_content()
        found.update({line.strip() for line in text.splitlines() if "NIC-" in line})
    return found


def night_state(nights):
    return official_state(nights), story(nights), letters(nights), inbox(nights)


def inbox(nights):
    return sorted(path.name for path in (nights.folder / "inbox").iterdir())


@pytest.fixture(scope="module")
def night(paths, server, tmp_path_factory):
    """The night before: tonight a workbook lies in the inbox, beside half of another, and a page is another one."""
    before = watch_in(tmp_path_factory.mktemp("night") / "before", server)
    (before.folder / "inbox").mkdir()
    shutil.copy(paths[0], before.folder / "inbox")
    before.quiet_night()
    shutil.copy(paths[1], before.folder / "inbox")
    (before.folder / "inbox" / paths[2].name).write_bytes(paths[2].read_bytes()[:4000])
    server.site.pages[HARROW] = with_project(server.site.pages[HARROW], end="2031-01-01")
    after = watch_in(shutil.copytree(before.folder, before.folder.with_name("after")), server)
    steps = steps_of(after.night, after.folder)
    return before, steps, night_state(after)


def deliver_in_an_hour(nights):
    """Deliver what waits: who was killed while it handed a letter over may have sent it, so the next does not hurry."""
    settings = load_settings(nights.config, {"store.database": nights.database})
    with closing(Context(lambda: settings, lambda: utc_now() + timedelta(hours=1))) as context:
        deliver_and_note(context)


def check_night(folder, night, server, step):
    before, steps, undisturbed = night
    nights = watch_in(shutil.copytree(before.folder, folder / f"{step}"), server)
    steps_of(nights.night, nights.folder, step)
    nights.quiet_night()
    deliver_in_an_hour(nights)

    assert night_state(nights) == undisturbed, steps[step]
    assert nights.run("verify").exit_code == 0, steps[step]
    assert nights.run("status").exit_code == 0, steps[step]


def test_a_night_that_is_killed_at_a_bound_loses_nothing_and_tells_nothing_twice(tmp_path, night, server):
    assert night[2][2], "nothing is told"
    steps = [n for n in bounds(night[1]) if night[1][n].startswith(("commit", "os.remove datausesregister"))]
    for step in some(steps, 4):
        check_night(tmp_path, night, server, step)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_night_that_is_killed_before_any_step_loses_nothing_and_tells_nothing_twice(tmp_path, night, server):
    for step in range(len(night[1])):
        check_night(tmp_path, night, server, step)
        shutil.rmtree(tmp_path / f"{step}")
