"""The files that install it, and the page that explains them: they name only what exists."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from cron.cli import cli
from cron.settings.crontab import trigger_of
from cron.settings.load import load_settings, settings_template
from cron.settings.sections import GuardSettings, ScheduleSettings, Settings
from cron.work.schedule import BETWEEN_MIN
from diff.deciding.guards import FEWEST_AGREEMENTS
from scraper.names.vocabulary import default_vocabulary, parse_vocabulary
from tests.harness.editions import Watch

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "cron/deploy"
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def unit(name):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(DEPLOY / name, encoding="utf-8")
    return parser


UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))


def crontab_lines():
    """Return the settings of the crontab, and for each of its lines when it is done and what."""
    lines = [line for line in (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
    jobs = [line.split(maxsplit=5) for line in lines if not re.match(r"[A-Z]+=", line)]
    (*nightly, run), (*often, notify) = jobs
    return settings, (" ".join(nightly), run), (" ".join(often), notify)


def commands():
    """Return every call of registerwatch in the files and on the page, as arguments."""
    _, (_, run), (_, notify) = crontab_lines()
    texts = [run, notify, *(unit(name)["Service"]["ExecStart"] for name in UNITS if name.endswith(".service"))]
    texts += [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    texts += re.findall(r"`(registerwatch [^`]+)`", PAGE)
    for text in texts:
        # Not the user of that name, as in `crontab -u registerwatch`.
        for call in re.findall(r"(?:^|(?<!-u)(?<!-iu)[ /])registerwatch (?!registerwatch$)([-a-z][^;|>&)]*)", text):
            yield shlex.split(call)


@pytest.mark.parametrize("arguments", list(commands()), ids=" ".join)
def test_commands_and_options_exist(arguments):
    name = next(argument for argument in arguments if not argument.startswith("-"))
    place = arguments.index(name)

    assert name in cli.commands
    assert options(arguments[:place]) <= known_options(cli)
    assert options(arguments[place:]) <= known_options(cli.commands[name])


def options(arguments):
    return {argument for argument in arguments if argument.startswith("-")}


def known_options(command):
    return {option for parameter in command.params if isinstance(parameter, click.Option) for option in parameter.opts}


def test_something_is_called():
    called = {" ".join(arguments) for arguments in commands()}

    assert {"run", "status", "init", "schedule", "reparse", "release 7", "discard 7", "notify"} <= called


def test_the_example_settings_are_those_that_init_writes():
    example = (ROOT / "cron/settings/registerwatch.example.toml").read_text(encoding="utf-8")

    assert example == settings_template(), "write it again: registerwatch init, then move the file there"


def test_crontab_timer_and_settings_name_the_same_time():
    _, (times, _), _ = crontab_lines()

    assert times == ScheduleSettings().cron == "17 3 * * *"
    assert unit("registerwatch.timer")["Timer"]["OnCalendar"] == f"*-*-* 03:17:00 {ScheduleSettings().timezone}"
    assert trigger_of(times, ScheduleSettings().timezone)


def fake_program(folder, *, run, status):
    """Write a command that ends `run` and `status` with these exit statuses, and says which it was."""
    path = folder / "registerwatch"
    path.write_text(f'#!/bin/sh\necho "it was $1"\ncase $1 in run) exit {run};; status) exit {status};; esac\n')
    path.chmod(0o755)


@pytest.mark.parametrize(("run", "status", "mail"), [(0, 0, ""), (3, 0, ""), (1, 0, ""), (3, 3, "it was status\n")])
def test_cron_writes_only_while_status_needs_a_person(tmp_path, run, status, mail):
    _, (_, line), _ = crontab_lines()
    fake_program(tmp_path, run=run, status=status)

    result = subprocess.run(
        ["/bin/sh", "-c", line.replace("/var/lib/registerwatch", shlex.quote(str(tmp_path)))],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert (result.stdout, result.stderr) == (mail, "")
    assert (tmp_path / "last-run.txt").read_text() == "it was run\n"


@pytest.mark.parametrize("is_there", [True, False])
def test_cron_delivers_often_and_says_nothing_of_it(tmp_path, is_there):
    _, _, (times, line) = crontab_lines()
    path = tmp_path / "registerwatch"
    path.write_text('#!/bin/sh\necho "it was $1"\nexit 3\n')
    path.chmod(0o755)
    if is_there:
        (tmp_path / "registerwatch.db").touch()

    result = subprocess.run(
        ["/bin/sh", "-c", line.replace("/var/lib/registerwatch", shlex.quote(str(tmp_path)))],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    said = tmp_path / "last-notify.txt"
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (said.read_text() if said.exists() else None) == ("it was notify\n" if is_there else None)
    assert times == f"*/{BETWEEN_MIN} * * * *"
    assert unit("registerwatch-notify.timer")["Timer"]["OnCalendar"] == f"*:0/{BETWEEN_MIN}"


def test_both_units_are_kept_to_the_same_folder():
    run, notify = (dict(unit(name)["Service"]) for name in ("registerwatch.service", "registerwatch-notify.service"))

    own = {"ExecStart", "TimeoutStartSec", "MemoryMax"}
    assert {key: value for key, value in run.items() if key not in own} == {
        key: value for key, value in notify.items() if key not in own
    }


def test_the_files_and_the_page_agree_on_paths():
    service, (settings, (_, line), (_, often)) = unit("registerwatch.service")["Service"], crontab_lines()

    program = service["ExecStart"].split()[0]
    assert str(Path(program).parent) in settings["PATH"].split(":")
    assert f"ln -s {program} " in PAGE
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert f"cd {service['WorkingDirectory']} " in line
    assert f"cd {service['WorkingDirectory']} " in often
    assert f"--home {service['WorkingDirectory']} {service['User']}" in PAGE


@pytest.mark.parametrize(
    "name",
    ["registerwatch.service", "registerwatch-notify.service", "registerwatch.timer", "registerwatch-notify.timer"],
)
def test_the_units_of_many_registers_are_those_of_one_in_a_folder_of_its_own(name):
    one, many = unit(name), unit(name.replace(".", "@."))
    folder = "/var/lib/registerwatch/%i"
    differing = {
        key: value
        for section in many.sections()
        for key, value in many[section].items()
        if one[section].get(key) != value and key not in ("Description", "Documentation")
    }

    assert one.sections() == many.sections()
    assert all(set(one[section]) == set(many[section]) for section in one.sections())
    wanted = {"WorkingDirectory": folder, "StateDirectory": "registerwatch/%i"} if name.endswith("service") else {}
    wanted |= {"ConditionPathExists": f"{folder}/registerwatch.db"} if "notify.service" in name else {}
    assert differing == wanted


def test_status_3_is_not_hidden_from_systemd():
    services = {name: unit(name) for name in UNITS if name.endswith(".service") and "-trouble@" not in name}

    assert not any("SuccessExitStatus" in one["Service"] for one in services.values())
    assert {one["Unit"]["OnFailure"] for one in services.values()} == {"registerwatch-trouble@%N.service"}


def trouble(folder, *, hook):
    """Do what the unit for trouble does after `status`, with a program of the user's at its place or without one."""
    (command,) = re.findall(r"ExecStartPost=(.*)", (DEPLOY / "registerwatch-trouble@.service").read_text())
    if hook is not None:
        (folder / "on-failure").write_text(f"#!/bin/sh\n{hook}\n")
        (folder / "on-failure").chmod(0o755)
    command = command.replace("/etc/registerwatch", shlex.quote(str(folder))).replace("$$", "$")
    return subprocess.run(
        shlex.split(command.replace("%i", "registerwatch-notify")), capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(("hook", "said", "status"), [(None, "", 0), ('echo "$1" failed; exit 4', "NAME failed\n", 4)])
def test_what_failed_is_told_to_a_program_of_the_users_if_there_is_one(tmp_path, hook, said, status):
    result = trouble(tmp_path, hook=hook)

    assert (result.stdout, result.stderr) == (said.replace("NAME", "registerwatch-notify"), "")
    assert result.returncode == status


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_units(tmp_path):
    for name in UNITS:
        # The program need not be installed where the example has it.
        text = (
            (DEPLOY / name)
            .read_text(encoding="utf-8")
            .replace("/opt/registerwatch/.venv/bin/registerwatch", "/bin/true")
        )
        (tmp_path / name).write_text(text, encoding="utf-8")

    result = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, timeout=120
    )

    assert "registerwatch" not in result.stdout + result.stderr
    assert result.returncode == 0, result.stderr


def test_the_page_is_one_sentence_a_line():
    for line in re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL).splitlines():
        assert not re.search(r"[a-z`)]\. [A-Z]", line) or re.match(r"\d\. ", line), line


def examples(mark=""):
    """Return the examples in TOML, or the one that stands under a mark."""
    return re.findall(rf"<!-- {mark}: .*?-->\n```toml\n(.*?)```" if mark else r"```toml\n(.*?)```", PAGE, re.DOTALL)


NAMES = examples("names")


@pytest.mark.parametrize("text", [text for text in examples() if text not in NAMES])
def test_every_example_of_settings_reads_without_error(tmp_path, text):
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")

    assert load_settings(tmp_path / "settings.toml", None, {}) != Settings()


def test_the_example_of_names_is_complete_and_says_what_it_promises():
    (text,) = NAMES
    names = parse_vocabulary(text)
    vocabulary = default_vocabulary().extended(names)

    assert set(names) == {"comma_names", "datasets", "organisations", "watch_words", "incident_words"}
    assert {key for entry in names["organisations"] for key in entry} == {"kind", "from", "to", "date"}
    assert vocabulary.split_controllers("NHS DIGITAL, SMITH, JONES AND PARTNERS")[1:] == ["SMITH, JONES AND PARTNERS"]
    assert vocabulary.same_dataset("Example audit of outcomes", "Example Outcomes Audit (EOA)")
    assert vocabulary.succession("NHS Eastmere CCG", "NHS Eastmere Integrated Care Board") == "known"
    assert vocabulary.succession("MERIDIAN OUTCOMES RESEARCH LTD", "Meridian Outcomes Limited") == "known"


def test_the_example_subscriptions_follow_what_the_sample_register_has(tmp_path):
    (subscriptions,), (names,) = examples("subscriptions"), NAMES
    (tmp_path / "names.toml").write_text(names, encoding="utf-8")
    settings = tmp_path / "registerwatch.toml"
    settings.write_text(f'[vocabulary]\nfile = "names.toml"\n{subscriptions}', encoding="utf-8")
    watch = Watch(tmp_path, "--config", str(settings))
    watch.take(ROOT / "cron/sample/2026-10", "2026-10-01")

    board, *_ = rows = watch.json("subscriptions", "--format", "json")

    assert len(rows) == 3
    assert "its predecessors" in json.dumps(board)


def test_the_page_names_the_number_from_which_a_run_is_held():
    assert f"from {FEWEST_AGREEMENTS} agreements" in PAGE
    assert f"{FEWEST_AGREEMENTS} or more" in GuardSettings.rows()["gone_fraction"].meaning


def test_the_page_is_found_from_the_readme():
    assert "(docs/operations.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
