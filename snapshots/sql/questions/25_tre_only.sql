-- Organisations with system access only.
-- Group: Who has what
-- For each organisation, how many of its agreements print system access and nothing else: data looked at inside a
-- research environment and no file sent. Organisations where that is all of them come first. An agreement that prints
-- no access method counts as unknown, not as files.
-- Answer: {organisations} {organisations:prints|print} system access and nothing else for one or more agreements, {total[system_access_only]} in all.
-- Bars: system access only by organisation
-- Feed: kind=access-method-changed
-- .per_cent  Per cent
-- .not_printed  Nothing printed
select pages.organisation, count(*) as agreements, sum(signs.system_access_only) as system_access_only,
  sum(signs.system_access_only is null) as not_printed,
  round(100.0 * sum(signs.system_access_only) / count(*), 1) as per_cent,
  a.page
from agreements as a
join red_flag_signs as signs on signs.version = a.version
join pages on pages.key = a.page
where a.standing
group by a.page
having sum(signs.system_access_only) > 0
order by per_cent desc, agreements desc, pages.organisation
