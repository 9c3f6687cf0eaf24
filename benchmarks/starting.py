"""Cold start in the container: from the call to the first answer, with nothing of the program in memory, and again.

By an engine where one can build and run the image here (CONTAINER_ENGINE says how it is called), and in any case by the
steps of Containerfile done in a root made by debootstrap: what the engine adds is the difference. It needs root.
"""

import http.client
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from shipping.container import IMAGE, Engine, NoContainerError, Stage, base_of, steps_done

TIMES = 5
SAMPLE = "/opt/registerwatch/lib/python3.11/site-packages/cron/sample/2026-11"

Started = Callable[..., list[str]]
"""Makes of arguments of the program the call that starts it in the container."""


def main() -> str:
    """Return a table of seconds."""
    lines = ["| way | call | from disk, s | again, s |", "|---|---|---:|---:|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            base = base_of(folder)
            stage = steps_done(folder, base)
        except NoContainerError as error:
            return f"Not measured: {error}."
        lines += _rows("its steps in a root", lambda *words: stage.started("registerwatch", *words), _of_root(stage))
        try:
            engine = Engine(folder, base)
            lines += _rows(_called(engine), engine.started, _of_image(engine))
            last = "The second is what the engine takes beside it."
        except NoContainerError as error:
            last = f"No engine has run it: {error}"
    text = (
        "From the call until the process has ended (`--version`, `status`), or until `browse` answers `/-/health`, "
        "over the sample register. From disk: no page of any file of the image is in the system's memory; again: the "
        f"median of {TIMES}. Load of the machine at the end: {os.getloadavg()[0]:.1f}. {last}"
    )
    return "\n".join([*lines, "", text])


def _rows(way: str, started: Started, files: Callable[[], Iterator[Path]]) -> Iterator[str]:
    for words in (("init",), ("import", SAMPLE, "--fetched-at", "2026-11-01")):
        subprocess.run(started(*words), check=True, stdout=subprocess.DEVNULL)
    for call, measure in (("--version", _ended), ("status", _ended), ("browse", _served)):
        _forget(files())
        cold = measure(started, call)
        warm = statistics.median(measure(started, call) for _ in range(TIMES))
        yield f"| {way} | `{call}` | {cold:.2f} | {warm:.2f} |"


def _ended(started: Started, call: str) -> float:
    began = time.perf_counter()
    subprocess.run(started(call), capture_output=True, check=False)
    return time.perf_counter() - began


def _served(started: Started, call: str) -> float:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    with subprocess.Popen(started(call, "--public", "--port", str(port)), stdout=subprocess.DEVNULL) as process:
        while not _answers(port):
            assert process.poll() is None, "it ended"
            time.sleep(0.01)
        took = time.perf_counter() - began
        process.terminate()
    return took


def _answers(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", "/-/health")
            return connection.getresponse().status in (200, 503)
    except OSError:
        return False


# --- what is to be forgotten ------------------------------------------------------------------------------------------


def _of_root(stage: Stage) -> Callable[[], Iterator[Path]]:
    return lambda: stage.folder.rglob("*")


def _of_image(engine: Engine) -> Callable[[], Iterator[Path]]:
    layers = "{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}"
    folders = [Path(one) for one in engine.ask("inspect", "--format", layers, IMAGE).strip().split(":")]
    return lambda: (path for folder in folders if folder.is_dir() for path in folder.rglob("*"))


def _forget(files: Iterator[Path]) -> None:
    """Have the system put the pages of *files* out of its memory, and of no others."""
    os.sync()
    for path in files:
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _called(engine: Engine) -> str:
    found = engine.ask("version", "--format", "{{.Client.Version}}").strip()
    return f"{Path(engine.words[0]).name} {found}"
