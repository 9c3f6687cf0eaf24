"""A register for ten names that people ask for: five nights of seven bodies, small enough to be counted by hand."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.harness.editions import Page, Project, Watch
from tests.harness.once import made_once

S251 = "National Health Service Act 2006 – s251 – 'Control of patient information'."
SUPPORT = f"Health and Social Care Act 2012 – s261(7); {S251}"
PUBLISHED = "Health and Social Care Act 2012 – s261(2)(a)"
INTEREST = "Health and Social Care Act 2012 – s261(2)(b)(ii)"
FUNCTIONS = "Health and Social Care Act 2012 – s261(5)(d)"

APC = "Hospital Episode Statistics Admitted Patient Care"
OUTPATIENTS_OLD, OUTPATIENTS = (
    "Hospital Episode Statistics Outpatients",
    "Hospital Episode Statistics Outpatients (HES OP)",
)
EMERGENCY = "Hospital Episode Statistics Accident and Emergency (HES A and E)"
CRITICAL = "Hospital Episode Statistics Critical Care"
GDPPR_OLD = "GPES Data for Pandemic Planning and Research (COVID-19)"
GDPPR = "COVID-19 General Practice Extraction Service (GPES) Data for Pandemic Planning and Research (GDPPR)"
MHSDS_OLD, MHSDS = "Mental Health Services Data Set", "Mental Health Services Data Set (MHSDS)"
ECDS = "Emergency Care Data Set (ECDS)"
IAPT_OLD = "Improving Access to Psychological Therapies Data Set_v1.5"
IAPT = "Improving Access to Psychological Therapies (IAPT) v1.5"

ADMITTED = Project(
    reference="DARS-NIC-100001-A1B2C",
    title="Admissions along the coast",
    datasets=(APC, "Civil Registrations of Death"),
    legal_basis=PUBLISHED,
)
MINDS = Project(reference="NIC-100002-D3E4F", title="Minds of the young", datasets=(MHSDS_OLD,), legal_basis=INTEREST)
STREETS = Project(
    reference="DARS-NIC-100003-G5H6J",
    title="Accidents on our streets",
    datasets=(ECDS, IAPT_OLD),
    legal_basis=FUNCTIONS,
    controllers="WEXCOMBE CITY COUNCIL",
)
SURGERIES = Project(
    reference="DARS-NIC-100004-K7L8M",
    title="Surgeries in winter",
    datasets=(GDPPR,),
    legal_basis=SUPPORT,
    controllers="WEXCOMBE CITY COUNCIL",
)
BENCHMARKS = Project(
    reference="DARS-NIC-100005-N9P1Q",
    title="Benchmarks for hospitals",
    datasets=(EMERGENCY, CRITICAL),
    legal_basis=PUBLISHED,
    controllers="NORTHGATE ANALYTICS LTD",
)
BOARD = Project(
    reference="DARS-NIC-100006-R2S3T",
    title="Commissioning for Frimley",
    datasets=(OUTPATIENTS_OLD,),
    legal_basis=PUBLISHED,
    controllers="NHS FRIMLEY ICB - D4U1Y",
)
GROUP = Project(
    reference="DARS-NIC-100007-U4V5W",
    title="Risk stratification",
    datasets=(MHSDS,),
    legal_basis=SUPPORT,
    controllers="NHS FRIMLEY CCG",
)
HEATH = Project(
    reference="DARS-NIC-100008-X6Y7Z",
    title="Invoices of the heath",
    datasets=(IAPT,),
    legal_basis=INTEREST,
    controllers="NHS SURREY HEATH CCG",
    end="2026-06-30",
)
CHESHIRE = Project(
    reference="DARS-NIC-100009-B2C3D",
    title="Public health of the county",
    datasets=("Mental Health Minimum Data Set (MHMDS)",),
    legal_basis=FUNCTIONS,
    controllers="CHESHIRE EAST COUNCIL",
)


def _with(project: Project, *datasets: str, **fields: str) -> Project:
    return replace(project, datasets=(*(project.datasets or ()), *datasets), **fields)


def nights() -> dict[str, dict[str, Page]]:
    """Return date → slug → page. What is printed differently, and a name that is only another one, is no news."""
    first = {
        "university_of_harrowdale": Page("University of Harrowdale", (ADMITTED, MINDS)),
        "wexcombe_city_council": Page("Wexcombe City Council", (STREETS,)),
        "northgate_analytics_ltd": Page("Northgate Analytics Ltd", (BENCHMARKS,)),
        "nhs_frimley_icb__d4u1y": Page("NHS Frimley ICB - D4U1Y", (BOARD,)),
        "nhs_frimley_ccg": Page("NHS Frimley CCG", (GROUP,)),
        "nhs_surrey_heath_ccg": Page("NHS Surrey Heath CCG", (HEATH,)),
        "cheshire_east_council": Page("Cheshire East Council", (CHESHIRE,)),
    }
    admitted, minds = _with(ADMITTED, GDPPR_OLD), _with(MINDS, OUTPATIENTS)
    benchmarks, group = _with(BENCHMARKS, ECDS), _with(GROUP, ECDS)
    board, heath = _with(BOARD, MHSDS), _with(HEATH, APC)
    second = first | {
        "university_of_harrowdale": Page("University of Harrowdale", (admitted, minds)),
        "wexcombe_city_council": Page("Wexcombe City Council", (STREETS, SURGERIES)),
        "northgate_analytics_ltd": Page("Northgate Analytics Ltd", (benchmarks,)),
        "nhs_frimley_icb__d4u1y": Page("NHS Frimley ICB - D4U1Y", (board,)),
        "nhs_frimley_ccg": Page("NHS Frimley CCG", (group,)),
        "nhs_surrey_heath_ccg": Page("NHS Surrey Heath CCG", (heath,)),
        "cheshire_east_council": Page("Cheshire East Council", (replace(CHESHIRE, legal_basis=SUPPORT),)),
    }
    admitted, minds = _with(admitted, GDPPR), replace(minds, legal_basis=PUBLISHED)
    streets = replace(STREETS, datasets=(ECDS, IAPT))
    third = second | {
        "university_of_harrowdale": Page("University of Harrowdale", (admitted, minds)),
        "wexcombe_city_council": Page("Wexcombe City Council", (streets, SURGERIES)),
        "brightwater_insights_ltd": Page("Brightwater Insights Ltd", (benchmarks,)),
    }
    del third["northgate_analytics_ltd"]
    board = _with(board, IAPT, purposes="Yes (Academic)")
    fourth = third | {
        "brightwater_insights_ltd": Page("Brightwater Insights Ltd", (replace(benchmarks, sublicensing="Yes"),)),
        "nhs_frimley_icb__d4u1y": Page("NHS Frimley ICB - D4U1Y", (board,)),
        "nhs_surrey_heath_ccg": Page("NHS Surrey Heath CCG", (HEATH,)),
    }
    fifth = fourth | {
        "wexcombe_city_council": Page(
            "Wexcombe City Council", (replace(streets, legal_basis=f"{FUNCTIONS}, {S251}"), SURGERIES)
        ),
        "nhs_frimley_ccg": Page("NHS Frimley CCG", (replace(group, end="2029-03-12"),)),
    }
    return {
        "2026-01-01": first,
        "2026-02-01": second,
        "2026-03-01": third,
        "2026-04-01": fourth,
        "2026-05-01": fifth,
    }


def watched(folder: Path) -> Watch:
    """Return the five nights, taken in."""
    watch = Watch(folder)
    shutil.copy(made_once("ten-names.db", _taken_in), watch.database)
    return watch


def _taken_in() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(Path(folder))
        for night, pages in nights().items():
            taken = watch.take(pages, night)
            assert taken.exit_code == 0, taken.output
        return watch.database.read_bytes()
