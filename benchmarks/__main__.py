"""Measure everything and write benchmarks/RESULTS.md: `python -m benchmarks [--keep] [PART]…`.

Parts that are named are printed; with --keep they take their place among the results, each with its own day.
Each part is a module with `def main() -> str` that measures and returns a table in Markdown. Parts run one after the
other, each in a process of its own, so that neither its memory nor its warm caches are another's.
"""

import compileall
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

PARTS = (
    "commands", "reading", "folding", "deciding", "trust", "importing", "nights", "telling", "following", "rebuilding",
    "browsing", "economy", "comparison", "sizes", "attacks", "installing", "starting", "watching", "official",
    "editions", "beside", "clustering", "before",
)  # fmt: skip
PACKAGES = ("scraper", "diff", "snapshots", "notify", "cron")
RESULTS = Path(__file__).with_name("RESULTS.md")


def main(arguments: list[str]) -> int:
    """Run the parts named in *arguments*; all of them, and write the results, if none is named."""
    keep, arguments = "--keep" in arguments, [name for name in arguments if name != "--keep"]
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        print(f"{unknown[0]}: no such part; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    # As whoever installed it has it: with its bytecode beside it, also where the environment forbids to write that.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for folder in PACKAGES:
        compileall.compile_dir(RESULTS.parents[1] / folder, quiet=2)
    sections = {}
    for part in arguments or PARTS:
        print(f"{part} …", file=sys.stderr, flush=True)
        code = f"from benchmarks.{part} import main; print(main())"
        run = subprocess.run([sys.executable, "-c", code], cwd=RESULTS.parents[1], stdout=subprocess.PIPE, text=True)
        if run.returncode:
            return 1
        print(run.stdout, flush=True)
        sections[part] = f"## {part.capitalize()}\n\nMeasured on {date.today()}.\n\n{run.stdout.strip()}\n"
    if keep or not arguments:
        sections = _kept() | sections
        text = "\n".join([_heading(), *(sections[part] for part in PARTS if part in sections)])
        RESULTS.write_text(text, encoding="utf-8")
    return 0


def _heading() -> str:
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"# Results\n\nWritten by `make bench`, a part at a time. {machine}.\n"


def _kept() -> dict[str, str]:
    """Return the parts that stand in the results."""
    sections = RESULTS.read_text(encoding="utf-8").split("\n## ")[1:]
    return {text.partition("\n")[0].lower(): f"## {text.rstrip()}\n" for text in sections}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
