"""The sheets of a workbook as rows of text. The edge of this room: files are opened here and nowhere else.

Nothing in a file is trusted. How much it unpacks to, and how far its cells reach, is looked at before a reader that
takes memory for every cell gets it. Values are taken as they are kept: a formula is the value it had, macros, links and
pictures are never looked at, a date is a date whether a number, a date or a text was typed.
"""

import hashlib
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scraper.errors import RegisterWatchError, system_words
from scraper.limits import (
    LARGEST_WORKBOOK,
    LITTLE_OF_WORKBOOK,
    MOST_CELLS,
    MOST_OF_WORKBOOK,
    MOST_TIMES_UNPACKED,
)

Row = Sequence[str]

_DAMAGED = "is no whole Excel workbook (.xlsx)"
# Every program that writes workbooks begins a cell with its place. A cell that does not lies where its reader counts
# to, which nobody sees without counting as it does: such a sheet is refused.
_NO_PLACE = re.compile(rb"""<c(?! r=["'])(?=[\s/>])""")
_NO_PLACE_PREFIXED = re.compile(rb"""<[^\s<>/:]*:c(?! r=["'])(?=[\s/>])""")
_COLUMN = re.compile(rb"""c r=["']([A-Za-z]+)""")
_ROW = re.compile(rb"""c r=["'][A-Za-z]+([0-9]+)""")
# Of a sheet so narrow that this many rows of it are few cells, only rows further down are looked at, one by one.
_NEAR = 99_999
_FAR_ROW = re.compile(rb"""c r=["'][A-Za-z]+0*([1-9][0-9]{5,})""")
# A cell names its text by number, and its reader copies that for each: a small file could name a long one a million
# times. What is no plain number there counts as the longest.
_PLAINLY_NAMED = re.compile(rb't="s"><v>([0-9]+)<')
_NAMES_TEXT = re.compile(rb"""\bt\s*=\s*["']s["']""")
_TEXT_NAMED = re.compile(rb"""\bt\s*=\s*["']s["'][^<>]*>\s*<(?:[^\s<>/:]*:)?v[^<>]*>\s*([0-9]+)\s*<""")
_SHARED = re.compile(rb"<(?:[^\s<>/:]*:)?sst[\s>]")
_END_OF_TEXT = re.compile(rb"</(?:[^\s<>/:]*:)?si\s*>|<(?:[^\s<>/:]*:)?si\s*/>")
_CHUNK = 1 << 20


class WorkbookError(RegisterWatchError):
    """A workbook that is not taken, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class NotWholeError(WorkbookError):
    """A file that stops before its end, as one does that is still being copied."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """An open workbook."""

    name: str
    sha256: str
    size: int
    sheets: Sequence[str]
    """Names of its sheets, in their order."""
    _book: Any

    def rows(self, sheet: str) -> Iterator[Row]:
        """Yield the rows of a sheet, a text for each cell.

        Raises:
            WorkbookError: The sheet cannot be read.
        """
        import python_calamine

        try:
            for row in self._book.get_sheet_by_name(sheet).iter_rows():
                yield [cell if cell.__class__ is str else _text(cell) for cell in row]
        except (python_calamine.CalamineError, ValueError, OSError) as error:
            raise WorkbookError(self.name, f"the sheet {sheet!r} cannot be read ({error})") from error

    def close(self) -> None:
        """Let go of the file and of what was read of it."""
        self._book.close()


def open_workbook(path: Path) -> Workbook:
    """Open the workbook at *path*.

    Raises:
        NotWholeError: The file stops before its end.
        WorkbookError: It is no workbook, or would take more memory than is given to one.
    """
    import python_calamine

    try:
        size = path.stat().st_size
        if size > LARGEST_WORKBOOK:
            raise WorkbookError(str(path), f"has {size:,} bytes, more than {LARGEST_WORKBOOK:,}")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        _look_into(path, size)
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except OSError as error:
        raise WorkbookError(str(path), system_words(error)) from error
    except python_calamine.CalamineError as error:
        raise WorkbookError(str(path), f"{_DAMAGED}: {error}") from error
    return Workbook(path.name, sha256, size, tuple(book.sheet_names), book)


def _look_into(path: Path, size: int) -> None:
    """Refuse what is damaged, unpacks to too much or has a cell too far out: read once, kept nowhere."""
    most = min(MOST_OF_WORKBOOK, max(LITTLE_OF_WORKBOOK, size * MOST_TIMES_UNPACKED))
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist()]
            if "xl/workbook.xml" not in {name.lower().lstrip("/") for name in names}:
                raise WorkbookError(str(path), _DAMAGED)
            left, texts = most, _Texts()
            for name in names:
                with archive.open(name) as part:
                    left -= _look_at_part(path, name, _chunks(path, name, part, left), texts)
            if (bytes_ := texts.copied()) > MOST_OF_WORKBOOK:
                raise WorkbookError(str(path), f"its cells name texts of {bytes_:,} bytes in all: far too much")
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise NotWholeError(str(path), f"{_DAMAGED}: {str(error).lower()}") from error
    except (NotImplementedError, RuntimeError, ValueError) as error:  # an unknown compression, a password
        raise WorkbookError(str(path), f"{_DAMAGED}: {error}") from error


def _chunks(path: Path, name: str, part: Any, left: int) -> Iterator[bytes]:
    """Yield a part of the archive in pieces that begin with a tag, so that none is cut in two."""
    tail, size = b"", 0
    while chunk := part.read(_CHUNK):
        size += len(chunk)
        if size > left:
            raise WorkbookError(str(path), f"unpacks to far more than a workbook of its size: {name} goes on and on")
        end = chunk.rfind(b"<")
        if end < 0 and len(chunk) == _CHUNK:
            raise WorkbookError(str(path), f"{name} has a text of more than {_CHUNK:,} characters")
        yield tail + chunk[:end]
        tail = chunk[end:]
    yield tail


@dataclass(slots=True)
class _Texts:
    """The texts that cells share: how long each is, and how often it is named."""

    lengths: list[int] = field(default_factory=list)
    named: Counter[bytes] = field(default_factory=Counter)
    unclear: int = 0
    """Cells that name one in a way that is not understood here."""
    begun: int = 0
    """Bytes of the text that is open."""

    def take(self, chunk: bytes) -> None:
        """Take a piece of the part that holds the texts."""
        *whole, rest = _END_OF_TEXT.split(chunk)
        for text in whole:
            self.lengths.append(self.begun + len(text))
            self.begun = 0
        self.begun += len(rest)

    def name(self, chunk: bytes) -> None:
        """Take a piece of a sheet."""
        named = _PLAINLY_NAMED.findall(chunk)
        left = chunk.count(b'"s"') + chunk.count(b"'s'") - len(named)
        # One alone is cut in two. More are written as no program does that we know: looking for those takes ten times
        # as long.
        if left > 1:
            named = _TEXT_NAMED.findall(chunk)
            left = len(_NAMES_TEXT.findall(chunk)) - len(named)
        self.named.update(named)
        self.unclear += left

    def copied(self) -> int:
        """Return how many bytes the cells have, each with its own copy."""
        longest = max(self.lengths, default=0)
        known = dict(enumerate(self.lengths))
        return self.unclear * longest + sum(n * known.get(int(text), 0) for text, n in self.named.items())


def _look_at_part(path: Path, name: str, chunks: Iterator[bytes], texts: _Texts) -> int:
    """Look at a part of the archive; return how many bytes it unpacks to."""
    width, height, size, is_sheet, is_texts = 0, 0, 0, False, False
    for chunk in chunks:
        size += len(chunk)
        is_texts = is_texts or _SHARED.search(chunk) is not None
        if is_texts:
            if b"<!" in chunk:  # what is commented out would be counted as texts
                raise WorkbookError(str(path), f"{name} has more than texts in it")
            texts.take(chunk)
        # By what is in it: a part of any name may be said to be a sheet.
        is_sheet = is_sheet or b"sheetData" in chunk
        if is_sheet:
            if _NO_PLACE.search(chunk) or (b":c" in chunk and _NO_PLACE_PREFIXED.search(chunk)):
                raise WorkbookError(str(path), f"{name} has a cell that does not say where it is")
            texts.name(chunk)
            width = max(width, *map(_number_of, set(_COLUMN.findall(chunk))), 0)
            is_narrow = width * _NEAR <= MOST_CELLS
            rows = set((_FAR_ROW if is_narrow else _ROW).findall(chunk))
            height = max(height, *map(int, rows), _NEAR if is_narrow else 0)
    if height * width > MOST_CELLS:
        reach = f"{height:,} rows and {width:,} columns"
        raise WorkbookError(str(path), f"{name} reaches over {reach}: more than {MOST_CELLS:,} cells")
    return size


def _number_of(column: bytes) -> int:
    """Return the number of a column.

    >>> _number_of(b"A"), _number_of(b"aa"), _number_of(b"XFD")
    (1, 27, 16384)
    """
    number = 0
    for letter in column.upper():
        number = number * 26 + letter - 64
    return number


def _text(cell: Any) -> str:
    """Return a cell as text: a date as ISO 8601, a whole number without a point."""
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
