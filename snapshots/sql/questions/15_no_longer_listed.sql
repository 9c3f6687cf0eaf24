-- Agreements no longer on the register’s pages.
-- Group: What changed lately
-- Agreements that stood on a page and stand on none now. That is all that is known: whether one ran out, was withdrawn
-- or is missing by mistake the page does not say.
-- Answer: {agreements} of {organisations} stood on a page and {agreements:stands|stand} on none now.
-- Bars: rows by year of first_missing
-- Feed: kind=agreement-removed
-- .first_missing  First missing
-- .last_release_month  Last release
select max(v.ended) as first_missing, coalesce(p.organisation, v.page) as organisation, v.reference,
  s.title, s.dsa_end as printed_end, s.released_to as last_release_month, v.page
from agreement_versions as v
join agreements as a on a.page = v.page and a.reference = v.reference and a.version = v.id
join pages as p on p.key = v.page
join states as s on s.id = v.state
where not a.standing
  and not exists (select 1 from agreements as b where b.reference = v.reference and b.standing)
group by v.reference
order by first_missing desc, organisation, v.reference
