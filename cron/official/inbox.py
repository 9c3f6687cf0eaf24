"""Workbooks of the official register on their way in: by a command, or from the folder that a run empties.

A file is kept in the archive first, then its edition is taken in one transaction with all that is to be told of it, and
only then does the file leave the inbox. So whatever is killed in between, the next run finds it there, finds it known,
and nobody is told twice.
"""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from cron.work.context import Context
from cron.work.outbox import what_to_tell
from diff.change import Change
from diff.saying.english import Trouble
from scraper.errors import RegisterWatchError, system_words
from scraper.files import whole_file
from scraper.times import MONTHS, as_text
from snapshots.asking.status import inbox_need
from snapshots.asking.unread import unread_needs
from snapshots.keeping.database import DatabaseError, NotNotedError, explain, noting
from snapshots.keeping.readings import Progress, no_progress
from snapshots.keeping.store import Outcome

_DIGITS = re.compile(r"(?<!\d)(20\d\d)[-_ .]?(0[1-9]|1[0-2])(?:[-_ .]?(?:0[1-9]|[12]\d|3[01]))?(?!\d)")
_NAMED = re.compile(rf"(?<![a-z])({'|'.join(MONTHS)})[a-z]*[-_ .]*(20\d\d)(?!\d)", re.IGNORECASE)

WORKBOOK_ENDINGS = (".xlsx", ".xlsm")


class OfficialRefusedError(RegisterWatchError):
    """A workbook that is not taken."""


@dataclass(frozen=True, slots=True)
class TakenWorkbook:
    """What became of a workbook."""

    name: str
    month: str
    layout: str
    versions: int
    outcome: Outcome
    first: bool = False
    """It is the register's first edition: nothing is compared with it."""
    unread: tuple[Trouble, ...] = ()
    """What this edition is the first not to have understood, a sentence each."""

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to decide on it, or to look after what it says."""
        return bool(self.unread) or self.outcome.decision.held is not None


@dataclass(frozen=True, slots=True)
class Emptied:
    """What became of the inbox."""

    taken: tuple[TakenWorkbook, ...] = ()
    left: tuple[str, ...] = ()
    """Why files stay there, a line each, without anybody having to do anything: they are not whole yet."""
    refused: tuple[Trouble, ...] = ()
    """Why files stay there and need a person."""

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look after a file, or decide on an edition."""
        return bool(self.refused) or any(one.needs_a_person for one in self.taken)

    @property
    def changes(self) -> list[Change]:
        """What its editions told."""
        return [change for one in self.taken for change in one.outcome.changes]


EMPTY = Emptied()


def month_in(name: str) -> str | None:
    """Return the month that the name of a file says, None where it says none.

    >>> [month_in(name) for name in ("datausesregister_september2026.xlsx", "register 2026-09 v2.xlsx", "202609.xlsx")]
    ['2026-09', '2026-09', '2026-09']
    >>> month_in("releaseregister_20210201_20210228.xlsx"), month_in("register.xlsx"), month_in("Mar_2022.xlsx")
    ('2021-02', None, '2022-03')
    """
    if found := _NAMED.search(name):
        return f"{found[2]}-{MONTHS[found[1].lower()]:02}"
    found = _DIGITS.search(name)
    return f"{found[1]}-{found[2]}" if found else None


def take_workbook(
    context: Context, path: Path, month: str | None, *, tell: bool, progress: Progress = no_progress
) -> TakenWorkbook:
    """Take a workbook as the edition of a month; by default that in its name.

    Raises:
        RegisterWatchError: It is not taken, and why; `NotWholeError` if it stops before its end.
    """
    # Nobody else needs what reads workbooks.
    from scraper.official.sheets import open_workbook
    from scraper.official.workbook import SortedWorkbook
    from snapshots.official.editions import OfficialEditions

    month = month or month_in(path.name)
    if month is None:
        raise OfficialRefusedError(f"{path}: its name says no month; say which with --edition YYYY-MM")
    if month > as_text(context.clock())[:7]:
        raise OfficialRefusedError(f"{path}: {month} lies in the future")
    book = open_workbook(path)
    try:
        rows = SortedWorkbook(book)
    finally:
        book.close()
    store = context.store(create=True)
    editions = OfficialEditions(store, context.rules)
    months = editions.months()
    is_news = bool(months) and month > months[-1]
    # Nothing is written beside a database that is not the settings', unless people are told of it.
    if tell or not context.is_apart:
        keep_file(path, archive_of(context), rows.sha256)
    dues = what_to_tell(context) if tell and is_news else None
    outcome = editions.take(rows, month, at=as_text(context.clock()), progress=progress, dues=dues)
    first = editions.months()[0] == month
    unread = () if outcome.known else _newly_not_understood(context, outcome.run)
    return TakenWorkbook(path.name, month, rows.layout, rows.versions, outcome, first, unread)


def _newly_not_understood(context: Context, run: int) -> tuple[Trouble, ...]:
    runs = context.answers.runs
    return tuple(unread_needs(runs.official_newly_not_understood(runs.run(run)["captured_at"]), official=True))


def archive_of(context: Context) -> Path:
    """Return the folder of the workbooks; where there is no settings file to count from, it lies by the database."""
    archive = context.settings.official.archive
    return archive if context.settings.file else context.settings.store.database.parent / archive


def keep_file(path: Path, archive: Path, sha256: str) -> Path:
    """Keep a workbook in the archive, under its checksum; it is there whole, and on the disk, or not at all.

    Raises:
        OfficialRefusedError: It cannot be written, or is another file by now than was read.
    """
    kept = archive / f"{sha256}{path.suffix.lower()}"
    try:
        archive.mkdir(parents=True, exist_ok=True)
        if not kept.is_file() or _checksum(kept) != sha256:
            with path.open("rb") as source, whole_file(kept, mode=0o640) as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
            if _checksum(kept) != sha256:
                kept.unlink()
                raise OfficialRefusedError(f"{path}: was written to while it was read; nothing was taken")
    except OSError as error:
        raise OfficialRefusedError(f"{kept}: {system_words(error)}; nothing was taken") from error
    return kept


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- the inbox --------------------------------------------------------------------------------------------------------


def workbooks_in(inbox: Path) -> list[Path]:
    """Return the workbooks in the inbox, by the months in their names; what begins with a dot or a tilde is a copy.

    Raises:
        OfficialRefusedError: There is no such folder.
    """
    try:
        found = [path for path in inbox.iterdir() if path.is_file()]
    except OSError as error:
        raise OfficialRefusedError(f"inbox of the official register: {inbox}: {system_words(error)}") from error
    fit = [path for path in found if path.suffix.lower() in WORKBOOK_ENDINGS and path.name[0] not in ".~"]
    return sorted(fit, key=lambda path: (month_in(path.name) or "", path.name))


def empty_inbox(context: Context, *, tell: bool) -> Emptied:
    """Take what lies in the inbox; what was taken leaves it, what is refused or not whole stays.

    Where the database refuses one, those after it wait for another night: put before a later one it would be no news.
    """
    inbox = context.settings.official.inbox
    if inbox is None:
        return EMPTY
    from scraper.official.sheets import NotWholeError

    found = _Emptying()
    try:
        paths = workbooks_in(inbox)
    except OfficialRefusedError as error:
        return Emptied(refused=(Trouble(str(error), key="inbox"),))
    for number, path in enumerate(paths):
        try:
            found.taken.append(take_workbook(context, path, None, tell=tell))
            path.unlink()
        except NotWholeError as error:
            found.left.append(f"{error}; it stays in the inbox until it is whole")
        except (RegisterWatchError, OSError) as error:
            found.refused[path.name] = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
        except DatabaseError as error:
            reason = explain(context.settings.store.database, error)
            found.refused |= dict.fromkeys((path.name for path in paths[number:]), reason)
            break
    refused = [inbox_need(name, reason) for name, reason in found.refused.items()]
    try:
        with noting("the inbox is emptied of what could be taken", "the next run notes it"):
            context.store(create=True).log.note_inbox(found.refused, context.clock())
    except NotNotedError as error:
        refused.append(Trouble(str(error), key="inbox"))
    return Emptied(tuple(found.taken), tuple(found.left), tuple(refused))


@dataclass(slots=True)
class _Emptying:
    """What became of the files of the inbox, file by file."""

    taken: list[TakenWorkbook] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Name → why."""
