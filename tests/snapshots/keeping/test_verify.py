"""`verify`: whatever was altered in what is kept, it is named; and a history written anew is noticed by an old head."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from scraper.names.vocabulary import default_vocabulary
from snapshots.keeping.chain import begin_chain
from snapshots.keeping.database import open_database
from tests.harness.editions import HARROWDALE, REGISTER, Page, Watch, many, with_project

CHANGED = REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, end="2029-03-12")}
BOARDS = {f"nhs_board_{n:02d}": Page(f"NHS Board {n}", many(2, first=10 * n)) for n in range(70)}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A log with all there is: a dictionary, later bodies, failures, a decision, an extended edition."""
    watch = Watch(tmp_path_factory.mktemp("original"))
    watch.take(REGISTER | BOARDS, "2026-06-01")
    watch.take(CHANGED | BOARDS, "2026-07-01")
    watch.take(REGISTER, "2026-08-01")
    watch.run("discard", "3")
    watch.take({"wexcombe_city_council": REGISTER["wexcombe_city_council"]}, "2026-09-01", complete=False)
    watch.take(CHANGED, "2026-09-01", complete=False)
    with closing(sqlite3.connect(watch.database)) as database:
        # Saved pages do not fail; runs over HTTP have their own test (test_manifests.py).
        assert database.execute("select count(*) from manifests").fetchone() == (6,)
        assert database.execute("select count(*) from dictionaries").fetchone() == (1,)
    return watch


@pytest.fixture
def watch(original, tmp_path):
    shutil.copy(original.database, tmp_path)
    return Watch(tmp_path)


def tamper(watch, *statements):
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as database:
        for statement in statements:
            assert database.execute(statement).rowcount > 0, statement


def flaw(watch, *options):
    """Return what `verify` names, said in one line and in the answer alike."""
    result = watch.run("verify", "--format", "json", *options)
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    (report,) = json.loads(result.stdout)
    assert not report["good"]
    assert report["flaw"]["what"] in line
    return report["flaw"]


def test_what_was_not_altered_is_good_and_the_head_is_told(watch):
    (report,) = watch.json("verify", "--format", "json")

    assert (report["good"], report["flaw"]) == (True, None)
    assert (report["manifests"], report["runs"], report["captures"], report["bodies"]) == (6, 4, 76, 74)
    assert (report["head"]["number"], report["run"]) == (6, 4)
    assert len(report["head"]["hash"]) == 64


def test_the_table_tells_the_same(watch):
    result = watch.run("verify")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "6 manifests, 4 runs, 76 captures" in result.stdout
    assert "everything is as it was" in result.stdout
    assert head_of(watch) in result.stdout.split()


def test_what_comes_after_the_first_flaw_is_said_not_to_have_been_looked_at(watch):
    tamper(watch, *TAMPERED["manifests.hash"])
    result = watch.run("verify")

    assert "the rest was not looked at" in " ".join(result.stdout.split())


def test_an_empty_database_is_good(tmp_path):
    watch = Watch(tmp_path)
    open_database(watch.database).conn.close()

    assert watch.run("verify").exit_code == 0


TAMPERED = {
    "runs.register": ("update runs set register = 'nhs-official' where id = 2",),
    "runs.id": ("update runs set id = 9 where id = 2",),
    "runs.kind": ("update runs set kind = 'run' where id = 2",),
    "runs.captured_at": ("update runs set captured_at = '2026-07-02T00:00:00Z' where id = 2",),
    "runs.finished_at": ("update runs set finished_at = '2026-07-02T00:00:00Z' where id = 2",),
    "runs.complete": ("update runs set complete = 0 where id = 2",),
    "runs.complete, to what is no yes or no": ("update runs set complete = 2 where id = 2",),
    "runs.sighted": ("update runs set sighted = (select sighted from runs where id = 3) where id = 2",),
    "runs.sighted, to nonsense": ("update runs set sighted = x'00' where id = 2",),
    "runs.decision": ("update runs set decision = 'released' where id = 2",),
    "captures.run": ("update captures set run = 9 where run = 2",),
    "captures.page": ("update captures set page = 'nhs_board_07' where run = 2",),
    "captures.body": ("update captures set body = (select body from captures where run = 1 limit 1) where run = 2",),
    "captures.body, to nothing": ("update captures set body = null where run = 2",),
    "captures.captured_at": ("update captures set captured_at = '2026-07-02T00:00:00Z' where run = 2",),
    "captures.source": ("update captures set source = 'elsewhere.txt' where run = 2",),
    "captures.charset": ("update captures set charset = 'utf-8' where run = 2",),
    "captures.headers": ("update captures set headers = '[]' where run = 2",),
    "captures.outcome": ("update captures set outcome = 'gone' where run = 2",),
    "captures.failure": ("update captures set failure = 'no answer' where run = 2",),
    "a capture less": ("delete from captures where run = 2",),
    "bodies.size": ("update bodies set size = size + 1 where sha256 = (select body from captures where run = 2)",),
    "bodies.kept_at": ("update bodies set kept_at = '' where sha256 = (select body from captures where run = 2)",),
    "manifests.run": ("update manifests set run = 1 where number = 2",),
    "manifests.made_at": ("update manifests set made_at = '' where number = 2",),
    "manifests.hash": ("update manifests set hash = (select hash from manifests where number = 1) where number = 2",),
    "manifests.manifest": ("update manifests set manifest = x'28b5' where number = 2",),
    "manifests.manifest, another": (
        "update manifests set manifest = (select manifest from manifests where number = 1) where number = 2",
    ),
    "a number of a page": ("update pages set number = 999 where number = 1",),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_whatever_is_altered_is_named(watch, name):
    tamper(watch, *TAMPERED[name])
    found = flaw(watch)

    if name != "a number of a page":  # it counts from the first run on
        assert 2 in (found["manifest"], found["run"])
    if name.startswith(("captures.", "bodies.")) and "captures.page" not in name:
        assert found["page"] == "university_of_harrowdale"


def test_every_kept_column_is_in_the_table_above(watch):
    derived = {"state", "reason", "pages_read", "pages_changed", "pages_failed", "pages_absent"}
    columns = {f"runs.{name}" for name in columns_of(watch, "runs") - derived}
    columns |= {f"captures.{name}" for name in columns_of(watch, "captures")}
    columns |= {f"manifests.{name}" for name in columns_of(watch, "manifests") - {"number"}}
    columns |= {"bodies.size", "bodies.kept_at"}

    assert columns <= {name.partition(",")[0] for name in TAMPERED}


def columns_of(watch, table):
    with closing(sqlite3.connect(watch.database)) as database:
        return {row[1] for row in database.execute(f"pragma table_info({table})")}


@pytest.mark.parametrize("kind", ["first", "later"])
def test_a_body_whose_bytes_are_others_is_named_with_its_page(watch, kind):
    of = "base is null and dictionary is not null" if kind == "first" else "base is not null"
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as database:
        sha256, data = database.execute(f"select sha256, data from bodies where {of} limit 1").fetchone()
        for place in range(0, len(data), max(1, len(data) // 9)):
            other = data[:place] + bytes([data[place] ^ 0x5A]) + data[place + 1 :]
            database.execute("update bodies set data = ? where sha256 = ?", (other, sha256))
            found = flaw(watch)
            assert sha256 in found["what"]
            assert found["page"] in (REGISTER.keys() if kind == "later" else REGISTER.keys() | BOARDS.keys())


def test_a_body_under_another_checksum_is_named(watch):
    tamper(watch, "update bodies set sha256 = upper(sha256) where base is not null")

    assert flaw(watch)["page"] == "university_of_harrowdale"


def test_a_body_with_another_base_or_dictionary_is_named(watch):
    later, first = "base is not null", "base is null and dictionary is not null"
    tamper(watch, f"update bodies set base = (select sha256 from bodies where {first} limit 1) where {later}")
    assert "bytes of" in flaw(watch)["what"]


def test_a_dictionary_that_is_another_is_named_by_the_first_body_that_needs_it(watch):
    tamper(watch, "update dictionaries set data = zeroblob(length(data))")

    assert flaw(watch)["manifest"] == 1


def test_a_run_that_was_added_or_taken_away_is_named(watch):
    tamper(
        watch,
        "insert into runs (kind, captured_at, finished_at, complete, sighted) "
        "select 'run', '2026-10-01T00:00:00Z', finished_at, complete, sighted from runs where id = 2",
    )
    assert (flaw(watch)["run"], flaw(watch)["manifest"]) == (5, None)


def test_a_capture_that_was_added_is_named(watch):
    tamper(
        watch,
        "insert into captures (run, page, body, captured_at, source) "
        "select 2, page, body, captured_at, source from captures where run = 1 and page = 'nhs_board_11'",
    )

    assert (flaw(watch)["run"], flaw(watch)["page"]) == (2, "nhs_board_11")


@pytest.mark.parametrize(("number", "named"), [(1, 2), (3, 4)])
def test_a_manifest_that_is_missing_is_named_by_the_one_after_it(watch, number, named):
    tamper(watch, f"delete from manifests where number = {number}")

    assert flaw(watch)["manifest"] == named


def test_the_last_manifest_gone_leaves_a_run_that_says_more_than_the_chain(watch):
    tamper(watch, "delete from manifests where number = 6")

    assert flaw(watch)["run"] == 4


def test_a_row_that_refers_to_nothing_is_named(watch):
    tamper(watch, "update readings set body = 'f' where rowid = (select max(rowid) from readings)")

    assert "readings" in flaw(watch)["what"]


def test_a_damaged_file_is_named(watch):
    size = watch.database.stat().st_size
    with watch.database.open("r+b") as file:
        file.seek(size // 8192 * 4096)
        file.write(b"\xff" * 16_384)
    result = watch.run("verify")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


# --- an old head ------------------------------------------------------------------------------------------------------


def head_of(watch):
    (report,) = watch.json("verify", "--format", "json")
    return f"{report['head']['number']}:{report['head']['hash']}"


def test_a_head_from_an_old_digest_stands_in_the_chain(watch):
    kept = head_of(watch)
    watch.take(CHANGED, "2026-10-01", complete=False)
    result = watch.run("verify", "--head", kept)

    assert result.exit_code == 0, result.output
    assert "number 6 stands in the chain" in result.stdout


def rewrite(watch, statement):
    """Alter the log, and make a chain that fits."""
    tamper(watch, statement, "delete from manifests")
    db = open_database(watch.database)
    begin_chain(db)
    db.conn.close()


def test_a_history_that_was_written_anew_fits_itself_and_not_the_old_head(watch):
    kept = head_of(watch)
    rewrite(watch, "update captures set source = 'elsewhere.txt' where run = 1 and page = 'nhs_board_11'")
    assert watch.run("verify").exit_code == 0
    hash_ = kept.partition(":")[2]
    other = watch.run("verify", "--head", f"4:{hash_}")

    assert other.exit_code == 1
    assert hash_ in other.stderr
    assert "or the number does not belong to this hash" in other.stderr


def test_a_chain_that_was_cut_short_is_noticed_by_the_old_head(watch):
    kept = head_of(watch)
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as database:
        for table in ("captures", "manifests", "snapshots", "refusals"):
            database.execute(f"delete from {table} where run = 4")
        database.execute("delete from runs where id = 4")
    assert watch.run("verify").exit_code == 0
    found = flaw(watch, "--head", kept)

    assert found["manifest"] == 6
    assert "missing" in found["what"]


@pytest.mark.parametrize("head", ["", "6", "6:", "6:abc", "x:" + "0" * 64, "6:" + "g" * 64])
def test_what_is_no_head_is_wrong_usage(watch, head):
    result = watch.run("verify", "--head", head)

    assert (result.exit_code, result.stdout) == (2, "")


def test_a_head_may_be_written_in_groups_and_capitals(watch):
    number, _, hash_ = head_of(watch).partition(":")
    grouped = " ".join(hash_[place : place + 8] for place in range(0, 64, 8)).upper()

    assert watch.run("verify", "--head", f"{number}:{grouped}").exit_code == 0


def test_a_run_may_write_meanwhile(watch):
    from snapshots.keeping.store import Rules, open_store
    from snapshots.keeping.verify import verify

    def write_in_between(items, _length, word):
        if word == "bodies":
            assert watch.take(CHANGED | {"new": Page("NHS New", many(1))}, "2026-10-01").exit_code in (0, 3)
        return items

    with closing(open_store(watch.database)) as store:
        report = verify(store.db, write_in_between, Rules(default_vocabulary()))

    assert (report.flaw, report.manifests) == (None, 6)
    assert head_of(watch).startswith("7:")
