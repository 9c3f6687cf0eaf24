"""Data controllers between two readings: names that hold commas, and lists of which nobody knows where a name ends.

A page is read by itself, and takes a list apart at every comma that no listed name holds. Whether the names on the two
sides of such a comma are one is decided here, where pages are compared and it is known what heads them (design rule
20): what came is told as the page prints it, what was only taken apart otherwise is no news.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from diff.deciding.belief import Edition, Past
from scraper.names.fold import as_set, fold
from scraper.names.name_lists import NameSplitter
from scraper.names.vocabulary import Vocabulary
from scraper.official.shapes import CONTROLLERS
from scraper.reading.layouts import known_label
from scraper.records import Agreement, RegisterPage

LABEL = "Data-controller type"

Names = dict[str, str]
"""Folded → as printed."""


def splitter_of(past: Past, edition: Edition, vocabulary: Vocabulary) -> NameSplitter:
    """Return what takes lists of names apart, given all that heads a page."""
    return vocabulary.splitter(_headings(past, edition))


def _headings(past: Past, edition: Edition) -> set[str]:
    """Return what heads a page now, or headed it when it was last read."""
    return {*past.headings(), *(sighting.page.organisation for sighting in edition.read.values())}


def heed_headings(past: Past, edition: Edition, vocabulary: Vocabulary) -> Edition:
    """Return *edition* with the names that hold a comma and head a page as one name each among the controllers."""
    listed = vocabulary.splitter()
    with_comma = {name for name in _headings(past, edition) if "," in name and not listed.lists(name)}
    if not with_comma:
        return edition
    splitter = vocabulary.splitter(with_comma)
    read = {
        slug: replace(sighting, page=_joined_page(sighting.page, splitter, with_comma))
        for slug, sighting in edition.read.items()
    }
    return replace(edition, read=read)


def _joined_page(page: RegisterPage, splitter: NameSplitter, names: Collection[str]) -> RegisterPage:
    agreements = tuple(_joined(agreement, splitter, names) for agreement in page.agreements)
    return page if agreements == page.agreements else replace(page, agreements=agreements)


def _joined(agreement: Agreement, splitter: NameSplitter, names: Collection[str]) -> Agreement:
    """Return *agreement* with those of *names* that it prints as one controller each, if it has them in parts."""
    text = printed_controllers(agreement)
    if not text or not any(fold(name) in fold(text) for name in names):
        return agreement
    found = [name for line in _lists(text) for name in splitter.split(line)]
    parts = {fold(part) for name in found for part in name.split(",") if len(parts_of(name)) > 1}
    kept = [name for name in agreement.controllers or () if fold(name) not in parts - set(map(fold, found))]
    there = {fold(name) for name in agreement.controllers or ()}
    joined = [name for name in found if len(parts_of(name)) > 1 and set(parts_of(name)) <= there]
    return replace(agreement, controllers=as_set((*kept, *joined))) if joined else agreement


def printed_controllers(agreement: Agreement) -> str:
    """Return the text of the label that names the controllers, as it stood; of a workbook a line for each list."""
    if CONTROLLERS in agreement.printed:
        return agreement.printed[CONTROLLERS].replace(";", "\n")
    labels = ((known_label(f"{label}:"), text) for label, text in agreement.printed.items())
    return "\n".join(text for label, text in labels if label and label.name == LABEL)


def parts_of(name: str) -> list[str]:
    """Return what stands between the commas of a name, folded.

    >>> parts_of("SMITH, JONES AND PARTNERS")
    ['smith', 'jonesandpartners']
    """
    return [folded for part in name.split(",") if (folded := fold(part))]


def has_name(names: Collection[str], name: str) -> bool:
    """Say whether the folded *names* hold *name*, or all that stands between its commas."""
    return fold(name) in names or names_all(names, name)


def names_all(names: Collection[str], name: str) -> bool:
    """Say whether *name* holds commas, and the folded *names* hold all that stands between them."""
    parts = parts_of(name)
    return len(parts) > 1 and all(part in names for part in parts)


def come_and_gone(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Names, Names]:
    """Return what came and what went between two sets, each folded → printed."""
    return ({k: n for k, n in new.items() if k not in old}, {k: n for k, n in old.items() if k not in new})


def without_retaken(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Names, Names]:
    """Return what came and what went between two sets, each folded → printed, but for what was taken apart otherwise.

    One name that a list of names now holds in parts, or the other way round, is the same text:

    >>> without_retaken({"smith": "SMITH", "jones": "JONES"}, {"smithjones": "SMITH, JONES", "ico": "ICO"})
    ({'ico': 'ICO'}, {})
    """
    come, gone = come_and_gone(old, new)
    joined = [key for key, name in come.items() if names_all(old, name) and gone.keys() & set(parts_of(name))]
    parted = [key for key, name in gone.items() if names_all(new, name) and come.keys() & set(parts_of(name))]
    same = {*joined, *parted, *(part for key in joined for part in parts_of(come[key]))}
    same |= {part for key in parted for part in parts_of(gone[key])}
    return ({k: n for k, n in come.items() if k not in same}, {k: n for k, n in gone.items() if k not in same})


def as_printed(names: Iterable[str], text: str, splitter: NameSplitter, beside: Collection[str] = ()) -> list[str]:
    """Return *names*, those that stand side by side in *text* and that nobody knows as one.

    Args:
        names: What is told, as the page is read.
        text: The lists that hold them, as they stood.
        splitter: Knows names.
        beside: Folded names in the text that are not told. Each stands there for itself once: a second time it is a
            part of what is told.

    Returns:
        The names, as the text prints them, in no order that means anything; as they are where there is no text.
    """
    wanted = {fold(name): name for name in names}
    if not (wanted and text):
        return list(wanted.values())
    stretches: list[list[str]] = []
    once = set(beside)
    for line in _lists(text):
        for group in splitter.side_by_side(line):
            stretches += _stretches(group, wanted, once, beside)
    joined = {name: stretch for stretch in stretches for name in map(fold, stretch) if name in wanted}
    alone = [name for key, name in wanted.items() if key not in joined]
    return [*alone, *dict.fromkeys(",".join(stretch).strip() for stretch in joined.values())]


def _stretches(
    group: Iterable[str], wanted: Collection[str], once: set[str], beside: Collection[str]
) -> Iterator[list[str]]:
    """Yield the runs of names in *group* that hold any of those *wanted* and none that is there for itself."""
    stretch: list[str] = []
    for name in (*group, ""):
        folded = fold(name)
        if folded in wanted or (folded in beside and folded not in once):
            stretch.append(name)
            continue
        once.discard(folded)
        if any(fold(one) in wanted for one in stretch):
            yield stretch
        stretch = []


def _lists(text: str) -> list[str]:
    r"""Return the lists in a *text*: each line one, but for a line that ends in a comma and goes on.

    >>> _lists("SMITH,\nJONES AND PARTNERS\nICO")
    ['SMITH, JONES AND PARTNERS', 'ICO']
    """
    return text.replace(",\n", ", ").split("\n")
