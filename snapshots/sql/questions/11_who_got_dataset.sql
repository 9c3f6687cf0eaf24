-- Who got a dataset lately.
-- Group: What changed lately
-- Datasets of this name that came to an agreement since a day, those of new agreements among them. A
-- day is when it was first seen here, not when anything was released. All known names of a dataset are asked for, and of
-- a family, such as HES, all its datasets.
-- Answer: {agreements} of {organisations} came to list {dataset} from {since} on.
-- Bars: rows by month of first_seen
-- Feed: kind=dataset-added dataset=:dataset since=:since
-- Example: dataset=HES
-- :dataset  Any of its names, or a part of one; Hospital Episode Statistics if left empty.
-- :since  A day, 2026-11-01; twelve months before the newest reading if left empty.
-- .first_seen  First seen
-- .still_listed  Still listed
select ad.first_seen, ad.dataset, pages.organisation, ad.reference, states.title,
  ad.last_seen is null as still_listed,
  ad.page
from agreement_datasets as ad
join pages on pages.key = ad.page
left join agreements as a on a.page = ad.page and a.reference = ad.reference
left join agreement_versions as v on v.id = a.version
left join states on states.id = v.state
where ad.folded in (select value from json_each(dataset_names(coalesce(nullif(trim(:dataset), ''), 'Hospital Episode Statistics'))))
  and ad.first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from runs where state = 'committed'), '-12 months'))
  and ad.first_seen > pages.first_seen
order by ad.first_seen desc, pages.organisation, ad.reference, ad.dataset
