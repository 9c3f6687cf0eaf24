"""A register's history, edition by edition: edits, rebuilds and damage, with what each edition must tell.

`Story.turn` makes the next edition. The two ready-made plots are `quick`, one of everything, and `long`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from random import Random

from tests.simulation.edits import register_wide as many
from tests.simulation.edits.decks import EDITS, WIDE
from tests.simulation.edits.saying import Edit
from tests.simulation.model import FORMS, PRINTS, RELABELLED, Page, new_register
from tests.simulation.render import render
from tests.simulation.truth import ANY, Expected, Ledger
from tests.simulation.versions import Versions

MAINTENANCE = (
    b"<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head>\n<body><h1>Down for maintenance</h1>\n"
    b"<p>We will be back soon.</p></body>\n</html>\n"
)
MAINTENANCE_TEXT = b"503 Service Unavailable\n\nDown for maintenance\n\nWe will be back soon.\n"


@dataclass
class Edition:
    """One edition: its files, and what importing it must do."""

    number: int
    at: str
    complete: bool
    files: dict[str, bytes] = field(default_factory=dict)
    due: list[Expected] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    shrunk: set[str] = field(default_factory=set)
    held: bool = False
    not_understood: bool = False
    """Whether a label that nobody knows stands newly in the place of a known one."""
    edits: int = 0

    @property
    def exit_status(self) -> int:
        return 3 if self.held or self.refused or self.shrunk or self.not_understood else 0


class Story:
    """A register that turns into the next edition of itself."""

    def __init__(self, seed: int | str, organisations: int = 40, layouts: str | None = None) -> None:
        self.seed = seed
        self.rng = Random(f"story {seed}")
        self.register = new_register(seed, organisations, *([layouts] if layouts else []))
        self.ledger = Ledger()
        self.versions = Versions()
        self.register.locks = self.ledger.locked
        self.register.concerned = self.ledger.concerns
        self.deck: list[Edit] = []
        self.wide_deck: list[Edit] = []
        self.relabelled: dict[str, set[str]] = {}
        """The labels that each page had under another name when it was last read."""
        self.read_as: dict[str, str] = {}
        """The markup in which each page was last read."""

    # --- turning -----------------------------------------------------------------------------------------------------

    def turn(
        self,
        *,
        edit_count: int = 0,
        wide: int | tuple[Edit, ...] = 0,
        complete: bool = True,
        damage: str = "",
        rebuild: str = "",
        held: str = "",
        noise: float = 0.35,
    ) -> Edition:
        """Return the next edition.

        Args:
            edit_count: How many single edits to try.
            wide: How many register-wide edits to try, or which; none in an incomplete edition.
            complete: Whether the edition holds every page; one that does not holds a random part.
            damage: What befalls pages, by words: `missing empty maintenance truncated shrunk relabelled`.
            rebuild: Pairs of layouts, `L1>L3`, and `lost` for a site that loses its dashes and quotes.
            held: `gone` or `failed`: why the run is not believable. Such an edition has no edits.
            noise: The share of pages that are dressed anew.
        """
        register = self.register
        register.edition += 1
        register.complete = complete
        # So much happens from one to the next that a run would be held if they lay closer together (design rule 11).
        day = date(2016, 1, 1) + timedelta(days=50 * register.edition)
        edition = Edition(register.edition, f"{day.isoformat()}T03:00:00Z", complete, held=bool(held))
        for page in register.pages.values():
            page.nohead, page.relabelled = False, {}
        if not held:
            self._restore()
            self._rebuild(rebuild)
            edition.edits = self._edit(edit_count, wide if complete else 0)
        self._dress(noise)
        if held:
            return self._held(edition, held)
        return self._published(edition, damage)

    def _published(self, edition: Edition, damage: str) -> Edition:
        """Write the edition's files, damaged as asked, and settle what it must tell."""
        fragile = self.ledger.fragile()
        kept_out = set() if edition.complete else self._left_out(fragile)
        for kind in damage.split():
            spared = fragile | kept_out | edition.refused | edition.shrunk
            if kind == "missing":
                spared |= self.ledger.in_groups()
            page = self._victim(kind, edition, spared)
            if page is None:
                continue
            if kind == "missing":
                kept_out.add(page.slug)
                self.register.owed.add(page.slug)
            elif kind == "relabelled":
                label = self.rng.choice(sorted(RELABELLED))
                page.relabelled = {label: f"{label.split()[0]} status"}
            else:
                edition.files[page.file_name] = self._damaged(kind, page)
                (edition.shrunk if kind == "shrunk" else edition.refused).add(page.slug)
        for slug, page in sorted(self.register.pages.items()):
            if slug not in kept_out and page.file_name not in edition.files:
                edition.files[page.file_name] = render(self.register, page)
        read = set(self.register.pages) - kept_out - edition.refused - edition.shrunk
        put_aside, twice = self.versions.show(self.register.pages[slug] for slug in sorted(read))
        for slug in read - put_aside:
            labels = set(self.register.pages[slug].relabelled)
            edition.not_understood |= bool(labels - self.relabelled.get(slug, set()))
            self.relabelled[slug] = labels
        unknown = self._new_and_unknown(read)
        edition.due = unknown + self.ledger.settle(self.register, read - put_aside, edition.complete, twice)
        self._remember(read - put_aside)
        return edition

    def _new_and_unknown(self, read: set[str]) -> list[Expected]:
        """Return what is told of labels that nobody knows and that print a field for the first time (reading 24)."""
        return [
            Expected(kind="text-changed", page=slug, reference=agreement.reference, field="remainder", after=ANY)
            for slug in sorted(read)
            for label in self.register.pages[slug].relabelled
            for agreement in self.register.pages[slug].agreements
            if agreement.printed and RELABELLED[label] not in agreement.printed
        ]

    def _remember(self, read: set[str]) -> None:
        self.register.owed -= read
        for slug in read:
            page = self.register.pages[slug]
            self.read_as[slug] = page.markup
            for agreement in page.agreements:
                agreement.printed |= {name for name in PRINTS[page.layout] if page.prints(name)}
            page.printed |= PRINTS[page.layout]

    # --- what an edition does ----------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """Bring back what was gone for one edition."""
        register = self.register
        due = [plan for plan in register.plans if plan[0] <= register.edition]
        register.plans = [plan for plan in register.plans if plan[0] > register.edition]
        for _, plan, held in due:
            self.ledger.drop(held)
            self.ledger.add(plan(), register.edition)

    def _rebuild(self, words: str) -> None:
        for word in words.split():
            if word == "lost":
                self.register.lost_characters = True
                continue
            before, after = word.split(">")
            for page in self.register.pages.values():
                if page.layout == before:
                    page.layout = after
                    page.form = self.rng.choice(FORMS[after])

    def _edit(self, count: int, wide: int | tuple[Edit, ...]) -> int:
        """Do some edits, every kind in turn; return how many took place."""
        if isinstance(wide, tuple):
            done = sum(self._draw([one], []) for one in wide)
        else:
            done = sum(self._draw(self.wide_deck, WIDE) for _ in range(wide))
        return done + sum(self._draw(self.deck, EDITS) for _ in range(count))

    def _draw(self, deck: list[Edit], source: list[Edit]) -> bool:
        """Do the next edit of the deck that finds a place; return whether one did."""
        for _ in range(min(4, len(deck) + len(source))):
            if not deck:
                deck.extend(source)
                self.rng.shuffle(deck)
            expected = deck.pop()(self.register, self.rng)
            if expected:
                self.ledger.add(expected, self.register.edition)
                return True
        return False

    def _dress(self, share: float) -> None:
        """Dress some pages anew: another typography, now and then another form or markup."""
        for _, page in sorted(self.register.pages.items()):
            if self.rng.random() >= share:
                continue
            page.dress = self.rng.randint(1, 10**9)
            if self.rng.random() < 0.3:
                page.markup = self.rng.choice(("text", "text", "p", "table", "dl", "div"))
                page.form = self.rng.choice(FORMS[page.layout])
            page.nohead = self.rng.random() < 0.1 and self._may_lose_its_heads(page)

    def _may_lose_its_heads(self, page: Page) -> bool:
        """Whether a nohead form hides nothing that somebody waits for, nor a page's first controllers."""
        waits = any(self.ledger.locked(agreement.reference, "any") for agreement in page.agreements)
        plain = page.markup == "text" and page.form in ("num", "bul") and page.layout in ("L1", "L2", "L3")
        known = self.register.layouts_read.get(page.slug) == page.layout
        return plain and known and not waits and not self.ledger.locked(page.slug, "any")

    # --- damage ------------------------------------------------------------------------------------------------------

    def _left_out(self, fragile: set[str]) -> set[str]:
        """Return the pages that an incomplete edition does not hold."""
        return {slug for slug in sorted(self.register.pages) if self.rng.random() < 0.5} - fragile

    def _victim(self, kind: str, edition: Edition, spared: set[str]) -> Page | None:
        if kind == "missing" and not edition.complete:
            return None
        fit = [
            page
            for slug, page in sorted(self.register.pages.items())
            if slug not in spared | self.register.owed and slug in self.register.layouts_read and not page.relabelled
        ]
        if kind == "truncated":
            fit = [page for page in fit if page.markup != "text" and self.read_as[page.slug] != "text"]
        if kind == "shrunk":
            fit = [page for page in fit if len(page.agreements) > 10 and self._is_alone(page)]
        if kind == "relabelled":
            fit = [
                page
                for page in fit
                if page.layout in ("L3", "L4") and not page.nohead and not _has_prose_purposes(page)
            ]
        return self.rng.choice(fit) if fit else None

    def _is_alone(self, page: Page) -> bool:
        return all(len(self.register.pages_of(agreement)) == 1 for agreement in page.agreements)

    def _damaged(self, kind: str, page: Page) -> bytes:
        whole = render(self.register, page)
        if kind == "empty":
            return b""
        if kind == "maintenance":
            return MAINTENANCE_TEXT if page.markup == "text" else MAINTENANCE
        if kind == "truncated":
            return whole[: self.rng.randint(len(whole) // 3, len(whole) * 9 // 10)]
        keep = min(page.agreements, key=lambda agreement: sum(map(len, agreement.sections.values())))
        return render(self.register, replace(page, agreements=[keep]))

    def _held(self, edition: Edition, why: str) -> Edition:
        """Write an edition that nobody should believe: `gone` agreements or `failed` pages."""
        pages = sorted(self.register.pages.values(), key=lambda page: page.slug)
        for number, page in enumerate(pages):
            if why == "failed" and number % 5 < 3:
                edition.files[page.file_name] = self._damaged("maintenance", page)
                edition.refused.add(page.slug)
                continue
            kept = page.agreements[: max(1, len(page.agreements) // 3)] if why == "gone" else page.agreements
            edition.files[page.file_name] = render(self.register, replace(page, agreements=kept))
        return edition


def _has_prose_purposes(page: Page) -> bool:
    """Whether a label that nobody knows could be taken for a paragraph of `Purposes`."""
    return any(agreement.purposes_text for agreement in page.agreements)


# --- plots -----------------------------------------------------------------------------------------------------------


def quick(seed: int | str, organisations: int = 40, edit_count: int = 45) -> Iterator[Edition]:
    """Yield a short history with one of everything: noise, edits, damage, rebuilds, a held edition."""
    story = Story(seed, organisations)
    first = (many.unknown_relabelling, many.mass_grant)
    known = (many.known_relabelling,)
    second = (
        many.mass_lookalikes,
        many.mass_controller_relabelling,
        many.mass_directions,
        many.mass_removal,
    )
    turns = (
        {},
        {"edit_count": edit_count, "wide": first, "damage": "missing empty"},
        {"edit_count": edit_count, "complete": False, "damage": "maintenance"},
        {"edit_count": edit_count, "wide": known, "rebuild": "L1>L3", "damage": "truncated shrunk relabelled"},
        {"held": "gone"},
        {"edit_count": edit_count, "wide": second, "rebuild": "lost", "damage": "missing maintenance"},
        {
            "edit_count": edit_count,
            "wide": (many.mass_rewording,),
            "rebuild": "L3>L4 L2>L3",
            "damage": "empty",
        },
        {
            "edit_count": edit_count,
            "wide": (many.nearly_a_group, many.mass_opt_out),
            "damage": "relabelled",
        },
        {"noise": 1.0},
        {"noise": 1.0},
    )
    for turn in turns:
        yield story.turn(**turn)


DAMAGES = "missing empty maintenance truncated shrunk relabelled"


def long(seed: int | str, organisations: int = 80, editions: int = 24, edit_count: int = 80) -> Iterator[Edition]:
    """Yield a long history in which the same happens over and over, in an order of the seed's own."""
    story = Story(seed, organisations)
    rng = Random(f"plot {seed}")
    turning_points = sorted(rng.sample(range(3, editions - 4), 5))
    rebuilds = dict(zip(turning_points, ("L0>L1", "L1>L3", "lost", "L2>L3", "L3>L4"), strict=True))
    yield story.turn()
    for number in range(2, editions - 1):
        if number not in rebuilds and rng.random() < 0.1:
            yield story.turn(held=rng.choice(("gone", "failed")))
            continue
        damage = " ".join(rng.sample(DAMAGES.split(), rng.randint(0, 4)))
        yield story.turn(
            edit_count=edit_count,
            wide=rng.randint(0, 3),
            complete=rng.random() < 0.75,
            damage=damage,
            rebuild=rebuilds.get(number, ""),
        )
    for _ in range(2):
        yield story.turn(noise=1.0)


def noise_only(seed: int | str, organisations: int = 25, editions: int = 5) -> Iterator[Edition]:
    """Yield editions in which every page is dressed anew and nothing happens."""
    story = Story(seed, organisations)
    for _ in range(editions):
        yield story.turn(noise=1.0)


def migration(seed: int | str, organisations: int = 25) -> Iterator[Edition]:
    """Yield a register that is rebuilt again and again, nothing else different."""
    story = Story(seed, organisations, layouts="L1")
    for rebuild in ("", "L1>L3", "lost", "L3>L4", ""):
        yield story.turn(rebuild=rebuild)


def fingerprint(editions: Iterable[Edition]) -> str:
    """Return a hash of everything that the editions print and must tell."""
    digest = sha256()
    for edition in editions:
        for name, body in sorted(edition.files.items()):
            digest.update(name.encode() + body)
        digest.update("\n".join(sorted(map(str, edition.due))).encode())
    return digest.hexdigest()
