"""The register behind the workbooks: versions of agreements, rows of datasets, files that went out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import NamedTuple

from tests.simulation import values

SECTIONS = {
    "objectives": "Objective for Processing",
    "processing": "Processing Activities",
    "outputs": "Expected Output",
    "expected_benefits": "Expected Measurable Benefits",
    "yielded_benefits": "Yielded Benefits",
}
TYPES = ("Anonymised - ICO Code Compliant", "Pseudonymised", "Identifiable")
SYSTEM = "System Access"
FREQUENCIES = ("One-Off", "Ongoing", "Frequent Adhoc Flow")
DUTIES = (
    "Does not include the flow of confidential data",
    "Section 251 NHS Act 2006",
    "Consent (Reasonable Expectation)",
    "Statutory exemption to flow confidential data without consent",
)
BASES = ("2a", "2bii", "5d", "7", "s251", "informed consent", "notice", "statistics")
CARERS = tuple(f"NHS {place.upper()} HOSPITALS NHS FOUNDATION TRUST" for place in values.PLACES[:12])
SCHOOLS = tuple(f"UNIVERSITY OF {place.upper()}" for place in values.PLACES)
GIVEN = tuple(f"{place.upper()} COUNTY COUNCIL" for place in values.PLACES)
"""Controllers that are only ever added by an edit."""


class Month(NamedTuple):
    """A month; so many later is `month.later(3)`."""

    year: int
    month: int

    def later(self, months: int) -> "Month":
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


@dataclass(frozen=True)
class Row:
    """A dataset of a version, with its own attributes; a name may stand twice."""

    name: str
    kind: str
    sensitivity: str
    frequency: str
    basis: tuple[str, ...]
    duty: str

    def ids(self) -> list[str]:
        return sorted({one for key in self.basis for one in values.BASES[key].ids})

    def __str__(self) -> str:
        return " | ".join((self.name, self.kind, self.sensitivity, self.frequency, ", ".join(self.ids()), self.duty))


@dataclass(frozen=True)
class File:
    """A file that was released."""

    number: str
    row: Row
    opt_out: str
    month: Month


@dataclass
class Version:
    """A version of an agreement."""

    stem: str
    number: tuple[int, int] | None
    title: str
    applicant: str
    applicant_type: str
    controllers: list[str]
    start: date
    end: date
    joint: str = "Sole Data Controller"
    sublicensing: str = "No"
    commercial: str = "No"
    sections: dict[str, list[str]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What the older shape says of opt-outs, row by row, in turn."""

    @property
    def version(self) -> str | None:
        return "{}.{}".format(*self.number) if self.number else None

    @property
    def reference(self) -> str:
        return f"{self.stem}-v{self.version}" if self.number else self.stem

    @property
    def slug(self) -> str:
        return self.stem.lower()

    def union(self, name: str) -> set[str]:
        """Return all values of an attribute of the rows."""
        return {getattr(row, name) for row in self.rows}

    def bases(self) -> set[str]:
        return {key for row in self.rows for key in row.basis}

    def ids(self) -> set[str]:
        return {one for row in self.rows for one in row.ids()}

    def families(self) -> set[str]:
        return {family for key in self.bases() for family in values.BASES[key].families}

    def datasets(self) -> list[str]:
        return sorted(self.union("name"))

    def opt_outs(self) -> set[str]:
        return {file.opt_out for file in self.files}

    def released_to(self) -> Month | None:
        return max((file.month for file in self.files), default=None)

    def copied(self, **fields: object) -> "Version":
        """Return a version that is like this one, without its files, but for *fields*."""
        fresh = replace(self, files=[], rows=list(self.rows), controllers=list(self.controllers))
        fresh.sections = {name: list(lines) for name, lines in self.sections.items()}
        return replace(fresh, **fields)  # type: ignore[arg-type]


class Register:
    """All versions that are published, by reference."""

    def __init__(self, seed: int | str, agreements: int, *, rows: int = 4, files: int = 6, carry: str = "") -> None:
        self.rng = Random(f"official {seed}")
        self.most_rows, self.most_files = rows, files
        self.versions: dict[str, Version] = {}
        self.stems: set[str] = set()
        self.ever: set[str] = set()
        """All references that were ever published."""
        self.file_count = 0
        self.names = {old for old, _ in values.DATASET_ALIASES} | set(values.DATASETS[:30])
        """What datasets are called today."""
        for number in range(agreements):
            self.found(number, carry if number % 2 else "")

    def __iter__(self) -> Iterator[Version]:
        return iter(list(self.versions.values()))

    def of(self, stem: str) -> list[Version]:
        """Return the versions of an agreement, lowest first."""
        return sorted((v for v in self if v.stem == stem), key=lambda v: v.number or (0, 0))

    def lower(self, version: Version) -> Version | None:
        """Return the next lower version of the same agreement."""
        below = [v for v in self.of(version.stem) if (v.number or (0, 0)) < (version.number or (0, 0))]
        return below[-1] if below else None

    def latest(self) -> list[Version]:
        return [self.of(stem)[-1] for stem in sorted({v.stem for v in self})]

    def add(self, version: Version) -> Version:
        self.versions[version.reference] = version
        self.ever.add(version.reference)
        return version

    def drop(self, version: Version) -> None:
        del self.versions[version.reference]

    # --- new agreements ----------------------------------------------------------------------------------------------

    def stem(self) -> str:
        while True:
            tail = self.rng.choice("ABCDFGHJ") + str(self.rng.randint(0, 9)) + self.rng.choice("KLMNPQRS")
            stem = f"DARS-NIC-{self.rng.randint(10000, 799999)}-{tail}{self.rng.randint(0, 9)}X"
            if stem not in self.stems:
                self.stems.add(stem)
                return stem

    def found(self, number: int, carry: str = "") -> None:
        """Begin with an agreement of one to four versions, and what went out under it."""
        rng = self.rng
        first = self.fresh(Month(2016 + number % 5, 1 + number % 12).first, carry)
        first.number = rng.choice(((0, 0), (0, 3), (1, 2), (1, 9), (2, 9), (10, 9)))
        self.add(first)
        for _ in range(rng.choice((0, 0, 1, 2, 3))):
            last = self.of(first.stem)[-1]
            start = replace_year(last.start, last.start.year + 1)
            major, minor = last.number or (0, 0)
            later = rng.choice(((major + 1, 0), (major + 1, rng.randint(1, 4)), (major, minor + 1)))
            self.add(last.copied(number=later, start=start, end=replace_year(start, start.year + 3)))
        for version in self.of(first.stem):
            for _ in range(rng.randint(0, self.most_files)):
                version.files.append(self.file(version, Month(2019, 1).later(rng.randint(0, 28))))
        if number == 3:
            first.end = date(2099, 12, 31)

    def fresh(self, start: date, carry: str = "") -> Version:
        """Return a first version."""
        rng = self.rng
        carers = [name for name, _ in values.SUCCESSIONS[:8]]
        shape = rng.random()
        applicant = rng.choice(CARERS if shape < 0.5 else SCHOOLS[:12])
        controllers = [applicant] if shape < 0.6 else [applicant, rng.choice(values.COMMA_NAMES)]
        if 0.75 < shape < 0.8:
            controllers = [applicant, values.MASS_CONTROLLER[0]]
        if shape > 0.8:
            applicant = rng.choice(carers)
            controllers = [applicant]
        version = Version(
            self.stem(),
            (rng.choice((0, 1)), rng.randint(0, 5)),
            f"{values.title(rng)} {len(self.stems)}",
            applicant,
            rng.choice(("Academic", "NHS Trust", "Charity", "Local Authority", "Agency/Public Body")),
            controllers,
            start,
            replace_year(start, start.year + 3),
            joint="Sole Data Controller" if len(controllers) == 1 else "Joint Data Controller",
            rows=self.rows(carry),
            answers=[rng.choice((*values.NO_OPT_OUTS[2:], "Yes - patient objections upheld"))],
        )
        for name in SECTIONS:
            if rng.random() < 0.9:
                version.sections[name] = [f"~ {values.sentence(rng)}" for _ in range(rng.randint(1, 3))]
        return version

    def rows(self, carry: str) -> list[Row]:
        """Return rows of datasets; some stand twice, and no attribute is any row's alone."""
        rng = self.rng
        names = rng.sample(sorted(self.names - {carry}), rng.randint(2, max(2, self.most_rows)))
        names += [carry] * bool(carry)
        basis: tuple[str, ...] = rng.choice((("2a",), ("2bii",), ("5d",), ("7", "s251"), ("informed consent",)))
        kind, duty = rng.choice(TYPES[:2]), rng.choice(DUTIES)
        sensitivity, frequency = rng.choice(("Sensitive", "Non-Sensitive")), rng.choice(FREQUENCIES)
        rows = [Row(name, kind, sensitivity, frequency, basis, duty) for name in names]
        other = replace(rows[0], frequency=rng.choice([one for one in FREQUENCIES if one != frequency]))
        if rng.random() < 0.5:
            rows += [other, replace(other, name=names[1])]
        return rows

    def file(self, version: Version, month: Month) -> File:
        """Return a file of a version; now and then its row says another frequency than that of the dataset."""
        self.file_count += 1
        row = self.rng.choice(version.rows)
        if self.rng.random() < 0.01:
            row = replace(row, frequency=SYSTEM)
        answer = self.rng.choice(sorted(version.opt_outs()) or ["Yes", "No"])
        return File(f"FILE{self.file_count:06d}", row, answer, month)


def replace_year(day: date, year: int) -> date:
    """Return the same day of another year."""
    return day.replace(year=year, day=min(day.day, 28))
