"""A markup: a generator and what a site adds to it; and the lists of those that are tried.

`MARKUPS` are read right, the rules say so. `UNFORESEEN` are markups of which no rule promises that they are read:
right, refused, or "not understood" and said are all good answers; another value without a word is not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.markups import truth
from tests.markups.register import Page, Register
from tests.markups.shapes import Document, Entry, document
from tests.markups.sites import components, generators, unforeseen
from tests.markups.sites.decorations import DECORATIONS, EVERY, Decoration, Record
from tests.markups.sites.style import Style

GENERATORS: dict[str, Callable[[Document, Style], str]] = {
    **{name: getattr(generators, name) for name in EVERY if hasattr(generators, name)},
    **{name: getattr(components, name) for name in EVERY if hasattr(components, name)},
    **unforeseen.GENERATORS,
}


@dataclass(frozen=True)
class Markup:
    """A generator with decorations, done in order."""

    generator: str
    decorations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the markup's name: `mkdocs+minified`."""
        return "+".join((self.generator, *self.decorations))

    @property
    def foreseen(self) -> bool:
        """Return whether the rules promise that this markup is read right."""
        return self.generator not in unforeseen.GENERATORS

    def parts(self) -> list[Decoration]:
        """Return the decorations themselves."""
        return [DECORATIONS[name] for name in self.decorations]

    def file_name(self, page: Page) -> str:
        """Return the name under which the page is saved."""
        return f"{page.slug}.{'txt' if self.generator == 'plain_text' else 'html'}"

    def page(self, page: Page, night: int = 0) -> bytes:
        """Return the page in this markup as it stands on that night."""
        style = Style(night=night)
        for part in self.parts():
            style = replace(style, **part.style)
        written = GENERATORS[self.generator](document(page), style)
        encode: Callable[[str], bytes] = str.encode
        for part in self.parts():
            written = part.change(written) if part.change else written
            encode = part.encode or encode
        return encode(written)

    def pages(self, register: Register, night: int = 0) -> dict[str, bytes]:
        """Return every page of the register, by file name."""
        return {self.file_name(page): self.page(page, night) for page in register.pages}

    def records(self, page: Page) -> dict[str, Record]:
        """Return the records that `parse` must give of the page, by reference."""
        entries = document(page).entries
        return {entry.reference: self._record(page, n, entry) for n, entry in enumerate(entries)}

    def _record(self, page: Page, number: int, entry: Entry) -> Record:
        record = truth.record(page.agreements[number], page.layout)
        for part in self.parts():
            record = part.reads(record, entry) if part.reads else record
        return record


def markup(name: str) -> Markup:
    """Return the markup of that name."""
    generator, *decorations = name.split("+")
    return Markup(generator, tuple(decorations))


PLAIN = [Markup(generator) for generator in EVERY]
ONE_DECORATION = [Markup(generator, (part.name,)) for part in DECORATIONS.values() for generator in part.generators]
# Sites as one meets them: several decorations at once.
SITES = [
    markup(name)
    for name in (
        "mkdocs+pilcrow+whole-site+typographic",
        "material+pilcrow+whole-site+updated-above+contents",
        "material+minified+pilcrow+badge-new",
        "hugo+when-emphasis-left+whole-site+minified-no-end",
        "hugo+typographic+contents+side-bar+updated-below",
        "jekyll+whole-site+named-entities+numbered",
        "pandoc+contents+typographic+hard-spaces",
        "eleventy+minified+whole-site+soft-hyphens",
        "react+minified+sets-as-lists+cookies+badge-closed",
        "react+zero-width+side-bar+share-counter",
        "table+minified-no-end+upper-labels+whole-site",
        "table+sets-as-lists+show-more+licence",
        "definitions+sets-as-lists+escaped-twice+build-stamp",
        "definitions+minified+word-joiners+navigation",
        "headings+upper-labels+hash-anchor+updated-below",
        "headings+sets-as-chips+soft-hyphens+back-link",
        "grid+spaced-colons+sets-as-chips+whole-site",
        "grid+minified+emphasis-left+banner",
        "plain+windows-1252+typographic+whole-site",
        "plain+mojibake+licence+contents",
    )
]
MARKUPS = PLAIN + ONE_DECORATION + SITES
UNFORESEEN = [Markup(generator) for generator in unforeseen.GENERATORS]
# The quick selection: each generator alone, each decoration once, by turns over the generators, and every third site.
QUICK = (
    PLAIN
    + [Markup(part.generators[n % len(part.generators)], (part.name,)) for n, part in enumerate(DECORATIONS.values())]
    + SITES[::3]
    + UNFORESEEN
)
