-- Datasets most widely held.
-- Group: Who has what
-- In how many agreements, and at how many organisations, each dataset stands now. Spellings of one name are one;
-- earlier and newer names of one dataset are counted apart, so ask for both.
-- Answer: {first[dataset]} is listed in more agreements than any other: {first[agreements]}, of {first[organisations]} {first[organisations]:organisation|organisations}.
-- Bars: agreements by dataset
-- Feed: kind=dataset-added kind=dataset-removed kind=agreement-added kind=agreement-removed
-- .first_seen  First seen
select max(ad.dataset) as dataset, count(distinct ad.reference) as agreements,
  count(distinct ad.page) as organisations, min(ad.first_seen) as first_seen
from datasets_now as ad
group by ad.folded
order by agreements desc, dataset
