-- Releases apparently after the printed end.
-- Group: Terms and releases
-- Agreements whose last month of release lies after their printed end, and by how many months. This is apparent only:
-- the page prints the term of the first version it holds and pools the releases of all versions, so the usual reason is
-- a renewal.
-- Answer: For {agreements} of {organisations} the last release lies after the printed end, for {first[organisation]} by {first[months]} months.
-- Bars: rows by year of last_release_month
-- .last_release_month  Last release
-- .months  Months after
select pages.organisation, a.reference, states.title, states.dsa_end as printed_end,
  states.released_to as last_release_month,
  12 * (cast(substr(states.released_to, 1, 4) as int) - cast(substr(states.dsa_end, 1, 4) as int))
    + cast(substr(states.released_to, 6, 2) as int) - cast(substr(states.dsa_end, 6, 2) as int) as months,
  a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join pages on pages.key = a.page
where a.standing and states.released_to > substr(states.dsa_end, 1, 7)
order by months desc, pages.organisation, a.reference
