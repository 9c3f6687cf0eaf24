"""Which page is this? The slug, read from a file's name or from an address.

Pure: nothing is opened, nothing is asked. Host, `www.`, scheme, letter case and the final slash are spellings of one
page and never get into a slug.
"""

import re
from urllib.parse import unquote, urlsplit

_PAGE_ENDING = re.compile(r"\.(?:html?|txt)$", re.IGNORECASE)

# Half a surrogate pair stands in a file name for bytes that are no UTF-8.
_NO_SLUG = re.compile("[\x00-\x1f\x7f/\\\\\ud800-\udfff]|^\\.{0,2}$")


def slug_of(name_or_url: str) -> str:
    """Return the slug of the page that a file name, a path or an address names.

    A file loses its last extension; of an address the last segment of the path counts. An `index.html` is named by
    the folder it lies in:

    >>> slug_of("editions/2024-11/NHS_Example_ICB.html")
    'nhs_example_icb'
    >>> slug_of("https://www.theysolditanyway.com/organisations/nhs_example_icb/?page=1")
    'nhs_example_icb'
    >>> slug_of("saved/king%27s_college/index.html")
    "king's_college"
    """
    is_address = "://" in name_or_url
    path = urlsplit(name_or_url).path if is_address else name_or_url
    segments = [segment for segment in path.strip().split("/") if segment]
    if not segments:
        return ""
    stem = _without_ending(segments[-1], is_address)
    if stem.lower() == "index" and stem != segments[-1] and len(segments) > 1:
        stem = segments[-2]
    return unquote(stem).lower()


def _without_ending(segment: str, is_address: bool) -> str:
    """Return *segment* without its extension; an address has one only where it is a page's."""
    if is_address:
        return _PAGE_ENDING.sub("", segment)
    stem, dot, _ = segment.rpartition(".")
    return stem if dot and stem else segment


def is_slug(slug: str) -> bool:
    r"""Say whether a page can be called that: not empty, no path, and nothing that cannot be written or seen.

    >>> [is_slug(slug) for slug in ("nhs_example_icb", "", "..", "a/b", "a\\b", "a\nb", "a\udce9b")]
    [True, False, False, False, False, False, False]
    """
    return not _NO_SLUG.search(slug)
