"""How an edit says what must be told of it, and what the edits of all modules share."""

import json
import re
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from random import Random
from typing import Any

from tests.simulation.model import Agreement, Page, Register
from tests.simulation.truth import ANY, Expected, Tell

Edit = Callable[[Register, Random], list[Expected]]

TITLED = ("L2", "L3", "L4")
"""Layouts that print titles, terms, controllers and the rest of the head."""
UNSAID: dict[str, Any] = {"field": ANY, "before": ANY, "after": ANY, "added": ANY, "removed": ANY}
"""What an expected change leaves open."""


class Deck(list[Edit]):
    """Edits in the order in which they are written down."""

    def add(self, function: Edit) -> Edit:
        self.append(function)
        return function


def fact(register: Register, agreement: Agreement, kind: str, name: str | None, **facts: Any) -> Expected:
    """Return the expected change of one fact of an agreement, told by the first of its pages that shows it."""
    homes = register.pages_of(agreement)
    facts.setdefault("page", homes[0].slug)
    facts.setdefault("locks", ((agreement.reference, name or "*"),))
    facts.setdefault("reference", agreement.reference)
    facts.setdefault("apart", True)
    return Expected(kind=kind, field=name, pages=tuple(home.slug for home in homes), **facts)


def set_change(
    register: Register, agreement: Agreement, kind: str, name: str, added: list[str], removed: list[str], severity: str
) -> list[Expected]:
    """Change a set of the agreement in place; without an addition it is told at the second sighting."""
    items = getattr(agreement, name)
    before = list(items)
    items[:] = [item for item in items if item not in removed] + added
    tell = Tell.FIRST if added else Tell.SECOND
    facts = {"before": before, "after": list(items), "added": added, "removed": removed}
    return [fact(register, agreement, kind, name, severity=severity, tell=tell, **facts)]


def value_change(
    register: Register, agreement: Agreement, kind: str, name: str, after: Any, severity: str, tell: Tell = Tell.FIRST
) -> list[Expected]:
    """Change a single value of the agreement."""
    before = getattr(agreement, name)
    setattr(agreement, name, after)
    return [fact(register, agreement, kind, name, severity=severity, before=before, after=after, tell=tell)]


def pick_page(
    register: Register, rng: Random, name: str, condition: Callable[[Page], bool] = lambda _p: True
) -> Page | None:
    fit = [
        page
        for slug, page in sorted(register.pages.items())
        if not (register.locks(page.slug, name) or register.locks(page.slug, "*") or page.nohead)
        and not (name == "*" and slug in register.owed)
        and condition(page)
    ]
    return rng.choice(fit) if fit else None


def severity_of_words(before: str | None, after: str | None) -> str:
    """Return how much a reworded text matters: medium if a word to watch or a negation comes or goes (rule 16)."""
    return "low" if _watched(before or "") == _watched(after or "") else "medium"


def _watched(text: str) -> Counter[str]:
    """Return how often each listed word stands in *text*, in whatever form."""
    return Counter(_LISTED[_letters(found[0])] for found in _ANY_LISTED.finditer(text))


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


_DATA = json.loads((files("scraper.names") / "data" / "words.json").read_text(encoding="utf-8"))
_FORMS = [(form, forms[0]) for name in ("watch_words", "negations") for forms in _DATA[name] for form in forms]
_LISTED = {_letters(form): word for form, word in _FORMS}
# Of two that begin alike the longer one; the site loses hyphens and quotes.
_ANY_LISTED = re.compile(
    r"(?<![^\W_])(?:"
    + "|".join(r"[\W_]?".join(re.findall(r"\w+", form)) for form, _ in sorted(_FORMS, key=lambda one: -len(one[0])))
    + r")(?![^\W_])",
    re.IGNORECASE,
)
