"""What must be told, when, and how what was told is held against it.

An edit gives `Expected` changes. The `Ledger` knows which pages each edition could read and makes an expected change
due in the edition that must tell it: at its first sighting, or at its second where design rule 6 wants one.

Where the contract is silent, these readings were taken:

1.  `opt-outs-changed`: `before`, `after` may or may not hold the type-of-data words; they are left out here.
2.  `type-of-data-changed` on field `opt_outs`: `before`, `after` are not compared; `added` is `["Identifiable"]`.
3.  `Identifiable` among the opt-outs of L3 and, later, in L4's `Type of data` are told each in its field, the second
    only if an earlier layout (L0, L1) had printed `type_of_data`.
4.  Legal bases: `HSCA2012:s261(1)` and a final `?` are left out of the comparison of all four values.
5.  A date printed to the day before and to the month after is compared to the month.
6.  The printed end going, or a word (`No`) in its place, is `dsa-term-changed` on `dsa_end`, at the first or the second
    sighting; the word is no incident.
7.  A release window that appears or goes: `field`, `before`, `after` are not compared; going waits for a second
    sighting.
8.  `agreement-added`, `-removed`, `organisation-added`, `-removed`: only kind, reference or slug are compared.
9.  `agreement-moved`: `page` is not compared. Facts that changed with the move are told beside it, as usual.
10. A page that went while all its agreements stand on one new page is one `organisation-renamed` (of either slug) at
    the first complete edition; an `agreement-moved` beside it for each agreement is neither asked for nor held against.
11. `reference-changed`: `reference` is the new one or the old; nothing else is told.
12. `layout-changed`: `before`, `after` are the layouts; `agreements` is the number of agreements (or places, or pages)
    that changed; `field` and `page` are not compared. `wording-changed` may be told at will, but never as substantive.
13. A relabelling in place of the old name is told at once, with `removed` `[old]`; nothing follows at the second
    sighting. The removal of a name while its alias stays waits for the second sighting.
14. A proposed relabelling, or any group: `page`, `organisation`, `reference` and `title` are not compared, `before` and
    `after` only where the field is a single value. `agreements` counts the members whose pages could be read in that
    run; later ones join untold.
15. A flag or remark: the sentence is not compared for flags (it carries the name and has three wordings).
16. A held edition is no sighting and tells nothing; a shrunken or refused page neither.
17. Words put in and taken out by a group of `text-changed` are not compared.
18. A page absent from a complete edition says nothing about the single values or agreements that waited there.
19. A member of a group joins it untold if its page was refused in the group's run. Whether it does if the page was
    missing from that edition is open and not put to the test.
20. An agreement listed again after it was told as removed begins anew: what its earlier snapshots printed is not
    compared with what it prints later.
21. An agreement on two pages is told once even where the pages spell equal values differently (`s261(1)` beside
    another pin, a presumed `?`, a term to the day and to the month), though the ids of the two would differ.
22. An edit made between the last reading in one layout and the first in another is told in the fields that both print.
    `Identifiable` newly among the opt-outs is not, if the page was rebuilt before it was read.
23. A page that shows an earlier version of itself counts as one that could not be read, the first time in a row.
24. A line with a label that nobody knows is a line of the remainder: where its field was printed before, under the
    label that is known, it is no news, and where the page was rebuilt in between it is.
25. What changed in an agreement on two pages is told once one of them was sighted often enough, though the other was
    not read or was put aside; a move or another reference once both were.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from tests.simulation.model import Page, Register
from tests.simulation.noise import fold
from tests.simulation.values import TYPE_WORDS


class Any_(Enum):  # noqa: N801
    """A value that is not compared."""

    ANY = "anything"

    def __repr__(self) -> str:
        return "*"


ANY = Any_.ANY


class Tell(Enum):
    """When a change is told."""

    FIRST = 1
    SECOND = 2
    EITHER = 0
    """At the first or at the second sighting: the contract leaves it open."""
    NEVER = 99


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """One change that must be told.

    `pages` must all be read for a sighting, but where they stand `apart`; `absent` must be missing from a complete
    edition; `owners` and `locks` say whose facts wait for it. A `silent` one is told to nobody and only keeps other
    edits away until it was seen.
    """

    kind: str
    severity: Any = ANY
    substantive: bool = True
    page: Any = ANY
    reference: Any = None
    field: Any = None
    before: Any = None
    after: Any = None
    added: Any = ()
    removed: Any = ()
    agreements: Any = 1
    tell: Tell = Tell.FIRST
    pages: tuple[str, ...] = ()
    absent: str | None = None
    locks: tuple[tuple[str, str], ...] = ()
    layout: str | None = None
    """The only layout in which this can be seen; rebuilt before it was read, the page never tells it."""
    optional: bool = False
    silent: bool = False
    members: tuple[tuple[str, str], ...] = ()
    """Slug and reference of the agreements of a group."""
    whole: bool = False
    """Whether all members must be read in the same editions for the group to be what it is."""
    apart: bool = False
    """Whether each page is compared for itself: the first that has sightings enough tells it, for the others too."""

    @property
    def parts(self) -> list[tuple[str, ...]]:
        """What a sighting takes: one page, or all of them."""
        return [(slug,) for slug in self.pages] if self.apart else [self.pages]

    def __str__(self) -> str:
        facts = {name: getattr(self, name) for name in SHOWN}
        return _line(facts) + (" (optional)" if self.optional else "")


SHOWN = (
    "kind", "severity", "substantive", "page", "reference", "field",
    "before", "after", "added", "removed", "agreements",
)  # fmt: skip


@dataclass
class Waiting:
    expected: Expected
    since: int
    sightings: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """How often each part was seen."""

    @property
    def told(self) -> list[tuple[str, ...]]:
        """The parts that were seen often enough."""
        enough = max(1, self.expected.tell.value)
        return [part for part in self.expected.parts if self.sightings[part] >= enough]


@dataclass
class Ledger:
    """What is waiting to be told, and what each edition had to tell."""

    waiting: list[Waiting] = field(default_factory=list)

    def add(self, expected: Iterable[Expected], edition: int) -> None:
        self.waiting += [Waiting(one, edition) for one in expected]

    def drop(self, expected: Expected) -> None:
        self.waiting = [one for one in self.waiting if one.expected is not expected]

    def locked(self, owner: str, name: str) -> bool:
        """Whether something waits about *name* of the owner (a reference or slug); `any`: about anything of it."""
        names = {held for one in self.waiting for who, held in one.expected.locks if who == owner}
        return bool(names) if name == "any" else name in names

    def concerns(self, slug: str) -> bool:
        """Whether anything waits about the page or an agreement that stands, or stood, on it."""
        return any(
            slug in one.expected.pages or slug in dict(one.expected.members) or (slug, "*") in one.expected.locks
            for one in self.waiting
        )

    def fragile(self) -> set[str]:
        """Return the pages that must be read, or their absence seen, for the truth to stay simple: where one change
        needs several pages, or an agreement waits to be gone for good."""
        fragile = set()
        for one in self.waiting:
            expected = one.expected
            if len(expected.pages) > 1 or expected.absent or expected.kind == "agreement-removed":
                fragile.update(expected.pages)
            members = Counter(slug for slug, _ in expected.members)
            fragile.update(slug for slug, number in members.items() if expected.whole or number > 1)
        return fragile

    def in_groups(self) -> set[str]:
        """Return the pages of groups that wait to be told. They may be refused, but not be missing: whether a page that
        was missing `could not be read` is open (reading 19)."""
        return {slug for one in self.waiting for slug, _ in one.expected.members}

    def settle(
        self, register: Register, read: set[str], absent: bool, twice: Collection[str] = frozenset()
    ) -> list[Expected]:
        """Return what the edition must tell that could read the pages *read*.

        *absent*: what it lacks is missing. Of the pages read *twice* the sighting before this one counts as well.
        """
        due = self._layout_changes(register, read)
        self._forget_unseen(register)
        for one in list(self.waiting):
            expected = one.expected
            for part in expected.parts:
                if self._seen(expected, part, register, read, absent):
                    one.sightings[part] += 2 if part and all(slug in twice for slug in part) else 1
            if told := one.told:
                due.append(_told(expected, told[0], read))
                self.add(_aftermath(expected, read), one.since)
                one.expected = replace(expected, silent=True, pages=_others(expected, told))
                if not one.expected.pages:
                    self.waiting.remove(one)
        return [one for one in due if not one.silent]

    def _seen(
        self, expected: Expected, part: tuple[str, ...], register: Register, read: set[str], absent: bool
    ) -> bool:
        if expected.absent is not None and not (absent and expected.absent not in register.pages):
            return False
        if expected.members:
            return any(slug in read for slug, _ in expected.members)
        if not all(slug in read for slug in part):
            return False
        names = [expected.field] if isinstance(expected.field, str) else []
        pages = [register.pages[slug] for slug in part if slug in register.pages]
        return all(page.prints(name) for page in pages for name in names if name not in ("organisation", "layout"))

    def _forget_unseen(self, register: Register) -> None:
        """Drop what no page can show any more: its layout is gone."""
        layouts = {slug: page.layout for slug, page in register.pages.items()}
        self.waiting = [
            one
            for one in self.waiting
            if one.expected.layout is None or all(layouts.get(s) == one.expected.layout for s in one.expected.pages)
        ]

    def _layout_changes(self, register: Register, read: set[str]) -> list[Expected]:
        """Return one change for each pair of layouts, and remember what was read."""
        pairs: dict[tuple[str, str], list[Page]] = defaultdict(list)
        for slug in sorted(read):
            page: Page = register.pages[slug]
            before = register.layouts_read.get(slug, page.layout)
            if before != page.layout:
                pairs[before, page.layout].append(page)
            register.layouts_read[slug] = page.layout
        return [
            Expected(
                kind="layout-changed",
                severity="info",
                substantive=False,
                reference=None,
                field=ANY,
                before=before,
                after=after,
                agreements=_counts(pages),
            )
            for (before, after), pages in sorted(pairs.items())
        ]


def _counts(pages: list[Page]) -> frozenset[int]:
    """Return what may be meant by the number of agreements on pages: places, references or the pages themselves."""
    references = [agreement.reference for page in pages for agreement in page.agreements]
    return frozenset((len(pages), len(references), len(set(references))))


def _others(expected: Expected, told: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the pages that do not show yet what was told of another: edits keep away until they do."""
    return tuple(slug for slug in expected.pages if expected.apart and (slug,) not in told)


def _told(expected: Expected, part: tuple[str, ...], read: set[str]) -> Expected:
    """Return the change as the pages of *part*, which tell it, have it."""
    if expected.apart:
        return replace(expected, page=part[0])
    if not expected.members:
        return expected
    return replace(expected, agreements=sum(slug in read for slug, _ in expected.members))


def _aftermath(expected: Expected, read: set[str]) -> list[Expected]:
    """Return what keeps edits away afterwards: from the members of a group whose page could not be read (they join it
    untold), and from what may be told at its second sighting only."""
    late = [
        Expected(kind="late", silent=True, pages=(slug,), locks=((reference, "*"),))
        for slug, reference in expected.members
        if slug not in read
    ]
    if expected.tell is Tell.EITHER:
        late.append(Expected(kind="late", silent=True, pages=expected.pages, locks=expected.locks))
    return late


# --- holding what was told against it --------------------------------------------------------------------------------


def _comparable(name: str | None, value: Any) -> Any:
    """Return the meaning of a value, folded; lists as sorted tuples."""
    if isinstance(value, (list, tuple)):
        items = [_comparable(name, item) for item in value]
        if name == "legal_bases":
            items = [item.removesuffix("?") for item in items if item != "HSCA2012:s261(1)"]
        if name == "opt_outs":
            words = {fold(word) for word in TYPE_WORDS}
            items = [item for item in items if item not in words]
        return tuple(sorted(set(items), key=str))
    if isinstance(value, str):
        if name in ("dsa_start", "dsa_end"):
            return value[:7]
        return value if name == "legal_bases" else fold(value)
    return value


def matches(expected: Expected, told: dict[str, Any]) -> bool:
    """Whether the told change says what was expected."""
    return not differences(expected, told)


def differences(expected: Expected, told: dict[str, Any]) -> list[str]:
    """Return the names of the facts in which the told change is not the expected one."""
    name = told.get("field")
    wrong = []
    for fact in SHOWN:
        wanted, found = getattr(expected, fact), told.get(fact)
        if wanted is ANY:
            continue
        if fact in ("before", "after", "added", "removed"):
            if expected.kind == "type-of-data-changed":
                name = None
            wanted, found = _comparable(name, wanted), _comparable(name, found)
        if isinstance(wanted, frozenset):
            if found not in wanted:
                wrong.append(fact)
        elif wanted != found:
            wrong.append(fact)
    return wrong


@dataclass
class Verdict:
    """What one edition told, held against what it had to."""

    edition: int
    right: list[Expected]
    missing: list[Expected]
    unexpected: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        return not self.missing and not self.unexpected


def judge(edition: int, due: list[Expected], told: list[dict[str, Any]]) -> Verdict:
    """Pair what was told with what was due. Editorial `wording-changed` is told at will."""
    left = [one for one in told if one["kind"] != "wording-changed" or one["substantive"]]
    by_kind = defaultdict(list)
    for one in left:
        by_kind[one["kind"]].append(one)
    verdict = Verdict(edition, [], [], [])
    taken: set[int] = set()
    for expected in sorted(due, key=lambda one: one.optional):
        match = next((one for one in by_kind[expected.kind] if id(one) not in taken and matches(expected, one)), None)
        if match is not None:
            taken.add(id(match))
            verdict.right += [] if expected.optional else [expected]
        elif not expected.optional:
            verdict.missing.append(expected)
    verdict.unexpected = [one for one in left if id(one) not in taken]
    return verdict


@dataclass
class Score:
    """Recall and precision by kind over many verdicts."""

    right: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.right.update(one.kind for one in verdict.right)
        self.missing.update(one.kind for one in verdict.missing)
        self.unexpected.update(one["kind"] for one in verdict.unexpected)

    def kinds(self) -> list[str]:
        return sorted(self.right | self.missing | self.unexpected)

    def recall(self, kind: str) -> float:
        return _share(self.right[kind], self.missing[kind])

    def precision(self, kind: str) -> float:
        return _share(self.right[kind], self.unexpected[kind])


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 1.0


# --- the report of a failure -----------------------------------------------------------------------------------------


def _shown(value: Any) -> str:
    return " or ".join(map(repr, sorted(value, key=str))) if isinstance(value, frozenset) else repr(value)


def _line(facts: dict[str, Any]) -> str:
    where = next(
        (_shown(facts[name]).strip("'") for name in ("reference", "page") if facts[name] not in (None, ANY)), ""
    )
    shown = [f"{facts['kind']} {where}"]
    for name in ("page", "field", "before", "after", "added", "removed", "severity", "substantive", "agreements"):
        text = _shown(facts.get(name))
        shown.append(f"{name}={text if len(text) < 160 else text[:100] + ' … ' + text[-50:]}")
    return " ".join(shown)


def report(seed: Any, verdicts: Iterable[Verdict], notes: Iterable[str] = ()) -> str:
    """Return what went wrong, readable: every missing and unexpected change, and for a near miss what differs."""
    lines = [f"seed {seed!r}", *notes]
    for verdict in verdicts:
        for expected in verdict.missing:
            lines.append(f"edition {verdict.edition}: MISSING    {expected}")
            lines += [f"             told instead: {wrong}" for wrong in _near(expected, verdict.unexpected)]
        lines += [f"edition {verdict.edition}: UNEXPECTED {_line(one)}" for one in verdict.unexpected]
    return "\n".join(lines)


def _near(expected: Expected, unexpected: list[dict[str, Any]]) -> list[str]:
    alike = [one for one in unexpected if one["kind"] == expected.kind and one.get("reference") == expected.reference]
    return [f"{', '.join(differences(expected, one))} differ ({one.get('summary')})" for one in alike[:2]]
