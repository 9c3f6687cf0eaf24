-- The tables, as the first migration makes them. Times are ISO 8601 UTC text; lists are JSON; printed dates are as
-- precise as printed. The first sentence above a table says what it holds; what stands beside a column, or under it, says
-- what the column means. comments.py reads both, for docs/schema.md, the pages of the tables and exports.

-- The truth: kept bytes and the run log --------------------------------------------------------------------------------

-- What the first bodies of pages are compressed with.
create table dictionaries (
  id integer primary key,  -- Number of the dictionary.
  data blob not null  -- A zstd dictionary, trained on the first pages kept.
) strict;

-- The bytes of every page kept, compressed.
create table bodies (
  sha256 text primary key,  -- SHA-256 of the page's bytes, in hex; their name everywhere.
  size integer not null,  -- Length of the bytes as they came, uncompressed.
  kept_at text not null,  -- When the bytes were put into this file.
  base text references bodies (sha256),
    -- Body whose bytes are the dictionary of this one: the page's first; null for a first body.
  dictionary integer references dictionaries (id),
    -- Trained dictionary that this first body is compressed with; null if there was none yet.
  data blob not null  -- The bytes, compressed with zstd.
) strict;

-- Every organisation's page.
create table pages (
  slug text primary key,
    -- The page's name: the file's name without its ending, in lower case, or the last part of an address.
  number integer not null unique,  -- Number of the page, for bitmaps of pages.
  register text not null default 'nhs-data-release',  -- Which register the page belongs to.
  organisation text,  -- Name in the heading when the page was last read; null if it never could be.
  layout text,  -- Generation of the site's markup, L0 to L4, when the page was last read.
  files_disseminated integer,  -- Number of files that the page last counted; null if it never did.
  flags text not null default '[]',  -- Sentences that the page flags, without the sign, a JSON list.
  agreements integer not null default 0,  -- How many agreements are believed to stand on the page.
  first_seen text,  -- Time of the first run that read the page.
  last_seen text,  -- Time of the last run that read it or found it unchanged.
  standing integer not null default 0
    -- 1 if the page is believed to be on the register, 0 if it never was read or was told as gone.
) strict;

-- Every reading of the register.
create table runs (
  id integer primary key,
    -- Number of the run, in the order in which runs were written; captured_at has the order of time.
  kind text not null check (kind in ('import', 'run')),
    -- import for a taken edition, run for a pass over the register.
  captured_at text not null unique,  -- As of when the run saw the register.
  finished_at text not null,  -- When the run was last written to this file.
  complete integer not null,  -- 1 if the run was to see every page, so that a missing page is seen to be missing.
  sighted blob not null,  -- Numbers of the pages the run had bytes of, as a compressed bitmap.
  decision text check (decision in ('released', 'discarded')),
    -- What an operator decided on a held run, released or discarded; null without a decision.
  state text not null default 'committed' check (state in ('committed', 'held', 'superseded', 'discarded')),
    -- committed, held, superseded by a later believable run, or discarded.
  reason text,  -- Why the run is held; null if it is not.
  pages_read integer not null default 0,  -- How many pages were read or found unchanged.
  pages_changed integer not null default 0,  -- How many of these had other bytes than before, new pages among them.
  pages_failed integer not null default 0,  -- How many pages were refused or could not be believed.
  pages_absent integer not null default 0  -- How many known pages a complete run lacked.
) strict;

-- Where a run found other bytes for a page than the run before, or none.
create table captures (
  run integer not null references runs (id),  -- The run.
  page text not null references pages (slug),  -- Slug of the page.
  body text references bodies (sha256),
    -- The bytes the run had of the page; a row stands only where they differ from the run before.
  captured_at text not null,  -- When these bytes were fetched; a web archive's record has its own time.
  source text not null,  -- Where they came from: a file's path inside what was imported, or an address.
  charset text,  -- Charset that the server declared; null where it declared none, and for saved pages.
  outcome text not null default 'kept' check (outcome in ('kept', 'failed', 'gone')),
    -- kept if the page gave bytes, failed if it gave none, gone if the server has no such page.
  failure text,  -- Why the page gave no bytes; null where it did, or is gone.
  primary key (run, page)
) strict, without rowid;
create index captures_by_page on captures (page, run);
create index captures_by_body on captures (body);

-- Runs that failed before they had read a page.
create table attempts (
  at text not null,  -- When a run failed before it had an edition; rows are kept until a run comes through.
  reason text not null  -- Why.
) strict;

-- What the server said by which an unchanged page is known.
create table validators (
  page text primary key references pages (slug),  -- Slug of the page.
  body text not null references bodies (sha256),  -- The bytes that the server gave these validators with.
  etag text,  -- ETag of that answer; null if it had none.
  last_modified text  -- Last-Modified of that answer; null if it had none.
) strict;

-- Derived: what the bytes say ------------------------------------------------------------------------------------------

-- Every distinct section of prose.
create table texts (
  id integer primary key,  -- Number of the text.
  hash text not null unique,  -- First 32 hex digits of the text's SHA-256.
  text text not null  -- Prose of a section, one line for each paragraph or list item.
) strict;

-- Every distinct thing that was printed of an agreement. What its fields mean stands in scraper/records.py.
create table states (
  id integer primary key,  -- Number of the state.
  hash text not null unique,
    -- First 32 hex digits of the SHA-256 of everything in the state: equal states are one row.
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
  unprinted text not null  -- Fields that the page's layout does not print, a JSON list: they are missing, not empty.
) strict;

-- What each body of a page was read as.
create table readings (
  body text primary key references bodies (sha256),  -- The bytes that were read.
  rules text not null,  -- Checksum of the reading rules and names they were read with.
  refused text,  -- Why the page cannot be believed; null if it can.
  organisation text,  -- Name in the heading; null for a refused page.
  layout text,  -- Generation of the site's markup, L0 to L4; null for a refused page.
  files_disseminated integer,  -- Number of files that the page counts; null where it counts none.
  flags text,  -- Sentences that the page flags, without the sign, a JSON list; null for a refused page.
  notices text,  -- What the reader noticed, such as unknown labels, a JSON list; null for a refused page.
  closes integer,  -- 1 if the bytes have </body> or </html>, 0 if an HTML page does not, null for text.
  states text  -- Rows of states, one for each agreement in the order of the page, a JSON list; null if refused.
) strict;

-- Derived: the history -------------------------------------------------------------------------------------------------

-- What a page was, from when to when.
create table snapshots (
  id integer primary key,  -- Number of the snapshot.
  page text not null references pages (slug),  -- Slug of the page.
  body text not null references bodies (sha256),  -- The page's bytes.
  run integer not null references runs (id),  -- The run that first had them.
  source text not null,  -- Where they came from: a file's path inside what was imported, or an address.
  captured_at text not null,  -- When they were fetched.
  layout text not null,  -- Generation of the site's markup, L0 to L4.
  stale integer not null default 0,
    -- 1 for an older copy from another address, or an earlier version shown again: kept, but it starts no change.
  first_seen text not null,  -- Time of the first run of this period.
  second_seen text,  -- Time of the second run that had the same bytes; null if there was one only.
  last_seen text not null  -- Time of the last run of this period.
) strict;
create index snapshots_by_page on snapshots (page, first_seen);

-- Pages that a run could not read or did not believe, and why.
create table refusals (
  run integer not null references runs (id),  -- The run.
  page text not null references pages (slug),  -- Slug of a page whose bytes were refused or not believed in that run.
  reason text not null,  -- Why.
  primary key (run, page)
) strict, without rowid;

-- What a page printed of an agreement, one row for each state and the time it stood there.
create table agreement_versions (
  id integer primary key,  -- Number of the version.
  page text not null references pages (slug),  -- Slug of the page.
  reference text not null,  -- Reference of the agreement.
  state integer not null references states (id),  -- What the page printed of the agreement.
  snapshot integer not null references snapshots (id),  -- The snapshot that first printed it.
  first_seen text not null,  -- Time of the first run that saw this state.
  last_seen text,  -- Time of the last run that saw it; null while it is printed, when the page's last_seen counts.
  ended text  -- Time of the first sighting of the agreement's absence, once that is confirmed; else null.
) strict;
create index agreement_versions_by_reference on agreement_versions (reference, page, first_seen);
create index agreement_versions_by_page on agreement_versions (page, first_seen);

-- Every agreement on every page, as it was last seen there.
create table agreements (
  page text not null references pages (slug),  -- Slug of the page.
  reference text not null,  -- Reference of the agreement.
  version integer not null references agreement_versions (id),  -- The agreement as it was last seen on the page.
  standing integer not null,  -- 1 if it is believed to stand on the page.
  arrived integer not null default 0,  -- 1 if it is new here while a page where it stood has not been read since.
  told_gone integer not null default 0,  -- 1 if it was told as no longer on the page.
  primary key (page, reference)
) strict, without rowid;
create index agreements_by_reference on agreements (reference);

-- Which dataset stood on which agreement, from when to when.
create table agreement_datasets (
  page text not null references pages (slug),  -- Slug of the page.
  reference text not null,  -- Reference of the agreement.
  dataset text not null,  -- Name of the dataset, as printed when the period began.
  folded text not null,  -- The name as comparisons see it: letters and digits alone.
  first_seen text not null,  -- Time of the run in which this period began.
  last_seen text  -- Time of the last run that saw it; null while it is still there, when the page's last_seen counts.
) strict;
create index agreement_datasets_by_name on agreement_datasets (folded);
create index agreement_datasets_by_place on agreement_datasets (page, reference);

-- Which legal basis an agreement cited, from when to when.
create table agreement_legal_bases (
  page text not null references pages (slug),  -- Slug of the page.
  reference text not null,  -- Reference of the agreement.
  basis text not null,  -- Canonical id of the legal basis.
  family text not null,  -- Family of the basis.
  printed text not null,  -- The text that gave it when the period began.
  first_seen text not null,  -- Time of the run in which this period began.
  last_seen text  -- Time of the last run that saw it; null while it is still there, when the page's last_seen counts.
) strict;
create index agreement_legal_bases_by_name on agreement_legal_bases (basis);
create index agreement_legal_bases_by_place on agreement_legal_bases (page, reference);

-- Who was named as data controller, from when to when.
create table agreement_controllers (
  page text not null references pages (slug),  -- Slug of the page.
  reference text not null,  -- Reference of the agreement.
  controller text not null,  -- Name of the data controller, as printed when the period began.
  folded text not null,  -- The name as comparisons see it: letters and digits alone.
  first_seen text not null,  -- Time of the run in which this period began.
  last_seen text  -- Time of the last run that saw it; null while it is still there, when the page's last_seen counts.
) strict;
create index agreement_controllers_by_name on agreement_controllers (folded);
create index agreement_controllers_by_place on agreement_controllers (page, reference);

-- Every change: one fact that differs between two readings of the register.
create table changes (
  id text primary key,  -- 20 hex digits, for ever the same for the same fact.
  fact text not null,
    -- Id of the first listing of what the change says; the same again has another id and the same fact.
  kind text not null,  -- Kind of change, as in docs/records.md.
  severity text not null,  -- high, medium, low or info.
  substantive integer not null,  -- 1 if people are told, 0 for an editorial change.
  organisation text,  -- Name on the newer page; null for a group over several.
  page text references pages (slug),  -- Slug of the page; null for a group over several.
  reference text,  -- The agreement; null where there is none.
  title text,  -- The agreement's title; null where there is none.
  field text,  -- The field that differs; null where there is none.
  before text,  -- What was printed, as JSON; null for prose, which stands in before_text, and where there is none.
  after text,  -- What is printed now, as JSON; null for prose, which stands in after_text, and where there is none.
  before_text integer references texts (id),  -- For prose, the text that stood there.
  after_text integer references texts (id),  -- For prose, the text that stands there now.
  added text not null,  -- Values that came into a set, a JSON list.
  removed text not null,  -- Values that went out of it, a JSON list.
  families text,  -- For legal bases two JSON lists, the families that came and those that went; else null.
  summary text not null,  -- The change in one plain sentence.
  first_seen text not null,  -- Time of the run that made it a change; for a removal that of the second sighting.
  run integer not null references runs (id),  -- That run.
  snapshot_before text references bodies (sha256),  -- The older page's bytes; null where there are none.
  snapshot_after text references bodies (sha256),  -- The newer page's bytes; null where there are none.
  is_group integer not null default 0,  -- 1 if the row is a group of the same edit on many agreements.
  member_of text references changes (id),
    -- The group that the change belongs to; such a change is not listed by itself. Null for others.
  agreements integer not null,  -- How many agreements it touches: 1, or the size of a group.
  withdrawn integer not null default 0  -- 1 if the change was delivered and is no longer found.
) strict;
create index changes_by_fact on changes (fact);
create index changes_by_time on changes (first_seen);
create index changes_by_reference on changes (reference);
create index changes_by_group on changes (member_of);

-- What the next run compares each page with.
create table beliefs (
  page text primary key references pages (slug),  -- Slug of the page.
  body text,  -- The last bytes that were read; null if the page never could be.
  unsettled integer not null,  -- 1 if the next sighting may tell something though the page does not change.
  gone integer not null,  -- 1 if the page was told as gone.
  belief text not null  -- What the next run compares the page with, as JSON; the program's own note.
) strict;

-- Which rules the history was last derived with.
create table derivation (
  id integer primary key check (id = 1),  -- Always 1.
  rules text not null  -- Checksum of the rules that the history was last derived with.
) strict;

-- Search ---------------------------------------------------------------------------------------------------------------

create virtual table changes_search using fts5 (
  summary,  -- Full-text index over the summaries of changes.
  content = 'changes', tokenize = 'unicode61 remove_diacritics 2'
);
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
  reference,  -- Full-text index over references.
  title,  -- Full-text index over titles.
  datasets,  -- Full-text index over datasets.
  controllers,  -- Full-text index over data controllers.
  content = 'states', tokenize = 'unicode61 remove_diacritics 2'
);
create trigger states_search_insert after insert on states begin
  insert into states_search (rowid, reference, title, datasets, controllers)
  values (new.id, new.reference, new.title, new.datasets, new.controllers);
end;
create trigger states_search_delete after delete on states begin
  insert into states_search (states_search, rowid, reference, title, datasets, controllers)
  values ('delete', old.id, old.reference, old.title, old.datasets, old.controllers);
end;

create virtual table texts_search using fts5 (
  text,  -- Full-text index over the prose of all sections.
  content = 'texts', tokenize = 'unicode61 remove_diacritics 2'
);
-- New texts are indexed at the end of a transaction, all by one statement (states.py): a trigger would have the index
-- flushed to disk for every single one.
create trigger texts_search_delete after delete on texts begin
  insert into texts_search (texts_search, rowid, text) values ('delete', old.id, old.text);
end;
