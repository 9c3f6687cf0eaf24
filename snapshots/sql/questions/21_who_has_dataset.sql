-- Who has a dataset now.
-- Group: Who has what
-- Agreements on the register that list a dataset with these words in its printed name. Listed means agreed: an
-- agreement may list a dataset of which no file was released, or only system access.
-- :dataset  Part of its printed name; every dataset if left empty.
select ad.dataset, pages.organisation, ad.reference, ad.first_seen as listed_since
from agreement_datasets as ad
join pages on pages.key = ad.page
where ad.last_seen is null and ad.dataset like '%' || :dataset || '%'
order by ad.dataset, pages.organisation, ad.reference
