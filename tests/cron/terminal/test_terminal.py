import csv
import io
import json
from pathlib import Path

import pytest

from cron.terminal.news import render_changes, render_redline
from cron.terminal.output import Progress, progress_line
from cron.terminal.reports import ImportReport, render_import
from cron.terminal.style import TableColumn, facts, render_table, wants_colour
from diff.cells import to_csv, to_json, to_ndjson
from diff.saying.phrase import WITHDRAWN
from diff.saying.redline import Redline, Run
from scraper.text import clean
from tests.harness.builders import a_change

GOLDEN = Path(__file__).parent / "golden"


def change(kind, severity="low", **values):
    return a_change(kind, severity=severity, **values)


MERIDIAN = {"organisation": "Meridian Outcomes Research Ltd", "reference": "DARS-NIC-904417-T2H6P"}
EASTMERE = {"organisation": "NHS Eastmere Integrated Care Board", "reference": "DARS-NIC-918274-K4R7T"}
WEXCOMBE = {"organisation": "Wexcombe City Council", "reference": "DARS-NIC-911870-D2Z5J"}
NO_FLOW = "Does not include the flow of confidential data"
MIXTURE = (
    "Mixture of confidential data flow(s) with support under section 251 NHS Act 2006 and non-confidential data flow(s)"
)
NIGHT = [
    change("commercial-changed", "high", **MERIDIAN, id="ca0df2c9", before=["No"], after=["No", "Yes"], added=["Yes"]),
    change(
        "legal-basis-changed",
        "high",
        **EASTMERE,
        id="8b5cc4df",
        before=["HSCA2012:s261(2)(a)"],
        after=["HSCA2012:s261(2)(a)", "HSCA2012:s261(7)", "NHSA2006:s251"],
        added=["NHSA2006:s251", "HSCA2012:s261(7)"],
    ),
    change(
        "agreement-removed",
        "medium",
        id="6ab9f1eb",
        organisation="Calder Moor University Hospitals NHS Foundation Trust",
        reference="DARS-NIC-908127-H5W3Y",
    ),
    change("dataset-added", "medium", **MERIDIAN, id="29c1b289", added=["Emergency Care Data Set (ECDS)"]),
    change(
        "confidentiality-changed",
        "medium",
        **EASTMERE,
        id="ac0f09c0",
        before=[NO_FLOW],
        after=[MIXTURE],
        removed=[NO_FLOW],
        added=[MIXTURE],
    ),
    change("dsa-extended", "medium", **EASTMERE, id="cef7fc13", before="2026-03-12", after="2029-03-12"),
    change("controller-added", "medium", id="f998fe06", added=["ASHDOWN INSTITUTE FOR AGEING"]),
    change(
        "agreement-added",
        "medium",
        id="33112ee1",
        reference="DARS-NIC-927731-B8F3W",
        title="Winter pressures and frailty: a linked cohort",
    ),
    change("dataset-added", "medium", **WEXCOMBE, id="60c5590f", added=["Civil Registrations of Death"]),
    change(
        "legal-basis-changed",
        id="711430f6",
        group="711430f6",
        organisation=None,
        reference=None,
        agreements=38,
        removed=["HSCA2012:s261(2)(b)(ii)"],
        added=["HSCA2012:s261(2)(a)"],
        details={"organisations": 21},
    ),
    change("releases-continued", **EASTMERE, id="44977712", before="2026-05", after="2026-10"),
    change(
        "text-changed",
        **EASTMERE,
        id="43700797",
        field="objectives",
        before="…",
        after="…",
        details={"words_out": 16, "words_in": 54, "first_out": "NHS Digital", "first_in": "NHS England"},
    ),
    change(
        "access-method-changed",
        id="7dc96f77",
        organisation="The Brightwater Cancer Charity",
        reference="DARS-NIC-919004-L6Q1V",
        before=["One-Off"],
        after=["System Access"],
    ),
    change("dataset-removed", **WEXCOMBE, id="06f8faea", removed=["Primary Care Mortality Database"]),
]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("colour", "suffix"), [(False, "txt"), (True, "ansi")])
def test_a_night_looks_as_agreed(width, colour, suffix):
    text = render_changes(
        NIGHT,
        width=width,
        colour=colour,
        editorial_left_out=31,
        dataset_counts={"DARS-NIC-927731-B8F3W": 4},
    )

    assert text == (GOLDEN / f"changes-{width}.{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 72, 80, 99, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    long_name = change("title-changed", organisation="N" * 300, before="b " * 200, after="a" * 500)

    for line in render_changes([*NIGHT, long_name], width=width).splitlines():
        assert len(line) <= width


OWN_WORDS = "The register page’s own words."


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            change("dsa-term-changed", before="2026-03-12", after=None),
            ["Printed term changed: 2026-03-12 → none printed"],
        ),
        (change("opt-outs-changed", before=[], after=["No"]), ["Opt-outs: none printed → No"]),
        (change("files-count-changed", before=58, after=1204), ["Files disseminated: 58 → 1204"]),
        (change("agreement-moved", before=["a_ccg"], after=["a_icb"]), ["Moved to another page: a_ccg → a_icb"]),
        (
            change("agreement-moved", before=["a" * 30], after=["b" * 30]),
            ["Moved to another page:", "- " + "a" * 30, "+ " + "b" * 30],
        ),
        (change("wording-changed", field="legal_bases"), ["Same meaning, printed otherwise: Legal basis"]),
        (change("text-changed", field="remainder", after="A remark."), ["Other lines now printed", "{+A remark.+}"]),
        (change("text-changed", field="outputs", before="A report."), ["Outputs no longer printed", "[-A report.-]"]),
        (change("organisation-added", reference=None), ["Organisation new on the register"]),
        (change("flag-raised", after="They got both."), ["The page raises a flag: “They got both.”", OWN_WORDS]),
        (
            change("incident-removed", before="breached contract"),
            ["A remark no longer stands on the page: “breached contract”", OWN_WORDS],
        ),
        (
            change("incident-noted", field="remainder", before="(closed)", after="Audited."),
            ["A remark now stands on the page: “(closed)” → “Audited.”", OWN_WORDS],
        ),
        (
            change("incident-noted", field="remainder", group="1234567890", agreements=31, added=["Audited."]),
            ["The same edit on 31 agreements. A remark now stands on the page:", "+ “Audited.”", OWN_WORDS],
        ),
        (
            change("controller-succeeded", before="A CCG", after="AN ICB", added=["AN ICB"]),
            ["Data controller presumably succeeded: A CCG → AN ICB", "The earlier name still stands beside it."],
        ),
        (change("agreement-added", title="T", details={"listed_again": True}), ["Listed again", "“T”"]),
        (
            change("dsa-extended", before="2026", after="2027", withdrawn=True),
            ["Printed end moved later: 2026 → 2027", WITHDRAWN],
        ),
        (
            change("title-changed", before="An old and rather long title", after="A new and rather long title"),
            ["Title changed:", "- An old and rather long title", "+ A new and rather long title"],
        ),
        (
            change("dataset-added", group="1234567890", agreements=31, added=["Ambulance Data Set (ADS)"]),
            ["The same edit on 31 agreements. Dataset added: Ambulance Data Set (ADS)"],
        ),
    ],
)
def test_below_the_names_stands_what_changed_as_mails_and_pages_say_it(one, said):
    lines = render_changes([one], width=80).splitlines()[3:]

    assert [line.removeprefix(" " * 8) for line in lines] == said


def test_editions_imported_under_a_date_say_no_hour():
    (heading, *_) = render_changes([change("text-changed", first_seen="2026-11-01T00:00:00Z", run=2)]).splitlines()

    assert heading == "Sunday 1 November 2026, run 2  1 change first seen"


def test_no_changes_are_said_in_words():
    assert render_changes([]) == "No changes.\n"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[2Jb", "ab"),
        ("a\x9b31mb", "ab"),
        ("a\x1b]0;owned\x07b", "ab"),
        ("a\x1b]52;c;bm8=\x1b\\b", "ab"),
        ("a\u202eb\u2066c\u200f", "abc"),
        ("a\r\nb\x00\x07\x7f", "a b"),
        ("a\ud800b", "ab"),
        ("a\x1b", "a"),
        ("a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg", "abcdefg"),
        ("\N{TRIANGULAR FLAG ON POST} é – ’", "\N{TRIANGULAR FLAG ON POST} é – ’"),
    ],
)
def test_text_of_a_page_cannot_steer_the_terminal(hostile, shown):
    assert clean(hostile) == shown


def test_nothing_that_comes_off_a_page_reaches_the_screen_unclean():
    bad = "x\x1b[31m\u202e\x9by"
    kinds = ["dataset-added", "title-changed", "text-changed", "flag-raised", "agreement-added", "opt-outs-changed"]
    changes = [
        change(kind, organisation=bad, reference=bad, title=bad, before=bad, after=bad, added=[bad], removed=[bad],
               field=bad, summary=bad, details={"words_out": 1, "words_in": 1, "first_in": bad})
        for kind in kinds
    ]  # fmt: skip
    redline = Redline(((Run("out", bad),),))
    report = ImportReport(
        run=1, fetched_at="2026-11-01", complete=True, unchanged=0, changed=0, new=0, refused=[(bad, bad)], held=bad
    )

    for text in (
        render_changes(changes, width=120),
        render_redline(redline),
        render_table([{"a": bad}], [TableColumn("a", "A")]),
        render_import(report),
        facts([("A", bad)]),
        to_csv([{"a": bad}]),
        to_json([bad]),
        progress_line(1, 2, 3.0, bad, 120),
    ):
        assert not {"\x1b", "\u202e", "\x9b"} & set(text)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_go_to_a_terminal_that_wants_them(stream, environ, wanted):
    assert wants_colour(stream, environ) is wanted


def test_an_import_says_what_was_taken_and_what_changed():
    report = ImportReport(
        run=2,
        fetched_at="2026-11-01T00:00:00Z",
        complete=True,
        unchanged=697,
        changed=14,
        new=1,
        refused=[("stonegate_biometrics_llp", "the page stops inside a tag")],
        changes=[*NIGHT, change("wording-changed", "info", substantive=False)],
    )

    assert render_import(report, width=80) == (GOLDEN / "import-80.txt").read_text(encoding="utf-8")


def test_a_first_import_says_where_the_history_begins():
    report = ImportReport(
        run=1, fetched_at="2026-10-01T00:00:00Z", complete=False, unchanged=0, changed=0, new=13, baseline=True
    )

    assert render_import(report).splitlines() == [
        "Run 1, edition of Thursday 1 October 2026",
        "",
        "Pages       read 13    unchanged 0    changed 0    new 13    refused 0",
        "",
        "Changes     none: what these pages say is where the history begins",
    ]


def test_facts_stand_under_each_other_and_wrap():
    text = facts([("Last run", "515, Mon 23 Nov 2026\n711 of 712 pages read"), ("Held", "none " * 20)], width=60)

    assert text.splitlines() == [
        "Last run    515, Mon 23 Nov 2026",
        "            711 of 712 pages read",
        "Held        none none none none none none none none none",
        "            none none none none none none none none none",
        "            none none",
    ]


def test_a_table_cuts_its_widest_column_and_sets_numbers_right():
    rows = [
        {"name": "University of Harrowdale", "agreements": 12, "end": "2026-10"},
        {"name": "Calder Moor University Hospitals NHS Foundation Trust", "agreements": 3, "end": None},
    ]
    columns = [
        TableColumn("name", "Organisation"),
        TableColumn("agreements", "Agreements"),
        TableColumn("end", "Printed end"),
    ]

    assert render_table(rows, columns, width=64).splitlines() == [
        "Organisation                            Agreements  Printed end",
        "────────────────────────────────────────────────────────────────",
        "University of Harrowdale                        12  2026-10",
        "Calder Moor University Hospitals NHS…            3  none printed",
    ]


LISTED = [
    {
        "reference": "DARS-NIC-617743-X0M9Z",
        "organisation": "NHS Coventry And Warwickshire Integrated Care Board",
        "title": "Integrated Care Board Pseudonymised National HES Extract Service",
        "end": "2026-03-12",
        "n": 12,
    },
    {"reference": "DARS-NIC-1-A", "organisation": "Wexcombe", "title": None, "end": None, "n": 4},
]
LIST = [
    TableColumn("reference", "Reference", whole=True),
    TableColumn("organisation", "Organisation"),
    TableColumn("title", "Title"),
    TableColumn("end", "Printed end", whole=True),
    TableColumn("n", "Datasets"),
]


@pytest.mark.parametrize("width", [20, 60, 61, 70, 80, 120])
@pytest.mark.parametrize("reference", ["DARS-NIC-617743-X0M9Z", "DARS-NIC-617743-X0M9Z-v1.2-and-more"])
def test_no_table_is_wider_than_the_terminal(width, reference):
    rows = [{**LISTED[0], "reference": reference}, LISTED[1]]

    assert max(map(len, render_table(rows, LIST, width=width).splitlines())) <= max(width, 60)


def test_at_sixty_columns_references_dates_and_numbers_are_whole():
    text = render_table(LISTED, LIST, width=60)

    for whole in ("DARS-NIC-617743-X0M9Z", "2026-03-12", " 12"):
        assert whole in text


def test_a_column_that_finds_no_room_is_left_out_and_named():
    text = render_table([{**LISTED[0], "reference": "R" * 30}], LIST, width=60)

    assert "Extract" not in text
    assert text.splitlines()[-1] == "Left out for want of room: Title, Organisation."


def test_numbers_stand_at_the_right_also_where_one_is_not_printed():
    rows = [{"name": "A", "files": 1204}, {"name": "B", "files": None}]
    lines = render_table(rows, [TableColumn("name", "Name"), TableColumn("files", "Files")]).splitlines()

    assert lines[2:] == ["A            1,204", "B     none printed"]


def test_a_redline_is_marked_by_more_than_colour_and_leaves_out_what_stayed():
    same = (Run("same", "Nothing new here."),)
    edited = (Run("same", "Data from"), Run("out", "NHS Digital"), Run("in", "NHS England"), Run("same", "are used."))
    redline = Redline((same, same, edited, same))

    assert render_redline(redline) == (
        "(2 paragraphs unchanged)\n\nData from [-NHS Digital-] {+NHS England+} are used.\n\n(1 paragraph unchanged)\n"
    )
    assert "\x1b[33m[-NHS Digital-]\x1b[0m \x1b[32m{+NHS England+}\x1b[0m" in render_redline(redline, colour=True)


def test_a_redline_wraps_inside_what_was_put_in():
    text = render_redline(Redline(((Run("in", "word " * 40),),)), width=60, colour=True)

    assert [line[:5] + line[-4:] for line in text.splitlines()] == ["\x1b[32m\x1b[0m"] * 4


@pytest.mark.parametrize("start", ["=1+1", "+44", "-1", "@SUM(1)", "\tx", "\rx", "＝1"])
def test_a_spreadsheet_runs_no_cell(start):
    (row,) = csv.DictReader(io.StringIO(to_csv([{"title": start}]), newline=""))

    assert row["title"] == "'" + start


def test_csv_is_rfc_4180():
    rows = [{"a": 'He said "no", twice', "b": ["x, y", "z"], "c": None, "d": True, "e": -3}, {"a": "two\nlines"}]

    assert to_csv(rows) == 'a,b,c,d,e\r\n"He said ""no"", twice","x, y; z",,true,-3\r\n"two\nlines",,,,\r\n'


def test_csv_without_rows_still_has_its_head():
    assert to_csv([], ["id", "kind"]) == "id,kind\r\n"


def test_json_keeps_every_character_and_steers_no_terminal():
    text = to_json([{"a": "–\x9b\u202e\ud800"}])

    assert "–" in text
    assert json.loads(text) == [{"a": "–\x9b\u202e\ud800"}]
    assert to_ndjson([{"a": 1}, {"a": "x\ny"}]) == '{"a": 1}\n{"a": "x\\ny"}\n'


def test_the_progress_line_fits_and_tells_the_rest():
    assert progress_line(427, 712, 427.0, "university_of_harrowdale", 120) == (
        "━" * 23 + "─" * 17 + "  427 of 712  1.0 a second  4 min 45 s left  university_of_harrowdale"
    )
    assert progress_line(427, 712, 427.0, "university_of_harrowdale", 80) == (
        "━" * 11 + "─" * 9 + "  427 of 712  1.0 a second  4 min 45 s left"
    )


def test_progress_is_rewritten_and_wiped_on_a_terminal_only():
    times = iter([0.0, 0.5, 1.5, 1.55])
    terminal = Terminal()
    with Progress(3, terminal, width=80, clock=lambda: next(times)) as progress:
        for name in "abc":
            progress.step(name)
    pipe = io.StringIO()
    with Progress(1, pipe, width=80, clock=iter([0.0, 9.0]).__next__) as progress:
        progress.step()

    assert terminal.getvalue().split("\r\x1b[K") == ["", progress_line(2, 3, 1.5, "", 80), ""]
    assert pipe.getvalue() == ""


def test_what_a_limit_leaves_out_is_counted():
    text = render_changes([change("text-changed")], width=80, more=7)

    assert "7 more left out by --limit." in text
