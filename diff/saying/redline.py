"""Prose, word by word: what was taken out and what was put in.

Paragraphs are matched first, words only within paragraphs that differ. Two words are one if they fold alike, so a lost
dash or a curled quote is no difference. What takes too long to match is given whole, out and in (`matching`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from diff.details import Details
from diff.saying.matching import matching
from scraper.names.fold import fold
from scraper.text import cut, one_line

_MOST_MARKS = 8
"""Words at the start of a line that may be marks of lists within lists: each is looked for with all before it."""

Mark = Literal["same", "out", "in"]


@dataclass(frozen=True, slots=True)
class Run:
    """Words that stand together: unchanged, taken out, or put in."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Redline:
    """What differs between two texts: one tuple of runs for each paragraph, in reading order."""

    paragraphs: tuple[tuple[Run, ...], ...]

    def words(self, mark: Mark) -> int:
        """Return how many words have *mark*."""
        return sum(len(run.text.split()) for run in self.runs(mark))

    def runs(self, mark: Mark) -> Iterator[Run]:
        """Yield the runs with *mark*, in reading order."""
        return (run for paragraph in self.paragraphs for run in paragraph if run.mark == mark)


def redline(before: str, after: str) -> Redline:
    """Return how *before* became *after*; both are texts of one paragraph a line, as records have them."""
    old, new = _paragraphs(before), _paragraphs(after)
    if fold(before) == fold(after):  # breaks alone may have moved
        return Redline(tuple((Run("same", text),) for text in new))
    paragraphs: list[tuple[Run, ...]] = []
    for same, a, b, c, d in matching([fold(p) for p in old], [fold(p) for p in new]):
        if same:
            paragraphs += [(Run("same", text),) for text in new[c:d]]
        else:
            paragraphs += _changed_passage(old[a:b], new[c:d])
    return Redline(tuple(paragraphs))


def _paragraphs(text: str) -> list[str]:
    return [line for line in text.split("\n") if fold(line)]


def _changed_passage(old: list[str], new: list[str]) -> Iterator[tuple[Run, ...]]:
    """Yield the paragraphs of a passage that differs: pairs word by word, what is left over whole."""
    if fold("\n".join(old)) == fold("\n".join(new)):
        yield from ((Run("same", text),) for text in new)
    elif len(old) == len(new):
        yield from (tuple(_word_runs(a, b)) for a, b in zip(old, new, strict=True))
    else:
        yield from _split_at_breaks(list(_word_runs(" \n ".join(old), " \n ".join(new))))


def _split_at_breaks(runs: list[Run]) -> Iterator[tuple[Run, ...]]:
    paragraph: list[Run] = []
    for run in runs:
        pieces = run.text.split("\n")
        for number, piece in enumerate(pieces):
            if number and run.mark != "out" and paragraph:
                yield tuple(paragraph)
                paragraph = []
            if piece.strip():
                paragraph.append(Run(run.mark, " ".join(piece.split())))
    if paragraph:
        yield tuple(paragraph)


class _Token(NamedTuple):
    text: str
    says: str
    """Folded; a dash, a break or the mark of a list item says nothing."""


def _tokens(text: str) -> list[_Token]:
    return [token for line in text.split("\n") for token in (*_words(line.split()), _BREAK)][:-1]


_BREAK = _Token("\n", "")


def _words(words: list[str]) -> Iterator[_Token]:
    marks = 0
    while marks < min(len(words) - 1, _MOST_MARKS) and fold(" ".join((*words[: marks + 1], "x"))) == "x":
        marks += 1
    for number, word in enumerate(words):
        yield _Token(word, "" if number < marks else fold(word))


def _word_runs(before: str, after: str) -> Iterator[Run]:
    old, new = _tokens(before), _tokens(after)
    # What says nothing is matched as it stands: breaks with breaks.
    for same, a, b, c, d in matching([t.says or t.text for t in old], [t.says or t.text for t in new]):
        gone, come = old[a:b], new[c:d]
        if same or _says(gone) == _says(come):
            if come:
                yield Run("same", _text(come))
            continue
        if gone:
            yield Run("out", _text(gone))
        if come:
            yield Run("in", _text(come))


def _text(tokens: list[_Token]) -> str:
    return " ".join(token.text for token in tokens)


def _says(tokens: list[_Token]) -> str:
    return "".join(token.says for token in tokens)


def edit_of(changed: Redline) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the edit as a key: runs put in and runs taken out, folded, sorted, without repeats (design rule 7)."""
    into = {fold(run.text) for run in changed.runs("in")}
    out = {fold(run.text) for run in changed.runs("out")}
    return tuple(sorted(into - {""})), tuple(sorted(out - {""}))


def text_details(changed: Redline) -> Details:
    """Return what a sentence says of a redline: words out and in, and the first of them."""
    first_out, first_in = _first_edit(changed)
    return Details(
        words_out=changed.words("out"),
        words_in=changed.words("in"),
        first_out=_beginning(first_out) or None,
        first_in=_beginning(first_in) or None,
    )


def _first_edit(changed: Redline) -> tuple[str, str]:
    """Return the words taken out and put in at the first place that differs; one of the two may be empty."""
    for runs in changed.paragraphs:
        for number, run in enumerate(runs):
            if run.mark == "in":
                return "", run.text
            if run.mark == "out":
                following = runs[number + 1] if number + 1 < len(runs) else None
                return run.text, following.text if following and following.mark == "in" else ""
    return "", ""


def _beginning(text: str) -> str:
    # A few words say which passage is meant; a "word" of a page may be as long as it likes.
    words = text.split()
    whole = " ".join(words[:8])
    return f"{whole[:120]} …" if len(words) > 8 or len(whole) > 120 else whole


# --- a few words around the edits -------------------------------------------------------------------------------------

# Prose may name people; so no message carries more of it than a quotation.
CONTEXT = 6
"""Words shown beside an edit."""

LONGEST_EDIT = 110
"""Characters of one edit, so that what went does not crowd out what came."""


def excerpt(before: str, after: str, longest: int = 300) -> tuple[Run, ...]:
    """Return the first edits between two texts, and the words beside them.

    Args:
        before: The earlier text; empty where there was none.
        after: The later one.
        longest: Characters that all of it may take, with the spaces between.

    >>> for run in excerpt("They use DAE to read it.", "They use the SDE to read it."):
    ...     print(run.mark, run.text)
    same They use
    out DAE
    in the SDE
    same to read it.
    """
    return tuple(_within(_around_edits(_passages(before, after)), longest))


def _passages(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield the passages that differ, cut as `redline` cuts them: matching words takes time, and few are shown."""
    old, new = before.split("\n"), after.split("\n")
    for same, a, b, c, d in matching([fold(p) for p in old], [fold(p) for p in new]):
        if not same and b - a == d - c:
            yield from zip(old[a:b], new[c:d], strict=True)
        elif not same:
            yield "\n".join(old[a:b]), "\n".join(new[c:d])


def _around_edits(passages: Iterable[tuple[str, str]]) -> Iterator[Run]:
    paragraphs = (paragraph for old, new in passages for paragraph in redline(old, new).paragraphs)
    for paragraph in paragraphs:
        last = len(paragraph) - 1
        if all(run.mark == "same" for run in paragraph):
            continue
        for number, run in enumerate(paragraph):
            text = one_line(run.text)
            if run.mark == "same":
                yield Run("same", _beside(text.split(), after_edit=number > 0, before_edit=number < last))
            else:
                yield Run(run.mark, cut(text, LONGEST_EDIT))


def _beside(words: list[str], *, after_edit: bool, before_edit: bool) -> str:
    head = words[:CONTEXT] if after_edit else []
    tail = words[-CONTEXT:] if before_edit else []
    if len(words) <= len(head) + len(tail):
        return " ".join(words)
    return " ".join([*head, "…", *tail])


def _within(runs: Iterable[Run], longest: int) -> Iterator[Run]:
    left = longest
    for run in runs:
        if left < CONTEXT:
            return
        if run.text:
            shown = cut(run.text, left)
            yield Run(run.mark, shown)
            left -= len(shown) + 1
