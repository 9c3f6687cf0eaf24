-- What a reader asks first. Views hold no data: they are made anew whenever the schema moves on.

create view current_agreements as
select
  agreements.page,
  pages.organisation,
  agreements.reference,
  states.title,
  states.type_of_data,
  states.opt_outs,
  states.confidentiality,
  states.legal_bases,
  states.commercial,
  states.organisation_types,
  states.sensitivity,
  states.dsa_start,
  states.dsa_end,
  states.released_from,
  states.released_to,
  states.when_note,
  states.access_methods,
  states.controllers,
  states.sublicensing,
  states.discussions,
  states.datasets,
  objectives.text as objectives,
  expected_benefits.text as expected_benefits,
  yielded_benefits.text as yielded_benefits,
  outputs.text as outputs,
  processing.text as processing,
  pages.last_seen
from agreements
join pages on pages.slug = agreements.page
join agreement_versions on agreement_versions.id = agreements.version
join states on states.id = agreement_versions.state
left join texts as objectives on objectives.id = states.objectives
left join texts as expected_benefits on expected_benefits.id = states.expected_benefits
left join texts as yielded_benefits on yielded_benefits.id = states.yielded_benefits
left join texts as outputs on outputs.id = states.outputs
left join texts as processing on processing.id = states.processing
where agreements.standing;

create view change_groups as
select changes.member_of as group_id, changes.id as change_id, changes.organisation, changes.reference, changes.summary
from changes
where changes.member_of is not null;

create view recent_changes as
select changes.id, changes.first_seen, changes.severity, changes.kind, changes.organisation, changes.reference,
  changes.summary, changes.run
from changes
where changes.substantive and changes.member_of is null and not changes.withdrawn
order by changes.first_seen desc, changes.severity, changes.organisation, changes.reference
limit 1000;

create view expiring_soon as
select current_agreements.dsa_end, current_agreements.organisation, current_agreements.reference,
  current_agreements.title, current_agreements.released_to, current_agreements.last_seen
from current_agreements
where current_agreements.dsa_end >= substr(current_agreements.last_seen, 1, length(current_agreements.dsa_end))
order by current_agreements.dsa_end;

create view red_flags as
select 'the page says files with and without opt-outs were sent in one month' as rule,
  pages.organisation, null as reference, pages.last_seen as last_seen, pages.flags as evidence
from pages
where pages.standing and pages.flags != '[]'
union all
select 'commercial purpose', organisation, reference, last_seen, commercial
from current_agreements, json_each(commercial) where json_each.value = 'Yes'
union all
select 'sublicensing allowed', organisation, reference, last_seen, sublicensing
from current_agreements, json_each(sublicensing) where json_each.value = 'Yes'
union all
select 'a remark stands beside the dates', organisation, reference, last_seen, when_note
from current_agreements where when_note not in ('(or before)', 'unknown')
union all
select 'the printed end lies before the printed start', organisation, reference, last_seen, dsa_start || ' to ' || dsa_end
from current_agreements where dsa_end < dsa_start
union all
select 'no legal basis is printed', organisation, reference, last_seen, legal_bases
from current_agreements where legal_bases = '[]'
union all
select 'the last release lies apparently after the printed end', organisation, reference, last_seen,
  'printed end ' || dsa_end || ', last release ' || released_to
from current_agreements where released_to > substr(dsa_end, 1, 7);
