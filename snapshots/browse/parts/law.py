"""Legal bases as a page names them: the act first, then its section; what that section is about; its family.

Says what an act is about and never whether a basis is a good one. Pure.
"""

from diff.saying.english import sentence_case
from scraper.names.legal_families import cite

_ABOUT: tuple[tuple[str, str], ...] = (
    (
        "NHSA2006:s251",
        "Control of patient information. Regulations may set aside the duty of confidentiality, on advice of the "
        "Confidentiality Advisory Group.",
    ),
    ("HSCA2012:s261(7)", "Normally cited together with section 251 of the National Health Service Act 2006."),
    ("HSCA2012:s261(1)", "The general power to disseminate; it says nothing further beside another limb."),
    ("HSCA2012:s261(2)(a)", "Other dissemination of information: what section 260 requires to be published."),
    (
        "HSCA2012:s261(2)(b)",
        "Dissemination of what identifies a provider or a company, with its consent or in the public interest. The "
        "register’s glossary reads (2)(b)(ii) as pseudonymised data; since about late 2022 renewals cite (2)(a) for "
        "the same kind of data.",
    ),
    ("HSCA2012:s261(2)(c)", "Dissemination of what identifies people who have consented to it."),
    ("HSCA2012:s261(4)", "Dissemination to those who could have collected the information themselves."),
    ("HSCA2012:s261(5)(d)", "Dissemination for functions that another law confers."),
    ("HSCA2012:s261", "A limb of the power to disseminate information."),
    ("HSCA2012", "The Act alone is cited; which of its sections is meant is not printed."),
    (
        "COPI2002",
        "Control of patient information; the notices of the COVID-19 pandemic were given under regulation 3.",
    ),
    ("CONSENT", "Consent of the people whom the data are about, in the register’s words."),
    ("DIR", "Directions, under sections 254 to 259 of the Health and Social Care Act 2012."),
    ("SRSA2007:s42(4)", "Data about births and deaths."),
    ("SRSA2007", "Data of the Office for National Statistics."),
    ("TEXT", "A text that names no section known here; it is compared as it is printed."),
)
"""The beginning of a canonical id and what stands there; the first that fits counts."""


def heading(basis: str, printed: str = "") -> str:
    """Return a legal basis as a heading.

    >>> heading("NHSA2006:s251"), heading("HSCA2012")
    ('National Health Service Act 2006, section 251', 'Health and Social Care Act 2012 (no section cited)')
    >>> heading("COPI2002:r3?")
    'Health Service (Control of Patient Information) Regulations 2002, regulation 3 (presumably)'
    """
    certain = basis.removesuffix("?")
    cited = cite(certain, printed)
    words = f"{cited.act}, {cited.pin}" if cited.act and cited.pin else cited.spelled.removeprefix("the ") or certain
    return sentence_case(words) + (" (presumably)" if basis.endswith("?") else "")


def about(basis: str) -> str:
    """Return what a legal basis is about, in a sentence or two; nothing where nothing is known.

    >>> about("HSCA2012:s261(2)(b)(ii)").split(",")[0]
    'Dissemination of what identifies a provider or a company'
    >>> about("HSCA2008:s64")
    ''
    """
    certain = basis.removesuffix("?")
    return next((words for beginning, words in _ABOUT if _is_within(certain, beginning)), "")


def _is_within(basis: str, outer: str) -> bool:
    exact = outer == "HSCA2012"  # the bare Act says nothing about its sections
    return basis == outer or (not exact and basis.startswith((f"{outer}(", f"{outer}:")))
