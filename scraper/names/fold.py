"""What counts in a printed text: folding, and sets of printed values.

The register re-types itself: dashes go, quotes curl, spaces double, case changes, list marks come and go. `fold` gives
a form in which only what a text says is left; everything that is compared is compared folded, everything that is shown
is shown as printed. Pure; nothing here knows what a field means.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import groupby

KEPT_SIGNS = "%&/"
"""Signs that Unicode calls punctuation and that say something all the same."""

MINUS = "\N{MINUS SIGN}"

# Stands for a dash or a bullet in the fast path: no page has it, it goes like any typography, and it is not the
# hyphen, which may be a minus.
_A_DASH = "\x1f"
_A_MINUS = "\x1e"
# Stand for the points and commas inside numbers; both end a line as well as a line feed does, so none is left in one.
_A_COMMA = "\x1d"
_A_POINT = "\x1c"

# Signs that make up nearly all of the register's non-ASCII text, each with an ASCII sign that folds the same. With
# them gone most texts are plain and take the fast path; normalising 15 KB costs more than all the rest of folding.
_STAND_INS = (
    ("–", _A_DASH),
    ("’", "'"),
    ("‘", "'"),
    ("“", '"'),
    ("”", '"'),
    ("•", _A_DASH),
    ("\N{NO-BREAK SPACE}", " "),
    ("\N{EN SPACE}", " "),
    ("—", _A_DASH),
    ("·", "'"),
    ("…", "'"),
)

# Marks may stand one behind the other: a page that prints "1. a) Trusts" shows the list's own number before a mark
# that stands in the text. A dash before a mark is one the site may delete tomorrow, so it must not hide the mark; a
# hyphen before a digit is a minus.
_ROMAN = r"(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})"  # to xxxix: "mix." and "dim." are words
_COUNTED = rf"(?:\d{{1,3}}|[^\W\d_]|{_ROMAN})[.)](?=\s)|o(?=\s)"
_SIGNS = "+<>=≤≥±−"  # signs that compare and say what a number is, and are bullets before anything else
_LIST_MARKS_PLAIN = re.compile(
    rf"(?:(?:[\s\x1f]|-(?!\d))*(?:{_COUNTED}|[|~](?=\s)|[+<>=](?=\s)(?!\s*\d)))+", re.IGNORECASE
)
_COUNTED_MARK = re.compile(_COUNTED, re.IGNORECASE)
_BEFORE_MARKS = re.compile(r"(?:[\s\x1f‐-―]|-(?!\d))*")
_NUMBERED = re.compile(r"(?<!\w)(\d{1,3})[.)](?=\s)")
# From here on each begins with the sign itself: a search for one sign is fast, one for what may stand before it, or for
# one sign of several, takes ten times as long.
# What a line that counts up has for sure: a second number behind something else.
_A_SECOND_NUMBER = re.compile(r"2(?<=[^\S\n]2|[.:;0]2)[.)]\s")

_HALVES = re.compile(r"\.(?=\d)(?<![^\W_]\.)")  # ".5", which is not "5"
_LOOSE_POINTS = re.compile(r"[.,](?:(?!\d)|(?<!\d.))")
_POINT_IN_NUMBER = re.compile(r"\.(?=[0-9])(?<=[0-9].)")
_COMMA_IN_NUMBER = re.compile(r",(?=[0-9])(?<=[0-9].)")
_HYPHEN_MINUS_PLAIN = re.compile(r"-(?=\d)(?<![^(\[{<>=\n].)")
_HYPHEN_MINUS = re.compile(r"[-‐](?=\d)(?<![^(\[{<>=≤≥±].)")

# Letters and currency signs of Latin-1 that fold to one of it, such as "É" and "£". What else it has is decomposed
# ("ª"), becomes two letters ("ß"), is no sign of Latin-1 any more ("µ") or may be a bullet ("±").
_PLAIN_LATIN = {
    sign: sign.casefold()
    for sign in map(chr, range(0xA0, 0x100))
    if unicodedata.category(sign) in ("Lu", "Ll", "Sc")
    and unicodedata.normalize("NFKC", sign) == sign
    and sign.casefold() in map(chr, range(0xA0, 0x100))
}
_PLAIN_BYTES = bytes(range(128)) + "".join(_PLAIN_LATIN).encode("latin-1")
_LOWER = (
    bytes(range(256))
    .lower()
    .translate(
        bytes.maketrans(*("".join(signs).encode("latin-1") for signs in zip(*_PLAIN_LATIN.items(), strict=True)))
    )
    .translate(bytes.maketrans(b"\x1c\x1d", b".,"))
)
_ASCII_KEPT = KEPT_SIGNS + "$+<=>|~" + _A_POINT + _A_COMMA
_ASCII_TYPOGRAPHY = bytes(c for c in range(128) if not chr(c).isalnum() and chr(c) not in _ASCII_KEPT + _A_MINUS)

_SHORT = 256  # names, labels and dates: the same few thousand on every page


def fold(text: str) -> str:
    r"""Return a form of *text* in which only its words, numbers and signs count (design rule 4).

    In late 2024 the site deleted every en dash. Compared unfolded, nearly every page would have reported a new legal
    basis that night:

    >>> fold("Health and Social Care Act 2012 – s261(2)(a)")
    'healthandsocialcareact2012s2612a'
    >>> fold("Health and Social Care Act 2012 s261(2)(a)")
    'healthandsocialcareact2012s2612a'

    A dash goes without leaving a space, so spaces cannot count. What Unicode calls punctuation, space, format or
    private use is typography; letters, digits and symbols are not, nor are points and commas inside numbers:

    >>> fold("ages 55–80") == fold("ages 5580")
    True
    >>> fold("last year’s") == fold("last years")
    True
    >>> fold("v1.5"), fold("v15"), fold("5,079 rows"), fold("A&E, <5"), fold("10⁶ ± .5 %")
    ('v1.5', 'v15', '5,079rows', 'a&e<5', '10⁶±0.5%')

    A hyphen is a minus where nothing else can be meant; `COVID -19` has a dash:

    >>> fold("-2 (-3)"), fold("COVID -19")
    ('−2−3', 'covid19')

    Marks of lists go at the start of every line, and only there and only before a space; numbers also inside a line
    where they count up from 1, for a list that a generator ran into one paragraph:

    >>> fold("1. HES\n• a) Critical Care\n- (b) 1.5 years")
    'hescriticalcareb1.5years'
    >>> fold("Aims: 1. to link. 2. to count") == fold("Aims:\n1. to link.\n2. to count")
    True

    Text that is already folded stays as it is:

    >>> fold(fold("ﬁle ½ of Σ'ς Café"))
    'file½ofσσcafé'
    """
    return _fold_short(text) if len(text) <= _SHORT else _fold(text)


def fold_key(text: str | None) -> str:
    """Return what stands for a folded text in comparisons: equal where these are, and empty where nothing is said.

    >>> fold_key("Café – a study") == fold_key("CAFÉ: A Study"), fold_key("–"), len(fold_key("x" * 90_000))
    (True, '', 32)
    """
    folded = fold(text or "")
    return blake2b(folded.encode(), digest_size=16).hexdigest() if folded else ""


def as_set(values: Iterable[str]) -> tuple[str, ...]:
    """Return *values* as a set in public order: by folded text, then text.

    Of values that fold alike the first printed spelling stays, outer space is stripped, and what folds to nothing is
    no value:

    >>> as_set(["Non-Sensitive", " Sensitive", "Non Sensitive", "–", ""])
    ('Non-Sensitive', 'Sensitive')
    """
    spellings: dict[str, str] = {}
    for value in values:
        spellings.setdefault(fold(value), value.strip())
    spellings.pop("", None)
    # One spelling per fold is left, so sorting by fold alone is sorting by (fold, text).
    return tuple(spelling for _, spelling in sorted(spellings.items()))


def fold_set(values: Iterable[str] | None) -> frozenset[str]:
    """Return the folded forms of *values*; None (not printed) has none.

    >>> sorted(fold_set(["One-Off", "Ongoing", "One Off"]))
    ['oneoff', 'ongoing']
    """
    return frozenset(map(fold, values or ())) - {""}


def _fold(text: str) -> str:
    for sign, stand_in in _STAND_INS:
        text = text.replace(sign, stand_in)
    if _is_plain(text):
        return _fold_plain(text)
    # By lines, because the few that hold a "≥" or a "µ" should not slow down all the others.
    folded = "".join(
        (_fold_plain if is_plain else _fold_unicode)("\n".join(lines))
        for is_plain, lines in groupby(text.splitlines(), _is_plain)
    )
    # Case folding can leave letters that normalising composes, and so can the loss of what stood between two of them.
    is_stable = folded.isascii() or unicodedata.is_normalized("NFKC", folded) or folded == normal(folded)
    return folded if is_stable else _fold(folded)


_fold_short = lru_cache(maxsize=1 << 14)(_fold)


def _is_plain(text: str) -> bool:
    """Say whether *text* holds ASCII and plain letters of Latin-1 alone."""
    if text.isascii():
        return True
    try:
        return not text.encode("latin-1").translate(None, _PLAIN_BYTES)
    except UnicodeEncodeError:
        return False


def _fold_plain(text: str) -> str:
    lines = text.splitlines()
    if _A_SECOND_NUMBER.search(text):
        lines = [_without_count(line) if _A_SECOND_NUMBER.search(line) else line for line in lines]
    said = "\n".join(
        [(line[found.end() :] if (found := _LIST_MARKS_PLAIN.match(line)) else line).lstrip() for line in lines]
    )
    if "-" in said:
        said = _HYPHEN_MINUS_PLAIN.sub(_A_MINUS, said)
    said = _POINT_IN_NUMBER.sub(_A_POINT, _HALVES.sub("0.", said))
    said = _COMMA_IN_NUMBER.sub(_A_COMMA, said)
    folded = said.encode("latin-1").translate(_LOWER, _ASCII_TYPOGRAPHY).decode("latin-1")
    return folded.replace(_A_MINUS, MINUS) if _A_MINUS in folded else folded


def _fold_unicode(text: str) -> str:
    return "".join(map(_fold_line, normal(text.translate(_UNSEEN)).splitlines()))


def _fold_line(line: str) -> str:
    if _A_SECOND_NUMBER.search(line):
        line = _without_count(line)
    said = _HYPHEN_MINUS.sub(MINUS, line[_marks_end(line) :].lstrip())
    return _LOOSE_POINTS.sub("", _HALVES.sub("0.", said)).translate(_TYPOGRAPHY)


def _marks_end(line: str) -> int:
    """Return where the marks of lists end with which *line* begins."""
    end = 0
    while True:
        start = _BEFORE_MARKS.match(line, end).end()  # type: ignore[union-attr]  # it matches nothing too
        if found := _COUNTED_MARK.match(line, start):
            end = found.end()
        elif _is_bullet(line[start : start + 1], line[start + 1 :]):
            end = start + 1
        else:
            return end


def _is_bullet(sign: str, rest: str) -> bool:
    if not sign or not rest[:1].isspace() or unicodedata.category(sign) not in ("Sm", "So"):
        return False
    return not (sign in _SIGNS and rest.lstrip()[:1].isdigit())


def _without_count(line: str) -> str:
    """Return *line* without the numbers with which a list in it counts up from 1: two or more."""
    runs: list[list[re.Match[str]]] = []
    for found in _NUMBERED.finditer(line):
        if not _may_begin_item(line[: found.start()]):
            continue
        if int(found[1]) == 1:
            runs.append([found])
        elif runs and int(found[1]) == len(runs[-1]) + 1:
            runs[-1].append(found)
    for number in sorted((n for run in runs if len(run) > 1 for n in run), key=lambda n: -n.start()):
        line = f"{line[: number.start()]} {line[number.end() :]}"
    return line


def _may_begin_item(before: str) -> bool:
    """Say whether an item of a list may begin behind *before*: at the start, or where something ended."""
    ended = before.rstrip()
    return not ended or (ended[-1] in ".:;" and not (ended == before and before[-2:-1].isdigit()))


@cache  # to ask for every character takes as long as a command's own work, and most texts have none of them
def _superscripts_and_fractions() -> str:
    characters = map(chr, range(0x80, 0x10000))
    return "".join(one for one in characters if unicodedata.decomposition(one).startswith(("<super>", "<fraction>")))


@cache
def _apart_from_raised() -> re.Pattern[str]:
    return re.compile("([" + _superscripts_and_fractions() + "]+)")


def normal(text: str) -> str:
    """Return *text* composed by compatibility and case folded, superscripts and fractions left as they are."""
    # Only letters and marks are read by compatibility: "10⁶" is not "106", nor is "1½" "112".
    apart = _apart_from_raised()
    while True:
        parts = apart.split(text)
        # Every second part is what was split at. Case folding may leave what composes, so it goes on until it stays.
        composed = "".join(
            part if index % 2 else unicodedata.normalize("NFKC", part) for index, part in enumerate(parts)
        ).casefold()
        if composed == text:
            return text
        text = composed


class _ByCategory(dict[int, int | None]):
    """What becomes of a character, by what Unicode calls it; looked up once for each."""

    def __init__(self, goes: Callable[[str], bool]) -> None:
        super().__init__()
        self._goes = goes

    def __missing__(self, code: int) -> int | None:
        self[code] = None if self._goes(chr(code)) else code
        return self[code]


def _is_unseen(character: str) -> bool:
    # Variation selectors and the joiner of graphemes are marks by category and formats by what they do.
    return unicodedata.category(character) in ("Cf", "Co") or character in _SELECTORS


def _is_typography(character: str) -> bool:
    category = unicodedata.category(character)
    says = category[0] in "LNM" or category in ("Sm", "Sc", "So") or character in KEPT_SIGNS + ".,"
    return not says


_SELECTORS = frozenset((*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0)), "\u034f"))
_UNSEEN = _ByCategory(_is_unseen)
_TYPOGRAPHY = _ByCategory(_is_typography)
