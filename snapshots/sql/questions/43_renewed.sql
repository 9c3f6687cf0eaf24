-- Agreements that look renewed.
-- Group: Terms and releases
-- Agreements of which since a day the printed end moved later, or whose releases continued, with how often. A renewal
-- usually shows as later releases and not as a later printed end, so this counts both.
-- Answer: {agreements} of {organisations} {agreements:looks|look} renewed from {since} on.
-- Bars: rows by month of latest
-- Feed: kind=dsa-extended kind=releases-continued since=:since
-- :since  A day; twelve months before the newest reading if left empty.
-- .latest  Latest sign
select max(first_seen) as latest, organisation, reference, max(title) as title,
  sum(kind = 'dsa-extended') as printed_end_moved_later, sum(kind = 'releases-continued') as releases_continued, page
from changes
where kind in ('dsa-extended', 'releases-continued') and not is_group and not withdrawn
  and first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from page_runs where state = 'committed'), '-12 months'))
group by page, reference
order by latest desc, organisation, reference
