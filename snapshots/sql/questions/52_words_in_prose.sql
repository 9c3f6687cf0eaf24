-- Words in the prose of agreements.
-- Group: One by one
-- Agreements that print these words in their objectives, benefits, outputs, processing or other lines now, with where.
-- The words are looked for one after the other, whatever their case; at most 2,000 sections are looked at.
-- Answer: {agreements} of {organisations} {agreements:prints|print} {words} in {agreements:its|their} prose now.
-- Bars: rows by section
-- Feed: words=:words
-- Example: words=genomic
-- :words  One or several words; data if left empty.
-- .excerpt  Where it stands
select pages.organisation, a.reference, states.title, case texts.id
    when states.objectives then 'Objectives' when states.expected_benefits then 'Expected Benefits'
    when states.yielded_benefits then 'Yielded Benefits' when states.outputs then 'Outputs'
    when states.processing then 'Processing' else 'Other lines'
  end as section, found.excerpt, a.page
from (
  select rowid as id, snippet(texts_search, 0, '', '', '…', 24) as excerpt
  from texts_search
  where texts_search match '"' || replace(coalesce(nullif(trim(:words), ''), 'data'), '"', ' ') || '"'
  limit 2000
) as found
join texts on texts.id = found.id
join states on texts.id in (
  states.objectives, states.expected_benefits, states.yielded_benefits, states.outputs, states.processing,
  states.remainder
)
join agreement_versions as v on v.state = states.id
join agreements as a on a.version = v.id and a.standing
join pages on pages.key = a.page
group by a.page, a.reference, texts.id
order by pages.organisation, a.reference
