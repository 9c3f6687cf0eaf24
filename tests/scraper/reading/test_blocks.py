"""From markup and text to lines: where a line ends, and that nothing makes it slow or deep."""

import pytest

from scraper.reading.blocks import Line, lines_of_text, looks_like_markup
from scraper.reading.markup import lines_of_markup
from scraper.reading.page import read_page
from tests.scraper.reading.pages.render import MARKUPS, PAGE, TEXT_FORMS, as_compact, as_paragraphs


def texts(markup: str) -> list[str]:
    return [line.text for line in lines_of_markup(markup)]


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<p><b>When:</b>DSA <i>runs</i>\n 2020</p>", ["When:DSA runs 2020"]),
        ("<p>one<br>two<br/><br>three", ["one", "two", "three"]),
        ("<td>Label:</td><td>value</td>", ["Label:", "value"]),
        ("<table><tr><td>Label:<td>value<tr><td>Next:<td></table>", ["Label:", "value", "Next:"]),
        ("<dl><dt>Label:<dd>value</dl>after", ["Label:", "value", "after"]),
        ("<ul><li>one<ul><li>two</ul>three</ul>", ["one", "two", "three"]),
        ("before<div>inside</div>behind", ["before", "inside", "behind"]),
        ("<x-row><x-cell>Label:</x-cell> value</x-row>", ["Label:", "value"]),
        ("<p>a <b> b </b> c</p> <p> </p>", ["a b c"]),
        ("<p>Type of&nbsp;data: Pseudonymised\u2002data</p>", ["Type of data: Pseudonymised data"]),
        ("<title>t</title><script>s</script><!-- c --><style>x</style><p>seen", ["seen"]),
        ("<pre>one\n\n  1. two\n</pre>", ["one", "1. two"]),
        ("<p><b>Outputs:</b> A report.</p>", ["Outputs:", "A report."]),
        ("<p>Outputs: are these.</p>", ["Outputs: are these."]),
    ],
)
def test_a_line_ends_where_a_browser_begins_a_new_one(markup: str, lines: list[str]):
    assert texts(markup) == lines


def test_blank_lines_of_a_text_are_counted():
    assert lines_of_text("a\r\n\r\n\n  b \rc") == [Line("a"), Line("b", gap=2), Line("c")]


def test_line_separators_inside_a_text_are_no_line_ends():
    assert [line.text for line in lines_of_text("one\u2028two\x85three")] == ["one two three"]


@pytest.mark.parametrize("form", MARKUPS)
def test_markup_is_known_by_its_content(form):
    assert looks_like_markup(form(PAGE))


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_text_with_a_tag_in_its_prose_stays_text(form):
    assert not looks_like_markup(form(PAGE) + "\nThe <b>bold</b> word; p <0.05 and a<b.")


def test_a_fragment_of_markup_that_begins_with_text_is_markup():
    assert looks_like_markup("NHS Digital Data Release Register<br>\n<p>Seaview projects</p>")


def test_twenty_thousand_levels_of_nesting_are_read():
    nested = "<html><body>" + "<div>" * 20_000 + as_paragraphs(PAGE) + "<span>" * 20_000 + "end"

    page = read_page(nested.encode(), source="a.html")

    assert [agreement.reference for agreement in page.agreements] == ["DARS-NIC-01234-A1B2C", "NIC-38002-X9Y8Z"]


@pytest.mark.large
@pytest.mark.parametrize("form", [as_paragraphs, as_compact])
@pytest.mark.parametrize("word", ["word ", "(", "NIC-1 — ", "&lt;", ": "])
def test_a_text_of_twelve_megabytes_is_read_in_seconds(form, word: str):
    long = form(PAGE).replace("It is kept in a safe.", word * (12_000_000 // len(word)))

    (_, agreement) = read_page(long.encode(), source="a").agreements

    assert len(agreement.processing or "") > 1_000_000


@pytest.mark.large
def test_a_value_of_twelve_megabytes_is_read_in_seconds():
    long = as_compact(PAGE).replace("Opt outs honoured: Y", "Opt outs honoured: " + "(," * 6_000_000)

    assert read_page(long.encode(), source="a").agreements[1].opt_outs is not None
