"""Red flags: states that stand out and that no change announces, with what each may mean and why it may mean nothing.

What is found is in the view `red_flags`; here are the words. A flag is a reason to ask, never a finding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.saying.english import listed, plural
from diff.severity import Severity
from scraper.names.fold import fold
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    BadAddressError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
    lasting,
    piece_of,
)
from snapshots.browse.parts.filters import pages_called
from snapshots.browse.parts.sorting import Order, in_order, sort_asked, sort_links

ON_A_PAGE = 100
LONGEST = 300


ABOUT = {
    "opt-outs-both-ways": (
        "The page says so itself, of the organisation as a whole and in its own words. It may be two agreements with "
        "different rules: opt-outs need not apply to anonymised data, to data given with consent or where a law says "
        "so."
    ),
    "releases-after-the-end": (
        "Only apparently: the page prints the term of the first version it holds, and the release months of all "
        "versions. A renewal usually shows as later releases and not as a later end."
    ),
    "releases-after-the-official-end": (
        "The end is that of the newest version that the official register holds. A release may have been agreed before "
        "it, or a newer version may not have been published yet."
    ),
    "ongoing-past-the-end": (
        "The page prints “Ongoing” and an end that is past. A renewal need not show in the printed end, and access "
        "within NHS England’s own environment leaves no file behind."
    ),
    "ongoing-past-the-official-end": (
        "The end is that of the newest version that the official register holds. A newer version may not have been "
        "published yet, and access within NHS England’s own environment leaves no file behind."
    ),
    "term-changed-again": (
        "The printed dates were changed at least twice since they were first read. The site or the register may have "
        "corrected them, or put them on another version of the agreement."
    ),
    "no-legal-basis": (
        "The label stands there with nothing behind it, or is missing. That means that none is recorded, not that "
        "there is none; the oldest agreements often have none."
    ),
    "commercial-with-s251": (
        "“Commercial” or “Supplier” is among the organisation types, and section 251 support among the legal bases. An "
        "agreement may have several organisations and several bases, and nothing printed says which go together."
    ),
    "lapsed-notice": (
        "A notice under regulation 3(4) is cited, and releases are printed after June 2022, when the notices are "
        "understood to have lapsed. The later releases may rest on another basis of the same agreement."
    ),
    "commercial-purpose": (
        "“Yes” is printed for a commercial purpose, perhaps beside “No” of another version. What is meant by "
        "commercial is the register’s to say; it may be a charity that charges for its work."
    ),
    "sublicensing": (
        "“Yes” is printed for sublicensing in some version: the recipient may hand record-level data on. Whether any "
        "was is not in the register."
    ),
    "remark": (
        "The page prints words beside the dates, quoted here. They are the page’s and may tell of something long "
        "settled."
    ),
    "end-before-start": ("One of the two dates is probably mistyped, or they belong to two versions."),
    "releases-backwards": (
        "The first month of the releases is printed as later than the last: probably a slip of the register or the "
        "site."
    ),
    "over-ten-years": ("Long terms are usual for cohorts that are followed for life."),
}
"""Id of a rule → what it may mean, and why it may mean nothing."""


@dataclass(frozen=True, slots=True)
class FlagRule:
    """A rule of the view: its id, its words, and what is to be known of it."""

    flag: str
    rule: str
    about: str


def rules_of(reader: Reader) -> dict[str, FlagRule]:
    """Return every rule by its id, in the order in which they are read."""
    words = {row["flag"]: row["rule"] for row in reader.rows("select flag, rule from red_flag_rules")}
    return {flag: FlagRule(flag, words[flag], about) for flag, about in ABOUT.items()}


def red_flags(request: PageRequest) -> Mapping[str, Any]:
    """Return what stands out: every rule with its count, or the agreements of one rule or one organisation."""
    rules, organisation = rules_of(request.reader), request.words.one("organisation").strip()
    flag = _flag(request, rules)
    rule = rules[flag] if flag else None
    slugs, said = pages_called(request.reader, organisation)
    narrowed, known = bool(rule or organisation), bool(organisation and not said)
    rows = _rows(request, flag, slugs) if narrowed else []
    counts = _counts(request.reader) if not narrowed else {}
    query = [("rule", flag or ""), ("organisation", organisation)]
    title = _title(rule, organisation)
    sort = sort_asked(request.words, ORDERS)
    in_turn = [*query, ("sort", sort)]
    piece = piece_of(
        in_order(rows, ORDERS[sort]), request.words, ON_A_PAGE, lambda start: _address([*in_turn, ("start", start)])
    )
    return {
        **piece,
        "title": title,
        "description": _description(request, rows if narrowed else counts),
        "heading": title,
        "narrowed": narrowed,
        "lead": said or _lead(rule, organisation, rows, counts),
        "rule": rule,
        "sorts": sort_links(ORDERS, sort, lambda key: _address([*query, ("sort", key)]) + "#h-rows"),
        "organisation": organisation,
        "rules": [(known, counts.get(known.flag, 0)) for known in rules.values()],
        "all_rules": list(rules.values()),
        "rows": [_shown(row, rules) for row in piece["shown"]],
        "feeds": addresses.feeds([("organisation", organisation)] if known else [("severity", Severity.HIGH)]),
        "followed": "Changes of this organisation" if known else "Changes of high severity",
        "files": addresses.files("/red-flags", query),
        "canonical": _address(query),
    }


def flags(request: PageRequest) -> PageRows:
    """Return what stands out and is asked for."""
    slugs, said = pages_called(request.reader, request.words.one("organisation").strip())
    if said:
        raise BadAddressError(said)
    flag = _flag(request, rules_of(request.reader))
    return PageRows(name="red-flags", columns=COLUMNS, rows=_rows(request, flag, slugs))


ORDERS = {
    "": Order("newest first"),
    "organisation": Order("by organisation", lambda row: (fold(row["organisation"]), row["reference"] or "")),
    "evidence": Order("by evidence", lambda row: row["evidence"]),
}
"""How the entries may be sorted."""

COLUMNS = ("rule", "organisation", "page", "reference", "since", "evidence", "last_seen")


def _flag(request: PageRequest, rules: Mapping[str, FlagRule]) -> str | None:
    """Return the id of the rule that is asked for."""
    flag = request.words.one("rule")
    if flag and flag not in rules:
        raise BadAddressError(f"There is no rule “{flag}”; there are {listed(rules)}.")
    return flag or None


def _rows(request: PageRequest, flag: str | None, slugs: Sequence[str] | None) -> list[Row]:
    """Return flags, the newest first."""
    # All are asked for together, and kept: they go through the whole register whatever is asked for.
    rows = request.reader.once(
        """
        select flag, rule, coalesce(organisation, page) as organisation, page, reference, since, evidence, last_seen
        from red_flags
        order by since desc, organisation, reference, rule
        """
    )
    return [row for row in rows if flag in (None, row["flag"]) and (slugs is None or row["page"] in slugs)]


@lasting
def _counts(reader: Reader) -> dict[str, int]:
    sql = "select flag, count(*) as n from red_flag_places join red_flag_rules using (sign) group by flag"
    return {row["flag"]: row["n"] for row in reader.rows(sql)}


def _title(rule: FlagRule | None, organisation: str) -> str:
    if rule is None:
        return f"Red flags at “{organisation}”" if organisation else "Red flags"
    return f"Red flags: {rule.rule}" + (f", at “{organisation}”" if organisation else "")


def _description(request: PageRequest, found: Sequence[Row] | Mapping[str, int]) -> str:
    if isinstance(found, Mapping):
        return (
            f"States in the {request.site.register} that stand out and that no change announces, with what each may "
            "mean and why it may mean nothing."
        )
    return f"{plural(len(found), 'entry', 'entries')} in the {request.site.register}, with evidence and since when."


def _lead(rule: FlagRule | None, organisation: str, rows: Sequence[Row], counts: Mapping[str, int]) -> str:
    if rule:
        return rule.about
    if organisation:
        agreements = len({row["reference"] for row in rows if row["reference"]})
        where = f"on {plural(agreements, 'agreement')}" if agreements or not rows else "of the page as a whole"
        return f"{plural(len(rows), 'entry', 'entries')}, {where}. A flag is a reason to ask, not a finding."
    with_some = sum(bool(n) for n in counts.values())
    return (
        f"{with_some} of {len(ABOUT)} rules find something on the pages as they stand "
        "now. A flag is a reason to ask, not a finding; each may mean nothing, and the rule says why."
    )


def _shown(row: Row, rules: Mapping[str, FlagRule]) -> Mapping[str, Any]:
    return {
        "rule": rules[row["flag"]],
        "organisation": cut(one_line(row["organisation"]), LONGEST),
        "page": row["page"],
        "reference": row["reference"],
        "since": row["since"][:10],
        "evidence": cut(one_line(row["evidence"]), LONGEST * 2),
    }


def _address(query: addresses.Query) -> str:
    return addresses.with_query("/red-flags", query)


ROUTES = (
    PageRoute("/red-flags", red_flags, "red_flags.html", navigation="Red flags"),
    *files_beside("/red-flags", flags),
)
