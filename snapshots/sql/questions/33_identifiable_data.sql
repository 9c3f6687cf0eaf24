-- Agreements with identifiable data.
-- Group: On what basis
-- Agreements that print Identifiable as a type of data, in its own line or among the opt-outs, where older layouts have
-- it. Most pages print no type of data at all: who is not listed here may have identifiable data.
-- Answer: {agreements} of {organisations} {agreements:prints|print} identifiable data.
-- Bars: rows by organisation
-- Feed: kind=type-of-data-changed
-- .opt_outs  Opt-outs
-- .type_of_data  Type of data
select pages.organisation, a.reference, states.title, states.type_of_data, states.opt_outs, states.legal_bases,
  a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join red_flag_signs as signs on signs.version = a.version
join pages on pages.key = a.page
where a.standing and signs.identifiable
order by pages.organisation, a.reference
