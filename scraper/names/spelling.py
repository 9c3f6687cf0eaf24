"""Words as a typist writes them: found whatever their case, the marks and spaces between them, and one slip in a word.

A place in a text is an index into `Typed.text`, whose characters stand one for one for those of `Typed.said`, so that
what is left of a text can be told as it stands. Nothing here knows what a legal basis is.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from scraper.names.fold import normal

_ROUND = {"[": "(", "{": "(", "]": ")", "}": ")", "\N{MINUS SIGN}": "-"}
_MARKS_KEPT = frozenset("&/%§,.:()-")
_LONGEST = 40  # letters; no word of ours is as long
_LEAST_FOR_A_SLIP = 4  # `and`, `act` and `not` are a letter away from other words

LETTERS = re.compile(r"[^\W\d_]+")
# What stands between words and says nothing; each character can be skipped in one way only.
_SKIPPED = re.compile(r"(?:[ ,.:()-]|the(?![^\W_]))*")
_PIECES = re.compile(r"[^\W\d_]+\.?|\d+|[&§]")


class Typed(NamedTuple):
    """A printed text in the two forms in which it is read."""

    said: str
    """Composed and in lower case, without the characters that no one sees."""
    text: str
    """The same with one sort of brackets and of dashes, and a space for other marks; as far as it is looked at."""


def typed(text: str, at_most: int) -> Typed:
    """Return *text* as it is read, of which *at_most* so many characters are looked at.

    >>> typed("Act [2012] – ‘s261’", 100).text
    'act (2012) -  s261 '
    """
    said = "".join(filter(_is_seen, normal(text)))
    return Typed(said, "".join(map(_plain, said[:at_most])))


@lru_cache(maxsize=4096)
def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in ("Cf", "Co")


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    plain = _ROUND.get(character, character)
    if plain in _MARKS_KEPT:
        return plain
    category = unicodedata.category(plain)
    return "-" if category == "Pd" else " " if category[0] in "PCZ" else plain


class Spelling(NamedTuple):
    """One way to write a word."""

    letters: str
    may_slip: bool


Word = tuple[Spelling, ...]
"""A word of ours: the ways to write it."""


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[Word, ...]:
    """Return the words of *name*, in which capitals throughout and a full stop say that a word is an abbreviation.

    >>> [[form.letters for form in word] for word in words_of("COPI Regs. & Co 2002")]
    [['copi'], ['regs'], ['and', '&'], ['co'], ['2002']]
    >>> [word[0].may_slip for word in words_of("COPI Regs. and Regulations 2002")]
    [False, False, False, True, False]
    """
    # "the" may always be left out: between words it is passed over, like a mark.
    return tuple(_word(piece) for piece in _PIECES.findall(name) if piece.casefold() != "the")


def _word(piece: str) -> Word:
    letters = piece.removesuffix(".").casefold()
    if letters in ("and", "&"):
        return Spelling("and", may_slip=False), Spelling("&", may_slip=False)
    is_abbreviation = piece.isupper() or piece.endswith(".")
    return (Spelling(letters, may_slip=piece.isalpha() and len(piece) >= _LEAST_FOR_A_SLIP and not is_abbreviation),)


def after(text: str, at: int, words: Sequence[Word]) -> int | None:
    """Return the place behind *words* in *text* from *at* on; None if they do not stand there.

    >>> after("section 251 aproval (is) inplace now", 0, words_of("section 251 approval is in place"))
    32
    >>> after("section 2510 approval", 0, words_of("section 251"))
    """
    if not may_begin(word_at(text, at), words[0]):  # nearly always
        return None
    places = {at}
    for word in words:
        places = {behind for place in places for form in word for behind in _after_form(text, skip(text, place), form)}
    return max(places, default=None)


def word_at(text: str, at: int) -> str:
    """Return the letters that stand together at *at*, or the one sign or digit."""
    at = skip(text, at)
    found = LETTERS.match(text, at, at + _LONGEST)
    return found[0] if found else text[at : at + 1]


def may_begin(letters: str, word: Word) -> bool:
    """Whether *word* may stand where *letters* do: as they are, with a slip, as their beginning, or in pieces."""
    return any(
        letters.startswith(form.letters)
        or form.letters.startswith(letters)
        or (form.may_slip and is_nearly(letters, form.letters))
        for form in word
    )


def slips_of(letters: str) -> frozenset[str]:
    """Return *letters*, and them with each one lost. Two words that are one slip apart have one of these in common."""
    return frozenset((letters, *(letters[:n] + letters[n + 1 :] for n in range(len(letters)))))


def _after_form(text: str, at: int, form: Spelling) -> list[int]:
    """Return the places behind one word: as it is, glued to the next, with a slip, or in pieces."""
    letters = form.letters
    end = at + len(letters)
    places = []
    if text.startswith(letters, at) and not (letters.isdigit() and text[end : end + 1].isdigit()):
        places.append(end)
    if found := LETTERS.match(text, at):
        if form.may_slip and is_nearly(found[0], letters):
            places.append(found.end())
        elif len(found[0]) < len(letters) and letters.startswith(found[0]):
            piece = Spelling(letters[len(found[0]) :], may_slip=False)
            places += _after_form(text, skip(text, found.end()), piece)
    return places


def is_nearly(typed_word: str, word: str) -> bool:
    """Whether one slip makes *typed_word* of *word*: a letter lost, added, changed, or two swapped.

    >>> [is_nearly(slip, "care") for slip in ("car", "caree", "cure", "acre", "care", "cars", "ac", "cease")]
    [True, True, True, True, True, True, False, False]
    """
    if abs(len(typed_word) - len(word)) > 1:
        return False
    same = next((i for i, (a, b) in enumerate(zip(typed_word, word, strict=False)) if a != b), len(word))
    slip, ours = typed_word[same:], word[same:]
    swapped = slip[:2] == ours[1::-1] and slip[2:] == ours[2:]
    return swapped or ours[1:] in (slip, slip[1:]) or slip[1:] == ours


def skip(text: str, at: int) -> int:
    """Return the first place from *at* on at which something is said."""
    return _SKIPPED.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def ends_word(text: str, at: int) -> bool:
    """Whether no letter of a longer word stands at *at*.

    >>> ends_word("consenting", 7), ends_word("consent 2", 7), ends_word("s251Control", 4)
    (False, True, True)
    """
    return not (text[at - 1 : at].isalpha() and text[at : at + 1].isalpha())
