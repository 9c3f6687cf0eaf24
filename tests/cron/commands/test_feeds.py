"""`feeds`, and what a run writes: feeds and calendars, which a web server serves while they are being replaced."""

import fcntl
import json
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from icalendar import Calendar

from notify.feeds.files import FeedFolder
from scraper.files import only_writer
from tests.harness.editions import FALLS, REGISTER, Page, Watch, many, with_project
from tests.harness.nights import Nights

HARROWDALE = "university_of_harrowdale"
MOVED = {HARROWDALE: with_project(REGISTER[HARROWDALE], end="2029-03-12")}
LATER = dict(REGISTER) | MOVED


@pytest.fixture
def watch(tmp_path):
    """Two editions, with one agreement whose printed end moved."""
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-10-01")
    watch.take(LATER, "2026-11-01")
    return watch


def tree(folder):
    """Return every file by its path in *folder*: bytes, and when and as which file it was written."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def feeds_in(folder):
    """Return the feeds alone: the page that lists them also tells the head of the chain of runs."""
    return {name: file for name, file in tree(folder).items() if name != "index.html"}


def ids(folder, name):
    feed = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return [item["id"].rpartition("/")[2] for item in feed["items"]]


def calendar(folder, name):
    """Return the events of a calendar."""
    return Calendar.from_ical((folder / f"{name}.ics").read_bytes()).walk("VEVENT")


def write(watch, folder):
    result = watch.run("feeds", folder)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def test_feeds_are_written_and_counted(watch, tmp_path):
    folder = tmp_path / "public/feeds"

    # Everything, three organisations and the four datasets that they print, of two families, in three formats each; the
    # calendars of the former two; and the page.
    count = 3 * (1 + 3 + 4 + 2) + (1 + 3) + 1
    assert write(watch, folder) == f"{folder}: {count} files written, 0 as before.\n"
    assert len(tree(folder)) == count
    assert write(watch, folder) == f"{folder}: 0 files written, {count} as before.\n"
    assert len(ids(folder, f"organisations/{HARROWDALE}")) == 1


def test_calendars_of_printed_ends_lie_beside_the_feeds_and_on_the_page(watch, tmp_path):
    write(watch, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    listed = set(re.findall(r'href="([^"]+\.ics)"', page))

    assert listed == {name for name in tree(tmp_path) if name.endswith(".ics") and not name.startswith("edition")}
    assert listed == {"everything.ics", *(f"organisations/{slug}.ics" for slug in REGISTER)}
    (moved,) = calendar(tmp_path, f"organisations/{HARROWDALE}")
    assert (moved["sequence"], moved["dtstart"].dt.isoformat()) == (1, "2029-03-12")
    assert len(calendar(tmp_path, "everything")) == 3


def test_events_link_to_the_history_where_the_settings_publish_it_else_to_the_page(tmp_path, server):
    nights = Nights(tmp_path, server)
    nights.quiet_night()
    (one,) = calendar(tmp_path / "feeds", f"organisations/{HARROWDALE}")
    nights.configure(browse={"base_url": "https://history.example"})
    nights.quiet_night()
    (other,) = calendar(tmp_path / "feeds", f"organisations/{HARROWDALE}")

    assert one["url"].startswith(server.index.partition("/organisations")[0])
    assert one["url"].rstrip("/").endswith(f"/{HARROWDALE}")
    assert other["url"] == f"https://history.example/agreements/{one['uid'].partition('@')[0]}"


def test_an_entry_leads_to_the_page_of_the_register_it_is_about(watch, tmp_path):
    write(watch, tmp_path / "feeds")
    (entry,) = json.loads((tmp_path / "feeds/everything.json").read_text(encoding="utf-8"))["items"]

    assert entry["url"] == f"https://theysolditanyway.com/organisations/{HARROWDALE}"


def test_files_that_would_be_the_same_are_not_touched(watch, tmp_path):
    folder = tmp_path / "feeds"
    write(watch, folder)
    before = tree(folder)
    write(watch, folder)
    assert tree(folder) == before
    feeds = feeds_in(folder)
    watch.take(LATER, "2026-11-02")
    write(watch, folder)

    assert feeds_in(folder) == feeds


def test_news_touch_the_files_that_tell_them_and_no_other(watch, tmp_path):
    folder = tmp_path / "feeds"
    write(watch, folder)
    before = tree(folder)
    later = LATER | {"wexcombe_city_council": with_project(REGISTER["wexcombe_city_council"], sublicensing="Yes")}
    watch.take(later, "2026-11-10")
    write(watch, folder)

    touched = {name.partition(".")[0] for name, file in tree(folder).items() if before[name] != file}
    assert touched == {"everything", "organisations/wexcombe_city_council", "index"}


def test_where_nothing_is_new_nothing_is_drawn_and_what_was_touched_is_put_right(watch, tmp_path, monkeypatch):
    folder, drawn = tmp_path / "feeds", []
    draw = FeedFolder.render
    monkeypatch.setattr(FeedFolder, "render", lambda self: drawn.append(self) or draw(self))
    write(watch, folder)
    file = folder / "everything.atom"
    watch.take(LATER, "2026-11-02")  # the same again: another head of the chain, and nothing new
    assert "1 file written" in write(watch, folder)
    assert len(drawn) == 1
    before = tree(folder)

    at = file.stat()
    file.write_bytes(file.read_bytes().replace(b"feed", b"food"))
    os.utime(file, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert "1 file written" in write(watch, folder)
    (folder / "organisations" / f"{HARROWDALE}.ics").unlink()
    assert "1 file written" in write(watch, folder)
    index = folder / "index.html"
    index.write_bytes(index.read_bytes().replace(b"Organisations", b"Organizations"))
    assert "1 file written" in write(watch, folder)

    assert len(drawn) == 4
    assert {name: of[0] for name, of in tree(folder).items()} == {name: of[0] for name, of in before.items()}


def test_two_machines_with_the_same_history_write_the_same_bytes(watch, tmp_path):
    other = Watch(tmp_path / "other")
    other.folder.mkdir()
    other.take(LATER, "2026-11-01")
    other.take(REGISTER, "2026-10-01")
    write(watch, tmp_path / "here")
    write(other, tmp_path / "there")

    here, there = ({n: f[0] for n, f in feeds_in(tmp_path / name).items()} for name in ("here", "there"))
    assert here == there


def test_reparse_changes_no_byte(watch, tmp_path):
    write(watch, tmp_path / "feeds")
    before = tree(tmp_path / "feeds")
    watch.run("reparse")
    write(watch, tmp_path / "feeds")

    assert tree(tmp_path / "feeds") == before


def test_a_feed_holds_what_changes_tells(watch, tmp_path):
    grouped = LATER | {"big": Page("NHS Big Trust", (FALLS, *many(30)))}
    watch.take(grouped, "2026-11-02")
    watch.take(
        grouped | {"big": Page("NHS Big Trust", (FALLS, *many(30, sublicensing="Yes")))},
        "2026-11-10",
    )
    folder = tmp_path / "feeds"
    write(watch, folder)

    told = watch.changes()
    assert any(change["group"] for change in told)
    assert ids(folder, "everything") == [change["id"] for change in told]
    for row in watch.json("organisations", "--format", "json"):
        asked = watch.changes("--organisation", row["slug"])
        assert ids(folder, f"organisations/{row['slug']}") == [change["id"] for change in asked], row
    names = {re.search(r'"title": "(.*): NHS data', p.read_text()).group(1): p for p in folder.glob("datasets/*.json")}
    listed = watch.json("datasets", "--format", "json")
    assert {row["dataset"] for row in listed} == set(names)
    for row in listed:
        asked = watch.changes("--dataset", row["dataset"])
        assert ids(folder, f"datasets/{names[row['dataset']].stem}") == [change["id"] for change in asked], row


def test_nothing_else_in_the_folder_is_removed_or_changed(watch, tmp_path):
    folder = tmp_path / "feeds"
    (folder / "organisations").mkdir(parents=True)
    (folder / "organisations/mine.atom").write_text("mine")
    write(watch, folder)

    assert (folder / "organisations/mine.atom").read_text() == "mine"


def test_a_web_server_may_read_them(watch, tmp_path):
    before = os.umask(0o022)
    try:
        write(watch, tmp_path / "feeds")
    finally:
        os.umask(before)

    assert {stat.S_IMODE((tmp_path / "feeds" / name).stat().st_mode) for name in tree(tmp_path / "feeds")} == {0o644}


def write_files(folder, files):
    with only_writer(folder) as held:
        for name, body in files.items():
            held.put(name, body)


def test_what_a_killed_writer_left_is_taken_away_by_the_next(tmp_path):
    (tmp_path / ".index.html.part").write_bytes(b"<!doct")
    write_files(tmp_path, {"index.html": b"<!doctype html>"})

    assert {name: file[0] for name, file in tree(tmp_path).items()} == {"index.html": b"<!doctype html>"}


def test_a_reader_never_finds_half_a_file(tmp_path):
    bodies = [bytes([letter]) * 300_000 for letter in b"ab"]
    write_files(tmp_path, {"x": bodies[0]})
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add((tmp_path / "x").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(100):
        write_files(tmp_path, {"x": bodies[n % 2]})
    done.set()
    reader.join()

    assert seen <= set(bodies)


def test_two_writers_take_turns(watch, tmp_path):
    folder = tmp_path / "feeds"
    folder.mkdir()
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    program = [sys.executable, "-c", "from cron.cli import main; main()", "--db", str(watch.database), "feeds", folder]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    second = subprocess.Popen(program, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1.5)
    assert tree(folder) == {}
    os.close(handle)

    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "written" in said


def test_a_folder_that_cannot_be_written_is_one_line(watch, tmp_path):
    (tmp_path / "feeds").write_text("a file")
    result = watch.run("feeds", tmp_path / "feeds")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"registerwatch: {tmp_path / 'feeds'}: feeds cannot be written (file exists)\n"


def test_without_a_database_nothing_is_written(tmp_path):
    result = Watch(tmp_path).run("feeds", tmp_path / "feeds")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "feeds").exists()


def test_a_run_writes_feeds_beside_its_settings(tmp_path, server):
    nights = Nights(tmp_path / "home", server)
    nights.quiet_night()
    server.site.pages |= MOVED
    nights.quiet_night()

    assert len(ids(tmp_path / "home/feeds", f"organisations/{HARROWDALE}")) == 1
    before = tree(tmp_path / "home/feeds")
    nights.quiet_night()
    after = tree(tmp_path / "home/feeds")
    assert {name for name in after if after[name] != before[name]} == {"index.html"}


def test_the_head_of_the_chain_of_runs_stands_on_the_page_and_in_no_feed(watch, tmp_path):
    write(watch, tmp_path / "feeds")
    head = watch.json("verify", "--format", "json")[0]["head"]
    holding = [path.name for path in (tmp_path / "feeds").rglob("*.*") if head["hash"] in path.read_text("utf-8")]

    assert holding == ["index.html"]
    page = (tmp_path / "feeds/index.html").read_text("utf-8")
    assert f"Head of the chain of runs, number {head['number']}: <code>{head['hash']}</code>" in page


def test_an_import_writes_none(watch, tmp_path):
    assert not list(tmp_path.rglob("*.atom"))


@pytest.mark.parametrize("option", ["--no-notify", "--dry-run"])
def test_a_run_that_tells_nobody_writes_none(tmp_path, server, option):
    nights = Nights(tmp_path, server)
    result = nights.night(option)

    assert result.exit_code == 0, result.output
    assert not (tmp_path / "feeds").exists()


def test_a_run_without_a_directory_writes_none(tmp_path, server):
    nights = Nights(tmp_path, server, feeds={"directory": ""})
    nights.quiet_night()
    result = nights.run("feeds")

    assert not list(tmp_path.rglob("*.atom"))
    assert result.exit_code == 2
    assert "no directory" in result.stderr


def test_a_held_run_changes_no_feed(tmp_path, server):
    nights = Nights(tmp_path, server)
    server.site.pages["big"] = Page("NHS Big Trust", many(40))
    nights.quiet_night()
    before = tree(tmp_path / "feeds")
    server.site.pages["big"] = Page("NHS Big Trust", many(10))
    result = nights.night()

    assert result.exit_code == 3
    assert tree(tmp_path / "feeds") == before


def test_a_run_is_kept_if_its_feeds_cannot_be_written_and_a_person_is_told(tmp_path, server):
    nights = Nights(tmp_path, server)
    (tmp_path / "feeds").write_text("a file")
    result = nights.night()

    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        f"registerwatch: {tmp_path / 'feeds'}: feeds cannot be written (file exists); the run is kept"
    )
    assert nights.counts()["runs"] == 1


def test_settings_name_the_folder_and_its_address(tmp_path, server):
    nights = Nights(tmp_path, server, feeds={"directory": "public", "base_url": "https://example.org/feeds/"})
    nights.quiet_night()

    feed = json.loads((tmp_path / "public/everything.json").read_text(encoding="utf-8"))
    assert feed["feed_url"] == "https://example.org/feeds/everything.json"


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.org/",
        "https://user:secret@example.org/",
        "https://example.org/?token=secret",
        "example.org",
        "https://a b/",
    ],
)
def test_an_address_that_is_none_or_has_secrets_is_refused(tmp_path, server, address):
    nights = Nights(tmp_path, server, feeds={"base_url": address})
    result = nights.run("feeds", tmp_path / "feeds")

    assert result.exit_code == 2
    assert "feeds.base_url" in result.stderr
    assert "secret" not in result.stderr
