"""Five years of the register at its real size, for the parts that ask what a long history costs.

63 monthly editions of what benchmarks/register_site.py makes up, imported as a user would import them: about 2,000
organisations, 6,000 agreements and 13,000 distinct bodies. It is built once and kept in .bench/, under a name that
changes with the code it depends on.
"""

import hashlib
import re
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.register_site import Register, render_org

if TYPE_CHECKING:
    from snapshots.keeping.store import Store

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".bench"

EDITIONS = 63
ORGANISATIONS = 1760
"""In the first edition; four more come with each."""
SUBSTANTIVE, COSMETIC, NEW = 0.036, 0.054, 0.002
RELABELLED = 30
"""The edition in which one dataset gets another name wherever it stands."""


def time_of(number: int, first_year: int = 2021, a_year: int = 12) -> str:
    """Return when an edition is taken to have been fetched, of so many a year."""
    return f"{first_year + (number - 1) // a_year}-{(number - 1) % a_year * 12 // a_year + 1:02d}-01T03:00:00Z"


def editions(register: Register, count: int, folder: Path) -> Iterator[int]:
    """Have *folder* hold the pages of each edition in turn; yield its number."""
    for number in range(1, count + 1):
        register.to(number)
        for slug, organisation in register.orgs.items():
            if number == 1 or organisation["last_edition"] == number:
                page = render_org(organisation, register)
                (folder / f"{slug}.html").write_text(page, encoding="utf-8", newline="")
        yield number


def import_edition(store: "Store", pages: Path, at: str) -> None:
    """Import the folder *pages* as a complete edition of that time."""
    from scraper.names.vocabulary import default_vocabulary
    from snapshots.keeping.store import Rules
    from snapshots.sources.intake import Intake, gather_editions, take_editions

    rules = Rules(default_vocabulary())
    with closing(Intake.of_import(store, time=at, now=at)) as intake:
        take_editions(store, gather_editions(intake, [pages], rules.vocabulary), rules, complete=True)


def cpu_s() -> float:
    """Return the CPU seconds of this process so far, and of those that it began and that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb(process: int | str = "self") -> float:
    """Return the most memory that a process has had. What `getrusage` says begins with what its parent had."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def build(file: Path, register: Register, count: int, first_year: int = 2021, a_year: int = 12) -> float:
    """Import *count* editions of *register* into a new database; return the CPU seconds that importing took."""
    from snapshots.keeping.store import open_store

    store, seconds = open_store(file), 0.0
    with tempfile.TemporaryDirectory() as directory:
        pages = Path(directory)
        for number in editions(register, count, pages):
            at, began = time_of(number, first_year, a_year), cpu_s()
            import_edition(store, pages, at)
            seconds += cpu_s() - began
    store.close()
    return seconds


def register() -> Register:
    """Return the register of the five years, in its first edition."""
    made = Register(ORGANISATIONS, 1, SUBSTANTIVE, COSMETIC, NEW, RELABELLED)
    for organisation in made.orgs.values():
        # As many agreements as the real register had five years ago.
        del organisation["agreements"][2::3]
    return made


def five_years() -> Path:
    """Return the database of five years, built if it is not there."""
    file = KEPT / f"five-years-{_rules()}.db"
    if not file.exists():
        print("building five years of the register …", file=sys.stderr, flush=True)
        KEPT.mkdir(exist_ok=True)
        for old in KEPT.glob("five-years-*"):
            old.unlink()
        part = KEPT / "five-years-part.db"
        build(part, register(), EDITIONS)
        part.rename(file)
    return file


def _rules() -> str:
    """Return a name for the code that the history follows from."""
    code = [file for room in ("scraper", "diff", "snapshots", "benchmarks") for file in (ROOT / room).glob("**/*")]
    wanted = [
        file
        for file in sorted(code)
        if file.suffix in {".sql", ".json"} or file.name in {"register_site.py", "history.py"}
        or (file.suffix == ".py" and file.parts[len(ROOT.parts)] != "benchmarks" and "browse" not in file.parts)
    ]  # fmt: skip
    return hashlib.sha256(b"".join(file.read_bytes() for file in wanted)).hexdigest()[:12]


if __name__ == "__main__":
    print(five_years())
