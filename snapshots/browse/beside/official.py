"""What the official register says of one agreement, beside what its page prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.beside import Discrepancy
from diff.saying.english import day, month, number_of
from scraper.text import cut, one_line
from snapshots.asking.differences import Disagreement
from snapshots.asking.names import Row
from snapshots.browse.app import addresses
from snapshots.browse.app.request import Reader
from snapshots.browse.beside.words import called, value_in_words
from snapshots.browse.parts.versions import Version

LONGEST = 300
_SHOWN = ("title", "datasets", "legal_bases", "controllers", "opt_outs")
"""The fields that stand beside each other, behind the term; others only where they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideRow:
    """A field as both sides have it; where they agree in words, else what each has alone."""

    label: str
    same: str = ""
    page: Sequence[str] = ()
    official: Sequence[tuple[str, str]] = ()
    """Values, each with the version that says so if it is not the newest."""


def beside(reader: Reader, references: Sequence[str], version: Version, at: str | None) -> Mapping[str, Any] | None:
    """Return what the official register says of an agreement; None where it holds no version of it.

    Args:
        reader: The database.
        references: All references of the agreement.
        version: What its page prints.
        at: A time in the past; None for now, when what differs is told too.
    """
    said = reader.answers.official.of_agreement(references, at)
    if said is None:
        return None
    versions: Sequence[Row] = said["versions"]
    newest = versions[0]
    found = [] if at else reader.answers.differences.find(references=references[:1])
    return {
        "edition": month(said["edition"]),
        "newest": _named(newest["version"]),
        "end": f", official to {day(newest['dsa_end'])}" if newest["dsa_end"] else "",
        "term": f"official, {_named(newest['version'])} of {month(said['edition'])}: {_term_of(newest)}",
        "rows": [_term(version, newest, found), *_rows(version, newest, found)] if not at else [],
        "versions": [_shown(one) for one in versions],
        "count": number_of(len(versions), "version"),
        "differences": len(found),
        "address": addresses.with_query("/differences", [("organisation", version.page)]),
    }


def _named(version: str | None) -> str:
    return f"version {version}" if version else "its only version"


def _term(version: Version, newest: Row, found: Sequence[Disagreement]) -> BesideRow:
    record = version.agreement
    printed, official = term_in_words(record.dsa_start, record.dsa_end), _term_of(newest)
    if any(one.difference.field in ("dsa_end", "dsa_start") for one in found):
        return BesideRow(label="Term", page=(printed,), official=((official, ""),))
    return BesideRow(label="Term", same=official if newest["dsa_end"] else printed)


def _term_of(version: Row) -> str:
    return term_in_words(version["dsa_start"], version["dsa_end"])


def term_in_words(start: str | None, end: str | None) -> str:
    """Return a term as it is read.

    >>> term_in_words("2022-03-13", "2026-03-12"), term_in_words(None, None)
    ('13 March 2022 to 12 March 2026', 'none')
    """
    if start and end:
        return f"{day(start)} to {day(end)}"
    return f"until {day(end)}" if end else f"from {day(start)}" if start else "none"


def _rows(version: Version, newest: Row, found: Sequence[Disagreement]) -> list[BesideRow]:
    by_field: dict[str, list[Discrepancy]] = {}
    for one in found:
        by_field.setdefault(one.difference.field, []).append(one.difference)
    others = [name for name in by_field if name not in (*_SHOWN, "dsa_end", "dsa_start", "reference")]
    return [_row(name, version, newest, by_field.get(name, [])) for name in (*_SHOWN, *others)]


def _row(name: str, version: Version, newest: Row, own: Sequence[Discrepancy]) -> BesideRow:
    if not own:
        return BesideRow(label=called(name), same=_same(name, version))
    return BesideRow(
        label=called(name),
        page=[_value(name, one.page) for one in own if one.page is not None],
        official=[
            (_value(name, one.official), one.version if one.version and one.version != newest["version"] else "")
            for one in own
            if one.official is not None
        ],
    )


def _value(name: str, value: str | None) -> str:
    return cut(value_in_words(name, value), LONGEST)


def _same(name: str, version: Version) -> str:
    """Return in a few words what both say; nothing where the page prints nothing to compare."""
    value = getattr(version.agreement, name)
    if value is None:
        return "not on the page"
    if isinstance(value, str):
        return cut(one_line(value), LONGEST)
    return f"the same {len(value)}" if len(value) > 1 else "the same"


def _shown(one: Row) -> Mapping[str, Any]:
    released = [one[name] for name in ("released_from", "released_to") if one[name]]
    return {
        "version": one["version"] or "",
        "reference": one["reference"],
        "title": cut(one_line(one["title"] or ""), LONGEST),
        "term": _term_of(one),
        "released": " to ".join(dict.fromkeys(released)),
    }
