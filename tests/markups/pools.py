"""What the made-up register is filled with: invented bodies and titles, known datasets, citations and controllers."""

import random

ORGANISATIONS = [
    "Aldermoor University",
    "Brackenford, Holme And Tarn Integrated Care Board",
    "Caldwick Hospitals NHS Trust",
    "Dunmere Council",
    "Eskdale Cancer Charity",
    "Fenwick Analytics Ltd",
    "Garrowby Institute Of Ageing",
    "Harksea Clinical Research Unit",
    "Inglebrook Ambulance Service",
    "Jarrowdale University (JDU)",
    "Kestrel Bay Health Board",
    "Lynmarsh Children's Hospital",
    "Marlowe & Finch Consulting Limited",
    "Netherby Commissioning Support Unit",
    "Oxenholme Agency For Statistics",
    "Penhallow NHS Foundation Trust",
    "Quernmore Stroke Registry",
    "Ravensworth School Of Medicine",
    "Saltburn Vale County Council",
    "Thornaby Eye Hospital",
]

SUBJECTS = [
    "falls in older people",
    "repeat admissions with asthma",
    "late diagnosis of bowel cancer",
    "waiting times after hip fracture",
    "recovery from stroke",
    "births in rural areas",
    "long stays in intensive care",
]

TITLES = [
    "Winter pressures in acute care",
    "100 Hospitals study of recovery",
    "Heart failure: outcomes; five years on?",
    "DSfC - Holme And Tarn Integrated Care Board - IV, RS & Comm",
    "Outputs of stroke care in the north",
    "MR1260 - Lifelong cohort of nurses",
    "The Tamar cohort ( TAM_2000_111 ) follow-up.",
    "Registry",
    "Renewal of DARS-NIC-11223-A1B2C for the Severn birth cohort",
    "JOINT STRATEGIC NEEDS ASSESSMENT",
    "Ageing well in the north-east - linkage",
    "Objectives and outcomes of shared care",
    "“Living with pain”, a survey of carers",
]

OPT_OUTS = (
    ("Yes - patient objections upheld",),
    ("No - data flow is not identifiable", "Anonymised - ICO Code Compliant"),
    ("No - consent provided by participants of research study",),
    ("Anonymised - ICO Code Compliant", "No"),
    ("Y", "N"),
)
OPT_OUTS_L4 = (("Yes",), ("No",), ("No", "Yes"))

CONFIDENTIALITY = (
    ("Does not include the flow of confidential data",),
    ("Section 251", "Section 251 NHS Act 2006"),
    None,
    ("Consent (Reasonable Expectation)",),
    (
        "Mixture of confidential data flow(s) with support under section 251 NHS Act 2006 and non-confidential data "
        "flow(s)",
    ),
    (),
)

HSCA = "Health and Social Care Act 2012"
S251 = "National Health Service Act 2006 - s251 - 'Control of patient information'."
CONSENT = "Informed Patient consent to permit the receipt, processing and release of data by NHS Digital"
COPI = "CV19: Regulation 3 (4) of the Health Service (Control of Patient Information) Regulations 2002"
DIRECTIONS = "NHS England De-Identified Data Analytics and Publication Directions 2023"
BIRTHS = (
    "Section 42(4) of the Statistics and Registration Service Act (2007) as amended by section 287 of the Health and "
    "Social Care Act (2012)"
)
SECTION_36 = "Section 36, Health Act 2009"

# A cell as printed, and the canonical ids that the legal-basis grammar gives it.
IDS = {
    HSCA: ("HSCA2012",),
    f"{HSCA} – s261(2)(a)": ("HSCA2012:s261(2)(a)",),
    f"{HSCA} – s261(2)(c)": ("HSCA2012:s261(2)(c)",),
    f"{HSCA} – s261(4)": ("HSCA2012:s261(4)",),
    f"{HSCA} - s261(5)(d)": ("HSCA2012:s261(5)(d)",),
    f"{HSCA} – s261(1) and s261(2)(b)(ii)": ("HSCA2012:s261(1)", "HSCA2012:s261(2)(b)(ii)"),
    f"{HSCA} – s261(2)(b)(ii)": ("HSCA2012:s261(2)(b)(ii)",),
    f"{HSCA} - s261 - 'Other dissemination of information'": ("HSCA2012:s261",),
    f"{HSCA} – s261(7); {S251}": ("HSCA2012:s261(7)", "NHSA2006:s251"),
    "Section 251 approval is in place for the flow of identifiable data": ("NHSA2006:s251",),
    S251: ("NHSA2006:s251",),
    CONSENT: ("CONSENT:informed",),
    COPI: ("COPI2002:r3(4)",),
    DIRECTIONS: ("DIR:nhse-deidentified-data-analytics-and-publication-2023",),
    BIRTHS: ("SRSA2007:s42(4)",),
    SECTION_36: ("HA2009:s36",),
}

BASES = (
    (f"{HSCA} – s261(2)(a)",),
    (f"{HSCA} - s261(5)(d)", f"{HSCA} – s261(7); {S251}"),
    (f"{HSCA} – s261(1) and s261(2)(b)(ii)",),
    (CONSENT, f"{HSCA} – s261(2)(c)"),
    (f"{HSCA} - s261 - 'Other dissemination of information'",),
    (BIRTHS, SECTION_36),
    ("Section 251 approval is in place for the flow of identifiable data", HSCA),
)

TYPES = (
    ("Academic",),
    ("NHS Trust",),
    ("Charity", "Academic"),
    ("ICB - Integrated Care Board",),
    None,
    ("Agency/Public Body",),
    (),
)

CONTROLLERS = (
    ("UNIVERSITY OF LEEDS",),
    ("NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W", "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 04C"),
    ("HOLLIN BANK PARTNERS LTD", "IMPERIAL COLLEGE LONDON"),
    ("BIRKBECK, UNIVERSITY OF LONDON", "CARDIFF UNIVERSITY"),
    (),
    ("NHS ENGLAND - X26",),
    ("BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL", "LONDON BOROUGH OF BARNET"),
)

DATASETS = (
    "Hospital Episode Statistics Admitted Patient Care (HES APC)",
    "Hospital Episode Statistics Outpatients (HES OP)",
    "Hospital Episode Statistics Critical Care (HES Critical Care)",
    "Emergency Care Data Set (ECDS)",
    "Civil Registrations of Death",
    "Mental Health Services Data Set (MHSDS)",
    "Community Services Data Set (CSDS)",
    "SUS (Accident & Emergency, Inpatient and Outpatient data)",
    "Acute-Local Provider Flows",
    "Improving Access to Psychological Therapies (IAPT) v1.5",
    "Bridge file: Hospital Episode Statistics to Diagnostic Imaging Dataset",
    "National Diabetes Audit",
    "Diagnostic Imaging Data Set (DID)",
)

# Commissioning groups of 2022 and the boards that took over from them: entries of one class and one date.
SUCCESSIONS = (
    ("NHS BARNSLEY CCG", "NHS SOUTH YORKSHIRE ICB - 02P"),
    ("NHS BASILDON AND BRENTWOOD CCG", "NHS MID AND SOUTH ESSEX ICB - 99E"),
    ("NHS BASSETLAW CCG", "NHS NOTTINGHAM AND NOTTINGHAMSHIRE ICB - 02Q"),
    ("NHS BIRMINGHAM AND SOLIHULL CCG", "NHS BIRMINGHAM AND SOLIHULL ICB - 15E"),
    ("NHS BLACK COUNTRY AND WEST BIRMINGHAM CCG", "NHS BLACK COUNTRY ICB - D2P2L"),
    ("NHS BLACKBURN WITH DARWEN CCG", "NHS LANCASHIRE AND SOUTH CUMBRIA ICB - 00Q"),
    ("NHS BLACKPOOL CCG", "NHS LANCASHIRE AND SOUTH CUMBRIA ICB - 00R"),
    ("NHS BOLTON CCG", "NHS GREATER MANCHESTER ICB - 00T"),
    ("NHS BRADFORD DISTRICT AND CRAVEN CCG", "NHS WEST YORKSHIRE ICB - 36J"),
    ("NHS BRIGHTON AND HOVE CCG", "NHS SUSSEX ICB - 09D"),
    ("NHS BURY CCG", "NHS GREATER MANCHESTER ICB - 00V"),
    ("NHS CALDERDALE CCG", "NHS WEST YORKSHIRE ICB - 02T"),
    ("NHS CAMBRIDGESHIRE AND PETERBOROUGH CCG", "NHS CAMBRIDGESHIRE AND PETERBOROUGH ICB - 06H"),
    ("NHS CANNOCK CHASE CCG", "NHS STAFFORDSHIRE AND STOKE-ON-TRENT ICB - 04Y"),
    ("NHS CASTLE POINT AND ROCHFORD CCG", "NHS MID AND SOUTH ESSEX ICB - 99F"),
    ("NHS CHESHIRE CCG", "NHS CHESHIRE AND MERSEYSIDE ICB - 27D"),
    ("NHS CHORLEY AND SOUTH RIBBLE CCG", "NHS LANCASHIRE AND SOUTH CUMBRIA ICB - 00X"),
    ("NHS COUNTY DURHAM CCG", "NHS NORTH EAST AND NORTH CUMBRIA ICB - 84H"),
    ("NHS COVENTRY AND WARWICKSHIRE CCG", "NHS COVENTRY AND WARWICKSHIRE ICB - B2M3M"),
    ("NHS DERBY AND DERBYSHIRE CCG", "NHS DERBY AND DERBYSHIRE ICB - 15M"),
    ("NHS DEVON CCG", "NHS DEVON ICB - 15N"),
    ("NHS DONCASTER CCG", "NHS SOUTH YORKSHIRE ICB - 02X"),
    ("NHS DORSET CCG", "NHS DORSET ICB - 11J"),
    ("NHS EAST AND NORTH HERTFORDSHIRE CCG", "NHS HERTFORDSHIRE AND WEST ESSEX ICB - 06K"),
    ("NHS EAST LANCASHIRE CCG", "NHS LANCASHIRE AND SOUTH CUMBRIA ICB - 01A"),
    ("NHS EAST RIDING OF YORKSHIRE CCG", "NHS HUMBER AND NORTH YORKSHIRE ICB - 02Y"),
    ("NHS EAST STAFFORDSHIRE CCG", "NHS STAFFORDSHIRE AND STOKE-ON-TRENT ICB - 05D"),
    ("NHS EAST SUSSEX CCG", "NHS SUSSEX ICB - 97R"),
    ("NHS FRIMLEY CCG", "NHS FRIMLEY ICB - D4U1Y"),
    ("NHS FYLDE AND WYRE CCG", "NHS LANCASHIRE AND SOUTH CUMBRIA ICB - 02M"),
    ("NHS GLOUCESTERSHIRE CCG", "NHS GLOUCESTERSHIRE ICB - 11M"),
    ("NHS GREATER PRESTON CCG", "NHS LANCASHIRE AND SOUTH CUMBRIA ICB - 01E"),
    ("NHS HALTON CCG", "NHS CHESHIRE AND MERSEYSIDE ICB - 01F"),
    ("NHS HEREFORDSHIRE AND WORCESTERSHIRE CCG", "NHS HEREFORDSHIRE AND WORCESTERSHIRE ICB - 18C"),
    ("NHS HERTS VALLEYS CCG", "NHS HERTFORDSHIRE AND WEST ESSEX ICB - 06N"),
    ("NHS HULL CCG", "NHS HUMBER AND NORTH YORKSHIRE ICB - 03F"),
    ("NHS IPSWICH AND EAST SUFFOLK CCG", "NHS SUFFOLK AND NORTH EAST ESSEX ICB - 06L"),
    ("NHS KENT AND MEDWAY CCG", "NHS KENT AND MEDWAY ICB - 91Q"),
    ("NHS KERNOW CCG", "NHS CORNWALL AND THE ISLES OF SCILLY ICB - 11N"),
    ("NHS KIRKLEES CCG", "NHS WEST YORKSHIRE ICB - X2C4Y"),
)


def flag(organisation: str) -> str:
    """Return the sentence behind a page's flag."""
    return (
        f"{organisation} was sent multiple files from the same dataset, in the same month, both with optouts respected "
        f"and with optouts ignored. {organisation} may not have compared the two files."
    )


def titled(name: str) -> str:
    """Return a name in the site's blunt title case."""
    return " ".join(word if word == "NHS" else word.capitalize() for word in name.split())


class Picker:
    """Picks from the pools by a number: the same for the same number, and another mixture for the next."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._random = random.Random(f"markups {number}")

    def one(self, pool: tuple):
        """Return one of a pool."""
        return self._random.choice(pool)

    def title(self) -> str:
        """Return a title: those of the list first, then numbered ones."""
        if self._number < len(TITLES):
            return TITLES[self._number]
        subject = SUBJECTS[self._number % len(SUBJECTS)]
        return f"Study of {subject}, wave {self._number}"

    def term(self) -> tuple[str, str] | None:
        """Return a term of three years, or none."""
        year = 2016 + self._number % 7
        return (
            None
            if self._number % 8 == 5
            else (f"{year}-0{self._number % 9 + 1}-01", f"{year + 3}-0{self._number % 9 + 1}-28")
        )

    def window(self) -> tuple[str, str] | None:
        """Return the months of releases, or none; one of term and window is always there."""
        year = 2017 + self._number % 6
        return None if self._number % 8 == 2 else (f"{year}-0{self._number % 9 + 1}", f"{year + 1}-1{self._number % 3}")

    def datasets(self) -> tuple[str, ...]:
        """Return one to six datasets in the register's order."""
        chosen = self._random.sample(DATASETS, self._number % 6 + 1)
        return tuple(name for name in DATASETS if name in chosen)
