-- Changes of high severity.
-- Group: What changed lately
-- Identifiable data, section 251 support, commercial purposes, remarks beside the dates and the like, the newest first;
-- a register-wide edit once. How severe a change is says which field changed and how, and nothing of why.
-- Rows: change
-- Answer: {rows} of high severity from {since} on.
-- Bars: rows by kind
-- Feed: severity=high since=:since
-- :since  A day; twelve months before the newest reading if left empty.
-- .first_seen  First seen
-- .summary  What changed
select first_seen, kind, organisation, reference, summary, agreements, id as change, page
from changes
where severity = 'high' and substantive and member_of is null and not withdrawn
  and first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from page_runs where state = 'committed'), '-12 months'))
order by first_seen desc, organisation, reference
