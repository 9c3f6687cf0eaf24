"""What holds for any page: no input breaks the reader, and what a page was made of comes out of every form of it."""

from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import RefusedPageError
from scraper.names.fold import as_set
from scraper.reading.blocks import clean
from scraper.reading.charset import decode
from scraper.reading.page import read_page
from scraper.slugs import slug_of
from tests.scraper.reading.pages.render import (
    FIRST,
    MARKUPS,
    PAGE,
    TEXT_FORMS,
    Page,
    Project,
    as_deeply_nested,
    as_num,
    as_paragraphs,
    read_said,
)

FORMS = [form for form in (*TEXT_FORMS, *MARKUPS) if form is not as_deeply_nested]

WORDS = st.sampled_from(
    "Tides tides of the and (held) Data: Outputs Legal basis: Processing CAPS: 1. - — “quay” p<0.05 R&D £5 55–80 year’s"
    " DARS-NIC-12345-A1B2C see; Sensitive When:2017.01 http://x.example/a_(b) Yes, No NHS &amp; <b> café".split()
)
NAMES = (
    st.text(alphabet="ABCDEFGHIJ klmnopqrst", min_size=3, max_size=30).map(lambda s: " ".join(s.split())).filter(bool)
)
PARAGRAPHS = st.lists(WORDS, min_size=2, max_size=12).map(" ".join).map(clean)
REFERENCES = st.from_regex(r"\A(DARS-)?NIC-[0-9]{5,6}-[0-9A-Z]{5}\Z")
PIECES = st.sampled_from(
    "<p> </p> <b> <table> <td> </div> <div <!-- --> <br> <li> &#0; &# <![CDATA[ ]]> <?xml ?> <svg> <pre> </html>"
    " <title> <textarea> <select> <head> <body> <plaintext> a— NIC-1-A Datasets: When: ( ) , \n".split(" ")
)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Return an agreement with some of the usual fields, and prose with everything in it that looks like a label."""
    labels = ["Objectives", "Yielded Benefits", "Expected Benefits", "Outputs", "Processing"]
    datasets = draw(st.lists(NAMES.map(lambda name: f"{name} Data, Set: {len(name)}"), min_size=1, max_size=5))
    return Project(
        title=draw(NAMES.map(lambda name: f"Study {name}")),
        reference=draw(REFERENCES),
        fields=tuple(field for field in FIRST.fields if field[0] != "Access method" or draw(st.booleans())),
        datasets=tuple(datasets),
        sections=tuple(
            (label, tuple(draw(st.lists(PARAGRAPHS, max_size=4))))
            for label in labels  # in the site's order: an earlier label inside a later section is prose
            if draw(st.booleans())
        ),
    )


pages = st.builds(
    Page,
    organisation=NAMES.map(lambda name: f"College Of {name}"),
    projects=st.lists(projects(), min_size=1, max_size=3, unique_by=lambda project: project.reference).map(tuple),
    files=st.integers(0, 9999),
)


@given(pages, st.sampled_from(FORMS))
def test_what_a_page_is_made_of_comes_out_of_every_form(page: Page, form):
    read = read_said(form(page).encode(), source="college.html")

    assert (read.organisation, read.files_disseminated) == (page.organisation, page.files)
    assert [agreement.reference for agreement in read.agreements] == [project.reference for project in page.projects]
    for agreement, project in zip(read.agreements, page.projects, strict=True):
        assert agreement.title == project.title
        assert agreement.datasets == as_set(project.datasets)
        assert agreement.printed == dict(project.fields)
        sections = {label.lower().replace(" ", "_"): "\n".join(text) for label, text in project.sections}
        assert {name: text for name in sections if (text := getattr(agreement, name)) is not None} == sections


@given(pages, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_two_forms_of_a_page_give_one_record(page: Page, one, other):
    assert read_said(one(page).encode(), source="a") == read_said(other(page).encode(), source="a")


def reads_or_refuses(body: bytes, charset: str | None = None) -> bool:
    try:
        return bool(read_page(body, source="a.html", charset=charset).agreements)
    except RefusedPageError:
        return True


@given(st.binary(max_size=400), st.none() | st.text(max_size=12))
def test_no_bytes_break_the_reader(body: bytes, charset: str | None):
    assert reads_or_refuses(body, charset)
    assert reads_or_refuses(b"<html>" + body, charset)


@given(st.lists(PIECES, max_size=40))
def test_no_markup_breaks_the_reader(parts: list[str]):
    assert reads_or_refuses("".join(parts).encode())
    assert reads_or_refuses(as_paragraphs(PAGE).replace("<h2", "".join(parts) + "<h2").encode())


@given(st.integers(0, 2500), st.integers(0, 2500), st.binary(max_size=4), st.sampled_from([as_num, as_paragraphs]))
def test_no_damage_breaks_the_reader(start: int, length: int, put_in: bytes, form):
    body = form(PAGE).encode()

    assert reads_or_refuses(body[:start] + put_in + body[start + length :])


@given(st.text(alphabet="aZ 09.–—’‘“”•£…½", max_size=60))
def test_text_is_decoded_whichever_of_the_two_sets_it_is_in(text: str):
    assert decode(text.encode("utf-8"), "windows-1252")[0] == text
    assert decode(text.encode("cp1252") + b"\x96", "iso-8859-1")[0] == text + "–"


@given(st.text(alphabet="abcxyz_09", min_size=1, max_size=20).filter(lambda slug: slug != "index"))
def test_every_spelling_of_a_page_has_one_slug(slug: str):
    spellings = [
        f"{slug}.html",
        f"{slug.upper()}.HTM",
        f"saved/2024/{slug}.txt",
        f"{slug}/index.html",
        f"http://theysolditanyway.com/organisations/{slug}",
        f"https://www.theysolditanyway.com/organisations/{slug}/",
        f"https://dataregister.medconfidential.org/organisation/{slug}/?x=1#top",
        f"https://goodtreswork.com/organisations/{slug}/index.html",
    ]

    assert {slug_of(spelling) for spelling in spellings} == {slug}


@given(st.text(st.sampled_from([*map(chr, range(33)), "\x7f", "a", "B", "7", "."]), max_size=60), st.integers(0, 200))
def test_spaces_are_one_space_however_long_the_text_is(text, further):
    text += "x" * further

    assert clean(text) == " ".join(text.split())
