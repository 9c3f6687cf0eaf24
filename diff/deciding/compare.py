"""One agreement on one page: what was believed of it, and what is printed now.

Folded values are compared first; only where they differ does deepdiff name the fields, and only for these is it asked
what the difference means. Everything that differs in print alone is one editorial `wording-changed` a field.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from diff.change import Difference
from diff.deciding.belief import Doubt, Place
from diff.deciding.comparing.columns import compare_controller_basis, compare_counts, compare_rows
from diff.deciding.comparing.comparison import Comparison
from diff.deciding.comparing.dates import compare_releases, compare_remark, compare_term
from diff.deciding.comparing.forms import SEPARATOR, TEXTS, differing, folded_form, type_words_of
from diff.deciding.comparing.named import compare_names
from diff.deciding.comparing.prose import compare_remainder, compare_text, compare_wording
from diff.deciding.comparing.sets import compare_additions, compare_legal_bases, compare_set, compare_type_words
from diff.deciding.when import note_of
from scraper.fields import Comparing
from scraper.names.fold import fold
from scraper.names.name_lists import NameSplitter
from scraper.names.vocabulary import Vocabulary
from scraper.reading.frame import Frame
from scraper.records import EVERY_FIELD, Agreement

NO_FRAME = Frame()


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
    at_work = Comparison(place, printed, layout, old_body, vocabulary, frame, splitter, sure=sure)
    parts = differing(forms(believed), forms(printed))
    unseen = printed.unprinted | believed.unprinted
    for part in parts:
        if not _FIELDS_OF.get(part, {_field_of(part)}) <= unseen:
            at_work.part = part
            _COMPARE[part](at_work, part)
    type_words = compare_type_words(at_work)
    compare_wording(at_work, parts)
    return at_work.found, _believe(at_work, type_words)


_NOTED = {"term": "term", "window": "released", "remark": "incident"}
"""What a note is made of → the part of the folded form in which that is compared."""


def _believe(at_work: Comparison, type_words: Mapping[str, frozenset[str]]) -> Place:
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
    unprinted = printed.unprinted & believed.unprinted
    is_as_printed = not values and unprinted == printed.unprinted  # the same object then: it is kept once
    return replace(
        place,
        believed=printed if is_as_printed else replace(printed, **values, unprinted=unprinted),
        type_words=type_words,
        doubts=doubts,
        last_bodies=last_bodies,
        missing_since=None,
        missing_body=None,
    )


def first_belief(printed: Agreement, layout: str) -> Place:
    """Return what is believed of an agreement at its first sighting: what its page prints."""
    return Place(believed=printed, type_words={layout: type_words_of(printed)})


def still_doubted(place: Place, printed: Agreement) -> dict[str, Doubt]:
    """Return the doubts of a place, but for values that *printed* shows, though it is not believed."""
    if not place.doubts:
        return {}
    believed, form = folded_form(place.believed), folded_form(printed)
    left = {}
    for part, doubt in place.doubts.items():
        shown = _shown(part, printed, form)
        is_as_believed = part in form and form[part] == believed[part]
        values = frozenset() if is_as_believed else doubt.values.difference(shown)
        if values:
            left[part] = replace(doubt, values=values)
    return left


def _shown(part: str, printed: Agreement, form: Mapping[str, str]) -> Collection[str]:
    """Return what is shown of a *part*, folded: its values, of a text all of it."""
    if part == "type_words":
        return type_words_of(printed)
    return {fold(getattr(printed, part) or "")} if part in TEXTS else form[part].split(SEPARATOR)


_COMPARE_ALONE: dict[Comparing, Callable[[Comparison, str], None]] = {
    Comparing.TEXT: compare_text,
    Comparing.SET: compare_set,
    Comparing.NAMES: compare_names,
    Comparing.ADDITIONS: compare_additions,
    Comparing.CITATIONS: compare_legal_bases,
    Comparing.BESIDE_NAMES: compare_controller_basis,
    Comparing.ROWS: compare_rows,
    Comparing.COUNTS: compare_counts,
}

_COMPARE: dict[str, Callable[[Comparison, str], None]] = {
    **{name: _COMPARE_ALONE[one.comparing] for name, one in EVERY_FIELD.items() if one.comparing in _COMPARE_ALONE},
    "remainder": compare_remainder,
    "term": compare_term,
    "incident": compare_remark,
    "released": compare_releases,
}

_FIELDS_OF = {"term": {"dsa_start", "dsa_end"}}
"""The same of what has a column for each field in a workbook: each may be seen without the other."""

_FIELD_OF = {"term": "dsa_end", "incident": "when_note", "released": "released_to", "type_words": "opt_outs"}
"""The field of the record that says whether a page prints a group of fields compared as one."""


def _field_of(part: str) -> str:
    return _FIELD_OF.get(part, part)
