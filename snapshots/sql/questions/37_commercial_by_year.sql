-- Commercial purposes by year.
-- Group: On what basis
-- Of the agreements on the register, by the year in which their printed term begins, how many print a commercial
-- purpose. A page prints the term of the first version it holds, and what is gone from the register is not counted.
-- Answer: {total[commercial]} of {total[agreements]} {total[agreements]:agreement|agreements} with a printed start {total[commercial]:prints|print} a commercial purpose.
-- Bars: commercial by year
-- Feed: kind=commercial-changed
-- .year  Year of the printed start
-- .commercial  Commercial
-- .per_cent  Per cent
select cast(substr(states.dsa_start, 1, 4) as int) as year, count(distinct a.reference) as agreements,
  count(distinct case when signs.trades then a.reference end) as commercial,
  round(100.0 * count(distinct case when signs.trades then a.reference end) / count(distinct a.reference), 1) as per_cent
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join red_flag_signs as signs on signs.version = a.version
where a.standing and states.dsa_start is not null
group by year
order by year desc
