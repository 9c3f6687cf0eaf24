"""One agreement on one page: what was believed of it, and what is printed now.

Folded values are compared first; only where they differ does deepdiff name the fields, and only for these is it asked
what the difference means. Everything that differs in print alone is one editorial `wording-changed` a field.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deepdiff import DeepDiff

from diff.belief import Doubt, Place
from diff.changes import ChangeKind, Difference, Severity
from diff.rules import SETS, SEVERITY, is_type_of_data, legal_basis_severity
from diff.when import Term, incident, later, same_date, term_of
from scraper.legal_basis import compared_ids, families_of
from scraper.normalise import as_set, fold
from scraper.records import SECTIONS, Agreement, LegalBasis
from scraper.vocabulary import Vocabulary

PROSE = ("purposes_text", *SECTIONS)
LISTS = (*SETS, "datasets", "controllers", "discussions")
_SEPARATOR = "\x1f"


def folded_form(agreement: Agreement) -> dict[str, str]:
    """Return what comparisons see of *agreement*: one string for each group of fields that is compared as one."""
    form = {name: _SEPARATOR.join(sorted({fold(v) for v in _values(agreement, name)})) for name in LISTS}
    form |= {name: fold(getattr(agreement, name) or "") for name in ("title", *PROSE)}
    form["legal_bases"] = _SEPARATOR.join(sorted(_compared(agreement)))
    form["term"] = _SEPARATOR.join(date or "" for date in term_of(agreement))
    form["incident"] = fold(incident(agreement))
    form["released"] = f"{agreement.released_from}{_SEPARATOR}{agreement.released_to}"
    return form


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names of what differs between two folded forms, in order; nothing where they are equal."""
    if before == after:
        return []
    tree = DeepDiff(before, after, view="tree")
    names = {item.path(output_format="list")[0] for items in tree.values() for item in items}
    return [name for name in after if name in names]


def _compared(agreement: Agreement) -> frozenset[str]:
    return compared_ids(basis.id for basis in agreement.legal_bases or ())


@dataclass(slots=True)
class _Comparison:
    """One place at work: what is found is gathered here, field by field."""

    place: Place
    printed: Agreement
    layout: str
    body: str
    old_body: str
    vocabulary: Vocabulary
    found: list[Difference]
    values: dict[str, Any]
    """The new belief, field by field."""
    doubts: dict[str, Doubt]

    def tell(self, kind: ChangeKind, field: str, severity: Severity | None = None, **facts: Any) -> None:
        self.found.append(
            Difference(
                kind=kind,
                severity=severity or SEVERITY[kind],
                field=field,
                old_body=self.doubt_body(field) or self.place.last_bodies.get(field),
                **facts,
            )
        )

    def doubt_body(self, field: str) -> str | None:
        doubt = self.place.doubts.get(field)
        return doubt.body if doubt else None

    def confirmed(self, field: str, gone: frozenset[str], *, replaced: bool = False) -> frozenset[str]:
        """Return which of the values *gone* are told as gone: those missing before, or all if others came instead."""
        told = gone if replaced else gone & self._missing_before(field)
        if gone - told:
            self.doubts[field] = Doubt(gone - told, self.doubt_body(field) or self.old_body)
        return told

    def _missing_before(self, field: str) -> frozenset[str]:
        doubt = self.place.doubts.get(field)
        return doubt.values if doubt else frozenset()


def compare_place(
    place: Place, printed: Agreement, *, layout: str, body: str, old_body: str, vocabulary: Vocabulary
) -> tuple[list[Difference], Place]:
    """Compare what is believed of an agreement with what its page prints now.

    Args:
        place: What is believed of it.
        printed: The agreement as this sighting printed it.
        layout: Layout of the page now.
        body: SHA-256 of the page's bytes now.
        old_body: SHA-256 of the page's bytes at the sighting before.
        vocabulary: Known names.

    Returns:
        The differences to tell, and what is believed now. A value that is missing for the first time is only doubted.
    """
    believed = place.believed
    at_work = _Comparison(place, printed, layout, body, old_body, vocabulary, [], {}, {})
    for name in differing(folded_form(believed), folded_form(printed)):
        compare = _COMPARE.get(name, _compare_prose)
        if _FIELD_OF.get(name, name) not in printed.unprinted | believed.unprinted:
            compare(at_work, name)
    type_words = _compare_type_words(at_work)
    _compare_wording(at_work)
    return at_work.found, _believe(at_work, type_words)


def _believe(at_work: _Comparison, type_words: Mapping[str, frozenset[str]]) -> Place:
    """Return the new belief: as printed, but for what is doubted and for what this page does not print."""
    place, printed = at_work.place, at_work.printed
    believed = place.believed
    kept = {name: getattr(believed, name) for name in printed.unprinted - believed.unprinted}
    last_bodies = {name: place.last_bodies.get(name, at_work.old_body) for name in kept}
    doubts = {name: doubt for name, doubt in place.doubts.items() if name in kept} | at_work.doubts
    values = {**kept, **at_work.values}
    return replace(
        place,
        believed=replace(printed, **values, unprinted=printed.unprinted & believed.unprinted),
        type_words=type_words,
        doubts=doubts,
        last_bodies=last_bodies,
        missing_since=None,
    )


def first_belief(printed: Agreement, layout: str) -> Place:
    """Return what is believed of an agreement at its first sighting: what its page prints."""
    return Place(believed=printed, type_words={layout: _type_words(printed)})


# --- sets -------------------------------------------------------------------------------------------------------------


def _by_fold(values: Iterable[str] | None) -> dict[str, str]:
    return {fold(value): value for value in values or ()}


def _values(agreement: Agreement, field: str) -> list[str]:
    """Return the values that are compared: types of data that stand among the opt-outs are not opt-outs."""
    values: tuple[str, ...] = getattr(agreement, field) or ()
    return [value for value in values if field != "opt_outs" or not is_type_of_data(value)]


def _compare_set(at_work: _Comparison, field: str) -> None:
    """Compare a set that is told as a whole: what came replaces what went; what only went waits."""
    old, new = (_by_fold(_values(agreement, field)) for agreement in (at_work.place.believed, at_work.printed))
    come, gone = new.keys() - old.keys(), frozenset(old.keys() - new.keys())
    told = at_work.confirmed(field, gone, replaced=bool(come))
    kept = {k: v for k, v in old.items() if k in gone - told}
    if kept:
        at_work.values[field] = as_set((*(getattr(at_work.printed, field) or ()), *kept.values()))
    if not come and not told:
        return
    kind, severity = SETS[field]
    after = new | kept
    at_work.tell(
        kind,
        field,
        severity(frozenset(old), frozenset(after)),
        before=as_set(old.values()),
        after=as_set(after.values()),
        added=as_set(new[k] for k in come),
        removed=as_set(old[k] for k in told),
    )


def _compare_legal_bases(at_work: _Comparison, field: str) -> None:
    believed, printed = at_work.place.believed.legal_bases or (), at_work.printed.legal_bases or ()
    # What is left out of comparisons beside a more precise pin is still printed: it neither comes nor goes with it.
    come = _compared(at_work.printed) - _plain_ids(believed)
    gone = _compared(at_work.place.believed) - _plain_ids(printed)
    told = at_work.confirmed(field, gone, replaced=bool(come))
    kept = tuple(basis for basis in believed if basis.id.removesuffix("?") in gone - told)
    all_now = tuple(sorted({b.id: b for b in (*kept, *printed)}.values(), key=lambda b: b.id))
    if kept:
        at_work.values[field] = all_now
    if not come and not told:
        return
    before_ids, after_ids = tuple(b.id for b in believed), tuple(b.id for b in all_now)
    was, now = families_of(before_ids) - {"not-recorded"}, families_of(after_ids) - {"not-recorded"}
    at_work.tell(
        ChangeKind.LEGAL_BASIS_CHANGED,
        field,
        legal_basis_severity(compared_ids(before_ids), compared_ids(after_ids)),
        before=before_ids,
        after=after_ids,
        added=tuple(basis for basis in after_ids if basis.removesuffix("?") in come),
        removed=tuple(basis for basis in before_ids if basis.removesuffix("?") in told),
        families=(tuple(sorted(now - was)), tuple(sorted(was - now))),
        words=tuple(f"{b.id}\t{b.printed}" for b in (*believed, *printed) if b.id.startswith("TEXT:")),
    )


def _plain_ids(bases: Iterable[LegalBasis]) -> frozenset[str]:
    return frozenset(basis.id.removesuffix("?") for basis in bases)


def _compare_discussions(at_work: _Comparison, field: str) -> None:
    old, new = _by_fold(at_work.place.believed.discussions), _by_fold(at_work.printed.discussions)
    come, gone = new.keys() - old.keys(), frozenset(old.keys() - new.keys())
    told = at_work.confirmed(field, gone)
    kept = {k: old[k] for k in gone - told}
    if kept:
        at_work.values[field] = as_set((*new.values(), *kept.values()))
    before, after = as_set(old.values()), as_set((new | kept).values())
    if come:
        added = as_set(new[k] for k in come)
        at_work.tell(ChangeKind.DISCUSSION_ADDED, field, before=before, after=after, added=added)
    if told:
        removed = as_set(old[k] for k in told)
        at_work.tell(ChangeKind.WORDING_CHANGED, field, before=before, after=after, removed=removed, substantive=False)


# --- names: datasets and controllers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Names:
    """How the names of one field are told."""

    added: ChangeKind
    removed: ChangeKind
    relabelled: ChangeKind
    severity: Callable[[Vocabulary, str], Severity]
    kinship: Callable[[Vocabulary, str, str], str | None]
    """What links an old name to a new one: "known", "presumed" or nothing."""


_NAMES = {
    "datasets": _Names(
        ChangeKind.DATASET_ADDED,
        ChangeKind.DATASET_REMOVED,
        ChangeKind.DATASET_RELABELLED,
        lambda _vocabulary, _name: Severity.MEDIUM,
        lambda vocabulary, old, new: "known" if vocabulary.same_dataset(old, new) else None,
    ),
    "controllers": _Names(
        ChangeKind.CONTROLLER_ADDED,
        ChangeKind.CONTROLLER_REMOVED,
        ChangeKind.CONTROLLER_SUCCEEDED,
        lambda vocabulary, name: Severity.HIGH if vocabulary.is_corporate(name) else Severity.MEDIUM,
        lambda vocabulary, old, new: vocabulary.succession(old, new),
    ),
}


def _compare_names(at_work: _Comparison, field: str) -> None:
    """Compare a set whose values are told one by one: a new name at once, a name that goes at its second sighting."""
    names = _NAMES[field]
    old, new = _by_fold(getattr(at_work.place.believed, field)), _by_fold(getattr(at_work.printed, field))
    come, gone = new.keys() - old.keys(), frozenset(old.keys() - new.keys())
    settled: set[str] = set()  # old names whose going is told with the name that came instead
    for name in as_set(new[k] for k in come):
        kin = _linked(names, at_work.vocabulary, ((one, name) for one in as_set(old.values())))
        if not kin:
            severity = names.severity(at_work.vocabulary, name)
            at_work.tell(names.added, field, severity, added=(name,))
            continue
        link, (before, _) = kin[0]
        removed = (before,) if fold(before) in gone else ()
        settled |= {fold(one) for one in removed}
        _tell_relabelled(at_work, field, names, link, before=before, after=name, added=(name,), removed=removed)
    told = at_work.confirmed(field, gone - settled)
    kept = {k: old[k] for k in gone - settled - told}
    if kept:
        at_work.values[field] = as_set((*new.values(), *kept.values()))
    for name in as_set(old[k] for k in told):
        heirs = _linked(names, at_work.vocabulary, ((name, heir) for heir in as_set(new.values())))
        if heirs:
            link, (_, heir) = heirs[0]
            _tell_relabelled(at_work, field, names, link, before=name, after=heir, removed=(name,))
        else:
            at_work.tell(names.removed, field, removed=(name,))


def _linked(
    names: _Names, vocabulary: Vocabulary, pairs: Iterable[tuple[str, str]]
) -> list[tuple[str, tuple[str, str]]]:
    """Return (link, (old, new)) of the pairs of names that are linked, known links before presumed ones."""
    linked = [(link, (old, new)) for old, new in pairs if (link := names.kinship(vocabulary, old, new))]
    return sorted(linked, key=lambda one: one[0] != "known")


def _tell_relabelled(at_work: _Comparison, field: str, names: _Names, link: str, **facts: Any) -> None:
    presumed = link == "presumed"
    severity = Severity.LOW if presumed else Severity.INFO
    at_work.tell(names.relabelled, field, severity, substantive=presumed, **facts)


# --- single values ----------------------------------------------------------------------------------------------------


def _compare_title(at_work: _Comparison, field: str) -> None:
    _compare_single(at_work, field, ChangeKind.TITLE_CHANGED)


def _compare_prose(at_work: _Comparison, field: str) -> None:
    _compare_single(at_work, field, ChangeKind.TEXT_CHANGED)


def _compare_single(at_work: _Comparison, field: str, kind: ChangeKind) -> None:
    before, after = getattr(at_work.place.believed, field), getattr(at_work.printed, field)
    if not fold(after or "") and not at_work.confirmed(field, frozenset({field})):
        at_work.values[field] = before
        return
    at_work.tell(kind, field, before=before, after=after)


def _compare_term(at_work: _Comparison, _: str) -> None:
    """Compare the printed term, told as one change; a date that is only missing waits for its second sighting."""
    old, new = term_of(at_work.place.believed), term_of(at_work.printed)
    end_differs, start_differs = not same_date(old.end, new.end), not same_date(old.start, new.start)
    word_came = bool(new.word) and fold(new.word) != fold(old.word)
    came = (end_differs and new.end) or (start_differs and new.start) or word_came
    if not came and (end_differs or start_differs) and not at_work.confirmed("term", frozenset({"term"})):
        at_work.values |= {"dsa_start": old.start, "dsa_end": old.end}
        return
    at_work.values |= _more_precise(old, new)
    kind = ChangeKind.DSA_TERM_CHANGED
    if end_differs and old.end and new.end:
        kind = ChangeKind.DSA_EXTENDED if later(new.end, old.end) else ChangeKind.DSA_SHORTENED
    if end_differs:
        field, before, after = "dsa_end", old.end, new.end
    elif start_differs:
        field, before, after = "dsa_start", old.start, new.start
    elif word_came:
        field, before, after = "when_note", old.word or None, new.word
    else:
        return
    at_work.tell(kind, field, before=before, after=after, words=tuple(date or "" for date in (*old, *new)))


def _more_precise(old: Term, new: Term) -> dict[str, str]:
    """Return the dates that agree and were printed to the day before: a month printed later takes nothing away."""
    pairs = (("dsa_start", old.start, new.start), ("dsa_end", old.end, new.end))
    return {name: a for name, a, b in pairs if a and b and same_date(a, b) and len(a) > len(b)}


def _compare_incident(at_work: _Comparison, _: str) -> None:
    before, after = incident(at_work.place.believed), incident(at_work.printed)
    if after:
        at_work.tell(ChangeKind.INCIDENT_NOTED, "when_note", before=before or None, after=after)
    elif at_work.confirmed("when_note", frozenset({"when_note"})):
        at_work.tell(ChangeKind.INCIDENT_REMOVED, "when_note", before=before, after=None)
    else:
        at_work.values["when_note"] = at_work.place.believed.when_note


def _compare_releases(at_work: _Comparison, _: str) -> None:
    """Compare the release window: a window that appears or goes is one change, its two ends are two otherwise."""
    believed, printed = at_work.place.believed, at_work.printed
    old, new = (believed.released_from, believed.released_to), (printed.released_from, printed.released_to)
    window = ChangeKind.RELEASE_WINDOW_CHANGED
    if not any(old):
        at_work.tell(
            window, "released_to" if new[1] else "released_from", after=new[1] or new[0], words=_months(old, new)
        )
        return
    if not any(new):
        if at_work.confirmed("released", frozenset({"released"})):
            field = "released_to" if old[1] else "released_from"
            at_work.tell(window, field, before=old[1] or old[0], words=_months(old, new))
        else:
            at_work.values |= {"released_from": old[0], "released_to": old[1]}
        return
    missing = {n for n, a, b in zip(("released_from", "released_to"), old, new, strict=True) if a and not b}
    told = at_work.confirmed("released", frozenset(missing))
    for number, field in enumerate(("released_from", "released_to")):
        before, after = old[number], new[number]
        if before == after:
            continue
        if field in missing and field not in told:
            at_work.values[field] = before
            continue
        goes_on = field == "released_to" and before and after and after > before
        at_work.tell(
            ChangeKind.RELEASES_CONTINUED if goes_on else window,
            field,
            before=before,
            after=after,
            words=_months(old, new),
        )


def _months(old: tuple[str | None, str | None], new: tuple[str | None, str | None]) -> tuple[str, ...]:
    return tuple(month or "" for month in (*old, *new))


_COMPARE: dict[str, Callable[[_Comparison, str], None]] = {
    **dict.fromkeys(SETS, _compare_set),
    "legal_bases": _compare_legal_bases,
    "discussions": _compare_discussions,
    "datasets": _compare_names,
    "controllers": _compare_names,
    "title": _compare_title,
    "term": _compare_term,
    "incident": _compare_incident,
    "released": _compare_releases,
}
_FIELD_OF = {"term": "dsa_end", "incident": "when_note", "released": "released_to"}
"""The field of the record that says whether a page prints a group of fields compared as one."""


# --- what stands elsewhere in one layout than in another --------------------------------------------------------------


def _type_words(agreement: Agreement) -> frozenset[str]:
    return frozenset(fold(value) for value in agreement.opt_outs or () if is_type_of_data(value))


def _compare_type_words(at_work: _Comparison) -> dict[str, frozenset[str]]:
    """Tell `Identifiable` newly among the opt-outs of one layout; other layouts print these words elsewhere, or not."""
    if "opt_outs" in at_work.printed.unprinted:
        return dict(at_work.place.type_words)
    now = _type_words(at_work.printed)
    before = at_work.place.type_words.get(at_work.layout)
    identifiable = fold("Identifiable")
    if before is not None and identifiable in now - before:
        old, new = at_work.place.believed.opt_outs or (), at_work.printed.opt_outs or ()
        added = tuple(value for value in new if fold(value) == identifiable)
        at_work.tell(ChangeKind.TYPE_OF_DATA_CHANGED, "opt_outs", Severity.HIGH, before=old, after=new, added=added)
    return {**at_work.place.type_words, at_work.layout: now}


# --- print alone ------------------------------------------------------------------------------------------------------


def _compare_wording(at_work: _Comparison) -> None:
    """Tell, as editorial, each field whose print differs while its meaning does not."""
    believed, printed = at_work.place.believed, at_work.printed
    told = {difference.field for difference in at_work.found}
    for field in ("title", *LISTS, "legal_bases", "when_note", *PROSE):
        old, new = getattr(believed, field), getattr(printed, field)
        if old == new or not old or not new or field in told | printed.unprinted | believed.unprinted:
            continue
        before, after = _print_of(field, old), _print_of(field, new)
        shared = before.keys() & after.keys()
        if any(before[key] != after[key] for key in shared):
            at_work.tell(ChangeKind.WORDING_CHANGED, field, before=_shown(old), after=_shown(new), substantive=False)


def _print_of(field: str, value: Any) -> dict[str, str]:
    """Return folded meaning → print of a value, so that only the print of equal meanings is compared."""
    if isinstance(value, str):
        return {fold(value): value}
    if field == "legal_bases":
        return {basis.id.removesuffix("?"): basis.printed for basis in value}
    return _by_fold(value)


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return tuple(item if isinstance(item, str) else item.printed for item in value)
