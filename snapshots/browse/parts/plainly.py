"""An agreement in a few plain sentences: who is listed with what, what type of data, on which basis, until when.

Every word is one of the register's facts, quoted where it is an answer (rule 15): nothing is concluded, not even that
a term has passed. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence

from diff.saying.english import day, number, number_of
from scraper.names.fold import fold
from scraper.names.legal_families import spell_out
from scraper.reading.values import is_type_of_data
from scraper.records import Agreement
from scraper.text import cut, one_line
from snapshots.browse.app import addresses

Piece = str | tuple[str, str]
"""Words, or words with the address that they lead to."""

NAMED = 3
"""Names that are spelled out; of more it is said how many more there are."""
LONGEST = 120


def plainly(
    record: Agreement,
    organisation: tuple[str, str],
    datasets: Sequence[tuple[str, str]],
    *,
    gone: bool,
    as_of: str,
    official: str = "",
) -> list[Piece]:
    """Return what a page says of an agreement, as pieces of a few sentences.

    Args:
        record: What it prints.
        organisation: Whose page it is: name and address.
        datasets: Name and address of each dataset that it lists.
        gone: Whether that is what was printed last.
        as_of: The time that was asked for; empty for now.
        official: What the official register says of its term, in a few words; empty where it holds no version.
    """
    prints = "printed" if gone else "prints"
    return [
        f"As read by {day(as_of)}, " if as_of else "",
        organisation,
        f" {'was' if gone else 'is'} listed with ",
        *_datasets(record, datasets),
        *_controllers(record, organisation[0], gone=gone),
        ". ",
        _type(record, prints, "called" if gone else "calls"),
        *_bases(record, prints, "cited" if gone else "cites"),
        _term(record, "ran" if gone else "runs", official),
        _answers(record, prints),
    ]


def _datasets(record: Agreement, datasets: Sequence[tuple[str, str]]) -> Iterator[Piece]:
    if record.datasets is None:
        yield "an agreement without a list of datasets"
        return
    yield number_of(len(datasets), "dataset", capital=False)
    if datasets:
        yield ": "
        yield from _listed(datasets)


def _controllers(record: Agreement, organisation: str, *, gone: bool) -> Iterator[Piece]:
    others = [one_line(name) for name in record.controllers or ()]
    if others and [fold(name) for name in others] != [fold(organisation)]:
        yield f"; {'it named' if gone else 'it names'} "
        yield from _listed(cut(name, LONGEST) for name in others)
        yield f" as data controller{'s' if len(others) > 1 else ''}"


def _type(record: Agreement, prints: str, calls: str) -> str:
    """Return what type of data it is, and where older layouts print it: among the opt-outs."""
    own, among = _quoted(record.type_of_data or ()), _quoted(filter(is_type_of_data, record.opt_outs or ()))
    sensitive = _quoted(record.sensitivity or ())
    if own or among:
        printed = f"As type of data the page {prints} {own}" if own else f"Among the opt-outs the page {prints} {among}"
        where = f", and {among} among the opt-outs" if own and among else "" if own else ", a type of data"
        called = f", and {calls} the data {sensitive}" if sensitive else ""
        return f"{printed}{where}{called}. "
    called = f"; it {calls} the data {sensitive}" if sensitive else ""
    return f"Which type of data it is the page does not say{called}. "


def _bases(record: Agreement, prints: str, cites: str) -> Iterator[Piece]:
    if not record.legal_bases:
        yield f"It {prints} no legal basis. "
        return
    yield f"It {cites} "
    yield from _listed(
        (cut(one_line(spell_out(basis.id, basis.printed)), LONGEST), addresses.legal_basis(basis.id))
        for basis in record.legal_bases
    )
    yield ". "


def _term(record: Agreement, runs: str, official: str) -> str:
    printed = f"The printed term {runs} to {day(record.dsa_end)}" if record.dsa_end else "It names no end of its term"
    if official:
        return f"{printed}; {official}. "
    if not record.dsa_end:
        return f"{printed}. "
    return f"The printed term, that of the first version the page holds, {runs} to {day(record.dsa_end)}. "


def _answers(record: Agreement, prints: str) -> str:
    answers = [value for value in record.opt_outs or () if not is_type_of_data(value)]
    opt_outs = f"Of opt-outs honoured it {prints} {_quoted(answers) or 'nothing'}"
    commercial = f"of a commercial purpose {_quoted(record.commercial or ()) or 'nothing'}"
    pooled = ": the answers of all its versions" if max(len(answers), len(record.commercial or ())) > 1 else ""
    return f"{opt_outs}, {commercial}{pooled}."


def _quoted(values: Iterable[str]) -> str:
    """Return answers as they are printed.

    >>> _quoted(["No", "Yes"])
    '“No” and “Yes”'
    """
    return "".join(str(one) for one in _listed(f"“{cut(one_line(value), LONGEST)}”" for value in values))


def _listed(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the first few pieces with commas and an "and" between them, and how many more there are."""
    every = list(pieces)
    shown: list[Piece] = every if len(every) <= NAMED + 1 else [*every[:NAMED], f"{number(len(every) - NAMED)} more"]
    for n, piece in enumerate(shown):
        if n:
            yield " and " if n == len(shown) - 1 else ", "
        yield piece
