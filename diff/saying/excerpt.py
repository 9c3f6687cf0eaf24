"""A few words of prose around what changed in it: enough to see the edit, too little to republish the text.

Prose may name people; so no message carries more of it than a quotation.
"""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from diff.saying.redline import Run, redline
from scraper.names.fold import fold
from scraper.text import cut, one_line

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
    matcher = SequenceMatcher(None, [fold(p) for p in old], [fold(p) for p in new], autojunk=False)
    for operation, a, b, c, d in matcher.get_opcodes():
        if operation != "equal" and b - a == d - c:
            yield from zip(old[a:b], new[c:d], strict=True)
        elif operation != "equal":
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
