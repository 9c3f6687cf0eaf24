"""The command as people and scripts use it: what stands on which channel, and with which exit status it ends."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cron.cli import cli
from cron.commands.look import FIELDS
from cron.work.context import only_run
from diff.cells import to_csv
from tests.harness.editions import (
    ADMISSIONS,
    FALLS,
    HARROWDALE,
    REGISTER,
    WEXCOMBE,
    Page,
    Watch,
    many,
    run,
    with_project,
    write_edition,
)
from tests.harness.nights import BIG, Nights
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import answer

PROGRAM = Path(sys.executable).with_name("registerwatch")


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


@pytest.fixture
def started(watch):
    assert watch.take(REGISTER, "2026-06-01").exit_code == 0
    return watch


def run_installed(folder, *arguments, **extra):
    """Run the installed command in *folder*, as a user does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTERWATCH_")}
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=folder, env=kept, capture_output=True, text=True, timeout=120, **extra
    )


def one_line(result, *, status):
    (line,) = result.stderr.splitlines()
    code = result.returncode if isinstance(result, subprocess.CompletedProcess) else result.exit_code
    assert (code, result.stdout) == (status, ""), result
    assert line.startswith("registerwatch: ")
    return line


# --- the main job -----------------------------------------------------------------------------------------------------

CSU = Page(
    "NHS South, Central and West Commissioning Support Unit",
    (
        replace(
            ADMISSIONS,
            reference="DARS-NIC-99675-X5S7X",
            title="Project 1",
            datasets=(
                "Hospital Episode Statistics Admitted Patient Care",
                "Hospital Episode Statistics Accident and Emergency",
                "Hospital Episode Statistics Outpatients",
            ),
            legal_basis="Health and Social Care Act 2012 – s261(1) and s261(2)(b)(ii)",
            objectives="The unit's analysts use the data. They don't pass it on – not to anyone.\nAges 55–80 only.",
        ),
    ),
    files=46,
)
ICB = Page(
    "NHS Coventry And Warwickshire Integrated Care Board",
    (
        replace(
            ADMISSIONS,
            reference="DARS-NIC-617743-X0M9Z",
            title="Integrated Care Board Pseudonymised National HES Extract Service",
            legal_basis="Health and Social Care Act 2012 – s261(2)(a)",
            controllers="NHS COVENTRY AND WARWICKSHIRE INTEGRATED CARE BOARD",
        ),
        replace(
            FALLS,
            reference="DARS-NIC-615985-Y6L2H",
            title="DSfC - NHS Coventry And Warwickshire Integrated Care Board- IV, RS & Comm",
            legal_basis="Health and Social Care Act 2012 – s261(5)(d)",
            end="2025-10-25",
        ),
    ),
    files=30,
)
OCTOBER = {"nhs_south_central_and_west_csu": CSU, "nhs_coventry_and_warwickshire_icb": ICB, "wexcombe": WEXCOMBE}
HEADS = re.compile(r"^(NHS |Wexcombe |.* — )")


def noisy(text):
    """Return the text of a page as another release of the site may print it, meaning the same."""
    lines, datasets = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("- ") and ("Datasets:" in lines[-1:] or datasets):
            datasets.append(line)
            continue
        lines += reversed(datasets)
        datasets = []
        if not HEADS.match(line):
            line = line.replace(" – ", " ").replace("–", "").replace("'", "’").replace(". ", ".  ").replace(": ", ":  ")
        lines.append(line)
    return "\n".join(lines)


def edited(text, *edits):
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return noisy(text)


def november():
    return {
        "nhs_south_central_and_west_csu.txt": edited(
            CSU.text().decode(),
            (
                "- Hospital Episode Statistics Outpatients\n",
                "- Hospital Episode Statistics Outpatients\n- Hospital Episode Statistics Critical Care\n",
            ),
        ).encode(),
        "nhs_coventry_and_warwickshire_icb.txt": edited(
            ICB.text().decode(),
            ("2022-03-13 — 2026-03-12", "2022-03-13 — 2027-03-12"),
            ("s261(5)(d)", "s261(2)(b)(ii)"),
        ).encode(),
        "wexcombe.txt": edited(WEXCOMBE.text().decode()).encode(),
    }


NEWS = [
    "Hospital Episode Statistics Critical Care added to DARS-NIC-99675-X5S7X "
    "(NHS South, Central and West Commissioning Support Unit)",
    "Printed end of DARS-NIC-617743-X0M9Z moved from 2026-03-12 to 2027-03-12",
    "Legal basis of DARS-NIC-615985-Y6L2H (NHS Coventry And Warwickshire Integrated Care Board): "
    "section 261(5)(d) of the Health and Social Care Act 2012 replaced by section 261(2)(b)(ii)",
]


def imported(folder, *editions, run=run):
    """Import (edition, time) in this order; return the answers."""
    answers = [run(folder, "import", edition, "--fetched-at", at, "--complete") for edition, at in editions]
    assert [(answer.returncode, answer.stderr) for answer in answers] == [(0, "")] * len(editions)
    return answers


def test_three_edits_under_noise_are_three_lines_right_to_the_word(tmp_path):
    first = write_edition(tmp_path / "october", OCTOBER), "2026-10-01"
    second = write_edition(tmp_path / "november", november()), "2026-11-01"
    imported(tmp_path, first, second, run=run_installed)
    told = json.loads(run_installed(tmp_path, "changes", "--format", "json").stdout)

    assert sorted(one["summary"] for one in told) == sorted(NEWS)
    assert len(run(tmp_path, "changes", "--format", "ndjson").stdout.splitlines()) == 3
    before, after = (
        json.loads(run(tmp_path, "show", "DARS-NIC-617743-X0M9Z", "--as-of", day).stdout)[0]["agreement"]["dsa_end"]
        for day in ("2026-10-15", "2026-11-15")
    )
    assert (before, after) == ("2026-03-12", "2027-03-12")

    (tmp_path / "other").mkdir()
    imported(tmp_path / "other", second, first)
    again = json.loads(run(tmp_path / "other", "changes", "--format", "json").stdout)
    assert [(one["id"], one["summary"]) for one in again] == [(one["id"], one["summary"]) for one in told]


def test_the_table_of_changes_says_in_words_what_changed_and_both_values(tmp_path):
    watch = Watch(tmp_path)
    watch.take(OCTOBER, "2026-10-01")
    watch.take(november(), "2026-11-01")
    text = " ".join(watch.run("changes").stdout.split())

    assert "3 changes first seen" in text
    for words in ("Dataset added: ", "Printed end moved later: 2026-03-12 → 2027-03-12", "Legal basis", "261(5)(d)"):
        assert words in text
    assert "dataset-added" not in text


REAL_SLUGS = {
    "000": "nhs_leicester_leicestershire_and_rutland_icb",
    "001": "nhs_south_central_and_west_csu",
    "002": "nhs_cambridge_and_peterborough_ccg",
    "003": "nhs_coventry_and_warwickshire_icb",
}


@pytest.mark.real
def test_three_edits_on_the_real_pages_are_three_lines_right_to_the_word(tmp_path):
    if not os.environ.get("REAL_REGISTER_DIR"):
        pytest.skip("REAL_REGISTER_DIR is not set: the register's real pages are not part of this project")
    files = sorted(Path(os.environ["REAL_REGISTER_DIR"]).glob("*.txt"))
    pages = {REAL_SLUGS[file.name[:3]]: file.read_text(encoding="utf-8") for file in files}
    edits = {
        "nhs_south_central_and_west_csu": [
            (
                "- Hospital Episode Statistics Critical Care\n",
                "- Hospital Episode Statistics Critical Care\n- Emergency Care Data Set (ECDS)\n",
            )
        ],
        "nhs_coventry_and_warwickshire_icb": [("2023-03-13 — 2026-03-12", "2023-03-13 — 2027-03-12")],
        "nhs_leicester_leicestershire_and_rutland_icb": [
            (
                "Health and Social Care Act 2012 - s261 - 'Other dissemination of information'",
                "Health and Social Care Act 2012 - s261(5)(d)",
            )
        ],
    }
    october = write_edition(tmp_path / "october", {f"{slug}.txt": text.encode() for slug, text in pages.items()})
    later = {f"{slug}.txt": edited(text, *edits.get(slug, [])).encode() for slug, text in pages.items()}
    november = write_edition(tmp_path / "november", later)
    imported(tmp_path, (october, "2026-10-01"), (november, "2026-11-01"))
    told = json.loads(run(tmp_path, "changes", "--format", "json").stdout)

    assert sorted(one["summary"] for one in told) == sorted(
        [
            "Emergency Care Data Set (ECDS) added to DARS-NIC-99675-X5S7X "
            "(NHS South, Central and West Commissioning Support Unit)",
            "Printed end of DARS-NIC-617743-X0M9Z moved from 2026-03-12 to 2027-03-12",
            "Legal basis of DARS-NIC-398666-H2S4K (NHS Leicester, Leicestershire And Rutland Icb - 04c): "
            "section 261 of the Health and Social Care Act 2012 replaced by section 261(5)(d)",
        ]
    )

    (tmp_path / "other").mkdir()
    imported(tmp_path / "other", (november, "2026-11-01"), (october, "2026-10-01"))
    again = json.loads(run(tmp_path / "other", "changes", "--format", "json").stdout)
    assert [one["id"] for one in again] == [one["id"] for one in told]


# --- parse ------------------------------------------------------------------------------------------------------------


def test_parse_prints_one_array_and_touches_no_database(tmp_path):
    write_edition(tmp_path / "pages", REGISTER)
    result = run(tmp_path, "parse", *sorted((tmp_path / "pages").iterdir()))

    assert (result.returncode, result.stderr) == (0, "")
    assert [page["slug"] for page in json.loads(result.stdout)] == sorted(REGISTER)
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]


def test_parse_names_what_it_refuses_and_reads_the_others(tmp_path):
    write_edition(
        tmp_path,
        {"good": HARROWDALE, "empty.html": b"", "error.html": b"<h1>404 Not Found</h1>", "noise.txt": b"\0\1\2" * 999},
    )
    with (tmp_path / "huge.html").open("wb") as file:
        file.truncate(50_000_000)
    names = ["empty.html", "good.txt", "error.html", "noise.txt", "huge.html", "missing.html", "."]
    result = run(tmp_path, "parse", *names)

    assert result.returncode == 3
    assert [page["slug"] for page in json.loads(result.stdout)] == ["good"]
    lines = result.stderr.splitlines()
    assert len(lines) == 6
    for name, line in zip([name for name in names if name != "good.txt"], lines, strict=True):
        assert line.startswith(f"registerwatch: {name}: ")


def test_parse_of_nothing_readable_is_an_empty_array(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    result = run(tmp_path, "parse", "empty.txt")

    assert (result.returncode, json.loads(result.stdout)) == (3, [])


def test_parse_reads_standard_input_up_to_the_size_of_a_page(tmp_path):
    good = run_installed(tmp_path, "parse", "/dev/stdin", input=HARROWDALE.text().decode())
    huge = run_installed(tmp_path, "parse", "/dev/stdin", input="x" * 30_000_000)

    assert (good.returncode, len(json.loads(good.stdout))) == (0, 1)
    assert (huge.returncode, huge.stdout) == (3, "[]\n")
    assert huge.stderr == "registerwatch: /dev/stdin: 20 MB, too large for a page\n"


@pytest.mark.parametrize("name", ["pipe.html", "/dev/zero"])
def test_parse_of_a_pipe_or_a_device_is_one_line(tmp_path, name):
    os.mkfifo(tmp_path / "pipe.html")
    result = run(tmp_path, "parse", name)

    assert (result.returncode, result.stdout) == (3, "[]\n")
    assert result.stderr == f"registerwatch: {name}: is a pipe or a device, not a file\n"


# --- wrong usage, settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["chnages"],
        ["changes", "--sinze", "2026-01-01"],
        ["changes", "--since", "last week"],
        ["changes", "--kind", "dataset-aded"],
        ["changes", "--severity", "severe"],
        ["changes", "--limit", "0"],
        ["changes", "--limit", "-1"],
        ["changes", "--format", "xml"],
        ["show"],
        ["show", "X", "--as-of", "2026-02-30"],
        ["release", "second"],
        ["import", "--fetched-at", "2026-01-01"],
        ["status", "more"],
        ["--config"],
    ],
)
def test_wrong_usage_is_one_line_and_status_2(started, arguments):
    before = started.everything()

    assert "--help" in one_line(started.run(*arguments), status=2)
    assert started.everything() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[store\n", "TOML"),
        ("[stoer]\ndatabase = 'x.db'\n", "store"),
        ("[store]\ndatabse = 'x.db'\n", "store.database"),
        ("[guards]\ngroup_from = 'many'\n", "guards.group_from"),
        ("[vocabulary]\nfile = 'nowhere.toml'\n", "nowhere.toml"),
        ("[vocabulary]\nfile = 'registerwatch.toml'\n", "registerwatch.toml"),
        (b"\xff\xfe[store]", "UTF-8"),
    ],
)
def test_broken_settings_are_one_line_that_names_them_and_status_2(tmp_path, text, said):
    (tmp_path / "registerwatch.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    write_edition(tmp_path / "october", REGISTER)
    line = one_line(run(tmp_path, "import", "october", "--fetched-at", "2026-06-01"), status=2)

    assert said in line
    assert list(tmp_path.glob("*.db")) == []


def test_a_settings_file_that_is_not_there_is_named(tmp_path):
    assert "nowhere.toml" in one_line(run(tmp_path, "--config", "nowhere.toml", "status"), status=2)


def test_options_go_before_the_environment_and_that_before_the_file(tmp_path):
    write_edition(tmp_path / "october", REGISTER)
    (tmp_path / "registerwatch.toml").write_text('[store]\ndatabase = "file.db"\n', encoding="utf-8")
    take = ["import", "october", "--fetched-at", "2026-06-01"]
    environment = {"REGISTERWATCH_STORE__DATABASE": str(tmp_path / "environment.db")}
    run(tmp_path, *take)
    run(tmp_path, *take, environment=environment)
    run(tmp_path, "--db", "option.db", *take, environment=environment)

    assert {path.name for path in tmp_path.glob("*.db")} == {"file.db", "environment.db", "option.db"}


def test_an_unknown_variable_is_wrong_usage(tmp_path):
    line = one_line(run(tmp_path, "status", environment={"REGISTERWATCH_STORE__DATABSE": "x"}), status=2)

    assert "REGISTERWATCH_STORE__DATABASE" in line


# --- channels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_has_help_with_an_example(tmp_path, command):
    result = Watch(tmp_path).run(command, "--help")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "\\b" not in result.stdout
    example, _, _ = result.stdout.split("\n  Example:\n")[1].partition("\n\n")
    assert re.match(rf"    registerwatch {command}\b", example)
    assert all(re.match("    registerwatch ", line) for line in example.splitlines())


@pytest.mark.parametrize(
    "command", [["changes"], ["agreements"], ["organisations"], ["datasets"], ["status"], ["reparse"]]
)
def test_a_question_before_the_first_import_is_one_line(tmp_path, command):
    line = one_line(Watch(tmp_path).run(*command), status=1)

    assert "there is no database yet" in line
    assert "registerwatch import" in line
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_is_no_error(started):
    command = f"'{PROGRAM}' --db '{started.database}' agreements --format ndjson | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)

    assert result.stderr == ""
    assert result.stdout.strip() in ("0", "1")


def status_of(folder, command, onto):
    """Return exit status and standard error of a command of the shell whose output goes *onto* something."""
    script = f"'{PROGRAM}' {command} {onto}; echo ${{PIPESTATUS[0]}} >&3"
    result = subprocess.run(
        ["bash", "-c", f"exec 3>status; {script}"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    return int((folder / "status").read_text(encoding="utf-8")), result.stderr


NOWHERE = ["| true", "> /dev/full"]


@pytest.mark.parametrize("onto", NOWHERE)
def test_output_that_cannot_be_written_does_not_undo_an_import(tmp_path, onto):
    write_edition(tmp_path / "october", REGISTER)
    write_edition(tmp_path / "november", REGISTER | {"broken.html": b"<h1>404 Not Found</h1>"})
    first = status_of(tmp_path, "import october --fetched-at 2026-10-01 --complete", onto)
    second = status_of(tmp_path, "import november --fetched-at 2026-11-01", onto)
    again = status_of(tmp_path, "reparse", onto)

    said = (
        ""
        if "true" in onto
        else (
            "registerwatch: standard output: no space left on device; make room and try again; what was done is kept\n"
        )
    )
    assert [first, second, again] == [(0, said), (3, said), (0, said)]
    assert Watch(tmp_path).counts()["runs"] == 2


@pytest.mark.parametrize("onto", [*NOWHERE, ">&-"])
def test_output_that_cannot_be_written_does_not_undo_a_run(tmp_path, onto):
    site = Site(dict(REGISTER))
    with RegisterServer(site) as server:
        nights = Nights(tmp_path, server)
        first = status_of(tmp_path, "run", onto)
        site.pages["wexcombe_city_council"] = b"<h1>404 Not Found</h1>"
        second = status_of(tmp_path, "run", onto)

    assert (first[0], second[0]) == (0, 3)
    assert nights.counts()["runs"] == 2
    assert (tmp_path / "feeds").is_dir()


def test_output_that_cannot_be_written_does_not_undo_a_decision(tmp_path):
    watch = Watch(tmp_path)
    northam = Page("NHS Northam ICB", many(40))
    watch.take({"nhs_northam_icb": northam}, "2026-06-01")
    assert watch.take({"nhs_northam_icb": replace(northam, projects=many(20))}, "2026-07-01").exit_code == 3

    assert status_of(tmp_path, "release 2", "> /dev/full")[0] == 0
    assert json.loads(watch.run("status", "--format", "json").stdout)[0]["held"] == []


@pytest.mark.parametrize(
    "command", ["changes", "agreements --format csv", "status", "--help", "--version", "show --help"]
)
def test_an_answer_that_cannot_be_written_is_one_line(started, command):
    status, said = status_of(started.folder, command, "> /dev/full")

    assert status == 1
    assert re.fullmatch("registerwatch: .*no space left on device; make room and try again\n", said)


def test_without_a_command_the_help_is_shown(tmp_path):
    result = run_installed(tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) > 20
    assert result.stderr == run_installed(tmp_path, "--help").stdout


def test_an_error_of_the_system_names_the_file_and_what_to_do(tmp_path):
    line = one_line(run(tmp_path, "init", "nowhere"), status=1)

    assert line == (
        "registerwatch: nowhere/registerwatch.toml: no such file or directory; name one that is there, or make it"
    )


@pytest.mark.parametrize("command", sorted(FIELDS))
def test_csv_of_an_empty_answer_has_the_head_line_of_a_full_one(started, command):
    nothing = ["--until", "2000-01-01"] if command == "changes" else []
    started.take(REGISTER | {"nhs_eastmere_icb": with_project(WEXCOMBE, end="2031-01-01")}, "2026-07-01")
    (row, *_) = json.loads(started.run(command, "--format", "json").stdout)
    empty = started.run(command, *nothing, "--format", "csv").stdout

    assert empty.splitlines()[0] == ",".join(row)
    assert to_csv([], FIELDS[command]).strip().split(",") == list(row)


# --- show, redline ----------------------------------------------------------------------------------------------------

REFERENCE = ADMISSIONS.reference


@pytest.fixture
def reworded(started):
    started.take(
        REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, objectives="To learn why admissions fall.")},
        "2026-07-01",
    )
    return started


def test_show_is_json_unless_asked_otherwise(reworded):
    (shown,) = json.loads(reworded.run("show", REFERENCE).stdout)
    (line,) = reworded.run("show", REFERENCE, "--format", "ndjson").stdout.splitlines()

    assert json.loads(line) == shown
    assert list(shown) == ["reference", "as_of", "pages", "agreement", "versions", "changes"]


def test_show_as_a_table_has_what_is_printed_versions_and_changes(reworded):
    text = reworded.run("show", REFERENCE.lower(), "--format", "table").stdout

    for words in (
        f"{REFERENCE}, as of Wednesday 1 July 2026",
        "Opt outs honoured     No - data flow is not identifiable",
        "2 datasets\n- Civil Registrations of Death",
        "To learn why admissions fall.",
        "2 versions\n2026-06-01  last seen 2026-06-01\n",
        "1 change\n2026-07-01  low     Objectives reworded: 6 words out, 1 in\n",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 80


def test_show_says_of_an_agreement_that_has_gone_that_it_stood_on_no_page(started):
    gone = {slug: page for slug, page in REGISTER.items() if slug != "wexcombe_city_council"}
    (reference,) = {page.projects[0].reference for slug, page in REGISTER.items() if slug not in gone}
    for month in ("07", "08"):
        started.take(gone, f"2026-{month}-01")

    assert "It stood on no page at that time." in started.run("show", reference, "--format", "table").stdout


def test_redline_says_one_word_as_one_word_and_names_the_reference_as_it_is_kept(started):
    started.take(
        REGISTER
        | {
            "university_of_harrowdale": with_project(
                HARROWDALE, objectives="To learn why admissions fall after the first cold week."
            )
        },
        "2026-07-01",
    )
    result = started.run("redline", REFERENCE.lower())
    text = " ".join(result.stdout.split())

    assert text.startswith(f"{REFERENCE}: as first seen on Monday 1 June 2026, and on Wednesday 1 July 2026 Obj")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "1 word out, 1 in" in text


def test_redline_as_json_has_fields_counts_and_marked_paragraphs(reworded):
    (one,) = json.loads(reworded.run("redline", REFERENCE, "--format", "json").stdout)

    assert (one["field"], one["out"], one["in"]) == ("objectives", 6, 1)
    assert {run["mark"] for run in one["paragraphs"][0]} == {"same", "out", "in"}
    assert json.loads(reworded.run("redline", REFERENCE, "--format", "ndjson").stdout) == one
    unchanged = reworded.run("redline", REFERENCE, "--to", "2026-06-15", "--format", "json").stdout
    assert json.loads(unchanged) == []


def test_redline_of_two_times_of_one_day_tells_the_times(started):
    page = with_project(HARROWDALE, objectives="To learn nothing.")
    started.take(REGISTER | {"university_of_harrowdale": page}, "2026-06-01T12:30")
    text = " ".join(started.run("redline", REFERENCE).stdout.split())

    assert "on Monday 1 June 2026, 00:00 UTC, and on Monday 1 June 2026, 12:30 UTC" in text


def test_redline_from_after_to_is_wrong_usage_whatever_there_is(started):
    line = one_line(started.run("redline", REFERENCE, "--from", "2027-02-01", "--to", "2027-01-01"), status=2)

    assert "--from 2027-02-01T23:59:59Z lies after --to 2027-01-01T23:59:59Z" in line


def test_the_output_is_utf8_whatever_the_locale(started):
    started.take(
        REGISTER | {"evil": with_project(WEXCOMBE, reference="DARS-NIC-1-A", title="Tides – 🚩 ’26’")}, "2026-07-01"
    )
    result = subprocess.run(
        [PROGRAM, "--db", started.database, "agreements", "--format", "csv"],
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": ""}, capture_output=True, timeout=60,
    )  # fmt: skip

    assert (result.returncode, result.stderr) == (0, b"")
    assert "Tides – 🚩 ’26’" in result.stdout.decode("utf-8")


def test_text_of_a_page_cannot_steer_the_terminal(tmp_path):
    watch = Watch(tmp_path)
    watch.take(
        {
            "evil": replace(
                with_project(HARROWDALE, title="Red \x1b[31m alert \x07\u202e"), organisation="Evil\x1b]0;x\x07 Trust"
            )
        },
        "2026-06-01",
    )

    for command in (
        ["agreements"],
        ["organisations"],
        ["agreements", "--format", "csv"],
        ["agreements", "--format", "json"],
    ):
        text = watch.run(*command).stdout
        assert not set(text) & set("\x1b\x07\u202e"), command


def test_status_tells_what_there_is(started):
    result = started.run("status")
    facts = json.loads(started.run("status", "--format", "json").stdout)[0]

    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 pages, 3 agreements" in result.stdout
    assert facts["last_run"]["state"] == "committed"
    assert (facts["held"], facts["failing"]) == ([], [])


def test_status_asks_for_a_person_while_a_page_fails(started):
    pages = {slug: page for slug, page in REGISTER.items() if slug != "nhs_eastmere_icb"}
    started.take(pages | {"nhs_eastmere_icb.html": b"<h1>404 Not Found</h1>"}, "2026-07-01")
    result = started.run("status")

    assert result.exit_code == 3
    assert "nhs_eastmere_icb could not be read" in result.stdout
    assert "Its last snapshot still stands." in " ".join(result.stdout.split())

    started.take(REGISTER, "2026-08-01")
    assert started.run("status").exit_code == 0


def test_a_page_that_was_never_read_has_no_last_snapshot(started):
    started.take(REGISTER | {"new.html": b"<h1>404 Not Found</h1>"}, "2026-07-01")
    result = started.run("status")

    assert result.exit_code == 3
    assert "It was never read." in " ".join(result.stdout.split())
    assert "still stands" not in result.stdout


def test_status_counts_what_was_found_and_is_a_table_json_or_ndjson(started):
    (line,) = started.run("status", "--format", "ndjson").stdout.splitlines()

    assert json.loads(line)["pages"] == 3
    assert "0 found in all, 0 editorial" in started.run("status").stdout


def test_a_page_that_fails_is_listed_with_the_reason_from_the_first_night_on(tmp_path):
    site = Site(REGISTER | BIG)  # one of few pages would be a tenth of them, which needs a person at once
    with RegisterServer(site) as server:
        nights = Nights(tmp_path, server)
        nights.quiet_night()
        site.faults["wexcombe_city_council"] = answer(status="503 Service Unavailable")
        assert nights.night().exit_code == 0
        result = nights.run("status")

    assert result.exit_code == 0
    assert "Pages       1 failing\n            wexcombe_city_council: answered 503 Service Unavailable" in result.stdout
    assert "needs a person" not in result.stdout


# --- runs that fail before they have an edition -----------------------------------------------------------------------


@pytest.fixture
def away(tmp_path):
    """A register whose server is not there."""
    with RegisterServer() as server:
        return Nights(tmp_path, server)


def test_status_knows_a_run_that_failed_before_it_had_an_edition(away):
    assert away.night().exit_code == 1
    result = away.run("status")

    assert result.exit_code == 0
    assert re.search(r"The last attempt, on .* UTC, failed: http", " ".join(result.stdout.split()))
    assert away.status()["attempts"]["times"] == 1


def test_the_third_run_that_fails_in_a_row_needs_a_person(away):
    for _ in range(3):
        assert away.night().exit_code == 1
    result = away.run("status")

    assert result.exit_code == 3
    assert "3 runs in a row have failed, since " in " ".join(result.stdout.split())


def test_a_run_without_a_contact_is_known_and_makes_neither_database_nor_lock(away):
    away.configure(fetch={"contact": None})
    assert away.night().exit_code == 2
    assert list(away.folder.iterdir()) == [away.config]

    away.take(REGISTER, "2026-06-01")
    assert away.night().exit_code == 2
    assert away.status()["attempts"]["reason"].startswith("no contact")


def test_what_was_tried_by_hand_and_what_ran_beside_another_run_is_no_failed_run(away):
    away.take(REGISTER, "2026-06-01")
    assert away.night("--only", "nobody").exit_code == 1
    assert away.night("--dry-run").exit_code == 1
    with only_run(away.database):
        assert away.night().exit_code == 1

    assert away.status()["attempts"] is None


def test_an_overdue_run_says_why_the_last_attempt_failed(tmp_path):
    with RegisterServer(Site(dict(REGISTER))) as server:
        nights = Nights(tmp_path, server)
        nights.run_at(datetime.now(UTC) - timedelta(days=3))
    nights.night()
    text = " ".join(nights.run("status").stdout.split())

    assert re.search(r"A run has been overdue since .* UTC\. The last attempt, on .*, failed: http", text)


def test_init_writes_settings_that_their_owner_alone_can_read(tmp_path):
    assert run(tmp_path, "init").returncode == 0

    assert (tmp_path / "registerwatch.toml").stat().st_mode & 0o777 == 0o600


def test_wrong_settings_lead_to_the_page_about_settings(tmp_path):
    settings, names = tmp_path / "registerwatch.toml", tmp_path / "names.toml"

    settings.write_text("[guards]\ngone_fraction = 2\n")
    assert one_line(run(tmp_path, "status"), status=2).endswith("equal to 1 (see docs/settings.md)")
    settings.write_text('[vocabulary]\nfile = "names.toml"\n')
    assert "(see docs/settings.md)" in one_line(run(tmp_path, "import", ".", "--fetched-at", "2026-06-01"), status=2)
    names.write_text("names = 1\n")
    assert "(see docs/operations.md)" in one_line(run(tmp_path, "import", ".", "--fetched-at", "2026-06-01"), status=2)


def test_init_writes_settings_once(tmp_path):
    assert run(tmp_path, "init").returncode == 0
    first = (tmp_path / "registerwatch.toml").read_bytes()

    assert "it is left as it is" in one_line(run(tmp_path, "init"), status=1)
    assert (tmp_path / "registerwatch.toml").read_bytes() == first
    write_edition(tmp_path / "october", REGISTER)
    assert run(tmp_path, "import", "october", "--fetched-at", "2026-06-01").returncode == 0


def test_demo_tells_news_and_what_to_try_next(tmp_path):
    for _ in range(2):
        result = run(tmp_path, "demo")
        assert (result.returncode, result.stderr) == (0, "")
    tried = [
        line.split("--db ")[1].split()
        for line in result.stdout.splitlines()
        if line.startswith("  ") and "--db " in line and not line.endswith(" browse")  # which stays
    ]

    assert "Dataset added" in result.stdout
    assert len(tried) >= 4
    for database, *arguments in tried:
        assert run(tmp_path, "--db", database, *arguments).returncode == 0, arguments


def test_demo_leaves_a_file_that_is_not_its_own_alone(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "registerwatch.db").write_text("mine", encoding="utf-8")

    assert "is not a database of registerwatch" in one_line(run(tmp_path, "demo"), status=1)
    assert (tmp_path / "demo" / "registerwatch.db").read_text(encoding="utf-8") == "mine"


def test_demo_replaces_its_own_database_and_nothing_beside_it(tmp_path):
    run(tmp_path, "demo")
    (tmp_path / "demo" / "registerwatch.db.backup").write_text("mine", encoding="utf-8")

    assert run(tmp_path, "demo").returncode == 0
    assert (tmp_path / "demo" / "registerwatch.db.backup").read_text(encoding="utf-8") == "mine"


def test_demo_does_not_wipe_a_history(started):
    before = started.everything()

    assert "name another folder" in one_line(run(started.folder, "demo", "."), status=1)
    assert started.everything() == before


@pytest.mark.parametrize(
    ("what", "heavy"),
    [
        ("import cron.cli", "pydantic sqlite_utils lxml bs4 requests jinja2 datasette"),
        (
            "import cron.cli, cron.commands.look, cron.work.context",
            "bs4 requests datasette uvicorn apscheduler deepdiff",
        ),
        (
            "import cron.work.standing, cron.terminal.news",
            "bs4 requests datasette uvicorn deepdiff apscheduler asyncio",
        ),
        ("import cron.cli, cron.commands.run", "cron.work.nightly urllib3 snapshots.keeping.store"),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(what, heavy):
    program = f"{what}; import sys; print(*(name for name in {heavy.split()} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout.split() == []


@pytest.mark.parametrize("question", ["changes", "status", "datasets", "organisations", "show DARS-NIC-418833-K1D7R"])
def test_a_question_loads_neither_what_checks_settings_nor_what_reads_and_compares_pages(started, question):
    heavy = (
        "pydantic sqlite_utils lxml bs4 requests rapidfuzz deepdiff notify.following "
        "scraper.reading.lines snapshots.keeping.store diff.deciding.decide"
    )
    program = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('LOADED', *(name for name in {heavy.split()} if name in sys.modules)))\n"
        f"sys.argv = ['registerwatch', '--db', {str(started.database)!r}, *{question.split()}]\n"
        "import registerwatch; registerwatch.main()"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=started.folder)

    assert result.stdout.splitlines()[-1] == "LOADED", result.stderr
