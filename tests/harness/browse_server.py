"""The pages over a made-up register, served for real; and a reader that follows every link."""

import contextlib
import http.client
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup
from lxml import html
from starlette.routing import compile_path

from cron.commands.browse import make_app
from snapshots.browse.app.request import SiteSettings
from snapshots.browse.app.routes import ROUTES
from snapshots.browse.app.server import make_server
from tests.harness.once import made_once
from tests.simulation.play import import_edition
from tests.simulation.story import quick

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
"""Seconds that a server may take over what takes it a moment: others have this machine too."""
MOST_QUESTIONS = 25
"""Addresses of one page with different words behind the question mark that a crawl follows."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    address: str
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "lxml")

    @cached_property
    def tree(self) -> html.HtmlElement:
        """The page as a crawl reads it, which is ten times sooner than soup."""
        return html.document_fromstring(self.body, parser=html.HTMLParser(encoding="utf-8"))

    @property
    def words(self) -> str:
        """What stands on the page, without markup."""
        return " ".join(self.soup.get_text(" ").split())


@dataclass
class Served:
    """A server that runs."""

    url: str
    process: subprocess.Popen[str] | None = None
    """Where it has one of its own."""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def get(self, address: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask for an address as it stands; redirects are not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            # To what is too long the answer may be there, and the connection closed, before all of it was said.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, address, headers={name.replace("_", "-"): v for name, v in headers.items()})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(address, answer.status, named, answer.read())

    def page(self, address: str) -> Answer:
        """Return a page that must be there."""
        answer = self.get(address)
        assert answer.status == 200, f"{address}: {answer.status}\n{answer.text[:2000]}"
        return answer


def start(database: Path, *arguments: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    program = [sys.executable, "-c", "from cron.cli import main; main()"]
    return subprocess.Popen(
        [*program, "--db", str(database), *options, "browse", *arguments],
        cwd=database.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def running(database: Path, *arguments: str, options: tuple[str, ...] = ()) -> Iterator[Served]:
    """Run the command on a port of its own; *options* stand before it. It answers from the first moment."""
    process = start(database, "--port", "0", *arguments, options=options)
    try:
        line = process.stdout.readline()
        if " at http://" not in line:
            raise AssertionError(f"browse: {line}{process.communicate(timeout=PATIENCE_S)[1]}")
        yield Served(line.split(" at ")[1].split()[0], process)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@contextlib.contextmanager
def serving(database: Path, **settings: Any) -> Iterator[Served]:
    """Serve *database* by a thread of this process, which is sooner there; *settings* are those of `SiteSettings`.

    Everything has the time that it takes. What were broken off here would leave its files to the garbage collector,
    which tells whatever test it happens to meet.
    """
    site = SiteSettings(database=database, **{"patience": 10.0, **settings})
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        mock.patch("snapshots.browse.app.turns.ENDING_S", PATIENCE_S),
    ):
        server = make_server(make_app(site, "127.0.0.1"))
        server.config.timeout_graceful_shutdown = PATIENCE_S
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        finally:
            server.should_exit = True
            thread.join(2 * PATIENCE_S)


def register_database(folder: Path) -> Path:
    """Return a register of forty organisations in ten editions, with one of everything; one change is withdrawn."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "register.db"
    return Path(shutil.copy(made_once("register-of-forty.db", _played), database))


def _played() -> bytes:
    """Return the database, which takes some seconds to come about; the last to close it leaves it whole."""
    with tempfile.TemporaryDirectory() as folder:
        return _play(Path(folder)).read_bytes()


def _play(folder: Path) -> Path:
    database = folder / "register.db"
    for edition in quick("browse", 40):
        assert import_edition(edition, database, folder) == []
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "update changes set withdrawn = 1 where id = "
            "(select min(id) from changes where kind = 'sensitivity-changed' and member_of is null)"
        )
        db.execute(
            "insert into deliveries (subscription, item, due_at) values ('a secret reader', 'x', '2016-06-29T03Z')"
        )
    return database


def copy_of(database: Path, folder: Path) -> Path:
    """Return a copy of a database that nobody writes."""
    return Path(shutil.copy(database, folder / "copy.db"))


# --- every link -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A link that leads nowhere."""

    page: str
    link: str
    why: str


@dataclass
class Crawl:
    """What following every link found."""

    pages: dict[str, int] = field(default_factory=dict)
    """Every address asked for, and its status."""
    broken: list[Broken] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """Address and fault, of what is wrong with an answer itself."""
    passed_by: list[str] = field(default_factory=list)
    """Addresses that were not asked for, because so many of their kind were."""


def nothing_wrong(_: Answer) -> Iterable[str]:
    """Find no fault with an answer."""
    return ()


def crawl(
    served: Served,
    beginning: str = "/",
    *,
    most: int = 20_000,
    most_alike: int | None = None,
    faults: Callable[[Answer], Iterable[str]] = nothing_wrong,
) -> Crawl:
    """Follow every link and form of our own pages; ask for what they link to elsewhere here, and do not go on there.

    Args:
        served: Who is asked.
        beginning: Where it begins.
        most: At most so many addresses are asked for.
        most_alike: At most so many of one kind of page; None for all.
        faults: Says what is wrong with an answer.
    """
    found = Crawl()
    waiting = deque([beginning])
    linked_from = {beginning: beginning}
    questions: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    parts: dict[str, set[str]] = {}
    wanted: list[tuple[str, str, str]] = []
    while waiting and len(found.pages) < most:
        address = waiting.popleft()
        answer = _followed(served, address)
        found.pages[address] = answer.status
        if answer.status != 200:
            found.broken.append(Broken(linked_from[address], address, str(answer.status)))
            continue
        found.wrong += [(address, fault) for fault in faults(answer)]
        if not _is_ours(address) or not answer.headers["content-type"].startswith("text/html"):
            continue
        parts[address] = {str(one) for one in answer.tree.xpath("//@id")}  # a result of xpath holds its tree
        for link in _links(answer.tree):
            whole, fragment = urldefrag(urljoin(address, link))
            if urlsplit(whole).netloc:
                continue
            if fragment:
                wanted.append((address, whole, fragment))
            path, _, query = whole.partition("?")
            questions[path] += bool(query) and whole not in linked_from
            if whole not in linked_from and questions[path] <= MOST_QUESTIONS:
                linked_from[whole] = address
                kind = _kind(path)
                alike[kind] += 1
                (found.passed_by if most_alike and alike[kind] > most_alike else waiting).append(whole)
    found.broken += [
        Broken(page, f"{whole}#{fragment}", "no such part")
        for page, whole, fragment in wanted
        if whole in parts and fragment not in parts[whole]
    ]
    return found


def _followed(served: Served, address: str) -> Answer:
    answer = served.get(address)
    for _ in range(3):
        if answer.status not in (301, 302):
            break
        answer = served.get(answer.headers["location"])
    return answer


def _kind(path: str) -> str:
    return next((route.address for route in ROUTES if compile_path(route.address)[0].match(path)), path)


def _is_ours(address: str) -> bool:
    return not address.startswith(("/register", "/-/"))


def _links(tree: html.HtmlElement) -> list[str]:
    return [str(link) for link in tree.xpath("//a/@href | //link/@href | //img/@src | //script/@src | //form/@action")]
