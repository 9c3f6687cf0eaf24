"""What an operator remarked on changes: written once, into the chain too, and never altered."""

from typing import NamedTuple

from diff.change import Change, ChangeNote
from scraper.errors import RegisterWatchError
from scraper.limits import LONGEST_NOTE, MOST_NOTES
from scraper.text import one_line
from snapshots.keeping.chain import append_note
from snapshots.keeping.database import insert
from snapshots.sql.rows import Database


class NoteError(RegisterWatchError):
    """A remark that cannot be kept; nothing was written."""


class KeptNote(NamedTuple):
    """A remark as it is kept, and whether it is so only now."""

    number: int
    """Of its manifest."""
    note: ChangeNote
    is_new: bool


def keep_note(db: Database, change: Change, text: str, at: str) -> KeptNote:
    """Keep a remark on *change*; the same words again are the same remark. Joins the transaction that is open.

    Raises:
        NoteError: It says nothing, is too long, or is one too many.
    """
    said = _said(text)
    rows = list(db.query("select * from change_notes where change_id = :id order by number", {"id": change.id}))
    for row in rows:
        if row["text"] == said:
            return KeptNote(row["number"], ChangeNote(row["made_at"], said), is_new=False)
    if len(rows) >= MOST_NOTES:
        raise NoteError(f"the change {change.id} has {len(rows)} notes, and no more are taken")
    # As of when it was made: a clock that was set back must not put it before what it answers.
    made_at = max([at, *(row["made_at"] for row in rows)])
    number = append_note(db, change.run, change.id, said, made_at).number
    insert(db, "change_notes", {"number": number, "change_id": change.id, "made_at": made_at, "text": said})
    return KeptNote(number, ChangeNote(made_at, said), is_new=True)


def _said(text: str) -> str:
    said = one_line(text).strip()
    if not said:
        raise NoteError("a note needs words")
    if len(said) > LONGEST_NOTE:
        raise NoteError(f"a note of {len(said):,} characters is too long; at most {LONGEST_NOTE:,}")
    return said
