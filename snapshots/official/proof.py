"""Whether the editions of the official register are what the chain says: their workbooks by checksum, and every row."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import zstandard

from scraper.register import NHS_OFFICIAL
from snapshots.official.editions import bodies_of, line_of_rows, slug_of_key, workbook_fact
from snapshots.official.rows import OfficialRows
from snapshots.sql.rows import Database


def flaws_of_editions(db: Database, said: Mapping[int, Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield (run, what is wrong) of the editions that are not what the chain says of them."""
    kept = {row["run"]: row for row in db.query("select * from official_editions order by run")}
    # Of which register a run is, is in no manifest: its edition is, or that it has none.
    of_this = {row["id"] for row in db.query("select id from runs where register = :id", {"id": NHS_OFFICIAL.id})}
    for run in sorted(of_this ^ kept.keys()):
        yield run, "the run is said to be of another register than it is"
    for run in sorted(kept.keys() | said.keys()):
        if run not in kept:
            yield run, "the edition of the official register is missing"
        elif run not in said:
            yield run, "the edition of the official register stands in no manifest: it was added"
        elif (what := _differs(db, kept[run], said[run])) is not None:
            yield run, what


def _differs(db: Database, row: Mapping[str, Any], said: Mapping[str, Any]) -> str | None:
    try:
        actual = workbook_fact(row, _digest(db, row["run"]))
    except (zstandard.ZstdError, MemoryError, ValueError, KeyError) as error:
        return f"the rows of the official register cannot be read ({error})"
    for name, value in said.items():
        if actual.get(name) != value:
            return f"{name} of the official register is not as it was: {actual.get(name)}, the manifest {value}"
    return None


def _digest(db: Database, run: int) -> str:
    """Return the checksum over the rows of all agreements of an edition, as they are."""
    rows, digest = OfficialRows(db), hashlib.sha256()
    for key, body in sorted(bodies_of(db, run).items()):
        digest.update(line_of_rows(slug_of_key(key), hashlib.sha256(rows.read(body)).hexdigest()))
    return digest.hexdigest()
