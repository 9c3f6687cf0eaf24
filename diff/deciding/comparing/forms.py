"""What comparisons see of an agreement: the folded form of each field, or of fields that are compared as one. Pure."""

from collections.abc import Iterable, Mapping

from diff.deciding.when import when_of
from scraper.fields import Comparing
from scraper.names.fold import fold
from scraper.names.legal_families import compared_ids
from scraper.reading.values import is_type_of_data
from scraper.records import EVERY_FIELD, FIELDS, Agreement, DatasetRow

LISTS = tuple(
    name for name, one in FIELDS.items() if one.comparing in (Comparing.SET, Comparing.NAMES, Comparing.ADDITIONS)
)

TEXTS = tuple(name for name, one in FIELDS.items() if one.comparing is Comparing.TEXT)

SEPARATOR = "\x1f"


def folded_form(agreement: Agreement) -> dict[str, str]:
    """Return what comparisons see of *agreement*: one string for each group of fields that is compared as one.

    What stands for a text is its key: of an agreement that changed most texts are what they were.
    """
    form = {name: SEPARATOR.join(sorted({fold(v) for v in compared_values(agreement, name)})) for name in LISTS}
    form |= {name: agreement.text_key(name) for name in TEXTS}
    form["legal_bases"] = SEPARATOR.join(sorted(compared_of(agreement)))
    when = when_of(agreement)
    form["term"] = SEPARATOR.join(date or "" for date in when.term)
    form["incident"] = fold(when.remark)
    form["released"] = SEPARATOR.join(str(part) for part in when.window[: 3 if when.window.word else 2])
    if agreement.is_version:
        form |= _form_of_version(agreement)
    return form


def _form_of_version(agreement: Agreement) -> dict[str, str]:
    """Return what comparisons see of what the official register alone prints."""
    return {
        "controller_basis": fold(agreement.controller_basis or ""),
        "dataset_rows": SEPARATOR.join(sorted(row_key(row) for row in agreement.dataset_rows or ())),
        "files": SEPARATOR.join(f"{month} {count}" for month, count in (agreement.files or {}).items()),
    }


def row_key(row: DatasetRow) -> str:
    """Return what comparisons see of a dataset's row."""
    bases = " ".join(sorted(compared_ids(basis.id for basis in row.legal_bases)))
    cells = (row.name, row.type_of_data, row.sensitivity, row.frequency, row.confidentiality)
    return "|".join([*(fold(cell or "") for cell in cells), bases])


class FoldedForms:
    """Folded forms, each made once: a page's version is known by them, and its agreements are compared by them."""

    def __init__(self) -> None:
        # By identity, as records hold what has no hash; the record is kept, so that its place in memory stays its own.
        self._made: dict[int, tuple[Agreement, dict[str, str]]] = {}

    def of(self, agreement: Agreement) -> dict[str, str]:
        """Return the folded form of *agreement*."""
        if id(agreement) not in self._made:
            self._made[id(agreement)] = agreement, folded_form(agreement)
        return self._made[id(agreement)][1]


_JOINT_PARTS = {Comparing.TERM: "term", Comparing.REMARK: "incident", Comparing.WINDOW: "released"}


def part_of(field: str) -> str:
    """Return the name in a folded form under which *field* is compared, with others perhaps."""
    return _JOINT_PARTS.get(EVERY_FIELD[field].comparing, field) if field in EVERY_FIELD else field


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names of what differs between two folded forms, in order; nothing where they are equal."""
    others = [name for name in after if before.get(name) != after[name]]
    if not others:
        return []
    # A fifth of a second to load, which a command that decides nothing need not wait for.
    from deepdiff import DeepDiff

    # Of those alone: what is equal to the letter costs deepdiff as much as what is not.
    tree = DeepDiff(
        {name: before[name] for name in others if name in before}, {name: after[name] for name in others}, view="tree"
    )
    names = {item.path(output_format="list")[0] for items in tree.values() for item in items}
    return [name for name in others if name in names]


def compared_of(agreement: Agreement) -> frozenset[str]:
    """Return the ids of the legal bases that are compared."""
    return compared_ids(basis.id for basis in agreement.legal_bases or ())


def by_fold(values: Iterable[str] | None) -> dict[str, str]:
    """Return folded → printed."""
    return {fold(value): value for value in values or ()}


def compared_values(agreement: Agreement, field: str) -> list[str]:
    """Return the values that are compared: types of data that stand among the opt-outs are not opt-outs."""
    values: tuple[str, ...] = getattr(agreement, field) or ()
    return [value for value in values if field != "opt_outs" or not is_type_of_data(value)]


def type_words_of(agreement: Agreement) -> frozenset[str]:
    """Return the types of data, folded, that stand among the opt-outs."""
    return frozenset(fold(value) for value in agreement.opt_outs or () if is_type_of_data(value))
