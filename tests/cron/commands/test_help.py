"""What somebody finds who looks for a command: the help, a shell that completes, a page to be read at a terminal."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cron.cli import COMMANDS, cli
from tests.harness.editions import REGISTER, Watch

PROGRAM = Path(sys.executable).with_name("registerwatch")


def helped(*arguments, width=80):
    result = CliRunner().invoke(cli, [*arguments, "--help"], terminal_width=width)
    assert result.exit_code == 0
    return result.stdout


def test_commands_stand_under_what_somebody_is_about_to_do():
    lines = helped().splitlines()
    headings = [line.rstrip(":") for line in lines if line.endswith(":") and not line.startswith((" ", "Options"))]

    assert headings == ["Every night", "Look", "Bring in and take out", "Look after"]
    for name in cli.commands:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1, name


def test_each_command_stands_once_in_the_table():
    names = [name for modules in COMMANDS.values() for some in modules.values() for name in some]

    assert sorted(names) == sorted(set(cli.commands))


@pytest.mark.parametrize("arguments", [(), ("backfill",)])
@pytest.mark.parametrize("width", [80, 100])
def test_no_summary_is_cut(arguments, width):
    text = helped(*arguments, width=width)

    assert "..." not in text.partition("\n")[2]
    assert max(map(len, text.splitlines())) <= width


# --- a shell that completes -------------------------------------------------------------------------------------------


def completing(instruction, **environment):
    variables = os.environ | {"_REGISTERWATCH_COMPLETE": instruction} | environment
    return subprocess.run([PROGRAM], env=variables, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize(
    ("shell", "sign"),
    [("bash", "complete -o nosort -F"), ("zsh", "#compdef registerwatch"), ("fish", "complete --no-files --command")],
)
def test_each_shell_gets_what_it_takes_to_complete(shell, sign):
    assert sign in completing(f"{shell}_source")


@pytest.mark.parametrize(
    ("words", "number", "offered"),
    [
        ("registerwatch su", 1, {"subscriptions"}),
        ("registerwatch changes --sev", 2, {"--severity"}),
        ("registerwatch changes --severity ", 3, {"high", "medium", "low", "info"}),
        ("registerwatch changes --kind dataset-a", 3, {"dataset-added"}),
    ],
)
def test_commands_options_and_kinds_are_completed(words, number, offered):
    said = completing("bash_complete", COMP_WORDS=words, COMP_CWORD=str(number))

    assert {line.partition(",")[2] for line in said.splitlines()} == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_real_shell_takes_it(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "completion"
    script.write_text(completing(f"{shell}_source"), encoding="utf-8")
    before = "autoload -Uz compinit; compinit -u -D; " if shell == "zsh" else ""
    environment = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    asked = {
        "bash": "COMP_WORDS=(registerwatch ver) COMP_CWORD=1; _registerwatch_completion registerwatch; echo $COMPREPLY",
        "zsh": "which _registerwatch_completion",
        "fish": "complete --do-complete 'registerwatch ver'",
    }[shell]
    done = subprocess.run(
        [shell, "-c", f"{before}source {script}; {asked}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert ("_registerwatch_completion" if shell == "zsh" else "verify") in done.stdout


# --- an answer for a person, and for a program ------------------------------------------------------------------------


def at_a_terminal(*command):
    """Return what a command writes to a real terminal of 80 columns."""
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(command, stdout=its, stdin=its, stderr=its, env=environment, close_fds=True) as process:
        os.close(its)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            said += piece
            if not piece:
                break
    os.close(ours)
    assert process.returncode == 0
    return said.decode()


def test_an_agreement_is_a_page_for_a_person_and_json_for_a_program(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-06-01")
    command = [PROGRAM, "--db", watch.database, "show", "DARS-NIC-204517-H6M2P"]

    page = at_a_terminal(*command)
    assert page.startswith("\x1b[4mDARS-NIC-204517-H6M2P, as of Monday 1 June 2026")
    assert "{" not in page
    piped = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert json.loads(piped)[0]["reference"] == "DARS-NIC-204517-H6M2P"
    assert json.loads(at_a_terminal(*command, "--format", "json")) == json.loads(piped)
