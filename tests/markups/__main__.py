"""Print the verdict over named cases, or the figures over all of them."""

import argparse
from pathlib import Path

from tests.markups import register, report
from tests.markups.sites.markups import MARKUPS, UNFORESEEN, markup


def main() -> None:
    """Read the arguments and answer."""
    parser = argparse.ArgumentParser(prog="python -m tests.markups", description=__doc__)
    parser.add_argument("--known", action="store_true", help="print the names of the cases that fail now")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the pages of the named markups")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a markup, as mkdocs+minified")
    asked = parser.parse_args()
    if asked.write:
        _write(asked.names, asked.write)
    elif asked.known:
        _known()
    elif asked.names:
        _explain(asked.names)
    else:
        readings = report.readings()
        print(report.write(report.markup_rows(readings)))
        print(f"misread in silence: {sum(reading.outcome == report.MISREAD for reading in readings)}")


def _write(names: list[str], folder: Path) -> None:
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, body in markup(name).pages(register.small()).items():
            (folder / name / file).write_bytes(body)


def _known() -> None:
    for one in (*MARKUPS, *UNFORESEEN):
        if not report.passes(one, report.read(one)):
            print(one.name)


def _explain(names: list[str]) -> None:
    for name in names:
        reading = report.read(markup(name))
        print(f"{name}: {reading.outcome} {dict(reading.pages)}", *reading.reasons, sep="\n  ")


main()
