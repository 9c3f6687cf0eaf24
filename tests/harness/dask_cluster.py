"""A cluster on loopback: a scheduler of Dask and its workers, each a process of its own, spoken with over TCP."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from tests.harness.servers import held_port

ROOT = Path(__file__).parents[2]

# Told to a worker as it begins: after so many tasks it is gone, with all that it has done and nobody fetched.
DYING = """
import os
from distributed.diagnostics.plugin import WorkerPlugin

class Dying(WorkerPlugin):
    done = 0
    def transition(self, key, start, finish, **more):
        self.done += finish == "memory"
        if self.done == {after}:
            os._exit(1)

async def dask_setup(worker):
    await worker.plugin_add(Dying(), name="dying")
"""


class Cluster:
    """What is running of it."""

    def __init__(self, folder: Path, port: int, code: Path) -> None:
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder, self._code = folder, code
        self._processes: list[Popen[bytes]] = []
        options = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        self.scheduler = self._start("distributed.cli.dask_scheduler", *options)

    def worker(self, *, dies_after: int | None = None) -> Popen[bytes]:
        """Start a worker of one thread, which may be one that dies."""
        number = len(self._processes)
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder)]
        if dies_after is not None:
            preload = self._folder / f"dying_{number}.py"
            preload.write_text(DYING.format(after=dies_after), encoding="utf-8")
            options += ["--preload", str(preload)]
        return self._start("distributed.cli.dask_worker", self.address, *options)

    def _start(self, module: str, *options: str) -> Popen[bytes]:
        log = (self._folder / "cluster.log").open("ab")
        with log:
            process = Popen([sys.executable, "-m", module, *options], cwd=self._code, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def end(self) -> None:
        """End all of it, at once."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()


@contextmanager
def cluster(folder: Path, *, code: Path = ROOT) -> Iterator[Cluster]:
    """Run a scheduler; its programs are those of the folder *code*."""
    folder.mkdir(parents=True, exist_ok=True)
    with held_port() as port:
        running = Cluster(folder, port, code)
        try:
            yield running
        finally:
            running.end()
