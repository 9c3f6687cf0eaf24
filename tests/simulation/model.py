"""What the simulated register means: pages and agreements as values, before any layout or typography.

An agreement that stands on two pages is one object on both. Nothing here knows how a page looks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from random import Random
from typing import Any

from tests.simulation import values

SECTIONS = ("objectives", "expected_benefits", "yielded_benefits", "outputs", "processing")
LAYOUTS = ("L0", "L1", "L2", "L3", "L4")

PRINTED_FROM_L0 = frozenset(
    "type_of_data opt_outs legal_bases access_methods sensitivity datasets released_from released_to when_note "
    "outputs processing".split()
)
PRINTED_FROM_L1 = PRINTED_FROM_L0 | set("confidentiality flags objectives expected_benefits yielded_benefits".split())
PRINTED_FROM_L2 = PRINTED_FROM_L1 - {"type_of_data"} | set(
    "title commercial organisation_types purposes_text controllers sublicensing dsa_start dsa_end "
    "files_disseminated".split()
)
PRINTS = {
    "L0": PRINTED_FROM_L0,
    "L1": PRINTED_FROM_L1,
    "L2": PRINTED_FROM_L2,
    "L3": PRINTED_FROM_L2,
    "L4": PRINTED_FROM_L2 | {"type_of_data", "discussions"},
}
"""The table of page-shapes.md: which layout prints which field."""


RELABELLED = {"Sensitive": "sensitivity", "Sublicensing allowed": "sublicensing"}
"""Labels that may be printed otherwise for an edition, and the field that is then not printed."""
FORMS = {
    "L0": ("num", "compact"),
    "L1": ("bul", "bul", "num"),
    "L2": ("num", "compact"),
    "L3": ("num", "num", "compact", "toc"),
    "L4": ("num", "compact", "toc"),
}


@dataclass
class Paragraph:
    """One paragraph or list item of prose; the mark of an item is typography and not part of it."""

    text: str
    item: bool = False


@dataclass(eq=False)
class Agreement:
    """One data sharing agreement. None: nothing there; sets are lists in no meaningful order."""

    reference: str
    title: str | None
    type_of_data: list[str]
    words_among_opt_outs: bool
    opt_outs: list[str]
    confidentiality: list[str] | None
    bases: list[str]
    commercial: list[str]
    organisation_types: list[str]
    purposes_text: list[Paragraph] | None
    sensitivity: list[str]
    dsa_start: str | None
    dsa_end: str | None
    released_from: str | None
    released_to: str | None
    remark: str | None
    access_methods: list[str]
    controllers: list[str]
    sublicensing: list[str]
    discussions: list[str]
    datasets: list[str]
    sections: dict[str, list[Paragraph]]
    printed: set[str] = field(default_factory=set)
    """The fields that a page read so far printed: only these have something to differ from."""

    def basis_ids(self) -> list[str]:
        return [basis_id for key in self.bases for basis_id in values.BASES[key].ids]

    def families(self) -> set[str]:
        return {family for key in self.bases for family in values.BASES[key].families}


@dataclass(eq=False)
class Page:
    """One organisation's page, and what of its look is chosen for good or for one edition."""

    slug: str
    name: str
    layout: str
    agreements: list[Agreement]
    flag: bool = False
    count: int = 1
    markup: str = "text"  # text, p, table, dl, div
    form: str = "num"  # of the text: num, bul, compact, toc
    nohead: bool = False
    old_benefits: bool = False
    """Of the older half of L1, where `Benefits` is one section; stays true after a rebuild."""
    relabelled: dict[str, str] = field(default_factory=dict)
    """Labels that the page prints otherwise in this edition: label to what stands in its place."""
    printed: set[str] = field(default_factory=set)
    """As of an agreement: what the page itself was read to print."""
    dress: int = 0
    """Which of endless many typographic dresses the page wears; a new number is a new dress."""

    def prints(self, name: str) -> bool:
        hidden = {RELABELLED[label] for label in self.relabelled} | ({"controllers"} if self.nohead else set())
        return name in PRINTS[self.layout] and name not in hidden

    @property
    def file_name(self) -> str:
        return f"{self.slug}.txt" if self.markup == "text" else f"{self.slug}.html"


@dataclass(eq=False)
class Register:
    """All pages as they stand, and what is on its way: locks on facts that are waited for, plans for later editions."""

    seed: int | str
    rng: Random
    pages: dict[str, Page] = field(default_factory=dict)
    layouts_read: dict[str, str] = field(default_factory=dict)
    """The layout in which each page was last read."""
    edition: int = 0
    complete: bool = True
    lost_characters: bool = False
    used_names: set[str] = field(default_factory=set)
    used_labels: list[str] = field(default_factory=list)
    owed: set[str] = field(default_factory=set)
    """Pages that were missing from a complete edition and have not been read since."""
    last_wide: dict[str, int] = field(default_factory=dict)
    """When each kind of register-wide edit last took place."""
    gone: list[tuple[str, Agreement]] = field(default_factory=list)
    locks: Callable[[str, str], bool] = lambda _owner, _name: False
    """Whether a fact (reference or slug, field; `*` for all of it) waits to be told."""
    concerned: Callable[[str], bool] = lambda _slug: False
    """Whether anything waits about a page or what stands, or stood, on it."""
    plans: list[tuple[int, Callable[[], list], Any]] = field(default_factory=list)
    """What comes back in a later edition: from which on, how, and what keeps edits away until then."""

    def places(self) -> Iterator[tuple[Page, Agreement]]:
        for slug in sorted(self.pages):
            for agreement in self.pages[slug].agreements:
                yield self.pages[slug], agreement

    def pages_of(self, agreement: Agreement) -> list[Page]:
        return [page for page, other in self.places() if other is agreement]

    def free(self, agreement: Agreement, name: str) -> bool:
        """Whether *name* of the agreement may be edited: nothing about it is waiting to be told."""
        owner = agreement.reference
        if name == "*":
            return not self.locks(owner, "any")
        return not (self.locks(owner, name) or self.locks(owner, "*"))

    def pick(
        self,
        rng: Random,
        name: str,
        condition: Callable[[Agreement], bool] = lambda _a: True,
        layouts: tuple[str, ...] = LAYOUTS,
        alone: bool = False,
    ) -> tuple[Page, Agreement] | None:
        """Return a place whose fact *name* is printed, free and fit for an edit, or None."""
        fit = []
        for page, agreement in self.places():
            if page.layout not in layouts or (name != "*" and not (page.prints(name) and name in agreement.printed)):
                continue
            if (
                self.locks(page.slug, "*")
                or (name == "*" and page.slug in self.owed)
                or not self.free(agreement, name)
                or not condition(agreement)
            ):
                continue
            homes = self.pages_of(agreement)
            if homes[0] is not page or (alone and len(homes) > 1) or any(home.nohead for home in homes):
                continue
            fit.append((page, agreement))
        return rng.choice(fit) if fit else None

    def later(self, edition: int, plan: Callable[[], list], held: Any) -> None:
        self.plans.append((edition, plan, held))


def slug_of(name: str) -> str:
    """Return the site's slug of an organisation's name."""
    kept = "".join(c for c in escape(name.lower(), quote=False) if c not in "().,;[]")
    return "".join(c if c.isalnum() else "_" for c in kept)


def new_prose(rng: Random, paragraphs: int) -> list[Paragraph]:
    """Return prose with headings that look like labels and lists in between."""
    prose = []
    while len(prose) < paragraphs:
        draw = rng.random()
        if draw < 0.12:
            prose.append(Paragraph(rng.choice(values.HEADINGS)))
        elif draw < 0.35:
            prose += [Paragraph(values.sentence(rng), item=True) for _ in range(rng.randint(2, 5))]
        elif draw < 0.42:
            prose.append(Paragraph(values.BOILERPLATE))
        else:
            prose.append(Paragraph(" ".join(values.sentence(rng) for _ in range(rng.randint(1, 4)))))
    return [Paragraph(values.sentence(rng)), *prose]  # a section never begins with a list or a heading


def new_date(rng: Random, first: int, last: int) -> str:
    return f"{rng.randint(first, last)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _some(rng: Random, pool: tuple, taken: list) -> list:
    """Return the taken ones and some others of the pool, in the pool's order."""
    others = rng.sample([one for one in pool if one not in taken], rng.randint(1, 5))
    return [one for one in pool if one in taken or one in others]


def _controllers(rng: Random, organisation: str) -> list[str]:
    names = [organisation.upper(), *rng.sample(values.COMMA_NAMES, rng.choice((0, 0, 1)))]
    if rng.random() < 0.45:
        return [*names, values.MASS_CONTROLLER[0]]
    related = values.SUCCESSIONS + values.CONTROLLER_ALIASES + values.PRESUMED
    return [*names, rng.choice(related)[0]] if rng.random() < 0.7 else names


def new_agreement(register: Register, rng: Random, organisation: str) -> Agreement:
    """Return an agreement that no edition had."""
    reference = values.reference(rng)
    while reference in register.used_names:
        reference = values.reference(rng)
    register.used_names |= {reference, reference.removeprefix("DARS-"), "DARS-" + reference}
    long = rng.random() < 0.06
    sections = {
        name: new_prose(rng, 60 if long and name == "processing" else rng.randint(1, 5))
        for name in SECTIONS
        if name == "processing" or rng.random() < 0.8
    }
    if rng.random() < 0.45:
        sections["processing"].append(Paragraph(values.BOILERPLATE))
    start = new_date(rng, 2012, 2022)
    only_release = rng.random() < 0.07
    released = f"{rng.randint(2014, 2021)}-{rng.randint(1, 12):02d}"
    only_term = not only_release and rng.random() < 0.1
    aliased = [pair for pair in values.DATASET_ALIASES[:3] if rng.random() < 0.4]
    datasets = [
        pair[0] if pair in aliased else rng.choice(pair) for pair in _some(rng, values.DATASET_ALIASES, aliased)
    ]
    return Agreement(
        reference=reference,
        title=None if rng.random() < 0.15 else values.title(rng),
        type_of_data=rng.sample(values.TYPE_WORDS[1:], 1),
        words_among_opt_outs=rng.random() < 0.6,
        opt_outs=rng.sample(rng.choice((values.YES_OPT_OUTS, values.NO_OPT_OUTS)), rng.randint(1, 2)),
        confidentiality=None if rng.random() < 0.1 else rng.sample(values.CONFIDENTIALITY, rng.randint(0, 2)),
        bases=rng.sample(sorted(set(values.BASES) - {"directions"}), rng.choice((1, 1, 2, 3))),
        commercial=["No"] if rng.random() < 0.8 else ["No", "Yes"],
        organisation_types=rng.sample(values.ORGANISATION_TYPES, rng.randint(0, 2)),
        purposes_text=[Paragraph(values.sentence(rng)) for _ in range(2)] if rng.random() < 0.05 else None,
        sensitivity=rng.choice((["Sensitive"], ["Non-Sensitive"], ["Sensitive", "Non-Sensitive"])),
        dsa_start=None if only_release else start,
        dsa_end=None if only_release else f"{int(start[:4]) + rng.randint(1, 4)}{start[4:]}",
        released_from=None if only_term else released,
        released_to=None if only_term else f"{int(released[:4]) + 1}{released[4:]}",
        remark=None,
        access_methods=rng.sample((*values.FILE_ACCESS, values.SYSTEM_ACCESS), rng.randint(1, 2)),
        controllers=_controllers(rng, organisation),
        sublicensing=["No"] if rng.random() < 0.8 else ["No", "Yes"],
        discussions=rng.sample(values.DISCUSSIONS, rng.randint(0, 2)),
        datasets=datasets + _some(rng, values.DATASETS, [n for n in values.POPULAR if rng.random() < 0.35]),
        sections=sections,
    )


def fit_to_page(agreement: Agreement, page: Page, rng: Random) -> Agreement:
    """Let the agreement have what the page's layout always prints, and nothing that it cannot print."""
    if page.layout in ("L0", "L1"):
        agreement.released_from = agreement.released_from or "2015-02"
        agreement.released_to = agreement.released_to or "2016-11"
    if page.layout == "L0":  # one kind of data and one sensitivity, in one breath
        agreement.sensitivity = rng.choice((["Sensitive"], ["Non-Sensitive"]))
    if page.old_benefits:
        agreement.sections.pop("yielded_benefits", None)
    return agreement


def new_page(register: Register, rng: Random, layout: str, agreements: int) -> Page:
    """Return a page of an organisation that no edition had."""
    while True:
        place = rng.choice(values.PLACES)
        if rng.random() < 0.4:
            place = f"{place} And {rng.choice(values.PLACES)}"
        name = rng.choice(values.ORGANISATION_SHAPES).format(place, place[0], f"{rng.randint(10, 99)}Z")
        if slug_of(name) not in register.used_names:
            break
    register.used_names.add(slug_of(name))
    page = Page(slug=slug_of(name), name=name, layout=layout, agreements=[])
    page.old_benefits = layout == "L1" and rng.random() < 0.5
    page.agreements = [fit_to_page(new_agreement(register, rng, name), page, rng) for _ in range(agreements)]
    page.flag, page.count = layout != "L0" and rng.random() < 0.15, rng.randint(1, 6196)
    page.markup = rng.choice(("text", "text", "p", "table", "dl", "div"))
    page.form = rng.choice(FORMS[layout])
    page.dress = rng.randint(1, 10**6)
    return page


def new_register(seed: int | str, organisations: int, layouts: str = "L0 L1 L1 L1 L2 L3 L3 L3 L3 L3") -> Register:
    """Return a register of its own for *seed*; *layouts* are those its pages have at first, by weight."""
    rng = Random(f"register {seed}")
    register = Register(seed, rng)
    weights = layouts.split()
    for number in range(organisations):
        agreements = 12 if number == 5 else rng.choice((1, 1, 2, 2, 3, 4, 6))
        page = new_page(register, rng, weights[number % len(weights)], agreements)
        register.pages[page.slug] = page
    _place_on_two_pages(register, rng)
    return register


def _place_on_two_pages(register: Register, rng: Random) -> None:
    """Let some agreements stand on two pages of one layout, as UK Biobank's does."""
    pages = [page for page in register.pages.values() if page.layout == "L3" and len(page.agreements) < 10]
    for _ in range(len(pages) // 6):
        first, second = rng.sample(pages, 2)
        agreement = rng.choice(first.agreements)
        if agreement not in second.agreements:
            second.agreements.append(agreement)
