"""Changes in few words: each kind has a phrase, the values stand in it, and nothing that a page prints gets through."""

import re
import unicodedata
from dataclasses import replace

import pytest

from diff.details import NO_DETAILS
from diff.kinds import ChangeKind
from diff.saying.phrase import LONGEST_VALUE, MOST_VALUES, Told, phrase
from diff.saying.redline import Run
from tests.harness.builders import PLAIN, PROSE, Watched, a_change, agreement, bases, edited, page

BREACH = "breached contract — audit report."
CAMDEN, BOARD = "NHS CAMDEN CCG", "NHS NORTH CENTRAL LONDON ICB"
HOSTILE = "<script>x</script>\r\nBcc: y \x00\x1b[31m\u202edesrever " + "w" * 20_000


def change(kind, **fields):
    about = {"severity": "low", "reference": "DARS-NIC-927731-B8F3W", "title": "Winter admissions in coastal towns"}
    return a_change(str(kind), **about | {"summary": "A sentence"} | fields)


def said(phrase):
    """Return a phrase as plain text would show it."""
    if phrase.form == "pair":
        values = " -> ".join(f"{mark}:{text}" for mark, text in phrase.lines)
    elif phrase.form == "prose":
        values = " ".join(f"{run.mark}:{run.text}" for run in phrase.runs)
    else:
        values = " | ".join(f"{mark}:{text}" for mark, text in phrase.lines)
    return " ".join(filter(None, (phrase.words, values)))


def edit(field, before, after, **fields):
    return {"field": field, "before": before, "after": after, **fields}


def words(before, after, *, span="term"):
    """Return the details of words that stand in place of an end."""
    sides = {f"{span}_before": before, f"{span}_after": after}
    return {name: {"start": "2020-01", "end": None, "word": word} for name, word in sides.items()}


def renewed(before, after, **others):
    """Return the details of a version whose term ends otherwise than that of the one below it."""
    ends = {"term_before": before, "term_after": after}
    return {name: {"start": "2020-04-01", "end": end, "word": None} for name, end in ends.items()} | others


KINDS = [
    ("organisation-added", {}, "Organisation new on the register"),
    ("organisation-removed", {}, "Organisation no longer on the register"),
    ("organisation-renamed", edit("organisation", "A", "B"), "Organisation renamed: out:A -> in:B"),
    ("organisation-renamed", edit("organisation", ["A", "a"], ["B", "b"]), "Organisation renamed: out:A -> in:B"),
    (
        "reorganisation",
        {"field": "ccg-2022 2022-07-01", "group": "0" * 20, "details": {"pages": 30, "agreements": 71}},
        "Reorganisation ccg-2022 of 2022-07-01: "
        "30 pages and 71 agreements now stand under the bodies that are known to follow those named before",
    ),
    ("agreement-added", {}, "New on the register’s pages"),
    ("agreement-removed", {}, "No longer on the register’s pages"),
    ("agreement-moved", edit(None, ["a"], ["b"]), "Moved to another page: out:a -> in:b"),
    ("agreement-moved", edit(None, ["a"], ["a", "b"]), "Now also on another page in:b | same:a"),
    ("agreement-moved", edit(None, ["a", "b"], ["b"]), "No longer on a page: out:a -> same:b"),
    ("reference-changed", edit("reference", "NIC-1", "DARS-NIC-1"), "Reference changed: out:NIC-1 -> in:DARS-NIC-1"),
    (
        "version-added",
        edit("version", "1.4", "2.0", details=renewed("2023-03-31", "2026-03-31", datasets_added=["ECDS"])),
        "New version 2.0 out:term 2020-04-01 to 2023-03-31 | in:term 2020-04-01 to 2026-03-31 | in:ECDS",
    ),
    ("version-removed", edit("version", "1.4", None), "Version 1.4 no longer listed"),
    (
        "dataset-row-changed",
        {"field": "dataset_rows", "added": ["ECDS | Identifiable"], "removed": ["ECDS | Anonymised"]},
        "Dataset row changed: out:ECDS | Anonymised -> in:ECDS | Identifiable",
    ),
    (
        "controller-basis-changed",
        edit("controller_basis", "Sole Data Controller", "Joint Data Controller"),
        "Sole or joint: out:Sole Data Controller -> in:Joint Data Controller",
    ),
    ("dataset-added", {"added": ["ECDS"]}, "Dataset added: in:ECDS"),
    ("dataset-removed", {"removed": ["ECDS"]}, "Dataset removed: out:ECDS"),
    (
        "dataset-relabelled",
        edit("datasets", "AD", "ADS", added=["ADS"]),
        "Dataset probably under a newer name: same:AD -> in:ADS",
    ),
    ("dsa-extended", edit("dsa_end", "2026-03", "2029-03"), "Printed end moved later: out:2026-03 -> in:2029-03"),
    ("dsa-shortened", edit("dsa_end", "2029-03", "2026-03"), "Printed end moved earlier: out:2029-03 -> in:2026-03"),
    ("dsa-term-changed", edit("dsa_start", "2026", None), "Printed term changed, start: out:2026 -> same:none printed"),
    (
        "dsa-term-changed",
        edit("when_note", "No", "Yes", details=words("No", "Yes")),
        "Printed term changed: out:“No” -> in:“Yes”",
    ),
    (
        "dsa-term-changed",
        edit("when_note", None, "amended by letter of 2024-05-01"),
        "A remark now stands beside the dates: in:“amended by letter of 2024-05-01”",
    ),
    (
        "release-window-changed",
        edit("when_note", "ongoing", "No", details=words("ongoing", "No", span="window")),
        "Release window changed: out:“ongoing” -> in:“No”",
    ),
    ("releases-continued", edit("released_to", "2026-05", "2026-10"), "Releases continued: out:2026-05 -> in:2026-10"),
    (
        "release-window-changed",
        edit("released_to", "2026-05", "2026-01"),
        "Release window changed, last month: out:2026-05 -> in:2026-01",
    ),
    (
        "legal-basis-changed",
        edit("legal_bases", [PLAIN], ["TEXT:0123456789ab", PLAIN], added=["TEXT:0123456789ab"]),
        "Legal basis: citations changed in:a basis in words of its own (TEXT:0123456789ab) | "
        "same:section 261(2)(a) of the Health and Social Care Act 2012",
    ),
    ("opt-outs-changed", edit("opt_outs", ["No"], ["Yes"]), "Opt-outs: out:No -> in:Yes"),
    (
        "type-of-data-changed",
        edit("type_of_data", None, ["X"], added=["X"]),
        "Type of data gains “X”: same:none printed -> in:X",
    ),
    (
        "confidentiality-changed",
        edit("confidentiality", ["A" * 70], ["B" * 70], added=["B" * 70], removed=["A" * 70]),
        f"Confidentiality out:{'A' * 70} | in:{'B' * 70}",
    ),
    ("sensitivity-changed", edit("sensitivity", ["X"], ["Y"], added=["Y"], removed=["X"]), "Sensitive: out:X -> in:Y"),
    ("access-method-changed", edit("access_methods", ["X"], []), "Access method: out:X -> same:none printed"),
    (
        "commercial-changed",
        edit("commercial", ["No"], ["No", "Yes"], added=["Yes"]),
        "Commercial purpose gains “Yes” in:Yes | same:No",
    ),
    (
        "opt-outs-changed",
        edit("opt_outs", ["No", "Yes"], ["No"], removed=["Yes"]),
        "Opt-outs out:Yes | same:No",
    ),
    ("sublicensing-changed", edit("sublicensing", ["Yes"], ["No"]), "Sublicensing: out:Yes -> in:No"),
    ("organisation-type-changed", edit("organisation_types", ["X"], ["Y"]), "Organisation type: out:X -> in:Y"),
    ("controller-added", {"added": ["X LLP"]}, "Data controller added: in:X LLP"),
    ("controller-removed", {"removed": ["X LLP"]}, "Data controller removed: out:X LLP"),
    (
        "controller-succeeded",
        edit("controllers", CAMDEN, BOARD, added=[BOARD], removed=[CAMDEN]),
        f"Data controller presumably succeeded: out:{CAMDEN} -> in:{BOARD}",
    ),
    ("title-changed", edit("title", "Winter", "Summer"), "Title changed: out:Winter -> in:Summer"),
    (
        "text-changed",
        edit("objectives", "They use DAE.", "They use it."),
        "Objectives reworded same:They use out:DAE. in:it.",
    ),
    ("discussion-added", edit("discussions", ["A"], ["A", "B"], added=["B"]), "Discussion added in:B | same:A"),
    ("incident-noted", edit("when_note", None, BREACH), f"A remark now stands beside the dates: in:“{BREACH}”"),
    (
        "incident-removed",
        edit("when_note", BREACH, None),
        f"A remark no longer stands beside the dates: out:“{BREACH}”",
    ),
    (
        "incident-noted",
        edit("remainder", "(closed)", BREACH),
        f"A remark now stands on the page: out:“(closed)” -> in:“{BREACH}”",
    ),
    ("incident-removed", edit("remainder", BREACH, None), f"A remark no longer stands on the page: out:“{BREACH}”"),
    (
        "incident-noted",
        edit("remainder", None, None, added=[BREACH], group="1", agreements=31),
        f"The same edit on 31 agreements. A remark now stands on the page: in:“{BREACH}”",
    ),
    ("flag-raised", edit("flags", None, "It was sent."), "The page raises a flag: in:“It was sent.”"),
    ("flag-cleared", edit("flags", "It was sent.", None), "The page no longer raises a flag: out:“It was sent.”"),
    ("files-count-changed", edit("files_disseminated", 1, 2), "Files disseminated: out:1 -> in:2"),
    (
        "layout-changed",
        edit("layout", "L3", "L4", agreements=900, reference=None),
        "Layout of the site changed, on pages with 900 agreements: out:L3 -> in:L4",
    ),
    (
        "wording-changed",
        edit("controllers", ["A – B", "C"], ["A B", "C"]),
        "Same meaning, printed otherwise: Data controllers: out:A – B -> in:A B",
    ),
    ("wording-changed", edit("objectives", "A – b", "A b"), "Same meaning, printed otherwise: Objectives"),
]


@pytest.mark.parametrize(("kind", "fields", "expected"), KINDS)
def test_each_kind_has_its_phrase(kind, fields, expected):
    assert said(phrase(Told(change(kind, **fields)))) == expected


def test_no_kind_is_without_a_phrase():
    assert {kind for kind, _, _ in KINDS} == {str(kind) for kind in ChangeKind}


def told_of(sighting=1, **edits):
    (told,) = edited(sighting, **edits)
    return phrase(Told(told))


def test_what_is_new_among_the_legal_bases_leads():
    with_support = told_of(legal_bases=bases(PLAIN, "NHSA2006:s251"))

    assert with_support.head == "Legal basis: section 251 support is new"
    assert with_support.lines == (
        ("in", "section 251 of the National Health Service Act 2006"),
        ("same", "section 261(2)(a) of the Health and Social Care Act 2012"),
    )
    assert with_support.short == "section 251 support new"
    assert told_of(2, legal_bases=()).head == "Legal basis: none cited now"


def test_another_limb_of_the_same_act_stands_on_one_line():
    limb = told_of(legal_bases=bases("HSCA2012:s261(2)(b)(ii)"))

    assert said(limb) == ("Legal basis: cited limb changed, family unchanged: out:s261(2)(a) -> in:s261(2)(b)(ii)")
    assert limb.note == "Health and Social Care Act 2012."


def test_consent_that_goes_is_said_first():
    def with_basis(*ids):
        return page(agreement(legal_bases=bases(*ids)))

    watched = Watched(with_basis(PLAIN, "CONSENT:informed"))
    watched.see(with_basis(PLAIN))
    (told,) = watched.see(with_basis(PLAIN))

    assert phrase(Told(told)).head == "Legal basis: consent no longer cited"


def test_reworded_prose_says_how_many_words_and_shows_the_edit():
    reworded = told_of(objectives=PROSE.replace("NHS Digital", "NHS England"))

    assert reworded.words == "Objectives reworded: 1 word out, 1 in"
    assert reworded.form == "prose"
    assert [run for run in reworded.runs if run.mark != "same"] == [Run("out", "Digital"), Run("in", "England")]
    assert told_of(processing="It is linked.").words == "Processing now printed: 3 words"
    assert told_of(2, outputs=None).words == "Outputs no longer printed: 4 words"


def test_both_dates_of_a_term_are_given():
    moved = told_of(dsa_start="2024-01-01", dsa_end="2029-03-12")

    assert said(moved) == "Printed end moved later: out:2026-03-12 -> in:2029-03-12"
    assert moved.note == "The printed start moved from 2023-03-13 to 2024-01-01."
    assert said(told_of(2, dsa_start=None, dsa_end=None)) == (
        "Printed term changed: out:2023-03-13 to 2026-03-12 -> same:none printed"
    )
    assert said(told_of(2, released_from=None, released_to=None)) == (
        "Release window changed: out:2023-12 to 2024-11 -> same:none printed"
    )
    assert told_of(dsa_end=None, when_note="No").note == "The page now reads “No”."


def test_a_new_agreement_says_what_is_known_of_it():
    new = change("agreement-added")
    mental_health = "Mental Health Services Data Set (MHSDS)"

    told = phrase(Told(new, datasets=4, named=(mental_health,), term="2026-11-02 to 2029-11-01"))

    assert told.words == (
        f"New on the register’s pages, with 4 datasets, one of them {mental_health}, "
        "printed term 2026-11-02 to 2029-11-01"
    )
    assert phrase(Told(new, datasets=1, named=(mental_health,))).tail == f"with 1 dataset: {mental_health}"
    assert phrase(Told(new, datasets=0)).tail == "with 0 datasets"
    assert phrase(Told(change("agreement-added", details={"listed_again": True}))).head == "Listed again"


def test_an_agreement_that_moved_names_the_organisations():
    names = {"eastmere_ccg": "NHS Eastmere CCG", "eastmere_icb": "NHS Eastmere ICB"}
    moved = change("agreement-moved", before=["eastmere_ccg"], after=["eastmere_icb"], details={"page_names": names})

    told = phrase(Told(moved))

    assert said(told) == "Moved to another page: out:NHS Eastmere CCG -> in:NHS Eastmere ICB"


def test_a_group_gives_its_count_and_the_edit():
    def pages(**fields):
        return [
            page(agreement(f"DARS-NIC-{100000 + n}-A1B2C", **fields), slug=f"trust_{n // 2}_{n}") for n in range(38)
        ]

    watched = Watched(*pages())
    (group,) = watched.see(*pages(legal_bases=bases("HSCA2012:s261(2)(b)(ii)")))
    members = group.members
    edit = "Legal basis: cited limb changed, family unchanged: out:s261(2)(a) -> in:s261(2)(b)(ii)"

    assert said(phrase(Told(group, members))) == f"The same edit on 38 agreements at 38 organisations. {edit}"
    assert phrase(Told(group, members[:2])) == phrase(Told(group, members))
    assert said(phrase(Told(replace(group, details=NO_DETAILS), members))) == f"The same edit on 38 agreements. {edit}"
    assert said(phrase(Told(group, members[:1]), as_member=True)) == f"One of 38 agreements with the same edit. {edit}"


def test_a_group_of_names_shows_those_of_its_first_member():
    names = {"before": "Ambulance Data", "after": "Ambulance Data Set (ADS)", "added": ["Ambulance Data Set (ADS)"]}
    group = change("dataset-relabelled", group="g" * 20, agreements=31, reference=None, added=names["added"])
    member = change("dataset-relabelled", **names, removed=["Ambulance Data"])

    assert said(phrase(Told(group, [member]))) == (
        "The same edit on 31 agreements. Dataset probably under a newer name: "
        "out:Ambulance Data -> in:Ambulance Data Set (ADS)"
    )
    assert said(phrase(Told(group))) == (
        "The same edit on 31 agreements. Dataset probably under a newer name: in:Ambulance Data Set (ADS)"
    )


def test_long_values_stand_below_each_other_and_many_are_counted():
    long = phrase(Told(change("title-changed", field="title", before="A" * 61, after="B")))
    many = phrase(Told(change("discussion-added", field="discussions", added=[f"{n}" for n in range(50)])))

    assert (long.form, long.opening) == ("lines", "Title changed")
    assert len(many.lines) == MOST_VALUES + 1
    assert many.lines[-1] == ("same", f"and {50 - MOST_VALUES} more")


def test_the_pages_own_words_are_quoted_and_said_to_be_its_own():
    assert (
        phrase(Told(change("flag-raised", field="flags", after="It was sent."))).note
        == "The register page’s own words."
    )


def test_a_withdrawn_change_says_why_it_stands_there():
    withdrawn = phrase(Told(change("dataset-added", added=["ECDS"], withdrawn=True)))

    assert withdrawn.note == "Told once; the kept pages no longer show it."


@pytest.mark.parametrize(("kind", "fields", "_"), KINDS)
def test_what_a_page_prints_is_made_safe_and_cut(kind, fields, _):
    def poisoned(value):
        if isinstance(value, list):
            return [f"{one}{HOSTILE}" for one in value]
        return f"{value}{HOSTILE}" if isinstance(value, str) else value

    fields = {key: poisoned(value) if key != "field" else value for key, value in fields.items()}
    told = phrase(Told(change(kind, **fields), named=(HOSTILE,), term=HOSTILE, datasets=3))

    texts = [told.head, told.tail, told.note, told.short, *(text for _, text in told.lines)]
    texts += [run.text for run in told.runs]
    for text in texts:
        assert len(text) <= LONGEST_VALUE
        assert not re.search("[\x00-\x1f\u202a-\u202e]", text)
        assert all(unicodedata.category(sign) != "Cs" for sign in text)


def test_no_phrase_gives_an_opinion():
    for kind, fields, _ in KINDS:
        told = phrase(Told(change(kind, **fields)))
        words = " ".join((told.head, told.tail, told.note.replace(BREACH, "")))
        assert not re.search(r"\b(sold|breach|ended|alert|please)\b|!", words), words
