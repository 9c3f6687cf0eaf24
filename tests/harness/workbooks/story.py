"""The register's months: what happens in each, what must be told of it, and the workbook that says so."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.harness.workbooks import bulk
from tests.harness.workbooks.edits import (
    EDITS,
    OLDER,
    Edit,
    Place,
    Told,
    agreement_gone,
    dataset_missing_once,
    quiet_since,
    released,
    version_dropped,
    version_missing_once,
)
from tests.harness.workbooks.model import Month, Register
from tests.harness.workbooks.sheets import Dress, Sheets, newer_shape, older_shape
from tests.harness.workbooks.truth import Due, grouped
from tests.harness.workbooks.writing import write_xlsxwriter
from tests.simulation import values

FIRST = Month(2021, 7)
BULK: Mapping[Month, tuple[Edit, ...]] = {
    Month(2022, 5): (bulk.granted_to_many,),
    Month(2022, 10): (bulk.groups_become_boards,),
    Month(2022, 11): (bulk.part_of_the_names,),
    Month(2023, 1): (bulk.all_the_names,),
    Month(2023, 2): (bulk.national_body_merged,),
    Month(2024, 6): (bulk.nobody_knows_the_name,),
    Month(2025, 10): (bulk.quarry_house,),
}
"""What happened to the whole register; of December 2022, when a limb left ten thousand rows, nothing is to be told."""
NOTE = Month(2022, 3)
"""The edition with a note in the reference column."""
WITHOUT_LIMB = Month(2022, 12)


@dataclass
class Edition:
    """A month's workbook, and what it must tell."""

    month: Month
    sheets: Sheets
    due: list[Due] = field(default_factory=list)
    edits: int = 0

    def write(self, folder: Path, write: Callable[[Path, Sheets], Path] = write_xlsxwriter) -> Path:
        """Write the workbook under a name that says its month."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"datausesregister_{self.month.first:%B%Y}.xlsx".lower()
        # Once: a program writes the time into its workbooks, so that the same written twice is two files.
        return path if path.exists() else write(path, self.sheets)


class Story:
    """A register that turns into its next month."""

    def __init__(self, seed: int | str, agreements: int = 45, *, older: bool = False, **size: int) -> None:
        self.rng = Random(f"official story {seed}")
        self.seed, self.older = seed, older
        self.register = Register(seed, agreements, carry=bulk.CARRIED, **size)
        self.month = Month(2020, 11) if older else FIRST
        self.busy: dict[str, int] = {}
        self.back: list[tuple[int, Callable[[], Told]]] = []
        self.waiting: list[tuple[int, Due]] = []
        self.turns = 0
        self.deck: list[Edit] = []
        self.bulk = {} if older else BULK

    def first(self) -> Edition:
        return Edition(self.month, self._sheets())

    def turn(self, edits: int, share: float = 0.2, skip: int = 1) -> Edition:
        """Return the next edition, *skip* months later.

        Args:
            edits: How many edits to try, every kind in turn.
            share: The share of versions of which files went out.
            skip: How many months later it is published.
        """
        self.turns += 1
        self.month = self.month.later(skip)
        busy = {stem for stem, until in self.busy.items() if until >= self.turns}
        # What the whole register is told to call something is taken from no version in the same month.
        spared = {bulk.CARRIED, *values.MASS_GRANTS, values.NEW_LABELS[0]}
        place = Place(self.register, self.rng, self.month, set(busy), spared, older=self.older)
        listed_again = self._come_back(place)
        touched = set(place.busy)
        for edit in self.bulk.get(self.month, ()):
            # Of a version that comes back its listing is told: nobody can say since when it is called anew.
            self._tell([one for one in edit(place) or () if one[1].reference not in listed_again])
        done = sum(self._draw(place) for _ in range(edits))
        if not self.older:
            self._release(place, share)
        self.busy |= dict.fromkeys(place.busy - touched, self.turns + 1)
        self.back += [(self.turns + after, back) for after, back in place.back]
        due = [one for turn, one in self.waiting if turn == self.turns]
        self.waiting = [(turn, one) for turn, one in self.waiting if turn > self.turns]
        return Edition(self.month, self._sheets(), grouped(due), done)

    def _tell(self, told: Told) -> None:
        self.waiting += [(self.turns + delay, due) for delay, due in told or ()]

    def _come_back(self, place: Place) -> set[str]:
        """Let come back what was to; return the versions whose listing is told."""
        listed: set[str] = set()
        ready = [back for turn, back in self.back if turn == self.turns]
        self.back = [(turn, back) for turn, back in self.back if turn > self.turns]
        for back in ready:
            told = back() or []
            # Nothing else happens to what comes back.
            place.busy |= {str(due.reference).rpartition("-v")[0] for _, due in told}
            listed |= {str(due.reference) for _, due in told if due.kind == "version-added"}
            self._tell(told)
        return listed

    def _draw(self, place: Place) -> bool:
        """Do the next edit of the deck that finds a place."""
        for _ in range(5):
            if not self.deck:
                self.deck = list(OLDER if self.older else EDITS)
                self.rng.shuffle(self.deck)
            edit = self.deck.pop()
            # What the whole register says anew is not missing then, nor comes back with its old names after it.
            if edit is dataset_missing_once and self.month.later(1) in self.bulk:
                continue
            if edit in (version_dropped, version_missing_once, agreement_gone) and self.month in self.bulk:
                continue
            told = edit(place)
            if told is not None:
                self._tell(told)
                return True
        return False

    def _release(self, place: Place, share: float) -> None:
        """Let files go out of some versions that had some before."""
        fit = [v for v in self.register if v.files and quiet_since(place)(v) and v.stem not in place.busy]
        for version in self.rng.sample(fit, int(len(fit) * share)):
            self._tell([(0, released(place, version))])

    def _sheets(self) -> Sheets:
        dress = Dress(f"{self.seed} {self.month}", limb=self.month < WITHOUT_LIMB)
        if self.older:
            return older_shape(self.register, dress)
        return newer_shape(self.register, dress, note=self.month == NOTE)


def months(seed: int | str, count: int, edits: int, agreements: int = 45, **size: int) -> Iterator[Edition]:
    """Yield so many monthly editions of the newer shape."""
    story = Story(seed, agreements, **size)
    yield story.first()
    for _ in range(count - 1):
        yield story.turn(edits)


def older_months(seed: int | str, count: int, edits: int, agreements: int = 45) -> Iterator[Edition]:
    """Yield so many monthly editions of the older shape."""
    story = Story(seed, agreements, older=True)
    yield story.first()
    for _ in range(count - 1):
        yield story.turn(edits)
