-- Who joined and who left a dataset.
-- Group: What changed lately
-- Agreements that came to list a dataset of this name since a day, and those that ceased to: a new agreement joins, one
-- that is gone from the register leaves. A dataset that took another name leaves under the old and joins under the new one.
-- Rows: move
-- Answer: {rows} from {since} on: {count[joined]} joined {dataset}, {count[left]} left.
-- Bars: rows by month of day
-- Feed: kind=dataset-added kind=dataset-removed dataset=:dataset since=:since
-- Example: dataset=HES
-- :dataset  Any of its names, that of a family, or a part of one; every dataset if left empty.
-- :since  A day, 2026-11-01; twelve months before the newest reading if left empty.
-- .moved  Joined or left
with asked as (
  select page, reference, folded, dataset, min(first_seen) as first_seen, max(last_seen) as last_seen,
    max(last_seen is null) as listed
  from agreement_datasets
  where folded in (
    select value from json_each(dataset_names(:dataset))
    union
    select folded from names where sort = 'dataset' and coalesce(trim(:dataset), '') = ''
  )
  group by page, reference, folded
), moved as (
  select asked.first_seen as day, 'joined' as moved, asked.* from asked
  join pages on pages.key = asked.page and asked.first_seen > pages.first_seen
  union all
  select last_seen, 'left', asked.* from asked where not listed
)
select moved.day, moved.moved, moved.dataset, pages.organisation, moved.reference, moved.page
from moved
join pages on pages.key = moved.page
where moved.day >= coalesce(nullif(:since, ''), date((select max(captured_at) from runs where state = 'committed'), '-12 months'))
order by moved.day desc, pages.organisation, moved.reference, moved.moved
