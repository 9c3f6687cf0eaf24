"""The chain of runs: every write to the log is one manifest, hashed into the next one."""

import hashlib
import json
import sqlite3
from contextlib import closing

import pytest
import zstandard

from scraper.names.vocabulary import default_vocabulary
from snapshots.keeping.chain import head, text_of
from snapshots.keeping.store import Rules, open_store
from snapshots.keeping.verify import verify
from tests.harness.editions import HARROWDALE, REGISTER, WEXCOMBE, Watch, many, with_project
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import answer

CHANGED = REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, end="2029-03-12")}


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


def manifests(watch):
    """Return the texts of the chain, oldest first; each must have its hash, and name the one before."""
    with closing(sqlite3.connect(watch.database)) as database:
        rows = database.execute("select number, hash, manifest from manifests order by number").fetchall()
    before, found = None, []
    for place, (number, hash_, manifest) in enumerate(rows, 1):
        text = zstandard.ZstdDecompressor().decompress(manifest)
        one = json.loads(text)
        assert (number, one["number"], one["previous"]) == (place, place, before)
        assert hashlib.sha256(text).hexdigest() == hash_
        before = hash_
        found.append(one)
    return found


def is_as_it_was(watch):
    with closing(open_store(watch.database)) as store:
        return verify(store.db, lambda items, _length, _word: items, Rules(default_vocabulary())).flaw is None


def test_an_import_is_one_manifest_that_names_pages_addresses_checksums_and_times(watch):
    watch.take(REGISTER, "2026-06-01")
    (one,) = manifests(watch)

    assert (one["run"], one["kind"], one["captured_at"], one["complete"]) == (1, "import", "2026-06-01T00:00:00Z", True)
    assert [fact["page"] for fact in one["known"]] == sorted(REGISTER)
    (fact,) = [fact for fact in one["known"] if fact["page"] == "wexcombe_city_council"]
    body = WEXCOMBE.text()
    assert fact == {
        "page": "wexcombe_city_council",
        "address": "wexcombe_city_council.txt",
        "captured_at": "2026-06-01T00:00:00Z",
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
        "kept_at": one["finished_at"],
    }


def test_pages_seen_unchanged_are_one_checksum_over_their_names(watch):
    watch.take(REGISTER, "2026-06-01")
    watch.take(CHANGED, "2026-07-01")
    watch.take(CHANGED, "2026-08-01")
    first, changed, quiet = manifests(watch)
    digest = hashlib.sha256("".join(f"{slug}\n" for slug in sorted(REGISTER)).encode()).hexdigest()

    assert first["seen"] == changed["seen"] == quiet["seen"] == {"pages": 3, "sha256": digest}
    assert [fact["page"] for fact in changed["known"]] == ["university_of_harrowdale"]
    assert quiet["known"] == []


def test_the_same_edition_again_adds_nothing(watch):
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER, "2026-06-01")

    assert len(manifests(watch)) == 1


def test_an_edition_that_is_extended_has_a_second_manifest_with_what_is_new(watch):
    first, *others = REGISTER
    watch.take({first: REGISTER[first]}, "2026-06-01", complete=False)
    watch.take(REGISTER, "2026-06-01")
    before, after = manifests(watch)

    assert (before["run"], after["run"]) == (1, 1)
    assert (before["complete"], after["complete"]) == (False, True)
    assert (before["seen"]["pages"], after["seen"]["pages"]) == (1, 3)
    assert [fact["page"] for fact in after["known"]] == sorted(others)
    assert is_as_it_was(watch)


def test_an_edition_put_between_two_names_what_it_writes_out_for_the_later_one(watch):
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER, "2026-09-01")
    watch.take(CHANGED, "2026-07-01")
    *_, between = manifests(watch)

    (pinned,) = between["pinned"]
    assert (pinned["run"], pinned["page"]) == (2, "university_of_harrowdale")
    assert is_as_it_was(watch)


def test_a_held_run_is_in_the_chain_and_so_is_what_was_decided_on_it(watch):
    watch.take({"nhs_northam_icb": WEXCOMBE} | {"big": with_many()}, "2026-06-01")
    watch.take({"nhs_northam_icb": WEXCOMBE}, "2026-07-01")
    watch.run("discard", "2")
    _, held, decided = manifests(watch)

    assert (held["run"], held["seen"]["pages"]) == (2, 1)
    assert (decided["run"], decided["decision"]) == (2, "discarded")
    assert decided["made_at"] > "2026"
    assert is_as_it_was(watch)


def with_many():
    return type(WEXCOMBE)("NHS Board", many(40))


def test_a_run_over_http_names_failures_with_their_reason_and_pages_that_are_gone(tmp_path):
    with RegisterServer(Site(dict(REGISTER))) as server:
        nights = Nights(tmp_path, server)
        nights.run_at()
        server.site.faults["nhs_eastmere_icb"] = answer(b"later", status="503 Service Unavailable")
        del server.site.pages["wexcombe_city_council"]
        nights.run_at()
        found = {fact["page"]: fact for fact in manifests(nights)[1]["known"]}

    assert found["nhs_eastmere_icb"]["outcome"] == "failed"
    assert "503" in found["nhs_eastmere_icb"]["reason"]
    assert found["wexcombe_city_council"]["outcome"] == "gone"
    assert is_as_it_was(nights)


def test_what_is_taken_back_is_in_no_manifest(tmp_path):
    with RegisterServer(Site(dict(REGISTER))) as server:
        nights = Nights(tmp_path, server)
        nights.run_at(dry_run=True)
        assert manifests(nights) == []
        nights.run_at()

    assert len(manifests(nights)) == 1


def test_the_chain_does_not_grow_with_the_pages_seen(watch):
    pages = {f"nhs_board_{n:03d}": type(WEXCOMBE)(f"NHS Board {n}", many(1, first=n)) for n in range(120)}
    watch.take(pages, "2026-06-01")
    watch.take(pages, "2026-07-01")
    with closing(sqlite3.connect(watch.database)) as database:
        (size,) = database.execute("select length(manifest) from manifests where number = 2").fetchone()

    assert size < 300


def test_the_head_is_the_last_of_the_chain_and_nothing_before_the_first_run(watch):
    with closing(open_store(watch.database)) as store:
        assert head(store.db) is None
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER, "2026-07-01")

    with closing(open_store(watch.database)) as store:
        (row,) = store.db.query("select * from manifests where number = 2")
        assert head(store.db) == (2, row["hash"])
        assert json.loads(text_of(row["manifest"]))["run"] == 2


def without_chain(watch):
    """Take a database back to what it was before there was a chain."""
    with closing(sqlite3.connect(watch.database)) as database, database:
        for (view,) in database.execute("select name from sqlite_master where type = 'view'").fetchall():
            database.execute(f"drop view {view}")
        database.execute("drop table manifests")
        database.execute("alter table captures drop column headers")
        database.execute("delete from _sqlite_migrations where name > 'm002_deliveries' and name < 'm005'")
        database.execute("pragma user_version = 0")


def test_a_log_from_before_there_was_a_chain_gets_one_that_says_so(watch):
    watch.take({"nhs_northam_icb": WEXCOMBE} | {"big": with_many()}, "2026-06-01")
    watch.take({"nhs_northam_icb": WEXCOMBE}, "2026-07-01")
    watch.run("release", "2")
    watch.take(REGISTER, "2026-05-01")
    history = watch.history()
    without_chain(watch)
    result = watch.run("status", "--format", "json")
    assert result.exit_code in (0, 3), result.stderr

    found = manifests(watch)
    assert [(one["run"], one.get("decision")) for one in found] == [(1, None), (2, None), (3, None), (2, "released")]
    assert all(one["made"] == "afterwards" for one in found)
    assert watch.history() == history
    assert is_as_it_was(watch)

    watch.take(REGISTER, "2026-08-01")
    assert "made" not in manifests(watch)[-1]
    assert is_as_it_was(watch)
