-- Who no longer lists a dataset.
-- Group: What changed lately
-- Agreements that listed a dataset with these words in its name and do not list it now, though they still stand.
-- Datasets that only took a newer name are among them: see whether the newer one is there. Data released before is not
-- said to be given back.
-- :dataset  Part of its printed name; any dataset if left empty.
select ad.last_seen as last_listed, ad.dataset, pages.organisation, ad.reference
from agreement_datasets as ad
join pages on pages.key = ad.page
join agreements as a on a.page = ad.page and a.reference = ad.reference and a.standing
where ad.last_seen is not null
  and ad.dataset like '%' || :dataset || '%'
  and not exists (
    select 1 from agreement_datasets as again
    where again.page = ad.page and again.reference = ad.reference and again.folded = ad.folded
      and again.last_seen is null
  )
group by ad.page, ad.reference, ad.folded
order by last_listed desc, pages.organisation, ad.reference
