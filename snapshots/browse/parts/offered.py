"""Names that a field offers while somebody types: a list of the browser's own, bounded, which needs no script.

Those held by most agreements come first into the list; a name that is not in it may be typed all the same.
"""

from markupsafe import Markup

from scraper.names.families import families
from scraper.text import cut, one_line
from snapshots.browse.app.request import Reader
from snapshots.browse.pictures.lasting import lasting

MOST = 350
_LONGEST = 120


@lasting
def names_offered(reader: Reader) -> Markup:
    """Return the two lists to which fields refer by `list="organisations"` and `list="datasets"`."""
    organisations = _names(
        reader,
        """
        select organisation as name
        from pages
        where standing and organisation is not null
        order by agreements desc, organisation
        limit :most
        """,
    )
    datasets = _names(
        reader,
        """
        select max(dataset) as name
        from agreement_datasets
        where last_seen is null
        group by folded
        order by count(*) desc, name
        limit :most
        """,
    )
    held = [family.name for family in families() if any(map(family.takes, datasets))]
    return _list("organisations", organisations) + _list("datasets", [*held, *datasets])


def _names(reader: Reader, sql: str) -> list[str]:
    return [cut(one_line(row["name"]), _LONGEST) for row in reader.rows(sql, {"most": MOST})]


def _list(name: str, offered: list[str]) -> Markup:
    in_order = sorted(set(offered), key=str.casefold)
    options = Markup("").join(Markup("<option>{}</option>\n").format(one) for one in in_order)
    return Markup('<datalist id="{}">{}</datalist>').format(name, options)
