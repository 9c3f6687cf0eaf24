"""How long it takes to decide: comparing agreements with their folded forms at hand, and a register-wide edit.

Prints two tables. The register is the simulated one; every page is read before the clock starts unless the row says
so. Peak memory is that of a process of its own.
"""

import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from deepdiff import DeepDiff

from benchmarks.register_site import Register, curly, render_org
from diff.deciding.belief import Edition, Remembered, Sighting
from diff.deciding.comparing.forms import differing, folded_form
from diff.deciding.decide import decide
from diff.deciding.guards import Guards
from scraper.names.vocabulary import default_vocabulary
from scraper.reading.page import read_page
from scraper.records import Agreement, RegisterPage, agreement_to_json

RUNS = 5


def _bodies(orgs: int) -> dict[str, bytes]:
    register = Register(orgs, 1).to(1)
    return {slug: render_org(org, register).encode() for slug, org in register.orgs.items()}


def _pages(bodies: dict[str, bytes]) -> dict[str, RegisterPage]:
    return {slug: read_page(body, source=slug) for slug, body in bodies.items()}


def _median(action: Callable[[], object], runs: int = RUNS) -> float:
    def timed() -> float:
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    return statistics.median(timed() for _ in range(runs))


def _agreements(count: int) -> list[Agreement]:
    pages = _pages(_bodies(count // 4)).values()
    found = [agreement for page in pages for agreement in page.agreements]
    return [replace(found[n % len(found)], reference=f"DARS-NIC-{n}-A1B2C") for n in range(count)]


def compare_5000() -> list[tuple[str, float, float]]:
    """Time comparing 5,000 agreements of which 20 differ: ours, plain `==`, deepdiff on everything (a twentieth)."""
    before = _agreements(5_000)
    after = list(before)
    for n in random.Random(1).sample(range(len(before)), 20):
        after[n] = replace(before[n], datasets=(*(before[n].datasets or ()), "A New Data Set"))
    old, new = [folded_form(a) for a in before], [folded_form(a) for a in after]

    def ours() -> int:
        return sum(bool(differing(a, b)) for a, b in zip(old, new, strict=True))

    def plain() -> int:
        return sum(a != b for a, b in zip(old, new, strict=True))

    records = [(agreement_to_json(a), agreement_to_json(b)) for a, b in zip(before[:250], after[:250], strict=True)]

    def everything() -> int:
        return sum(bool(DeepDiff(a, b, ignore_order=True)) for a, b in records)

    assert ours() == 20
    ours_s, plain_s, deep_s = _median(ours), _median(plain), _median(everything, 1) * len(before) / len(records)
    return [("ours", ours_s, 1.0), ("plain ==", plain_s, plain_s / ours_s), ("deepdiff", deep_s, deep_s / ours_s)]


RELABELLED = "Hospital Episode Statistics Outpatients"


def _cosmetic(body: bytes) -> bytes:
    """Change every page without a change of meaning, and one dataset's name for another unknown one."""
    text = body.decode().replace(" - ", " \u2013 ").replace("  ", " ")
    text = text.replace(f"<li>{RELABELLED}</li>", "<li>HES Outpatient Attendances (HOA)</li>")
    return (
        curly(text.replace('="', "=\x00").replace('">', "\x00>")).replace("=\x00", '="').replace("\x00>", '">').encode()
    )


def register_wide(orgs: int = 700) -> Iterator[tuple[str, str]]:
    """Yield what deciding over a whole register takes when every page changed in print and one dataset in name."""
    first = _bodies(orgs)
    second = {slug: _cosmetic(body) for slug, body in first.items()}
    vocabulary = default_vocabulary()
    past = Remembered()
    baseline = decide(past, _edition(1, _pages(first)), vocabulary=vocabulary, guards=Guards())
    past.learn(baseline.pages, baseline.facts, complete=True)
    started = time.perf_counter()
    pages = _pages(second)
    read = time.perf_counter()
    decision = decide(past, _edition(2, pages), vocabulary=vocabulary, guards=Guards())
    done = time.perf_counter()
    told = [change for change in decision.changes if change.substantive]
    yield "pages, agreements", f"{len(pages)}, {sum(len(page.agreements) for page in pages.values())}"
    yield "deciding, s", f"{done - read:.2f}"
    yield "reading and deciding, s", f"{done - started:.2f}"
    yield "told", "; ".join(f"{change.kind} on {change.agreements}" for change in told) or "nothing"
    yield "peak memory, MB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"


def _edition(run: int, pages: dict[str, RegisterPage]) -> Edition:
    read = {slug: Sighting(f"{run}:{slug}", page) for slug, page in pages.items()}
    return Edition(run=run, time=f"2026-0{run}-01T00:00:00Z", complete=True, read=read)


def main() -> str:
    """Return both tables as markdown."""
    lines = [
        "### Comparing 5,000 agreements of which 20 differ",
        "",
        "| | seconds | ratio to ours |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {seconds:.3f} | {ratio:.2f} |" for name, seconds, ratio in compare_5000()]
    command = [sys.executable, "-m", "benchmarks.deciding", "register-wide"]
    wide: Any = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines += ["", "### A register changed in print everywhere, with one relabelling", "", "| | |", "|---|---:|"]
    return "\n".join(lines) + "\n" + wide


if __name__ == "__main__":
    if sys.argv[1:] == ["register-wide"]:
        print("\n".join(f"| {name} | {value} |" for name, value in register_wide()))
    else:
        print(main())
