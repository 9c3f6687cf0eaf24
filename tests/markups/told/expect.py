"""What is demanded of a history: editions in their order, and each change that is to be told of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.markups.register import Register

ANY = "(any)"


@dataclass(frozen=True)
class Told:
    """A change that is to be told; what the rules leave open is `ANY`.

    `kind` may be several where the rules allow either. `nights` are those in which it may be told, counted from the
    first edition as 0. A change that is `optional` is neither missed nor false.
    """

    kind: str | tuple[str, ...]
    field: str | None = ANY
    severity: str = ANY
    reference: str | None = ANY
    page: str | None = ANY
    substantive: bool = True
    before: Any = ANY
    after: Any = ANY
    added: Any = ANY
    removed: Any = ANY
    agreements: Any = ANY
    nights: tuple[int, ...] = (1,)
    optional: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that are allowed."""
        return (self.kind,) if isinstance(self.kind, str) else self.kind


@dataclass(frozen=True)
class Night:
    """One edition: the register as it is then, the markup of each page, and how the run must end.

    `held` are words that the reason must name; None if the run must not be held. `refused` are the slugs of pages that
    are to be refused, `copies` pages that are served as another register has them. `tamper` does something to a page's
    text behind its generator. `free` leaves open how the run ends: only what is told counts. `exit_code` is demanded if
    set.
    """

    register: Register
    day: float
    markup: str = "plain"
    by_page: Mapping[str, str] = field(default_factory=dict)
    held: tuple[str, ...] | None = None
    free: bool = False
    exit_code: int | None = None
    refused: frozenset[str] = frozenset()
    tamper: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    copies: Mapping[str, Register] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """A case: the nights, what is told of them, and the rule that says so."""

    name: str
    rule: str
    nights: tuple[Night, ...]
    tells: tuple[Told, ...] = ()
    quick: bool = False
