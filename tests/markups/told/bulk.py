"""Histories of many agreements at once: bulk editions, reorganisations, editions that lie years apart."""
# ruff: noqa: E501  (a table: one edit a line)

from collections.abc import Callable
from dataclasses import replace

from tests.markups import pools, register
from tests.markups.pools import HSCA
from tests.markups.register import Agreement, Block, Register, slug_of
from tests.markups.told.expect import History, Night, Told

LARGE = register.large()
NEW = "Aldermoor Falls Register"
OLD = "Tarn Valley Audit"


def _first(count: int, made: Register = LARGE) -> set[str]:
    return {one.reference for one in made.agreements()[:count]}


def _on(count: int, change: Callable[[Agreement], Agreement], made: Register = LARGE) -> Register:
    """Return the register with *change* done to its first *count* agreements."""
    chosen = _first(count, made)
    return made.with_every(lambda one: change(one) if one.reference in chosen else one)


def _with(name: str) -> Callable[[Agreement], Agreement]:
    return lambda one: replace(one, datasets=(*one.datasets, name))


def _setting(**fields: object) -> Callable[[Agreement], Agreement]:
    return lambda one: replace(one, **fields)  # type: ignore[arg-type]


def _three(name: str, rule: str, old: Register, new: Register, *tells: Told) -> History:
    return History(f"bulk:{name}", rule, (Night(old, 0), Night(new, 1), Night(new, 2)), tells)


def _group(kind: str, field: str, severity: str, count: int, **more: object) -> Told:
    return Told(kind, field, severity, reference=None, agreements=count, **more)  # type: ignore[arg-type]


def _outputs(text: str) -> Callable[[Agreement], Agreement]:
    def change(one: Agreement) -> Agreement:
        shown = [(label, blocks) for label, blocks in one.sections if label not in ("Outputs", "Processing")]
        return replace(
            one, sections=(*shown, ("Outputs", (Block(text.format(one.reference[-5:], one.reference[:3:-1])),)))
        )

    return change


LIMB_B, LIMB_A = f"{HSCA} – s261(2)(b)(ii)", f"{HSCA} – s261(2)(a)"
CARRIED = _on(30, _with(OLD))
PLAINLY = LARGE.with_every(_outputs("The tables of NHS Digital are kept."))
UNEQUAL = LARGE.with_every(_outputs("Study {} is written up."))
REWRITTEN = LARGE.with_every(_outputs("A book about {1} is planned."))
EXTENDED = tuple(Told("text-changed", "outputs", "low", reference=one.reference) for one in UNEQUAL.agreements())

# fmt: off
GROUPS = [
    _three("dataset-on-30", "7", LARGE, _on(30, _with(NEW)), _group("dataset-added", "datasets", "medium", 30, added=[NEW])),
    _three("dataset-on-25", "7", LARGE, _on(25, _with(NEW)), _group("dataset-added", "datasets", "medium", 25, added=[NEW])),
    _three("dataset-on-24", "7, 11: what is only added to a set is not counted", LARGE, _on(24, _with(NEW)), *(Told("dataset-added", "datasets", "medium", reference, added=[NEW]) for reference in sorted(_first(24)))),
    _three("dataset-goes-from-30", "6, 7", CARRIED, LARGE, _group("dataset-removed", "datasets", "low", 30, removed=[OLD], nights=(2,))),
    _three("sublicensing-on-30", "7", LARGE.with_every(_setting(sublicensing=("No",))), _on(30, _setting(sublicensing=("Yes",)), LARGE.with_every(_setting(sublicensing=("No",)))), _group("sublicensing-changed", "sublicensing", "high", 30, added=["Yes"], removed=["No"])),
    _three("limb-on-40", "7", _on(40, _setting(legal_bases=(LIMB_B,))), _on(40, _setting(legal_bases=(LIMB_A,))), _group("legal-basis-changed", "legal_bases", "low", 40, added=["HSCA2012:s261(2)(a)"], removed=["HSCA2012:s261(2)(b)(ii)"])),
    _three("s261(1)-dropped-on-all", "7, domain.md 6", LARGE.with_every(_setting(legal_bases=(f"{HSCA} – s261(1) and s261(2)(b)(ii)",))), LARGE.with_every(_setting(legal_bases=(LIMB_B,)))),
    _three("words-on-80", "7", PLAINLY, LARGE.with_every(_outputs("The tables of NHS England are kept.")), _group("text-changed", "outputs", "low", 80)),
    _three("line-on-30", "7, 16", LARGE, _on(30, _setting(under_heading=("The board looks at this again.",))), _group("text-changed", "remainder", "low", 30)),
    _three("incident-on-30", "7, contract 2", LARGE, _on(30, _setting(under_heading=("Suspended pending an audit.",))), _group("incident-noted", "remainder", "high", 30)),
    _three("known-names-of-datasets", "8, domain.md 6: January 2023", LARGE.with_every(_setting(datasets=("Diagnostic Imaging Dataset", "Civil Registration - Deaths"))), LARGE.with_every(_setting(datasets=("Diagnostic Imaging Data Set (DID)", "Civil Registrations of Death")))),
    _three("proposed-name-of-a-dataset", "8", CARRIED, _on(30, _with("Tarn Valley Audit (TVA)"), CARRIED), _group("dataset-relabelled", "datasets", "low", 30, added=["Tarn Valley Audit (TVA)"], removed=[])),
    _three("controllers-in-capitals", "4, domain.md 6: October 2021", LARGE.with_every(_setting(controllers=("University of Leeds",))), LARGE.with_every(_setting(controllers=("UNIVERSITY OF LEEDS",)))),
    _three("known-successors", "8, domain.md 6: October 2025", LARGE.with_every(_setting(controllers=("NHS ENGLAND (QUARRY HOUSE)",))), LARGE.with_every(_setting(controllers=("NHS ENGLAND - X26",)))),
]
# fmt: on
# fmt: off
APART = [
    History("bulk:all-rewritten-in-a-night", "11", (Night(UNEQUAL, 0), Night(REWRITTEN, 1, held=()), Night(UNEQUAL, 2))),
    History("bulk:all-rewritten-in-a-year", "11", (Night(UNEQUAL, 0), Night(REWRITTEN, 380)), EXTENDED),
    History("bulk:all-rewritten-in-46-days", "11", (Night(UNEQUAL, 0), Night(REWRITTEN, 46)), EXTENDED),
    History("bulk:all-rewritten-in-44-days", "11", (Night(UNEQUAL, 0), Night(REWRITTEN, 44, held=()))),
]
# fmt: on

BOARDS = {pools.titled(old): pools.titled(new) for old, new in pools.SUCCESSIONS}


def _reorganised(made: Register, count: int, *, moved: bool) -> Register:
    """Return the register with its first *count* commissioning groups headed as their boards, perhaps at other addresses."""
    pages, left = [], count
    for page in made.pages:
        new = BOARDS.get(page.organisation)
        if new is None or left == 0:
            pages.append(page)
            continue
        left -= 1
        pages.append(replace(page, organisation=new, slug=slug_of(new) if moved else page.slug, flags=()))
    return Register(tuple(sorted(pages, key=lambda page: page.slug)))


COMMISSIONERS = register.commissioners(30)
UNFLAGGED = replace(COMMISSIONERS, pages=tuple(replace(page, flags=()) for page in COMMISSIONERS.pages))
ONE = Told(
    "reorganisation", "ccg-2022 2022-07-01", "low", reference=None, added=[], removed=[], before=None, after=None
)


def _renames(count: int) -> tuple[Told, ...]:
    groups = [page for page in UNFLAGGED.pages if page.organisation in BOARDS][:count]
    return tuple(Told("organisation-renamed", severity="low", page=page.slug) for page in groups)


# fmt: off
REORGANISED = [
    _three("reorganisation-of-30-headings", "20", UNFLAGGED, _reorganised(UNFLAGGED, 30, moved=False), ONE),
    _three("reorganisation-of-30-addresses", "20", UNFLAGGED, _reorganised(UNFLAGGED, 30, moved=True), replace(ONE, nights=(1, 2))),
    _three("reorganisation-of-25-headings", "20", UNFLAGGED, _reorganised(UNFLAGGED, 25, moved=False), ONE),
    _three("reorganisation-of-5-headings", "20: below 25 each is a rename", UNFLAGGED, _reorganised(UNFLAGGED, 5, moved=False), *_renames(5)),
    _three("reorganisation-of-1-heading", "20", UNFLAGGED, _reorganised(UNFLAGGED, 1, moved=False), *_renames(1)),
]
# fmt: on

HISTORIES = [*GROUPS, *APART, *REORGANISED]
