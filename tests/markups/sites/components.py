"""Generators whose pages are built of parts: React, tables, definition lists, headings for labels, a grid."""
# ruff: noqa: E501  (markup that is broken into lines can no longer be held against the real thing)

from tests.markups.shapes import SITE, Document, Entry, Field, Item, Line, Names, Section
from tests.markups.sites.generators import badge_line, head
from tests.markups.sites.style import Style, apart, blocks, chrome, contents, gap, names_list, text, value


def _page(document: Document, style: Style, content: str, *, around: tuple[str, str] = ("<main>", "</main>")) -> str:
    lines = "".join(f"<p>{text(line)}</p>\n" for line in document.lines)
    return (
        f"{head(document.heading)}<body>\n{chrome(style.before, style)}<div class=brand>{SITE}</div>\n{around[0]}<h1>"
        f"{text(document.heading)}</h1>\n{chrome(style.head, style)}{contents(document, style)}{lines}{content}"
        f"{chrome(style.after, style)}{around[1]}\n</body>\n</html>\n"
    )


def react(document: Document, style: Style) -> str:
    """A page rendered by components: nothing but `div` and `span`, hashed class names, texts split by comments."""
    entries = "".join(
        f'<div class="Card_root__x1Yz2"><div class="Card_title__q9" role="heading" aria-level="2">'
        f'<span>{style.heading(entry, place)}</span></div>{badge_line(style)}<div class="Card_body__k3">'
        + "".join(_component(item, style) for item in entry.items)
        + "</div></div>"
        for entry, place in style.entries(document)
    )
    lines = "".join(
        f'<div class="Text_p__7"><span>{text(line).replace(" data", "<!-- --> data")}</span></div>'
        for line in document.lines
    )
    return (
        f'{head(document.heading)}<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root">'
        f'{chrome(style.before, style)}<div class="App_bar__1"><span>{SITE}</span></div><div class="App_main__2"><div '
        f'class="Title_h__5" role="heading" aria-level="1"><span>{text(document.heading)}</span></div>'
        f"{chrome(style.head, style)}{contents(document, style)}{lines}{entries}{chrome(style.after, style)}</div></div>"
        '<script id="__DATA__" type="application/json">{"build":"aa11"}</script></body></html>'
    )


def _component(item: Item, style: Style) -> str:
    match item:
        case Field(label):
            label = f'<span class="Row_label__3">{style.marked(label)}</span>'
            shown = (
                value(item, style)
                if apart(item, style)
                else f'<span class="Row_value__8">{gap(item.label)}{text(item.text)}</span>'
            )
            return f'<div class="Row_root__4">{label}{shown}</div>'
        case Names(label):
            return f'<div class="List_root__6"><div class="List_label__1">{style.marked(label)}</div>{names_list(item, style)}</div>'
        case Section(label):
            inner = blocks(item).replace("<p>", '<div class="Text_p__7">').replace("</p>", "</div>")
            return f'<div class="Prose_root__2"><div class="Prose_label__1"><span>{style.marked(label)}</span></div>{inner}</div>'
        case Line(words):
            return f'<div class="Text_p__7"><span>{text(words)}</span></div>'


def table(document: Document, style: Style) -> str:
    """A table for each agreement: the label in a row heading without a colon, the value beside it, sections too."""
    entries = "".join(
        f"<h2>{style.heading(entry, place)}</h2>\n{badge_line(style)}<table class=govuk-table><tbody>\n"
        + "".join(_row(item, style) for item in entry.items)
        + "</tbody></table>\n"
        for entry, place in style.entries(document)
    )
    return _page(document, style, entries)


def _row(item: Item, style: Style) -> str:
    match item:
        case Field(label):
            return f'<tr><th scope="row">{style.label(label)}</th><td>{value(item, style)}</td></tr>\n'
        case Names(label):
            return f'<tr><th scope="row">{style.label(label)}</th><td>{names_list(item, style)}</td></tr>\n'
        case Section(label):
            return f'<tr><th scope="row">{style.label(label)}</th><td>{blocks(item)}</td></tr>\n'
        case Line(words):
            return f"<tr><td colspan=2>{text(words)}</td></tr>\n"


def definitions(document: Document, style: Style) -> str:
    """A definition list for each agreement: terms without a colon, one `dd` for each dataset."""
    entries = "".join(
        f"<h2>{style.heading(entry, place)}</h2>\n{badge_line(style)}{_definitions(entry, style)}"
        for entry, place in style.entries(document)
    )
    return _page(document, style, entries)


def _definitions(entry: Entry, style: Style) -> str:
    # A line of no label is no definition: as another `dd` it would be a second value of the term before it.
    pairs = "".join(_definition(item, style) for item in entry.items)
    return f"<dl>\n{pairs}</dl>\n".replace("<dl>\n</dl>\n", "")


def _definition(item: Item, style: Style) -> str:
    match item:
        case Field(label) if apart(item, style):
            return f"<dt>{style.label(label)}</dt>" + "".join(f"<dd>{text(part)}</dd>" for part in item.parts) + "\n"
        case Field(label):
            return f"<dt>{style.label(label)}</dt><dd>{text(item.text)}</dd>\n"
        case Names(label, names):
            listed = f"<dd>{names_list(item, style)}</dd>" if style.sets == "chips" or style.folded else ""
            return f"<dt>{style.label(label)}</dt>{listed or ''.join(f'<dd>{text(name)}</dd>' for name in names)}\n"
        case Section(label):
            return f"<dt>{style.label(label)}</dt><dd>{blocks(item)}</dd>\n"
        case Line(words):
            return f"</dl>\n<p>{text(words)}</p>\n<dl>\n"


def headings(document: Document, style: Style) -> str:
    """Every label is a heading without a colon, its value a paragraph or a list below it."""
    entries = "".join(
        f"<article><h2>{style.heading(entry, place)}</h2>\n{badge_line(style)}"
        + "".join(_headed(item, style) for item in entry.items)
        + "</article>\n"
        for entry, place in style.entries(document)
    )
    return _page(document, style, entries)


def _headed(item: Item, style: Style) -> str:
    match item:
        case Field(label):
            return f"<h4>{style.label(label)}</h4>\n" + (
                value(item, style) if apart(item, style) else f"<p>{text(item.text)}</p>\n"
            )
        case Names(label):
            return f"<h3>{style.label(label)}</h3>\n{names_list(item, style)}"
        case Section(label):
            return f"<h3>{style.label(label)}</h3>\n{blocks(item)}"
        case Line(words):
            return f"<p>{text(words)}</p>\n"


def grid(document: Document, style: Style) -> str:
    """Columns of a style sheet's grid: the label, with its colon, in one `div`, the value in the next."""
    entries = "".join(
        f'<div class="panel panel-default"><div class="panel-heading"><h3 class="panel-title">{style.heading(entry, place)}'
        f'</h3></div>{badge_line(style)}<div class="panel-body">'
        + "".join(_columns(item, style) for item in entry.items)
        + "</div></div>\n"
        for entry, place in style.entries(document)
    )
    return _page(document, style, entries, around=('<div class="container">', "</div>"))


def _columns(item: Item, style: Style) -> str:
    match item:
        case Field(label):
            return f'<div class="row"><div class="col-3">{style.marked(label)}</div><div class="col-9">{value(item, style)}</div></div>\n'
        case Names(label):
            return f'<div class="row"><div class="col-3">{style.marked(label)}</div><div class="col-9">{names_list(item, style)}</div></div>\n'
        case Section(label):
            return f'<div class="row"><div class="col-3">{style.marked(label)}</div><div class="col-9">{blocks(item)}</div></div>\n'
        case Line(words):
            return f'<div class="row"><div class="col-12">{text(words)}</div></div>\n'
