-- Opt-outs not honoured, by type of organisation.
-- Group: On what basis
-- For each type of organisation, how many agreements print a No at the opt-outs. That is lawful more often than not:
-- opt-outs do not apply to data that is not identifiable, to consented data, or where a law says otherwise. An
-- agreement with several types is counted under each.
-- Rows: type of organisation, types of organisation
-- Answer: Over {rows}, {total[with_a_no]} agreements print a No at the opt-outs, most of them under {first[organisation_type]}.
-- Bars: with a no by organisation type
-- .with_a_no  With a No
-- .with_a_no_and_a_yes  With a No and a Yes
-- .per_cent_with_a_no  Per cent with a No
-- .organisation_type  Type of organisation
select max(type.value) as organisation_type,
  count(*) as agreements, sum(no.printed) as with_a_no, sum(no.printed and yes.printed) as with_a_no_and_a_yes,
  round(100.0 * sum(no.printed) / count(*), 1) as per_cent_with_a_no
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join json_each(states.organisation_types) as type
join (select id, exists (
  select 1 from json_each(opt_outs) where value = 'N' collate nocase or value = 'No' collate nocase
    or value like 'no %'
) as printed from states) as no on no.id = states.id
join (select id, exists (select 1 from json_each(opt_outs) where value like 'y%') as printed from states) as yes
  on yes.id = states.id
where a.standing and coalesce(states.opt_outs, '[]') != '[]'
group by lower(type.value)
order by with_a_no desc, organisation_type
