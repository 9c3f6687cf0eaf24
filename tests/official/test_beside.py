"""The pages beside the official register, as the command, the pages, the feeds and the calendar say it."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import ADMISSIONS, FALLS, REGISTER, TIDES, Page, Project, with_project
from tests.harness.workbooks.both import version_of, versions_of, workbook
from tests.harness.workbooks.play import Official
from tests.harness.workbooks.writing import write_xlsxwriter

PAGES = {**REGISTER, "severn": Page("Severn Institute", (Project(reference="DARS-NIC-500001-Q2W3E", title="Salt"),))}
SALT = PAGES["severn"].projects[0]
FIELDS = ["reference", "field", "page", "official", "version", "edition", "since"]
ECDS = "Emergency Care Data Set (ECDS)"


def take(official, versions, month):
    path = write_xlsxwriter(official.folder / f"{month}.xlsx", workbook(versions, month))
    result = official.run("import-official", path, "--edition", month)
    assert result.exit_code == 0, result.output


def renewed(version):
    """Return the next version: three years on, with a dataset and a company more."""
    row = replace(version.rows[0], name=ECDS)
    return replace(
        version.copied(number=(2, 4), start=date(2026, 3, 13), end=date(2029, 3, 12)),
        rows=[*version.rows, row],
        controllers=[*version.controllers, "ASHCOMBE HEALTH ANALYTICS LTD"],
        files=version.files,
    )


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """Pages and a workbook that say the same, but for what is put into the second edition of the workbook."""
    official = Official(tmp_path_factory.mktemp("beside"))
    assert official.take(PAGES, "2026-01-10").exit_code == 0
    versions = versions_of(PAGES)
    take(official, versions, "2026-01")
    assert official.json("differences", "--format", "json") == []
    admissions = next(one for one in versions if one.stem == ADMISSIONS.reference)
    falls = next(one for one in versions if one.stem == FALLS.reference)
    changed = [one for one in versions if one.stem not in (FALLS.reference, SALT.reference)]
    changed += [renewed(admissions), replace(falls, title="Falls in four counties")]
    changed += [falls.copied(stem="DARS-NIC-999999-A1B2C", number=(0, 3))]
    take(official, changed, "2026-02")
    # What is only missing is believed at its second sighting.
    take(official, changed, "2026-03")
    return official


@pytest.fixture(scope="module")
def served(official):
    with serving(official.database) as served:
        yield served


def told(official, *options):
    rows = official.json("differences", "--format", "json", *options)
    return {(row["reference"], row["field"], row["page"], row["official"], row["version"]) for row in rows}


EXPECTED = {
    (ADMISSIONS.reference, "dsa_end", "2026-03-12", "2029-03-12", "2.4"),
    (ADMISSIONS.reference, "datasets", None, ECDS, "2.4"),
    (ADMISSIONS.reference, "controllers", None, "ASHCOMBE HEALTH ANALYTICS LTD", "2.4"),
    (FALLS.reference, "title", FALLS.title, "Falls in four counties", "1.2"),
    (SALT.reference, "reference", SALT.reference, None, None),
    ("DARS-NIC-999999-A1B2C", "reference", None, "DARS-NIC-999999-A1B2C-v0.3", "0.3"),
}


def test_every_difference_is_told_and_nothing_else(official):
    rows = official.json("differences", "--format", "json")

    assert told(official) == EXPECTED
    assert len(rows) == len(EXPECTED)
    assert all(list(row) == FIELDS for row in rows)
    assert {row["edition"] for row in rows} == {"2026-03"}
    assert {row["since"][:7] for row in rows} <= {"2026-02", "2026-03"}


def test_differences_are_asked_for_by_reference_organisation_and_field(official):
    assert told(official, "--reference", FALLS.reference) == {one for one in EXPECTED if one[0] == FALLS.reference}
    assert told(official, "--field", "dsa_end", "--field", "title") == {
        one for one in EXPECTED if one[1] in ("dsa_end", "title")
    }
    assert told(official, "--organisation", "University of Harrowdale") == {
        one for one in EXPECTED if one[0] == ADMISSIONS.reference
    }
    assert official.run("differences", "--field", "colour").exit_code == 2
    assert official.run("differences", "--reference", "DARS-NIC-1-A1B2C").exit_code == 1


def test_without_an_edition_there_is_nothing_to_set_beside(tmp_path):
    official = Official(tmp_path)
    official.take(PAGES, "2026-01-10")
    result = official.run("differences", "--format", "json")

    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert "import-official" in result.stderr
    assert "official" not in official.json("show", ADMISSIONS.reference)[0]


def test_show_has_the_versions_with_their_terms_the_newest_first(official):
    (shown,) = official.json("show", ADMISSIONS.reference)

    assert shown["official"]["edition"] == "2026-03"
    assert [(one["version"], one["dsa_start"], one["dsa_end"]) for one in shown["official"]["versions"]] == [
        ("2.4", "2026-03-13", "2029-03-12"),
        ("1.2", "2022-03-13", "2026-03-12"),
    ]


def test_a_change_of_the_pages_names_the_version_that_says_the_same(tmp_path):
    official = Official(tmp_path)
    official.take(PAGES, "2026-01-10")
    versions = versions_of(PAGES)
    take(official, [*versions, renewed(versions[0])], "2026-01")
    later = {"university_of_harrowdale": with_project(PAGES["university_of_harrowdale"], end="2029-03-12")}
    later["wexcombe_city_council"] = with_project(PAGES["wexcombe_city_council"], end="2030-01-01")
    official.take({**PAGES, **later}, "2026-03-10")
    changes = official.changes("--register", "nhs-data-release")

    assert {(one["reference"], one["details"].get("official")) for one in changes} == {
        (ADMISSIONS.reference, "2.4"),
        (FALLS.reference, None),
    }


# --- the pages --------------------------------------------------------------------------------------------------------


def test_the_page_of_differences_has_each_of_them(served):
    words = served.page("/differences").words

    assert "6 differences on 4 agreements" in words
    assert "official register of March 2026" in words
    assert "not which of them is right" in words
    assert "12 March 2029" in words


def test_differences_are_filtered_by_field_and_organisation(served):
    assert "Falls in four counties" in served.page("/differences?field=title").words
    assert "12 March 2029" not in served.page("/differences?field=title").words
    assert "Falls in four counties" not in served.page("/differences?organisation=University+of+Harrowdale").words
    assert served.get("/differences?field=colour").status == 400


def test_differences_are_files(served, official):
    rows = list(csv.DictReader(io.StringIO(served.page("/differences.csv").text)))
    as_json = json.loads(served.page("/differences.json").text)

    assert list(rows[0]) == ["organisation", *FIELDS]
    assert {(row["reference"], row["field"]) for row in rows} == {one[:2] for one in EXPECTED}
    assert [{key: row[key] for key in FIELDS} for row in as_json if row["field"] == "title"] == official.json(
        "differences", "--field", "title", "--format", "json"
    )


@pytest.mark.parametrize("ending", ["atom", "rss", "feed.json"])
def test_differences_are_feeds(served, ending):
    import feedparser

    answer = served.page(f"/differences.{ending}?field=dsa_end")
    if ending == "feed.json":
        (title,) = [one["title"] for one in json.loads(answer.text)["items"]]
    else:
        (title,) = [one.title for one in feedparser.parse(answer.text).entries]

    assert "12 March 2026" in title
    assert "version 2.4 of March 2026: 12 March 2029" in title


def test_the_agreement_says_what_the_official_register_says(served):
    soup = served.page(f"/agreements/{ADMISSIONS.reference}").soup
    part = " ".join(soup.find(id="h-official").find_parent("section").get_text(" ").split())
    plainly = " ".join(soup.select_one(".plainly").get_text(" ").split())

    assert "Printed on the page" in part
    assert "Official, version 2.4 of March 2026" in part
    assert "13 March 2022 to 12 March 2026" in part
    assert "13 March 2026 to 12 March 2029" in part
    assert "ASHCOMBE HEALTH ANALYTICS LTD" in part
    assert "official, version 2.4 of March 2026: 13 March 2026 to 12 March 2029" in plainly
    assert "first version" not in plainly
    assert "printed term to 12 March 2026, official to 12 March 2029" in soup.select_one(".stand").get_text(" ")


def test_the_front_page_has_the_official_ends(served):
    words = served.page("/").words
    soon = words[words.index("Ends in the next 90 days") : words.index("How to read this")]

    assert "Wexcombe City Council" in soon
    assert "University of Harrowdale" not in soon


def test_the_caution_stands_where_no_version_is_held(served):
    soup = served.page(f"/agreements/{SALT.reference}").soup

    assert soup.find(id="h-official") is None
    assert "that of the first version the page holds" in soup.select_one(".plainly").get_text(" ")


def test_expiring_uses_the_official_end_and_says_so(served):
    rows = json.loads(served.page("/expiring.json?days=90").text)

    assert {(row["reference"], row["dsa_end"], row["source"], row["official_version"]) for row in rows} == {
        (FALLS.reference, "2026-03-12", "official", "1.2"),
        (TIDES.reference, "2026-03-12", "official", "1.2"),
        (SALT.reference, "2026-03-12", "page", None),
    }
    assert "official, 1.2" in served.page("/expiring?days=90").words


def table(served, address):
    head, *rows = csv.reader(io.StringIO(served.page(address).text))
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_files_name_source_and_edition_of_an_official_change(official, tmp_path):
    listed = official.json("changes", "--format", "json", "--register", "nhs-official", "--all")
    rows = list(csv.DictReader(io.StringIO(official.run("changes", "--format", "csv", "--all").stdout)))
    assert official.run("export", tmp_path / "out").exit_code == 0
    text = (tmp_path / "out" / "changes.csv").read_text(encoding="utf-8-sig")
    lines = (tmp_path / "out" / "changes.jsonl").read_text(encoding="utf-8").splitlines()

    ids = {one["id"]: (one["details"]["source"], one["details"]["edition"]) for one in listed}
    assert ids
    assert {edition for _, edition in ids.values()} <= {"2026-02", "2026-03"}
    for found in (rows, list(csv.DictReader(io.StringIO(text)))):
        details = {row["id"]: json.loads(row["details"]) for row in found}
        assert {key: (details[key]["source"], details[key]["edition"]) for key in ids} == ids
    details = {one["id"]: one["details"] for one in map(json.loads, lines)}
    assert {key: (details[key]["source"], details[key]["edition"]) for key in ids} == ids


def test_every_reference_of_an_export_is_there(official, tmp_path):
    folder = tmp_path / "out"
    assert official.run("export", folder).exit_code == 0
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))

    def column(path, name):
        rows = csv.DictReader(io.StringIO((folder / path).read_text(encoding="utf-8-sig")))
        return {row[name] for row in rows} - {""}

    paths = {one["name"]: one["path"] for one in package["resources"] if str(one["path"]).endswith(".csv")}
    keys = [(one, key) for one in package["resources"] for key in one["schema"].get("foreignKeys", ())]
    assert keys
    for one, key in keys:
        if one["name"] not in paths:
            continue
        to, other = key["reference"]["resource"] or one["name"], key["reference"]["fields"]
        assert column(paths[one["name"]], key["fields"]) <= column(paths[to], other), (one["name"], key)


def test_the_page_of_feeds_lists_those_of_differences(served, tmp_path):
    part = served.page("/feeds").soup.find(id="h-differences").find_parent("section")
    links = [link["href"] for link in part.select(".forms a")]

    assert {"/differences.atom", "/differences.rss", "/differences.feed.json"} <= set(links)
    assert "/differences.atom?field=dsa_end" in links
    assert all(served.get(link).status == 200 for link in links)
    without = Official(tmp_path)
    without.take(PAGES, "2026-01-10")
    with serving(without.database) as other:
        assert other.page("/feeds").soup.find(id="h-differences") is None


def test_the_picture_of_ends_ahead_counts_official_ends_where_they_are_held(served):
    months = {row["Month"]: row for row in table(served, "/pictures/ends-ahead.csv")}
    listed = json.loads(served.page("/expiring.json?days=90").text)
    svg = served.page("/pictures/ends-ahead.svg").text

    assert (months["2026-03"]["Ends"], months["2026-03"]["Apparent ends"]) == ("3", "0")
    assert (len(listed), months["2026-03"]["Official ends among them"]) == (3, "2")
    assert "Ends ahead" in svg
    assert "The official register says" in svg
    assert "newest version on the official register" in served.page("/expiring").words


def test_the_picture_of_an_organisation_has_the_official_terms_and_says_so(served):
    harrow, salt = (table(served, f"/pictures/terms-and-releases.csv?organisation={slug}") for slug in SLUGS)
    (row,) = (row for row in harrow if row["Agreement"] == ADMISSIONS.reference)

    assert (row["Term from"], row["Term to"]) == ("2026-03-13", "2029-03-12")
    assert row["Official term of"] == "version 2.4 of February 2026"
    assert "Official term of" not in salt[0]


SLUGS = ("university_of_harrowdale", "severn")


def test_the_picture_of_an_agreement_has_the_official_term_and_says_so(served):
    official, printed = (
        {row["What"]: row["As printed"] for row in table(served, f"/pictures/term.csv?reference={reference}")}
        for reference in (ADMISSIONS.reference, SALT.reference)
    )
    svg = served.page(f"/pictures/term.svg?reference={ADMISSIONS.reference}").text

    assert official["Official end, version 2.4 of March 2026"] == "2029-03-12"
    assert official["Printed end"] == "2026-03-12"
    assert "Months after the end printed at the time" not in official
    assert "Official term, version 2.4 of March 2026, 2026-03-13 to 2029-03-12; the printed end is 2026-03-12" in svg
    assert not [name for name in printed if name.startswith("Official")]


def test_the_calendar_uses_the_official_end_and_says_so(official, tmp_path):
    assert official.run("feeds", tmp_path).exit_code == 0
    text = (tmp_path / "everything.ics").read_text(encoding="utf-8").replace("\n ", "")
    events = {block.split("UID:")[1].split("@")[0]: block for block in text.split("BEGIN:VEVENT")[1:]}

    assert "DTSTART;VALUE=DATE:20290312" in events[ADMISSIONS.reference]
    assert "version 2.4 of February 2026: 2029-03-12" in events[ADMISSIONS.reference]
    assert "Printed end of DSA" in events[SALT.reference]


def test_a_release_after_the_printed_end_is_no_flag_where_the_official_end_is_later(tmp_path):
    late = replace(ADMISSIONS, released="2022.05 — 2026.10.")
    later = replace(FALLS, released="2022.05 — 2026.10.")
    pages = {"harrowdale": Page("University of Harrowdale", (late, later, replace(TIDES, released=late.released)))}
    official = Official(tmp_path)
    official.take(pages, "2026-11-10")
    known = version_of(late, "University of Harrowdale")
    take(official, [known, renewed(known), version_of(later, "University of Harrowdale")], "2026-11")
    with serving(official.database) as served:
        flags = json.loads(served.page("/red-flags.json").text)
        asked = json.loads(served.page("/questions/released-after-printed-end.json").text)
    found = {(one["reference"], one["rule"]): one["evidence"] for one in flags if "release" in one["rule"]}

    assert {reference for reference, _ in found} == {FALLS.reference, TIDES.reference}
    assert [row["reference"] for row in asked] == [TIDES.reference]
    assert "official end 2026-03-12 (version 1.2 of 2026-11)" in " ".join(found.values())
    assert ("apparently" in " ".join(rule for _, rule in found)) is True
    assert sum("apparently" in rule for _, rule in found) == 1


def test_a_public_site_shows_what_a_committed_edition_says(official):
    with serving(official.database, public=True) as served:
        assert served.get("/differences").status == 200
        assert served.get(f"/agreements/{ADMISSIONS.reference}").status == 200


def test_a_question_has_the_printed_ends_beside_the_official_ones(served):
    words = served.page("/questions/printed-end-beside-official").words

    assert "For 1 agreement of 1 organisation" in words
    assert "2029-03-12" in words
