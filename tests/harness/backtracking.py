"""A matcher that counts: it tries a regular expression as Python's own does, and says how many characters it looked at.

Work is counted and not timed, so that a busy machine says what an idle one does. Flags of a part go for the whole.
And what such a matcher may be stopped with: each repeat in it, repeated, before something that does not fit.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice, product
from re import _constants as c
from re import _parser
from typing import Any

sys.setrecursionlimit(max(sys.getrecursionlimit(), 60_000))


class TooMuchWorkError(Exception):
    """It looked at more characters than it was allowed to."""


class Counted:
    """A regular expression whose work is counted.

    Args:
        pattern: What it looks for; of bytes as text of the same numbers.
        flags: As `re.compile` has them.
    """

    def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
        parsed = _parser.parse(pattern, flags)
        self.tree: list[Any] = list(parsed)
        self.flags = parsed.state.flags | (re.ASCII if isinstance(pattern, bytes) else 0)
        for op, arg in nodes_of(self.tree):
            self.flags |= arg[1] if op is c.SUBPATTERN else 0
        self.steps, self.most = 0, 0
        self._groups: dict[int, str] = {}

    def work(self, text: str, method: str = "search", *, most: int = 10**9) -> int:
        """Return how many characters are looked at in *text* by one call of *method*."""
        self.steps, self.most = 0, most
        self._text = text
        if method in ("match", "fullmatch"):
            for end in self._match(self.tree, 0, 0):
                if method == "match" or end == len(text):
                    break
            return self.steps
        at = 0
        while at <= len(text):
            self._groups = {}
            end = next(self._match(self.tree, 0, at), None)
            self._step()
            if end is not None and method == "search":
                break
            at = max(at + 1, end or 0)
        return self.steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self.most:
            raise TooMuchWorkError

    def _match(self, nodes: Sequence[Any], index: int, at: int) -> Iterator[int]:
        """Yield every place where the nodes from *index* on can end that begin at *at*, in the order of trying."""
        while index < len(nodes):
            op, arg = nodes[index]
            if op in _SINGLE:
                self._step()
                if at >= len(self._text) or not fits(op, arg, self._text[at], self.flags):
                    return
                at, index = at + 1, index + 1
                continue
            for end in self._ends(op, arg, at):
                yield from self._match(nodes, index + 1, end)
            return
        yield at

    def _ends(self, op: Any, arg: Any, at: int) -> Iterator[int]:
        if op is c.AT:
            self._step()
            return iter((at,) if self._is_at(arg, at) else ())
        if op is c.BRANCH:
            return (end for branch in arg[1] for end in self._match(branch, 0, at))
        if op is c.SUBPATTERN:
            return self._group(arg[0], arg[3], at)
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            least, most, body = arg
            ends = self._simple if len(body) == 1 and body[0][0] in _SINGLE else self._repeated
            found = ends(body, int(least), int(most), at, op is c.MIN_REPEAT)
            return islice(found, 1) if op is c.POSSESSIVE_REPEAT else found
        if op is c.ATOMIC_GROUP:
            return islice(self._match(arg, 0, at), 1)
        if op in (c.ASSERT, c.ASSERT_NOT):
            return self._looked(op, arg, at)
        if op is c.GROUPREF:
            word = self._groups.get(arg, "")
            for _ in word:
                self._step()
            return iter((at + len(word),) if self._text.startswith(word, at) else ())
        raise NotImplementedError(op)

    def _group(self, number: int | None, body: Any, at: int) -> Iterator[int]:
        for end in self._match(body, 0, at):
            if number is not None:
                self._groups[number] = self._text[at:end]
            yield end

    def _simple(self, body: Any, least: int, most: int, at: int, lazy: bool) -> Iterator[int]:
        """One kind of character, so many times: without a frame for each."""
        (op, arg), text = body[0], self._text
        end, last = at, min(len(text), at + most)
        if lazy:
            while True:
                if end - at >= least:
                    yield end
                self._step()
                if end >= last or not fits(op, arg, text[end], self.flags):
                    return
                end += 1
        while end < last and fits(op, arg, text[end], self.flags):
            self._step()
            end += 1
        self._step()
        for one in range(end, at + least - 1, -1):
            self._step()
            yield one

    def _repeated(self, body: Any, least: int, most: int, at: int, lazy: bool, done: int = 0) -> Iterator[int]:
        self._step()
        if lazy and done >= least:
            yield at
        if done < most:
            for end in self._match(body, 0, at):
                if end > at or done < least:
                    yield from self._repeated(body, least, most, end, lazy, done + 1)
        if not lazy and done >= least:
            yield at

    def _looked(self, op: Any, arg: Any, at: int) -> Iterator[int]:
        direction, body = arg
        begin = at
        if direction < 0:
            begin = at - body.getwidth()[0]
        found = begin >= 0 and any(direction > 0 or end == at for end in self._match(body, 0, begin))
        return iter((at,) if found == (op is c.ASSERT) else ())

    def _is_at(self, where: Any, at: int) -> bool:
        text, end = self._text, len(self._text)
        multiline = self.flags & re.MULTILINE
        if where in (c.AT_BEGINNING, c.AT_BEGINNING_STRING):
            return at == 0 or bool(where is c.AT_BEGINNING and multiline and text[at - 1] == "\n")
        if where is c.AT_END_STRING:
            return at == end
        if where is c.AT_END:
            return at == end or (text[at] == "\n" and (at == end - 1 or bool(multiline)))
        is_word = [0 <= place < end and _is_word(text[place]) for place in (at - 1, at)]
        return (is_word[0] != is_word[1]) == (where is c.AT_BOUNDARY)


# --- characters -------------------------------------------------------------------------------------------------------

_SINGLE = frozenset({c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN})

_known: dict[tuple[int, str, int], bool] = {}


def fits(op: Any, arg: Any, sign: str, flags: int) -> bool:
    """Say whether one character is of a kind."""
    key = (id(arg) if op is c.IN else (int(arg) if arg is not None else -1) * 4 + _OPS[op], sign, flags)
    if key not in _known:
        spelled = {sign, sign.lower(), sign.upper()} if flags & re.IGNORECASE else {sign}
        _kept.append(arg)  # an id is another's when it is free
        _known[key] = _fits(op, arg, spelled, sign, flags)
    return _known[key]


_OPS = {c.LITERAL: 0, c.NOT_LITERAL: 1, c.ANY: 2, c.IN: 3}
_kept: list[Any] = []


def _fits(op: Any, arg: Any, spelled: set[str], sign: str, flags: int) -> bool:
    codes = [ord(one) for one in spelled if len(one) == 1]
    if op is c.LITERAL:
        return arg in codes
    if op is c.NOT_LITERAL:
        return arg not in codes
    if op is c.ANY:
        return sign != "\n" or bool(flags & re.DOTALL)
    found = any(_in_set(kind, value, codes, sign, flags) for kind, value in arg)
    return found != (arg[0][0] is c.NEGATE)


def _in_set(kind: Any, value: Any, codes: list[int], sign: str, flags: int) -> bool:
    if kind is c.LITERAL:
        return value in codes
    if kind is c.RANGE:
        return any(value[0] <= code <= value[1] for code in codes)
    if kind is c.CATEGORY:
        return (
            _CATEGORIES[value].match(sign) is not None
            if not flags & re.ASCII
            else _ASCII[value].match(sign) is not None
        )
    return False


_BY_LETTER = {"DIGIT": "\\d", "NOT_DIGIT": "\\D", "SPACE": "\\s", "NOT_SPACE": "\\S", "WORD": "\\w", "NOT_WORD": "\\W"}
_CATEGORIES = {getattr(c, f"CATEGORY_{name}"): re.compile(letter) for name, letter in _BY_LETTER.items()}
_ASCII = {getattr(c, f"CATEGORY_{name}"): re.compile(letter, re.ASCII) for name, letter in _BY_LETTER.items()}


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


# --- what stops it ----------------------------------------------------------------------------------------------------

_SPACES = [chr(code) for code in range(0x3001) if chr(code).isspace()]
UNIVERSE = [*map(chr, range(128)), *_SPACES, *"éßſİ²ª٣–—−‐·•’“£�Ａ＝１", "\u202e", "\u00ad", "\u200b", "\ud800", "💥"]
"""Every character of ASCII, every space there is, and one of every other kind."""

_LIKE_NONE = "\0"
_FEW = 14


def nodes_of(nodes: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every node of a tree."""
    for op, arg in nodes:
        yield op, arg
        for part in _parts(op, arg):
            yield from nodes_of(part)


def _parts(op: Any, arg: Any) -> list[Any]:
    if op is c.BRANCH:
        return list(arg[1])
    if op is c.SUBPATTERN:
        return [arg[3]]
    if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        return [arg[2]]
    if op in (c.ASSERT, c.ASSERT_NOT):
        return [arg[1]]
    return [arg] if op is c.ATOMIC_GROUP else []


def alphabet(counted: Counted) -> list[str]:
    """Return one character of each kind that the expression tells apart; the last fits least."""
    single = [(op, arg) for op, arg in nodes_of(counted.tree) if op in _SINGLE]
    kinds: dict[tuple[bool, ...], str] = {}
    for sign in UNIVERSE:
        kinds.setdefault(tuple(fits(op, arg, sign, counted.flags) for op, arg in single), sign)
    return [sign for _, sign in sorted(kinds.items(), key=lambda kind: -sum(kind[0]))]


def pumps(counted: Counted, *, thorough: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what stands before, what is repeated, and what stands behind."""
    signs = alphabet(counted)
    repeats = list(_repeats(counted, counted.tree, ""))
    befores = list(dict.fromkeys(["", *(before for before, _ in repeats)]))
    bodies = list(dict.fromkeys([*signs, *(body for _, body in repeats if body)]))
    if thorough:
        bodies += [one + other for one, other in product(signs[:_FEW], repeat=2) if one != other]
        bodies += [f"{before}{body}" for before, body in repeats if before]
    behinds = [signs[-1] if signs else _LIKE_NONE, "", "\n"] if thorough else [signs[-1] if signs else _LIKE_NONE]
    whole = _example(counted, counted.tree)
    yield from product(befores if thorough else befores[:3], bodies, behinds)
    yield from product([whole], bodies[:_FEW], behinds)
    yield from product([""], [f"{whole} "], behinds)


def _repeats(counted: Counted, nodes: Any, before: str) -> Iterator[tuple[str, str]]:
    """Yield of every repeat without an end what leads there, and what it repeats."""
    for op, arg in nodes:
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT) and arg[1] > _FEW:
            yield before, _example(counted, arg[2])
        for part in _parts(op, arg):
            yield from _repeats(counted, part, before)
        before += _example(counted, [(op, arg)])


def _example(counted: Counted, nodes: Any) -> str:
    text = ""
    for op, arg in nodes:
        if op in _SINGLE:
            text += next((sign for sign in _LIKELY if fits(op, arg, sign, counted.flags)), "")
        elif op is c.BRANCH:
            text += _example(counted, arg[1][0])
        elif op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            text += _example(counted, arg[2]) * int(arg[0])
        elif op is c.SUBPATTERN:
            text += _example(counted, arg[3])
        elif op is c.ATOMIC_GROUP:
            text += _example(counted, arg)
    return text


_LIKELY = [*"a1A ", *UNIVERSE]
