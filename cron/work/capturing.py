"""Take captures of many times: gather, read what is new, put them into editions, derive once. Tells nobody.

Captures may be many more than fit into memory: their bytes, and what was read in them, wait in a file without a name
beside the database, which is gone when this program is.
"""

import hashlib
import pickle
import tempfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from diff.deciding.guards import Guards
from scraper.errors import RegisterWatchError
from scraper.names.vocabulary import Vocabulary
from scraper.web.fetch import declared_charset
from snapshots.keeping.bodies import Headers
from snapshots.keeping.readings import Reading, Unread, read_all
from snapshots.keeping.runlog import NewPage
from snapshots.keeping.store import Outcome, Progress, Store, no_progress
from snapshots.sources.captures import Found, FoundPage, Passed, Refused
from snapshots.sources.placing import place

MOST_BYTES = 10_000_000_000
"""Of captures that one backfill looks at: what packs more into an archive means no good."""

LIST_PAGE = "list of organisations"


class BackfillRefusedError(RegisterWatchError):
    """Nothing of a backfill was taken."""


class Waiting:
    """Values that wait in a file until they are needed, named by their checksums."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder if folder.is_dir() else None)  # noqa: SIM115 closed with it
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def keep(self, name: str, value: bytes) -> None:
        """Keep *value* under *name*."""
        packed = zlib.compress(value, 1)
        self._file.seek(self._end)
        self._file.write(packed)
        self._places[name] = (self._end, len(packed))
        self._end += len(packed)

    def read(self, name: str) -> bytes:
        """Return what is kept under *name*."""
        start, size = self._places[name]
        self._file.seek(start)
        return zlib.decompress(self._file.read(size))

    def take(self, name: str) -> bytes:
        """Return what is kept under *name*, and forget it."""
        value = self.read(name)
        del self._places[name]
        return value

    def close(self) -> None:
        """Let go of all of it."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Captured:
    """A capture whose bytes are known."""

    slug: str
    at: str
    sha256: str
    source: str
    place: str
    headers: Headers = ()

    @property
    def charset(self) -> str | None:
        """Return the set of characters that the server declared, where an archive kept what it sent."""
        declared = (value for name, value in self.headers if name.lower() == "content-type")
        return next(map(declared_charset, declared), None)


@dataclass(slots=True)
class Gathered:
    """What was found, and what became of it so far."""

    captures: list[Captured] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    """Why → how many, of what is no capture of an organisation's page."""
    refused: list[Refused] = field(default_factory=list)
    read: int = 0
    """Captures of organisations' pages that were found, the refused among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What a backfill did."""

    gathered: Gathered
    kept: int = 0
    known: int = 0
    refused: tuple[Refused, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    times: tuple[str, ...] = ()
    """Of the captures that were kept: the first and the last."""


def gather(found: Iterable[Found], waiting: Waiting, known: Mapping[str, str | None], now: str, first: str) -> Gathered:
    """Sort what was found; the bytes that are not *known* wait.

    Args:
        found: Captures, and what is none.
        waiting: Where bytes wait.
        known: SHA-256 of the bodies that were read before.
        now: A capture of the future is refused.
        first: So is one before this time.
    """
    gathered, total = Gathered(), 0
    by_digest: dict[str, str] = {}
    same: list[FoundPage] = []
    for one in found:
        match one:
            case Passed():
                gathered.passed[one.why] += 1
                continue
            case Refused():
                gathered.refused.append(one)
                gathered.read += 1
                continue
        gathered.read += 1
        if reason := _wrong_time(one.captured_at, now, first):
            gathered.refused.append(Refused(one.place, reason))
        elif one.body is None:
            same.append(one)
        else:
            total += len(one.body)
            if total > MOST_BYTES:
                reason = (
                    f"more than {MOST_BYTES // 1_000_000_000} GB of pages stand before it; what follows is left out"
                )
                gathered.refused.append(Refused(one.place, reason))
                break
            sha256 = hashlib.sha256(one.body).hexdigest()
            if sha256 not in known and sha256 not in waiting:
                waiting.keep(sha256, one.body)
            by_digest[one.digest] = sha256
            gathered.captures.append(_captured(one, sha256))
    for one in same:
        if one.digest and one.digest in by_digest:
            gathered.captures.append(_captured(one, by_digest[one.digest]))
        else:
            reason = f"has the bytes of another capture, {one.digest or 'which it does not name'}, and that is not here"
            gathered.refused.append(Refused(one.place, reason))
    return gathered


def _captured(found: FoundPage, sha256: str) -> Captured:
    return Captured(found.slug, found.captured_at, sha256, found.source, found.place, found.headers)


def _wrong_time(at: str, now: str, first: str) -> str | None:
    if at > now:
        return f"{at} lies in the future"
    return f"{at} is a time before there were web pages" if at < first else None


def backfill(
    store: Store,
    gathered: Gathered,
    waiting: Waiting,
    *,
    now: str,
    vocabulary: Vocabulary,
    guards: Guards,
    progress: Progress = no_progress,
) -> Backfilled:
    """Take gathered captures into the history.

    Raises:
        BackfillRefusedError: There is nothing to take, and why.
    """
    refusals = {sha256: why for sha256, why in store.log.read_bodies().items() if why}
    lists = _read_waiting(gathered.captures, waiting, refusals, vocabulary, progress)
    good, refused = [], list(gathered.refused)
    for capture in gathered.captures:
        if capture.sha256 in lists:
            gathered.passed[LIST_PAGE] += 1
            gathered.read -= 1
        elif reason := refusals.get(capture.sha256):
            refused.append(Refused(capture.place, reason))
        else:
            good.append(capture)
    if not good:
        raise _nothing_taken(gathered, refused)
    with store.writing():  # what is kept must not change between looking and writing
        editions, homeless = _editions(store, good, now)
        new = [capture for edition in editions.values() for capture in edition]
        outcomes = list[Outcome]()
        if new:
            outcomes = store.take_past(
                ((time, [_new_page(one, waiting) for one in editions[time]]) for time in sorted(editions)),
                finished_at=now,
                vocabulary=vocabulary,
                guards=guards,
                progress=progress,
            )
    refused += homeless
    times = sorted(capture.at for capture in new)
    return Backfilled(
        gathered=gathered,
        kept=len(new),
        known=len(good) - len(new) - len(homeless),
        refused=tuple(refused),
        outcomes=tuple(outcomes),
        times=(times[0], times[-1]) if times else (),
    )


def _read_waiting(
    captures: Iterable[Captured], waiting: Waiting, refusals: dict[str, str], vocabulary: Vocabulary, progress: Progress
) -> set[str]:
    """Read the bodies that wait: note the refused, have the readings wait too; return those that list organisations."""
    unread = {one.sha256: one for one in captures if one.sha256 in waiting}
    lists = set()
    bodies = (Unread(sha256, one.slug, waiting.read(sha256), one.charset) for sha256, one in unread.items())
    for sha256, reading in progress(read_all(bodies, len(unread), vocabulary), len(unread), "reading"):
        waiting.keep(_reading_of(sha256), pickle.dumps(reading))
        if reading.is_list:
            lists.add(sha256)
        elif reading.refused:
            refusals[sha256] = reading.refused
    return lists


def _reading_of(sha256: str) -> str:
    return f"reading of {sha256}"


def _new_page(capture: Captured, waiting: Waiting) -> NewPage:
    """Return a capture as the store takes it; the first of its bytes brings these and what was read in them."""
    page = NewPage(
        capture.slug,
        capture.sha256,
        capture.source,
        capture.at,
        None,
        None,
        charset=capture.charset,
        headers=capture.headers,
        is_capture=True,
    )
    if capture.sha256 not in waiting:
        return page
    reading: Reading = pickle.loads(waiting.take(_reading_of(capture.sha256)))  # our own, of a moment ago
    return replace(page, body=waiting.take(capture.sha256), reading=reading)


def _editions(store: Store, captures: Iterable[Captured], now: str) -> tuple[dict[str, list[Captured]], list[Refused]]:
    """Return time of edition → the captures that it gains, and those for which there is no place."""
    by_page: dict[tuple[str, str], dict[tuple[str, str], Captured]] = defaultdict(dict)
    for capture in sorted(captures, key=lambda one: one.source):
        by_page[capture.slug, capture.at[:10]].setdefault((capture.at, capture.sha256), capture)
    kept = store.log.sightings({day for _, day in by_page})
    editions: dict[str, list[Captured]] = defaultdict(list)
    homeless = []
    for spot, found in by_page.items():
        for moment, time in place(found, kept.get(spot, ()), now):
            if time:
                editions[time].append(found[moment])
            else:
                homeless.append(Refused(found[moment].place, "no time is left between the captures beside it"))
    return editions, homeless


def _nothing_taken(gathered: Gathered, refused: list[Refused]) -> BackfillRefusedError:
    if not refused:
        passed = ", ".join(f"{number:,} {why}" for why, number in sorted(gathered.passed.items()))
        others = f", only other things ({passed})" if passed else ""
        return BackfillRefusedError(f"no captures of organisations' pages found{others}: nothing was taken")
    more = f" and {len(refused) - 3:,} more" if len(refused) > 3 else ""
    lines = "; ".join(f"{one.place}: {one.reason}" for one in refused[:3])
    return BackfillRefusedError(f"{lines}{more}: nothing was taken")
