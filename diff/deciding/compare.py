"""One agreement on one page: what was believed of it, and what is printed now.

Folded values are compared first; only where they differ does deepdiff name the fields, and only for these is it asked
what the difference means. Everything that differs in print alone is one editorial `wording-changed` a field.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deepdiff import DeepDiff

from diff.change import Difference
from diff.deciding.belief import Doubt, Place
from diff.deciding.controllers import Names, as_printed, come_and_gone, printed_controllers, without_retaken
from diff.deciding.texts import compare_remainders, reworded
from diff.deciding.when import is_incident, later, note_of, says_unknown, when_of
from diff.details import Details, Families, Span
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.fields import Comparing
from scraper.names.fold import as_set, fold
from scraper.names.legal_basis import compared_ids, families_of
from scraper.names.name_lists import NameSplitter
from scraper.names.vocabulary import Vocabulary
from scraper.reading.frame import Frame
from scraper.reading.values import is_type_of_data
from scraper.records import FIELDS, Agreement, LegalBasis
from scraper.times import same_date

LISTS = tuple(
    name for name, one in FIELDS.items() if one.comparing in (Comparing.SET, Comparing.NAMES, Comparing.ADDITIONS)
)
TEXTS = tuple(name for name, one in FIELDS.items() if one.comparing is Comparing.TEXT)
_SEPARATOR = "\x1f"
NO_FRAME = Frame()


def folded_form(agreement: Agreement) -> dict[str, str]:
    """Return what comparisons see of *agreement*: one string for each group of fields that is compared as one."""
    form = {name: _SEPARATOR.join(sorted({fold(v) for v in _values(agreement, name)})) for name in LISTS}
    form |= {name: fold(getattr(agreement, name) or "") for name in TEXTS}
    form["legal_bases"] = _SEPARATOR.join(sorted(_compared(agreement)))
    when = when_of(agreement)
    form["term"] = _SEPARATOR.join(date or "" for date in when.term)
    form["incident"] = fold(when.remark)
    form["released"] = _SEPARATOR.join(str(part) for part in when.window[: 3 if when.window.word else 2])
    return form


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
    return _JOINT_PARTS.get(FIELDS[field].comparing, field) if field in FIELDS else field


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
    old_body: str
    vocabulary: Vocabulary
    frame: Frame
    splitter: NameSplitter
    part: str = ""
    """What is being compared: a name of the folded form, or `type_words`."""
    found: list[Difference] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    """The new belief, field by field."""
    doubts: dict[str, Doubt] = field(default_factory=dict)
    sure: bool = False
    """What is missing needs no second sighting."""

    def tell(
        self,
        kind: ChangeKind,
        field: str,
        severity: Severity | None = None,
        weighed: tuple[Iterable[str], Iterable[str]] = ((), ()),
        **facts: Any,
    ) -> None:
        """Note a difference; where no severity is given, the kind says it of the values *weighed*."""
        before, after = map(frozenset, weighed)
        severity = severity or kind.row.weigh(before, after, self.vocabulary)
        self.note(Difference(kind=kind, severity=severity, field=field, **facts))

    def note(self, difference: Difference) -> None:
        """Note a difference with the last body that showed what was there before."""
        body = self.doubt.body or self.place.last_bodies.get(difference.field or "")
        self.found.append(replace(difference, old_body=body))

    def confirmed(self, gone: frozenset[str], *, replaced: bool = False, text: str = "") -> frozenset[str]:
        """Return which of the values *gone* are told as gone: those missing before, or all if others came instead.

        *text* is kept with those that are doubted, as what they were printed in.
        """
        told = gone if replaced or self.sure else gone & self.doubt.values
        if gone - told:
            self.doubts[self.part] = Doubt(gone - told, self.doubt.body or self.old_body, text)
        return told

    @property
    def doubt(self) -> Doubt:
        """What was missing at the sighting before from what is being compared."""
        return self.place.doubts.get(self.part, _NO_DOUBT)


_NO_DOUBT = Doubt(frozenset(), "")


def compare_place(
    place: Place,
    printed: Agreement,
    *,
    layout: str,
    old_body: str,
    vocabulary: Vocabulary,
    frame: Frame = NO_FRAME,
    splitter: NameSplitter | None = None,
    forms: Callable[[Agreement], Mapping[str, str]] = folded_form,
    sure: bool = False,
) -> tuple[list[Difference], Place]:
    """Compare what is believed of an agreement with what its page prints now.

    Args:
        place: What is believed of it.
        printed: The agreement as this sighting printed it.
        layout: Layout of the page now.
        old_body: SHA-256 of the page's bytes at the sighting before.
        vocabulary: Known names.
        frame: What the site prints around the register, found since it was believed to be the agreement's.
        splitter: Takes lists of controllers apart, and knows what heads pages; by default it knows listed names alone.
        forms: Gives folded forms, those at hand if there are any.
        sure: What is missing is told at once: an operator looked at it, or it was seen twice without being compared.

    Returns:
        The differences to tell, and what is believed now. A value that is missing for the first time is only doubted.
    """
    believed = place.believed
    if believed == printed and layout in place.type_words and not (place.in_doubt or place.last_bodies):
        return [], place  # most agreements of a page that changed are as they were, to the letter
    splitter = splitter or vocabulary.splitter()
    at_work = _Comparison(place, printed, layout, old_body, vocabulary, frame, splitter, sure=sure)
    parts = differing(forms(believed), forms(printed))
    for part in parts:
        if _field_of(part) not in printed.unprinted | believed.unprinted:
            at_work.part = part
            _COMPARE[part](at_work, part)
    type_words = _compare_type_words(at_work)
    _compare_wording(at_work, parts)
    return at_work.found, _believe(at_work, type_words)


_NOTED = {"term": "term", "window": "released", "remark": "incident"}
"""What a note is made of → the part of the folded form in which that is compared."""


def _believe(at_work: _Comparison, type_words: Mapping[str, frozenset[str]]) -> Place:
    """Return the new belief: as printed, but for what is doubted and for what this page does not print."""
    place, printed = at_work.place, at_work.printed
    believed = place.believed
    kept = {name: getattr(believed, name) for name in printed.unprinted - believed.unprinted}
    last_bodies = {name: place.last_bodies.get(name, at_work.old_body) for name in kept}
    doubts = {part: doubt for part, doubt in place.doubts.items() if _field_of(part) in kept} | at_work.doubts
    values = {**kept, **at_work.values}
    # Words in place of dates go with these, remarks do not: one may be kept where the other is not.
    stays = {group for group, part in _NOTED.items() if _field_of(part) in kept or part in doubts}
    if stays:
        values["when_note"] = note_of(**{group: believed if group in stays else printed for group in _NOTED})
    return replace(
        place,
        believed=replace(printed, **values, unprinted=printed.unprinted & believed.unprinted),
        type_words=type_words,
        doubts=doubts,
        last_bodies=last_bodies,
        missing_since=None,
        missing_body=None,
    )


def first_belief(printed: Agreement, layout: str) -> Place:
    """Return what is believed of an agreement at its first sighting: what its page prints."""
    return Place(believed=printed, type_words={layout: _type_words(printed)})


def still_doubted(place: Place, printed: Agreement) -> dict[str, Doubt]:
    """Return the doubts of a place, but for values that *printed* shows, though it is not believed."""
    if not place.doubts:
        return {}
    believed, form = folded_form(place.believed), folded_form(printed)
    left = {}
    for part, doubt in place.doubts.items():
        shown = _type_words(printed) if part == "type_words" else set(form[part].split(_SEPARATOR))
        is_as_believed = part in form and form[part] == believed[part]
        values = frozenset() if is_as_believed else doubt.values - shown
        if values:
            left[part] = replace(doubt, values=values)
    return left


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
    told = at_work.confirmed(gone, replaced=bool(come))
    kept = {k: v for k, v in old.items() if k in gone - told}
    if kept:
        at_work.values[field] = as_set((*(getattr(at_work.printed, field) or ()), *kept.values()))
    if not come and not told:
        return
    kind, after = ChangeKind(FIELDS[field].kind), new | kept
    at_work.tell(
        kind,
        field,
        weighed=(old.values(), after.values()),
        before=_as_printed(at_work.place.believed, field, old.values()),
        after=_as_printed(at_work.printed, field, after.values()),
        added=as_set(new[k] for k in come),
        removed=as_set(old[k] for k in told),
    )


def _as_printed(agreement: Agreement, field: str, values: Iterable[str]) -> tuple[str, ...] | None:
    """Return a set as a change names it: None where there is nothing and the label is not printed either."""
    return as_set(values) or (None if getattr(agreement, field) is None else ())


def _compare_legal_bases(at_work: _Comparison, field: str) -> None:
    believed, printed = at_work.place.believed.legal_bases or (), at_work.printed.legal_bases or ()
    # What is left out of comparisons beside a more precise pin is still printed: it neither comes nor goes with it.
    come = _compared(at_work.printed) - _plain_ids(believed)
    gone = _compared(at_work.place.believed) - _plain_ids(printed)
    told = at_work.confirmed(gone, replaced=bool(come))
    kept = tuple(basis for basis in believed if basis.id.removesuffix("?") in gone - told)
    all_now = tuple(sorted({b.id: b for b in (*kept, *printed)}.values(), key=lambda b: b.id))
    if kept:
        at_work.values[field] = all_now
    if not come and not told:
        return
    before_ids, after_ids = _telling_ids(believed), _telling_ids(all_now)
    was, now = families_of(before_ids) - {"not-recorded"}, families_of(after_ids) - {"not-recorded"}
    at_work.tell(
        ChangeKind.LEGAL_BASIS_CHANGED,
        field,
        weighed=(compared_ids(before_ids), compared_ids(after_ids)),
        before=before_ids,
        after=after_ids,
        added=tuple(basis for basis in after_ids if basis.removesuffix("?") in come),
        removed=tuple(basis for basis in before_ids if basis.removesuffix("?") in told),
        families=Families(tuple(sorted(now - was)), tuple(sorted(was - now))),
        details=_printed_texts((*believed, *printed), {*before_ids, *after_ids}),
    )


def _printed_texts(bases: Iterable[LegalBasis], told: Collection[str]) -> Details:
    """Return the printed texts of the bases that are *told* and not understood: their ids say nothing."""
    texts = {basis.id: basis.printed for basis in bases if basis.id.startswith("TEXT:") and basis.id in told}
    return Details(printed=texts or None)


def _telling_ids(bases: Iterable[LegalBasis]) -> tuple[str, ...]:
    """Return the ids that a change names: what comparisons leave out would make the same fact look like another."""
    ids = [basis.id for basis in bases]
    compared = compared_ids(ids)
    presumed_beside = {f"{basis}?" for basis in ids}
    return tuple(basis for basis in ids if basis.removesuffix("?") in compared and basis not in presumed_beside)


def _plain_ids(bases: Iterable[LegalBasis]) -> frozenset[str]:
    return frozenset(basis.id.removesuffix("?") for basis in bases)


def _compare_additions(at_work: _Comparison, field: str) -> None:
    """Compare a set of which only what comes is news."""
    old, new = _by_fold(getattr(at_work.place.believed, field)), _by_fold(getattr(at_work.printed, field))
    come, gone = new.keys() - old.keys(), frozenset(old.keys() - new.keys())
    told = at_work.confirmed(gone, replaced=bool(come))
    kept = {k: old[k] for k in gone - told}
    if kept:
        at_work.values[field] = as_set((*new.values(), *kept.values()))
    facts: dict[str, Any] = {"before": as_set(old.values()), "after": as_set((new | kept).values())}
    facts |= {"added": as_set(new[k] for k in come), "removed": as_set(old[k] for k in told)}
    if come:
        at_work.tell(ChangeKind(FIELDS[field].kind), field, **facts)
    elif told:
        at_work.tell(ChangeKind.WORDING_CHANGED, field, substantive=False, **facts)


# --- names: datasets and controllers ----------------------------------------------------------------------------------


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


def _compare_names(at_work: _Comparison, field: str) -> None:
    """Compare a set whose values are told one by one: a new name at once, a name that goes at its second sighting."""
    names = _NAMES[field]
    old, new = _by_fold(getattr(at_work.place.believed, field)), _by_fold(getattr(at_work.printed, field))
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
    at_work: _Comparison,
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
    at_work: _Comparison, field: str, names: _NameKinds, new: Mapping[str, str], gone: Iterable[str], text: str
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


def _tell_relabelled(at_work: _Comparison, field: str, names: _NameKinds, link: str, **facts: Any) -> None:
    presumed = link == "presumed"
    severity = Severity.LOW if presumed else Severity.INFO
    at_work.tell(names.relabelled, field, severity, substantive=presumed, **facts)


# --- single values ----------------------------------------------------------------------------------------------------


def _compare_remainder(at_work: _Comparison, field: str) -> None:
    """Compare what is in no field: a text that only went there from a label, or back, is no news."""
    believed, printed = at_work.place.believed, at_work.printed
    before = _without_values(at_work.frame.without_ending(believed.remainder), printed.printed)
    after = _without_values(printed.remainder, believed.printed)
    outcome = compare_remainders(before, after, at_work.doubt.values, at_work.vocabulary, sure=at_work.sure)
    for difference in outcome.found:
        at_work.note(difference)
    if outcome.missing:
        at_work.doubts[field] = Doubt(outcome.missing, at_work.doubt.body or at_work.old_body)
        at_work.values[field] = outcome.believed


def _without_values(remainder: str | None, printed: Mapping[str, str]) -> str | None:
    """Return *remainder* without the lines whose text stands behind a label among those *printed*, in any order."""
    values = {_words_of(text) for text in printed.values()}
    lines = [line for line in (remainder or "").split("\n") if _words_of(line.partition(": ")[2] or line) not in values]
    return "\n".join(lines) or None


def _words_of(value: str) -> frozenset[str]:
    return frozenset(map(fold, value.replace(", and ", ", ").split(",")))


def _compare_text(at_work: _Comparison, field: str) -> None:
    before = at_work.frame.without_ending(getattr(at_work.place.believed, field))
    _tell_text(at_work, field, before, getattr(at_work.printed, field))


def _tell_text(at_work: _Comparison, field: str, before: str | None, after: str | None) -> None:
    if fold(before or "") == fold(after or ""):
        return
    if not fold(after or "") and not at_work.confirmed(frozenset({field})):
        at_work.values[field] = before
        return
    at_work.note(reworded(field, before, after, at_work.vocabulary))


def _compare_term(at_work: _Comparison, _: str) -> None:
    """Compare the printed term, told as one change; what is only missing from it waits for its second sighting."""
    old, new = when_of(at_work.place.believed).term, when_of(at_work.printed).term
    ends = [("dsa_end", old.end, new.end), ("dsa_start", old.start, new.start)]
    differs = [(field, before, after) for field, before, after in ends if not same_date(before, after)]
    if fold(old.word or "") != fold(new.word or ""):
        differs.append(("when_note", old.word, new.word))
    at_work.values |= _more_precise(old, new)
    if not differs:
        return
    if not any(after for _, _, after in differs) and not at_work.confirmed(frozenset({"term"})):
        at_work.values |= {"dsa_start": old.start, "dsa_end": old.end}
        return
    field, before, after = differs[0]
    kind = ChangeKind.DSA_TERM_CHANGED
    if field == "dsa_end" and before and after:
        kind = ChangeKind.DSA_EXTENDED if later(after, before) else ChangeKind.DSA_SHORTENED
    # Where a date is missing a remark looks like words in its place: grave words are told as such all the same.
    noted = _kind_of_remark(old.word, new.word, lambda word: " " in word and at_work.vocabulary.tells_incident(word))
    if differs[-1][0] == "when_note" and noted is not ChangeKind.DSA_TERM_CHANGED:
        at_work.tell(noted, "when_note", before=old.word, after=new.word)
        if field == "when_note":
            return
    at_work.tell(kind, field, before=before, after=after, details=Details(term_before=old, term_after=new))


def _kind_of_remark(before: str | None, after: str | None, is_grave: Callable[[str], bool]) -> ChangeKind:
    """Return what it is that other words stand beside the dates: by what came if that is grave, else by what went."""
    if after and is_grave(after):
        return ChangeKind.INCIDENT_NOTED
    return ChangeKind.INCIDENT_REMOVED if before and is_grave(before) else ChangeKind.DSA_TERM_CHANGED


def _more_precise(old: Span, new: Span) -> dict[str, str]:
    """Return the dates that agree and were printed to the day before: a month printed later takes nothing away."""
    pairs = (("dsa_start", old.start, new.start), ("dsa_end", old.end, new.end))
    return {name: a for name, a, b in pairs if a and b and same_date(a, b) and len(a) > len(b)}


def _compare_remark(at_work: _Comparison, _: str) -> None:
    """Compare the remarks beside the dates: an incident is told as one, every other as a change of the term."""
    before, after = when_of(at_work.place.believed).remark, when_of(at_work.printed).remark
    if not after and not at_work.confirmed(frozenset({"when_note"})):
        return
    kind = _kind_of_remark(before, after, lambda remark: is_incident(remark, at_work.vocabulary))
    at_work.tell(kind, "when_note", before=before or None, after=after or None)


def _compare_releases(at_work: _Comparison, _: str) -> None:
    """Compare the release window: one that appears or goes is one change, its two ends are two otherwise."""
    ends = ("released_to", "released_from")
    was, now = when_of(at_work.place.believed).window, when_of(at_work.printed).window
    old = {"released_to": was.end, "released_from": was.start, "when_note": was.word}
    new = {"released_to": now.end, "released_from": now.start, "when_note": now.word}
    word_differs = fold(was.word or "") != fold(now.word or "")
    missing = frozenset(part for part in old if old[part] and not new[part])
    # A word that comes says what became of the month in whose place it stands, and the other way round.
    is_instead = word_differs and bool(now.word or (now.start and now.end))
    doubted = missing - at_work.confirmed(missing, replaced=is_instead)
    new |= {part: old[part] for part in doubted}
    at_work.values |= {end: old[end] for end in ends if end in doubted}
    # The oldest layout prints "unknown" for a month it does not know: one in its place was not printed before.
    unknown = {end for end in ends if not old[end] and says_unknown(at_work.place.believed)}
    differs = [end for end in ends if old[end] != new[end] and end not in unknown]
    before, after = (Span(side["released_from"], side["released_to"], side["when_note"]) for side in (old, new))
    details = Details()
    if not any(before) or not any(after):
        differs = differs[:1]
        details = Details(window_before=before if any(before) else None, window_after=after if any(after) else None)
    elif word_differs and "when_note" not in doubted:
        differs = differs or ["when_note"]
        details = Details(window_before=before, window_after=after)
    for end in differs:
        first, last = old[end], new[end]
        goes_on = end == "released_to" and first and last and last > first
        kind = ChangeKind.RELEASES_CONTINUED if goes_on else ChangeKind.RELEASE_WINDOW_CHANGED
        at_work.tell(kind, end, before=first, after=last, details=details)


_COMPARE_ALONE: dict[Comparing, Callable[[_Comparison, str], None]] = {
    Comparing.TEXT: _compare_text,
    Comparing.SET: _compare_set,
    Comparing.NAMES: _compare_names,
    Comparing.ADDITIONS: _compare_additions,
    Comparing.CITATIONS: _compare_legal_bases,
}
_COMPARE: dict[str, Callable[[_Comparison, str], None]] = {
    **{name: _COMPARE_ALONE[one.comparing] for name, one in FIELDS.items() if one.comparing in _COMPARE_ALONE},
    "remainder": _compare_remainder,
    "term": _compare_term,
    "incident": _compare_remark,
    "released": _compare_releases,
}
_FIELD_OF = {"term": "dsa_end", "incident": "when_note", "released": "released_to", "type_words": "opt_outs"}
"""The field of the record that says whether a page prints a group of fields compared as one."""


def _field_of(part: str) -> str:
    return _FIELD_OF.get(part, part)


# --- what stands elsewhere in one layout than in another --------------------------------------------------------------


def _type_words(agreement: Agreement) -> frozenset[str]:
    return frozenset(fold(value) for value in agreement.opt_outs or () if is_type_of_data(value))


def _compare_type_words(at_work: _Comparison) -> dict[str, frozenset[str]]:
    """Tell `Identifiable` newly among the opt-outs of one layout; other layouts print these words elsewhere, or not."""
    if "opt_outs" in at_work.printed.unprinted:
        return dict(at_work.place.type_words)
    at_work.part = "type_words"
    now = _type_words(at_work.printed)
    before = at_work.place.type_words.get(at_work.layout)
    if before is not None:
        now |= (before - now) - at_work.confirmed(before - now)
    identifiable = fold("Identifiable")
    if before is not None and identifiable in now - before:
        old, new = at_work.place.believed.opt_outs or (), at_work.printed.opt_outs or ()
        added = tuple(value for value in new if fold(value) == identifiable)
        at_work.tell(ChangeKind.TYPE_OF_DATA_CHANGED, "opt_outs", Severity.HIGH, before=old, after=new, added=added)
    return {**at_work.place.type_words, at_work.layout: now}


# --- print alone ------------------------------------------------------------------------------------------------------


def _compare_wording(at_work: _Comparison, parts: Collection[str]) -> None:
    """Tell, as editorial, each field whose print differs while its meaning, in which *parts* differ, does not."""
    believed, printed = at_work.place.believed, at_work.printed
    told = {difference.field for difference in at_work.found}
    at_work.part = ""
    for name in _WORDED:
        old, new = getattr(believed, name), getattr(printed, name)
        if old == new or not old or not new or name in told | printed.unprinted | believed.unprinted:
            continue
        if _printed_otherwise(name, old, new, parts):
            at_work.tell(ChangeKind.WORDING_CHANGED, name, before=_shown(old), after=_shown(new), substantive=False)


_WORDED = tuple(
    name for name, one in FIELDS.items() if one.comparing not in (Comparing.NEVER, Comparing.TERM, Comparing.WINDOW)
)
"""Fields that can be printed otherwise and mean the same: dates cannot."""


def _printed_otherwise(field: str, old: Any, new: Any, parts: Collection[str]) -> bool:
    """Say whether values that differ in print mean the same; of sets, whether any value of both is spelled anew."""
    if field == "when_note":  # compared as words for dates and as remarks
        return fold(old) == fold(new)
    if isinstance(old, str):
        return field not in parts
    before, after = _print_of(field, old), _print_of(field, new)
    return any(before[key] != after[key] for key in before.keys() & after.keys())


def _print_of(field: str, value: Any) -> dict[str, str]:
    """Return folded meaning → print of a set."""
    if field == "legal_bases":
        return {basis.id.removesuffix("?"): basis.printed for basis in value}
    return _by_fold(value)


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return tuple(item if isinstance(item, str) else item.printed for item in value)
