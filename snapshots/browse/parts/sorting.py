"""Orders in which a table may be had, each under an address: a line of links above it, which needs no script.

The first of them is the order in which the rows come; what a row does not have stands last in every order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from diff.saying.english import listed
from snapshots.browse.app.request import BadAddressError, QueryWords

Sorted = TypeVar("Sorted")


class Order(NamedTuple):
    """One order of a table."""

    words: str
    """As its link says it: "by printed end"."""
    by: Callable[[Any], Any] | None = None
    """What of a row it goes by; None leaves the rows as they come."""
    most_first: bool = False


class SortLink(NamedTuple):
    """A link to an order."""

    words: str
    address: str
    current: bool


def sort_asked(words: QueryWords, orders: Mapping[str, Order]) -> str:
    """Return the name of the order that an address asks for; the empty one where it asks for none.

    Raises:
        BadAddressError: There is no such order.
    """
    if (sort := words.one("sort")) not in orders:
        there_are = listed(key for key in orders if key)
        raise BadAddressError(f"A table can be sorted by {there_are}, not by “{sort}”.")
    return sort


def in_order(rows: Sequence[Sorted], order: Order) -> list[Sorted]:
    """Return *rows* in an order.

    >>> in_order([{"end": "2027"}, {"end": None}, {"end": "2026"}], Order("by printed end", lambda row: row["end"]))
    [{'end': '2026'}, {'end': '2027'}, {'end': None}]
    """
    by = order.by
    if by is None:
        return list(rows)
    having = [row for row in rows if by(row) not in (None, "")]
    without = [row for row in rows if by(row) in (None, "")]
    return sorted(having, key=by, reverse=order.most_first) + without


def sort_links(orders: Mapping[str, Order], sort: str, to: Callable[[str], str]) -> list[SortLink]:
    """Return a link to each order; *to* returns the address of one."""
    return [SortLink(order.words, to(key), key == sort) for key, order in orders.items()]
