-- Who cites a legal basis now.
-- Group: On what basis
-- Agreements on the register that cite a legal basis, in whatever spelling it is asked for or printed. A page pools the
-- bases of all versions of an agreement: it may rest on another one by now.
-- Answer: {agreements} of {organisations} {agreements:cites|cite} {basis} now.
-- Bars: rows by year of cited_since
-- Feed: basis=:basis
-- Example: basis=s251
-- :basis  As in s251, section 261(2)(a), consent; every legal basis if left empty.
-- .bases  Legal bases
-- .cited_since  Cited since
select pages.organisation, ab.reference, group_concat(distinct ab.basis) as bases, min(ab.first_seen) as cited_since,
  ab.page
from legal_bases_now as ab
join pages on pages.key = ab.page
where ab.basis in (
  select value from json_each(legal_bases_called(:basis))
  union
  select key from names where sort = 'legal-basis' and coalesce(trim(:basis), '') = ''
)
group by ab.page, ab.reference
order by pages.organisation, ab.reference
