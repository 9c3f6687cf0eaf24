"""What takes seconds to make is made once for a run of the tests, by whichever of its processes needs it first."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

shared: Path | None = None
"""The folder of all processes of this run, which conftest.py sets."""


def made_once(name: str, make: Callable[[], bytes]) -> Path:
    """Return the file of that *name*; if nobody made it yet, its content is what *make* returns. Nobody writes it."""
    folder = shared
    assert folder, "no tests are running"
    made = folder / name
    with (folder / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = folder / f"{name}.half"
            half.write_bytes(make())
            os.replace(half, made)
    return made
