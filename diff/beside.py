"""The pages beside the official register: where the two disagree about an agreement. Pure.

Both sides come as records, values by the name of a field: a set as a list, None where it is not printed. What is
typography, another known name or a comma within a name is no difference (design rules 4, 8 and 20).
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.change import Change
from diff.details import single
from diff.kinds import ChangeKind
from scraper.names.fold import fold
from scraper.names.legal_families import compared_ids
from scraper.names.vocabulary import Vocabulary
from scraper.times import same_date

Record = Mapping[str, Any]

SETS = (
    "datasets",
    "legal_bases",
    "controllers",
    "opt_outs",
    "type_of_data",
    "confidentiality",
    "sensitivity",
    "access_methods",
    "commercial",
    "organisation_types",
    "sublicensing",
)
"""Fields whose values are held against all that the held versions say together, value by value."""

COMPARED = ("reference", "title", "dsa_end", "dsa_start", *SETS)
"""Every field in which a difference can be, in the order in which they are told."""

_ANSWERS = {"y": "Yes", "yes": "Yes", "n": "No", "no": "No"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One fact that the pages and the official register do not both say."""

    field: str
    page: str | None
    """What the pages print; None where they lack it."""
    official: str | None
    """What the official register says; None where it lacks it."""
    version: str | None = None
    """The newest held version that says so."""

    @property
    def fact(self) -> tuple[str, str | None, str | None]:
        """What it says, whichever version is the newest."""
        return self.field, self.page and fold(self.page), self.official and fold(self.official)


def differences(
    pages: Sequence[Record],
    versions: Sequence[Record],
    vocabulary: Vocabulary,
    fields: Collection[str] = frozenset(COMPARED),
) -> list[Discrepancy]:
    """Return where the pages and the held versions of one agreement disagree.

    Args:
        pages: What each page prints of it now; none where no page does.
        versions: Its held versions, the newest first; none where it is on the pages alone.
        vocabulary: Known other names.
        fields: Where a difference is asked for; an agreement that is on one side only differs in `reference`.
    """
    if not pages or not versions:
        return _on_one_side(pages, versions) if "reference" in fields else []
    found = [*_titles(pages, versions)] if "title" in fields else []
    # One of the two is told, so none of them can be looked at without the other.
    found += [one for one in _terms(pages, versions) if one.field in fields]
    for field in SETS:
        if field in fields:
            found += _values(field, pages, versions, vocabulary)
    return found


def _on_one_side(pages: Sequence[Record], versions: Sequence[Record]) -> list[Discrepancy]:
    if pages:
        return [Discrepancy(field="reference", page=pages[0]["reference"], official=None)]
    if versions:
        newest = versions[0]
        return [Discrepancy(field="reference", page=None, official=newest["reference"], version=newest["version"])]
    return []


# --- single values ----------------------------------------------------------------------------------------------------


def _titles(pages: Sequence[Record], versions: Sequence[Record]) -> Iterator[Discrepancy]:
    """Yield a title that no held version has; the page prints that of the first one."""
    official = [version for version in versions if version["title"]]
    known = {fold(version["title"]) for version in official}
    for title in dict.fromkeys(page["title"] for page in pages if page["title"]):
        if official and fold(title) not in known:
            newest = official[0]
            yield Discrepancy(field="title", page=title, official=newest["title"], version=newest["version"])


def _terms(pages: Sequence[Record], versions: Sequence[Record]) -> Iterator[Discrepancy]:
    """Yield the printed term where it is not that of the newest version: by its end, else by its start."""
    newest = next((version for version in versions if version["dsa_end"] or version["dsa_start"]), None)
    if newest is None:
        return
    seen = set()
    for page in pages:
        for field in ("dsa_end", "dsa_start"):
            printed, official = page[field], newest[field]
            if field in page["unprinted"] or same_date(printed, official):
                continue
            if printed not in seen:
                yield Discrepancy(field=field, page=printed, official=official, version=newest["version"])
            seen.add(printed)
            break


# --- sets -------------------------------------------------------------------------------------------------------------


def _values(
    field: str, pages: Sequence[Record], versions: Sequence[Record], vocabulary: Vocabulary
) -> Iterator[Discrepancy]:
    """Yield each value of a set that one side has and the other lacks, if both print that set."""
    # Nearly always both say the same, and then nobody need ask what the values mean.
    said = pages[0].get(field)
    if [record.get(field) for record in (*pages, *versions)] == [said] * (len(pages) + len(versions)):
        return
    if _as_printed(field, pages) == _as_printed(field, versions):
        return
    printed, official = _union(field, pages, vocabulary), _union(field, versions, vocabulary)
    if printed is None or official is None:
        return
    on_pages = [name for key, name in printed.items() if key not in official]
    on_versions = [name for key, name in official.items() if key not in printed]
    if field == "controllers":
        on_pages, on_versions = _unrelated(on_pages, on_versions, printed.values(), official.values(), vocabulary)
    for name in on_pages:
        yield Discrepancy(field=field, page=name, official=None)
    for name in on_versions:
        yield Discrepancy(
            field=field, page=None, official=name, version=_newest_with(field, name, versions, vocabulary)
        )


def _as_printed(field: str, records: Iterable[Record]) -> set[str]:
    return set().union(*(record.get(field) or () for record in records))


def _union(field: str, records: Iterable[Record], vocabulary: Vocabulary) -> dict[Hashable, str] | None:
    """Return the values of a set over several records by what they mean; None where none of them prints it."""
    lists = [record[field] for record in records if record.get(field) is not None]
    if not lists:
        return None
    values = [value for one in lists for value in one]
    if field == "legal_bases":
        return {key: key for key in sorted(compared_ids(values))}
    meaning = _meaning(field, vocabulary)
    found: dict[Hashable, str] = {}
    for value in values:
        key, name = meaning(value)
        if key:
            found.setdefault(key, name)
    return found


def _meaning(field: str, vocabulary: Vocabulary) -> Callable[[str], tuple[str, str]]:
    """Return what gives of a printed value that by which it is compared, and how it is shown."""
    if field == "datasets":
        return lambda name: (fold(vocabulary.dataset_canonical(name)), name)
    if field == "opt_outs":
        return _answer
    return lambda value: (fold(value), value)


def _answer(printed: str) -> tuple[str, str]:
    """Return which answer a value of the opt-outs is: the pages keep the sentences of before 2021 beside it.

    What is no answer, such as a type of data that was printed there, is left out.

    >>> _answer("No - data flow is not identifiable"), _answer("Y"), _answer("Identifiable")
    (('No', 'No'), ('Yes', 'Yes'), ('', ''))
    """
    first = printed.replace("-", " ").split(maxsplit=1)
    said = _ANSWERS.get(fold(first[0]), "") if first else ""
    return said, said


def _unrelated(
    on_pages: Sequence[str],
    on_versions: Sequence[str],
    printed: Iterable[str],
    official: Iterable[str],
    vocabulary: Vocabulary,
) -> tuple[list[str], list[str]]:
    """Return the controllers that nothing on the other side explains: no other name, successor, or part of a name."""
    printed, official = list(printed), list(official)

    def explained(name: str, own: Iterable[str], others: Iterable[str]) -> bool:
        if any("known" in (vocabulary.succession(name, one), vocabulary.succession(one, name)) for one in others):
            return True
        # The site joins names by commas, and some hold one: the parts of a name are that name.
        own_folded = {fold(one) for one in own}
        parts = [fold(part) for part in name.split(",")]
        is_taken_apart = len(parts) > 1 and all(part in {fold(one) for one in others} for part in parts)
        is_a_part = any(fold(name) in parted and set(parted) <= own_folded for parted in map(_parts, others))
        return is_taken_apart or is_a_part

    return (
        [name for name in on_pages if not explained(name, printed, official)],
        [name for name in on_versions if not explained(name, official, printed)],
    )


def _parts(name: str) -> list[str]:
    """Return what is left of a name that is taken apart at its commas; nothing of one that has none."""
    parts = [fold(part) for part in name.split(",")]
    return parts if len(parts) > 1 else []


def _newest_with(field: str, name: str, versions: Sequence[Record], vocabulary: Vocabulary) -> str | None:
    """Return the newest version that has a value."""
    for version in versions:
        held = _union(field, [version], vocabulary)
        if held and name in held.values():
            return str(version["version"]) if version["version"] else None
    return None


# --- what a version says too ------------------------------------------------------------------------------------------


def version_saying(change: Change, versions: Sequence[Record], vocabulary: Vocabulary) -> str | None:
    """Return the newest of the held versions of an agreement that says what a change of the pages says; None if none.

    What came is said by a version that has it, and a term or a title by one that prints it; that something went is said
    by none.
    """
    says = _saying(change, vocabulary)
    return next((version["version"] for version in versions if version["version"] and says(version)), None)


def _saying(change: Change, vocabulary: Vocabulary) -> Callable[[Record], bool]:
    field, after = change.field or "", single(change.after)
    if change.kind is ChangeKind.AGREEMENT_ADDED:
        return lambda _: True
    if field in ("dsa_end", "dsa_start") and after:
        return lambda version: bool(version[field]) and same_date(after, version[field])
    if field == "title" and after:
        return lambda version: fold(version["title"] or "") == fold(after)
    if field in SETS and change.added:
        wanted = _union(field, [{field: change.added}], vocabulary) or {}

        def has_all(version: Record) -> bool:
            held = _union(field, [version], vocabulary) or {}
            return bool(wanted) and wanted.keys() <= held.keys()

        return has_all
    return lambda _: False
