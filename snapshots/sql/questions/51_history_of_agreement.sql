-- History of one agreement.
-- Group: One by one
-- Everything that was seen to change of one agreement, editorial changes too, the newest first. Its page shows the same
-- with before and after.
-- Rows: change
-- Answer: {rows} {rows:was|were} seen of {first[reference]}.
-- Bars: rows by kind
-- Feed: reference=:reference
-- :reference  As in DARS-NIC-635697-P0C5M, or a part of it; the agreement that changed most often if left empty.
-- .first_seen  First seen
-- .summary  What changed
-- .in_a_group  In a group
select first_seen, severity, kind, organisation, summary, substantive, member_of is not null as in_a_group,
  withdrawn, id as change, page, reference
from changes
where reference in (
  select value from json_each(references_of(coalesce(nullif(trim(:reference), ''), (
    select reference from changes where substantive and reference is not null
    group by reference order by count(*) desc, reference limit 1
  ))))
)
order by first_seen desc, substantive desc, kind, id
