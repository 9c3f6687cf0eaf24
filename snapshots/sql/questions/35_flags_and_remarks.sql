-- Pages with a flag, and remarks beside dates.
-- Group: On what basis
-- Sentences that a page flags, and remarks that it prints beside the dates of an agreement. The words are the page’s
-- own, of those who reformat the register, and are quoted here, not adopted.
-- Rows: flag or remark, flags and remarks
-- Answer: {rows} {rows:stands|stand} on the pages of {organisations} now.
-- Bars: rows by organisation
-- Feed: kind=flag-raised kind=flag-cleared kind=incident-noted kind=incident-removed
-- .words  As printed
-- .last_seen  Last read
select pages.organisation, null as reference, flag.value as words, 'flag on the page' as where_it_stands,
  pages.last_seen, pages.key as page
from pages
join json_each(pages.flags) as flag
where pages.standing
union all
select organisation, reference, evidence, 'remark beside the dates', last_seen, page
from red_flags
where flag = 'remark'
order by where_it_stands, organisation, reference
