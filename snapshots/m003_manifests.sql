-- The chain of runs: what each of them added to the log, as text that is hashed together with the hash before it.
create table manifests (
  number integer primary key,
  run integer not null references runs (id),
  made_at text not null,
  previous text,
  hash text not null unique,
  manifest blob not null
) strict;
create index manifests_by_run on manifests (run);
