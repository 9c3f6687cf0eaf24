"""How a page looks: every layout as text in every text form and as HTML in several markups.

A page is first written as blocks (`Line`, `Field`, `Listing`, `Section`), one layout at a time; a form or markup then
writes the blocks. Nothing printed here means more than the model says, and nothing that the layout prints is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from tests.simulation import values
from tests.simulation.model import Agreement, Page, Paragraph, Register
from tests.simulation.noise import Dress

PLACEHOLDER = "information not disclosed for TRE projects"
SITE = "NHS Digital Data Release Register - reformatted"
COUNT = (
    "{} data files in total were disseminated unsafely (information about files used safely is missing for "
    'TRE/"system access" projects).'
)
FLAG = (
    "🚩 {0} {1} multiple files from the same dataset, in the same month, both with optouts respected and with optouts "
    "ignored. {0} may not have compared the two files, but the identifiers are consistent between datasets."
)


@dataclass
class Line:
    """A line of its own: the site's, the organisation's, the count, the flag, a heading (level), a note (level 0)."""

    text: str
    level: int = 0
    gap: bool = False


@dataclass
class Field:
    label: str
    value: str
    glued: bool = False
    """Whether the value follows the colon without a space, as after `When:`."""
    paragraphs: tuple[str, ...] = ()


@dataclass
class Listing:
    label: str
    items: list[str]


@dataclass
class Section:
    label: str
    paragraphs: list[Paragraph]


Block = Line | Field | Listing | Section

# --- what each field prints ------------------------------------------------------------------------------------------


def _sensitivity(agreement: Agreement, dress: Dress, layout: str) -> str:
    spelled = {"Sensitive": ("Sensitive",), "Non-Sensitive": ("Non-Sensitive", "Non Sensitive")}
    words = [dress.choice(spelled[value]) for value in dress.shuffled(agreement.sensitivity)]
    return words[0] if layout == "L0" else ", and ".join(words[:2]) + "".join(f", {word}" for word in words[2:])


def _opt_outs(agreement: Agreement, dress: Dress, layout: str) -> str:
    shown = list(agreement.opt_outs)
    if layout in ("L2", "L3") and agreement.words_among_opt_outs:
        shown += agreement.type_of_data
    line = ", ".join(dress.name(value) for value in dress.shuffled(shown))
    if layout == "L0" or agreement.confidentiality is None:
        return line
    reasons = ", ".join(dress.text(value).strip() for value in dress.shuffled(agreement.confidentiality))
    excuses = "Excuses: " if layout == "L4" and reasons else ""
    return f"{line} ({excuses}{reasons})"


def _legal_bases(agreement: Agreement, dress: Dress, layout: str) -> str:
    cells = [dress.choice(values.BASES[key].spellings) for key in dress.shuffled(agreement.bases)]
    line = ""
    for cell in cells:
        separator = "; " if dress.chance(0.2) else ", , " if dress.chance(0.05) else ", "
        line += separator + cell if line else cell
    if line and dress.chance(0.06):
        line = dress.choice((f", {line}", f"{line},"))
    return dress.text(line)


def _purposes(agreement: Agreement, dress: Dress, layout: str) -> str:
    flags = ", ".join(dress.shuffled(agreement.commercial))
    return f"{flags} ({', '.join(dress.name(kind).strip() for kind in dress.shuffled(agreement.organisation_types))})"


def _when(agreement: Agreement, dress: Dress, layout: str) -> str:
    parts = {"L1": _release, "L0": _release_l0, "L2": _release_first}.get(layout, _term_first)(agreement, layout)
    if agreement.remark:
        parts += f" {dress.choice((agreement.remark, agreement.remark.upper()))}"
    return parts.strip()


def _release(agreement: Agreement, layout: str) -> str:
    point = "/" if layout == "L1" else "."
    first, last = (month.replace("-", point) for month in (agreement.released_from, agreement.released_to))
    before = " (or before)" if layout == "L1" and len(agreement.reference) % 3 == 0 else ""
    return f"{first}{before} — {last}."


def _release_l0(agreement: Agreement, layout: str) -> str:
    """Return the window as L0 has it: month before year, and often no known start."""
    window = (
        "/".join(reversed(month.split("-"))) for month in (agreement.released_from, agreement.released_to) if month
    )
    return " — ".join(window) if agreement.released_from else f"unknown — {next(window)}"


def _term(agreement: Agreement, layout: str) -> str:
    if not agreement.dsa_start:
        return ""
    if layout == "L4":
        return f"DSA runs {agreement.dsa_start[:7]} – {agreement.dsa_end[:7] if agreement.dsa_end else 'No'}"
    return f"DSA runs {agreement.dsa_start} — {agreement.dsa_end or 'No'}"


def _window(agreement: Agreement, layout: str) -> str:
    return _release(agreement, layout) if agreement.released_from else ""


def _release_first(agreement: Agreement, layout: str) -> str:
    return " ".join(filter(None, (_window(agreement, layout), _term(agreement, layout))))


def _term_first(agreement: Agreement, layout: str) -> str:
    return " ".join(filter(None, (_term(agreement, layout), _window(agreement, layout))))


def _names(name: str) -> Callable[[Agreement, Dress, str], str]:
    def printed(agreement: Agreement, dress: Dress, layout: str) -> str:
        return ", ".join(dress.name(value).strip() for value in dress.shuffled(getattr(agreement, name)))

    return printed


def _plain(name: str) -> Callable[[Agreement, Dress, str], str]:
    def printed(agreement: Agreement, dress: Dress, layout: str) -> str:
        return ", ".join(dress.shuffled(getattr(agreement, name)))

    return printed


def _format(agreement: Agreement, dress: Dress, layout: str) -> str:
    return f"{agreement.type_of_data[0]} {_sensitivity(agreement, dress, layout)}"


def _placeholder(agreement: Agreement, dress: Dress, layout: str) -> str:
    return PLACEHOLDER


def _versioned(agreement: Agreement, dress: Dress, layout: str) -> str:
    return f"{agreement.reference}-v{dress.rng.randint(0, 3)}.{dress.rng.randint(0, 12)}"


Printer = Callable[[Agreement, Dress, str], str]

FIELDS: dict[str, tuple[tuple[str, Printer], ...]] = {
    "L0": (
        ("Opt outs honoured", _opt_outs),
        ("Basis", _legal_bases),
        ("Format", _format),
        ("How often", _names("access_methods")),
        ("When", _when),
        ("HSCIC Id", _versioned),
    ),
    "L1": (
        ("Opt outs honoured", _opt_outs),
        ("Sensitive", _sensitivity),
        ("When", _when),
        ("Repeats", _names("access_methods")),
        ("Legal basis", _legal_bases),
        ("Categories", _names("type_of_data")),
    ),
    "L3": (
        ("Type of data", _placeholder),
        ("Opt outs honoured", _opt_outs),
        ("Legal basis", _legal_bases),
        ("Purposes", _purposes),
        ("Sensitive", _sensitivity),
        ("When", _when),
        ("Access method", _names("access_methods")),
        ("Data-controller type", _names("controllers")),
        ("Sublicensing allowed", _plain("sublicensing")),
    ),
}
FIELDS["L2"] = FIELDS["L3"][1:]
FIELDS["L4"] = FIELDS["L3"][1:]

SECTION_LABELS = {
    "objectives": "Objectives",
    "expected_benefits": "Expected Benefits",
    "yielded_benefits": "Yielded Benefits",
    "outputs": "Outputs",
    "processing": "Processing",
}

# --- blocks ----------------------------------------------------------------------------------------------------------


def page_blocks(page: Page, dress: Dress) -> list[Block]:
    """Return a page's blocks."""
    name = page.name.replace("Icb", "ICB") if dress.chance(0.5) else page.name
    suffix = "" if page.layout in ("L0", "L1") else " projects"
    blocks: list[Block] = [Line(SITE), Line(name + suffix, level=1)]
    headings = [_heading(page, agreement, number, dress) for number, agreement in enumerate(page.agreements, 1)]
    if page.form == "toc" and suffix:
        notes = (' (partially via "system access")' if dress.chance(0.2) else "" for _ in headings)
        blocks.append(Listing("", [title + note for (title, _), note in zip(headings, notes, strict=True)]))
    if page.layout not in ("L0", "L1"):
        blocks.append(Line(COUNT.format(page.count)))
    if page.flag and page.layout != "L0":
        blocks.append(Line(FLAG.format(name, "received" if page.layout == "L1" else "was sent")))
    for (title, reference), agreement in zip(headings, page.agreements, strict=True):
        if page.layout != "L0":
            blocks.append(Line(f"{title} — {reference}", level=2, gap=True))
        blocks += _agreement_blocks(page, agreement, dress)
    return blocks


def _heading(page: Page, agreement: Agreement, number: int, dress: Dress) -> tuple[str, str]:
    trailing = " " if dress.chance(0.3) else ""
    if agreement.title is None or page.layout == "L1":
        number = dress.rng.randint(1, 40) if dress.chance(0.5) else number
        return f"Project {number}", agreement.reference + trailing
    return dress.text(agreement.title).strip(), agreement.reference + trailing


def _agreement_blocks(page: Page, agreement: Agreement, dress: Dress) -> Iterator[Block]:
    layout = page.layout
    for label, printer in FIELDS[layout]:
        if label == "Purposes" and agreement.purposes_text:
            text = tuple(dress.text(paragraph.text).strip() for paragraph in agreement.purposes_text)
            yield Field("Purposes", text[0], paragraphs=text[1:])
            continue
        glued = label == "When" and layout not in ("L0", "L1")
        yield Field(page.relabelled.get(label, label), printer(agreement, dress, layout), glued)
        if label == "Access method" and values.SYSTEM_ACCESS in agreement.access_methods and not dress.chance(0.3):
            yield Line(values.SYSTEM_ACCESS_NOTE)
    if layout == "L4" and agreement.discussions:
        yield Field("AGD/predecessor discussions", ", ".join(dress.shuffled(agreement.discussions)))
    datasets = [dress.name(dataset).strip() for dataset in dress.shuffled(agreement.datasets)]
    if layout == "L0":
        yield from (Field("Data", dataset) for dataset in datasets)
        yield from _inline_sections(agreement, dress)
        return
    yield Listing("Datasets", datasets)
    if layout == "L4":
        yield Field("Type of data", _names("type_of_data")(agreement, dress, layout))
    yield from _sections(page, agreement, dress)


def _inline_sections(agreement: Agreement, dress: Dress) -> Iterator[Block]:
    if dress.chance(0.5):
        yield Line("Project info")
    for name, label in (("outputs", "Output"), ("processing", "Activities")):
        paragraphs = agreement.sections.get(name)
        if paragraphs:
            first, *rest = _dressed(paragraphs, dress)
            yield Field(label, first.text, paragraphs=tuple(paragraph.text for paragraph in rest))


def _sections(page: Page, agreement: Agreement, dress: Dress) -> Iterator[Block]:
    names = [name for name in SECTION_LABELS if name in agreement.sections]
    if dress.chance(0.3):
        dress.rng.shuffle(names)
    if page.nohead:
        names.sort(key=lambda name: name != "objectives")
    for name in names:
        old = page.old_benefits and page.layout == "L1" and name == "expected_benefits"
        label = "Benefits" if old else SECTION_LABELS[name]
        yield Section(label, _dressed(agreement.sections[name], dress))


def _dressed(paragraphs: list[Paragraph], dress: Dress) -> list[Paragraph]:
    return [Paragraph(dress.text(paragraph.text).strip(), paragraph.item) for paragraph in paragraphs]


LOST = ""
"""A line that the nohead forms lose: two blank lines stand in for it."""

# --- text forms ------------------------------------------------------------------------------------------------------


def as_text(blocks: list[Block], page: Page, dress: Dress) -> str:
    compact = page.form in ("compact", "toc")
    gap = "" if compact else "\n"
    lines: list[str] = []
    for block in blocks:
        lines += ["" if line is LOST else gap + line for line in _text_lines(block, page, dress, compact)]
    return "\n".join(lines).strip("\n") + "\n"


def _text_lines(block: Block, page: Page, dress: Dress, compact: bool) -> Iterator[str]:
    if isinstance(block, Line):
        yield ("\n" if block.gap and not compact else "") + block.text
    elif isinstance(block, Field):
        if page.nohead and block.label == "Data-controller type" and block.value:
            yield LOST
            return
        yield f"{block.label}:{'' if block.glued else ' '}{block.value}".rstrip()
        yield from block.paragraphs
    elif isinstance(block, Listing):
        if block.label:
            yield LOST if page.nohead else f"{block.label}:"
        mark = "- " if compact else "  • " if page.form == "bul" else ""
        items = [f"{mark or f'  {number}. '}{item}" for number, item in enumerate(block.items, 1)]
        if items:
            yield "\n".join(items)
    else:
        yield LOST if page.nohead and block.label == "Objectives" else f"{block.label}:"
        yield from _marked(block.paragraphs, dress)


def _marked(paragraphs: list[Paragraph], dress: Dress) -> Iterator[str]:
    number = 0
    for paragraph in paragraphs:
        number = number + 1 if paragraph.item else 0
        mark = dress.mark.format(n=number, a=chr(96 + number)) if 0 < number < 27 else ""
        yield mark + paragraph.text


# --- HTML ------------------------------------------------------------------------------------------------------------


def as_html(blocks: list[Block], page: Page, dress: Dress) -> str:
    write = {"p": _HtmlParagraphs, "table": _HtmlTable, "dl": _HtmlDefinitions, "div": _HtmlBreaks}[page.markup]
    body = "\n".join(write(dress).body(blocks))
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head><title>{_e(page.name)}</title></head>\n'
    return f"{head}<body>\n{body}\n</body>\n</html>\n"


def _e(text: str) -> str:
    return escape(text, quote=False)


class _HtmlParagraphs:
    """Each field a paragraph with a bold label, each list a list; the other markups differ in their fields."""

    opening, closing = "", ""

    def __init__(self, dress: Dress) -> None:
        self.dress = dress
        self.within = False

    def body(self, blocks: list[Block]) -> Iterator[str]:
        for block in blocks:
            if isinstance(block, Field):
                yield from self._enter()
                yield self.field(block)
            elif isinstance(block, Line) and not block.level:
                yield from self._leave()
                yield f"<p>{_e(block.text)}</p>"
            elif isinstance(block, Line):
                yield from self._leave()
                yield f"<h{block.level}>{_e(block.text)}</h{block.level}>"
            elif isinstance(block, Listing):
                yield from self._leave()
                yield from self.listing(block)
            else:
                yield from self._leave()
                yield from self.section(block)
        yield from self._leave()

    def _enter(self) -> Iterator[str]:
        if not self.within:
            self.within = True
            yield self.opening

    def _leave(self) -> Iterator[str]:
        if self.within:
            self.within = False
            yield self.closing

    def field(self, block: Field) -> str:
        rest = "".join(f"\n<p>{_e(text)}</p>" for text in block.paragraphs)
        return f"<p><b>{block.label}:</b>{'' if block.glued else ' '}{_e(block.value)}</p>{rest}"

    def listing(self, block: Listing) -> Iterator[str]:
        if block.label:
            yield f"<p><b>{block.label}:</b></p>"
        tag = "ul" if not block.label or self.dress.mark == "• " else "ol"
        yield f"<{tag}>" + "".join(f"\n  <li>{_e(item)}</li>" for item in block.items) + f"\n</{tag}>"

    def section(self, block: Section) -> Iterator[str]:
        yield f"<h3>{block.label}:</h3>"
        for text in _marked(block.paragraphs, self.dress):
            yield f"<p>{_e(text)}</p>"


class _HtmlTable(_HtmlParagraphs):
    opening, closing = "<table>", "</table>"

    def field(self, block: Field) -> str:
        cell = "".join(f"<p>{_e(text)}</p>" for text in (block.value, *block.paragraphs)) if block.paragraphs else ""
        return f"<tr><th>{block.label}:</th><td>{cell or _e(block.value)}</td></tr>"


class _HtmlDefinitions(_HtmlParagraphs):
    opening, closing = "<dl>", "</dl>"

    def field(self, block: Field) -> str:
        rest = "".join(f"\n<p>{_e(text)}</p>" for text in block.paragraphs)
        return f"<dt>{block.label}:</dt>\n<dd>{_e(block.value)}{rest}</dd>"

    def section(self, block: Section) -> Iterator[str]:
        """Lists of prose as lists, their marks the browser's."""
        yield f"<h3>{block.label}:</h3>"
        within = False
        for paragraph in block.paragraphs:
            if paragraph.item != within:
                within = paragraph.item
                yield "<ul>" if within else "</ul>"
            yield f"<li>{_e(paragraph.text)}</li>" if within else f"<p>{_e(paragraph.text)}</p>"
        if within:
            yield "</ul>"


class _HtmlBreaks(_HtmlParagraphs):
    opening, closing = "<div>", "</div>"

    def field(self, block: Field) -> str:
        lines = (
            f"<strong>{block.label}:</strong>{'' if block.glued else ' '}{_e(block.value)}",
            *map(_e, block.paragraphs),
        )
        return "".join(f"{line}<br>\n" for line in lines)

    def section(self, block: Section) -> Iterator[str]:
        yield f"<div><strong>{block.label}:</strong></div>\n<div>"
        yield "<br>\n".join(_e(text) for text in _marked(block.paragraphs, self.dress))
        yield "</div>"


# --- bytes -----------------------------------------------------------------------------------------------------------


def render(register: Register, page: Page, *, plain: bool = False) -> bytes:
    """Return the page's bytes; equal for an equal page in an equal dress."""
    dress = Dress(f"{register.seed} {page.slug} {page.dress}", lost=register.lost_characters, plain=plain)
    blocks = page_blocks(page, dress)
    if page.markup == "text":
        return as_text(blocks, page, dress).encode()
    text = as_html(blocks, page, dress)
    if dress.chance(0.1):
        return text.replace("<head>", '<head><meta charset="windows-1252">').encode("cp1252", "xmlcharrefreplace")
    declared = "" if dress.chance(0.2) else '<meta charset="utf-8">'
    return text.replace("<head>", f"<head>{declared}").encode()
