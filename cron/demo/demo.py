"""The whole thing on the sample register that comes with the program: five nights over HTTP, and what each told.

The site is served on loopback, the runs are the real ones. Only the clock is not: each night has a date of its own, and
the second between two requests is counted instead of waited for, so that the output is the same every time.
"""

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cron.demo.site import FOLDERS, SampleServer, edition, served_here
from cron.settings.sections import MailSettings, RegisterSettings, Settings, StoreSettings, SubscriptionSettings
from cron.terminal import news
from cron.terminal.reports import render_run
from cron.terminal.style import NARROWEST, paint, wrap
from cron.work.afterwards import Afterwards
from cron.work.context import Context
from cron.work.deliver import deliver
from cron.work.feeds import write_feeds
from cron.work.nightly import RunFacts, RunPlan, facts_of, run_once
from diff.change import Change
from diff.kinds import ChangeKind
from scraper.errors import RegisterWatchError
from scraper.web.fetch import Fetcher, FetchPolicy
from snapshots.asking.answers import Answers
from snapshots.asking.changes import ChangeFilter
from snapshots.keeping.store import open_store

DATABASE = "registerwatch.db"
OUTBOX = "outbox"
NAME, INDEX = "sample register", "http://127.0.0.1/"
READER = SubscriptionSettings(name="made-up reader", email="reader@example.org")
"""Follows everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One night of the demo."""

    begins: str
    edition: str
    story: str
    tells_changes: bool = False


NIGHTS = (
    Night(
        begins="2026-10-28T03:17:00Z",
        edition="2026-10",
        story="The first night. All pages are new, so nothing on them is news.",
    ),
    Night(
        begins="2026-10-29T03:17:00Z",
        edition="2026-10",
        story="The second night. Nothing has changed; the site says so page by page, and sends none.",
    ),
    Night(
        begins="2026-10-30T03:17:00Z",
        edition="2026-11",
        story="The third night. There is news, among much that only looks different.",
        tells_changes=True,
    ),
    Night(
        begins="2026-10-31T03:17:00Z",
        edition="rebuilt",
        story="The fourth night. The site has been rebuilt: other markup, lists in another order, months in place of "
        "days. What the pages say is the same: one note of the new layout, told to nobody.",
    ),
    Night(
        begins="2026-11-01T03:17:00Z",
        edition="broken",
        story="The fifth night. One page stops in the middle and another one is out of order. What they said last "
        "still stands; the command ends with exit status 3, for whoever looks after it.",
    ),
)
_OPENING = (
    "The sample register, twelve made-up organisations, is served on this machine and watched for five nights. The "
    "second that each request waits for its turn is counted here, not waited for."
)
_CLOSING = (
    "To watch the real register: registerwatch init, your own address as contact in the registerwatch.toml that it "
    "writes, registerwatch run. docs/operations.md goes through it step by step."
)
_EARLIER_TIMES = {"2026-10-01T03:17:00Z", "2026-11-01T03:17:00Z"}
"""The runs of the demo before it went over HTTP; its database may still lie about."""


class _Clock:
    """The clock of a night on which waiting takes no time, and is counted."""

    def __init__(self, begins: str) -> None:
        self._begins = datetime.fromisoformat(begins).astimezone(UTC)
        self._waited_s = 0.0

    def seconds(self) -> float:
        return self._waited_s

    def sleep(self, seconds: float) -> None:
        self._waited_s += seconds

    def now(self) -> datetime:
        return self._begins + timedelta(seconds=self._waited_s)


def run_demo(directory: Path, *, width: int, colour: bool, say: Callable[[str], None]) -> None:
    """Run over the sample register night by night, and *say* what each night told and what to try next.

    Args:
        directory: Where the database is left; made if it is not there. An earlier demo's is replaced.
        width: Columns of the terminal.
        colour: Whether to use colours.
        say: Prints some lines.

    Raises:
        RegisterWatchError: The directory holds a database that is not the demo's; it is left as it is.
    """
    directory.mkdir(parents=True, exist_ok=True)
    database = directory / DATABASE
    _refuse_another_history(database)
    width = max(width, NARROWEST)
    say(_told(_OPENING, width))
    with _new_database(database) as context, served_here(NIGHTS[0].edition) as server:
        for number, night in enumerate(NIGHTS, 1):
            say("\n" + paint(_told(f"{number}. {night.story}", width), "bold", colour))
            server.site = edition(night.edition)
            facts = _run(context, _Clock(night.begins), server)
            say(f"\n$ registerwatch run\n\n{render_run(facts, width=width, colour=colour)}".rstrip("\n"))
            if night.tells_changes:
                say(f"\n$ registerwatch changes\n\n{_changes(context.answers, width, colour)}".rstrip("\n"))
        told = context.answers.changes.find(ChangeFilter())
        feeds = directory / "feeds"
        written = write_feeds(context, feeds)
    say(f"\n{_told(f'Feeds of it, {len(written)} files, lie in {feeds}: open index.html there.', width)}")
    say(f"\n{_told(f'The mail of the third night to a made-up reader lies in {directory / OUTBOX}.', width)}")
    say(f"\n{_told(f'All of it is kept in {database}. Try next:', width)}")
    for command in _worth_trying(told):
        say(f"  {_program()} --db {shlex.quote(str(database))} {command}")
    say(f"\nAs pages, for a browser:\n  {_program()} --db {shlex.quote(str(database))} browse")
    say(f"\n{_told(_CLOSING, width)}")


def _run(context: Context, clock: _Clock, server: SampleServer) -> RunFacts:
    """Run once, as the command does, on the night's clock, and deliver what is due; feeds are written at the end."""
    context.clock = clock.now
    policy = FetchPolicy(contact="demo@example.org", index=server.url)
    with Fetcher(policy, clock=clock.seconds, sleep=clock.sleep, now=clock.now, jitter=lambda: 0.5) as fetcher:
        facts = facts_of(run_once(context, fetcher, RunPlan()), context)
    return replace(facts, after=Afterwards(told=deliver(context).in_words))


def _changes(answers: Answers, width: int, colour: bool) -> str:
    told = answers.changes.find(ChangeFilter())
    counts = answers.agreements.dataset_counts(
        [c.reference or "" for c in told if c.kind is ChangeKind.AGREEMENT_ADDED]
    )
    editorial = answers.changes.count_editorial(ChangeFilter())
    return news.render_changes(told, width=width, colour=colour, editorial_left_out=editorial, dataset_counts=counts)


def _worth_trying(told: Sequence[Change]) -> Iterator[str]:
    extended = next(change.reference for change in told if change.kind is ChangeKind.DSA_EXTENDED)
    reworded = next(change.reference for change in told if change.kind is ChangeKind.TEXT_CHANGED)
    yield "changes --all"
    yield "changes --severity high --format json"
    yield f"show {extended} --as-of {NIGHTS[0].begins[:10]}"
    yield f"redline {reworded}"
    yield "datasets"
    yield "agreements --format csv"


def _told(text: str, width: int) -> str:
    return "\n".join(wrap(text, width))


@contextmanager
def _new_database(database: Path) -> Iterator[Context]:
    """Open a new database beside *database*, and put it in its place if all went well: a demo is whole or not there."""
    with TemporaryDirectory(prefix=".demo-", dir=database.parent) as folder:
        new = Path(folder) / DATABASE
        context = Context(lambda: _settings(new, database.parent))
        try:
            context.store(create=True)
            yield context
        finally:
            context.close()
        for ending in ("-wal", "-shm"):
            database.with_name(f"{DATABASE}{ending}").unlink(missing_ok=True)
        new.replace(database)


def _settings(database: Path, directory: Path) -> Settings:
    return Settings(
        register=RegisterSettings(name=NAME, index=INDEX, hosts=("127.0.0.1",)),
        store=StoreSettings(database=database),
        mail=MailSettings(folder=directory / OUTBOX),
        subscriptions=(READER,),
    )


def _refuse_another_history(database: Path) -> None:
    """Make sure that *database* is not there, or is that of an earlier demo: its nights and no page but the sample's.

    Raises:
        RegisterWatchError: It holds something else; it is left as it is.
    """
    if not database.exists():
        return
    store = open_store(database)
    times, pages = set(store.log.run_times()), set(store.log.standing_pages())
    store.close()
    of_demo = {night.begins for night in NIGHTS} | _EARLIER_TIMES
    if not times or not times <= of_demo or not pages <= {slug for name in FOLDERS for slug in edition(name)}:
        raise RegisterWatchError(
            f"{database}: holds a history that is not the demo's; name another folder for the demo"
        )


def _program() -> str:
    """Return how the program is called from here: in a checkout it may not be on the path."""
    called, on_path = Path(sys.argv[0]), shutil.which("registerwatch")
    if called.name != "registerwatch" or (on_path and called.exists() and Path(on_path).samefile(called)):
        return "registerwatch"
    return shlex.quote(str(called))
