"""Histories: quiet nights, sites rebuilt, runs that must be held, copies by turns, pages that fail."""
# ruff: noqa: E501  (a table: one edit a line)

import re
from collections.abc import Callable
from dataclasses import replace

from tests.markups import register
from tests.markups.register import Agreement, Block, Page, Register
from tests.markups.sites.unforeseen import GENERATORS as UNFORESEEN
from tests.markups.told.expect import History, Night, Told

SMALL, LARGE = register.small(), register.large()
FIRST = LARGE.pages[0]
L3 = FIRST.agreements[0].reference
ECDS = "Emergency Care Data Set (ECDS)"
Tamper = Callable[[str], str]


def _nights(*registers: Register, markup: str = "plain", start: float = 0) -> tuple[Night, ...]:
    return tuple(Night(made, start + day, markup) for day, made in enumerate(registers))


def _quiet(markup: str) -> History:
    """Return four nights over the end of a month in which nothing happens but what the site does every night."""
    return History(f"night:quiet-{markup}", "17", _nights(SMALL, SMALL, SMALL, SMALL, markup=markup))


QUIET = [
    _quiet(markup)
    for markup in (
        "plain",
        "plain+whole-site",
        "plain+updated-above",
        "plain+updated-below",
        "hugo+build-stamp",
        "eleventy+share-counter",
        "table+whole-site",
        "react+minified+whole-site",
        "mkdocs+whole-site",
        "material+updated-below+contents",
        "definitions+updated-above+share-counter",
    )
]


def _rebuilt(old: str, new: str, made: Register = SMALL) -> History:
    """Return a history in which the whole site is rebuilt, and says the same."""
    nights = (Night(made, 0, old), Night(made, 1, new), Night(made, 2, new))
    return History(f"night:rebuilt-{old}-to-{new}", "4, 5, 16", nights)


# fmt: off
REBUILT = [
    *(
        _rebuilt("plain", new)
        for new in (
            "mkdocs",
            "material+pilcrow+contents",
            "hugo+when-emphasis-left",
            "jekyll+whole-site",
            "pandoc+typographic",
            "eleventy+minified",
            "react",
            "table",
            "definitions",
            "headings+upper-labels",
            "grid+spaced-colons",
            "plain+minified-no-end",
            "plain+soft-hyphens",
            "plain+word-joiners",
            "plain+escaped-twice",
            "plain+numbered",
            "plain+dash-lost",
            "plain+reference-in-brackets",
            "table+sets-as-lists",
            "react+sets-as-chips",
            "plain+whole-site",
        )
    ),
    _rebuilt("plain+whole-site", "plain"),
    _rebuilt("table", "plain"),
    _rebuilt("mkdocs+whole-site", "material+updated-above"),
]
# fmt: on


def _partly(new: str) -> History:
    """Return a history in which every second page is rebuilt in the first night, and the rest in the next."""
    half = {page.slug: new for page in LARGE.pages[::2]}
    nights = (Night(LARGE, 0), Night(LARGE, 1, by_page=half), Night(LARGE, 2, new), Night(LARGE, 3, new))
    return History(f"night:partly-rebuilt-{new}", "16", nights)


PARTLY = [_partly(new) for new in ("eleventy", "table", "definitions+minified", "mkdocs", "react+whole-site")]


def _edited(made: Register) -> Register:
    """Return the register with a dataset more in one agreement and a negation in the prose of another."""
    second = made.pages[1].agreements[0]
    shown = tuple(
        (label, (Block("The tables are not shown to the board."),) if label == "Yielded Benefits" else blocks)
        for label, blocks in second.sections
    )
    changed = made.with_agreement(
        made.pages[0].agreements[0].reference,
        lambda one: replace(one, datasets=(*one.datasets, "Aldermoor Falls Register")),
    )
    return changed.with_agreement(second.reference, lambda one: replace(one, sections=shown))


def _edited_datasets(made: Register) -> Register:
    """Return the register with a dataset more in the first page's first agreement, on every page that prints it."""
    return made.with_agreement(
        SMALL.pages[0].agreements[0].reference,
        lambda one: replace(one, datasets=(*one.datasets, "Aldermoor Falls Register")),
    )


def _moved(made: Register) -> Register:
    """Return the register with the first page's first agreement on the third page."""
    first, *rest = made.pages[0].agreements
    gone = made.with_page(made.pages[0].slug, lambda page: replace(page, agreements=tuple(rest)))
    return gone.with_page(made.pages[2].slug, lambda page: replace(page, agreements=(*page.agreements, first)))


def _rebuilt_and_edited(new: str) -> History:
    """Return a history in which the site is rebuilt and two facts change in the same night: exactly these are told."""
    nights = (Night(SMALL, 0), Night(_edited(SMALL), 1, new), Night(_edited(SMALL), 2, new))
    tells = (
        Told(
            "dataset-added",
            "datasets",
            "medium",
            SMALL.pages[0].agreements[0].reference,
            added=["Aldermoor Falls Register"],
        ),
        Told("text-changed", "yielded_benefits", "medium", SMALL.pages[1].agreements[0].reference),
    )
    return History(f"night:rebuilt-and-edited-{new}", "5", nights, tells)


REBUILT_AND_EDITED = [
    _rebuilt_and_edited(new)
    for new in (
        "eleventy",
        "table",
        "react+minified",
        "mkdocs+whole-site",
        "definitions+sets-as-lists",
        "plain+soft-hyphens",
        "hugo+when-emphasis-left",
    )
]


def _every(tamper: Tamper, made: Register = LARGE) -> dict[str, Tamper]:
    return {page.slug: tamper for page in made.pages}


def _unreadable(name: str, label: str, tamper: Tamper) -> History:
    """Return a history in which one field cannot be read on any page for a night: held, by name, and then forgotten."""
    nights = (Night(LARGE, 0), Night(LARGE, 1, held=(label,), tamper=_every(tamper)), Night(LARGE, 2))
    return History(f"night:unreadable-{name}", "11", nights)


def _value(label: str, shown: str) -> Tamper:
    """Return what prints *shown* for every value of a header line."""
    return lambda page: re.sub(rf"(<strong>{label}:</strong>)[^<]*", rf"\1 {shown}", page)


# fmt: off
UNREADABLE = [
    _unreadable("term-in-weeks", "When", _value("When", "DSA runs week 17 of 2021 through week 13 of 2024")),
    _unreadable("sensitivity", "Sensitive", _value("Sensitive", "see the catalogue")),
    _unreadable("legal-basis-emptied", "Legal basis", _value("Legal basis", "")),
    _unreadable("controllers-emptied", "Data-controller type", _value("Data-controller type", "")),
    _unreadable("datasets-emptied", "Datasets", lambda page: re.sub(r"(Datasets:</strong></p>\n)<ul>.*?</ul>", r"\1", page, flags=re.DOTALL)),
    _unreadable("datasets-without-label", "Datasets", lambda page: page.replace("<p><strong>Datasets:</strong></p>\n", "")),
    _unreadable("objectives-emptied", "Objectives", lambda page: re.sub(r"(Objectives:</strong></p>\n).*?(?=<p><strong>)", r"\1", page, flags=re.DOTALL)),
    _unreadable("access-method-gone", "Access method", lambda page: re.sub(r"<p><strong>Access method:</strong>[^<]*</p>\n", "", page)),
]
# fmt: on


def _keeping(kept: int) -> Register:
    """Return the large register with the first *kept* agreements of each page."""
    return replace(LARGE, pages=tuple(replace(page, agreements=page.agreements[:kept]) for page in LARGE.pages))


def _later(kind: str, gone: list[Agreement], **more: object) -> tuple[Told, ...]:
    return tuple(Told(kind, reference=one.reference, nights=(2,), **more) for one in gone)  # type: ignore[arg-type]


def _shorter(pages: int) -> Register:
    """Return the large register with the last agreement of the first *pages* pages gone."""
    shown = (
        replace(page, agreements=page.agreements[:-1]) if n < pages else page for n, page in enumerate(LARGE.pages)
    )
    return replace(LARGE, pages=tuple(shown))


MAINTENANCE = (
    "<html><head><title>Maintenance</title></head><body><h1>Down for maintenance</h1><p>Back soon.</p></body></html>"
)
BLOCKED = {page.slug: (lambda page: MAINTENANCE) for page in LARGE.pages[:12]}
ONE = LARGE.pages[3].slug

# fmt: off
GUARDS = [
    History("night:half-of-the-agreements-gone", "11", (*_nights(LARGE)[:1], Night(_keeping(2), 1, held=("agreements",)), Night(LARGE, 2))),
    History("night:an-eighth-of-the-agreements-gone", "6, 11", _nights(LARGE, _shorter(10), _shorter(10)), _later("agreement-removed", [page.agreements[-1] for page in LARGE.pages[:10]], severity="medium")),
    History("night:most-pages-down", "11", (Night(LARGE, 0), Night(LARGE, 1, held=("pages",), refused=frozenset(BLOCKED), tamper=BLOCKED), Night(LARGE, 2))),
    History("night:one-page-down", "11", (Night(LARGE, 0), Night(LARGE, 1, refused=frozenset({ONE}), tamper={ONE: lambda page: MAINTENANCE}), Night(LARGE, 2))),
    History("night:one-page-cut-in-a-tag", "contract 3", (Night(LARGE, 0), Night(LARGE, 1, refused=frozenset({ONE}), tamper={ONE: lambda page: page[: page.rindex("<p") + 2]}), Night(LARGE, 2))),
    History("night:one-page-without-its-end", "contract 3", (Night(LARGE, 0), Night(LARGE, 1, refused=frozenset({ONE}), tamper={ONE: lambda page: page[: page.index("<strong>Outputs")]}), Night(LARGE, 2))),
    History("night:all-pages-lose-their-end-tag", "issue 13", (Night(LARGE, 0), *(Night(LARGE, day, tamper=_every(lambda page: page.replace("</html>", ""))) for day in (1, 2)))),
    History("night:a-heading-loses-its-reference", "18", (Night(LARGE, 0), Night(LARGE, 1, refused=frozenset({FIRST.slug}), tamper={FIRST.slug: lambda page: page.replace(f" — {FIRST.agreements[1].reference}</h2>", "</h2>")}), Night(LARGE, 2))),
]
# fmt: on


def _without(made: Register, slug: str, **fields: object) -> Register:
    """Return the register with fields of a page's first agreement changed."""
    first = made.page(slug).agreements[0]
    return made.with_agreement(first.reference, lambda one: replace(one, **fields))  # type: ignore[arg-type]


MORE = _without(SMALL, SMALL.pages[0].slug, datasets=("National Diabetes Audit", ECDS))
LESS = _without(SMALL, SMALL.pages[0].slug, datasets=("National Diabetes Audit",))
TITLED = _without(SMALL, SMALL.pages[0].slug, title="Another winter")
OF = SMALL.pages[0].agreements[0]
ADDED = Told("dataset-added", "datasets", "medium", OF.reference, added=[ECDS])

# fmt: off
TURNS = [
    History("night:a-dataset-flaps", "6", _nights(MORE, LESS, MORE, LESS, MORE)),
    History("night:an-agreement-flaps", "6", _nights(LARGE, _shorter(1), LARGE, _shorter(1), LARGE)),
    History("night:a-page-flaps", "6", _nights(SMALL, SMALL.without_page(SMALL.pages[2].slug), SMALL)),
    History("night:old-and-new-by-turns", "12", _nights(LESS, MORE, LESS, MORE, LESS, MORE, LESS), (ADDED,)),
    History("night:old-and-new-titles-by-turns", "12", _nights(SMALL, TITLED, SMALL, TITLED, SMALL, TITLED), (Told("title-changed", "title", "low", OF.reference, after="Another winter"),)),
    History("night:the-old-copy-stays", "12", _nights(SMALL, TITLED, SMALL, SMALL), (Told("title-changed", "title", "low", OF.reference, after="Another winter"), Told("title-changed", "title", "low", OF.reference, before="Another winter", after=OF.title, nights=(3,)))),
    History("night:old-and-new-markups-by-turns", "12, 16", tuple(Night(made, day, site) for day, (made, site) in enumerate([(LESS, "plain"), (MORE, "table"), (LESS, "plain"), (MORE, "table"), (LESS, "plain")])), (ADDED,)),
]
# fmt: on


def _grown() -> Register:
    """Return the small register with twelve agreements on one page."""
    more = tuple(
        replace(register.agreement(number, "L3"), title=f"A long study, part {number}") for number in range(60, 72)
    )
    return SMALL.with_page(SMALL.pages[4].slug, lambda page: replace(page, agreements=more))


GROWN = _grown()
SHRUNK = GROWN.with_page(SMALL.pages[4].slug, lambda page: replace(page, agreements=page.agreements[:1]))
FAILURES = tuple(Night(SHRUNK, day, refused=frozenset({SMALL.pages[4].slug})) for day in (1, 2))
# fmt: off
SHRINKING = [
    History("night:a-page-shrinks-and-is-back", "11", (Night(GROWN, 0), *FAILURES, Night(GROWN, 3))),
    History("night:a-page-shrinks-and-stays", "11", (Night(GROWN, 0), *FAILURES, Night(SHRUNK, 3)), tuple(Told("agreement-removed", severity="medium", reference=one.reference, nights=(3,)) for one in GROWN.page(SMALL.pages[4].slug).agreements[1:])),
]
# fmt: on


def _as_l4(page: Page) -> Page:
    """Return a page of layout L3 as layout L4 prints the same facts, and two that L3 does not print."""
    return replace(page, layout="L4", agreements=tuple(_agreement_as_l4(one) for one in page.agreements))


def _agreement_as_l4(one: Agreement) -> Agreement:
    words = tuple(word for word in one.opt_outs if word != "Anonymised - ICO Code Compliant")
    term = one.term and (one.term[0][:7], one.term[1][:7])
    kind = ("Anonymised - ICO Code Compliant",) if words != one.opt_outs else ("Pseudonymised",)
    return replace(
        one, opt_outs=words, term=term, type_of_data=kind, discussions=("minutes.pdf",), system_note=one.system_note
    )


AS_L4 = replace(LARGE, pages=tuple(_as_l4(page) for page in LARGE.pages))
LAYOUTS = [
    History("night:another-layout", "5", _nights(LARGE, AS_L4, AS_L4)),
    History("night:another-layout-and-back", "5", _nights(LARGE, AS_L4, LARGE, LARGE)),
]

ALL = len(SMALL.agreements())


def _unforeseen(new: str) -> History:
    """Return a history in which the site is rebuilt for a night into what nobody foresaw: held or refused, told is nothing."""
    nights = (Night(SMALL, 0), Night(SMALL, 1, new, free=True), Night(SMALL, 2, free=True))
    return History(f"night:rebuilt-to-unforeseen-{new}", "11, 16, 18, 20", nights)


def _reworded(page: str) -> str:
    return page.replace("Open Government Licence v3.0", "Open Government Licence, version 4").replace(
        "Contact us", "Write to us"
    )


def _footed(page: str) -> str:
    return page.replace("</body>", "<p>Pages of this group move to another address soon.</p></body>")


THIRD = {page.slug: _footed for page in SMALL.pages[::3]}
NOT_UNDERSTOOD = _without(SMALL, SMALL.pages[0].slug, sensitivity=("Not Sensitive",))
SENSITIVE = _without(SMALL, SMALL.pages[0].slug, sensitivity=("Sensitive",))
TWICE = SMALL.with_page(SMALL.pages[2].slug, lambda page: replace(page, agreements=(*page.agreements, OF)))
GAINED = Told("dataset-added", "datasets", "medium", OF.reference, added=["Aldermoor Falls Register"])

# fmt: off
OTHERS = [
    *(_unforeseen(site) for site in UNFORESEEN),
    History("night:every-heading-closed", "7, 18", (Night(SMALL, 0), Night(SMALL, 1, "plain+badge-closed"), Night(SMALL, 2, "plain+badge-closed")), (Told("text-changed", "remainder", "low", None, agreements=ALL),)),
    History("night:every-heading-has-a-line-below", "7, 16", (Night(SMALL, 0), Night(SMALL, 1, "table+badge-line"), Night(SMALL, 2, "table+badge-line")), (Told("text-changed", "remainder", "low", None, agreements=ALL),)),
    History("night:titles-behind-their-references", "11, 18", (Night(SMALL, 0), Night(SMALL, 1, "plain+reference-first", held=("title",)), Night(SMALL, 2))),
    History("night:frame-reworded", "17", (Night(SMALL, 0, "plain+whole-site"), *(Night(SMALL, day, "plain+whole-site", tamper=_every(_reworded, SMALL)) for day in (1, 2)))),
    History("night:frame-goes-and-comes", "17", tuple(Night(SMALL, day, site) for day, site in enumerate(["plain+whole-site", "plain", "plain", "plain+whole-site", "plain+whole-site"]))),
    History("night:a-line-on-a-third-of-the-pages", "17: on fewer than half of the pages it is no frame", (Night(SMALL, 0), *(Night(SMALL, day, tamper=THIRD) for day in (1, 2))), tuple(Told("text-changed", severity="low", page=slug) for slug in THIRD)),
    History("night:not-understood-ends-with-3-once", "20, contract 3", (Night(SENSITIVE, 0, exit_code=0), Night(NOT_UNDERSTOOD, 1, exit_code=3), Night(NOT_UNDERSTOOD, 2, exit_code=0)), (Told("text-changed", "remainder", "medium", OF.reference),)),
    History("night:not-understood-and-back", "20", (*_nights(SENSITIVE, NOT_UNDERSTOOD), Night(SENSITIVE, 2), Night(SENSITIVE, 3)), (Told("text-changed", "remainder", nights=(1,)), Told("text-changed", "remainder", nights=(2, 3), optional=True))),
    History("night:removed-and-listed-again", "6, 12", _nights(LARGE, _shorter(1), _shorter(1), LARGE, LARGE), (Told("agreement-removed", severity="medium", reference=FIRST.agreements[-1].reference, nights=(2,)), Told("agreement-added", severity="medium", reference=FIRST.agreements[-1].reference, nights=(4,)))),
    History("night:a-dataset-gone-and-back", "6, 12", _nights(MORE, LESS, LESS, MORE, MORE), (Told("dataset-removed", reference=OF.reference, removed=[ECDS], nights=(2,)), replace(ADDED, nights=(4,)))),
    History("night:edited-on-both-of-two-pages", "contract 2", _nights(TWICE, _edited_datasets(TWICE), _edited_datasets(TWICE)), (GAINED,)),
    History("night:moved-and-edited", "9", _nights(SMALL, _edited_datasets(_moved(SMALL)), _edited_datasets(_moved(SMALL))), (Told("agreement-moved", severity="low", reference=OF.reference, before=[SMALL.pages[0].slug], after=[SMALL.pages[2].slug]), GAINED)),
]
# fmt: on

HISTORIES = [
    *OTHERS,
    *QUIET,
    *REBUILT,
    *PARTLY,
    *REBUILT_AND_EDITED,
    *UNREADABLE,
    *GUARDS,
    *TURNS,
    *SHRINKING,
    *LAYOUTS,
]
