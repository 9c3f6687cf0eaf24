"""Pages that are not believed: those cut off or shrunk, older builds, and earlier versions that a page shows again."""

from dataclasses import replace
from itertools import cycle, islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import RefusedPageError
from scraper.reading.lines import closes
from scraper.reading.page import read_page
from tests.harness.builders import (
    DEATHS,
    HES,
    PLAIN,
    SLUG,
    Watched,
    agreement,
    bases,
    kinds,
    news,
    page,
    reference,
    trust,
)  # fmt: skip
from tests.harness.editions import Page, many, with_project

# --- one page that shrinks --------------------------------------------------------------------------------------------

WHOLE, SHRUNK = trust(1, *range(20)), trust(1, 0)
REST = [trust(number, *range(number * 30, number * 30 + 30)) for number in range(2, 6)]


def test_a_page_that_shrinks_to_under_a_tenth_is_that_pages_failure():
    watched = Watched(WHOLE, *REST)

    assert watched.see(SHRUNK, *REST) == []
    assert watched.last.held is None
    assert watched.last.distrusted == {"trust_1": "it shows 1 of 20 agreements, the others are found nowhere else"}
    assert watched.see(WHOLE, *REST) == []


def test_it_is_believed_at_its_third_equal_sighting():
    watched = Watched(WHOLE, *REST)

    told = [kinds(watched.see(SHRUNK, *REST)) for _ in range(3)]

    assert told == [[], [], ["agreement-removed"] * 19]
    assert watched.last.distrusted == {}
    assert watched.see(SHRUNK, *REST) == []


def test_the_count_begins_again_when_it_shows_something_else():
    watched = Watched(WHOLE, *REST)
    watched.see(SHRUNK, *REST)
    watched.see(trust(1, 1), *REST)

    assert watched.see(SHRUNK, *REST) == []
    assert list(watched.last.distrusted) == ["trust_1"]


def test_a_page_whose_agreements_stand_elsewhere_has_not_shrunk():
    watched = Watched(WHOLE, *REST)

    told = watched.see(SHRUNK, trust(6, *range(1, 20)), *REST)

    assert kinds(told) == ["agreement-moved"] * 19 + ["organisation-added"]


def test_one_agreement_that_always_stood_on_two_pages_does_not_make_a_broken_page_believable():
    watched = Watched(WHOLE, trust(6, 5), *REST)

    watched.see(SHRUNK, trust(6, 5), *REST)

    assert list(watched.last.distrusted) == ["trust_1"]


def test_a_page_that_keeps_a_tenth_is_believed():
    watched = Watched(WHOLE, *REST)

    watched.see(trust(1, 0, 1), *REST)

    assert watched.last.distrusted == {}


def test_an_operator_who_releases_a_run_trusts_its_pages():
    watched = Watched(WHOLE, *REST)

    watched.see(SHRUNK, *REST, trusted=True)

    assert watched.last.distrusted == {}


def test_a_page_of_two_agreements_that_loses_one_has_not_shrunk_though_the_other_stands_elsewhere_too():
    both, one, other = (page(agreement(reference(n)), slug=f"trust_{n}") for n in range(3))
    first = replace(both, slug="trust_9", agreements=(*both.agreements, *one.agreements))
    watched = Watched(first, one, other)

    watched.see(replace(first, agreements=one.agreements), one, other)

    assert watched.last.distrusted == {}


# --- pages without their end ------------------------------------------------------------------------------------------

SLUGS = [one.slug for one in (WHOLE, *REST)]
CUT_OFF = "the page stops before </html>, which its last snapshot had"
EDITED = replace(WHOLE, agreements=(replace(WHOLE.agreements[0], sublicensing=("Yes",)), *WHOLE.agreements[1:]))


def test_a_page_that_loses_its_end_alone_is_that_pages_failure_and_believed_at_its_third_equal_sighting():
    watched = Watched(WHOLE, *REST)

    for _ in range(2):
        assert watched.see(EDITED, *REST, unended=["trust_1"]) == []
        assert watched.last.distrusted == {"trust_1": CUT_OFF}
        assert watched.last.cut_short == {"trust_1"}
    assert kinds(watched.see(EDITED, *REST, unended=["trust_1"])) == ["sublicensing-changed"]
    assert watched.last.distrusted == {}
    assert watched.see(EDITED, *REST, unended=["trust_1"]) == []


@pytest.mark.parametrize(("between", "unended"), [(EDITED, ["trust_1"]), (WHOLE, [])], ids=["other", "whole"])
def test_the_count_begins_again_when_it_shows_something_else_or_its_end(between, unended):
    watched = Watched(WHOLE, *REST)
    for _ in range(2):
        watched.see(WHOLE, *REST, unended=["trust_1"])
    watched.see(between, *REST, unended=unended)

    watched.see(WHOLE, *REST, unended=["trust_1"])

    assert watched.last.distrusted == {"trust_1": CUT_OFF}


def test_what_a_page_without_its_end_lacks_at_its_third_sighting_is_doubted_first_as_anything_is():
    shorter = replace(WHOLE, agreements=WHOLE.agreements[:-1])
    watched = Watched(WHOLE, *REST)

    told = [kinds(watched.see(shorter, *REST, unended=["trust_1"])) for _ in range(4)]

    assert told == [[], [], [], ["agreement-removed"]]


def test_an_operator_who_releases_a_run_trusts_pages_without_their_end():
    watched = Watched(WHOLE, *REST)

    watched.see(EDITED, *REST, unended=["trust_1"], trusted=True)

    assert watched.last.distrusted == {}


@pytest.mark.parametrize("n_lost", range(3, 6))
def test_where_half_of_the_pages_lose_their_end_the_site_prints_it_no_longer(n_lost):
    watched = Watched(WHOLE, *REST)

    told = watched.see(EDITED, *REST, unended=SLUGS[:n_lost])

    assert (watched.last.held, watched.last.distrusted) == (None, {})
    assert kinds(told) == ["sublicensing-changed"]


def test_where_fewer_do_these_fail_and_do_not_hold_the_run():
    watched = Watched(WHOLE, *REST)

    assert watched.see(EDITED, *REST, unended=SLUGS[:2]) == []
    assert (watched.last.held, watched.last.distrusted.keys()) == (None, set(SLUGS[:2]))


def ending(texts, page=WHOLE):
    """Return a page whose last agreement has other outputs, or none."""
    return replace(page, agreements=(*page.agreements[:-1], replace(page.agreements[-1], outputs=texts)))


LESS = {
    "its last agreement is missing": (WHOLE, replace(WHOLE, agreements=WHOLE.agreements[:-1])),
    "its last text stops in a word": (ending("A paper and a table."), ending("A paper and a ta")),
    "its last text is missing": (ending("A paper and a table."), ending(None)),
}


@pytest.mark.parametrize(("before", "now"), LESS.values(), ids=LESS)
def test_on_a_site_without_ends_a_page_that_shows_less_at_its_own_is_cut(before, now):
    watched = Watched(before, *REST)

    assert watched.see(now, *REST, unended=SLUGS) == []
    assert watched.last.distrusted == {"trust_1": CUT_OFF}


MORE = {
    "an agreement behind its last": (WHOLE, trust(1, *range(20), 900), ["agreement-added"]),
    "another text at its end": (ending("A paper and a table."), ending("A table and a paper."), ["text-changed"]),
    "an agreement that moved": (WHOLE, trust(1, *range(19)), ["agreement-moved", "organisation-added"]),
}


@pytest.mark.parametrize(("before", "now", "told"), MORE.values(), ids=MORE)
def test_on_a_site_without_ends_a_page_that_shows_more_or_other_is_whole(before, now, told):
    watched = Watched(before, *REST)
    moved = [trust(7, 19)] * ("agreement-moved" in told)

    assert kinds(watched.see(now, *REST, *moved, unended=[*SLUGS, "trust_7"])) == told


# Bytes, cut where a proxy may cut them.

BOARDS = [
    Page(f"NHS Board {n}", tuple(replace(one, outputs=f"{one.outputs} {n}" * (1 + n)) for one in many(4, first=10 * n)))
    for n in range(8)
]


def night(watched, limit, pages=BOARDS):
    """See the pages with no more than *limit* bytes of each; return what is told."""
    read, failed, unended = [], [], []
    for n, board in enumerate(pages):
        body = board.html()[:limit]
        try:
            read.append(read_page(body, source="a.html", slug=f"board_{n}"))
        except RefusedPageError:
            failed.append(f"board_{n}")
        unended += [] if closes(body) else [f"board_{n}"]
    return watched.see(*read, failed=failed, unended=unended)


def test_wherever_one_page_is_cut_nothing_is_told_until_it_is_whole_again():
    """And it is not believed while it is cut, so that an end that was extended meanwhile is told once it is whole."""
    extended = with_project(BOARDS[0], end="2031-01-01")
    html = extended.html()
    whole = html.index(b"</body>")
    watched = Watched()
    night(watched, None)
    others = [read_page(board.html(), source="a.html", slug=f"board_{n + 1}") for n, board in enumerate(BOARDS[1:])]

    for size in range(10, whole, 10):
        try:
            cut = [read_page(html[:size], source="a.html", slug="board_0")]
        except RefusedPageError:
            cut = []
        told = watched.see(*cut, *others, failed={"board_0"} - {one.slug for one in cut}, unended=["board_0"])
        assert (told, watched.last.distrusted.keys()) == ([], {one.slug for one in cut}), size
    assert kinds(night(watched, None, [extended, *BOARDS[1:]])) == ["dsa-extended"]


@pytest.mark.parametrize("limit", range(100, len(BOARDS[-1].html()), 97))
def test_a_proxy_that_cuts_all_long_pages_makes_no_news_and_no_removal(limit):
    """Of a page cut the end shows less than before, so it fails; where that is half of them, the run is held."""
    watched = Watched()
    night(watched, None)

    assert [night(watched, limit), night(watched, limit), night(watched, None)] == [[], [], []]
    assert watched.last.distrusted == {}


# --- stale copies -----------------------------------------------------------------------------------------------------

MIRROR = {SLUG: "https://mirror/"}
NOW = page(agreement(released_to="2024-11"), files=58)

STALE = [
    page(agreement(released_to="2024-10", sublicensing=("Yes",)), files=58),
    page(agreement(released_to="2024-11", sublicensing=("Yes",)), files=57),
]


@pytest.mark.parametrize("copy", STALE)
def test_an_older_build_from_another_host_starts_no_change_and_is_no_sighting(copy):
    watched = Watched(NOW)

    assert watched.see(copy, hosts=MIRROR) == []
    assert watched.last.stale == {SLUG}
    assert watched.see(NOW) == []


FRESH = [
    page(agreement(released_to="2024-11", sublicensing=("Yes",)), files=58),
    page(agreement(released_to="2024-12", sublicensing=("Yes",)), files=60),
    page(agreement(released_to="2024-11", sublicensing=("Yes",)), files=None),
    page(agreement(released_from=None, released_to=None, sublicensing=("Yes",)), files=58),
]


@pytest.mark.parametrize("copy", FRESH)
def test_a_copy_from_another_host_that_is_not_older_counts(copy):
    told = Watched(NOW).see(copy, hosts=MIRROR)

    assert "sublicensing-changed" in kinds(told)


def test_the_same_host_may_show_an_earlier_month():
    assert kinds(news(Watched(NOW).see(page(agreement(released_to="2024-10"), files=57)))) == ["release-window-changed"]


def test_what_is_missing_from_a_stale_copy_is_not_missing():
    stale = page(agreement(sublicensing=(), released_to="2024-10"))
    watched = Watched(NOW)
    watched.see(stale, hosts=MIRROR)
    watched.see(page(agreement(sublicensing=())))

    assert news(watched.see(NOW)) == []


# --- earlier versions -------------------------------------------------------------------------------------------------

LONGER, RENAMED, SHARED = {"dsa_end": "2028-03-12"}, {"title": "Summer admissions"}, {"sublicensing": ("Yes",)}
OTHER_EDITS = [
    LONGER,
    RENAMED,
    SHARED,
    {"datasets": (HES,)},
    {"datasets": (HES, DEATHS, "Maternity Services Data Set")},
    {"legal_bases": bases(PLAIN, "HSCA2012:s261(7)")},
    {"outputs": None},
    {"remainder": "The board looks at this again."},
    {"dsa_end": None, "dsa_start": None},
]


def of(**fields):
    return page(agreement(**fields))


def told_by(*pages):
    """Return the kinds of what is told of each edition but the first."""
    watched = Watched(pages[0])
    return [kinds(news(watched.see(one))) for one in pages[1:]]


@pytest.mark.parametrize("edit", OTHER_EDITS)
def test_a_cache_that_serves_old_and_new_by_turns_tells_the_new_once_and_no_more(edit):
    old, new = of(), of(**edit)

    first, *rest = told_by(*islice(cycle((old, new)), 9))

    assert rest == [[]] * 7
    assert first == kinds(news(Watched(old).see(new)))


@pytest.mark.parametrize("edit", OTHER_EDITS)
def test_what_goes_back_for_good_is_told_at_its_second_sighting(edit):
    old, new = of(), of(**edit)
    new_for_good = told_by(of(**edit, objectives="Another."), of(objectives="Another."), of(objectives="Another."))

    *_, first, second, third = told_by(old, new, new, old, old, old)

    assert (first, third) == ([], [])
    assert second == sorted([*new_for_good[0], *new_for_good[1]]), (
        "an addition and a removal alike: both times are sightings"
    )


@given(st.lists(st.sampled_from(range(3)), min_size=3, max_size=12))
def test_believed_is_what_was_shown_for_the_first_time_or_twice_in_a_row(shown):
    versions = [of(), of(**LONGER), of(**RENAMED)]
    watched, believed = Watched(versions[shown[0]]), shown[0]
    seen = {shown[0]}
    for before, now in pairwise(shown):
        told = news(watched.see(versions[now]))
        comes_true = now not in seen or now == before
        assert bool(told) == (comes_true and now != believed)
        believed = now if comes_true else believed
        seen.add(now)


def test_an_earlier_version_with_anything_new_in_it_is_a_version_like_others():
    assert told_by(of(), of(**LONGER), of(**RENAMED))[1] == ["dsa-shortened", "title-changed"]


def test_the_count_of_files_makes_no_other_version_and_neither_does_the_print():
    old = page(agreement(), files=60)
    old_in_capitals = page(agreement(controllers=("University of Harrowdale",)), files=61)

    assert told_by(old, of(**LONGER), old_in_capitals, old) == [["dsa-extended"], [], ["dsa-shortened"]]


def test_what_an_earlier_version_shows_is_in_doubt_no_more():
    watched = Watched(of(), trust(7, 7))
    lacking = of(datasets=(HES,))

    watched.see(lacking, trust(7, 7))
    watched.see(of(), trust(7, 7))
    told = [watched.see(lacking, trust(7, 7)) for _ in range(2)]

    assert [kinds(one) for one in told] == [[], ["dataset-removed"]], "missing twice in a row, and not twice in all"


def test_an_agreement_and_a_flag_that_an_earlier_version_shows_are_not_missing():
    both = replace(trust(1, 1, 2), flags=("Trust 1 was sent files that it should not have had.",))
    one = trust(1, 1)

    assert told_by(both, one, both, one, both, one) == [[]] * 5
    assert told_by(both, one, both, one, one)[3] == ["agreement-removed", "flag-cleared"]


def test_a_page_that_shows_nothing_new_for_the_second_time_is_quiet_again():
    watched = Watched(of(), trust(7, 7))
    for one in (of(**LONGER), of(), of()):
        assert watched.last.held is None
        watched.see(one, trust(7, 7))

    assert not watched.past.pages[SLUG].unsettled


def test_a_night_on_which_the_page_fails_is_no_sighting_between():
    watched = Watched(of(), trust(7, 7))
    watched.see(of(**LONGER), trust(7, 7))
    watched.see(of(), trust(7, 7))
    watched.see(trust(7, 7), failed=[SLUG])

    assert kinds(news(watched.see(of(), trust(7, 7)))) == ["dsa-shortened"]


def test_a_page_told_as_gone_is_listed_again_at_once_whatever_it_shows():
    watched = Watched(of(), trust(7, 7))
    watched.see(of(**LONGER), trust(7, 7))
    for _ in range(2):
        watched.see(trust(7, 7))

    assert kinds(watched.see(of(), trust(7, 7))) == ["agreement-added", "organisation-added"]


def test_a_page_that_was_missing_once_is_back_with_an_earlier_version():
    watched = Watched(of(), trust(7, 7))
    watched.see(of(**LONGER), trust(7, 7))
    watched.see(trust(7, 7))
    watched.see(of(), trust(7, 7))

    assert watched.see(trust(7, 7)) == [], "missing for the first time since"


def test_agreements_on_pages_that_show_an_earlier_version_are_not_gone():
    pages = [trust(number, *range(number * 20, number * 20 + 20)) for number in range(2)]
    watched = Watched(*pages)
    moved = [trust(0, 0), trust(1, *range(1, 40))]
    watched.see(*moved)

    watched.see(*pages)

    assert watched.last.held is None
    assert watched.last.stale == {"trust_0", "trust_1"}


def test_a_page_that_was_not_believed_when_a_group_was_told_owes_it_its_member():
    def board(**fields):
        return [trust(number, number, **fields) for number in range(30)]

    watched = Watched(*board())
    late, *others = board()
    watched.see(replace(late, agreements=(agreement(reference(0), title="Another winter"),)), *others)
    watched.see(late, *board(sublicensing=("Yes",))[1:])

    both = {"sublicensing": ("Yes",), "title": "Another winter"}
    told = watched.see(trust(0, 0, **both), *board(sublicensing=("Yes",))[1:])

    assert (kinds(told), len(watched.last.joined)) == ([], 1)


def test_an_operator_who_releases_a_run_believes_its_pages_at_once():
    watched = Watched(of(), trust(7, 7))
    watched.see(of(**LONGER), trust(7, 7))

    assert kinds(news(watched.see(of(), trust(7, 7), trusted=True))) == ["dsa-shortened"]
