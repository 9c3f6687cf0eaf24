"""Markups that no rule foresees: the reader may say that it does not understand, and may not guess.

Each is something a site has been seen to do to such lists. A good answer is the right one, a refusal, or fields that
are null with a notice that names them and their text in the remainder.
"""

import re

from tests.markups.shapes import Document, Field, Names, Section
from tests.markups.sites.generators import head, plain
from tests.markups.sites.style import Style, blocks, names_list, text


def bold_labels(document: Document, style: Style) -> str:
    """Labels in bold without a colon, run into their value: nothing makes them a heading or a term."""
    return re.sub(r"<strong>([^<]*):</strong>\s*", r"<strong>\1</strong> ", plain(document, style))


def columns(document: Document, style: Style) -> str:
    """One table for the page, a row for each agreement: the labels stand once, on top."""
    labels = [item.label for item in document.entries[0].items if isinstance(item, Field)]
    rows = []
    for entry in document.entries:
        shown = {item.label: text(item.text) for item in entry.items if isinstance(item, Field)}
        prose = "".join(f"<h4>{item.label}</h4>{blocks(item)}" for item in entry.items if isinstance(item, Section))
        names = "".join(names_list(item, style) for item in entry.items if isinstance(item, Names))
        cells = "".join(f"<td>{shown.get(label, '')}</td>" for label in labels)
        rows.append(f"<tr><td>{text(entry.heading())}</td>{cells}<td>{names}</td><td>{prose}</td></tr>\n")
    top = "".join(f"<th>{label}</th>" for label in ("Agreement", *labels, "Datasets", "Text"))
    lines = "".join(f"<p>{text(line)}</p>" for line in document.lines)
    return (
        f"{head(document.heading)}<body><h1>{text(document.heading)}</h1>{lines}<table><thead><tr>{top}</tr></thead><tbody>"
        f"{''.join(rows)}</tbody></table></body></html>\n"
    )


def value_first(document: Document, style: Style) -> str:
    """Cards that print the value large and its label below it."""
    return re.sub(
        r"<p><strong>([^<]*):</strong>\s*([^<]+)</p>",
        r'<div class="big">\2</div><div class="small">\1</div>',
        plain(document, style),
    )


def printed_twice(document: Document, style: Style) -> str:
    """A page for wide and narrow screens: every header line stands twice, one of them hidden by a style sheet."""
    return re.sub(
        r"(<p)(><strong>[^<]*:</strong>[^<]+</p>\n)", r'\1 class="wide"\2\1 class="narrow"\2', plain(document, style)
    )


def renamed_labels(document: Document, style: Style) -> str:
    """The site calls two fields by other names."""
    return (
        plain(document, style)
        .replace("Legal basis:", "Lawful basis:")
        .replace("Access method:", "How data are accessed:")
    )


def british_dates(document: Document, style: Style) -> str:
    """Terms are printed as 01/04/2021."""
    page = re.sub(
        r"runs (\d{4})-(\d\d)-(\d\d) — (\d{4})-(\d\d)-(\d\d)", r"runs \3/\2/\1 — \6/\5/\4", plain(document, style)
    )
    return re.sub(r"runs (\d{4})-(\d\d) – (\d{4})-(\d\d)", r"runs \2/\1 – \4/\3", page)


def dates_in_words(document: Document, style: Style) -> str:
    """Terms are printed as "from 2021-04-01 until 2024-03-31"."""
    return re.sub(r"DSA runs (\d[\d-]+) [—–] (\d[\d-]+)", r"DSA in force from \1 until \2", plain(document, style))


def negated_words(document: Document, style: Style) -> str:
    """`Sensitive` is answered by sentences that are no value of it."""
    return re.sub(r"(Sensitive:</strong>) [^<]+<", r"\1 See the data catalogue<", plain(document, style))


GENERATORS = {
    function.__name__: function
    for function in (
        bold_labels,
        columns,
        value_first,
        printed_twice,
        renamed_labels,
        british_dates,
        dates_in_words,
        negated_words,
    )
}
