"""Lifelike words: organisations, datasets, legal bases and prose in the register's own manner.

Names that stand in a known relation (aliases, successions) are a selection of the project's vocabulary, written out so
that the truth does not depend on the code under test; every other name is made up and related to nothing.
"""

from dataclasses import dataclass
from random import Random

TYPE_WORDS = ("Identifiable", "Anonymised - ICO Code Compliant", "Pseudonymised")

# --- datasets --------------------------------------------------------------------------------------------------------

DATASET_ALIASES = (  # older name, newer name: one dataset
    (
        "Hospital Episode Statistics Admitted Patient Care",
        "Hospital Episode Statistics Admitted Patient Care (HES APC)",
    ),
    ("Hospital Episode Statistics Outpatients", "Hospital Episode Statistics Outpatients (HES OP)"),
    (
        "Hospital Episode Statistics Accident and Emergency",
        "Hospital Episode Statistics Accident and Emergency (HES A and E)",
    ),
    (
        "Hospital Episode Statistics Critical Care",
        "Hospital Episode Statistics Critical Care (HES Critical Care)",
    ),
    ("Civil Registration - Deaths", "Civil Registrations of Death"),
    ("Mental Health Services Data Set", "Mental Health Services Data Set (MHSDS)"),
    ("Diagnostic Imaging Dataset", "Diagnostic Imaging Data Set (DID)"),
    (
        "Mental Health and Learning Disabilities Data Set",
        "Mental Health and Learning Disabilities Data Set (MHLDDS)",
    ),
    ("Mental Health Minimum Data Set", "Mental Health Minimum Data Set (MHMDS)"),
    (
        "Improving Access to Psychological Therapies Data Set_v1.5",
        "Improving Access to Psychological Therapies (IAPT) v1.5",
    ),
    ("Community Services Data Set", "Community Services Data Set (CSDS)"),
    ("Patient Reported Outcome Measures", "Patient Reported Outcome Measures (PROMs)"),
    (
        "GPES Data for Pandemic Planning and Research (COVID-19)",
        "COVID-19 General Practice Extraction Service (GPES) Data for Pandemic Planning and Research (GDPPR)",
    ),
    ("Summary Hospital-level Mortality Indicator", "Summary Hospital-level Mortality Indicator (SHMI)"),
    ("NDRS Cancer Registry", "NDRS Cancer Registrations"),
    ("NDRS Linked HES AE", "NDRS Linked HES A&E"),
    ("NICOR Heart Failure V5_Full", "NICOR Heart Failure"),
    ("Ambulance Data", "Ambulance Data Set"),
)
"""Known relabellings of datasets."""

DATASETS = (
    "Acute-Local Provider Flows",
    "Ambulance-Local Provider Flows",
    "Community-Local Provider Flows",
    "Demand for Service-Local Provider Flows",
    "Emergency Care-Local Provider Flows",
    "Experience, Quality and Outcomes-Local Provider Flows",
    "Mental Health-Local Provider Flows",
    "Other Not Elsewhere Classified (NEC)-Local Provider Flows",
    "Local Provider Data - Primary Care",
    "Local Provider Data - Acute, Ambulance, Community, Demand for Service, Diagnostic Services, Emergency Care",
    "Children and Young People Health",
    "Civil Registration - Births",
    "Primary Care Mortality Data",
    "MRIS - Cause of Death Report",
    "MRIS - Flagging Current Status Report",
    "MRIS - Members and Postings Report",
    "HES:Civil Registration (Deaths) bridge",
    "Bridge file: Hospital Episode Statistics to Diagnostic Imaging Dataset",
    "Bridge file: Hospital Episode Statistics to Mental Health Minimum Data Set",
    "Emergency Care Data Set (ECDS)",
    "Mental Health Services Data Set (MHSDS) v5.0",
    "Secondary Uses Service Payment By Results Episodes",
    "Secondary Uses Service Payment By Results Spells",
    "SUS (Accident & Emergency, Inpatient and Outpatient data)",
    "SUS for Commissioners",
    "SUS plus - Admitted Patient Care (beta version)",
    "Medicines dispensed in Primary Care (NHSBSA data)",
    "Assuring Transformation (Pseudo)",
    "Assuring Transformation (Identifiable)",
    "Cancer Registry linked to  Diagnostic Imaging Dataset",
    "NDRS Rapid Cancer Registrations",
    "NDRS Cancer Consolidated Data Set",
    "COVID-19 Vaccination Status",
    "COVID-19 Ethnic Category Data Set",
    "Uncurated Low Latency Hospital Data Sets - Emergency Care",
    "Improving Access to Psychological Therapies (IAPT) v2",
    "National Diabetes Audit",
    "National Diabetes Audit 1.5",
    "Demographics",
    "Adult Social Care",
    "e-Referral Service for Commissioning",
    "Invoice Validation Datasets",
    "Risk Stratification Datasets",
    "Customer - Data Quality Report - Aggregate (Recruitment)",
    "Customer - Data Quality Report - Aggregate (Comms)",
    "Standard Monthly Extract : SUS PbR A&E.",
)
"""Datasets that are nobody's alias; some of them look alike and are different."""

POPULAR = ("Demographics", "SUS for Commissioners", "National Diabetes Audit")
"""Datasets that many agreements carry."""

MASS_GRANTS = (
    "Patient Level Information and Costing System (PLICS)",
    "National Waiting List Minimum Data Set",
    "Federated Outpatient Encounter Record (FOER)",
    "Virtual Ward Activity Return",
    "Primary Care Appointments Extract, Practice Level",
    "Faster Data Flows - Acute Daily Extract",
)
"""Datasets that are only ever given to many agreements at once."""

LOOKALIKE_GRANTS = (
    ("Neonatal Critical Care Minimum Data Set v1", "Neonatal Critical Care Minimum Data Set v2"),
    ("National Maternity Record - Mothers", "National Maternity Record - Babies"),
)
"""Pairs that many agreements gain in one run and that must stay two changes."""

NEW_LABELS = (
    "National Obesity and Weight Audit (NOWA)",
    "Local Services Combined Return",
    "Integrated Community Record v3",
    "Urgent and Same Day Care Data Set",
    "Referral to Treatment Consolidated Extract",
)
"""Names of which nobody knows yet whether they are another name for something."""

# --- organisations ---------------------------------------------------------------------------------------------------

SUCCESSIONS = (  # known: the old name, the name of the body that took over
    ("NHS BARNSLEY CCG", "NHS SOUTH YORKSHIRE ICB - 02P"),
    ("NHS BASILDON AND BRENTWOOD CCG", "NHS MID AND SOUTH ESSEX ICB - 99E"),
    ("NHS BASSETLAW CCG", "NHS NOTTINGHAM AND NOTTINGHAMSHIRE ICB - 02Q"),
    (
        "NHS BATH AND NORTH EAST SOMERSET, SWINDON AND WILTSHIRE CCG",
        "NHS BATH AND NORTH EAST SOMERSET, SWINDON AND WILTSHIRE ICB - 92G",
    ),
    ("NHS BERKSHIRE WEST CCG", "NHS BUCKINGHAMSHIRE, OXFORDSHIRE AND BERKSHIRE WEST ICB - 15A"),
    ("NHS EAST LEICESTERSHIRE AND RUTLAND CCG", "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W"),
    ("NHS LEICESTER CITY CCG", "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 04C"),
    ("NHS SHROPSHIRE, TELFORD AND WREKIN CCG", "NHS SHROPSHIRE, TELFORD AND WREKIN ICB - M2L0M"),
    ("HEALTH PROTECTION AGENCY", "PUBLIC HEALTH ENGLAND (PHE)"),
    ("EALING HOSPITAL NHS TRUST", "LONDON NORTH WEST UNIVERSITY HEALTHCARE NHS TRUST"),
    ("BURTON HOSPITALS NHS FOUNDATION TRUST", "UNIVERSITY HOSPITALS OF DERBY AND BURTON NHS FOUNDATION TRUST"),
    ("BUCKINGHAMSHIRE COUNTY COUNCIL", "BUCKINGHAMSHIRE COUNCIL"),
)
CONTROLLER_ALIASES = (  # known: two names of one body
    ("CARE QUALITY COMMISSION", "CARE QUALITY COMMISSION (CQC)"),
    ("OFFICE FOR NATIONAL STATISTICS", "OFFICE FOR NATIONAL STATISTICS (ONS)"),
    ("NOVAVAX", "NOVAVAX, INC."),
    ("UNIVERSITY OF MANCHESTER", "THE UNIVERSITY OF MANCHESTER"),
    ("YORK CITY COUNCIL", "CITY OF YORK COUNCIL"),
    ("LONDON BOROUGH OF LAMBETH COUNCIL", "LONDON BOROUGH OF LAMBETH"),
    ("MILTON KEYNES COUNCIL", "MILTON KEYNES CITY COUNCIL"),
    ("PLYMOUTH HOSPITALS NHS TRUST", "UNIVERSITY HOSPITALS PLYMOUTH NHS TRUST"),
)
PRESUMED = (  # believed to be related, not known
    (
        "NHS CHESHIRE AND MERSEYSIDE COMMISSIONING SUPPORT UNIT",
        "NHS NORTH WEST COMMISSIONING SUPPORT UNIT",
    ),
    (
        "NHS NORTH YORKSHIRE AND HUMBER COMMISSIONING SUPPORT UNIT",
        "NHS YORKSHIRE AND HUMBER COMMISSIONING SUPPORT UNIT",
    ),
    ("UK KIDNEY ASSOCIATION", "THE RENAL ASSOCIATION"),
    ("NHSX", "NHS ENGLAND - X26"),
)
MASS_CONTROLLER = ("NHS ENGLAND (QUARRY HOUSE)", "NHS ENGLAND - X26")
"""The relabelling of October 2025 on 126 agreements."""

COMPANIES = (
    "ASHCOMBE HEALTH ANALYTICS LTD",
    "BRIGHTWATER RESEARCH, INC.",
    "CALLOWDEN PHARMA PLC",
    "DUNMERE INFORMATICS LIMITED",
    "EVERSHOLM LIFE SCIENCES LLC",
    "FENWICKE OUTCOMES LLP",
    "GRAYLING TRIALS GMBH",
    "HOLLOWBROOK DATA LTD.",
)
COMMA_NAMES = (
    "BIRKBECK, UNIVERSITY OF LONDON",
    "GOLDSMITHS, UNIVERSITY OF LONDON",
    "ROYAL HOLLOWAY, UNIVERSITY OF LONDON",
    "DEPARTMENT FOR ENVIRONMENT, FOOD AND RURAL AFFAIRS",
    "BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL",
    "SOMERSET, WILTSHIRE, AVON AND GLOUCESTERSHIRE CANCER ALLIANCE",
)
PLACES = tuple(
    "Ashcombe Brackwater Calderstow Dunmere Eversholm Fenwicke Grayling Hollowbrook Ickleford Kelmarsh Lowdham "
    "Marchwood Netherby Oakhanger Penwortham Quarrington Ravenfield Saltmarsh Thornbury Upminster Wraxhall Yoxford "
    "Aldermere Brindlecombe Cresswell Dalehurst Ellerby Foxcote Garsdale Hartsmere Inglewhite Kingsbourne".split()
)
ORGANISATION_SHAPES = (
    "NHS {0} CCG",
    "University of {0}",
    "{0} Teaching Hospitals NHS Foundation Trust",
    "{0} County Council",
    "The {0} Institute of Cancer Studies",
    "{0} Hospice & Research Charity",
    "Royal College of {0} Physicians (RC{1}P)",
    "St {0}'s Hospital NHS Trust",
    "{0} Borough Council",
    "{0} Health Analytics Ltd",
    "NHS {0} ICB - {2}",
    "{0} Registry Ltd. (United Kingdom)",
)

# --- other fields ----------------------------------------------------------------------------------------------------

YES_OPT_OUTS = ("Y", "Yes", "Yes - patient objections upheld")
NO_OPT_OUTS = (
    "N",
    "No",
    "No - data flow is not identifiable",
    "No - consent provided by participants of research study",
    "No - Statutory exemption to flow confidential data without consent",
    "No - deaths data flowing to Local Authorities under section 42(4)",
)
MASS_OPT_OUT = "No - DSfC for Invoice Validation Purposes"
CONFIDENTIALITY = (
    "Does not include the flow of confidential data",
    "Section 251 NHS Act 2006",
    "Section 251",
    "Consent (Reasonable Expectation)",
    "Statutory exemption to flow confidential data without consent",
    "Mixture of confidential data flow(s) with support under section 251 NHS Act 2006 "
    "and non-confidential data flow(s)",
    "Mixture of confidential data flow(s) with consent and non-confidential data flow(s)",
    "Mixed",
    "Flow to de-identified environment - no analysis on confidential patient information",
)
ORGANISATION_TYPES = (
    "Academic",
    "Agency/Public Body",
    "Charity",
    "Commercial",
    "Consultancy",
    "Local Authority",
    "NHS Trust",
    "Research",
    "Supplier",
)
FILE_ACCESS = ("One-Off", "Ongoing", "Frequent Adhoc Flow")
SYSTEM_ACCESS = "System Access"
SYSTEM_ACCESS_NOTE = (
    "(System access exclusively means data was not disseminated, but was accessed under supervision on "
    "NHS Digital's systems)"
)
REMARKS = (
    "breached contract — audit report.",
    "SMLS reported a DPA serious incident; see the minutes of the board.",
    "audit found data kept after the end date — deletion certificate outstanding.",
    "suspended while a post audit review is carried out.",
)
DISCUSSIONS = (
    "agd-minutes---5-september-2024.final.pdf",
    "IGARD Minutes 12.03.2020 v1.0.pdf",
    "igard-minutes---17-june-2021-final.pdf",
    "AGD minutes - 2025-02-06.pdf",
    "daaag-notes-14.07.2015.pdf",
)

# --- legal bases -----------------------------------------------------------------------------------------------------

ACT = "Health and Social Care Act 2012"
NHS_ACT = "National Health Service Act 2006"


@dataclass(frozen=True)
class Basis:
    """One legal basis: what it is, its family, and the spellings the register has for it."""

    ids: tuple[str, ...]
    families: tuple[str, ...]
    spellings: tuple[str, ...]


def _cited(act: str, *tails: str) -> tuple[str, ...]:
    """Return every spelling of a citation: the dash long, short, lost, and lost leaving two spaces."""
    return tuple(f"{act}{dash}{tail}" for tail in tails for dash in (" - ", " – ", " ", "  "))


def _s261(limb: str, family: str = "s261-dissemination") -> Basis:
    return Basis((f"HSCA2012:s261{limb}",), (family,), _cited(ACT, f"s261{limb}"))


BASES = {
    "bare": Basis(("HSCA2012",), ("s261-dissemination",), (ACT, "Other-" + ACT)),
    "other dissemination": Basis(
        ("HSCA2012:s261",),
        ("s261-dissemination",),
        _cited(ACT, "s261 - 'Other dissemination of information'", "s261 - Other dissemination"),
    ),
    "2a": _s261("(2)(a)"),
    "2bii": Basis(
        ("HSCA2012:s261(2)(b)(ii)",),
        ("s261-dissemination",),
        _cited(ACT, "s261(1) and s261(2)(b)(ii)", "s261(2)(b)(ii)"),
    ),
    "2c": _s261("(2)(c)", "consent"),
    "4": _s261("(4)"),
    "5c": _s261("(5)(c)"),
    "5d": _s261("(5)(d)"),
    "7": _s261("(7)", "s251-support"),
    "s251": Basis(
        ("NHSA2006:s251",),
        ("s251-support",),
        (
            *_cited(NHS_ACT, "s251 - 'Control of patient information'.", "s251 - 'Control of patient information'. "),
            "Section 251 approval is in place for the flow of identifiable data",
        ),
    ),
    "informed consent": Basis(
        ("CONSENT:informed",),
        ("consent",),
        (
            "Informed Patient consent to permit the receipt, processing and release of data by the HSCIC",
            "Informed Patient consent to permit the receipt, processing and release of data by NHS Digital",
        ),
    ),
    "expectation": Basis(("CONSENT:reasonable-expectation",), ("consent",), ("Consent (Reasonable Expectation)",)),
    "notice": Basis(
        ("COPI2002:r3(4)",),
        ("copi-regulations",),
        ("CV19: Regulation 3 (4) of the Health Service (Control of Patient Information) Regulations 2002",),
    ),
    "regulation 3": Basis(
        ("COPI2002:r3",),
        ("copi-regulations",),
        (
            "Other-Regulation 3 of the associated Health Service (Control of Patient Information) Regulations 2002.",
            "Other-NHS Regulatons (3)",
        ),
    ),
    "statistics": Basis(
        ("SRSA2007:s42(4)",),
        ("srsa2007-s42(4)",),
        (
            "Section 42(4) of the Statistics and Registration Service Act (2007) as amended by section 287 of the "
            "Health and Social Care Act (2012)",
        ),
    ),
    "researcher": Basis(
        ("SRSA2007:s39(4)(i)", "SRSA2007:s39(5)"),
        ("srsa2007-other",),
        (
            "Approved researcher accreditation under section 39(4)(i) and 39(5) of the Statistical Registration "
            "Service Act 2007",
            "Approved researcher accreditation under section 39(4)(i) and 39(5) of the Statistical Registration "
            "Service Act 2007 ",
        ),
    ),
    "ons": Basis(
        ("SRSA2007:s45A",),
        ("srsa2007-other",),
        (
            "Other-(Section 45a of the Statistics and Registration Service Act (2007) as amended by the Digital "
            "Economy Act (2017)",
        ),
    ),
    "health act": Basis(("HA2009:s36",), ("other",), ("Section 36, Health Act 2009",)),
    "cqc": Basis(
        ("HSCA2008:s64",),
        ("other",),
        (
            "Care Quality Commission's statutory powers - 2012 amendment to Section 64 of the Health and Social "
            "Care Act 2008",
            "Other-Care Quality Commission's statutory powers as set out in the 2012 amendment to the Section 64 of "
            "the Health and Social Care Act 2008.",
        ),
    ),
    "directions": Basis(
        ("DIR:nhse-deidentified-data-analytics-and-publication-2023",),
        ("directions-s254-s259",),
        ("NHS England De-Identified Data Analytics and Publication Directions 2023",),
    ),
}
PLAIN_LIMBS = ("2a", "2bii", "4", "5c", "5d", "other dissemination")

# --- prose -----------------------------------------------------------------------------------------------------------

SUBJECTS = (
    "The data", "The CCG", "The Icb", "The research team", "NHS England", "The study", "Each organisation",
    "The data controller", "The commissioner’s analysts", "Patients aged 55–80", "GPs’ practices", "The programme",
)  # fmt: skip
VERBS = (
    "will be used to", "is required to", "enables staff to", "has been requested to", "must be able to",
    "will continue to", "is processed in order to", "supports the need to",
)  # fmt: skip
ACTIONS = (
    "assess", "benchmark", "compare", "monitor", "evaluate", "understand", "link", "identify", "validate", "plan",
    "forecast", "review", "reduce", "improve", "commission", "report on", "investigate", "describe",
)  # fmt: skip
OBJECTS = (
    "the outcomes of treatment", "inequalities between patients", "the quality of services",
    "emergency admissions – including re-admissions", "cohorts of patients at risk", "the “did not attend” rate",
    "unwarranted variation (p<0.05)", "care in years 2019–2024", "case-mix adjusted mortality", "costs above £1,500",
    "prescribing of high-cost drugs", "small numbers (<5) in published tables", "A&E and urgent care flows",
    "the final cohort (n = 2,310)", "staff & estate planning", "waiting times over 18 weeks",
)  # fmt: skip
QUALIFIERS = (
    "across the whole system", "at record level", "in line with the HES Analysis Guide", "for five financial years",
    "with small numbers suppressed", "under the terms of the Data Sharing Agreement",
    "as described in NIC-322238-S0R5F",
    "where 1.5% or more of records don’t match", "in accordance with Article 6(1)(e) of the GDPR",
    "before the end of the year’s reporting cycle",
)  # fmt: skip
HEADINGS = (
    "PROCESSING CONDITIONS:", "DATA RETENTION", "Outputs will include:", "Expected outputs of the programme:",
    "Purposes of the study are threefold:", "Datasets requested:", "INVOICE VALIDATION", "Data minimisation:",
    "Processing for commissioning will be carried out as follows:", "Benefits to patients:",
    "Objective for processing:", "Yielded benefits to date –", "Section 14Z33 – Duty as to effectiveness, etc",
)  # fmt: skip
BOILERPLATE = (
    "The Data will only be shared with those parties listed and will only be used for the purposes laid out in the "
    "application. The Data to be released from NHS England will not be national data, but only that data relating to "
    "the specific locality of interest of the applicant."
)
BOILERPLATE_REWORDED = BOILERPLATE.replace("the purposes laid out in the application", "the purposes approved by AGD")
SUBSTANTIVE_WORDS = (
    "onward", "commercially", "indefinitely", "re-identified", "abroad", "automatically", "nationally", "insurers",
)  # fmt: skip


def sentence(rng: Random) -> str:
    parts = (rng.choice(pool) for pool in (SUBJECTS, VERBS, ACTIONS, OBJECTS, QUALIFIERS))
    return " ".join(parts) + "."


def title(rng: Random) -> str:
    """Return a title of one of the odd forms that stand in the register."""
    topic = rng.choice(OBJECTS)
    place = rng.choice(PLACES)
    shapes = (
        f"DSfC - NHS {place} Integrated Care Board- IV, RS & Comm",
        f"Evaluation of {topic} in {place}.",
        f"MR{rng.randint(100, 1999)} - {topic.upper()}",
        f"Long term follow-up of {topic} –",
        f"What happened to {topic}? A linkage study ( {place[:3].upper()}_2000_{rng.randint(100, 999)} )",
        f"{place}: “{topic}”; phase {rng.randint(1, 4)}/5 — extension of NIC-{rng.randint(10000, 99999)}-K1B2C",
        f"{place}",
        f"Joint data sharing agreement between {place} City CCG, West {place} CCG, {place} City Council, {place} "
        f"County Council and the University of {place} for the purpose of {topic}, {rng.choice(QUALIFIERS)}, and "
        f"for no other purpose.",
    )
    return rng.choice(shapes)


def reference(rng: Random) -> str:
    """Return a reference, mostly of the usual form."""
    tail = rng.choice("ABCDFGHJ") + str(rng.randint(0, 9)) + rng.choice("KLMNPQRS") + str(rng.randint(0, 9)) + "X"
    if rng.random() < 0.1:
        tail = rng.choice(("WYFD5", "8GS7S", "YSQFX", "1AB2C", "P0C5M"))
    number = rng.randint(1000, 799999)
    shape = rng.random()
    if shape < 0.8:
        return f"DARS-NIC-{number}-{tail}"
    if shape < 0.92:
        return f"NIC-{number}-{tail}"
    if shape < 0.95:
        return f"DARS-NIC-0{number % 10000:04d}-{tail}"
    number %= 1000
    return rng.choice(
        (f"PHECancerReg{number}", f"CASEMIX_NHSE{number}", f"CSU RS Ps/sens {number}", f"GPCENSUS{number}")
    )
