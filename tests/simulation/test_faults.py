"""The fault matrix: what a night with each fault reported, what was lost, how the next night healed.

`make soak` plays all of it and prints it; `make test` plays the quick half.
"""

import gzip
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from cron.work.nightly import RunReport
from scraper.errors import RegisterWatchError
from tests.harness.editions import with_project
from tests.harness.nights import BIG, FIRST_NIGHT, Nights, play_killed, undisturbed
from tests.harness.register_server import MAINTENANCE, RegisterServer, Site
from tests.harness.servers import FastClock, Reply, answer, drip, gzip_bomb, hang_up, packed, redirect, reset, silence

BROKEN, FINE = "nhs_board_03", "nhs_board_07"
"""Both pages have news on the second night; one of them has the fault too."""

NEWS = {slug: with_project(BIG[slug], end="2031-01-01") for slug in (BROKEN, FINE)}
TOLD = {slug: ("dsa-extended", page.projects[0].reference) for slug, page in NEWS.items()}
HTML = NEWS[BROKEN].html()
BUSY = answer(status="503 Service Unavailable")

PAGE_FAULTS: dict[str, Reply] = {
    "503": BUSY,
    "429, Retry-After of a day": answer(status="429 Too Many Requests", retry_after="86400"),
    "connection reset": reset(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n<html>"),
    "no answer at all": hang_up(),
    "truncated (Content-Length)": hang_up(answer(HTML)[:-400]),
    "truncated (gzip)": answer(gzip.compress(HTML)[:-20], content_encoding="gzip"),
    "truncated (no sign but </html>)": answer(HTML[:-300]),
    "gzip bomb, 30 MB": gzip_bomb(30_000_000),
    "redirect loop": redirect(f"/organisations/{BROKEN}"),
    "redirect off the register": redirect("https://elsewhere.example/organisations/x"),
    "redirect to the index": redirect("/"),
    "maintenance page, 200 and an ETag": answer(MAINTENANCE, etag='"maintenance"'),
    "an empty page, 200": answer(b"", etag='"empty"'),
    "304, though the page is another": answer(status="304 Not Modified"),
}
SLOW_PAGE_FAULTS: dict[str, Callable[[FastClock], Reply]] = {
    "gzip bomb, 300 MB in 300 KB": lambda _: gzip_bomb(300_000_000),
    "slow drip of the body": lambda clock: drip(packed(HTML), pause_s=1.0, sleep=clock.sleep),
    "slow drip of the headers": lambda clock: drip(
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 99, pause_s=1.0, sleep=clock.sleep
    ),
    "silence": lambda _: silence(),
}
REGISTER_FAULTS: dict[str, Callable[[Site], object]] = {
    "half of the pages gone (404)": lambda site: [site.pages.pop(slug) for slug in [BROKEN, *list(BIG)[6:11]]],
    "half of the pages busy (503)": lambda site: site.faults.update(dict.fromkeys([BROKEN, *list(BIG)[6:11]], BUSY)),
    "all pages are the maintenance page": lambda site: site.faults.update(dict.fromkeys(BIG, answer(MAINTENANCE))),
    "index busy": lambda site: site.faults.update({"/": BUSY}),
    "index without links": lambda site: site.faults.update({"/": answer(MAINTENANCE)}),
    "index names half of the pages": lambda site: site.unlisted.update([BROKEN, *list(BIG)[6:11]]),
    "robots.txt busy": lambda site: site.faults.update({"/robots.txt": BUSY}),
    "robots.txt forbids": lambda site: setattr(site, "robots", b"User-agent: *\nDisallow: /\n"),
}


@dataclass(frozen=True)
class Row:
    fault: str
    reported: str
    lost: str
    healed: str


def reported(report: RunReport) -> str:
    held = report.outcome.decision.held
    if held:
        return f"held: {held}"
    return "; ".join(f"{slug}: {reason}" for slug, reason in report.failed.items()) or "nothing"


def play(
    folder: Path,
    fault: str,
    break_it: Callable[[Site], object],
    clock: FastClock | None = None,
    **manners: float,
) -> Row:
    """Play three nights: a quiet one, one with news and the fault, one with news and without the fault."""
    with RegisterServer(Site(dict(BIG))) as server:
        nights = Nights(folder, server)
        nights.run_at()
        server.site.pages |= NEWS
        break_it(server.site)
        try:
            said = reported(nights.run_at(manners=manners, clock=clock))
        except RegisterWatchError as error:
            said = f"no run: {str(error).removeprefix(server.url)}"
        told = nights.told()
        server.site = Site(dict(BIG) | NEWS)
        healed = nights.run_at()
        n_false = sum((Counter(told) - Counter(TOLD.values())).values())
        return Row(
            fault,
            said.replace(server.url, ""),
            lost(nights, [*TOLD.values()], n_false),
            f"all {healed.asked} read, told {len(nights.told()) - len(told)} more"
            if not healed.failed and not healed.outcome.decision.held
            else reported(healed),
        )


def lost(nights: Nights, told: list[tuple[str, str]], n_false: int = 0) -> str:
    """Return what the history lacks, or has too much: nothing, one hopes."""
    found, wanted = Counter(nights.told()), Counter(told)
    ids = [change["id"] for change in nights.changes("--all")]
    assert nights.run("reparse").exit_code == 0
    same = [change["id"] for change in nights.changes("--all")] == ids
    troubles = [f"not told: {list((wanted - found).elements())}"] * bool(wanted - found)
    troubles += [f"false news: {list((found - wanted).elements())}"] * bool(found - wanted)
    troubles += [f"false news on the night: {n_false}"] * bool(n_false)
    troubles += ["reparse finds other changes"] * (not same)
    troubles += ["pages"] * (nights.counts()["pages"] != len(BIG))
    return "; ".join(troubles) or "nothing"


def page_fault(folder: Path, fault: str, reply: Reply, clock: FastClock | None = None, **manners: float) -> Row:
    return play(folder, fault, lambda site: site.faults.update({BROKEN: reply}), clock, **manners)


def quick_matrix(folder: Path) -> list[Row]:
    rows = [page_fault(folder / str(n), *fault) for n, fault in enumerate(PAGE_FAULTS.items())]
    return rows + [play(folder / f"register-{n}", *fault) for n, fault in enumerate(REGISTER_FAULTS.items())]


def test_no_fault_loses_a_change_and_the_next_night_heals_it(tmp_path):
    rows = quick_matrix(tmp_path)

    assert [row for row in rows if row.lost != "nothing" or not row.healed.startswith("all 12 read")] == []
    # A server that lies is found out when it stops; pages that the index forgot are asked for all the same.
    unnoticed = ["304, though the page is another", "index names half of the pages"]
    assert [row.fault for row in rows if row.reported == "nothing"] == unnoticed


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_the_fault_matrix(tmp_path, capsys):
    rows = quick_matrix(tmp_path / "quick")
    for n, (fault, reply) in enumerate(SLOW_PAGE_FAULTS.items()):
        clock = FastClock()
        rows.append(page_fault(tmp_path / f"slow-{n}", fault, reply(clock), clock, timeout_s=3.0))
    rows += [disk_full(tmp_path / "disk"), *clock_jumps(tmp_path), killed(tmp_path)]
    with capsys.disabled():
        print(f"\n\n{table(rows)}\n")

    assert [row for row in rows if row.lost != "nothing"] == []


FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"


def disk_full(folder: Path) -> Row:
    """Let a write fail at one size of file after the other, until the run completes."""
    with RegisterServer(Site(dict(BIG))) as server:
        nights = Nights(folder, server)
        nights.quiet_night()
        server.site.pages |= NEWS
        statuses: Counter[int] = Counter()
        said = ""
        for limit in range(4_000, 2_000_000, 12_000):
            process = nights.process("run", before=FULL_DISK.format(limit=limit))
            _, stderr = process.communicate(timeout=60)
            statuses[process.returncode] += 1
            if process.returncode == 0:
                break
            assert len(stderr.splitlines()) == 1, stderr
            said = stderr.strip().replace(str(nights.folder), "")
            assert nights.told() == []
        return Row(
            f"disk full at {statuses[1]} places", f"exit 1: {said}", lost(nights, [*TOLD.values()]), "the next run"
        )


def clock_jumps(folder: Path) -> list[Row]:
    """Set the clock forward, or back, for one night; the next night it is right again."""
    rows = []
    for days in (-400, -1, 1, 400):
        with RegisterServer(Site(dict(BIG))) as server:
            nights = Nights(folder / f"clock{days}", server)
            nights.run_at(FIRST_NIGHT - timedelta(days=1))
            nights.run_at(FIRST_NIGHT)
            server.site.pages |= NEWS
            said = reported(nights.run_at(FIRST_NIGHT + timedelta(days=1 + days)))
            healed = nights.run_at(FIRST_NIGHT + timedelta(days=2))
            rows.append(Row(f"clock {days:+} days", said, lost(nights, [*TOLD.values()]), f"all {healed.asked} read"))
    return rows


def killed(folder: Path) -> Row:
    tonight = undisturbed(folder / "undisturbed")
    played = [play_killed(folder / f"kill-{seed}", tonight, seed) for seed in range(50)]
    wrong = [f"{one.instant}: {one.wrong}" for one in played if one.wrong]
    wrong += [f"{one.instant}: another history" for one in played if one.story != tonight.story]
    over = sum(one.was_over for one in played)
    bodies = [one.left.get("bodies", 0) for one in played if not one.was_over]
    return Row(
        "kill -9 at 50 instants",
        f"{over} were over; the others left {min(bodies)} to {max(bodies)} bodies and nothing else",
        "; ".join(wrong) or "nothing",
        "the next run, all histories equal to an undisturbed one",
    )


def table(rows: list[Row]) -> str:
    lines = ["| fault | reported | lost | healed |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.fault} | {row.reported} | {row.lost} | {row.healed} |" for row in rows)])
