"""What a register is: what it is called, who publishes it under which licence, where its pages lie, how they are read.

There are two: the pages that reformat the NHS data release register, and the official workbook that they reformat. What
the operator may change of the first (its name, address and hosts) is in the settings, whose defaults are the value's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import dirname
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from scraper.fields import LAYOUTS, WORKBOOKS
from scraper.slugs import is_slug, slug_of

if TYPE_CHECKING:
    from scraper.names.vocabulary import Vocabulary
    from scraper.records import RegisterPage


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """Under which what a register prints is published."""

    id: str
    title: str
    url: str

    @property
    def attribution(self) -> str:
        """What it asks to be said."""
        return f"Contains public sector information licensed under the {self.title}."


class PageReader(Protocol):
    """How one page of a register is read; `read_page` says what the arguments are."""

    def __call__(
        self, body: bytes, *, source: str, slug: str | None, charset: str | None, vocabulary: "Vocabulary | None"
    ) -> "RegisterPage":
        """Return what the page says, or raise RefusedPageError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register that can be watched."""

    id: str
    """Its name in the database, and in the ids of its changes if it is not the first."""
    name: str
    """What people call it."""
    publisher: str
    """Who publishes what, for whoever cites it."""
    site: str
    """Where it was reformatted, and by whom: the words and the layout of its pages are theirs. Empty if nowhere."""
    reformatter: str
    licence: Licence
    index: str
    """Address of the page that links to the others."""
    hosts: tuple[str, ...]
    """Hosts that serve the same pages."""
    folders: tuple[str, ...]
    """In which of a host the pages lie; the first is today's."""
    layouts: tuple[str, ...]
    read: PageReader

    @property
    def origin(self) -> str:
        """Where its words come from, in short."""
        return f"{self.publisher}, as reformatted by {self.site}" if self.site else self.publisher

    @property
    def source(self) -> str:
        """Where its words come from."""
        return f"{self.origin} ({self.reformatter})" if self.reformatter else self.origin

    @property
    def credit(self) -> str:
        """What stands under all that is handed on."""
        return f"Source: {self.source}. {self.licence.attribution}"

    def slug_at(self, address: str) -> str | None:
        """Return the slug of the page at *address*, on whatever host; None where no page lies there.

        >>> NHS_DATA_RELEASE.slug_at("http://example.org/mirror/Organisations/NHS_Example%5FICB/index.html?x=1")
        'nhs_example_icb'
        >>> site = NHS_DATA_RELEASE.index
        >>> [NHS_DATA_RELEASE.slug_at(f"{site}{path}") for path in ("organisations/", "datasets/hes")]
        [None, None]
        """
        try:
            path = urlsplit(address).path
        except ValueError:  # no address at all
            return None
        slug = slug_of(address)
        return slug if self.folder_above(path) is not None and is_slug(slug) else None

    def folder_above(self, path: str) -> str | None:
        """Return the folder that holds that of the pages, if *path* is the path of a page.

        >>> [NHS_DATA_RELEASE.folder_above(path) for path in ("/mirror/organisations/a", "/Organisation/a/index.html")]
        ['/mirror', '']
        >>> [NHS_DATA_RELEASE.folder_above(path) for path in ("/organisations/", "/organisations/a/history")]
        [None, None]
        """
        segments = [segment for segment in path.split("/") if segment]
        if segments and unquote(segments[-1]).lower() in ("index.html", "index.htm"):
            segments.pop()
        if len(segments) < 2 or unquote(segments[-2]).lower() not in self.folders:
            return None
        return "".join(f"/{segment}" for segment in segments[:-2])

    def address_of(self, slug: str, index: str) -> str:
        """Return where the page of *slug* stands by the register's own rule, if its index is at *index*.

        >>> NHS_DATA_RELEASE.address_of("king's_college", "https://theysolditanyway.com/")
        'https://theysolditanyway.com/organisations/king%27s_college'
        >>> NHS_DATA_RELEASE.address_of("nhs_example_icb", "http://127.0.0.1:8900/mirror/organisation/index.html")
        'http://127.0.0.1:8900/mirror/organisation/nhs_example_icb'
        """
        parts = urlsplit(index)
        folder = dirname(parts.path).rstrip("/")
        if folder.rpartition("/")[2].lower() not in self.folders:
            last = parts.path.rpartition("/")[2]
            folder += f"/{last if last.lower() in self.folders else self.folders[0]}"
        return urlunsplit((parts.scheme, parts.netloc, f"{folder}/{quote(slug, safe='')}", "", ""))


def _read_page(
    body: bytes, *, source: str, slug: str | None, charset: str | None, vocabulary: "Vocabulary | None"
) -> "RegisterPage":
    # Settings ask a register for its name whatever the command is; only some need what two parsers take to load.
    from scraper.reading.page import read_page

    return read_page(body, source=source, slug=slug, charset=charset, vocabulary=vocabulary)


OPEN_GOVERNMENT_LICENCE = Licence(
    id="OGL-UK-3.0",
    title="Open Government Licence v3.0",
    url="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
)

NHS_DATA_RELEASE = Register(
    id="nhs-data-release",
    name="NHS data release register",
    publisher="NHS England, Data Uses Register",
    site="theysolditanyway.com",
    reformatter="medConfidential",
    licence=OPEN_GOVERNMENT_LICENCE,
    index="https://theysolditanyway.com/",
    hosts=("theysolditanyway.com", "www.theysolditanyway.com", "dataregister.medconfidential.org", "goodtreswork.com"),
    folders=("organisations", "organisation"),
    layouts=LAYOUTS,
    read=_read_page,
)


def _read_rows(
    body: bytes, *, source: str, slug: str | None, charset: str | None, vocabulary: "Vocabulary | None"
) -> "RegisterPage":
    from scraper.official.versions import read_agreement_rows

    return read_agreement_rows(body, source=source, slug=slug, charset=charset, vocabulary=vocabulary)


# Its host answers programs with 403: a person downloads the workbook, so that there is no address to ask.
NHS_OFFICIAL = Register(
    id="nhs-official",
    name="official register",
    publisher="NHS England, Data Uses Register",
    site="",
    reformatter="",
    licence=OPEN_GOVERNMENT_LICENCE,
    index="",
    hosts=(),
    folders=(),
    layouts=WORKBOOKS,
    read=_read_rows,
)

REGISTERS: Mapping[str, Register] = {one.id: one for one in (NHS_DATA_RELEASE, NHS_OFFICIAL)}
"""Every register there is, by id."""


def page_key(register: str, slug: str) -> str:
    """Return the key of a page, in the database and wherever pages of several registers meet.

    Pages of the first register were there before there was a second, so their key is their slug. A slug has no "/".

    >>> page_key("nhs-data-release", "nhs_example_icb"), page_key("nhs-official", "dars-nic-1-a1b2c")
    ('nhs_example_icb', 'nhs-official/dars-nic-1-a1b2c')
    """
    return slug if register == NHS_DATA_RELEASE.id else f"{register}/{slug}"


def register_and_slug(key: str) -> tuple[str, str]:
    """Return what `page_key` made *key* of.

    >>> register_and_slug("nhs_example_icb"), register_and_slug("nhs-official/dars-nic-1-a1b2c")
    (('nhs-data-release', 'nhs_example_icb'), ('nhs-official', 'dars-nic-1-a1b2c'))
    """
    register, _, slug = key.rpartition("/")
    return register or NHS_DATA_RELEASE.id, slug
