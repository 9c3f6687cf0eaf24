-- Organisations by number of agreements.
-- Group: Who has what
-- How many agreements stand on each organisation’s page now, and how many datasets these list. A count of agreements is
-- no measure of data: one may hold more than twenty others.
-- Answer: {total[agreements]} agreements stand on the pages of {organisations}.
-- Bars: agreements by organisation
-- .files_that_the_page_counts  Files that the page counts
select pages.organisation, count(distinct a.reference) as agreements,
  (select count(distinct ad.folded) from agreement_datasets as ad
    where ad.page = pages.key and ad.last_seen is null) as datasets,
  pages.files_disseminated as files_that_the_page_counts,
  pages.key as page
from agreements as a
join pages on pages.key = a.page
where a.standing
group by pages.key
order by agreements desc, pages.organisation
