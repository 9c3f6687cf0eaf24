-- New agreements this month.
-- Group: What changed lately
-- Agreements that were first seen in a month, on any page. One that a page printed when that page was first read is not
-- new: it was there before anybody looked.
-- Answer: {agreements} of {organisations} came in {month}.
-- Bars: rows by organisation
-- Feed: kind=agreement-added
-- :month  A month, 2026-11; that of the newest reading if left empty.
-- .first_seen  First seen
select first_seen, organisation, reference, title, summary, id as change, page
from changes
where kind = 'agreement-added' and not withdrawn
  and substr(first_seen, 1, 7) = coalesce(nullif(:month, ''), substr((select max(captured_at) from page_runs where state = 'committed'), 1, 7))
order by first_seen desc, organisation, reference
