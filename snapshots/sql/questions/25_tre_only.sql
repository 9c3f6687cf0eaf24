-- Organisations with system access only.
-- Group: Who has what
-- For each organisation, how many of its agreements print system access and nothing else: data looked at inside a
-- research environment and no file sent. Organisations where that is all of them come first. An agreement that prints
-- no access method counts as unknown, not as files.
-- Answer: {organisations} print system access and nothing else for one or more of their agreements, {total[system_access_only]} in all.
-- Bars: system access only by organisation
-- .per_cent  Per cent
-- .not_printed  Nothing printed
select pages.organisation, count(*) as agreements, sum(access.only) as system_access_only,
  sum(access.only is null) as not_printed, round(100.0 * sum(access.only) / count(*), 1) as per_cent,
  access.page
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
join pages on pages.key = access.page
group by access.page
having sum(access.only) > 0
order by per_cent desc, agreements desc, pages.organisation
