"""How much of a page went where: into fields, into the remainder, into the site's frame. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scraper.reading.blocks import leads_elsewhere
from scraper.reading.frame import frame_of, without_frame
from scraper.reading.lines import read_lines
from scraper.records import SECTIONS, RegisterPage


@dataclass(frozen=True, slots=True)
class Shares:
    """The words of a page, by what became of them; headings and labels count with the fields that they lead to."""

    words: int
    remainder: int
    frame: int

    @property
    def fields(self) -> int:
        """How many words are understood."""
        return max(self.words - self.remainder - self.frame, 0)

    def percent(self, words: int) -> int:
        """Return a number of *words* as a part of all.

        >>> Shares(200, 3, 20).percent(20)
        10
        """
        return round(100 * words / self.words) if self.words else 0


def shares_of(bodies: Sequence[bytes], pages: Sequence[RegisterPage], known: frozenset[str]) -> list[Shares]:
    """Return what became of the words of *pages*, which are of one site and were read out of *bodies*.

    Args:
        bodies: The pages as they came.
        pages: The same, read, the frame still in them.
        known: The frame that is known already, masked.
    """
    frame = frame_of(pages, known)
    return [_shares(body, page, without_frame(page, frame)) for body, page in zip(bodies, pages, strict=True)]


def _shares(body: bytes, page: RegisterPage, bare: RegisterPage) -> Shares:
    lines = read_lines(body, source=page.source).lines
    links = sum(_count(line.text) for line in lines if leads_elsewhere(line))
    return Shares(
        words=sum(_count(line.text) for line in lines),
        remainder=_count(bare.remainder) + sum(_count(one.remainder) for one in bare.agreements),
        frame=_owned(page) - _owned(bare) + links,
    )


def _owned(page: RegisterPage) -> int:
    texts = (getattr(one, name) for one in page.agreements for name in (*SECTIONS, "remainder"))
    return _count(page.remainder) + sum(map(_count, texts))


def _count(text: str | None) -> int:
    return len(text.split()) if text else 0
