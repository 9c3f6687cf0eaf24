-- Every name under which a page, a dataset or a legal basis was ever printed: what a name typed somewhere is looked up in.
create table names (
  id integer primary key,  -- Number of the name, in the order in which names were first seen.
  sort text not null,  -- What is called so: organisation, dataset or legal-basis.
  key text not null,  -- Which: key of the page, folded name of the dataset, canonical id of the legal basis.
  name text not null,  -- The name as printed; of a legal basis the text that gave it.
  folded text not null,  -- The name as comparisons see it: letters and digits alone.
  unique (sort, key, name)
) strict;
create index names_by_folded on names (folded, sort);

create virtual table names_search using fts5 (
  name,  -- Full-text index over names, by words and their beginnings.
  content = 'names', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
create virtual table names_parts_search using fts5 (
  name,  -- Index over names by any three letters that follow each other.
  content = 'names', content_rowid = 'id', tokenize = 'trigram'
);
create trigger names_insert after insert on names begin
  insert into names_search (rowid, name) values (new.id, new.name);
  insert into names_parts_search (rowid, name) values (new.id, new.name);
end;
create trigger names_delete after delete on names begin
  insert into names_search (names_search, rowid, name) values ('delete', old.id, old.name);
  insert into names_parts_search (names_parts_search, rowid, name) values ('delete', old.id, old.name);
end;

-- What is there already. A page that took over from one that is gone was called like that one, too.
insert or ignore into names (sort, key, name, folded)
select 'organisation', snapshots.page, readings.organisation, folded(readings.organisation)
from snapshots
join readings on readings.body = snapshots.body
where readings.organisation is not null
order by snapshots.id;
insert or ignore into names (sort, key, name, folded)
select 'organisation', json_extract(renamed.after, '$[1]'), names.name, names.folded
from changes as renamed
join names on names.sort = 'organisation' and names.key = json_extract(renamed.before, '$[1]')
where renamed.kind = 'organisation-renamed' and json_type(renamed.before) = 'array' and not renamed.withdrawn
order by renamed.first_seen, renamed.id;
insert or ignore into names (sort, key, name, folded)
select 'dataset', folded, dataset, folded
from agreement_datasets
order by first_seen, folded, dataset;
insert or ignore into names (sort, key, name, folded)
select 'legal-basis', basis, printed, folded(printed)
from agreement_legal_bases
order by first_seen, basis, printed;
