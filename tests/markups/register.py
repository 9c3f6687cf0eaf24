"""The made-up register: what its pages say, as values that no markup has touched.

A `Register` is the truth that every case starts from. `shapes.py` says how a layout prints it, `generators.py` in
which markup, `truth.py` what a record of it must read. Names, titles and sentences are invented; datasets, citations
and bodies are the ones that the register's vocabulary knows, because a reader is measured on those.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.markups import pools

Blocks = tuple["Block", ...]


@dataclass(frozen=True)
class Block:
    """A paragraph (`items` empty) or a list of a section."""

    text: str = ""
    items: tuple[str, ...] = ()
    numbered: bool = False

    def lines(self) -> tuple[str, ...]:
        """Return what a record has of the block: one line for a paragraph or an item."""
        return self.items or (self.text,)


@dataclass(frozen=True)
class Agreement:
    """One agreement as its page prints it; None where the page prints no such line."""

    reference: str
    title: str | None
    opt_outs: tuple[str, ...] = ("Yes - patient objections upheld",)
    confidentiality: tuple[str, ...] | None = ("Section 251 NHS Act 2006",)
    legal_bases: tuple[str, ...] | None = ("Health and Social Care Act 2012 – s261(2)(a)",)
    commercial: tuple[str, ...] = ("No",)
    organisation_types: tuple[str, ...] | None = ("Academic",)
    purposes_text: str | None = None
    sensitivity: tuple[str, ...] = ("Sensitive",)
    term: tuple[str, str] | None = ("2021-04-01", "2024-03-31")
    window: tuple[str, str] | None = ("2021-06", "2023-09")
    when_remark: str | None = None
    when_raw: str | None = None
    access: tuple[str, ...] = ("One-Off",)
    system_note: bool = False
    access_note: str | None = None
    controllers: tuple[str, ...] | None = ("UNIVERSITY OF LEEDS",)
    sublicensing: tuple[str, ...] = ("No",)
    discussions: tuple[str, ...] | None = None
    type_of_data: tuple[str, ...] | None = None
    datasets: tuple[str, ...] = ()
    sections: tuple[tuple[str, Blocks], ...] = ()
    remark: str | None = None
    under_heading: tuple[str, ...] = ()
    under_datasets: tuple[str, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()

    def section(self, label: str) -> Blocks | None:
        """Return the blocks of a section, None where it is not printed."""
        return dict(self.sections).get(label)


@dataclass(frozen=True)
class Page:
    """One organisation's page."""

    slug: str
    organisation: str
    layout: str
    files: int | None
    agreements: tuple[Agreement, ...]
    flags: tuple[str, ...] = ()
    head: tuple[str, ...] = ()


@dataclass(frozen=True)
class Register:
    """All pages, in the order of their slugs."""

    pages: tuple[Page, ...]
    refused: frozenset[str] = field(default_factory=frozenset)

    def page(self, slug: str) -> Page:
        """Return the page of that slug."""
        return next(page for page in self.pages if page.slug == slug)

    def agreement(self, reference: str) -> Agreement:
        """Return the first agreement of that reference."""
        return next(one for page in self.pages for one in page.agreements if one.reference == reference)

    def agreements(self) -> list[Agreement]:
        """Return every agreement in page order."""
        return [one for page in self.pages for one in page.agreements]

    def with_page(self, slug: str, change: Callable[[Page], Page]) -> "Register":
        """Return the register with one page changed."""
        return replace(self, pages=tuple(change(page) if page.slug == slug else page for page in self.pages))

    def with_agreement(self, reference: str, change: Callable[[Agreement], Agreement]) -> "Register":
        """Return the register with one agreement changed, on every page that prints it."""
        return self.with_every(lambda one: change(one) if one.reference == reference else one)

    def with_every(self, change: Callable[[Agreement], Agreement]) -> "Register":
        """Return the register with *change* done to each agreement."""
        pages = (replace(page, agreements=tuple(change(one) for one in page.agreements)) for page in self.pages)
        return replace(self, pages=tuple(pages))

    def without_page(self, slug: str) -> "Register":
        """Return the register without one page."""
        return replace(self, pages=tuple(page for page in self.pages if page.slug != slug))


def slug_of(organisation: str) -> str:
    """Return the slug that the site makes of a name."""
    kept = "".join(c for c in organisation.lower() if c.isalnum() or c in " -'")
    return "".join(c if c.isalnum() else "_" for c in kept)


def small() -> Register:
    """Return twelve pages with forty agreements: two of layout L4, one of L2, the others L3."""
    layouts = ["L3"] * 9 + ["L2"] + ["L4"] * 2
    sizes = [4, 3, 3, 3, 4, 3, 4, 3, 3, 3, 4, 3]
    return _register(pools.ORGANISATIONS[:12], layouts, sizes)


def large() -> Register:
    """Return twenty pages with eighty agreements, all of layout L3: for guards that look at the whole register."""
    return _register(pools.ORGANISATIONS[:20], ["L3"] * 20, [4] * 20)


def tiny() -> Register:
    """Return three pages with ten agreements (L3, L3, L4): for single edits, one of which is below every guard."""
    return _register(pools.ORGANISATIONS[:3], ["L3", "L3", "L4"], [4, 3, 3])


def commissioners(count: int = 30) -> Register:
    """Return a register of *count* commissioning groups with one or two agreements each, and two other pages."""
    names = [pools.titled(old) for old, _ in pools.SUCCESSIONS[:count]] + pools.ORGANISATIONS[:2]
    return _register(names, ["L3"] * len(names), [1 + n % 2 for n in range(len(names))])


def _register(names: list[str], layouts: list[str], sizes: list[int]) -> Register:
    pages, number = [], 0
    for name, layout, size in zip(names, layouts, sizes, strict=True):
        agreements = tuple(agreement(number + n, layout) for n in range(size))
        number += size
        flags = (pools.flag(name),) if number % 4 == 1 else ()
        pages.append(Page(slug_of(name), name, layout, 17 + number, agreements, flags))
    return Register(tuple(sorted(pages, key=lambda page: page.slug)))


def agreement(number: int, layout: str) -> Agreement:
    """Return the agreement of that number: every field filled, each number another mixture."""
    picked = pools.Picker(number)
    shown = Agreement(
        reference=reference(number),
        title=None if number % 7 == 3 and layout == "L3" else picked.title(),
        opt_outs=picked.one(pools.OPT_OUTS_L4 if layout == "L4" else pools.OPT_OUTS),
        confidentiality=picked.one(pools.CONFIDENTIALITY),
        legal_bases=picked.one(pools.BASES),
        commercial=picked.one((("No",), ("No",), ("Yes",), ("No", "Yes"))),
        organisation_types=picked.one(pools.TYPES),
        sensitivity=picked.one((("Sensitive",), ("Non Sensitive",), ("Sensitive", "Non-Sensitive"))),
        term=picked.term(),
        window=picked.window(),
        access=picked.one((("One-Off",), ("Ongoing",), ("One-Off", "Ongoing"), ("Ongoing", "System Access"))),
        controllers=picked.one(pools.CONTROLLERS),
        sublicensing=picked.one((("No",), ("No",), ("Yes",))),
        datasets=picked.datasets(),
        sections=sections(number),
    )
    if layout == "L4":
        return replace(
            shown,
            term=shown.term and (shown.term[0][:7], shown.term[1][:7]),
            type_of_data=picked.one((("Pseudonymised",), ("Anonymised - ICO Code Compliant", "Identifiable"))),
            discussions=("IGARD minutes 12-05-2022.pdf", "AGD minutes - 18 April 2024 final.pdf"),
        )
    return replace(shown, system_note="System Access" in shown.access)


def reference(number: int) -> str:
    """Return an invented reference; every ninth is of before DARS."""
    letters = "ABCDEFGHKLMNPQRSTVWXYZ"
    tail = f"{letters[number % 22]}{number % 10}{letters[number * 7 % 22]}{number * 3 % 10}{letters[number * 5 % 22]}"
    return f"{'' if number % 9 == 8 else 'DARS-'}NIC-{710000 + number * 137}-{tail}"


def sections(number: int) -> tuple[tuple[str, Blocks], ...]:
    """Return the prose of an agreement; some lack a section, one has an empty one."""
    subject = pools.SUBJECTS[number % len(pools.SUBJECTS)]
    prose = {
        "Objectives": (
            Block(f"The team studies {subject} in study {number} and needs {number + 3} years of linked records."),
            Block(items=(f"Describe {subject} by area.", "Compare it with earlier years."), numbered=number % 2 == 0),
            Block("Processing for this purpose starts once the cohort is agreed: see stage 1.5 of the plan."),
        ),
        "Yielded Benefits": (Block(f"A first report on {subject} was used by {number + 2} boards."),),
        "Expected Benefits": (
            Block(items=(f"Better planning for {subject}.", "Fewer journeys for patients aged 55–80.")),
            Block("PROCESSING CONDITIONS:"),
            Block("Outputs of the work are not used for any other purpose."),
        ),
        "Outputs": (Block(f"Tables with counts of ≤{number % 5 + 5} suppressed, and a paper by 2027."),),
        "Processing": (
            Block("1) The controller’s analysts receive the file over a secure link."),
            Block(f"2) Identifiers are removed within {number + 10} days, in England & Wales only."),
            Block("No record is passed on to a third party."),
        ),
    }
    left_out = {2: "Yielded Benefits", 4: "Outputs", 5: "Objectives"}.get(number % 6)
    return tuple((label, blocks) for label, blocks in prose.items() if label != left_out)
