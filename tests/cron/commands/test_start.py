"""The first instant of the program, and the last."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

INTERRUPTED = """
import builtins
from registerwatch import main

load, left = builtins.__import__, [{number}]

def interrupted(*arguments, **named):
    left[0] -= 1
    if left[0] == 0:
        raise KeyboardInterrupt
    return load(*arguments, **named)

builtins.__import__ = interrupted
main()
"""


@pytest.mark.parametrize("number", [1, 2, 30, 300])
def test_ctrl_c_while_the_program_is_being_loaded_is_one_line(number):
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(number=number), "agreements"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert (result.returncode, result.stdout, result.stderr) == (1, "", "registerwatch: stopped\n")


def test_otherwise_it_is_the_command_line():
    result = subprocess.run(
        [sys.executable, "-c", "from registerwatch import main; main()", "--version"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )

    assert result.stdout.startswith("registerwatch, version ")
