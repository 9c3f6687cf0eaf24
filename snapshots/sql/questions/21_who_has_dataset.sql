-- Who has a dataset now.
-- Group: Who has what
-- Agreements on the register that list a dataset of this name, under any of its known names. Listed means agreed: an
-- agreement may list a dataset of which no file was released, or only system access.
-- Answer: {agreements} of {organisations} {agreements:lists|list} {dataset} now.
-- Bars: agreements by organisation
-- Feed: dataset=:dataset
-- Example: dataset=HES
-- :dataset  Any of its names, that of a family, or a part of one; every dataset if left empty.
-- .listed_since  Listed since
select ad.dataset, pages.organisation, ad.reference, ad.first_seen as listed_since, ad.page
from datasets_now as ad
join pages on pages.key = ad.page
where ad.folded in (
    select value from json_each(dataset_names(:dataset))
    union
    select folded from names where sort = 'dataset' and coalesce(trim(:dataset), '') = ''
  )
order by ad.dataset, pages.organisation, ad.reference
