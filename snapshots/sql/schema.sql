-- The tables, as the first migration makes them. Times are ISO 8601 UTC text; lists are JSON; printed dates are as
-- precise as printed. What each column means is in columns.py and, made from it, in docs/schema.md.

-- The truth: kept bytes and the run log --------------------------------------------------------------------------------

create table dictionaries (
  id integer primary key,
  data blob not null
) strict;

create table bodies (
  sha256 text primary key,
  size integer not null,
  kept_at text not null,
  base text references bodies (sha256),
  dictionary integer references dictionaries (id),
  data blob not null
) strict;

create table pages (
  slug text primary key,
  number integer not null unique,
  register text not null default 'nhs-data-release',
  organisation text,
  layout text,
  files_disseminated integer,
  flags text not null default '[]',
  agreements integer not null default 0,
  first_seen text,
  last_seen text,
  standing integer not null default 0
) strict;

create table runs (
  id integer primary key,
  kind text not null check (kind in ('import', 'run')),
  captured_at text not null unique,
  finished_at text not null,
  complete integer not null,
  sighted blob not null,
  decision text check (decision in ('released', 'discarded')),
  state text not null default 'committed' check (state in ('committed', 'held', 'superseded', 'discarded')),
  reason text,
  pages_read integer not null default 0,
  pages_changed integer not null default 0,
  pages_failed integer not null default 0,
  pages_absent integer not null default 0
) strict;

create table captures (
  run integer not null references runs (id),
  page text not null references pages (slug),
  body text references bodies (sha256),
  captured_at text not null,
  source text not null,
  charset text,
  outcome text not null default 'kept' check (outcome in ('kept', 'failed', 'gone')),
  failure text,
  primary key (run, page)
) strict, without rowid;
create index captures_by_page on captures (page, run);
create index captures_by_body on captures (body);

create table attempts (
  at text not null,
  reason text not null
) strict;

create table validators (
  page text primary key references pages (slug),
  body text not null references bodies (sha256),
  etag text,
  last_modified text
) strict;

-- Derived: what the bytes say ------------------------------------------------------------------------------------------

create table texts (
  id integer primary key,
  hash text not null unique,
  text text not null
) strict;

create table states (
  id integer primary key,
  hash text not null unique,
  reference text not null,
  title text,
  type_of_data text,
  opt_outs text,
  confidentiality text,
  legal_bases text,
  commercial text,
  organisation_types text,
  purposes_text text,
  sensitivity text,
  dsa_start text,
  dsa_end text,
  released_from text,
  released_to text,
  when_note text,
  access_methods text,
  system_access_note integer,
  controllers text,
  sublicensing text,
  discussions text,
  datasets text,
  objectives integer references texts (id),
  expected_benefits integer references texts (id),
  yielded_benefits integer references texts (id),
  outputs integer references texts (id),
  processing integer references texts (id),
  printed text not null,
  unprinted text not null
) strict;

create table readings (
  body text primary key references bodies (sha256),
  rules text not null,
  refused text,
  organisation text,
  layout text,
  files_disseminated integer,
  flags text,
  notices text,
  closes integer,
  states text
) strict;

-- Derived: the history -------------------------------------------------------------------------------------------------

create table snapshots (
  id integer primary key,
  page text not null references pages (slug),
  body text not null references bodies (sha256),
  run integer not null references runs (id),
  source text not null,
  captured_at text not null,
  layout text not null,
  stale integer not null default 0,
  first_seen text not null,
  second_seen text,
  last_seen text not null
) strict;
create index snapshots_by_page on snapshots (page, first_seen);

create table refusals (
  run integer not null references runs (id),
  page text not null references pages (slug),
  reason text not null,
  primary key (run, page)
) strict, without rowid;

create table agreement_versions (
  id integer primary key,
  page text not null references pages (slug),
  reference text not null,
  state integer not null references states (id),
  snapshot integer not null references snapshots (id),
  first_seen text not null,
  last_seen text,
  ended text
) strict;
create index agreement_versions_by_reference on agreement_versions (reference, page, first_seen);
create index agreement_versions_by_page on agreement_versions (page, first_seen);

create table agreements (
  page text not null references pages (slug),
  reference text not null,
  version integer not null references agreement_versions (id),
  standing integer not null,
  arrived integer not null default 0,
  told_gone integer not null default 0,
  primary key (page, reference)
) strict, without rowid;
create index agreements_by_reference on agreements (reference);

create table agreement_datasets (
  page text not null references pages (slug),
  reference text not null,
  dataset text not null,
  folded text not null,
  first_seen text not null,
  last_seen text
) strict;
create index agreement_datasets_by_name on agreement_datasets (folded);
create index agreement_datasets_by_place on agreement_datasets (page, reference);

create table agreement_legal_bases (
  page text not null references pages (slug),
  reference text not null,
  basis text not null,
  family text not null,
  printed text not null,
  first_seen text not null,
  last_seen text
) strict;
create index agreement_legal_bases_by_name on agreement_legal_bases (basis);
create index agreement_legal_bases_by_place on agreement_legal_bases (page, reference);

create table agreement_controllers (
  page text not null references pages (slug),
  reference text not null,
  controller text not null,
  folded text not null,
  first_seen text not null,
  last_seen text
) strict;
create index agreement_controllers_by_name on agreement_controllers (folded);
create index agreement_controllers_by_place on agreement_controllers (page, reference);

create table changes (
  id text primary key,
  fact text not null,
  kind text not null,
  severity text not null,
  substantive integer not null,
  organisation text,
  page text references pages (slug),
  reference text,
  title text,
  field text,
  before text,
  after text,
  before_text integer references texts (id),
  after_text integer references texts (id),
  added text not null,
  removed text not null,
  families text,
  summary text not null,
  first_seen text not null,
  run integer not null references runs (id),
  snapshot_before text references bodies (sha256),
  snapshot_after text references bodies (sha256),
  is_group integer not null default 0,
  member_of text references changes (id),
  agreements integer not null,
  withdrawn integer not null default 0
) strict;
create index changes_by_fact on changes (fact);
create index changes_by_time on changes (first_seen);
create index changes_by_reference on changes (reference);
create index changes_by_group on changes (member_of);

create table beliefs (
  page text primary key references pages (slug),
  body text,
  unsettled integer not null,
  gone integer not null,
  belief text not null
) strict;

create table derivation (
  id integer primary key check (id = 1),
  rules text not null
) strict;

-- Search ---------------------------------------------------------------------------------------------------------------

create virtual table changes_search using fts5 (summary, content = 'changes', tokenize = 'unicode61 remove_diacritics 2');
create trigger changes_search_insert after insert on changes begin
  insert into changes_search (rowid, summary) values (new.rowid, new.summary);
end;
create trigger changes_search_delete after delete on changes begin
  insert into changes_search (changes_search, rowid, summary) values ('delete', old.rowid, old.summary);
end;
create trigger changes_search_update after update of summary on changes begin
  insert into changes_search (changes_search, rowid, summary) values ('delete', old.rowid, old.summary);
  insert into changes_search (rowid, summary) values (new.rowid, new.summary);
end;

create virtual table states_search using fts5 (
  reference, title, datasets, controllers, content = 'states', tokenize = 'unicode61 remove_diacritics 2'
);
create trigger states_search_insert after insert on states begin
  insert into states_search (rowid, reference, title, datasets, controllers)
  values (new.id, new.reference, new.title, new.datasets, new.controllers);
end;
create trigger states_search_delete after delete on states begin
  insert into states_search (states_search, rowid, reference, title, datasets, controllers)
  values ('delete', old.id, old.reference, old.title, old.datasets, old.controllers);
end;

create virtual table texts_search using fts5 (text, content = 'texts', tokenize = 'unicode61 remove_diacritics 2');
-- New texts are indexed at the end of a transaction, all by one statement (states.py): a trigger would have the index
-- flushed to disk for every single one.
create trigger texts_search_delete after delete on texts begin
  insert into texts_search (texts_search, rowid, text) values ('delete', old.id, old.text);
end;
