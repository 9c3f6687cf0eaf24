"""Rows of agreements as they are kept: read back to the byte, and small though an agreement grows for years."""

import hashlib
import random

import pytest

from snapshots.keeping.database import insert
from snapshots.keeping.store import open_store
from snapshots.official.rows import OfficialRows

PAGE = "nhs-official/dars-nic-1"


@pytest.fixture
def db(tmp_path):
    store = open_store(tmp_path / "registerwatch.db")
    insert(store.db, "pages", {"key": PAGE, "register": "nhs-official", "slug": "dars-nic-1", "number": 0})
    yield store.db
    store.close()


def keep(rows, body):
    return rows.keep(PAGE, body, hashlib.sha256(body).hexdigest())


def grown(count):
    """Return an agreement's rows as they are edition by edition: each has a version more, of prose of its own."""
    chosen = random.Random(1)
    versions = [chosen.randbytes(3_000).hex().encode() for _ in range(count)]
    return [b"\n".join(versions[: number + 1]) for number in range(count)]


def test_rows_are_read_back_whoever_they_are_packed_with(db):
    bodies = grown(12)
    kept = [keep(OfficialRows(db), body) for body in bodies]

    assert [OfficialRows(db).read(number) for number in kept] == bodies
    assert [keep(OfficialRows(db), body) for body in bodies] == kept


def test_rows_of_an_agreement_that_grows_cost_what_came(db):
    rows = OfficialRows(db)
    for body in grown(12):
        keep(rows, body)
    sizes = db.column("select length(data) from official_rows order by id")

    # A version of these is 3 KB of chance; packed with its first rows, the last would be eleven of them.
    assert max(sizes) < 4_000


def test_rows_that_differ_in_little_are_all_packed_with_the_same(db):
    rows = OfficialRows(db)
    (first, *_) = [keep(rows, grown(3)[-1] + b"\n%d files" % number) for number in range(20)]

    assert set(db.column("select base from official_rows where base is not null")) == {first}


def test_rows_that_somebody_packed_with_themselves_are_an_error_and_no_endless_loop(db):
    number = keep(OfficialRows(db), b"rows")
    db.execute("update official_rows set base = id")

    with pytest.raises(ValueError, match="later"):
        OfficialRows(db).read(number)
