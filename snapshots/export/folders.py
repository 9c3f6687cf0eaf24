"""A folder that files are written into: each whole or not at all, and only where they differ from what is there."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of the folder."""

    name: str
    size: int
    sha256: str
    changed: bool
    """It was not there, or differed."""


class Part:
    """A file that is being written, beside the one whose place it will take."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Write some more."""
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """Return the checksum of what was written so far."""
        return self._digest.hexdigest()


class Folder:
    """A folder that is written into; use `only_writer`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[WrittenFile] = []

    @contextmanager
    def file(self, name: str) -> Iterator[Part]:
        """Write a file: at the end of the block it is there, whole; after an error the old one is."""
        path = self.path / name
        # One name, so that what a killed run leaves behind is taken away by the next.
        part = path.with_name(f".{name}.part")
        part.unlink(missing_ok=True)
        try:
            with part.open("xb") as stream:
                written = Part(stream)
                yield written
            changed = _checksum(path) != written.sha256
            if changed:
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self.written.append(WrittenFile(name, written.size, written.sha256, changed))


@contextmanager
def only_writer(path: Path) -> Iterator[Folder]:
    """Hold the folder at *path*, made if it is not there, against others that write into it; wait for them.

    Raises:
        OSError: It cannot be made or written.
    """
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield Folder(path)
    finally:
        os.close(handle)


def _checksum(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None
