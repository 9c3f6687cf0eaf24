"""How a layout prints a page: the lines, their labels and their order, before any markup.

`document(page)` is what every generator renders. What belongs together on the page stays a value here (`Field`,
`Names`, `Section`, `Line`), and a set keeps its parts, so that a markup may print it with commas, as a list, as chips.
"""

from dataclasses import dataclass

from tests.markups.register import Agreement, Blocks, Page

SITE = "NHS Digital Data Release Register - reformatted"
NOTE = (
    "(System access exclusively means data was not disseminated, but was accessed under supervision on NHS Digital's "
    "systems)"
)
PLACEHOLDER = "information not disclosed for TRE projects"


@dataclass(frozen=True)
class Field:
    """A header line: its label, its value in one piece, and the parts if it is a set that a markup may keep apart."""

    label: str
    text: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """The list of datasets."""

    label: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A section of prose."""

    label: str
    blocks: Blocks


@dataclass(frozen=True)
class Line:
    """A line under no label."""

    text: str


Item = Field | Names | Section | Line


@dataclass(frozen=True)
class Entry:
    """An agreement as a document has it."""

    title: str
    titled: bool
    reference: str
    remark: str | None
    items: tuple[Item, ...]

    def heading(self) -> str:
        """Return the heading as the site prints it."""
        return f"{self.title} — {self.reference}{' ' + self.remark if self.remark else ''}"


@dataclass(frozen=True)
class Document:
    """A page, ready for a generator."""

    slug: str
    organisation: str
    lines: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def heading(self) -> str:
        """Return the page's heading."""
        return f"{self.organisation} projects"


def document(page: Page) -> Document:
    """Return the page as its layout prints it."""
    entries = tuple(_entry(one, n, page.layout) for n, one in enumerate(page.agreements, 1))
    return Document(page.slug, page.organisation, (*count_line(page), *_flags(page), *page.head), entries)


def count_line(page: Page) -> tuple[str, ...]:
    """Return the line with the number of files, if the page prints one."""
    unsafe = "data files in total were disseminated unsafely (information about files used safely is missing for"
    return () if page.files is None else (f'{page.files} {unsafe} TRE/"system access" projects).',)


def _flags(page: Page) -> tuple[str, ...]:
    return tuple(f"🚩 {sentence}" for sentence in page.flags)


def _entry(one: Agreement, number: int, layout: str) -> Entry:
    return Entry(
        one.title or f"Project {number}", one.title is not None, one.reference, one.remark, _items(one, layout)
    )


def _items(one: Agreement, layout: str) -> tuple[Item, ...]:
    fields = [*map(Line, one.under_heading), *_first(one, layout), *_middle(one, layout)]
    fields += [Field(label, text) for label, text in one.unknown]
    fields += [Names("Datasets", one.datasets), *map(Line, one.under_datasets)]
    if layout == "L4" and one.type_of_data is not None:
        fields.append(_set("Type of data", one.type_of_data))
    return (*fields, *(Section(label, blocks) for label, blocks in one.sections))


def _first(one: Agreement, layout: str) -> list[Item]:
    kind = [] if layout != "L3" else [Field("Type of data", ", ".join(one.type_of_data or (PLACEHOLDER,)))]
    bases = [] if one.legal_bases is None else [_set("Legal basis", one.legal_bases)]
    return [*kind, Field("Opt outs honoured", _opt_outs(one, layout)), *bases, Field("Purposes", _purposes(one))]


def _middle(one: Agreement, layout: str) -> list[Item]:
    fields: list[Item] = [Field("Sensitive", ", and ".join(one.sensitivity)), Field("When", when(one, layout))]
    fields.append(_set("Access method", one.access))
    fields += [Line(NOTE)] if one.system_note else []
    fields += [Line(one.access_note)] if one.access_note else []
    fields += [] if one.controllers is None else [_set("Data-controller type", one.controllers)]
    fields.append(Field("Sublicensing allowed", ", ".join(one.sublicensing)))
    if layout == "L4" and one.discussions is not None:
        fields.append(_set("AGD/predecessor discussions", one.discussions))
    return fields


def _set(label: str, parts: tuple[str, ...]) -> Field:
    return Field(label, ", ".join(parts), parts)


def _opt_outs(one: Agreement, layout: str) -> str:
    printed = ", ".join(one.opt_outs)
    if one.confidentiality is None:
        return printed
    inner = ", ".join(one.confidentiality)
    return f"{printed} ({'Excuses: ' if layout == 'L4' and inner else ''}{inner})".strip()


def _purposes(one: Agreement) -> str:
    if one.purposes_text is not None:
        return one.purposes_text
    types = "" if one.organisation_types is None else f" ({', '.join(one.organisation_types)})"
    return f"{', '.join(one.commercial)}{types}".strip()


def when(one: Agreement, layout: str) -> str:
    """Return the value of the `When` line; L2 prints the releases first, L4 months with an en dash between."""
    if one.when_raw is not None:
        return one.when_raw
    dash = "–" if layout == "L4" else "—"
    term = "" if one.term is None else f"DSA runs {one.term[0]} {dash} {one.term[1]}"
    dotted = [] if one.window is None else [month.replace("-", ".") for month in one.window]
    window = f"{dotted[0]} — {dotted[1]}." if dotted else ""
    said = (window, term) if layout == "L2" else (term, window)
    return " ".join(part for part in (*said, one.when_remark) if part)
