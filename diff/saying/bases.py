"""How it is said that other legal bases are cited."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diff.details import several
from diff.saying.english import sentence_case
from diff.saying.phrase import Marked, Phrase, Told, few, set_values
from diff.saying.sentence import listed, who
from diff.severity import Severity
from scraper.names.legal_families import FAMILIES, cite, spell_out

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change


def family_in_words(family: str) -> str:
    """Return a family of legal bases as it stands in a sentence.

    >>> family_in_words("s251-support")
    'section 251 support'
    """
    return FAMILIES[family].in_words if family in FAMILIES else family


def basis_in_words(basis: str) -> str:
    """Return a legal basis spelled out; one that is not understood has no words but the page's.

    >>> basis_in_words("NHSA2006:s251"), basis_in_words("TEXT:228c98f57f3f")
    ('section 251 of the National Health Service Act 2006', 'a basis in words of its own (TEXT:228c98f57f3f)')
    """
    words = spell_out(basis)
    return f"a basis in words of its own ({basis})" if words == basis else words


def basis_changed(change: "Change") -> str:
    """Return the sentence: what is cited now, in place of what or beside what."""
    printed = change.details.printed or {}
    acts: set[str] = set()  # each is named once in a sentence: "section 261(7) of the … Act 2012 and section 261(4)"

    def say(ids: Sequence[str]) -> str:
        return listed(_cited(basis, printed.get(basis, ""), acts) for basis in ids)

    of = f"legal basis of {who(change)}"
    if change.added and change.removed:
        return f"{of}: {say(change.removed)} replaced by {say(change.added)}"
    if change.added:
        others = [basis for basis in several(change.before) if basis not in change.removed]
        came = say(change.added)
        return f"{of}: {came} now cited{f' beside {say(others)}' if others else ''}"
    return f"{of}: {say(change.removed)} no longer cited"


def _cited(basis: str, printed: str, acts: set[str]) -> str:
    """Return a basis spelled out, without its act where that is among *acts*; else note the act there."""
    cited = cite(basis, printed)
    if basis.endswith("?") or not cited.pin or cited.unit not in ("section", "regulation"):
        return spell_out(basis, printed)
    if cited.act in acts:
        return cited.pin
    acts.add(cited.act)
    return cited.spelled


def basis_changed_briefly(told: Told) -> Phrase:
    """Return the phrase: which families are new or gone, and what is cited."""
    change = told.change
    what, short = _families(change)
    head = f"Legal basis: {what}"
    if pins := _same_act(change):
        act, was, now = pins
        note = f"{sentence_case(act)}."
        lines: tuple[Marked, ...] = (("out", was), ("in", now))
        return Phrase(head=head, form="pair", lines=lines, note=note, short="legal basis changed")
    values = [(mark, basis_in_words(basis)) for mark, basis in set_values(change)]
    return Phrase(head=head, form="lines" if values else "sentence", lines=few(values), short=short)


def _families(change: "Change") -> tuple[str, str]:
    """Return what is new or gone among the families of legal bases, for a head and for a subject."""
    came, went = ([family_in_words(one) for one in families] for families in change.families or ((), ()))
    short = "legal basis changed"
    if not (change.after or change.added or change.group):
        return "none cited now", short
    if came or went:
        gone = [f"{listed(went)} no longer cited"] if went else []
        new = [f"{listed(came)} {'is' if len(came) == 1 else 'are'} new"] if came else []
        newly = [f"{listed(came)} new"] if came else []
        return ", ".join(new + gone), ", ".join(newly + gone)
    if change.severity is Severity.INFO:
        return "section now cited", short
    same = "cited limb changed" if _same_act(change) else "citations changed"
    return f"{same}, family unchanged" if change.families else same, short


def _same_act(change: "Change") -> tuple[str, str, str] | None:
    """Return (act, old pin, new pin) where one limb of an act replaced another and nothing else is cited."""
    if [mark for mark, _ in set_values(change)] != ["out", "in"]:
        return None
    (old,), (new,) = change.removed, change.added
    was, now = cite(old), cite(new)
    if "?" in old + new or not (was.pin and now.pin) or not was.act or was.act != now.act:
        return None
    return was.act, old.partition(":")[2], new.partition(":")[2]
