"""What a site adds to a markup, by name; with the design rule that says how it is read all the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.markups.shapes import Entry
from tests.markups.sites import bytes_of

Record = dict[str, Any]
FLOWING = ("plain", "mkdocs", "material", "hugo", "jekyll", "pandoc", "eleventy")
BUILT = ("react", "table", "definitions", "headings", "grid")
ALL_HTML = FLOWING + BUILT
EVERY = (*ALL_HTML, "plain_text")
COLONED = ("plain", "hugo", "eleventy", "react", "grid", "plain_text")


@dataclass(frozen=True)
class Decoration:
    """One thing that a site does; `reads` says how a record differs from the truth by it."""

    name: str
    rule: str
    style: dict[str, Any] = field(default_factory=dict)
    change: Callable[[str], str] | None = None
    encode: Callable[[str], bytes] | None = None
    generators: tuple[str, ...] = ALL_HTML
    reads: Callable[[Record, Entry], Record] | None = None


def _remainder(record: Record, line: str, *, first: bool = True) -> Record:
    lines = [line, record["remainder"]] if first else [record["remainder"], line]
    return {**record, "remainder": "\n".join(part for part in lines if part)}


def _remark(words: str) -> Callable[[Record, Entry], Record]:
    return lambda record, entry: _remainder(record, words)


def _more(hidden: int) -> Callable[[Record, Entry], Record]:
    """Return what "Show 2 more" does: the datasets are all there, the words belong to no field."""

    def reads(record: Record, entry: Entry) -> Record:
        return _remainder(record, f"Show {hidden} more", first=False) if len(record["datasets"]) > hidden else record

    return reads


def _behind(record: Record, entry: Entry) -> Record:
    """Return the record where the title stands behind the reference: a remark, rule 18; `Project N` says nothing."""
    return _remainder({**record, "title": None}, entry.title if entry.titled else "")


DECORATIONS = {
    one.name: one
    for one in (
        Decoration("minified", "16, 19", change=bytes_of.minify),
        Decoration("minified-no-end", "contract: refused pages", change=bytes_of.minify_all),
        Decoration("soft-hyphens", "19", change=bytes_of.soft_hyphens, generators=EVERY),
        Decoration("shy-entities", "19", change=bytes_of.soft_entities),
        Decoration("word-joiners", "19", change=bytes_of.word_joiners, generators=EVERY),
        Decoration("zero-width", "19", change=bytes_of.zero_width, generators=EVERY),
        Decoration("hard-hyphens", "19", change=bytes_of.hard_hyphens, generators=EVERY),
        Decoration("hard-spaces", "19", change=bytes_of.hard_spaces, generators=EVERY),
        Decoration("typographic", "4", change=bytes_of.typographic, generators=EVERY),
        Decoration("escaped-twice", "19", change=bytes_of.twice_escaped),
        Decoration("named-entities", "19", change=bytes_of.named_entities),
        Decoration("windows-1252", "19", encode=bytes_of.windows),
        Decoration("byte-order-mark", "19", encode=bytes_of.with_mark, generators=EVERY),
        Decoration("mojibake", "19", encode=bytes_of.mojibake),
        Decoration("navigation", "17", {"before": ("nav",)}),
        Decoration("side-bar", "17", {"before": ("nav", "sidebar")}),
        Decoration("banner", "17", {"before": ("banner",)}),
        Decoration("cookies", "17", {"before": ("cookie",)}),
        Decoration("updated-above", "17", {"head": ("updated",)}),
        Decoration("updated-below", "17", {"after": ("updated",)}),
        Decoration("build-stamp", "17", {"after": ("build",)}),
        Decoration("share-counter", "17", {"after": ("share",)}),
        Decoration("licence", "17", {"after": ("licence",)}),
        Decoration("back-link", "17", {"after": ("back",)}),
        Decoration(
            "whole-site",
            "17",
            {"before": ("cookie", "banner", "nav"), "after": ("back", "licence", "share", "build", "footer")},
        ),
        Decoration("contents", "16", {"contents": True}, generators=EVERY),
        Decoration("pilcrow", "18", {"anchor": "¶"}),
        Decoration("hash-anchor", "18", {"anchor": "#"}),
        Decoration("numbered", "18", {"numbered": True}),
        Decoration("badge-new", "18", {"badge": "New"}, reads=_remark("New")),
        Decoration("badge-closed", "18", {"badge": "(closed)"}, reads=_remark("(closed)")),
        Decoration("badge-tight", "18", {"badge": "New", "tight": True}, reads=_remark("New")),
        Decoration(
            "badge-line",
            "16",
            {"badge_line": "Updated this month"},
            generators=EVERY,
            reads=_remark("Updated this month"),
        ),
        Decoration("edit-link", "18", {"badge": "[edit]"}, reads=_remark("[edit]")),
        Decoration("reference-first", "18", {"order": "reference-first"}, reads=_behind),
        Decoration("reference-in-brackets", "18", {"order": "brackets"}),
        Decoration("dash-lost", "18", {"order": "no-dash"}),
        Decoration("sets-as-lists", "issue 13: what the markup keeps apart", {"sets": "list"}),
        Decoration("sets-as-chips", "issue 13: what the markup keeps apart", {"sets": "chips"}),
        Decoration("show-more", "16", {"folded": 2}, reads=_more(2)),
        Decoration("upper-labels", "19", {"upper": True}, generators=EVERY),
        Decoration("spaced-colons", "19", {"spaced_colon": True}, generators=COLONED),
        Decoration("emphasis-left", "19", {"emphasis": "**"}, generators=COLONED),
        Decoration("underscores-left", "19", {"emphasis": "__"}, generators=COLONED),
        Decoration("when-emphasis-left", "19", {"when_left": True}, generators=(*FLOWING, "plain_text")),
        Decoration("run-in-sections", "19", {"run_in": True}, generators=FLOWING),
        Decoration("collapsible-sections", "19", {"collapsible": True}, generators=FLOWING),
    )
}
