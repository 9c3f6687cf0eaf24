"""What the official register alone prints of a version: sole or joint, a row for each dataset, files by month."""

from collections.abc import Collection, Iterable, Mapping

from diff.deciding.belief import Doubt
from diff.deciding.comparing.comparison import Comparison
from diff.deciding.comparing.forms import by_fold, folded_form, row_key
from diff.deciding.controllers import without_retaken
from diff.kinds import ChangeKind
from scraper.names.fold import as_set, fold
from scraper.names.legal_families import compared_ids
from scraper.records import Agreement, DatasetRow


def compare_controller_basis(at_work: Comparison, field: str) -> None:
    """Compare whether controllers are sole or joint: where one of them came or went, that says it."""
    before, after = at_work.place.believed.controller_basis, at_work.printed.controller_basis
    if "controllers" in at_work.doubts:
        # Who is missing may be back: that it was said by what went is known at the second sighting.
        at_work.values[field] = before
    elif _some_came_or_went(at_work):
        return
    elif not fold(after or "") and not at_work.confirmed(frozenset({field})):
        at_work.values[field] = before
    else:
        at_work.tell(ChangeKind.CONTROLLER_BASIS_CHANGED, field, before=before, after=after)


def _some_came_or_went(at_work: Comparison) -> bool:
    """Say whether there are controllers that were none before, or none any more; a successor is who was there."""
    if any(one.kind in (ChangeKind.CONTROLLER_ADDED, ChangeKind.CONTROLLER_REMOVED) for one in at_work.found):
        return True
    old, new = (by_fold(one.controllers) for one in (at_work.place.believed, at_work.printed))
    # One body that became two, or two that became one, are more or fewer by successions alone.
    come, gone = without_retaken(old, new)
    return len(come) != len(gone)


_UNIONS = {
    "type_of_data": "type_of_data",
    "sensitivity": "sensitivity",
    "frequency": "access_methods",
    "confidentiality": "confidentiality",
    "legal_bases": "legal_bases",
}
"""What a row says → the field that has it of all rows."""


def compare_rows(at_work: Comparison, field: str) -> None:
    """Compare the rows of each dataset that stays; what changes the union of all rows is told as that."""
    called = _newly_called(at_work)
    old, new = _rows_by_name(at_work.place.believed, called), _rows_by_name(at_work.printed, {})
    kept: list[DatasetRow] = []
    for name in sorted(old.keys() & new.keys()):
        come = {key: row for key, row in new[name].items() if key not in old[name]}
        gone = {key: row for key, row in old[name].items() if key not in new[name]}
        if not (come or gone) or not _same_unions(at_work, come.values(), gone.values()):
            continue
        told = [row for row in gone.values() if come or at_work.sure or row_key(row) in at_work.doubt.values]
        kept += [_called_now(row, called) for row in gone.values() if row not in told]
        if come or told:
            added, removed = (as_set(row.text for row in rows) for rows in (come.values(), told))
            at_work.tell(ChangeKind.DATASET_ROW_CHANGED, field, added=added, removed=removed)
    if kept:
        keys = frozenset(map(row_key, kept))
        at_work.doubts[field] = Doubt(keys, at_work.doubt.body or at_work.old_body)
        at_work.values[field] = (*(at_work.printed.dataset_rows or ()), *kept)


def _newly_called(at_work: Comparison) -> dict[str, str]:
    """Return folded name → the new one, of the datasets that are called anew: their rows are the same, or not, as such.

    Were they taken for others, a row that goes or differs would be swallowed by the new name.
    """
    anew = [one for one in at_work.found if one.kind is ChangeKind.DATASET_RELABELLED and one.added and one.removed]
    return {fold(one.removed[0]): one.added[0] for one in anew}


def _called_now(row: DatasetRow, called: Mapping[str, str]) -> DatasetRow:
    return row._replace(name=called[fold(row.name)]) if fold(row.name) in called else row


def _rows_by_name(agreement: Agreement, called: Mapping[str, str]) -> dict[str, dict[str, DatasetRow]]:
    """Return folded name → key → row, by what datasets are *called* now."""
    rows: dict[str, dict[str, DatasetRow]] = {}
    for row in agreement.dataset_rows or ():
        now = _called_now(row, called)
        rows.setdefault(fold(now.name), {})[row_key(now)] = row
    return rows


def _same_unions(at_work: Comparison, come: Collection[DatasetRow], gone: Collection[DatasetRow]) -> bool:
    """Say whether what rows say otherwise is what all rows have together, before as after."""
    differ = [name for name in _UNIONS if _said(come, name) != _said(gone, name)]
    before, after = (folded_form(_unions_alone(one)) for one in (at_work.place.believed, at_work.printed))
    return all(before[_UNIONS[name]] == after[_UNIONS[name]] for name in differ)


def _unions_alone(agreement: Agreement) -> Agreement:
    values = {name: getattr(agreement, name) for name in _UNIONS.values()}
    return Agreement(reference=agreement.reference, **values)


def _said(rows: Iterable[DatasetRow], name: str) -> set[str]:
    if name == "legal_bases":
        return {basis for row in rows for basis in compared_ids(one.id for one in row.legal_bases)}
    return {fold(getattr(row, name) or "") for row in rows}


def compare_counts(at_work: Comparison, field: str) -> None:
    """Compare how many files months had, but for later ones: these are told as releases that continued."""
    old, new = at_work.place.believed.files or {}, at_work.printed.files or {}
    last = max(old, default="")
    months = sorted(month for month in old.keys() | new.keys() if month <= last and old.get(month) != new.get(month))
    if months:
        before, after = (tuple(f"{month}: {files.get(month, 0)}" for month in months) for files in (old, new))
        at_work.tell(ChangeKind.FILES_COUNT_CHANGED, field, before=before, after=after, substantive=False)
