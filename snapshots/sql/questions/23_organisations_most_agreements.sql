-- Organisations by number of agreements.
-- Group: Who has what
-- How many agreements stand on each organisation’s page now, and how many datasets these list. A count of agreements is
-- no measure of data: one may hold more than twenty others.
-- Answer: {total[agreements]} {total[agreements]:agreement stands|agreements stand} on the pages of {organisations}.
-- Bars: agreements by organisation
-- Feed: kind=agreement-added kind=agreement-removed kind=agreement-moved
-- .files_that_the_page_counts  Files that the page counts
select pages.organisation, count(distinct a.reference) as agreements,
  (select count(distinct ad.folded) from datasets_now as ad
    where ad.page = pages.key) as datasets,
  pages.files_disseminated as files_that_the_page_counts,
  pages.key as page
from agreements as a
join pages on pages.key = a.page
where a.standing
group by pages.key
order by agreements desc, pages.organisation
