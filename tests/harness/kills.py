"""A command that is killed before one of its steps: a step is what it does to files, or says to a database.

It runs in a fork of the test, which counts its steps and sends itself signal 9 before the chosen one. So every step can
be the last one, and always the same one.
"""

import os
import signal
import sqlite3
import sys
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

_OF_FILES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.chmod"}
_TO_WRITE = os.O_WRONLY | os.O_RDWR
_BOUNDS = ("begin", "commit", "rollback")


class Steps:
    """The steps of a command, as they are met: their names, and the one before which it is killed."""

    def __init__(self, folder: Path, kill_before: int | None, report: int) -> None:
        self.folder, self.kill_before, self.report = str(folder), kill_before, report
        self.number = 0

    def begin(self) -> None:
        """Heed what this process does from now on."""
        connect = sqlite3.connect

        def connect_and_heed(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **options)
            connection.set_trace_callback(self.heed_statement)
            return connection

        sqlite3.connect = connect_and_heed  # type: ignore[assignment]
        sys.addaudithook(self.heed)

    def heed(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be an audit hook of Python."""
        if event not in _OF_FILES or not str(arguments[0]).startswith(self.folder):
            return
        if event != "open" or int(arguments[2] or 0) & _TO_WRITE:
            self.meet(f"{event} {Path(str(arguments[0])).name}")

    def heed_statement(self, statement: str) -> None:
        """Be told of a statement that a database gets."""
        words = statement.split(None, 3)[:3]
        if words and words[0].lower() not in ("select", "pragma", "with", "explain", "--"):
            self.meet(" ".join(words).lower())

    def meet(self, name: str) -> None:
        """Meet a step: count it, or be killed before it."""
        if self.number == self.kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        self.number += 1
        os.write(self.report, f"{name}\n".encode())


def steps_of(command: Callable[[], Any], folder: Path, kill_before: int | None = None) -> list[str]:
    """Do a command in a fork of this process, killed before the step of that number; return the steps it came to.

    Args:
        command: What it does; it must leave no connection open before.
        folder: What is done to files elsewhere is no step.
        kill_before: Number of the step, from 0; None: it is not killed.
    """
    report = folder.with_name(f"{folder.name}.steps")
    with warnings.catch_warnings():
        # Who serves pages beside us is a thread, of which the child has none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            steps = Steps(folder, kill_before, os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
            steps.begin()
            command()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) == (kill_before is not None), f"step {kill_before} was not met"
    return report.read_text(encoding="utf-8").splitlines()


def bounds(steps: Collection[str]) -> list[int]:
    """Return the numbers of the steps between file and database: what is done to files, where transactions end."""
    return [n for n, name in enumerate(steps) if name.startswith(("os.", "open ", *_BOUNDS))]
