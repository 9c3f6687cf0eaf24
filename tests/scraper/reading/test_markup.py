"""Two readers of markup, one from the parser's events and one over BeautifulSoup's tree, see the same lines."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.reading.markup import every_element_a_line, lines_of_markup
from tests.harness.second_reader import lines_of_tree
from tests.scraper.reading.pages.render import MARKUPS, PAGE

TAGS = """p div b i a span mark button ul li ol table tr td th dl dt dd h1 h2 pre nav footer br hr script style template
ruby rt head body html x-row em label section select option textarea noscript""".split()
WORDS = [
    " ",
    "\n",
    " two\nlines ",
    *"""When: Objectives: word DSA&#32;runs &amp;nbsp; &nbsp; \u2011 é 5&nbsp;<&nbsp;6""".split(),
]

tags = st.sampled_from(TAGS)
pieces = st.one_of(
    st.sampled_from(WORDS),
    tags.map("<{}>".format),
    tags.map("</{}>".format),
    tags.map('<{0} class="x">y</{0}>'.format),
    tags.map('<a href="/x"><{0}>y</{0}></a>'.format),
)


@pytest.mark.parametrize("form", MARKUPS)
def test_both_readers_see_the_same_lines_of_a_page(form):
    assert lines_of_markup(form(PAGE)) == lines_of_tree(form(PAGE))


@pytest.mark.parametrize("form", MARKUPS)
def test_both_readers_see_the_same_lines_where_each_element_is_one(form):
    assert every_element_a_line(form(PAGE)) == lines_of_tree(form(PAGE), frozenset())


@given(st.lists(pieces, max_size=30).map("".join))
def test_both_readers_see_the_same_lines_of_any_tags(markup: str):
    assert lines_of_markup(f"<p>{markup}") == lines_of_tree(f"<p>{markup}")


@pytest.mark.parametrize("form", MARKUPS)
@pytest.mark.parametrize("seed", range(20))
def test_both_readers_see_the_same_lines_of_a_page_that_lost_a_piece(form, seed: int):
    page, chosen = form(PAGE), random.Random(seed)
    place = chosen.randrange(len(page))
    page = page[:place] + page[place + chosen.randrange(1, 60) :]

    assert lines_of_markup(page) == lines_of_tree(page)


def test_the_words_of_ruby_and_of_templates_are_read():
    lines = lines_of_markup("<p>one<ruby>two<rt>three</rt></ruby><template>four</template>")

    assert " ".join(line.text for line in lines) == "onetwothree four"


@pytest.mark.parametrize(
    "markup",
    [
        # A head that is written twice is a part of the first page's, to the parser, up to where it ends.
        "<html><head><title>a</title></head>\n<html><head><title>a</title></head>\n<section>Suspended</section><body><p>b",
        "<html><head><title>a</title></head>\n<html><head><title>a</title></head>\nSuspended<body><p>b",
    ],
)
def test_a_head_hides_nothing_that_no_head_may_hold(markup):
    assert [line.text for line in lines_of_markup(markup)] == ["Suspended", "b"]
    assert lines_of_tree(markup) == lines_of_markup(markup)


def test_what_a_head_may_hold_is_not_on_the_page():
    head = "<title>a</title><style>b</style><script>c</script><noscript>d</noscript><meta name=e><link rel=f>"

    assert [line.text for line in lines_of_markup(f"<html><head>{head}</head><body><p>g")] == ["g"]
