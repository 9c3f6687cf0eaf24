"""Made-up pages as values, and every form in which the site or an extractor could print them."""

import re
from dataclasses import dataclass, replace
from html import escape

from scraper.reading.frame import masked, without_frame
from scraper.reading.page import read_page
from scraper.records import RegisterPage


@dataclass(frozen=True)
class Project:
    """One agreement as the page shows it."""

    title: str
    reference: str
    fields: tuple[tuple[str, str], ...]
    datasets: tuple[str, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    note: str = ""  # under Access method


@dataclass(frozen=True)
class Page:
    """One organisation's page."""

    organisation: str
    projects: tuple[Project, ...]
    files: int = 7
    flag: str = ""


FIRST = Project(
    title="Long term follow-up of harbour workers: phase II — the coast. ",
    reference="DARS-NIC-01234-A1B2C",
    fields=(
        ("Type of data", "information not disclosed for TRE projects"),
        (
            "Opt outs honoured",
            "No - data flow is not identifiable, Identifiable (Mixture of data flow(s), Section 251)",
        ),
        ("Legal basis", "Health and Social Care Act 2012 – s261(2)(a), Health and Social Care Act 2012 - s261(5)(d)"),
        ("Purposes", "No, Yes (Academic, Clinical Commissioning Group (CCG))"),
        ("Sensitive", "Sensitive, and Non-Sensitive"),
        ("When", "DSA runs 2023-03-13 — 2026-03-12 2023.12 — 2024.11."),
        ("Access method", "One-Off, System Access"),
        ("Data-controller type", "UNIVERSITY OF HARBOURTOWN, HARBOURTOWN TRIALS, LTD"),
        ("Sublicensing allowed", "No"),
    ),
    note="(System access exclusively means data was not disseminated, but was accessed under supervision)",
    datasets=("Civil Registrations of Death", "HES:Harbour (Wards) bridge", "Quay, Pier and Mole Data Set_v1.5"),
    sections=(
        (
            "Objectives",
            ("Processing for the cohort is done at sea.", "PROCESSING CONDITIONS:", "Legal basis: see above."),
        ),
        ("Yielded Benefits", ()),
        ("Expected Benefits", ("1. Fewer accidents & “near misses” (<5).", "a) at quays", "Outputs: as listed below.")),
        ("Outputs", ("A report.",)),
    ),
)

SECOND = Project(
    title="Project 2",
    reference="NIC-38002-X9Y8Z",
    fields=(
        ("Type of data", "information not disclosed for TRE projects"),
        ("Opt outs honoured", "Y"),
        ("Legal basis", ""),
        ("Purposes", "()"),
        ("Sensitive", "Non Sensitive"),
        ("When", "2017.06 — 2017.05."),
        ("Access method", "Ongoing"),
        ("Data-controller type", ""),
        ("Sublicensing allowed", ""),
    ),
    datasets=("e-Harbour Service",),
    sections=(("Processing", ("The data — all of it — is kept.", "It is kept in a safe.")),),
)

PAGE = Page("University Of Harbourtown", (FIRST, SECOND), 1234, "University Of Harbourtown was sent multiple files.")
SITE = "NHS Digital Data Release Register - reformatted"
FRAME = frozenset(map(masked, (SITE, "Register | All projects", "Reformatted from the published register.")))
"""What these sites print around the register."""


def read_said(body: bytes, source: str) -> RegisterPage:
    """Return what the page in *body* says once the site's frame is out of it."""
    return replace(without_frame(read_page(body, source=source), FRAME), tail=())


def count_line(page: Page) -> str:
    return (
        f"{page.files} data files in total were disseminated unsafely (information about files used safely is missing)."
    )


def heading(project: Project) -> str:
    return f"{project.title.strip()} — {project.reference}"


def field_line(label: str, value: str) -> str:
    return f"{label}:{'' if label == 'When' else ' '}{value}".rstrip()


# Text


def as_num(page: Page) -> str:
    """Blank lines between fields, numbered datasets, two blank lines before a heading."""
    return _spaced(page, [f"  {i}. " for i in range(1, 100)])


def as_bul(page: Page) -> str:
    return _spaced(page, ["  • "] * 99)


def _spaced(page: Page, marks: list[str]) -> str:
    blocks = [SITE, f"{page.organisation} projects", count_line(page)]
    blocks += [f"🚩 {page.flag}"] if page.flag else []
    for project in page.projects:
        blocks.append("\n" + heading(project))
        for label, value in project.fields:
            blocks.append(field_line(label, value))
            blocks += [project.note] if project.note and label == "Access method" else []
        blocks.append("Datasets:")
        blocks.append("\n".join(mark + name for mark, name in zip(marks, project.datasets, strict=False)))
        for label, paragraphs in project.sections:
            blocks += [f"{label}:", "\n\n".join(paragraphs)]
    return "\n\n".join(blocks)


def as_nohead(page: Page) -> str:
    """As num, with the lines lost that one extractor lost: two blank lines stand in for each."""
    return re.sub(r"\n\n(?:Datasets:|Objectives:|Data-controller type: .+)(?=\n\n)", "\n", as_num(page))


def as_compact(page: Page, contents: tuple[str, ...] = ()) -> str:
    lines = [SITE, f"{page.organisation} projects", *contents, count_line(page)]
    lines += [f"🚩 {page.flag}"] if page.flag else []
    for project in page.projects:
        lines.append(heading(project))
        for label, value in project.fields:
            lines.append(field_line(label, value))
            lines += [project.note] if project.note and label == "Access method" else []
        lines += ["Datasets:", *(f"- {name}" for name in project.datasets)]
        for label, paragraphs in project.sections:
            lines += [f"{label}:", *paragraphs]
    return "\n".join(lines)


def as_compact_toc(page: Page) -> str:
    return as_compact(page, tuple(f'- {project.title} (partially via "system access")' for project in page.projects))


def as_crlf(page: Page) -> str:
    return as_num(page).replace("\n", "\r\n")


# Markup


def _html(body: str, page: Page) -> str:
    return (
        f"<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>{escape(page.organisation)}</title>"
        f"<style>p {{ color: red }}</style></head>\n<body>\n{body}\n"
        "<div><p>Reformatted from the published register.</p><script>Outputs()</script></div></body></html>"
    )


def _top(page: Page, block: str = "p") -> str:
    top = '<div><a href="/">Register</a> | <a href="/all/">All projects</a></div>'
    top += f"<h1>{escape(page.organisation)} projects</h1>\n"
    top += f"<{block}>{escape(count_line(page))}</{block}>\n"
    return top + (f"<{block}>🚩 {escape(page.flag)}</{block}>\n" if page.flag else "")


def as_paragraphs(page: Page) -> str:
    """The likeliest: a paragraph for each field with its label in bold, an ordered list, headings for sections."""
    out = [_top(page)]
    for project in page.projects:
        out.append(f"<h2 id=x>{escape(heading(project))}</h2>")
        for label, value in project.fields:
            out.append(f"<p><b>{label}:</b>{'' if label == 'When' else ' '}{escape(value)}</p>")
            out += [f"<p>{escape(project.note)}</p>"] if project.note and label == "Access method" else []
        out.append(
            "<p><b>Datasets:</b></p><ol>" + "".join(f"\n <li>{escape(n)}</li>" for n in project.datasets) + "</ol>"
        )
        for label, paragraphs in project.sections:
            out += [f"<h3>{label}:</h3>", *(f"<p>{escape(text)}</p>" for text in paragraphs)]
    return _html("<div id=content>" + "\n".join(out) + "</div>", page)


def as_unclosed(page: Page) -> str:
    """The same without most of its end tags, upper-case, values on further source lines."""
    markup = as_paragraphs(page)
    for tag in ("p", "li", "ol", "h3", "b"):
        markup = markup.replace(f"</{tag}>", "" if tag != "b" else "</B>\n  ")
    return markup.replace("<p>", "<P class='a > b'>").replace("<p", "\n<P")


def as_table(page: Page) -> str:
    out = [_top(page, "div")]
    for project in page.projects:
        out.append(f"<table><tr><td colspan=2>{escape(heading(project))}</td></tr>")
        for label, value in project.fields:
            note = f"<br>{escape(project.note)}" if project.note and label == "Access method" else ""
            out.append(f"<tr><td>{label}:</td>\n<td>{escape(value)}{note}</td></tr>")
        out.append(
            "<tr><td>Datasets:</td><td><ul>" + "".join(f"<li>{escape(n)}" for n in project.datasets) + "</ul></td></tr>"
        )
        for label, paragraphs in project.sections:
            out.append(f"<tr><td>{label}:</td><td>{'<br/>'.join(map(escape, paragraphs))}</td></tr>")
        out.append("</table>")
    return _html("<main>" + "\n".join(out) + "</main>", page)


def as_definitions(page: Page) -> str:
    out = [_top(page, "section")]
    for project in page.projects:
        out.append(f"<article><h4><span>{escape(heading(project))}</span></h4><dl>")
        for label, value in project.fields:
            note = f"<p>{escape(project.note)}</p>" if project.note and label == "Access method" else ""
            out.append(f"<dt>{label}:</dt><dd>{escape(value)}{note}</dd>")
        out.append("<dt>Datasets:" + "".join(f"<dd>{escape(n)}" for n in project.datasets))
        for label, paragraphs in project.sections:
            out.append(f"<dt>{label}:</dt><dd>" + "".join(f"<p>{escape(t)}</p>" for t in paragraphs) + "</dd>")
        out.append("</dl></article>")
    return _html("<main>" + "".join(out) + "</main>", page)


def as_breaks(page: Page) -> str:
    """Everything in one block, lines broken by hand."""
    return _html("<div>" + "<br>\n".join(escape(line) for line in as_compact(page).split("\n")) + "</div>", page)


def as_list_items(page: Page) -> str:
    """Everything an item of one list, datasets without their marks."""
    datasets = {f"- {name}": name for project in page.projects for name in project.datasets}
    lines = [datasets.get(line, line) for line in as_compact(page).split("\n")]
    return _html("<ul>" + "".join(f"<li><div>{escape(line)}</div></li>" for line in lines) + "</ul>", page)


def as_preformatted(page: Page) -> str:
    return _html(f"<pre>{escape(as_num(page))}</pre>", page)


def as_unknown_elements(page: Page) -> str:
    return as_paragraphs(page).replace("<p>", "<x-line>").replace("</p>", "</x-line>").replace("h3>", "x-label>")


def as_deeply_nested(page: Page, levels: int = 20_000) -> str:
    markup = as_paragraphs(page)
    return markup.replace("<h2", "<div>" * levels + "<h2", 1).replace("</h2>", "</h2>" + "</div>" * 10, 1)


TEXT_FORMS = (as_num, as_bul, as_compact, as_compact_toc, as_crlf)
MARKUPS = (
    as_paragraphs,
    as_unclosed,
    as_table,
    as_definitions,
    as_breaks,
    as_list_items,
    as_preformatted,
    as_unknown_elements,
    as_deeply_nested,
)
