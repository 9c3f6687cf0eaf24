"""Files that are there whole or not at all: what was there before stays until the new bytes are complete.

The one room beside `web` that touches the world. It lies this low because feeds, exports, messages and captures are
all written by its rule.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write *path*: at the end of the block it holds what was written; after an error what it held before.

    Raises:
        OSError: It cannot be written.
    """
    with _part_of(path, mode) as (part, stream):
        yield stream
        stream.close()
        part.replace(path)


@contextmanager
def _part_of(path: Path, mode: int = 0o666) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file beside *path*, open, which is gone at the end of the block unless it was given another name."""
    # One name, so that what a killed program leaves behind is taken away by the next. It is not made by tempfile,
    # whose files no web server may read.
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            yield part, stream
    finally:
        with suppress(OSError):
            part.unlink()


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of a folder."""

    name: str
    size: int
    sha256: str
    """Empty where it was not looked into: see `Folder.still_stand`."""
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
    """A folder whose files are written whole, and only where they differ; use `only_writer`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[WrittenFile] = []

    @contextmanager
    def file(self, name: str) -> Iterator[Part]:
        """Write a file bit by bit: at the end of the block it is there, whole; after an error the old one is."""
        path = self.path / name
        with _part_of(path) as (part, stream):
            written = Part(stream)
            yield written
            stream.close()
            changed = _checksum(path) != written.sha256
            if changed:
                part.replace(path)
        self.written.append(WrittenFile(name, written.size, written.sha256, changed))

    def put(self, name: str, body: bytes) -> None:
        """Write a file at once; *name* may lie in a folder of the folder."""
        path = self.path / name
        sha256 = hashlib.sha256(body).hexdigest()
        # Nearly every file of a night is as it was: looking is cheaper than writing.
        changed = _checksum(path) != sha256
        if changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as stream:
                stream.write(body)
        self.written.append(WrittenFile(name, len(body), sha256, changed))

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; none of one that is not there."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return b""

    def still_stand(self, names: Sequence[str], last: str) -> bool:
        """Say whether *names* are as they were when the file *last* was written after them.

        If they are, they count as written and unchanged.
        """
        try:
            written_at = os.stat(self.path / last).st_ctime_ns
            stands = [os.stat(f"{self.path}/{name}") for name in names]
        except FileNotFoundError:
            return False
        # Not the time of its bytes, which whoever puts an old copy back may put back too.
        if any(one.st_ctime_ns > written_at for one in stands):
            return False
        self.written += [WrittenFile(name, one.st_size, "", False) for name, one in zip(names, stands, strict=True)]
        return True


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
