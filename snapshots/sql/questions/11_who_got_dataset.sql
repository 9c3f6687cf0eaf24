-- Who got a dataset lately.
-- Group: What changed lately
-- Agreements that came to list a dataset of this name since a day, new ones among them, and whether they list it still.
-- A day is when it was first seen here, not when anything was released. All known names of a dataset are asked for, and
-- of a family, such as HES, all its datasets; one that only took another of its names did not come.
-- Answer: {agreements} of {organisations} came to list {dataset} from {since} on.
-- Bars: rows by month of first_seen
-- Feed: kind=dataset-added kind=agreement-added dataset=:dataset since=:since
-- Example: dataset=HES
-- :dataset  Any of its names, or a part of one; Hospital Episode Statistics if left empty.
-- :since  A day, 2026-11-01; twelve months before the newest reading if left empty.
-- .first_seen  First seen
-- .still_listed  Still listed
with asked as materialized (
  select value as folded from json_each(dataset_names(coalesce(nullif(trim(:dataset), ''), 'Hospital Episode Statistics')))
), told as materialized (
  select first_seen as day, kind, page, reference, title, added
  from changes
  where kind in ('dataset-added', 'agreement-added') and substantive and not is_group and not withdrawn
    and first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from page_runs where state = 'committed'), '-12 months'))
)
select told.day as first_seen, ad.dataset, pages.organisation, told.reference, told.title,
  exists (
    select 1 from datasets_now where datasets_now.folded = ad.folded and datasets_now.reference = told.reference
  ) as still_listed,
  told.page
from told
join agreement_datasets as ad on ad.page = told.page and ad.reference = told.reference
  and ad.first_seen <= told.day and (ad.last_seen is null or ad.last_seen >= told.day)
join pages on pages.key = told.page
where ad.folded in (select folded from asked)
  and (told.kind = 'agreement-added' or exists (select 1 from json_each(told.added) where folded(value) = ad.folded))
order by told.day desc, pages.organisation, told.reference, ad.dataset
