-- Opt-outs not honoured, by type of organisation.
-- Group: On what basis
-- For each type of organisation, how many agreements print a No at the opt-outs. That is lawful more often than not:
-- opt-outs do not apply to data that is not identifiable, to consented data, or where a law says otherwise. An
-- agreement with several types is counted under each.
-- Rows: type of organisation, types of organisation
-- Answer: Over {rows}, {total[with_a_no]} {total[with_a_no]:agreement prints|agreements print} a No at the opt-outs, most of them under {first[organisation_type]}.
-- Bars: with a no by organisation type
-- Feed: kind=opt-outs-changed
-- .with_a_no  With a No
-- .with_a_no_and_a_yes  With a No and a Yes
-- .per_cent_with_a_no  Per cent with a No
-- .organisation_type  Type of organisation
select max(type.value) as organisation_type,
  count(*) as agreements, sum(signs.not_honoured) as with_a_no,
  sum(signs.not_honoured and signs.honoured) as with_a_no_and_a_yes,
  round(100.0 * sum(signs.not_honoured) / count(*), 1) as per_cent_with_a_no
from agreements as a
join red_flag_signs as signs on signs.version = a.version
join json_each(signs.organisation_types) as type
where a.standing and signs.not_honoured is not null
group by lower(type.value)
order by with_a_no desc, organisation_type
