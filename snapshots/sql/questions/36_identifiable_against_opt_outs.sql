-- Identifiable data where opt-outs are not applied.
-- Group: On what basis
-- Agreements that print Identifiable as a type of data and a No at the opt-outs. That is lawful where people consented
-- or a law says so; which it is stands among the legal bases and in the prose.
-- Answer: {agreements} of {organisations} {agreements:prints|print} identifiable data and a No at the opt-outs.
-- Bars: rows by organisation
-- Feed: kind=opt-outs-changed
-- .opt_outs  Opt-outs
select pages.organisation, a.reference, states.title, states.opt_outs, states.legal_bases, a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join red_flag_signs as signs on signs.version = a.version
join pages on pages.key = a.page
where a.standing and signs.identifiable and signs.not_honoured
order by pages.organisation, a.reference
