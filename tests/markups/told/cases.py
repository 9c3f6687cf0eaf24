"""Every history by name, and which of them are quick."""

from tests.markups.told import bases, bulk, header, loose, nights, prose
from tests.markups.told.edits import Edit
from tests.markups.told.expect import History

EDITS: list[Edit] = [*header.EDITS, *bases.EDITS, *prose.EDITS, *loose.EDITS]
HISTORIES: dict[str, History] = {
    history.name: history
    for history in (
        *(edit.history() for edit in EDITS),
        *loose.HISTORIES,
        *nights.HISTORIES,
        *bulk.HISTORIES,
    )
}

# One of each sort: the rest are a long haul.
QUICK = frozenset(
    """
    opt-outs:no-beside-yes opt-outs:yes-goes opt-outs:identifiable-comes confidentiality:other
    commercial:yes-instead-of-no organisation-types:commercial-comes sublicensing:yes-beside-no
    sensitivity:sensitive-instead sensitivity:not-sensitive term:extended term:goes term:to-be-confirmed
    term:to-for-dash when:breach-comes when:a-date-and-no-incident releases:continued access:files-instead-of-system
    access:another-note discussions:one-more type-of-data:identifiable-comes controllers:a-company
    controllers:another controllers:successor-instead controllers:unknown-with-commas
    controllers:known-with-initials legal-basis:support-comes legal-basis:consent-goes
    legal-basis:bare-act-made-precise legal-basis:support-expired legal-basis:spelt-ampersand
    legal-basis:spelt-section datasets:one-more datasets:one-less datasets:alias-instead datasets:like-a-label
    datasets:a-sign prose:word-in-objectives prose:section-goes prose:not prose:marketing
    prose:sign-at-most-at-least prose:sign-minus-goes prose:sign-superscript prose:sign-decimal-point
    prose:same-range-dash-lost prose:same-word-joiner prose:same-numbered-list-run-together prose:a-quoted-header
    loose:under-heading loose:under-heading-suspended loose:under-datasets-negated loose:unknown-label-value
    loose:heading-closed title:goes page:breach-in-the-head page:flag-comes page:second-flag page:agreement-moves
    page:goes page:renamed-with-its-address night:quiet-plain+whole-site night:rebuilt-plain-to-mkdocs
    night:rebuilt-plain-to-table night:partly-rebuilt-eleventy night:rebuilt-and-edited-table
    night:unreadable-datasets-emptied night:unreadable-term-in-weeks night:all-pages-lose-their-end-tag
    night:a-heading-loses-its-reference night:old-and-new-titles-by-turns bulk:dataset-on-25 bulk:line-on-30
    bulk:all-rewritten-in-a-night bulk:reorganisation-of-25-headings
    """.split()
)
