-- Who got a dataset lately.
-- Group: What changed lately
-- Datasets with these words in their names that came to an agreement since a day, those of new agreements among them. A
-- day is when it was first seen here, not when anything was released. A dataset known under another name has to be
-- asked for by that name too, or looked up on its own page.
-- :dataset  Part of its printed name; Hospital Episode Statistics if left empty.
-- :since  A day, 2026-11-01; twelve months before the newest reading if left empty.
select ad.first_seen, ad.dataset, pages.organisation, ad.reference, states.title,
  ad.last_seen is null as still_listed
from agreement_datasets as ad
join pages on pages.key = ad.page
left join agreements as a on a.page = ad.page and a.reference = ad.reference
left join agreement_versions as v on v.id = a.version
left join states on states.id = v.state
where ad.dataset like '%' || coalesce(nullif(:dataset, ''), 'Hospital Episode Statistics') || '%'
  and ad.first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from runs where state = 'committed'), '-12 months'))
  and ad.first_seen > pages.first_seen
order by ad.first_seen desc, pages.organisation, ad.reference, ad.dataset
