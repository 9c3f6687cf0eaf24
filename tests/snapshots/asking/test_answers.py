"""What is asked of the history: changes, one agreement, lists; now, and as of a time."""

import csv
import io
import json
from dataclasses import replace

import pytest

from tests.harness.editions import (
    ADMISSIONS,
    EASTMERE,
    FALLS,
    HARROWDALE,
    REGISTER,
    TIDES,
    WEXCOMBE,
    Page,
    Watch,
    many,
    with_project,
)

CRITICAL_CARE = "Hospital Episode Statistics Critical Care"
GAINS = with_project(HARROWDALE, datasets=(*ADMISSIONS.datasets, CRITICAL_CARE), end="2028-03-12")
NORTHAM = Page("NHS Northam ICB", many(30))


def in_files(folder, *editions):
    watch = Watch(folder)
    for pages, at in editions:
        result = watch.take(pages, at)
        assert result.exit_code == 0, result.output
    return watch


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    """Four editions: Harrowdale gains, Wexcombe sublicenses, then its end moves, then one agreement moves to it."""
    wexcombe = with_project(WEXCOMBE, sublicensing="Yes")
    return in_files(
        tmp_path_factory.mktemp("watch"),
        (REGISTER, "2026-06-01"),
        (REGISTER | {"university_of_harrowdale": GAINS, "wexcombe_city_council": wexcombe}, "2026-07-01T03:17:00Z"),
        (
            REGISTER
            | {
                "university_of_harrowdale": GAINS,
                "wexcombe_city_council": with_project(wexcombe, end="2025-12-31"),
            },
            "2026-08-01",
        ),
        (
            {
                "university_of_harrowdale": GAINS,
                "wexcombe_city_council": replace(
                    with_project(wexcombe, end="2025-12-31"),
                    projects=(*with_project(wexcombe, end="2025-12-31").projects, replace(TIDES, sublicensing="Yes")),
                ),
                "nhs_eastmere_icb": replace(
                    EASTMERE, projects=(replace(ADMISSIONS, reference="DARS-NIC-777777-A1A1A"),)
                ),
            },
            "2026-08-15",
        ),
    )


def kinds(changes):
    return [change["kind"] for change in changes]


def failed(result):
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return line


# --- as of a time -----------------------------------------------------------------------------------------------------


def shown(watch, reference, *options):
    (answer,) = watch.json("show", reference, *options)
    return answer


def test_show_tells_two_months_apart(watch):
    june = shown(watch, ADMISSIONS.reference, "--as-of", "2026-06-15")
    july = shown(watch, ADMISSIONS.reference, "--as-of", "2026-07-15")

    assert (june["agreement"]["dsa_end"], july["agreement"]["dsa_end"]) == ("2026-03-12", "2028-03-12")
    assert CRITICAL_CARE not in june["agreement"]["datasets"]
    assert CRITICAL_CARE in july["agreement"]["datasets"]
    assert june["changes"] == []
    assert sorted(kinds(july["changes"])) == ["dataset-added", "dsa-extended"]


def test_show_has_the_form_of_the_contract(watch):
    answer = shown(watch, "dars-nic-204517-h6m2p ")

    assert list(answer) == ["reference", "as_of", "pages", "agreement", "versions", "changes"]
    assert answer["reference"] == ADMISSIONS.reference
    assert answer["as_of"] == "2026-08-15T00:00:00Z"
    assert answer["pages"] == ["university_of_harrowdale"]
    assert [(one["first_seen"], one["last_seen"], one["ended"]) for one in answer["versions"]] == [
        ("2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z", None),
        ("2026-07-01T03:17:00Z", "2026-08-15T00:00:00Z", None),
    ]


def test_a_bare_date_means_all_of_its_day(watch):
    assert shown(watch, ADMISSIONS.reference, "--as-of", "2026-07-01")["agreement"]["dsa_end"] == "2028-03-12"
    assert shown(watch, ADMISSIONS.reference, "--as-of", "2026-07-01T03:16")["agreement"]["dsa_end"] == "2026-03-12"
    assert shown(watch, ADMISSIONS.reference, "--as-of", "2026-07-01T03:17")["agreement"]["dsa_end"] == "2028-03-12"


@pytest.mark.parametrize(
    "question", [("show", ADMISSIONS.reference), ("agreements",), ("organisations",), ("datasets",)]
)
def test_before_the_first_snapshot_nothing_is_known(watch, question):
    line = failed(watch.run(*question, "--as-of", "2026-05-31"))

    assert "not known before 2026-06-01" in line


def test_an_agreement_is_not_known_before_it_was_seen(watch):
    line = failed(watch.run("show", "DARS-NIC-777777-A1A1A", "--as-of", "2026-07-31"))

    assert "not known before 2026-08-15" in line


@pytest.fixture
def gone_for_good(tmp_path):
    """The page of Wexcombe lacks its second agreement from July on, which is confirmed in August."""
    both = replace(WEXCOMBE, projects=(FALLS, TIDES))
    return in_files(
        tmp_path,
        ({"wexcombe_city_council": both}, "2026-06-01"),
        ({"wexcombe_city_council": WEXCOMBE}, "2026-07-01"),
        ({"wexcombe_city_council": WEXCOMBE}, "2026-08-01"),
    )


def test_an_absence_that_was_confirmed_counts_from_its_first_sighting(gone_for_good):
    assert gone_for_good.told() == [("agreement-removed", TIDES.reference)]
    assert shown(gone_for_good, TIDES.reference, "--as-of", "2026-06-30")["pages"] == ["wexcombe_city_council"]

    for at in ("2026-07-01", "2026-07-31", "2026-08-01"):
        answer = shown(gone_for_good, TIDES.reference, "--as-of", at)
        assert (answer["pages"], answer["agreement"]) == ([], None)
    assert [one["ended"] for one in shown(gone_for_good, TIDES.reference)["versions"]] == ["2026-07-01T00:00:00Z"]


def test_lists_leave_out_what_ended(gone_for_good):
    def references(at):
        return [one["reference"] for one in gone_for_good.json("agreements", "--format", "json", "--as-of", at)]

    assert references("2026-06-30") == [FALLS.reference, TIDES.reference]
    assert references("2026-07-01") == [FALLS.reference]
    assert gone_for_good.json("organisations", "--format", "json", "--as-of", "2026-07-01")[0]["agreements"] == 1


def test_an_absence_that_came_back_never_was(tmp_path):
    both = replace(WEXCOMBE, projects=(FALLS, TIDES))
    watch = in_files(
        tmp_path,
        ({"wexcombe_city_council": both}, "2026-06-01"),
        ({"wexcombe_city_council": WEXCOMBE}, "2026-07-01"),
        ({"wexcombe_city_council": both}, "2026-08-01"),
    )

    assert watch.told() == []
    for at in ("2026-06-15", "2026-07-01", "2026-07-15", "2026-08-01"):
        assert shown(watch, TIDES.reference, "--as-of", at)["pages"] == ["wexcombe_city_council"]


def test_a_page_that_is_gone_takes_its_agreements_along_from_the_first_sighting(tmp_path):
    without = {"wexcombe_city_council": WEXCOMBE}
    watch = in_files(tmp_path, (REGISTER, "2026-06-01"), (without, "2026-07-01"), (without, "2026-08-01"))

    assert len(watch.json("organisations", "--format", "json", "--as-of", "2026-06-30")) == 3
    assert [one["slug"] for one in watch.json("organisations", "--format", "json", "--as-of", "2026-07-02")] == [
        "wexcombe_city_council"
    ]
    assert shown(watch, TIDES.reference, "--as-of", "2026-07-02")["agreement"] is None


def test_an_agreement_on_two_pages_is_shown_from_the_first_of_them(watch):
    answer = shown(watch, ADMISSIONS.reference)

    assert answer["pages"] == ["university_of_harrowdale"]


def test_lists_as_of_a_time_are_those_of_then(watch):
    june = watch.json("agreements", "--format", "json", "--as-of", "2026-06-01")
    now = watch.json("agreements", "--format", "json")

    assert [one["reference"] for one in june] == [TIDES.reference, ADMISSIONS.reference, FALLS.reference]
    assert len(now) == 4
    assert CRITICAL_CARE not in {d for one in june for d in one["datasets"]}
    listed = watch.json("datasets", "--format", "json")
    assert listed[0]["agreements"] >= listed[-1]["agreements"]
    assert CRITICAL_CARE in {name for one in listed for name in one["printed_as"]}
    assert CRITICAL_CARE not in json.dumps(watch.json("datasets", "--format", "json", "--as-of", "2026-06-30"))


# --- changes ----------------------------------------------------------------------------------------------------------


def test_changes_are_the_newest_first_then_the_most_severe(watch):
    found = watch.changes()

    assert [(one["first_seen"][:10], one["severity"], one["kind"]) for one in found] == [
        ("2026-08-15", "high", "sublicensing-changed"),
        ("2026-08-15", "medium", "agreement-added"),
        ("2026-08-15", "low", "agreement-moved"),
        ("2026-08-01", "low", "dsa-shortened"),
        ("2026-07-01", "high", "sublicensing-changed"),
        ("2026-07-01", "medium", "dataset-added"),
        ("2026-07-01", "medium", "dsa-extended"),
    ]
    ranks = ["high", "medium", "low", "info"]
    keys = [
        ([-ord(c) for c in one["first_seen"]], ranks.index(one["severity"]), one["organisation"] or "",
         one["reference"] or "", one["kind"], one["id"])
        for one in found
    ]  # fmt: skip
    assert keys == sorted(keys)


def test_since_is_inclusive(watch):
    assert {one["first_seen"] for one in watch.changes("--since", "2026-07-01T03:17:00Z", "--until", "2026-07-31")} == {
        "2026-07-01T03:17:00Z"
    }
    assert watch.changes("--since", "2026-07-01T03:17:01Z", "--until", "2026-07-31") == []
    assert watch.changes("--since", "2026-08-16") == []


def test_until_includes_the_day_of_a_bare_date(watch):
    assert len(watch.changes("--until", "2026-07-01")) == 3
    assert len(watch.changes("--until", "2026-07-01T03:17:00Z")) == 3
    assert watch.changes("--until", "2026-07-01T03:16:59Z") == []
    assert watch.changes("--until", "2026-06-30") == []


def test_severity_is_at_least(watch):
    counted = {name: len(watch.changes("--severity", name)) for name in ("high", "medium", "low", "info")}

    assert {one["severity"] for one in watch.changes("--severity", "high")} == {"high"}
    assert {one["severity"] for one in watch.changes("--severity", "medium")} == {"high", "medium"}
    assert counted["high"] < counted["medium"] < counted["low"] == counted["info"] == len(watch.changes())


def test_kinds_may_be_repeated(watch):
    found = watch.changes("--kind", "dataset-added", "--kind", "dsa-shortened")

    assert kinds(found) == ["dsa-shortened", "dataset-added"]


def test_limit_takes_the_first_of_the_order(watch):
    everything = watch.changes()

    assert watch.changes("--limit", "2") == everything[:2]
    assert watch.changes("--limit", "1000") == everything


def test_a_reference_is_found_whatever_its_case(watch):
    assert {one["reference"] for one in watch.changes("--reference", "dars-nic-204517-h6m2p")} == {ADMISSIONS.reference}


@pytest.mark.parametrize(
    "name",
    ["university_of_harrowdale", "University of Harrowdale", "UNIVERSITY OF HARROWDALE", "university of harrowdale"],
)
def test_an_organisation_is_found_by_slug_or_name(watch, name):
    found = watch.changes("--organisation", name)

    assert {one["page"] for one in found} == {"university_of_harrowdale"}
    assert sorted(kinds(found)) == ["dataset-added", "dsa-extended"]


def test_several_organisations_are_either_of_them(watch):
    found = watch.changes("--organisation", "university_of_harrowdale", "--organisation", "Wexcombe City Council")

    assert {one["page"] for one in found} >= {"university_of_harrowdale", "wexcombe_city_council"}


def test_a_move_is_found_from_both_of_its_pages(watch):
    for slug in ("nhs_eastmere_icb", "wexcombe_city_council"):
        assert ("agreement-moved", TIDES.reference) in watch.told("--organisation", slug)


def test_an_organisation_brings_its_predecessors(tmp_path):
    old = with_project(Page("NHS Camden CCG", (TIDES,)), controllers="NHS CAMDEN CCG")
    new = with_project(Page("NHS North Central London ICB - 93C", (FALLS,)), controllers="NHS CAMDEN CCG")
    watch = in_files(
        tmp_path,
        ({"nhs_camden_ccg": old, "nhs_north_central_london_icb": new}, "2026-06-01"),
        ({"nhs_camden_ccg": with_project(old, end="2027-01-01"), "nhs_north_central_london_icb": new}, "2026-07-01"),
    )

    assert watch.told("--organisation", "NHS NORTH CENTRAL LONDON ICB - 93C") == [("dsa-extended", TIDES.reference)]
    assert watch.told("--organisation", "nhs_north_central_london_icb") == [("dsa-extended", TIDES.reference)]
    assert watch.told("--organisation", "NHS Camden CCG") == [("dsa-extended", TIDES.reference)]


def test_a_dataset_is_found_under_all_its_names(tmp_path):
    page = with_project(HARROWDALE, datasets=(CRITICAL_CARE,))
    gains = with_project(HARROWDALE, datasets=(CRITICAL_CARE, "Civil Registration - Deaths"))
    watch = in_files(tmp_path, ({"harrowdale": page}, "2026-06-01"), ({"harrowdale": gains}, "2026-07-01"))

    for name in ("Civil Registration - Deaths", "Civil Registrations of Death", "civil registrations of death"):
        assert watch.told("--dataset", name) == [("dataset-added", ADMISSIONS.reference)]
    assert watch.told("--dataset", CRITICAL_CARE) == []


def test_a_dataset_brings_agreements_added_removed_and_moved_that_hold_it(watch, tmp_path):
    assert watch.told("--dataset", "Emergency Care Data Set (ECDS)") == [("agreement-moved", TIDES.reference)]
    assert watch.told("--dataset", "ECDS") == [("agreement-moved", TIDES.reference)]
    assert watch.told("--dataset", "Civil Registrations of Death") == [("agreement-added", "DARS-NIC-777777-A1A1A")]

    both = replace(WEXCOMBE, projects=(FALLS, ADMISSIONS))
    one = {"wexcombe_city_council": WEXCOMBE}
    removed = in_files(
        tmp_path, ({"wexcombe_city_council": both}, "2026-06-01"), (one, "2026-07-01"), (one, "2026-08-01")
    )
    assert removed.told("--dataset", "Civil Registrations of Death") == [("agreement-removed", ADMISSIONS.reference)]


@pytest.fixture(scope="module")
def grouped(tmp_path_factory):
    everybody = replace(NORTHAM, projects=many(30, sublicensing="Yes"))
    return in_files(
        tmp_path_factory.mktemp("grouped"),
        ({"nhs_northam_icb": NORTHAM, "wexcombe_city_council": WEXCOMBE}, "2026-06-01"),
        (
            {"nhs_northam_icb": everybody, "wexcombe_city_council": with_project(WEXCOMBE, end="2029-01-01")},
            "2026-07-01",
        ),
    )


def test_a_group_is_one_element_and_its_members_are_asked_for_by_its_id(grouped):
    group, single = grouped.changes()

    assert (group["kind"], group["agreements"], group["reference"], group["page"]) == (
        "sublicensing-changed", 30, None, "nhs_northam_icb"
    )  # fmt: skip
    assert group["group"] == group["id"]
    assert single["group"] is None
    members = grouped.changes("--group", group["id"])
    assert [one["reference"] for one in members] == [project.reference for project in NORTHAM.projects]
    assert {one["group"] for one in members} == {None}
    assert grouped.changes("--group", group["id"][:8]) == members


def test_a_group_is_found_by_the_reference_of_a_member(grouped):
    (change,) = grouped.changes("--reference", NORTHAM.projects[7].reference)

    assert (change["kind"], change["agreements"]) == ("sublicensing-changed", 30)
    assert kinds(shown(grouped, NORTHAM.projects[7].reference)["changes"]) == ["sublicensing-changed"]


def test_a_group_is_found_by_the_organisation_of_a_member(grouped):
    assert [one["agreements"] for one in grouped.changes("--organisation", "nhs_northam_icb")] == [30]
    assert [one["agreements"] for one in grouped.changes("--organisation", "wexcombe_city_council")] == [1]


@pytest.mark.parametrize(
    "prefix", [lambda i: i[:7], lambda i: "", lambda i: "0" * 20, lambda i: "%", lambda i: i[:7] + "%"]
)
def test_a_group_that_is_not_known_is_one_line(grouped, prefix):
    (group, single) = grouped.changes()

    assert "no group" in failed(grouped.run("changes", "--group", prefix(group["id"]), "--format", "json"))
    assert "no group" in failed(grouped.run("changes", "--group", single["id"], "--format", "json"))


@pytest.mark.parametrize(
    ("option", "asked", "nearest"),
    [
        ("--organisation", "University of Harowdale", "University of Harrowdale"),
        ("--organisation", "wexcombe_city_counsil", "Wexcombe City Council"),
        ("--dataset", "Hospital Episode Statistic Admited Patient Care", ADMISSIONS.datasets[0]),
        ("--reference", "DARS-NIC-204517-H6M2Q", ADMISSIONS.reference),
    ],
)
def test_what_is_not_known_is_one_line_with_the_nearest_names(watch, option, asked, nearest):
    line = failed(watch.run("changes", option, asked, "--format", "json"))

    assert asked in line
    assert nearest in line


def test_a_reference_to_show_that_is_not_known_is_one_line_with_the_nearest(watch):
    for command in ("show", "redline"):
        line = failed(watch.run(command, "DARS-NIC-377120-B8T4X"))
        assert FALLS.reference in line


def test_editorial_changes_are_told_on_request_only(tmp_path):
    watch = in_files(
        tmp_path,
        ({"harrowdale": HARROWDALE}, "2026-06-01"),
        ({"harrowdale": replace(with_project(HARROWDALE, end="2027-01-01"), files=13)}, "2026-07-01"),
    )

    assert watch.told() == [("dsa-extended", ADMISSIONS.reference)]
    assert sorted(watch.told("--all")) == [("dsa-extended", ADMISSIONS.reference), ("files-count-changed", None)]
    assert "Editorial changes left out: 1." in watch.run("changes").stdout
    assert "left out" not in watch.run("changes", "--all").stdout


# --- the forms of an answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["changes", "agreements", "organisations", "datasets"])
def test_an_answer_is_the_same_in_json_ndjson_and_csv(watch, question):
    rows = watch.json(question, "--format", "json")
    lines = watch.run(question, "--format", "ndjson")
    table = watch.run(question, "--format", "csv")

    assert [json.loads(line) for line in lines.stdout.splitlines()] == rows
    read = list(csv.DictReader(io.StringIO(table.stdout)))
    assert len(read) == len(rows)
    assert list(read[0]) == list(rows[0])
    assert (lines.stderr, table.stderr) == ("", "")


@pytest.mark.parametrize("question", ["changes", "agreements", "organisations", "datasets"])
def test_a_table_has_no_colour_off_a_terminal(watch, question):
    result = watch.run(question)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_an_empty_answer_is_an_empty_array(watch):
    assert watch.run("changes", "--since", "2030-01-01", "--format", "json").stdout == "[]\n"
    assert watch.run("changes", "--since", "2030-01-01", "--format", "ndjson").stdout == ""
    assert watch.run("changes", "--since", "2030-01-01").stdout.startswith("No changes.")


def test_cells_that_a_spreadsheet_would_run_are_defused(tmp_path):
    evil = with_project(
        Page('=cmd|" /C calc"!A1', (ADMISSIONS,)), title="@SUM(1+1)", datasets=("+1-1", "-2+3 Data", "\tTab Data")
    )
    watch = in_files(tmp_path, ({"evil": evil}, "2026-06-01"))

    for question in ("agreements", "organisations", "datasets"):
        text = watch.run(question, "--format", "csv").stdout
        cells = [cell for row in list(csv.reader(io.StringIO(text)))[1:] for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], text
    assert "'=cmd" in watch.run("organisations", "--format", "csv").stdout


# --- redlines ---------------------------------------------------------------------------------------------------------


def test_a_redline_marks_words_out_and_in(tmp_path):
    prose = "The first paragraph stays.\nTo learn why admissions {} after the first cold week.\nThe last one stays."
    pages = [with_project(HARROWDALE, objectives=prose.format(word)) for word in ("rise", "fall", "fall and rise")]
    watch = in_files(tmp_path, *(({"harrowdale": p}, f"2026-0{n}-01") for n, p in enumerate(pages, 6)))
    latest = watch.run("redline", ADMISSIONS.reference)
    both = watch.run("redline", ADMISSIONS.reference, "--from", "2026-06-15", "--to", "2026-07-15")

    assert (latest.exit_code, latest.stderr) == (0, "")
    assert "{+and rise+}" in latest.stdout
    assert "[-" not in latest.stdout
    assert "[-rise-] {+fall+}" in " ".join(both.stdout.split())
    assert "(1 paragraph unchanged)" in both.stdout
    assert "first paragraph" not in both.stdout


def test_a_redline_of_what_did_not_change_says_so(watch):
    result = watch.run("redline", ADMISSIONS.reference)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "has not changed" in result.stdout
    assert "{+" not in result.stdout


def test_a_redline_before_the_first_snapshot_is_not_known(watch):
    assert "not known before 2026-06-01" in failed(
        watch.run("redline", ADMISSIONS.reference, "--from", "2026-01-01", "--to", "2026-07-15")
    )


def test_a_redline_from_after_to_is_wrong_usage(tmp_path):
    pages = [with_project(HARROWDALE, objectives=f"To learn {word}.") for word in ("this", "that")]
    watch = in_files(tmp_path, *(({"harrowdale": p}, f"2026-0{n}-01") for n, p in enumerate(pages, 6)))

    assert watch.run("redline", ADMISSIONS.reference, "--from", "2026-07-15", "--to", "2026-06-15").exit_code == 2


# --- an agreement under two references, on two pages ------------------------------------------------------------------


def test_an_agreement_that_got_a_new_reference_is_shown_as_one(tmp_path):
    old = with_project(HARROWDALE, reference="NIC-204517-H6M2P")
    watch = in_files(tmp_path, ({"harrowdale": old}, "2026-06-01"), ({"harrowdale": HARROWDALE}, "2026-07-01"))

    assert kinds(watch.changes()) == ["reference-changed"]
    for reference in ("NIC-204517-H6M2P", "DARS-NIC-204517-H6M2P"):
        answer = shown(watch, reference)
        assert answer["reference"] == reference
        assert answer["agreement"]["reference"] == "DARS-NIC-204517-H6M2P"
        assert [one["reference"] for one in answer["versions"]] == ["NIC-204517-H6M2P", "DARS-NIC-204517-H6M2P"]
        assert kinds(answer["changes"]) == ["reference-changed"]
    assert (
        shown(watch, "DARS-NIC-204517-H6M2P", "--as-of", "2026-06-02")["agreement"]["reference"] == "NIC-204517-H6M2P"
    )


def test_an_agreement_on_two_pages_names_both(tmp_path):
    twice = {"wexcombe_city_council": WEXCOMBE, "aldmoor_council": Page("Aldmoor Council", (FALLS,))}
    watch = in_files(tmp_path, (twice, "2026-06-01"))

    assert shown(watch, FALLS.reference)["pages"] == ["aldmoor_council", "wexcombe_city_council"]
    assert [one["page"] for one in watch.json("agreements", "--format", "json")] == [
        "aldmoor_council", "wexcombe_city_council"
    ]  # fmt: skip
