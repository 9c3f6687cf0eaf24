"""The pages of a run as they are compared: one agreement for each reference, without the site's own lines (rule 17).

A reference that stands twice on one page is one agreement, and what it prints is the union of both: pages of the oldest
layout print each version by itself; the later ones join them, as is done here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from diff.deciding.belief import Edition, Past
from scraper.names.fold import as_set, fold
from scraper.reading.frame import Edges, edges_of, find_frame, lines_inside, printed_frame, without_frame
from scraper.records import FIELDS, Agreement, LegalBasis, RegisterPage


def one_each(page: RegisterPage) -> RegisterPage:
    """Return *page* with one agreement for each reference, in page order."""
    by_reference: dict[str, list[Agreement]] = {}
    for agreement in page.agreements:
        by_reference.setdefault(agreement.reference, []).append(agreement)
    if len(by_reference) == len(page.agreements):
        return page
    return replace(page, agreements=tuple(_joined(same) for same in by_reference.values()))


def _joined(same: Sequence[Agreement]) -> Agreement:
    first, *others = same
    if not others:
        return first
    values = {name: _join(name, [getattr(agreement, name) for agreement in same]) for name in FIELDS}
    values["printed"] = _join_printed([agreement.printed for agreement in same])
    return Agreement(**values, unprinted=frozenset.intersection(*(agreement.unprinted for agreement in same)))


def _join(name: str, values: list[Any]) -> Any:
    there = [value for value in values if value is not None]
    if not there or name == "printed":
        return None
    if name == "legal_bases":
        return _join_bases(there)
    if isinstance(there[0], tuple):
        return as_set(value for one in there for value in one)
    if name in ("dsa_start", "released_from"):
        return min(there)
    if name in ("dsa_end", "released_to"):
        return max(there)
    if isinstance(there[0], bool) or name in ("reference", "title"):
        return there[0]
    return "\n".join({fold(text): text for text in there}.values())


def _join_bases(values: list[tuple[LegalBasis, ...]]) -> tuple[LegalBasis, ...]:
    by_id = {basis.id: basis for one in reversed(values) for basis in one}
    return tuple(by_id[basis] for basis in sorted(by_id))


def _join_printed(values: list[Any]) -> dict[str, str]:
    labels = dict.fromkeys(label for printed in values for label in printed)
    return {label: "\n".join(printed[label] for printed in values if label in printed) for label in labels}


# --- without what the site prints around the register -----------------------------------------------------------------


def take_out_frame(past: Past, edition: Edition) -> Edition:
    """Return *edition* with its pages as they are compared: without the lines that the site's pages share.

    Args:
        past: What is known of every page's edges, and what was the site's before.
        edition: The pages as they were read.
    """
    if not edition.read:
        return edition
    before = dict(past.edges())
    now = {slug: edges_of(sighting.page) for slug, sighting in edition.read.items()}
    known = {slug: edges for slug, edges in (before | now).items() if slug not in edition.absent}
    printed = dict(past.frame())

    def inside(lines: frozenset[str]) -> set[str]:
        pages = ((sighting.page, now[slug].tail) for slug, sighting in edition.read.items())
        found = {line for page, tail in pages for line in lines_inside(page, tail, lines)}
        return found | past.lines_inside(known.keys() - now.keys(), lines)

    frame = find_frame(known, inside, frozenset(printed))
    for sighting in edition.read.values():
        if not (new := frame - printed.keys()):
            break
        printed |= printed_frame(sighting.page, new)
    stood, stand = _standing(before, frame), _standing(known, frame)
    read = {slug: replace(sighting, page=_as_compared(sighting.page, frame)) for slug, sighting in edition.read.items()}
    return replace(
        edition,
        read=read,
        edges=now,
        frame={line: printed.get(line, line) for line in frame},
        frame_added=tuple(sorted(printed.get(line, line) for line in stand - stood)) if before else (),
        frame_removed=tuple(sorted(printed.get(line, line) for line in stood - stand)),
    )


def _as_compared(page: RegisterPage, frame: frozenset[str]) -> RegisterPage:
    # The lines at its end stand in its last agreement; they were only listed to find the frame by.
    return replace(without_frame(page, frame), tail=())


def _standing(known: dict[str, Edges], frame: frozenset[str]) -> frozenset[str]:
    """Return the lines of the *frame* that any of the pages *known* has at its edge."""
    return frozenset(line for edges in known.values() for line in (*edges.head, *edges.tail) if line in frame)
