"""How fast pages become records: `python -m benchmarks.reading`.

Three ways over the same pages in the same run, one after the other in each round: BeautifulSoup on lxml alone (no
record comes of it), lxml alone (nor of this), and `read_page` to full records. Each round has pages of its own: what a
value says is remembered, and no page is met a second time. The target is 2.5 times the first.
"""

import gc
import resource
import time
from collections.abc import Callable, Sequence
from statistics import median

import lxml.html
from bs4 import BeautifulSoup

from benchmarks.register_site import Register, render_org
from scraper.reading.page import read_page

TARGET = 2.5


def make_pages(orgs: int, seed: int = 1) -> list[bytes]:
    """Return the pages of a simulated register."""
    register = Register(orgs, seed)
    return [render_org(org, register).encode() for org in register.orgs.values()]


def rate(way: Callable[[bytes], object], pages: Sequence[bytes]) -> float:
    """Return how many of *pages* a second go this *way*."""
    gc.collect()
    start = time.process_time()  # of the CPU: others use the machine too
    for page in pages:
        way(page)
    return len(pages) / (time.process_time() - start)


WAYS: dict[str, Callable[[bytes], object]] = {
    "BeautifulSoup on lxml alone": lambda page: BeautifulSoup(page, "lxml"),
    "lxml alone": lxml.html.document_fromstring,
    "read_page, full records": lambda page: read_page(page, source="page.html"),
}


def measure(orgs: int, rounds: int) -> tuple[dict[str, float], list[bytes]]:
    """Return the median rate of each way, and the last pages; the ways take turns, so that all meet a busy machine."""
    for way in WAYS.values():
        rate(way, make_pages(10, seed=rounds + 1))
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    pages: list[bytes] = []
    for number in range(rounds):
        pages = make_pages(orgs, seed=number + 1)
        for name, way in WAYS.items():
            rates[name].append(rate(way, pages))
    return {name: median(values) for name, values in rates.items()}, pages


def main(orgs: int = 500, rounds: int = 5) -> str:
    """Measure, and return the results as a table in Markdown."""
    rates, pages = measure(orgs, rounds)
    base = rates["BeautifulSoup on lxml alone"]
    size_mb = sum(map(len, pages)) / 1_000_000
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000
    return "\n".join(
        [
            f"{len(pages)} pages of {1000 * size_mb / len(pages):.0f} KB, medians of {rounds} rounds, one core.",
            "",
            "| way | pages a second | of BeautifulSoup alone |",
            "|---|---:|---:|",
            *(f"| {name} | {value:.0f} | {value / base:.2f} |" for name, value in rates.items()),
            "",
            f"Target: {TARGET} of BeautifulSoup alone. Peak memory {peak_mb:.0f} MB, the pages {size_mb:.0f} of them.",
        ]
    )


if __name__ == "__main__":
    print(main())
