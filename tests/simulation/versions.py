"""Which pages show an earlier version of themselves: the first time in a row that is no sighting (design rule 12).

What a page says is taken from the model, not from what was printed of it: nothing here reads a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.model import PRINTS, Agreement, Page, Paragraph
from tests.simulation.noise import fold

_OF_THE_PAGE = frozenset(("flags", "files_disseminated"))


@dataclass
class Versions:
    """What each page said when it was believed, the last time behind all others."""

    believed: dict[str, list[Any]] = field(default_factory=dict)
    returned: dict[str, Any] = field(default_factory=dict)
    """What the pages say that showed an earlier version at their last sighting."""

    def show(self, pages: Iterable[Page]) -> tuple[set[str], set[str]]:
        """Take what an edition's *pages* say; return which are no sightings, and which are sightings twice over."""
        put_aside: set[str] = set()
        twice: set[str] = set()
        for page in pages:
            said, known = what_is_said(page), self.believed.setdefault(page.slug, [])
            if said in known[:-1] and said != self.returned.get(page.slug):
                self.returned[page.slug] = said
                put_aside.add(page.slug)
                continue
            if said == self.returned.pop(page.slug, None):
                twice.add(page.slug)
            self.believed[page.slug] = [*(one for one in known if one != said), said]
        return put_aside, twice


def what_is_said(page: Page) -> Any:
    """Return what a page says, folded: the count of files is no part of it, nor is how it is printed."""
    names = {name for name in PRINTS[page.layout] if page.prints(name)}
    agreements = sorted((agreement.reference, _facts(agreement, names, page.layout)) for agreement in page.agreements)
    return fold(page.name), page.flag and "flags" in names, sorted(page.relabelled), agreements


def _facts(agreement: Agreement, names: set[str], layout: str) -> list[tuple[str, Any]]:
    facts = {name: _value(agreement, name) for name in names - _OF_THE_PAGE}
    if layout in ("L2", "L3") and agreement.words_among_opt_outs:
        facts["opt_outs"] = _meant([*agreement.opt_outs, *agreement.type_of_data])
    if layout == "L4":  # the term is printed to the month
        facts |= {name: facts[name][:7] for name in ("dsa_start", "dsa_end")}
    return sorted((name, value) for name, value in facts.items() if value)


def _value(agreement: Agreement, name: str) -> Any:
    if name in agreement.sections or not hasattr(agreement, _MODELLED.get(name, name)):
        return _meant(agreement.sections.get(name))
    if name == "legal_bases":
        return _meant([key.removesuffix("?") for key in agreement.basis_ids() if key != "HSCA2012:s261(1)"])
    return _meant(getattr(agreement, _MODELLED.get(name, name)))


_MODELLED = {"when_note": "remark", "legal_bases": "bases"}


def _meant(value: Any) -> Any:
    """Return a value folded; of a list, what is in it."""
    if isinstance(value, list):
        texts = [one.text if isinstance(one, Paragraph) else one for one in value]
        in_order = any(isinstance(one, Paragraph) for one in value)
        return "".join(map(fold, texts)) if in_order else "|".join(sorted(set(map(fold, texts))))
    return fold(value or "") if not _is_date(value) else value


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and value[:4].isdigit() and value[4:5] == "-"
