"""Commands in processes of their own, at a time of the test's choice, that can be killed at any instant that matters.

What a command does is cut into instants: before each statement that writes to a database, before each thing said to
somebody at the other end of a socket and after each answer, before each file that is moved or removed. Killed at one of
them, with signal 9, it leaves what it would leave at any instant between that one and the one before.

One process imports the program, and forks for each command: they are real processes, twenty times sooner there.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KILLED = -9
WRITES = ("insert", "update", "delete", "replace", "begin", "commit", "savepoint", "release", "vacuum")


@dataclass
class Command:
    """A command that runs."""

    pid: int
    folder: Path  # what it said, and its instants
    breeder: "Breeder"

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    @property
    def instants(self) -> list[str]:
        """What it was about to do, from the first instant on."""
        with suppress(FileNotFoundError):
            return (self.folder / "instants").read_text().splitlines()
        return []

    def count(self) -> None:
        """Count instants from now on, where they were not counted from the beginning."""
        (self.folder / "counting").touch()

    def wait(self) -> int:
        """Return its exit status, or the signal that ended it, with a minus."""
        return int(self.breeder.asked({"wait": self.pid}))

    def is_over(self) -> bool:
        """Return whether it has ended; somebody still has to `wait`."""
        return bool(self.breeder.asked({"over": self.pid}))

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is done, or the command is over."""
        while not (done() or self.is_over()):
            time.sleep(0.005)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, 15)
        self.wait()

    def port(self) -> int:
        """Return the port at which it serves, once it does."""
        self.until(lambda: " at http://" in self.said)
        assert " at http://" in self.said, self.said
        return int(self.said.split(" at http://")[1].split("/")[0].rsplit(":")[-1])


class Breeder:
    """A process that has imported the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = [sys.executable, "-W", "ignore", __file__]
        self.process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def asked(self, request: Mapping[str, Any]) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{json.dumps(request)}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(
        self,
        folder: Path,
        *arguments: str | Path,
        at: datetime,
        kill_at: int | str | None = None,
        counting: bool = True,
        typed: bytes = b"",
    ) -> Command:
        """Start a command in *folder*, at the time *at*, to be killed at an instant.

        Args:
            folder: Where it is run.
            arguments: What it is told.
            at: When it believes to be.
            kill_at: Its number, from 0, or what it is about to do then.
            counting: Whether instants count from the beginning.
            typed: What it reads from standard input.
        """
        own = Path(tempfile.mkdtemp(dir=self.folder))
        (own / "typed").write_bytes(typed)
        (own / "said").touch()
        if counting:
            (own / "counting").touch()
        request = {
            "arguments": list(map(str, arguments)),
            "folder": str(folder),
            "own": str(own),
            "at": at.timestamp(),
            "kill_at": kill_at,
        }
        return Command(self.asked(request), own, self)

    def run(self, folder: Path, *arguments: str | Path, at: datetime, **options: Any) -> tuple[int, Command]:
        """Run a command to its end."""
        command = self.start(folder, *arguments, at=at, **options)
        return command.wait(), command


@contextmanager
def breeding(folder: Path) -> Iterator[Breeder]:
    """Have commands started; what still runs at the end is killed."""
    breeder = Breeder(folder)
    try:
        yield breeder
    finally:
        breeder.process.communicate(timeout=200)


# --- in the process that breeds ---------------------------------------------------------------------------------------


def _breed() -> None:
    import gc

    from cron.cli import main

    _import_everything()
    gc.freeze()  # else each command copies all that was imported, by looking at it
    running: dict[int, int | None] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            pid = request["wait"]
            if running[pid] is None:
                running[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            answer: Any = running[pid]
        elif "over" in request:
            pid = request["over"]
            if running[pid] is None:
                done, status = os.waitpid(pid, os.WNOHANG)
                running[pid] = os.waitstatus_to_exitcode(status) if done else None
            answer = running[pid] is not None
        elif (answer := os.fork()) == 0:
            _be(main, **request)
        else:
            running[answer] = None
        print(json.dumps(answer), flush=True)
    for pid, status in running.items():
        if status is None:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def _import_everything() -> None:
    """Import what commands import when they need it, so that none has to."""
    import pkgutil
    from importlib import import_module

    import cron
    import notify
    import snapshots

    for package in (cron, notify, snapshots):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "cluster" not in module.name and not module.name.endswith("__main__"):
                import_module(module.name)


def _be(main: Any, *, arguments: list[str], folder: str, own: str, at: float, kill_at: int | str | None) -> None:
    """Be a command from now on."""
    for number, (name, flags) in enumerate(
        {"typed": os.O_RDONLY, "said": os.O_WRONLY | os.O_CREAT | os.O_APPEND}.items()
    ):
        os.dup2(os.open(f"{own}/{name}", flags), number)
    os.dup2(1, 2)
    os.chdir(folder)
    _set_clock(at)
    _watch(own, kill_at)
    sys.argv[1:] = arguments
    status: Any = 1
    try:
        main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0)


def _set_clock(at: float) -> None:
    import datetime as library

    from cron.work import context
    from scraper.web import fetch
    from snapshots.browse.app import request

    ahead = at - time.time()

    class Elsewhen(library.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return library.datetime.fromtimestamp(time.time() + ahead, tz)

    for module in (context, request, fetch):
        module.datetime = Elsewhen  # type: ignore[attr-defined]


def _watch(own: str, kill_at: int | str | None) -> None:
    import socket
    import sqlite3
    import threading

    log = os.open(f"{own}/instants", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    lock = threading.Lock()
    count = 0

    def tick(what: str) -> None:
        nonlocal count
        if not os.path.exists(f"{own}/counting"):
            return
        with lock:
            if kill_at in (count, what):
                os.write(log, b"killed\n")
                os.kill(os.getpid(), 9)
            count += 1
            os.write(log, f"{what}\n".encode())

    def statement(sql: str) -> None:
        first, *others = sql.split(maxsplit=3)[:3] or [""]
        if first.lower().rstrip(";") in WRITES:
            tick(" ".join([first, *others]))

    connect = sqlite3.connect

    def connect_watched(*given: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*given, **named)
        connection.set_trace_callback(statement)
        return connection

    sqlite3.connect = connect_watched  # type: ignore[misc]
    sqlite3.dbapi2.connect = connect_watched  # type: ignore[misc]
    for name in ("send", "sendall"):
        setattr(socket.socket, name, _before(getattr(socket.socket, name), lambda: tick("say")))
    for name in ("recv", "recv_into"):
        setattr(socket.socket, name, _after(getattr(socket.socket, name), lambda: tick("heard")))
    moves = {"os.rename", "os.remove", "os.link", "os.truncate"}
    sys.addaudithook(lambda event, _: tick(event) if event in moves else None)


def _before(function: Any, do: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        do()
        return function(*given, **named)

    return watched


def _after(function: Any, do: Any) -> Any:
    def watched(*given: Any, **named: Any) -> Any:
        result = function(*given, **named)
        do()
        return result

    return watched


if __name__ == "__main__":
    _breed()
