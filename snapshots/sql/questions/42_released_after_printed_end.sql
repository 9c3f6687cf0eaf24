-- Releases apparently after the printed end.
-- Group: Terms and releases
-- Agreements whose last month of release lies after their printed end, and by how many months. This is apparent only:
-- the page prints the term of the first version it holds and pools the releases of all versions, so the usual reason is
-- a renewal. Where the official register holds a version the true end is known: that agreement is left out, and red
-- flags go by that end.
-- Answer: For {agreements} of {organisations} the last release lies after the printed end, for {first[organisation]} by {first[months]} {first[months]:month|months}.
-- Bars: rows by year of last_release_month
-- Feed: kind=releases-continued kind=release-window-changed kind=dsa-extended kind=dsa-shortened
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
left join official_terms on official_terms.reference = a.reference
where a.standing and official_terms.dsa_end is null and states.released_to > substr(states.dsa_end, 1, 7)
order by months desc, pages.organisation, a.reference
