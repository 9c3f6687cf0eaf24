"""Who follows a page is told what its feed would hold: thousands of questions in memory say what SQL says of each."""

from contextlib import closing
from dataclasses import replace

import pytest

from cron.following.followers import Concerned
from cron.settings.sections import Settings, StoreSettings
from cron.work.context import Context, utc_now
from snapshots.asking.changes import ChangeFilter
from tests.harness.browse_server import register_database


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    database = register_database(tmp_path_factory.mktemp("asked"))
    settings = Settings(store=StoreSettings(database=database))
    with closing(Context(lambda: settings, utc_now)) as context:
        yield context


def questions(context):
    """Return words of addresses, and the same as a filter: every name that there is, and some together."""
    rows = context.database().query("select distinct sort, key, name from names")
    kinds = {"organisation": ("organisation", "organisations"), "dataset": ("dataset", "datasets")}
    kinds["legal-basis"] = ("basis", "bases")
    found = []
    for row in rows:
        if row["sort"] in kinds:
            word, field = kinds[row["sort"]]
            name = row["key"] if row["sort"] != "dataset" else row["name"]
            found.append(([(word, name)], {field: (name,)}))
    references = context.database().query("select distinct reference from changes where reference is not null")
    found += [([("reference", row["reference"])], {"references": (row["reference"],)}) for row in references]
    found += [
        ([("severity", "high")], {"severity": "high"}),
        (
            [("kind", "dataset-added"), ("kind", "legal-basis-changed")],
            {"kinds": ("dataset-added", "legal-basis-changed")},
        ),
        ([("words", "cancer")], {"words": "cancer"}),
        ([("words", "research data")], {"words": "research data"}),
        ([], {}),
    ]
    organisation, dataset = found[0], next(one for one in found if "datasets" in one[1])
    return [*found, (organisation[0] + dataset[0], organisation[1] | dataset[1])]


def test_what_is_told_of_each_run_is_what_the_feed_of_the_page_would_hold(context):
    from urllib.parse import urlencode

    asked, told = questions(context), 0
    wanted = [context.answers.changes.find(ChangeFilter(parts=True, **narrowed)) for _, narrowed in asked]
    runs = [row["id"] for row in context.database().query("select id from runs order by id")]
    for run in runs:
        changes = context.answers.changes.find(ChangeFilter(run=run))
        groups = {one.id: context.answers.changes.find(ChangeFilter(group=one.id)) for one in changes if one.group}
        concerned = Concerned(context, [replace(one, members=tuple(groups.get(one.id, ()))) for one in changes])
        of_run = {one.id for one in context.answers.changes.find(ChangeFilter(run=run, parts=True))}
        for (words, _), found in zip(asked, wanted, strict=True):
            held = {one.id for one in found} & of_run
            assert {one.id for one in concerned.by(urlencode(words))} == held, (run, words)
            told += len(held)

    assert told > len(asked)
