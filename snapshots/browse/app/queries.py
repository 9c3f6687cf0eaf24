"""Questions to the tables, ready to be asked: what a journalist would want to know, as SQL that may be read.

Each is one entry. Parameters are named in the SQL (`:dataset`); Datasette makes a field of each, and one that is left
empty has the default that the SQL gives it. What a question cannot answer stands in its description. No question may
touch a table that `--public` does not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Question:
    """A canned query: `name` is its address below the database's."""

    name: str
    title: str
    description: str
    sql: str
    group: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    """Name and meaning of each, with its default."""


LATELY, WHO, BASIS, TERM, HISTORY = (
    "What changed lately",
    "Who has what",
    "On what basis",
    "Terms and releases",
    "One by one",
)

_NEWEST = "(select max(captured_at) from runs where state = 'committed')"

QUESTIONS = (
    Question(
        "who_got_dataset",
        "Who got a dataset lately",
        "Datasets with these words in their names that came to an agreement since a day, those of new agreements among "
        "them. A day is when it was first seen here, not when anything was released. A dataset known under another "
        "name has to be asked for by that name too, or looked up on its own page.",
        f"""
        select ad.first_seen, ad.dataset, pages.organisation, ad.reference, states.title,
          ad.last_seen is null as still_listed
        from agreement_datasets as ad
        join pages on pages.slug = ad.page
        left join agreements as a on a.page = ad.page and a.reference = ad.reference
        left join agreement_versions as v on v.id = a.version
        left join states on states.id = v.state
        where ad.dataset like '%' || coalesce(nullif(:dataset, ''), 'Hospital Episode Statistics') || '%'
          and ad.first_seen >= coalesce(nullif(:since, ''), date({_NEWEST}, '-12 months'))
          and ad.first_seen > pages.first_seen
        order by ad.first_seen desc, pages.organisation, ad.reference, ad.dataset
        """,
        LATELY,
        (
            ("dataset", "Part of its printed name; Hospital Episode Statistics if left empty."),
            ("since", "A day, 2026-11-01; twelve months before the newest reading if left empty."),
        ),
    ),
    Question(
        "new_this_month",
        "New agreements this month",
        "Agreements that were first seen in a month, on any page. One that a page printed when that page was first "
        "read is not new: it was there before anybody looked.",
        f"""
        select first_seen, organisation, reference, title, summary, id as change
        from changes
        where kind = 'agreement-added' and not withdrawn
          and substr(first_seen, 1, 7) = coalesce(nullif(:month, ''), substr({_NEWEST}, 1, 7))
        order by first_seen desc, organisation, reference
        """,
        LATELY,
        (("month", "A month, 2026-11; that of the newest reading if left empty."),),
    ),
    Question(
        "high_severity",
        "Changes of high severity",
        "Identifiable data, section 251 support, commercial purposes, remarks beside the dates and the like, the "
        "newest first; a register-wide edit once. How severe a change is says which field changed and how, and "
        "nothing of why.",
        f"""
        select first_seen, kind, organisation, reference, summary, agreements, id as change
        from changes
        where severity = 'high' and substantive and member_of is null and not withdrawn
          and first_seen >= coalesce(nullif(:since, ''), date({_NEWEST}, '-12 months'))
        order by first_seen desc, organisation, reference
        """,
        LATELY,
        (("since", "A day; twelve months before the newest reading if left empty."),),
    ),
    Question(
        "legal_basis_family",
        "Changes of the family of a legal basis",
        "Where a family of legal bases came or went since a day: consent, section 251 support, directions and the "
        "like; a register-wide edit once. A page pools the bases of all versions of an agreement, so a new one "
        "stands beside the old ones and need not replace them.",
        f"""
        select first_seen, severity, organisation, reference, json_extract(families, '$[0]') as families_that_came,
          json_extract(families, '$[1]') as families_that_went, summary, agreements, id as change
        from changes
        where kind = 'legal-basis-changed' and families != '[[],[]]' and member_of is null and not withdrawn
          and first_seen >= coalesce(nullif(:since, ''), date({_NEWEST}, '-12 months'))
        order by first_seen desc, organisation, reference
        """,
        LATELY,
        (("since", "A day; twelve months before the newest reading if left empty."),),
    ),
    Question(
        "no_longer_listed",
        "Agreements no longer on the register’s pages",
        "Agreements that stood on a page and stand on none now. That is all that is known: whether one ran out, was "
        "withdrawn or is missing by mistake the page does not say.",
        """
        select max(v.ended) as first_missing, coalesce(p.organisation, v.page) as organisation, v.reference,
          s.title, s.dsa_end as printed_end, s.released_to as last_release_month
        from agreement_versions as v
        join agreements as a on a.page = v.page and a.reference = v.reference and a.version = v.id
        join pages as p on p.slug = v.page
        join states as s on s.id = v.state
        where not a.standing
          and not exists (select 1 from agreements as b where b.reference = v.reference and b.standing)
        group by v.reference
        order by first_missing desc, organisation, v.reference
        """,
        LATELY,
    ),
    Question(
        "lost_dataset",
        "Who no longer lists a dataset",
        "Agreements that listed a dataset with these words in its name and do not list it now, though they still "
        "stand. Datasets that only took a newer name are among them: see whether the newer one is there. Data "
        "released before is not said to be given back.",
        """
        select ad.last_seen as last_listed, ad.dataset, pages.organisation, ad.reference
        from agreement_datasets as ad
        join pages on pages.slug = ad.page
        join agreements as a on a.page = ad.page and a.reference = ad.reference and a.standing
        where ad.last_seen is not null
          and ad.dataset like '%' || :dataset || '%'
          and not exists (
            select 1 from agreement_datasets as again
            where again.page = ad.page and again.reference = ad.reference and again.folded = ad.folded
              and again.last_seen is null
          )
        group by ad.page, ad.reference, ad.folded
        order by last_listed desc, pages.organisation, ad.reference
        """,
        LATELY,
        (("dataset", "Part of its printed name; any dataset if left empty."),),
    ),
    Question(
        "who_has_dataset",
        "Who has a dataset now",
        "Agreements on the register that list a dataset with these words in its printed name. Listed means agreed: an "
        "agreement may list a dataset of which no file was released, or only system access.",
        """
        select ad.dataset, pages.organisation, ad.reference, ad.first_seen as listed_since
        from agreement_datasets as ad
        join pages on pages.slug = ad.page
        where ad.last_seen is null and ad.dataset like '%' || :dataset || '%'
        order by ad.dataset, pages.organisation, ad.reference
        """,
        WHO,
        (("dataset", "Part of its printed name; every dataset if left empty."),),
    ),
    Question(
        "datasets_most_widely_held",
        "Datasets most widely held",
        "In how many agreements, and at how many organisations, each dataset stands now. Spellings of one name are "
        "one; earlier and newer names of one dataset are counted apart, so ask for both.",
        """
        select max(ad.dataset) as dataset, count(distinct ad.reference) as agreements,
          count(distinct ad.page) as organisations, min(ad.first_seen) as first_seen
        from agreement_datasets as ad
        where ad.last_seen is null
        group by ad.folded
        order by agreements desc, dataset
        """,
        WHO,
    ),
    Question(
        "organisations_most_agreements",
        "Organisations by number of agreements",
        "How many agreements stand on each organisation’s page now, and how many datasets these list. A count of "
        "agreements is no measure of data: one may hold more than twenty others.",
        """
        select pages.organisation, count(distinct a.reference) as agreements,
          (select count(distinct ad.folded) from agreement_datasets as ad
            where ad.page = pages.slug and ad.last_seen is null) as datasets,
          pages.files_disseminated as files_that_the_page_counts
        from agreements as a
        join pages on pages.slug = a.page
        where a.standing
        group by pages.slug
        order by agreements desc, pages.organisation
        """,
        WHO,
    ),
    Question(
        "company_controllers",
        "Data controllers that are companies",
        "Data controllers named now whose name ends as those of companies do: Ltd, Limited, LLP, plc, Inc and the "
        "like. A company may be owned by a charity or a university; a name without such an ending may be a "
        "company’s.",
        """
        with named as (
          select *, upper(replace(replace(controller, ' (UNITED KINGDOM)', ''), '.', '')) as ending
          from agreement_controllers
          where last_seen is null
        )
        select controller, count(distinct reference) as agreements, min(first_seen) as first_seen,
          group_concat(distinct reference) as in_agreements
        from named
        where ending like '% LTD' or ending like '% LIMITED' or ending like '% LLP' or ending like '% PLC'
          or ending like '% INC' or ending like '% LLC' or ending like '% CIC' or ending like '% GMBH'
          or ending like '% CORPORATION' or ending like '% COMPANY'
        group by folded
        order by agreements desc, controller
        """,
        WHO,
    ),
    Question(
        "tre_only",
        "Organisations with system access only",
        "For each organisation, how many of its agreements print system access and nothing else: data looked at inside "
        "a research environment and no file sent. Organisations where that is all of them come first. An agreement "
        "that prints no access method counts as unknown, not as files.",
        """
        select pages.organisation, count(*) as agreements, sum(access.only) as system_access_only,
          sum(access.only is null) as not_printed, round(100.0 * sum(access.only) / count(*), 1) as per_cent
        from (
          select a.page, a.reference, case when coalesce(states.access_methods, '[]') = '[]' then null else not exists (
            select 1 from json_each(states.access_methods) as method
            where method.value not like 'system access%' and trim(method.value) != ''
          ) end as only
          from agreements as a
          join agreement_versions as v on v.id = a.version
          join states on states.id = v.state
          where a.standing
        ) as access
        join pages on pages.slug = access.page
        group by access.page
        having sum(access.only) > 0
        order by per_cent desc, agreements desc, pages.organisation
        """,
        WHO,
    ),
    Question(
        "on_two_pages",
        "Agreements on two pages",
        "Agreements that stand on the pages of more than one organisation now: joint ones, or ones whose applicant "
        "changed. What the pages print of them may differ.",
        """
        select a.reference, count(*) as pages, group_concat(pages.organisation, '; ') as organisations
        from agreements as a
        join pages on pages.slug = a.page
        where a.standing
        group by a.reference
        having count(*) > 1
        order by a.reference
        """,
        WHO,
    ),
    Question(
        "commercial_with_s251",
        "Commercial purposes with section 251 support",
        "Agreements that print a commercial purpose and cite section 251 of the National Health Service Act 2006 or "
        "the regulations under it. A page pools the versions of an agreement: the two need not have stood in one "
        "version.",
        """
        select pages.organisation, a.reference, states.title, states.commercial,
          group_concat(distinct ab.basis) as bases, min(ab.first_seen) as cited_since
        from agreements as a
        join agreement_versions as v on v.id = a.version
        join states on states.id = v.state
        join pages on pages.slug = a.page
        join agreement_legal_bases as ab on ab.page = a.page and ab.reference = a.reference and ab.last_seen is null
        where a.standing and ab.family = 's251-support'
          and exists (select 1 from json_each(states.commercial) where value like 'yes%')
        group by a.page, a.reference
        order by pages.organisation, a.reference
        """,
        BASIS,
    ),
    Question(
        "sublicensing",
        "Agreements that allow sublicensing",
        "Agreements whose page prints Yes at sublicensing: whoever has the data may pass it on. To whom it was "
        "passed on the register does not say.",
        """
        select pages.organisation, a.reference, states.title, states.sublicensing, states.datasets
        from agreements as a
        join agreement_versions as v on v.id = a.version
        join states on states.id = v.state
        join pages on pages.slug = a.page
        where a.standing and exists (select 1 from json_each(states.sublicensing) where value like 'yes%')
        order by pages.organisation, a.reference
        """,
        BASIS,
    ),
    Question(
        "identifiable_data",
        "Agreements with identifiable data",
        "Agreements that print Identifiable as a type of data, in its own line or among the opt-outs, where older "
        "layouts have it. Most pages print no type of data at all: who is not listed here may have identifiable data.",
        """
        select pages.organisation, a.reference, states.title, states.type_of_data, states.opt_outs, states.legal_bases
        from agreements as a
        join agreement_versions as v on v.id = a.version
        join states on states.id = v.state
        join pages on pages.slug = a.page
        where a.standing and (
          exists (select 1 from json_each(states.type_of_data) where value like 'identi%able')
          or exists (select 1 from json_each(states.opt_outs) where value like 'identi%able')
        )
        order by pages.organisation, a.reference
        """,
        BASIS,
    ),
    Question(
        "opt_outs_by_type",
        "Opt-outs not honoured, by type of organisation",
        "For each type of organisation, how many agreements print a No at the opt-outs. That is lawful more often than "
        "not: opt-outs do not apply to data that is not identifiable, to consented data, or where a law says "
        "otherwise. An agreement with several types is counted under each.",
        """
        select upper(substr(type.value, 1, 1)) || lower(substr(type.value, 2)) as organisation_type,
          count(*) as agreements, sum(no.printed) as with_a_no, sum(no.printed and yes.printed) as with_a_no_and_a_yes,
          round(100.0 * sum(no.printed) / count(*), 1) as per_cent_with_a_no
        from agreements as a
        join agreement_versions as v on v.id = a.version
        join states on states.id = v.state
        join json_each(states.organisation_types) as type
        join (select id, exists (
          select 1 from json_each(opt_outs) where value = 'N' collate nocase or value = 'No' collate nocase
            or value like 'no %'
        ) as printed from states) as no on no.id = states.id
        join (select id, exists (select 1 from json_each(opt_outs) where value like 'y%') as printed from states) as yes
          on yes.id = states.id
        where a.standing and coalesce(states.opt_outs, '[]') != '[]'
        group by lower(type.value)
        order by with_a_no desc, organisation_type
        """,
        BASIS,
    ),
    Question(
        "flags_and_remarks",
        "Pages with a flag, and remarks beside dates",
        "Sentences that a page flags, and remarks that it prints beside the dates of an agreement. The words are the "
        "page’s own, of those who reformat the register, and are quoted here, not adopted.",
        """
        select pages.organisation, null as reference, flag.value as words, 'flag on the page' as where_it_stands,
          pages.last_seen
        from pages
        join json_each(pages.flags) as flag
        where pages.standing
        union all
        select organisation, reference, evidence, 'remark beside the dates', last_seen
        from red_flags
        where rule = 'a remark stands beside the dates'
        order by where_it_stands, organisation, reference
        """,
        BASIS,
    ),
    Question(
        "longest_terms",
        "Longest printed terms",
        "Printed terms by their length in years. A page prints the term of the first version it holds; a renewed "
        "agreement may run longer than it says.",
        """
        select pages.organisation, a.reference, states.title, states.dsa_start, states.dsa_end,
          round((
            julianday(substr(states.dsa_end || '-01', 1, 10)) - julianday(substr(states.dsa_start || '-01', 1, 10))
          ) / 365.25, 1) as years
        from agreements as a
        join agreement_versions as v on v.id = a.version
        join states on states.id = v.state
        join pages on pages.slug = a.page
        where a.standing and states.dsa_start is not null and states.dsa_end is not null
          and years >= cast(coalesce(nullif(:years, ''), '0') as real)
        order by years desc, pages.organisation, a.reference
        """,
        TERM,
        (("years", "At least so many years; any if left empty."),),
    ),
    Question(
        "released_after_printed_end",
        "Releases apparently after the printed end",
        "Agreements whose last month of release lies after their printed end, and by how many months. This is apparent "
        "only: the page prints the term of the first version it holds and pools the releases of all versions, so the "
        "usual reason is a renewal.",
        """
        select pages.organisation, a.reference, states.title, states.dsa_end as printed_end,
          states.released_to as last_release_month,
          12 * (cast(substr(states.released_to, 1, 4) as int) - cast(substr(states.dsa_end, 1, 4) as int))
            + cast(substr(states.released_to, 6, 2) as int) - cast(substr(states.dsa_end, 6, 2) as int) as months
        from agreements as a
        join agreement_versions as v on v.id = a.version
        join states on states.id = v.state
        join pages on pages.slug = a.page
        where a.standing and states.released_to > substr(states.dsa_end, 1, 7)
        order by months desc, pages.organisation, a.reference
        """,
        TERM,
    ),
    Question(
        "renewed",
        "Agreements that look renewed",
        "Agreements of which since a day the printed end moved later, or whose releases continued, with how often. A "
        "renewal usually shows as later releases and not as a later printed end, so this counts both.",
        f"""
        select max(first_seen) as latest, organisation, reference, max(title) as title,
          sum(kind = 'dsa-extended') as printed_end_moved_later, sum(kind = 'releases-continued') as releases_continued
        from changes
        where kind in ('dsa-extended', 'releases-continued') and not is_group and not withdrawn
          and first_seen >= coalesce(nullif(:since, ''), date({_NEWEST}, '-12 months'))
        group by page, reference
        order by latest desc, organisation, reference
        """,
        TERM,
        (("since", "A day; twelve months before the newest reading if left empty."),),
    ),
    Question(
        "history_of_agreement",
        "History of one agreement",
        "Everything that was seen to change of one agreement, editorial changes too, the newest first. Its page "
        "shows the same with before and after.",
        """
        select first_seen, severity, kind, organisation, summary, substantive, member_of is not null as in_a_group,
          withdrawn, id as change
        from changes
        where reference = coalesce(nullif(upper(trim(:reference)), ''), (
          select reference from changes where substantive and reference is not null
          group by reference order by count(*) desc, reference limit 1
        ))
        order by first_seen desc, substantive desc, kind, id
        """,
        HISTORY,
        (("reference", "As in DARS-NIC-635697-P0C5M; the agreement that changed most often if left empty."),),
    ),
    Question(
        "words_in_prose",
        "Words in the prose of agreements",
        "Agreements that print these words in their objectives, benefits, outputs or processing now, with where they "
        "stand. The words are looked for one after the other, whatever their case; at most 2,000 sections are looked "
        "at.",
        """
        select pages.organisation, a.reference, states.title, case texts.id
            when states.objectives then 'Objectives' when states.expected_benefits then 'Expected Benefits'
            when states.yielded_benefits then 'Yielded Benefits' when states.outputs then 'Outputs' else 'Processing'
          end as section, found.excerpt
        from (
          select rowid as id, snippet(texts_search, 0, '', '', '…', 24) as excerpt
          from texts_search
          where texts_search match '"' || replace(coalesce(nullif(trim(:words), ''), 'data'), '"', ' ') || '"'
          limit 2000
        ) as found
        join texts on texts.id = found.id
        join states on texts.id in (
          states.objectives, states.expected_benefits, states.yielded_benefits, states.outputs, states.processing
        )
        join agreement_versions as v on v.state = states.id
        join agreements as a on a.version = v.id and a.standing
        join pages on pages.slug = a.page
        group by a.page, a.reference, texts.id
        order by pages.organisation, a.reference
        """,
        HISTORY,
        (("words", "One or several words; data if left empty."),),
    ),
)


def by_group() -> Sequence[tuple[str, Sequence[Question]]]:
    """Return the questions under what they are about."""
    return [(group, list(found)) for group, found in groupby(QUESTIONS, key=lambda one: one.group)]
