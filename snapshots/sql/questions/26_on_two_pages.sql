-- Agreements on two pages.
-- Group: Who has what
-- Agreements that stand on the pages of more than one organisation now: joint ones, or ones whose applicant changed.
-- What the pages print of them may differ.
-- Answer: {agreements} {agreements:stands|stand} on the pages of several organisations now.
-- Feed: kind=agreement-moved
select a.reference, count(*) as pages, group_concat(pages.organisation, '; ') as organisations,
  group_concat(pages.key, '; ') as page
from agreements as a
join pages on pages.key = a.page
where a.standing
group by a.reference
having count(*) > 1
order by a.reference
