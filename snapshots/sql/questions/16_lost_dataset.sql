-- Who no longer lists a dataset.
-- Group: What changed lately
-- Agreements that listed a dataset of this name and do not list it now, though they still stand.
-- Datasets that only took a newer name are among them: see whether the newer one is there. Data released before is not
-- said to be given back.
-- Answer: {agreements} of {organisations} listed {dataset}, and {agreements:does|do} not now.
-- Bars: rows by year of last_listed
-- Feed: kind=dataset-removed dataset=:dataset
-- Example: dataset=HES
-- :dataset  Any of its names, or a part of one; any dataset if left empty.
-- .last_listed  Last listed
select max(ad.last_seen) as last_listed, ad.dataset, pages.organisation, ad.reference,
  ad.page
from agreement_datasets as ad
join pages on pages.key = ad.page
join agreements as a on a.page = ad.page and a.reference = ad.reference and a.standing
where ad.last_seen is not null
  and ad.folded in (
    select value from json_each(dataset_names(:dataset))
    union
    select folded from names where sort = 'dataset' and coalesce(trim(:dataset), '') = ''
  )
  and not exists (
    select 1 from datasets_now
    where datasets_now.folded = ad.folded and datasets_now.page = ad.page and datasets_now.reference = ad.reference
  )
group by ad.page, ad.reference, ad.folded
order by last_listed desc, pages.organisation, ad.reference
