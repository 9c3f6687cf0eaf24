"""The second simulation: a made-up register, printed by sites that nobody tuned the reader to.

It was written from the rules (`docs/rules.md`, the contract) and not from the code, and talks to the program through
its command line only. What it holds:

    register, pools   the truth: pages and agreements as values
    shapes            which lines a layout prints of them, before any markup
    truth, fold       what a record must read, and how two texts are compared
    sites             the markups: pure functions from a page to HTML, what a site adds to any of them, and by name
                      which combinations are tried (`sites.markups`)
    told              what is changed between two nights, and what is to be told of it
    judge, report     right, said, refused or misread; told exactly, missed, false, inexact, held
    program           the command line, called in this process
    known             the cases that fail today

**Run one case and read its verdict.** Every case has a name, and the name is the test's id: `mkdocs+minified` is a
markup, `title:goes` an edit, `night:…` and `bulk:…` are histories, `real:hugo` is a real program.

    python -m pytest tests/test_markups.py -k "mkdocs+minified"    # pytest's verdict, with the reasons
    python -m tests.markups mkdocs+minified title:goes             # the verdict in words, however it ends
    python -m tests.markups --in table title:goes                  # an edit in another markup
    python -m tests.markups --write FOLDER night:a-page-flaps      # the pages themselves, a folder for each night

`right`: every record equals the truth, field by field. `said`: a field is null, a notice names it and its text stands
in the remainder. `refused`: the page is refused by name. `misread`: anything else, a miss whatever the case.
A markup of `MARKUPS` must be right; one of `UNFORESEEN` may also be refused or said.

A history is good if each change was told exactly (kind, reference, field, severity, values, night), nothing else was,
and each run was held or not and refused or not as demanded. `missed`, `false` and `inexact` name the change.

**When a case is mended** it fails as XPASS (strict): take its name out of `known.py`. `python -m tests.markups --known`
prints the list as it would be now. Do not add a name to it without a rule that says why the case is wrong; then rather
mend or drop the case. Each case cites its rule.

Most cases are a long haul (`-m soak`); about 160 are quick. `python -m tests.markups` alone runs everything and prints
the three tables of `report.report()`.
"""
