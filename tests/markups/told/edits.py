"""An edit: one fact that differs between two nights, as a line of a table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.markups import register
from tests.markups.register import Agreement, Register
from tests.markups.told.expect import ANY, History, Night, Told

TINY = register.tiny()
L3 = TINY.page("aldermoor_university").agreements[0].reference
L4 = next(page for page in TINY.pages if page.layout == "L4").agreements[0].reference
PAGE = "aldermoor_university"


@dataclass(frozen=True)
class Edit:
    """An edit of one agreement: the fields as they stand before and after, and what is told of it.

    `tells` in the first night that shows it, `later` at the second sighting (design rule 6).
    """

    name: str
    rule: str
    before: dict[str, Any]
    after: dict[str, Any]
    tells: tuple[Told, ...] = ()
    later: tuple[Told, ...] = ()
    reference: str = L3
    quick: bool = False

    def history(self, markup: str = "plain") -> History:
        """Return the edit as a history of three nights: before, after, and after again."""
        old = TINY.with_agreement(self.reference, _setting(self.before))
        new = old.with_agreement(self.reference, _setting(self.after))
        return three_nights(self.name, self.rule, old, new, self.tells, self.later, markup, quick=self.quick)


def _setting(fields: dict[str, Any]) -> Callable[[Agreement], Agreement]:
    return lambda one: replace(one, **fields)


def three_nights(
    name: str,
    rule: str,
    old: Register,
    new: Register,
    tells: tuple[Told, ...] = (),
    later: tuple[Told, ...] = (),
    markup: str = "plain",
    *,
    quick: bool = False,
) -> History:
    """Return a history in which *new* takes the place of *old*, and stays."""
    nights = (Night(old, 0, markup), Night(new, 1, markup), Night(new, 2, markup))
    due = tuple(replace(told, nights=(2,)) if told.nights == (1,) else told for told in later)
    return History(name, rule, nights, (*tells, *due), quick)


def told(kind: str | tuple[str, ...], field: str | None = ANY, severity: str = ANY, **more: Any) -> tuple[Told, ...]:
    """Return one change of the agreement that an edit is about, by default the one of layout L3."""
    return (Told(kind, field, severity, **{"reference": L3, **more}),)


def of_l4(kind: str, field: str | None = ANY, severity: str = ANY, **more: Any) -> tuple[Told, ...]:
    """Return one change of the agreement of layout L4."""
    return told(kind, field, severity, reference=L4, **more)
