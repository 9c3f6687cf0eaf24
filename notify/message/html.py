"""A digest as HTML: one column, layout tables, every style inline; the style block only swaps colours in the dark."""

from collections.abc import Hashable
from functools import cache
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup

from diff.saying.english import moment
from notify.drawing import new_environment
from notify.message.parts import Row
from notify.message.words import Words

UNBROKEN = 15
"""Characters of a value that stays on one line."""

DrawnHtml = dict[Hashable, Markup]
"""Rows drawn before, by their keys."""


def draw_html(words: Words, drawn: DrawnHtml) -> str:
    """Return the whole HTML of a digest."""

    def row_html(row: Row) -> Markup:
        if row.key is None:
            return _row(row)
        if row.key not in drawn:
            drawn[row.key] = _row(row)
        return drawn[row.key]

    return _environment().get_template("mail.html").render(words=words, row_html=row_html)


def _row(row: Row) -> Markup:
    return Markup(_environment().get_template("mail_change.html").render(row=row))  # escaped by the template


@cache
def _environment() -> Environment:
    environment = new_environment()
    environment.filters["moment"] = moment
    environment.filters["address_part"] = lambda text: quote(text, safe="@")
    environment.globals["UNBROKEN"] = UNBROKEN
    return environment
