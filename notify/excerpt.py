"""A few words of prose around what changed in it: enough to see the edit, too little to republish the text.

Prose may name people; so no message carries more of it than a quotation.
"""

from collections.abc import Iterable, Iterator

from diff.redline import Redline, Run, redline
from notify.safe_text import cut, one_line

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
    return tuple(_within(_around_edits(redline(*_differing(before, after))), longest))


def _differing(before: str, after: str) -> tuple[str, str]:
    """Return both texts without the paragraphs that they begin and end with alike: matching takes time."""
    old, new = before.split("\n"), after.split("\n")
    shortest = min(len(old), len(new))
    start = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    end = next((n for n in range(shortest - start) if old[-1 - n] != new[-1 - n]), shortest - start)
    return "\n".join(old[start : len(old) - end]), "\n".join(new[start : len(new) - end])


def _around_edits(changed: Redline) -> Iterator[Run]:
    for paragraph in changed.paragraphs:
        last = len(paragraph) - 1
        if all(run.mark == "same" for run in paragraph):
            continue
        for number, run in enumerate(paragraph):
            text = one_line(run.text)
            if run.mark == "same":
                text = _beside(text.split(), after_edit=number > 0, before_edit=number < last)
            yield Run(run.mark, text if run.mark == "same" else cut(text, LONGEST_EDIT))


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
