"""Words in are words out: whatever a page prints is in its record, or says no more than what is (design rule 16).

The words of a page are taken from its markup by a parser of the test's own, and looked for in the record: names,
titles, references, what the header lines print, datasets, sections, remainders, flags. A line may be missing that says
nothing of its own: the name and the count, a heading and what repeats one, a section's label, a value that stands there
twice.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.errors import RefusedPageError
from scraper.reading.page import read_page
from scraper.records import SECTIONS, RegisterPage
from tests.markups.register import small
from tests.markups.sites.markups import MARKUPS as SITES
from tests.markups.sites.markups import UNFORESEEN
from tests.scraper.reading.pages.render import MARKUPS, PAGE, TEXT_FORMS, as_breaks, as_compact, as_paragraphs

HIDDEN = frozenset(("script", "style", "head"))
INLINE = frozenset(
    "a abbr b bdi cite code data del em i ins kbd mark q s samp small strong sub sup time u var wbr".split()
)
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())

WORD = re.compile(r"[^\W\d_]{2,}|\d{3,}")  # marks of lists are typography: a letter, or a number of up to three digits
NUMERAL = re.compile(r"[ivxl]+|\d{3}")
SAYS_NOTHING = re.compile(
    r"(?:back to )?(?:top|contents|index)|previous|next|objectives?|(?:yielded |expected )?benefits?|outputs?"
    r"|processing(?: activities)?|activities|projects? \d+|projects|(?:data)?sets?",
    re.IGNORECASE,
)


class Lines(HTMLParser):
    """The lines of a page as it prints them."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        """Begin a line at whatever is not a part of one."""
        self.hidden += tag in HIDDEN
        self.pieces += [] if tag in INLINE else ["\n"]

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        self.hidden -= tag in HIDDEN and self.hidden > 0
        self.pieces += [] if tag in INLINE else ["\n"]

    def handle_data(self, data: str) -> None:
        """Take what is seen."""
        self.pieces += [] if self.hidden else [data]


def is_markup(page: str) -> bool:
    """Say whether *page* is markup; a text may have a `<` in its prose."""
    return page.lstrip("\ufeff \r\n\t").startswith("<")


def lines_in(page: str) -> list[str]:
    """Return the lines that *page*, markup or text, prints."""
    if is_markup(page):
        parser = Lines()
        parser.feed(page)
        parser.close()
        page = "".join(parser.pieces)
    return [line for line in map(seen, page.splitlines()) if line.strip()]


def seen(text: str) -> str:
    """Return *text* as a reader sees it: not escaped twice, and without characters that have no shape."""
    text = unicodedata.normalize("NFKC", unescape(unescape(text)))
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def words(text: str) -> Counter[str]:
    """Return the words of *text* as they are compared."""
    text = seen(text)
    return Counter(word for word in WORD.findall(text.casefold()) if not NUMERAL.fullmatch(word))


def texts_out(page: RegisterPage) -> Iterator[str]:
    """Yield every text that the record of a page holds, each line once."""
    yield from (page.organisation, page.remainder or "", *page.flags)
    for agreement in page.agreements:
        yield from (agreement.reference, agreement.title or "", agreement.remainder or "")
        yield from (f"{label} {text}" for label, text in agreement.printed.items())
        yield from agreement.datasets or ()
        yield from (getattr(agreement, section) or "" for section in SECTIONS)


def says_nothing_new(line: str, page: RegisterPage) -> bool:
    """Say whether what *line* says is in the record although its words are not: a name, a count, a heading, a label."""
    said = words(line)
    known = [page.organisation, *(d for a in page.agreements for d in a.datasets or ())]
    known += [f"{a.title or ''} {a.reference}" for a in page.agreements]
    # A title that stands behind its reference is a remark.
    known += [f"{line} {a.reference}" for a in page.agreements for line in (a.remainder or "").split("\n")]
    rest = SAYS_NOTHING.sub(" ", line)
    return (
        not words(rest)
        or "data files in total" in line.casefold()
        or "system access" in line.casefold()
        or any(
            not said - words(text) - words("projects project partially via system access datasets") for text in known
        )
    )


def lost(markup: str, page: RegisterPage) -> Counter[str]:
    """Return the words of *markup* that are nowhere in the record of *page*."""
    lines = lines_in(markup)
    missing = sum(map(words, lines), Counter[str]()) - sum(map(words, texts_out(page)), Counter[str]())
    silent = sum((words(line) for line in lines if says_nothing_new(line, page)), Counter[str]())
    # A label that stands there again is printed once with both texts; a section's has its text on the same line or not.
    labels = {label.casefold() for agreement in page.agreements for label in agreement.printed}
    begins = (line.partition(":")[0].strip(" *_#") for line in lines if ":" in line)
    known = (words(label) for label in begins if label.casefold() in labels or SAYS_NOTHING.fullmatch(label))
    return missing - silent - sum(known, Counter[str]())


def invented(markup: str, page: RegisterPage) -> set[str]:
    """Return the words of the record that are nowhere in *markup*."""
    printed = sum(map(words, lines_in(markup)), Counter[str]())
    joined = "".join(printed)
    return {word for text in texts_out(page) for word in words(text) if word not in printed and word not in joined}


def assert_no_word_is_lost(markup: str, name: str = "seaview.html") -> None:
    """Read the page; whether it is refused or not, no word of it is lost in silence."""
    try:
        page = read_page(markup.encode(), source=name)
    except RefusedPageError:
        return
    assert lost(markup, page) == Counter()
    assert invented(markup, page) == set()


FORMS = [*MARKUPS, *TEXT_FORMS]
LOOSE = [
    "Suspended pending an audit by the ICO", "(includes linked cohort)", "Note: this is new", "Sensitive: Very",
    "Retention period: five years", "🚩 A second flag about sharing", "When: whenever it suits", "ongoing", "No",
    "Zebra data", "Objective: to learn", "OBJECTIVES", "see DARS-NIC-00000-Q9Q9Q for more", "to be confirmed",
    "Purposes: Yes (Unheard Of Body)", "12 data files in all",
]  # fmt: skip
TAGS = "div p span em strong li blockquote section td h3 mark aside".split()


@pytest.mark.parametrize("form", FORMS)
def test_no_word_of_a_page_is_lost(form):
    assert_no_word_is_lost(form(PAGE))


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(site, id=site.name, marks=[] if n % 12 == 0 else [pytest.mark.soak])
        for n, site in enumerate((*SITES, *UNFORESEEN))
    ],
)
def test_no_word_of_a_page_of_another_generator_is_lost(site):
    for page in small().pages:
        body = site.page(page)
        try:
            read = read_page(body, source=f"{page.slug}.html")
        except RefusedPageError:
            continue
        decoded = body.decode("utf-8-sig", "replace")
        if "\ufffd" not in decoded and "mojibake" not in site.name:  # what the reader repairs is its own matter
            assert lost(decoded, read) == Counter()


def mutated(data: st.DataObject, page: str) -> str:
    """Return *page* with lines put in, dropped, doubled, wrapped or reworded."""
    tagged = is_markup(page)
    lines = page.split("\n") if page.count("\n") > 20 else re.split(r"(?=<(?:p|li|h\d|tr|dt|dd|div|br)\b)", page)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(("put in", "dropped", "doubled", "wrapped", "relabelled"))):
            case "put in":
                loose = data.draw(st.sampled_from(LOOSE))
                tag = data.draw(st.sampled_from(TAGS))
                lines.insert(place, f"<{tag}>{loose}</{tag}>" if tagged else loose)
            case "dropped":
                lines.pop(place)
            case "doubled":
                lines.insert(place, lines[place])
            case "wrapped" if tagged:
                tag = data.draw(st.sampled_from(TAGS))
                lines[place] = f"<{tag}>{lines[place]}</{tag}>"
            case _:
                lines[place] = lines[place].replace(":", " held:", 1)
    return "\n".join(lines)


NOTED = "supervision)"
COUNTED = "information about files used safely is missing)."


@pytest.mark.parametrize("form", [as_paragraphs, as_breaks, as_compact])
@pytest.mark.parametrize("behind", [NOTED, COUNTED])
def test_what_stands_behind_a_line_that_is_but_a_yes_or_a_number_is_in_a_remainder(form, behind):
    page = read_page(form(PAGE).replace(behind, f"{behind} Retention period: five years").encode(), source="a.html")

    remainders = [page.remainder, *(agreement.remainder for agreement in page.agreements)]
    assert [text for text in remainders if text and text.endswith("Retention period: five years")]


@given(st.data(), st.sampled_from(FORMS))
def test_no_word_is_lost_wherever_lines_come_and_go(data: st.DataObject, form):
    assert_no_word_is_lost(mutated(data, form(PAGE)))


@pytest.mark.soak
@settings(max_examples=3_000)
@given(st.data(), st.sampled_from(FORMS))
def test_no_word_is_lost_in_a_long_haul(data: st.DataObject, form):
    assert_no_word_is_lost(mutated(data, form(PAGE)))
