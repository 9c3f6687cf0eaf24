"""What grows with the register and with the years, and what does not: the same work at several sizes.

Pages of one agreement, an edition each quarter in which 4% of the pages change. A register of a hundred, a thousand and
twenty thousand pages has one year of history; one of a thousand pages has one, five and twenty. The first night is that
of a new database. What telling costs is measured by how many follow, as benchmarks/telling.py does. Besides the tables
this draws benchmarks/cost-by-size.svg: every cost over that of the smallest size, on logarithmic axes.
"""

import sqlite3
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from benchmarks import browsing, telling
from benchmarks.drawing import Line, Panel, plot
from benchmarks.history import build
from benchmarks.nights import SETTINGS, Cost, edition, measured, median, night
from benchmarks.register_site import Register, Server, Site, handler

A_YEAR = 4
CHANGED = 0.02
"""In substance, and as many again in typography alone."""
BY_PAGES = ((100, 1), (1_000, 1), (20_000, 1))
BY_YEARS = ((1_000, 1), (1_000, 5), (1_000, 20))
RUNS = 3
PLOT = Path(__file__).with_name("cost-by-size.svg")


class Size(NamedTuple):
    """How large a register is, and for how long it was watched."""

    pages: int
    years: int


class Costs(NamedTuple):
    """What the work takes at one size."""

    import_s: float
    first: Cost
    quiet: Cost
    changed: Cost
    question_ms: float
    front_ms: float
    agreement_ms: float
    file_mb: float


ROWS = {
    "importing the history, CPU s": lambda c: c.import_s,
    "the first night, CPU s": lambda c: c.first.cpu_s,
    "peak memory of the first night, MB": lambda c: c.first.peak_mb,
    "an unchanged night, CPU s": lambda c: c.quiet.cpu_s,
    "a night with 2% changed, CPU s": lambda c: c.changed.cpu_s,
    "peak memory of a night with 2%, MB": lambda c: c.changed.peak_mb,
    "the database, MB": lambda c: c.file_mb,
    "a question (`show`), ms": lambda c: c.question_ms,
    "the front page of `browse`, made anew, ms": lambda c: c.front_ms,
    "an agreement's page, made anew, ms": lambda c: c.agreement_ms,
}
"""What is shown of the costs."""


def small_register(pages: int) -> Register:
    """Return a register whose pages have one agreement each."""
    register = Register(pages, 1, CHANGED, CHANGED, 0)
    for organisation in register.orgs.values():
        del organisation["agreements"][1:]
    return register


class Grown(Site):
    """A site that goes on where a history ended."""

    def __init__(self, register: Register) -> None:
        self.a = SimpleNamespace(
            stamp=False, latency_ms=0, crawl_delay=0, fail_pct=0, soft_pct=0, no_etag=False, no_gzip=False,
            no_conditional=False,
        )  # fmt: skip
        self.lock, self.cache, self.reg = threading.Lock(), {}, register
        self.load(register.edition)
        self.reset()


@contextmanager
def served(register: Register) -> Iterator[str]:
    """Serve the register by a thread of this process; give the address of its index."""
    server = Server(("127.0.0.1", 0), handler(Grown(register)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/organisations/"
    finally:
        server.shutdown()
        server.server_close()


def measure(size: Size) -> Costs:
    """Return what the work takes at one size."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        file = folder / "registerwatch.db"
        register = small_register(size.pages)
        import_s = build(file, register, size.years * A_YEAR, 2026 - size.years, A_YEAR)
        file_mb = file.stat().st_size / 1e6
        with served(register) as index:
            settings = SETTINGS.format(index=index)
            new = folder / "new"
            new.mkdir()
            for one in (new, folder):
                (one / "registerwatch.toml").write_text(settings, encoding="utf-8")
            first = night(new)
            night(folder)  # asks for everything, as nothing is known of what the server gave
            quiet = median([night(folder) for _ in range(RUNS)])
            edition(index, register.edition + 1)
            changed = night(folder)
        with closing(sqlite3.connect(file)) as db:
            references = [row[0] for row in db.execute("select reference from agreements order by reference limit 20")]
        show = [sys.executable, "-c", "from cron.cli import main; main()", "show", references[0]]
        question_ms = statistics.median(measured(show, folder).wall_s * 1000 for _ in range(RUNS))
        with browsing.serving(browsing.ours(file), folder) as started:
            # Other addresses of the same page, so that each is made anew.
            front_ms = asked_ms(started.port, [f"/?since=1999-01-{day:02}" for day in range(1, 2 * RUNS + 1)])
            agreement_ms = asked_ms(started.port, [f"/agreements/{reference}" for reference in references])
    return Costs(import_s, first, quiet, changed, question_ms, front_ms, agreement_ms, file_mb)


def asked_ms(port: int, addresses: Sequence[str]) -> float:
    """Return the median time of asking for pages."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        return statistics.median(browsing.ask(connection, address)[1] for address in addresses)


def table(costs: dict[Size, Costs]) -> Iterator[str]:
    """Yield the rows of the table: a column for each size."""
    yield "| pages | " + " | ".join(f"{size.pages:,}" for size in costs) + " |"
    yield "|---|" + "---:|" * len(costs)
    yield "| years | " + " | ".join(str(size.years) for size in costs) + " |"
    for what, of in ROWS.items():
        yield f"| {what} | " + " | ".join(_figure(of(cost)) for cost in costs.values()) + " |"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.0f}"


def panel(title: str, axis: str, rows: Mapping[str, Callable[[Any], float]], costs: Mapping[int, Any]) -> Panel:
    """Return one part of the plot: each cost over that of the first size."""
    first = next(iter(costs.values()))
    lines = [
        Line(name=what.partition(",")[0].replace("`", ""), values=[of(cost) / of(first) for cost in costs.values()])
        for what, of in rows.items()
    ]
    return Panel(title=title, axis=axis, at=list(costs), lines=lines)


def told() -> dict[int, telling.Told]:
    """Return what telling takes, by how many follow."""
    with tempfile.TemporaryDirectory() as directory, telling.mail_server() as port:
        return dict(telling.by_subscriptions(Path(directory), telling.Editions(Path(directory)), port))


TOLD = {
    "messages": lambda one: one.messages,
    "`notify`, CPU s": lambda one: one.cost.cpu_s,
    "peak memory of `notify`, MB": lambda one: one.cost.peak_mb,
}
"""What is shown of telling."""


def main() -> str:
    """Return the tables as markdown, and draw the plot."""
    sizes = [Size(*size) for size in dict.fromkeys((*BY_PAGES, *BY_YEARS))]
    costs = {size: measure(size) for size in sizes}
    by_pages, by_years = ([Size(*size) for size in of] for of in (BY_PAGES, BY_YEARS))
    followed = told()
    panels = [
        panel("One year, more pages", "pages", ROWS, {size.pages: costs[size] for size in by_pages}),
        panel("1,000 pages, more years", "years", ROWS, {size.years: costs[size] for size in by_years}),
        panel("One run, more who follow", "subscriptions", TOLD, followed),
    ]
    title = "What costs more on a larger register, after more years, and the more follow it"
    PLOT.write_text(plot(title, panels), encoding="utf-8")
    return "\n".join(
        [
            *table(costs),
            "",
            "| subscriptions | " + " | ".join(f"{count:,}" for count in followed) + " |",
            "|---|" + "---:|" * len(followed),
            *(
                f"| {what} | " + " | ".join(_figure(of(one)) for one in followed.values()) + " |"
                for what, of in TOLD.items()
            ),
            "",
            f"Pages of one agreement, {A_YEAR} editions a year; nights and pages are medians of {RUNS} or more. Whole "
            "commands, in processes of their own; a question is mostly their start.",
            "",
            "![Each cost over that of the smallest size, on logarithmic axes](cost-by-size.svg)",
        ]
    )


if __name__ == "__main__":
    print(main())
