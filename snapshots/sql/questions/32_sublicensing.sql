-- Agreements that allow sublicensing.
-- Group: On what basis
-- Agreements whose page prints Yes at sublicensing: whoever has the data may pass it on. To whom it was passed on the
-- register does not say.
-- Answer: {agreements} of {organisations} {agreements:allows|allow} sublicensing.
-- Bars: rows by organisation
-- Feed: kind=sublicensing-changed
select pages.organisation, a.reference, states.title, states.sublicensing, states.datasets,
  a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join red_flag_signs as signs on signs.version = a.version
join pages on pages.key = a.page
where a.standing and signs.sublicenses
order by pages.organisation, a.reference
