"""What the site prints around the register, found over all pages known and taken out of those of a run (rule 17)."""

from dataclasses import replace

from diff.deciding.belief import Edition, Past
from scraper.reading.frame import Edges, edges_of, find_frame, lines_inside, printed_frame, without_frame


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
        found = {line for sighting in edition.read.values() for line in lines_inside(sighting.page, lines)}
        return found | past.lines_inside(known.keys() - now.keys(), lines)

    frame = find_frame(known, inside, frozenset(printed))
    if new := frame - printed.keys():
        for sighting in edition.read.values():
            printed = printed_frame(sighting.page, new) | printed
    stood, stand = _standing(before, frame), _standing(known, frame)
    read = {
        slug: replace(sighting, page=without_frame(sighting.page, frame)) for slug, sighting in edition.read.items()
    }
    return replace(
        edition,
        read=read,
        edges=now,
        frame={line: printed.get(line, line) for line in frame},
        frame_added=tuple(sorted(printed.get(line, line) for line in stand - stood)) if before else (),
        frame_removed=tuple(sorted(printed.get(line, line) for line in stood - stand)),
    )


def _standing(known: dict[str, Edges], frame: frozenset[str]) -> frozenset[str]:
    """Return the lines of the *frame* that any of the pages *known* has at its edge."""
    return frozenset(line for edges in known.values() for line in (*edges.head, *edges.tail) if line in frame)
