"""The term, the release window and the remarks beside them, which a page prints on one line."""

from collections.abc import Callable

from diff.deciding.comparing.comparison import Comparison
from diff.deciding.when import is_incident, later, says_unknown, when_of
from diff.details import Details, Span
from diff.kinds import ChangeKind
from scraper.names.fold import fold
from scraper.times import same_date


def compare_term(at_work: Comparison, _: str) -> None:
    """Compare the printed term, told as one change; what is only missing from it waits for its second sighting."""
    old = when_of(at_work.place.believed).term
    new = _where_read(at_work, old, when_of(at_work.printed).term)
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


def _where_read(at_work: Comparison, old: Span, new: Span) -> Span:
    """Return the *new* term, but for a date that is not understood on either side: a workbook has a column for each."""
    unread = at_work.printed.unprinted | at_work.place.believed.unprinted
    start, end = (old if name in unread else new for name in ("dsa_start", "dsa_end"))
    return new._replace(start=start.start, end=end.end)


def _kind_of_remark(before: str | None, after: str | None, is_grave: Callable[[str], bool]) -> ChangeKind:
    """Return what it is that other words stand beside the dates: by what came if that is grave, else by what went."""
    if after and is_grave(after):
        return ChangeKind.INCIDENT_NOTED
    return ChangeKind.INCIDENT_REMOVED if before and is_grave(before) else ChangeKind.DSA_TERM_CHANGED


def _more_precise(old: Span, new: Span) -> dict[str, str]:
    """Return the dates that agree and were printed to the day before: a month printed later takes nothing away."""
    pairs = (("dsa_start", old.start, new.start), ("dsa_end", old.end, new.end))
    return {name: a for name, a, b in pairs if a and b and same_date(a, b) and len(a) > len(b)}


def compare_remark(at_work: Comparison, _: str) -> None:
    """Compare the remarks beside the dates: an incident is told as one, every other as a change of the term."""
    before, after = when_of(at_work.place.believed).remark, when_of(at_work.printed).remark
    if not after and not at_work.confirmed(frozenset({"when_note"})):
        return
    kind = _kind_of_remark(before, after, lambda remark: is_incident(remark, at_work.vocabulary))
    at_work.tell(kind, "when_note", before=before or None, after=after or None)


def compare_releases(at_work: Comparison, _: str) -> None:
    """Compare the release window: one that appears or goes is one change, its two ends are two otherwise."""
    ends = ("released_to", "released_from")
    was = when_of(at_work.place.believed).window
    now = _with_unread_months(at_work, was, when_of(at_work.printed).window)
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
        # Of a version of the official register there are no files before the first; of a page nobody knows.
        goes_on = end == "released_to" and last and (last > first if first else at_work.printed.files is not None)
        if goes_on:
            files = {month: n for month, n in (at_work.printed.files or {}).items() if month > (first or "")}
            at_work.tell(
                ChangeKind.RELEASES_CONTINUED, end, before=first, after=last, details=Details(files=files or None)
            )
            continue
        at_work.tell(ChangeKind.RELEASE_WINDOW_CHANGED, end, before=first, after=last, details=details)


def _with_unread_months(at_work: Comparison, was: Span, now: Span) -> Span:
    """Return the window of now; where the month of a file is not understood, what is missing may be that one."""
    if "files" not in at_work.printed.unread:
        return now
    starts, ends = (sorted(filter(None, pair)) for pair in ((was.start, now.start), (was.end, now.end)))
    now = now._replace(start=next(iter(starts), None), end=next(reversed(ends), None))
    at_work.values |= {"released_from": now.start, "released_to": now.end}
    return now
