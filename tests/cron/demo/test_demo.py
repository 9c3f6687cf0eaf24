"""The demo as a user meets it: the installed command, its output, and the database that it leaves."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from cron.demo.demo import NIGHTS
from cron.demo.site import SAMPLE
from tests.harness.editions import run

PROGRAM = Path(sys.executable).with_name("registerwatch")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("REGISTERWATCH_")}


def run_installed(folder, *arguments, program=PROGRAM):
    return subprocess.run(
        [program, *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return the folder in which the demo ran, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    result = run_installed(folder, "demo")
    assert (result.returncode, result.stderr) == (0, "")
    return folder, result.stdout


def changes(folder, *arguments):
    result = run(folder, "--db", "demo/registerwatch.db", "changes", "--all", "--format", "json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_each_night_tells_what_it_is_there_for(demo):
    folder, _ = demo
    found = {night.begins: Counter() for night in NIGHTS}
    for change in changes(folder):
        found[change["first_seen"]][change["kind"], change["substantive"]] += 1
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    promised = re.findall(r"^\| (?:high|medium|low|info) \| (\S+) \| \S+ \|", readme, flags=re.MULTILINE)

    first, quiet, news, rebuilt, broken = (found[night.begins] for night in NIGHTS)
    assert first == quiet == broken == {}
    assert {kind: number for (kind, told), number in news.items() if told} == Counter(promised)
    assert rebuilt == {("layout-changed", False): 1}


def test_each_night_ends_with_the_table_of_its_run(demo):
    _, output = demo

    pages = re.findall(r"^Pages +fetched (\d+) +unchanged (\d+) +changed (\d+) +failed (\d+)$", output, re.MULTILINE)
    assert [tuple(map(int, row)) for row in pages] == [
        (12, 0, 12, 0),
        (12, 12, 0, 0),
        (12, 2, 10, 0),
        (12, 3, 9, 0),
        (10, 10, 0, 2),
    ]
    assert len(re.findall(r"^Run \d, .+, 03:17:00 to 03:17:13 UTC$", output, re.MULTILINE)) == len(NIGHTS)


def test_the_third_night_is_told_by_mail_and_no_other(demo):
    folder, output = demo
    (letter,) = (folder / "demo/outbox").iterdir()
    message = message_from_bytes(letter.read_bytes(), policy=default)

    assert re.findall(r"^Told +(.+)$", output, re.MULTILINE) == ["1 message, delivered"]
    assert "lies in demo/outbox." in output
    assert message["Subject"].startswith("9 changes: ")
    assert message["To"] == "reader@example.org"
    told = {change["reference"] for change in changes(folder) if change["substantive"] and change["reference"]}
    assert all(reference in message.get_body("plain").get_content() for reference in told)


def test_settings_of_the_environment_do_not_have_the_demo_write_to_anybody(tmp_path, demo):
    _, output = demo
    mail = {"REGISTERWATCH_MAIL__HOST": "127.0.0.1", "REGISTERWATCH_MAIL__SENDER": "register@example.org"}

    result = subprocess.run(
        [PROGRAM, "demo"], cwd=tmp_path, env=ENVIRONMENT | mail, capture_output=True, text=True, timeout=120
    )

    assert (result.returncode, result.stdout) == (0, output)


def test_the_broken_pages_are_named_with_the_reason(demo):
    _, output = demo

    assert re.findall(r"^failed +(\S+) +(.+)$", output, re.MULTILINE) == [
        ("the_brightwater_cancer_charity", "an error or maintenance page"),
        ("university_of_harrowdale", "the page stops inside a tag"),
    ]


def test_the_commands_that_it_prints_work_as_printed(demo):
    folder, output = demo
    commands = [shlex.split(line) for line in re.findall(r"^  (\S*registerwatch --db .+)$", output, re.MULTILINE)]

    *asking, pages = commands
    assert (len(asking) >= 5, pages[-1]) == (True, "browse")
    for program, *arguments in asking:
        result = run_installed(folder, *arguments, program=program)
        assert (result.returncode, result.stderr) == (0, ""), arguments
        assert len(result.stdout.splitlines()) > 3, arguments


def test_as_of_the_first_night_the_news_is_not_known(demo):
    folder, output = demo
    (command,) = re.findall(r"show (\S+) --as-of (\S+)", output)
    shown = [
        json.loads(run(folder, "--db", "demo/registerwatch.db", "show", *arguments).stdout)[0]["agreement"]["dsa_end"]
        for arguments in ((command[0], "--as-of", command[1]), (command[0],))
    ]

    assert shown == ["2026-03-12", "2029-03"]


def test_the_output_is_the_same_every_time_and_leaves_a_database_and_feeds(demo, tmp_path):
    _, output = demo
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "notes.txt").write_text("mine", encoding="utf-8")

    for _ in range(2):
        assert run_installed(tmp_path, "demo").stdout == output
        left = set(files(tmp_path))
        feeds = {path for path in left if path.is_relative_to("demo/feeds")}
        (mail,) = left - feeds - {Path("demo/notes.txt"), Path("demo/registerwatch.db")}
        assert re.fullmatch("demo/outbox/2026-10-30-made-up-reader-[0-9a-f]{12}.eml", str(mail))
        assert Path("demo/feeds/index.html") in feeds


def test_what_the_demo_leaves_is_derived_again_to_the_same_ids(demo, tmp_path):
    folder, _ = demo
    copy = tmp_path / "registerwatch.db"
    copy.write_bytes((folder / "demo" / "registerwatch.db").read_bytes())

    assert "27 changes as before, 0 new, 0 no longer found" in run(tmp_path, "--db", copy, "reparse").stdout


def test_settings_of_the_folder_it_is_called_in_do_not_matter(demo, tmp_path):
    _, output = demo
    (tmp_path / "registerwatch.toml").write_text("[guards]\ngroup_from = 2\n[store]\ndatabase = 'mine.db'\n")

    assert run_installed(tmp_path, "demo").stdout == output
    assert not (tmp_path / "mine.db").exists()


def test_a_history_of_other_pages_at_the_times_of_the_demo_is_left_alone(tmp_path):
    page = (SAMPLE / "2026-10/wexcombe_city_council.html").read_bytes().replace(b"Wexcombe", b"Wyverton")
    (tmp_path / "wyverton_city_council.html").write_bytes(page)
    taken = run(tmp_path, "import", "wyverton_city_council.html", "--fetched-at", NIGHTS[0].begins)
    assert taken.returncode == 0, taken.stderr
    before = files(tmp_path)

    result = run(tmp_path, "demo", ".")

    assert (result.returncode, result.stdout) == (1, "")
    assert "name another folder for the demo" in result.stderr
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    result = run(tmp_path, "demo", "file")

    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
