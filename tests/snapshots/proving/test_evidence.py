"""Evidence of a change, checked as its README says: by `sha256sum` and `openssl` alone, in a folder without us."""

import gzip
import hashlib
import io
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from html.parser import HTMLParser

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.harness.editions import HARROWDALE, REGISTER, Page, Watch, many, with_project
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site
from tests.harness.stamp_authority import StampAuthority, make_authority

HARROW = "university_of_harrowdale"
PROSE = with_project(HARROWDALE, objectives="To learn why admissions <fall> after the first warm week.")


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """A register over HTTP: two nights without a stamp, the second of which tells something, and two with."""
    authority = make_authority(tmp_path_factory.mktemp("authority"))
    with RegisterServer(Site(dict(REGISTER))) as server, StampAuthority(authority) as stamping:
        nights = Nights(tmp_path_factory.mktemp("nights"), server)
        nights.quiet_night()
        server.site.pages[HARROW] = PROSE
        nights.quiet_night()
        nights.quiet_night()
        nights.configure(witness={"tsa": [stamping.url]})
        nights.quiet_night()
        nights.quiet_night()
        yield nights


@pytest.fixture(scope="module")
def change(nights):
    (change,) = nights.changes()
    return change


@pytest.fixture(scope="module")
def archive(nights, change):
    file = nights.folder / "evidence.zip"
    result = nights.run("export", "--evidence", change["id"][:8], "--output", file)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return file


@pytest.fixture
def folder(archive, tmp_path):
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "evidence")
    return tmp_path / "evidence"


def commands(folder):
    lines = (folder / "README.txt").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("    $ ") for line in lines if line.startswith("    $ ")]


def run(folder, command):
    """Run a command of the README, which may be one of two programs."""
    program, *arguments = shlex.split(command)
    assert program in ("sha256sum", "openssl")
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)


def expected(folder):
    """Return each command with what the README says must come out of it, or must stand in a file."""
    text = (folder / "README.txt").read_text(encoding="utf-8")
    return re.findall(r"^    \$ (.+)\n\s*(must print .+(?:\n(?!\n|    \$).+)*)?", text, re.MULTILINE)


def test_every_command_of_the_readme_goes_well_and_says_what_it_must(folder):
    said = expected(folder)
    assert [command for command, _ in said] == commands(folder)
    checked = 0
    for command, must in said:
        result = run(folder, command)
        assert result.returncode == 0, (command, result.stderr)
        printed = result.stdout.split()[0] if result.stdout else ""
        if found := re.search(r"must print ([0-9a-f]{64})", must):
            assert printed == found[1]
            checked += 1
        if found := re.search(r"stands in (chain/\S+\.json) as \"(\w+)\"", must):
            assert f'"{found[2]}":"{printed}"' in (folder / found[1]).read_text(encoding="utf-8")
            checked += 1
        if "Verification: OK" in must:
            assert "Verification: OK" in result.stdout + result.stderr
            checked += 1
    assert checked >= 8


def test_the_pages_are_there_to_the_byte_with_their_headers(folder, change):
    by_sum = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in (folder / "pages").iterdir()}

    assert by_sum.keys() == {change["snapshot_before"], change["snapshot_after"]}
    assert by_sum[change["snapshot_after"]].read_bytes() == PROSE.html()
    assert by_sum[change["snapshot_before"]].read_bytes() == HARROWDALE.html()
    sums = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (folder / "headers").iterdir()}
    manifests = "".join(file.read_text(encoding="utf-8") for file in (folder / "chain").iterdir())
    assert len(sums) == 2 or len(list((folder / "headers").iterdir())) == 2
    assert all(f'"headers_sha256":"{one}"' in manifests for one in sums)


def test_the_chain_goes_from_the_first_page_to_the_nearest_stamp(folder):
    chain = sorted(file.name for file in (folder / "chain").iterdir())
    stamps = sorted(file.name for file in (folder / "stamps").iterdir() if file.suffix == ".tsr")

    assert chain == ["000001.json", "000002.json", "000003.json", "000004.json"]
    assert stamps == ["000004-1.tsr"]


@pytest.mark.parametrize("name", ["pages/after", "pages/before", "chain/000002", "headers/after"])
def test_whatever_is_altered_is_noticed_by_these_commands(folder, name):
    (file,) = [one for one in folder.rglob("*") if str(one.relative_to(folder)).startswith(name)]
    body = file.read_bytes()
    file.write_bytes(body.replace(b"a", b"b", 1))

    assert run(folder, "sha256sum -c SHA256SUMS").returncode != 0


def test_a_manifest_written_anew_does_not_fit_the_stamp(folder):
    last = folder / "chain" / "000004.json"
    last.write_bytes(last.read_bytes().replace(b'"complete":true', b'"complete":false'))
    (verify,) = [command for command in commands(folder) if "-verify" in command]
    result = run(folder, verify)

    assert result.returncode != 0 or "Verification: OK" not in result.stdout + result.stderr


def test_the_same_database_gives_the_same_bytes(nights, archive, change, tmp_path):
    copy = Watch(tmp_path)
    shutil.copy(nights.database, copy.database)
    for name in ("again.zip", "third.zip"):
        result = copy.run("export", "--evidence", change["id"], tmp_path / name)
        assert result.exit_code == 0, result.output
        assert (tmp_path / name).read_bytes() == archive.read_bytes()


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data.split()


def test_the_change_can_be_printed_and_loads_nothing(folder):
    page = Elements()
    text = (folder / "change.html").read_text(encoding="utf-8")
    page.feed(text)
    tags = {tag for tag, _ in page.found}

    assert {"del", "ins"} <= tags
    assert not tags & {"script", "img", "link", "iframe", "fall"}
    assert "@media print" in text
    assert "<fall>" in " ".join(page.words)


def test_the_readme_names_everything_that_is_there(folder):
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}

    assert listed == names - {"SHA256SUMS"}
    assert all(name in readme for name in names if name.startswith(("pages/", "headers/")))
    assert max(map(len, (line for line in readme.splitlines() if not line.startswith("    $ ")))) < 400


def test_a_note_stands_in_it(nights, change, tmp_path):
    copy = Watch(tmp_path)
    shutil.copy(nights.database, copy.database)
    copy.run("note", change["id"], "Confirmed by NHS England.")
    copy.run("export", "--evidence", change["id"], tmp_path / "e.zip")
    with zipfile.ZipFile(tmp_path / "e.zip") as opened:
        readme, page, record = (opened.read(name).decode() for name in ("README.txt", "change.html", "change.json"))

    assert "Confirmed by NHS England." in readme
    assert "Confirmed by NHS England." in page
    assert json.loads(record)["notes"][0]["text"] == "Confirmed by NHS England."


def test_of_many_manifests_there_is_a_list_of_what_each_names(nights, change, tmp_path, monkeypatch):
    monkeypatch.setattr("snapshots.proving.bundle.MOST_LINKS", 2)
    copy = Watch(tmp_path)
    shutil.copy(nights.database, copy.database)
    folder = extracted(copy, change["id"])
    links = [line.split("  ") for line in (folder / "chain" / "LINKS").read_text().splitlines()]
    following = {f"chain/{n:06d}.json": folder / f"chain/{n + 1:06d}.json" for n in range(1, 4)}

    assert all(run(folder, command).returncode == 0 for command in commands(folder))
    assert [name for _, name in links] == list(following)
    assert all(f'"previous":"{digest}"' in following[name].read_text(encoding="utf-8") for digest, name in links)


# --- other histories --------------------------------------------------------------------------------------------------


def opened(watch, id_, *, file="evidence.zip"):
    result = watch.run("export", "--evidence", id_, watch.folder / file)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return zipfile.ZipFile(io.BytesIO((watch.folder / file).read_bytes()))


def extracted(watch, id_):
    with opened(watch, id_) as archive:
        archive.extractall(watch.folder / id_)
    return watch.folder / id_


def test_of_saved_pages_without_a_stamp_it_says_what_that_proves(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER | {HARROW: PROSE}, "2026-07-01")
    (change,) = watch.changes()
    folder = extracted(watch, change["id"])
    readme = (folder / "README.txt").read_text(encoding="utf-8")

    assert "No manifest since those that name the pages is time-stamped" in readme
    assert "No headers were kept with it" in readme
    assert all(run(folder, command).returncode == 0 for command in commands(folder))


def test_of_a_group_it_has_the_pages_of_every_member_and_of_a_member_its_own(tmp_path):
    watch = Watch(tmp_path)
    boards = {f"board_{n}": Page(f"NHS Board {n}", many(5, first=5 * n)) for n in range(6)}
    watch.take(boards, "2026-06-01")
    changed = {
        slug: Page(page.organisation, tuple(many(5, first=5 * n, sublicensing="Yes")))
        for n, (slug, page) in enumerate(boards.items())
    }
    watch.take(changed, "2026-07-01")
    (group,) = watch.changes()
    member = watch.changes("--group", group["id"])[0]
    whole, one = extracted(watch, group["id"]), extracted(watch, member["id"])

    assert len(list((whole / "pages").iterdir())) == 12
    assert len(list((one / "pages").iterdir())) == 2
    assert all(run(whole, command).returncode == 0 for command in commands(whole))


def test_what_goes_has_the_page_before_and_the_one_that_lacks_it(tmp_path):
    watch = Watch(tmp_path)
    both = Page(HARROWDALE.organisation, (*HARROWDALE.projects, *many(1)))
    for at, page in (("06", both), ("07", HARROWDALE), ("08", HARROWDALE)):
        watch.take(REGISTER | {HARROW: page}, f"2026-{at}-01")
    (change,) = watch.changes("--kind", "agreement-removed")
    folder = extracted(watch, change["id"])

    assert all(run(folder, command).returncode == 0 for command in commands(folder))
    assert {file.name.partition("-")[0] for file in (folder / "pages").iterdir()} == {"before", "after"}


def test_an_edition_put_between_two_does_not_break_the_proof(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER, "2026-09-01")
    watch.take(REGISTER | {HARROW: PROSE}, "2026-07-01")
    for change in watch.changes():
        folder = extracted(watch, change["id"])
        for command, must in expected(folder):
            printed = run(folder, command).stdout.split()
            if found := re.search(r"stands in (chain/\S+\.json) as \"(\w+)\"", must):
                assert f'"{found[2]}":"{printed[0]}"' in (folder / found[1]).read_text(encoding="utf-8")


def test_hostile_names_stay_names(tmp_path):
    watch = Watch(tmp_path)
    name = "o'brien $(touch x) & co \u202e.txt"
    page = REGISTER[HARROW]
    watch.take({name: page.text()}, "2026-06-01", complete=False)
    watch.take({name: PROSE.text()}, "2026-07-01", complete=False)
    (change,) = watch.changes()
    with opened(watch, change["id"]) as archive:
        names = archive.namelist()
        readme = archive.read("README.txt").decode()

    assert all(re.fullmatch(r"[A-Za-z0-9_./-]+", name) and ".." not in name for name in names)
    assert "\u202e" not in readme
    assert all("$(" not in line for line in readme.splitlines() if line.startswith("    $ "))


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--evidence", "00000000", "e.zip"), 1),
        (("--evidence", "x", "e.zip"), 1),
        (("--evidence", "00000000"), 2),
        (("--evidence", "00000000", "e.zip", "--output", "f.zip"), 2),
        (("--output", "f.zip"), 2),
        ((), 2),
    ],
)
def test_what_cannot_be_had_is_one_line_and_no_file(tmp_path, monkeypatch, arguments, status):
    monkeypatch.chdir(tmp_path)
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-06-01")
    result = watch.run("export", *arguments)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (status, "", 1)
    assert not list(tmp_path.glob("*.zip"))


def test_a_page_that_rotted_is_no_evidence(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER | {HARROW: PROSE}, "2026-07-01")
    (change,) = watch.changes()
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as database:
        database.execute(
            "update bodies set data = (select data from bodies where sha256 <> ? limit 1) where sha256 = ?",
            [change["snapshot_after"]] * 2,
        )
    result = watch.run("export", "--evidence", change["id"], tmp_path / "e.zip")

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert not (tmp_path / "e.zip").exists()


# --- as a web archive -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wacz(nights, change):
    file = nights.folder / "evidence.wacz"
    result = nights.run("export", "--evidence", change["id"], "--output", file, "--wacz")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return zipfile.ZipFile(file)


def index_of(wacz):
    """Return the entries of the index, found as a player finds them: by the block that the terms name."""
    meta, term = wacz.read("indexes/index.idx").decode().splitlines()
    place = json.loads(term[term.index("{") :])
    assert json.loads(meta.removeprefix("!meta 0 "))["filename"] == "index.cdx.gz"
    block = wacz.read("indexes/index.cdx.gz")[place["offset"] : place["offset"] + place["length"]]
    lines = gzip.decompress(block).decode().splitlines()
    assert lines == sorted(lines)
    assert term.startswith(lines[0].partition(" {")[0])
    return [(*line.split(" ", 2)[:2], json.loads(line.split(" ", 2)[2])) for line in lines]


def test_a_web_archive_lists_each_file_with_its_checksum_and_packs_none(wacz):
    package = json.loads(wacz.read("datapackage.json"))
    digest = json.loads(wacz.read("datapackage-digest.json"))
    listed = {one["path"]: (one["hash"], one["bytes"]) for one in package["resources"]}
    names = set(wacz.namelist()) - {"datapackage.json", "datapackage-digest.json"}

    assert package["wacz_version"] == "1.1.1"
    assert listed == {
        name: (f"sha256:{hashlib.sha256(wacz.read(name)).hexdigest()}", len(wacz.read(name))) for name in names
    }
    assert digest["hash"] == f"sha256:{hashlib.sha256(wacz.read('datapackage.json')).hexdigest()}"
    assert {entry.compress_type for entry in wacz.infolist()} == {zipfile.ZIP_STORED}


def test_each_page_of_a_web_archive_is_found_by_its_index_to_the_byte(wacz, change):
    data, found = wacz.read("archive/data.warc.gz"), {}
    pages = [json.loads(line) for line in wacz.read("pages/pages.jsonl").decode().splitlines()]
    for _, moment, entry in index_of(wacz):
        piece = data[int(entry["offset"]) : int(entry["offset"]) + int(entry["length"])]
        record = next(iter(ArchiveIterator(io.BytesIO(piece), check_digests="raise")))
        found[hashlib.sha256(record.content_stream().read()).hexdigest()] = (entry["url"], moment)
        assert record.rec_headers["WARC-Target-URI"] == entry["url"]

    assert found.keys() == {change["snapshot_before"], change["snapshot_after"]}
    assert pages[0]["format"] == "json-pages-1.0"
    assert {(page["url"], re.sub(r"\D", "", page["ts"])) for page in pages[1:]} == set(found.values())


def test_the_evidence_stands_in_a_web_archive_and_both_are_the_same_bytes_always(wacz, archive, nights, change):
    again = nights.folder / "again.wacz"
    nights.run("export", "--evidence", change["id"], again, "--wacz")

    assert wacz.read("evidence/evidence.zip") == archive.read_bytes()
    assert again.read_bytes() == (nights.folder / "evidence.wacz").read_bytes()


def test_a_saved_page_is_replayed_at_an_address_made_up_for_it(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER | {HARROW: PROSE}, "2026-07-01")
    (change,) = watch.changes()
    watch.run("export", "--evidence", change["id"], tmp_path / "e.wacz", "--wacz")
    with zipfile.ZipFile(tmp_path / "e.wacz") as opened:
        entries = index_of(opened)

    assert len(entries) == 2
    assert all(key.startswith("invalid,saved-page)/pages/") for key, *_ in entries)


def test_the_validator_of_the_standard_has_nothing_to_say(wacz):
    # Forty packages for one question: it is asked where it is installed.
    pytest.importorskip("wacz", reason="needs: pip install wacz")
    from wacz.validate import Validation

    validation = Validation(wacz.filename)
    for check in (
        validation.check_file_paths,
        validation.check_file_hashes,
        validation.check_compression,
        validation.check_indexes,
        validation.check_data_package_hash_and_sig,
        validation.frictionless_validate,
    ):
        assert check() is not False
