-- Longest printed terms.
-- Group: Terms and releases
-- Printed terms by their length in years. A page prints the term of the first version it holds; a renewed agreement may
-- run longer than it says.
-- Answer: {agreements} of {organisations} {agreements:prints|print} a start and an end; the longest term is {first[years]} {first[years]:year|years}.
-- Bars: rows by years
-- Feed: kind=dsa-extended kind=dsa-shortened kind=dsa-term-changed
-- :years  At least so many years; any if left empty.
-- .dsa_start  Printed start
-- .dsa_end  Printed end
select pages.organisation, a.reference, states.title, states.dsa_start, states.dsa_end,
  round((
    julianday(substr(states.dsa_end || '-01', 1, 10)) - julianday(substr(states.dsa_start || '-01', 1, 10))
  ) / 365.25, 1) as years, a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join pages on pages.key = a.page
where a.standing and states.dsa_start is not null and states.dsa_end is not null
  and years >= cast(coalesce(nullif(:years, ''), '0') as real)
order by years desc, pages.organisation, a.reference
