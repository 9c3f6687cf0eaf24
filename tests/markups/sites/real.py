"""The real programs: the register is written as Markdown, and MkDocs, Hugo, Jekyll or Pandoc makes the pages.

Each is looked for on the PATH; `build` raises `NotInstalledError` where it is not there. Nothing is fetched: Hugo and
Jekyll get a layout of a few lines, because their themes are downloads.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.markups.register import Register
from tests.markups.shapes import SITE, Document, Field, Item, Line, Names, Section, document
from tests.markups.sites.style import gap

LAYOUT = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n<body><header>'
    f'<a href="/">{SITE}</a><nav>Home About</nav></header>\n<main><h1>{{title}}</h1>{{content}}\n'
    "<p>Last updated 29 January 2025</p></main>\n<footer>The people who keep this site</footer></body></html>\n"
)


Builder = Callable[[Register, Path, bool], dict[str, bytes]]


class NotInstalledError(Exception):
    """The program is not installed here."""


def markdown(page: Document, *, titled: bool = True, headed: bool = True) -> str:
    """Return a page as Markdown: labels in bold, and sections under headings or behind a label in bold as well."""
    lines = [f"# {page.heading}"] if titled else []
    lines += [_escaped(line) for line in page.lines]
    for entry in page.entries:
        lines += [f"## {_escaped(entry.heading())}", *(part for item in entry.items for part in _item(item, headed))]
    return "\n\n".join(lines) + "\n"


def _escaped(words: str) -> str:
    return re.sub(r"([*_<>\[\]`])", r"\\\1", words)


def _item(item: Item, headed: bool) -> list[str]:
    match item:
        case Field(label, words):
            return [f"**{label}:**{gap(label)}{_escaped(words)}".rstrip()]
        case Names(label, names):
            return [f"**{label}:**", "\n".join(f"- {_escaped(name)}" for name in names)]
        case Section(label, blocks):
            title = f"### {label}" if headed else f"**{label}:**"
            return [
                title,
                *("\n".join(f"- {line}" for line in block.items) or _escaped(block.text) for block in blocks),
            ]
        case Line(words):
            return [_escaped(words)]


def _run(*command: str, folder: Path) -> None:
    # What pip installed lies beside the Python that runs this, on nobody's path.
    command = (shutil.which(command[0], path=str(Path(sys.executable).parent)) or command[0], *command[1:])
    if shutil.which(command[0]) is None:
        raise NotInstalledError(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise NotInstalledError(f"{' '.join(command)}: {done.stderr[-400:]}")


def _mkdocs(theme: str) -> Builder:
    def build(made: Register, folder: Path, headed: bool) -> dict[str, bytes]:
        (folder / "docs").mkdir()
        (folder / "mkdocs.yml").write_text(f"site_name: {SITE}\nuse_directory_urls: false\ntheme:\n  name: {theme}\n")
        (folder / "docs" / "index.md").write_text("# Welcome\n")
        for page in made.pages:
            (folder / "docs" / f"{page.slug}.md").write_text(markdown(document(page), headed=headed))
        _run("mkdocs", "build", "--quiet", folder=folder)
        return {f"{page.slug}.html": (folder / "site" / f"{page.slug}.html").read_bytes() for page in made.pages}

    return build


def _hugo(made: Register, folder: Path, headed: bool) -> dict[str, bytes]:
    (folder / "content").mkdir()
    (folder / "layouts" / "_default").mkdir(parents=True)
    (folder / "hugo.toml").write_text(f'baseURL = "https://example.org/"\ntitle = "{SITE}"\n')
    shown = LAYOUT.format(title="{{ .Title }}", content="{{ .TableOfContents }}{{ .Content }}")
    (folder / "layouts" / "_default" / "single.html").write_text(shown)
    for page in made.pages:
        front = f'+++\ntitle = "{document(page).heading}"\n+++\n\n'
        (folder / "content" / f"{page.slug}.md").write_text(
            front + markdown(document(page), titled=False, headed=headed)
        )
    _run("hugo", "--quiet", "--config", "hugo.toml", folder=folder)
    return {f"{page.slug}.html": (folder / "public" / page.slug / "index.html").read_bytes() for page in made.pages}


def _jekyll(made: Register, folder: Path, headed: bool) -> dict[str, bytes]:
    (folder / "_layouts").mkdir()
    (folder / "_config.yml").write_text(f"title: {SITE}\n")
    (folder / "_layouts" / "page.html").write_text(LAYOUT.format(title="{{ page.title }}", content="{{ content }}"))
    for page in made.pages:
        front = f'---\nlayout: page\ntitle: "{document(page).heading}"\n---\n\n'
        (folder / f"{page.slug}.md").write_text(front + markdown(document(page), titled=False, headed=headed))
    _run("jekyll", "build", "--quiet", folder=folder)
    return {f"{page.slug}.html": (folder / "_site" / f"{page.slug}.html").read_bytes() for page in made.pages}


def _pandoc(*options: str) -> Builder:
    def build(made: Register, folder: Path, headed: bool) -> dict[str, bytes]:
        for page in made.pages:
            front = f'---\ntitle: "{document(page).heading}"\nlang: en\n---\n\n'
            (folder / f"{page.slug}.md").write_text(front + markdown(document(page), titled=False, headed=headed))
            _run("pandoc", "-s", "-t", "html5", *options, "-o", f"{page.slug}.html", f"{page.slug}.md", folder=folder)
        return {f"{page.slug}.html": (folder / f"{page.slug}.html").read_bytes() for page in made.pages}

    return build


PROGRAMS: dict[str, Builder] = {
    "mkdocs": _mkdocs("mkdocs"),
    "readthedocs": _mkdocs("readthedocs"),
    "material": _mkdocs("material"),
    "hugo": _hugo,
    "jekyll": _jekyll,
    "pandoc": _pandoc(),
    "pandoc-contents": _pandoc("--toc"),
    "pandoc-commonmark": _pandoc("-f", "commonmark_x"),
}


def build(case: str, made: Register, folder: Path) -> dict[str, bytes]:
    """Return the pages that a program makes of the register, by file name; *case* as `hugo` or `hugo-bold`."""
    folder.mkdir(parents=True, exist_ok=True)
    return PROGRAMS[case.removesuffix(BOLD)](made, folder, not case.endswith(BOLD))


BOLD = "-bold"
CASES = [name + style for name in PROGRAMS for style in ("", BOLD)]
