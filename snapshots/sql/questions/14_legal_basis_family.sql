-- Changes of the family of a legal basis.
-- Group: What changed lately
-- Where a family of legal bases came or went since a day: consent, section 251 support, directions and the like; a
-- register-wide edit once. A page pools the bases of all versions of an agreement, so a new one stands beside the old
-- ones and need not replace them.
-- Rows: change
-- Answer: In {rows}, a family of legal bases came or went from {since} on.
-- Bars: rows by month of first_seen
-- Feed: kind=legal-basis-changed since=:since
-- :since  A day; twelve months before the newest reading if left empty.
-- .first_seen  First seen
-- .families_that_came  Came
-- .families_that_went  Went
-- .summary  What changed
select first_seen, severity, organisation, reference, json_extract(families, '$[0]') as families_that_came,
  json_extract(families, '$[1]') as families_that_went, summary, agreements, id as change, page
from changes
where kind = 'legal-basis-changed' and families != '[[],[]]' and member_of is null and not withdrawn
  and first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from page_runs where state = 'committed'), '-12 months'))
order by first_seen desc, organisation, reference
