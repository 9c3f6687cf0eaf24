-- The official register: a second register in the same file. Its editions are runs; what a workbook says of each
-- agreement is kept as rows, and its pages, an agreement each, stand among `pages`.
alter table runs add column register text not null default 'nhs-data-release';
    -- Which register the run is of: nhs-data-release is the pages, nhs-official the official workbook.

-- The editions of the official register: a workbook each.
create table official_editions (
  run integer primary key references runs (id),  -- The run that the edition is.
  month text not null unique,  -- Month of the edition, YYYY-MM.
  sha256 text not null unique,  -- SHA-256 of the workbook, which is kept in the archive folder under this name.
  size integer not null,  -- Bytes of the workbook.
  name text not null,  -- Name of its file.
  layout text not null,  -- Shape of the workbook: W1 to the middle of 2021, W2 since.
  versions integer not null,  -- How many versions of agreements it has.
  dataset_rows integer not null,  -- How many rows of datasets, each once.
  files integer not null,  -- How many files released it counts.
  notices text not null,  -- What was noticed in it, such as unknown columns, a JSON list.
  agreements blob not null  -- Which rows each agreement has in it, packed; the program's own note.
) strict;

-- What a workbook says of an agreement: its cells as they stand.
create table official_rows (
  id integer primary key,  -- Number of the rows.
  sha256 text not null,  -- SHA-256 of the rows, unpacked.
  page text not null references pages (key),  -- Key of the agreement's page.
  size integer not null,  -- Bytes of the rows, unpacked.
  base integer references official_rows (id),  -- Rows that these are packed with: first ones of the page; null for a first.
  dictionary integer references official_dictionaries (id),  -- Dictionary that these are packed with; null without one.
  data blob not null  -- The rows, as JSON, packed.
) strict;
create index official_rows_by_page on official_rows (page, sha256);

-- Dictionaries that rows are packed with, trained on the first edition.
create table official_dictionaries (
  id integer primary key,  -- Number of the dictionary.
  data blob not null  -- A zstd dictionary.
) strict;

-- Versions of agreements on the official register, one row for each state and the time it stood there.
create table official_versions (
  id integer primary key,  -- Number of the row.
  page text not null references pages (key),  -- Key of the agreement's page.
  stem text not null,  -- Reference of the agreement, as the pages print it.
  reference text not null,  -- Reference of the version.
  version text,  -- Which version it is, as 2.10; null for a reference without one.
  place integer not null,  -- Place of the version among those of its agreement, the earliest first.
  organisation text not null,  -- The applicant.
  title text,  -- Title of the application; null where none is printed.
  dsa_start text,  -- Start of its term, YYYY-MM-DD; null where none is printed.
  dsa_end text,  -- End of its term.
  controller_basis text,  -- Whether the controllers are sole or joint.
  facts text not null,
    -- What else it says but prose, files and rows of datasets: an object of fields, as in a record.
  released_from text,  -- First month with a file, as of the last edition that had the version; null without one.
  released_to text,  -- Last month with a file, likewise.
  body integer not null references official_rows (id),  -- The rows that first said so.
  first_seen text not null,  -- Time of the first edition that said so.
  last_seen text  -- Time of the last edition that did; null while it stands there.
) strict;
create index official_versions_by_stem on official_versions (stem, first_seen);
create index official_versions_by_page on official_versions (page, last_seen);

-- What the next edition compares each agreement with.
create table official_beliefs (
  page text primary key references pages (key),  -- Key of the agreement's page.
  body integer references official_rows (id),  -- The rows that were read last.
  unsettled integer not null,  -- 1 if the next edition may tell something though the rows do not change.
  gone integer not null,  -- 1 if the agreement was told as gone.
  versions integer not null,  -- How many of its versions are believed to stand there.
  belief text not null  -- What differs from the rows in what is believed, as JSON; the program's own note.
) strict;

-- Which rules the history of the official register was last derived with.
create table official_derivation (
  id integer primary key check (id = 1),  -- Always 1.
  rules text not null  -- Checksum of these rules.
) strict;
