-- Commercial purposes with section 251 support.
-- Group: On what basis
-- Agreements that print a commercial purpose and cite section 251 of the National Health Service Act 2006 or the
-- regulations under it. A page pools the versions of an agreement: the two need not have stood in one version.
-- Answer: {agreements} of {organisations} {agreements:prints|print} a commercial purpose and {agreements:cites|cite} section 251.
-- Bars: rows by organisation
-- Feed: kind=commercial-changed
-- .bases  Legal bases
-- .cited_since  Cited since
-- .commercial  Commercial purposes
select pages.organisation, a.reference, states.title, states.commercial,
  group_concat(distinct ab.basis) as bases, min(ab.first_seen) as cited_since, a.page
from agreements as a
join agreement_versions as v on v.id = a.version
join states on states.id = v.state
join red_flag_signs as signs on signs.version = a.version
join pages on pages.key = a.page
join legal_bases_now as ab on ab.page = a.page and ab.reference = a.reference
where a.standing and ab.family = 's251-support' and signs.trades
group by a.page, a.reference
order by pages.organisation, a.reference
