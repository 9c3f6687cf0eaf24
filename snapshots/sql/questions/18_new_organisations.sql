-- Organisations new to the register.
-- Group: What changed lately
-- Organisations whose page was first seen since a day, with what stands on it now. A body may be new only by its name:
-- its page says whom it is known to follow.
-- Answer: {organisations} came to the register from {since} on, with {total[agreements]} {total[agreements]:agreement|agreements} now.
-- Bars: rows by month of first_seen
-- Feed: kind=organisation-added since=:since
-- :since  A day, 2026-11-01; twelve months before the newest reading if left empty.
-- .first_seen  First seen
-- .standing  Still on the register
select first_seen, organisation, agreements, standing, key as page
from pages
where organisation is not null and first_seen > (select min(first_seen) from pages)
  and first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from page_runs where state = 'committed'), '-12 months'))
order by first_seen desc, organisation
