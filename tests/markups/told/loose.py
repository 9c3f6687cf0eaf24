"""Edits outside any label, of headings, and of whole agreements and pages."""
# ruff: noqa: E501  (a table: one edit a line)

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.markups import pools, register
from tests.markups.register import Agreement, Page, Register
from tests.markups.told.edits import L3, PAGE, Edit, three_nights, told
from tests.markups.told.expect import History, Told

REMAINDER = told("text-changed", "remainder", "low")
MEDIUM = told("text-changed", "remainder", "medium")
NOTED = told("incident-noted", "remainder", "high")


def _loose(name: str, field: str, old: Any, new: Any, tells: tuple = (), later: tuple = (), rule: str = "16") -> Edit:
    return Edit(f"loose:{name}", rule, {field: old}, {field: new}, tells, later)


# fmt: off
LINES = [
    _loose("under-heading", "under_heading", (), ("The board looks at this again.",), REMAINDER),
    _loose("under-heading-negated", "under_heading", (), ("This is not yet signed.",), MEDIUM),
    _loose("under-heading-watched", "under_heading", (), ("Used for insurance.",), MEDIUM),
    _loose("under-heading-suspended", "under_heading", (), ("Suspended pending an audit.",), NOTED, rule="20"),
    _loose("under-heading-reworded", "under_heading", ("The board looks at this again.",), ("The board has looked at this.",), REMAINDER),
    _loose("under-heading-suspension-goes", "under_heading", ("Suspended pending an audit.",), (), (), told("incident-removed", "remainder", "medium"), rule="20"),
    _loose("under-heading-ico-code", "under_heading", (), ("It follows the ICO Code.",), REMAINDER, rule="domain.md 8: `ICO`, not before `Code`"),
    _loose("under-heading-ico", "under_heading", (), ("It was reported to the ICO.",), NOTED, rule="domain.md 8"),
    _loose("under-datasets", "under_datasets", (), ("Two more are asked for.",), REMAINDER),
    _loose("under-datasets-negated", "under_datasets", (), ("The list is not complete.",), MEDIUM),
    _loose("under-datasets-number", "under_datasets", ("Two of 12 are to come.",), ("Two of 13 are to come.",), REMAINDER),
    _loose("unknown-label-comes", "unknown", (), (("Reviewed by", "the data board"),), REMAINDER),
    _loose("unknown-label-value", "unknown", (("Reviewed by", "the data board"),), (("Reviewed by", "the ethics board"),), REMAINDER),
    _loose("unknown-label-watched", "unknown", (("Further use", "teaching"),), (("Further use", "marketing"),), MEDIUM),
    _loose("heading-closed", "remark", None, "(closed)", REMAINDER, rule="18"),
    _loose("heading-new", "remark", None, "New", REMAINDER, rule="18"),
    _loose("heading-suspended", "remark", None, "(suspended)", NOTED, rule="18, 20"),
    _loose("heading-withdrawn", "remark", "(closed)", "(withdrawn)", NOTED, rule="18, 20"),
]

TITLES = [
    Edit("title:other", "6", {"title": "Falls at home"}, {"title": "Falls in hospital"}, told("title-changed", "title", "low", before="Falls at home", after="Falls in hospital")),
    Edit("title:number", "4", {"title": "Falls, wave 1.5"}, {"title": "Falls, wave 15"}, told("title-changed", "title", "low")),
    Edit("title:appears", "5", {"title": None}, {"title": "Falls at home"}, told("title-changed", "title", "low", before=None, after="Falls at home")),
    Edit("title:goes", "6", {"title": "Falls at home"}, {"title": None}, (), told("title-changed", "title", "low", before="Falls at home", after=None)),
    Edit("title:typography", "4", {"title": "Falls at home - a study"}, {"title": "FALLS at home – a study."}),
    Edit("title:another-number", "18", {"title": "Renewal of DARS-NIC-11223-A1B2C"}, {"title": "Renewal of DARS-NIC-11224-A1B2C"}, told("title-changed", "title", "low")),
]
# fmt: on

EDITS = [*LINES, *TITLES]


def _page(
    name: str,
    rule: str,
    new: Callable[[Register], Register],
    tells: tuple = (),
    later: tuple = (),
    *,
    old: Register | None = None,
) -> History:
    before = old or register.small()
    return three_nights(f"page:{name}", rule, before, new(before), tells, later)


def _head(
    old: tuple[str, ...], new: tuple[str, ...], name: str, tells: tuple = (), later: tuple = (), rule: str = "16"
) -> History:
    before = register.small().with_page(PAGE, lambda page: replace(page, head=old))
    return _page(
        name, rule, lambda made: made.with_page(PAGE, lambda page: replace(page, head=new)), tells, later, old=before
    )


def _of_page(kind: str | tuple[str, ...], field: str, severity: str, **more: Any) -> tuple[Told, ...]:
    return (Told(kind, field, severity, reference=None, page=PAGE, **more),)


def _extra(number: int) -> Agreement:
    return replace(register.agreement(number, "L3"), title=f"A study that comes later, {number}")


def _with(page: Page, agreements: tuple[Agreement, ...]) -> Page:
    return replace(page, agreements=agreements)


SMALL = register.small()
FIRST = SMALL.page(PAGE)
OTHER = "caldwick_hospitals_nhs_trust"
FLAG = pools.flag(FIRST.organisation)
UNFLAGGED = SMALL.with_page(PAGE, lambda page: replace(page, flags=()))
FLAGGED = SMALL.with_page(PAGE, lambda page: replace(page, flags=(FLAG,)))
OLD_STYLE = next(one for one in SMALL.agreements() if one.reference.startswith("NIC-"))


def _moved(made: Register) -> Register:
    first, *rest = made.page(PAGE).agreements
    gone = made.with_page(PAGE, lambda page: _with(page, tuple(rest)))
    return gone.with_page(OTHER, lambda page: _with(page, (*page.agreements, first)))


def _renamed_slug(made: Register) -> Register:
    pages = (
        replace(page, slug="aldermoor_city_university", organisation="Aldermoor City University")
        if page.slug == PAGE
        else page
        for page in made.pages
    )
    return Register(tuple(sorted(pages, key=lambda page: page.slug)))


def _new_page(made: Register) -> Register:
    page = Page("wharfdale_trust", "Wharfdale Trust", "L3", 5, (_extra(90), _extra(91)))
    return Register((*made.pages, page))


# fmt: off
HISTORIES = [
    _head((), ("The keeper of this page is away.",), "sentence-in-the-head", _of_page("text-changed", "remainder", "low")),
    _head(("It is kept by a team of 4.",), ("It is kept by a team of 5.",), "number-in-the-head", _of_page("text-changed", "remainder", "low")),
    _head((), ("The organisation reported a breach in May.",), "breach-in-the-head", _of_page("incident-noted", "remainder", "high"), rule="16, 20"),
    _head(("The organisation reported a breach in May.",), (), "breach-goes-from-the-head", (), _of_page("incident-removed", "remainder", "medium"), rule="16, 20"),
    _page("flag-comes", "contract 2", lambda made: FLAGGED, _of_page("flag-raised", "flags", "high"), old=UNFLAGGED),
    _page("flag-goes", "6", lambda made: UNFLAGGED, (), _of_page("flag-cleared", "flags", "low"), old=FLAGGED),
    _page("flag-reworded", "contract 2: by presence alone", lambda made: made.with_page(PAGE, lambda page: replace(page, flags=(FLAG.replace("was sent", "received"),))), old=FLAGGED),
    _page("files", "contract 2", lambda made: made.with_page(PAGE, lambda page: replace(page, files=(page.files or 0) + 1)), _of_page("files-count-changed", "files_disseminated", "info", substantive=False, before=FIRST.files, after=(FIRST.files or 0) + 1)),
    _page("renamed", "contract 2", lambda made: made.with_page(PAGE, lambda page: replace(page, organisation="Aldermoor City University")), (Told("organisation-renamed", severity="low", page=PAGE),), old=UNFLAGGED),
    _page("case-of-the-name", "4", lambda made: made.with_page(PAGE, lambda page: replace(page, organisation="ALDERMOOR University")), old=UNFLAGGED),
    _page("renamed-with-its-address", "9", _renamed_slug, (Told("organisation-renamed", severity="low", nights=(1, 2)),), old=UNFLAGGED),
    _page("agreement-comes", "10", lambda made: made.with_page(PAGE, lambda page: _with(page, (*page.agreements, _extra(90)))), (Told("agreement-added", severity="medium", reference=_extra(90).reference, page=PAGE),)),
    _page("agreement-comes-first", "10, 18: numbers of projects move on", lambda made: made.with_page(PAGE, lambda page: _with(page, (_extra(90), *page.agreements))), (Told("agreement-added", severity="medium", reference=_extra(90).reference, page=PAGE),)),
    _page("agreement-goes", "6", lambda made: made.with_page(PAGE, lambda page: _with(page, page.agreements[1:])), (), (Told("agreement-removed", severity="medium", reference=L3),)),
    _page("agreement-moves", "9", _moved, (Told("agreement-moved", severity="low", reference=L3, before=[PAGE], after=[OTHER]),)),
    _page("agreement-also-elsewhere", "contract 2", lambda made: made.with_page(OTHER, lambda page: _with(page, (*page.agreements, FIRST.agreements[0]))), (Told("agreement-moved", severity="low", reference=L3, before=[PAGE], after=[PAGE, OTHER]),)),
    _page("agreements-in-another-order", "18", lambda made: made.with_page(PAGE, lambda page: _with(page, page.agreements[::-1]))),
    _page("reference-of-today", "contract 2", lambda made: made.with_agreement(OLD_STYLE.reference, lambda one: replace(one, reference=f"DARS-{one.reference}")), (Told("reference-changed", severity="low"),)),
    _page("comes", "10", _new_page, (Told("organisation-added", severity="medium", page="wharfdale_trust"), *(Told("agreement-added", severity="medium", reference=_extra(n).reference) for n in (90, 91)))),
    _page("goes", "6", lambda made: made.without_page(PAGE), (), (Told("organisation-removed", severity="medium", page=PAGE), *(Told("agreement-removed", severity="medium", reference=one.reference) for one in FIRST.agreements))),
    _page("second-flag", "16", lambda made: made.with_page(PAGE, lambda page: replace(page, flags=(FLAG, "It was warned about the same in May."))), (Told(("flag-raised", "text-changed", "incident-noted"), reference=None, page=PAGE),), old=FLAGGED),
]
# fmt: on
