"""Names of datasets and controllers: each is told by itself, and who succeeds whom with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from diff.deciding.comparing.comparison import Comparison
from diff.deciding.comparing.forms import by_fold
from diff.deciding.controllers import Names, as_printed, come_and_gone, printed_controllers, without_retaken
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.names.fold import as_set, fold
from scraper.names.vocabulary import Vocabulary
from scraper.records import Agreement


@dataclass(frozen=True, slots=True)
class _NameKinds:
    """How the names of one field are told."""

    added: ChangeKind
    removed: ChangeKind
    relabelled: ChangeKind
    kinship: Callable[[Vocabulary, str, str], str | None]
    """What links an old name to a new one: "known", "presumed" or nothing."""
    apart: Callable[[Mapping[str, str], Mapping[str, str]], tuple[Names, Names]] = come_and_gone
    """Gives what came and what went between two sets, each folded → printed."""
    lists: Callable[[Agreement], str] = lambda _: ""
    """Gives the text in which the page lists them, if a name may be told as it stands there."""


_NAMES = {
    "datasets": _NameKinds(
        ChangeKind.DATASET_ADDED,
        ChangeKind.DATASET_REMOVED,
        ChangeKind.DATASET_RELABELLED,
        lambda vocabulary, old, new: "known" if vocabulary.same_dataset(old, new) else None,
    ),
    "controllers": _NameKinds(
        ChangeKind.CONTROLLER_ADDED,
        ChangeKind.CONTROLLER_REMOVED,
        ChangeKind.CONTROLLER_SUCCEEDED,
        lambda vocabulary, old, new: vocabulary.succession(old, new),
        without_retaken,
        printed_controllers,
    ),
}


def compare_names(at_work: Comparison, field: str) -> None:
    """Compare a set whose values are told one by one: a new name at once, a name that goes at its second sighting."""
    names = _NAMES[field]
    old, new = by_fold(getattr(at_work.place.believed, field)), by_fold(getattr(at_work.printed, field))
    come, gone = names.apart(old, new)
    settled = _tell_come(at_work, field, names, old, come, gone)
    left = frozenset(gone.keys() - settled)
    # What the last page that showed them printed; kept with them until they are told or back.
    text = at_work.doubt.text or names.lists(at_work.place.believed)
    told = at_work.confirmed(left, text=text)
    kept = {k: gone[k] for k in left - told}
    if kept:
        at_work.values[field] = as_set((*new.values(), *kept.values()))
    _tell_gone(at_work, field, names, new, as_set(gone[k] for k in told), text)


def _tell_come(
    at_work: Comparison,
    field: str,
    names: _NameKinds,
    old: Mapping[str, str],
    come: Mapping[str, str],
    gone: Mapping[str, str],
) -> set[str]:
    """Tell the names that came; return the old ones, folded, whose going is told with the name that came instead."""
    settled: set[str] = set()
    unrelated: list[str] = []
    for name in as_set(come.values()):
        kin = _linked(names, at_work.vocabulary, ((one, name) for one in as_set(old.values())))
        if not kin:
            unrelated.append(name)
            continue
        link, (before, _) = kin[0]
        removed = (before,) if fold(before) in gone else ()
        settled |= {fold(one) for one in removed}
        _tell_relabelled(at_work, field, names, link, before=before, after=name, added=(name,), removed=removed)
    for name in as_set(as_printed(unrelated, names.lists(at_work.printed), at_work.splitter, old.keys())):
        at_work.tell(names.added, field, weighed=((), (name,)), added=(name,))
    return settled


def _tell_gone(
    at_work: Comparison, field: str, names: _NameKinds, new: Mapping[str, str], gone: Iterable[str], text: str
) -> None:
    unrelated: list[str] = []
    for name in gone:
        heirs = _linked(names, at_work.vocabulary, ((name, heir) for heir in as_set(new.values())))
        if heirs:
            link, (_, heir) = heirs[0]
            _tell_relabelled(at_work, field, names, link, before=name, after=heir, removed=(name,))
        else:
            unrelated.append(name)
    for name in as_set(as_printed(unrelated, text, at_work.splitter)):
        at_work.tell(names.removed, field, removed=(name,))


def _linked(
    names: _NameKinds, vocabulary: Vocabulary, pairs: Iterable[tuple[str, str]]
) -> list[tuple[str, tuple[str, str]]]:
    """Return (link, (old, new)) of the pairs of names that are linked, known links before presumed ones."""
    linked = [(link, (old, new)) for old, new in pairs if (link := names.kinship(vocabulary, old, new))]
    return sorted(linked, key=lambda one: one[0] != "known")


def _tell_relabelled(at_work: Comparison, field: str, names: _NameKinds, link: str, **facts: Any) -> None:
    presumed = link == "presumed"
    severity = Severity.LOW if presumed else Severity.INFO
    at_work.tell(names.relabelled, field, severity, substantive=presumed, **facts)
