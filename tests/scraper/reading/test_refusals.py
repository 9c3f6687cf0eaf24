"""Pages that cannot be believed, and the words in which they are refused."""

import pytest

from scraper.errors import ListPageError, RefusedPageError
from scraper.reading.lines import closes
from scraper.reading.page import read_page
from tests.scraper.reading.pages.render import PAGE, as_num, as_paragraphs, heading, read_said

WHOLE = as_paragraphs(PAGE).encode()
NO_HEADING = as_num(PAGE).replace(heading(PAGE.projects[0]), "")

REFUSED = {
    "empty": (b"", "empty"),
    "white space and NULs": (b" \n\0\0\n", "empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "not a text or HTML page (binary)"),
    "bytes without a sense": (bytes(range(256)) * 40, "not a text or HTML page (binary)"),
    "a notice of maintenance": (
        b"<html><body><div id=content><h1>Down for maintenance</h1><p>We will be back soon.</p></div></body></html>",
        "an error or maintenance page",
    ),
    "an error as text": (b"503 Service Unavailable\n", "an error or maintenance page"),
    "another site": (
        b"<html><body><h1>Garden News</h1><p>Roses.</p></body></html>",
        "no organisation heading and no agreement",
    ),
    "a heading and no more": (b"Seaview Observatory projects\n\n0 data files in total\n", "no agreement"),
    "no name": (as_num(PAGE).replace(f"{PAGE.organisation} projects", "").encode(), "no organisation heading"),
    "nothing but tags": (b"<li>x" * 400_000, "400,000 tags, too many for a page"),
    "cut inside a tag": (WHOLE[: WHOLE.index(b"</h2>") + 3], "the page stops inside a tag"),
    "an agreement without heading": (
        NO_HEADING.encode(),
        "an agreement without a project heading, so without a reference",
    ),
    "another heading between the first one and its labels": (
        WHOLE.replace(b"</h2>", b"</h2><h3>see DARS-NIC-00000-Q9Q9Q for more</h3>", 1),
        f"no label that is understood follows the heading of {PAGE.projects[0].reference}",
    ),
    "nothing but that": (
        NO_HEADING[: NO_HEADING.index("Project 2")].encode(),
        "an agreement without a project heading, so without a reference",
    ),
    "2017 without an id": (
        b"Seaview Observatory\nHSCIC Id:\nOpt outs honoured: N\nBasis: x\nData: Tides\n",
        "an agreement without an HSCIC Id, so without a reference",
    ),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_page_that_cannot_be_believed_is_refused_by_name_and_reason(body: bytes, reason: str):
    with pytest.raises(RefusedPageError) as refusal:
        read_page(body, source="seaview.html")

    assert (refusal.value.source, refusal.value.reason) == ("seaview.html", reason)


def test_a_list_of_organisations_is_told_from_a_refused_page():
    links = "".join(f'<li><a href="/organisations/{slug}/">{slug}</a> (3)</li>' for slug in ("a_trust", "b_college"))

    with pytest.raises(ListPageError):
        read_page(f"<html><h1>Organisations</h1><ul>{links}</ul></html>".encode(), source="index.html")


def test_an_organisation_without_agreements_is_no_list_though_it_links_to_others():
    body = b'<html><h1>Seaview Observatory projects</h1><p><a href="/organisations/a_trust/">A Trust</a></html>'

    with pytest.raises(RefusedPageError) as refusal:
        read_page(body, source="seaview.html")

    assert not isinstance(refusal.value, ListPageError)


def test_a_page_without_its_end_is_read_and_known_to_lack_it():
    cut = WHOLE[: WHOLE.rindex(b"<div>")]

    assert closes(WHOLE)
    assert not closes(cut)
    assert read_said(cut, source="a.html").agreements == read_said(WHOLE, source="a.html").agreements


@pytest.mark.parametrize("tag", [b"</html>", b"</body>"])
def test_either_end_tag_is_the_end_of_a_page(tag: bytes):
    assert closes(WHOLE.replace(tag, b""))
    assert closes(WHOLE.replace(tag, tag.upper().replace(b">", b"\n>")))


def test_content_decides_what_a_page_is_not_its_name():
    assert read_said(WHOLE, source="a.txt").agreements == read_said(as_num(PAGE).encode(), source="a.html").agreements


@pytest.mark.parametrize("prolog", ["<?xml version='1.0'?>", "<?xml?>\n<?xml?>", "<?xml <?xml"])
def test_a_page_that_says_it_is_xml_is_read_as_html(prolog: str):
    page = read_page(prolog.encode() + WHOLE, source="a.html")

    assert page.agreements == read_page(WHOLE, source="a.html").agreements


def test_xml_without_an_end_is_refused():
    with pytest.raises(RefusedPageError):
        read_page(b"<?xml > <?xml and < no more", source="a.html")
