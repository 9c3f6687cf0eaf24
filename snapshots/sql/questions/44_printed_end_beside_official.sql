-- Printed ends beside the official ones.
-- Group: Terms and releases
-- Agreements whose printed end is another one than that of the newest version on the official register, and which version
-- says so. The page prints the term of the first version it holds, so that a renewal shows here.
-- Answer: For {agreements} of {organisations} the printed end is not that of the newest version on the official register.
-- Bars: rows by year of official_end
-- Feed: kind=dsa-extended kind=dsa-shortened kind=version-added
-- .official_since  Says so since
select pages.organisation, a.reference, states.title, states.dsa_end as printed_end,
  official_terms.dsa_end as official_end, official_terms.version as official_version,
  official_terms.since as official_since, a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join pages on pages.key = a.page
join official_terms on official_terms.reference = a.reference
where a.standing and states.dsa_end is not null
  and states.dsa_end != substr(official_terms.dsa_end, 1, length(states.dsa_end))
order by official_end desc, pages.organisation, a.reference
