"""What waits for the end of a night, an import or a backfill: in memory, and what is more than that in a file."""

import pickle
import tempfile
from pathlib import Path
from typing import IO, Any

import zstandard

# Beyond that it goes into a file, so that a backfill of years and a first night run on a small machine.
IN_MEMORY = 5_000_000


class WaitingRoom:
    """Values that wait by name: the first in memory, more in a file without a name, gone when this program is."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder if folder and folder.is_dir() else None
        self._values: dict[str, Any] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._file: IO[bytes] | None = None
        self._size = self._end = 0

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self._places

    def keep(self, name: str, value: object, size: int) -> None:
        """Keep *value*, which takes about *size* bytes."""
        self._size += size
        if self._size <= IN_MEMORY:
            self._values[name] = value
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 closed by `close`
        packed = zstandard.compress(pickle.dumps(value), 1)
        self._file.seek(self._end)
        self._file.write(packed)
        self._places[name] = (self._end, len(packed))
        self._end += len(packed)

    def read(self, name: str) -> Any:
        """Return what is kept under *name*."""
        if name in self._values:
            return self._values[name]
        assert self._file is not None  # it has a place
        start, size = self._places[name]
        self._file.seek(start)
        return pickle.loads(zstandard.decompress(self._file.read(size)))  # our own, of a moment ago

    def take(self, name: str) -> Any:
        """Return what is kept under *name* and forget it; None if there is nothing."""
        if name not in self:
            return None
        value = self.read(name)
        self._values.pop(name, None)
        self._places.pop(name, None)
        return value

    def close(self) -> None:
        """Let go of all of it."""
        self._values.clear()
        if self._file is not None:
            self._file.close()
