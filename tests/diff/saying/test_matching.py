"""Matching is difflib's where that is quick, complete always, and bounded whatever is matched."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diff.saying import matching as room
from diff.saying.matching import Stretch, matching

few = st.lists(st.sampled_from("abcdef"), max_size=40)
many = st.lists(st.integers(0, 200).map(str), max_size=60)

HARD = {
    "repeats": (["yes"] * 6_000, ["yes", "no"] * 3_000),
    "equal lines and one more": (["n/a"] * 20_000, [*["n/a"] * 19_999, "yes"]),
    "every second changed": ([f"{n}" for n in range(16_000)], [f"{n}" if n % 2 else f"x{n}" for n in range(16_000)]),
    "the other way round": ([f"{n}" for n in range(9_000)], [f"{n}" for n in reversed(range(9_000))]),
    "two by turns": (["a", "b"] * 5_000, ["b", "a"] * 5_000),
}


def applied(old: list[str], new: list[str], stretches: list[Stretch]) -> list[str]:
    """Return what becomes of *old*: stretches that are the same are taken from it, the others from *new*."""
    return [item for same, a, b, c, d in stretches for item in (old[a:b] if same else new[c:d])]


@given(few | many, few | many)
def test_a_short_pair_is_matched_as_difflib_matches(old: list[str], new: list[str]):
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()

    assert matching(old, new) == [(name == "equal", a, b, c, d) for name, a, b, c, d in opcodes]


@given(few | many, few | many, st.integers(0, 300))
def test_whatever_the_steps_all_of_both_is_said_once(old: list[str], new: list[str], steps: int):
    blocks = room._anchored(old, new, steps)
    stretches = list(room._stretches(blocks, len(old), len(new)))

    assert applied(old, new, stretches) == new
    assert applied(new, old, [Stretch(same, c, d, a, b) for same, a, b, c, d in stretches]) == old
    assert all(old[a:b] == new[c:d] for same, a, b, c, d in stretches if same)


@pytest.mark.parametrize(("old", "new"), HARD.values(), ids=HARD)
def test_a_hard_pair_takes_no_more_steps_than_it_may(monkeypatch, old: list[str], new: list[str]):
    taken = []
    find = SequenceMatcher.find_longest_match

    def counted(self, alo=0, ahi=None, blo=0, bhi=None):
        ahi = len(self.a) if ahi is None else ahi
        taken.append(sum(1 + len(self.b2j.get(item, ())) for item in self.a[alo:ahi]))
        return find(self, alo, ahi, blo, bhi)

    monkeypatch.setattr(SequenceMatcher, "find_longest_match", counted)
    stretches = matching(old, new)

    assert sum(taken) <= 2 * (room.STEPS + room.STEPS_AN_ITEM * (len(old) + len(new)))
    assert applied(old, new, stretches) == new


def test_what_is_unique_is_found_beside_any_number_of_repeats():
    old = [*["yes"] * 5_000, "only here", *["no"] * 5_000]

    found = matching(old, [*["yes"] * 4_000, "only here", *["no"] * 6_000])

    assert [s.c - s.a for s in found if s.same and s.a <= 5_000 < s.b] == [-1_000]
