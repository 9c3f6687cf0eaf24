"""A made-up history with names, changes in it, and subscriptions that follow some of them."""

from dataclasses import replace

from diff.names import KnownNames
from notify.following.matching import News, tell
from notify.following.subscription import Subscription, find_problems, follow
from scraper.names.vocabulary import default_vocabulary
from tests.harness.builders import a_change

HARROWDALE, EASTMERE = "University of Harrowdale", "NHS Eastmere ICB"
CCG, MERGED = "NHS Eastmere CCG", "NHS Eastmere and Westmere ICB"
MHSDS, ECDS = "Mental Health Services Data Set (MHSDS)", "Emergency Care Data Set (ECDS)"
HES_OP, DEATHS = "Hospital Episode Statistics Outpatients", "Civil Registrations of Death"
SEEN = "2026-11-20T03:17:00Z"
VOCABULARY = default_vocabulary().extended(
    {
        "organisations": [
            {"kind": "succession", "from": [CCG], "to": EASTMERE},
            {"kind": "succession", "from": [EASTMERE], "to": MERGED},
            {"kind": "succession", "from": ["Northam Trust"], "to": "Southam Trust"},
            {"kind": "alias", "from": ["Harrowdale University"], "to": HARROWDALE},
        ]
    }
)
KNOWN = KnownNames(
    pages={
        "university_of_harrowdale": HARROWDALE,
        "nhs_eastmere_icb": EASTMERE,
        "nhs_eastmere_ccg": CCG,
        "nhs_eastmere_and_westmere_icb": MERGED,
        "wexcombe": "Wexcombe City Council",
    },
    headings={"wexcombe": ["Borough of Wexcombe", "Wexcombe City Council"]},
    datasets=(MHSDS, ECDS, HES_OP, "Civil Registration - Deaths"),
    holdings={"DARS-NIC-1": [MHSDS, ECDS], "DARS-NIC-2": [ECDS]},
    references=("DARS-NIC-1", "DARS-NIC-2", "NIC-3"),
    since="2026-01-01T00:00:00Z",
)


def change(number, page="university_of_harrowdale", **fields):
    values = {
        "id": f"{number:020x}",
        "organisation": KNOWN.pages.get(page),
        "page": page,
        "reference": f"DARS-NIC-{number}",
        "title": "Winter admissions",
        "field": "dsa_end",
        "before": "2026-03-12",
        "after": "2029-03-12",
        "first_seen": SEEN,
    }
    return a_change(**values | fields)


def dataset_added(number, name, page="university_of_harrowdale", **fields):
    values = {"kind": "dataset-added", "field": "datasets", "before": None, "after": None, "added": [name]}
    return change(number, page, **values, **fields)


def agreement_added(number, page="university_of_harrowdale", **fields):
    return change(number, page, **{"kind": "agreement-added", "field": None, "before": None, "after": None, **fields})


def group(number, **fields):
    one = change(number, None, reference=None, title=None, organisation=None, **fields)
    return replace(one, group=one.id)


def news(*changes, **facts):
    return News(changes=changes, **{"holdings": KNOWN.holdings, **facts})


def subscription(name="ig", **fields):
    return Subscription(name=name, **fields)


def followed(known=KNOWN, **fields):
    (one,) = follow([subscription(**fields)], known, VOCABULARY)
    return one


def numbers_told(told_news, known=KNOWN, **fields):
    """Return the numbers of the changes that one subscription is told."""
    (told,) = tell([followed(known, **fields)], told_news)
    return [int(one.change.id, 16) for one in told]


def problems(known=KNOWN, **fields):
    return [str(problem) for problem in find_problems([subscription(**fields)], known, VOCABULARY)]


ONE_A_PAGE = news(*(change(number, page) for number, page in enumerate(KNOWN.pages, start=1)))
