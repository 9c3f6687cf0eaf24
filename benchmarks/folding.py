"""How long folding takes: `python benchmarks/folding.py`. One core, medians, made-up agreements of the register's size.

Every round folds other texts, so that the cache of short names works as it does over a register (the same names on page
after page) and not better: prose is never the same twice.
"""

import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scraper.names.fold import fold, fold_set
from scraper.names.vocabulary import default_vocabulary

PROSE_CHARACTERS = 15_000
DATASETS = 30
LIMIT_MS = 0.5

WORDS = """the data will be used by analysts of the Trust’s commissioning team to monitor outcomes, including 1.5
million records (HES, A&E – 2012/13 onwards) for patients aged 55–80; outputs with counts <5 are suppressed. No record
level data will leave the organisation and access is “role based”""".split()


def make_prose(rng: random.Random, *, accents: bool) -> str:
    """Return prose of the usual length in paragraphs, every fourth a list item; *accents* takes the slower path."""
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < PROSE_CHARACTERS:
        mark = rng.choice(["", "", "", f"{len(paragraphs) % 9 + 1}. "])
        paragraphs.append(mark + " ".join(rng.choices(WORDS, k=30)) + (" £5 for a café." if accents else "."))
    return "\n".join(paragraphs)


def measure_ms(rounds: int, *, accents: bool) -> float:
    """Return the median time of folding all fields of one agreement."""
    rng = random.Random(1)
    names = sorted(default_vocabulary().predecessors("NHS ENGLAND - X26"))
    times: list[float] = []
    for _ in range(rounds):
        prose = make_prose(rng, accents=accents)
        fifths = [prose[i : i + len(prose) // 5] for i in range(0, len(prose), len(prose) // 5)]
        datasets = [f"{rng.choice(names)} data set {rng.randrange(20)}" for _ in range(DATASETS)]
        started = time.perf_counter()
        for text in fifths:
            fold(text)
        fold_set(datasets)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def main() -> str:
    """Return the medians as a table in Markdown."""
    usual, accented = measure_ms(500, accents=False), measure_ms(200, accents=True)
    return "\n".join(
        [
            f"| an agreement of {PROSE_CHARACTERS:,} characters of prose and {DATASETS} datasets | ms |",
            "|---|---:|",
            f"| folding all its fields (target: under {LIMIT_MS}) | {usual:.3f} |",
            f"| the same with £ and é in every paragraph | {accented:.3f} |",
        ]
    )


if __name__ == "__main__":
    print(main())
