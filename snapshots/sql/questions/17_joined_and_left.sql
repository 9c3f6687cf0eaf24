-- Who joined and who left a dataset.
-- Group: What changed lately
-- Agreements that came to list a dataset of this name since a day, and those that ceased to: a new agreement joins, one
-- that is gone from the register leaves. One that went to another page, as those of a renamed organisation do, does
-- neither, nor does a dataset that took another known name. A day is that of the change: who left was missed before it.
-- Rows: move
-- Answer: {rows} from {since} on: {count[joined]} joined {dataset}, {count[left]} left.
-- Bars: rows by month of day
-- Feed: kind=dataset-added kind=dataset-removed kind=agreement-added kind=agreement-removed dataset=:dataset since=:since
-- Example: dataset=HES
-- :dataset  Any of its names, that of a family, or a part of one; every dataset if left empty.
-- :since  A day, 2026-11-01; twelve months before the newest reading if left empty.
-- .day  Told on
-- .moved  Joined or left
with asked as materialized (
  select value as folded from json_each(dataset_names(:dataset))
  union
  select folded from names where sort = 'dataset' and coalesce(trim(:dataset), '') = ''
), told as materialized (
  select first_seen as day, kind, page, reference, added, removed
  from changes
  where kind in ('dataset-added', 'dataset-removed', 'agreement-added', 'agreement-removed')
    and substantive and not is_group and not withdrawn
    and first_seen >= coalesce(nullif(:since, ''), date((select max(captured_at) from page_runs where state = 'committed'), '-12 months'))
), moved as (
  select told.*, 'joined' as moved, name.value as dataset
  from told, json_each(told.added) as name
  where told.kind = 'dataset-added' and folded(name.value) in (select folded from asked)
  union all
  select told.*, 'left', name.value
  from told, json_each(told.removed) as name
  where told.kind = 'dataset-removed' and folded(name.value) in (select folded from asked)
  union all
  select told.*, 'joined', ad.dataset
  from told
  join agreement_datasets as ad on ad.page = told.page and ad.reference = told.reference
  where told.kind = 'agreement-added' and ad.folded in (select folded from asked)
    and ad.first_seen <= told.day and (ad.last_seen is null or ad.last_seen >= told.day)
  union all
  select told.*, 'left', ad.dataset
  from told
  join agreement_datasets as ad on ad.page = told.page and ad.reference = told.reference
  where told.kind = 'agreement-removed' and ad.folded in (select folded from asked)
    and ad.last_seen = (
      select max(v.last_seen) from agreement_versions as v
      where v.page = told.page and v.reference = told.reference and v.last_seen < told.day
    )
)
select moved.day, moved.moved, moved.dataset, pages.organisation, moved.reference, moved.page
from moved
join pages on pages.key = moved.page
order by moved.day desc, pages.organisation, moved.reference, moved.moved, moved.dataset
