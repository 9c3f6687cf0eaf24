"""What a site may do to any markup: how labels, headings and sets are printed, and what stands around the register.

A `Style` is a value that a generator is given beside the document; `decorations.py` names the styles that are tried.
"""
# ruff: noqa: E501  (markup that is broken into lines can no longer be held against the real thing)

from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from tests.markups.pools import ORGANISATIONS
from tests.markups.shapes import Document, Entry, Field, Names, Section

FIRST_NIGHT = date(2025, 1, 29)


@dataclass(frozen=True)
class Style:
    """How the site prints; the defaults are a site that adds nothing of its own."""

    night: int = 0
    upper: bool = False
    spaced_colon: bool = False
    emphasis: str = ""
    when_left: bool = False
    anchor: str = ""
    numbered: bool = False
    order: str = "dash"
    badge: str = ""
    badge_line: str = ""
    tight: bool = False
    contents: bool = False
    sets: str = "text"
    folded: int = 0
    run_in: bool = False
    collapsible: bool = False
    before: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def today(self) -> str:
        """Return the date of the night as a site writes it."""
        day = FIRST_NIGHT + timedelta(days=self.night)
        return f"{day.day} {day:%B %Y}"

    def label(self, label: str) -> str:
        """Return a label without its colon, in the site's case."""
        return escape(label.upper() if self.upper else label, quote=False)

    def marked(self, label: str) -> str:
        """Return a label with its colon, with the emphasis marks that a generator may leave."""
        text = f"{self.label(label)}{' ' if self.spaced_colon else ''}:"
        left = self.emphasis or ("**" if self.when_left and label == "When" else "")
        return f"{left}{text}{left}"

    def heading(self, entry: Entry, place: tuple[int, int]) -> str:
        """Return an agreement's heading, escaped; *place* is its number on the page and how many there are."""
        number = f"1.{place[0]} " if self.numbered and place[1] > 1 else ""
        text = escape(f"{number}{self._ordered(entry)}{' ' + entry.remark if entry.remark else ''}", quote=False)
        badge = f'{"" if self.tight else " "}<span class="badge">{self.badge}</span>' if self.badge else ""
        return text + badge + self.permalink(entry.reference)

    def _ordered(self, entry: Entry) -> str:
        forms = {
            "dash": "{title} — {reference}",
            "reference-first": "{reference} — {title}" if entry.titled else "{reference}",
            "brackets": "{title} ({reference})",
            "no-dash": "{title} {reference}",
        }
        return forms[self.order].format(title=entry.title, reference=entry.reference)

    def permalink(self, target: str) -> str:
        """Return the anchor that a generator puts behind a heading."""
        return (
            f'<a class="headerlink" href="#{target.lower()}" title="Permanent link">{self.anchor}</a>'
            if self.anchor
            else ""
        )

    def entries(self, document: Document) -> list[tuple[Entry, tuple[int, int]]]:
        """Return the agreements with their place on the page."""
        return [(entry, (n, len(document.entries))) for n, entry in enumerate(document.entries, 1)]


def text(value: str) -> str:
    """Return a value as text of a page."""
    return escape(value, quote=False)


def gap(label: str) -> str:
    """Return what stands between a label's colon and its value: the site leaves no space behind `When:`."""
    return "" if label == "When" else " "


def items(names: tuple[str, ...], style: Style, *, tag: str = "ul") -> str:
    """Return a list, or chips; the last ones behind a "show more" if the style folds them."""
    if style.sets == "chips":
        return '<div class="chips">' + " ".join(f'<span class="chip">{text(name)}</span>' for name in names) + "</div>"
    shown = names[: len(names) - style.folded] if style.folded and len(names) > style.folded else names
    hidden = names[len(shown) :]
    more = f"<details><summary>Show {len(hidden)} more</summary>{_plain(hidden, tag)}</details>" if hidden else ""
    return _plain(shown, tag) + more


def _plain(names: tuple[str, ...], tag: str) -> str:
    return f"<{tag}>\n" + "".join(f"<li>{text(name)}</li>\n" for name in names) + f"</{tag}>\n"


def value(field: Field, style: Style) -> str:
    """Return a field's value: one text, or its parts where the style keeps them apart."""
    return text(field.text) if style.sets == "text" or len(field.parts) < 2 else items(field.parts, style)


def apart(field: Field, style: Style) -> bool:
    """Return whether the value is a block of its own."""
    return style.sets != "text" and len(field.parts) > 1


def blocks(section: Section) -> str:
    """Return a section's paragraphs and lists."""
    written = []
    for block in section.blocks:
        tag = "ol" if block.numbered else "ul"
        written.append(_plain(block.items, tag) if block.items else f"<p>{text(block.text)}</p>\n")
    return "".join(written)


def names_list(names: Names, style: Style) -> str:
    """Return the datasets; an empty list is a heading with nothing under it."""
    return items(names.names, style) if names.names else ""


def contents(document: Document, style: Style) -> str:
    """Return the list of contents: the titles, with the site's mark of what it counts as system access."""
    if not style.contents:
        return ""
    marks = [
        '<li><a href="#{}">{}{}</a></li>'.format(
            entry.reference.lower(), text(entry.title), text(' (partially via "system access")') if n % 3 == 1 else ""
        )
        for n, entry in enumerate(document.entries)
    ]
    return '<nav class="toc"><ul>' + "\n".join(marks) + "</ul></nav>"


# What sites put around their content; {today} and the counters change every night.
CHROME = {
    "banner": '<div class="alert" role="status">This service is in beta: your feedback will help us to improve it.</div>',
    "cookie": '<div id="cookies"><p>We use some essential cookies to make this website work.</p>'
    "<button>Accept additional cookies</button> <button>Reject additional cookies</button></div>",
    "nav": '<nav class="site"><a href="/">Home</a> <a href="/organisations/">Organisations</a> '
    '<a href="/about/">About</a></nav>',
    "sidebar": '<aside class="sidebar"><p>All organisations</p><ul>'
    + "".join(f'<li><a href="/organisations/{n}/">{text(name)}</a></li>' for n, name in enumerate(ORGANISATIONS))
    + "</ul></aside>",
    "updated": "<p class=meta>Last updated {today}</p>",
    "build": "<p><small>Built on {today} at 03:{minute:02d} by site-builder 4.{night}.1</small></p>",
    "share": "<p>Shared {shares} times</p>",
    "licence": "<p>Contains public sector information licensed under the Open Government Licence v3.0.</p>",
    "back": '<p><a href="/organisations/">Back to all organisations</a></p>',
    "footer": "<footer><p>© 2025 The people who keep this site</p><p>Contact us</p></footer>",
}


def chrome(names: tuple[str, ...], style: Style) -> str:
    """Return the named pieces of the site's frame as they stand tonight."""
    numbers = {"today": style.today(), "minute": 7 + style.night, "night": style.night, "shares": 17 + 5 * style.night}
    return "".join(CHROME[name].format(**numbers) + "\n" for name in names)
