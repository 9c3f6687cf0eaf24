-- The chain of runs: what each write added to the log, as text that names the hash of the one before it.
create table manifests (
  number integer primary key,
  run integer not null references runs (id),
  made_at text not null,
  hash text not null,
  manifest blob not null
) strict;
create index manifests_by_run on manifests (run);
