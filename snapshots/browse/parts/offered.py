"""Names that a field offers while somebody types: a list of the browser's own, bounded, which needs no script.

Those held by most agreements come first into the list; a name that is not in it may be typed all the same.
"""

from markupsafe import Markup

from diff.names import bases_called
from scraper.names.families import families
from scraper.text import cut, one_line
from snapshots.browse.app.request import Reader, lasting
from snapshots.browse.parts.law import heading

MOST = 350
MOST_OF_EACH = 100
_LONGEST = 120


@lasting
def names_offered(reader: Reader) -> Markup:
    """Return the lists to which fields refer by `list="organisations"`, `list="datasets"` and `list="bases"`."""
    datasets = [*_families(reader), *_datasets(reader)]
    lists = {"organisations": _organisations(reader), "datasets": datasets, "bases": _bases(reader)}
    return Markup("").join(_list(name, offered) for name, offered in lists.items())


@lasting
def names_searched(reader: Reader) -> Markup:
    """Return the list to which the search of every page refers where no script suggests: the most held of each sort."""
    most = [name for find in (_organisations, _datasets, _bases) for name in find(reader)[:MOST_OF_EACH]]
    return _list("names", [*_families(reader), *most])


def _families(reader: Reader) -> list[str]:
    datasets = _datasets(reader)
    return [family.name for family in families() if any(map(family.takes, datasets))]


def _organisations(reader: Reader) -> list[str]:
    return _names(
        reader,
        """
        select organisation as name
        from pages
        where standing and organisation is not null
        order by agreements desc, organisation
        limit :most
        """,
    )


def _datasets(reader: Reader) -> list[str]:
    return _names(
        reader,
        """
        with held as materialized (
          select folded, count(*) as agreements
          from agreement_datasets
          where last_seen is null
          group by folded
        )
        select max(names.name) as name
        from held
        join names on names.key = held.folded and names.sort = 'dataset'
        group by held.folded
        order by max(held.agreements) desc, name
        limit :most
        """,
    )


def _bases(reader: Reader) -> list[str]:
    """Return the legal bases that are cited most, as pages head them where such a heading asks for that one alone."""
    rows = reader.rows(
        """
        select basis, max(printed) as printed
        from agreement_legal_bases
        where last_seen is null
        group by basis
        order by count(*) desc, basis
        limit :most
        """,
        {"most": MOST},
    )
    # What cites no section has its printed text for a name, as long as that is; what is presumed is asked for as known.
    printed = {row["basis"].removesuffix("?"): row["printed"] for row in rows if not row["basis"].startswith("TEXT:")}
    headed = {basis: heading(basis, words) for basis, words in printed.items()}
    return [words if bases_called(words, headed) == [basis] else basis for basis, words in headed.items()]


def _names(reader: Reader, sql: str) -> list[str]:
    return [cut(one_line(row["name"]), _LONGEST) for row in reader.once(sql, {"most": MOST})]


def _list(name: str, offered: list[str]) -> Markup:
    in_order = sorted(set(offered), key=str.casefold)
    options = Markup("").join(Markup("<option>{}</option>\n").format(one) for one in in_order)
    return Markup('<datalist id="{}">{}</datalist>').format(name, options)
