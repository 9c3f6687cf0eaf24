"""Agreements and changes as rows: one for each distinct state, one for each distinct text; prose only in `texts`."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import zip_longest
from typing import Any, TypeVar

from diff.change import Change, ChangeNote, read_families
from diff.details import NO_DETAILS, Details, read_value
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.fields import Sort
from scraper.names.fold import fold_key
from scraper.records import (
    FIELDS,
    PROSE,
    SECTIONS,
    Agreement,
    LegalBasis,
    agreement_from_json,
    agreement_to_json,
    fields_of_sort,
)
from scraper.text import one_of_equal
from snapshots.sql.rows import Database

_AS_JSON = fields_of_sort(Sort.SET, Sort.LIST, Sort.CITATIONS, Sort.LINES)
_FLAGS = fields_of_sort(Sort.FLAG)
_PLAIN = tuple(name for name in FIELDS if name not in SECTIONS)

PLAIN_COLUMNS = ", ".join(f"states.{name}" for name in _PLAIN)
"""Columns of `states` that hold a field as it is."""
PROSE_JOINS = "\n".join(f"left join texts as {name} on {name}.id = states.{name}" for name in SECTIONS)
"""What a question for prose joins to `states`: each section under its own name."""
PROSE_IDS = ", ".join(f"states.{name}" for name in SECTIONS)
"""The rows of `texts` that a state names."""


def prose_columns(column: str = "text") -> str:
    """Return a *column* of each text that `PROSE_JOINS` joins, under the field's name."""
    return ", ".join(f"{name}.{column} as {name}" for name in SECTIONS)


STATES = f"""
    select states.id, states.hash, states.unprinted, states.unread, {PLAIN_COLUMNS}, {prose_columns()}
    from states
    {PROSE_JOINS}
    """
"""The rows that `agreement_of` reads; conditions on `states` may follow."""


_BY_IDS = "select * from states where id in (select value from json_each(:ids))"


K = TypeVar("K")
V = TypeVar("V")


def as_json(value: Any) -> str:
    """Return *value* as the JSON that is kept: compact, as printed."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def digest_of_text(text: str) -> str:
    """Return the key of a text: 32 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def digest_of_state(agreement: Agreement) -> str:
    """Return the key of everything in a state: 32 hex digits."""
    record = agreement_to_json(agreement)
    return digest_of_text(as_json([record, sorted(agreement.unprinted), sorted(agreement.unread)]))


# --- prose as a handle ------------------------------------------------------------------------------------------------


class Prose:
    """A row of `texts` that was not read yet: a register's prose would fill the memory, and little of it is asked for.

    Equal texts are one row, so that two handles of one database are compared without their texts.
    """

    __slots__ = ("_beside", "_texts", "id")

    def __init__(self, number: int, beside: Sequence[int], texts: "States") -> None:
        self.id = number
        self._beside = beside  # those of the same agreement, which are asked for with it
        self._texts = texts

    @property
    def text(self) -> "KeptText | None":
        """Return the text; None where its row is gone, as in a damaged file."""
        found = self._texts.text(self.id, self._beside)
        if found is None:
            return None
        text = KeptText(found)
        text.prose = self
        return text

    @property
    def key(self) -> str:
        """Return what stands for the folded text in comparisons."""
        return self._texts.key(self.id, self._beside)


class KeptText(str):
    """A text that was read from its row: whoever takes it over into another agreement takes the handle."""

    __slots__ = ("prose",)
    prose: Prose


class KeptAgreement(Agreement):
    """An agreement whose sections are read each time they are asked for, and otherwise the same as any."""

    __slots__ = ("sections", "state")
    sections: "Sections"
    state: int | None
    """Id of its state, once that is known."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Agreement):
            return NotImplemented
        mine, its = sections_of(self), sections_of(other)
        return all(getattr(self, name) == getattr(other, name) for name in _APART_FROM_PROSE) and all(
            _is_same_prose(mine[name], its[name]) for name in SECTIONS
        )

    __hash__ = Agreement.__hash__

    def text_key(self, name: str) -> str:
        """Return what stands for the folded text of the field *name*, which is folded once, and not for each of us."""
        prose = self.sections.get(name)
        return prose.key if isinstance(prose, Prose) else super().text_key(name)

    @classmethod
    def of(cls, agreement: Agreement, sections: "Sections", state: int | None) -> "KeptAgreement":
        """Return *agreement* with these *sections* in place of its own."""
        kept = cls(**{name: _shared(getattr(agreement, name)) for name in _APART_FROM_PROSE} | sections)
        object.__setattr__(kept, "state", state)
        return kept


Sections = dict[str, Prose | str | None]
"""Name of a section → its text, or the handle of that."""

_APART_FROM_PROSE = tuple(one.name for one in fields(Agreement) if one.name not in SECTIONS)


def _shared(value: Any) -> Any:
    """Return *value* with texts that are one in memory, however many agreements print them: most are on many pages."""
    if type(value) is tuple:
        return tuple(map(_shared, value))
    if type(value) is dict:
        return {_shared(name): _shared(one) for name, one in value.items()}
    return one_of_equal(value) if type(value) in (str, LegalBasis) else value


def _section(name: str) -> property:
    def read(agreement: KeptAgreement) -> str | None:
        value = agreement.sections[name]
        return value.text if isinstance(value, Prose) else value

    def write(agreement: KeptAgreement, value: Prose | str | None) -> None:
        # As a dataclass writes it, once; `replace` hands over what `read` gave.
        if not hasattr(agreement, "sections"):
            object.__setattr__(agreement, "sections", {})
            object.__setattr__(agreement, "state", None)
        agreement.sections[name] = value.prose if isinstance(value, KeptText) else value

    return property(read, write)


for _name in SECTIONS:
    setattr(KeptAgreement, _name, _section(_name))


def sections_of(agreement: Agreement) -> Sections:
    """Return the sections of *agreement*, as handles where it has such."""
    if isinstance(agreement, KeptAgreement):
        return agreement.sections
    return {name: getattr(agreement, name) for name in SECTIONS}


def _is_same_prose(one: Prose | str | None, other: Prose | str | None) -> bool:
    if isinstance(one, Prose) and isinstance(other, Prose):
        return one.id == other.id
    return (one.text if isinstance(one, Prose) else one) == (other.text if isinstance(other, Prose) else other)


# --- states -----------------------------------------------------------------------------------------------------------

MOST_REMEMBERED = 8_192
"""Agreements held in memory at once (some 15 KB each with their prose), so that a long derivation stays small."""

MOST_NOTED = 32_768
"""Ids of states held in memory at once, as many ids of texts, and as many keys of these: of some thousand pages."""

MOST_TEXTS = 256
"""Texts held in memory at once, where prose is apart: those of a few pages, which are gone through one by one."""


class States:
    """The tables `states` and `texts`; writes join the transaction that is open.

    Args:
        db: The database.
        prose_apart: Whether sections of what is loaded are read when they are asked for, as long as *db* is open: for
            who goes through a register.
    """

    def __init__(self, db: Database, *, prose_apart: bool = False) -> None:
        self._db = db
        self._prose_apart = prose_apart
        self._ids: dict[str, int] = {}
        self._text_ids: dict[str, int] = {}
        self._keys: dict[int, str] = {}
        self._loaded: dict[int, Agreement] = {}
        self._texts: dict[int, str] = {}
        self._kept: dict[int, tuple[Agreement, int]] = {}  # by identity: the same object is kept again and again

    def keep(self, agreements: Iterable[Agreement], keys: Iterable[str] = ()) -> list[int]:
        """Return the ids of these states, keeping the new ones; *keys* are those of `digest_of_state`, if at hand."""
        return [self._keep(agreement, key) for agreement, key in zip_longest(agreements, keys)]

    def _keep(self, agreement: Agreement, key: str | None) -> int:
        number = self._known(agreement)
        if number is None:
            number = self._id_of(agreement, key or digest_of_state(agreement))
            if isinstance(agreement, KeptAgreement):
                object.__setattr__(agreement, "state", number)
                if any(isinstance(section, str) for section in agreement.sections.values()):
                    self._let_go_of_words(agreement, number)
            elif not self._prose_apart:
                self._remember(agreement, number)
        return number

    def _let_go_of_words(self, agreement: KeptAgreement, number: int) -> None:
        """Have an agreement whose state was kept already hold the rows of its texts, and not these."""
        # Joined, because in a damaged file a row may be gone: then its words are held here alone.
        sql = f"select {prose_columns('id')} from states {PROSE_JOINS} where states.id = :id"
        (row,) = self._db.query(sql, {"id": number})
        there = {name: found for name, found in row.items() if found is not None}
        agreement.sections.update(self._handles(there))

    def _known(self, agreement: Agreement) -> int | None:
        """Return the id under which this very object was kept or loaded; None if it was not."""
        if isinstance(agreement, KeptAgreement):
            return agreement.state
        found = self._kept.get(id(agreement))
        return found[1] if found else None

    def _remember(self, agreement: Agreement, number: int) -> None:
        if len(self._loaded) >= MOST_REMEMBERED:
            self.let_go()
        if not self._prose_apart:
            self._kept[id(agreement)] = (agreement, number)
        self._loaded[number] = agreement

    def _id_of(self, agreement: Agreement, digest: str) -> int:
        number = self._ids.get(digest)
        if number is None:
            found = next(iter(self._db.query("select id from states where hash = :hash", {"hash": digest})), None)
            number = int(found["id"]) if found else self._insert(agreement, digest)
            _note(self._ids, digest, number)
        return number

    def _insert(self, agreement: Agreement, digest: str) -> int:
        record = agreement_to_json(agreement)
        row = {name: record[name] for name in _PLAIN}
        for name in _AS_JSON:
            row[name] = None if record[name] is None else as_json(record[name])
        texts = {name: self._kept_section(value) for name, value in sections_of(agreement).items()}
        row |= texts | {name: as_json(sorted(getattr(agreement, name))) for name in ("unprinted", "unread")}
        row["hash"] = digest
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        number = int(self._db.execute(f"insert into states ({names}) values ({values})", row).lastrowid or 0)
        if isinstance(agreement, KeptAgreement):
            agreement.sections.update(self._handles(texts))  # the same words: what is kept need not be held
        elif self._prose_apart:
            # It will be asked for in a moment, when the run is decided.
            self._remember(KeptAgreement.of(agreement, self._handles(texts), number), number)
        return number

    def _kept_section(self, value: Prose | str | None) -> int | None:
        if isinstance(value, Prose):
            return value.id
        return None if value is None else self.keep_text(value)

    def _handles(self, texts: Mapping[str, int | None]) -> Sections:
        beside = tuple(number for number in texts.values() if number is not None)
        return {name: None if number is None else Prose(number, beside, self) for name, number in texts.items()}

    def text(self, number: int, beside: Sequence[int] = ()) -> str | None:
        """Return a text by its id, None if there is none; those *beside* it are read by the same question."""
        if number not in self._texts:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            wanted = beside or (number,)
            sql = f"select id, text from texts where id in ({', '.join('?' * len(wanted))})"
            self._texts.update(self._db.execute(sql, wanted))
        return self._texts.get(number)

    def key(self, number: int, beside: Sequence[int] = ()) -> str:
        """Return what stands for the folded form of the text of that id."""
        found = self._keys.get(number)
        if found is None:
            text = self.text(number, beside)
            found = fold_key(text)
            if text is not None:  # in a damaged file the number of a row that is gone may be another text's soon
                _note(self._keys, number, found)
        return found

    def keep_text(self, text: str) -> int:
        """Return the id of *text*, keeping it if it is new."""
        digest = digest_of_text(text)
        number = self._text_ids.get(digest)
        if number is None:
            found = next(iter(self._db.query("select id from texts where hash = :hash", {"hash": digest})), None)
            if found is None:
                row = {"hash": digest, "text": text}
                added = self._db.execute("insert into texts (hash, text) values (:hash, :text)", row)
                found = {"id": added.lastrowid}
            number = int(found["id"])
            _note(self._text_ids, digest, number)
        return number

    def index_texts(self) -> None:
        """Put the texts kept since the last time into the full-text index, by one statement."""
        self._db.execute(
            """
            insert into texts_search (rowid, text)
            select id, text
            from texts
            where id > (select coalesce(max(id), 0) from texts_search_docsize)
            """
        )

    def load(self, ids: Iterable[int]) -> dict[int, Agreement]:
        """Return the agreements of these ids."""
        wanted = set(ids)
        missing = sorted(wanted - self._loaded.keys())
        if missing:
            loaded = dict(self._load_apart(missing) if self._prose_apart else self._load_whole(missing))
            found = {number: self._loaded[number] for number in wanted - loaded.keys()}
            for number, agreement in loaded.items():
                self._remember(agreement, number)
            return found | loaded
        return {number: self._loaded[number] for number in wanted}

    def _load_apart(self, ids: list[int]) -> Iterator[tuple[int, Agreement]]:
        for row in self._db.query(_BY_IDS, {"ids": as_json(ids)}):
            sections = self._handles({name: row[name] for name in SECTIONS})
            without = agreement_of(row | dict.fromkeys(SECTIONS))
            yield row["id"], KeptAgreement.of(without, sections, row["id"])

    def _load_whole(self, ids: list[int]) -> Iterator[tuple[int, Agreement]]:
        """Yield id and agreement; a text of several states is one text in memory, read once."""
        rows = list(self._db.query(_BY_IDS, {"ids": as_json(ids)}))
        wanted = {row[name] for row in rows for name in SECTIONS} - {None}
        sql = "select id, text from texts where id in (select value from json_each(:ids))"
        ids_of_texts = as_json(sorted(wanted - self._texts.keys()))
        self._texts |= {row["id"]: row["text"] for row in self._db.query(sql, {"ids": ids_of_texts})}
        for row in rows:
            yield row["id"], agreement_of(row | {name: self._texts.get(row[name]) for name in SECTIONS})

    def damaged(self) -> Iterator[tuple[str, int]]:
        """Yield (table, row) of the texts and states whose content is not that of their key."""
        with tolerant(self._db):
            for table, rows in (("texts", "select id, hash, text from texts"), ("states", STATES)):
                for row in self._db.query(rows):
                    if not _has_its_hash(table, row):
                        yield table, row["id"]

    def doubt_damaged(self) -> None:
        """Take the key from damaged rows, so that none of them is taken for what it should be.

        And from the states that refer to a damaged text: one that is right but for the key of its text would keep it.
        """
        for table, number in list(self.damaged()):
            self._db.execute(f"update {table} set hash = 'damaged ' || id where id = :id", {"id": number})
        damaged = "(select id from texts where hash = 'damaged ' || id)"
        referring = " or ".join(f"{section} in {damaged}" for section in SECTIONS)
        self._db.execute(f"update states set hash = 'damaged ' || id where {referring}")
        self.forget()

    def sweep(self) -> None:
        """Delete the states and texts that nothing refers to."""
        self._db.execute(
            """
            delete from states
            where id not in (select state from agreement_versions)
              and id not in (select value from readings, json_each(readings.states))
              and id not in (
                select place.value ->> 'believed' from beliefs, json_each(beliefs.belief, '$.places') as place
              )
            """
        )
        used = " union ".join(
            f"select {column} from {table} where {column} is not null"
            for table, columns in (("states", SECTIONS), ("changes", ("before_text", "after_text")))
            for column in columns
        )
        self._db.execute(f"delete from texts where id not in ({used})")
        self.forget()

    def forget(self) -> None:
        """Let go of what was loaded; ids of rows that were rolled back must not be believed."""
        self._ids.clear()
        self._text_ids.clear()
        self._keys.clear()
        self.let_go()

    def let_go(self) -> None:
        """Let go of agreements and texts; those that are asked for again are loaded again."""
        self._loaded.clear()
        self._texts.clear()
        self._kept.clear()


def _note(noted: dict[K, V], key: K, value: V) -> None:
    if len(noted) >= MOST_NOTED:
        noted.clear()
    noted[key] = value


def agreement_of(row: Mapping[str, Any]) -> Agreement:
    """Return the agreement of a row of `states` with its prose."""
    record = {name: row[name] for name in FIELDS}
    record |= {name: json.loads(row[name]) for name in _AS_JSON if row[name] is not None}
    record |= {name: bool(row[name]) for name in _FLAGS if row[name] is not None}
    return agreement_from_json(record, frozenset(json.loads(row["unprinted"])), frozenset(json.loads(row["unread"])))


@contextmanager
def tolerant(db: Database) -> Iterator[None]:
    """Let text that is no UTF-8 be read: what a turned bit left is to be found, not to be stumbled over."""
    db.conn.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        yield
    finally:
        db.conn.text_factory = str


NOT_READABLE = (ValueError, TypeError, AttributeError, LookupError)
"""What values raise that are not what was written."""


def _has_its_hash(table: str, row: Mapping[str, Any]) -> bool:
    try:
        found = digest_of_text(row["text"]) if table == "texts" else digest_of_state(agreement_of(row))
    except NOT_READABLE:
        return False
    return bool(found == row["hash"])


# --- changes ----------------------------------------------------------------------------------------------------------

CHANGES = """
    select c.*, before_texts.text as before_prose, after_texts.text as after_prose, (
      select json_group_array(json_array(number, made_at, text)) from change_notes where change_id = c.id
    ) as notes
    from changes as c
    left join texts as before_texts on before_texts.id = c.before_text
    left join texts as after_texts on after_texts.id = c.after_text
    """
"""The rows that `change_of` reads; conditions on `c` may follow."""


def change_of(row: Mapping[str, Any]) -> Change:
    """Return the change of a row of `CHANGES`. Its members are rows of their own."""
    families = json.loads(row["families"]) if row["families"] else None
    return Change(
        id=row["id"],
        kind=ChangeKind(row["kind"]),
        severity=Severity(row["severity"]),
        substantive=bool(row["substantive"]),
        organisation=row["organisation"],
        page=row["page"],
        reference=row["reference"],
        title=row["title"],
        field=row["field"],
        before=_value(row["before"], row["before_prose"]),
        after=_value(row["after"], row["after_prose"]),
        added=_list(row["added"]),
        removed=_list(row["removed"]),
        families=None if families is None else read_families(*families),
        details=NO_DETAILS if row["details"] == "{}" else Details.from_json(json.loads(row["details"])),
        summary=row["summary"],
        first_seen=row["first_seen"],
        run=row["run"],
        snapshot_before=row["snapshot_before"],
        snapshot_after=row["snapshot_after"],
        group=row["id"] if row["is_group"] else None,
        agreements=row["agreements"],
        withdrawn=bool(row["withdrawn"]),
        fact=row["fact"],
        member_of=row["member_of"],
        notes=() if row["notes"] == "[]" else _notes(row["notes"]),
    )


def _notes(rows: str) -> tuple[ChangeNote, ...]:
    # By their numbers: in which order SQLite gathers rows is not defined.
    return tuple(ChangeNote(made_at, text) for _, made_at, text in sorted(json.loads(rows)))


def _list(values: str) -> tuple[str, ...]:
    # Most changes have an empty list and no details: not to parse these saves a third of the time of reading a history.
    return () if values == "[]" else tuple(json.loads(values))


def _value(value: str | None, prose: str | None) -> Any:
    return prose if value is None else read_value(json.loads(value))


def row_of(change: Change, states: States) -> dict[str, Any]:
    """Return the row of a change; its prose is kept by *states*."""
    row: dict[str, Any] = {
        "id": change.id,
        "fact": change.fact,
        "kind": change.kind.value,
        "severity": change.severity.value,
        "substantive": change.substantive,
        "organisation": change.organisation,
        "page": change.page,
        "reference": change.reference,
        "title": change.title,
        "field": change.field,
        "added": as_json(change.added),
        "removed": as_json(change.removed),
        "families": None if change.families is None else as_json(change.families),
        "details": as_json(change.details.to_json()),
        "summary": change.summary,
        "first_seen": change.first_seen,
        "run": change.run,
        "snapshot_before": change.snapshot_before,
        "snapshot_after": change.snapshot_after,
        "is_group": change.group is not None,
        "member_of": change.member_of,
        "agreements": change.agreements,
    }
    is_prose = change.field in PROSE and change.group is None
    for side, value in (("before", change.before), ("after", change.after)):
        row[side] = None if value is None or is_prose else as_json(value)
        row[f"{side}_text"] = states.keep_text(str(value)) if is_prose and value is not None else None
    return row
