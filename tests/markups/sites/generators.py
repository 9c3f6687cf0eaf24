"""Eight generators whose pages flow: MkDocs, Material, Hugo, Jekyll, Pandoc, Eleventy, the plain site and plain text.

Each is a pure function from a document and a style to a page; none adds a word to the register that it does not say.
"""
# ruff: noqa: E501  (markup that is broken into lines can no longer be held against the real thing)

from tests.markups.shapes import SITE, Document, Entry, Field, Item, Line, Names, Section
from tests.markups.sites.style import (
    Style,
    apart,
    blocks,
    chrome,
    contents,
    gap,
    names_list,
    text,
    value,
)


def paragraphs(item: Item, style: Style, *, bold: str = "strong", section: str = "h3") -> str:
    """Return an item as a Markdown writer would have it: bold labels, sections under headings or bold lines."""
    match item:
        case Field(label):
            return _field(item, style, bold)
        case Names(label):
            return f"{_title(label, style, bold, section)}{names_list(item, style)}"
        case Section(label):
            return _prose(item, style, bold, section)
        case Line(words):
            return f"<p>{text(words)}</p>\n"


def _field(field: Field, style: Style, bold: str) -> str:
    label = style.marked(field.label)
    shown = label if label.startswith("**When") else f"<{bold}>{label}</{bold}>"
    if apart(field, style):
        return f"<p>{shown}</p>\n{value(field, style)}"
    return f"<p>{shown}{gap(field.label) if field.text else ''}{value(field, style)}</p>\n"


def _title(label: str, style: Style, bold: str, section: str) -> str:
    if section == "p":
        return f"<p><{bold}>{style.marked(label)}</{bold}></p>\n"
    return (
        f'<{section} id="{label.lower().replace(" ", "-")}">{style.label(label)}{style.permalink(label)}</{section}>\n'
    )


def _prose(section: Section, style: Style, bold: str, level: str) -> str:
    if style.run_in and section.blocks and section.blocks[0].text:
        first, *rest = section.blocks
        opening = f"<p><{bold}>{style.marked(section.label)}</{bold}> {text(first.text)}</p>\n"
        return opening + blocks(Section(section.label, tuple(rest)))
    if style.collapsible:
        return f"<details open><summary>{style.marked(section.label)}</summary>{blocks(section)}</details>\n"
    return _title(section.label, style, bold, level) + blocks(section)


def body(document: Document, style: Style, *, level: str = "h2", bold: str = "strong", section: str = "h3") -> str:
    """Return the content behind the page's heading: its lines, then its agreements."""
    written = [chrome(style.head, style), contents(document, style)]
    written += [f"<p>{text(line)}</p>\n" for line in document.lines]
    for entry, place in style.entries(document):
        written.append(f'<{level} id="{entry.reference.lower()}">{style.heading(entry, place)}</{level}>\n')
        written.append(badge_line(style))
        written += [paragraphs(item, style, bold=bold, section=section) for item in entry.items]
    return "".join(written)


def badge_line(style: Style) -> str:
    """Return a badge that stands as a line of its own below a heading."""
    return f'<div class="badge">{style.badge_line}</div>\n' if style.badge_line else ""


def head(title: str, *more: str) -> str:
    """Return a page's start."""
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{text(title)}</title>\n{"".join(more)}</head>\n'


def plain(document: Document, style: Style) -> str:
    """The site as it is now, as far as its saved pages show: headings, paragraphs, a numbered list."""
    return (
        f"{head(document.heading)}<body>\n{chrome(style.before, style)}<p>{SITE}</p>\n<h1>{text(document.heading)}</h1>\n"
        f"{body(document, style, section='p')}{chrome(style.after, style)}</body>\n</html>\n"
    )


def mkdocs(document: Document, style: Style) -> str:
    """MkDocs with its default theme: a navbar, a side bar with the headings, two modal dialogs behind the content."""
    return (
        f"{head(document.heading, '<link href=../css/base.css rel=stylesheet>')}<body>\n{chrome(style.before, style)}"
        f'<div class="navbar fixed-top"><div class="container"><a class="navbar-brand" href="..">{SITE}</a>'
        '<ul class="nav navbar-nav"><li class="nav-item"><a class="nav-link" href="..">Home</a></li></ul></div></div>\n'
        '<div class="container"><div class="row"><div class="col-md-9" role="main">\n'
        f'<h1 id="page">{text(document.heading)}{style.permalink("page")}</h1>\n{body(document, style)}'
        f"{chrome(style.after, style)}</div></div></div>\n<footer class=col-md-12><hr><p>Documentation built with "
        '<a href="https://www.mkdocs.org/">MkDocs</a>.</p></footer>\n<script src="../js/base.js"></script>\n'
        '<div class="modal" id="mkdocs_search_modal"><h4 class="modal-title">Search</h4><p>From here you can search these '
        'documents. Enter your search terms below.</p></div>\n<div class="modal"><h4>Keyboard Shortcuts</h4><table><thead>'
        "<tr><th>Keys</th><th>Action</th></tr></thead><tbody><tr><td><kbd>?</kbd></td><td>Open this help</td></tr>"
        "</tbody></table></div>\n</body>\n</html>\n"
    )


def material(document: Document, style: Style) -> str:
    """Material for MkDocs: header, drawer, contents in a second side bar before the article, "Back to top" behind it."""
    listed = "".join(
        f'<li class="md-nav__item"><a href="#{entry.reference.lower()}" class="md-nav__link"><span class="md-ellipsis">'
        f"{text(entry.heading())}</span></a></li>\n"
        for entry in document.entries
    )
    return (
        f'{head(document.heading)}<body dir="ltr" data-md-color-scheme="default">\n{chrome(style.before, style)}'
        '<a href="#page" class="md-skip">Skip to content</a>\n<header class="md-header"><nav class="md-header__inner">'
        f'<div class="md-header__title"><span class="md-ellipsis">{SITE}</span></div><label class="md-header__button">'
        "<svg><path d='M9.5 3A6.5'/></svg></label></nav></header>\n"
        '<div class="md-container"><main class="md-main"><div class="md-sidebar md-sidebar--secondary"><nav class="md-nav '
        f'md-nav--secondary" aria-label="Table of contents"><label>Table of contents</label><ul>{listed}</ul></nav></div>'
        f'<div class="md-content"><article class="md-content__inner md-typeset">\n<h1 id="page">{text(document.heading)}'
        f"{style.permalink('page')}</h1>\n{body(document, style)}{chrome(style.after, style)}</article></div>"
        '<button type="button" class="md-top md-icon" hidden>Back to top</button></main>\n<footer class="md-footer">'
        '<div class="md-copyright">Made with <a href="https://squidfunk.github.io/mkdocs-material/">Material for MkDocs'
        "</a></div></footer></div>\n<script>var __md_scope=new URL('..',location)</script></body>\n</html>\n"
    )


def hugo(document: Document, style: Style) -> str:
    """Hugo with a blog theme: a date under the title, section labels as bold lines."""
    return (
        f'{head(document.heading, "<meta name=generator content=Hugo>")}<body class="ma0">\n{chrome(style.before, style)}'
        f'<header class="cover"><nav><a href="/" class="f3">{SITE}</a></nav></header>\n<main class="pb7" role="main">'
        f'<article class="flex-l"><header class="mt4"><h1 class="f1">{text(document.heading)}</h1></header>\n'
        f'<div class="nested-copy-line-height">{body(document, style, section="p")}{chrome(style.after, style)}</div>'
        "</article></main>\n<footer class=bg-black><a href=/>© The people who keep this site</a></footer>\n</body>\n</html>\n"
    )


def jekyll(document: Document, style: Style) -> str:
    """Jekyll with Minima: kramdown's ids, sections one level down, a footer with three columns."""
    return (
        f"{head(document.heading)}<body><header class='site-header'><div class='wrapper'><a class='site-title' rel='author' "
        f"href='/'>{SITE}</a><nav class='site-nav'><a class='page-link' href='/about/'>About</a></nav></div></header>"
        f"{chrome(style.before, style)}<main class='page-content' aria-label='Content'><div class='wrapper'><article "
        f"class='post'>\n<header class='post-header'><h1 class='post-title'>{text(document.heading)}</h1></header>\n"
        f"<div class='post-content'>\n{body(document, style, level='h3', section='h4')}{chrome(style.after, style)}</div>\n"
        "</article></div></main><footer class='site-footer h-card'><div class='footer-col'><ul class='contact-list'><li>"
        "The people who keep this site</li></ul></div><div class='footer-col'><p>A register, reformatted.</p></div></footer>\n"
        "</body>\n\n</html>\n"
    )


def pandoc(document: Document, style: Style) -> str:
    """Pandoc, html5, standalone: a title block, sections as elements around their headings, typographic quotes."""
    sections = []
    for entry, place in style.entries(document):
        inner = badge_line(style) + "".join(paragraphs(item, style, section="h3") for item in entry.items)
        title = style.heading(entry, place)
        sections.append(
            f'<section id="{entry.reference.lower()}" class="level2">\n<h2>{title}</h2>\n{inner}</section>\n'
        )
    lines = "".join(f"<p>{text(line)}</p>\n" for line in document.lines)
    return (
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="" xml:lang="">\n<head>\n  <meta charset="utf-8" '
        f"/>\n  <title>{text(document.heading)}</title>\n  <style>\n    body {{ max-width: 36em; }}\n  </style>\n</head>\n<body>\n"
        f'{chrome(style.before, style)}<header id="title-block-header">\n<h1 class="title">{text(document.heading)}</h1>\n'
        f"</header>\n{chrome(style.head, style)}{contents(document, style)}{lines}{''.join(sections)}"
        f"{chrome(style.after, style)}</body>\n</html>\n"
    )


def eleventy(document: Document, style: Style) -> str:
    """An Eleventy-like template: the header of an agreement is one paragraph whose lines end in `<br>`."""
    written = []
    for entry, place in style.entries(document):
        written.append(f"<h2>{style.heading(entry, place)}</h2>\n{badge_line(style)}{_broken(entry, style)}")
        written += [paragraphs(item, style, bold="b", section="p") for item in entry.items if _is_late(item)]
    lines = "".join(f"<p>{text(line)}</p>\n" for line in document.lines)
    return (
        f"{head(document.heading)}<body>\n{chrome(style.before, style)}<a href=/>{SITE}</a>\n<main>\n<h1>"
        f"{text(document.heading)}</h1>\n{chrome(style.head, style)}{contents(document, style)}{lines}{''.join(written)}"
        f"{chrome(style.after, style)}</main>\n</body>\n</html>\n"
    )


def _is_late(item: Item) -> bool:
    return isinstance(item, Names | Section)


def _broken(entry: Entry, style: Style) -> str:
    """Return the lines before the datasets, broken by `<br>`; a list ends the paragraph."""
    early = [item for item in entry.items if not _is_late(item)]
    if style.sets != "text":
        return "".join(paragraphs(item, style, bold="b", section="p") for item in early)
    lines = [_one_line(item, style) for item in early]
    return "<p>" + "<br>\n".join(lines) + "</p>\n"


def _one_line(item: Item, style: Style) -> str:
    return (
        text(item.text)
        if isinstance(item, Line)
        else f"<b>{style.marked(item.label)}</b>{gap(item.label)}{text(item.text)}"
    )


def plain_text(document: Document, style: Style) -> str:
    """A page saved as text: no blank lines, datasets behind dashes."""
    lines = [SITE, document.heading]
    lines += [f"- {entry.title}" for entry in document.entries] if style.contents else []
    lines += document.lines
    for entry in document.entries:
        lines += [entry.heading(), *([style.badge_line] if style.badge_line else [])]
        lines += [line for item in entry.items for line in _text_lines(item, style)]
    return "\n".join(lines) + "\n"


def _text_lines(item: Item, style: Style) -> list[str]:
    match item:
        case Field(label, words):
            return [f"{style.marked(label)}{gap(label)}{words}".rstrip()]
        case Names(label, names):
            return [style.marked(label), *(f"- {name}" for name in names)]
        case Section(label, written):
            marks = [
                f"{n}. " if block.numbered else "- " if block.items else ""
                for block in written
                for n, _ in enumerate(block.lines(), 1)
            ]
            texts = [line for block in written for line in block.lines()]
            return [style.marked(label), *(mark + line for mark, line in zip(marks, texts, strict=True))]
        case Line(words):
            return [words]
