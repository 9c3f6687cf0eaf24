"""Print the verdict over named cases, or the figures over all of them."""

import argparse
from pathlib import Path

from tests.markups import register, report
from tests.markups.sites.markups import MARKUPS, UNFORESEEN, markup
from tests.markups.told.cases import EDITS, HISTORIES
from tests.markups.told.expect import History
from tests.markups.told.judging import files


def main() -> None:
    """Read the arguments and answer."""
    parser = argparse.ArgumentParser(prog="python -m tests.markups", description=__doc__)
    parser.add_argument("--known", action="store_true", help="print the names of the cases that fail now")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write the pages of the named cases, a folder a night"
    )
    parser.add_argument("--in", dest="site", default="plain", metavar="MARKUP", help="the markup of named edits")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a markup (mkdocs+minified), an edit (title:goes), a night"
    )
    asked = parser.parse_args()
    if asked.known:
        _known()
    elif asked.names:
        for name in asked.names:
            _write(name, asked.site, asked.write / name) if asked.write else _explain(name, asked.site)
    else:
        print("\n\n".join(report.write(table) for table in report.report()))


def _history(name: str, site: str) -> History:
    return next((edit.history(site) for edit in EDITS if edit.name == name), None) or HISTORIES[name]


def _write(name: str, site: str, folder: Path) -> None:
    if ":" in name:
        nights = [files(night, n) for n, night in enumerate(_history(name, site).nights)]
    else:
        nights = [markup(name).pages(register.small())]
    for number, pages in enumerate(nights):
        (folder / f"night-{number}").mkdir(parents=True, exist_ok=True)
        for file, body in pages.items():
            (folder / f"night-{number}" / file).write_bytes(body)


def _known() -> None:
    failing = [one.name for one in (*MARKUPS, *UNFORESEEN) if not report.passes(one, report.read(one))]
    failing += [name for name, history in HISTORIES.items() if not report.follow(history).good]
    print(*failing, sep="\n")


def _explain(name: str, site: str) -> None:
    if ":" in name:
        history = _history(name, site)
        verdict = report.follow(history)
        print(
            f"{name} (rule {history.rule}): {'good' if verdict.good else 'not good'}, {dict(verdict.outcomes)}",
            *verdict.faults,
            sep="\n  ",
        )
    else:
        reading = report.read(markup(name))
        print(f"{name}: {reading.outcome} {dict(reading.pages)}", *reading.reasons, sep="\n  ")


main()
