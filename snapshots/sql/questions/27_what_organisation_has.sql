-- What an organisation has now.
-- Group: Who has what
-- The datasets that stand on an organisation’s page now, and on those of the bodies it is known to follow: in how many
-- of its agreements, and since when. Listed means agreed, not released.
-- Answer: {datasets} {datasets:stands|stand} in the agreements of {organisations}.
-- Bars: agreements by dataset
-- Feed: organisation=:organisation
-- Example: organisation=NHS
-- :organisation  Any of its names, or a part of one; every organisation if left empty.
-- .listed_since  Listed since
select max(ad.dataset) as dataset, count(distinct ad.reference) as agreements, min(ad.first_seen) as listed_since,
  pages.organisation, ad.page
from datasets_now as ad
join pages on pages.key = ad.page
where ad.page in (
  select value from json_each(organisation_pages(:organisation))
  union
  select key from pages where coalesce(trim(:organisation), '') = ''
)
group by ad.page, ad.folded
order by pages.organisation, agreements desc, dataset
