"""What waits for the end of an import waits in a file: a first import may be far larger than this machine's memory."""

import tracemalloc
from dataclasses import replace

from tests.harness.editions import ADMISSIONS, Page, Watch, with_project, write_edition

PAGES, PROSE = 40, 1_000_000


def page(number):
    """Return a page of a megabyte that is like no other."""
    words = " ".join(f"word{number}x{n}" for n in range(PROSE // 13))
    project = replace(ADMISSIONS, reference=f"DARS-NIC-{100_000 + number}-A1B2C")
    return with_project(Page(f"Board {number}", (project,)), objectives=words)


def test_an_import_does_not_hold_its_pages_and_what_is_read_in_them(tmp_path):
    watch = Watch(tmp_path)
    edition = write_edition(tmp_path / "edition", {f"board_{number}": page(number) for number in range(PAGES)})
    tracemalloc.start()
    try:
        result = watch.take(edition, "2026-01-01")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (result.exit_code, watch.counts()["snapshots"]) == (0, PAGES)
    assert most < 2.5 * PAGES * PROSE  # of Python; with all bytes and all that is read in them it were 3.5 times
