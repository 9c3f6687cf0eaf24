-- What a reader asks first. Views hold no data: they are made anew whenever the schema moves on. Where a column is one of a
-- table as it is, `states.title`, and has no comment, it means what it means there.

-- Every agreement that stands on the register now, with all its fields. Their columns are made from the table of fields.
create view current_agreements as
select
  agreements.page,  -- Slug of the page.
  pages.organisation,  -- Name in the page's heading.
  /* fields */
  pages.last_seen  -- Time of the last run that read the page or found it unchanged.
from agreements
join pages on pages.key = agreements.page
join agreement_versions on agreement_versions.id = agreements.version
join states on states.id = agreement_versions.state
where agreements.standing;

-- Every agreement as committed runs saw it, with all its fields: one row for each version, the newest last.
create view printed_versions as
select
  agreement_versions.page,  -- Slug of the page.
  agreement_versions.first_seen,  -- Time of the first run that saw the agreement like this.
  agreement_versions.last_seen,  -- Time of the last run that saw it; null while it is printed.
  /* fields */
  agreement_versions.id as version  -- Number of the version.
from agreement_versions
join states on states.id = agreement_versions.state;

-- Which datasets agreements list now. What a page lacks once is still held until its absence is confirmed (rule 6): then
-- the period ends where the agreement was last seen. Asked row by row, so that the indexes of the table are used.
create view datasets_now as
select
  agreement_datasets.page,
  agreement_datasets.reference,
  agreement_datasets.dataset,
  agreement_datasets.folded,
  agreement_datasets.first_seen
from agreement_datasets
where /* held now: agreement_datasets */;

-- Which legal bases agreements cite now. The same goes for it.
create view legal_bases_now as
select
  agreement_legal_bases.page,
  agreement_legal_bases.reference,
  agreement_legal_bases.basis,
  agreement_legal_bases.family,
  agreement_legal_bases.printed,
  agreement_legal_bases.first_seen
from agreement_legal_bases
where /* held now: agreement_legal_bases */;

-- Which data controllers agreements name now. The same goes for it.
create view controllers_now as
select
  agreement_controllers.page,
  agreement_controllers.reference,
  agreement_controllers.controller,
  agreement_controllers.folded,
  agreement_controllers.first_seen
from agreement_controllers
where /* held now: agreement_controllers */;

-- Which changes belong to a register-wide one. A group that was told and is no longer found names its members too,
-- wherever they belong now.
create view change_groups as
select
  changes.member_of as group_id,  -- Id of the group.
  changes.id as change_id,  -- Id of a change that belongs to it.
  changes.organisation,  -- Organisation of that change.
  changes.reference,  -- Agreement of that change.
  changes.summary  -- That change in one plain sentence.
from changes
where changes.member_of is not null
union all
select former_members.group_id, changes.id, changes.organisation, changes.reference, changes.summary
from former_members
join changes as groups on groups.id = former_members.group_id and groups.withdrawn
join changes on changes.id = former_members.change_id and changes.member_of is not former_members.group_id;

-- The newest thousand changes, the latest first.
create view recent_changes as
select
  changes.id,  -- Id of the change or group.
  changes.first_seen,  -- Time of the run that made it a change.
  changes.severity,  -- high, medium, low or info.
  changes.kind,  -- Kind of change.
  changes.organisation,  -- Name on the page; null for a group over several.
  changes.reference,  -- The agreement; null where there is none.
  changes.summary,
    -- The change in one plain sentence. The view holds the newest 1,000 that people are told.
  changes.run  -- That run.
from changes
where changes.substantive and changes.member_of is null and not changes.withdrawn
order by changes.first_seen desc, changes.severity, changes.organisation, changes.reference
limit 1000;

-- The term of each agreement as the official register has it now: that of the newest version it holds.
create view official_terms as
select
  held.stem as reference,  -- Reference of the agreement, as the pages print it.
  held.version,  -- Which version it is; null for a reference without one.
  held.dsa_start,  -- Start of the term.
  held.dsa_end,  -- End of the term.
  (
    select official_editions.month
    from runs
    join official_editions on official_editions.run = runs.id
    where runs.captured_at = (
      select min(same.first_seen)
      from official_versions as same
      where same.stem = held.stem and same.reference = held.reference and same.dsa_end = held.dsa_end
    )
  ) as since  -- Month of the first edition that said so.
from official_versions as held
-- One table and no groups: so that it is asked agreement by agreement where it is joined.
where held.last_seen is null and held.dsa_end is not null and not exists (
  select 1
  from official_versions as newer
  where newer.stem = held.stem and newer.last_seen is null and newer.dsa_end is not null and newer.place > held.place
);

-- Ends that lay ahead when the page was last read, the nearest first: the official one where there is one.
create view expiring_soon as
select
  coalesce(official_terms.dsa_end, states.dsa_end) as dsa_end,
    -- End of the term, the nearest first: the official one where a version is held, else the printed one. Ends that lay
    -- behind when last seen are left out.
  case length(coalesce(official_terms.dsa_end, states.dsa_end))
    when 7 then date(states.dsa_end || '-01', '+1 month', '-1 day')
    else coalesce(official_terms.dsa_end, states.dsa_end) end as last_day,
    -- Its last day: an end printed as a month is the last day of that month.
  pages.organisation,  -- Name in the page's heading.
  agreements.page,  -- Slug of the page.
  agreements.reference,  -- Reference of the agreement.
  states.title,  -- Its title; null where the page only numbers its projects.
  states.released_to,  -- Last month of the release window, YYYY-MM; null where none is printed.
  official_terms.dsa_end is null and coalesce(states.released_to > substr(states.dsa_end, 1, 7), 0) as apparent,
    -- 1 if releases are printed for months after a printed end, so that it is hardly the one that holds now.
  pages.last_seen,  -- Time of the last run that read the page or found it unchanged.
  iif(official_terms.dsa_end is null, 'page', 'official') as source,
    -- Who says so: page for the printed end, official for that of the newest version on the official register.
  official_terms.version as official_version,  -- Which version that is; null for a printed end.
  official_terms.since as official_since  -- Month of the first official edition that says so; null for a printed end.
from agreements
join pages on pages.key = agreements.page
join agreement_versions on agreement_versions.id = agreements.version
join states on states.id = agreement_versions.state
left join official_terms on official_terms.reference = agreements.reference
where agreements.standing and last_day >= substr(pages.last_seen, 1, 10)
order by last_day, pages.organisation, agreements.reference;

-- What each version of an agreement shows of what `red_flags`, questions and pictures ask. These are states that stand
-- out, not changes: most of them stood there when the page was first read, so no change tells them.
create view red_flag_signs as
select
  versions.id as version,
    -- Id in agreement_versions. A sign is true, false, or null where nothing printed could show it.
  versions.reference,  -- Reference of the agreement.
  versions.first_seen,  -- When this version of the agreement was first seen.
  states.commercial,
  states.sublicensing,
  states.organisation_types,
  states.when_note,
  states.dsa_start,
  states.dsa_end,
  states.released_from,
  states.released_to,
  states.released_to > substr(states.dsa_end, 1, 7) as late,
    -- The release window ends after the month of the printed end.
  -- Whether the end lies behind hangs on the day, and is asked below.
  instr(states.access_methods, '"Ongoing"') and states.dsa_end is not null
    and coalesce(states.released_to <= substr(states.dsa_end, 1, 7), true) as ongoing,
    -- Access is ongoing, and no release is printed after the printed end, which may lie ahead.
  instr(states.access_methods, '"Ongoing"') as is_ongoing,  -- Ongoing access is printed.
  case when states.legal_bases is not null then states.legal_bases = '[]'
    when instr(states.unprinted, '"legal_bases"') then null else true end as no_basis,  -- No legal basis is printed.
  (instr(lower(states.organisation_types), '"commercial"') or instr(lower(states.organisation_types), '"supplier"'))
    and instr(states.legal_bases, '"family":"s251-support"') as supported,
    -- A commercial organisation type stands with section 251 support.
  (instr(states.legal_bases, '"id":"COPI2002:r3(4)"') or instr(states.legal_bases, '"id":"COPI2002"'))
    and states.released_to > '2022-06' as lapsed,
    -- A COVID-19 notice is cited, and releases are printed after June 2022.
  instr(states.commercial, '"Yes"') as trades,  -- “Yes” is printed for a commercial purpose.
  instr(states.sublicensing, '"Yes"') as sublicenses,  -- “Yes” is printed for sublicensing.
  instr(states.legal_bases, '"family":"s251-support"') as cites_s251,  -- Section 251 support is cited.
  -- Older layouts print the type of data among the opt-outs, and a page has “fi” as one sign.
  exists (select 1 from json_each(states.type_of_data) where value like 'identi%able')
    or exists (select 1 from json_each(states.opt_outs) where value like 'identi%able') as identifiable,
    -- Identifiable is printed as a type of data.
  case when coalesce(states.opt_outs, '[]') != '[]' then exists (
    select 1 from json_each(states.opt_outs) where lower(value) in ('n', 'no') or value like 'no %'
  ) end as not_honoured,  -- A No is printed at the opt-outs.
  case when coalesce(states.opt_outs, '[]') != '[]' then exists (
    select 1 from json_each(states.opt_outs) where value like 'y%'
  ) end as honoured,  -- A Yes is printed at the opt-outs.
  case when coalesce(states.access_methods, '[]') != '[]' then not exists (
    select 1 from json_each(states.access_methods) where value not like 'system access%' and trim(value) != ''
  ) end as system_access_only,  -- System access is printed and no other access.
  -- One word beside a single date stands for the other date.
  states.when_note is not null and lower(states.when_note) not in ('(or before)', 'unknown')
    and (instr(states.when_note, ' ') or (states.dsa_start is null) = (states.dsa_end is null)) as remark,
    -- Words stand beside the dates that are a remark and not a date.
  states.dsa_end < states.dsa_start as backwards,  -- The printed end lies before the printed start.
  states.released_to < states.released_from as turned,  -- The release window ends before it begins.
  substr(states.dsa_end, 1, 7) > (substr(states.dsa_start, 1, 4) + 10) || substr(states.dsa_start, 5, 3) as long
    -- The printed term is longer than ten years.
from agreement_versions as versions
join states on states.id = versions.state;

-- Every rule of `red_flags`, in the order in which they are read.
create view red_flag_rules as
select
  'opt-outs-both-ways' as flag,  -- Id of the rule, as it stands in addresses.
  'both ways' as sign,
    -- The sign that shows it, as a column of red_flag_signs; two rules ask changes or the page instead.
  'the page says files with and without opt-outs were sent in one month' as rule
    -- What stands out, as a state and not as a change.
union all
select 'releases-after-the-end', 'late', 'the last release lies apparently after the printed end'
union all
select 'releases-after-the-official-end', 'late official', 'the last release lies after the official end of the term'
union all
select 'ongoing-past-the-end', 'ongoing', 'the printed end is past, access is ongoing and no later release is printed'
union all
select 'ongoing-past-the-official-end', 'ongoing official', 'the official end is past and access is ongoing'
union all
select 'term-changed-again', 'again', 'the printed term has changed more than once'
union all
select 'no-legal-basis', 'no_basis', 'no legal basis is printed'
union all
select 'commercial-with-s251', 'supported', 'a commercial organisation type stands with section 251 support'
union all
select 'lapsed-notice', 'lapsed', 'a COVID-19 notice is cited and later releases are printed'
union all
select 'commercial-purpose', 'trades', 'commercial purpose'
union all
select 'sublicensing', 'sublicenses', 'sublicensing allowed'
union all
select 'remark', 'remark', 'a remark stands beside the dates'
union all
select 'end-before-start', 'backwards', 'the printed end lies before the printed start'
union all
select 'releases-backwards', 'turned', 'the release window ends before it begins'
union all
select 'over-ten-years', 'long', 'the printed term is longer than ten years';

-- What `red_flags` is found by: where each rule holds now.
create view red_flag_places as
with standing as materialized (
  select pages.organisation, agreements.page, pages.last_seen, signs.reference, signs.first_seen, signs.commercial,
    signs.sublicensing, signs.organisation_types, signs.when_note, signs.dsa_start, signs.dsa_end, signs.released_from,
    signs.released_to, signs.late, signs.ongoing, signs.no_basis, signs.supported, signs.lapsed, signs.trades,
    signs.sublicenses, signs.remark, signs.backwards, signs.turned, signs.long, signs.is_ongoing,
    case length(signs.dsa_end) when 7 then date(signs.dsa_end || '-01', '+1 month', '-1 day') else signs.dsa_end end
      as last_day,
    official_terms.dsa_end as official_end, official_terms.since as official_since,
    coalesce('version ' || official_terms.version || ' of ', 'edition of ') || official_terms.since as official_version
  from agreements
  join pages on pages.key = agreements.page
  join red_flag_signs as signs on signs.version = agreements.version
  left join official_terms on official_terms.reference = agreements.reference
  where agreements.standing
)
select
  'late' as sign,  -- The sign that shows it, a row of red_flag_rules.
  'printed end ' || dsa_end || ', last release ' || released_to as evidence,
    -- What the page prints, in words; a page's own sentences stand in quotation marks.
  organisation,  -- Name in the page's heading.
  page,  -- Slug of the page.
  reference,  -- The agreement; null where the page as a whole is meant.
  first_seen,  -- When what is printed now was first seen; null where the rule asks changes.
  last_seen,  -- Time of the last run that read the page or found it unchanged.
  last_day  -- Last day of the printed term; null where none is printed or the rule asks no state.
from standing
where late and official_end is null
union all
select 'late official',
  'official end ' || official_end || ' (' || official_version || '), last release ' || released_to,
  organisation, page, reference, first_seen, last_seen, official_end
from standing
where released_to > substr(official_end, 1, 7)
union all
select 'ongoing',
  'printed end ' || dsa_end || ', access Ongoing, ' || coalesce('last release ' || released_to, 'no release printed'),
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where ongoing and official_end is null and last_day < substr(last_seen, 1, 10)
union all
select 'ongoing official',
  'official end ' || official_end || ' (' || official_version || '), access Ongoing',
  organisation, page, reference, first_seen, last_seen, official_end
from standing
where is_ongoing and official_end < substr(last_seen, 1, 10)
  and coalesce(released_to <= substr(official_end, 1, 7), true)
union all
select 'no_basis',
  'legal basis: none printed',
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where no_basis
union all
select 'supported',
  'organisation type ' || replace(substr(organisation_types, 3, length(organisation_types) - 4), '","', ', '),
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where supported
union all
select 'lapsed',
  'notice cited, last release ' || released_to,
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where lapsed
union all
select 'trades',
  'commercial purpose ' || replace(substr(commercial, 3, length(commercial) - 4), '","', ', '),
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where trades
union all
select 'sublicenses',
  'sublicensing ' || replace(substr(sublicensing, 3, length(sublicensing) - 4), '","', ', '),
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where sublicenses
union all
select 'remark',
  '“' || replace(when_note, char(10), ' ') || '”',
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where remark
union all
select 'backwards',
  dsa_start || ' to ' || dsa_end,
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where backwards
union all
select 'turned',
  'releases ' || released_from || ' to ' || released_to,
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where turned
union all
select 'long',
  dsa_start || ' to ' || dsa_end,
  organisation, page, reference, first_seen, last_seen, last_day
from standing
where long
union all
select 'again',
  'changed ' || term_changes.times || ' times, the last first seen ' || substr(term_changes.latest, 1, 10),
  pages.organisation, agreements.page, agreements.reference, null, pages.last_seen, null
from (
  select reference, count(*) as times, max(first_seen) as latest
  from changes
  where kind in ('dsa-extended', 'dsa-shortened', 'dsa-term-changed') and not is_group and not withdrawn
  group by reference
  having count(*) > 1
) as term_changes
join agreements on agreements.reference = term_changes.reference and agreements.standing
join pages on pages.key = agreements.page
union all
select 'both ways',
  (select group_concat('“' || flag.value || '”', ' ') from json_each(pages.flags) as flag),
  pages.organisation, pages.key, null, pages.first_seen, pages.last_seen, null
from pages
where pages.standing and pages.flags != '[]';

-- What stands out though nothing need have changed.
create view red_flags as
select
  red_flag_rules.flag,
  red_flag_rules.rule,
  organisation,  -- Name in the page's heading.
  page,  -- Slug of the page.
  reference,  -- The agreement; null where the page as a whole is meant.
  -- When the first state was seen that shows the sign, with none after it that shows otherwise.
  case flagged.sign
    when 'again' then (
      select changes.first_seen
      from changes
      where changes.reference = flagged.reference and not changes.is_group and not changes.withdrawn
        and changes.kind in ('dsa-extended', 'dsa-shortened', 'dsa-term-changed')
      order by changes.first_seen
      limit 1 offset 1
    )
    when 'both ways' then coalesce((
      select min(snapshots.first_seen)
      from snapshots
      join readings on readings.body = snapshots.body
      where snapshots.page = flagged.page and not snapshots.stale and readings.flags != '[]'
        and snapshots.first_seen > (
          select coalesce(max(snapshots.first_seen), '')
          from snapshots
          join readings on readings.body = snapshots.body
          where snapshots.page = flagged.page and not snapshots.stale and readings.flags = '[]'
        )
    ), first_seen)
    when 'late official' then max(first_seen, date(last_day, '+1 day') || 'T00:00:00Z')
    when 'ongoing official' then max(first_seen, date(last_day, '+1 day') || 'T00:00:00Z')
    else max(
      coalesce((
        select min(signs.first_seen)
        from red_flag_signs as signs
        where signs.reference = flagged.reference and case flagged.sign
          when 'late' then signs.late when 'ongoing' then signs.ongoing when 'no_basis' then signs.no_basis
          when 'supported' then signs.supported when 'lapsed' then signs.lapsed when 'trades' then signs.trades
          when 'sublicenses' then signs.sublicenses when 'remark' then signs.remark
          when 'backwards' then signs.backwards when 'turned' then signs.turned when 'long' then signs.long
        end
        and signs.first_seen > (
          select coalesce(max(signs.first_seen), '')
          from red_flag_signs as signs
          where signs.reference = flagged.reference and not case flagged.sign
            when 'late' then signs.late when 'ongoing' then signs.ongoing when 'no_basis' then signs.no_basis
            when 'supported' then signs.supported when 'lapsed' then signs.lapsed when 'trades' then signs.trades
            when 'sublicenses' then signs.sublicenses when 'remark' then signs.remark
            when 'backwards' then signs.backwards when 'turned' then signs.turned when 'long' then signs.long
          end
        )
      ), first_seen),
      iif(flagged.sign = 'ongoing', date(last_day, '+1 day') || 'T00:00:00Z', '')
    )
  end as since,
    -- Since when that is printed without a break, as far as seen; of a past end, the day after it.
  evidence,  -- What the page prints, in words; a page's own sentences stand in quotation marks.
  last_seen  -- Time of the last run that read the page or found it unchanged.
from red_flag_places as flagged
join red_flag_rules on red_flag_rules.sign = flagged.sign;

-- Runs over the pages; the editions of the official register are in `runs`, too.
create view page_runs as
select
  runs.id,
  runs.kind,
  runs.captured_at,
  runs.finished_at,
  runs.complete,
  runs.decision,
  runs.state,
  runs.reason,
  runs.pages_read,
  runs.pages_changed,
  runs.pages_failed,
  runs.pages_absent
from runs
where runs.register = 'nhs-data-release';
